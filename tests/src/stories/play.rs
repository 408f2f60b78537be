//! Plays a story: the phones are somebody's, and so may be the stage.

use super::ours::Ours;
use super::script::{Step, Story, Who};
use super::stage::{Stage, unknown};
use super::theirs::Theirs;
use crate::harness::{Outcome, Phone, Result, Running, Trouble, World};
use serde_json::Value;
use std::collections::BTreeMap;

/// Makes the phone of this name.
pub type MakePhone<'a> = &'a dyn Fn(&World, &str) -> Result<Phone>;

/// Plays a story to its end with our server; gives its transcript, a line for each step.
///
/// # Errors
/// The step that gave something else than it should, or could not be done.
pub fn play(story: &Story, make: MakePhone<'_>) -> Result<Vec<String>> {
    run(story, &mut Ours::of(&story.server, make)?)
}

/// The same with our phones at somebody else's server, which was made ready for this story.
///
/// # Errors
/// As above.
pub fn play_at(story: &Story, stage: &mut Theirs) -> Result<Vec<String>> {
    run(story, stage)
}

struct Player<'a> {
    stage: &'a mut dyn Stage,
    phones: BTreeMap<String, Phone>,
    /// Where the last verdict led.
    back: Option<String>,
}

fn run(story: &Story, stage: &mut dyn Stage) -> Result<Vec<String>> {
    let mut player = Player {
        stage,
        phones: BTreeMap::new(),
        back: None,
    };
    let mut transcript = Vec::new();
    for (at, step) in (1..).zip(&story.steps) {
        let what = &step.what;
        let gave = player
            .step(step)
            .map_err(|trouble| Trouble::new(format!("step {at}, {what}: {trouble}")))?;
        let is_same = |wanted: &String| player.stage.is_same(&step.who, wanted, &gave);
        if let Some(wanted) = step.gives.as_ref().filter(|wanted| !is_same(wanted)) {
            return Err(Trouble::new(format!(
                "step {at}, {what}: gave `{gave}`, not `{wanted}`\n{}",
                transcript.join("\n")
            )));
        }
        transcript.push(format!("{} {what}: {gave}", step.who.name()));
    }
    Ok(transcript)
}

impl Player<'_> {
    fn step(&mut self, step: &Step) -> Result<String> {
        let ok = |()| "ok".to_owned();
        match &step.who {
            Who::Phone(name) => self.phone_step(name, step),
            Who::Browser(name) => self.browser_step(name, step),
            Who::Server(_) => self.stage.server(&step.what).map(ok),
            Who::Service(name) => self.stage.service(name, step),
            Who::Admin(_) => self.stage.admin(&step.what).map(ok),
        }
    }

    fn phone(&mut self, name: &str) -> Result<Phone> {
        if let Some(phone) = self.phones.get(name) {
            return Ok(phone.clone());
        }
        let phone = self.stage.phone(name)?.named(name);
        self.phones.insert(name.to_owned(), phone.clone());
        Ok(phone)
    }

    fn browser_step(&mut self, name: &str, step: &Step) -> Result<String> {
        match step.what.as_str() {
            "link" => {
                let link = self.stage.link(name)?;
                let phone = self.phone(step.other()?)?;
                Ok(said(&phone.run(&["open", &link])?, "ok"))
            }
            "back" => {
                let back = self.back.take();
                let back = back.ok_or_else(|| Trouble::new("no verdict led back"))?;
                self.stage.back(name, &back)
            }
            _ => self.stage.browser(name, step),
        }
    }

    fn phone_step(&mut self, name: &str, step: &Step) -> Result<String> {
        let phone = self.phone(name)?;
        let run = |words: &[&str]| -> Result<Outcome> { phone.run(&further(words, step).words()) };
        match step.what.as_str() {
            "enrol" => self.enrol(&phone, step),
            "look" => Ok(kinds(&prompts(&phone)?)),
            "approve" | "deny" | "report" | "more" => self.answer(&phone, step),
            "deliver" => Ok(said(&phone.run(&["outbox", "--send"])?, "nothing")),
            "waiting" => Ok(phone.ask(&["outbox"])?.len().to_string()),
            "state" => text(phone.ask(&["ids"])?.first(), "standing"),
            "notices" => {
                let kind = step.kind.as_deref();
                let kind = kind.ok_or_else(|| Trouble::new("which kind of notice"))?;
                let notices = phone.ask(&["notices", "--limit", "200"])?;
                let of_kind = notices.iter().filter(|notice| notice["what"] == kind);
                Ok(of_kind.count().to_string())
            }
            "add" => self.add(&phone, step),
            "remove" => {
                let other = step.other()?;
                let phones = phone.ask(&["overview"])?;
                let found = phones.iter().find(|line| line["device"] == other);
                let key = text(found, "key")?;
                Ok(said(&run(&["remove-phone", &key])?, "ok"))
            }
            // They go on under their own names.
            "resume" | "set-pin" | "renew-gesture" | "pause" | "unfreeze" => {
                Ok(said(&run(&[step.what.as_str()])?, "ok"))
            }
            other => Err(unknown(other)),
        }
    }

    fn enrol(&mut self, phone: &Phone, step: &Step) -> Result<String> {
        let link = self.stage.invite()?;
        let words = further(&["enrol", &link, "--yes"], step);
        let running = phone.start(&words.words())?;
        let outcome = follow(running, |digits| self.stage.type_digits(digits))?;
        Ok(added(&outcome))
    }

    /// The other phone comes by the invitation that this one shows, which is asked for the digits.
    fn add(&mut self, phone: &Phone, step: &Step) -> Result<String> {
        let new = self.phone(step.other()?)?;
        let invited = phone.ask(&["add-phone"])?;
        let link = text(invited.first(), "link")?;
        let words = further(&["enrol", &link, "--yes"], step);
        let outcome = follow(new.start(&words.words())?, |digits| {
            let open = prompts(phone)?;
            let asked = open.iter().find(|prompt| prompt["kind"] == "add-phone");
            let id = text(asked, "id")?;
            let words = further(&["approve", &id, "--number", digits], step);
            phone.ask(&words.words()).map(drop)
        })?;
        Ok(added(&outcome))
    }

    fn answer(&mut self, phone: &Phone, step: &Step) -> Result<String> {
        let open = prompts(phone)?;
        let meant = |prompt: &&Value| {
            step.kind
                .as_ref()
                .is_none_or(|kind| prompt["kind"] == **kind)
        };
        let id = text(open.iter().find(meant), "id")?;
        let mut words = further(&[step.what.as_str(), &id], step);
        match step.number.as_deref() {
            Some("wrong") => words.add(&["--number", self.wrong_number()]),
            Some(shown) => {
                let number = self.stage.number(shown)?;
                words.add(&["--number", &number]);
            }
            None => {}
        }
        let outcome = phone.run(&words.words())?;
        let back = outcome
            .event("verdict")
            .and_then(|said| said["return"].as_str());
        self.back = back.map(str::to_owned);
        Ok(said(&outcome, "ok"))
    }

    /// Two digits that nobody shows.
    fn wrong_number(&self) -> &'static str {
        let shown = self.stage.numbers();
        let free = ["00", "01", "02", "03", "04"];
        let free = free
            .iter()
            .find(|free| shown.iter().all(|shown| shown != *free));
        free.unwrap_or(&"05")
    }
}

/// Runs a command that adds an ID to its end; whoever has to is given the digits.
fn follow(mut running: Running, mut give: impl FnMut(&str) -> Result<()>) -> Result<Outcome> {
    let events = running.events(|event| match event["digits"].as_str() {
        Some(digits) => give(digits),
        None => Ok(()),
    })?;
    Outcome::of(running, events)
}

fn added(outcome: &Outcome) -> String {
    match outcome.event("active") {
        Some(_) => "active".to_owned(),
        None => said(outcome, "ok"),
    }
}

/// The words of a phone's command line.
struct Words(Vec<String>);

impl Words {
    fn words(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }

    fn add(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(|word| (*word).to_owned()));
    }
}

fn further(words: &[&str], step: &Step) -> Words {
    let mut all = Words(words.iter().map(|word| (*word).to_owned()).collect());
    all.0.extend(step.with.iter().cloned());
    if let Some(at) = step.die {
        all.add(&["--die-at", &at.to_string()]);
    }
    all
}

/// The open requests of a phone, as it lists them.
fn prompts(phone: &Phone) -> Result<Vec<Value>> {
    let outcome = phone.run(&["pending"])?;
    let prompts = outcome.events.into_iter();
    Ok(prompts.filter(|event| event["event"] == "prompt").collect())
}

fn kinds(prompts: &[Value]) -> String {
    let kinds: Vec<&str> = prompts
        .iter()
        .filter_map(|prompt| prompt["kind"].as_str())
        .collect();
    if kinds.is_empty() {
        "nothing".to_owned()
    } else {
        kinds.join(" ")
    }
}

/// What a command came to: how it was ended, the verdict that it got, its error; `otherwise` when it had none of these and ended well.
fn said(outcome: &Outcome, otherwise: &str) -> String {
    if outcome.killed() {
        return "killed".to_owned();
    }
    if let Some(code) = outcome
        .event("verdict")
        .and_then(|said| said["code"].as_str())
    {
        return code.to_owned();
    }
    if let Some(code) = outcome.error_code() {
        return code.to_owned();
    }
    match outcome.event("queued") {
        Some(_) => "queued".to_owned(),
        None if outcome.status.success() => otherwise.to_owned(),
        None => format!("{} {}", outcome.status, outcome.complaints.trim()),
    }
}

pub(super) fn text(object: Option<&Value>, member: &str) -> Result<String> {
    let found = object.and_then(|object| object[member].as_str());
    found
        .map(str::to_owned)
        .ok_or_else(|| Trouble::new(format!("there is no `{member}`")))
}
