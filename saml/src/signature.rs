//! Enveloped XML signatures over elements that are written in canonical form (XML Signature 1.1,
//! as [saml-core-2.0-os] 5.4 narrows it): one reference to the element's own ID, RSA-SHA256.

use base64ct::{Base64, Encoding};

use crate::crypto;
use crate::error::EmitError;
use crate::idp::Idp;
use crate::names;
use crate::xml::{Ns, Writer};

/// Writes the element with identifier `id` and signs it.
///
/// `write` writes the element twice: first without a signature, which is what the enveloped
/// transform leaves to be digested; then with one, to be embedded right after the `Issuer`.
pub(crate) fn sign(
    idp: &Idp,
    id: &str,
    write: impl Fn(&mut Writer, Option<&str>),
) -> Result<String, EmitError> {
    let bare = Writer::document(|w| write(w, None))?;
    let digest = Base64::encode_string(&crypto::sha256(bare.as_bytes()));
    // Written alone, SignedInfo declares its namespace, as its canonical form does; inside the
    // Signature element it inherits it.
    let signed_info = Writer::document(|w| write_signed_info(w, id, &digest))?;
    let value = Base64::encode_string(&idp.key().sign(signed_info.as_bytes())?);
    let signature = Writer::document(|w| {
        w.element(Ns::Signature, "Signature", &[], |w| {
            write_signed_info(w, id, &digest);
            w.leaf(Ns::Signature, "SignatureValue", &[], &value);
            write_key_info(w, idp);
        });
    })?;
    Writer::document(|w| write(w, Some(&signature)))
}

/// `ds:KeyInfo` with the certificate.
pub(crate) fn write_key_info(w: &mut Writer, idp: &Idp) {
    w.element(Ns::Signature, "KeyInfo", &[], |w| {
        w.element(Ns::Signature, "X509Data", &[], |w| {
            w.leaf(
                Ns::Signature,
                "X509Certificate",
                &[],
                &idp.certificate_base64(),
            );
        });
    });
}

fn write_signed_info(w: &mut Writer, id: &str, digest: &str) {
    let method = |w: &mut Writer, local: &str, algorithm: &str| {
        w.leaf(Ns::Signature, local, &[("Algorithm", algorithm)], "");
    };
    w.element(Ns::Signature, "SignedInfo", &[], |w| {
        method(w, "CanonicalizationMethod", names::EXCLUSIVE_C14N);
        method(w, "SignatureMethod", names::RSA_SHA256);
        let uri = format!("#{id}");
        w.element(Ns::Signature, "Reference", &[("URI", &uri)], |w| {
            w.element(Ns::Signature, "Transforms", &[], |w| {
                method(w, "Transform", names::ENVELOPED);
                method(w, "Transform", names::EXCLUSIVE_C14N);
            });
            method(w, "DigestMethod", names::SHA256);
            w.leaf(Ns::Signature, "DigestValue", &[], digest);
        });
    });
}
