//! What is done with a vector, by its `op`.

use crate::Unreadable;
use crate::case::{Case, Read, bad};
use crate::hex::hex;
use countersign_protocol::agreement::{Agreement, Purpose, check_confirmation, confirmation};
use countersign_protocol::crypto::{AgreementKey, AgreementSecret, Cost, stretch};
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
use countersign_protocol::{Digest, Origin, Refusal, Signed, Thumbprint, offline, sas};
use serde_json::{Map, Value, json};

/// What a vector's answer is, and what comes out beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `ok`, or the stable name of what is wrong.
    pub answer: String,
    /// What comes out, by the names that README.md gives: also what was derived, for the reader to compare.
    pub values: Map<String, Value>,
}

/// What the protocol crate answers to a vector: its `op` and the inputs, without what it expects.
///
/// # Errors
/// [`Unreadable`]
pub fn answer(keys: &Value, vector: &Value) -> Result<Answer, Unreadable> {
    Case { keys, vector }.answer()
}

fn with<const N: usize>(answer: &str, values: [(&str, Value); N]) -> Read {
    let values = values.map(|(name, value)| (name.to_owned(), value));
    Ok(Answer {
        answer: answer.to_owned(),
        values: values.into_iter().collect(),
    })
}

fn ok<const N: usize>(values: [(&str, Value); N]) -> Read {
    with("ok", values)
}

fn no(code: &str) -> Read {
    with(code, [])
}

/// What the protocol's own check of a proof says.
fn checked(fits: bool) -> &'static str {
    if fits { "ok" } else { "differs" }
}

fn verified<T: Statement>(verified: Result<Signed<T>, Refusal>) -> Read {
    match verified {
        Ok(statement) => ok([("H", json!(statement.hash()))]),
        Err(refusal) => no(refusal.code()),
    }
}

impl Case<'_> {
    fn answer(&self) -> Read {
        match self.text("op")? {
            "statement" => self.statement(),
            "keys" => {
                let root = Thumbprint(self.digest("root")?);
                verified(Signed::<Keys>::verify_root(self.text("statement")?, &root))
            }
            "registration" => {
                let statement = self.text("statement")?;
                verified(Signed::<Registration>::verify_dev(statement))
            }
            "uv_proof" => self.uv_proof(),
            "thumbprint" => {
                let thumbprint = self.key(self.text("key")?)?.thumbprint();
                ok([("thumbprint", json!(thumbprint))])
            }
            "set" => {
                let phones = serde_json::from_value(self.vector["phones"].clone());
                let phones: Vec<Thumbprint> = phones.map_err(|_| bad("phones"))?;
                ok([("set", json!(set_of(&phones)))])
            }
            "view" => {
                let challenge = self.text("challenge")?;
                let Ok(challenge) = Signed::<Challenge>::verify(challenge, &self.by()?) else {
                    return no("refused");
                };
                let view = View::of(&challenge);
                let lines = json!(view.lines());
                ok([("lines", lines), ("view", json!(view.digest()))])
            }
            "agreement" => self.agreement(),
            "confirmation" => {
                let (key, registration) = (self.secret("key")?, self.digest("registration")?);
                let fits = check_confirmation(&key, &registration, &self.digest("kc")?).is_ok();
                let kc = confirmation(&key, &registration);
                with(checked(fits), [("kc", json!(kc))])
            }
            "commitment" => {
                let sas = sas::commitment(&self.id("eid")?, &self.digest("ns")?);
                ok([("sas", json!(sas))])
            }
            "digits" => {
                let (offer, registration) = (self.digest("offer")?, self.digest("registration")?);
                let (ns, np) = (self.digest("ns")?, self.digest("np")?);
                let digits = sas::digits(&offer, &registration, &ns, &np);
                ok([("digits", json!(digits))])
            }
            "pin" => match self.pin()? {
                Ok(entry) if entry.pin(0).is_ok() => ok([]),
                Ok(_) => no("too_short"),
                Err(NoDigit::TooLong) => no("too_long"),
                Err(NoDigit::NotADigit) => no("not_a_digit"),
            },
            "pin_blob" => self.pin_blob(),
            "pin_proof" => self.pin_proof(),
            "recovery_codes" => self.recovery_codes(),
            "recovery_use" => {
                let Ok(code) = RecoveryCode::parse(self.text("code")?) else {
                    return no("shape");
                };
                let (offer, dev) = (self.digest("offer")?, Thumbprint(self.digest("dev")?));
                let fits = code.check_proof(&offer, &dev, &self.digest("rec")?).is_ok();
                let rec = code.proof(&offer, &dev);
                with(checked(fits), [("rec", json!(rec))])
            }
            "offline_code" => {
                let code = offline::code(&self.secret("key")?, &self.digest("challenge")?);
                ok([("code", json!(code))])
            }
            "push_text" => self.push_text(),
            "invitation" => self.invitation(),
            "challenge_link" => self.challenge_link(),
            "number" => match ScannedNumber::parse(self.text("text")?) {
                Some(number) => {
                    let digits = json!(number.digits);
                    ok([("txn", json!(number.txn)), ("digits", digits)])
                }
                None => no("malformed"),
            },
            "typed_code" => self.typed_code(),
            "text" => match Text::<64>::parse(self.text("text")?) {
                Ok(text) => {
                    let again = Name::clean(text.as_str()).map(|clean| clean == text);
                    no(if again == Ok(true) { "ok" } else { "changed" })
                }
                Err(error) => no(error.code()),
            },
            "origin" => no(Origin::parse(self.text("origin")?).map_or("refused", |_| "ok")),
            "b64u" => match decode(self.text("text")?) {
                Some(bytes) => ok([("hex", json!(hex(&bytes)))]),
                None => no("refused"),
            },
            "history" => self.history(),
            "receipt" => self.receipt(),
            other => Err(Unreadable::Op { op: other.into() }),
        }
    }

    fn statement(&self) -> Read {
        let (text, by) = (self.text("statement")?, self.by()?);
        match self.text("typ")? {
            Offer::TYP => verified(Signed::<Offer>::verify(text, &by)),
            State::TYP => verified(Signed::<State>::verify(text, &by)),
            Challenge::TYP => verified(Signed::<Challenge>::verify(text, &by)),
            Response::TYP => verified(Signed::<Response>::verify(text, &by)),
            Verdict::TYP => verified(Signed::<Verdict>::verify(text, &by)),
            Cancel::TYP => verified(Signed::<Cancel>::verify(text, &by)),
            Notice::TYP => verified(Signed::<Notice>::verify(text, &by)),
            Proof::TYP => verified(Signed::<Proof>::verify(text, &by)),
            _ => Err(bad("typ")),
        }
    }

    fn uv_proof(&self) -> Read {
        let says = Key {
            aud: Origin::parse(self.text("aud")?).map_err(|_| bad("aud"))?,
            ctx: self.digest("ctx")?,
            dev: Thumbprint(self.digest("dev")?),
        };
        let uv = self.key(self.text("uv")?)?;
        let statement = self.text("statement")?;
        verified(Signed::<Key>::verify_uv(statement, &uv, &says))
    }

    /// What two sides agree on, the server having said this; nothing where the other's half makes no agreement.
    fn agreed(&self, theirs: &Digest, server_statement: &Digest) -> Read<Option<Agreement>> {
        let mine = AgreementSecret::from_bytes(&*self.secret("mine")?);
        let theirs = AgreementKey::from_bytes(*theirs.as_bytes());
        Ok(Agreement::new(&mine, &theirs, server_statement).ok())
    }

    fn agreement(&self) -> Read {
        let purpose = match self.text("purpose")? {
            "pin" => Purpose::Pin,
            "push" => Purpose::Push,
            "off" => Purpose::Off,
            "conf" => Purpose::Conf,
            _ => return Err(bad("purpose")),
        };
        let server_statement = self.digest("server_statement")?;
        let Some(agreement) = self.agreed(&self.digest("theirs")?, &server_statement)? else {
            return no("refused");
        };
        let key = agreement.derive(purpose, &self.digest("phone_statement")?);
        ok([("key", json!(hex(&key[..])))])
    }

    fn recovery_codes(&self) -> Read {
        let server_statement = self.digest("server_statement")?;
        let Some(agreement) = self.agreed(&self.digest("theirs")?, &server_statement)? else {
            return no("refused");
        };
        let codes = RecoveryCode::derive_all(&agreement, &self.digest("phone_statement")?);
        let codes = codes.iter().map(|code| code.shown().replace('-', ""));
        ok([("codes", json!(codes.collect::<Vec<String>>()))])
    }

    fn pin(&self) -> Read<Result<PinEntry, NoDigit>> {
        let mut entry = PinEntry::new();
        for digit in self.text("pin")?.chars() {
            let digit = digit.to_digit(10).and_then(|digit| digit.try_into().ok());
            let pushed = digit.ok_or(NoDigit::NotADigit);
            if let Err(fault) = pushed.and_then(|digit| entry.push(digit)) {
                return Ok(Err(fault));
            }
        }
        Ok(Ok(entry))
    }

    /// With less cost than is allowed, so that everybody can run it: the steps by themselves.
    fn pin_blob(&self) -> Read {
        let cost = |name: &str| u32::try_from(self.number(name)?).map_err(|_| bad(name));
        let salt = self.bytes("salt")?.try_into().map_err(|_| bad("salt"))?;
        let context = [&b"cs1 pin\0"[..], &self.bytes("j")?].concat();
        let cost = Cost::too_little_for_anything_but_tests(cost("m_KiB")?, cost("t")?);
        let (pin, pepper) = (self.text("pin")?, self.secret("pepper")?);
        let Ok(mask) = stretch(pin.as_bytes(), &salt, &pepper, &context, cost) else {
            return no("refused");
        };
        let k_pin = self.secret("k_pin")?;
        let blob: Vec<u8> = k_pin.iter().zip(mask.iter()).map(|(a, b)| a ^ b).collect();
        let argon2id = json!(hex(&mask[..]));
        ok([("argon2id", argon2id), ("blob", json!(hex(&blob)))])
    }

    fn pin_proof(&self) -> Read {
        let Ok(response) = Signed::<Response>::verify(self.text("response")?, &self.by()?) else {
            return no("refused");
        };
        let challenge = self.digest("challenge")?;
        let mine = AgreementSecret::from_bytes(&*self.secret("mine")?);
        let theirs = response.dh.unwrap_or(mine.public());
        let Ok(agreement) = Agreement::new(&mine, &theirs, &challenge) else {
            return no("refused");
        };
        let k_pin = self.secret("k_pin")?;
        let proof = pin::prove(&agreement, &k_pin, &response).ok();
        let fits = pin::check_proof(&agreement, &k_pin, &response).is_ok();
        // What makes a proof and what checks one are of one mind.
        if fits != (proof == response.pin) {
            return no("undecided");
        }
        with(checked(fits), [("proof", json!(proof))])
    }

    fn push_text(&self) -> Read {
        let Ok(payload) = Payload::read(self.text("payload")?.as_bytes()) else {
            return no("payload");
        };
        match push::open_text(&self.secret("key")?, &payload, self.number("now")?) {
            Ok(text) => {
                let (exp, c) = (json!(text.exp), json!(text.c));
                ok([("text", json!(text.text)), ("exp", exp), ("c", c)])
            }
            Err(error) => no(error.code()),
        }
    }

    fn invitation(&self) -> Read {
        let link = self.text("link")?;
        match Invitation::parse(link) {
            // There is one way to write each.
            Ok(invitation) if !invitation.to_link().is_ok_and(|again| again == link) => {
                no("changed")
            }
            Ok(invitation) => ok([
                ("origin", json!(invitation.origin)),
                ("root", json!(invitation.root)),
                ("token", json!(invitation.token)),
                ("expires", json!(invitation.expires)),
                ("brand", json!(invitation.brand)),
            ]),
            Err(error) => no(error.code()),
        }
    }

    fn challenge_link(&self) -> Read {
        match ChallengeLink::parse(self.text("link")?, self.given("scheme")?) {
            Ok(link) => ok([("origin", json!(link.origin)), ("txn", json!(link.txn))]),
            Err(error) => no(error.code()),
        }
    }

    fn typed_code(&self) -> Read {
        let root = Thumbprint(self.digest("root")?);
        let code = match TypedCode::parse(self.text("typed")?) {
            Ok(code) => code,
            Err(error) => return no(error.code()),
        };
        let fits = code.names(&root);
        let answer = if fits { "ok" } else { "another_root" };
        let token = json!(code.token());
        with(answer, [("code", json!(code.as_str())), ("token", token)])
    }

    fn trusted(&self) -> Read<Trusted> {
        let given = |name: &str| self.given(name)?.map(|_| self.digest(name)).transpose();
        Ok(Trusted {
            root: Thumbprint(self.digest("root")?),
            dev: given("dev")?.map(Thumbprint),
            deposited: given("deposited")?,
        })
    }

    fn history(&self) -> Read {
        let lines = self.texts("lines")?;
        let (first, others) = lines.split_first().ok_or_else(|| bad("lines"))?;
        let mut check = match Check::new(self.trusted()?, first.as_bytes()) {
            Ok(check) => check,
            Err(error) => return no(error.code()),
        };
        others.iter().for_each(|line| check.line(line.as_bytes()));
        let other = match self.vector.get("with") {
            Some(_) => self.history_of_server()?,
            None => None,
        };
        let (report, _) = check.finish(other);
        said(&report)
    }

    /// The server's file of the same, if it is one.
    fn history_of_server(&self) -> Read<Option<Check>> {
        let lines = self.texts("with")?;
        let (first, others) = lines.split_first().ok_or_else(|| bad("with"))?;
        let Ok(mut check) = Check::of_server(self.trusted()?, first.as_bytes()) else {
            return Ok(None);
        };
        others.iter().for_each(|line| check.line(line.as_bytes()));
        Ok(Some(check))
    }

    fn receipt(&self) -> Read {
        let receipt = Receipt::parse(self.text("receipt")?.as_bytes());
        let root = Thumbprint(self.digest("root")?);
        match receipt.and_then(|receipt| receipt.check(&root)) {
            Ok(checked) => ok([("approval", json!(checked.is_approval()))]),
            Err(flaw) => no(flaw.code()),
        }
    }
}

fn said(report: &Report) -> Read {
    let span = |span: Option<Span>| json!(span.map(|span| [span.from, span.to]));
    let found = report.findings.iter();
    let found: Vec<Value> = found
        .map(|found| json!([found.finding.code(), found.line, found.ctr]))
        .collect();
    let answer = if found.is_empty() { "ok" } else { "found" };
    let (vouched, by_phone) = (span(report.vouched), span(report.by_phone));
    with(
        answer,
        [
            ("findings", json!(found)),
            ("vouched", vouched),
            ("by_phone", by_phone),
        ],
    )
}
