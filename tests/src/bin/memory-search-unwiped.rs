//! The same phone without the allocator that wipes: what the search finds then shows that it would find it.

use std::process::ExitCode;

fn main() -> ExitCode {
    countersign_tests::memory::main()
}
