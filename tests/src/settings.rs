//! The settings of a phone in a program that is no phone of anybody.

use countersign_core::{App, AppMode, Config, Engine, Name, Roots};
use std::error::Error;
use std::path::Path;

/// Of one that believes a certificate authority's file alone.
///
/// # Errors
/// The file can't be read.
pub fn config(ca: &Path, engine: Engine) -> Result<Config, Box<dyn Error>> {
    let name = |text| Name::clean(text);
    Ok(Config {
        roots: Roots::Only(std::fs::read(ca)?),
        pins: None,
        servers: Vec::new(),
        scheme: None,
        engine,
        app: App {
            brand: name("countersign")?,
            mode: AppMode::App,
            version: name("0")?,
            os: name(std::env::consts::OS)?,
        },
        device: name("Tested phone")?,
        locale: "en".to_owned(),
    })
}
