//! Debian 13 in a folder: it has Swift, which older ones lack. What runs in it sees the tree and the target folder where they are, by
//! mounts of its own that end with it.

use crate::debian;
use crate::error::{Error, Result};
use crate::home::{self, Home};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const RELEASE: &str = "trixie";

/// What is installed in it.
const PACKAGES: [&str; 7] = [
    "ca-certificates",
    "gcc",
    "git",
    "libc6-dev",
    "libssl-dev",
    "libstdc++-14-dev",
    "swiftlang",
];

/// Mounts, then becomes the command: the root, two folders of this machine, the words of the command.
const ENTER: &str = r#"
root=$1
for place in /proc /dev "$2" "$3"; do
    mkdir -p "$root$place" && mount --bind "$place" "$root$place" || exit 1
done
shift 3
exec chroot "$root" env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@""#;

/// The Debian.
pub(crate) struct Trixie<'a> {
    home: &'a Home,
    root: PathBuf,
}

impl<'a> Trixie<'a> {
    /// Makes sure that it is there. That takes root, two minutes and three gigabytes.
    pub(crate) fn ensure(home: &'a Home) -> Result<Self> {
        let root = home.target.join("swift/root");
        let made = Self { home, root };
        // Written last: one that is half made is made anew.
        let stamp = made.root.join("installed");
        let wanted = PACKAGES.join(" ");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(made);
        }
        if !debian::may_install() || std::env::consts::ARCH != "x86_64" {
            return Err(Error::Missing(format!(
                "Swift comes from a Debian {RELEASE} in the target folder, which takes root on a Debian of x86-64 to make"
            )));
        }
        debian::ensure("debootstrap", || {
            PathBuf::from("/usr/sbin/debootstrap").exists()
        })?;
        made.install()?;
        fs::write(&stamp, wanted).map_err(|source| Error::File {
            path: stamp,
            source,
        })?;
        Ok(made)
    }

    fn install(&self) -> Result<()> {
        println!("installing Debian {RELEASE} with Swift");
        if self.root.exists() {
            fs::remove_dir_all(&self.root).map_err(|source| Error::File {
                path: self.root.clone(),
                source,
            })?;
        }
        let mut base = Command::new("/usr/sbin/debootstrap");
        base.args(["--variant=minbase", RELEASE]).arg(&self.root);
        quietly(&mut base, "debootstrap cannot make a Debian")?;
        let options = ["--quiet=2", "--yes", "--no-install-recommends"];
        let apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
        for words in [
            &["update", "--quiet=2"][..],
            &[&["install"], &options[..], &PACKAGES[..]].concat(),
            &["clean"],
        ] {
            let mut command = self.command(&apt);
            command.args(words);
            quietly(&mut command, "Swift cannot be installed")?;
        }
        Ok(())
    }

    /// A command that runs in it.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "sh", "-c", ENTER, "sh"])
            .args([&self.root, &self.home.root, &self.home.target])
            .args(words)
            .current_dir("/");
        command
    }

    /// The words that start, from outside, a program that was built in it: by the loader and the libraries that it was built with, so
    /// that it runs as any other process of this machine, where everything is where it is. Whoever runs it adds the folder of our own
    /// library to the last.
    pub(crate) fn loader(&self) -> [String; 3] {
        let libraries = [
            "usr/lib/x86_64-linux-gnu",
            "usr/libexec/swift/lib/swift/linux",
        ];
        let path = libraries.map(|folder| self.root.join(folder).display().to_string());
        let loader = self.root.join("lib64/ld-linux-x86-64.so.2");
        [
            loader.display().to_string(),
            "--library-path".into(),
            path.join(":"),
        ]
    }
}

/// What doesn't install is missing; nothing of ours is broken.
fn quietly(command: &mut Command, what: &str) -> Result<()> {
    home::quietly(command, what).map_err(|error| match error {
        Error::Unbuilt(what) => Error::Missing(what),
        other => other,
    })
}
