//! What happened, in order; a chain of digests shows a missing or altered entry.

use super::sqlite::{Row, Values};
use super::{Connection, Result};
use countersign_protocol::Digest;

/// All of it but its digest; the last member is the digest of the entry before.
type Entry<'a> = (i64, i64, &'a str, &'a str, &'a str, &'a str);

pub(crate) struct Stored {
    pub(crate) n: i64,
    pub(crate) at: i64,
    pub(crate) event: String,
    pub(crate) subject: String,
    pub(crate) result: String,
    digest: String,
}

/// What a check comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chain {
    /// Every entry is there to this one, with its digest.
    Whole { n: i64, digest: String },
    /// The first one that doesn't fit.
    Broken(i64),
    /// The entry that was noted isn't there.
    Cut(i64),
    /// The entry that was noted is another.
    Another(i64),
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

/// The newest entries, oldest first: of all, or of one subject.
pub(crate) async fn newest(
    db: &mut Connection,
    count: u32,
    subject: Option<&str>,
) -> Result<Vec<Stored>> {
    let mut entries: Vec<Stored> = match subject {
        None => db.all(
            "SELECT n, at, event, subject, result, digest FROM audit ORDER BY n DESC LIMIT ?",
            [i64::from(count)],
        )?,
        Some(subject) => db.all(
            "SELECT n, at, event, subject, result, digest FROM audit WHERE subject = ? ORDER BY n DESC LIMIT ?",
            (subject, i64::from(count)),
        )?,
    };
    entries.reverse();
    Ok(entries)
}

/// Follows the chain from its beginning. `noted` is the number and digest of an entry, as somebody wrote them down.
pub(crate) async fn check(db: &mut Connection, noted: Option<(i64, String)>) -> Result<Chain> {
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
            return Ok(Chain::Broken(expected));
        }
        previous = digest;
    }
    if let Some((n, digest)) = noted {
        let at = n.checked_sub(1).and_then(|at| usize::try_from(at).ok());
        match at.and_then(|at| entries.get(at)) {
            None => return Ok(Chain::Cut(n)),
            Some(entry) if entry.digest != digest => return Ok(Chain::Another(n)),
            Some(_) => {}
        }
    }
    let digest = previous.to_owned();
    let n = entries.len() as i64;
    Ok(Chain::Whole { n, digest })
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
