//! Child processes that speak JSON, a line each, and end with their owner.

use super::{During, PATIENCE, Result, Trouble};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// A longer line is read no further: the child is somebody else's program, perhaps.
const LONGEST: u64 = 16 * 1024 * 1024;

/// No command of a phone has more to say.
const MOST_EVENTS: usize = 10_000;

/// How much of a child's standard error is kept to be shown when it fails.
const COMPLAINTS: usize = 16 * 1024;

static STARTED: Mutex<Vec<Weak<Mutex<Child>>>> = Mutex::new(Vec::new());

/// Kills every child this process still has.
pub(super) fn stop_all() {
    for child in locked(&STARTED).iter().filter_map(Weak::upgrade) {
        // A child that is gone already is what we want.
        let _ = locked(&child).kill();
    }
}

/// A child process; killed and waited for when dropped.
pub struct Running {
    name: String,
    child: Arc<Mutex<Child>>,
    // A mutex only so that a world can be looked at from several threads.
    lines: Mutex<Receiver<String>>,
    complaints: Arc<Mutex<String>>,
    // Some children end when this closes.
    stdin: ChildStdin,
}

impl Running {
    /// Starts `command`; `name` is what troubles call it.
    pub fn start(name: &str, command: &mut Command) -> Result<Self> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().during(format!("starting {name}"))?;
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let child = Arc::new(Mutex::new(child));
        {
            let mut started = locked(&STARTED);
            started.retain(|known| known.strong_count() > 0);
            started.push(Arc::downgrade(&child));
        }
        let (say, lines) = channel();
        let stdout = stdout.during(format!("{name} has no standard output"))?;
        thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            while let Some(line) = read_line(&mut stdout) {
                if say.send(line).is_err() {
                    break;
                }
            }
        });
        let complaints = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&complaints);
        let mut stderr = BufReader::new(stderr.during(format!("{name} has no standard error"))?);
        thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(count @ 1..) = stderr.read(&mut bytes) {
                keep_tail(
                    &mut locked(&kept),
                    &String::from_utf8_lossy(&bytes[..count]),
                );
            }
        });
        let stdin = stdin.during(format!("{name} has no standard input"))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            lines: Mutex::new(lines),
            complaints,
            stdin,
        })
    }

    /// The next line as JSON; `None` when the child closed its output.
    pub fn next_event(&mut self) -> Result<Option<Value>> {
        let line = self.next_line()?;
        line.map(|line| self.parse(&line)).transpose()
    }

    /// The next line as it is; `None` when the child closed its output.
    pub fn next_line(&mut self) -> Result<Option<String>> {
        match locked(&self.lines).recv_timeout(PATIENCE) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => Err(self.trouble("says nothing")),
        }
    }

    /// Reads all events to the end of the child's output, and shows each to `see` as it comes.
    pub fn events(&mut self, mut see: impl FnMut(&Value) -> Result<()>) -> Result<Vec<Value>> {
        let mut events = Vec::new();
        while let Some(event) = self.next_event()? {
            see(&event)?;
            events.push(event);
            if events.len() > MOST_EVENTS {
                return Err(self.trouble("says more and more"));
            }
        }
        Ok(events)
    }

    /// Reads on until an event of this kind, or any event with a member of this name, comes.
    pub fn await_event(&mut self, kind: &str) -> Result<Value> {
        while let Some(event) = self.next_event()? {
            if event["event"] == kind || event.get(kind).is_some() {
                return Ok(event);
            }
        }
        Err(self.trouble(&format!("ended before it said `{kind}`")))
    }

    /// Gives the child a line to read.
    pub fn say(&mut self, line: &Value) -> Result<()> {
        self.type_line(&line.to_string())
    }

    /// The same for a child that reads no JSON.
    pub fn type_line(&mut self, line: &str) -> Result<()> {
        writeln!(self.stdin, "{line}")
            .and_then(|()| self.stdin.flush())
            .map_err(|error| self.trouble(&format!("takes no more lines ({error})")))
    }

    /// Gives the child a line and takes the next event; `None` when the child closed its output.
    pub fn ask(&mut self, line: &str) -> Result<Option<Value>> {
        // A child that ended takes no line, and its output says so.
        let _ = writeln!(self.stdin, "{line}").and_then(|()| self.stdin.flush());
        self.next_event()
    }

    /// Its number among the processes.
    pub fn id(&self) -> u32 {
        locked(&self.child).id()
    }

    /// Ends the child as a power cut would: SIGKILL.
    pub fn kill(&mut self) -> Result<()> {
        locked(&self.child)
            .kill()
            .during(format!("killing {}", self.name))?;
        self.wait().map(drop)
    }

    /// Waits for the child's own end.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if let Some(status) = locked(&self.child)
                .try_wait()
                .during(format!("waiting for {}", self.name))?
            {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err(self.trouble("does not end"))
    }

    /// The last of what it wrote to standard error.
    pub fn complaints(&self) -> String {
        locked(&self.complaints).clone()
    }

    fn parse(&self, line: &str) -> Result<Value> {
        serde_json::from_str(line)
            .map_err(|error| self.trouble(&format!("said no JSON ({error}): {line}")))
    }

    /// A trouble with what the child itself said about it.
    fn trouble(&self, what: &str) -> Trouble {
        Trouble::new(format!(
            "{} {what}; its last words:\n{}",
            self.name,
            self.complaints()
        ))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut child = locked(&self.child);
        // A child that is gone already is what we want.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Nothing at the end, and for what is no line of text.
fn read_line(from: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    from.by_ref().take(LONGEST).read_line(&mut line).ok()?;
    let whole = line.strip_suffix('\n');
    let last = || (!line.is_empty() && (line.len() as u64) < LONGEST).then_some(line.as_str());
    whole.or_else(last).map(str::to_owned)
}

fn keep_tail(kept: &mut String, more: &str) {
    kept.push_str(more);
    if kept.len() > COMPLAINTS {
        let mut cut = kept.len() - COMPLAINTS;
        while !kept.is_char_boundary(cut) {
            cut += 1;
        }
        kept.drain(..cut);
    }
}

/// A poisoned lock only means that a test failed while it held it: what it guards is still to be ended.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
