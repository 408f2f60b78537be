//! Parameters of a query string or of a form's body, which travel alike
//! (`application/x-www-form-urlencoded`): found once, decoded strictly.

use base64ct::{Base64, Encoding};

use crate::error::Refusal;

/// The binding says 80 bytes; service providers put whole URLs in.
pub(crate) const MAX_RELAY_STATE: usize = 2048;

/// The parameters that mean something, each still percent-encoded.
#[derive(Default)]
pub(crate) struct Parameters<'a> {
    pub(crate) request: Option<&'a str>,
    pub(crate) response: Option<&'a str>,
    pub(crate) relay_state: Option<&'a str>,
    pub(crate) algorithm: Option<&'a str>,
    pub(crate) signature: Option<&'a str>,
    pub(crate) encoding: Option<&'a str>,
}

impl<'a> Parameters<'a> {
    /// Parameters with other names are skipped: they are never signed and never used.
    pub(crate) fn split(raw: &'a str) -> Result<Self, Refusal> {
        let mut found = Self::default();
        for pair in raw.split('&') {
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
}

/// Control characters are refused since an HTML form does not give them back unchanged.
pub(crate) fn decode_relay_state(raw: &str) -> Result<String, Refusal> {
    let text = decode_text(raw, "RelayState")?;
    if text.len() > MAX_RELAY_STATE {
        return Err(Refusal::TooLarge("RelayState"));
    }
    if text.chars().any(|c| c.is_ascii_control()) {
        return Err(Refusal::Encoding("RelayState"));
    }
    Ok(text)
}

pub(crate) fn decode_text(raw: &str, name: &'static str) -> Result<String, Refusal> {
    percent_decode(raw)
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or(Refusal::Encoding(name))
}

/// Strict base64: padded, canonical, no white space.
pub(crate) fn decode_base64(raw: &str, name: &'static str) -> Result<Vec<u8>, Refusal> {
    decode_plain(&decode_text(raw, name)?, name)
}

/// The same with line breaks, which belong to the base64 of mail (RFC 2045, 6.8) that a form has by HTTP-POST ([saml-bindings-2.0-os]
/// 3.5.4).
pub(crate) fn decode_base64_in_lines(raw: &str, name: &'static str) -> Result<Vec<u8>, Refusal> {
    let text = decode_text(raw, name)?;
    decode_plain(&text.replace(['\r', '\n'], ""), name)
}

fn decode_plain(text: &str, name: &'static str) -> Result<Vec<u8>, Refusal> {
    match Base64::decode_vec(text) {
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
