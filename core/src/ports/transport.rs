//! One HTTP call.

use std::time::Duration;

/// The largest body of an answer, bytes.
pub const BODY_CAP: usize = countersign_protocol::call::BODY_CAP;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Ask.
    Get,
    /// Send.
    Post,
    /// Put in the place of what is there.
    Put,
    /// Take away.
    Delete,
}

impl Method {
    /// As HTTP writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// A call.
#[derive(Clone)]
pub struct Request {
    /// What is done.
    pub method: Method,
    /// Where: `https://`, nothing else is called.
    pub url: String,
    /// Name and value of each header.
    pub headers: Vec<(&'static str, String)>,
    /// What is sent, as `application/json`; nothing with [`Method::Get`] and [`Method::Delete`].
    pub body: Vec<u8>,
    /// How long the whole of it may take, name resolution and the last byte of the answer included.
    pub timeout: Duration,
}

/// An answer, whatever its status. It proves nothing: statements in it do.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Name, in lower case, and value of each header; of one that is no ASCII text only the name.
    pub headers: Vec<(String, String)>,
    /// Up to [`BODY_CAP`] bytes.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header, by its name in lower case; none if it is there twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(other, _)| other == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }
}

/// Calls servers over TLS.
pub trait Transport: Send + Sync {
    /// Makes one call, follows no redirect, keeps no cookies, and repeats nothing by itself.
    ///
    /// # Errors
    /// [`TransportError`]; an answer of any status is no error.
    fn call(&self, request: &Request) -> Result<Answer, TransportError>;

    /// Ends the calls under way, with [`TransportError::Closed`] or [`TransportError::Broken`];
    /// later ones are [`TransportError::Closed`]. May be called from any thread, and twice.
    fn shut_down(&self);
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No way to the server: no network, no such name, nobody listens. Nothing was sent.
    #[error("the server cannot be reached")]
    Unreachable,
    /// The time was over. Whether the server got the call is unknown.
    #[error("no answer in time")]
    Timeout,
    /// The connection broke, or what came is not HTTP. Whether the server got the call is unknown.
    #[error("the connection broke")]
    Broken,
    /// The other side can't show that it is the server: certificate, name or pin. Nothing was sent.
    #[error("the connection is not genuine")]
    Tls,
    /// The answer's body is over [`BODY_CAP`].
    #[error("the answer is too large")]
    TooLarge,
    /// [`Transport::shut_down`] was called.
    #[error("closed")]
    Closed,
}
