//! `cargo xtask docs`: the reference of the façade in each language, from the one set of comments in `bindings/src`.

use crate::error::Result;
use crate::home::{self, Home};
use crate::{build, kotlin, swift};
use std::process::ExitCode;

/// Writes rustdoc, KDoc and DocC into the target folder.
pub(crate) fn command(home: &Home) -> Result<ExitCode> {
    build::everything(home)?;
    kotlin::ensure(home)?;
    swift::ensure(home)?;
    home::run(&mut home.cargo(&["doc", "--no-deps", "--package", "countersign-bindings"]))?;
    kotlin::document(home)?;
    swift::document(home)?;
    let docs = home.target.join("docs");
    println!(
        "Rust:   {}",
        home.target
            .join("doc/countersign_bindings/index.html")
            .display()
    );
    println!("Kotlin: {}", docs.join("kotlin/index.html").display());
    println!(
        "Swift:  {}, to be served as it is",
        docs.join("swift").display()
    );
    Ok(ExitCode::SUCCESS)
}
