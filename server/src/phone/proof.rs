//! Who calls: the `Countersign-Proof` header, checked (protocol section 10).

use super::problem::{Problem, bytes};
use crate::app::App;
use crate::credential::{id_of, keys_of, settle};
use crate::store::credentials::{self, Credential};
use axum::extract::Request;
use axum::http::request::Parts;
use countersign_protocol::jose::Signed;
use countersign_protocol::problem::Code;
use countersign_protocol::statement::{PROOF_HEADER, Proof};
use countersign_protocol::{Digest, Origin};

/// Checks the proof of a call that has no body; the credential that made it, in whatever standing it is.
/// `extra_nonce` is the id that `GET /challenges/{id}` may use.
pub(crate) async fn check(
    app: &App,
    request: Request,
    extra_nonce: Option<&str>,
) -> Result<Credential, Problem> {
    let (parts, _) = request.into_parts();
    let (credential, _) = check_parts(app, &parts, b"", extra_nonce).await?;
    Ok(credential)
}

/// The same of a call with a body, which is read first: the proof covers it.
pub(crate) async fn check_with_body(
    app: &App,
    request: Request,
) -> Result<(Credential, Signed<Proof>, Vec<u8>), Problem> {
    let (parts, body) = request.into_parts();
    let body = bytes(Request::from_parts(parts.clone(), body)).await?;
    let (credential, proof) = check_parts(app, &parts, &body, None).await?;
    Ok((credential, proof, body))
}

async fn check_parts(
    app: &App,
    parts: &Parts,
    body: &[u8],
    extra_nonce: Option<&str>,
) -> Result<(Credential, Signed<Proof>), Problem> {
    let Parts {
        method,
        uri,
        headers,
        ..
    } = parts;
    let bad = || Problem {
        nonce: Some(app.signer.nonce(app.now())),
        ..Code::BadProof.into()
    };
    let mut sent = headers.get_all(PROOF_HEADER).iter();
    let (Some(text), None) = (sent.next(), sent.next()) else {
        return Err(bad());
    };
    let text = text.to_str().map_err(|_| bad())?;
    let kid = Signed::<Proof>::named_key(text).map_err(|_| bad())?;

    let mut db = app.store.read().await?;
    let credential = credentials::by_key(&mut db, &kid.to_string())
        .await?
        .ok_or_else(bad)?;
    drop(db);
    let keys = keys_of(app, &credential)?;
    let proof = Signed::<Proof>::verify(text, &[keys.dev]).map_err(|_| bad())?;

    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    // Which of our addresses was called, only the caller knows: `Host` is anybody's word.
    let at_ours = |origin: &Origin| proof.htu.strip_prefix(origin.as_str()) == Some(path);
    let fits = proof.aud == app.signer.origin
        && proof.sub == id_of(&credential.id)?
        && proof.htm == method.as_str()
        && app.config.origins().any(at_ours)
        && proof.bh == Digest::of(&[body]);
    if !fits {
        return Err(bad());
    }
    let fresh = |nonce: &String| {
        extra_nonce == Some(nonce.as_str()) || app.signer.is_fresh(nonce, app.now())
    };
    if !proof.nonce.as_ref().is_some_and(fresh) {
        return Err(Problem {
            code: Code::NonceRequired,
            ..bad()
        });
    }
    Ok((settled(app, credential).await?, proof))
}

/// Pending and ended credentials read their state and nothing else.
pub(super) fn usable(caller: &Credential) -> Result<(), Problem> {
    match caller.standing.as_str() {
        "active" | "suspended" => Ok(()),
        _ => Err(Code::NotActive.into()),
    }
}

/// A pending credential may have died since; everybody who looks sees it.
async fn settled(app: &App, mut credential: Credential) -> Result<Credential, Problem> {
    if credential.standing == "pending" && app.now() > credential.pending_until as u64 {
        let mut tx = app.store.write().await?;
        if let Some(mut row) = credentials::by_id(&mut tx, &credential.id).await? {
            settle(app, &mut tx, &mut row).await?;
            credential = row;
        }
        tx.commit().await?;
        crate::credential::told(app, &credential);
    }
    Ok(credential)
}
