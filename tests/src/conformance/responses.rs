//! Requests and the answers to them (protocol sections 6 and 7).

use super::bend::{flip, forge, open, sign, swap};
use super::kit::{BAD_STATEMENT, CONFLICT, Kit, NOT_FOUND, TOO_LARGE};
use super::phone::{Phone, make_key, read};
use crate::harness::{During, Result};
use countersign_protocol::call::{ChallengeAnswer, is_cursor};
use countersign_protocol::statement::{
    Challenge, Decision, Outcome, Response, Verdict, VerdictCode,
};
use countersign_protocol::{Digest, Id, Origin, Signed};

/// A request to the phone, and the number that its page shows.
fn asked(kit: &mut Kit, phone: &Phone) -> Result<(Signed<Challenge>, String)> {
    let number = kit.ask()?;
    Ok((phone.newest(kit)?, number))
}

pub(super) fn responses(kit: &mut Kit, phone: &mut Phone) -> Result<()> {
    let number = kit.ask()?;
    let challenge = listed(kit, phone)?;
    let good = phone.approval(&challenge, &number, true)?;
    forms(kit, phone, &challenge, &good)?;
    unknown(kit, phone, &challenge)?;
    factors(kit, phone, &challenge, &number)?;
    approve(kit, phone, &challenge, &number)?;
    wrong_number(kit, phone)?;
    other_view(kit, phone)?;
    deny(kit, phone)
}

/// The list with the request in it.
fn listed(kit: &mut Kit, phone: &Phone) -> Result<Signed<Challenge>> {
    let list = phone.list(kit, "")?;
    let newest = list
        .challenges
        .last()
        .during("the server lists no request")?;
    let checked = phone.check(newest);
    let said = checked.as_ref().map(|challenge| {
        let kind = challenge.kind.as_str();
        format!("{kind}, {} s", challenge.exp - challenge.iat)
    });
    kit.judged("list.request", said.map_err(Clone::clone));
    let challenge = checked.map_err(crate::harness::Trouble::new)?;

    let next = phone.list(kit, &format!("?after={}", list.next))?;
    let empty = next.challenges.is_empty() && next.others.is_empty();
    let good = is_cursor(&list.next) && empty && next.next == list.next;
    let said = format!("{} and {} listed", next.challenges.len(), next.others.len());
    kit.judge("list.cursor", good, said);
    let unknown = phone.list(kit, "?after=nobody_knows_this")?;
    let all = unknown.challenges.contains(newest);
    let said = format!("{} listed", unknown.challenges.len());
    kit.judge("list.unknown", all, said);
    for id in [challenge.jti, challenge.txn] {
        let came = phone.call(kit, "GET", &format!("/cs/v1/challenges/{id}"), "")?;
        let same = read::<ChallengeAnswer>(&came).is_ok_and(|answer| answer.challenge == *newest);
        kit.judge("fetch.same", same, Kit::said(&came));
    }
    let nobody = Id::make().during("an id")?;
    let came = phone.call(kit, "GET", &format!("/cs/v1/challenges/{nobody}"), "")?;
    kit.refused("fetch.unknown", &came, NOT_FOUND);
    Ok(challenge)
}

/// What is no response; nothing of it may count.
fn forms(
    kit: &mut Kit,
    phone: &Phone,
    challenge: &Signed<Challenge>,
    good: &Response,
) -> Result<()> {
    let refuse = |kit: &mut Kit, check: &str, text: &str| -> Result<()> {
        let came = Phone::post(kit, text)?;
        kit.refused(check, &came, BAD_STATEMENT);
        Ok(())
    };
    let stranger = sign(good.clone(), &make_key()?)?;
    let came = Phone::post(kit, stranger.compact())?;
    kit.refused("response.key", &came, NOT_FOUND);
    let signed = sign(good.clone(), &phone.dev)?;
    refuse(kit, "response.signature", &flip(signed.compact())?)?;
    let other = Response {
        iss: Id::make().during("an id")?,
        ..good.clone()
    };
    refuse(kit, "response.iss", sign(other, &phone.dev)?.compact())?;
    let other = Response {
        aud: Origin::parse("https://evil.example").during("an origin")?,
        ..good.clone()
    };
    refuse(kit, "response.aud", sign(other, &phone.dev)?.compact())?;
    let (header, payload) = open(signed.compact())?;
    for (check, from, to) in [
        ("response.rule", "\"rule\":1", "\"rule\":2"),
        ("response.extra", "{", "{\"more\":1,"),
        ("response.duplicate", "{", "{\"decision\":\"approve\","),
        ("response.ctr", "\"ctr\":1", "\"ctr\":0"),
        ("response.reason", "{", "{\"reason\":\"mistake\","),
    ] {
        let payload = swap(&payload, (from, to))?;
        refuse(kit, check, &forge(&phone.dev, &header, &payload)?)?;
    }
    if good.r#match.is_some() {
        let payload = swap(&payload, ("\"approve\"", "\"deny\""))?;
        let text = forge(&phone.dev, &header, &payload)?;
        refuse(kit, "response.decision", &text)?;
    } else {
        kit.left_out(&["response.decision"], "this server shows no number");
    }
    let proof = sign(
        phone.proof(kit, "GET", "/cs/v1/challenges", "")?,
        &phone.dev,
    )?;
    refuse(kit, "response.typ", proof.compact())?;
    let deny = sign(phone.response(challenge, Decision::Deny)?, &phone.dev)?;
    let (header, payload) = open(deny.compact())?;
    let long = format!("{payload}{}", " ".repeat(13 * 1024));
    let came = Phone::post(kit, &forge(&phone.dev, &header, &long)?)?;
    kit.refused("response.cap", &came, TOO_LARGE);
    Ok(())
}

fn in_words(verdict: &Verdict) -> String {
    let last = if verdict.r#final { "" } else { ", not final" };
    format!("{:?}{last}", verdict.code).to_lowercase()
}

/// The verdict must have one of these codes, and be final.
fn final_code(kit: &mut Kit, check: &str, verdict: &Verdict, codes: &[VerdictCode]) {
    let good = codes.contains(&verdict.code) && verdict.r#final;
    kit.judge(check, good, in_words(verdict));
}

/// About something that nobody asked.
fn unknown(kit: &mut Kit, phone: &mut Phone, challenge: &Signed<Challenge>) -> Result<()> {
    let mut response = phone.response(challenge, Decision::Deny)?;
    response.challenge = Digest::of(&[b"nobody asked this"]);
    let response = phone.sign(None, response)?;
    let verdict = phone.deliver(kit, "response.unknown", &response)?;
    final_code(kit, "response.unknown", &verdict, &[VerdictCode::Expired]);
    Ok(())
}

/// What the phone alone proves, where more is asked; and a PIN that is none.
fn factors(
    kit: &mut Kit,
    phone: &mut Phone,
    challenge: &Signed<Challenge>,
    number: &str,
) -> Result<()> {
    let good = phone.approval(challenge, number, false)?;
    if good.pin.is_none() {
        kit.left_out(
            &["response.factors", "response.pin"],
            "no PIN is asked here",
        );
        return Ok(());
    }
    let response = phone.sign(Some(challenge), good)?;
    let verdict = phone.deliver(kit, "response.pin", &response)?;
    let right = verdict.code == VerdictCode::PinWrong && verdict.attempts.is_some();
    kit.judge(
        "response.pin",
        right && !verdict.r#final,
        in_words(&verdict),
    );
    // Any other refusal may close this statement: a request of its own.
    let (other, number) = asked(kit, phone)?;
    let mut bare = phone.approval(&other, &number, true)?;
    (bare.pin, bare.dh) = (None, None);
    let response = phone.sign(Some(&other), bare)?;
    let verdict = phone.deliver(kit, "response.factors", &response)?;
    let codes = [VerdictCode::FactorsMissing, VerdictCode::BadInput];
    final_code(kit, "response.factors", &verdict, &codes);
    Ok(())
}

fn approve(
    kit: &mut Kit,
    phone: &mut Phone,
    first: &Signed<Challenge>,
    number: &str,
) -> Result<()> {
    // Where a PIN was tried, another request took the place of the first.
    let (challenge, number) = if phone.k_pin.is_some() {
        asked(kit, phone)?
    } else {
        (first.clone(), number.to_owned())
    };
    let approval = phone.approval(&challenge, &number, true)?;
    let response = phone.sign(Some(&challenge), approval)?;
    let verdict = phone.deliver(kit, "response.approve", &response)?;
    let accepted = verdict.result == Outcome::Accepted && verdict.code == VerdictCode::Ok;
    kit.judge(
        "response.approve",
        accepted && verdict.r#final,
        in_words(&verdict),
    );
    let came = Phone::post(kit, response.compact())?;
    // By its bytes, or signed anew by a newer key.
    let again = phone.verdict(&came, &response);
    let again = kit.must("response.repeat", again)?;
    let same = again.jti == verdict.jti && again.code == verdict.code;
    kit.judge("response.repeat", same, in_words(&again));
    let mut other = phone.response(&challenge, Decision::Deny)?;
    other.jti = response.jti;
    let came = Phone::post(kit, sign(other, &phone.dev)?.compact())?;
    kit.refused("response.conflict", &came, CONFLICT);
    let approval = phone.approval(&challenge, &number, true)?;
    let response = phone.sign(Some(&challenge), approval)?;
    let verdict = phone.deliver(kit, "response.decided", &response)?;
    let codes = [VerdictCode::DecidedElsewhere];
    final_code(kit, "response.decided", &verdict, &codes);
    Ok(())
}

fn wrong_number(kit: &mut Kit, phone: &mut Phone) -> Result<()> {
    let (challenge, number) = asked(kit, phone)?;
    if challenge.r#match == 0 {
        let ids = ["response.number", "response.dead", "response.match"];
        kit.left_out(&ids, "this server shows no number");
        return Ok(());
    }
    let shown: u32 = number.parse().during("the number")?;
    let wrong = format!("{:02}", (shown + 1) % 100);
    let approval = phone.approval(&challenge, &wrong, true)?;
    let response = phone.sign(Some(&challenge), approval)?;
    let verdict = phone.deliver(kit, "response.number", &response)?;
    final_code(
        kit,
        "response.number",
        &verdict,
        &[VerdictCode::NumberWrong],
    );
    let approval = phone.approval(&challenge, &number, true)?;
    let response = phone.sign(Some(&challenge), approval)?;
    let verdict = phone.deliver(kit, "response.dead", &response)?;
    let late = verdict.result == Outcome::Refused && verdict.r#final;
    kit.judge("response.dead", late, in_words(&verdict));

    let (challenge, number) = asked(kit, phone)?;
    let mut approval = phone.approval(&challenge, &number, true)?;
    approval.r#match = None;
    let response = phone.sign(Some(&challenge), approval)?;
    let verdict = phone.deliver(kit, "response.match", &response)?;
    final_code(kit, "response.match", &verdict, &[VerdictCode::BadInput]);
    Ok(())
}

fn other_view(kit: &mut Kit, phone: &mut Phone) -> Result<()> {
    let (challenge, number) = asked(kit, phone)?;
    let mut approval = phone.approval(&challenge, &number, true)?;
    approval.view = Digest::of(&[b"another page"]);
    let response = phone.sign(Some(&challenge), approval)?;
    let verdict = phone.deliver(kit, "response.view", &response)?;
    final_code(kit, "response.view", &verdict, &[VerdictCode::ViewMismatch]);
    Ok(())
}

fn deny(kit: &mut Kit, phone: &mut Phone) -> Result<()> {
    let (challenge, _) = asked(kit, phone)?;
    let response = phone.response(&challenge, Decision::Deny)?;
    let response = phone.sign(Some(&challenge), response)?;
    let verdict = phone.deliver(kit, "response.deny", &response)?;
    final_code(kit, "response.deny", &verdict, &[VerdictCode::Ok]);
    Ok(())
}
