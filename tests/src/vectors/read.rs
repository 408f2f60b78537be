//! A reader of the vectors, for what the protocol crate answers. The topics `challenges` and `responses` are read by the core and the
//! server.

use super::published::{Published, expand, hex, unhex};
use countersign_protocol::agreement::{Agreement, Purpose, check_confirmation};
use countersign_protocol::crypto::{
    AgreementKey, AgreementSecret, Cost, PublicKey, Secret, stretch,
};
use countersign_protocol::encoding::decode;
use countersign_protocol::history::{Check, Report, Span, Trusted};
use countersign_protocol::invitation::Invitation;
use countersign_protocol::jose::Statement;
use countersign_protocol::links::{ChallengeLink, ScannedNumber};
use countersign_protocol::pin::{self, NoDigit, PinEntry};
use countersign_protocol::push::{self, Payload};
use countersign_protocol::receipt::Receipt;
use countersign_protocol::recovery::RecoveryCode;
use countersign_protocol::statement::*;
use countersign_protocol::text::{Name, Text};
use countersign_protocol::typed_code::TypedCode;
use countersign_protocol::view::View;
use countersign_protocol::{Digest, Id, Origin, Signed, Thumbprint, offline, sas};
use serde_json::{Value, json};

/// What a vector's answer is, and what comes out beside it.
type Answer = (String, Vec<(&'static str, Value)>);

/// Judges a vector of a file: nothing when the answer is the one that is written there.
///
/// # Errors
/// What came out instead.
pub fn judge(file: &Value, vector: &Value) -> Result<(), String> {
    let one = Case {
        keys: &file["keys"],
        vector,
    };
    let (answer, values) = one.answer();
    if vector["expect"] != *answer {
        return Err(format!("{}: {answer}", vector["id"]));
    }
    for (name, value) in values {
        // Which H a bent statement has is nobody's question.
        let asked = name != "H" || vector.get(name).is_some();
        if asked && vector[name] != value {
            return Err(format!("{}: {name} is {value}", vector["id"]));
        }
    }
    Ok(())
}

fn ok(values: Vec<(&'static str, Value)>) -> Answer {
    ("ok".to_owned(), values)
}

fn no(code: &str) -> Answer {
    (code.to_owned(), Vec::new())
}

/// Whether what was computed is what is written there.
fn compared(same: bool) -> Answer {
    no(if same { "ok" } else { "differs" })
}

struct Case<'a> {
    keys: &'a Value,
    vector: &'a Value,
}

impl Case<'_> {
    fn text(&self, name: &str) -> String {
        let text = self.vector[name].as_str();
        expand(text.unwrap_or_else(|| panic!("{}: no {name}", self.vector["id"])))
    }

    fn digest(&self, name: &str) -> Digest {
        let digest = Digest::parse(&self.text(name));
        digest.unwrap_or_else(|| panic!("{}: {name}", self.vector["id"]))
    }

    fn id(&self, name: &str) -> Id {
        Id::parse(&self.text(name)).unwrap_or_else(|| panic!("{}: {name}", self.vector["id"]))
    }

    fn secret(&self, name: &str) -> Secret {
        let bytes = unhex(&self.text(name)).try_into();
        Secret::new(bytes.unwrap_or_else(|_| panic!("{}: {name}", self.vector["id"])))
    }

    fn key(&self, name: &str) -> PublicKey {
        let key = serde_json::from_value(self.keys[name].clone());
        key.unwrap_or_else(|_| panic!("no key {name}"))
    }

    fn by(&self) -> Vec<PublicKey> {
        let names = self.vector["by"].as_array().into_iter().flatten();
        names
            .filter_map(Value::as_str)
            .map(|name| self.key(name))
            .collect()
    }

    fn answer(&self) -> Answer {
        match self.text("op").as_str() {
            "statement" => self.statement(),
            "keys" => {
                let root = Thumbprint(self.digest("root"));
                of(Signed::<Keys>::verify_root(&self.text("statement"), &root))
            }
            "registration" => of(Signed::<Registration>::verify_dev(&self.text("statement"))),
            "uv_proof" => self.uv_proof(),
            "thumbprint" => {
                let thumbprint = self.key(&self.text("key")).thumbprint();
                ok(vec![("thumbprint", json!(thumbprint))])
            }
            "set" => {
                let phones =
                    serde_json::from_value::<Vec<Thumbprint>>(self.vector["phones"].clone());
                ok(vec![("set", json!(set_of(&phones.unwrap_or_default())))])
            }
            "view" => {
                let challenge = Signed::<Challenge>::verify(&self.text("challenge"), &self.by());
                let Ok(challenge) = challenge else {
                    return no("refused");
                };
                let view = View::of(&challenge);
                ok(vec![
                    ("lines", json!(view.lines())),
                    ("view", json!(view.digest())),
                ])
            }
            "agreement" => self.agreement(),
            "confirmation" => {
                let (key, registration) = (self.secret("key"), self.digest("registration"));
                compared(check_confirmation(&key, &registration, &self.digest("kc")).is_ok())
            }
            "commitment" => {
                let sas = sas::commitment(&self.id("eid"), &self.digest("ns"));
                compared(sas == self.digest("sas"))
            }
            "digits" => {
                let [offer, registration, ns, np] =
                    ["offer", "registration", "ns", "np"].map(|name| self.digest(name));
                compared(sas::digits(&offer, &registration, &ns, &np) == self.text("digits"))
            }
            "pin" => match self.pin("pin") {
                Ok(entry) => no(if entry.pin(0).is_ok() {
                    "ok"
                } else {
                    "too_short"
                }),
                Err(NoDigit::TooLong) => no("too_long"),
                Err(NoDigit::NotADigit) => no("not_a_digit"),
            },
            "pin_blob" => self.pin_blob(),
            "pin_proof" => self.pin_proof(),
            "recovery_codes" => self.recovery_codes(),
            "recovery_use" => {
                let Ok(code) = RecoveryCode::parse(&self.text("code")) else {
                    return no("shape");
                };
                let (offer, dev) = (self.digest("offer"), Thumbprint(self.digest("dev")));
                compared(code.check_proof(&offer, &dev, &self.digest("rec")).is_ok())
            }
            "offline_code" => {
                let code = offline::code(&self.secret("key"), &self.digest("challenge"));
                compared(code == self.text("code"))
            }
            "push_text" => self.push_text(),
            "invitation" => self.invitation(),
            "challenge_link" => self.challenge_link(),
            "number" => match ScannedNumber::parse(&self.text("text")) {
                Some(number) => ok(vec![
                    ("txn", json!(number.txn)),
                    ("digits", json!(number.digits)),
                ]),
                None => no("malformed"),
            },
            "typed_code" => self.typed_code(),
            "text" => match Text::<64>::parse(&self.text("text")) {
                Ok(text) => {
                    let again = Name::clean(text.as_str()).map(|clean| clean == text);
                    no(if again == Ok(true) { "ok" } else { "changed" })
                }
                Err(error) => no(error.code()),
            },
            "origin" => no(Origin::parse(&self.text("origin")).map_or("refused", |_| "ok")),
            "b64u" => match decode(&self.text("text")) {
                Some(bytes) => ok(vec![("hex", json!(hex(&bytes)))]),
                None => no("refused"),
            },
            "history" => self.history(),
            "receipt" => self.receipt(),
            other => panic!("nobody reads {other}"),
        }
    }

    fn statement(&self) -> Answer {
        let (text, by) = (self.text("statement"), self.by());
        match self.text("typ").as_str() {
            Offer::TYP => of(Signed::<Offer>::verify(&text, &by)),
            State::TYP => of(Signed::<State>::verify(&text, &by)),
            Challenge::TYP => of(Signed::<Challenge>::verify(&text, &by)),
            Response::TYP => of(Signed::<Response>::verify(&text, &by)),
            Verdict::TYP => of(Signed::<Verdict>::verify(&text, &by)),
            Cancel::TYP => of(Signed::<Cancel>::verify(&text, &by)),
            Notice::TYP => of(Signed::<Notice>::verify(&text, &by)),
            Proof::TYP => of(Signed::<Proof>::verify(&text, &by)),
            other => panic!("nobody reads {other}"),
        }
    }

    fn uv_proof(&self) -> Answer {
        let says = Key {
            aud: Origin::parse(&self.text("aud")).unwrap_or_else(|_| panic!("aud")),
            ctx: self.digest("ctx"),
            dev: Thumbprint(self.digest("dev")),
        };
        let uv = self.key(&self.text("uv"));
        of(Signed::<Key>::verify_uv(
            &self.text("statement"),
            &uv,
            &says,
        ))
    }

    fn agreed(&self, server_statement: &str) -> Option<Agreement> {
        let mine = AgreementSecret::from_bytes(&self.secret("mine"));
        let theirs = AgreementKey::from_bytes(*self.digest("theirs").as_bytes());
        Agreement::new(&mine, &theirs, &self.digest(server_statement)).ok()
    }

    fn agreement(&self) -> Answer {
        let purpose = match self.text("purpose").as_str() {
            "pin" => Purpose::Pin,
            "push" => Purpose::Push,
            "off" => Purpose::Off,
            _ => Purpose::Conf,
        };
        let Some(agreement) = self.agreed("server_statement") else {
            return no("refused");
        };
        let key = agreement.derive(purpose, &self.digest("phone_statement"));
        compared(hex(&key[..]) == self.text("key"))
    }

    fn recovery_codes(&self) -> Answer {
        let Some(agreement) = self.agreed("server_statement") else {
            return no("refused");
        };
        let codes = RecoveryCode::derive_all(&agreement, &self.digest("phone_statement"));
        let codes: Vec<String> = codes
            .iter()
            .map(|code| code.shown().replace('-', ""))
            .collect();
        compared(self.vector["codes"] == json!(codes))
    }

    fn pin(&self, name: &str) -> Result<PinEntry, NoDigit> {
        let mut entry = PinEntry::new();
        for digit in self.text(name).chars() {
            let digit = digit.to_digit(10).ok_or(NoDigit::NotADigit)?;
            entry.push(digit as u8)?;
        }
        Ok(entry)
    }

    /// With less cost than is allowed, so that everybody can run it: the steps by themselves.
    fn pin_blob(&self) -> Answer {
        let cost = |name: &str| self.vector[name].as_u64().unwrap_or_default() as u32;
        let salt = unhex(&self.text("salt")).try_into().unwrap_or_default();
        let context = [&b"cs1 pin\0"[..], &unhex(&self.text("j"))].concat();
        let cost = Cost::too_little_for_anything_but_tests(cost("m_KiB"), cost("t"));
        let (pin, pepper) = (self.text("pin"), self.secret("pepper"));
        let Ok(mask) = stretch(pin.as_bytes(), &salt, &pepper, &context, cost) else {
            return no("refused");
        };
        let k_pin = self.secret("k_pin");
        let blob: Vec<u8> = k_pin.iter().zip(mask.iter()).map(|(a, b)| a ^ b).collect();
        let same = hex(&mask[..]) == self.text("argon2id") && hex(&blob) == self.text("blob");
        compared(same)
    }

    fn pin_proof(&self) -> Answer {
        let Ok(response) = Signed::<Response>::verify(&self.text("response"), &self.by()) else {
            return no("refused");
        };
        let mine = AgreementSecret::from_bytes(&self.secret("mine"));
        let theirs = response.dh.unwrap_or(mine.public());
        let Ok(agreement) = Agreement::new(&mine, &theirs, &self.digest("challenge")) else {
            return no("refused");
        };
        let proof = pin::prove(&agreement, &self.secret("k_pin"), &response);
        let checks = pin::check_proof(&agreement, &self.secret("k_pin"), &response).is_ok();
        assert_eq!(checks, proof.ok() == response.pin);
        compared(checks && response.pin == Some(self.digest("proof")))
    }

    fn push_text(&self) -> Answer {
        let Ok(payload) = Payload::read(self.text("payload").as_bytes()) else {
            return no("payload");
        };
        let now = self.vector["now"].as_u64().unwrap_or_default();
        match push::open_text(&self.secret("key"), &payload, now) {
            Ok(text) => ok(vec![
                ("text", json!(text.text)),
                ("c", json!(text.c)),
                ("exp", json!(text.exp)),
            ]),
            Err(error) => no(error.code()),
        }
    }

    fn invitation(&self) -> Answer {
        match Invitation::parse(&self.text("link")) {
            Ok(invitation) => {
                let again = invitation.to_link().unwrap_or_default();
                assert_eq!(again, self.text("link"));
                ok(vec![
                    ("origin", json!(invitation.origin)),
                    ("root", json!(invitation.root)),
                    ("token", json!(invitation.token)),
                    ("expires", json!(invitation.expires)),
                    ("brand", json!(invitation.brand)),
                ])
            }
            Err(error) => no(error.code()),
        }
    }

    fn challenge_link(&self) -> Answer {
        match ChallengeLink::parse(&self.text("link"), self.vector["scheme"].as_str()) {
            Ok(link) => ok(vec![
                ("origin", json!(link.origin)),
                ("txn", json!(link.txn)),
            ]),
            Err(error) => no(error.code()),
        }
    }

    fn typed_code(&self) -> Answer {
        let code = match TypedCode::parse(&self.text("typed")) {
            Ok(code) => code,
            Err(error) => return no(error.code()),
        };
        if !code.names(&Thumbprint(self.digest("root"))) {
            return no("another_root");
        }
        ok(vec![
            ("code", json!(code.as_str())),
            ("token", json!(code.token())),
        ])
    }

    fn trusted(&self) -> Trusted {
        let given = |name: &str| self.vector[name].is_string().then(|| self.digest(name));
        Trusted {
            root: Thumbprint(self.digest("root")),
            dev: given("dev").map(Thumbprint),
            deposited: given("deposited"),
        }
    }

    fn history(&self) -> Answer {
        let lines = |name: &str| {
            let lines = self.vector[name].as_array().into_iter().flatten();
            lines.map(line).collect::<Vec<String>>()
        };
        let read = |lines: &[String], is_servers: bool| {
            let first = lines.first().map(String::as_bytes).unwrap_or_default();
            let begun = match is_servers {
                true => Check::of_server(self.trusted(), first),
                false => Check::new(self.trusted(), first),
            };
            begun.map(|mut check| {
                lines[1..]
                    .iter()
                    .for_each(|line| check.line(line.as_bytes()));
                check
            })
        };
        let check = match read(&lines("lines"), false) {
            Ok(check) => check,
            Err(error) => return no(error.code()),
        };
        let other = self.vector["with"].is_array();
        let other = other.then(|| read(&lines("with"), true).ok()).flatten();
        let (report, _) = check.finish(other);
        said(&report)
    }

    fn receipt(&self) -> Answer {
        let receipt = Receipt::parse(self.text("receipt").as_bytes());
        let root = Thumbprint(self.digest("root"));
        match receipt.and_then(|receipt| receipt.check(&root)) {
            Ok(checked) => ok(vec![("approval", json!(checked.is_approval()))]),
            Err(flaw) => no(flaw.code()),
        }
    }
}

fn of<T: Statement>(verified: Result<Signed<T>, countersign_protocol::Refusal>) -> Answer {
    match verified {
        Ok(statement) => ok(vec![("H", json!(statement.hash()))]),
        Err(refusal) => no(refusal.code()),
    }
}

/// A line as it is written there: a number is one of the history of `protocol.json`.
fn line(written: &Value) -> String {
    match written.as_u64() {
        Some(number) => Published::load()
            .text(&format!("/history/{}", number - 1))
            .to_owned(),
        None => written.as_str().unwrap_or_default().to_owned(),
    }
}

fn said(report: &Report) -> Answer {
    let span = |span: Option<Span>| json!(span.map(|span| [span.from, span.to]));
    let found = report.findings.iter();
    let found: Vec<Value> = found
        .map(|found| json!([found.finding.code(), found.line, found.ctr]))
        .collect();
    let answer = if found.is_empty() { "ok" } else { "found" };
    let values = vec![
        ("findings", json!(found)),
        ("vouched", span(report.vouched)),
        ("by_phone", span(report.by_phone)),
    ];
    (answer.to_owned(), values)
}
