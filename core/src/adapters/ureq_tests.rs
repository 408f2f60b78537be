//! The transport before a real TLS server on this machine, good and bad.

use super::*;
use crate::config::Roots;
use crate::ports::conformance::{self, Handler};
use crate::testkit;
use countersign_protocol::Digest;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PublicKeyData,
    date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// A certificate authority of one test.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// What a server shows.
struct Shown {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    pin: Digest,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> Vec<u8> {
        self.0.pem().into_bytes()
    }

    fn certificate(&self, host: &str, change: impl FnOnce(&mut CertificateParams)) -> Shown {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Shown {
            chain: vec![certificate.der().clone()],
            pin: Digest::of(&[&key.subject_public_key_info()]),
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        }
    }
}

/// Serves every connection with `serve`, over TLS, until the test ends; gives its origin.
fn server(shown: Shown, serve: impl Fn(&mut dyn Duplex) + Send + Sync + 'static) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(shown.chain, shown.key)
        .unwrap();
    let (config, serve) = (Arc::new(config), Arc::new(serve));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let (config, serve) = (config.clone(), serve.clone());
            thread::spawn(move || serve_one(socket, config, &*serve));
        }
    });
    origin
}

trait Duplex: Read + Write {}
impl<T: Read + Write> Duplex for T {}

fn serve_one(mut socket: TcpStream, config: Arc<ServerConfig>, serve: &dyn Fn(&mut dyn Duplex)) {
    let mut connection = ServerConnection::new(config).unwrap();
    serve(&mut Stream::new(&mut connection, &mut socket));
    // So that the end of an answer is an end and not a cut.
    connection.send_close_notify();
    let _ = connection.complete_io(&mut socket);
}

/// Reads one request; nothing when the other side is gone.
fn hear(stream: &mut dyn Duplex) -> Option<Request> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let methods = [Method::Get, Method::Post, Method::Put, Method::Delete];
    let named = first.next()?;
    let method = methods
        .into_iter()
        .find(|method| method.as_str() == named)?;
    let url = first.next()?.to_owned();
    let fields = lines.filter_map(|line| line.split_once(": "));
    let headers: Vec<(String, String)> = fields
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    let proof = headers
        .into_iter()
        .filter(|(name, _)| name == "countersign-proof");
    let headers = proof
        .map(|(_, value)| ("countersign-proof", value))
        .collect();
    Some(Request {
        method,
        url,
        headers,
        body,
        timeout: Duration::ZERO,
    })
}

fn say(stream: &mut dyn Duplex, answer: &Answer) {
    let mut head = format!("HTTP/1.1 {} Status\r\n", answer.status);
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n", answer.body.len());
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(&answer.body));
    let _ = stream.flush();
}

fn fine() -> Answer {
    Answer {
        status: 200,
        headers: Vec::new(),
        body: b"fine".to_vec(),
    }
}

fn answering(stream: &mut dyn Duplex) {
    if hear(stream).is_some() {
        say(stream, &fine());
    }
}

fn config(authority: &Authority) -> Config {
    Config {
        roots: Roots::Only(authority.pem()),
        ..testkit::config()
    }
}

fn call_with(config: &Config, origin: &str, timeout: Duration) -> Result<Answer, TransportError> {
    let request = Request {
        method: Method::Get,
        url: format!("{origin}/"),
        headers: Vec::new(),
        body: Vec::new(),
        timeout,
    };
    UreqTransport::new(config).unwrap().call(&request)
}

/// Long enough for a busy machine: nothing here waits for it to pass.
const PATIENT: Duration = Duration::from_secs(20);

fn call(config: &Config, origin: &str) -> Result<Answer, TransportError> {
    call_with(config, origin, PATIENT)
}

#[test]
fn it_is_a_transport() {
    let authority = Authority::new();
    conformance::transport(&|handler: Handler| {
        let shown = authority.certificate("localhost", |_| {});
        let origin = server(shown, move |stream| {
            while let Some(request) = hear(stream) {
                say(stream, &handler(&request));
            }
        });
        (
            Arc::new(UreqTransport::new(&config(&authority)).unwrap()),
            origin,
        )
    });
}

#[test]
fn row_47_a_server_that_cannot_prove_itself_gets_nothing() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let serving = |shown: Shown| {
        let asked = asked.clone();
        server(shown, move |stream| {
            if hear(stream).is_some() {
                asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                say(stream, &fine());
            }
        })
    };
    let past = |params: &mut CertificateParams| {
        (params.not_before, params.not_after) =
            (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
    };
    let future = |params: &mut CertificateParams| params.not_before = date_time_ymd(4000, 1, 1);
    for bad in [
        theirs.certificate("localhost", |_| {}),
        ours.certificate("other.example", |_| {}),
        ours.certificate("localhost", past),
        ours.certificate("localhost", future),
    ] {
        assert_eq!(
            call(&config(&ours), &serving(bad)).err(),
            Some(TransportError::Tls)
        );
    }
    // The public roots know neither, and only these roots are believed.
    let public = testkit::config();
    let good = serving(ours.certificate("localhost", |_| {}));
    assert_eq!(call(&public, &good).err(), Some(TransportError::Tls));
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 0);
    assert!(call(&config(&ours), &good).is_ok());
}

#[test]
fn row_47_pins_are_asked_for_beside_the_chain() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let shown = ours.certificate("localhost", |_| {});
    let (pin, other) = (shown.pin, Digest::from([7; 32]));
    let origin = server(shown, answering);
    let pinned = |pins| Config {
        pins: Some(pins),
        ..config(&ours)
    };
    assert!(call(&pinned((pin, other)), &origin).is_ok());
    assert!(call(&pinned((other, pin)), &origin).is_ok());
    assert_eq!(
        call(&pinned((other, other)), &origin).err(),
        Some(TransportError::Tls)
    );
    // A pin is no way around the chain.
    let strange = theirs.certificate("localhost", |_| {});
    let pin = strange.pin;
    let origin = server(strange, answering);
    assert_eq!(
        call(&pinned((pin, pin)), &origin).err(),
        Some(TransportError::Tls)
    );
}

#[test]
fn row_47_roots_that_are_none_are_refused_before_anything_is_called() {
    for pem in [
        &b""[..],
        b"nonsense",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let config = Config {
            roots: Roots::Only(pem.to_vec()),
            ..testkit::config()
        };
        assert_eq!(UreqTransport::new(&config).err(), Some(TransportError::Tls));
    }
}

#[test]
fn row_47_slow_drips_end_at_the_time_given() {
    let authority = Authority::new();
    let shown = authority.certificate("localhost", |_| {});
    // A byte now and then, for ever: each one comes in time, the whole never does.
    let origin = server(shown, |stream| {
        if hear(stream).is_some() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n");
            while stream.write_all(b" ").and_then(|()| stream.flush()).is_ok() {
                thread::sleep(Duration::from_millis(20));
            }
        }
    });
    let slow = call_with(&config(&authority), &origin, Duration::from_millis(700));
    assert_eq!(slow.err(), Some(TransportError::Timeout));
}

#[test]
fn row_47_a_server_that_never_answers_ends_at_the_time_given() {
    let authority = Authority::new();
    let origin = server(authority.certificate("localhost", |_| {}), |stream| {
        hear(stream);
        hear(stream);
    });
    let silent = call_with(&config(&authority), &origin, Duration::from_millis(500));
    assert_eq!(silent.err(), Some(TransportError::Timeout));
}

#[test]
fn row_47_what_is_cut_off_or_is_not_http_is_broken() {
    let authority = Authority::new();
    for half in [
        &b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"[..],
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"",
    ] {
        let shown = authority.certificate("localhost", |_| {});
        let origin = server(shown, move |stream| {
            hear(stream);
            let _ = stream.write_all(half);
        });
        assert_eq!(
            call(&config(&authority), &origin).err(),
            Some(TransportError::Broken)
        );
    }
}

#[test]
fn row_47_headers_without_end_are_too_large() {
    let authority = Authority::new();
    let origin = server(authority.certificate("localhost", |_| {}), |stream| {
        hear(stream);
        let header = format!("x: {}\r\n", "y".repeat(1000));
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(header.as_bytes()).is_ok() {}
    });
    assert_eq!(
        call(&config(&authority), &origin).err(),
        Some(TransportError::TooLarge)
    );
}

#[test]
fn nobody_there_is_unreachable_and_plain_http_is_not_tls() {
    let authority = Authority::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let origin = format!("https://localhost:{port}");
    assert_eq!(
        call(&config(&authority), &origin).err(),
        Some(TransportError::Unreachable)
    );

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let plain = call(&config(&authority), &format!("https://localhost:{port}"));
    assert_eq!(plain.err(), Some(TransportError::Tls));
}

#[test]
fn a_shut_down_ends_a_call_of_another_thread() {
    let authority = Authority::new();
    let (told, waiting) = std::sync::mpsc::channel();
    let told = Mutex::new(told);
    let origin = server(authority.certificate("localhost", |_| {}), move |stream| {
        hear(stream);
        told.lock().unwrap().send(()).unwrap();
        hear(stream);
    });
    let transport = UreqTransport::new(&config(&authority)).unwrap();
    let request = Request {
        method: Method::Get,
        url: format!("{origin}/"),
        headers: Vec::new(),
        body: Vec::new(),
        timeout: Duration::from_secs(600),
    };
    thread::scope(|scope| {
        let call = scope.spawn(|| transport.call(&request));
        waiting.recv().unwrap();
        transport.shut_down();
        assert_eq!(call.join().unwrap().err(), Some(TransportError::Closed));
    });
}
