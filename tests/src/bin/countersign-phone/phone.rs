//! The core with the ports of a computer.

use crate::args::Args;
use crate::die;
use crate::trouble::Trouble;
use crate::voice::Voice;
use countersign_core::adapters;
use countersign_core::{App, AppMode, Authenticator, Config, Name, Ports, Roots};
use serde_json::json;

/// An open phone, and how it speaks.
pub(crate) struct Phone {
    pub(crate) core: Authenticator,
    pub(crate) voice: Voice,
}

impl Phone {
    pub(crate) fn open(args: &Args) -> Result<Self, Trouble> {
        let voice = Voice::new(args.json, args.lang());
        Ok(Self {
            core: Authenticator::open(config(args)?, ports(args)?)?,
            voice,
        })
    }
}

/// What this phone has of a device.
pub(crate) fn ports(args: &Args) -> Result<Ports, Trouble> {
    let ports = adapters::on_disk(&args.home, &config(args)?)?;
    Ok(match args.die_at {
        Some(step) => die::ports(ports, step),
        None => ports,
    })
}

/// Puts the store aside, and says where it is now.
pub(crate) fn set_aside(args: &Args) -> Result<(), Trouble> {
    let moved = adapters::set_aside(&args.home)?;
    let place = moved.map(|place| place.display().to_string());
    let event = json!({"event": "set_aside", "place": place});
    Voice::new(args.json, args.lang()).say(&event, || place.unwrap_or_default());
    Ok(())
}

fn config(args: &Args) -> Result<Config, Trouble> {
    let roots = match &args.ca {
        Some(file) => Roots::Only(
            std::fs::read(file)
                .map_err(|fault| Trouble::Usage(format!("--ca {}: {fault}", file.display())))?,
        ),
        None => Roots::Public,
    };
    let name = |text| Name::clean(text).map_err(|fault| Trouble::Usage(fault.to_string()));
    let app = App {
        brand: name("countersign")?,
        mode: AppMode::App,
        version: name(env!("CARGO_PKG_VERSION"))?,
        os: name(std::env::consts::OS)?,
    };
    Ok(Config {
        roots,
        pins: None,
        servers: Vec::new(),
        scheme: None,
        engine: args.engine.into(),
        app,
        device: name(&args.device)?,
        locale: args.lang().tag().to_owned(),
    })
}
