//! Rows 3, 42 and 45 at the phone's API: what is not a statement of this protocol, or not a body.

use crate::testkit::{ANNA, Enrolment, Phone, World, make_key, post, sign};
use axum::body::Body;
use axum::http::Request;
use countersign_protocol::Signed;
use countersign_protocol::encoding::{decode, encode};
use countersign_protocol::statement::{Decision, Response};

const CALLS: [&str; 3] = ["/cs/v1/offers", "/cs/v1/registrations", "/cs/v1/responses"];

#[tokio::test]
async fn row_45_a_body_that_is_not_a_call_is_refused() {
    let world = World::new().await;
    let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
    for path in CALLS {
        for body in [
            "",
            "{",
            "[]",
            "null",
            "\"x\"",
            "{}",
            "\u{feff}{\"token\":\"AAAAAAAAAAAAAAAAAAAAAA\"}",
            "{\"token\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"token\":\"AAAAAAAAAAAAAAAAAAAAAA\"}",
            "{\"token\":\"a\",\"t\\u006fken\":\"b\"}",
            "{\"token\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"more\":1}",
            "{\"token\":\"AAAAAAAAAAAAAAAAAAAAAA\"}x",
            "{\"token\":null}",
            "{\"token\":1.0}",
            "{\"token\":{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{}}}}}}}",
            "{\"registration\":\"x\",\"registration\":\"x\"}",
            "{\"response\":\"x\",\"response\":\"x\"}",
            deep.as_str(),
        ] {
            let answer = world
                .refuses(&[], world.send(post(path, body.to_owned())))
                .await;
            answer.is_problem(400, "bad_request");
        }
        let latin = post(path, b"{\"token\":\"\xe9\"}".to_vec());
        world
            .refuses(&[], world.send(latin))
            .await
            .is_problem(400, "bad_request");
    }
    world.end().await;
}

#[tokio::test]
async fn row_03_an_oversized_body_is_not_read() {
    let world = World::new().await;
    for path in CALLS {
        let big = format!("{{\"token\":\"{}\"}}", "A".repeat(64 * 1024));
        let answer = world.refuses(&[], world.send(post(path, big))).await;
        answer.is_problem(413, "too_large");
        let long = format!("{{\"registration\":\"{0}\"}}", "A".repeat(17 * 1024));
        let long = long.replace(
            "registration",
            path.trim_start_matches("/cs/v1/").trim_end_matches('s'),
        );
        if path != "/cs/v1/offers" {
            let answer = world.refuses(&[], world.send(post(path, long))).await;
            answer.is_problem(413, "too_large");
        }
    }
    world.end().await;
}

#[tokio::test]
async fn a_body_of_another_content_type_is_refused() {
    let world = World::new().await;
    for path in CALLS {
        for kind in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonx",
            "application/jose",
        ] {
            let request = Request::post(path).header("content-type", kind);
            let answer = world
                .refuses(&[], world.send(request.body("{}".into()).unwrap()))
                .await;
            answer.is_problem(415, "unsupported_media");
        }
        let bare = Request::post(path).body(Body::from("{}")).unwrap();
        world.send(bare).await.is_problem(415, "unsupported_media");
        let charset = Request::post(path).header("content-type", "Application/JSON; charset=utf-8");
        let answer = world.send(charset.body("{}".into()).unwrap()).await;
        answer.is_problem(400, "bad_request");
    }
    world.end().await;
}

/// A statement whose header or payload was bent after the signature.
fn bend(compact: &str, header: (&str, &str), payload: (&str, &str)) -> String {
    let parts: Vec<&str> = compact.split('.').collect();
    let replace = |part: &str, (from, to): (&str, &str)| {
        let text = String::from_utf8(decode(part).unwrap()).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        encode(text.replacen(from, to, 1).as_bytes())
    };
    format!(
        "{}.{}.{}",
        replace(parts[0], header),
        replace(parts[1], payload),
        parts[2]
    )
}

/// Signs any header and payload.
fn forge(phone: &Phone<'_>, header: &str, payload: &str) -> String {
    let signed = format!(
        "{}.{}",
        encode(header.as_bytes()),
        encode(payload.as_bytes())
    );
    let signature = phone.dev.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", encode(&signature))
}

async fn answer_of(world: &World, response: &str) -> (u16, String) {
    let body = format!("{{\"response\":\"{response}\"}}");
    world
        .refuses(&[], world.send(post("/cs/v1/responses", body)))
        .await
        .problem()
}

#[tokio::test]
async fn row_42_a_response_that_was_touched_is_refused() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (_browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    let deny = phone.sign(phone.response(&challenge, Decision::Deny, None));
    let good = deny.compact();
    let keep = ("{", "{");
    let bad = (400, "bad_statement".to_owned());
    for bent in [
        bend(good, keep, ("deny", "approve")),
        bend(good, keep, ("\"ctr\":1", "\"ctr\":2")),
        bend(good, keep, ("{", "{ ")),
        bend(good, ("ES256", "none"), keep),
        bend(good, ("ES256", "HS256"), keep),
        bend(good, ("ES256", "Ed25519"), keep),
        bend(good, ("cs1-response+jwt", "cs1-proof+jwt"), keep),
        bend(good, ("cs1-response+jwt", "cs2-response+jwt"), keep),
        bend(good, ("{", "{\"crit\":[\"x\"],"), keep),
        bend(good, ("{", "{\"typ\":\"cs1-response+jwt\","), keep),
        format!("{good}="),
        format!("{good}.{good}"),
        good.replace('.', ""),
        good[..good.len() - 1].to_owned(),
        good.rsplit_once('.').unwrap().0.to_owned() + ".",
        String::new(),
    ] {
        assert_eq!(answer_of(&world, &bent).await, bad, "{bent}");
    }
    // A proof is no response, though the same key signed it.
    let proof = sign(phone.proof("GET", "/cs/v1/challenges"), &phone.dev);
    assert_eq!(answer_of(&world, proof.compact()).await, bad);
    phone.deliver(&deny).await;
    drop(page);
    world.end().await;
}

#[tokio::test]
async fn row_42_a_response_that_breaks_the_rules_is_refused_though_its_phone_signed_it() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    let challenge = phone.challenge().await;
    let approve = phone.response(&challenge, Decision::Approve, page.number().as_deref());
    let good: Signed<Response> = sign(approve, &phone.dev);
    let part = |at: usize| {
        let part = good.compact().split('.').nth(at).unwrap();
        String::from_utf8(decode(part).unwrap()).unwrap()
    };
    let (header, payload) = (part(0), part(1));
    let bad = (400, "bad_statement".to_owned());
    for (from, to) in [
        ("{", "{\"decision\":\"approve\","),
        ("{", "{\"more\":1,"),
        ("{", "{\"reason\":\"mistake\","),
        ("{", "{\"reason\":null,"),
        ("\"ctr\":1", "\"ctr\":0"),
        ("\"ctr\":1", "\"ctr\":1.0"),
        ("\"ctr\":1", "\"ctr\":-1"),
        ("\"ctr\":1", "\"ctr\":9007199254740993"),
        ("\"ctr\":1", "\"ctr\":2"),
        ("\"rule\":1", "\"rule\":2"),
        ("\"approve\"", "\"Approve\""),
        ("\"approve\"", "\"deny\""),
        ("\"approve\"", "\"report\""),
        ("\"locale\":\"en\"", "\"locale\":\"e n\""),
        ("\"locale\":\"en\"", "\"locale\":[[[[[[]]]]]]"),
    ] {
        assert!(payload.contains(from), "{from} in {payload}");
        let forged = forge(&phone, &header, &payload.replacen(from, to, 1));
        assert_eq!(answer_of(&world, &forged).await, bad, "{from} {to}");
    }
    for (header, payload) in [
        (header.replace("ES256", "none"), payload.clone()),
        (header.replacen('{', "{\"jwk\":{},", 1), payload.clone()),
        (header.clone(), format!("{payload}x")),
        (header.clone(), format!("\u{feff}{payload}")),
        (header.clone(), "x".repeat(1000)),
    ] {
        assert_eq!(
            answer_of(&world, &forge(&phone, &header, &payload)).await,
            bad
        );
    }
    let huge = format!("{payload}{}", " ".repeat(17 * 1024));
    let too_large = (413, "too_large".to_owned());
    assert_eq!(
        answer_of(&world, &forge(&phone, &header, &huge)).await,
        too_large
    );
    phone.deliver(&good).await;
    browser.open(&page.path).await;
    world.end().await;
}

#[tokio::test]
async fn row_42_a_registration_is_signed_by_the_key_in_it() {
    let world = World::new().await;
    let enrolment = Enrolment::begin(&world, ANNA).await;
    let good = sign(enrolment.registration(), &enrolment.dev);
    let by_another = sign(enrolment.registration(), &make_key());
    let keep = ("{", "{");
    for bent in [
        by_another.compact().to_owned(),
        bend(good.compact(), keep, ("Anna's phone", "Anna's Phone")),
        bend(
            good.compact(),
            keep,
            ("Anna's phone", "Anna's\u{202e} phone"),
        ),
        bend(good.compact(), ("ES256", "none"), keep),
        "x.y.z".to_owned(),
    ] {
        let body = format!("{{\"registration\":\"{bent}\"}}");
        let answer = world
            .refuses(&[], world.send(post("/cs/v1/registrations", body)))
            .await;
        answer.is_problem(400, "bad_statement");
    }
    assert_eq!(enrolment.register(&good).await.status, 201);
    world.end().await;
}
