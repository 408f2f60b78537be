//! The running server: routes, TLS, log lines, a tidy end.

use crate::app::{App, Shared};
use crate::page::{SCRIPT, SCRIPT_PATH, STYLE, STYLE_PATH};
use crate::signer::StartError;
use crate::{connections, crypto, links, login, phone, service, sso, web};
use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use countersign_protocol::call::BODY_CAP;
use countersign_protocol::problem::Code;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};

/// How long running requests may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How often what is over is swept out of the database.
const SWEEP: Duration = Duration::from_secs(300);

/// All routes; a body that isn't there within `patience` isn't waited for.
pub(crate) fn router(app: Shared, patience: Duration) -> Router {
    let asset = |kind: &'static str, text: &'static str| {
        get(async move || {
            (
                [
                    (CONTENT_TYPE, kind),
                    (axum::http::header::CACHE_CONTROL, "max-age=3600"),
                ],
                text,
            )
        })
    };
    let by_keys = phone::routes()
        .merge(service::routes())
        .merge(links::routes())
        .merge(login::buttons());
    Router::new()
        .merge(by_keys.route_layer(from_fn_with_state(app.clone(), follow_keys)))
        .merge(sso::routes())
        .merge(login::pages())
        .route(STYLE_PATH, asset("text/css; charset=utf-8", STYLE))
        .route(SCRIPT_PATH, asset("text/javascript; charset=utf-8", SCRIPT))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .fallback(missing)
        .layer(DefaultBodyLimit::max(BODY_CAP))
        .layer(from_fn_with_state(patience, connections::in_time))
        .layer(from_fn_with_state(app.clone(), around))
        .with_state(app)
}

async fn ready(State(app): State<Shared>) -> Response {
    let missing = match app.store.answers().await {
        Err(_) => "database\n",
        Ok(()) => {
            // So that one that nobody asks anything else heals too.
            app.follow_keys().await;
            match app.signer.can_sign() {
                true => return "ready\n".into_response(),
                false => "keys\n",
            }
        }
    };
    (StatusCode::SERVICE_UNAVAILABLE, missing).into_response()
}

async fn metrics(State(app): State<Shared>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, kind)], app.metrics.text()).into_response()
}

async fn missing(State(app): State<Shared>, visitor: web::Visitor, request: Request) -> Response {
    if request.uri().path().starts_with("/cs/") {
        return phone::problem(Code::NotFound);
    }
    if request.uri().path().starts_with("/api/") {
        return service::missing();
    }
    web::show(&app, &visitor, Err(crate::page::Problem::NotFound.into()))
}

/// A command may have changed the keys: whoever is answered after it is answered by the newer ones. For whatever names
/// keys, or is signed by S.
async fn follow_keys(State(app): State<Shared>, request: Request, next: Next) -> Response {
    app.follow_keys().await;
    next.run(request).await
}

/// Headers that every answer has, one log line by route (never the address, which may hold a token),
/// and the counting of problems.
async fn around(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // It binds the whole host. An origin with a port shares its host with others.
    if !app.signer.origin.host().contains(':') {
        let value = HeaderValue::from_static("max-age=63072000");
        headers.insert("strict-transport-security", value);
    }
    if let Some(code) = response.extensions().get::<Code>() {
        app.metrics.problem(code.as_str());
    }
    if let Some(why) = response.extensions().get::<service::Why>() {
        app.metrics.refusal(why.code());
    }
    let (status, route) = (response.status().as_u16(), route.as_deref().unwrap_or("-"));
    tracing::info!(%method, route, status, ms = began.elapsed().as_millis() as u64, "request");
    response
}

/// Serves until SIGINT or SIGTERM. `ready` is called once the port is open.
pub(crate) async fn serve(app: App, ready: impl FnOnce(&App)) -> Result<(), StartError> {
    let app = Arc::new(app);
    let (certificate, key) = (&app.config.file.tls.certificate, &app.config.file.tls.key);
    let tls = crypto::tls(&app.config.path(certificate), &app.config.path(key))?;
    let listener = TcpListener::bind(app.config.file.listen)?;

    let handle = Handle::new();
    tokio::spawn(stop_on_signal(handle.clone()));
    tokio::spawn(sweep(app.clone()));
    if let Some(warning) = crate::cli::warning(app.signer.in_force().exp, app.now()) {
        tracing::warn!("{warning}");
    }
    ready(&app);
    let (tls, most) = (RustlsConfig::from_config(tls), app.config.file.connections);
    let patience = connections::PATIENCE;
    let routes = router(app.clone(), patience);
    connections::serve(routes, listener, tls, most, patience, handle).await?;
    app.store.close().await;
    tracing::info!("stopped");
    Ok(())
}

async fn stop_on_signal(handle: Handle<SocketAddr>) {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    handle.graceful_shutdown(Some(GRACE));
}

async fn sweep(app: Shared) {
    loop {
        if let Err(error) = crate::store::sweep(&app.store, app.now()).await {
            crate::error::Fault::from(error).log();
        }
        tokio::time::sleep(SWEEP).await;
    }
}
