//! What happened, in order; a chain of digests shows a missing or altered entry.

use super::sqlite::{Row, Values};
use super::{Connection, Result};
use countersign_protocol::Digest;

/// All of it but its digest; the last member is the digest of the entry before.
type Entry<'a> = (i64, i64, &'a str, &'a str, &'a str, &'a str);

struct Stored {
    n: i64,
    at: i64,
    event: String,
    subject: String,
    result: String,
    digest: String,
}

impl Row for Stored {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            n: values.next()?,
            at: values.next()?,
            event: values.next()?,
            subject: values.next()?,
            result: values.next()?,
            digest: values.next()?,
        })
    }
}

/// Adds an entry. `subject` is an id, `result` a code: no names, no addresses.
pub(crate) async fn append(
    db: &mut Connection,
    now: u64,
    event: &str,
    subject: &str,
    result: &str,
) -> Result<()> {
    let last: Option<(i64, String)> =
        db.one("SELECT n, digest FROM audit ORDER BY n DESC LIMIT 1", [])?;
    let (n, previous) = last.map_or((1, String::new()), |(n, digest)| (n + 1, digest));
    let at = now as i64;
    let digest = digest_of(&(n, at, event, subject, result, &previous));
    db.run(
        "INSERT INTO audit (n, at, event, subject, result, digest) VALUES (?, ?, ?, ?, ?, ?)",
        (n, at, event, subject, result, digest),
    )
    .map(drop)
}

/// How many entries there are, or the number of the first one that doesn't fit the chain.
pub(crate) async fn check(db: &mut Connection) -> Result<std::result::Result<i64, i64>> {
    let entries: Vec<Stored> = db.all(
        "SELECT n, at, event, subject, result, digest FROM audit ORDER BY n",
        [],
    )?;
    let mut previous = "";
    for (expected, entry) in (1..).zip(&entries) {
        let Stored {
            n,
            at,
            event,
            subject,
            result,
            digest,
        } = entry;
        if *n != expected || *digest != digest_of(&(*n, *at, event, subject, result, previous)) {
            return Ok(Err(expected));
        }
        previous = digest;
    }
    Ok(Ok(entries.len() as i64))
}

/// Lengths keep members apart.
fn digest_of((n, at, event, subject, result, previous): &Entry<'_>) -> String {
    let mut bytes = [n.to_be_bytes(), at.to_be_bytes()].concat();
    for text in [event, subject, result, previous] {
        bytes.extend((text.len() as u64).to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    Digest::of(&[b"cs1 audit\0", &bytes]).to_string()
}
