//! A phone whose process looks for its own secrets in its own memory.
//!
//! In: commands on standard input, one JSON object a line; a PIN and whatever is to be looked for under a mask. Out: one object a
//! line: what happened, the phone's secrets under the same mask, where which was found. Never: a secret in clear other
//! than where the core has it; a way to the phone other than the core's door.
//!
//! Two programs are made of it, one as a phone ships and one without the allocator that wipes.

mod keys;
mod outside;
mod search;

pub use outside::find_in;
pub use search::{MASK, halves};

use crate::settings;
use countersign_core::adapters;
use countersign_core::{
    Answer, Authenticator, Engine, Id, PinEntry, Ports, Progress, Prompt, Sent,
};
use countersign_protocol::encoding::{decode, encode};
use keys::Recorder;
use search::Needle;
use serde_json::{Value, json};
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Longest wait for the server, seconds.
const WAIT: u64 = 20;

/// Of a secret that is left on purpose: some survive being freed.
const COPIES: usize = 200;

/// Runs the program: its arguments are a folder and the certificate authority.
pub fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [home, ca] = &arguments[..] else {
        return ExitCode::from(2);
    };
    match run(Path::new(home), Path::new(ca)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&json!({"event": "broken", "why": error.to_string()}));
            ExitCode::FAILURE
        }
    }
}

struct Subject {
    phone: Authenticator,
    /// Left in memory on purpose.
    left: Vec<Vec<u8>>,
    typed: Option<PinEntry>,
}

fn run(home: &Path, ca: &Path) -> Result<(), Box<dyn Error>> {
    let config = settings::config(ca, Engine::Sled)?;
    let ports = adapters::on_disk(home, &config)?;
    let recorder = Arc::new(Recorder::new(ports.keys.clone()));
    let ports = Ports {
        keys: recorder.clone(),
        ..ports
    };
    let mut subject = Some(Subject {
        phone: Authenticator::open(config, ports)?,
        left: Vec::new(),
        typed: None,
    });
    for line in io::stdin().lock().lines() {
        let line: Value = serde_json::from_str(&line?)?;
        let word = |name: &str| line[name].as_str().unwrap_or_default();
        match (word("do"), subject.as_mut()) {
            ("enrol", Some(subject)) => subject.enrol(word("link"), word("pin"))?,
            ("approve", Some(subject)) => subject.approve(word("number"), word("pin"))?,
            ("forget", Some(subject)) => subject.forget()?,
            ("leave", Some(subject)) => {
                subject.left = vec![unmasked(word("secret"))?; COPIES];
                subject.typed = Some(typed(word("pin"))?);
                say(&json!({"event": "left"}));
            }
            ("drop", Some(subject)) => {
                (subject.left, subject.typed) = (Vec::new(), None);
                say(&json!({"event": "dropped"}));
            }
            ("close", _) => {
                subject = None;
                say(&json!({"event": "closed"}));
            }
            ("secrets", _) => say(&json!({"event": "secrets", "seen": recorder.seen()})),
            ("search", _) => say(&found(&line["needles"])?),
            _ => return Err("no such command".into()),
        }
    }
    Ok(())
}

impl Subject {
    fn enrol(&self, link: &str, pin: &str) -> Result<(), Box<dyn Error>> {
        let mut review = self.phone.review(link)?;
        review.choose_pin(typed(pin)?, &typed(pin)?)?;
        let id = self.phone.enrol(review)?;
        let mut wait = 0;
        while let Progress::Pending(pending) = self.phone.proceed(&id, wait)? {
            if wait == 0 {
                say(&json!({"event": "digits", "digits": pending.digits}));
            }
            wait = WAIT;
        }
        say(&json!({"event": "active", "id": id.to_string()}));
        Ok(())
    }

    fn approve(&self, number: &str, pin: &str) -> Result<(), Box<dyn Error>> {
        let prompt = self.prompt()?;
        let answer = Answer::Approve {
            number: Some(number.to_owned()),
            pin: Some(typed(pin)?),
        };
        let Sent::Verdict(verdict) = self.phone.decide(&prompt.id, &answer)? else {
            return Err("the answer was not sent".into());
        };
        say(&json!({"event": "verdict", "code": verdict.code}));
        Ok(())
    }

    fn prompt(&self) -> Result<Prompt, Box<dyn Error>> {
        let id = self.id()?;
        loop {
            if let Some(prompt) = self.phone.poll(&id, WAIT)?.prompts.pop() {
                return Ok(prompt);
            }
        }
    }

    fn forget(&self) -> Result<(), Box<dyn Error>> {
        self.phone.forget(&self.id()?)?;
        say(&json!({"event": "forgotten"}));
        Ok(())
    }

    fn id(&self) -> Result<Id, Box<dyn Error>> {
        let accounts = self.phone.accounts()?;
        Ok(accounts.first().ok_or("nobody is enrolled")?.id)
    }
}

fn found(needles: &Value) -> Result<Value, Box<dyn Error>> {
    let mut masked = Vec::new();
    for (name, bytes) in needles.as_object().into_iter().flatten() {
        masked.push(Needle {
            name: name.clone(),
            masked: bytes.as_str().and_then(decode).ok_or("no base64url")?,
        });
    }
    let found = search::search(&masked)?;
    Ok(json!({"event": "found", "heap": found.heap, "stack": found.stack, "bytes": found.bytes}))
}

/// As a person types it: digit after digit, and the whole nowhere but in the entry.
fn typed(masked: &str) -> Result<PinEntry, Box<dyn Error>> {
    let mut entry = PinEntry::new();
    for byte in decode(masked).ok_or("no base64url")? {
        entry.push((byte ^ MASK).wrapping_sub(b'0'))?;
    }
    Ok(entry)
}

fn unmasked(masked: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let bytes = decode(masked).ok_or("no base64url")?;
    Ok(bytes.iter().map(|byte| byte ^ MASK).collect())
}

/// Bytes under the mask, as they travel.
pub fn masked(bytes: &[u8]) -> String {
    encode(&bytes.iter().map(|byte| byte ^ MASK).collect::<Vec<_>>())
}

fn say(event: &Value) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{event}").and_then(|()| out.flush());
}
