//! HTTP/1.1 over one TLS connection that is kept, with as little work as can be: the load must not be the
//! figure.

use crate::Result;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Nothing takes longer, a long poll included.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection that rested longer is made anew: the server ends it after some more.
const REST: Duration = Duration::from_secs(10);

/// Believes this certificate alone.
pub fn trust(certificate: &Path) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate)?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// What came back.
pub struct Reply {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Reply {
    /// The values of a header, by its name in lower case.
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let pairs = self.head.lines().filter_map(|line| line.split_once(':'));
        pairs
            .filter(move |(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// The first value of a header.
    pub fn header<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.headers(name).next()
    }

    /// It must have this status.
    pub fn expect(self, status: u16) -> Result<Self> {
        if self.status == status {
            Ok(self)
        } else {
            Err(format!("{} instead of {status}: {}", self.status, self.body).into())
        }
    }
}

/// A connection, made when it is needed.
pub struct Client {
    trust: Arc<ClientConfig>,
    address: SocketAddr,
    stream: Option<StreamOwned<ClientConnection, TcpStream>>,
    /// When it last brought something.
    used: Instant,
}

impl Client {
    /// To this port of loopback, which is `localhost` to TLS.
    pub fn new(trust: &Arc<ClientConfig>, port: u16) -> Self {
        Self {
            trust: trust.clone(),
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            stream: None,
            used: Instant::now(),
        }
    }

    fn connect(&self) -> Result<StreamOwned<ClientConnection, TcpStream>> {
        let socket = TcpStream::connect(self.address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let name = ServerName::try_from("localhost")?;
        let connection = ClientConnection::new(self.trust.clone(), name)?;
        Ok(StreamOwned::new(connection, socket))
    }

    /// One request and its reply. `headers` are lines that end in CR LF.
    pub fn send(&mut self, method: &str, path: &str, headers: &str, body: &str) -> Result<Reply> {
        let rested = self.used.elapsed() > REST;
        let stream = match self.stream.take().filter(|_| !rested) {
            Some(stream) => stream,
            None => self.connect()?,
        };
        let stream = self.stream.insert(stream);
        let length = match (method, body.len()) {
            ("GET", _) => String::new(),
            (_, length) => format!("content-length: {length}\r\n"),
        };
        let port = self.address.port();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost:{port}\r\n{headers}{length}\r\n{body}"
        );
        stream.write_all(request.as_bytes())?;
        stream.flush()?;
        let done = read(stream);
        self.used = Instant::now();
        if done.is_err() {
            self.stream = None;
        }
        done
    }
}

/// Reads a reply whose length is told.
pub fn read(stream: &mut impl Read) -> Result<Reply> {
    let (mut bytes, mut chunk) = (Vec::with_capacity(16 * 1024), [0; 16 * 1024]);
    let mut more = |bytes: &mut Vec<u8>| match stream.read(&mut chunk)? {
        0 => Err("the connection ended early".into()),
        n => {
            bytes.extend_from_slice(&chunk[..n]);
            Ok::<_, crate::Trouble>(())
        }
    };
    let end = loop {
        match bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            Some(end) => break end,
            None => more(&mut bytes)?,
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec())?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let mut reply = Reply {
        status: status.unwrap_or(0),
        head,
        body: String::new(),
    };
    let length = reply.header("content-length").map(str::parse::<usize>);
    let length = length.transpose()?.unwrap_or(0);
    while bytes.len() < end + 4 + length {
        more(&mut bytes)?;
    }
    reply.body = String::from_utf8(bytes.split_off(end + 4))?;
    Ok(reply)
}
