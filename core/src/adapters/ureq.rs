//! Calls by the network: ureq, over a connector that knows our TLS settings only.

use super::tls;
use crate::config::Config;
use crate::ports::{Answer, BODY_CAP, Method, Request, Transport, TransportError};
use ::ureq::unversioned::resolver::DefaultResolver;
use ::ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, TcpConnector,
    Transport as Wire, TransportAdapter,
};
use ::ureq::{Agent, Error as Fault, http};
use rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of an answer's headers.
const HEADER_CAP: usize = 16 * 1024;

/// Calls over TLS, with the roots and pins of a [`Config`].
pub struct UreqTransport {
    /// None after the shut-down.
    agent: Mutex<Option<Agent>>,
}

impl UreqTransport {
    /// Ready to call.
    ///
    /// # Errors
    /// [`TransportError::Tls`] when the configured roots hold no certificate.
    pub fn new(config: &Config) -> Result<Self, TransportError> {
        let settings = Agent::config_builder()
            .https_only(true)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent("")
            .max_response_header_size(HEADER_CAP)
            .build();
        let connector = ().chain(TcpConnector::default()).chain(Tls(tls::client(config)?));
        let agent = Agent::with_parts(settings, connector, DefaultResolver::default());
        Ok(Self {
            agent: Mutex::new(Some(agent)),
        })
    }

    fn agent(&self) -> Result<Agent, TransportError> {
        let agent = self.agent.lock().unwrap_or_else(PoisonError::into_inner);
        agent.clone().ok_or(TransportError::Closed)
    }
}

impl Transport for UreqTransport {
    fn call(&self, request: &Request) -> Result<Answer, TransportError> {
        let agent = self.agent()?;
        let mut call = http::Request::builder()
            .method(request.method.as_str())
            .uri(&request.url);
        for (name, value) in &request.headers {
            call = call.header(*name, value);
        }
        let answer = match request.method {
            Method::Get | Method::Delete => call.body(()).map(|call| run(&agent, call, request)),
            Method::Post | Method::Put => call
                .header("Content-Type", "application/json")
                .body(&request.body[..])
                .map(|call| run(&agent, call, request)),
        };
        // Headers and URLs are ours; one that HTTP can't carry goes nowhere.
        let answer = answer.map_err(|_| TransportError::Unreachable)?;
        answer.map_err(|fault| self.agent().err().unwrap_or(fault))
    }

    fn shut_down(&self) {
        let agent = self
            .agent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(agent) = agent {
            agent.shutdown();
        }
    }
}

fn run<B: ::ureq::AsSendBody>(
    agent: &Agent,
    call: http::Request<B>,
    request: &Request,
) -> Result<Answer, TransportError> {
    let call = agent
        .configure_request(call)
        .timeout_global(Some(request.timeout))
        .build();
    let mut answer = agent.run(call).map_err(of_fault)?;
    // One byte more than allowed tells that there was more.
    let mut body = Vec::new();
    let limit = BODY_CAP as u64 + 1;
    answer
        .body_mut()
        .as_reader()
        .take(limit)
        .read_to_end(&mut body)
        .map_err(of_io)?;
    if body.len() > BODY_CAP {
        return Err(TransportError::TooLarge);
    }
    let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = answer.headers().iter();
    let headers = headers
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect();
    Ok(Answer {
        status: answer.status().as_u16(),
        headers,
        body,
    })
}

fn of_io(fault: io::Error) -> TransportError {
    of_fault(Fault::from(fault))
}

fn of_fault(fault: Fault) -> TransportError {
    match fault {
        Fault::Tls(_) | Fault::Rustls(_) | Fault::Pem(_) | Fault::TlsRequired => {
            TransportError::Tls
        }
        Fault::HostNotFound | Fault::ConnectionFailed | Fault::BadUri(_) | Fault::Http(_) => {
            TransportError::Unreachable
        }
        Fault::RequireHttpsOnly(_) => TransportError::Unreachable,
        Fault::Timeout(_) => TransportError::Timeout,
        Fault::BodyExceedsLimit(_) | Fault::LargeResponseHeader(..) => TransportError::TooLarge,
        Fault::Io(fault) => of_plain_io(&fault),
        _ => TransportError::Broken,
    }
}

fn of_plain_io(fault: &io::Error) -> TransportError {
    let inner = fault.get_ref();
    if inner.is_some_and(|inner| inner.is::<rustls::Error>()) {
        return TransportError::Tls;
    }
    match fault.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => TransportError::Timeout,
        ErrorKind::ConnectionRefused
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable => TransportError::Unreachable,
        _ => TransportError::Broken,
    }
}

/// Puts TLS over a TCP connection, and refuses to go on without.
struct Tls(Arc<ClientConfig>);

impl<In: Wire> Connector<In> for Tls {
    type Out = TlsWire;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<TlsWire>, Fault> {
        let (Some(tcp), true) = (chained, details.needs_tls()) else {
            return Err(Fault::TlsRequired);
        };
        let host = details.uri.host().ok_or(Fault::HostNotFound)?;
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Fault::HostNotFound)?;
        let mut connection = ClientConnection::new(self.0.clone(), name)?;
        let mut socket = TransportAdapter::new(tcp.boxed(), details.current_time.clone());
        socket.set_timeout(details.timeout);
        connection.complete_io(&mut socket)?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(TlsWire {
            buffers,
            stream: StreamOwned::new(connection, socket),
        }))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

struct TlsWire {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl Wire for TlsWire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Fault> {
        self.stream.get_mut().set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount])?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Fault> {
        self.stream.get_mut().set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for TlsWire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsWire")
    }
}

#[cfg(test)]
#[path = "ureq_tests.rs"]
mod tests;
