//! The history of one ID as a file that anybody can check, with the thumbprint of a root and nothing else (protocol section 8).

use super::HistoryRecord;
use crate::account::{Account, KeptKeys, KeptState};
use crate::core::Core;
use crate::error::Fault;
use crate::outbox::Waiting;
use crate::ports::StoreError;
use crate::vault::{self, Place};
use countersign_protocol::history::{Entry, Header, Line};
use countersign_protocol::{Digest, Id, Thumbprint};
use std::io::Write;

/// What an exported history is checked by, and which part it is of all that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// The root that the ID was added by: whoever checks has to know it from elsewhere.
    pub root: Thumbprint,
    /// K_dev, by which the phone's part can be checked without believing the server.
    pub dev: Thumbprint,
    /// The number of the first answer.
    pub from: u64,
    /// The number of the last; one less than `from` where there is none.
    pub to: u64,
    /// H of the last: deposited elsewhere it fixes all answers up to it.
    pub last: Option<Digest>,
}

impl Core {
    /// Writes everything that is kept of an ID, a line each; what still waits for its verdict without one.
    pub(crate) fn export_history(
        &self,
        owner: &Id,
        out: &mut dyn Write,
    ) -> Result<Exported, Fault> {
        let account = self.account(owner)?;
        let known = account.known()?;
        let chain = self.chain(owner)?;
        let span = (chain.forgotten + 1, chain.ctr);
        let (iss, keys) = (account.trust.iss.clone(), account.public_keys());
        let header = Header::new(iss, known.credential, keys, span);
        write(out, &Line::Header(header))?;
        for KeptKeys { keys } in self.vault.all(Some(owner))? {
            write(out, &Line::Keys { keys })?;
        }
        for KeptState { state } in self.vault.all(Some(owner))? {
            write(out, &Line::State { state })?;
        }
        for ctr in span.0..=span.1 {
            write(out, &Line::Entry(self.entry(owner, ctr)?))?;
        }
        self.is_still(&account)?;
        Ok(Exported {
            root: account.trust.first,
            dev: account.dev.thumbprint(),
            from: span.0,
            to: span.1,
            last: chain.prev.filter(|_| span.0 <= span.1),
        })
    }

    /// One answer, from the outbox or, once it has left that, the history.
    fn entry(&self, owner: &Id, ctr: u64) -> Result<Entry, Fault> {
        let place = Place::numbered(owner, ctr);
        let (challenge, response, verdict) = match self.vault.read::<Waiting>(&place)? {
            Some(waiting) => (waiting.challenge, waiting.response, None),
            None => match self.vault.read::<HistoryRecord>(&place)? {
                Some(record) => (record.challenge, record.response, record.verdict),
                None if self.chain(owner)?.forgotten >= ctr => return Err(overtaken()),
                None => return Err(vault::Fault::Damaged.into()),
            },
        };
        Ok(Entry {
            challenge: Some(challenge),
            response: Some(response),
            verdict,
        })
    }

    /// A verdict that came meanwhile may be by a key that the lines above don't name.
    fn is_still(&self, before: &Account) -> Result<(), Fault> {
        let now = self.account(&before.owner)?;
        let same = now.trust.n == before.trust.n && now.known()?.sn == before.known()?.sn;
        if same { Ok(()) } else { Err(overtaken()) }
    }
}

fn overtaken() -> Fault {
    StoreError::Changed.into()
}

fn write(out: &mut dyn Write, line: &Line) -> Result<(), Fault> {
    let text = line.to_text()?;
    let written = out.write_all(text.as_bytes());
    written.map_err(|_| Fault::Unwritten)
}
