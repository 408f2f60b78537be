//! A phone comes with an invitation: keys, offer, registration, and the state it waits for.

use super::problem::{Answer, Problem, answer, answer_with_nonce, body};
use super::proof;
use crate::app::{App, Shared};
use crate::credential::{self, Pending, hash_of, sign_state};
use crate::error::Fault;
use crate::login;
use crate::mail::{self, Wish};
use crate::recovery;
use crate::signer::{Column, hidden};
use crate::store::credentials::{self, Credential};
use crate::store::invitations::{self, Invitation, Offer as OfferRow};
use crate::store::phones::{self, Details};
use crate::store::{Connection, Write, users};
use crate::txn::ask_for_new_phone;
use crate::wake::Topic;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{ConnectInfo, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::response::IntoResponse as _;
use countersign_protocol::agreement::{Agreement, Purpose, confirmation};
use countersign_protocol::call::{
    InvitationCall, OfferAnswer, OfferCall, RegistrationCall, StateAnswer, WAIT_CAP,
};
use countersign_protocol::crypto::AgreementSecret;
use countersign_protocol::jose::Signed;
use countersign_protocol::problem::Code;
use countersign_protocol::statement::{
    Key, Offer, Registration, Standing, State as StateStatement, StateReason, Via,
};
use countersign_protocol::text::Account;
use countersign_protocol::{Digest, Id, json, sas};
use countersign_texts::Lang;
use serde::Deserialize;
use std::net::SocketAddr;
use std::time::Duration;

/// How long a phone may wait for its digits to be typed, seconds.
const PENDING_LIFE: u64 = 600;

/// Offers of one invitation.
const OFFERS: i64 = 5;

/// `POST /cs/v1/invitations`: a person begins in the app. What comes of it stands in a letter, or nowhere.
pub(crate) async fn begin(
    State(app): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Answer {
    let lang = Lang::negotiate(
        request
            .headers()
            .get(ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default(),
    );
    let call: InvitationCall = body(request).await?;
    let (source, now) = (peer.ip(), app.now());
    if let Some(wait) = app.strangers.blocked(source, now) {
        return Err(Problem {
            retry_after: Some(wait),
            ..Code::SlowDown.into()
        });
    }
    app.strangers.count(source, now);
    let allowed = app.mail.as_ref().is_some_and(|mail| mail.begin_in_app);
    if let (true, Some(account)) = (allowed, login::account_of(call.account.as_str())) {
        mail::see_to(&app, account, lang, Wish::Begin);
    }
    Ok(StatusCode::ACCEPTED.into_response())
}

/// `POST /cs/v1/offers`.
pub(crate) async fn offer(
    State(app): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Answer {
    let call: OfferCall = body(request).await?;
    let mut tx = app.store.write().await?;
    let invitation = match find(&app, &mut tx, &call.token, peer).await? {
        Ok(invitation) => invitation,
        Err(refusal) => return Err(refused(&app, tx, refusal).await?),
    };
    let over = app.now() > invitation.expires as u64 || invitation.offers >= OFFERS;
    let refusal = match invitation.stage.as_str() {
        "open" if !over => None,
        "registered" if first_is_late(&app, &mut tx, &invitation).await? => {
            Some(Refusal::over(&invitation))
        }
        "registered" | "done" => Some(Refusal::used(&invitation)),
        _ => Some(Refusal::over(&invitation)),
    };
    if let Some(refusal) = refusal {
        return Err(refused(&app, tx, refusal).await?);
    }
    let offer = make_offer(&app, &mut tx, &invitation).await?;
    // By the root that this phone knows, if another one has followed it since.
    let root = crate::links::root_of(&app, &invitation)?.to_string();
    let newest = crate::store::keys::newest_by(&mut tx, &root)
        .await?
        .ok_or(Fault::Stored("keys"))?;
    tx.commit().await?;
    app.metrics.enrolment("offer");
    answer(
        StatusCode::OK,
        &OfferAnswer {
            keys: newest.statement,
            offer,
        },
    )
}

/// Why a token is not taken, as the audit has it.
struct Refusal {
    code: Code,
    invitation: String,
    why: &'static str,
}

impl Refusal {
    fn new(code: Code, invitation: &Invitation, why: &'static str) -> Self {
        let invitation = invitation.id.clone();
        Self {
            code,
            invitation,
            why,
        }
    }

    fn used(invitation: &Invitation) -> Self {
        Self::new(Code::Conflict, invitation, "token used again")
    }

    fn over(invitation: &Invitation) -> Self {
        Self::new(Code::Gone, invitation, "token over")
    }
}

/// Notes a refusal, with what time did to the invitation.
async fn refused(app: &App, mut tx: Write, refusal: Refusal) -> Result<Problem, Problem> {
    app.audit(&mut tx, "invitation", &refusal.invitation, refusal.why)
        .await?;
    tx.commit().await?;
    Ok(refusal.code.into())
}

/// The invitation of a token. Wrong ones are counted per source; once that is blocked, nothing is noted
/// either, so that guessing doesn't fill the audit.
async fn find(
    app: &App,
    db: &mut Connection,
    token: &str,
    peer: SocketAddr,
) -> Result<Result<Invitation, Refusal>, Problem> {
    let (source, now) = (peer.ip(), app.now());
    if let Some(wait) = app.wrong_tokens.blocked(source, now) {
        return Err(Problem {
            retry_after: Some(wait),
            ..Code::SlowDown.into()
        });
    }
    let mut found = invitations::by_token(db, &hidden(token)).await?;
    // A code that is not shown is no way in: it has 50 bits, a token 128.
    if Id::parse(token).is_none() && !app.config.file.invitation.typed_code {
        found = None;
    }
    if found.is_none() {
        app.wrong_tokens.count(source, now);
    }
    Ok(found.ok_or_else(|| Refusal {
        code: Code::NotFound,
        invitation: String::new(),
        why: "wrong token",
    }))
}

async fn make_offer(
    app: &App,
    db: &mut Connection,
    invitation: &Invitation,
) -> Result<String, Problem> {
    let user = users::by_id(db, &invitation.user)
        .await?
        .ok_or(Fault::Stored("user"))?;
    let (eid, ns) = (Id::make()?, Digest::make()?);
    let dh = AgreementSecret::make()?;
    let offer = app.signer.sign(Offer {
        iss: app.signer.origin.clone(),
        jti: eid,
        iat: app.now(),
        exp: (invitation.expires as u64).max(app.now() + 1),
        keys: app.signer.keys_n(),
        via: match invitation.via.as_str() {
            "admin" => Via::Admin,
            "phone" => Via::Phone,
            _ => Via::Browser,
        },
        rec: invitation.recovery.then_some(true),
        name: app.config.name.clone(),
        account: Account::parse(&user.account).map_err(Fault::from)?,
        dh: dh.public(),
        sas: sas::commitment(&eid, &ns),
        policy: app.policy.clone(),
    })?;
    let hash = offer.hash().to_string();
    let row = OfferRow {
        dh_wrapped: app
            .signer
            .wrap(Column::OfferDh, &hash, &dh.to_bytes()[..])?,
        hash,
        invitation: invitation.id.clone(),
        statement: offer.compact().to_owned(),
        ns: ns.to_string(),
    };
    invitations::insert_offer(db, &row).await?;
    Ok(row.statement)
}

/// `POST /cs/v1/registrations`.
pub(crate) async fn register(
    State(app): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Answer {
    let call: RegistrationCall = body(request).await?;
    let registration = Signed::<Registration>::verify_dev(&call.registration)?;
    if registration.aud != app.signer.origin {
        return Err(Code::BadStatement.into());
    }
    if !registration.proto.contains(&1) {
        return Err(Code::Proto.into());
    }
    check_uv(&registration, call.uv_proof.as_deref())?;

    let mut tx = app.store.write().await?;
    if let Some(same) =
        credentials::by_registration(&mut tx, &registration.hash().to_string()).await?
    {
        let first = credentials::first_state(&mut tx, &same.id)
            .await?
            .ok_or(Fault::Stored("state"))?;
        // The phone has no state yet: the first one, as it believes it now.
        let first = app.signer.renewed::<StateStatement>(first)?;
        return answer_with_nonce(&app, StatusCode::CREATED, &StateAnswer { state: first });
    }
    let invitation = match find(&app, &mut tx, &registration.token, peer).await? {
        Ok(invitation) => invitation,
        Err(refusal) => return Err(refused(&app, tx, refusal).await?),
    };
    let refusal = match invitation.stage.as_str() {
        "open" => None,
        "registered" if second_finisher(&app, &mut tx, &invitation).await? => {
            tx.commit().await?;
            app.wake.tell(Topic::Page(invitation.page_hash));
            return Err(Code::Conflict.into());
        }
        "done" => Some(Refusal::used(&invitation)),
        _ => Some(Refusal::over(&invitation)),
    };
    if let Some(refusal) = refusal {
        return Err(refused(&app, tx, refusal).await?);
    }
    let row = match admit(&app, &mut tx, &registration, &invitation).await? {
        Ok(row) => row,
        Err(refusal) => return Err(refused(&app, tx, refusal).await?),
    };
    let asked = match ask_phone(&app, &mut tx, &registration, &invitation, &row).await? {
        Ok(asked) => asked,
        Err(refusal) => {
            // What was made of the registration goes with the transaction.
            drop(tx);
            let tx = app.store.write().await?;
            return Err(refused(&app, tx, refusal).await?);
        }
    };
    tx.commit().await?;
    app.metrics.enrolment("registered");
    asked.into_iter().for_each(|topic| app.wake.tell(topic));
    app.wake.tell(Topic::Page(invitation.page_hash));
    answer_with_nonce(&app, StatusCode::CREATED, &StateAnswer { state: row.state })
}

/// K_uv comes with the proof that it is this phone's.
fn check_uv(registration: &Signed<Registration>, proof: Option<&str>) -> Result<(), Problem> {
    let (uv, proof) = match (registration.uv, proof) {
        (None, None) => return Ok(()),
        (Some(uv), Some(proof)) => (uv, proof),
        _ => return Err(Code::BadStatement.into()),
    };
    let says = Key {
        aud: registration.aud.clone(),
        ctx: registration.offer,
        dev: registration.dev.thumbprint(),
    };
    Signed::verify_uv(proof, &uv, &says)?;
    Ok(())
}

/// The phone that came by an invitation.
async fn first_of(db: &mut Connection, invitation: &Invitation) -> Result<Credential, Problem> {
    let first = invitation
        .credential
        .as_deref()
        .ok_or(Fault::Stored("invitation"))?;
    let first = credentials::by_id(db, first).await?;
    Ok(first.ok_or(Fault::Stored("credential"))?)
}

/// Whether its time to be confirmed is over, which ends the invitation with it.
async fn first_is_late(
    app: &App,
    db: &mut Connection,
    invitation: &Invitation,
) -> Result<bool, Problem> {
    let mut first = first_of(db, invitation).await?;
    Ok(credential::settle(app, db, &mut first).await?)
}

/// Somebody else finishes with the same invitation: nobody gets it. `false` when the first one's time
/// was over before.
async fn second_finisher(
    app: &App,
    db: &mut Connection,
    invitation: &Invitation,
) -> Result<bool, Problem> {
    let mut first = first_of(db, invitation).await?;
    if credential::settle(app, db, &mut first).await? {
        return Ok(false);
    }
    invitations::step(db, &invitation.id, "registered", "second_finisher").await?;
    crate::links::end_question(app, db, invitation).await?;
    let reason = Some(StateReason::SecondFinisher);
    credential::change(app, db, &mut first, Standing::Refused, reason).await?;
    app.metrics.enrolment("second_finisher");
    credential::told(app, &first);
    Ok(true)
}

/// Makes the pending credential.
async fn admit(
    app: &App,
    db: &mut Connection,
    registration: &Signed<Registration>,
    invitation: &Invitation,
) -> Result<Result<Credential, Refusal>, Problem> {
    let offer_row = invitations::offer(db, &registration.offer.to_string()).await?;
    let offer_row = offer_row.filter(|offer| offer.invitation == invitation.id);
    let Some(offer_row) = offer_row else {
        return Ok(Err(Refusal::over(invitation)));
    };
    let offer: Signed<Offer> = app.signer.ours(&offer_row.statement)?;
    let user = users::by_id(db, &invitation.user)
        .await?
        .ok_or(Fault::Stored("user"))?;
    let now = app.now();
    // What the phone agreed to must still be so.
    if now > offer.exp || offer.account.as_str() != user.account || offer.policy != app.policy {
        return Ok(Err(Refusal::over(invitation)));
    }
    if !credential::can_meet(
        &offer.policy,
        offer.policy.pin > 0,
        registration.uv.is_some(),
    ) {
        return Ok(Err(Refusal::new(
            Code::LevelRefused,
            invitation,
            "factors missing",
        )));
    }
    if offer.rec.is_some() != registration.rec.is_some() {
        return Err(Code::BadStatement.into());
    }
    let (dev, uv) = (
        registration.dev.thumbprint(),
        registration.uv.map(|uv| uv.thumbprint()),
    );
    for key in [Some(dev), uv].into_iter().flatten() {
        if credentials::by_key(db, &key.to_string()).await?.is_some() {
            let why = "key known already";
            return Ok(Err(Refusal::new(Code::Conflict, invitation, why)));
        }
    }

    if let Some(proof) = &registration.rec {
        let taken = recovery::take(app, db, &user.id, proof, &offer.hash(), &dev).await?;
        if !taken {
            let why = "wrong recovery code";
            return Ok(Err(Refusal::new(Code::Conflict, invitation, why)));
        }
    }

    let id = Id::make_to_type()?.to_string();
    let dh = app
        .signer
        .unwrap(Column::OfferDh, &offer_row.hash, &offer_row.dh_wrapped)?;
    let agreement = Agreement::new(
        &AgreementSecret::from_bytes(&dh),
        &registration.dh,
        &offer.hash(),
    )
    .map_err(|_| Code::BadStatement)?;
    let derive = |purpose| agreement.derive(purpose, &registration.hash());
    let pending = Pending {
        ns: hash_of(&offer_row.ns)?,
        kc: confirmation(&derive(Purpose::Conf), &registration.hash()),
        exp: now + PENDING_LIFE,
    };
    let mut row = Credential {
        user: user.id,
        account: user.account,
        registration: registration.compact().to_owned(),
        registration_hash: registration.hash().to_string(),
        offer_hash: offer_row.hash.clone(),
        dev: dev.to_string(),
        uv: uv.map(|uv| uv.to_string()),
        uv_renewed: None,
        device: registration.device.as_str().to_owned(),
        standing: "pending".to_owned(),
        reason: None,
        sn: 1,
        state: String::new(),
        policy: json::write(&offer.policy).map_err(Fault::from)?,
        pending_until: pending.exp as i64,
        wake: Id::make()?.to_string(),
        push_id: Id::make()?.to_string(),
        ctr: 0,
        heard: now as i64,
        dh_wrapped: app.signer.wrap(Column::CredentialDh, &id, &dh[..])?,
        push_wrapped: app
            .signer
            .wrap(Column::CredentialPush, &id, &derive(Purpose::Push)[..])?,
        off_wrapped: app
            .signer
            .wrap(Column::CredentialOff, &id, &derive(Purpose::Off)[..])?,
        pin_wrapped: match offer.policy.pin {
            0 => None,
            _ => {
                let k_pin = derive(Purpose::Pin);
                Some(app.signer.wrap(Column::CredentialPin, &id, &k_pin[..])?)
            }
        },
        created: now as i64,
        keys_told: app.signer.keys_n() as i64,
        probation: None,
        id,
    };
    row.state = sign_state(app, &row, Standing::Pending, None, Some(pending))?;
    credentials::insert(db, &row).await?;
    let details = Details {
        app: &json::write(&registration.app).map_err(Fault::from)?,
        device: &row.device,
        locale: &registration.locale,
        slow: false,
    };
    phones::set_details(db, &row.id, &details).await?;
    if let Some(address) = &registration.push {
        let kind = credential::word(&address.r#type)?;
        phones::set_address(db, &row.id, &kind, &address.token, now).await?;
    }
    invitations::take(db, &invitation.id, &row.id).await?;
    app.audit(db, "credential", &row.id, "pending").await?;
    Ok(Ok(row))
}

/// Where a phone of the ID began it, that phone is asked for the digits. Whom to tell.
async fn ask_phone(
    app: &App,
    db: &mut Connection,
    registration: &Signed<Registration>,
    invitation: &Invitation,
    row: &Credential,
) -> Result<Result<Option<Topic>, Refusal>, Problem> {
    let Some(begun_by) = &invitation.begun_by else {
        return Ok(Ok(None));
    };
    let offer = invitations::offer(db, &row.offer_hash).await?;
    let offer = offer.ok_or(Fault::Stored("offer"))?;
    let digits = sas::digits(
        &registration.offer,
        &registration.hash(),
        &hash_of(&offer.ns)?,
        &registration.np,
    );
    let Some((txn, topic)) = ask_for_new_phone(app, db, begun_by, row, digits).await? else {
        return Ok(Err(Refusal::over(invitation)));
    };
    invitations::set_txn(db, &invitation.id, &txn).await?;
    Ok(Ok(Some(topic)))
}

#[derive(Deserialize)]
pub(crate) struct StateQuery {
    sn: Option<u64>,
    wait: Option<u64>,
}

/// `GET /cs/v1/credentials/{id}?sn=&wait=`, in every standing.
pub(crate) async fn state(
    State(app): State<Shared>,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<StateQuery>, QueryRejection>,
    request: Request,
) -> Answer {
    let Path(id) = id.map_err(|_| Code::NotFound)?;
    let caller = proof::check(&app, request, None).await?;
    let Query(query) = query.map_err(|_| Code::BadRequest)?;
    if caller.id != id {
        return Err(Code::NotFound.into());
    }
    let longest = Duration::from_secs(query.wait.unwrap_or(0).min(WAIT_CAP));
    let mut listener = app.wake.listen(Topic::Credential(id.clone()), longest);
    loop {
        let row = credentials::by_id(&mut *app.store.read().await?, &id).await?;
        let row = row.ok_or(Code::NotFound)?;
        if query.sn != Some(row.sn as u64) || !listener.wait().await {
            let state = believed(&app, row).await?;
            return answer_with_nonce(&app, StatusCode::OK, &StateAnswer { state });
        }
    }
}

/// The newest state, signed by a key that phones with the newest keys believe: one by another key becomes
/// the next state that says the same. A first one stays: it lives for minutes.
async fn believed(app: &App, row: Credential) -> Result<String, Problem> {
    if row.standing == "pending" || app.signer.is_current::<StateStatement>(&row.state)? {
        return Ok(row.state);
    }
    let mut tx = app.store.write().await?;
    let mut row = credentials::by_id(&mut tx, &row.id)
        .await?
        .ok_or(Code::NotFound)?;
    // Another call may have been first.
    if !app.signer.is_current::<StateStatement>(&row.state)? {
        credential::sign_again(app, &mut tx, &mut row).await?;
    }
    tx.commit().await?;
    Ok(row.state)
}
