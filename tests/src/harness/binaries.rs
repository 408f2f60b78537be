//! Where the things are that were built or installed before: beside the program that runs.

use super::{During, Result, Trouble};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program `name` of this workspace, in the folder where cargo put the running one.
pub fn program(name: &str) -> Result<PathBuf> {
    let path = profile_dir()?.join(name);
    if path.is_file() {
        return Ok(path);
    }
    Err(Trouble::new(format!(
        "`{name}` is not built. `cargo xtask test` builds everything; by hand it is \
         `cargo build -p countersign-server -p countersign -p countersign-tests --bins`"
    )))
}

/// Where the checks in the browser have their libraries, put there by `cargo xtask test browser`.
pub(super) fn browser_modules() -> Result<PathBuf> {
    let path = target_dir()?.join("node/browser/node_modules");
    if path.is_dir() {
        return Ok(path);
    }
    Err(Trouble::new(
        "playwright-core is not installed. `cargo xtask test browser` installs it under the target folder",
    ))
}

/// Where pictures of the pages go.
pub(super) fn screens() -> Result<PathBuf> {
    Ok(target_dir()?.join("screens/web"))
}

/// The Python that has python3-saml, put there by `cargo xtask`.
pub fn python() -> Result<PathBuf> {
    let path = target_dir()?.join("python/sp/bin/python");
    if path.is_file() {
        return Ok(path);
    }
    Err(Trouble::new(
        "python3-saml is not installed. `cargo xtask test` and `cargo xtask demo` install it under the target folder",
    ))
}

/// The Python of the second phone, put there by `cargo xtask`, and the folder of its programs.
pub fn second_phone() -> Result<(PathBuf, PathBuf)> {
    let path = target_dir()?.join("python/interop/bin/python");
    if path.is_file() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop");
        return Ok((path, folder));
    }
    Err(Trouble::new(
        "the second phone's Python is not installed. `cargo xtask test interop` installs it under the target folder",
    ))
}

/// The Python of the mail server, put there by `cargo xtask`, and its program.
pub(super) fn mail_server() -> Result<(PathBuf, PathBuf)> {
    let path = target_dir()?.join("python/mail/bin/python");
    if path.is_file() {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("mail/mail.py");
        return Ok((path, program));
    }
    Err(Trouble::new(
        "aiosmtpd is not installed. `cargo xtask test recovery` installs it under the target folder",
    ))
}

/// The words that start a program in Kotlin, named by its class, built there by `cargo xtask`.
pub fn kotlin_program(class: &str) -> Result<Vec<OsString>> {
    let built = target_dir()?.join("kotlin");
    let classes = built.join("test-classes");
    if !classes.is_dir() {
        return Err(Trouble::new(
            "the phone in Kotlin is not built. `cargo xtask test kotlin` builds it under the target folder",
        ));
    }
    let mut path = classes.into_os_string();
    for more in ["classes", "libraries/*"] {
        path.push(":");
        path.push(built.join(more));
    }
    let mut libraries = OsString::from("-Djna.library.path=");
    libraries.push(profile_dir()?);
    // Each command is a short life.
    let words = [
        "java",
        "-Xmx64m",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
    ];
    let mut words: Vec<OsString> = words.map(OsString::from).to_vec();
    words.extend([libraries, "-cp".into(), path, class.into()]);
    Ok(words)
}

/// The words that start a program in Swift, built there by `cargo xtask`; as optimised as the running one.
pub fn swift_program(name: &str) -> Result<Vec<OsString>> {
    let built = target_dir()?.join("swift");
    let profile = profile_dir()?;
    let kind = profile.file_name().unwrap_or_default();
    let program = built.join("build").join(kind).join(name);
    let (Ok(loader), true) = (
        std::fs::read_to_string(built.join("loader.txt")),
        program.is_file(),
    ) else {
        return Err(Trouble::new(
            "the phone in Swift is not built. `cargo xtask test swift` builds it under the target folder",
        ));
    };
    let mut words: Vec<OsString> = loader.lines().map(OsString::from).collect();
    if let Some(libraries) = words.last_mut() {
        libraries.push(":");
        libraries.push(profile);
    }
    words.push(program.into());
    Ok(words)
}

/// Maven on the Kotlin, with the folders of this build.
pub fn maven() -> Result<Command> {
    let mut command = Command::new("mvn");
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kotlin/pom.xml");
    command.args(["-B", "-f"]).arg(project);
    for (name, folder) in [
        ("target", target_dir()?.join("kotlin")),
        ("library", profile_dir()?),
    ] {
        command.arg(format!("-Dcountersign.{name}={}", folder.display()));
    }
    Ok(command)
}

/// Where node-saml and what it needs are, put there by `cargo xtask`.
pub(super) fn node_saml() -> Result<PathBuf> {
    let path = target_dir()?.join("node/sp/node_modules");
    if path.is_dir() {
        return Ok(path);
    }
    Err(Trouble::new(
        "node-saml is not installed. `cargo xtask test node_saml` installs it under the target folder",
    ))
}

/// A program of `tests/sp`.
pub(super) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sp").join(name)
}

/// A program of `tests/browser`.
pub(super) fn browser_script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("browser")
        .join(name)
}

fn target_dir() -> Result<PathBuf> {
    let profile = profile_dir()?;
    let target = profile.parent().during("the target folder has no parent")?;
    Ok(target.to_path_buf())
}

/// Test programs lie in `<target>/<profile>/deps`, the others in `<target>/<profile>`.
fn profile_dir() -> Result<PathBuf> {
    let own = std::env::current_exe().during("finding the running program")?;
    let dir = own.parent().during("the running program lies nowhere")?;
    let dir = if dir.ends_with("deps") {
        dir.parent().during("`deps` has no parent")?
    } else {
        dir
    };
    Ok(dir.to_path_buf())
}
