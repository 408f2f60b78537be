//! A reader of the vectors, as `kotlin/` and `swift/` have one too: what comes in goes to `bindings/vectors`, and what comes back is
//! compared here. What `challenges` and `responses` ask is answered by the core and the server, each in its own tests.

use super::published::{Published, expand};
use countersign_vectors::{Answer, answer};
use serde_json::{Map, Value, json};

/// The members of an operation that are not just inputs: the last columns of its line in README.md.
struct Op {
    /// What comes out beside the answer.
    out: &'static [&'static str],
    /// What is derived, and is `ok` or `differs` by what is written there.
    derived: &'static [&'static str],
    /// The same, but that the protocol has a check of its own, which has to see it.
    checked: &'static [&'static str],
}

const fn op(
    out: &'static [&'static str],
    derived: &'static [&'static str],
    checked: &'static [&'static str],
) -> Op {
    Op {
        out,
        derived,
        checked,
    }
}

/// All operations that the protocol crate answers.
const OPS: &[(&str, Op)] = &[
    ("statement", op(&["H"], &[], &[])),
    ("keys", op(&["H"], &[], &[])),
    ("registration", op(&["H"], &[], &[])),
    ("uv_proof", op(&["H"], &[], &[])),
    ("thumbprint", op(&["thumbprint"], &[], &[])),
    ("set", op(&["set"], &[], &[])),
    ("view", op(&["lines", "view"], &[], &[])),
    ("agreement", op(&[], &["key"], &[])),
    ("recovery_codes", op(&[], &["codes"], &[])),
    ("confirmation", op(&[], &[], &["kc"])),
    ("commitment", op(&[], &["sas"], &[])),
    ("digits", op(&[], &["digits"], &[])),
    ("pin", op(&[], &[], &[])),
    ("pin_blob", op(&[], &["argon2id", "blob"], &[])),
    ("pin_proof", op(&[], &["proof"], &[])),
    ("recovery_use", op(&[], &[], &["rec"])),
    ("offline_code", op(&[], &["code"], &[])),
    ("push_text", op(&["text", "exp", "c"], &[], &[])),
    (
        "invitation",
        op(&["origin", "root", "token", "expires", "brand"], &[], &[]),
    ),
    ("challenge_link", op(&["origin", "txn"], &[], &[])),
    ("number", op(&["txn", "digits"], &[], &[])),
    ("typed_code", op(&["code", "token"], &[], &[])),
    ("text", op(&[], &[], &[])),
    ("origin", op(&[], &[], &[])),
    ("b64u", op(&["hex"], &[], &[])),
    (
        "history",
        op(&["vouched", "by_phone", "findings"], &[], &[]),
    ),
    ("receipt", op(&["approval"], &[], &[])),
];

/// What was made of a vector, to be compared with what it expects.
pub struct Judged {
    op: &'static Op,
    answer: Answer,
}

/// Has a vector of a file judged, knowing nothing of what it expects.
///
/// # Errors
/// It cannot be read, or nobody here reads it.
pub fn judge(file: &Value, vector: &Value) -> Result<Judged, String> {
    let unread = |why: &dyn std::fmt::Display| format!("{}: {why}", vector["id"]);
    let found = OPS.iter().find(|(name, _)| vector["op"] == *name);
    let (_, op) = found.ok_or_else(|| unread(&"nobody reads it"))?;
    let withheld = [&["id", "expect"], op.out, op.derived].concat();
    let members = vector.as_object().into_iter().flatten();
    let inputs = members.filter(|(name, _)| !withheld.contains(&name.as_str()));
    let inputs: Map<String, Value> = inputs
        .map(|(name, value)| (name.clone(), spelt_out(name, value)))
        .collect();
    let answer = answer(&file["keys"], &Value::Object(inputs)).map_err(|error| unread(&error))?;
    Ok(Judged { op, answer })
}

impl Judged {
    /// What differs from what a vector expects; nothing where all is as it says.
    pub fn complaint(&self, vector: &Value) -> Option<String> {
        let came = |name: &str| self.answer.values.get(name).unwrap_or(&Value::Null);
        let told = |name: &str| spelt_out(name, &vector[name]);
        let mut compared = self.op.derived.iter().chain(self.op.checked);
        let same = compared.all(|name| *came(name) == told(name));
        let answer = match self.answer.answer.as_str() {
            "ok" if !same => "differs",
            answer => answer,
        };
        if vector["expect"] != answer {
            return Some(format!("{}: {answer}", vector["id"]));
        }
        // Which H a bent statement has is nobody's question.
        let mut asked = self
            .op
            .out
            .iter()
            .filter(|name| **name != "H" || vector.get(**name).is_some());
        let wrong = asked.find(|name| *came(name) != told(name))?;
        Some(format!("{}: {wrong} is {}", vector["id"], came(wrong)))
    }

    /// The names of what came out and is compared.
    pub fn outputs(&self) -> impl Iterator<Item = &'static str> {
        let Op { out, derived, .. } = self.op;
        out.iter().chain(*derived).copied()
    }
}

/// What comes out beside the answer of an operation. Those that are read elsewhere have nothing.
pub(crate) fn outputs(op: &str) -> &'static [&'static str] {
    let found = OPS.iter().find(|(name, _)| *name == op);
    found.map_or(&[], |(_, op)| op.out)
}

/// A value without shorthands: `{x*n}`, and in `lines` and `with` a number for a line of the history of `protocol.json`.
pub(crate) fn spelt_out(name: &str, value: &Value) -> Value {
    match value {
        Value::String(text) => json!(expand(text)),
        Value::Array(all) if matches!(name, "lines" | "with") => all.iter().map(line).collect(),
        Value::Array(all) => all.iter().map(|one| spelt_out(name, one)).collect(),
        other => other.clone(),
    }
}

fn line(written: &Value) -> Value {
    match written.as_u64() {
        Some(number) => Published::load()
            .at(&format!("/history/{}", number - 1))
            .clone(),
        None => spelt_out("line", written),
    }
}
