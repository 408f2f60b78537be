//! Connections over real sockets: whoever keeps one for nothing loses it, and nobody has all of them.

use crate::config::Connections;
use crate::crypto;
use crate::serve::router;
use crate::testkit::World;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long the server waits here for each step.
const SHORT: Duration = Duration::from_secs(1);

/// How long these tests wait for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: id.example.com\r\n\r\n";

/// A world that is served.
struct Served {
    world: World,
    address: SocketAddr,
    certificate: PathBuf,
    handle: Handle<SocketAddr>,
}

impl Served {
    async fn new() -> Self {
        Self::with(Connections::default()).await
    }

    async fn with(most: Connections) -> Self {
        let world = World::new().await;
        let made = rcgen::generate_simple_self_signed(vec!["id.example.com".to_owned()]).unwrap();
        let path = |name: &str| world.folder().join(name);
        std::fs::write(path("tls.crt"), made.cert.pem()).unwrap();
        std::fs::write(path("tls.key"), made.signing_key.serialize_pem()).unwrap();
        let tls = crypto::tls(&path("tls.crt"), &path("tls.key")).unwrap();
        let tls = RustlsConfig::from_config(tls);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, handle) = (listener.local_addr().unwrap(), Handle::new());
        let router = router(world.app.clone(), SHORT);
        let served = crate::connections::serve(router, listener, tls, most, SHORT, handle.clone());
        tokio::spawn(served);
        Self {
            address,
            certificate: path("tls.crt"),
            handle,
            world,
        }
    }

    fn bare(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn open(&self) -> io::Result<Line> {
        let mut line = self.open_tls(&["http/1.1"])?;
        // With TLS 1.3 a client is through before the server has said that it is.
        line.say(HEALTH)?;
        match line.hear() {
            heard if heard.starts_with("HTTP/1.1 200") => Ok(line),
            _ => Err(ErrorKind::ConnectionReset.into()),
        }
    }

    fn open_tls(&self, speaks: &[&str]) -> io::Result<Line> {
        let config = crypto::test_client(&self.certificate, speaks);
        let name = ServerName::try_from("id.example.com").unwrap();
        let mut stream = self.bare();
        let mut tls = ClientConnection::new(config, name).unwrap();
        while tls.is_handshaking() {
            tls.complete_io(&mut stream)?;
        }
        Ok(Line(StreamOwned::new(tls, stream)))
    }

    async fn end(self) {
        self.handle.shutdown();
        self.world.end().await;
    }
}

struct Line(StreamOwned<ClientConnection, TcpStream>);

impl Line {
    fn say(&mut self, text: &str) -> io::Result<()> {
        self.0.write_all(text.as_bytes())?;
        self.0.flush()
    }

    /// One answer, or what there is of it when the connection ends.
    fn hear(&mut self) -> String {
        let (mut all, mut byte) = (Vec::new(), [0]);
        loop {
            let text = String::from_utf8_lossy(&all).to_ascii_lowercase();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.split_once("content-length: ");
                let length = length.and_then(|(_, rest)| rest.lines().next()?.parse().ok());
                if body.len() >= length.unwrap_or(0) {
                    break;
                }
            }
            match self.0.read(&mut byte) {
                Ok(1..) => all.push(byte[0]),
                _ => break,
            }
        }
        String::from_utf8(all).unwrap()
    }

    /// What comes until the server closes it, which it has to.
    fn rest(&mut self) -> String {
        rest(&mut self.0)
    }

    /// Sends a byte every now and then, until nobody takes it.
    fn drip(&mut self) {
        let begun = Instant::now();
        while self.say("a").is_ok() {
            assert!(begun.elapsed() < PATIENCE, "it goes on for ever");
            sleep(Duration::from_millis(100));
        }
    }
}

fn rest(from: &mut impl io::Read) -> String {
    let (mut all, mut some) = (Vec::new(), [0; 1024]);
    loop {
        match from.read(&mut some) {
            Ok(0) => break,
            Ok(n) => all.extend_from_slice(&some[..n]),
            Err(error) => {
                let waits = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                assert!(!waits, "it is open still");
                break;
            }
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// Waits until it is so.
fn until(so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < PATIENCE, "it never is");
        sleep(Duration::from_millis(50));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_comes_in_time_or_not_at_all() {
    let served = Served::new().await;
    let mut half = served.open().unwrap();
    half.say("GET /healthz HTTP/1.1\r\nhost: id.exam").unwrap();
    assert_eq!(half.rest(), "");
    let mut dripping = served.open().unwrap();
    dripping.say("GET /healthz HTTP/1.1\r\nx: ").unwrap();
    dripping.drip();
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_comes_in_time_or_not_at_all_and_one_too_large_is_told_so() {
    let served = Served::new().await;
    let post_to = |path: &str, length: usize| {
        let kind = "application/x-www-form-urlencoded";
        format!(
            "POST {path} HTTP/1.1\r\nhost: id.example.com\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    let post = |length: usize| post_to("/saml/sso", length);
    // It may be tried again at once, as other answers say it, and is counted.
    for (path, counted) in [
        (
            "/cs/v1/responses",
            "problems_total{result=\"unavailable\"} 1",
        ),
        (
            "/api/v1/challenges",
            "refusals_total{result=\"unavailable\"} 1",
        ),
    ] {
        let mut half = served.open().unwrap();
        half.say(&(post_to(path, 100) + "{")).unwrap();
        let heard = half.rest();
        assert!(heard.starts_with("HTTP/1.1 503"), "{heard}");
        for part in [
            "retry-after: 1\r\n",
            "cache-control: no-store\r\n",
            "content-type: application/problem+json\r\n",
            "connection: close\r\n",
            "x-content-type-options: nosniff\r\n",
            r#""code":"unavailable""#,
        ] {
            assert!(heard.contains(part), "{part} {heard}");
        }
        let text = served.world.app.metrics.text();
        assert!(text.contains(counted), "{text}");
    }
    let mut dripping = served.open().unwrap();
    dripping.say(&post(60_000)).unwrap();
    dripping.drip();
    // One that is whole is for whoever it is for.
    let mut whole = served.open().unwrap();
    whole.say(&(post(4) + "a=bc")).unwrap();
    assert!(whole.hear().starts_with("HTTP/1.1 400"));
    let mut large = served.open().unwrap();
    let call =
        "POST /cs/v1/offers HTTP/1.1\r\nhost: id.example.com\r\ncontent-type: application/json";
    let call = format!(
        "{call}\r\ncontent-length: 65537\r\n\r\n{}",
        " ".repeat(65_537)
    );
    large.say(&call).unwrap();
    let heard = large.hear();
    assert!(
        heard.starts_with("HTTP/1.1 413") && heard.contains("too_large"),
        "{heard}"
    );
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed_before_its_first_request_and_after() {
    let served = Served::new().await;
    // Before TLS, and within.
    assert_eq!(rest(&mut served.bare()), "");
    let mut idle = served.open().unwrap();
    idle.say(HEALTH).unwrap();
    assert!(idle.hear().ends_with("ok\n"));
    assert_eq!(idle.rest(), "");
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_takes_longer_than_any_of_these_steps() {
    let served = Served::new().await;
    let phone = served.world.with_phone().await;
    phone.acknowledge_all().await;
    let handle = phone.state().await.wake.unwrap();
    let after = phone.ask_wake("").await.next;
    let mut line = served.open().unwrap();
    let wait = 3 * SHORT.as_secs();
    let path = format!("/cs/v1/wake/{handle}?after={after}&wait={wait}");
    line.say(&format!(
        "GET {path} HTTP/1.1\r\nhost: id.example.com\r\n\r\n"
    ))
    .unwrap();
    let heard = line.hear();
    assert!(
        heard.starts_with("HTTP/1.1 200") && heard.contains("false"),
        "{heard}"
    );
    // And the connection is good for the next call.
    line.say(HEALTH).unwrap();
    assert!(line.hear().ends_with("ok\n"));
    drop(phone);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_speaks_http_2_whatever_they_agreed_on() {
    let served = Served::new().await;
    let mut line = served.open_tls(&[]).unwrap();
    line.say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .unwrap();
    let heard = line.rest();
    assert!(
        heard.is_empty() || heard.starts_with("HTTP/1.1 4"),
        "{heard:?}"
    );
    assert!(served.open_tls(&["h2"]).is_err());
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_source_has_so_many_and_all_together_so_many() {
    for most in [
        Connections {
            all: 900,
            source: 2,
        },
        Connections {
            all: 2,
            source: 250,
        },
    ] {
        let served = Served::with(most).await;
        let mut first = served.open().unwrap();
        let second = served.open().unwrap();
        assert!(served.open().is_err());
        // Those that are in don't notice.
        first.say(HEALTH).unwrap();
        assert!(first.hear().ends_with("ok\n"));
        // A place that is left is free.
        drop(second);
        until(|| served.open().is_ok());
        served.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_no_answer_loses_the_place() {
    let served = Served::with(Connections {
        all: 900,
        source: 1,
    })
    .await;
    let mut line = served.open().unwrap();
    let timeout = Some(Duration::from_millis(500));
    line.0.sock.set_write_timeout(timeout).unwrap();
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: x\r\n\r\n",
        crate::page::STYLE_PATH
    );
    // Until there is no room on the way any more.
    while line.say(&request).is_ok() {}
    until(|| served.open().is_ok());
    served.end().await;
}
