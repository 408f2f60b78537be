//! One line of an export.

use crate::crypto::PublicKey;
use crate::encoding::Id;
use crate::json::{self, Malformed};
use crate::origin::Origin;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest line that is read, bytes: three statements, and room for what is between them.
pub const LINE_CAP: usize = 64 * 1024;

/// The form that is written and read.
pub(super) const VERSION: u64 = 1;

/// The first line: whose history it is, and which part of it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    #[serde(rename = "cs1-history")]
    pub(super) version: u64,
    /// The server.
    pub origin: Origin,
    /// The credential.
    pub credential: Id,
    /// K_dev and each K_uv that a state named: P-256.
    pub jwks: Vec<PublicKey>,
    /// `ctr` of the first entry.
    pub from: u64,
    /// `ctr` of the last entry; one less than `from` where there is none.
    pub to: u64,
}

impl Header {
    /// For the entries from one `ctr` to another.
    pub fn new(
        origin: Origin,
        credential: Id,
        jwks: Vec<PublicKey>,
        (from, to): (u64, u64),
    ) -> Self {
        Self {
            version: VERSION,
            origin,
            credential,
            jwks,
            from,
            to,
        }
    }

    /// `ctr` begins at 1, and a phone's keys are P-256.
    fn is_sound(&self) -> bool {
        let of_phones = |key: &PublicKey| matches!(key, PublicKey::P256(..));
        self.from > 0 && !self.jwks.is_empty() && self.jwks.iter().all(of_phones)
    }

    /// Whether a first line is of a version that is not read here.
    pub(super) fn is_of_another_version(bytes: &[u8]) -> bool {
        bytes.len() <= LINE_CAP
            && json::parse::<Versioned>(bytes).is_ok_and(|it| it.version != VERSION)
    }
}

/// The version alone, whatever else a later one has.
#[derive(Deserialize)]
struct Versioned {
    #[serde(rename = "cs1-history")]
    version: u64,
}

/// A request, its answer, and what the server made of it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// `cs1-challenge`. Only a server's export may lack it, where the server knew it no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
    /// `cs1-response`. A challenge alone means that a code was shown for it, which proves nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// `cs1-verdict`, where it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
}

/// One line. It is read by [`Line::parse`] alone.
#[derive(Clone, Serialize)]
#[serde(untagged)]
pub enum Line {
    /// The first.
    Header(Header),
    /// `cs1-keys`, rising by `n`.
    Keys {
        /// The statement.
        keys: String,
    },
    /// `cs1-state`, rising by `sn`.
    State {
        /// The statement.
        state: String,
    },
    /// Rising by `ctr`.
    Entry(Entry),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    keys: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    state: String,
}

impl Line {
    /// Reads a line, without its LF. The statements in it are texts still.
    ///
    /// # Errors
    /// [`Malformed`]: it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > LINE_CAP {
            return Err(Malformed("too large"));
        }
        // What it is, by its members: an untagged reader would take a list for an object.
        let members: BTreeMap<String, IgnoredAny> = json::parse(bytes)?;
        let line = if members.contains_key("cs1-history") {
            Self::Header(json::parse(bytes)?)
        } else if members.contains_key("keys") {
            let Keys { keys } = json::parse(bytes)?;
            Self::Keys { keys }
        } else if members.contains_key("state") {
            let State { state } = json::parse(bytes)?;
            Self::State { state }
        } else {
            Self::Entry(json::parse(bytes)?)
        };
        match &line {
            Self::Header(header) if !header.is_sound() => Err(Malformed("header")),
            Self::Entry(entry) if entry.response.is_none() => {
                match (&entry.challenge, &entry.verdict) {
                    (Some(_), None) => Ok(line),
                    _ => Err(Malformed("members")),
                }
            }
            _ => Ok(line),
        }
    }

    /// As it is written, with its LF.
    ///
    /// # Errors
    /// [`Malformed`] never for what was verified; kept for the writer's sake.
    pub fn to_text(&self) -> Result<String, Malformed> {
        let mut text = json::write(self)?;
        text.push('\n');
        Ok(text)
    }
}
