//! HTTP-Redirect binding, receiving side ([saml-bindings-2.0-os] 3.4): query string → message.

use flate2::{Decompress, FlushDecompress, Status};

use crate::crypto::SignatureAlgorithm;
use crate::error::Refusal;
use crate::form::{self, Parameters};
use crate::names;
use crate::request::{Message, Proof, QuerySignature, Received};
use crate::xml::MAX_XML;

const MAX_QUERY: usize = 16 * 1024;

/// Takes a login request out of a query string, which must come exactly as the browser sent it:
/// not decoded, without the `?`. Signatures are made over these octets.
///
/// # Errors
/// A [`Refusal`] when the query is ambiguous, too large or wrongly encoded, or the message is no
/// readable `AuthnRequest`. Nothing has been checked beyond that.
pub fn receive(raw_query: &str) -> Result<Received, Refusal> {
    if raw_query.len() > MAX_QUERY {
        return Err(Refusal::TooLarge("query"));
    }
    let parameters = Parameters::split(raw_query)?;
    let raw_request = parameters.request.ok_or(Refusal::MissingRequest)?;
    if let Some(raw) = parameters.encoding
        && form::decode_text(raw, "SAMLEncoding")? != names::ENCODING_DEFLATE
    {
        return Err(Refusal::Encoding("SAMLEncoding"));
    }
    let relay_state = parameters
        .relay_state
        .map(form::decode_relay_state)
        .transpose()?;
    let proof = parameters.signature(raw_request)?;
    let deflated = form::decode_base64(raw_request, "SAMLRequest")?;
    let xml = inflate(&deflated)?;
    let message = Message::read(&xml)?;
    Ok(Received::new(message, relay_state, proof))
}

impl Parameters<'_> {
    /// The signature and what it was made over: SAMLRequest, RelayState, SigAlg, in this order
    /// wherever they stand in the URL, with their values as received (3.4.4.1).
    fn signature(&self, raw_request: &str) -> Result<Proof, Refusal> {
        let (raw_algorithm, raw_signature) = match (self.algorithm, self.signature) {
            (None, None) => return Ok(Proof::None),
            (Some(algorithm), Some(signature)) => (algorithm, signature),
            (None, Some(_)) => return Err(Refusal::Invalid("SigAlg")),
            (Some(_), None) => return Err(Refusal::Invalid("Signature")),
        };
        let uri = form::decode_text(raw_algorithm, "SigAlg")?;
        let mut signed = format!("SAMLRequest={raw_request}");
        if let Some(raw) = self.relay_state {
            signed.push_str("&RelayState=");
            signed.push_str(raw);
        }
        signed.push_str("&SigAlg=");
        signed.push_str(raw_algorithm);
        Ok(Proof::Query(QuerySignature {
            algorithm: SignatureAlgorithm::by_uri(&uri).ok_or(Refusal::SignatureAlgorithm)?,
            value: form::decode_base64(raw_signature, "Signature")?,
            signed,
        }))
    }
}

/// Inflates exactly one raw stream, to at most [`MAX_XML`] octets of UTF-8.
fn inflate(deflated: &[u8]) -> Result<String, Refusal> {
    let mut xml = Vec::with_capacity(MAX_XML + 1);
    let mut inflater = Decompress::new(false);
    let status = inflater
        .decompress_vec(deflated, &mut xml, FlushDecompress::Finish)
        .map_err(|_| Refusal::Deflate)?;
    if xml.len() > MAX_XML {
        return Err(Refusal::TooLarge("inflated request"));
    }
    let consumed = usize::try_from(inflater.total_in()).ok();
    if status != Status::StreamEnd || consumed != Some(deflated.len()) {
        return Err(Refusal::Deflate);
    }
    String::from_utf8(xml).map_err(|_| Refusal::Xml)
}

#[cfg(test)]
#[path = "redirect_tests.rs"]
mod tests;
