//! Debian packages: installed when we may, named when not.

use crate::error::{Error, Result};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Whether packages can be installed without asking anybody: root, on Debian or a child of it.
pub(crate) fn may_install() -> bool {
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    root && Path::new("/etc/debian_version").exists() && Path::new("/usr/bin/apt-get").exists()
}

/// Installs packages; says whether that worked.
pub(crate) fn install(packages: &[&str]) -> bool {
    println!("installing the Debian packages {}", packages.join(", "));
    apt_install(packages) || (apt(&["update", "-qq"]) && apt_install(packages))
}

/// Makes sure that what a package brings is there.
pub(crate) fn ensure(package: &str, is_there: impl Fn() -> bool) -> Result<()> {
    if is_there() || (may_install() && install(&[package]) && is_there()) {
        return Ok(());
    }
    Err(Error::Missing(format!(
        "{package} is missing; on Debian: apt-get install {package}"
    )))
}

/// Whether a program can be started: asked for its version.
pub(crate) fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn apt_install(packages: &[&str]) -> bool {
    apt(&[
        &["install", "-qq", "--yes", "--no-install-recommends"],
        packages,
    ]
    .concat())
}

fn apt(args: &[&str]) -> bool {
    let mut command = Command::new("/usr/bin/apt-get");
    command
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
