//! A sealed copy of the store, and back.

use crate::args::Args;
use crate::phone::{self, Phone};
use crate::trouble::Trouble;
use crate::voice::Voice;
use countersign_core::Authenticator;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

pub(crate) fn export(phone: &Phone, file: &Path) -> Result<(), Trouble> {
    let copy = phone.core.export()?;
    write_new(file, &copy)?;
    let event = json!({ "event": "exported", "bytes": copy.len() });
    phone.voice.say(&event, || {
        format!(
            "{} bytes in {}. Only this phone's keys open them.",
            copy.len(),
            file.display()
        )
    });
    Ok(())
}

/// A file that wasn't there, for its owner only.
pub(crate) fn write_new(file: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    let write = || {
        let mut out = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file)?;
        out.write_all(bytes)?;
        out.sync_all()
    };
    write().map_err(|fault| Trouble::Usage(format!("{}: {fault}", file.display())))
}

pub(crate) fn restore(args: &Args, file: &Path) -> Result<(), Trouble> {
    let copy = std::fs::read(file)
        .map_err(|fault| Trouble::Usage(format!("{}: {fault}", file.display())))?;
    Authenticator::restore(&phone::ports(args)?, &copy)?;
    let voice = Voice::new(args.json, args.lang());
    voice.say(&json!({ "event": "restored" }), || {
        "Restored. What was answered since the copy was made, the server knows and this phone doesn't."
            .to_owned()
    });
    Ok(())
}
