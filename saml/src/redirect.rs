//! HTTP-Redirect binding, receiving side ([saml-bindings-2.0-os] 3.4): query string → message.

use base64ct::{Base64, Encoding};
use flate2::{Decompress, FlushDecompress, Status};

use crate::crypto::SignatureAlgorithm;
use crate::error::Refusal;
use crate::names;
use crate::request::{Message, QuerySignature, Received};

const MAX_QUERY: usize = 16 * 1024;
const MAX_XML: usize = 64 * 1024;
/// The binding says 80 bytes; service providers put whole URLs in.
const MAX_RELAY_STATE: usize = 2048;

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
        && decode_text(raw, "SAMLEncoding")? != names::ENCODING_DEFLATE
    {
        return Err(Refusal::Encoding("SAMLEncoding"));
    }
    let relay_state = parameters.relay_state.map(decode_relay_state).transpose()?;
    let signature = parameters.signature(raw_request)?;
    let deflated = decode_base64(raw_request, "SAMLRequest")?;
    let xml = inflate(&deflated)?;
    let message = Message::read(&xml)?;
    Ok(Received::new(message, relay_state, signature))
}

/// The parameters that mean something, each still percent-encoded.
#[derive(Default)]
struct Parameters<'a> {
    request: Option<&'a str>,
    response: Option<&'a str>,
    relay_state: Option<&'a str>,
    algorithm: Option<&'a str>,
    signature: Option<&'a str>,
    encoding: Option<&'a str>,
}

impl<'a> Parameters<'a> {
    /// Parameters with other names are skipped: they are never signed and never used.
    fn split(raw_query: &'a str) -> Result<Self, Refusal> {
        let mut found = Self::default();
        for pair in raw_query.split('&') {
            let (raw_name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(decoded) = percent_decode(raw_name) else {
                continue;
            };
            let (name, slot) = match decoded.as_slice() {
                b"SAMLRequest" => ("SAMLRequest", &mut found.request),
                b"SAMLResponse" => ("SAMLResponse", &mut found.response),
                b"RelayState" => ("RelayState", &mut found.relay_state),
                b"SigAlg" => ("SigAlg", &mut found.algorithm),
                b"Signature" => ("Signature", &mut found.signature),
                b"SAMLEncoding" => ("SAMLEncoding", &mut found.encoding),
                _ => continue,
            };
            // An escaped name would be the same parameter to one reader and another to the next.
            if raw_name != name {
                return Err(Refusal::Encoding(name));
            }
            if slot.replace(value).is_some() {
                return Err(Refusal::Duplicate(name));
            }
        }
        if found.request.is_some() && found.response.is_some() {
            return Err(Refusal::RequestAndResponse);
        }
        Ok(found)
    }

    /// The signature and what it was made over: SAMLRequest, RelayState, SigAlg, in this order
    /// wherever they stand in the URL, with their values as received (3.4.4.1).
    fn signature(&self, raw_request: &str) -> Result<Option<QuerySignature>, Refusal> {
        let (raw_algorithm, raw_signature) = match (self.algorithm, self.signature) {
            (None, None) => return Ok(None),
            (Some(algorithm), Some(signature)) => (algorithm, signature),
            (None, Some(_)) => return Err(Refusal::Invalid("SigAlg")),
            (Some(_), None) => return Err(Refusal::Invalid("Signature")),
        };
        let uri = decode_text(raw_algorithm, "SigAlg")?;
        let mut signed = format!("SAMLRequest={raw_request}");
        if let Some(raw) = self.relay_state {
            signed.push_str("&RelayState=");
            signed.push_str(raw);
        }
        signed.push_str("&SigAlg=");
        signed.push_str(raw_algorithm);
        Ok(Some(QuerySignature {
            algorithm: SignatureAlgorithm::by_uri(&uri).ok_or(Refusal::SignatureAlgorithm)?,
            value: decode_base64(raw_signature, "Signature")?,
            signed,
        }))
    }
}

/// Control characters are refused since an HTML form does not give them back unchanged.
fn decode_relay_state(raw: &str) -> Result<String, Refusal> {
    let text = decode_text(raw, "RelayState")?;
    if text.len() > MAX_RELAY_STATE {
        return Err(Refusal::TooLarge("RelayState"));
    }
    if text.chars().any(|c| c.is_ascii_control()) {
        return Err(Refusal::Encoding("RelayState"));
    }
    Ok(text)
}

fn decode_text(raw: &str, name: &'static str) -> Result<String, Refusal> {
    percent_decode(raw)
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or(Refusal::Encoding(name))
}

/// Strict base64: padded, canonical, no white space.
fn decode_base64(raw: &str, name: &'static str) -> Result<Vec<u8>, Refusal> {
    let text = decode_text(raw, name)?;
    match Base64::decode_vec(&text) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(Refusal::Encoding(name)),
    }
}

/// Decodes a form value: `+` is a space, `%XX` an octet in either case. `None`: a broken escape.
fn percent_decode(raw: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    Some(out)
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
