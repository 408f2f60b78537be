//! What is almost a statement: taken apart, changed, and put together again, signed or not.

use crate::harness::{During, Result, Trouble};
use countersign_protocol::Signed;
use countersign_protocol::crypto::SigningKey;
use countersign_protocol::encoding::{decode, encode};
use countersign_protocol::jose::{Draft, Statement};

/// Signs as hardware does: the key sees the message and nothing else.
pub(super) fn sign<T: Statement>(body: T, key: &SigningKey) -> Result<Signed<T>> {
    let draft = Draft::new(body, key.public()).during("a statement")?;
    let signature = key.sign(draft.message()).during("signing")?;
    draft.finish(&signature).during("signing")
}

/// Header and payload, as text.
pub(super) fn open(compact: &str) -> Result<(String, String)> {
    let part = |at: usize| {
        let part = compact.split('.').nth(at).and_then(decode);
        let text = part.and_then(|bytes| String::from_utf8(bytes).ok());
        text.during("taking a statement of our own apart")
    };
    Ok((part(0)?, part(1)?))
}

/// Whatever it says, signed.
pub(super) fn forge(key: &SigningKey, header: &str, payload: &str) -> Result<String> {
    countersign_server::conformance::forge(key, header, payload).during("signing")
}

/// The first `from` of a text becomes `to`; it has to be there.
pub(super) fn swap(text: &str, (from, to): (&str, &str)) -> Result<String> {
    if text.contains(from) {
        Ok(text.replacen(from, to, 1))
    } else {
        Err(Trouble::new(format!(
            "no `{from}` in a statement of our own"
        )))
    }
}

/// One bit of the signature is another one.
pub(super) fn flip(compact: &str) -> Result<String> {
    let (signed, signature) = compact.rsplit_once('.').during("no signature")?;
    let mut bytes = decode(signature).during("no signature")?;
    bytes[20] ^= 1;
    Ok(format!("{signed}.{}", encode(&bytes)))
}

/// What somebody makes of a statement of theirs that must be refused as none: the check's name behind the dot, and the characters.
pub(super) fn siblings(compact: &str, key: &SigningKey) -> Result<Vec<(&'static str, String)>> {
    let (header, payload) = open(compact)?;
    let forged = |from_header: (&str, &str), from_payload: (&str, &str)| {
        let (header, payload) = (swap(&header, from_header)?, swap(&payload, from_payload)?);
        forge(key, &header, &payload)
    };
    let keep = ("{", "{");
    let (unsigned, signature) = compact.rsplit_once('.').during("no signature")?;
    Ok(vec![
        ("signature", flip(compact)?),
        ("unsigned", format!("{unsigned}.")),
        ("none", forged(("\"ES256\"", "\"none\""), keep)?),
        ("alg", forged(("\"ES256\"", "\"HS256\""), keep)?),
        ("header", forged(("{", "{\"crit\":[\"b64\"],"), keep)?),
        ("typ", forged(("\"typ\":\"cs1-", "\"typ\":\"cs2-"), keep)?),
        ("extra", forged(keep, ("{", "{\"more\":1,"))?),
        (
            "duplicate",
            forged(keep, ("{", "{\"jti\":\"AAAAAAAAAAAAAAAAAAAAAA\","))?,
        ),
        ("null", forged(keep, ("{", "{\"rec\":null,"))?),
        ("trailing", forge(key, &header, &format!("{payload} x"))?),
        ("two", format!("{compact}.{signature}")),
        ("padding", format!("{compact}=")),
    ])
}
