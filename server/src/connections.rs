//! Who may be connected, and for how long.
//!
//! In: connections, before anything is known of them. Out: those that there is room for, each held to its time: TLS, a header and a body
//! come within seconds or not at all, and whoever takes nothing of an answer is waited for no longer. So a long poll may take its time, and
//! nobody keeps a place by dripping. Never: more than the settings allow, in all or of one source; HTTP/2, whose streams would each
//! be one more.

use crate::config::Connections;
use crate::limits::network;
use crate::{phone, service};
use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::middleware::Next;
use axum::response::Response;
use axum_server::Handle;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use countersign_protocol::call::BODY_CAP;
use countersign_protocol::problem::Code;
use std::collections::HashMap;
use std::future::{Ready, poll_fn, ready};
use std::io::{self, ErrorKind, IoSlice};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep, timeout};

/// How long each step of a connection may take, also the wait for its next request: longer than phones keep an idle one (15 s), so that
/// they close it and lose no call.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// When whoever's body stalled may try again, seconds.
const SOON: u64 = 1;

/// Serves until the handle says otherwise.
pub(crate) async fn serve(
    router: Router,
    listener: TcpListener,
    tls: RustlsConfig,
    most: Connections,
    patience: Duration,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    let door = Door {
        most,
        patience,
        inside: Arc::default(),
    };
    let acceptor = RustlsAcceptor::new(tls).handshake_timeout(patience);
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(acceptor.acceptor(door))
        .http1_only()
        .accept_error_handler(refused())
        .handle(handle);
    // From the first byte that could come to the last of the header: this ends idle ones too.
    server.http_builder().http1().header_read_timeout(patience);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    server.serve(service).await
}

/// What is logged where a connection comes to nothing, once a minute at most: that there is no room, and that the system gives no more.
/// What a stranger's TLS does is no news.
fn refused() -> impl Fn(Option<&SocketAddr>, &io::Error) + Send + Sync + 'static {
    const RARELY: Duration = Duration::from_secs(60);
    let last: Mutex<Option<Instant>> = Mutex::new(None);
    move |from, error| {
        if from.is_some() && error.kind() != ErrorKind::QuotaExceeded {
            return;
        }
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() >= RARELY) {
            *last = Some(Instant::now());
            tracing::warn!(%error, "connections are refused");
        }
    }
}

/// The body is there whole before anybody waits for it. One that stalls is no fault of what was asked: a phone that was told so (4xx) would
/// not try again for a quarter of an hour.
pub(crate) async fn in_time(
    State(patience): State<Duration>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let of_application = parts.uri.path().starts_with("/api/");
    let mut response = match timeout(patience, whole(body)).await {
        Ok(Ok(body)) => return next.run(Request::from_parts(parts, body)).await,
        // Whoever went away doesn't hear it.
        Ok(Err(_)) => phone::problem(Code::BadRequest),
        Err(_) if of_application => service::unavailable(SOON),
        Err(_) => phone::unavailable(SOON),
    };
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

/// Of one that is too large, enough for whoever it is for to say so.
async fn whole(mut body: Body) -> Result<Body, axum::Error> {
    let mut bytes = Vec::new();
    while bytes.len() <= BODY_CAP {
        let frame = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        let Some(frame) = frame else { break };
        if let Ok(data) = frame?.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    Ok(Body::from(bytes))
}

/// Who is in.
#[derive(Default)]
struct Inside {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

#[derive(Clone)]
struct Door {
    most: Connections,
    patience: Duration,
    inside: Arc<Mutex<Inside>>,
}

impl Door {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self, stream: TcpStream) -> io::Result<Admitted> {
        let source = network(stream.peer_addr()?.ip());
        let mut inside = self.inside();
        let of = inside.of.get(&source).copied().unwrap_or_default();
        if inside.all >= self.most.all || of >= self.most.source {
            let why = "too many at once; see [connections] in the settings";
            return Err(io::Error::new(ErrorKind::QuotaExceeded, why));
        }
        inside.all += 1;
        inside.of.insert(source, of + 1);
        drop(inside);
        Ok(Admitted {
            stream,
            stalled: None,
            source,
            door: self.clone(),
        })
    }

    fn leave(&self, source: IpAddr) {
        let mut inside = self.inside();
        inside.all -= 1;
        if let Some(of) = inside.of.get_mut(&source) {
            *of -= 1;
        }
        inside.of.retain(|_, of| *of > 0);
    }
}

impl<S> Accept<TcpStream, S> for Door {
    type Stream = Admitted;
    type Service = S;
    type Future = Ready<io::Result<(Admitted, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(self.admit(stream).map(|stream| (stream, service)))
    }
}

/// A connection that has a place, until it is dropped.
struct Admitted {
    stream: TcpStream,
    /// Since something is written that nobody takes.
    stalled: Option<Pin<Box<Sleep>>>,
    source: IpAddr,
    door: Door,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.door.leave(self.source);
    }
}

impl Admitted {
    fn taken<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.stalled = None;
            return outcome;
        }
        let patience = self.door.patience;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep(patience)));
        let over = stalled.as_mut().poll(cx);
        over.map(|()| Err(ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Admitted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Admitted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.taken(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.taken(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
