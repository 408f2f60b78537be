//! Who may be on the other side: TLS 1.2 or 1.3, a chain to the configured roots, the host's name,
//! and, where the app was built with pins, one of two public keys. Nothing relaxes it.

use crate::config::{Config, Roots};
use crate::ports::TransportError;
use countersign_protocol::Digest;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsFault, RootCertStore,
    SignatureScheme,
};
use std::sync::Arc;

/// The settings of every connection.
///
/// # Errors
/// [`TransportError::Tls`] when the configured roots hold no certificate.
pub(super) fn client(config: &Config) -> Result<Arc<ClientConfig>, TransportError> {
    // Named, never the process's default: another library may set that one.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let webpki = WebPkiServerVerifier::builder_with_provider(roots(config)?, provider.clone())
        .build()
        .map_err(|_| TransportError::Tls)?;
    let verifier = Pinned {
        webpki,
        pins: config.pins.map(|pins| [pins.0, pins.1]),
    };
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| TransportError::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    client.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(client))
}

fn roots(config: &Config) -> Result<Arc<RootCertStore>, TransportError> {
    let mut store = RootCertStore::empty();
    match &config.roots {
        Roots::Public => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Roots::Only(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|_| TransportError::Tls)?;
                store.add(certificate).map_err(|_| TransportError::Tls)?;
            }
        }
    }
    if store.is_empty() {
        Err(TransportError::Tls)
    } else {
        Ok(Arc::new(store))
    }
}

/// The usual verifier, and after it the pins.
#[derive(Debug)]
struct Pinned {
    webpki: Arc<WebPkiServerVerifier>,
    pins: Option<[Digest; 2]>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsFault> {
        let verified = self.webpki.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )?;
        let Some(pins) = self.pins else {
            return Ok(verified);
        };
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let key = certificate.subject_public_key_info();
        if pins.contains(&Digest::of(&[&key])) {
            Ok(verified)
        } else {
            Err(TlsFault::InvalidCertificate(
                CertificateError::ApplicationVerificationFailure,
            ))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsFault> {
        self.webpki
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsFault> {
        self.webpki
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}
