//! The one file of this crate that names its crypto provider: TLS and the key pair for SAML.

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A key file or certificate can't be used; the message names the file's role, never its content.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct KeyError(pub(crate) &'static str);

/// TLS 1.2 and 1.3 with the certificate chain and key of these PEM files.
pub(crate) fn tls(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, KeyError> {
    const BAD_CERTIFICATE: KeyError =
        KeyError("tls.certificate is no readable PEM certificate chain");
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .map_err(|_| BAD_CERTIFICATE)?
        .collect::<Result<_, _>>()
        .map_err(|_| BAD_CERTIFICATE)?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|_| KeyError("tls.key is no readable PEM key"))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| KeyError("TLS versions"))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|_| KeyError("tls.key does not belong to tls.certificate"))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// A client that believes this certificate, with what it offers to speak.
#[cfg(test)]
pub(crate) fn test_client(certificate: &Path, speaks: &[&str]) -> Arc<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(certificate).unwrap();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    let speaks = speaks.iter().map(|name| name.as_bytes().to_vec());
    config.alpn_protocols = speaks.collect();
    Arc::new(config)
}

/// The one certificate of a PEM file.
pub(crate) fn certificate_der(path: &Path) -> Result<Vec<u8>, KeyError> {
    let certificate = CertificateDer::from_pem_file(path)
        .map_err(|_| KeyError("keys.saml_certificate is no readable PEM certificate"))?;
    Ok(certificate.to_vec())
}

/// An RSA-2048 key for SAML and its self-signed certificate, both PEM. Service providers pin the
/// certificate, so its name is for people and its dates are wide.
pub(crate) fn make_saml_key(common_name: &str) -> Result<(Zeroizing<String>, String), KeyError> {
    const FAILED: KeyError = KeyError("the SAML key could not be made");
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).map_err(|_| FAILED)?;
    let mut params = CertificateParams::new(Vec::new()).map_err(|_| FAILED)?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    params.distinguished_name = name;
    params.not_before = rcgen::date_time_ymd(2025, 1, 1);
    params.not_after = rcgen::date_time_ymd(2040, 1, 1);
    let certificate = params.self_signed(&key).map_err(|_| FAILED)?;
    Ok((Zeroizing::new(key.serialize_pem()), certificate.pem()))
}
