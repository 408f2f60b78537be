//! Stories and vectors before a phone, a server or a library that others wrote (`docs/conformance.md`).

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use clap::{Parser, Subcommand};
use countersign_server::conformance::Report;
use countersign_tests::conformance::stories::{self, Place};
use countersign_tests::conformance::vectors;
use countersign_tests::harness::{Result, until_signal};
use std::path::PathBuf;
use std::process::ExitCode;

/// Try somebody else's phone, server or library with the project's stories and vectors (docs/conformance.md).
#[derive(Parser)]
#[command(name = "countersign-conformance", version)]
struct Args {
    /// Print JSON, one object a line.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play the stories with your phone, at our server.
    Phone {
        /// What starts it; the words of tests/stories/README.md follow.
        #[arg(long, value_name = "COMMAND")]
        run: String,
        /// Only this story.
        #[arg(long, value_name = "NAME")]
        only: Option<String>,
    },
    /// Play the stories with our phone, at your server.
    Server {
        /// Its address, https://host[:port].
        #[arg(long, value_name = "ORIGIN")]
        server: String,
        /// The authority of its certificate (PEM); without it, the public ones.
        #[arg(long, value_name = "FILE")]
        ca: Option<PathBuf>,
        /// A program that acts there. Without it, you are asked to.
        #[arg(long, value_name = "COMMAND")]
        hook: Option<String>,
        /// Only this story.
        #[arg(long, value_name = "NAME")]
        only: Option<String>,
    },
    /// Hand every published vector to your program, and compare what it answers.
    Vectors {
        /// What starts it, once.
        #[arg(long, value_name = "COMMAND")]
        hook: String,
        /// Only this operation.
        #[arg(long, value_name = "OP")]
        only: Option<String>,
    },
}

fn main() -> ExitCode {
    let Args { json, command } = Args::parse();
    let report = match until_signal(move || run(command, json)) {
        Ok(Some(report)) => report,
        Ok(None) => return ExitCode::from(2),
        Err(trouble) => {
            eprintln!("countersign-conformance: {trouble}");
            return ExitCode::from(2);
        }
    };
    if json {
        println!("{}", report.json());
    } else {
        print!("{}", report.text());
    }
    if report.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run(command: Command, json: bool) -> Result<Report> {
    match command {
        Command::Phone { run, only } => stories::of_phone(&run, only.as_deref()),
        Command::Server {
            server,
            ca,
            hook,
            only,
        } => {
            let place = Place {
                server: &server,
                ca,
                hook: hook.as_deref(),
                json,
            };
            stories::of_server(place, only.as_deref())
        }
        Command::Vectors { hook, only } => vectors::of_program(&hook, only.as_deref()),
    }
}
