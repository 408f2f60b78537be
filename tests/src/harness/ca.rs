//! A certificate authority for one run, and what it issues. Its key is never written down.

use super::{During, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd,
};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A key pair and its certificate, as PEM files.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate.
    pub cert: PathBuf,
    /// The private key, PKCS#8, readable by the owner alone.
    pub key: PathBuf,
}

/// The authority that everything in a run trusts, and nothing outside it.
pub struct Ca {
    dir: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Ca {
    /// Makes a new authority and writes its certificate, not its key, into `dir`.
    pub fn make(dir: &Path) -> Result<Self> {
        let mut params = params("Countersign, this run only", Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().during("making the CA's key")?;
        let pem = params
            .self_signed(&key)
            .during("signing the CA's certificate")?
            .pem();
        let ca = Self {
            dir: dir.to_path_buf(),
            issuer: Issuer::new(params, key),
            pem,
        };
        write(&ca.path(), &ca.pem)?;
        Ok(ca)
    }

    /// The file with the certificate that phones and browsers of this run trust.
    pub fn path(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// The certificate that phones and browsers of this run trust, as PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Issues a certificate for `localhost`.
    pub fn make_localhost(&self) -> Result<Identity> {
        self.make_server("localhost", "localhost")
    }

    /// Issues a server's certificate for `host`, in files that begin with `name`.
    pub fn make_server(&self, name: &str, host: &str) -> Result<Identity> {
        let mut params = params(host, vec![host.to_owned()])?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().during("making a TLS key")?;
        let cert = params
            .signed_by(&key, &self.issuer)
            .during("issuing a TLS certificate")?;
        save(&self.dir, name, &cert.pem(), &key)
    }
}

/// Makes an RSA key and a certificate of its own for `name`: what signs SAML messages.
pub(super) fn make_rsa(dir: &Path, name: &str) -> Result<Identity> {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)
        .during("making an RSA key")?;
    let cert = params(name, Vec::new())?
        .self_signed(&key)
        .during("signing a certificate")?;
    save(dir, name, &cert.pem(), &key)
}

/// From an hour ago to a week ahead: a run is short, and a person may leave the demo open.
fn params(name: &str, hosts: Vec<String>) -> Result<CertificateParams> {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .during("reading the clock")?;
    let now = date_time_ymd(1970, 1, 1) + since_epoch;
    let mut params = CertificateParams::new(hosts).during("naming a certificate")?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = now - Duration::from_secs(3_600);
    params.not_after = now + Duration::from_secs(7 * 86_400);
    Ok(params)
}

fn save(dir: &Path, name: &str, cert: &str, key: &KeyPair) -> Result<Identity> {
    let identity = Identity {
        cert: dir.join(format!("{name}.pem")),
        key: dir.join(format!("{name}.key")),
    };
    write(&identity.cert, cert)?;
    write(&identity.key, &key.serialize_pem())?;
    Ok(identity)
}

fn write(path: &Path, text: &str) -> Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .during(path.display())?;
    file.write_all(text.as_bytes()).during(path.display())
}
