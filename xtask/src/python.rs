//! The Python that parts of the tests run on: a virtual environment for each in the target folder, filled from its
//! `requirements.txt` and nothing that has another digest.

use crate::debian;
use crate::error::{Error, Result};
use crate::home::Home;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a Debian without them lacks.
const PACKAGES: &[&str] = &["python3", "python3-venv"];

const DEBIANS_OWN: &str = "/usr/bin/python3";

/// What a part of the tests needs.
pub(crate) struct Part {
    /// Its folder in `tests`, and its environment's name.
    name: &'static str,
    /// What is installed, for people.
    what: &'static str,
    /// The module that shows that it is.
    module: &'static str,
}

/// The service provider.
pub(crate) const SP: Part = Part {
    name: "sp",
    what: "python3-saml",
    module: "onelogin.saml2.auth",
};

/// The second phone.
pub(crate) const INTEROP: Part = Part {
    name: "interop",
    what: "cryptography",
    module: "cryptography.hazmat.primitives.kdf.argon2",
};

/// The mail server.
pub(crate) const MAIL: Part = Part {
    name: "mail",
    what: "aiosmtpd",
    module: "aiosmtpd.smtp",
};

/// Why one interpreter is no good.
enum Unfit {
    /// There is none, or it cannot make a virtual environment.
    NoVenv,
    /// There is no wheel for it.
    NoWheel(String),
    /// Something else, in pip's own words.
    Other(String),
}

/// Makes sure that what a part needs is there.
pub(crate) fn ensure(home: &Home, part: &Part) -> Result<()> {
    let requirements = home.root.join("tests").join(part.name);
    let requirements = requirements.join("requirements.txt");
    let wanted = fs::read_to_string(&requirements).map_err(|source| Error::File {
        path: requirements.clone(),
        source,
    })?;
    let environment = home.target.join("python").join(part.name);
    let stamp = environment.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted)
        && works(&environment, part)
    {
        return Ok(());
    }
    install(&environment, &requirements, part)?;
    fs::write(&stamp, wanted).map_err(|source| Error::File {
        path: stamp,
        source,
    })
}

fn install(environment: &Path, requirements: &Path, part: &Part) -> Result<()> {
    // The first on the path may be newer than all wheels, or built without venv; Debian's own is the second try.
    let mut reasons = Vec::new();
    for interpreter in ["python3", DEBIANS_OWN] {
        println!("installing {} for {interpreter}", part.what);
        match try_install(interpreter, environment, requirements, part) {
            Ok(()) => return Ok(()),
            Err(unfit) => reasons.push(format!("{interpreter}: {}", unfit.advice())),
        }
    }
    if debian::may_install() && debian::install(PACKAGES) {
        match try_install(DEBIANS_OWN, environment, requirements, part) {
            Ok(()) => return Ok(()),
            Err(unfit) => reasons = vec![unfit.advice()],
        }
    }
    Err(Error::Python(format!(
        "{} cannot be installed. {}",
        part.what,
        reasons.join(" ")
    )))
}

impl Unfit {
    fn advice(&self) -> String {
        match self {
            Self::NoVenv => format!(
                "it is missing or has no venv; on Debian: apt-get install {}.",
                PACKAGES.join(" ")
            ),
            Self::NoWheel(what) => format!(
                "there is no wheel for it ({what}); one of CPython 3.10 to 3.14 on glibc, x86_64 or aarch64, has them, \
                 on Debian: apt-get install {}.",
                PACKAGES.join(" ")
            ),
            Self::Other(words) => format!("pip failed: {words}"),
        }
    }
}

fn try_install(
    interpreter: &str,
    environment: &Path,
    requirements: &Path,
    part: &Part,
) -> std::result::Result<(), Unfit> {
    // A half-made one from before is in the way; a missing one is not.
    let _ = fs::remove_dir_all(environment);
    let mut command = Command::new(interpreter);
    command.args(["-m", "venv"]).arg(environment);
    if !output(&mut command).is_some_and(|made| made.status.success()) {
        return Err(Unfit::NoVenv);
    }
    let mut command = Command::new(python_of(environment));
    command.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]);
    command
        .args([
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--no-deps",
            "--requirement",
        ])
        .arg(requirements);
    let Some(installed) = output(&mut command) else {
        return Err(Unfit::NoVenv);
    };
    if installed.status.success() && works(environment, part) {
        return Ok(());
    }
    Err(judge(&String::from_utf8_lossy(&installed.stderr)))
}

/// What pip's complaint means for the person who reads it.
fn judge(complaint: &str) -> Unfit {
    let telling: Vec<&str> = complaint
        .lines()
        .filter(|line| line.contains("ERROR"))
        .collect();
    match telling
        .iter()
        .find(|line| line.contains("No matching distribution"))
    {
        // Without any version on offer it is the network and not the wheels.
        Some(line) if !complaint.contains("from versions: none") => {
            Unfit::NoWheel((*line).trim().to_owned())
        }
        _ if telling.is_empty() => Unfit::Other("what was installed does not start".to_owned()),
        _ => Unfit::Other(telling.join(" ")),
    }
}

fn works(environment: &Path, part: &Part) -> bool {
    let mut command = Command::new(python_of(environment));
    command.args(["-B", "-c", &format!("import {}", part.module)]);
    output(&mut command).is_some_and(|tried| tried.status.success())
}

fn python_of(environment: &Path) -> PathBuf {
    environment.join("bin/python")
}

fn output(command: &mut Command) -> Option<Output> {
    command.stdin(Stdio::null()).output().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_wheel_is_told_from_a_missing_network() {
        let wheel = "ERROR: Could not find a version that satisfies the requirement lxml==6.1.3 (from versions: 1.0)\n\
                     ERROR: No matching distribution found for lxml==6.1.3";
        assert!(matches!(judge(wheel), Unfit::NoWheel(what) if what.contains("lxml==6.1.3")));
        let network = "ERROR: Could not find a version that satisfies the requirement lxml (from versions: none)\n\
                       ERROR: No matching distribution found for lxml==6.1.3";
        assert!(matches!(judge(network), Unfit::Other(_)));
        assert!(matches!(judge(""), Unfit::Other(_)));
    }

    #[test]
    fn every_piece_of_advice_that_a_package_can_follow_names_it() {
        assert!(Unfit::NoVenv.advice().contains("python3-venv"));
        assert!(
            Unfit::NoWheel(String::new())
                .advice()
                .contains("python3-venv")
        );
    }
}
