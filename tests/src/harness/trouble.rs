//! The one error of the harness: a sentence for the person who reads the test's output.

use std::fmt;

/// What went wrong while the surroundings were set up or a story was told.
#[derive(Clone, PartialEq, Eq)]
pub struct Trouble(String);

/// What every function of the harness returns.
pub type Result<T> = std::result::Result<T, Trouble>;

impl Trouble {
    /// A trouble in one sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As `Display`: a test that unwraps should print the sentence and not its wrapping.
impl fmt::Debug for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Trouble {}

/// Says what was being done when a foreign error came.
pub trait During<T> {
    /// Turns the error into `what: error`.
    fn during(self, what: impl fmt::Display) -> Result<T>;
}

impl<T, E: fmt::Display> During<T> for std::result::Result<T, E> {
    fn during(self, what: impl fmt::Display) -> Result<T> {
        self.map_err(|error| Trouble(format!("{what}: {error}")))
    }
}

impl<T> During<T> for Option<T> {
    fn during(self, what: impl fmt::Display) -> Result<T> {
        self.ok_or_else(|| Trouble(what.to_string()))
    }
}
