//! Invitations, offers and first states that a phone must refuse, and then the enrolment that stays (protocol sections 4 and 5).

use super::forge::{flip, hash, make, members};
use super::kit::{Kit, Step};
use super::lab::ACCOUNT;
use super::line::{LIST, OFFERS, REGISTRATIONS, Trick};
use crate::signer::StartError;
use countersign_protocol::crypto::SigningKey;
use countersign_protocol::encoding::{decode, encode};
use serde_json::{Value, json};
use std::sync::Arc;

/// An invitation whose link names another root.
fn another_root(link: &str, root: &str) -> Option<String> {
    let (page, fragment) = link.split_once('#')?;
    let mut members: Value = serde_json::from_slice(&decode(fragment)?).ok()?;
    members["k"] = root.into();
    Some(format!("{page}#{}", encode(members.to_string().as_bytes())))
}

/// What a member of an answer, a statement, is changed into.
type Bend = Box<dyn FnOnce(&str) -> String + Send>;

/// Other members, signed by this key as they are.
fn signed(
    key: &Arc<SigningKey>,
    typ: &'static str,
    bend: impl FnOnce(&mut Value) + Send + 'static,
) -> Bend {
    let key = key.clone();
    Box::new(move |text| {
        let mut members = members(text);
        bend(&mut members);
        make(&key, typ, &members).unwrap_or_default()
    })
}

/// One member is another.
fn set(name: &'static str, value: Value) -> impl FnOnce(&mut Value) + Send + 'static {
    move |members| members[name] = value
}

impl Kit {
    /// A new invitation is answered so; no digits may come of it, and no registration where it is the offer that is bent.
    async fn refuses(
        &mut self,
        id: &str,
        path: &'static str,
        member: &'static str,
        bend: Bend,
    ) -> Step<()> {
        let link = self.lab.invite().await?;
        self.lab.line.change("POST", path, move |mut answer| {
            let text = answer[member].as_str().unwrap_or_default().to_owned();
            answer[member] = bend(&text).into();
            answer
        });
        self.not_taken(id, &link, path == OFFERS)
    }

    fn not_taken(&mut self, id: &str, link: &str, before: bool) -> Step<()> {
        let since = self.lab.line.count();
        let digits = self.enrol(link)?;
        let registered = self.lab.line.calls(since, "POST", REGISTRATIONS);
        let (times, registered) = (registered.len(), !registered.is_empty());
        // An answer that S did not sign is none: a phone may ask again at once, and then there is a good one.
        let again = id == "receipt.key" && times > 1;
        let came = if !self.lab.line.is_done() {
            "the phone did not ask"
        } else if before && registered {
            "the phone registered"
        } else if digits.is_some() && !again {
            "the phone shows digits"
        } else {
            "refused"
        };
        self.judge(id, came == "refused", came);
        Ok(())
    }

    /// What comes with an invitation.
    pub(super) async fn offers(&mut self) -> Step<()> {
        let link = self.lab.invite().await?;
        let other = self.lab.stranger.public().thumbprint().to_string();
        let link = another_root(&link, &other).ok_or_else(|| StartError::said("no link"))?;
        self.not_taken("invitation.root", &link, true)?;

        let (s, stranger) = (self.lab.s.clone(), self.lab.stranger.clone());
        let root = Arc::new(self.lab.root()?);
        let evil = json!("https://evil.example");
        let own = json!(stranger.public());
        let bend = signed(&stranger, "cs1-keys", set("root", own));
        self.refuses("keys.root", OFFERS, "keys", bend).await?;
        let bend = signed(&root, "cs1-keys", set("iss", evil.clone()));
        self.refuses("keys.iss", OFFERS, "keys", bend).await?;
        let later = self.lab.now() + 700;
        let late = move |offer: &mut Value| {
            offer["iat"] = json!(later);
            offer["exp"] = json!(later + 60);
        };
        let long = |offer: &mut Value| {
            let iat = offer["iat"].as_u64().unwrap_or_default();
            offer["exp"] = json!(iat + 601);
        };
        let pin = |offer: &mut Value| offer["policy"]["pin"] = json!(5);
        let misleading = json!("Conformance\u{202e}");
        for (id, bend) in [
            ("offer.key", signed(&stranger, "cs1-offer", |_| {})),
            ("offer.signature", Box::new(flip) as Bend),
            ("offer.typ", signed(&s, "cs1-state", |_| {})),
            ("offer.iss", signed(&s, "cs1-offer", set("iss", evil))),
            ("offer.late", signed(&s, "cs1-offer", late)),
            ("offer.life", signed(&s, "cs1-offer", long)),
            (
                "offer.extra",
                signed(&s, "cs1-offer", set("more", json!(1))),
            ),
            ("offer.policy", signed(&s, "cs1-offer", pin)),
            (
                "offer.name",
                signed(&s, "cs1-offer", set("name", misleading)),
            ),
        ] {
            self.refuses(id, OFFERS, "offer", bend).await?;
        }
        Ok(())
    }

    /// What a registration is answered with.
    pub(super) async fn first_states(&mut self) -> Step<()> {
        let (s, stranger) = (self.lab.s.clone(), self.lab.stranger.clone());
        let other = || json!(hash("another.value."));
        let weaker = |state: &mut Value| state["policy"]["match"] = json!(false);
        for (id, bend) in [
            ("receipt.key", signed(&stranger, "cs1-state", |_| {})),
            ("receipt.ns", signed(&s, "cs1-state", set("ns", other()))),
            ("receipt.kc", signed(&s, "cs1-state", set("kc", other()))),
            (
                "receipt.registration",
                signed(&s, "cs1-state", set("registration", other())),
            ),
            ("receipt.dev", signed(&s, "cs1-state", set("dev", other()))),
            (
                "receipt.account",
                signed(&s, "cs1-state", set("account", json!("ben@example.com"))),
            ),
            ("receipt.policy", signed(&s, "cs1-state", weaker)),
        ] {
            self.refuses(id, REGISTRATIONS, "state", bend).await?;
        }
        Ok(())
    }

    /// The enrolment that stays. The first answer to it is lost.
    pub(super) async fn stay(&mut self) -> Step<()> {
        let link = self.lab.invite().await?;
        let since = self.lab.line.count();
        self.lab.line.plan("POST", REGISTRATIONS, Trick::Lose);
        let digits = self.enrol(&link)?;
        let calls = self.lab.line.calls(since, "POST", REGISTRATIONS);
        let sent: Vec<String> = calls.iter().map(|call| call.sent("registration")).collect();
        let same = sent.len() > 1 && sent.iter().all(|text| *text == sent[0]);
        let said = format!("{} times", sent.len());
        self.judge("registration.repeat", same, said);
        let Some(digits) = digits else {
            self.judge("enrol.digits", false, "no digits");
            return Err(StartError::said("the phone shows no digits"));
        };
        let line = ["phone", "confirm", ACCOUNT, &digits];
        let confirmed = self.lab.command(&line).await;
        self.judge("enrol.digits", confirmed.is_ok(), "six digits");
        let credential = confirmed?["id"].as_str().unwrap_or_default().to_owned();
        self.lab.line.know(&credential);
        self.credential = credential;
        let shown = self.look()?;
        self.learned("enrol.active", since, "active")?;
        self.state = self.states(since).pop().unwrap_or_default();
        let listed = !self.lab.line.calls(since, "GET", LIST).is_empty();
        let said = format!("{shown} shown");
        self.judge("enrol.list", listed && shown == "0", said);
        Ok(())
    }
}
