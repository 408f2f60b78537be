//! What stops a command before it could do its work. A test that fails is not an error here.

use std::io;
use std::path::PathBuf;

/// The result of everything that can stop a command.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no command `{0}`; `cargo xtask help` lists them")]
    Usage(String),
    #[error("there is no suite `{name}`; there are: {known}")]
    NoSuchSuite { name: String, known: String },
    #[error("`cargo xtask fuzz MINUTES [NAME…]` wants a whole number of minutes, 1 to 65535")]
    NoMinutes,
    #[error("there is no fuzz target `{name}`; there are: {known}")]
    NoSuchTarget { name: String, known: String },
    #[error("{program} cannot be started: {source}")]
    Start { program: String, source: io::Error },
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("cargo said what is not understood: {0}")]
    Cargo(String),
    #[error("{0} ended badly; it says above why")]
    Ended(String),
    #[error("the build failed")]
    Build,
    #[error("the benchmark failed: {0}")]
    Bench(String),
    #[error("{0}")]
    Python(String),
    #[error("{0}")]
    Missing(String),
    #[error("{0}; it says above why")]
    Unbuilt(String),
    #[error("xtask/optional.toml: {0}")]
    Optional(String),
    #[error("cargo-deny could not be installed")]
    Install,
}
