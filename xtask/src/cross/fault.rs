//! What can be wrong with a library.

use super::size::Size;

/// Why a library can't be what an app ships.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("it was not built")]
    Unbuilt,
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("it is for another processor or system ({0})")]
    OtherMachine(String),
    #[error("a part is aligned to {} KiB, and there are pages of 16", .0 / 1024)]
    Pages(u64),
    #[error("a part can be written and run")]
    WritableCode,
    #[error("its symbols were not stripped")]
    Symbols,
    #[error("the generated code calls nothing")]
    NothingWanted,
    #[error("{} that are called are missing, such as {}", .0.len(), first(.0))]
    Missing(Vec<String>),
    #[error("{} are exported that nobody calls, such as {}", .0.len(), first(.0))]
    Strange(Vec<String>),
    #[error("it needs {0}, which the system doesn't have")]
    Needs(String),
    #[error("{0} is more than {1}: say why in benches/RESULTS.md, or bring it down")]
    Large(Size, Size),
}

fn first(names: &[String]) -> &str {
    names.first().map_or("", String::as_str)
}
