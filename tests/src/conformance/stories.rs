//! The stories of `tests/stories/`, with one side that others wrote.
//!
//! In: a phone, as the words that start it, or a server and whoever acts there. Out: a report, a line a story. Never: a story that is
//! passed over without a word.

use crate::harness::{During, Phone, Result, Trouble, World};
use crate::stories::{Story, Theirs, all, play, play_at};
use countersign_server::conformance::{Check, Outcome, Person, Report};
use std::path::PathBuf;

/// Plays the stories with somebody's phone and our server. `command` is the beginning of a command line for `sh`, which the words of
/// `tests/stories/README.md` follow. `only` is the one story to play.
///
/// # Errors
/// The stories can't be read, or there is none of this name.
pub fn of_phone(command: &str, only: Option<&str>) -> Result<Report> {
    let run = format!("exec {command} \"$@\"");
    let program = ["sh", "-c", &run, "phone"].map(Into::into);
    let make = |world: &World, name: &str| -> Result<Phone> {
        Ok(world.phone(name)?.run_by(program.to_vec()))
    };
    tried(only, |_, story| Ok(as_told(play(story, &make))))
}

/// The server that the stories are played at.
pub struct Place<'a> {
    /// Its address, as `https://host[:port]`.
    pub server: &'a str,
    /// Its certificate authority; the public ones where none is given.
    pub ca: Option<PathBuf>,
    /// The program that acts there; a person at this terminal where none is given.
    pub hook: Option<&'a str>,
    /// Whether errands are told as JSON.
    pub json: bool,
}

/// Plays the stories with our phone and somebody's server.
///
/// # Errors
/// As above, and what keeps the hook from starting.
pub fn of_server(place: Place<'_>, only: Option<&str>) -> Result<Report> {
    let phones = tempfile::tempdir().during("making a temporary folder")?;
    let person = Person::of(place.hook, place.json).during("starting the hook")?;
    let folder = phones.path().to_path_buf();
    let mut theirs = Theirs::new(person, place.server, place.ca, folder);
    tried(only, |name, story| {
        Ok(match theirs.begin(name, story)? {
            Some(why) => Outcome::LeftOut(why),
            None => as_told(play_at(story, &mut theirs)),
        })
    })
}

fn as_told(played: Result<Vec<String>>) -> Outcome {
    match played {
        Ok(transcript) => Outcome::Passed(format!("{} steps", transcript.len())),
        Err(trouble) => Outcome::Failed(trouble.to_string().trim().replace('\n', "; ")),
    }
}

fn tried(
    only: Option<&str>,
    mut play: impl FnMut(&str, &Story) -> Result<Outcome>,
) -> Result<Report> {
    let mut stories = all()?;
    stories.retain(|(name, _)| only.is_none_or(|only| only == name));
    if stories.is_empty() {
        return Err(Trouble::new("there is no story of this name"));
    }
    let checks: Vec<Check<'_>> = stories
        .iter()
        .map(|(name, story)| Check {
            id: name,
            section: "",
            what: &story.story,
        })
        .collect();
    let mut report = Report::of(&checks);
    let mut played = false;
    for (name, story) in &stories {
        match play(name, story) {
            Ok(outcome) => {
                played |= matches!(outcome, Outcome::Passed(_));
                report.note(name, outcome);
            }
            Err(trouble) => {
                report.stop(trouble.to_string());
                break;
            }
        }
    }
    if !played {
        report.stop("no story came to its end".to_owned());
    }
    Ok(report)
}
