//! Damage to the files of a closed store, each by itself: bytes that are changed, and files that are cut. Lines say which, so
//! that one process draws them and another does them.

use crate::harness::Running;
use crate::ledger::Random;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// Of each file so many bytes are changed one by one, and about so many anywhere else.
const FIRST: u64 = 8_192;
const ANYWHERE: u64 = 2_000;

/// A folder for thousands of copies: in memory where there is memory to be had as files.
pub fn scratch() -> io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    }
}

/// A folder and all in it.
pub fn tree(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![folder.to_path_buf()];
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(tree(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// Copies a folder, to where nothing is.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// What is done to the files of `store`, a folder in `folder`: a line is `flip <file> <offset> <mask>`, or `cut <file>
/// <length>`. With `COUNTERSIGN_OFFSETS=all` every byte is changed. `records` are bytes that stand in the files: each is cut before
/// and behind.
///
/// # Errors
/// A file that can't be read.
pub fn draw(
    folder: &Path,
    store: &str,
    records: &[Vec<u8>],
    random: &mut Random,
) -> io::Result<Vec<String>> {
    let every = std::env::var("COUNTERSIGN_OFFSETS").is_ok_and(|which| which == "all");
    let mut lines = Vec::new();
    for path in tree(&folder.join(store))? {
        if path.is_dir() {
            continue;
        }
        let bytes = fs::read(&path)?;
        let length = bytes.len() as u64;
        let file = path.strip_prefix(folder).unwrap_or(&path).display();
        for at in 0..length {
            if every || at < FIRST || random.below(length) < ANYWHERE {
                lines.push(format!("flip {file} {at} {}", 1 + random.below(255)));
            }
        }
        let mut cuts = edges(&bytes, records);
        // Each page, each sector of the last page, and anywhere.
        cuts.extend((0..length).step_by(4_096));
        cuts.extend((0..length).rev().step_by(512).take(16));
        if length > 0 {
            cuts.extend((0..40).map(|_| random.below(length)));
        }
        lines.extend(cuts.iter().map(|at| format!("cut {file} {at}")));
    }
    Ok(lines)
}

/// Where records begin and end.
fn edges(bytes: &[u8], records: &[Vec<u8>]) -> Vec<u64> {
    let mut edges = Vec::new();
    for record in records.iter().filter(|record| !record.is_empty()) {
        for (at, window) in bytes.windows(record.len()).enumerate() {
            if window == record {
                edges.extend([at as u64, (at + record.len()) as u64]);
            }
        }
    }
    edges.retain(|at| *at < bytes.len() as u64);
    edges
}

/// Reads lines from standard input; for each makes a damaged copy of `folder` and says what `judge` finds it to be: a word, and
/// what belongs to it.
///
/// # Errors
/// A line that is no damage, or a folder that can't be copied.
pub fn serve(
    folder: &Path,
    scratch: &Path,
    mut judge: impl FnMut(&Path) -> (&'static str, String),
) -> Result<(), Box<dyn Error>> {
    for line in io::stdin().lock().lines() {
        let line = line?;
        match fs::remove_dir_all(scratch) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed?,
        }
        copy(folder, scratch)?;
        apply(scratch, &line)?;
        let (verdict, detail) = judge(scratch);
        let event = json!({"event": "verdict", "line": line, "verdict": verdict, "detail": detail});
        let mut out = io::stdout().lock();
        writeln!(out, "{event}").and_then(|()| out.flush())?;
    }
    Ok(())
}

fn apply(folder: &Path, line: &str) -> Result<(), Box<dyn Error>> {
    let words: Vec<&str> = line.split(' ').collect();
    let [what, file, numbers @ ..] = &words[..] else {
        return Err(format!("{line}: no damage").into());
    };
    let path = folder.join(file);
    let mut bytes = fs::read(&path)?;
    let number = |at: usize| {
        let word = numbers.get(at).ok_or("a number is missing")?;
        word.parse::<usize>().map_err(|_| "no number")
    };
    match *what {
        "flip" => {
            let byte = bytes.get_mut(number(0)?).ok_or("beyond the file")?;
            *byte ^= u8::try_from(number(1)?)?;
        }
        "cut" => bytes.truncate(number(0)?),
        _ => return Err(format!("{line}: no damage").into()),
    }
    Ok(fs::write(&path, bytes)?)
}

/// How often which verdict was given, for bytes that were changed and files that were cut.
#[derive(Debug, Default)]
pub struct Judged {
    /// For changed bytes.
    pub flips: BTreeMap<String, usize>,
    /// For cut files.
    pub cuts: BTreeMap<String, usize>,
    /// What was said, where something was.
    pub said: BTreeMap<String, usize>,
    /// The worst of each verdict that says nothing: an example.
    pub examples: BTreeMap<String, (u64, String)>,
}

impl Judged {
    /// Verdicts that aren't among these.
    pub fn others(&self, allowed: &[&str]) -> Vec<&str> {
        let given = self.flips.keys().chain(self.cuts.keys());
        given
            .map(String::as_str)
            .filter(|verdict| !allowed.contains(verdict))
            .collect()
    }

    fn note(&mut self, line: &str, event: Option<&Value>) {
        let word = |name: &str| event.and_then(|event| event[name].as_str());
        let verdict = word("verdict").unwrap_or("ended").to_owned();
        let detail = word("detail").unwrap_or_default();
        if verdict == "typed" {
            *self.said.entry(detail.to_owned()).or_default() += 1;
        } else if verdict != "whole" {
            let lost = detail.parse().unwrap_or(0);
            let worst = self.examples.entry(verdict.clone()).or_default();
            *worst = (lost, format!("{line}: {detail}")).max(worst.clone());
        }
        let counts = if line.starts_with("flip") {
            &mut self.flips
        } else {
            &mut self.cuts
        };
        *counts.entry(verdict).or_default() += 1;
    }
}

/// Has two processes that [`serve`] judge all lines. `start` starts one, and says where it has its copies.
pub fn judge(lines: &[String], folder: &Path, start: impl Fn(&Path) -> Running + Sync) -> Judged {
    let next = AtomicUsize::new(0);
    let judged = Mutex::new(Judged::default());
    std::thread::scope(|scope| {
        for worker in 0..2 {
            let scratch = folder.join(format!("scratch-{worker}"));
            let (start, next, judged) = (&start, &next, &judged);
            scope.spawn(move || {
                let mut process = start(&scratch);
                while let Some(line) = lines.get(next.fetch_add(1, Ordering::SeqCst)) {
                    // None for a process that ended; one that hangs is ended by its owner.
                    let event = process.ask(line).ok().flatten();
                    if event.is_none() {
                        process = start(&scratch);
                    }
                    let mut judged = judged.lock().unwrap_or_else(PoisonError::into_inner);
                    judged.note(line, event.as_ref());
                }
            });
        }
    });
    judged.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_cut_before_and_behind_wherever_it_stands() {
        let record = b"record".to_vec();
        let records = [record, Vec::new()];
        assert_eq!(edges(b"a record, record", &records), [2, 8, 10]);
        assert!(edges(b"no such thing", &records).is_empty());
    }

    #[test]
    fn damage_is_done_as_the_line_says_and_to_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, [1, 2, 3]).unwrap();
        apply(folder.path(), "flip file 1 3").unwrap();
        assert_eq!(fs::read(&file).unwrap(), [1, 1, 3]);
        apply(folder.path(), "cut file 2").unwrap();
        assert_eq!(fs::read(&file).unwrap(), [1, 1]);
        for bad in [
            "flip file 2 1",
            "flip file 0",
            "cut other 0",
            "grow file 1",
            "",
        ] {
            assert!(apply(folder.path(), bad).is_err(), "{bad}");
        }
    }
}
