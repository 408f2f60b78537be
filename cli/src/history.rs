//! `verify-history`.

use crate::file::{Lines, unreadable};
use crate::words;
use crate::{Ending, Outcome, Unusable, digest, thumbprint};
use countersign_protocol::history::{Check, NoHistory, Trusted};
use countersign_protocol::{Digest, Thumbprint};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The export, as the phone wrote it.
    file: PathBuf,
    /// The thumbprint of the server's root key, as it was when the phone was enrolled. From the operator, not from the file.
    #[arg(long, value_name = "THUMBPRINT", value_parser = thumbprint, allow_hyphen_values = true)]
    root: Thumbprint,
    /// The thumbprint of the phone's own key, as somebody noted it: then the phone's part holds even if the server's signing keys
    /// were stolen.
    #[arg(long, value_name = "THUMBPRINT", value_parser = thumbprint, allow_hyphen_values = true)]
    dev: Option<Thumbprint>,
    /// The hash of an answer of this phone that was deposited elsewhere: likewise, up to that answer.
    #[arg(long, value_name = "HASH", value_parser = digest, allow_hyphen_values = true)]
    deposited: Option<Digest>,
    /// The server's export of the same phone, or a later one of the phone: finds what is cut off at the end.
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
}

impl Arguments {
    pub(crate) fn trusted(&self) -> Trusted {
        Trusted {
            root: self.root,
            dev: self.dev,
            deposited: self.deposited,
        }
    }
}

type Begin = fn(Trusted, &[u8]) -> Result<Check, NoHistory>;

pub(crate) fn verify(arguments: &Arguments) -> Result<Outcome, Unusable> {
    let trusted = arguments.trusted();
    let check = read(&arguments.file, trusted, Check::new)?;
    let other = arguments.with.as_deref();
    let other = other.map(|path| read(path, trusted, Check::of_server));
    let (report, other) = check.finish(other.transpose()?);
    let ending = match words::is_good(&report, other.as_ref()) {
        true if report.vouched.is_some() => Ending::Good,
        true => Ending::Nothing,
        false => Ending::Wrong,
    };
    Ok(Outcome {
        ending,
        text: words::text(&report, other.as_ref(), &trusted),
        json: words::json(&report, other.as_ref(), &trusted),
    })
}

fn read(path: &Path, trusted: Trusted, begin: Begin) -> Result<Check, Unusable> {
    let failed = |fault| unreadable(path, &fault);
    let mut lines = Lines::open(path)?;
    let first = lines.next().map_err(failed)?;
    let mut check = begin(trusted, first.unwrap_or_default())
        .map_err(|no| Unusable(format!("{}: {no}", path.display())))?;
    while let Some(line) = lines.next().map_err(failed)? {
        check.line(line);
    }
    Ok(check)
}
