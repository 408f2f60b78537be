//! More time, actions, push addresses, pauses and copies (protocol sections 10 to 12 and 15).

use super::kit::{BAD_REQUEST, Kit, NOT_ACTIVE, NOT_FOUND};
use super::phone::Phone;
use crate::harness::{During, Result};
use countersign_protocol::call::{OverviewAnswer, WakeAnswer, parse};
use countersign_protocol::statement::{Decision, Mode, Standing, VerdictCode};
use countersign_protocol::{Id, view::View};

const ACTIONS: &str = "/cs/v1/actions";

pub(super) fn life(kit: &mut Kit, phone: &mut Phone) -> Result<()> {
    more_time(kit, phone)?;
    actions(kit, phone)?;
    told(kit, phone)?;
    described(kit, phone)?;
    paused(kit, phone)?;
    copied(kit, phone)
}

fn more_time(kit: &mut Kit, phone: &mut Phone) -> Result<()> {
    kit.ask()?;
    let first = phone.newest(kit)?;
    let extend = |jti: Id| format!("{{\"kind\":\"extend\",\"input\":{{\"challenge\":\"{jti}\"}}}}");
    let came = phone.call(kit, "POST", ACTIONS, &extend(first.jti))?;
    let more = phone.begun(&came);
    let good = more.as_ref().is_ok_and(|more| {
        let renewed = more.jti != first.jti && more.exp >= first.exp;
        let same = more.txn == first.txn && View::of(more).digest() == View::of(&first).digest();
        renewed && same && more.replaces == Some(first.jti)
    });
    kit.judge("extend.more", good, Kit::said(&came));
    let nobody = Id::make().during("an id")?;
    let came = phone.call(kit, "POST", ACTIONS, &extend(nobody))?;
    kit.refused("extend.unknown", &came, NOT_FOUND);
    // It is over by a denial of either.
    let response = phone.response(&first, Decision::Deny)?;
    let response = phone.sign(Some(&first), response)?;
    phone.deliver(kit, "extend.more", &response).map(drop)
}

fn actions(kit: &mut Kit, phone: &mut Phone) -> Result<()> {
    let came = phone.call(kit, "POST", ACTIONS, "{\"kind\":\"dance\"}")?;
    kit.refused("action.unknown", &came, BAD_REQUEST);
    let came = phone.call(kit, "POST", ACTIONS, "{\"kind\":\"remove-phone\"}")?;
    kit.refused("action.input", &came, BAD_REQUEST);
    let codes = "{\"kind\":\"recovery-codes\"}";
    let came = phone.call(kit, "POST", ACTIONS, codes)?;
    let first = phone.begun(&came);
    let own = first.as_ref().is_ok_and(|first| first.mode == Mode::App);
    kit.judge("action.own", own && came.status == 201, Kit::said(&came));
    let first = kit.must("action.own", first)?;
    let came = phone.call(kit, "POST", ACTIONS, codes)?;
    let second = phone.begun(&came)?;
    let came = phone.call(kit, "GET", &format!("/cs/v1/challenges/{}", first.jti), "")?;
    kit.refused("action.again", &came, &[(410, "gone"), (404, "not_found")]);
    let response = phone.response(&second, Decision::Deny)?;
    let response = phone.sign(Some(&second), response)?;
    phone.deliver(kit, "action.own", &response).map(drop)
}

fn told(kit: &mut Kit, phone: &Phone) -> Result<()> {
    let mut many = Vec::new();
    for _ in 0..21 {
        many.push(format!("\"{}\"", Id::make().during("an id")?));
    }
    for list in [String::new(), many.join(",")] {
        let body = format!("{{\"jti\":[{list}]}}");
        let came = phone.call(kit, "POST", "/cs/v1/acks", &body)?;
        kit.refused("acks.form", &came, BAD_REQUEST);
    }
    Ok(())
}

fn described(kit: &mut Kit, phone: &Phone) -> Result<()> {
    const PUSH: &str = "/cs/v1/push";
    let address = "{\"type\":\"fcm\",\"token\":\"conformance\"}";
    let set = phone.call(kit, "PUT", PUSH, address)?;
    let dropped = phone.call(kit, "DELETE", PUSH, "")?;
    let good = (set.status, dropped.status) == (204, 204);
    let said = format!("{}, {}", Kit::said(&set), Kit::said(&dropped));
    kit.judge("push.set", good, said);
    let other = "{\"type\":\"pigeon\",\"token\":\"conformance\"}";
    let came = phone.call(kit, "PUT", PUSH, other)?;
    kit.refused("push.type", &came, BAD_REQUEST);
    let body = "{\"app\":{\"brand\":\"countersign\",\"mode\":\"core\",\"version\":\"1\",\"os\":\"Conformance\"},\
                \"device\":\"Conformance kit\",\"locale\":\"en\",\"slow\":false}";
    let came = phone.call(kit, "PUT", "/cs/v1/phone", body)?;
    kit.judge("phone.describe", came.status == 204, Kit::said(&came));

    let came = phone.call(kit, "GET", "/cs/v1/overview", "")?;
    let own = phone.dev.public().thumbprint();
    let overview = parse::<OverviewAnswer>(came.body.as_bytes());
    let good = overview.is_ok_and(|overview| {
        let mut this = overview.phones.iter().filter(|row| row.this);
        this.next().is_some_and(|row| row.dev == own) && this.next().is_none()
    });
    kit.judge("overview.this", good, Kit::said(&came));

    let wake = phone
        .state(kit)?
        .wake
        .during("an active state without wake")?;
    let came = kit.get(&format!("/cs/v1/wake/{wake}"))?;
    let good = came.status == 200 && parse::<WakeAnswer>(came.body.as_bytes()).is_ok();
    kit.judge("wake.handle", good, Kit::said(&came));
    let nobody = Id::make().during("an id")?;
    let came = kit.get(&format!("/cs/v1/wake/{nobody}"))?;
    kit.refused("wake.handle", &came, NOT_FOUND);
    Ok(())
}

fn paused(kit: &mut Kit, phone: &mut Phone) -> Result<()> {
    let came = phone.call(kit, "POST", ACTIONS, "{\"kind\":\"pause\"}")?;
    let said = Kit::said(&came);
    kit.judge("pause.state", came.status == 204, said);
    let stands = phone.stands(kit, Standing::Suspended)?;
    kit.judged("pause.state", stands);
    let came = phone.call(kit, "GET", "/cs/v1/overview", "")?;
    kit.refused("pause.state", &came, NOT_ACTIVE);
    let came = phone.call(kit, "POST", ACTIONS, "{\"kind\":\"unfreeze\"}")?;
    let challenge = phone.begun(&came)?;
    let approval = phone.approval(&challenge, "", true)?;
    let response = phone.sign(Some(&challenge), approval)?;
    let verdict = phone.deliver(kit, "pause.lift", &response)?;
    let said = format!("{:?}", verdict.code).to_lowercase();
    kit.judge("pause.lift", verdict.code == VerdictCode::Ok, said);
    let stands = phone.stands(kit, Standing::Active)?;
    kit.judged("pause.lift", stands);
    Ok(())
}

/// A copy of the phone answers too.
fn copied(kit: &mut Kit, phone: &mut Phone) -> Result<()> {
    kit.ask()?;
    let challenge = phone.newest(kit)?;
    let before = phone.last;
    let mine = phone.response(&challenge, Decision::Deny)?;
    let mine = phone.sign(Some(&challenge), mine)?;
    phone.deliver(kit, "clone.verdict", &mine)?;
    phone.last = before;
    let copy = phone.response(&challenge, Decision::Deny)?;
    let copy = phone.sign(Some(&challenge), copy)?;
    let code = phone.deliver(kit, "clone.verdict", &copy)?.code;
    let said = format!("{code:?}").to_lowercase();
    kit.judge("clone.verdict", code == VerdictCode::Suspended, said);
    let stands = phone.stands(kit, Standing::Suspended)?;
    kit.judged("clone.state", stands);
    Ok(())
}
