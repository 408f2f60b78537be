//! Others' software that judges our SAML: node-saml, a service provider; xmlsec1 and xmllint, which know signatures and
//! schemas.

use crate::debian;
use crate::error::Result;
use crate::home::Home;
use crate::node::{self, Wanted};
use std::process::{Command, Stdio};

const NODE_SAML: Wanted = Wanted {
    from: "tests/sp/node",
    to: "node/sp",
    what: "node-saml",
    least: 18,
};

/// Makes sure that node-saml is there.
pub(crate) fn ensure_node(home: &Home) -> Result<()> {
    node::ensure(home, &NODE_SAML)
}

/// Makes sure that signatures and schemas can be checked.
pub(crate) fn ensure_judges() -> Result<()> {
    debian::ensure("xmlsec1", || starts("xmlsec1"))?;
    debian::ensure("libxml2-utils", || starts("xmllint"))
}

fn starts(program: &str) -> bool {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
