//! A push (protocol section 9): it wakes, and may bring a sealed text for a locked screen.
//!
//! In: a payload as it came, K_push, the time. Out: which ID and perhaps which request it names; words that anybody who sees the phone
//! may read. Never: anything that a decision rests on.

use crate::crypto::{self, Secret, Unspecified};
use crate::encoding::{Id, decode, encode};
use crate::json::{self, Malformed};
use crate::text::Value;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The largest payload, bytes.
pub const CAP: usize = 2048;

const VERSION: u64 = 1;

/// Bytes of a nonce and of a tag of AES-256-GCM.
const NONCE: usize = 12;
const TAG: usize = 16;

/// What a push says. Nothing of it is believed: it names what to ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    v: u64,
    /// The ID, by the handle that its newest state gave it (`push_id`).
    pub h: Id,
    /// The request. None: something else is new, ask for the list. All zero: the push was asked for as a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c: Option<Id>,
    /// The sealed text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub t: Option<String>,
}

impl Payload {
    /// A push for this ID, about this request.
    pub fn new(h: Id, c: Option<Id>, t: Option<String>) -> Self {
        Self {
            v: VERSION,
            h,
            c,
            t,
        }
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`Malformed`] for anything else, and for one of another version.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > CAP {
            return Err(Malformed("too large"));
        }
        let payload: Self = json::parse(bytes)?;
        if payload.v == VERSION {
            Ok(payload)
        } else {
            Err(Malformed("another version"))
        }
    }
}

/// Words for a locked screen.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockText {
    /// The request that they are about: the payload's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c: Option<Id>,
    /// Until when they may be shown, seconds since 1970.
    pub exp: u64,
    /// The words, in the language of the phone's `locale`. No number is in them.
    pub text: Value,
}

/// They are about a person.
impl fmt::Debug for LockText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockText")
    }
}

/// Why there are no words to show: the app's own are shown in their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoText {
    /// The push brings none.
    #[error("the push brings no text")]
    None,
    /// Not a compact JWE (RFC 7516 section 7.1) with a key that both sides know.
    #[error("not a compact JWE")]
    NotCompact,
    /// Another header than the one that there is.
    #[error("another header")]
    Header,
    /// Not sealed under this key, or changed.
    #[error("the seal does not fit")]
    Sealed,
    /// What was sealed isn't a text.
    #[error("{0}")]
    Malformed(Malformed),
    /// The text is about another request than the push.
    #[error("the text of another request")]
    Another,
    /// Its time is over.
    #[error("over")]
    Over,
}

impl NoText {
    /// A stable name, as the vectors have it.
    pub fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::NotCompact => "not_compact",
            Self::Header => "header",
            Self::Sealed => "sealed",
            Self::Malformed(malformed) => malformed.code(),
            Self::Another => "another",
            Self::Over => "over",
        }
    }
}

/// Exactly these members.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    enc: String,
    typ: String,
}

impl Header {
    fn only() -> Self {
        Self {
            alg: "dir".to_owned(),
            enc: "A256GCM".to_owned(),
            typ: "cs1-text+jwe".to_owned(),
        }
    }
}

/// Seals words for the phone that has this K_push: the payload's `t`.
///
/// # Errors
/// [`Unspecified`] when the system has no randomness.
pub fn seal_text(k_push: &Secret, text: &LockText) -> Result<String, Unspecified> {
    let header = json::write(&Header::only()).map_err(|_| Unspecified)?;
    let header = encode(header.as_bytes());
    let text = json::write(text).map_err(|_| Unspecified)?;
    let sealed = crypto::seal(k_push, header.as_bytes(), text.as_bytes())?;
    let (nonce, body) = sealed.split_at(NONCE);
    let (text, tag) = body.split_at(body.len() - TAG);
    let [nonce, text, tag] = [nonce, text, tag].map(encode);
    Ok(format!("{header}..{nonce}.{text}.{tag}"))
}

/// The words that a push brings for a locked screen. `now`, in seconds since 1970, may be the phone's own time: they decide nothing.
///
/// # Errors
/// [`NoText`]: the app's own words are shown in their place.
pub fn open_text(k_push: &Secret, payload: &Payload, now: u64) -> Result<LockText, NoText> {
    let jwe = payload.t.as_deref().ok_or(NoText::None)?;
    let parts: Vec<&str> = jwe.split('.').collect();
    // No key travels: the second part is empty.
    let [header, "", nonce, text, tag] = parts[..] else {
        return Err(NoText::NotCompact);
    };
    let said = decode(header).ok_or(NoText::NotCompact)?;
    let said: Header = json::parse(&said).map_err(|_| NoText::Header)?;
    if said != Header::only() {
        return Err(NoText::Header);
    }
    let sealed = sealed(nonce, text, tag).ok_or(NoText::NotCompact)?;
    let opened = crypto::open(k_push, header.as_bytes(), &sealed);
    let opened = opened.map_err(|_| NoText::Sealed)?;
    let opened: LockText = json::parse(&opened).map_err(NoText::Malformed)?;
    if opened.c != payload.c {
        return Err(NoText::Another);
    }
    if now > opened.exp {
        return Err(NoText::Over);
    }
    Ok(opened)
}

/// `nonce ‖ ciphertext ‖ tag`, each of its length.
fn sealed(nonce: &str, text: &str, tag: &str) -> Option<Vec<u8>> {
    let (nonce, text, tag) = (decode(nonce)?, decode(text)?, decode(tag)?);
    let fits = nonce.len() == NONCE && tag.len() == TAG;
    fits.then(|| [nonce, text, tag].concat())
}

#[cfg(test)]
#[path = "push_tests.rs"]
mod tests;
