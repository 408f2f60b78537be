//! Pages, the invitations that they make, and the offers made for those.

use super::{Connection, Result, hit};
use sqlx::{query, query_as, query_scalar};

#[derive(Clone, sqlx::FromRow)]
pub(crate) struct Page {
    pub(crate) token_hash: String,
    pub(crate) user: String,
    pub(crate) expires: i64,
    /// How many invitations this page has made.
    pub(crate) made: i64,
}

#[derive(Clone, sqlx::FromRow)]
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
}

#[derive(Clone, sqlx::FromRow)]
pub(crate) struct Offer {
    pub(crate) hash: String,
    pub(crate) invitation: String,
    pub(crate) statement: String,
    pub(crate) ns: String,
    pub(crate) dh_wrapped: Vec<u8>,
}

pub(crate) async fn insert_page(db: &mut Connection, page: &Page) -> Result<()> {
    query("INSERT INTO pages (token_hash, user, expires, made) VALUES (?, ?, ?, ?)")
        .bind(&page.token_hash)
        .bind(&page.user)
        .bind(page.expires)
        .bind(page.made)
        .execute(db)
        .await
        .map(drop)
}

/// A user has one page at a time.
pub(crate) async fn drop_pages_of(db: &mut Connection, user: &str) -> Result<()> {
    query("DELETE FROM pages WHERE user = ?")
        .bind(user)
        .execute(db)
        .await
        .map(drop)
}

pub(crate) async fn page(db: &mut Connection, hash: &str) -> Result<Option<Page>> {
    query_as("SELECT * FROM pages WHERE token_hash = ?")
        .bind(hash)
        .fetch_optional(db)
        .await
}

/// Counts an invitation of a page: the how-manieth it is, if there is such a page.
pub(crate) async fn count_made(db: &mut Connection, hash: &str) -> Result<Option<i64>> {
    query_scalar("UPDATE pages SET made = made + 1 WHERE token_hash = ? RETURNING made")
        .bind(hash)
        .fetch_optional(db)
        .await
}

pub(crate) async fn insert(db: &mut Connection, row: &Invitation) -> Result<()> {
    query(
        "INSERT INTO invitations (id, user, page_hash, browser_hash, token_hash, code_hash, number, expires, offers, tries, stage)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.user)
    .bind(&row.page_hash)
    .bind(&row.browser_hash)
    .bind(&row.token_hash)
    .bind(&row.code_hash)
    .bind(row.number)
    .bind(row.expires)
    .bind(row.offers)
    .bind(row.tries)
    .bind(&row.stage)
    .execute(db)
    .await
    .map(drop)
}

/// The newest one of a page.
pub(crate) async fn of_page(db: &mut Connection, page: &str) -> Result<Option<Invitation>> {
    query_as("SELECT * FROM invitations WHERE page_hash = ? ORDER BY number DESC LIMIT 1")
        .bind(page)
        .fetch_optional(db)
        .await
}

/// By the hash of its token or of its typed code.
pub(crate) async fn by_token(db: &mut Connection, hash: &str) -> Result<Option<Invitation>> {
    query_as("SELECT * FROM invitations WHERE token_hash = ? OR code_hash = ?")
        .bind(hash)
        .bind(hash)
        .fetch_optional(db)
        .await
}

pub(crate) async fn by_credential(
    db: &mut Connection,
    credential: &str,
) -> Result<Option<Invitation>> {
    query_as("SELECT * FROM invitations WHERE credential = ?")
        .bind(credential)
        .fetch_optional(db)
        .await
}

/// Those of a user that are not over.
pub(crate) async fn living_of(db: &mut Connection, user: &str) -> Result<Vec<Invitation>> {
    query_as("SELECT * FROM invitations WHERE user = ? AND stage IN ('open', 'registered')")
        .bind(user)
        .fetch_all(db)
        .await
}

/// Moves it to another stage; `false` when it had left `from`.
pub(crate) async fn step(db: &mut Connection, id: &str, from: &str, to: &str) -> Result<bool> {
    let done = query("UPDATE invitations SET stage = ? WHERE id = ? AND stage = ?")
        .bind(to)
        .bind(id)
        .bind(from)
        .execute(db)
        .await?;
    Ok(hit(&done))
}

/// The first registration takes it.
pub(crate) async fn take(db: &mut Connection, id: &str, credential: &str) -> Result<bool> {
    let done = query("UPDATE invitations SET stage = 'registered', credential = ? WHERE id = ? AND stage = 'open'")
        .bind(credential)
        .bind(id)
        .execute(db)
        .await?;
    Ok(hit(&done))
}

/// Counts a wrong typing of the digits; how many there were.
pub(crate) async fn count_try(db: &mut Connection, id: &str) -> Result<i64> {
    query_scalar("UPDATE invitations SET tries = tries + 1 WHERE id = ? RETURNING tries")
        .bind(id)
        .fetch_one(db)
        .await
}

pub(crate) async fn insert_offer(db: &mut Connection, offer: &Offer) -> Result<()> {
    query(
        "INSERT INTO offers (hash, invitation, statement, ns, dh_wrapped) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(&offer.hash)
    .bind(&offer.invitation)
    .bind(&offer.statement)
    .bind(&offer.ns)
    .bind(&offer.dh_wrapped)
    .execute(&mut *db)
    .await?;
    query("UPDATE invitations SET offers = offers + 1 WHERE id = ?")
        .bind(&offer.invitation)
        .execute(db)
        .await
        .map(drop)
}

pub(crate) async fn offer(db: &mut Connection, hash: &str) -> Result<Option<Offer>> {
    query_as("SELECT * FROM offers WHERE hash = ?")
        .bind(hash)
        .fetch_optional(db)
        .await
}
