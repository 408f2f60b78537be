//! The rules as data. They are those of the design; a change here is a decision, and wants a line in `docs/adr/`.

/// Which of our crates may depend on which, in any kind of dependency. `tests` may see everything.
pub(crate) const ARROWS: &[(&str, &str)] = &[
    ("countersign-bindings", "countersign-core"),
    ("countersign-core", "countersign-protocol"),
    ("countersign-core", "countersign-texts"),
    ("countersign-server", "countersign-protocol"),
    ("countersign-server", "countersign-saml"),
    ("countersign-server", "countersign-texts"),
    // A library of the tests: no other crate may depend on it.
    ("countersign-vectors", "countersign-protocol"),
    ("countersign", "countersign-protocol"),
];

/// The crate that may see every other, and that no other may see.
pub(crate) const SEES_ALL: &str = "countersign-tests";

/// What must not be reached, by whatever detour. The second half is the beginning of a name.
pub(crate) const UNREACHABLE: &[(&str, &str)] = &[
    ("countersign-core", "uniffi"),
    ("countersign-server", "countersign-core"),
];

/// Libraries that only these crates may depend on.
pub(crate) const GUARDED: &[(&str, &[&str])] = &[
    ("ring", &["countersign-protocol"]),
    ("x25519-dalek", &["countersign-protocol"]),
    ("argon2", &["countersign-protocol"]),
    ("aws-lc-rs", &["countersign-saml", "countersign-server"]),
    ("sled", &["countersign-core"]),
    ("rusqlite", &["countersign-server"]),
    ("redb", &["countersign-core"]),
    ("ureq", &["countersign-core", "countersign-tests"]),
    ("uniffi", &["countersign-bindings", "countersign-vectors"]),
    ("uniffi_bindgen", &["countersign-bindgen"]),
];

/// Names that only stand in these places, comments and texts left aside. A place that ends in `/` is a folder.
pub(crate) const NAMES: &[(&str, &[&str])] = &[
    (
        "ring",
        &[
            "protocol/src/crypto/",
            // A workspace of its own, with the bare libraries as yardsticks.
            "benches/",
            // rustls's provider of that name, for TLS.
            "core/src/adapters/",
            "tests/src/harness/http.rs",
        ],
    ),
    ("x25519_dalek", &["protocol/src/crypto/"]),
    ("argon2", &["protocol/src/crypto/"]),
    (
        "aws_lc_rs",
        &["saml/src/crypto.rs", "server/src/crypto.rs", "benches/"],
    ),
    ("aws_lc_sys", &[]),
    ("sled", &["core/src/adapters/"]),
    ("rusqlite", &["server/src/store/sqlite.rs", "benches/"]),
    ("redb", &["core/src/adapters/"]),
    ("ureq", &["core/src/adapters/", "tests/src/harness/"]),
    ("uniffi", &["bindings/"]),
    ("uniffi_bindgen", &["bindings/bindgen/"]),
];

/// Lints of the workspace that must be at this level.
pub(crate) const LINTS: &[(&str, &str, &str)] = &[
    ("rust", "unsafe_code", "forbid"),
    ("clippy", "dbg_macro", "deny"),
    ("clippy", "expect_used", "deny"),
    ("clippy", "panic", "deny"),
    ("clippy", "todo", "deny"),
    ("clippy", "unimplemented", "deny"),
    ("clippy", "unwrap_used", "deny"),
    ("clippy", "print_stdout", "warn"),
    ("clippy", "print_stderr", "warn"),
];

/// Crates whose every public item is documented.
pub(crate) const DOCUMENTED: &[&str] = &[
    "protocol",
    "core",
    "bindings",
    "bindings/vectors",
    "saml",
    "texts",
];

/// Lines after which a file is no longer one idea.
pub(crate) const LONGEST_FILE: usize = 700;
