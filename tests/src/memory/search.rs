//! Everything writable of this process, compared with secrets that stay under a mask.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hint::black_box;
use std::io;
use std::os::unix::fs::FileExt;

/// What hides a secret from its own search.
pub const MASK: u8 = 0xa5;

/// Bytes that are read at once.
const PIECE: usize = 1 << 20;

/// What is looked for.
pub(super) struct Needle {
    pub(super) name: String,
    /// Every byte under [`MASK`].
    pub(super) masked: Vec<u8>,
}

/// How often each was found, where it was.
#[derive(Default)]
pub(super) struct Found {
    /// Heap, static data and whatever else is writable.
    pub(super) heap: BTreeMap<String, u64>,
    /// The stack of the thread that called the core.
    pub(super) stack: BTreeMap<String, u64>,
    /// How much was read.
    pub(super) bytes: u64,
}

/// The halves of a long secret, by name: what allocated the memory anew may have written over its beginning.
pub fn halves(name: &str, secret: &[u8]) -> Vec<(String, Vec<u8>)> {
    let (first, last) = secret.split_at(secret.len() / 2);
    [("first half", first), ("last half", last)]
        .map(|(half, bytes)| (format!("{name}, {half}"), bytes.to_vec()))
        .into()
}

/// Searches.
pub(super) fn search(needles: &[Needle]) -> io::Result<Found> {
    let memory = File::open("/proc/self/mem")?;
    let longest = needles.iter().map(|needle| needle.masked.len()).max();
    let overlap = longest.unwrap_or(1).saturating_sub(1);
    let by_first = by_first(needles);
    let mut piece = vec![0; PIECE];
    let mut found = Found::default();
    for region in writable()? {
        let mut at = region.start;
        while at < region.end {
            let wanted = PIECE.min(region.end - at);
            let got = memory.read_at(&mut piece[..wanted], at as u64)?;
            if got == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            found.bytes += got as u64;
            let counts = if region.is_stack {
                &mut found.stack
            } else {
                &mut found.heap
            };
            // What was read is itself in memory, and isn't meant.
            let own = piece.as_ptr().addr();
            let own = own.saturating_sub(overlap)..own + PIECE;
            for place in matches(&piece[..got], needles, &by_first) {
                if !own.contains(&(at + place.0)) {
                    *counts.entry(needles[place.1].name.clone()).or_default() += 1;
                }
            }
            let is_last = at + got == region.end;
            at += if is_last || got <= overlap {
                got
            } else {
                got - overlap
            };
        }
    }
    piece.fill(0);
    black_box(&piece);
    Ok(found)
}

/// Which needles begin with a byte, by that byte under the mask.
fn by_first(needles: &[Needle]) -> Vec<Vec<usize>> {
    let mut by_first = vec![Vec::new(); 256];
    for (n, needle) in needles.iter().enumerate() {
        if let Some(first) = needle.masked.first() {
            by_first[usize::from(*first)].push(n);
        }
    }
    by_first
}

/// Where which needle is.
fn matches(bytes: &[u8], needles: &[Needle], by_first: &[Vec<usize>]) -> Vec<(usize, usize)> {
    // Unknown to the compiler, or it would take the mask off the needles.
    let mask = black_box(MASK);
    let mut matches = Vec::new();
    for (at, first) in bytes.iter().enumerate() {
        for n in &by_first[usize::from(first ^ mask)] {
            let masked = &needles[*n].masked;
            let here = bytes[at..].iter().take(masked.len());
            if here.len() == masked.len() && here.zip(masked).all(|(a, b)| a ^ mask == *b) {
                matches.push((at, *n));
            }
        }
    }
    matches
}

struct Region {
    start: usize,
    end: usize,
    is_stack: bool,
}

/// What this process may write to, by its map.
fn writable() -> io::Result<Vec<Region>> {
    let mut regions = Vec::new();
    for line in fs::read_to_string("/proc/self/maps")?.lines() {
        let mut words = line.split_whitespace();
        let (Some(range), Some(rights)) = (words.next(), words.next()) else {
            continue;
        };
        let name = words.nth(3).unwrap_or_default();
        if !rights.starts_with("rw") || name.starts_with("[v") {
            continue;
        }
        let number = |text: &str| {
            usize::from_str_radix(text, 16).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
        };
        let (start, end) = range.split_once('-').ok_or(io::ErrorKind::InvalidData)?;
        regions.push(Region {
            start: number(start)?,
            end: number(end)?,
            is_stack: name == "[stack]",
        });
    }
    Ok(regions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_needle_is_found_wherever_it_stands_and_only_whole() {
        let needle = |text: &[u8]| Needle {
            name: String::new(),
            masked: text.iter().map(|byte| byte ^ MASK).collect(),
        };
        let needles = [needle(b"needle"), needle(b"nee"), needle(b"x")];
        let index = by_first(&needles);
        let in_ = |text: &[u8]| matches(text, &needles, &index);
        assert_eq!(in_(b"needle"), [(0, 0), (0, 1)]);
        assert_eq!(in_(b"a needle"), [(2, 0), (2, 1)]);
        assert_eq!(in_(b"nneedlx"), [(1, 1), (6, 2)]);
        assert_eq!(in_(b"ne"), []);
    }
}
