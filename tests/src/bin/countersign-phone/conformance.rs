//! Trying a server of somebody else's: no phone is opened, and the report is all that it says.

use crate::args::Args;
use crate::trouble::Trouble;
use crate::voice::Voice;
use countersign_tests::conformance::{self, Options};

pub(crate) fn run(args: &Args, server: &str, hook: Option<&str>) -> Result<(), Trouble> {
    let usage = |what: String| Trouble::Usage(what);
    let ca = args.ca.as_ref().map(|file| {
        std::fs::read(file).map_err(|fault| usage(format!("--ca {}: {fault}", file.display())))
    });
    let ca = ca.transpose()?;
    let options = Options {
        server,
        ca: ca.as_deref(),
        hook,
        json: args.json,
    };
    let report = conformance::run(&options).map_err(|trouble| usage(trouble.to_string()))?;
    Voice::new(args.json, args.lang()).say(&report.json(), || report.text());
    if report.is_good() {
        Ok(())
    } else {
        Err(Trouble::NotConformant)
    }
}
