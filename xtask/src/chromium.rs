//! The browser that looks at the pages: Debian's Chromium and Node, and the libraries of `tests/browser` in the target
//! folder, as its lock file names them by digest. Nothing of a package is run when it is installed.

use crate::debian;
use crate::error::{Error, Result};
use crate::home::Home;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a Debian without them lacks. `npm` comes with the Node of other sources, and conflicts with it: it is asked for alone.
const CHROMIUM: &str = "chromium";
const NODE: &str = "nodejs";
const NPM: &str = "npm";

/// The oldest Node that playwright-core runs on.
const NODE_LEAST: u32 = 20;

/// Makes sure that a browser can be driven.
pub(crate) fn ensure(home: &Home) -> Result<()> {
    ensure_package(CHROMIUM, || Path::new("/usr/bin/chromium").exists())?;
    ensure_package(NODE, || node_version().is_some())?;
    ensure_package(NPM, || runs(Command::new("npm").arg("--version")))?;
    match node_version() {
        Some(version) if version >= NODE_LEAST => install(home),
        _ => Err(Error::Chromium(format!(
            "playwright-core needs Node {NODE_LEAST} or newer, and `node` on the path is older"
        ))),
    }
}

fn ensure_package(package: &str, is_there: impl Fn() -> bool) -> Result<()> {
    if is_there() || (debian::may_install() && debian::install(&[package]) && is_there()) {
        return Ok(());
    }
    Err(Error::Chromium(format!(
        "{package} is missing; on Debian: apt-get install {package}"
    )))
}

fn node_version() -> Option<u32> {
    let said = Command::new("node").arg("--version").output().ok()?;
    major(&String::from_utf8_lossy(&said.stdout))
}

/// `v20.20.2` is 20.
fn major(version: &str) -> Option<u32> {
    let (major, _) = version.trim().strip_prefix('v')?.split_once('.')?;
    major.parse().ok()
}

fn install(home: &Home) -> Result<()> {
    const LOCK: &str = "package-lock.json";
    let (from, to) = (
        home.root.join("tests/browser"),
        home.target.join("node/browser"),
    );
    let wanted = read(&from.join(LOCK))?;
    let stamp = to.join("installed.json");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("installing playwright-core and axe-core");
    fs::create_dir_all(&to).map_err(|source| Error::File {
        path: to.clone(),
        source,
    })?;
    for file in ["package.json", LOCK] {
        write(&to.join(file), &read(&from.join(file))?)?;
    }
    let mut command = Command::new("npm");
    command
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&to);
    if !runs(&mut command) {
        return Err(Error::Chromium(
            "npm ci failed in the target folder's node/browser".to_owned(),
        ));
    }
    write(&stamp, &wanted)
}

fn runs(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|source| Error::File {
        path: path.to_path_buf(),
        source,
    })
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|source| Error::File {
        path: path.to_path_buf(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_version_is_read_as_node_says_it() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        assert_eq!(major("v8.0.0"), Some(8));
        for strange in ["", "20.1", "vx.1", "v20"] {
            assert_eq!(major(strange), None, "{strange}");
        }
    }

    #[test]
    fn the_lock_names_versions_and_digests_and_no_registry() {
        let lock = include_str!("../../tests/browser/package-lock.json");
        assert!(lock.contains("\"integrity\": \"sha512-") && !lock.contains("http"));
    }
}
