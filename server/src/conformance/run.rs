//! The program that plays the server.

use super::kit::Kit;
use super::lab::{Lab, Place};
use super::person::Person;
use super::report::Report;
use super::table::TABLE;
use crate::cli;
use crate::signer::StartError;
use clap::Parser;
use serde_json::{Map, Value, json};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Try whether somebody else's phone keeps the Countersign protocol (docs/conformance.md).
///
/// The server is the real one, with a clock and a signing key that a script has. It makes its keys and its database anew, and
/// takes none that are there.
#[derive(Parser)]
#[command(name = "countersign-server-conformance", version)]
struct Arguments {
    /// Where phones reach it, https://host[:port].
    #[arg(long)]
    origin: String,
    /// Address and port to listen on.
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// TLS certificate chain, PEM, that the phone believes.
    #[arg(long)]
    tls_cert: PathBuf,
    /// TLS key, PEM.
    #[arg(long)]
    tls_key: PathBuf,
    /// The folder to make for this run's server.
    #[arg(long)]
    dir: PathBuf,
    /// A program that acts at the phone. Without it, you are asked to.
    #[arg(long, value_name = "COMMAND")]
    hook: Option<String>,
    /// Only serve the vectors, and wait until this is ended.
    #[arg(long)]
    vectors: bool,
    /// Print JSON, one object a line.
    #[arg(long)]
    json: bool,
}

/// Runs the command line of this process. `vectors` are served too, by their names.
pub fn run(vectors: &'static [(&'static str, &'static str)]) -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match cli::runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&StartError::Io(error)),
    };
    match runtime.block_on(execute(&arguments, vectors)) {
        Ok(report) => {
            let said = if arguments.json {
                format!("{}\n", report.json())
            } else {
                report.text()
            };
            say(&said);
            if report.is_good() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => fail(&error),
    }
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    // A reader that went away is no fault of ours.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn fail(error: &StartError) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "countersign-server-conformance: {error}");
    ExitCode::from(2)
}

async fn execute(
    arguments: &Arguments,
    vectors: &'static [(&'static str, &'static str)],
) -> Result<Report, StartError> {
    let place = Place {
        origin: &arguments.origin,
        listen: arguments.listen,
        certificate: &arguments.tls_cert,
        key: &arguments.tls_key,
        dir: &arguments.dir,
    };
    let lab = Lab::make(&place, vectors).await?;
    let at = format!("{}/vectors/", arguments.origin);
    let files: Vec<&str> = vectors.iter().map(|(name, _)| *name).collect();
    let said = if arguments.json {
        format!(
            "{}\n",
            json!({ "event": "listening", "vectors": at, "files": files })
        )
    } else {
        format!("Listening. Vectors: {at} {}\n", files.join(" "))
    };
    say(&said);
    if arguments.vectors {
        std::future::pending::<()>().await;
    }
    let mut kit = Kit {
        lab,
        person: Person::of(arguments.hook.as_deref(), arguments.json)?,
        report: Report::of(&TABLE),
        template: Map::new(),
        state: Value::Null,
        credential: String::new(),
    };
    if let Err(error) = all(&mut kit).await {
        kit.report.stop(error.to_string());
    }
    Ok(kit.report)
}

async fn all(kit: &mut Kit) -> Result<(), StartError> {
    kit.offers().await?;
    kit.first_states().await?;
    kit.stay().await?;
    kit.first_request().await?;
    kit.requests()?;
    kit.answers().await?;
    kit.life().await
}
