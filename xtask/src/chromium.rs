//! The browser that looks at the pages: Debian's Chromium, and the libraries of `tests/browser`.

use crate::debian;
use crate::error::Result;
use crate::home::Home;
use crate::node::{self, Wanted};
use std::path::Path;

const DRIVER: Wanted = Wanted {
    from: "tests/browser",
    to: "node/browser",
    what: "playwright-core and axe-core",
    least: 20,
};

/// Makes sure that a browser can be driven.
pub(crate) fn ensure(home: &Home) -> Result<()> {
    debian::ensure("chromium", || Path::new("/usr/bin/chromium").exists())?;
    node::ensure(home, &DRIVER)
}
