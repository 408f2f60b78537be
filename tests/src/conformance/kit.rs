//! What every check needs: the way to the server, whoever acts there, the report, and a look at the manners of every answer.

use crate::harness::{Came, During, Result, Trouble, Wire};
use countersign_protocol::call::BODY_CAP;
use countersign_protocol::invitation::Invitation;
use countersign_protocol::problem::Problem;
use countersign_server::conformance::{Errand, Outcome, Person, Report};
use std::result::Result as Judged;

pub(super) struct Kit {
    pub(super) wire: Wire,
    pub(super) person: Person,
    pub(super) report: Report,
    /// The newest that the server gave.
    pub(super) nonce: Option<String>,
    /// What the account is called there, once an offer said it.
    pub(super) account: String,
}

/// Refusals that are right: status and code; no code stands for any.
pub(super) type Refusals = &'static [(u16, &'static str)];

pub(super) const BAD_REQUEST: Refusals = &[(400, "bad_request")];
pub(super) const BAD_STATEMENT: Refusals = &[(400, "bad_statement")];
pub(super) const BAD_PROOF: Refusals = &[(401, "bad_proof")];
pub(super) const NONCE: Refusals = &[(401, "nonce_required")];
pub(super) const NOT_ACTIVE: Refusals = &[(403, "not_active")];
pub(super) const NOT_FOUND: Refusals = &[(404, "not_found")];
pub(super) const CONFLICT: Refusals = &[(409, "conflict")];
pub(super) const TOO_LARGE: Refusals = &[(413, "too_large")];

impl Kit {
    /// Makes one call, and notes how the answer behaves.
    pub(super) fn call(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Came> {
        let came = self.wire.call(method, path, headers, body)?;
        if let Some(nonce) = came.header("countersign-nonce") {
            self.nonce = Some(nonce.to_owned());
            let visible = nonce.bytes().all(|byte| byte.is_ascii_graphic());
            let good = (1..=128).contains(&nonce.len()) && visible;
            self.judge("http.nonce", good, format!("{} characters", nonce.len()));
        }
        // After a good answer to a phone, and after every 401, it goes on with a nonce.
        const WITHOUT: [&str; 3] = ["/cs/v1/keys", "/cs/v1/offers", "/cs/v1/wake/"];
        let good = came.status < 300 && !WITHOUT.iter().any(|without| path.starts_with(without));
        if (good || came.status == 401) && came.header("countersign-nonce").is_none() {
            let place = path.split('?').next().unwrap_or_default();
            self.judge(
                "http.nonce",
                false,
                format!("none with {} at {place}", came.status),
            );
        }
        self.manners(&came, path);
        Ok(came)
    }

    fn manners(&mut self, came: &Came, path: &str) {
        let at = path.split('?').next().unwrap_or_default();
        let place = format!("{} at {at}", came.status);
        let stored = came.header("cache-control").unwrap_or("absent");
        let no_store = stored.to_lowercase().contains("no-store");
        let said = if no_store {
            "no-store".to_owned()
        } else {
            format!("{stored}, {place}")
        };
        self.judge("http.no_store", no_store, said);
        let stays = !(300..400).contains(&came.status);
        self.judge("http.no_redirect", stays, place.clone());
        let fits = came.body.len() <= BODY_CAP;
        self.judge(
            "http.answer_cap",
            fits,
            format!("{} bytes", came.body.len()),
        );
        if came.status >= 400 {
            let kind = came.header("content-type") == Some("application/problem+json");
            let good = Problem::parse(came.body.as_bytes()).is_ok_and(|problem| {
                let urn = format!("urn:countersign:problem:{}", problem.code);
                problem.status == came.status && problem.r#type == urn
            });
            self.judge("http.problem", kind && good, place);
        } else if came.status != 204 {
            let kind = came.header("content-type").unwrap_or("absent");
            let json = kind.split(';').next() == Some("application/json");
            self.judge("http.json", json, format!("{kind}, {place}"));
        }
    }

    pub(super) fn get(&mut self, path: &str) -> Result<Came> {
        self.call("GET", path, &[], None)
    }

    /// A POST of JSON without a proof.
    pub(super) fn post(&mut self, path: &str, body: &str) -> Result<Came> {
        let json = [("content-type", "application/json")];
        self.call("POST", path, &json, Some(body.as_bytes()))
    }

    /// An answer in few words.
    pub(super) fn said(came: &Came) -> String {
        let code = Problem::parse(came.body.as_bytes()).map(|problem| problem.code);
        match code {
            // It is the server's word; what is no code of ours is not repeated.
            Ok(code)
                if code
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_') =>
            {
                format!("{} {code}", came.status)
            }
            _ => came.status.to_string(),
        }
    }

    pub(super) fn judge(&mut self, id: &str, good: bool, came: impl Into<String>) {
        let came = came.into();
        self.report
            .judge(id, if good { Ok(came) } else { Err(came) });
    }

    pub(super) fn judged(&mut self, id: &str, came: Judged<String, String>) {
        self.report.judge(id, came);
    }

    /// Goes on with what came, or notes that the check failed there and ends the run.
    pub(super) fn must<T>(&mut self, id: &str, came: Result<T>) -> Result<T> {
        if let Err(trouble) = &came {
            self.judge(id, false, trouble.to_string());
        }
        came
    }

    pub(super) fn left_out(&mut self, ids: &[&str], why: &str) {
        for id in ids {
            self.report.note(id, Outcome::LeftOut(why.to_owned()));
        }
    }

    /// The call must be refused, and so.
    pub(super) fn refused(&mut self, id: &str, came: &Came, right: Refusals) {
        let code = Problem::parse(came.body.as_bytes()).map(|problem| problem.code);
        let code = code.unwrap_or_default();
        let mut right_ones = right.iter();
        let good = right_ones
            .any(|(status, name)| came.status == *status && (name.is_empty() || code == *name));
        let mut said = Self::said(came);
        if !good {
            let wanted: Vec<String> = right
                .iter()
                .map(|(status, name)| format!("{status} {name}").trim().to_owned())
                .collect();
            said = format!("{said} instead of {}", wanted.join(" or "));
        }
        self.judge(id, good, said);
    }

    /// Somebody acts at the server.
    pub(super) fn act(
        &mut self,
        act: &'static str,
        say: String,
        with: &[(&'static str, &str)],
    ) -> Result<String> {
        let errand = Errand { act, say, with };
        self.person.act(&errand).during("at the other side")
    }

    /// An invitation of this server, for whomever they like, as long as it is always the same ID.
    pub(super) fn invite(&mut self, what_for: &str) -> Result<Invitation> {
        let say = format!(
            "Make an invitation for one ID, always the same, that has no phone yet ({what_for}). Answer with its link."
        );
        let link = self.act("invite", say, &[("for", what_for)])?;
        let link = Invitation::parse(&link).during("the answer is no invitation")?;
        if link.origin.as_str() == self.wire.origin() {
            Ok(link)
        } else {
            let origin = link.origin.as_str();
            Err(Trouble::new(format!(
                "the invitation is for {origin}, not for --server"
            )))
        }
    }

    /// The digits of the phone are typed where the invitation is shown.
    pub(super) fn type_digits(&mut self, digits: &str, times: u8) -> Result<()> {
        let times = times.to_string();
        let say = format!(
            "Type the digits {digits} where the invitation is shown, {times} time(s). Answer with an empty line."
        );
        let with = [("digits", digits), ("times", times.as_str())];
        self.act("type", say, &with).map(drop)
    }

    /// A request to the ID; the number that the person sees, empty where there is none.
    pub(super) fn ask(&mut self) -> Result<String> {
        let say = format!(
            "Begin a new login or step-up for {} in a browser that it does not know, and take back what still waits. \
             Answer with the number that is shown, or with an empty line.",
            self.account
        );
        let account = self.account.clone();
        self.act("ask", say, &[("account", &account)])
    }
}
