//! The phone is asked. A name that is unknown, or has no phone, is treated like any other: a
//! challenge is made and signed for nobody, and the page looks the same (row 33 of the bad inputs).

use super::app_of;
use crate::app::App;
use crate::credential::{hash_of, id_of, policy_of};
use crate::error::Fault;
use crate::store::apps::App as AppRow;
use crate::store::challenges::{self, ChallengeRow};
use crate::store::credentials::{self, Credential};
use crate::store::logins::{self, Login, Waiting};
use crate::store::users::{self, User};
use crate::store::{Connection, sessions};
use crate::wake::Topic;
use crate::web::{Trouble, Visitor, browser_phrase, hash};
use countersign_protocol::crypto::make_random;
use countersign_protocol::policy::Policy;
use countersign_protocol::statement::{Challenge, Context, Kind, Mode, Service, Zone, set_of};
use countersign_protocol::text::{Account, Name};
use countersign_protocol::{Id, Origin, Thumbprint};
use countersign_saml::AcsUrl;
use std::sync::Arc;

/// The name as it is looked up: trimmed, lower case, fit to be shown.
pub(crate) fn typed(text: &str) -> Option<String> {
    // Lower case first: it can be longer, and compose where capitals don't.
    let account = Account::clean(&text.to_lowercase()).ok()?;
    let account = account.as_str().trim();
    (!account.is_empty()).then(|| account.to_owned())
}

/// Asks all phones of an account and makes the login wait, if it still stands where `login` says. Other
/// waiting logins of this browser, and this one's former request, are over.
pub(super) async fn ask_phone(
    app: &App,
    visitor: &Visitor,
    login: &Login,
    account: &str,
) -> Result<(), Trouble> {
    let row = app_of(app, login).await?;
    let mut tx = app.store.write().await?;
    // Decided, cancelled or asked again since it was looked at: whoever was first wins.
    let now = logins::by_id(&mut tx, &login.id).await?;
    if !now.is_some_and(|now| now.stage == login.stage && now.txn == login.txn) {
        return Ok(());
    }
    let mut told = replace_others(app, &mut tx, login).await?;

    let user = users::by_account(&mut tx, account).await?;
    let (phones, all_suspended) = match &user {
        Some(user) => phones_of(&mut tx, user).await?,
        None => (Vec::new(), false),
    };
    if all_suspended {
        if logins::step(&mut tx, &login.id, &login.stage, "paused").await? {
            app.audit(&mut tx, "login", &login.id, "paused").await?;
        }
        tx.commit().await?;
        return Ok(());
    }

    let asked = Asked::make(app, visitor, &mut tx, &row, user.as_ref(), account, &phones).await?;
    for statement in &asked.rows {
        challenges::insert(&mut tx, statement).await?;
        told.push(Topic::Credential(statement.credential.clone()));
    }
    let waiting = Waiting {
        account,
        user: user.as_ref().map(|user| user.id.as_str()),
        txn: &asked.txn,
        number: Some(asked.number.as_str()).filter(|number| !number.is_empty()),
        begun: app.now(),
        until: asked.until,
    };
    logins::wait(&mut tx, &login.id, &waiting).await?;
    app.audit(&mut tx, "login", &login.id, "phone asked")
        .await?;
    tx.commit().await?;
    app.metrics.login("asked");
    told.into_iter().for_each(|topic| app.wake.tell(topic));
    Ok(())
}

async fn replace_others(
    app: &App,
    db: &mut Connection,
    login: &Login,
) -> Result<Vec<Topic>, Trouble> {
    let mut told = Vec::new();
    for other in logins::waiting_of_session(db, &login.session_hash, &login.id).await? {
        logins::step(db, &other.id, "waiting", "replaced").await?;
        challenges::end_txn(db, other.txn.as_deref().unwrap_or_default(), "cancelled").await?;
        app.audit(db, "login", &other.id, "replaced").await?;
        told.push(Topic::Login(other.id));
    }
    if let Some(txn) = &login.txn {
        challenges::end_txn(db, txn, "cancelled").await?;
    }
    Ok(told)
}

/// The active phones, and whether all that there are rest.
async fn phones_of(db: &mut Connection, user: &User) -> Result<(Vec<Credential>, bool), Trouble> {
    let known = credentials::of_user(db, &user.id, &["active", "suspended"]).await?;
    let any = !known.is_empty();
    let active: Vec<_> = known
        .into_iter()
        .filter(|row| row.standing == "active")
        .collect();
    let all_suspended = any && active.is_empty();
    Ok((active, all_suspended))
}

/// The statements of one request.
struct Asked {
    txn: String,
    /// Empty where none is typed.
    number: String,
    until: u64,
    rows: Vec<ChallengeRow>,
}

impl Asked {
    async fn make(
        app: &App,
        visitor: &Visitor,
        db: &mut Connection,
        row: &AppRow,
        user: Option<&User>,
        account: &str,
        phones: &[Credential],
    ) -> Result<Self, Trouble> {
        let all = match user {
            Some(user) => credentials::of_user(db, &user.id, &["active", "suspended"]).await?,
            None => Vec::new(),
        };
        let thumbprints: Result<Vec<_>, Fault> = all
            .iter()
            .map(|row| Ok(Thumbprint(hash_of(&row.dev)?)))
            .collect();
        let thumbprints = thumbprints?;
        let known = match (user, &visitor.browser) {
            (Some(user), Some(browser)) => sessions::is_known(db, &hash(browser), &user.id).await?,
            _ => false,
        };
        let request = Request {
            txn: Id::make()?,
            service: service(row)?,
            context: Context {
                browser: Name::parse(&browser_phrase(&visitor.agent)).map_err(Fault::from)?,
                known,
                place: None,
                ip: Some(visitor.address.to_string()),
                zone: Zone::Outside,
            },
            set: set_of(&thumbprints),
            phones: thumbprints.len().max(1) as u64,
            account: Account::parse(account).map_err(Fault::from)?,
        };
        let mut policies = Vec::with_capacity(phones.len());
        for phone in phones {
            policies.push(policy_of(phone)?);
        }
        if policies.is_empty() {
            policies.push(app.config.policy());
        }
        // If one phone needs it, all are asked.
        let number = if policies.iter().any(|policy| policy.r#match) {
            make_number()?
        } else {
            String::new()
        };
        let mut rows = Vec::with_capacity(phones.len().max(1));
        for (at, policy) in policies.iter().enumerate() {
            // Of nobody, for a name without a phone.
            let credential = match phones.get(at) {
                Some(phone) => id_of(&phone.id)?,
                None => Id::make()?,
            };
            rows.push(request.sign(app, &number, credential, policy)?);
        }
        let until = rows
            .iter()
            .map(|row| row.expires as u64)
            .max()
            .unwrap_or_else(|| app.now());
        Ok(Self {
            txn: request.txn.to_string(),
            number,
            until,
            rows,
        })
    }
}

/// What the statements for all phones have in common.
struct Request {
    txn: Id,
    service: Service,
    context: Context,
    set: countersign_protocol::Digest,
    phones: u64,
    account: Account,
}

impl Request {
    fn sign(
        &self,
        app: &App,
        number: &str,
        credential: Id,
        policy: &Policy,
    ) -> Result<ChallengeRow, Trouble> {
        let now = app.now();
        let challenge = app.signer.sign(Challenge {
            iss: app.signer.origin.clone(),
            aud: credential,
            jti: Id::make()?,
            txn: self.txn,
            iat: now,
            exp: now + app.config.file.challenge.life.min(policy.max_life),
            keys: app.signer.keys_n(),
            policy: policy.n,
            kind: Kind::Login,
            mode: Mode::Remote,
            service: self.service.clone(),
            account: self.account.clone(),
            lang: None,
            rows: None,
            context: Some(self.context.clone()),
            r#match: number.len() as u64,
            factors: policy.min.clone(),
            input: None,
            set: self.set,
            phones: self.phones,
            replaces: None,
        })?;
        let row = ChallengeRow {
            seq: 0,
            jti: challenge.jti.to_string(),
            hash: challenge.hash().to_string(),
            txn: self.txn.to_string(),
            credential: credential.to_string(),
            statement: challenge.compact().to_owned(),
            number: number.to_owned(),
            expires: challenge.exp as i64,
            stage: "open".to_owned(),
        };
        app.challenges.keep(&row.statement, Arc::new(challenge));
        Ok(row)
    }
}

/// Who asks, as the phone shows it: the host is that of the registered address.
pub(crate) fn service(row: &AppRow) -> Result<Service, Fault> {
    const STORED: Fault = Fault::Stored("application");
    let acs = row
        .acs
        .as_deref()
        .and_then(|acs| AcsUrl::new(acs).ok())
        .ok_or(STORED)?;
    let host = host_of(acs.origin()).ok_or(STORED)?;
    Ok(Service {
        id: row.id.clone(),
        name: Name::parse(&row.name)?,
        host,
    })
}

/// `host[:port]` of an http or https origin, in the form of an origin of the protocol.
pub(crate) fn host_of(origin: &str) -> Option<String> {
    let (_, authority) = origin.split_once("://")?;
    let plain = authority.to_ascii_lowercase();
    let plain = plain.strip_suffix(":443").unwrap_or(&plain);
    Origin::parse(&format!("https://{plain}"))
        .ok()
        .map(|origin| origin.host().to_owned())
}

/// Two digits, each number equally likely.
fn make_number() -> Result<String, Trouble> {
    loop {
        let [byte] = make_random::<1>()?;
        if byte < 200 {
            return Ok(format!("{:02}", byte % 100));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_however_it_is_typed() {
        assert_eq!(
            typed("  Anna@Example.COM\u{200b} ").unwrap(),
            "anna@example.com"
        );
        assert_eq!(typed("\u{feff} anna \u{200b}").unwrap(), "anna");
        assert_eq!(typed(" \n\u{202e}"), None);
    }

    #[test]
    fn a_name_is_fit_to_be_shown_in_lower_case_too() {
        for odd in ["J\u{30c}", "H\u{331}t\u{308}", &"\u{130}".repeat(254)] {
            assert!(Account::parse(&typed(odd).unwrap()).is_ok(), "{odd}");
        }
    }

    #[test]
    fn the_host_is_the_one_of_the_registered_address() {
        assert_eq!(
            host_of("https://Wiki.Example.com:443").unwrap(),
            "wiki.example.com"
        );
        assert_eq!(host_of("http://127.0.0.1:8081").unwrap(), "127.0.0.1:8081");
        assert_eq!(host_of("https://[::1]"), None);
    }
}
