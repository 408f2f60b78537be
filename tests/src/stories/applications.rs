//! Applications of a story that ask by the service API, and check what they get.

use super::play::text;
use super::script::Step;
use crate::harness::{ADMIN, During, Result, Service, Trouble, World};
use countersign_protocol::receipt::Receipt;
use countersign_protocol::{Digest, Thumbprint};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How long an application waits for an answer, seconds.
const PATIENCE: u64 = 25;

/// An application with a key, and what it asked last.
struct Application {
    service: Service,
    asked: Value,
    /// How often it asked.
    asks: u64,
}

/// All of them, by name.
#[derive(Default)]
pub(super) struct Applications(BTreeMap<String, Application>);

impl Applications {
    /// The number that it shows, if it asks for one.
    pub(super) fn number(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.asked["number"].as_str()
    }

    /// The numbers of all of them.
    pub(super) fn numbers(&self) -> impl Iterator<Item = &str> {
        let asked = self.0.values();
        asked.filter_map(|application| application.asked["number"].as_str())
    }

    /// Gives the state of its request, or why it is refused.
    pub(super) fn step(&mut self, world: &World, name: &str, step: &Step) -> Result<String> {
        if !self.0.contains_key(name) {
            let service =
                Service::make(&world.server, &world.ca, name, &format!("Example {name}"))?;
            let made = Application {
                service,
                asked: Value::Null,
                asks: 0,
            };
            self.0.insert(name.to_owned(), made);
        }
        let application = self.0.get_mut(name).during("just made")?;
        match step.what.as_str() {
            "ask" => application.ask(step),
            "look" => application.look(),
            "take-back" => {
                let reply = application.service.cancel(&application.id()?)?;
                text(Some(&reply.body), "state")
            }
            other => Err(super::stage::unknown(other)),
        }
    }
}

impl Application {
    fn id(&self) -> Result<String> {
        text(Some(&self.asked), "id")
    }

    fn ask(&mut self, step: &Step) -> Result<String> {
        self.asks += 1;
        let kind = step.kind.as_deref();
        let mut call = json!({
            "request_id": format!("request-{}", self.asks),
            "account": ADMIN,
            "kind": kind.ok_or_else(|| Trouble::new("which kind of request"))?,
        });
        if !step.rows.is_empty() {
            let row = |[label, value]: &[String; 2]| json!({"label": label, "value": value});
            call["rows"] = step.rows.iter().map(row).collect();
            call["lang"] = json!("en");
        }
        let reply = self.service.ask(&call)?;
        match reply.status {
            201 => {
                self.asked = reply.body;
                text(Some(&self.asked), "state")
            }
            _ => text(Some(&reply.body), "code"),
        }
    }

    /// What is answered is believed by its receipt alone, checked by the root key that came with the key of the API.
    fn look(&self) -> Result<String> {
        let reply = self.service.look(&self.id()?, PATIENCE)?;
        let state = text(Some(&reply.body), "state")?;
        let receipt = match &reply.body["receipt"] {
            Value::Null => None,
            receipt => Some(Receipt::parse(receipt.to_string().as_bytes()).during("the receipt")?),
        };
        let root = Digest::parse(&self.service.root).during("the root's thumbprint")?;
        let checked = receipt.map(|receipt| receipt.check(&Thumbprint(root)));
        let checked = checked.transpose().during("the receipt's check")?;
        let approves = checked.as_ref().is_some_and(|found| found.is_approval());
        let asked = self.id()?;
        let about = checked.is_none_or(|found| found.challenge.txn.to_string() == asked);
        if approves != (state == "approved") || !about {
            return Err(Trouble::new(format!(
                "the receipt doesn't say `{state}` of what was asked"
            )));
        }
        Ok(state)
    }
}
