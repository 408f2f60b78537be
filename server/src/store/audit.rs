//! What happened, in order; a chain of digests shows a missing or altered entry.

use super::{Connection, Result};
use countersign_protocol::Digest;
use sqlx::{query, query_as};

type Entry = (i64, i64, String, String, String, String);

/// Adds an entry. `subject` is an id, `result` a code: no names, no addresses.
pub(crate) async fn append(
    db: &mut Connection,
    now: u64,
    event: &str,
    subject: &str,
    result: &str,
) -> Result<()> {
    let last: Option<(i64, String)> =
        query_as("SELECT n, digest FROM audit ORDER BY n DESC LIMIT 1")
            .fetch_optional(&mut *db)
            .await?;
    let (n, previous) = last.map_or((1, String::new()), |(n, digest)| (n + 1, digest));
    let digest = digest_of(&(
        n,
        now as i64,
        event.into(),
        subject.into(),
        result.into(),
        previous,
    ));
    query("INSERT INTO audit (n, at, event, subject, result, digest) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(n)
        .bind(now as i64)
        .bind(event)
        .bind(subject)
        .bind(result)
        .bind(digest)
        .execute(db)
        .await
        .map(drop)
}

/// How many entries there are, or the number of the first one that doesn't fit the chain.
pub(crate) async fn check(db: &mut Connection) -> Result<std::result::Result<i64, i64>> {
    let entries: Vec<Entry> =
        query_as("SELECT n, at, event, subject, result, digest FROM audit ORDER BY n")
            .fetch_all(db)
            .await?;
    let mut previous = String::new();
    for (expected, (n, at, event, subject, result, digest)) in (1..).zip(entries.iter().cloned()) {
        if n != expected || digest != digest_of(&(n, at, event, subject, result, previous)) {
            return Ok(Err(expected));
        }
        previous = digest;
    }
    Ok(Ok(entries.len() as i64))
}

/// The last member is the digest of the entry before. Lengths keep members apart.
fn digest_of((n, at, event, subject, result, previous): &Entry) -> String {
    let mut parts = vec![n.to_be_bytes().to_vec(), at.to_be_bytes().to_vec()];
    for text in [event, subject, result, previous] {
        parts.push((text.len() as u64).to_be_bytes().to_vec());
        parts.push(text.clone().into_bytes());
    }
    Digest::of(&[b"cs1 audit\0", &parts.concat()]).to_string()
}
