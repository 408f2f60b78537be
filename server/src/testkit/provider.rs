//! A service provider that sends requests by redirect.

use super::World;
use base64ct::{Base64, Encoding as _};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, SigningKey as _};
use std::io::Write as _;
use std::sync::OnceLock;

pub(crate) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

pub(crate) struct Provider {
    pub(crate) slug: &'static str,
    pub(crate) entity_id: String,
    pub(crate) acs: String,
}

impl Provider {
    pub(crate) fn named(slug: &'static str) -> Self {
        Self {
            slug,
            entity_id: format!("https://{slug}.example.com/sp"),
            acs: format!("https://{slug}.example.com/saml/acs"),
        }
    }

    pub(crate) fn wiki() -> Self {
        Self::named("wiki")
    }

    /// A fresh `AuthnRequest`.
    pub(crate) fn xml(&self, world: &World) -> String {
        let id = countersign_protocol::Id::make().unwrap();
        self.xml_with_id(world, &format!("_{id}"))
    }

    pub(crate) fn xml_with_id(&self, world: &World, id: &str) -> String {
        let instant = jiff::Timestamp::from_second(world.now() as i64).unwrap();
        format!(
            r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" Version="2.0" IssueInstant="{instant}" Destination="https://id.example.com/saml/sso" AssertionConsumerServiceURL="{}"><saml:Issuer>{}</saml:Issuer></samlp:AuthnRequest>"#,
            self.acs, self.entity_id
        )
    }

    /// Where it sends the browser with a fresh request.
    pub(crate) fn request(&self, world: &World) -> String {
        address(&self.xml(world))
    }
}

/// Our address with this request in it.
pub(crate) fn address(xml: &str) -> String {
    format!("/saml/sso?{}", query(xml))
}

fn query(xml: &str) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(xml.as_bytes()).unwrap();
    let deflated = encoder.finish().unwrap();
    format!(
        "SAMLRequest={}",
        percent_encode(&Base64::encode_string(&deflated))
    )
}

/// The same, signed by the service provider; `relay_state` is covered.
pub(crate) fn signed_address(xml: &str, relay_state: &str) -> String {
    let relay_state = percent_encode(relay_state);
    let signed = format!(
        "{}&RelayState={relay_state}&SigAlg={}",
        query(xml),
        percent_encode(RSA_SHA256)
    );
    let signature = provider_key().sign(signed.as_bytes()).unwrap();
    let signature = percent_encode(&Base64::encode_string(&signature));
    format!("/saml/sso?{signed}&Signature={signature}")
}

fn provider_key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap())
}

/// The certificate of [`signed_address`], PEM.
pub(crate) fn provider_certificate() -> String {
    let mut params = CertificateParams::new(vec!["wiki.example.com".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2040, 1, 1);
    params.self_signed(provider_key()).unwrap().pem()
}

pub(crate) fn percent_encode(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    };
    text.bytes().map(escape).collect()
}
