//! Pages, the invitations that they make, and the offers made for those.

use super::sqlite::{Row, Values};
use super::{Connection, Error, Result};

#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) token_hash: String,
    pub(crate) user: String,
    pub(crate) expires: i64,
    /// How many invitations this page has made.
    pub(crate) made: i64,
    /// Whether they ask for a recovery code.
    pub(crate) recovery: bool,
}

#[derive(Clone)]
pub(crate) struct Invitation {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) page_hash: String,
    pub(crate) browser_hash: String,
    pub(crate) token_hash: String,
    pub(crate) code_hash: String,
    /// The how-manieth of its page: the token is derived from it.
    pub(crate) number: i64,
    pub(crate) expires: i64,
    pub(crate) offers: i64,
    pub(crate) tries: i64,
    pub(crate) stage: String,
    pub(crate) credential: Option<String>,
    /// Thumbprint of the root key that it names.
    pub(crate) root: String,
    /// Where its digits are typed: `browser`, `admin` or `phone`.
    pub(crate) via: String,
    /// The credential whose phone it is.
    pub(crate) begun_by: Option<String>,
    /// What that phone is asked, once the new one has come.
    pub(crate) txn: Option<String>,
    /// Whether a recovery code is asked for.
    pub(crate) recovery: bool,
}

#[derive(Clone)]
pub(crate) struct Offer {
    pub(crate) hash: String,
    pub(crate) invitation: String,
    pub(crate) statement: String,
    pub(crate) ns: String,
    pub(crate) dh_wrapped: Vec<u8>,
}

impl Row for Page {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            token_hash: values.next()?,
            user: values.next()?,
            expires: values.next()?,
            made: values.next()?,
            recovery: values.next()?,
        })
    }
}

impl Row for Invitation {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            id: values.next()?,
            user: values.next()?,
            page_hash: values.next()?,
            browser_hash: values.next()?,
            token_hash: values.next()?,
            code_hash: values.next()?,
            number: values.next()?,
            expires: values.next()?,
            offers: values.next()?,
            tries: values.next()?,
            stage: values.next()?,
            credential: values.next()?,
            root: values.next()?,
            via: values.next()?,
            begun_by: values.next()?,
            txn: values.next()?,
            recovery: values.next()?,
        })
    }
}

impl Row for Offer {
    fn read(values: &mut Values<'_>) -> Result<Self> {
        Ok(Self {
            hash: values.next()?,
            invitation: values.next()?,
            statement: values.next()?,
            ns: values.next()?,
            dh_wrapped: values.next()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, user, page_hash, browser_hash, token_hash, code_hash,
                number, expires, offers, tries, stage, credential, root, via, begun_by, txn, recovery
             FROM invitations ",
            $rest
        )
    };
}

pub(crate) async fn insert_page(db: &mut Connection, page: &Page) -> Result<()> {
    db.run(
        "INSERT INTO pages (token_hash, user, expires, made, recovery) VALUES (?, ?, ?, ?, ?)",
        (
            &page.token_hash,
            &page.user,
            page.expires,
            page.made,
            page.recovery,
        ),
    )
    .map(drop)
}

/// A user has one page at a time.
pub(crate) async fn drop_pages_of(db: &mut Connection, user: &str) -> Result<()> {
    db.run("DELETE FROM pages WHERE user = ?", [user]).map(drop)
}

pub(crate) async fn page(db: &mut Connection, hash: &str) -> Result<Option<Page>> {
    db.one(
        "SELECT token_hash, user, expires, made, recovery FROM pages WHERE token_hash = ?",
        [hash],
    )
}

/// Counts an invitation of a page: the how-manieth it is, if there is such a page.
pub(crate) async fn count_made(db: &mut Connection, hash: &str) -> Result<Option<i64>> {
    db.one(
        "UPDATE pages SET made = made + 1 WHERE token_hash = ? RETURNING made",
        [hash],
    )
}

pub(crate) async fn insert(db: &mut Connection, row: &Invitation) -> Result<()> {
    let values = (
        &row.id,
        &row.user,
        &row.page_hash,
        &row.browser_hash,
        &row.token_hash,
        &row.code_hash,
        row.number,
        row.expires,
        row.offers,
        row.tries,
        &row.stage,
        &row.root,
        &row.via,
        &row.begun_by,
        row.recovery,
    );
    db.run(
        "INSERT INTO invitations (id, user, page_hash, browser_hash, token_hash, code_hash, number, expires, offers, tries, stage, root, via, begun_by, recovery)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    .map(drop)
}

/// The newest one of a page.
pub(crate) async fn of_page(db: &mut Connection, page: &str) -> Result<Option<Invitation>> {
    db.one(
        select!("WHERE page_hash = ? ORDER BY number DESC LIMIT 1"),
        [page],
    )
}

/// By the hash of its token or of its typed code.
pub(crate) async fn by_token(db: &mut Connection, hash: &str) -> Result<Option<Invitation>> {
    db.one(select!("WHERE token_hash = ?1 OR code_hash = ?1"), [hash])
}

pub(crate) async fn by_credential(
    db: &mut Connection,
    credential: &str,
) -> Result<Option<Invitation>> {
    db.one(select!("WHERE credential = ?"), [credential])
}

/// Those of a user that are not over.
pub(crate) async fn living_of(db: &mut Connection, user: &str) -> Result<Vec<Invitation>> {
    db.all(
        select!("WHERE user = ? AND stage IN ('open', 'registered')"),
        [user],
    )
}

/// Those that a phone began and that are not over.
pub(crate) async fn living_by(db: &mut Connection, credential: &str) -> Result<Vec<Invitation>> {
    db.all(
        select!("WHERE begun_by = ? AND stage IN ('open', 'registered')"),
        [credential],
    )
}

/// What its phone is asked.
pub(crate) async fn set_txn(db: &mut Connection, id: &str, txn: &str) -> Result<()> {
    db.run("UPDATE invitations SET txn = ? WHERE id = ?", [txn, id])
        .map(drop)
}

/// Moves it to another stage; `false` when it had left `from`.
pub(crate) async fn step(db: &mut Connection, id: &str, from: &str, to: &str) -> Result<bool> {
    let touched = db.run(
        "UPDATE invitations SET stage = ? WHERE id = ? AND stage = ?",
        [to, id, from],
    )?;
    Ok(touched > 0)
}

/// The first registration takes it.
pub(crate) async fn take(db: &mut Connection, id: &str, credential: &str) -> Result<bool> {
    let touched = db.run(
        "UPDATE invitations SET stage = 'registered', credential = ? WHERE id = ? AND stage = 'open'",
        [credential, id],
    )?;
    Ok(touched > 0)
}

/// Counts a wrong typing of the digits; how many there were.
pub(crate) async fn count_try(db: &mut Connection, id: &str) -> Result<i64> {
    let tries = db.one(
        "UPDATE invitations SET tries = tries + 1 WHERE id = ? RETURNING tries",
        [id],
    )?;
    tries.ok_or(Error::Missing)
}

pub(crate) async fn insert_offer(db: &mut Connection, offer: &Offer) -> Result<()> {
    let values = (
        &offer.hash,
        &offer.invitation,
        &offer.statement,
        &offer.ns,
        &offer.dh_wrapped,
    );
    db.run(
        "INSERT INTO offers (hash, invitation, statement, ns, dh_wrapped) VALUES (?, ?, ?, ?, ?)",
        values,
    )?;
    db.run(
        "UPDATE invitations SET offers = offers + 1 WHERE id = ?",
        [&offer.invitation],
    )
    .map(drop)
}

pub(crate) async fn offer(db: &mut Connection, hash: &str) -> Result<Option<Offer>> {
    db.one(
        "SELECT hash, invitation, statement, ns, dh_wrapped FROM offers WHERE hash = ?",
        [hash],
    )
}

/// Hash and statement of the offers that can still be taken.
pub(crate) async fn open_offers(db: &mut Connection) -> Result<Vec<(String, String)>> {
    db.all(
        "SELECT hash, offers.statement FROM offers JOIN invitations ON invitations.id = invitation WHERE stage = 'open'",
        [],
    )
}

pub(crate) async fn drop_offer(db: &mut Connection, hash: &str) -> Result<()> {
    db.run("DELETE FROM offers WHERE hash = ?", [hash])
        .map(drop)
}
