//! Everything a run needs, in one temporary folder that goes when the run is over.

use super::{
    Browser, Ca, During, Identity, Judge, Phone, Result, Server, ServerOptions, Sp, SpOptions,
    process, trouble::Trouble,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// The administrator that every server of a run begins with; also the person of the first story.
pub const ADMIN: &str = "anna@example.com";

static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Stops every child of this process and removes every folder: for an end by signal, where no destructor runs.
pub fn end_all() {
    process::stop_all();
    for folder in FOLDERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .drain(..)
    {
        // It may be gone already; what cannot be removed lies in the system's temporary folder and goes with it.
        let _ = fs::remove_dir_all(folder);
    }
}

/// A certificate authority and a server, ready for phones, browsers and service providers.
///
/// The order of the fields is the order of their end: the folder goes last.
pub struct World {
    /// The ID server.
    pub server: Server,
    /// What everybody in this world trusts.
    pub ca: Ca,
    tls: Identity,
    dir: TempDir,
}

impl World {
    /// Makes the certificates and starts the server.
    pub fn start() -> Result<Self> {
        Self::with(&ServerOptions::default())
    }

    /// The same with a server of this kind.
    pub fn with(options: &ServerOptions<'_>) -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("countersign-")
            .tempdir()
            .during("making a temporary folder")?;
        FOLDERS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(dir.path().to_path_buf());
        let ca = Ca::make(dir.path())?;
        let tls = ca.make_localhost()?;
        let server = Server::start(&dir.path().join("server"), &ca, &tls, options)?;
        Ok(Self {
            server,
            ca,
            tls,
            dir,
        })
    }

    /// The certificate of everything that is served in this run.
    pub fn certificate(&self) -> &Path {
        &self.tls.cert
    }

    /// The folder of this run.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A new phone; its name is the folder it keeps.
    pub fn phone(&self, name: &str) -> Result<Phone> {
        let home = self.dir.path().join("phones").join(name);
        if home.exists() {
            return Err(Trouble::new(format!("there is a phone `{name}` already")));
        }
        fs::create_dir_all(&home).during(home.display())?;
        Ok(Phone::new(&home, &self.ca.path()))
    }

    /// A browser that nobody used before.
    pub fn browser(&self) -> Result<Browser> {
        Browser::new(&self.ca)
    }

    /// An application that the server knows, with its service provider running.
    pub fn application(&self, slug: &str, name: &str, options: SpOptions) -> Result<Sp> {
        Sp::start(
            self.dir.path(),
            &self.server,
            &self.tls,
            slug,
            name,
            options,
        )
    }

    /// A judge that sees things as this service provider does.
    pub fn judge(&self, sp: &Sp) -> Result<Judge> {
        let dir = self
            .dir
            .path()
            .join(format!("judge-{}", sp.application.slug));
        fs::create_dir_all(&dir).during(dir.display())?;
        Ok(Judge::new(&dir, sp))
    }
}
