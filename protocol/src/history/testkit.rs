//! A server with a chain of two roots and two S, and a phone whose K_uv was replaced: an export in which every line is needed.

use super::*;
use crate::crypto::{AgreementSecret, PublicKey, SigningKey};
use crate::encoding::{Digest, Id, Thumbprint};
use crate::jose::{Draft, Signed, Statement};
use crate::origin::Origin;
use crate::policy::{Alternative, Alternatives, Offline, Policy};
use crate::statement::*;
use crate::text::{Account, Name};
use crate::view::View;

pub(super) const NOW: u64 = 1_800_000_000;

pub(super) fn ed25519(seed: u8) -> SigningKey {
    SigningKey::ed25519_from_seed(&[seed; 32]).unwrap()
}

pub(super) fn p256() -> SigningKey {
    SigningKey::from_pkcs8(&SigningKey::make_p256().unwrap()).unwrap()
}

pub(super) fn sign<T: Statement>(body: T, key: &SigningKey) -> Signed<T> {
    let draft = Draft::new(body, key.public()).unwrap();
    let signature = key.sign(draft.message()).unwrap();
    draft.finish(&signature).unwrap()
}

pub(super) fn origin() -> Origin {
    Origin::parse("https://id.example.com").unwrap()
}

pub(super) struct House {
    pub(super) roots: [SigningKey; 2],
    pub(super) s: [SigningKey; 2],
    pub(super) dev: SigningKey,
    pub(super) uv: [SigningKey; 2],
}

/// An entry before it is a line.
#[derive(Clone)]
pub(super) struct Three {
    pub(super) challenge: Signed<Challenge>,
    pub(super) response: Signed<Response>,
    pub(super) verdict: Option<Signed<Verdict>>,
}

/// What is bent before it is signed.
#[derive(Default)]
pub(super) struct Bend<'a> {
    pub(super) challenge: Option<&'a dyn Fn(&mut Challenge)>,
    pub(super) response: Option<&'a dyn Fn(&mut Response)>,
    pub(super) verdict: Option<&'a dyn Fn(&mut Verdict)>,
}

impl House {
    pub(super) fn new() -> Self {
        Self {
            roots: [ed25519(1), ed25519(2)],
            s: [ed25519(3), ed25519(4)],
            dev: p256(),
            uv: [p256(), p256()],
        }
    }

    pub(super) fn root(&self) -> Thumbprint {
        self.roots[0].public().thumbprint()
    }

    pub(super) fn trusted(&self) -> Trusted {
        Trusted {
            root: self.root(),
            dev: None,
            deposited: None,
        }
    }

    pub(super) fn keys(&self, n: u64) -> Keys {
        let by = if n == 1 { 0 } else { 1 };
        Keys {
            iss: origin(),
            n,
            iat: NOW,
            exp: NOW + 86_400,
            root: *self.roots[by].public(),
            sign: vec![*self.s[by].public()],
            origins: vec![origin()],
            root_next: (n == 1).then(|| *self.roots[1].public()),
        }
    }

    pub(super) fn state(&self, sn: u64) -> State {
        let uv = &self.uv[if sn == 1 { 0 } else { 1 }];
        State {
            iss: origin(),
            aud: Id::from([1; 16]),
            sn,
            iat: NOW,
            keys: 1,
            state: Standing::Active,
            account: Account::parse("anna@example.com").unwrap(),
            registration: Digest::of(&[b"registration"]),
            dev: self.dev.public().thumbprint(),
            uv: Some(uv.public().thumbprint()),
            policy: Policy {
                n: 1,
                min: Alternatives::dev(),
                r#match: false,
                max_life: 120,
                pin: 0,
                offline: Offline::Code,
            },
            probation: None,
            ns: None,
            kc: None,
            exp: None,
            wake: Some(Id::from([2; 16])),
            push_id: Some(Id::from([3; 16])),
            reason: None,
        }
    }

    pub(super) fn challenge(&self, number: u64) -> Challenge {
        Challenge {
            iss: origin(),
            aud: Id::from([1; 16]),
            jti: Id::from([number as u8; 16]),
            txn: Id::from([number as u8; 16]),
            iat: NOW + 100 * number,
            exp: NOW + 100 * number + 90,
            keys: 1,
            policy: 1,
            kind: Kind::Login,
            mode: Mode::Remote,
            service: Service {
                id: "wiki".into(),
                name: Name::parse("Wiki").unwrap(),
                host: "wiki.example.com".into(),
            },
            account: Account::parse("anna@example.com").unwrap(),
            lang: None,
            rows: None,
            context: Some(Context {
                browser: Name::parse("Firefox on Windows").unwrap(),
                known: true,
                place: None,
                ip: None,
                zone: Zone::Outside,
            }),
            r#match: 0,
            factors: Alternatives::new(vec![Alternative::Dev, Alternative::Uv]).unwrap(),
            input: None,
            set: Digest::of(&[b"set"]),
            phones: 1,
            replaces: None,
        }
    }

    /// Who signs an answer: K_dev, and every third one a K_uv.
    pub(super) fn signer(&self, ctr: u64) -> &SigningKey {
        match ctr % 3 {
            0 => &self.uv[usize::from(ctr > 3)],
            _ => &self.dev,
        }
    }

    /// The S in force; the second one from the fourth answer on.
    pub(super) fn s(&self, ctr: u64) -> &SigningKey {
        &self.s[usize::from(ctr > 3)]
    }

    pub(super) fn three(&self, ctr: u64, prev: Option<Digest>, bend: Bend<'_>) -> Three {
        let mut challenge = self.challenge(ctr);
        if let Some(bend) = bend.challenge {
            bend(&mut challenge);
        }
        let challenge = sign(challenge, self.s(ctr));
        let mut response = Response {
            iss: challenge.aud,
            aud: challenge.iss.clone(),
            jti: Id::from([100_u8.wrapping_add(ctr as u8); 16]),
            challenge: challenge.hash(),
            decision: Decision::Approve,
            reason: None,
            rule: 1,
            view: View::of(&challenge).digest(),
            r#match: None,
            dh: None,
            pin: None,
            input: None,
            ctr,
            prev: Prev(prev),
            locale: "en".into(),
        };
        if let Some(bend) = bend.response {
            bend(&mut response);
        }
        let response = sign(response, self.signer(ctr));
        let mut verdict = Verdict {
            iss: origin(),
            aud: challenge.aud,
            jti: Id::from([200; 16]),
            iat: challenge.iat + 5,
            keys: 1,
            challenge: challenge.hash(),
            response: response.hash(),
            result: Outcome::Accepted,
            r#final: true,
            code: VerdictCode::Ok,
            attempts: None,
            r#return: None,
        };
        if let Some(bend) = bend.verdict {
            bend(&mut verdict);
        }
        Three {
            challenge,
            response,
            verdict: Some(sign(verdict, self.s(ctr))),
        }
    }

    /// A chain of answers, from 1.
    pub(super) fn chain(&self, length: u64) -> Vec<Three> {
        let mut chain: Vec<Three> = Vec::new();
        for ctr in 1..=length {
            let prev = chain.last().map(|three| three.response.hash());
            chain.push(self.three(ctr, prev, Bend::default()));
        }
        chain
    }

    pub(super) fn header(&self, from: u64, to: u64) -> Line {
        let jwks = [&self.dev, &self.uv[0], &self.uv[1]].map(|key| *key.public());
        Line::Header(Header::new(
            origin(),
            Id::from([1; 16]),
            jwks.to_vec(),
            (from, to),
        ))
    }

    /// The lines of an export of these entries.
    pub(super) fn export(&self, entries: &[Three]) -> Vec<String> {
        let from = entries.first().map_or(1, |three| three.response.ctr);
        let to = entries.last().map_or(0, |three| three.response.ctr);
        let mut lines = vec![self.header(from, to)];
        for n in [1, 2] {
            let keys = sign(self.keys(n), &self.roots[n as usize - 1]);
            let keys = keys.compact().to_owned();
            lines.push(Line::Keys { keys });
        }
        for sn in [1, 2] {
            let state = sign(self.state(sn), &self.s[sn as usize - 1]);
            let state = state.compact().to_owned();
            lines.push(Line::State { state });
        }
        lines.extend(entries.iter().map(Three::line));
        lines.iter().map(text).collect()
    }
}

impl Three {
    pub(super) fn line(&self) -> Line {
        Line::Entry(Entry {
            challenge: Some(self.challenge.compact().to_owned()),
            response: Some(self.response.compact().to_owned()),
            verdict: self.verdict.as_ref().map(|it| it.compact().to_owned()),
        })
    }
}

/// The line without its LF.
pub(super) fn text(line: &Line) -> String {
    line.to_text().unwrap().trim_end().to_owned()
}

/// Where the first entry stands, among the lines.
pub(super) const FIRST: usize = 5;

pub(super) fn read(lines: &[String], trusted: Trusted) -> Result<Check, NoHistory> {
    let first = lines.first().map(String::as_bytes).unwrap_or_default();
    let mut check = Check::new(trusted, first)?;
    lines[1..]
        .iter()
        .for_each(|line| check.line(line.as_bytes()));
    Ok(check)
}

pub(super) fn check(lines: &[String], trusted: Trusted) -> Report {
    read(lines, trusted).unwrap().finish(None).0
}

/// Beside the export of a server; both reports.
pub(super) fn check_with(lines: &[String], other: &[String], trusted: Trusted) -> (Report, Report) {
    let mut server = Check::of_server(trusted, other[0].as_bytes()).unwrap();
    other[1..]
        .iter()
        .for_each(|line| server.line(line.as_bytes()));
    let (report, other) = read(lines, trusted).unwrap().finish(Some(server));
    (report, other.unwrap())
}

/// The codes of what is found, each with its line and `ctr`.
pub(super) fn found(report: &Report) -> Vec<(&'static str, Option<u64>, Option<u64>)> {
    let found = report.findings.iter();
    found
        .map(|found| (found.finding.code(), found.line, found.ctr))
        .collect()
}

pub(super) fn agreement() -> crate::crypto::AgreementKey {
    AgreementSecret::make().unwrap().public()
}

pub(super) fn public(key: &SigningKey) -> PublicKey {
    *key.public()
}
