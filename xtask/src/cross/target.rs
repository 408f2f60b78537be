//! Which libraries are built, and what each may be.

use super::size::Size;

/// What an app's library should come down to (issue 8).
const AIM: Size = Size(1_500_000);

/// What it must not grow beyond unnoticed: what it was when this was last looked at, and a little. Where the room goes is told in
/// `benches/RESULTS.md`.
const LIMIT: Size = Size(3_450_000);

/// A kind of system that a library is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    Android,
    Ios,
    Linux,
}

/// A library to build.
#[derive(Debug)]
pub(super) struct Target {
    /// As rustc names it.
    pub(super) triple: &'static str,
    pub(super) system: System,
    /// As ELF names its processor.
    pub(super) machine: u16,
    /// Whether its size is judged.
    limited: bool,
}

impl Target {
    /// What its size is measured by, where it is.
    pub(super) fn limit(&self) -> Option<Size> {
        self.limited.then_some(LIMIT)
    }

    /// What the size is beside the one that is aimed at, where there is an aim.
    pub(super) fn aim(&self, size: Size) -> Option<String> {
        let met = if size <= AIM { "met" } else { "not met" };
        self.limited
            .then(|| format!("nothing; at most {LIMIT}, aim {AIM}: {met}"))
    }
}

/// The same for this machine: the yardstick, and what code is generated from.
pub(super) const YARDSTICK: Target = Target {
    triple: "x86_64-unknown-linux-gnu",
    system: System::Linux,
    machine: goblin::elf::header::EM_X86_64,
    limited: false,
};

/// All of them. No linker of Apple's is here: the library for Linux on the same processor, by the same profile, stands in for what would
/// be in an app for iOS.
pub(super) const TARGETS: &[Target] = &[
    Target {
        triple: "aarch64-linux-android",
        system: System::Android,
        machine: goblin::elf::header::EM_AARCH64,
        limited: true,
    },
    Target {
        triple: "x86_64-linux-android",
        system: System::Android,
        machine: goblin::elf::header::EM_X86_64,
        limited: false,
    },
    Target {
        triple: "aarch64-apple-ios",
        system: System::Ios,
        machine: 0,
        limited: false,
    },
    Target {
        triple: "aarch64-unknown-linux-gnu",
        system: System::Linux,
        machine: goblin::elf::header::EM_AARCH64,
        limited: true,
    },
    YARDSTICK,
];
