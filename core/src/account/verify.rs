//! Believing a statement of a server: by the keys that are known, and once, when they don't do, by
//! newer ones (protocol section 4).

use super::record::Account;
use super::trust::{Trust, Untrusted};
use crate::client::At;
use crate::core::Core;
use crate::error::Fault;
use crate::ports::Moment;
use crate::time::{ServerTime, Word};
use crate::vault::{Change, Place};
use countersign_protocol::jose::{Refusal, Signed, Statement};
use countersign_protocol::statement::{Cancel, Challenge, Notice, Offer, State, Verdict};
use countersign_protocol::{Id, Origin};
use std::collections::BTreeMap;

/// A server is asked for its keys at most this often, milliseconds.
const KEYS_PAUSE: u64 = 60_000;

/// Pages of keys that are read at once: 64 links of a chain of roots.
const KEYS_PAGES: usize = 8;

/// How many statements a full page of keys has.
const KEYS_PAGE: usize = 8;

/// When each server was last asked for its keys, and the newest `n` that the asking ID had then.
pub(crate) type Asked = BTreeMap<String, (Moment, u64)>;

/// What every statement of a server has.
pub(crate) trait FromServer: Statement {
    fn iss(&self) -> &Origin;
    /// The newest `n` of the server's keys.
    fn keys(&self) -> u64;
}

macro_rules! from_server {
    ($($statement:ty),*) => {
        $(impl FromServer for $statement {
            fn iss(&self) -> &Origin {
                &self.iss
            }

            fn keys(&self) -> u64 {
                self.keys
            }
        })*
    };
}

from_server!(Offer, State, Challenge, Verdict, Cancel, Notice);

impl Core {
    /// Verifies a statement of an ID's server. Newer keys that it took are in `account`, and kept.
    pub(crate) fn believe<T: FromServer>(
        &self,
        account: &mut Account,
        text: &str,
    ) -> Result<Signed<T>, Fault> {
        let known = account.trust.n;
        let believed = self.believe_by(&mut account.trust, text);
        if account.trust.n > known {
            self.keep_trust(account)?;
        }
        believed
    }

    /// Verifies a statement of a server that is trusted like this.
    pub(crate) fn believe_by<T: FromServer>(
        &self,
        trust: &mut Trust,
        text: &str,
    ) -> Result<Signed<T>, Fault> {
        let first = trust.verify::<T>(text);
        let outdated = match &first {
            Err(Refusal::UnknownKey) => true,
            Err(_) => false,
            Ok(statement) => statement.keys() > trust.n,
        };
        let renewed = if outdated {
            self.renew(trust)
        } else {
            Ok(false)
        };
        let statement = match (first, renewed) {
            (_, Ok(true)) => trust.verify(text)?,
            (first, Ok(false)) => first?,
            // The keys that are known do, and newer ones can be asked for later.
            (Ok(statement), Err(Fault::Call(_))) => statement,
            (_, Err(fault)) => return Err(fault),
        };
        if *statement.iss() == trust.iss {
            Ok(statement)
        } else {
            Err(Untrusted::OtherServer.into())
        }
    }

    /// Asks for newer keys, at most once a minute; whether there were any.
    fn renew(&self, trust: &mut Trust) -> Result<bool, Fault> {
        if self.asked_for_keys(trust) {
            return Ok(false);
        }
        let known = trust.n;
        for _ in 0..KEYS_PAGES {
            let origins = trust.origins(&self.config);
            let at = At {
                iss: &trust.iss,
                origins: &origins,
            };
            let page = self.client.keys(at, trust.n)?.keys;
            let before = trust.n;
            for text in page.iter().take(KEYS_PAGE) {
                trust.take(text)?;
            }
            if page.len() < KEYS_PAGE || trust.n == before {
                break;
            }
        }
        let asked = (self.clock.now(), trust.n);
        self.keys_asked().insert(trust.server(), asked);
        Ok(trust.n > known)
    }

    /// Whether the server answered that question in the last minute, with nothing that isn't known here. What it answered another
    /// ID, or another thread, may be.
    fn asked_for_keys(&self, trust: &Trust) -> bool {
        let now = self.clock.now();
        let answered = |(last, n): &(Moment, u64)| {
            let recent = last.boot == now.boot && now.ms.saturating_sub(last.ms) < KEYS_PAUSE;
            recent && *n <= trust.n
        };
        self.keys_asked().get(&trust.server()).is_some_and(answered)
    }

    /// Makes newer keys durable, unless another thread was quicker.
    fn keep_trust(&self, account: &Account) -> Result<(), Fault> {
        let place = Place::of(&account.owner);
        self.vault.change(|change| {
            let mut stored = change.read::<Account>(&place)?.ok_or(Fault::Unknown)?;
            let mut trust = account.trust.clone();
            trust.keep(change, &account.owner)?;
            if stored.trust.n < trust.n {
                stored.trust = trust;
                change.put(&place, &stored)?;
            }
            Ok::<_, Fault>(())
        })
    }

    /// Asks for an ID's keys by itself, when those in use are over.
    pub(crate) fn renew_overdue_keys(&self, owner: &Id) -> Result<(), Fault> {
        let mut account = self.account(owner)?;
        let time = self.time(&account.trust)?;
        if !time.is_over(account.trust.exp, self.clock.now()) {
            return Ok(());
        }
        // They are used until newer ones can be had.
        match self.renew(&mut account.trust) {
            Ok(true) => self.keep_trust(&account),
            Ok(false) | Err(Fault::Call(_)) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// What is known about the time of a server.
    pub(crate) fn time(&self, trust: &Trust) -> Result<ServerTime, Fault> {
        Ok(self.vault.read(&trust.time_place())?.unwrap_or_default())
    }

    /// Takes the `iat` of a verified statement into a change; gives what is known then.
    pub(crate) fn learn(
        &self,
        change: &mut Change<'_>,
        trust: &Trust,
        iat: u64,
        word: Word,
    ) -> Result<ServerTime, Fault> {
        let place = trust.time_place();
        let mut time = change.read::<ServerTime>(&place)?.unwrap_or_default();
        // Asked after the interval was read, see `ServerTime::learn`.
        time.learn(iat, word, self.clock.now());
        change.put(&place, &time)?;
        Ok(time)
    }
}
