//! `cargo xtask docs`: the reference of the façade in each language, from the one set of comments in `bindings/src`.

use crate::error::Result;
use crate::home::{self, Home};
use crate::{build, kotlin, swift};
use std::process::ExitCode;

/// Writes rustdoc, KDoc and DocC into the target folder.
pub(crate) fn command(home: &Home) -> Result<ExitCode> {
    build::everything(home)?;
    home::run(&mut home.cargo(&["doc", "--no-deps", "--package", "countersign-bindings"]))?;
    let kotlin = kotlin::ensure(home).and_then(|()| kotlin::document(home));
    let swift = swift::ensure(home).and_then(|()| swift::document(home));
    let docs = home.target.join("docs");
    println!(
        "Rust:   {}",
        home.target
            .join("doc/countersign_bindings/index.html")
            .display()
    );
    if kotlin.is_ok() {
        println!("Kotlin: {}", docs.join("kotlin/index.html").display());
    }
    if swift.is_ok() {
        let swift = docs.join("swift");
        println!("Swift:  {}, to be served as it is", swift.display());
    }
    // What could be written was.
    kotlin.and(swift).map(|()| ExitCode::SUCCESS)
}
