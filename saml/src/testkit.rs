//! What the tests share: keys made once a run, a service provider that sends requests, and a
//! verifier of responses that knows nothing of how they are written.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::OnceLock;

use base64ct::{Base64, Encoding};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use roxmltree::{Document, Node};

use crate::crypto::{self, SignatureAlgorithm, SigningKey};
use crate::{
    AcsUrl, Idp, LoginRequest, ServiceProvider, SpCertificate, names, pem, redirect, time,
};

/// 2026-11-24T10:00:00Z.
pub(crate) const NOW: u64 = 1_795_514_400;
pub(crate) const SSO_URL: &str = "https://id.example/sso/app-1";
pub(crate) const SP: &str = "https://sp.example/metadata";
pub(crate) const ACS: &str = "https://sp.example/acs?connection=saml-1&x=%2f";
pub(crate) const IDP: &str = "https://id.example/saml";

const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

/// A key and its self-signed certificate.
pub(crate) struct Pair {
    pub(crate) pkcs8: Vec<u8>,
    pub(crate) certificate: Vec<u8>,
}

impl Pair {
    fn make() -> Self {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        Self {
            certificate: certificate(&key, 2027),
            pkcs8: key.serialize_der(),
        }
    }

    pub(crate) fn signing_key(&self) -> SigningKey {
        SigningKey::from_pkcs8(&self.pkcs8).unwrap()
    }

    pub(crate) fn sp_certificate(&self) -> SpCertificate {
        SpCertificate::from_pem(&pem::write("CERTIFICATE", &self.certificate), NOW).unwrap()
    }
}

/// A self-signed certificate, valid up to the first second of the year.
pub(crate) fn certificate(key: &KeyPair, until: i32) -> Vec<u8> {
    let mut params = CertificateParams::new(vec!["sp.example".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    params.self_signed(key).unwrap().der().to_vec()
}

/// The identity provider's pair.
pub(crate) fn pair_a() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(Pair::make)
}

/// The service provider's pair.
pub(crate) fn pair_b() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(Pair::make)
}

pub(crate) fn idp() -> Idp {
    idp_named(IDP)
}

pub(crate) fn idp_named(entity_id: &str) -> Idp {
    Idp::new(entity_id, &pair_a().pkcs8, &pair_a().certificate).unwrap()
}

/// A service provider that does not sign.
pub(crate) fn provider() -> ServiceProvider {
    ServiceProvider {
        entity_id: SP.to_owned(),
        acs: Some(AcsUrl::new(ACS).unwrap()),
        audience: SP.to_owned(),
        certificate: None,
        require_signed: false,
        enabled: true,
    }
}

/// A service provider that must sign.
pub(crate) fn signing_provider() -> ServiceProvider {
    ServiceProvider {
        certificate: Some(pair_b().sp_certificate()),
        require_signed: true,
        ..provider()
    }
}

/// An `AuthnRequest` to be bent.
pub(crate) struct Ask {
    attributes: BTreeMap<&'static str, String>,
    pub(crate) issuer: String,
    pub(crate) children: String,
}

impl Ask {
    pub(crate) fn new() -> Self {
        let attributes = [
            ("ID", "_request-1"),
            ("Version", "2.0"),
            ("IssueInstant", &time::format(NOW).unwrap()),
            ("Destination", SSO_URL),
            ("AssertionConsumerServiceURL", &ACS.replace('&', "&amp;")),
            ("ProtocolBinding", names::BINDING_POST),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .into();
        Self {
            attributes,
            issuer: format!("<saml:Issuer>{SP}</saml:Issuer>"),
            children: format!(
                "<samlp:NameIDPolicy Format=\"{}\" AllowCreate=\"true\"/>",
                names::NAME_ID_EMAIL
            ),
        }
    }

    /// Sets an attribute, to a value that is already escaped.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.attributes.insert(name, value.to_owned());
        self
    }

    pub(crate) fn without(mut self, name: &'static str) -> Self {
        self.attributes.remove(name);
        self
    }

    pub(crate) fn issuer(mut self, xml: &str) -> Self {
        xml.clone_into(&mut self.issuer);
        self
    }

    pub(crate) fn children(mut self, xml: &str) -> Self {
        xml.clone_into(&mut self.children);
        self
    }

    pub(crate) fn xml(&self) -> String {
        let attributes: String = self
            .attributes
            .iter()
            .map(|(name, value)| format!(" {name}=\"{value}\""))
            .collect();
        format!(
            "<samlp:AuthnRequest xmlns:samlp=\"{}\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"{attributes}>{}{}\
             </samlp:AuthnRequest>",
            names::PROTOCOL,
            self.issuer,
            self.children
        )
    }

    pub(crate) fn query(&self) -> String {
        query(&self.xml())
    }

    /// The body of a form with this request in it.
    pub(crate) fn body(&self) -> String {
        body_of(self.xml().as_bytes())
    }
}

/// `SAMLRequest=…` for any octets, as a form carries them.
pub(crate) fn body_of(octets: &[u8]) -> String {
    query_of(octets)
}

/// `SAMLRequest=…` for any text.
pub(crate) fn query(xml: &str) -> String {
    query_of(&deflate(xml.as_bytes()))
}

/// `SAMLRequest=…` for any octets that stand where the deflated text should.
pub(crate) fn query_of(deflated: &[u8]) -> String {
    format!(
        "SAMLRequest={}",
        percent_encode(&Base64::encode_string(deflated))
    )
}

pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn percent_encode(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// Appends `SigAlg` and `Signature` over the query as it stands.
pub(crate) fn sign_query(query: &str, key: &SigningKey, algorithm: SignatureAlgorithm) -> String {
    let uri = match algorithm {
        SignatureAlgorithm::RsaSha256 => names::RSA_SHA256,
        SignatureAlgorithm::RsaSha384 => names::RSA_SHA384,
        SignatureAlgorithm::RsaSha512 => names::RSA_SHA512,
    };
    let signed = format!("{query}&SigAlg={}", percent_encode(uri));
    let signature = Base64::encode_string(&key.sign_with(algorithm, signed.as_bytes()));
    format!("{signed}&Signature={}", percent_encode(&signature))
}

/// A request that was accepted.
pub(crate) fn accepted() -> LoginRequest {
    let query = Ask::new().query() + "&RelayState=%3Cb%3E";
    redirect::receive(&query)
        .unwrap()
        .accept(&provider(), SSO_URL, NOW)
        .unwrap()
}

/// Exclusive canonical XML of a parsed element, from the tree alone. `skip` leaves the element's
/// own signature out, as the enveloped-signature transform does.
pub(crate) fn canonical(text: &str, element: Node<'_, '_>, skip: bool) -> String {
    let mut out = String::new();
    render(text, element, skip, &mut Vec::new(), &mut out);
    out
}

fn render(
    text: &str,
    node: Node<'_, '_>,
    skip: bool,
    scope: &mut Vec<(String, String)>,
    out: &mut String,
) {
    let source = &text[node.range().start + 1..];
    let qname = &source[..source.find([' ', '>', '/', '\t', '\n']).unwrap()];
    let prefix = qname
        .split_once(':')
        .map_or("", |(prefix, _)| prefix)
        .to_owned();
    let uri = node.tag_name().namespace().unwrap_or_default().to_owned();
    let depth = scope.len();
    *out += &format!("<{qname}");
    if scope
        .iter()
        .rev()
        .find(|(known, _)| *known == prefix)
        .map(|(_, uri)| uri)
        != Some(&uri)
    {
        *out += &format!(" xmlns:{prefix}=\"{uri}\"");
        scope.push((prefix, uri));
    }
    let mut attributes: Vec<_> = node.attributes().map(|a| (a.name(), a.value())).collect();
    attributes.sort_unstable();
    for (name, value) in attributes {
        let value = value
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('"', "&quot;");
        let value = value
            .replace('\t', "&#x9;")
            .replace('\n', "&#xA;")
            .replace('\r', "&#xD;");
        *out += &format!(" {name}=\"{value}\"");
    }
    *out += ">";
    for child in node.children() {
        if child.is_element() && !(skip && child.has_tag_name((DS, "Signature"))) {
            render(text, child, false, scope, out);
        } else if child.is_text() {
            let value = child
                .text()
                .unwrap()
                .replace('&', "&amp;")
                .replace('<', "&lt;");
            *out += &value.replace('>', "&gt;").replace('\r', "&#xD;");
        }
    }
    *out += &format!("</{qname}>");
    scope.truncate(depth);
}

/// Verifies every signature of a response with `public_key` and gives the names of the elements
/// that are signed. `None`: one of them is wrong.
pub(crate) fn verify(xml: &str, public_key: &[u8]) -> Option<Vec<String>> {
    let document = Document::parse(xml).unwrap();
    let signatures = document
        .descendants()
        .filter(|n| n.has_tag_name((DS, "Signature")));
    signatures
        .map(|signature| verify_one(xml, signature, public_key))
        .collect()
}

fn verify_one(xml: &str, signature: Node<'_, '_>, public_key: &[u8]) -> Option<String> {
    let find = |name: &str| {
        signature
            .descendants()
            .find(|n| n.has_tag_name((DS, name)))
            .unwrap()
    };
    let parent = signature.parent_element().unwrap();
    let issuer = signature.prev_sibling_element().unwrap();
    assert_eq!(
        issuer.tag_name().name(),
        "Issuer",
        "the signature stands after the issuer"
    );
    let id = parent.attribute("ID").unwrap();
    assert_eq!(
        find("Reference").attribute("URI").unwrap(),
        format!("#{id}")
    );
    let digest = crypto::sha256(canonical(xml, parent, true).as_bytes());
    if Base64::encode_string(&digest) != find("DigestValue").text().unwrap() {
        return None;
    }
    let signed_info = canonical(xml, find("SignedInfo"), false);
    let value = Base64::decode_vec(find("SignatureValue").text().unwrap()).ok()?;
    let algorithm = SignatureAlgorithm::RsaSha256;
    crypto::verify(algorithm, public_key, signed_info.as_bytes(), &value).ok()?;
    Some(parent.tag_name().name().to_owned())
}
