//! The hostile siblings that every statement has, whatever it says.

use super::book::Topic;
use super::published::{expand, forge, header, payload, signed};
use countersign_protocol::crypto::{PublicKey, SigningKey, raw_to_der};
use countersign_protocol::encoding::{decode, encode};
use serde_json::{Value, json};

/// A statement, and how it is verified.
pub(super) struct Good<'a> {
    /// Where its vectors stand.
    pub(super) name: &'a str,
    pub(super) op: &'a str,
    pub(super) typ: &'a str,
    pub(super) statement: &'a str,
    /// H of it.
    pub(super) hash: &'a str,
    pub(super) signer: SigningKey,
    /// A key that may sign nothing here.
    pub(super) stranger: SigningKey,
    /// The other members of its vectors.
    pub(super) beside: Value,
}

impl Good<'_> {
    fn vector(&self, statement: &str) -> Value {
        let mut vector = self.beside.clone();
        vector["typ"] = json!(self.typ);
        vector["statement"] = json!(statement);
        vector
    }

    fn add(&self, topic: &mut Topic, id: &str, expect: &str, statement: &str) {
        let id = format!("{}/{id}", self.name);
        topic.add(&id, self.op, expect, self.vector(statement));
    }

    fn add_good(&self, topic: &mut Topic, id: &str, statement: &str) {
        let id = format!("{}/{id}", self.name);
        let mut vector = self.vector(statement);
        vector["H"] = json!(self.hash);
        topic.add(&id, self.op, "ok", vector);
    }

    /// The same with `from` replaced by `to`, rightly signed.
    pub(super) fn with(&self, topic: &mut Topic, id: &str, from: &str, to: &str, expect: &str) {
        let says = payload(self.statement);
        assert!(says.contains(from), "{}: {from}", self.name);
        let says = expand(&says.replacen(from, to, 1));
        let bent = signed(self.typ, &says, &self.signer);
        self.add(topic, id, expect, &bent);
    }

    /// The good one, and what is wrong with a statement of any kind.
    pub(super) fn add_all(&self, topic: &mut Topic) {
        self.add_good(topic, "good", self.statement);
        self.add_broken(topic);
        self.add_headers(topic);
        self.add_contents(topic);
        if let PublicKey::P256(..) = self.signer.public() {
            self.add_signatures_of_p256(topic);
        }
    }

    fn parts(&self) -> [&str; 3] {
        let mut parts = self.statement.split('.');
        [(); 3].map(|()| parts.next().unwrap_or_default())
    }

    /// Bytes that were changed, added or taken.
    fn add_broken(&self, topic: &mut Topic) {
        let [head, says, signature] = self.parts();
        let mut bytes = decode(signature).unwrap_or_default();
        bytes[0] ^= 1;
        let flipped = format!("{head}.{says}.{}", encode(&bytes));
        self.add(topic, "bit-in-signature", "signature", &flipped);
        let elsewhere = payload(self.statement).replacen("id.example.com", "id.example.org", 1);
        assert_ne!(elsewhere, payload(self.statement), "{}", self.name);
        let changed = format!("{head}.{}.{signature}", encode(elsewhere.as_bytes()));
        self.add(topic, "changed-payload", "signature", &changed);
        let cut = &self.statement[..self.statement.len() - 1];
        self.add(topic, "truncated", "signature", cut);
        // Of the last character four bits mean nothing: they have to be zero.
        let last = self.statement.len() - 1;
        let unused = match &self.statement[last..] {
            "A" => "B",
            "Q" => "R",
            "g" => "h",
            _ => "x",
        };
        let unused = format!("{cut}{unused}");
        self.add(topic, "unused-bits", "signature", &unused);
        self.add(
            topic,
            "no-signature",
            "not_compact",
            &format!("{head}.{says}"),
        );
        self.add(
            topic,
            "empty-signature",
            "signature",
            &format!("{head}.{says}."),
        );
        self.add(
            topic,
            "four-parts",
            "not_compact",
            &format!("{}.AAAA", self.statement),
        );
        self.add(
            topic,
            "padding",
            "not_compact",
            &format!("{head}.{says}=.{signature}"),
        );
        let standard = format!("{head}.{says}+.{signature}");
        self.add(topic, "other-alphabet", "not_compact", &standard);
        let long = format!("{head}.{{A*16384}}.{signature}");
        self.add(topic, "too-large", "too_large", &long);
        self.add(topic, "nothing", "not_compact", "");
    }

    fn add_headers(&self, topic: &mut Topic) {
        let says = payload(self.statement);
        let alg = self.signer.public().alg();
        let good = header(self.typ, alg, &self.signer);
        let open = good.trim_end_matches('}');
        let forged = |header: &str| forge(header, &says, &self.signer);
        let more = forged(&format!(r#"{open},"crit":["exp"]}}"#));
        self.add(topic, "header-more", "header", &more);
        let jwk = forged(&format!(r#"{open},"jwk":{{}}}}"#));
        self.add(topic, "header-jwk", "header", &jwk);
        let twice = forged(&format!(r#"{open},"alg":"{alg}"}}"#));
        self.add(topic, "header-twice", "header", &twice);
        let kid = self.signer.public().thumbprint();
        let none = forged(&format!(r#"{{"alg":"{alg}","kid":"{kid}"}}"#));
        self.add(topic, "header-without-typ", "header", &none);
        let list = forged(&format!(r#"["{alg}","{kid}","{}"]"#, self.typ));
        self.add(topic, "header-list", "header", &list);
        for (id, typ) in [
            ("typ-of-another", "cs1-brand+jwt"),
            (
                "typ-of-a-later-version",
                &*self.typ.replacen("cs1", "cs2", 1),
            ),
            ("typ-of-anybody", "JWT"),
        ] {
            let forged = forged(&header(typ, alg, &self.signer));
            self.add(topic, id, "wrong_type", &forged);
        }
        let other = if alg == "ES256" { "Ed25519" } else { "ES256" };
        for (id, alg) in [
            ("alg-none", "none"),
            ("alg-of-another-key", other),
            ("alg-eddsa", "EdDSA"),
            ("alg-hmac", "HS256"),
        ] {
            let forged = forged(&header(self.typ, alg, &self.signer));
            self.add(topic, id, "algorithm", &forged);
        }
        let by_stranger = signed(self.typ, &says, &self.stranger);
        self.add(topic, "stranger", "unknown_key", &by_stranger);
        // It says the right key and is signed by another one.
        let pretends = forge(&good, &says, &self.stranger);
        self.add(topic, "pretender", "signature", &pretends);
    }

    /// Rightly signed, and no JSON of this protocol.
    fn add_contents(&self, topic: &mut Topic) {
        let says = payload(self.statement);
        let first = says.trim_start_matches('{');
        let first = &first[..first.find(',').unwrap_or_default()];
        let name = first.split('"').nth(1).unwrap_or_default();
        let escaped = format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]);
        let escaped = first.replacen(name, &escaped, 1);
        let open = says.trim_end_matches('}').len();
        let close = says[open..].len();
        let body = &says[..says.len() - 1];
        assert!(close > 0);
        for (id, bent) in [
            (
                "member-twice",
                says.replacen('{', &format!("{{{first},"), 1),
            ),
            (
                "member-twice-escaped",
                says.replacen('{', &format!("{{{escaped},"), 1),
            ),
            ("member-more", format!("{body},\"more\":1}}")),
            ("member-null", format!("{body},\"more\":null}}")),
            ("member-missing", says.replacen(&format!("{first},"), "", 1)),
            ("something-behind", format!("{says}{{}}")),
            ("byte-order-mark", format!("\u{feff}{says}")),
            ("too-deep", format!("{body},\"more\":[[[[[[[]]]]]]]}}")),
            ("not-closed", body.to_owned()),
            ("list-of-its-values", values_of(&says)),
        ] {
            let bent = signed(self.typ, &bent, &self.signer);
            self.add(topic, id, "malformed", &bent);
        }
    }

    fn add_signatures_of_p256(&self, topic: &mut Topic) {
        let [head, says, signature] = self.parts();
        let bytes = decode(signature).unwrap_or_default();
        let mut raw = [0; 64];
        raw.copy_from_slice(&bytes);
        let der = format!("{head}.{says}.{}", encode(&raw_to_der(&raw)));
        self.add(topic, "signature-in-der", "signature", &der);
        // The other signature that everybody can make of one: H is the same, so it is the same statement.
        let (r, s) = raw.split_at(32);
        let other = [r, &negative(s)].concat();
        let other = format!("{head}.{says}.{}", encode(&other));
        self.add_good(topic, "malleable", &other);
        let zero = format!("{head}.{says}.{}", encode(&[0; 64]));
        self.add(topic, "signature-of-zeros", "signature", &zero);
    }
}

/// The values of an object, in their order, as a list: what a lax reader takes for the object.
fn values_of(object: &str) -> String {
    let (mut list, mut depth, mut quoted) = (String::new(), 0, false);
    let mut name_begins = None;
    let mut before = '{';
    for letter in object.chars() {
        let is_quote = letter == '"' && before != '\\';
        let is_name = depth == 1 && is_quote && !quoted && matches!(before, '{' | ',');
        if is_name {
            name_begins = Some(list.len());
        }
        if is_quote {
            quoted = !quoted;
        }
        match letter {
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            _ => {}
        }
        match (letter, name_begins) {
            (':', Some(at)) if !quoted && depth == 1 => {
                list.truncate(at);
                name_begins = None;
            }
            _ => list.push(letter),
        }
        before = letter;
    }
    let inner = list.trim_start_matches('{');
    format!("[{}]", &inner[..inner.len() - 1])
}

/// n − s, n being the order of P-256.
fn negative(s: &[u8]) -> Vec<u8> {
    let order =
        super::published::unhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let mut result = vec![0; 32];
    let mut borrow = 0;
    for at in (0..32).rev() {
        let digit = i32::from(order[at]) - i32::from(s[at]) - borrow;
        borrow = i32::from(digit < 0);
        result[at] = digit.rem_euclid(256) as u8;
    }
    result
}
