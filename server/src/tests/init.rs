//! `init`: what it makes is its owner's alone, and a second try says what is in its way.

use crate::cli;
use std::fs::{Permissions, metadata, set_permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A place with a certificate, and what an administrator types there.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let made = rcgen::generate_simple_self_signed(vec!["id.example.com".to_owned()]).unwrap();
        std::fs::write(place.path("tls.crt"), made.cert.pem()).unwrap();
        std::fs::write(place.path("tls.key"), made.signing_key.serialize_pem()).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    async fn init(&self, dir: &Path, more: &[&str]) -> Result<(), String> {
        let paths = [dir, &self.path("tls.crt"), &self.path("tls.key")];
        let [dir, certificate, key] = paths.map(|path| path.display().to_string());
        let mut line = vec!["init", "--dir", &dir, "--origin", "https://id.example.com"];
        line.extend([
            "--name",
            "Example ID",
            "--admin",
            "anna",
            "--admin-name",
            "Anna",
        ]);
        line.extend(["--tls-cert", &certificate, "--tls-key", &key]);
        line.extend(more);
        let said = cli::typed(None, &line).await;
        said.map(drop).map_err(|error| error.to_string())
    }
}

fn mode(path: &Path) -> u32 {
    metadata(path).unwrap().permissions().mode() & 0o777
}

fn names(dir: &Path) -> Vec<String> {
    let all = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
    let mut names: Vec<_> = all
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_it_makes_is_its_owners_alone_also_in_a_folder_that_was_there() {
    let place = Place::new();
    let dir = place.path("server");
    std::fs::create_dir(&dir).unwrap();
    set_permissions(&dir, Permissions::from_mode(0o755)).unwrap();
    place.init(&dir, &[]).await.unwrap();
    assert_eq!(mode(&dir), 0o700);
    let secret = [
        "countersign.db",
        "countersign.toml",
        "root.key",
        "saml.key",
        "wrapping.key",
    ];
    for name in secret {
        assert_eq!(mode(&dir.join(name)), 0o600, "{name}");
    }
    assert_eq!(mode(&dir.join("signing")), 0o700);
    let again = place.init(&dir, &[]).await.unwrap_err();
    assert!(again.contains("a server in this folder"), "{again}");
}

#[tokio::test]
async fn a_folder_of_others_is_neither_closed_nor_filled() {
    let place = Place::new();
    let dir = place.path("home");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("letter"), "").unwrap();
    set_permissions(&dir, Permissions::from_mode(0o750)).unwrap();
    let said = place.init(&dir, &[]).await.unwrap_err();
    assert!(said.contains("chmod 700"), "{said}");
    assert_eq!(
        (mode(&dir), names(&dir)),
        (0o750, vec!["letter".to_owned()])
    );
    set_permissions(&dir, Permissions::from_mode(0o700)).unwrap();
    place.init(&dir, &[]).await.unwrap();
}

#[tokio::test]
async fn what_is_in_its_way_is_named_before_anything_is_made() {
    let place = Place::new();
    let (dir, root) = (place.path("server"), place.path("stick.key"));
    std::fs::create_dir(&dir).unwrap();
    let outside = ["--root-key", root.to_str().unwrap()];
    for name in [
        "wrapping.key",
        "signing",
        "countersign.db",
        "saml.crt",
        "root.key",
    ] {
        std::fs::write(dir.join(name), "kept").unwrap();
        let said = place.init(&dir, &[]).await.unwrap_err();
        assert!(said.contains(name), "{said}");
        assert_eq!(names(&dir), [name]);
        std::fs::remove_file(dir.join(name)).unwrap();
    }
    std::fs::write(&root, "kept").unwrap();
    let said = place.init(&dir, &outside).await.unwrap_err();
    assert!(
        said.contains("stick.key") && names(&dir).is_empty(),
        "{said}"
    );
    // What was left is taken away, and the command is given again.
    std::fs::remove_file(&root).unwrap();
    place.init(&dir, &outside).await.unwrap();
    assert!(!names(&dir).contains(&"root.key".to_owned()));
}
