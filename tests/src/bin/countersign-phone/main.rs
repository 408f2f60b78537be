//! The virtual phone: a real client of the core's one door, on a command line.
//!
//! In: commands, a folder, a certificate authority. Out: what a phone shows and does, for people or,
//! with `--json`, one object a line. Never: a way around the core's door, but for `conformance`, which is no phone of anybody's;
//! anything read from the environment.

mod answer;
mod args;
mod change;
mod conformance;
mod copy;
mod die;
mod enrol;
mod listen;
mod lists;
mod measure;
mod phone;
mod pin;
mod proof;
mod recovery;
mod told;
mod trouble;
mod voice;
mod words;

use args::{Args, Command, Recovery};
use clap::Parser;
use phone::Phone;
use std::alloc::System;
use std::process::ExitCode;
use std::time::Instant;
use trouble::Trouble;
use zeroizing_alloc::ZeroAlloc;

/// Wipes what is freed: also what a library kept a secret in.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let args = Args::parse();
    let voice = voice::Voice::new(args.json, args.lang());
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Trouble::Usage(what)) => {
            voice.complain(&what);
            ExitCode::from(2)
        }
        Err(trouble) => {
            voice.error(&trouble);
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Trouble> {
    // Three want no open phone.
    match &args.command {
        Command::Restore { file } => return copy::restore(args, file),
        Command::SetAside => return phone::set_aside(args),
        Command::Conformance { server, hook } => {
            return conformance::run(args, server, hook.as_deref());
        }
        _ => {}
    }
    let began = Instant::now();
    let phone = Phone::open(args)?;
    match &args.command {
        Command::Enrol {
            link,
            consent,
            recovery_code,
        } => enrol::enrol(&phone, link, &consent.with(recovery_code)),
        Command::Begin {
            account,
            server,
            consent,
        } => recovery::begin(&phone, server, account, &consent.with(&[])),
        Command::Move => recovery::move_all(&phone),
        Command::Recovery { what } => match what {
            Recovery::Make { id, pin } => recovery::make(&phone, id.as_deref(), pin.as_deref()),
            Recovery::Show { id } => recovery::show(&phone, id.as_deref()),
            Recovery::Close { id } => recovery::close(&phone, id.as_deref()),
        },
        Command::SetPin { id, pin, new } => {
            change::set_pin(&phone, id.as_deref(), pin.as_deref(), new.as_deref())
        }
        Command::AddPhone { id } => change::add_phone(&phone, id.as_deref()),
        Command::RemovePhone {
            phone: other,
            id,
            pin,
        } => change::remove_phone(&phone, id.as_deref(), other, pin.as_deref()),
        Command::Pause { id } => change::pause(&phone, id.as_deref()),
        Command::Unfreeze {
            id,
            phone: other,
            pin,
        } => change::unfreeze(&phone, id.as_deref(), other.as_deref(), pin.as_deref()),
        Command::RenewGesture { id, pin } => {
            change::renew_gesture(&phone, id.as_deref(), pin.as_deref())
        }
        Command::Resume => enrol::resume(&phone),
        Command::Ids => lists::ids(&phone),
        Command::Forget { id } => lists::forget(&phone, id),
        Command::Pending => lists::pending(&phone),
        Command::Open { link } => lists::open(&phone, link),
        Command::Scan { text } => lists::scan(&phone, text),
        Command::Show { id } => lists::show(&phone, id),
        Command::More { id } => lists::more(&phone, id),
        Command::Approve { id, number, pin } => {
            answer::approve(&phone, id.as_deref(), number.as_deref(), pin.as_deref())
        }
        Command::Deny { id, reason } => answer::deny(&phone, id.as_deref(), *reason),
        Command::Report { id, reason } => answer::report(&phone, id.as_deref(), *reason),
        Command::Outbox { send } => lists::outbox(&phone, *send),
        Command::History { limit } => lists::history(&phone, *limit),
        Command::ExportHistory { id, out } => proof::export(&phone, id.as_deref(), out),
        Command::ForgetHistory { id, before } => proof::forget(&phone, id.as_deref(), *before),
        Command::Overview { id } => told::overview(&phone, id.as_deref()),
        Command::Describe { id, slow } => told::describe(&phone, id.as_deref(), *slow),
        Command::Notices { limit } => told::notices(&phone, *limit),
        Command::Listen => listen::listen(&phone),
        Command::Measure => measure::measure(&phone, began),
        Command::Export { file } => copy::export(&phone, file),
        // Done before anything was opened.
        Command::Restore { .. } | Command::SetAside | Command::Conformance { .. } => Ok(()),
    }
}
