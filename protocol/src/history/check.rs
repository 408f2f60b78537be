//! The check of an export, line by line.

use super::chain::{Chain, Judged};
use super::finding::{Finding, Found};
use super::line::{Entry, Header, Line};
use super::report::Report;
use crate::crypto::PublicKey;
use crate::encoding::{Digest, Thumbprint};
use crate::evidence::{Flaw, ServerKeys, answers, is_rightly_accepted, judges, link};
use crate::jose::{Refusal, Signed};
use crate::json::Malformed;
use crate::policy::Factor;
use crate::statement::{Challenge, Mode, Response, State, Verdict};
use crate::view::View;
use std::collections::{BTreeMap, BTreeSet};

/// What the checker knows from elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct Trusted {
    /// R, as it was when the phone was enrolled.
    pub root: Thumbprint,
    /// K_dev of the phone.
    pub dev: Option<Thumbprint>,
    /// H of a response that was deposited elsewhere.
    pub deposited: Option<Digest>,
}

/// Why there is nothing to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoHistory {
    /// The first line is none of an export.
    #[error("not an exported history: {0}")]
    Line(Malformed),
    /// It is of another version.
    #[error("an exported history of a version that is not known here")]
    Version,
}

impl NoHistory {
    /// A stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Line(_) => "line",
            Self::Version => "version",
        }
    }
}

/// Which lines come now.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Keys,
    States,
    Entries,
}

/// A check under way.
pub struct Check {
    trusted: Trusted,
    /// Whether it is a server's: it may have gaps, of what it keeps no longer or what never reached it.
    is_servers: bool,
    pub(super) header: Header,
    /// Lines read.
    line: u64,
    part: Part,
    /// No statement about keys is the root's: nothing else is looked at.
    rootless: bool,
    server: ServerKeys,
    sn: u64,
    dev: Option<Thumbprint>,
    uv: BTreeSet<Thumbprint>,
    keys: BTreeMap<Thumbprint, PublicKey>,
    pub(super) chain: Chain,
    /// Entries that were missing when the next one came: they may stand further down.
    gaps: Vec<Found>,
    pub(super) report: Report,
}

impl Check {
    /// Begins with the first line of a phone's export.
    ///
    /// # Errors
    /// [`NoHistory`].
    pub fn new(trusted: Trusted, first: &[u8]) -> Result<Self, NoHistory> {
        if Header::is_of_another_version(first) {
            return Err(NoHistory::Version);
        }
        let Line::Header(header) = Line::parse(first).map_err(NoHistory::Line)? else {
            return Err(NoHistory::Line(Malformed("members")));
        };
        let report = Report {
            origin: header.origin.clone(),
            credential: header.credential,
            answers: 0,
            unjudged: 0,
            judged_elsewhere: 0,
            codes: 0,
            vouched: None,
            by_phone: None,
            findings: Vec::new(),
            more: 0,
        };
        let keys = header.jwks.iter().map(|key| (key.thumbprint(), *key));
        Ok(Self {
            trusted,
            is_servers: false,
            line: 1,
            part: Part::Keys,
            rootless: false,
            server: ServerKeys::by(trusted.root),
            sn: 0,
            dev: None,
            uv: BTreeSet::new(),
            keys: keys.collect(),
            chain: Chain::new(header.from),
            gaps: Vec::new(),
            report,
            header,
        })
    }

    /// Begins with the first line of a server's export, which [`Self::finish`] compares with a phone's.
    ///
    /// # Errors
    /// [`NoHistory`].
    pub fn of_server(trusted: Trusted, first: &[u8]) -> Result<Self, NoHistory> {
        let mut check = Self::new(trusted, first)?;
        check.is_servers = true;
        check.chain.allow_gaps();
        Ok(check)
    }

    /// Takes the next line, without its LF. One that was longer than [`super::LINE_CAP`] may be cut behind that.
    pub fn line(&mut self, bytes: &[u8]) {
        self.line += 1;
        match Line::parse(bytes) {
            Ok(line) => self.take(line),
            Err(malformed) => self.skip(Finding::Line(malformed)),
        }
    }

    /// An answer that can't be read may have stood here.
    fn skip(&mut self, finding: Finding) {
        self.note(finding, None);
        self.chain.lose();
    }

    fn take(&mut self, line: Line) {
        let part = match &line {
            Line::Header(_) => return self.note(Finding::Place, None),
            Line::Keys { .. } => Part::Keys,
            Line::State { .. } => Part::States,
            Line::Entry(_) => Part::Entries,
        };
        if part < self.part {
            return self.note(Finding::Place, None);
        }
        self.go_on_to(part);
        if self.rootless {
            return;
        }
        let taken = match line {
            Line::Header(_) => Ok(()),
            Line::Keys { keys } => self.take_keys(&keys),
            Line::State { state } => self.take_state(&state),
            Line::Entry(entry) => return self.take_entry(&entry),
        };
        if let Err(flaw) = taken {
            self.note(flaw.into(), None);
        }
    }

    /// What has to be known before the next part.
    fn go_on_to(&mut self, part: Part) {
        if self.part == Part::Keys && part > Part::Keys && self.server.iss().is_none() {
            self.rootless = true;
            if self.report.findings.is_empty() {
                self.note(Flaw::Root.into(), None);
            }
        }
        if self.part < Part::Entries && part == Part::Entries && !self.rootless {
            let is_named = |key: &Thumbprint| self.dev == Some(*key) || self.uv.contains(key);
            if !self.keys.keys().all(is_named) {
                self.note_at(Finding::Jwks, Some(1), None);
            }
        }
        self.part = part;
    }

    fn take_keys(&mut self, statement: &str) -> Result<(), Flaw> {
        let taken = self.server.take(statement);
        self.rootless |= taken == Err(Flaw::Root);
        taken?;
        let ours = self.server.iss() == Some(&self.header.origin);
        link(ours, "keys.iss")
    }

    fn take_state(&mut self, statement: &str) -> Result<(), Flaw> {
        let state = self.server.verify::<State>("state", statement)?;
        link(state.iss == self.header.origin, "state.iss")?;
        link(state.aud == self.header.credential, "state.aud")?;
        link(state.sn > self.sn, "state.sn")?;
        link(self.dev.is_none_or(|dev| dev == state.dev), "state.dev")?;
        if self.trusted.dev.is_some_and(|dev| dev != state.dev) && self.dev.is_none() {
            self.note(Finding::Dev, None);
        }
        self.sn = state.sn;
        self.dev = Some(state.dev);
        self.uv.extend(state.uv);
        Ok(())
    }

    fn take_entry(&mut self, entry: &Entry) {
        let challenge = match self.challenge(entry) {
            Ok(challenge) => challenge,
            Err(flaw) => return self.skip(flaw.into()),
        };
        let Some(response) = &entry.response else {
            self.report.codes += 1;
            return;
        };
        let response = match self.response(response) {
            Ok(response) => response,
            Err(flaw) => return self.skip(flaw.into()),
        };
        let ctr = Some(response.ctr);
        match self.chain.place(&response) {
            Some(finding @ Finding::Removed { .. }) => {
                let line = Some(self.line);
                self.gaps.push(Found { finding, line, ctr });
            }
            Some(finding) => {
                self.note(finding, ctr);
                if finding == Finding::Forked {
                    let at = self.chain.fork_off(&response);
                    self.report.end_before(at);
                }
            }
            None => {}
        }
        if self.chain.has(response.ctr) {
            return;
        }
        let judged = self.judged(entry, challenge.as_ref(), &response);
        let judged = judged.unwrap_or_else(|flaw| {
            self.note(flaw.into(), ctr);
            None
        });
        self.remember(&response, judged);
    }

    /// The challenge of an entry, this server's to this phone.
    fn challenge(&self, entry: &Entry) -> Result<Option<Signed<Challenge>>, Flaw> {
        let Some(text) = &entry.challenge else {
            // What the server knew no more when it judged.
            return link(self.is_servers, "challenge").map(|()| None);
        };
        let challenge = self.server.verify::<Challenge>("challenge", text)?;
        link(challenge.iss == self.header.origin, "challenge.iss")?;
        link(challenge.aud == self.header.credential, "challenge.aud")?;
        let is_code = entry.response.is_none();
        link(
            !is_code || challenge.mode == Mode::Offline,
            "challenge.mode",
        )?;
        Ok(Some(challenge))
    }

    /// A response by a key of the phone that a state names.
    fn response(&self, text: &str) -> Result<Signed<Response>, Flaw> {
        let refused = |refusal| Flaw::Statement("response", refusal);
        let kid = Signed::<Response>::named_key(text).map_err(refused)?;
        let named = self.dev == Some(kid) || self.uv.contains(&kid);
        let key = self.keys.get(&kid).filter(|_| named);
        let key = key.ok_or(refused(Refusal::UnknownKey))?;
        let response = Signed::<Response>::verify(text, &[*key]).map_err(refused)?;
        link(response.iss == self.header.credential, "response.iss")?;
        link(response.aud == self.header.origin, "response.aud")?;
        Ok(response)
    }

    /// What the server made of it, if everything about the entry fits.
    fn judged(
        &self,
        entry: &Entry,
        challenge: Option<&Signed<Challenge>>,
        response: &Signed<Response>,
    ) -> Result<Option<Judged>, Flaw> {
        if let Some(challenge) = challenge {
            answers(challenge, response, &View::of(challenge))?;
        }
        let Some(text) = &entry.verdict else {
            return Ok(None);
        };
        let verdict = self.server.verify::<Verdict>("verdict", text)?;
        judges(response, &verdict)?;
        if let Some(challenge) = challenge {
            let by_uv = self.uv.contains(&response.kid());
            let key = if by_uv { Factor::Uv } else { Factor::Dev };
            is_rightly_accepted(challenge, response, &verdict, key)?;
        }
        Ok(Some(Judged::of(&verdict)))
    }

    fn remember(&mut self, response: &Signed<Response>, judged: Option<Judged>) {
        let (ctr, hash) = (response.ctr, response.hash());
        self.report.answers += 1;
        self.report.unjudged += u64::from(judged.is_none());
        self.chain.take(response, judged);
        if self.report.is_good() && self.gaps.is_empty() {
            Report::vouch(&mut self.report.vouched, self.header.from, ctr);
            let reached = self.report.vouched.filter(|span| span.to == ctr);
            let is_known =
                Some(response.kid()) == self.trusted.dev || Some(hash) == self.trusted.deposited;
            if is_known && reached.is_some() {
                self.report.by_phone = reached;
            }
        }
    }

    fn note(&mut self, finding: Finding, ctr: Option<u64>) {
        self.note_at(finding, Some(self.line), ctr);
    }

    pub(super) fn note_at(&mut self, finding: Finding, line: Option<u64>, ctr: Option<u64>) {
        if self.report.findings.len() < Report::MOST {
            self.report.findings.push(Found { finding, line, ctr });
        } else {
            self.report.more += 1;
        }
    }

    /// What only the end of the file tells.
    pub(super) fn end(&mut self) {
        self.go_on_to(Part::Entries);
        if self.rootless {
            return;
        }
        self.note_gaps();
        if self.chain.last() != self.header.to {
            self.note_at(Finding::Header("header.to"), Some(1), None);
        }
        if self.trusted.dev.is_some() && self.dev.is_none() {
            self.note_at(Finding::Dev, None, None);
        }
        let deposited = self.trusted.deposited.filter(|_| !self.is_servers);
        if deposited.is_some_and(|hash| !self.chain.has_hash(&hash)) {
            self.note_at(Finding::Deposited, None, None);
        }
    }

    /// Those that are still missing, in their places. An entry that stands in the wrong one isn't.
    fn note_gaps(&mut self) {
        let chain = &self.chain;
        let is_open = |found: &Found| match found.finding {
            Finding::Removed { from, to } => !chain.has_all(from, to),
            _ => true,
        };
        let findings = &mut self.report.findings;
        for gap in self.gaps.drain(..).filter(is_open) {
            // Before what else is wrong with the entry, as where an entry is misplaced otherwise.
            let behind = findings.iter().position(|found| found.line >= gap.line);
            findings.insert(behind.unwrap_or(findings.len()), gap);
            self.report.more += u64::from(findings.len() > Report::MOST);
            findings.truncate(Report::MOST);
        }
    }
}
