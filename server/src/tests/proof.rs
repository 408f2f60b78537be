//! Proofs: who calls, which call, and now.

use crate::signer::NONCE_LIFE;
use crate::testkit::{ANNA, Enrolment, Phone, World, make_key, sign};
use axum::body::Body;
use axum::http::Request;
use countersign_protocol::statement::{Decision, PROOF_HEADER, Proof, Standing};
use countersign_protocol::{Digest, Id, Origin, jose::Statement};

/// A call whose proof is refused, whatever it is about; the answer has a nonce to try again with.
async fn refused(world: &World, phone: &Phone<'_>, path: &str, code: &str, proof: Proof) {
    let answer = world.refuses(&[], phone.call(path, proof)).await;
    answer.is_problem(401, code);
    assert!(answer.nonce().is_some());
}

#[tokio::test]
async fn a_proof_is_for_one_call_of_one_phone() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let bob = world.with_bob().await;
    let path = phone.path();
    let list = "/cs/v1/challenges?wait=0";
    let good = |path: &str| phone.proof("GET", path);
    assert_eq!(phone.call(&path, good(&path)).await.status, 200);
    for path in [path.as_str(), list] {
        let evil = Origin::parse("https://evil.example").unwrap();
        let url = |origin: &str, path: &str| format!("{origin}{path}");
        let id = "https://id.example.com";
        for bent in [
            Proof {
                aud: evil,
                ..good(path)
            },
            Proof {
                sub: bob.id,
                ..good(path)
            },
            Proof {
                sub: Id::make().unwrap(),
                ..good(path)
            },
            Proof {
                htm: "POST".into(),
                ..good(path)
            },
            Proof {
                htu: url("https://evil.example", path),
                ..good(path)
            },
            Proof {
                htu: url("http://id.example.com", path),
                ..good(path)
            },
            Proof {
                htu: url(id, "/cs/v1/keys"),
                ..good(path)
            },
            Proof {
                htu: url(id, &format!("{path}#x")),
                ..good(path)
            },
            Proof {
                htu: url(id, &format!("{path}&x=1")),
                ..good(path)
            },
            Proof {
                htu: url(id, path.split('?').next().unwrap()) + "?",
                ..good(path)
            },
            Proof {
                htu: path.to_owned(),
                ..good(path)
            },
            Proof {
                bh: Digest::of(&[b"{}"]),
                ..good(path)
            },
        ] {
            refused(&world, &phone, path, "bad_proof", bent).await;
        }
    }
    world.end().await;
}

#[tokio::test]
async fn a_proof_needs_a_nonce_of_ours_that_is_fresh() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let path = phone.path();
    let good = phone.proof("GET", &path);
    let nonce = good.nonce.clone().unwrap();
    let with = |nonce: Option<&str>| Proof {
        nonce: nonce.map(str::to_owned),
        ..good.clone()
    };
    let other = format!(
        "{}{}",
        &nonce[..nonce.len() - 1],
        if nonce.ends_with('A') { 'E' } else { 'A' }
    );
    let id = Id::make().unwrap().to_string();
    for bad in [
        None,
        Some("x"),
        Some(&nonce[1..]),
        Some(&other),
        Some(&id),
        Some(&phone.id.to_string()),
    ] {
        refused(&world, &phone, &path, "nonce_required", with(bad)).await;
    }
    // It is good for many calls and its time, then the phone is told the next one.
    for seconds in [0, NONCE_LIFE] {
        world.pass(seconds);
        assert_eq!(phone.call(&path, with(Some(&nonce))).await.status, 200);
    }
    world.pass(1);
    refused(&world, &phone, &path, "nonce_required", with(Some(&nonce))).await;
    assert_eq!(phone.get(&path).await.status, 200);
    world.end().await;
}

#[tokio::test]
async fn the_id_of_a_request_is_the_nonce_of_its_own_fetch_only() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    world.waiting().await;
    let challenge = phone.challenge().await;
    let (jti, txn) = (challenge.jti.to_string(), challenge.txn.to_string());
    for id in [&jti, &txn] {
        let path = format!("/cs/v1/challenges/{id}");
        let proof = |nonce: &str| Proof {
            nonce: Some(nonce.to_owned()),
            ..phone.proof("GET", &path)
        };
        assert_eq!(phone.call(&path, proof(id)).await.status, 200);
        let other = if id == &jti { &txn } else { &jti };
        refused(&world, &phone, &path, "nonce_required", proof(other)).await;
    }
    let list = Proof {
        nonce: Some(jti),
        ..phone.proof("GET", "/cs/v1/challenges")
    };
    refused(&world, &phone, "/cs/v1/challenges", "nonce_required", list).await;
    world.end().await;
}

#[tokio::test]
async fn without_a_proof_or_with_what_is_none_nobody_is_known() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let path = phone.path();
    let good = sign(phone.proof("GET", &path), &phone.dev)
        .compact()
        .to_owned();
    let stranger = sign(phone.proof("GET", &path), &make_key())
        .compact()
        .to_owned();
    let response = "eyJhbGciOiJub25lIn0.e30.";
    let flipped = good.replacen('.', ".A", 1);
    for headers in [
        vec![],
        vec![""],
        vec!["x"],
        vec![response],
        vec![&stranger],
        vec![&flipped],
        vec![&good, &good],
    ] {
        let mut request = Request::get(&path);
        for header in &headers {
            request = request.header(PROOF_HEADER, *header);
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = world.refuses(&[], world.send(request)).await;
        answer.is_problem(401, "bad_proof");
    }
    let too_long = "A".repeat(Proof::CAP + 1);
    let request = Request::get(&path).header(PROOF_HEADER, too_long);
    let answer = world.send(request.body(Body::empty()).unwrap()).await;
    answer.is_problem(401, "bad_proof");
    world.end().await;
}

#[tokio::test]
async fn another_phones_id_is_as_unknown_as_any() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let bob = world.with_bob().await;
    let mut bodies = Vec::new();
    for id in [
        bob.id.to_string(),
        Id::make().unwrap().to_string(),
        "x".into(),
    ] {
        let path = format!("/cs/v1/credentials/{id}");
        let answer = world.refuses(&[], phone.get(&path)).await;
        answer.is_problem(404, "not_found");
        bodies.push(answer.body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    world.end().await;
}

#[tokio::test]
async fn a_pending_phone_reads_its_state_and_nothing_else() {
    let world = World::new().await;
    let pending = Enrolment::begin(&world, ANNA).await.pending().await;
    let phone = &pending.phone;
    assert!(phone.state().await.state == Standing::Pending);
    let (_browser, page) = world.waiting().await;
    let jti = world.value("SELECT jti FROM challenges").await;
    for path in [
        "/cs/v1/challenges".to_owned(),
        "/cs/v1/challenges?after=0-0&wait=25".to_owned(),
        format!("/cs/v1/challenges/{jti}"),
    ] {
        let answer = world.refuses(&[], phone.get(&path)).await;
        answer.is_problem(403, "not_active");
    }
    // It wasn't asked, and counts nowhere: the page shows a number of nobody.
    assert!(page.number().is_some());
    let real = "SELECT count(*) || '' FROM challenges JOIN credentials ON credentials.id = challenges.credential";
    assert_eq!(world.value(real).await, "0");
    world.end().await;
}

#[tokio::test]
async fn questions_that_make_no_sense_are_problems_too() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    for path in [
        format!("{}?sn=x", phone.path()),
        format!("{}?wait=-1", phone.path()),
        "/cs/v1/challenges?wait=1e9".to_owned(),
        "/cs/v1/challenges?wait=1&wait=2".to_owned(),
    ] {
        let answer = world.refuses(&[], phone.get(&path)).await;
        answer.is_problem(400, "bad_request");
    }
    for path in [
        "/cs/v1/credentials/%ff",
        "/cs/v1/challenges/%ff",
        "/cs/v1/none",
        "/cs/v2/keys",
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = world.send(request).await;
        assert!(matches!(answer.problem().0, 400 | 401 | 404), "{path}");
    }
    for (method, path) in [
        ("PUT", "/cs/v1/offers"),
        ("DELETE", "/cs/v1/keys"),
        ("POST", "/cs/v1/challenges"),
    ] {
        let request = Request::builder().method(method).uri(path);
        let answer = world.send(request.body(Body::empty()).unwrap()).await;
        assert!((400..500).contains(&answer.problem().0));
    }
    world.end().await;
}

#[tokio::test]
async fn a_registration_or_challenge_that_was_put_into_the_database_is_not_believed() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (_browser, page) = world.waiting().await;
    // Both are known by now, as they were.
    let challenge = phone.challenge().await;
    let put = async |sql: &str| {
        let mut tx = world.app.store.write().await.unwrap();
        tx.look::<i64>(sql);
        tx.commit().await.unwrap();
    };
    let turned = |table: &str, column: &str| {
        format!(
            "UPDATE {table} SET {column} = substr({column}, 1, length({column}) - 43)
                 || CASE substr({column}, -43, 1) WHEN 'A' THEN 'B' ELSE 'A' END || substr({column}, -42)"
        )
    };
    put(&turned("challenges", "statement")).await;
    let number = page.number();
    let response = phone.sign(phone.response(&challenge, Decision::Approve, number.as_deref()));
    let answer = world.refuses(&[], phone.post(&response)).await;
    answer.is_problem(500, "fault");
    put(&turned("credentials", "registration")).await;
    phone
        .get("/cs/v1/challenges")
        .await
        .is_problem(500, "fault");
    phone.post(&response).await.is_problem(500, "fault");
}
