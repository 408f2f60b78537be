//! What is shown is what is signed (protocol section 6, rule 1): a challenge as rows of ids and
//! values, and the digest over them. Captions are the app's, in the person's language.

use crate::encoding::Digest;
use crate::jose::Signed;
use crate::statement::Challenge;
use std::borrow::Cow;

/// One row that a person is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ViewRow {
    /// Which one: `account`, `browser`, `label.1`, …
    pub id: Cow<'static, str>,
    /// From the challenge, unchanged.
    pub value: String,
}

/// The rows of one challenge, in order.
#[derive(Clone, PartialEq, Eq)]
pub struct View(Vec<ViewRow>);

impl View {
    /// Of a verified challenge; nothing else has a view.
    pub fn of(challenge: &Signed<Challenge>) -> Self {
        let mut view = Self(Vec::with_capacity(16));
        view.add_request(challenge);
        view.add_input(challenge);
        view.add_browser(challenge);
        if challenge.r#match != 0 {
            view.add("match", challenge.r#match.to_string());
        }
        view.add("phones", challenge.phones.to_string());
        view
    }

    fn add_request(&mut self, challenge: &Challenge) {
        self.add("kind", challenge.kind.as_str());
        self.add("mode", challenge.mode.as_str());
        self.add("service", challenge.service.name.as_str());
        self.add("host", challenge.service.host.as_str());
        self.add("account", challenge.account.as_str());
        for (at, row) in challenge.rows.iter().flatten().enumerate() {
            self.add(format!("label.{}", at + 1), row.label.as_str());
            self.add(format!("value.{}", at + 1), row.value.as_str());
        }
    }

    fn add_input(&mut self, challenge: &Challenge) {
        let Some(input) = &challenge.input else {
            return;
        };
        if let Some(device) = &input.device {
            self.add("device", device.as_str());
        }
        if let Some(policy) = &input.policy {
            self.add("policy.min", policy.min.describe());
            self.add("policy.match", yes_no(policy.r#match));
            self.add("policy.max_life", policy.max_life.to_string());
            self.add("policy.pin", policy.pin.to_string());
            self.add("policy.offline", policy.offline.as_str());
        }
    }

    fn add_browser(&mut self, challenge: &Challenge) {
        let Some(context) = &challenge.context else {
            return;
        };
        self.add("browser", context.browser.as_str());
        self.add("known", yes_no(context.known));
        if let Some(place) = &context.place {
            self.add("place", place.as_str());
        }
        if let Some(ip) = &context.ip {
            self.add("ip", ip.as_str());
        }
        let inside = context.zone == crate::statement::Zone::Inside;
        self.add("zone", if inside { "inside" } else { "outside" });
    }

    fn add(&mut self, id: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        self.0.push(ViewRow {
            id: id.into(),
            value: value.into(),
        });
    }

    /// The rows, in order.
    pub fn rows(&self) -> &[ViewRow] {
        &self.0
    }

    /// The value of a row.
    pub fn value(&self, id: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|row| row.id == id)
            .map(|row| row.value.as_str())
    }

    /// The lines that the digest covers: `id TAB value LF`, the first one names the rule.
    pub fn lines(&self) -> String {
        let mut lines = String::from("cs1-view\t1\n");
        for row in &self.0 {
            lines.extend([&*row.id, "\t", row.value.as_str(), "\n"]);
        }
        lines
    }

    /// What a response signs.
    pub fn digest(&self) -> Digest {
        Digest::of(&[self.lines().as_bytes()])
    }
}

fn yes_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}
