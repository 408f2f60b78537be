//! Debian's Node, and npm packages in the target folder, as a lock file of ours names them by digest. Nothing of a
//! package is run when it is installed.

use crate::debian;
use crate::error::{Error, Result};
use crate::home::Home;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a Debian without them lacks. `npm` comes with the Node of other sources, and conflicts with it: it is asked for
/// alone.
const NODE: &str = "nodejs";
const NPM: &str = "npm";

const LOCK: &str = "package-lock.json";

/// What wants packages.
pub(crate) struct Wanted {
    /// Its folder in the tree, with `package.json` and the lock file.
    pub(crate) from: &'static str,
    /// The folder in the target folder that gets them.
    pub(crate) to: &'static str,
    /// What they are, for the person at the keyboard.
    pub(crate) what: &'static str,
    /// The oldest Node that they run on.
    pub(crate) least: u32,
}

/// Makes sure that Node is there, and these packages.
pub(crate) fn ensure(home: &Home, wanted: &Wanted) -> Result<()> {
    debian::ensure(NODE, || version().is_some())?;
    debian::ensure(NPM, || debian::is_there("npm"))?;
    let Wanted { what, least, .. } = wanted;
    match version() {
        Some(version) if version >= *least => install(home, wanted),
        _ => Err(Error::Missing(format!(
            "{what} needs Node {least} or newer, and `node` on the path is older"
        ))),
    }
}

fn version() -> Option<u32> {
    let said = Command::new("node").arg("--version").output().ok()?;
    major(&String::from_utf8_lossy(&said.stdout))
}

/// `v20.20.2` is 20.
fn major(version: &str) -> Option<u32> {
    let (major, _) = version.trim().strip_prefix('v')?.split_once('.')?;
    major.parse().ok()
}

fn install(home: &Home, wanted: &Wanted) -> Result<()> {
    let (from, to) = (home.root.join(wanted.from), home.target.join(wanted.to));
    let lock = read(&from.join(LOCK))?;
    let stamp = to.join("installed.json");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    println!("installing {}", wanted.what);
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
        return Err(Error::Missing(format!(
            "npm ci failed in the target folder's {}",
            wanted.to
        )));
    }
    write(&stamp, &lock)
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
    fn the_locks_name_versions_and_digests_and_no_registry() {
        for lock in [
            include_str!("../../tests/browser/package-lock.json"),
            include_str!("../../tests/sp/node/package-lock.json"),
        ] {
            assert!(lock.contains("\"integrity\": \"sha512-") && !lock.contains("http"));
        }
    }
}
