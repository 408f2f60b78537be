//! Whoever acts at the other side: a person at this terminal, or a program of the implementer's.

use serde_json::{Map, Value};
use std::io::{BufRead, BufReader, Error, ErrorKind, Result, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What is to be done there.
pub struct Errand<'a> {
    /// For programs: one word.
    pub act: &'static str,
    /// For people: what to do, and what to answer.
    pub say: String,
    /// What it is done with.
    pub with: &'a [(&'static str, &'a str)],
}

impl Errand<'_> {
    fn json(&self) -> Value {
        let mut object = Map::new();
        for (name, value) in [("event", "do"), ("do", self.act), ("say", &self.say)] {
            object.insert(name.to_owned(), value.into());
        }
        let with = self.with.iter();
        object.extend(with.map(|(name, value)| ((*name).to_owned(), (*value).into())));
        object.into()
    }
}

/// Who does it.
pub enum Person {
    /// A line on standard output, and one on standard input.
    Here {
        /// As JSON, for a program that has both.
        json: bool,
    },
    /// A program that takes errands, a JSON line each, and answers each with one.
    Hook(Box<Hook>),
}

/// A running program.
pub struct Hook {
    child: Child,
    // Taken when it ends: the program ends when this closes.
    errands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Person {
    /// `hook` is a command line for `sh -c`, started once.
    ///
    /// # Errors
    /// It can't be started.
    pub fn of(hook: Option<&str>, json: bool) -> Result<Self> {
        Ok(match hook {
            Some(command) => Self::Hook(Box::new(Hook::start(command)?)),
            None => Self::Here { json },
        })
    }

    /// Has it done; the answer, which may be empty.
    ///
    /// # Errors
    /// Whoever acts there says that they cannot, or is gone.
    pub fn act(&mut self, errand: &Errand<'_>) -> Result<String> {
        let line = match self {
            Self::Here { json } => {
                let said = if *json {
                    errand.json().to_string()
                } else {
                    format!("\n>>> {}", errand.say)
                };
                let mut out = std::io::stdout().lock();
                writeln!(out, "{said}")?;
                out.flush()?;
                drop(out);
                read_line(&mut std::io::stdin().lock())?
            }
            Self::Hook(hook) => hook_answer(&hook.ask(&errand.json())?)?,
        };
        match line.strip_prefix("cannot:") {
            Some(why) => Err(Error::other(format!("{}:{why}", errand.act))),
            None => Ok(line),
        }
    }
}

impl Hook {
    /// `command` is a command line for `sh -c`.
    ///
    /// # Errors
    /// It can't be started.
    pub fn start(command: &str) -> Result<Self> {
        let mut child = Command::new("sh")
            .args(["-c", command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(errands), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::other("the hook has no input or output"));
        };
        Ok(Self {
            child,
            errands: Some(errands),
            answers: BufReader::new(answers),
        })
    }

    /// Gives it a line and takes the next one, as it is.
    ///
    /// # Errors
    /// It is gone.
    pub fn ask(&mut self, line: &Value) -> Result<String> {
        let errands = self.errands.as_mut();
        let errands = errands.ok_or_else(|| Error::from(ErrorKind::BrokenPipe))?;
        writeln!(errands, "{line}")?;
        errands.flush()?;
        read_line(&mut self.answers)
    }
}

/// A line of a hook: its answer, or `cannot: ` and why.
///
/// # Errors
/// It is neither.
pub(crate) fn hook_answer(line: &str) -> Result<String> {
    let said: Value = serde_json::from_str(line)
        .map_err(|_| Error::other("the hook answered with something that is no JSON"))?;
    if let Some(why) = said["cannot"].as_str() {
        return Ok(format!("cannot: {why}"));
    }
    let answer = said["answer"].as_str();
    let answer = answer.ok_or_else(|| Error::other("the hook's answer has no `answer`"))?;
    Ok(answer.to_owned())
}

impl Drop for Hook {
    fn drop(&mut self) {
        drop(self.errands.take());
        // It ends by itself when it has no more errands; how it ended says nothing about the peer.
        let _ = self.child.wait();
    }
}

fn read_line(from: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Err(Error::new(
            ErrorKind::UnexpectedEof,
            "nobody acts at the other side any more",
        ));
    }
    Ok(line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errand<'a>(with: &'a [(&'static str, &'a str)]) -> Errand<'a> {
        Errand {
            act: "invite",
            say: "Make an invitation.".into(),
            with,
        }
    }

    #[test]
    fn a_program_gets_an_errand_and_answers_it() {
        let echo = r#"read line; case "$line" in *'"do":"invite"'*'"link":"x"'*) echo '{"answer":"done"}';; *) echo '{"cannot":"no"}';; esac"#;
        let mut person = Person::of(Some(echo), false).unwrap();
        assert_eq!(person.act(&errand(&[("link", "x")])).unwrap(), "done");
        // It answered once and is gone.
        assert!(person.act(&errand(&[])).is_err());
        let mut person = Person::of(Some(echo), false).unwrap();
        let error = person.act(&errand(&[])).unwrap_err().to_string();
        assert_eq!(error, "invite: no");
    }

    #[test]
    fn a_program_that_says_anything_else_is_refused() {
        for said in ["hello", "{}", "{\"answer\":1}", "[]"] {
            let mut person = Person::of(Some(&format!("read x; echo '{said}'")), false).unwrap();
            assert!(person.act(&errand(&[])).is_err(), "{said}");
        }
    }
}
