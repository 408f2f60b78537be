//! The phone in Kotlin: generated from the built library, and built by Maven, all in the target folder.

use crate::debian;
use crate::error::{Error, Result};
use crate::home::Home;
use std::fs;
use std::process::{Command, Stdio};

/// What a Debian without them lacks.
const JDK: &str = "default-jdk-headless";
const MAVEN: &str = "maven";

/// Makes sure that the Kotlin of this build is there, ready to run.
pub(crate) fn ensure(home: &Home) -> Result<()> {
    debian::ensure(JDK, || runs("javac", &["--version"]))?;
    debian::ensure(MAVEN, || runs("mvn", &["--version"]))?;
    generate(home)?;
    let properties = [
        ("target", home.target.join("kotlin")),
        ("library", home.target.join("debug")),
    ];
    let mut command = Command::new("mvn");
    command
        .args(["-B", "-q", "-f", "kotlin/pom.xml"])
        .args(properties.map(|(name, folder)| format!("-Dcountersign.{name}={}", folder.display())))
        .args(["test-compile", "dependency:copy-dependencies"])
        .current_dir(&home.root);
    quietly(&mut command, "Maven cannot build the Kotlin")
}

fn generate(home: &Home) -> Result<()> {
    let folder = home.target.join("kotlin/generated");
    // What the library doesn't have any more must go.
    if let Err(source) = fs::remove_dir_all(&folder)
        && folder.exists()
    {
        return Err(Error::File {
            path: folder,
            source,
        });
    }
    let built = home.target.join("debug");
    let mut command = Command::new(built.join("countersign-bindgen"));
    command
        .arg("kotlin")
        .arg(built.join("libcountersign_bindings.so"))
        .arg(home.root.join("uniffi.toml"))
        .arg(folder)
        .current_dir(&home.root);
    quietly(&mut command, "the Kotlin cannot be generated")
}

/// Runs it, and shows what it said only when it failed.
fn quietly(command: &mut Command, what: &str) -> Result<()> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|source| Error::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    })?;
    if output.status.success() {
        return Ok(());
    }
    print!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    Err(Error::Missing(what.to_owned()))
}

fn runs(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command.stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
