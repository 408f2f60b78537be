//! HTTP-POST binding, receiving side ([saml-bindings-2.0-os] 3.5): form body → message.

use crate::error::Refusal;
use crate::form::{self, Parameters};
use crate::request::{Message, Proof, Received};
use crate::xml::MAX_XML;

/// The largest body, octets.
pub const MAX_BODY: usize = 64 * 1024;
// So the message needs no limit of its own: base64 makes 4 octets of 3.
const _: () = assert!(MAX_BODY / 4 * 3 <= MAX_XML);

/// Takes a login request out of the body of a form (`application/x-www-form-urlencoded`), which
/// must come exactly as the browser sent it.
///
/// Signed requests are received and then refused by [`Received::accept`], whoever sent them: a
/// signature that nobody checks must not look like one that was.
///
/// # Errors
/// A [`Refusal`] when the body is ambiguous, too large or wrongly encoded, or the message is no
/// readable `AuthnRequest`. Nothing has been checked beyond that.
pub fn receive(body: &str) -> Result<Received, Refusal> {
    if body.len() > MAX_BODY {
        return Err(Refusal::TooLarge("body"));
    }
    let parameters = Parameters::split(body)?;
    let raw_request = parameters.request.ok_or(Refusal::MissingRequest)?;
    let relay_state = parameters
        .relay_state
        .map(form::decode_relay_state)
        .transpose()?;
    let octets = form::decode_base64_in_lines(raw_request, "SAMLRequest")?;
    let xml = String::from_utf8(octets).map_err(|_| Refusal::Xml)?;
    let message = Message::read(&xml)?;
    // The parameters of a redirect's signature mean nothing here, but somebody meant to sign.
    let by_parameters = parameters.signature.is_some() || parameters.algorithm.is_some();
    let proof = if by_parameters || message.has_signature() {
        Proof::Posted
    } else {
        Proof::None
    };
    Ok(Received::new(message, relay_state, proof))
}

#[cfg(test)]
#[path = "post_tests.rs"]
mod tests;
