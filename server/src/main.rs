//! `countersign-server`: see `countersign-server --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    countersign_server::run()
}
