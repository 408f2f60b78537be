//! Looks for bytes in the memory of another process of ours, which need not know of it.

use crate::harness::{During, Result};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

/// How much is read at once.
const PIECE: usize = 1 << 20;

/// Where `needle` stands in what process `pid` may write to, but for the stacks of its threads, of which nothing is claimed. The process
/// has to wait for something meanwhile.
///
/// # Errors
/// The process is gone, or not ours.
pub fn find_in(pid: u32, needle: &[u8]) -> Result<Vec<u64>> {
    let stacks = stack_pointers(pid)?;
    let memory = File::open(format!("/proc/{pid}/mem")).during("opening a process's memory")?;
    let mut found = Vec::new();
    for (start, end) in writable(pid)? {
        if stacks.iter().any(|at| (start..end).contains(at)) {
            continue;
        }
        let mut at = start;
        while at < end {
            let length = PIECE.min(usize::try_from(end - at).unwrap_or(PIECE));
            let mut piece = vec![0; length];
            // What was given back meanwhile has nothing in it.
            let read = memory.read_at(&mut piece, at).unwrap_or_default();
            let matches = places(&piece[..read], needle);
            found.extend(matches.map(|place| at + place as u64));
            // What stands across the end of a piece is found in the next.
            let step = length.saturating_sub(needle.len() - 1).max(1);
            at += if at + length as u64 == end {
                length
            } else {
                step
            } as u64;
        }
    }
    Ok(found)
}

fn places<'a>(bytes: &'a [u8], needle: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let first = needle[0];
    let candidates = bytes
        .iter()
        .enumerate()
        .filter(move |(_, byte)| **byte == first);
    candidates.filter_map(move |(at, _)| bytes[at..].starts_with(needle).then_some(at))
}

fn writable(pid: u32) -> Result<Vec<(u64, u64)>> {
    let map = fs::read_to_string(format!("/proc/{pid}/maps")).during("reading a process's map")?;
    let regions = map.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        words
            .next()?
            .starts_with("rw")
            .then_some((number(start)?, number(end)?))
    });
    Ok(regions.collect())
}

/// Where each thread's stack is now: `/proc/PID/task/*/syscall` of one that waits ends with its stack pointer and its place.
fn stack_pointers(pid: u32) -> Result<Vec<u64>> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).during("listing threads")?;
    let pointers = threads.filter_map(|thread| {
        let said = fs::read_to_string(thread.ok()?.path().join("syscall")).ok()?;
        let pointer = said.split_whitespace().rev().nth(1)?;
        u64::from_str_radix(pointer.strip_prefix("0x")?, 16).ok()
    });
    Ok(pointers.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_whole_also_across_pieces() {
        let mut kept = vec![1; 2 * PIECE + 40];
        let needle: Vec<u8> = (0..24).map(|at| at * 5 + 100).collect();
        kept[PIECE - 5..PIECE + 19].copy_from_slice(&needle);
        let at = kept.as_ptr() as u64 + PIECE as u64 - 5;
        let found = find_in(std::process::id(), &needle).unwrap();
        assert!(found.contains(&at), "{found:?}");
        kept[PIECE] = 0;
        let found = find_in(std::process::id(), &needle).unwrap();
        assert!(!found.contains(&at), "{found:?}");
        drop(kept);
    }
}
