//! Invitations, offers, registrations and digits (protocol section 5). Three enrolments: one that a second finisher ends, one
//! that wrong digits end, and the one that stays.

use super::bend::{forge, open, siblings, sign, swap};
use super::kit::{BAD_STATEMENT, CONFLICT, Kit, NOT_ACTIVE, NOT_FOUND, Refusals, TOO_LARGE};
use super::phone::{Enrolment, Phone, ask_offer, make_key, read_offer};
use crate::harness::{During, Result, Trouble};
use countersign_protocol::crypto::{AgreementKey, SigningKey};
use countersign_protocol::invitation::Invitation;
use countersign_protocol::statement::{Level, Registration, Standing, StateReason, UvClass};
use countersign_protocol::{Digest, Id, Origin};

/// Two phones take one invitation; the key of the first, which the server knows from now on.
pub(super) fn second_finisher(kit: &mut Kit, link: &Invitation) -> Result<SigningKey> {
    let token = link.token.to_string();
    let came = ask_offer(kit, &token)?;
    let first = read_offer(link, &came);
    let said = first.as_ref().map(|(_, offer)| offer.policy.min.describe());
    kit.judged("offer.answer", said.map_err(Clone::clone));
    let (_, first) = first.map_err(|why| Trouble::new(format!("no offer: {why}")))?;
    kit.account = first.account.as_str().to_owned();
    let anna = Enrolment::begin(kit, link)?;
    let other = &anna.offer;
    let fresh = first.jti != other.jti && first.sas != other.sas && first.dh != other.dh;
    kit.judge("offer.fresh", fresh, "jti, sas and dh");
    let rival = Enrolment::begin(kit, link)?;
    let mut met = None;
    for n in 4..=6 {
        let came = ask_offer(kit, &token)?;
        if came.status != 200 {
            met = Some((n, came));
            break;
        }
    }
    match met {
        Some((6, came)) => kit.refused("offer.five", &came, &[(410, "gone")]),
        Some((n, came)) => {
            let said = format!("{} at number {n}", Kit::said(&came));
            kit.judge("offer.five", false, said);
        }
        None => kit.judge("offer.five", false, "a sixth one was made"),
    }
    let (phone, _) = anna.finish(kit)?;
    let late = sign(rival.registration()?, &rival.dev)?;
    let came = rival.register(kit, late.compact())?;
    kit.refused("registration.second", &came, CONFLICT);
    refused_for(
        kit,
        "registration.second",
        &phone,
        StateReason::SecondFinisher,
    )?;
    Ok(phone.dev)
}

/// The phone is refused, for this reason.
fn refused_for(kit: &mut Kit, id: &str, phone: &Phone, reason: StateReason) -> Result<()> {
    let state = phone.state(kit)?;
    let good = state.state == Standing::Refused && state.reason == Some(reason);
    let said = format!("{:?}, {:?}", state.state, state.reason).to_lowercase();
    kit.judge(id, good, said);
    Ok(())
}

/// A key that is known comes again, and then a good one, whose person mistypes three times.
pub(super) fn wrong_digits(kit: &mut Kit, known: SigningKey) -> Result<()> {
    let link = kit.invite("its digits will be mistyped")?;
    let mut enrolment = Enrolment::begin(kit, &link)?;
    let fresh = std::mem::replace(&mut enrolment.dev, known);
    let text = sign(enrolment.registration()?, &enrolment.dev)?;
    let came = enrolment.register(kit, text.compact())?;
    kit.refused("registration.known", &came, CONFLICT);
    enrolment.dev = fresh;
    let (phone, digits) = enrolment.finish(kit)?;
    let number: u32 = digits.parse().during("the digits")?;
    kit.type_digits(&format!("{:06}", (number + 1) % 1_000_000), 3)?;
    refused_for(kit, "digits.wrong", &phone, StateReason::Sas)
}

/// Everything that is no registration, and then the one that is.
pub(super) fn enrol(kit: &mut Kit) -> Result<Phone> {
    let link = kit.invite("it stays until the end")?;
    let enrolment = Enrolment::begin(kit, &link)?;
    let good = sign(enrolment.registration()?, &enrolment.dev)?;
    forms(kit, &enrolment, good.compact())?;
    contents(kit, &enrolment)?;
    let came = enrolment.register(kit, good.compact())?;
    let again = enrolment.register(kit, good.compact())?;
    let same = again.status == came.status && again.body == came.body;
    kit.judge("registration.repeat", same, Kit::said(&again));
    let used = ask_offer(kit, &link.token.to_string())?;
    kit.refused("offer.used", &used, CONFLICT);
    let accepted = enrolment.accept(&good, &came);
    let said = accepted.as_ref().map(|_| "201, pending".to_owned());
    kit.judged("registration.good", said.map_err(Clone::clone));
    let (phone, digits) = accepted.map_err(|why| Trouble::new(format!("no phone: {why}")))?;

    let came = phone.stands(kit, Standing::Pending)?;
    kit.judged("pending.reads", came);
    let came = phone.call(kit, "GET", "/cs/v1/challenges", "")?;
    kit.refused("pending.list", &came, NOT_ACTIVE);
    let before = phone.state(kit)?.sn;
    kit.type_digits(&digits, 1)?;
    let state = phone.state(kit)?;
    let good = state.state == Standing::Active
        && state.sn > before
        && state.policy == phone.policy
        && state.account.as_str() == phone.account;
    let said = format!("{:?}, sn {}", state.state, state.sn).to_lowercase();
    kit.judge("digits.right", good, said);
    if good {
        Ok(phone)
    } else {
        Err(Trouble::new("the phone did not become active"))
    }
}

/// What is no statement, though the phone's own key signed it.
fn forms(kit: &mut Kit, enrolment: &Enrolment, good: &str) -> Result<()> {
    for (name, text) in siblings(good, &enrolment.dev)? {
        let came = enrolment.register(kit, &text)?;
        kit.refused(&format!("statement.{name}"), &came, BAD_STATEMENT);
    }
    // The last character of an ES256 signature has four unused bits.
    let last = good.chars().next_back().unwrap_or('A');
    let twin = if last == 'A' {
        'B'
    } else {
        char::from(last as u8 + 1)
    };
    let text = format!("{}{twin}", &good[..good.len() - 1]);
    let came = enrolment.register(kit, &text)?;
    kit.refused("statement.base64", &came, BAD_STATEMENT);
    let (header, payload) = open(good)?;
    let long = format!("{payload}{}", " ".repeat(13 * 1024));
    let long = forge(&enrolment.dev, &header, &long)?;
    let came = enrolment.register(kit, &long)?;
    kit.refused("statement.cap", &came, TOO_LARGE);
    let by_another = sign(enrolment.registration()?, &make_key()?)?;
    let came = enrolment.register(kit, by_another.compact())?;
    kit.refused("registration.key", &came, BAD_STATEMENT);
    let (header, payload) = open(good)?;
    let text = swap(&payload, ("Conformance kit", "Conformance\u{202e} kit"))?;
    let text = forge(&enrolment.dev, &header, &text)?;
    let came = enrolment.register(kit, &text)?;
    kit.refused("registration.device", &came, BAD_STATEMENT);
    Ok(())
}

/// What is a registration, and not one for here.
fn contents(kit: &mut Kit, enrolment: &Enrolment) -> Result<()> {
    let mut bent = |id: &str, right: Refusals, bend: &dyn Fn(&mut Registration)| -> Result<()> {
        let mut registration = enrolment.registration()?;
        bend(&mut registration);
        let offer = registration.offer;
        let text = sign(registration, &enrolment.dev)?;
        // Without a proof of K_uv, whatever it says.
        let came = if id == "registration.uv" {
            let text = text.compact();
            kit.post(
                "/cs/v1/registrations",
                &format!("{{\"registration\":\"{text}\"}}"),
            )?
        } else {
            enrolment.register_to(kit, text.compact(), offer)?
        };
        kit.refused(id, &came, right);
        Ok(())
    };
    let evil = Origin::parse("https://evil.example").during("an origin")?;
    let none = Digest::of(&[b"an offer of another server"]);
    let uv = *make_key()?.public();
    let token = Id::make().during("an id")?.to_string();
    bent("registration.aud", BAD_STATEMENT, &|r| r.aud = evil.clone())?;
    bent("registration.proto", &[(426, "proto")], &|r| {
        r.proto = vec![2]
    })?;
    let zero = AgreementKey::from_bytes([0; 32]);
    bent("registration.zero", &[(400, "")], &|r| r.dh = zero)?;
    bent("registration.uv", &[(400, "")], &|r| {
        r.uv = Some(uv);
        r.uvc = Some(UvClass::Biometric);
        r.level.uv = Some(Level::Software);
    })?;
    bent("registration.rec", &[(400, "")], &|r| r.rec = Some(none))?;
    bent("registration.offer", &[(410, "gone")], &|r| r.offer = none)?;
    bent("registration.token", NOT_FOUND, &|r| {
        r.token.clone_from(&token)
    })
}
