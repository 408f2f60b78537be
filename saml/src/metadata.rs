//! Our metadata, which a service provider imports ([saml-metadata-2.0-os] 2.4.3).

use crate::error::EmitError;
use crate::idp::Idp;
use crate::xml::{Ns, Writer};
use crate::{names, signature};

/// The `EntityDescriptor` of `idp`, unsigned: whoever imports it takes it from our origin over TLS
/// and compares the certificate.
///
/// `sso_url` is where requests are received, by HTTP-Redirect or HTTP-POST. `want_signed` must be what the
/// service provider's registration requires: some send no request when the two disagree.
///
/// # Errors
/// [`EmitError::NotXml`] when `sso_url` holds a character that XML cannot carry.
pub fn idp(idp: &Idp, sso_url: &str, want_signed: bool) -> Result<String, EmitError> {
    let role = [
        (
            "WantAuthnRequestsSigned",
            if want_signed { "true" } else { "false" },
        ),
        ("protocolSupportEnumeration", names::PROTOCOL),
    ];
    Writer::document(|w| {
        let entity = [("entityID", idp.entity_id())];
        w.element(Ns::Metadata, "EntityDescriptor", &entity, |w| {
            w.element(Ns::Metadata, "IDPSSODescriptor", &role, |w| {
                w.element(Ns::Metadata, "KeyDescriptor", &[("use", "signing")], |w| {
                    signature::write_key_info(w, idp);
                });
                w.leaf(Ns::Metadata, "NameIDFormat", &[], names::NAME_ID_EMAIL);
                w.leaf(
                    Ns::Metadata,
                    "NameIDFormat",
                    &[],
                    names::NAME_ID_UNSPECIFIED,
                );
                // The first is what most service providers take: it can be signed.
                for binding in [names::BINDING_REDIRECT, names::BINDING_POST] {
                    let service = [("Binding", binding), ("Location", sso_url)];
                    w.leaf(Ns::Metadata, "SingleSignOnService", &service, "");
                }
            });
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{self, SSO_URL};

    #[test]
    fn metadata_says_name_key_and_where_to_go() {
        for (entity, signed) in [
            ("https://id.example/<&\">", true),
            ("Example Passport IdP", false),
        ] {
            let idp = testkit::idp_named(entity);
            let text = super::idp(&idp, SSO_URL, signed).unwrap();
            let document = roxmltree::Document::parse(&text).unwrap();
            let root = document.root_element();
            assert_eq!(testkit::canonical(&text, root, false), text);
            assert_eq!(root.attribute("entityID"), Some(entity));
            let find = |name: &str| {
                root.descendants()
                    .find(|n| n.tag_name().name() == name)
                    .unwrap()
            };
            let role = find("IDPSSODescriptor");
            assert_eq!(
                role.attribute("WantAuthnRequestsSigned"),
                Some(signed.to_string().as_str())
            );
            let services: Vec<_> = root
                .descendants()
                .filter(|n| n.tag_name().name() == "SingleSignOnService")
                .map(|n| (n.attribute("Binding"), n.attribute("Location")))
                .collect();
            let at = |binding| (Some(binding), Some(SSO_URL));
            assert_eq!(
                services,
                [at(names::BINDING_REDIRECT), at(names::BINDING_POST)]
            );
            assert_eq!(
                find("X509Certificate").text().unwrap(),
                idp.certificate_base64()
            );
        }
    }

    #[test]
    fn a_location_that_xml_cannot_carry_is_refused() {
        let made = super::idp(&testkit::idp(), "https://id.example/\u{1}", false);
        assert_eq!(made, Err(EmitError::NotXml));
    }
}
