//! Where a story takes place: a server, an application, browsers, an administrator.

use super::script::{Step, Who};
use crate::harness::{Phone, Result, Trouble};

/// Everything of a story but its phones. What a step gives is told by `tests/stories/README.md`.
pub(super) trait Stage {
    /// A phone that nobody used before, and that finds the server.
    fn phone(&mut self, name: &str) -> Result<Phone>;

    /// The link of an invitation.
    fn invite(&mut self) -> Result<String>;

    /// The person types digits where the newest invitation is shown.
    fn type_digits(&mut self, digits: &str) -> Result<()>;

    fn browser(&mut self, name: &str, step: &Step) -> Result<String>;

    /// The way to the app that a waiting page shows on this device.
    fn link(&mut self, browser: &str) -> Result<String>;

    /// The browser opens an address that a verdict led to.
    fn back(&mut self, browser: &str, address: &str) -> Result<String>;

    fn service(&mut self, name: &str, step: &Step) -> Result<String>;

    /// `stop` or `start`.
    fn server(&mut self, what: &str) -> Result<()>;

    /// A command line of the server's.
    fn admin(&mut self, line: &str) -> Result<()>;

    /// The number that a browser or an application shows.
    fn number(&mut self, shown_by: &str) -> Result<String>;

    /// All numbers that are shown.
    fn numbers(&self) -> Vec<String>;

    /// Whether a step gave what it should.
    fn is_same(&self, _who: &Who, wanted: &str, gave: &str) -> bool {
        wanted == gave
    }
}

pub(super) fn unknown(what: &str) -> Trouble {
    Trouble::new(format!("`{what}` is nothing that can be done here"))
}
