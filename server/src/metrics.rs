//! Counters for `/metrics`, in the OpenMetrics text form. No label holds an id or a name.

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

type ByResult = Family<Vec<(&'static str, String)>, Counter>;

pub(crate) struct Metrics {
    registry: Registry,
    logins: ByResult,
    enrolments: ByResult,
    verdicts: ByResult,
    problems: ByResult,
    asks: ByResult,
    refusals: ByResult,
    letters: ByResult,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("countersign");
        let mut family = |name: &str, help: &str| {
            let family = ByResult::default();
            registry.register(name, help, family.clone());
            family
        };
        let logins = family("logins", "Logins that came to a step, by step");
        let enrolments = family("enrolments", "Enrolments that came to a step, by step");
        let verdicts = family("verdicts", "Verdicts, by code");
        let problems = family("problems", "Problem answers to phones, by code");
        let asks = family(
            "asks",
            "Requests of applications that came to a step, by step",
        );
        let letters = family("letters", "Letters, by whether the mail server took them");
        let refusals = family("refusals", "Problem answers to applications, by code");
        Self {
            registry,
            logins,
            enrolments,
            verdicts,
            problems,
            asks,
            refusals,
            letters,
        }
    }

    pub(crate) fn letter(&self, taken: bool) {
        count(&self.letters, if taken { "taken" } else { "failed" });
    }

    pub(crate) fn login(&self, step: &str) {
        count(&self.logins, step);
    }

    pub(crate) fn enrolment(&self, step: &str) {
        count(&self.enrolments, step);
    }

    pub(crate) fn verdict(&self, code: &str) {
        count(&self.verdicts, code);
    }

    pub(crate) fn problem(&self, code: &str) {
        count(&self.problems, code);
    }

    pub(crate) fn ask(&self, step: &str) {
        count(&self.asks, step);
    }

    pub(crate) fn refusal(&self, code: &str) {
        count(&self.refusals, code);
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String fails only if a metric can't be written.
        if encode(&mut text, &self.registry).is_err() {
            text.clear();
        }
        text
    }
}

fn count(family: &ByResult, result: &str) {
    family
        .get_or_create(&vec![("result", result.to_owned())])
        .inc();
}
