//! The half of the conformance kit that plays the server (`docs/conformance.md`). A program of its own, in this package, so that
//! what is shipped, `countersign-server`, has neither its clock nor its script.

use std::process::ExitCode;

/// What it serves at `/vectors/`, by the names of the files.
static VECTORS: [(&str, &str); 7] = [
    ("protocol.json", include_str!("../../vectors/protocol.json")),
    (
        "statements.json",
        include_str!("../../vectors/statements.json"),
    ),
    (
        "derivations.json",
        include_str!("../../vectors/derivations.json"),
    ),
    ("forms.json", include_str!("../../vectors/forms.json")),
    (
        "histories.json",
        include_str!("../../vectors/histories.json"),
    ),
    (
        "challenges.json",
        include_str!("../../vectors/challenges.json"),
    ),
    (
        "responses.json",
        include_str!("../../vectors/responses.json"),
    ),
];

fn main() -> ExitCode {
    countersign_server::conformance::run(&VECTORS)
}
