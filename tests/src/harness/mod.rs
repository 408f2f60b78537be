//! In: binaries beside this one, the programs of `tests/sp`, a temporary folder.
//! Out: a certificate authority, servers, phones, browsers and service providers that run, and end with their owner.
//! Never: a call into the server or the phone other than by command line and HTTPS; trust in any CA but the run's own, or the
//! one that the conformance kit is given.

mod binaries;
mod browser;
mod ca;
mod cookies;
mod form_action;
mod http;
mod judge;
mod mail;
mod page;
mod phone;
mod ports;
mod process;
pub mod same;
pub mod scene;
mod server;
mod service;
mod signals;
mod sp;
pub mod story;
mod told;
mod trouble;
mod watcher;
mod wire;
mod world;
pub mod xml;

pub use binaries::{kotlin_program, maven, program, python, second_phone, swift_program};
pub use browser::Browser;
pub use ca::{Ca, Identity};
pub use judge::{Case, Judge, Judgement};
pub use mail::{Letter, Mail};
pub use page::{Form, Page, Watch};
pub use phone::{Outcome, Phone};
pub use ports::free as free_port;
pub use process::Running;
pub use server::{Application, Registered, Server, ServerOptions};
pub use service::{Reply, Service};
pub use signals::until_signal;
pub use sp::{Binding, Software, Sp, SpOptions};
pub use told::{RELAY, Told};
pub use trouble::{During, Result, Trouble};
pub use watcher::{Seen, watch};
pub use wire::{Came, Wire};
pub use world::{ADMIN, World, end_all};

use std::time::Duration;

/// How long anything of the harness waits for something that should happen at once: long enough for a busy machine,
/// short enough to end. No test says anything about how fast something is.
pub const PATIENCE: Duration = Duration::from_secs(90);
