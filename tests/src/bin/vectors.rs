//! Writes `tests/vectors/*.json`: what is not there yet. What is there is never changed.

use countersign_tests::vectors::{merge, topics};
use std::path::Path;

fn main() -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    for topic in topics() {
        let path = folder.join(format!("{}.json", topic.name));
        let there = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error.to_string()),
        };
        let text = merge(&there, &topic)?;
        if text != there {
            std::fs::write(&path, text).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}
