//! A service provider that somebody else wrote: python3-saml in the small web program of `tests/sp`.

use super::{
    Application, During, Identity, Registered, Result, Running, Server, binaries, ca, ports,
};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What can differ between two service providers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpOptions {
    /// Sign the requests, and have the server refuse unsigned ones.
    pub signs_requests: bool,
}

/// A service provider that serves until it is dropped.
pub struct Sp {
    /// Where it is reached.
    pub url: String,
    /// How the server knows it.
    pub application: Application,
    /// Its settings, as `provider.py` takes them.
    pub settings: Value,
    // Kept for its end.
    _serving: Running,
}

impl Sp {
    /// Registers an application at the server and starts its service provider.
    pub(super) fn start(
        dir: &Path,
        server: &Server,
        tls: &Identity,
        slug: &str,
        name: &str,
        options: SpOptions,
    ) -> Result<Self> {
        let port = ports::free()?;
        let url = format!("https://localhost:{port}/");
        let signing = if options.signs_requests {
            Some(ca::make_rsa(dir, &format!("{slug}-signing"))?)
        } else {
            None
        };
        let application = Application {
            slug: slug.to_owned(),
            name: name.to_owned(),
            entity_id: format!("{url}metadata"),
            acs: format!("{url}acs"),
            cert: signing.as_ref().map(|identity| identity.cert.clone()),
        };
        let registered = server.add_application(&application)?;
        let mut settings = settings(&application, &registered, &server.certificate()?);
        settings["port"] = json!(port);
        settings["tls_cert"] = json!(tls.cert);
        settings["tls_key"] = json!(tls.key);
        if let Some(identity) = signing {
            settings["sp_cert"] = json!(read(&identity.cert)?);
            settings["sp_key"] = json!(read(&identity.key)?);
        }
        let file = write_settings(dir, slug, &settings)?;
        let mut serving = Running::start("tests/sp/sp.py", &mut python("sp.py", &file)?)?;
        serving.await_event("listening")?;
        Ok(Self {
            url,
            application,
            settings,
            _serving: serving,
        })
    }

    /// The address that begins a login; `relay` comes back with its result.
    pub fn login_url(&self, relay: &str) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("relay", relay)
            .finish();
        format!("{}login?{query}", self.url)
    }
}

fn settings(application: &Application, registered: &Registered, certificate: &str) -> Value {
    json!({
        "name": application.name,
        "entity_id": application.entity_id,
        "acs": application.acs,
        "idp_entity_id": registered.entity_id,
        "idp_sso_url": registered.sso_url,
        "idp_cert": certificate,
    })
}

/// Writes a settings file for a program of `tests/sp`.
pub(super) fn write_settings(dir: &Path, name: &str, settings: &Value) -> Result<PathBuf> {
    let path = dir.join(format!("{name}.json"));
    fs::write(&path, settings.to_string()).during(path.display())?;
    Ok(path)
}

/// A program of `tests/sp` on the Python that has python3-saml.
pub(super) fn python(script: &str, settings: &Path) -> Result<Command> {
    let mut command = Command::new(binaries::python()?);
    // -B: no compiled files in the source tree.
    command
        .arg("-B")
        .arg(binaries::script(script))
        .arg(settings);
    Ok(command)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).during(path.display())
}
