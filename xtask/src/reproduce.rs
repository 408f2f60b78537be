//! `cargo xtask reproduce`: builds what is shipped twice, from what is committed, in two folders of different names, and compares
//! the programs byte by byte.
//!
//! What would tell the builds apart is the path: compilers write it into messages and assertions. Each build is told to write
//! another one, the same for both.

use crate::error::{Error, Result};
use crate::home::{Home, run};
use crate::machine;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The programs that are shipped, each named as its package.
const PROGRAMS: [&str; 2] = ["countersign-server", "countersign"];

/// Of different lengths, so that a path that stayed shows at once.
const FOLDERS: [&str; 2] = ["one", "the-other-folder"];

pub(crate) fn command(home: &Home) -> Result<ExitCode> {
    let place = home.target.join("reproduce");
    let commit = machine::said(&["git", "rev-parse", "HEAD"]);
    println!("commit {commit}");
    let built: Vec<PathBuf> = FOLDERS
        .iter()
        .map(|folder| build(home, &commit, &place.join(folder)))
        .collect::<Result<_>>()?;
    let mut same = true;
    for program in PROGRAMS {
        let read = |release: &PathBuf| {
            let path = release.join(program);
            std::fs::read(&path).map_err(|source| Error::File { path, source })
        };
        let programs: Vec<Vec<u8>> = built.iter().map(read).collect::<Result<_>>()?;
        let equal = programs.windows(2).all(|two| two[0] == two[1]);
        same &= equal;
        let said = if equal { "the same" } else { "DIFFERENT" };
        println!("{program}: {said}, {} bytes", programs[0].len());
    }
    println!("they are in {} and beside it", built[0].display());
    Ok(if same {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Takes a commit into a folder and builds it there from nothing; gives where the programs are.
fn build(home: &Home, commit: &str, folder: &Path) -> Result<PathBuf> {
    println!("{} …", folder.display());
    let file = |source| Error::File {
        path: folder.to_owned(),
        source,
    };
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(file)?;
    }
    std::fs::create_dir_all(folder).map_err(file)?;
    let tar = folder.join("source.tar");
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.args(args).current_dir(&home.root);
        command
    };
    run(git(&["archive", "--output"]).arg(&tar).arg(commit))?;
    run(Command::new("tar").arg("-xf").arg(&tar).current_dir(folder))?;
    let target = folder.join("target");
    let mut command = home.cargo(&["build", "--release", "--locked"]);
    for program in PROGRAMS {
        command.args(["--package", program]);
    }
    let [paths, c_paths] = without_paths(folder, &cargo_home());
    command
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_ENCODED_RUSTFLAGS", paths)
        .env("CFLAGS", &c_paths)
        .env("CXXFLAGS", &c_paths)
        .env("CARGO_INCREMENTAL", "0")
        .env("SOURCE_DATE_EPOCH", "0");
    run(&mut command)?;
    Ok(target.join("release"))
}

/// What rustc and the C compiler are told: the sources lie in `/countersign`, the dependencies in `/cargo`.
pub(crate) fn without_paths(folder: &Path, cargo_home: &Path) -> [String; 2] {
    let maps = [(folder, "/countersign"), (cargo_home, "/cargo")];
    let flag = |name: &str, separator: &str| {
        let flags = maps.map(|(from, to)| format!("{name}={}={to}", from.display()));
        flags.join(separator)
    };
    [
        flag("--remap-path-prefix", "\x1f"),
        flag("-ffile-prefix-map", " "),
    ]
}

pub(crate) fn cargo_home() -> PathBuf {
    let own = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    own.unwrap_or_else(|| home().join(".cargo"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_compilers_are_told_the_same_paths() {
        let [rust, c] = without_paths(Path::new("/a/one"), Path::new("/h/.cargo"));
        let [other, _] = without_paths(Path::new("/a/the-other"), Path::new("/h/.cargo"));
        assert_ne!(rust, other);
        assert_eq!(
            rust,
            "--remap-path-prefix=/a/one=/countersign\x1f--remap-path-prefix=/h/.cargo=/cargo"
        );
        assert_eq!(
            c,
            "-ffile-prefix-map=/a/one=/countersign -ffile-prefix-map=/h/.cargo=/cargo"
        );
    }
}
