//! Challenges: a good one, and everything that is almost one (protocol sections 2 and 6).

use super::forge::{flip, forge, header, make, members};
use super::kit::{Kit, PIN, Step};
use super::line::LIST;
use serde_json::{Value, json};

/// What is wrong with a challenge, though S signed it.
type Bend = fn(&mut Value);

fn sooner(challenge: &mut Value, seconds: u64) {
    for name in ["iat", "exp"] {
        let time = challenge[name].as_u64().unwrap_or_default();
        challenge[name] = json!(time.saturating_sub(seconds));
    }
}

/// By member; the check is `challenge.` and the name.
const BENT: [(&str, Bend); 22] = [
    ("extra", |c| c["more"] = json!(1)),
    ("null", |c| c["replaces"] = Value::Null),
    ("iss", |c| c["iss"] = json!("https://evil.example")),
    ("aud", |c| c["aud"] = json!("AAAAAAAAAAAAAAAAAAAAAA")),
    ("account", |c| c["account"] = json!("ben@example.com")),
    ("over", |c| sooner(c, 7200)),
    ("early", |c| {
        for name in ["iat", "exp"] {
            c[name] = json!(c[name].as_u64().unwrap_or_default() + 3600);
        }
    }),
    ("backwards", |c| {
        c["exp"] = json!(c["iat"].as_u64().unwrap_or_default() - 1)
    }),
    ("life", |c| {
        c["exp"] = json!(c["iat"].as_u64().unwrap_or_default() + 601)
    }),
    ("policy", |c| {
        c["policy"] = json!(c["policy"].as_u64().unwrap_or_default() + 1)
    }),
    ("weaker", |c| c["factors"] = json!([["dev"]])),
    ("factors", |c| c["factors"] = json!([["pin"]])),
    ("number", |c| c["match"] = json!(0)),
    ("six", |c| c["match"] = json!(6)),
    ("kind", |c| c["kind"] = json!("dance")),
    ("mode", |c| c["mode"] = json!("app")),
    ("context", |c| {
        if let Some(members) = c.as_object_mut() {
            members.remove("context");
        }
    }),
    ("rows", |c| {
        c["rows"] = json!([{ "label": "Amount", "value": "1" }]);
        c["lang"] = json!("en");
    }),
    ("input", |c| c["input"] = json!({ "device": "Phone" })),
    ("service", |c| {
        // What a phone began, in the name of somebody else.
        c["kind"] = json!("recovery-codes");
        c["mode"] = json!("app");
        c["match"] = json!(0);
        if let Some(members) = c.as_object_mut() {
            members.remove("context");
        }
    }),
    ("text", |c| c["service"]["name"] = json!("Sh\u{202e}op")),
    ("host", |c| {
        c["service"]["host"] = json!("shop.example.com/path")
    }),
];

impl Kit {
    /// A good request, approved; what it says is the pattern for all that follows.
    pub(super) async fn first_request(&mut self) -> Step<()> {
        let since = self.lab.line.count();
        let number = self.asked("challenge.good").await?;
        self.judge("challenge.good", true, "shown");
        let lists = self.lab.line.calls(since, "GET", LIST);
        let mut all = lists.iter().filter_map(|call| {
            let list: Value = serde_json::from_str(&call.answer).ok()?;
            list["challenges"]
                .as_array()?
                .last()?
                .as_str()
                .map(str::to_owned)
        });
        let statement = all.next_back().unwrap_or_default();
        if let Value::Object(pattern) = members(&statement) {
            self.template = pattern;
        }
        let since = self.lab.line.count();
        self.approve(&number, PIN)?;
        let code = self.newest_verdict(since);
        self.judge("answer.approve", code == "ok", code);
        // Its very bytes again.
        self.not_shown("challenge.decided", statement)
    }

    pub(super) fn requests(&mut self) -> Step<()> {
        self.control()?;
        let good = self.challenge();
        let s = self.lab.s.clone();
        let header = header(&s, "cs1-challenge");
        let sign = |header: &str, payload: &str| forge(&s, header, payload).unwrap_or_default();
        let payload = good.to_string();
        let fine = sign(&header, &payload);
        let unsigned = fine.rsplit_once('.').map_or("", |(signed, _)| signed);
        let twice = format!("{{\"kind\":\"login\",{}", &payload[1..]);
        let swap = |from: &str, to: &str| header.replacen(from, to, 1);
        let long = format!("{payload}{}", " ".repeat(13 * 1024));
        for (name, text) in [
            ("signature", flip(&fine)),
            ("unsigned", format!("{unsigned}.")),
            ("none", sign(&swap("\"Ed25519\"", "\"none\""), &payload)),
            ("alg", sign(&swap("\"Ed25519\"", "\"EdDSA\""), &payload)),
            ("typ", sign(&swap("cs1-challenge", "cs1-cancel"), &payload)),
            ("header", sign(&swap("{", "{\"crit\":[\"b64\"],"), &payload)),
            ("padding", format!("{fine}=")),
            ("duplicate", sign(&header, &twice)),
            ("cap", sign(&header, &long)),
            (
                "key",
                make(&self.lab.stranger, "cs1-challenge", &good).unwrap_or_default(),
            ),
        ] {
            self.not_shown(&format!("challenge.{name}"), text)?;
        }
        for (name, bend) in BENT {
            let mut challenge = self.challenge();
            bend(&mut challenge);
            let text = self.lab.sign("cs1-challenge", &challenge);
            self.not_shown(&format!("challenge.{name}"), text)?;
        }
        Ok(())
    }

    /// One that the script made and that is right in everything is shown: what is refused is refused for what is wrong with it.
    /// A cancel takes it away, one that S did not sign doesn't.
    fn control(&mut self) -> Step<()> {
        let good = self.challenge();
        let text = self.lab.sign("cs1-challenge", &good);
        let bad = self.lab.sign("cs1-challenge", &{
            let mut other = self.challenge();
            other["aud"] = json!("AAAAAAAAAAAAAAAAAAAAAA");
            other
        });
        // In one list with one that is not.
        let shown = self.shown_with(vec![bad, text], Vec::new())?;
        self.judge("challenge.control", shown == "1", shown);
        let cancel = json!({
            "iss": good["iss"], "aud": good["aud"], "jti": self.lab.id(), "iat": self.lab.now(),
            "keys": good["keys"], "challenge": good["jti"], "reason": "withdrawn",
        });
        let forged = make(&self.lab.stranger, "cs1-cancel", &cancel).unwrap_or_default();
        let shown = self.shown_with(Vec::new(), vec![forged])?;
        self.judge("cancel.key", shown == "1", shown);
        let mut other = cancel.clone();
        other["aud"] = json!("AAAAAAAAAAAAAAAAAAAAAA");
        let other = self.lab.sign("cs1-cancel", &other);
        let shown = self.shown_with(Vec::new(), vec![other])?;
        self.judge("cancel.aud", shown == "1", shown);
        let right = self.lab.sign("cs1-cancel", &cancel);
        let shown = self.shown_with(Vec::new(), vec![right])?;
        self.judge("cancel.good", shown == "0", shown);
        // Another challenge under the same name.
        let mut again = self.challenge();
        again["jti"] = good["jti"].clone();
        let again = self.lab.sign("cs1-challenge", &again);
        self.not_shown("challenge.jti", again)
    }
}
