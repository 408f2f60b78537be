//! `cargo xtask demo`: builds, then becomes the story teller of `tests/src/bin/demo.rs`, so that Ctrl-C reaches it.

use crate::build;
use crate::error::{Error, Result};
use crate::home::Home;
use crate::python;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Instant;

pub(crate) fn run(home: &Home, once: bool) -> Result<ExitCode> {
    let begin = Instant::now();
    build::for_demo(home)?;
    println!("The build took {} s.", begin.elapsed().as_secs());
    let begin = Instant::now();
    python::ensure(home, &python::SP)?;
    println!("python3-saml took {} s.", begin.elapsed().as_secs());
    let mut command = Command::new(home.target.join("debug/demo"));
    if once {
        command.arg("--once");
    }
    // Only comes back when it failed.
    Err(Error::Start {
        program: "the demo".to_owned(),
        source: command.exec(),
    })
}
