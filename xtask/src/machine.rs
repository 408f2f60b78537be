//! The machine that figures come from, in words, and the day.

use std::process::Command;

/// Processor, memory, system, compiler.
pub(crate) fn describe() -> String {
    let cpus = read("/proc/cpuinfo");
    let model = value(&cpus, "model name").unwrap_or("an unknown processor");
    let count = cpus
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let memory = read("/proc/meminfo");
    let memory = value(&memory, "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0)
        / (1 << 20);
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let load = load.split_whitespace().next().unwrap_or("?");
    format!(
        "Machine: {count} × {model}, {memory} GiB, Linux {}, {}; load {load} at the end, others work on it too.",
        kernel.trim(),
        said(&["rustc", "--version"]),
    )
}

/// Today, UTC.
pub(crate) fn date() -> String {
    said(&["date", "-u", "+%Y-%m-%d"])
}

/// What the compiler calls this kind of machine.
pub(crate) fn host() -> Option<String> {
    Some(value(&said(&["rustc", "-vV"]), "host")?.to_owned())
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim())
}

/// What a program prints, without the end of its line.
pub(crate) fn said(words: &[&str]) -> String {
    let output = Command::new(words[0]).args(&words[1..]).output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    said.unwrap_or_else(|_| format!("{} is not there", words[0]))
}
