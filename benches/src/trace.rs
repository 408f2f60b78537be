//! What a phone waits for between the tap and the network, as `strace` sees it.

use crate::Result;
use crate::peer::{Algorithm, Peer};
use crate::phone::Phone;
use countersign_core::ports::{DeviceKeys, Store};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// Where the traced run is, in the trace.
const TAP: &str = "/countersign-tap";
const NETWORK: &str = "/countersign-network";

/// Logins, each marked for whoever traces this process.
///
/// # Errors
/// What stops a login.
pub fn tap(store: Arc<dyn Store>, keys: Arc<dyn DeviceKeys>, logins: usize) -> Result<()> {
    let mut peer = Peer::new(Algorithm::Ed25519)?;
    peer.on_response = Some(|| drop(fs::metadata(NETWORK)));
    let mut phone = Phone::new(store, keys, peer)?;
    phone.enrol()?;
    for _ in 0..logins {
        let prompt = phone.fetch()?;
        drop(fs::metadata(TAP));
        phone.approve(&prompt)?;
    }
    Ok(())
}

/// Runs this program as `tap ENGINE FOLDER` and gives its calls about the disk, those of each login apart.
///
/// # Errors
/// There is no `strace`, or the program failed.
pub fn calls(engine: &str, folder: &Path) -> Result<Vec<Vec<String>>> {
    fs::create_dir_all(folder)?;
    let trace = folder.join("trace");
    let said = Command::new("strace")
        .args([
            "-f",
            "-e",
            "trace=fsync,fdatasync,sync_file_range,msync,sync,syncfs,ftruncate,statx",
            "-o",
        ])
        .arg(&trace)
        .arg(std::env::current_exe()?)
        .args(["tap", engine])
        .arg(folder)
        .output();
    let said = said.map_err(|_| "strace is not installed (apt-get install strace)")?;
    if !said.status.success() {
        return Err(String::from_utf8_lossy(&said.stderr).into_owned().into());
    }
    let text = fs::read_to_string(&trace)?;
    let between = text.split(TAP).skip(1).map(|after| {
        let (between, _) = after
            .split_once(NETWORK)
            .ok_or("strace did not see the end")?;
        let calls = between.lines().filter_map(|line| {
            let call = line.split_whitespace().nth(1)?;
            let name = call.split_once('(')?.0;
            (name.contains("sync") || name == "ftruncate").then(|| name.to_owned())
        });
        Ok(calls.collect())
    });
    between.collect()
}
