//! What can be asked of the virtual phone.

use crate::enrol::Consent;
use clap::{Parser, Subcommand, ValueEnum};
use countersign_core::{Engine, Reason};
use countersign_texts::Lang;
use std::path::PathBuf;

/// A phone without a screen: adds IDs, shows requests, answers them.
#[derive(Parser)]
#[command(name = "countersign-phone", version)]
pub(crate) struct Args {
    /// Where the phone keeps everything; made if it isn't there.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        default_value = "countersign-phone"
    )]
    pub(crate) home: PathBuf,
    /// The only certificate authority it believes (PEM); without it, the public ones.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// What keeps its memory; always the same for one folder.
    #[arg(long, global = true, value_name = "ENGINE", default_value = "sled")]
    pub(crate) engine: Keeper,
    /// One JSON object a line, for programs.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// In which language it speaks.
    #[arg(long, global = true, value_name = "LANG", default_value = "en")]
    lang: Language,
    /// The name that it gives itself when it adds an ID.
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        default_value = "Virtual phone"
    )]
    pub(crate) device: String,
    /// Ends the process by SIGKILL at the N-th call of a port, for crash tests.
    #[arg(long, global = true, hide = true, value_name = "N")]
    pub(crate) die_at: Option<u64>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Keeper {
    Sled,
    Redb,
}

impl From<Keeper> for Engine {
    fn from(keeper: Keeper) -> Self {
        match keeper {
            Keeper::Sled => Self::Sled,
            Keeper::Redb => Self::Redb,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Language {
    En,
    De,
}

impl Args {
    pub(crate) fn lang(&self) -> Lang {
        match self.lang {
            Language::En => Lang::En,
            Language::De => Lang::De,
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Add an ID by an invitation.
    Enrol {
        /// The link of the QR code, or a typed code.
        link: String,
        #[command(flatten)]
        consent: Said,
        /// A recovery code, for tests: other programs can see it. Further ones are tried when it is none. Without it, it is
        /// asked for where the server wants one.
        #[arg(long, value_name = "CODE")]
        recovery_code: Vec<String>,
    },
    /// Have a server write to an e-mail address; then take the invitation that its letter leads to, on standard input.
    Begin {
        /// The address.
        account: String,
        /// The server, as `https://host`.
        #[arg(long, value_name = "ORIGIN")]
        server: String,
        #[command(flatten)]
        consent: Said,
    },
    /// Move all IDs to another phone: an invitation for each; `approve` takes the digits that it shows.
    Move,
    /// Recovery codes of an ID.
    Recovery {
        #[command(subcommand)]
        what: Recovery,
    },
    /// Choose another PIN for an ID.
    SetPin {
        /// As `ids` names it; may be left out when there is only one.
        id: Option<String>,
        /// The PIN as it is, for tests: other programs can see it. Without it, it is asked for.
        #[arg(long, value_name = "DIGITS")]
        pin: Option<String>,
        /// The PIN as it will be, for tests. Without it, it is asked for twice.
        #[arg(long, value_name = "DIGITS")]
        new: Option<String>,
    },
    /// Make a new key for fingerprint or face, by the PIN.
    RenewGesture {
        /// As `ids` names it; may be left out when there is only one.
        id: Option<String>,
        /// The PIN, for tests: other programs can see it. Without it, it is asked for.
        #[arg(long, value_name = "DIGITS")]
        pin: Option<String>,
    },
    /// Show an invitation for another phone of an ID; `approve` takes the digits that it shows.
    AddPhone {
        /// As `ids` names it; may be left out when there is only one.
        id: Option<String>,
    },
    /// Remove a phone of an ID, or this one.
    RemovePhone {
        /// Its key, as `overview` shows it.
        #[arg(allow_hyphen_values = true)]
        phone: String,
        /// The ID, as `ids` names it; may be left out when there is only one.
        #[arg(long)]
        id: Option<String>,
        /// The PIN, for tests. Without it, it is asked for where it is wanted.
        #[arg(long, value_name = "DIGITS")]
        pin: Option<String>,
    },
    /// Pause an ID on all of its phones.
    Pause {
        /// As `ids` names it; may be left out when there is only one.
        id: Option<String>,
    },
    /// End the pause of an ID.
    Unfreeze {
        /// As `ids` names it; may be left out when there is only one.
        id: Option<String>,
        /// End the clone alarm of the phone with this key instead.
        #[arg(long, allow_hyphen_values = true)]
        phone: Option<String>,
        /// The PIN, for tests. Without it, it is asked for where it is wanted.
        #[arg(long, value_name = "DIGITS")]
        pin: Option<String>,
    },
    /// Go on with what a killed `enrol` began.
    Resume,
    /// The IDs of this phone.
    Ids,
    /// Remove an ID from this phone.
    Forget {
        /// As `ids` names it.
        id: String,
    },
    /// Send what waits, ask the servers, and show what waits for an answer.
    Pending,
    /// Open the request of a link, as a browser on this phone shows it; answered like any other.
    Open {
        /// The link of [Open on this phone].
        link: String,
    },
    /// Read the number of an open request from its code on the page, for `approve`.
    Scan {
        /// What the code says.
        text: String,
    },
    /// Show one request.
    Show {
        /// As `pending` names it.
        id: String,
    },
    /// Ask for more time for a request.
    More {
        /// As `pending` names it.
        id: String,
    },
    /// Answer: it is me.
    Approve {
        /// As `pending` names it; may be left out when only one waits.
        id: Option<String>,
        /// The number that the browser shows.
        #[arg(long, value_name = "NN")]
        number: Option<String>,
        /// The PIN, for tests: other programs can see it. Without it, it is asked for where the request wants
        /// one, on standard input.
        #[arg(long, value_name = "DIGITS")]
        pin: Option<String>,
    },
    /// Answer: no.
    Deny {
        /// As `pending` names it; may be left out when only one waits.
        id: Option<String>,
        /// Why.
        #[arg(long)]
        reason: Option<Why>,
    },
    /// Answer: it wasn't me. Pauses the ID.
    Report {
        /// As `pending` names it; may be left out when only one waits.
        id: Option<String>,
        /// Why.
        #[arg(long)]
        reason: Option<Why>,
    },
    /// Answers that wait to be sent.
    Outbox {
        /// Send them now.
        #[arg(long)]
        send: bool,
    },
    /// What was asked and answered, the newest first.
    History {
        /// How many lines.
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
    },
    /// Write an ID's history as a file that anybody can check. It is in clear.
    ExportHistory {
        /// As `ids` names it; may be left out when there is only one.
        id: Option<String>,
        /// The file to make.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Delete the beginning of an ID's history.
    ForgetHistory {
        /// As `ids` names it; may be left out when there is only one.
        id: Option<String>,
        /// What was asked before this time goes, seconds since 1970.
        #[arg(long, value_name = "SECONDS")]
        before: u64,
    },
    /// What an ID looks like from its server: its phones.
    Overview {
        /// As `ids` names it; may be left out when there is only one.
        id: Option<String>,
    },
    /// Tell an ID's server this phone's name and language.
    Describe {
        /// As `ids` names it; may be left out when there is only one.
        id: Option<String>,
        /// Requests are to wait as long as was agreed.
        #[arg(long)]
        slow: bool,
    },
    /// What happened to the IDs, as their servers told it, the newest first.
    Notices {
        /// How many lines.
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
    },
    /// Time a few calls, with requests that wait and a server that is gone (`cargo xtask bench calls`).
    #[command(hide = true)]
    Measure,
    /// Put a damaged memory aside and begin an empty one; nothing is deleted.
    SetAside,
    /// Stay, show requests as they come, and send what waits.
    Listen,
    /// Write a sealed copy of everything; only this phone's keys open it.
    Export {
        /// The file to make.
        file: PathBuf,
    },
    /// Fill an empty store from such a copy.
    Restore {
        /// The copy.
        file: PathBuf,
    },
    /// Try whether somebody else's ID server keeps the protocol, with keys made for the run (docs/conformance.md).
    Conformance {
        /// The server, as `https://host`. With --ca, the authority of its certificate.
        #[arg(long, value_name = "ORIGIN")]
        server: String,
        /// A program that makes invitations, types digits and begins logins there. Without it, you are asked to.
        #[arg(long, value_name = "COMMAND")]
        hook: Option<String>,
    },
}

/// What a person says to an invitation.
#[derive(clap::Args)]
pub(crate) struct Said {
    /// Consent without being asked.
    #[arg(long)]
    yes: bool,
    /// The PIN to choose, for tests: other programs can see it. Without it, it is asked for twice where
    /// the server wants one, on standard input, a line each.
    #[arg(long, value_name = "DIGITS")]
    pin: Option<String>,
    /// Use fingerprint or face, where the server takes it; here the gesture is taken as given.
    #[arg(long)]
    gesture: bool,
}

impl Said {
    pub(crate) fn with<'a>(&'a self, codes: &'a [String]) -> Consent<'a> {
        Consent {
            yes: self.yes,
            pin: self.pin.as_deref(),
            gesture: self.gesture,
            codes,
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum Recovery {
    /// Make ten codes in place of all that there are, and show them.
    Make {
        /// As `ids` names it; may be left out when there is only one.
        id: Option<String>,
        /// The PIN, for tests. Without it, it is asked for where it is wanted.
        #[arg(long, value_name = "DIGITS")]
        pin: Option<String>,
    },
    /// Show those that were made and not closed.
    Show {
        /// As `ids` names it; may be left out when there is only one.
        id: Option<String>,
    },
    /// Wipe them from this phone: they are on paper.
    Close {
        /// As `ids` names it; may be left out when there is only one.
        id: Option<String>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Why {
    /// Pressed by mistake.
    Mistake,
    /// I did not start it.
    Unknown,
    /// Someone pressed me.
    Pressure,
    /// Something else.
    Other,
}

impl From<Why> for Reason {
    fn from(why: Why) -> Self {
        match why {
            Why::Mistake => Self::Mistake,
            Why::Unknown => Self::Unknown,
            Why::Pressure => Self::Pressure,
            Why::Other => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_begins_like_an_option_is_taken_as_the_key() {
        for words in [
            ["remove-phone", "-1ab", "--pin", "294817"].as_slice(),
            &["unfreeze", "--phone", "-1ab", "--pin", "294817"],
        ] {
            let words = std::iter::once(&"countersign-phone").chain(words);
            let (phone, pin) = match Args::try_parse_from(words).unwrap().command {
                Command::RemovePhone { phone, pin, .. } => (phone, pin),
                Command::Unfreeze { phone, pin, .. } => (phone.unwrap(), pin),
                _ => panic!("another command"),
            };
            assert_eq!((phone.as_str(), pin.as_deref()), ("-1ab", Some("294817")));
        }
    }
}
