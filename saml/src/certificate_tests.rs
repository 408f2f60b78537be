use super::*;
use crate::testkit::{self, NOW, pair_b};

/// Self-signed, RSA 1024, made for this test.
const WEAK: &str = "-----BEGIN CERTIFICATE-----
MIICDDCCAXWgAwIBAgIUUQQHC61UGqm5g34tM8QXdcoGbWkwDQYJKoZIhvcNAQEL
BQAwFzEVMBMGA1UEAwwMd2Vhay5leGFtcGxlMCAXDTI2MTEyNDAyMTA0OVoYDzIx
MjYxMDMxMDIxMDQ5WjAXMRUwEwYDVQQDDAx3ZWFrLmV4YW1wbGUwgZ8wDQYJKoZI
hvcNAQEBBQADgY0AMIGJAoGBAMJDnByo3N56xfZrE8wHxF3T4G1EFmeQPDzI6ul3
RI7l7s0+9zJYwGc240TtjeKqIH9E3LFmlR54e3OTSVElFHsxq2uQ+OYUG0iMHy7Y
y2sZVl3qTmW4uwQI2EtrYhgOpn2azDg1IeZtJ7cjUaIpKxtVC/umNjN7QlyrflYf
s/dVAgMBAAGjUzBRMB0GA1UdDgQWBBT+hDQC/VvLirYRFP4KbZqRyCniADAfBgNV
HSMEGDAWgBT+hDQC/VvLirYRFP4KbZqRyCniADAPBgNVHRMBAf8EBTADAQH/MA0G
CSqGSIb3DQEBCwUAA4GBAHg70J+39s/oWi8JFlzrp9drttooC5wveCsRzyn4GhpV
zFZS4yIN9emSDdCAMlkGofzGksSZpjgraSFzuF+134zx5aketjdH4TlMoQKimqqP
HdadqekW9DWWxz0B1dn6y1R2+4vuzBVwqP3jr4ejjdnKv5GoS1aX/Erq7Xtz/jQ3
-----END CERTIFICATE-----
";

fn good_pem() -> String {
    pem::write("CERTIFICATE", &pair_b().certificate)
}

fn error(text: &str) -> CertificateError {
    SpCertificate::from_pem(text, NOW).unwrap_err()
}

#[test]
fn a_certificate_is_read_and_read_back_from_a_store() {
    let certificate = SpCertificate::from_pem(&good_pem(), NOW).unwrap();
    assert_eq!(
        certificate.not_after(),
        1_798_761_600,
        "2027-01-01T00:00:00Z"
    );
    assert_eq!(
        certificate.public_key(),
        pair_b().signing_key().public_key()
    );
    assert!(SpCertificate::from_der(certificate.der()).unwrap() == certificate);
    let pasted = format!("Bag Attributes\r\n{}\r\n", good_pem().replace('\n', "\r\n"));
    assert!(SpCertificate::from_pem(&pasted, NOW).unwrap() == certificate);
    let one_line = good_pem().replace("-----\n", "-----").replace('\n', "");
    assert!(SpCertificate::from_pem(&one_line, NOW).unwrap() == certificate);
}

#[test]
fn row_39_a_private_key_is_refused_with_the_reason() {
    let key = pem::write("PRIVATE KEY", &pair_b().pkcs8);
    assert_eq!(error(&key), CertificateError::PrivateKey);
    assert_eq!(error(&(good_pem() + &key)), CertificateError::PrivateKey);
    assert_eq!(
        error(&(key.clone() + &good_pem())),
        CertificateError::PrivateKey
    );
    for label in ["RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
        let damaged = format!("-----BEGIN {label}-----\n?");
        assert_eq!(error(&damaged), CertificateError::PrivateKey);
    }
}

#[test]
fn row_39_several_certificates_are_refused_with_the_reason() {
    assert_eq!(
        error(&(good_pem() + &good_pem())),
        CertificateError::Several
    );
}

#[test]
fn row_39_an_expired_certificate_is_refused_with_the_reason() {
    let end = 1_798_761_600;
    assert!(SpCertificate::from_pem(&good_pem(), end).is_ok());
    let late = SpCertificate::from_pem(&good_pem(), end + 1);
    assert_eq!(late.unwrap_err(), CertificateError::Expired);
}

#[test]
fn row_39_weak_rsa_is_refused_with_the_reason() {
    assert_eq!(error(WEAK), CertificateError::KeySize { bits: 1024 });
}

#[test]
fn other_keys_and_broken_files_are_refused() {
    let curve = testkit::certificate(&rcgen::KeyPair::generate().unwrap(), 2027);
    assert_eq!(
        error(&pem::write("CERTIFICATE", &curve)),
        CertificateError::NotRsa
    );
    assert_eq!(error(""), CertificateError::Missing);
    assert_eq!(
        error(&pem::write("PUBLIC KEY", &[1])),
        CertificateError::Missing
    );
    let der = &pair_b().certificate;
    for bytes in [
        &der[1..],
        &der[..der.len() - 1],
        &[der.as_slice(), &[0]].concat(),
        &[],
    ] {
        let text = pem::write("CERTIFICATE", bytes);
        assert_eq!(error(&text), CertificateError::Malformed);
    }
    assert_eq!(
        error("-----BEGIN CERTIFICATE-----\nAAAA"),
        CertificateError::Malformed
    );
    let padded = " ".repeat(MAX_PEM) + &good_pem();
    assert_eq!(error(&padded), CertificateError::Malformed);
}
