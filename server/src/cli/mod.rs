//! In: an administrator's command line. Out: what was done, as sentences or as JSON. Everything a
//! page can do is here too. Never: a private key printed, a command that half succeeds.

mod api_keys;
mod apps;
mod ask;
mod audit;
mod history;
mod init;
mod keys;
mod policy;
mod restored;
mod users;

pub(crate) use keys::warning;

use crate::app::{App, system_time};
use crate::config::Config;
use crate::serve;
use crate::signer::StartError;
use crate::store::Store;
use clap::{Parser, Subcommand};
use serde_json::{Value, json};
use std::io::Write as _;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;

/// The Countersign ID server: signs people in to applications, asks their phones.
#[derive(Parser)]
#[command(name = "countersign-server", version)]
struct Arguments {
    /// The settings file.
    #[arg(
        long,
        global = true,
        default_value = "countersign.toml",
        value_name = "FILE"
    )]
    config: PathBuf,
    /// Print JSON, one object a line.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a new server: keys, settings, database and the first administrator.
    Init(init::Init),
    /// Run the server until it is told to stop.
    Serve,
    /// People.
    #[command(subcommand)]
    User(users::UserCommand),
    /// Phones of people.
    #[command(subcommand)]
    Phone(users::PhoneCommand),
    /// Applications: SAML service providers.
    #[command(subcommand)]
    App(apps::AppCommand),
    /// Ask somebody on their phone, in the name of an application.
    Ask(ask::AskArgs),
    /// Write what is kept of somebody's answers, for `countersign verify-history --with`.
    ExportHistory(history::ExportArgs),
    /// Make the address of a page where somebody adds their phone.
    Invite {
        /// E-mail address or user name.
        account: String,
    },
    /// The certificate that applications check our signatures with.
    #[command(subcommand)]
    Cert(CertCommand),
    /// The SAML metadata of this server.
    Metadata {
        /// For this application: it says whether its requests have to be signed.
        #[arg(long, value_name = "SLUG")]
        app: Option<String>,
    },
    /// The keys that phones know this server by.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// What phones are asked for.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// The log of what was done.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// After the database was put back from a backup: make phones take what the server says again.
    Restored,
}

#[derive(Subcommand)]
enum CertCommand {
    /// Show it.
    Show {
        /// As PEM, ready to paste.
        #[arg(long)]
        pem: bool,
    },
}

/// What a command says: a sentence for people, an object for programs.
struct Said {
    text: String,
    json: Value,
    /// What the process ends with.
    ends: u8,
}

impl Said {
    fn new(text: impl Into<String>, json: Value) -> Self {
        Self {
            text: text.into(),
            json,
            ends: 0,
        }
    }
}

/// A time, for people.
fn when(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds);
    time.map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

fn print(as_json: bool, said: &Said) {
    let line = if as_json {
        said.json.to_string()
    } else {
        said.text.trim_end().to_owned()
    };
    // A reader that went away is no fault of ours.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let as_json = arguments.json;
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(as_json, &StartError::Io(error)),
    };
    match runtime.block_on(execute(arguments)) {
        Ok(said) => {
            said.iter().for_each(|said| print(as_json, said));
            let ends = said.iter().map(|said| said.ends).max();
            ExitCode::from(ends.unwrap_or_default())
        }
        Err(error) => fail(as_json, &error),
    }
}

/// One thread may wait for the disk (`crate::store`) while each processor has another.
pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(processors + 1)
        .enable_all()
        .build()
}

fn fail(as_json: bool, error: &StartError) -> ExitCode {
    let message = error.to_string();
    if as_json {
        print(true, &Said::new("", json!({ "error": message })));
    } else {
        let _ = writeln!(std::io::stderr(), "countersign-server: {message}");
    }
    ExitCode::FAILURE
}

async fn execute(arguments: Arguments) -> Result<Vec<Said>, StartError> {
    let command = match arguments.command {
        Command::Init(init) => return Ok(vec![init::init(&init).await?]),
        command => command,
    };
    let config = Config::load(&arguments.config)?;
    let command = match command {
        // Also where no signing key is left to start with.
        Command::Keys(command) => {
            let store = Store::open(&config.path(&config.file.database), false).await?;
            let said = keys::keys(&config, &store, system_time(), command).await;
            store.close().await;
            return Ok(vec![said?]);
        }
        command => command,
    };
    // Before anything is opened: what is found then is said too.
    if matches!(command, Command::Serve) {
        log_to_stderr(arguments.json);
    }
    let app = App::open(config, Box::new(system_time)).await?;
    if matches!(command, Command::Serve) {
        let as_json = arguments.json;
        serve::serve(app, |app| print(as_json, &listening(app))).await?;
        return Ok(Vec::new());
    }
    let as_json = arguments.json;
    let said = administer(&app, command, &mut |said| print(as_json, said)).await?;
    app.store.close().await;
    Ok(said)
}

/// A command on a server that was opened.
async fn administer(
    app: &App,
    command: Command,
    tell: &mut (dyn FnMut(&Said) + Send),
) -> Result<Vec<Said>, StartError> {
    Ok(match command {
        Command::Init(_) | Command::Serve => Vec::new(),
        Command::Ask(args) => ask::begin(app, &args, tell).await?,
        Command::User(command) => users::user(app, command).await?,
        Command::Phone(command) => users::phone(app, command).await?,
        Command::ExportHistory(args) => history::export(app, &args).await?,
        Command::Invite { account } => vec![users::invite(app, &account).await?],
        Command::App(command) => apps::app(app, command).await?,
        Command::Cert(CertCommand::Show { pem }) => vec![apps::certificate(app, pem)],
        Command::Keys(command) => {
            vec![keys::keys(&app.config, &app.store, app.now(), command).await?]
        }
        Command::Policy(command) => policy::policy(app, command).await?,
        Command::Metadata { app: slug } => vec![apps::metadata(app, slug.as_deref()).await?],
        Command::Audit(command) => audit::audit(app, command).await?,
        Command::Restored => vec![restored::restored(app).await?],
    })
}

/// A whole command line, as a test or the conformance kit types it; the objects that `--json` prints.
pub(crate) async fn typed(app: Option<&App>, line: &[&str]) -> Result<Vec<Value>, StartError> {
    let words = std::iter::once("countersign-server").chain(line.iter().copied());
    let arguments =
        Arguments::try_parse_from(words).map_err(|error| StartError::Said(error.to_string()))?;
    let mut told = Vec::new();
    let said = match app {
        Some(app) => {
            let mut tell = |said: &Said| told.push(said.json.clone());
            administer(app, arguments.command, &mut tell).await?
        }
        None => execute(arguments).await?,
    };
    told.extend(said.into_iter().map(|said| said.json));
    Ok(told)
}

fn listening(app: &App) -> Said {
    let origin = &app.signer.origin;
    let text = format!(
        "{} listens on {}, as {origin}",
        app.config.name.as_str(),
        app.config.file.listen
    );
    Said::new(text, json!({ "listening": origin }))
}

/// Lines for people on a terminal, JSON for machines; `RUST_LOG` chooses what.
fn log_to_stderr(as_json: bool) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second subscriber in one process can't be: this is the first and only call.
    let _ = if as_json {
        lines.json().try_init()
    } else {
        lines.try_init()
    };
}
