//! In: a phone of another language, by the words that start it. Out: the stories of the phone in Rust, lived by both, each with
//! the same server, and compared line by line; and what else every language has to keep. Never: a word about how it does it.
#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

mod measured;
mod told;

use crate::harness::story::{self, Invitation, Waiting, silently};
use crate::harness::{
    ADMIN, Browser, Phone, Result, Running, ServerOptions, Sp, SpOptions, World, kotlin_program,
    swift_program,
};
use crate::memory::find_in;
use crate::stories::{all, play};
use serde_json::json;
use std::ffi::OsString;
use std::process::Command;

const PIN: &str = "294817";

/// The words that start a program.
type Words = fn(Program) -> Result<Vec<OsString>>;

/// A language that has a phone.
pub struct Language {
    /// How its programs are started; not needed for Rust, whose phone is every world's own.
    program: Option<Words>,
    /// The program of `docs/integrating.md`, as it stands in the tree.
    example: &'static str,
}

/// What a language has to run.
#[derive(Clone, Copy)]
pub enum Program {
    /// The phone with the commands of `countersign-phone`.
    Phone,
    /// The program of `docs/integrating.md`.
    Example,
}

/// In the same process.
pub const RUST: Language = Language {
    program: None,
    example: "",
};

/// Over JNA, on a JVM.
pub const KOTLIN: Language = Language {
    program: Some(|program| {
        kotlin_program(match program {
            Program::Phone => "countersign.phone.MainKt",
            Program::Example => "countersign.example.ExampleKt",
        })
    }),
    example: include_str!("../../../kotlin/src/test/kotlin/countersign/Example.kt"),
};

/// On Linux.
pub const SWIFT: Language = Language {
    program: Some(|program| {
        swift_program(match program {
            Program::Phone => "Phone",
            Program::Example => "Example",
        })
    }),
    example: include_str!("../../../swift/Sources/Example/Example.swift"),
};

impl Language {
    fn phone(&self, world: &World, name: &str) -> Result<Phone> {
        let phone = world.phone(name)?;
        Ok(match self.program {
            Some(program) => phone.run_by(program(Program::Phone)?),
            None => phone,
        })
    }

    /// The stories of `tests/stories`, which end alike.
    pub fn lives_the_stories_as_rust_does(&self) {
        for (name, story) in all().unwrap() {
            let [ours, theirs] = [&RUST, self].map(|language| {
                play(&story, &|world: &World, name: &str| {
                    language.phone(world, name)
                })
                .unwrap_or_else(|trouble| panic!("{name}: {trouble}"))
            });
            assert_eq!(theirs, ours, "{name}");
        }
    }

    /// Every line of every command.
    pub fn says_the_same_as_rust_line_by_line(&self) {
        let [ours, theirs] = [&RUST, self].map(told::told);
        for (at, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
            assert_eq!(theirs, ours, "line {at}");
        }
        assert_eq!(theirs.len(), ours.len());
    }

    /// The program of the docs is the one of the tree, and it adds an ID and approves a request.
    pub fn runs_the_program_of_the_docs(&self) {
        let docs = include_str!("../../../docs/integrating.md");
        assert!(docs.contains(self.example));
        let (world, sp) = begin(&with_pin(6));
        let mut browser = world.browser().unwrap();
        let invitation = Invitation::make(&world, &mut browser, ADMIN).unwrap();
        let words = self.program.unwrap()(Program::Example).unwrap();
        let home = world.dir().join("example");
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).arg(home).arg(world.ca.path());
        command.arg(&invitation.link);
        let mut program = Running::start("the program of the docs", &mut command).unwrap();
        let mut waiting = None;
        let mut transcript = Vec::new();
        while let Some(line) = program.next_line().unwrap() {
            if line == "PIN?" {
                program.type_line(PIN).unwrap();
            } else if let Some(digits) = line.strip_prefix("Type into the browser: ")
                && waiting.is_none()
            {
                invitation.type_digits(&mut browser, digits).unwrap();
                waiting = Some(Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap());
            } else if line == "number?" {
                let number = &waiting.as_ref().unwrap().number;
                program.type_line(number).unwrap();
            }
            transcript.push(line);
        }
        assert!(program.wait().unwrap().success(), "{transcript:#?}");
        assert_eq!(transcript.last().unwrap(), "approved", "{transcript:#?}");
        waiting.unwrap().response(&mut browser).unwrap();
    }

    /// Row 50 of the bad inputs: nothing is signed, and the request stays.
    pub fn refuses_keys_that_do_not_sign(&self) {
        let (world, sp) = begin(&ServerOptions::default());
        let (phone, mut browser, waiting) = self.asked(&world, &sp, &[]);
        phone.ask(&["pending"]).unwrap();
        let approve = ["approve", "--number", &waiting.number];
        for (trick, code) in [
            ("cancelled", "cancelled"),
            ("locked-out", "uv.lockout"),
            ("invalidated", "key.lost"),
            ("not-set-up", "uv.none"),
            ("unreadable", "key.busy"),
            ("throws", "key.busy"),
            ("empty", "key.busy"),
            ("rubbish", "key.busy"),
            ("longer", "key.busy"),
            ("of-another-message", "key.busy"),
            ("of-another-key", "key.busy"),
        ] {
            let outcome = phone.run(&[&approve[..], &["--trick", trick]].concat());
            let outcome = outcome.unwrap();
            let said = outcome.error_code();
            assert_eq!(said, Some(code), "{trick}: {:?}", outcome.events);
            assert!(phone.ask(&["outbox"]).unwrap().is_empty(), "{trick}");
        }
        phone.ask(&approve).unwrap();
        waiting.response(&mut browser).unwrap();
    }

    /// After an approval the PIN is nowhere in the process, and what looks for it sees it while it is typed.
    pub fn has_no_pin_left(&self) {
        // Twelve digits: nothing else in memory looks like them.
        let pin = "902817465530";
        let (world, sp) = begin(&with_pin(12));
        let (phone, mut browser, waiting) = self.asked(&world, &sp, &["--pin", pin]);
        phone.ask(&["pending"]).unwrap();
        let digits: Vec<u8> = pin.bytes().map(|digit| digit - b'0').collect();
        let letters: String = digits
            .iter()
            .map(|digit| char::from(b'a' + digit))
            .collect();
        let mut staying = phone.start(&["stay"]).unwrap();
        let found = |staying: &Running| {
            let forms = [pin.as_bytes(), &digits];
            forms.map(|form| find_in(staying.id(), form).unwrap().len())
        };
        staying.say(&json!({"pin": letters})).unwrap();
        staying.await_event("typed").unwrap();
        let typed = found(&staying);
        assert!(
            typed.iter().sum::<usize>() > 0,
            "the search sees what is typed"
        );
        staying.say(&json!({"number": waiting.number})).unwrap();
        assert_eq!(staying.await_event("verdict").unwrap()["code"], "ok");
        assert_eq!(found(&staying), [0, 0]);
        staying.say(&json!({"end": ""})).unwrap();
        waiting.response(&mut browser).unwrap();
    }

    /// A phone with an ID, and a login that waits for it.
    fn asked(&self, world: &World, sp: &Sp, more: &[&str]) -> (Phone, Browser, Waiting) {
        let phone = self.phone(world, "anna").unwrap();
        let mut browser = world.browser().unwrap();
        let invitation = Invitation::make(world, &mut browser, ADMIN).unwrap();
        let words = [&["enrol", &invitation.link], more].concat();
        story::enrol_with(&phone, &words, &invitation, &mut browser, &mut silently).unwrap();
        let waiting = Waiting::begin(&mut browser, sp, ADMIN, "/").unwrap();
        (phone, browser, waiting)
    }
}

/// A world with an application.
fn begin(options: &ServerOptions<'_>) -> (World, Sp) {
    let world = World::with(options).unwrap();
    let sp = world
        .application("wiki", "Example Wiki", SpOptions::default())
        .unwrap();
    (world, sp)
}

fn with_pin(digits: u64) -> ServerOptions<'static> {
    ServerOptions {
        pin: Some(digits),
        ..ServerOptions::default()
    }
}
