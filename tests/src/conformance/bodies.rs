//! Keys, and bodies that are no calls (protocol sections 1, 4 and 10).

use super::kit::{BAD_REQUEST, Kit, NOT_FOUND, TOO_LARGE};
use super::phone::ask_offer;
use crate::harness::Result;
use countersign_protocol::call::{BODY_CAP, KeysAnswer, parse};
use countersign_protocol::invitation::Invitation;
use countersign_protocol::statement::Keys;
use countersign_protocol::{Id, Signed};
use std::result::Result as Judged;

const OFFERS: &str = "/cs/v1/offers";

pub(super) fn keys(kit: &mut Kit, link: &Invitation) -> Result<()> {
    let newest = |body: &str| -> Judged<Signed<Keys>, String> {
        let answer: KeysAnswer = parse(body.as_bytes()).map_err(|error| error.to_string())?;
        let [one] = &answer.keys[..] else {
            return Err(format!("{} statements", answer.keys.len()));
        };
        let keys =
            Signed::<Keys>::verify_root(one, &link.root).map_err(|error| error.to_string())?;
        if keys.iss == link.origin {
            Ok(keys)
        } else {
            Err("iss is not the invitation's".into())
        }
    };
    let came = kit.get("/cs/v1/keys")?;
    let first = newest(&came.body);
    let said = first.as_ref().map(|keys| format!("n {}", keys.n));
    kit.judged("keys.newest", said.map_err(Clone::clone));
    if let Ok(keys) = first {
        let came = kit.get(&format!("/cs/v1/keys?after={}", keys.n))?;
        let again = newest(&came.body).map(|again| format!("n {}", again.n));
        kit.judged("keys.after", again);
    }
    Ok(())
}

pub(super) fn bodies(kit: &mut Kit) -> Result<()> {
    const TOKEN: &str = "\"token\":\"AAAAAAAAAAAAAAAAAAAAAA\"";
    let deep = format!("{{\"token\":{}{}}}", "[".repeat(6), "]".repeat(6));
    for (id, body) in [
        ("json.empty", String::new()),
        ("json.no_object", "[\"AAAAAAAAAAAAAAAAAAAAAA\"]".to_owned()),
        ("json.extra", format!("{{{TOKEN},\"more\":1}}")),
        ("json.duplicate", format!("{{{TOKEN},{TOKEN}}}")),
        (
            "json.escaped",
            format!("{{{TOKEN},\"t\\u006fken\":\"AAAAAAAAAAAAAAAAAAAAAA\"}}"),
        ),
        ("json.null", "{\"token\":null}".to_owned()),
        ("json.float", "{\"token\":1.0}".to_owned()),
        ("json.depth", deep),
        ("json.bom", format!("\u{feff}{{{TOKEN}}}")),
        ("json.trailing", format!("{{{TOKEN}}} x")),
    ] {
        let came = kit.post(OFFERS, &body)?;
        kit.refused(id, &came, BAD_REQUEST);
    }
    let json = [("content-type", "application/json")];
    let latin = b"{\"token\":\"\xe9\"}";
    let came = kit.call("POST", OFFERS, &json, Some(latin))?;
    kit.refused("json.utf8", &came, BAD_REQUEST);
    let text = [("content-type", "text/plain")];
    let body = format!("{{{TOKEN}}}");
    let came = kit.call("POST", OFFERS, &text, Some(body.as_bytes()))?;
    kit.refused("http.media", &came, &[(415, "unsupported_media")]);
    // A server may close the connection instead of reading on.
    let large = format!("{{\"token\":\"{}\"}}", "A".repeat(BODY_CAP));
    match kit.post(OFFERS, &large) {
        Ok(came) => kit.refused("http.body_cap", &came, TOO_LARGE),
        Err(_) => kit.judge("http.body_cap", true, "the connection was closed"),
    }
    if let Ok(nobody) = Id::make() {
        let came = ask_offer(kit, &nobody.to_string())?;
        kit.refused("offer.unknown", &came, NOT_FOUND);
    }
    Ok(())
}
