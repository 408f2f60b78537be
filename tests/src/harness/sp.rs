//! A service provider that somebody else wrote, in the small web programs of `tests/sp`: python3-saml or node-saml.

use super::{
    Application, During, Identity, Registered, Result, Running, Server, Trouble, binaries, ca,
    ports,
};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What can differ between two service providers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpOptions {
    /// Whose library it is.
    pub software: Software,
    /// How its requests go to the server.
    pub binding: Binding,
    /// Sign the requests, and have the server refuse unsigned ones.
    pub signs_requests: bool,
}

/// The libraries there are. The programs around them are started and spoken to alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Software {
    /// python3-saml, in `tests/sp/sp.py`.
    #[default]
    PythonSaml,
    /// node-saml, in `tests/sp/node/sp.js`.
    NodeSaml,
}

/// The bindings of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Binding {
    /// HTTP-Redirect.
    #[default]
    Redirect,
    /// HTTP-POST, which python3-saml cannot do.
    Post,
}

/// A service provider that serves until it is dropped.
pub struct Sp {
    /// Where it is reached.
    pub url: String,
    /// How the server knows it.
    pub application: Application,
    /// Its settings, as `provider.py` and `provider.js` take them.
    pub settings: Value,
    /// Whose library it is.
    pub software: Software,
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
        if options.software == Software::PythonSaml && options.binding == Binding::Post {
            return Err(Trouble::new("python3-saml sends no request by POST"));
        }
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
        settings["binding"] = json!(match options.binding {
            Binding::Redirect => "redirect",
            Binding::Post => "post",
        });
        settings["port"] = json!(port);
        settings["tls_cert"] = json!(tls.cert);
        settings["tls_key"] = json!(tls.key);
        if let Some(identity) = signing {
            settings["sp_cert"] = json!(read(&identity.cert)?);
            settings["sp_key"] = json!(read(&identity.key)?);
        }
        let file = write_settings(dir, slug, &settings)?;
        let mut command = options.software.command("sp", &file)?;
        let mut serving = Running::start("the service provider", &mut command)?;
        serving.await_event("listening")?;
        Ok(Self {
            url,
            application,
            settings,
            software: options.software,
            _serving: serving,
        })
    }

    /// The address that begins a login; `relay` comes back with its result.
    pub fn login_url(&self, relay: &str) -> String {
        self.login_with(&[("relay", relay)])
    }

    /// The address that asks who is signed in already, without showing anything.
    pub fn passive_url(&self) -> String {
        self.login_with(&[("passive", "1")])
    }

    fn login_with(&self, pairs: &[(&str, &str)]) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
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

impl Software {
    /// Its program of this name (`sp` or `judge`), with these settings.
    pub(super) fn command(self, program: &str, settings: &Path) -> Result<Command> {
        let mut command = match self {
            Self::PythonSaml => {
                let mut command = Command::new(binaries::python()?);
                // -B: no compiled files in the source tree.
                command
                    .arg("-B")
                    .arg(binaries::script(&format!("{program}.py")));
                command
            }
            Self::NodeSaml => {
                let mut command = Command::new("node");
                command
                    .env("NODE_PATH", binaries::node_saml()?)
                    .arg(binaries::script(&format!("node/{program}.js")));
                command
            }
        };
        command.arg(settings);
        Ok(command)
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).during(path.display())
}
