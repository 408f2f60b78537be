//! The floor: what a login cannot do without, and nothing else. As many HTTP requests over the same TLS, as
//! many signatures and verifications by the same libraries, as many commits as durable, without a page, a
//! rule, a log line or a name.
//!
//! `floor PORT CERTIFICATE KEY DATABASE`

use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64ct::{Base64UrlUnpadded, Encoding};
use countersign_benches::{Result, Trouble};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED, Ed25519KeyPair, UnparsedPublicKey};
use rusqlite::Connection;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// What a request does, by its number; `countersign-server` does the same at the same places.
struct Work {
    status: u16,
    /// Bytes of the answer.
    size: usize,
    verifies: bool,
    signs: bool,
    commits: usize,
    asserts: bool,
}

const fn work(status: u16, size: usize) -> Work {
    Work {
        status,
        size,
        verifies: false,
        signs: false,
        commits: 0,
        asserts: false,
    }
}

/// Request, sign-in page, name, waiting page, fetch, answer, wait, assertion.
const LOGIN: [Work; 8] = [
    Work {
        commits: 1,
        ..work(303, 0)
    },
    work(200, 2_600),
    Work {
        signs: true,
        commits: 1,
        ..work(303, 0)
    },
    work(200, 4_500),
    Work {
        verifies: true,
        commits: 1,
        ..work(200, 1_600)
    },
    Work {
        verifies: true,
        signs: true,
        commits: 1,
        ..work(200, 1_000)
    },
    work(200, 8),
    Work {
        commits: 1,
        asserts: true,
        ..work(200, 11_000)
    },
];

struct Floor {
    ed25519: Ed25519KeyPair,
    rsa: RsaKeyPair,
    commits: Sender<oneshot::Sender<()>>,
    filler: Bytes,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, certificate, key, database] = arguments.as_slice() else {
        return Err("floor PORT CERTIFICATE KEY DATABASE".into());
    };
    let listener = TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    let acceptor = TlsAcceptor::from(tls(certificate, key)?);
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(refused)?;
    let floor = Arc::new(Floor {
        ed25519: Ed25519KeyPair::from_pkcs8(document.as_ref()).map_err(refused)?,
        rsa: RsaKeyPair::generate(KeySize::Rsa2048).map_err(refused)?,
        commits: store(database)?,
        filler: Bytes::from(vec![b'f'; 16 * 1024]),
    });
    println!("listening");
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let (acceptor, floor) = (acceptor.clone(), floor.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(socket).await else {
                return;
            };
            let answer = service_fn(|request| floor.answer(request));
            let connection = hyper::server::conn::http1::Builder::new();
            // A connection that ends in the middle is the driver's affair.
            let _ = connection
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}

fn refused(_: impl std::fmt::Debug) -> Trouble {
    "the library refuses".into()
}

fn tls(certificate: &str, key: &str) -> Result<Arc<ServerConfig>> {
    let chain = vec![CertificateDer::from_pem_file(certificate)?];
    let key = PrivateKeyDer::from_pem_file(key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

/// A thread that commits one row at a time, each on disk before the next.
fn store(path: &str) -> Result<Sender<oneshot::Sender<()>>> {
    let db = Connection::open(path)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.execute_batch("CREATE TABLE rows (n INTEGER PRIMARY KEY, row TEXT NOT NULL) STRICT")?;
    let (sender, receiver) = channel();
    std::thread::spawn(move || commit(&db, &receiver));
    Ok(sender)
}

fn commit(db: &Connection, waiting: &Receiver<oneshot::Sender<()>>) -> Result<()> {
    let row = "r".repeat(1_000);
    let mut insert = db.prepare("INSERT INTO rows (row) VALUES (?)")?;
    while let Ok(done) = waiting.recv() {
        insert.execute([&row])?;
        // The driver may have gone.
        let _ = done.send(());
    }
    Ok(())
}

impl Floor {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        let number = request
            .uri()
            .path()
            .trim_start_matches('/')
            .parse::<usize>()?;
        let work = LOGIN.get(number.wrapping_sub(1)).ok_or("no such request")?;
        let header = |name: &str| {
            let value = request
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok());
            Base64UrlUnpadded::decode_vec(value.unwrap_or_default()).unwrap_or_default()
        };
        let (key, signature) = (header("x-key"), header("x-signature"));
        let body = request.into_body().collect().await?.to_bytes();
        if work.verifies {
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key);
            key.verify(&body, &signature).map_err(refused)?;
        }
        if work.signs {
            std::hint::black_box(self.ed25519.sign(&self.filler[..1_000]));
        }
        for _ in 0..work.commits {
            let (done, committed) = oneshot::channel();
            self.commits.send(done)?;
            committed.await?;
        }
        if work.asserts {
            for _ in 0..2 {
                let (random, mut signature) = (aws_lc_rs::rand::SystemRandom::new(), [0; 256]);
                let signed = self.rsa.sign(
                    &RSA_PKCS1_SHA256,
                    &random,
                    &self.filler[..800],
                    &mut signature,
                );
                signed.map_err(refused)?;
            }
        }
        let body = Full::new(self.filler.slice(..work.size));
        Ok(Response::builder().status(work.status).body(body)?)
    }
}
