//! Row 40, the phone's side: a token is used once, in time, here, and can't be guessed.

use crate::testkit::{
    ANNA, BOB, Enrolment, World, ask_offer, origin, post_json, registration_call, sign,
};
use axum::http::header::RETRY_AFTER;
use countersign_protocol::crypto::{AgreementKey, AgreementSecret};
use countersign_protocol::statement::{Key, Level, Registration, Standing, StateReason, UvClass};
use countersign_protocol::typed_code::TypedCode;
use countersign_protocol::{Digest, Id, Origin, Signed};

const USED: (&str, &str) = ("invitation", "token used again");
const OVER: (&str, &str) = ("invitation", "token over");
const WRONG: (&str, &str) = ("invitation", "wrong token");

#[tokio::test]
async fn row_40_a_token_is_used_once() {
    let world = World::new().await;
    let enrolment = Enrolment::begin(&world, ANNA).await;
    let rival = enrolment.rival().await;
    let token = enrolment.link.token.to_string();
    let pending = enrolment.pending().await;
    let answer = world.refuses(&[USED], ask_offer(&world, &token)).await;
    answer.is_problem(409, "conflict");
    pending.type_digits(&pending.digits).await;

    // Later: refused and nothing else; the phone that was first stays.
    let late = sign(rival.registration(), &rival.dev);
    let answer = world.refuses(&[USED], rival.register(&late)).await;
    answer.is_problem(409, "conflict");
    let answer = world.refuses(&[USED], ask_offer(&world, &token)).await;
    answer.is_problem(409, "conflict");
    assert!(pending.phone.state().await.state == Standing::Active);
    world.end().await;
}

#[tokio::test]
async fn row_40_a_registration_repeated_is_answered_as_before() {
    let world = World::new().await;
    let enrolment = Enrolment::begin(&world, ANNA).await;
    let registration = sign(enrolment.registration(), &enrolment.dev);
    let (one, two) = tokio::join!(
        enrolment.register(&registration),
        enrolment.register(&registration)
    );
    assert_eq!((one.status, &one.body), (201, &two.body));
    let call = registration_call(registration.compact());
    let pending = enrolment.accept(registration, &one);
    let repeat = || world.send(post_json("/cs/v1/registrations", &call));
    assert_eq!(world.refuses(&[], repeat()).await.body, one.body);
    pending.type_digits(&pending.digits).await;
    world.pass(86_400);
    assert_eq!(world.refuses(&[], repeat()).await.body, one.body);
    assert_eq!(world.count("credentials").await, 1);
    world.end().await;
}

#[tokio::test]
async fn row_40_an_expired_invitation_is_gone() {
    let world = World::new().await;
    let enrolment = Enrolment::begin(&world, ANNA).await;
    let token = enrolment.link.token.to_string();
    world.pass(600);
    assert_eq!(ask_offer(&world, &token).await.status, 200);
    world.pass(1);
    let answer = world.refuses(&[OVER], ask_offer(&world, &token)).await;
    answer.is_problem(410, "gone");
    let late = sign(enrolment.registration(), &enrolment.dev);
    let answer = world.refuses(&[OVER], enrolment.register(&late)).await;
    answer.is_problem(410, "gone");
    world.end().await;
}

#[tokio::test]
async fn row_40_a_new_invitation_ends_the_older_with_its_pending_phone() {
    let world = World::new().await;
    let enrolment = Enrolment::begin(&world, ANNA).await;
    let rival = enrolment.rival().await;
    let token = enrolment.link.token.to_string();
    let pending = enrolment.pending().await;
    let (other, page) = (pending.browser.copy(), &pending.page);
    // Whoever has the address may press the button, in another browser too.
    let bare = crate::testkit::Browser::new(&world);
    let closed = bare.open(&page.path).await;
    let open = bare.press(&closed, &page.path).await;
    assert_ne!(open.invitation().token.to_string(), token);

    let state = pending.phone.state().await;
    assert!(state.state == Standing::Refused && state.reason == Some(StateReason::Expired));
    let answer = world.refuses(&[OVER], ask_offer(&world, &token)).await;
    answer.is_problem(410, "gone");
    let late = sign(rival.registration(), &rival.dev);
    let answer = world.refuses(&[OVER], rival.register(&late)).await;
    answer.is_problem(410, "gone");
    // The browser that showed the old one can't type for the new one.
    let before = other.open(&page.path).await;
    assert_eq!(before.heading(), "invite");
    let csrf = before.csrf();
    let typed = [("csrf", csrf.as_str()), ("digits", pending.digits.as_str())];
    let action = format!("{}/digits", page.path);
    world
        .refuses(&[], other.post(&action, &typed))
        .await
        .answer
        .is_page(410);
    world.end().await;
}

#[tokio::test]
async fn row_40_more_than_five_offers_are_not_made() {
    let world = World::new().await;
    let (_browser, _page, link) = world.invitation(ANNA).await;
    let token = link.token.to_string();
    for _ in 0..5 {
        assert_eq!(ask_offer(&world, &token).await.status, 200);
    }
    let answer = world.refuses(&[OVER], ask_offer(&world, &token)).await;
    answer.is_problem(410, "gone");
    world.end().await;
}

#[tokio::test]
async fn row_40_wrong_tokens_are_counted_by_source() {
    let world = World::new().await;
    let enrolment = Enrolment::begin(&world, ANNA).await;
    let token = enrolment.link.token.to_string();
    let ask = |peer: &'static str, token: String| {
        let call = countersign_protocol::call::OfferCall { token };
        world.send_from(peer, post_json("/cs/v1/offers", &call))
    };
    let attacker = "203.0.113.5:40000";
    for n in 0..10 {
        let guess = match n % 2 {
            0 => Id::make().unwrap().to_string(),
            _ => format!("ABCDEF{n:04}"),
        };
        let answer = world.refuses(&[WRONG], ask(attacker, guess)).await;
        answer.is_problem(404, "not_found");
    }
    // From now on nothing is looked up for this source, not even what is right; and nothing is noted.
    for guess in [token.clone(), "0123456789".to_owned()] {
        let answer = world.refuses(&[], ask(attacker, guess)).await;
        answer.is_problem(429, "slow_down");
        let wait: u64 = answer
            .header(RETRY_AFTER.as_str())
            .unwrap()
            .parse()
            .unwrap();
        assert!((1..=60).contains(&wait));
    }
    let again = sign(enrolment.registration(), &enrolment.dev);
    let call = registration_call(again.compact());
    let request = post_json("/cs/v1/registrations", &call);
    let answer = world.refuses(&[], world.send_from(attacker, request)).await;
    answer.is_problem(429, "slow_down");
    // Others are not hindered, and after its minute the source isn't either.
    assert_eq!(ask("198.51.100.7:1", token.clone()).await.status, 200);
    world.pass(60);
    assert_eq!(ask(attacker, token).await.status, 200);
    world.end().await;
}

#[tokio::test]
async fn row_40_a_code_to_type_is_taken_only_where_it_is_shown() {
    for shown in [false, true] {
        let setting = format!("typed_code = {shown}");
        let world = World::with_settings(|text| text.replace("typed_code = false", &setting)).await;
        let (_browser, page, link) = world.invitation(ANNA).await;
        let code = TypedCode::new(link.token.as_bytes(), &link.root);
        let groups: Vec<&str> = (0..4)
            .map(|at| &code.as_str()[5 * at..5 * at + 5])
            .collect();
        assert_eq!(page.says(&groups.join(" ")), shown, "{}", page.answer.body);
        if shown {
            assert_eq!(ask_offer(&world, code.token()).await.status, 200);
        } else {
            let answer = world
                .refuses(&[WRONG], ask_offer(&world, code.token()))
                .await;
            answer.is_problem(404, "not_found");
        }
        world.end().await;
    }
}

#[tokio::test]
async fn row_40_wrong_tokens_in_registrations_count_too() {
    let world = World::new().await;
    let enrolment = Enrolment::begin(&world, ANNA).await;
    for n in 0..11 {
        let mut registration = enrolment.registration();
        registration.token = Id::make().unwrap().to_string();
        let registration = sign(registration, &enrolment.dev);
        let (entries, status): (&[_], u16) = if n < 10 { (&[WRONG], 404) } else { (&[], 429) };
        let answer = world
            .refuses(entries, enrolment.register(&registration))
            .await;
        assert_eq!(answer.status, status, "{n}");
    }
    world.end().await;
}

#[tokio::test]
async fn row_40_a_second_finisher_ends_both() {
    let world = World::new().await;
    let enrolment = Enrolment::begin(&world, ANNA).await;
    let rival = enrolment.rival().await;
    let pending = enrolment.pending().await;
    let theirs = sign(rival.registration(), &rival.dev);
    let wait = format!("{}/wait?phase=digits", pending.page.path);
    let (answer, waited) = tokio::join!(rival.register(&theirs), pending.browser.open_once(&wait));
    answer.is_problem(409, "conflict");
    assert_eq!(waited.body, "over");
    let state = pending.phone.state().await;
    assert!(state.state == Standing::Refused && state.reason == Some(StateReason::SecondFinisher));
    let page = pending.browser.open(&pending.page.path).await;
    assert_eq!(page.heading(), "invite.used");
    // The right digits come too late, and the rival has nothing either.
    let typed = [("csrf", page.csrf()), ("digits", pending.digits.clone())];
    let typed = typed
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let action = format!("{}/digits", page.path);
    let end = world
        .refuses(&[], pending.browser.post(&action, &typed))
        .await;
    assert_eq!(end.heading(), "invite.used");
    let answer = world.refuses(&[OVER], rival.register(&theirs)).await;
    answer.is_problem(410, "gone");
    assert_eq!(world.count("credentials").await, 1);
    world.end().await;
}

#[tokio::test]
async fn a_phone_that_comes_after_the_first_ran_out_of_time_is_no_second_finisher() {
    let world = World::new().await;
    let enrolment = Enrolment::begin(&world, ANNA).await;
    let rival = enrolment.rival().await;
    let pending = enrolment.pending().await;
    world.pass(601);
    let late = sign(rival.registration(), &rival.dev);
    let answer = rival.register(&late).await;
    answer.is_problem(410, "gone");
    let state = pending.phone.state().await;
    assert!(state.state == Standing::Refused && state.reason == Some(StateReason::Expired));
    let page = pending.browser.open(&pending.page.path).await;
    assert_eq!(page.heading(), "invite.over");
    world.end().await;
}

#[tokio::test]
async fn an_invitation_whose_first_phone_ran_out_of_time_is_over_and_not_used() {
    let world = World::new().await;
    let enrolment = Enrolment::begin(&world, ANNA).await;
    let token = enrolment.link.token.to_string();
    let pending = enrolment.pending().await;
    world.pass(601);
    for _ in 0..2 {
        let answer = ask_offer(&world, &token).await;
        answer.is_problem(410, "gone");
    }
    let state = pending.phone.state().await;
    assert!(state.state == Standing::Refused && state.reason == Some(StateReason::Expired));
    world.end().await;
}

/// A registration that is refused with this code, leaving the invitation as it was.
async fn refused(
    enrolment: &Enrolment<'_>,
    entries: &[(&str, &str)],
    status: u16,
    bend: impl FnOnce(&mut Registration),
) {
    let mut registration = enrolment.registration();
    bend(&mut registration);
    let registration = sign(registration, &enrolment.dev);
    let world = enrolment.world;
    let answer = world
        .refuses(entries, enrolment.register(&registration))
        .await;
    assert_eq!(answer.problem().0, status);
}

#[tokio::test]
async fn row_40_a_registration_that_does_not_fit_is_refused_and_uses_nothing_up() {
    let world = World::new().await;
    world.add_user(BOB).await;
    let bob = Enrolment::begin(&world, BOB).await;
    let anna = Enrolment::begin(&world, ANNA).await;
    // For another server.
    let evil = Origin::parse("https://evil.example").unwrap();
    refused(&anna, &[], 400, |registration| registration.aud = evil).await;
    // Of another offer: of another invitation, of another server, of none.
    let others = bob.offer.hash();
    refused(&anna, &[OVER], 410, |registration| {
        registration.offer = others
    })
    .await;
    let none = Digest::of(&[b"an offer of another server"]);
    refused(&anna, &[OVER], 410, |registration| {
        registration.offer = none
    })
    .await;
    // With a proof of a recovery code that nobody asked for.
    refused(&anna, &[], 400, |registration| {
        registration.rec = Some(none)
    })
    .await;
    // Of a version that we don't speak.
    refused(&anna, &[], 426, |registration| registration.proto = vec![2]).await;
    // With a low-order point, which would agree on nothing.
    let zero = AgreementKey::from_bytes([0; 32]);
    refused(&anna, &[], 400, |registration| registration.dh = zero).await;
    // With K_uv but without its proof.
    let uv = crate::testkit::make_key();
    refused(&anna, &[], 400, |registration| {
        registration.uv = Some(*uv.public());
        registration.uvc = Some(UvClass::Biometric);
        registration.level.uv = Some(Level::Software);
    })
    .await;
    anna.finish().await;
    bob.finish().await;
    world.end().await;
}

#[tokio::test]
async fn row_40_a_key_that_is_known_is_not_registered_again() {
    let world = World::new().await;
    world.add_user(BOB).await;
    let anna = Enrolment::begin(&world, ANNA).await;
    let mut bob = Enrolment::begin(&world, BOB).await;
    let pending = anna.pending().await;
    bob.dev = pending.phone.dev;
    let registration = sign(bob.registration(), &bob.dev);
    let entry = ("invitation", "key known already");
    let answer = world.refuses(&[entry], bob.register(&registration)).await;
    answer.is_problem(409, "conflict");
    world.end().await;
}

#[tokio::test]
async fn a_proof_of_the_biometric_key_must_be_for_this_phone_and_offer() {
    let world = World::new().await;
    let enrolment = Enrolment::begin(&world, ANNA).await;
    let uv = crate::testkit::make_key();
    let mut registration = enrolment.registration();
    registration.uv = Some(*uv.public());
    registration.uvc = Some(UvClass::Biometric);
    registration.level.uv = Some(Level::Software);
    let registration = sign(registration, &enrolment.dev);
    let good = || Key {
        aud: origin(),
        ctx: enrolment.offer.hash(),
        dev: enrolment.dev.public().thumbprint(),
    };
    let call = |proof: &Signed<Key>| {
        let mut call = registration_call(registration.compact());
        call.uv_proof = Some(proof.compact().to_owned());
        world.send(post_json("/cs/v1/registrations", &call))
    };
    let evil = Origin::parse("https://evil.example").unwrap();
    let other = Digest::of(&[b"another offer"]);
    for bad in [
        sign(
            Key {
                aud: evil,
                ..good()
            },
            &uv,
        ),
        sign(
            Key {
                ctx: other,
                ..good()
            },
            &uv,
        ),
        sign(
            Key {
                dev: uv.public().thumbprint(),
                ..good()
            },
            &uv,
        ),
        sign(good(), &enrolment.dev),
    ] {
        let answer = world.refuses(&[], call(&bad)).await;
        answer.is_problem(400, "bad_statement");
    }
    assert_eq!(call(&sign(good(), &uv)).await.status, 201);
    world.end().await;
}

#[tokio::test]
async fn every_offer_has_its_own_secrets() {
    let world = World::new().await;
    let enrolment = Enrolment::begin(&world, ANNA).await;
    let rival = enrolment.rival().await;
    let (a, b) = (&enrolment.offer, &rival.offer);
    assert!(a.jti != b.jti && a.sas != b.sas && a.dh != b.dh && a.hash() != b.hash());
    // Either may be taken.
    let other = AgreementSecret::make().unwrap();
    assert!(other.agree(&b.dh).is_ok());
    rival.finish().await;
    world.end().await;
}

#[tokio::test]
async fn a_phone_that_could_approve_nothing_is_refused() {
    let world = World::with_settings(|settings| {
        settings.replacen(r#"min = [["dev"]]"#, r#"min = [["uv"]]"#, 1)
    })
    .await;
    let enrolment = Enrolment::begin(&world, ANNA).await;
    let registration = sign(enrolment.registration(), &enrolment.dev);
    let refused = [("invitation", "factors missing")];
    let answer = world
        .refuses(&refused, enrolment.register(&registration))
        .await;
    answer.is_problem(422, "level_refused");
    // The same invitation by a phone that has a gesture.
    enrolment.with_uv().finish().await;
    world.end().await;
}
