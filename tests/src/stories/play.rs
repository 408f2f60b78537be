//! Plays a story: the real server, an application, browsers and the administrator; the phones are somebody's.

use super::applications::Applications;
use super::script::{Step, Story, Who};
use crate::harness::story::{self, Ending, Invitation, Waiting, hand_over, silently};
use crate::harness::{
    ADMIN, Browser, Outcome, Page, Phone, Result, ServerOptions, Sp, SpOptions, Trouble, World,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Makes the phone of this name.
pub type MakePhone<'a> = &'a dyn Fn(&World, &str) -> Result<Phone>;

/// A browser, and where it is.
struct Seat {
    browser: Browser,
    waiting: Option<Waiting>,
}

struct Player<'a> {
    world: World,
    sp: Sp,
    make: MakePhone<'a>,
    phones: BTreeMap<String, Phone>,
    seats: BTreeMap<String, Seat>,
    applications: Applications,
    /// Where the last verdict led.
    back: Option<String>,
}

/// Plays a story to its end; gives its transcript, a line for each step.
///
/// # Errors
/// The step that gave something else than it should, or could not be done.
pub fn play(story: &Story, make: MakePhone<'_>) -> Result<Vec<String>> {
    let options = ServerOptions {
        pin: story.server.pin,
        gesture: story.server.gesture,
        life: story.server.life,
        ..ServerOptions::default()
    };
    let world = World::with(&options)?;
    let sp = world.application("wiki", "Example Wiki", SpOptions::default())?;
    let mut player = Player {
        world,
        sp,
        make,
        phones: BTreeMap::new(),
        seats: BTreeMap::new(),
        applications: Applications::default(),
        back: None,
    };
    let mut transcript = Vec::new();
    for (at, step) in (1..).zip(&story.steps) {
        let (who, gave) = player
            .step(step)
            .map_err(|trouble| Trouble::new(format!("step {at}, {}: {trouble}", step.what)))?;
        if let Some(wanted) = step.gives.as_ref().filter(|wanted| **wanted != gave) {
            let what = &step.what;
            return Err(Trouble::new(format!(
                "step {at}, {what}: gave `{gave}`, not `{wanted}`\n{}",
                transcript.join("\n")
            )));
        }
        transcript.push(format!("{who} {}: {gave}", step.what));
    }
    Ok(transcript)
}

impl Player<'_> {
    fn step(&mut self, step: &Step) -> Result<(String, String)> {
        match &step.who {
            Who::Phone(name) => Ok((name.clone(), self.phone_step(name, step)?)),
            Who::Browser(name) => Ok((name.clone(), self.browser_step(name, step)?)),
            Who::Server(name) => {
                match step.what.as_str() {
                    "stop" => self.world.server.kill()?,
                    "start" => self.world.server.restart(&self.world.ca)?,
                    other => return Err(unknown(other)),
                }
                Ok((name.clone(), "ok".to_owned()))
            }
            Who::Service(name) => {
                let gave = self.applications.step(&self.world, name, step)?;
                Ok((name.clone(), gave))
            }
            Who::Admin(name) => {
                let words = self.filled_in(&step.what)?;
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                self.world.server.list(&words)?;
                Ok((name.clone(), "ok".to_owned()))
            }
        }
    }

    fn phone(&mut self, name: &str) -> Result<Phone> {
        if let Some(phone) = self.phones.get(name) {
            return Ok(phone.clone());
        }
        let phone = (self.make)(&self.world, name)?.named(name);
        self.phones.insert(name.to_owned(), phone.clone());
        Ok(phone)
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
                let other = other(step)?;
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
        let mut browser = self.world.browser()?;
        let invitation = Invitation::make(&self.world, &mut browser, ADMIN)?;
        let words = further(&["enrol", &invitation.link, "--yes"], step);
        let outcome = story::enrol_with(
            phone,
            &words.words(),
            &invitation,
            &mut browser,
            &mut silently,
        )?;
        Ok(match outcome.event("active") {
            Some(_) => "active".to_owned(),
            None => said(&outcome, "ok"),
        })
    }

    /// The other phone comes by the invitation that this one shows, which is asked for the digits.
    fn add(&mut self, phone: &Phone, step: &Step) -> Result<String> {
        let new = self.phone(other(step)?)?;
        let invited = phone.ask(&["add-phone"])?;
        let link = text(invited.first(), "link")?;
        let words = further(&["enrol", &link, "--yes"], step);
        let mut running = new.start(&words.words())?;
        let mut events = Vec::new();
        while let Some(event) = running.next_event()? {
            if let Some(digits) = event["digits"].as_str() {
                let open = prompts(phone)?;
                let asked = open.iter().find(|prompt| prompt["kind"] == "add-phone");
                let id = text(asked, "id")?;
                let words = further(&["approve", &id, "--number", digits], step);
                phone.ask(&words.words())?;
            }
            events.push(event);
        }
        let outcome = Outcome::of(running, events)?;
        Ok(match outcome.event("active") {
            Some(_) => "active".to_owned(),
            None => said(&outcome, "ok"),
        })
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
                let number = match self.applications.number(shown) {
                    Some(number) => number.to_owned(),
                    None => self.waiting(shown)?.1.number.clone(),
                };
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

    /// Two digits that no browser and no application shows.
    fn wrong_number(&self) -> &'static str {
        let shown = self.seats.values().filter_map(|seat| seat.waiting.as_ref());
        let shown = shown.map(|waiting| waiting.number.as_str());
        let shown: Vec<&str> = shown.chain(self.applications.numbers()).collect();
        let free = ["00", "01", "02", "03", "04"];
        free.into_iter()
            .find(|free| !shown.contains(free))
            .unwrap_or("05")
    }

    /// A command line with `{root}`, the root key's file, and `{PHONE}`, that phone's id at the server.
    fn filled_in(&self, line: &str) -> Result<Vec<String>> {
        let phones = self.world.server.list(&["phone", "list", ADMIN])?;
        line.split(' ')
            .map(|word| {
                match word
                    .strip_prefix('{')
                    .and_then(|word| word.strip_suffix('}'))
                {
                    Some("root") => Ok(self.world.server.root_key().display().to_string()),
                    Some(name) => {
                        let named = phones.iter().find(|phone| phone["device"] == name);
                        text(named, "id")
                    }
                    None => Ok(word.to_owned()),
                }
            })
            .collect()
    }

    fn waiting(&mut self, name: &str) -> Result<(&mut Browser, &Waiting)> {
        let seat = self.seats.get_mut(name);
        let seat = seat.ok_or_else(|| Trouble::new(format!("no browser `{name}` has begun")))?;
        match &seat.waiting {
            Some(waiting) => Ok((&mut seat.browser, waiting)),
            None => Err(Trouble::new(format!("`{name}` waits for nothing"))),
        }
    }

    fn browser_step(&mut self, name: &str, step: &Step) -> Result<String> {
        match step.what.as_str() {
            "begin" => {
                if !self.seats.contains_key(name) {
                    let browser = self.world.browser()?;
                    let waiting = None;
                    self.seats
                        .insert(name.to_owned(), Seat { browser, waiting });
                }
                let seat = self.seats.get_mut(name).ok_or_else(|| unknown(name))?;
                let page = story::arrive(&mut seat.browser, &self.sp, "/")?;
                let form = page.form_with("account")?.with("account", ADMIN);
                let page = seat.browser.submit(&form)?;
                seat.waiting = Waiting::at(page.clone())?;
                heading(&page, seat.waiting.is_some())
            }
            "press" => {
                let button = step.button.as_deref();
                let button = button.ok_or_else(|| Trouble::new("which button"))?;
                let (browser, waiting) = self.waiting(name)?;
                let page = waiting.press(browser, button)?;
                let waiting = Waiting::at(page.clone())?;
                let waits = waiting.is_some();
                if let (Some(seat), true) = (self.seats.get_mut(name), waits) {
                    seat.waiting = waiting;
                }
                heading(&page, waits)
            }
            "open" => {
                let (browser, waiting) = self.waiting(name)?;
                let page = browser.open(waiting.address())?;
                let waits = Waiting::at(page.clone())?.is_some();
                heading(&page, waits)
            }
            "end" => {
                let (browser, waiting) = self.waiting(name)?;
                match waiting.end(browser)? {
                    Ending::Response(form) => {
                        let claims = hand_over(browser, &form)?;
                        let who = text(Some(&claims), "name_id")?;
                        Ok(if who == ADMIN {
                            "signed_in".to_owned()
                        } else {
                            who
                        })
                    }
                    Ending::Over(page) => heading(&page, false),
                }
            }
            "close" => {
                let seat = self.seats.get_mut(name).ok_or_else(|| unknown(name))?;
                seat.browser.restart();
                Ok("ok".to_owned())
            }
            "link" => {
                let other = other(step)?.to_owned();
                let (browser, waiting) = self.waiting(name)?;
                let page = browser.open(waiting.address())?;
                let link = page
                    .link_with("/c#")?
                    .ok_or_else(|| page.lacks("the link"))?;
                let outcome = self.phone(&other)?.run(&["open", &link])?;
                Ok(said(&outcome, "ok"))
            }
            "back" => {
                let back = self.back.take();
                let back = back.ok_or_else(|| Trouble::new("no verdict led back"))?;
                let (browser, _) = self.waiting(name)?;
                let page = browser.open(&back)?;
                match page.find_form_with("SAMLResponse")? {
                    Some(form) => {
                        let claims = hand_over(browser, &form)?;
                        text(Some(&claims), "name_id").map(|_| "signed_in".to_owned())
                    }
                    None => heading(&page, false),
                }
            }
            other => Err(unknown(other)),
        }
    }
}

pub(super) fn unknown(what: &str) -> Trouble {
    Trouble::new(format!("`{what}` is nothing that can be done here"))
}

fn other(step: &Step) -> Result<&str> {
    let other = step.other.as_deref();
    other.ok_or_else(|| Trouble::new("which other phone"))
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

/// What a command came to: how it was ended, the verdict that it got, its error; `otherwise` when it had none of these.
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
        None => otherwise.to_owned(),
    }
}

pub(super) fn text(object: Option<&Value>, member: &str) -> Result<String> {
    let found = object.and_then(|object| object[member].as_str());
    found
        .map(str::to_owned)
        .ok_or_else(|| Trouble::new(format!("there is no `{member}`")))
}

fn heading(page: &Page, waits: bool) -> Result<String> {
    if waits {
        return Ok("wait".to_owned());
    }
    let heading = page.text_at("h1")?;
    heading.ok_or_else(|| page.lacks("a heading"))
}
