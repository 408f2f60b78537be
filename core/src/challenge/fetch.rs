//! Getting a request by the id of a push or link; and noting what was got, also by a list, before it is shown.

use super::more::newest_statement;
use super::prompt::Prompt;
use super::room::{AskedBy, Room};
use super::seen::Seen;
use super::verify::{Known, Refusal, Request, Verified};
use crate::account::{Account, Cursor};
use crate::client::Heard;
use crate::core::Core;
use crate::error::{Error, Fault};
use crate::others::{Taken, Told};
use crate::ports::Order;
use crate::time::{ServerTime, Word};
use crate::vault::{Change, Place};
use countersign_protocol::Id;
use countersign_protocol::call::ChallengeAnswer;
use countersign_protocol::problem;
use countersign_protocol::statement::{Challenge, Mode, Standing};
use std::sync::Arc;

impl Core {
    /// A server that says that the credential is not in use or unknown proves it by a signed state,
    /// or it isn't so.
    pub(crate) fn look_at_state(&self, owner: &Id, fault: Fault) -> Fault {
        use problem::Code::{NotActive, NotFound};
        if let Fault::Call(call) = &fault
            && matches!(call.code(), Some(NotActive | NotFound))
            && let Ok(account) = self.fetch_state(owner, 0)
            && let Ok(known) = account.known()
            && let (Standing::Revoked | Standing::Refused, Some(reason)) =
                (known.standing, known.reason)
        {
            return Fault::Ended(reason);
        }
        fault
    }

    /// Fetches one request by its id.
    pub(crate) fn fetch(&self, owner: &Id, id: Id) -> Result<Prompt, Fault> {
        let heard = self.ask_for(&self.account(owner)?, id);
        let heard = heard.map_err(|fault| match self.look_at_state(owner, fault) {
            Fault::Call(call) if call.code() == Some(problem::Code::NotFound) => {
                Refusal::Unknown.into()
            }
            other => other,
        })?;
        self.take_fetched(owner, id, heard)
    }

    /// Asks for one request by its id, or by the `txn` of a link.
    pub(super) fn ask_for(
        &self,
        account: &Account,
        id: Id,
    ) -> Result<Heard<ChallengeAnswer>, Fault> {
        self.call(account, |at, credential, prove| {
            self.client.challenge(at, credential, prove, id)
        })
    }

    /// Verifies and notes what was asked for.
    pub(super) fn take_fetched(
        &self,
        owner: &Id,
        id: Id,
        heard: Heard<ChallengeAnswer>,
    ) -> Result<Prompt, Fault> {
        let arrived = Word::Some(heard.trip.arrived);
        let verified = self.examine(owner, &heard.body.challenge, arrived, &mut None)?;
        let (challenge, txn) = (verified.challenge().jti, verified.challenge().txn);
        if id != challenge && id != txn {
            return Err(Refusal::Another.into());
        }
        let noted = self.note(owner, &[verified], AskedBy::Others, arrived)?;
        match noted.into_iter().next() {
            Some(prompt) => Ok(prompt),
            // It was noted before.
            None => self.prompt(owner, &challenge),
        }
    }

    /// Verifies a request. Where it speaks of another account or a newer policy than the newest
    /// state known here, the state is fetched, unless it just was (`looked`), and the request looked at once more. It is judged by
    /// the time that it tells.
    pub(super) fn examine(
        &self,
        owner: &Id,
        text: &str,
        word: Word,
        looked: &mut Option<u64>,
    ) -> Result<Verified, Fault> {
        let mut account = self.account(owner)?;
        let request = Request::new(self.believe::<Challenge>(&mut account, text)?);
        self.recent().keep(&request);
        let first = self.check(&account, request.clone(), word);
        let outdated = match &first {
            Err(Fault::Challenge(Refusal::OtherAccount)) => true,
            Err(Fault::Challenge(Refusal::Policy)) => request.challenge.policy > account.policy.n,
            _ => false,
        };
        if !outdated || looked.is_some() {
            return first;
        }
        *looked = Some(account.known()?.sn);
        let account = self.fetch_state(owner, 0)?;
        self.check(&account, request, word)
    }

    fn check(
        &self,
        account: &Account,
        request: Arc<Request>,
        word: Word,
    ) -> Result<Verified, Fault> {
        let place = Seen::place(&account.owner, &request.challenge.jti);
        let seen = self.vault.read::<Seen>(&place)?;
        let mut time = self.time(&account.trust)?;
        let (config, now) = (&self.config, self.clock.now());
        time.learn(request.challenge.iat, word, now);
        let known = Known {
            account,
            config,
            time: &time,
            now,
            seen: seen.as_ref(),
        };
        Ok(Verified::check(request, &known)?)
    }

    /// Makes requests durable; then they may be shown. Gives the prompts of those that weren't noted before.
    pub(super) fn note(
        &self,
        owner: &Id,
        requests: &[Verified],
        by: AskedBy,
        word: Word,
    ) -> Result<Vec<Prompt>, Fault> {
        let told = Told::default();
        let (prompts, taken) = self.note_and_take(owner, requests, by, word, None, &told)?;
        if !taken.refused.is_empty() {
            return Err(Refusal::TooMany.into());
        }
        Ok(prompts)
    }

    /// The same, with the cursor they came with, and what was told beside them: first, since it may explain them.
    pub(super) fn note_and_take(
        &self,
        owner: &Id,
        requests: &[Verified],
        by: AskedBy,
        word: Word,
        next: Option<String>,
        told: &Told,
    ) -> Result<(Vec<Prompt>, Taken), Fault> {
        let place = Place::of(owner);
        self.vault.change(|change| {
            let mut account = change.read::<Account>(&place)?.ok_or(Fault::Unknown)?;
            let before = account.known()?.phones_known();
            let mut taken = self.take_told(change, &mut account, told, word)?;
            let (mut time, mut room) = (ServerTime::default(), Room::none());
            for verified in requests {
                time = self.learn(change, &account.trust, verified.challenge().iat, word)?;
            }
            // Behind that: what another thread notes meanwhile changes the time too, and this is done anew.
            if !requests.is_empty() {
                room = self.make_room(owner, by, requests, &time)?;
            }
            let mut prompts = Vec::new();
            for verified in requests {
                match self.note_one(change, &mut account, verified, &time, &mut room) {
                    Ok(seen) => prompts.extend(seen.map(|seen| (verified, seen))),
                    Err(fault @ Fault::Challenge(Refusal::TooMany)) => {
                        taken.refused.extend(Error::from(fault).code());
                    }
                    Err(other) => return Err(other),
                }
            }
            room.clear(change);
            // What goes on isn't over.
            let goes_on = |id| prompts.iter().any(|(_, seen)| seen.older() == Some(id));
            taken.cancelled.retain(|one| !goes_on(one.id.challenge));
            if account.known()?.phones_known() != before {
                change.put(&place, &account)?;
            }
            if let Some(next) = &next {
                change.read::<Cursor>(&place)?;
                change.put(
                    &place,
                    &Cursor {
                        next: Some(next.clone()),
                    },
                )?;
            }
            let now = self.clock.now();
            let shown = |(verified, seen): &(&Verified, Seen)| {
                Prompt::new(&account, verified, seen, &time, now)
            };
            Ok::<_, Fault>((prompts.iter().map(shown).collect(), taken))
        })
    }

    /// Notes one; nothing if it was noted before.
    fn note_one(
        &self,
        change: &mut Change<'_>,
        account: &mut Account,
        verified: &Verified,
        time: &ServerTime,
        room: &mut Room,
    ) -> Result<Option<Seen>, Fault> {
        let challenge = verified.challenge();
        let place = Seen::place(&account.owner, &challenge.jti);
        if change.read::<Seen>(&place)?.is_some() {
            return Ok(None);
        }
        room.take_one()?;
        let known = account.known_mut()?;
        // Without a network it names the addressed phone alone, which is compared with nothing.
        let changed = challenge.mode != Mode::Offline && {
            let changed = known.is_unexpected(&challenge.set);
            known.set = Some(challenge.set);
            changed
        };
        let lower = time.lower(self.clock.now()).unwrap_or_default();
        let mut seen = Seen::new(challenge, lower, changed);
        if let Some(jti) = self.newest_before(change, account, challenge, &room.kin)? {
            let old = Seen::place(&account.owner, &jti);
            if let Some(mut before) = change.read::<Seen>(&old)? {
                if !self.goes_on(account, &before, challenge) {
                    before.replace();
                } else if before.ends_after(challenge) {
                    seen.come_late(jti);
                } else {
                    before.go_on(jti, &mut seen, challenge.jti);
                }
                change.put(&old, &before)?;
            }
        }
        change.put(&place, &seen)?;
        room.kin.push(seen.clone());
        // What was decided before it got more time is shown no more, nor what came behind the same with more time.
        Ok(seen.is_undecided().then_some(seen))
    }

    /// One open request, verified anew: a key or host that was withdrawn since stops it.
    pub(crate) fn prompt(&self, owner: &Id, challenge: &Id) -> Result<Prompt, Fault> {
        let account = self.account(owner)?;
        let newest = newest_statement(&mut self.vault.begin(), owner, challenge)?;
        let seen = self.vault.read::<Seen>(&Seen::place(owner, &newest))?;
        self.prompt_of(&account, &seen.ok_or(Refusal::Unknown)?)
    }

    fn prompt_of(&self, account: &Account, seen: &Seen) -> Result<Prompt, Fault> {
        let verified = self.verified(account, seen)?;
        let (time, now) = (self.time(&account.trust)?, self.clock.now());
        Ok(Prompt::new(account, &verified, seen, &time, now))
    }

    /// A request that was noted, as long as it may be shown.
    pub(super) fn verified(&self, account: &Account, seen: &Seen) -> Result<Verified, Fault> {
        let (time, now) = (self.time(&account.trust)?, self.clock.now());
        let known = Known {
            account,
            config: &self.config,
            time: &time,
            now,
            seen: Some(seen),
        };
        let request = self.verify_again(&account.trust, &seen.challenge)?;
        Ok(Verified::check(request, &known)?)
    }

    /// Every open request of an ID, the oldest first.
    pub(crate) fn prompts(&self, owner: &Id) -> Result<Vec<Prompt>, Fault> {
        let account = self.account(owner)?;
        let seen = self.vault.all::<Seen>(Some(owner))?;
        let mut open = Vec::new();
        for seen in seen.iter().filter(|seen| seen.is_undecided()) {
            match self.prompt_of(&account, seen) {
                Ok(prompt) => open.push(prompt),
                Err(Fault::Challenge(_) | Fault::Statement(_)) => {}
                Err(other) => return Err(other),
            }
        }
        open.sort_by_key(|prompt| prompt.seconds_left);
        Ok(open)
    }

    /// Forgets notes that are over for long.
    pub(super) fn forget_stale(&self, owner: &Id) -> Result<(), Fault> {
        let account = self.account(owner)?;
        let Some(lower) = self.time(&account.trust)?.lower(self.clock.now()) else {
            return Ok(());
        };
        let notes = self
            .vault
            .scan::<Seen>(Some(owner), Order::Rising, usize::MAX)?;
        self.forget_old_notices(owner, lower)?;
        let stale: Vec<_> = notes
            .into_iter()
            .filter(|(_, seen)| seen.is_stale(lower))
            .collect();
        if stale.is_empty() {
            return Ok(());
        }
        self.vault.change(|change| {
            for (found, _) in &stale {
                change.delete_found(found);
            }
            // Tells nothing new, and keeps what is known as of now: after a restart of the device they are still over.
            self.learn(change, &account.trust, 0, Word::Some(self.clock.now()))?;
            Ok(())
        })
    }
}
