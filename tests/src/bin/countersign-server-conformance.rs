//! The half of the conformance kit that plays the server (`docs/conformance.md`). A program of its own, in this package, so that
//! what is shipped, `countersign-server`, has neither its clock nor its script.

use countersign_tests::vectors::FILES;
use std::process::ExitCode;

fn main() -> ExitCode {
    countersign_server::conformance::run(&FILES)
}
