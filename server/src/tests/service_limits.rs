//! What the service API refuses.

use crate::testkit::{ANNA, BOB, CHALLENGES, World, payment};
use axum::body::Body;
use axum::http::Request;
use countersign_protocol::statement::{Decision, VerdictCode};
use serde_json::{Value, json};

#[tokio::test]
async fn nobody_asks_without_a_key_that_is_in_force() {
    let world = World::new().await;
    let _phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    let asked = shop.ask(&payment("pay-1")).await;
    let id = asked["id"].as_str().unwrap();
    let path = format!("{CHALLENGES}/{id}");
    let bearer = format!("Bearer {}", shop.key);
    let short = &bearer[..bearer.len() - 1];
    let basic = format!("Basic {}", shop.key);
    for (headers, noted) in [
        (vec![], false),
        (vec!["Bearer"], false),
        (vec!["Bearer "], false),
        (vec![shop.key.as_str()], false),
        (vec![basic.as_str()], false),
        (vec![bearer.as_str(), bearer.as_str()], false),
        (vec![short], true),
        (vec!["Bearer csk1_AAAA"], true),
    ] {
        let entries: &[(&str, &str)] = if noted {
            &[("api", "unknown key")]
        } else {
            &[]
        };
        for (method, path) in [("POST", CHALLENGES), ("GET", &path), ("DELETE", &path)] {
            let mut request = Request::builder().method(method).uri(path);
            for header in &headers {
                request = request.header("authorization", *header);
            }
            let request = request.header("content-type", "application/json");
            let body = Body::from(payment("pay-2").to_string());
            let answer = world
                .refuses(entries, world.send(request.body(body).unwrap()))
                .await;
            answer.is_refusal(401, "bad_key");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    // In an address it is no key, and in whatever case the scheme is one.
    let request = Request::get(format!("{path}?key={}", shop.key));
    let answer = world.send(request.body(Body::empty()).unwrap()).await;
    answer.is_refusal(401, "bad_key");
    let request = Request::get(&path).header("authorization", format!("bearer {}", shop.key));
    assert_eq!(
        world
            .send(request.body(Body::empty()).unwrap())
            .await
            .status,
        200
    );
    world.end().await;
}

#[tokio::test]
async fn a_revoked_key_ends_at_once_and_others_go_on() {
    let world = World::new().await;
    let _phone = world.with_phone().await;
    let old = world.shop("shop").await;
    let new = world.key_of("shop").await;
    let asked = old.ask(&payment("pay-1")).await;
    let list = world
        .try_command(&["app", "key", "list", "shop"])
        .await
        .unwrap();
    assert_eq!(list.len(), 2);
    assert_eq!(list[0]["used"].as_u64(), Some(world.now()));
    assert!(list[1]["used"].is_null() && list[0]["note"] == "test");
    assert!(!format!("{list:?}").contains(&old.key));

    world.command(&["app", "key", "revoke", &old.key_id]).await;
    let again = ["app", "key", "revoke", &old.key_id];
    assert!(
        world
            .try_command(&again)
            .await
            .unwrap_err()
            .contains("no key")
    );
    let id = asked["id"].as_str().unwrap();
    let answer = world
        .refuses(&[("api", "revoked key")], old.call("GET", id))
        .await;
    answer.is_refusal(401, "bad_key");
    // It is the application's request, not the key's.
    assert_eq!(new.look(&asked).await["state"], "open");
    let stored = world
        .value("SELECT group_concat(key_hash) FROM api_keys")
        .await;
    assert!(!stored.contains(&old.key[5..]));
    world.end().await;
}

#[tokio::test]
async fn ten_wrong_keys_from_a_source_are_noted_and_more_are_not() {
    let world = World::new().await;
    let _phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    let wrong = || {
        let request =
            Request::get(format!("{CHALLENGES}/x")).header("authorization", "Bearer csk1_x");
        request.body(Body::empty()).unwrap()
    };
    for _ in 0..10 {
        world.send(wrong()).await.is_refusal(401, "bad_key");
    }
    let answer = world.refuses(&[], world.send(wrong())).await;
    answer.is_refusal(429, "slow_down");
    assert_eq!(answer.header("retry-after"), Some("60"));
    // Who has a key is not kept out by a neighbour; another source is counted apart.
    shop.ask(&payment("pay-1")).await;
    let other = world.send_from("198.51.100.1:1", wrong()).await;
    other.is_refusal(401, "bad_key");
    world.pass(60);
    world.send(wrong()).await.is_refusal(401, "bad_key");
    world.end().await;
}

#[tokio::test]
async fn another_applications_request_is_none() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (shop, bank) = (world.shop("shop").await, world.shop("bank").await);
    let asked = shop.ask(&payment("pay-1")).await;
    let id = asked["id"].as_str().unwrap();
    for id in [id, "", "x", "AAAAAAAAAAAAAAAAAAAAAA", "%00", "a/b", "%F0"] {
        for method in ["GET", "DELETE"] {
            let answer = world.refuses(&[], bank.call(method, id)).await;
            answer.is_refusal(404, "not_found");
        }
    }
    // The same name is another request there, and the same person may be asked by both.
    let other = bank.ask(&payment("pay-1")).await;
    assert_ne!(other["id"], asked["id"]);
    assert_eq!(phone.list("").await.challenges.len(), 2);
    assert_eq!(shop.look(&asked).await["state"], "open");
    world.end().await;
}

#[tokio::test]
async fn a_disabled_application_asks_nothing() {
    let world = World::new().await;
    let _phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    let asked = shop.ask(&payment("pay-1")).await;
    world.command(&["app", "set", "shop", "--disabled"]).await;
    shop.try_ask(&payment("pay-2"))
        .await
        .is_refusal(403, "disabled");
    let id = asked["id"].as_str().unwrap();
    shop.call("GET", id).await.is_refusal(403, "disabled");
    let line = ["ask", "--app", "shop", "--account", ANNA];
    assert!(
        world
            .try_command(&line)
            .await
            .unwrap_err()
            .contains("disabled")
    );
    world
        .command(&["app", "set", "shop", "--disabled=false"])
        .await;
    assert_eq!(shop.look(&asked).await["state"], "open");

    // One that has nothing to be shown as.
    world
        .command(&["app", "add", "bare", "--name", "Bare"])
        .await;
    let bare = world.key_of("bare").await;
    let detail = bare
        .try_ask(&payment("pay-1"))
        .await
        .is_refusal(403, "disabled");
    assert!(detail.contains("host"));
    for host in [
        "https://x.example",
        "x.example/a",
        "X.example",
        "a b",
        "u@x.example",
        "x.example:443",
    ] {
        let line = ["app", "set", "bare", "--host", host];
        assert!(world.try_command(&line).await.is_err(), "{host}");
    }
    // A SAML application asks under the host of its address.
    let wiki = world.key_of("wiki").await;
    wiki.ask(&payment("pay-1")).await;
    world.end().await;
}

#[tokio::test]
async fn the_same_request_id_is_the_same_request_or_none() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    let call = payment("pay-1");
    let spaced = serde_json::to_string_pretty(&call).unwrap();
    let (a, b) = tokio::join!(shop.try_ask(&call), shop.post(&spaced));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201]);
    let asked: Value = a.json();
    assert_eq!(b.json::<Value>(), asked);
    assert_eq!(phone.list("").await.challenges.len(), 1);
    let again = world.refuses(&[], shop.try_ask(&call)).await;
    assert_eq!(
        (again.status, &again.json::<Value>()["number"]),
        (200, &asked["number"])
    );

    for (pointer, value) in [
        ("/rows/0/value", json!("13 €")),
        ("/account", json!(BOB)),
        ("/life", json!(60)),
    ] {
        let mut other = call.clone();
        match other.pointer_mut(pointer) {
            Some(member) => *member = value,
            None => other["life"] = value,
        }
        let answer = world
            .refuses(&[("ask", "conflict")], shop.try_ask(&other))
            .await;
        answer.is_refusal(409, "conflict");
    }
    // After its end it is still the same.
    let challenge = phone.challenge().await;
    phone
        .approve(&challenge, asked["number"].as_str().unwrap())
        .await;
    let repeat = world.refuses(&[], shop.try_ask(&call)).await;
    let repeat: Value = repeat.json();
    assert_eq!(
        (&repeat["state"], &repeat["id"]),
        (&json!("approved"), &asked["id"])
    );
    assert!(shop.check(&repeat).is_approval());
    world.end().await;
}

#[tokio::test]
async fn who_has_no_phone_is_told_apart_from_who_paused() {
    let world = World::new().await;
    let shop = world.shop("shop").await;
    let entry = [("ask", "no_phone")];
    let nobody = {
        let mut call = payment("pay-1");
        call["account"] = json!("zora@example.com");
        world.refuses(&entry, shop.try_ask(&call)).await
    };
    nobody.is_refusal(422, "no_phone");
    let no_phone = world.refuses(&entry, shop.try_ask(&payment("pay-1"))).await;
    assert_eq!(no_phone.body, nobody.body);
    // What was refused left nothing behind.
    let phone = world.with_phone().await;
    let asked = shop.ask(&payment("pay-1")).await;
    let challenge = phone.challenge().await;
    phone.decide(&challenge, Decision::Report, None).await;
    let answer = world
        .refuses(&[("ask", "paused")], shop.try_ask(&payment("pay-2")))
        .await;
    answer.is_refusal(422, "paused");
    world
        .command(&["phone", "revoke", &phone.id.to_string()])
        .await;
    shop.try_ask(&payment("pay-2"))
        .await
        .is_refusal(422, "no_phone");
    assert_eq!(shop.look(&asked).await["state"], "reported");
    world.end().await;
}

#[tokio::test]
async fn row_26_one_request_at_a_time_for_a_person() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    let asked = shop.ask(&payment("pay-1")).await;
    world.pass(20);
    let busy = world
        .refuses(&[("ask", "busy")], shop.try_ask(&payment("pay-2")))
        .await;
    busy.is_refusal(429, "busy");
    assert_eq!(busy.header("retry-after"), Some("101"));
    assert_eq!(phone.list("").await.challenges.len(), 1);
    // Somebody else is another person.
    let _bob = world.with_bob().await;
    let mut call = payment("pay-3");
    call["account"] = json!(BOB);
    shop.ask(&call).await;
    let challenge = phone.challenge().await;
    phone
        .approve(&challenge, asked["number"].as_str().unwrap())
        .await;
    shop.ask(&payment("pay-2")).await;
    world.pass(121);
    shop.ask(&payment("pay-4")).await;
    world.end().await;
}

#[tokio::test]
async fn row_26_after_three_that_a_person_did_not_want_there_is_a_pause() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (shop, bank) = (world.shop("shop").await, world.shop("bank").await);
    let began = world.now();
    // Refused; mistyped; not looked at.
    let asked = shop.ask(&payment("a")).await;
    let challenge = phone.challenge().await;
    phone.decide(&challenge, Decision::Deny, None).await;
    assert_eq!(shop.look(&asked).await["state"], "denied");
    let asked = shop.ask(&payment("b")).await;
    let challenge = phone.challenge().await;
    let wrong = if asked["number"] == "00" { "01" } else { "00" };
    assert_eq!(
        phone.approve(&challenge, wrong).await,
        VerdictCode::NumberWrong
    );
    shop.ask(&payment("c")).await;
    world.pass(121);
    let busy = world
        .refuses(&[("ask", "busy")], shop.try_ask(&payment("d")))
        .await;
    busy.is_refusal(429, "busy");
    let wait: u64 = busy.header("retry-after").unwrap().parse().unwrap();
    assert_eq!(wait, began + 900 - world.now());
    // Another application is not meant.
    bank.ask(&payment("a")).await;
    world.pass(wait);
    shop.ask(&payment("d")).await;
    world.end().await;
}

#[tokio::test]
async fn one_that_was_looked_at_and_left_is_not_unwelcome() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    for n in 0..4 {
        shop.ask(&payment(&format!("pay-{n}"))).await;
        phone.challenge().await;
        world.pass(121);
    }
    world.end().await;
}

#[tokio::test]
async fn row_26_a_key_begins_so_many_a_minute() {
    let world = World::new().await;
    let _phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    let asked = shop.ask(&payment("first")).await;
    for n in 1..60 {
        let answer = shop.try_ask(&payment(&format!("pay-{n}"))).await;
        answer.is_refusal(429, "busy");
    }
    let slow = world.refuses(&[], shop.try_ask(&payment("pay-60"))).await;
    slow.is_refusal(429, "slow_down");
    assert_eq!(slow.header("retry-after"), Some("60"));
    // Repeats and looking are not counted, another key is counted apart.
    assert_eq!(shop.try_ask(&payment("first")).await.status, 200);
    let other = world.key_of("shop").await;
    other
        .try_ask(&payment("pay-60"))
        .await
        .is_refusal(429, "busy");
    shop.cancel(&asked).await;
    world.pass(60);
    shop.ask(&payment("pay-60")).await;
    world.end().await;
}

#[tokio::test]
async fn row_45_bodies_that_are_not_of_this_call_do_nothing() {
    let world = World::new().await;
    let _phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    let good = payment("pay-1").to_string();
    let begin = |more: &str| good.replacen('{', &format!("{{{more},"), 1);
    let deep = begin(&format!("\"context\":{}{}", "[".repeat(7), "]".repeat(7)));
    for body in [
        "",
        "{}",
        "[]",
        "null",
        &good[1..],
        &format!("{good}x"),
        &format!("\u{feff}{good}"),
        &begin("\"kind\":\"transaction\""),
        &begin("\"\\u006bind\":\"stepup\""),
        &begin("\"more\":1"),
        &begin("\"life\":1.5"),
        &begin("\"life\":null"),
        &begin("\"life\":-1"),
        &begin("\"context\":{\"ip\":1}"),
        &deep,
    ] {
        let answer = world.refuses(&[], shop.post(body)).await;
        answer.is_refusal(400, "bad_request");
        assert!(!answer.body.contains("12 €"), "{body}");
    }
    let huge = begin(&format!("\"more\":\"{}\"", "a".repeat(70_000)));
    world
        .refuses(&[], shop.post(&huge))
        .await
        .is_refusal(413, "too_large");
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
    ] {
        let request = shop
            .request("POST", CHALLENGES)
            .header("content-type", kind);
        let request = request.body(good.clone().into()).unwrap();
        world
            .refuses(&[], world.send(request))
            .await
            .is_refusal(415, "unsupported_media");
    }
    let mut long = payment("pay-1");
    long["rows"] = json!(vec![
        json!({"label": "a", "value": "\u{1f600}".repeat(200)});
        16
    ]);
    let detail = world
        .refuses(&[], shop.try_ask(&long))
        .await
        .is_refusal(422, "bad_value");
    assert_eq!(detail, "rows: together too long");
    shop.ask(&payment("pay-1")).await;
    world.end().await;
}

#[tokio::test]
async fn other_ways_to_call_are_no_calls() {
    let world = World::new().await;
    let _phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    let asked = shop.ask(&payment("pay-1")).await;
    let id = asked["id"].as_str().unwrap();
    for query in [
        "wait=26",
        "wait=-1",
        "wait=x",
        "wait=",
        "wait=1&wait=2",
        "wait=1.5",
        "more=1",
    ] {
        let answer = world
            .refuses(&[], shop.call("GET", &format!("{id}?{query}")))
            .await;
        answer.is_refusal(400, "bad_request");
    }
    for (method, path, status, code) in [
        ("GET", CHALLENGES.to_owned(), 400, "bad_request"),
        ("DELETE", CHALLENGES.to_owned(), 400, "bad_request"),
        ("POST", format!("{CHALLENGES}/{id}"), 400, "bad_request"),
        ("PUT", format!("{CHALLENGES}/{id}"), 400, "bad_request"),
        ("GET", "/api/v2/challenges".to_owned(), 404, "not_found"),
        ("GET", "/api/".to_owned(), 404, "not_found"),
    ] {
        let request = shop.request(method, &path).body(Body::empty()).unwrap();
        let answer = world.refuses(&[], world.send(request)).await;
        answer.is_refusal(status, code);
    }
    world.end().await;
}

#[tokio::test]
async fn figures_are_counted_and_hold_no_names() {
    let world = World::new().await;
    let _phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    let asked = shop.ask(&payment("pay-1")).await;
    shop.cancel(&asked).await;
    shop.post("{}").await.is_refusal(400, "bad_request");
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let text = world.send(request).await.body;
    for line in [
        "countersign_asks_total{result=\"asked\"} 1",
        "countersign_asks_total{result=\"cancelled\"} 1",
        "countersign_refusals_total{result=\"bad_request\"} 1",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("shop") && !text.contains(ANNA));
    world.end().await;
}

#[tokio::test]
async fn row_26_what_is_shown_and_taken_back_counts_like_what_was_refused() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    // One that nobody saw disturbed nobody.
    let asked = shop.ask(&payment("unseen")).await;
    shop.cancel(&asked).await;
    for n in 0..3 {
        let asked = shop.ask(&payment(&format!("pay-{n}"))).await;
        phone.challenge().await;
        assert_eq!(shop.cancel(&asked).await["state"], "cancelled");
    }
    let busy = shop.try_ask(&payment("pay-3")).await;
    busy.is_refusal(429, "busy");
    world.end().await;
}

#[tokio::test]
async fn row_26_conflicts_fill_no_log() {
    let world = World::new().await;
    let _phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    shop.ask(&payment("pay")).await;
    let mut other = payment("pay");
    other["rows"][0]["value"] = "13 €".into();
    for _ in 1..60 {
        shop.try_ask(&other).await.is_refusal(409, "conflict");
    }
    let slow = world.refuses(&[], shop.try_ask(&other)).await;
    slow.is_refusal(429, "slow_down");
    world.end().await;
}

#[tokio::test]
async fn row_45_an_account_that_is_too_long_is_not_the_one_that_it_begins_with() {
    let world = World::new().await;
    let _phone = world.with_phone().await;
    let shop = world.shop("shop").await;
    let mut call = payment("pay");
    call["account"] = format!("{ANNA}{}", " ".repeat(255)).into();
    let answer = world.refuses(&[], shop.try_ask(&call)).await;
    answer.is_refusal(422, "bad_value");
    world.end().await;
}

#[tokio::test]
async fn a_key_can_be_named_on_the_command_line() {
    let world = World::new().await;
    world.shop("shop").await;
    for _ in 0..200 {
        assert!(!world.key_of("shop").await.key_id.starts_with('-'));
    }
    for line in [
        vec!["app", "key", "add", "shop", "--note", "a\u{202e}b"],
        vec!["app", "key", "revoke", "nobody"],
        vec![
            "ask",
            "--account",
            ANNA,
            "--app",
            "shop",
            "--row",
            "no sign",
        ],
    ] {
        let said = world.refuses(&[], world.try_command(&line)).await;
        assert!(said.is_err(), "{line:?}");
    }
    world.end().await;
}
