//! What a process used, from `/proc`.

use crate::Result;
use std::fs;

/// Clock ticks a second: fixed on every architecture that Linux has today.
const TICKS: f64 = 100.0;

/// Seconds of processor, user's and system's.
pub fn cpu(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in parentheses, may hold anything.
    let (_, rest) = stat.rsplit_once(')').ok_or("no process status")?;
    let field = |n: usize| -> Result<f64> {
        let field = rest
            .split_whitespace()
            .nth(n)
            .ok_or("a short process status")?;
        Ok(field.parse()?)
    };
    Ok((field(11)? + field(12)?) / TICKS)
}

/// The most memory it ever held, bytes.
pub fn peak_memory(pid: u32) -> Result<u64> {
    status(pid, "VmHWM:")
}

/// The memory it holds now, bytes.
pub fn memory(pid: u32) -> Result<u64> {
    status(pid, "VmRSS:")
}

fn status(pid: u32, name: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let size = line.and_then(|line| line.split_whitespace().next());
    Ok(size.ok_or("no such size")?.parse::<u64>()? * 1024)
}
