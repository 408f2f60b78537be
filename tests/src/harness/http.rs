//! The one place of the harness that speaks HTTP, and the one that names its TLS.

use super::{Ca, During, PATIENCE, Result};
use std::sync::Arc;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

/// A client that trusts the run's CA alone, follows no redirect by itself and takes every status as an answer.
pub(super) fn agent(ca: &Ca) -> Result<ureq::Agent> {
    agent_by(Some(ca.pem().as_bytes()))
}

/// The same with this CA, or with the public ones, for a server that others run.
pub(super) fn agent_by(pem: Option<&[u8]>) -> Result<ureq::Agent> {
    let roots = match pem {
        Some(pem) => {
            let root = Certificate::from_pem(pem).during("reading the CA's certificate")?;
            RootCerts::new_with_certs(&[root.to_owned()])
        }
        None => RootCerts::WebPki,
    };
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(roots)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let config = ureq::Agent::config_builder()
        .tls_config(tls)
        .https_only(true)
        .max_redirects(0)
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .build();
    Ok(config.into())
}
