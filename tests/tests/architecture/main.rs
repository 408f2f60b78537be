//! The house rules that a compiler does not check: who may depend on whom, and who may name what.
//!
//! The rules are data (`rules.rs`). Each check also runs on a fabricated house that breaks it, and has to see that.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

mod graph;
mod lexer;
mod rules;
mod source;

use graph::Graph;
use rules::DOCUMENTED;
use serde_json::{Value, json};
use source::Tree;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

fn metadata() -> &'static Value {
    static METADATA: OnceLock<Value> = OnceLock::new();
    METADATA.get_or_init(|| {
        let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    })
}

/// The real metadata with one more dependency in it.
fn with_arrow(from: &str, to: &str) -> Graph {
    let mut metadata = metadata().clone();
    let id = |name: &str| {
        let packages = metadata["packages"].as_array().unwrap();
        packages
            .iter()
            .find(|package| package["name"] == name)
            .map(|package| package["id"].clone())
    };
    let (from, to) = (id(from).unwrap(), id(to).unwrap());
    for node in metadata["resolve"]["nodes"].as_array_mut().unwrap() {
        if node["id"] == from {
            node["deps"]
                .as_array_mut()
                .unwrap()
                .push(json!({ "name": "x", "pkg": to }));
        }
    }
    Graph::of_metadata(&metadata)
}

/// The real metadata with one more package, which `from` depends on.
fn with_package(from: &str, name: &str) -> Graph {
    let mut graph = Graph::of_metadata(metadata());
    graph.add(from, name);
    graph
}

#[test]
fn arrows_point_one_way() {
    assert_eq!(
        Graph::of_metadata(metadata()).broken_arrows(),
        Vec::<String>::new()
    );
}

#[test]
fn an_arrow_the_wrong_way_is_seen() {
    for (from, to) in [
        ("countersign-protocol", "countersign-core"),
        ("countersign-protocol", "countersign-texts"),
        ("countersign-server", "countersign-core"),
        ("countersign-core", "countersign-server"),
        ("countersign-saml", "countersign-protocol"),
        ("countersign-core", "countersign-tests"),
        ("countersign-bindings", "countersign-vectors"),
        ("countersign-server", "countersign-vectors"),
        ("countersign-vectors", "countersign-core"),
        ("countersign-xtask", "countersign-tests"),
        ("countersign-texts", "countersign-protocol"),
    ] {
        assert_eq!(
            with_arrow(from, to).broken_arrows(),
            [format!("{from} -> {to}")]
        );
    }
}

#[test]
fn a_room_that_the_plan_does_not_know_may_not_reach_in() {
    let mut graph = Graph::of_metadata(metadata());
    graph.add_member("countersign-extra");
    graph.add("countersign-extra", "countersign-protocol");
    assert_eq!(
        graph.broken_arrows(),
        ["countersign-extra -> countersign-protocol"]
    );
}

#[test]
fn what_must_stay_out_of_reach_is_out_of_reach() {
    assert_eq!(
        Graph::of_metadata(metadata()).broken_reaches(),
        Vec::<String>::new()
    );
}

#[test]
fn uniffi_in_core_is_seen_however_deep() {
    let graph = with_package("countersign-core", "uniffi");
    let broken = graph.broken_reaches();
    // With everything that it brings.
    let of_uniffi = |found: &String| found.starts_with("countersign-core reaches uniffi");
    assert_eq!(broken[0], "countersign-core reaches uniffi");
    assert!(broken.iter().all(of_uniffi), "{broken:?}");
    let graph = with_package("countersign-protocol", "uniffi_core");
    let broken = graph.broken_reaches();
    assert!(
        broken.contains(&"countersign-core reaches uniffi_core".to_owned()),
        "{broken:?}"
    );
}

#[test]
fn a_server_that_reaches_core_by_a_detour_is_seen() {
    let mut graph = with_package("countersign-server", "detour");
    graph.add("detour", "countersign-core");
    assert_eq!(
        graph.broken_reaches(),
        ["countersign-server reaches countersign-core"]
    );
}

#[test]
fn guarded_libraries_have_no_other_users() {
    assert_eq!(
        Graph::of_metadata(metadata()).broken_guards(),
        Vec::<String>::new()
    );
}

#[test]
fn another_user_of_a_guarded_library_is_seen() {
    for (from, library) in [
        ("countersign-core", "ring"),
        ("countersign-tests", "ring"),
        ("countersign-server", "sled"),
        ("countersign-protocol", "ureq"),
        ("countersign-core", "aws-lc-rs"),
        ("countersign-texts", "uniffi"),
    ] {
        assert_eq!(
            with_package(from, library).broken_guards(),
            [format!("{from} -> {library}")]
        );
    }
}

#[test]
fn names_stay_in_their_place() {
    assert_eq!(Tree::read(&root()).misplaced_names(), Vec::<String>::new());
}

#[test]
fn a_name_out_of_place_is_seen_and_one_in_a_comment_or_text_is_not() {
    for (path, text, broken) in [
        ("core/src/vault/mod.rs", "use sled::Db;", true),
        ("core/src/adapters/sled.rs", "use sled::Db;", false),
        (
            "core/src/client/mod.rs",
            "fn f() { ureq::get(\"x\"); }",
            true,
        ),
        (
            "core/src/client/mod.rs",
            "let p = rustls::crypto::ring::default_provider();",
            true,
        ),
        (
            "core/src/client/mod.rs",
            "// as ring does\nlet s = \"ring\"; /* ureq */",
            false,
        ),
        (
            "core/src/client/mod.rs",
            "let s = r#\"use ring::\"#; let c = '\"'; use ring::digest;",
            true,
        ),
        (
            "core/src/client/mod.rs",
            "fn f<'a>(x: &'a str) { ring::f(x) }",
            true,
        ),
        ("protocol/src/jose/mod.rs", "use ring::digest;", true),
        ("protocol/src/crypto/sign.rs", "use ring::signature;", false),
        ("protocol/src/cryptography.rs", "use ring::signature;", true),
        ("saml/src/crypto.rs", "use aws_lc_rs::rsa;", false),
        ("saml/src/idp.rs", "use aws_lc_rs::rsa;", true),
        ("server/src/store/mod.rs", "use argon2::Argon2;", true),
        ("tests/tests/x.rs", "use ring::digest;", true),
        ("tests/tests/x.rs", "uniffi::setup_scaffolding!();", true),
        ("core/src/x.rs", "let string = 1; fn ringing() {}", false),
    ] {
        let tree = Tree::fabricated(&[(path, text)]);
        assert_eq!(!tree.misplaced_names().is_empty(), broken, "{path}: {text}");
    }
}

#[test]
fn every_folder_says_what_comes_in_what_goes_out_and_what_must_never_happen() {
    assert_eq!(Tree::read(&root()).silent_folders(), Vec::<String>::new());
}

#[test]
fn a_folder_that_says_nothing_is_seen() {
    let said = "//! In: a.\n//! Out: b.\n//! Never: c.\n";
    let tree = Tree::fabricated(&[
        ("core/src/lib.rs", said),
        ("core/src/good/mod.rs", said),
        (
            "core/src/also/mod.rs",
            "//! Also good.\n//!\n//! In: a. Out: b. Never: c.\n",
        ),
        (
            "core/src/short/mod.rs",
            "//! In: a.\n\n//! Out: b. Never: c.\nuse x;",
        ),
        ("core/src/without/part.rs", said),
        ("core/src/bin/alone.rs", ""),
        ("core/src/bin/told/main.rs", said),
        ("core/src/bin/mute/main.rs", ""),
        ("core/src/bin/mute/part.rs", ""),
    ]);
    assert_eq!(
        tree.silent_folders(),
        [
            "core/src/bin/mute/main.rs",
            "core/src/short/mod.rs",
            "core/src/without/mod.rs"
        ]
    );
}

#[test]
fn files_can_be_read_in_a_sitting() {
    assert_eq!(Tree::read(&root()).long_files(), Vec::<String>::new());
    let long = "\n".repeat(rules::LONGEST_FILE + 1);
    assert_eq!(
        Tree::fabricated(&[("core/src/lib.rs", &long)]).long_files(),
        ["core/src/lib.rs"]
    );
}

#[test]
fn lints_are_on_in_every_crate() {
    let mut broken = Vec::new();
    for member in metadata()["workspace_members"].as_array().unwrap() {
        let packages = metadata()["packages"].as_array().unwrap();
        let package = packages
            .iter()
            .find(|package| package["id"] == *member)
            .unwrap();
        let manifest = std::fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        if !source::lints_are_on(&manifest) {
            broken.push(package["name"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(broken, Vec::<String>::new());
    assert!(!source::lints_are_on("[package]\nname = \"x\"\n"));
    assert!(!source::lints_are_on("[lints]\nworkspace = false\n"));
}

#[test]
fn the_lints_themselves_are_as_agreed() {
    let workspace = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert_eq!(source::missing_lints(&workspace), Vec::<String>::new());
    let weaker = workspace.replace("unwrap_used = \"deny\"", "unwrap_used = \"warn\"");
    assert_eq!(source::missing_lints(&weaker), ["clippy.unwrap_used"]);
    assert_eq!(Tree::read(&root()).undocumented(), Vec::<String>::new());
    let roots = DOCUMENTED.iter().map(|name| format!("{name}/src/lib.rs"));
    let roots: Vec<String> = roots.collect();
    // One that doesn't ask for it, and one that isn't there.
    let asks = roots.iter().skip(1).map(|root| match root.as_str() {
        "core/src/lib.rs" => (root.as_str(), "//! x"),
        root => (root, "#![warn(missing_docs)]"),
    });
    let tree = Tree::fabricated(&asks.collect::<Vec<_>>());
    assert_eq!(tree.undocumented(), [roots[0].as_str(), "core/src/lib.rs"]);
}
