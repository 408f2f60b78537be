//! The ID server: `countersign-server` on an embedded database, spoken to by its command line.

use super::{
    Ca, During, Identity, PATIENCE, Result, Running, Trouble, binaries, http, ports, world,
};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// What can differ between two servers.
#[derive(Clone, Copy, Debug)]
pub struct ServerOptions<'a> {
    /// The name that people see.
    pub name: &'a str,
    /// The first administrator's own name.
    pub admin_name: &'a str,
    /// How long a request waits for its answer, seconds; the server's own default if left out.
    pub life: Option<u64>,
    /// Show invitations as a code to type, too.
    pub typed_code: bool,
    /// Ask for a PIN with every answer, of this many digits at least.
    pub pin: Option<u64>,
    /// A gesture does as well.
    pub gesture: bool,
    /// What suffices, as JSON of the policy's `min`; in place of what `pin` and `gesture` make of it.
    pub min: Option<&'a str>,
    /// Whether the number of the browser is typed.
    pub number: bool,
    /// The port of a mail server on loopback: letters go to `example.com`, and IDs may be begun in the app.
    pub mail: Option<u16>,
    /// The brand whose apps may open its links; also their scheme, with `-id` behind it.
    pub brand: Option<&'a str>,
}

impl Default for ServerOptions<'_> {
    fn default() -> Self {
        Self {
            name: "Example",
            admin_name: "Anna Meyer",
            life: None,
            typed_code: false,
            pin: None,
            gesture: false,
            min: None,
            number: true,
            mail: None,
            brand: None,
        }
    }
}

/// A server that serves until it is dropped.
pub struct Server {
    /// Where it is reached: `https://localhost:PORT`.
    pub origin: String,
    config: PathBuf,
    serving: Running,
    /// At its second address, if it has one.
    second: Option<Running>,
}

/// An application to be made known to the server.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its short name on the command line.
    pub slug: String,
    /// What people are shown.
    pub name: String,
    /// Its SAML entity id, also its audience.
    pub entity_id: String,
    /// Where responses are posted to.
    pub acs: String,
    /// Its signing certificate; with one, only signed requests are taken.
    pub cert: Option<PathBuf>,
}

/// What the application has to know of the server.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The identity provider's entity id.
    pub entity_id: String,
    /// Where the browser is sent with a request.
    pub sso_url: String,
}

impl Server {
    /// Makes the server's files under `dir`, with one administrator, and serves.
    pub fn start(dir: &Path, ca: &Ca, tls: &Identity, options: &ServerOptions<'_>) -> Result<Self> {
        let port = ports::free()?;
        let origin = format!("https://localhost:{port}");
        let mut command = Command::new(binaries::program("countersign-server")?);
        command.args(["--json", "init", "--dir"]).arg(dir);
        command.args([
            "--origin",
            &origin,
            "--listen",
            &format!("127.0.0.1:{port}"),
            "--name",
            options.name,
        ]);
        command.args(["--admin", world::ADMIN, "--admin-name", options.admin_name]);
        command
            .arg("--tls-cert")
            .arg(&tls.cert)
            .arg("--tls-key")
            .arg(&tls.key);
        let made = complete(&mut command)?;
        let config = PathBuf::from(text(&made, "config")?);
        change_settings(&config, options)?;

        let serving = serve(&config, None)?;
        let server = Self {
            origin,
            config,
            serving,
            second: None,
        };
        await_ready(&server.origin, ca)?;
        Ok(server)
    }

    /// Ends the server by SIGKILL, whatever it is doing.
    pub fn kill(&mut self) -> Result<()> {
        self.serving.kill()
    }

    /// Serves again after [`Self::kill`].
    pub fn restart(&mut self, ca: &Ca) -> Result<()> {
        self.serving = serve(&self.config, None)?;
        await_ready(&self.origin, ca)
    }

    /// Gives it a second address, where another process serves the same; phones learn it by the next keys.
    pub fn serve_twice(&mut self, ca: &Ca) -> Result<String> {
        let port = ports::free()?;
        let second = format!("https://localhost:{port}");
        let text = fs::read_to_string(&self.config).during(self.config.display())?;
        let mut settings: toml::Table = text.parse().during(self.config.display())?;
        settings.insert("origins".to_owned(), vec![second.clone()].into());
        fs::write(&self.config, settings.to_string()).during(self.config.display())?;
        self.serving.kill()?;
        self.serving = serve(&self.config, None)?;
        self.second = Some(serve(&self.config, Some(port))?);
        await_ready(&self.origin, ca)?;
        await_ready(&second, ca)?;
        Ok(second)
    }

    /// Where `init` put the root key.
    pub fn root_key(&self) -> PathBuf {
        self.config.with_file_name("root.key")
    }

    /// Adds a person.
    pub fn add_user(&self, account: &str, name: &str) -> Result<()> {
        self.command(&["user", "add", account, "--name", name])
            .map(drop)
    }

    /// Makes an application known.
    pub fn add_application(&self, application: &Application) -> Result<Registered> {
        let Application {
            slug,
            name,
            entity_id,
            acs,
            cert,
        } = application;
        let mut args = vec![
            "app",
            "add",
            slug,
            "--name",
            name,
            "--entity-id",
            entity_id,
            "--acs",
            acs,
        ];
        let path;
        if let Some(cert) = cert {
            path = cert.display().to_string();
            args.extend(["--cert", &path, "--require-signed"]);
        }
        let said = self.command(&args)?;
        Ok(Registered {
            entity_id: text(&said, "entity_id")?,
            sso_url: text(&said, "sso_url")?,
        })
    }

    /// Invites a person: the address of the page that makes the invitation.
    pub fn invite(&self, account: &str) -> Result<String> {
        text(&self.command(&["invite", account])?, "page")
    }

    /// The certificate that service providers check signatures with, as PEM.
    pub fn certificate(&self) -> Result<String> {
        let mut command = self.program()?;
        command.args(["cert", "show", "--pem"]);
        output(&mut command)
    }

    /// The same for a command that prints several objects.
    pub fn list(&self, args: &[&str]) -> Result<Vec<Value>> {
        let mut command = self.program()?;
        command.arg("--json").args(args);
        let said = output(&mut command)?;
        let read = |line: &str| serde_json::from_str(line).during("no JSON");
        said.lines().map(read).collect()
    }

    /// Runs a command of the server's command line with `--json`; gives the one object it prints.
    pub fn command(&self, args: &[&str]) -> Result<Value> {
        let mut command = self.program()?;
        command.arg("--json").args(args);
        complete(&mut command)
    }

    /// Starts a command that says more than one thing, and leaves it running.
    pub fn start_command(&self, args: &[&str]) -> Result<Running> {
        let mut command = self.program()?;
        command.arg("--json").args(args);
        Running::start("countersign-server", &mut command)
    }

    fn program(&self) -> Result<Command> {
        let mut command = Command::new(binaries::program("countersign-server")?);
        command.arg("--config").arg(&self.config);
        Ok(command)
    }
}

/// Starts a server process, at the port of its settings or at another one.
fn serve(config: &Path, port: Option<u16>) -> Result<Running> {
    let mut command = Command::new(binaries::program("countersign-server")?);
    command
        .arg("--config")
        .arg(config)
        .args(["--json", "serve"]);
    if let Some(port) = port {
        command.env("COUNTERSIGN_LISTEN", format!("127.0.0.1:{port}"));
    }
    let mut serving = Running::start("countersign-server", &mut command)?;
    serving.await_event("listening")?;
    Ok(serving)
}

fn await_ready(origin: &str, ca: &Ca) -> Result<()> {
    let agent = http::agent(ca)?;
    let begin = Instant::now();
    loop {
        match agent.get(format!("{origin}/readyz")).call() {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) if begin.elapsed() > PATIENCE => {
                return Err(Trouble::new(format!(
                    "the server is not ready: {}",
                    answer.status()
                )));
            }
            Err(error) if begin.elapsed() > PATIENCE => {
                return Err(Trouble::new(format!("the server does not answer: {error}")));
            }
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// The settings that have no option on the command line.
fn change_settings(config: &Path, options: &ServerOptions<'_>) -> Result<()> {
    let text = fs::read_to_string(config).during(config.display())?;
    let mut settings: toml::Table = text.parse().during(config.display())?;
    let mut set = |table: &str, key: &str, value: toml::Value| {
        let table = settings.get_mut(table).and_then(toml::Value::as_table_mut);
        table
            .during("the server's settings lack a table")?
            .insert(key.to_owned(), value);
        Ok(())
    };
    if let Some(life) = options.life {
        let life = i64::try_from(life).during("the life of a request")?;
        set("challenge", "life", life.into())?;
    }
    set("invitation", "typed_code", options.typed_code.into())?;
    if let Some(pin) = options.pin {
        let pin = i64::try_from(pin).during("the length of a PIN")?;
        set("policy", "pin", pin.into())?;
        let alternative = |factors: &[&str]| -> toml::Value {
            let factors = factors.iter().copied().map(toml::Value::from);
            toml::Value::Array(factors.collect())
        };
        let mut min = vec![alternative(&["dev", "pin"])];
        if options.gesture {
            min.push(alternative(&["uv"]));
        }
        set("policy", "min", min.into())?;
    }
    if let Some(min) = options.min {
        let min: Vec<Vec<String>> = serde_json::from_str(min).during("the policy's min")?;
        set("policy", "min", min.into())?;
    }
    set("policy", "match", options.number.into())?;
    if let Some(port) = options.mail {
        let mut mail = toml::Table::new();
        mail.insert("smtp".into(), format!("smtp://127.0.0.1:{port}").into());
        mail.insert("from".into(), "Example ID <id@example.com>".into());
        mail.insert("domains".into(), vec!["example.com"].into());
        mail.insert("begin_in_app".into(), true.into());
        settings.insert("mail".to_owned(), mail.into());
    }
    if let Some(name) = options.brand {
        let id = name.to_lowercase();
        let scheme = format!("{id}-id");
        let brand = [("id", id), ("name", name.to_owned()), ("scheme", scheme)];
        let brand = brand.map(|(key, value)| (key.to_owned(), value.into()));
        let brand = toml::Value::Table(brand.into_iter().collect());
        settings.insert("brand".to_owned(), toml::Value::Array(vec![brand]));
    }
    fs::write(config, settings.to_string()).during(config.display())
}

/// Runs a command to its good end and reads the last line it printed.
fn complete(command: &mut Command) -> Result<Value> {
    let said = output(command)?;
    let line = said
        .lines()
        .last()
        .during("countersign-server said nothing")?;
    serde_json::from_str(line).during("countersign-server said no JSON")
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().during("starting countersign-server")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    let args: Vec<_> = command
        .get_args()
        .map(|arg| arg.to_string_lossy())
        .collect();
    let complaints = String::from_utf8_lossy(&output.stderr);
    Err(Trouble::new(format!(
        "countersign-server {}: {}\n{said}{complaints}",
        args.join(" "),
        output.status
    )))
}

fn text(object: &Value, member: &str) -> Result<String> {
    Ok(object[member]
        .as_str()
        .during(format!("`{member}` is missing in {object}"))?
        .to_owned())
}
