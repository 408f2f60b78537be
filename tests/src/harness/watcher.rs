//! A real browser: Chromium, driven by the Node program `tests/browser/run.mjs`, which asks us for what a person does
//! outside the browser (phones, the server's command line) and tells what it saw, a JSON line each.

use super::{During, Outcome, Phone, Result, Running, Sp, Trouble, World, binaries, story};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Command;

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What should be so.
    pub name: String,
    /// Whether it is.
    pub passed: bool,
    /// What was there instead.
    pub message: String,
}

/// Plays a chapter of `tests/browser/chapters` in a browser that nobody used before; `full` with its longer half.
pub fn watch(world: &World, sp: &Sp, chapter: &str, full: bool) -> Result<Vec<Seen>> {
    let mut command = Command::new("node");
    command
        .arg(binaries::browser_script("run.mjs"))
        // What the browser keeps goes with the world.
        .env("TMPDIR", world.dir());
    let mut watcher = Watcher {
        world,
        node: Running::start("tests/browser/run.mjs", &mut command)?,
        phones: BTreeMap::new(),
        commands: BTreeMap::new(),
    };
    watcher.node.say(&json!({
        "chapter": chapter,
        "full": full,
        "modules": binaries::browser_modules()?,
        "screens": binaries::screens()?,
        "folder": world.dir(),
        "certificate": world.certificate(),
        "origin": world.server.origin,
        "sp": { "url": sp.url, "login": sp.login_url(""), "name": sp.application.name, "slug": sp.application.slug },
        "account": super::ADMIN,
    }))?;
    watcher.play()
}

struct Watcher<'w> {
    world: &'w World,
    node: Running,
    phones: BTreeMap<String, Phone>,
    commands: BTreeMap<u64, Running>,
}

impl Watcher<'_> {
    fn play(&mut self) -> Result<Vec<Seen>> {
        let mut seen = Vec::new();
        while let Some(line) = self.node.next_event()? {
            if line["over"] == true {
                self.node.wait()?;
                return Ok(seen);
            }
            if line["ask"].is_string() {
                let answer = match self.answer(&line) {
                    Ok(answer) => json!({ "answer": answer }),
                    Err(trouble) => json!({ "trouble": trouble.to_string() }),
                };
                self.node.say(&answer)?;
                continue;
            }
            seen.push(Seen {
                name: text(&line, "name")?.to_owned(),
                passed: line["passed"] == true,
                message: line["message"].as_str().unwrap_or_default().to_owned(),
            });
        }
        Err(Trouble::new(format!(
            "tests/browser/run.mjs ended before its chapter; its last words:\n{}",
            self.node.complaints()
        )))
    }

    /// Does what the person in the browser does elsewhere. One thing after the other: the program waits for its answers.
    fn answer(&mut self, ask: &Value) -> Result<Value> {
        match text(ask, "ask")? {
            "server" => self.world.server.command(&args(ask)?),
            "phone" => {
                let outcome = self.phone(ask)?.run(&args(ask)?)?;
                Ok(told(&outcome))
            }
            "prompt" => story::await_prompt(self.phone(ask)?),
            "start" => {
                let running = self.phone(ask)?.start(&args(ask)?)?;
                Ok(self.keep(running))
            }
            "jam" => {
                let running = jam(self.world)?;
                Ok(self.keep(running))
            }
            "event" => self.command(ask)?.await_event(text(ask, "kind")?),
            "finish" => {
                let mut running = self.take(ask)?;
                let mut events = Vec::new();
                while let Some(event) = running.next_event()? {
                    events.push(event);
                }
                Ok(told(&Outcome::of(running, events)?))
            }
            "kill" => {
                self.take(ask)?.kill()?;
                Ok(Value::Null)
            }
            other => Err(Trouble::new(format!("nobody knows how to do `{other}`"))),
        }
    }

    fn keep(&mut self, running: Running) -> Value {
        let number = self.commands.keys().last().map_or(1, |last| last + 1);
        self.commands.insert(number, running);
        json!(number)
    }

    fn phone(&mut self, ask: &Value) -> Result<&Phone> {
        let name = text(ask, "phone")?;
        if !self.phones.contains_key(name) {
            self.phones.insert(name.to_owned(), self.world.phone(name)?);
        }
        self.phones.get(name).during("a phone")
    }

    fn command(&mut self, ask: &Value) -> Result<&mut Running> {
        let number = ask["command"].as_u64().unwrap_or_default();
        self.commands.get_mut(&number).during("no such command")
    }

    fn take(&mut self, ask: &Value) -> Result<Running> {
        let number = ask["command"].as_u64().unwrap_or_default();
        self.commands.remove(&number).during("no such command")
    }
}

/// Somebody holds the server's database: it cannot write until that process ends.
fn jam(world: &World) -> Result<Running> {
    let mut command = Command::new(binaries::python()?);
    command
        .arg("-B")
        .arg(binaries::browser_script("jam.py"))
        .arg(world.dir().join("server/countersign.db"));
    let mut running = Running::start("tests/browser/jam.py", &mut command)?;
    running.await_event("jammed")?;
    Ok(running)
}

fn told(outcome: &Outcome) -> Value {
    json!({ "good": outcome.status.success(), "events": outcome.events, "code": outcome.error_code() })
}

fn text<'a>(line: &'a Value, member: &str) -> Result<&'a str> {
    line[member]
        .as_str()
        .during(format!("`{member}` is missing in {line}"))
}

fn args(ask: &Value) -> Result<Vec<&str>> {
    let list = ask["args"].as_array().during("no arguments")?;
    list.iter()
        .map(|argument| argument.as_str().during("an argument"))
        .collect()
}
