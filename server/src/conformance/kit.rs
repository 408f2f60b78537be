//! What every check of a phone needs: the server of the run, whoever holds the phone, the report.

use super::forge;
use super::lab::Lab;
use super::line::{CREDENTIALS, Call, LIST, RESPONSES};
use super::person::{Errand, Person};
use super::report::Report;
use crate::signer::StartError;
use serde_json::{Map, Value, json};
use std::time::Instant;

/// The PIN that the person is asked to choose, and one that it is not.
pub(super) const PIN: &str = "294817";
pub(super) const OTHER_PIN: &str = "718492";

/// A little more than that, seconds.
const MINUTE: u64 = 61;

pub(super) type Step<T> = Result<T, StartError>;

pub(super) struct Kit {
    pub(super) lab: Lab,
    pub(super) person: Person,
    pub(super) report: Report,
    /// What a challenge to the phone that stays says: of the first good one.
    pub(super) template: Map<String, Value>,
    /// The state by which it became active.
    pub(super) state: Value,
    /// The phone that stays.
    pub(super) credential: String,
}

impl Kit {
    pub(super) fn judge(&mut self, id: &str, good: bool, came: impl Into<String>) {
        let came = came.into();
        self.report
            .judge(id, if good { Ok(came) } else { Err(came) });
    }

    /// The person does something with the phone.
    pub(super) fn act(
        &mut self,
        act: &'static str,
        say: String,
        with: &[(&'static str, &str)],
    ) -> Step<String> {
        let errand = Errand { act, say, with };
        // It takes as long as a person takes; the server goes on meanwhile.
        let done = tokio::task::block_in_place(|| self.person.act(&errand));
        done.map_err(|error| StartError::Said(format!("at the other side: {error}")))
    }

    /// The phone takes an invitation: the digits that it shows, nothing where it shows none.
    pub(super) fn enrol(&mut self, link: &str) -> Step<Option<String>> {
        let say = format!(
            "Take this invitation with a phone that has no ID of this server, or that refused it before; choose the PIN \
             {PIN}. If the phone says that something is unavailable, let it try again. Answer with the six digits that it \
             shows, or with `refused`.\n{link}"
        );
        let said = self.act("enrol", say, &[("link", link), ("pin", PIN)])?;
        let digits = said.len() == 6 && said.bytes().all(|byte| byte.is_ascii_digit());
        Ok(digits.then_some(said))
    }

    /// The phone asks its server; how many requests it shows that wait for an answer.
    pub(super) fn look(&mut self) -> Step<String> {
        let say = "Let the phone ask its server, and again until it has nothing new. Answer with how many requests wait for an answer.";
        self.act("look", say.to_owned(), &[])
    }

    /// The person approves the one request that waits.
    pub(super) fn approve(&mut self, number: &str, pin: &str) -> Step<()> {
        let say = format!(
            "Approve the request that waits, with the number {number} and the PIN {pin}, whether the phone can send it or not. \
             Answer with an empty line."
        );
        let with = [("number", number), ("pin", pin)];
        self.act("approve", say, &with).map(drop)
    }

    pub(super) fn deny(&mut self) -> Step<()> {
        let say = "Deny the request that waits. Answer with an empty line.";
        self.act("deny", say.to_owned(), &[]).map(drop)
    }

    /// What waits is sent.
    pub(super) fn deliver(&mut self) -> Step<()> {
        let say = "Let the phone send the answers that it has not got rid of, now. Answer with an empty line.";
        self.act("deliver", say.to_owned(), &[]).map(drop)
    }

    /// A phone asks for newer keys once a minute at most. One whose clock can be put forward needs no minute for that; the
    /// server's clock goes with it.
    pub(super) fn wait_a_minute(&mut self) -> Step<()> {
        let began = Instant::now();
        let seconds = MINUTE.to_string();
        let say = format!("Wait {seconds} seconds, then answer with an empty line.");
        self.act("wait", say, &[("seconds", &seconds)])?;
        let waited = began.elapsed().as_secs();
        self.lab.pass(MINUTE.saturating_sub(waited));
        Ok(())
    }

    /// An application asks, and the phone shows it: the number to type. Otherwise the check fails and the run ends.
    pub(super) async fn asked(&mut self, id: &str) -> Step<String> {
        let number = self.lab.ask().await?;
        let shown = self.look()?;
        if shown == "1" {
            return Ok(number);
        }
        self.judge(
            id,
            false,
            format!("{shown} shown instead of a good request"),
        );
        Err(StartError::said("the phone does not show a good request"))
    }

    /// What the server said to the newest answer of the phone: a verdict's code, or the status.
    pub(super) fn newest_verdict(&self, since: usize) -> String {
        let calls = self.lab.line.calls(since, "POST", RESPONSES);
        match calls.last() {
            None => "nothing was sent".to_owned(),
            Some(call) if call.status == 200 => {
                let verdict = forge::members(&call.said("verdict"));
                verdict["code"].as_str().unwrap_or_default().to_owned()
            }
            Some(call) => call.status.to_string(),
        }
    }

    /// A request is asked and denied: the phone is alive.
    pub(super) async fn is_alive(&mut self, id: &str) -> Step<()> {
        let since = self.lab.line.count();
        self.asked(id).await?;
        self.deny()?;
        let code = self.newest_verdict(since);
        self.judge(id, code == "ok", code);
        Ok(())
    }

    /// A challenge that is right in every member, made by the script; to be bent.
    pub(super) fn challenge(&self) -> Value {
        let mut challenge = self.template.clone();
        let now = self.lab.now();
        for (name, value) in [
            ("jti", json!(self.lab.id())),
            ("txn", json!(self.lab.id())),
            ("iat", json!(now)),
            ("exp", json!(now + 120)),
        ] {
            challenge.insert(name.to_owned(), value);
        }
        challenge.into()
    }

    /// Puts statements beside what the phone's next list has.
    pub(super) fn list(&self, challenges: Vec<String>, others: Vec<String>, sn: u64) {
        self.lab.line.change("GET", LIST, move |mut list| {
            for (name, more) in [("challenges", challenges), ("others", others)] {
                if let Some(listed) = list[name].as_array_mut() {
                    listed.extend(more.into_iter().map(Value::from));
                }
            }
            if let Some(had) = list["sn"].as_u64() {
                list["sn"] = json!(had + sn);
            }
            list
        });
    }

    /// How many requests the phone shows after its next list had this beside the rest. The phone must neither fail to ask nor
    /// answer by itself: then it is said in place of the number.
    pub(super) fn shown_with(
        &mut self,
        challenges: Vec<String>,
        others: Vec<String>,
    ) -> Step<String> {
        let since = self.lab.line.count();
        self.list(challenges, others, 0);
        let shown = self.look()?;
        if !self.lab.line.is_done() {
            return Ok("the phone did not ask for its list".to_owned());
        }
        if !self.lab.line.calls(since, "POST", RESPONSES).is_empty() {
            return Ok("the phone answered".to_owned());
        }
        Ok(shown)
    }

    /// What is listed must not be shown.
    pub(super) fn not_shown(&mut self, id: &str, challenge: String) -> Step<()> {
        let shown = self.shown_with(vec![challenge], Vec::new())?;
        let came = match shown.as_str() {
            "0" => "not shown".to_owned(),
            other if other.bytes().all(|byte| byte.is_ascii_digit()) => format!("{other} shown"),
            other => other.to_owned(),
        };
        self.judge(id, shown == "0", came);
        // One that is shown would be in the way of all others.
        if shown.bytes().all(|byte| byte.is_ascii_digit()) && shown != "0" {
            self.deny()?;
        }
        Ok(())
    }

    /// The states that the phone was given since.
    pub(super) fn states(&self, since: usize) -> Vec<Value> {
        let calls = self.lab.line.calls(since, "GET", CREDENTIALS).into_iter();
        let good = calls.filter(|call: &Call| call.status == 200);
        good.map(|call| forge::members(&call.said("state")))
            .collect()
    }

    /// What the phone says of its ID.
    pub(super) fn standing(&mut self) -> Step<String> {
        let say = "How does the phone say that the ID stands? Answer with `pending`, `active`, `suspended`, `revoked` or `refused`.";
        self.act("standing", say.to_owned(), &[])
    }

    /// The phone was given a state like this one since, and has taken it.
    pub(super) fn learned(&mut self, id: &str, since: usize, standing: &str) -> Step<()> {
        let states = self.states(since);
        let given = states.iter().any(|state| state["state"] == standing);
        let said = self.standing()?;
        let came = if given {
            said.clone()
        } else {
            format!(
                "{said}; {} states were fetched, none of them {standing}",
                states.len()
            )
        };
        self.judge(id, given && said == standing, came);
        Ok(())
    }
}
