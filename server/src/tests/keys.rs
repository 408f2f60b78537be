//! The server's keys change: by commands with the root key, while it runs.

use crate::config::Config;
use crate::testkit::{ANNA, BOB, ORIGIN, Phone, World, ask_offer, sign};
use countersign_protocol::call::{ChallengeAnswer, KeysAnswer, OfferAnswer, StateAnswer};
use countersign_protocol::jose::Refusal;
use countersign_protocol::statement::{
    Challenge, Decision, Event, Keys, Notice, Offer, Proof, Standing, State, VerdictCode,
};
use countersign_protocol::{Digest, Signed, Thumbprint};
use serde_json::Value;

/// A `keys` command with the root key that `init` made, or this one; the running server isn't told.
async fn command(world: &World, root: &str, words: &[&str]) -> Result<Value, String> {
    let path = world.folder().join(root).display().to_string();
    let mut line = vec!["keys"];
    line.extend(words);
    line.extend(["--root-key", &path]);
    let said = world.try_command(&line).await?;
    Ok(said.into_iter().next().unwrap_or_default())
}

async fn change(world: &World, words: &[&str]) -> Value {
    command(world, "root.key", words).await.unwrap()
}

async fn change_root(world: &World, old: &str, new: &str) -> Value {
    let path = world.folder().join(new).display().to_string();
    command(world, old, &["root", "--new-root-key", &path])
        .await
        .unwrap()
}

/// What the newest statement names, the one that signs first.
async fn named(world: &World) -> Vec<String> {
    let said = world.command(&["keys", "list"]).await;
    let keys = said["sign"].as_array().unwrap();
    let id = |row: &Value| row["key"].as_str().unwrap().to_owned();
    keys.iter().map(id).collect()
}

async fn fetch(world: &World, query: &str) -> Vec<String> {
    let request = axum::http::Request::get(format!("/cs/v1/keys{query}"));
    let request = request.body(axum::body::Body::empty()).unwrap();
    world.send(request).await.json::<KeysAnswer>().keys
}

/// A phone that asks for newer keys and believes them, from this root on.
async fn follow(world: &World, phone: &mut Phone<'_>, root: &str, after: u64) {
    let mut pinned = Thumbprint(Digest::parse(root).unwrap());
    for text in fetch(world, &format!("?after={after}")).await {
        let keys = Signed::<Keys>::verify_root(&text, &pinned).unwrap();
        phone.server = keys.sign.clone();
        if let Some(next) = &keys.root_next {
            pinned = next.thumbprint();
        }
    }
}

async fn root_of(world: &World) -> String {
    let said = world.command(&["keys", "list"]).await;
    said["root"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_new_key_signs_and_what_the_old_one_signed_goes_on() {
    let world = World::new().await;
    let mut phone = world.with_phone().await;
    let (_, page) = world.waiting().await;
    let before = phone.challenge().await;
    let root = root_of(&world).await;
    let old = named(&world).await;

    let said = change(&world, &["rotate"]).await;
    assert_eq!(said["n"], 2);
    let new = named(&world).await;
    assert_eq!((new.len(), &new[1..]), (2, &old[..]));
    let (_, later) = world.waiting_known().await;
    let list = phone.list("").await;
    assert!(Signed::<Challenge>::verify(&list.challenges[0], &phone.server).is_ok());
    let refused = Signed::<Challenge>::verify(&list.challenges[1], &phone.server);
    assert_eq!(refused.err(), Some(Refusal::UnknownKey));
    follow(&world, &mut phone, &root, 1).await;
    // A request of before is answered as ever.
    assert_eq!(phone.verify(&list.challenges[0]).hash(), before.hash());
    let code = phone.approve(&before, &page.number().unwrap()).await;
    assert_eq!(code, VerdictCode::Ok);
    let after = phone.challenge().await;
    assert_eq!((after.keys, after.kid().to_string()), (2, new[0].clone()));
    let code = phone.approve(&after, &later.number().unwrap()).await;
    assert_eq!(code, VerdictCode::Ok);

    // The oldest makes way when there would be four.
    change(&world, &["rotate"]).await;
    change(&world, &["rotate"]).await;
    let last = named(&world).await;
    assert_eq!((last.len(), last.contains(&old[0])), (3, false));
    world.end().await;
}

#[tokio::test]
async fn a_phone_that_was_away_is_led_from_root_to_root() {
    let world = World::new().await;
    let mut phone = world.with_phone().await;
    let root = root_of(&world).await;
    change(&world, &["rotate", "--only-new"]).await;
    let said = change_root(&world, "root.key", "second.key").await;
    assert_eq!(said["n"], 4);
    // Histories of before are checked by the first one.
    let said = world.command(&["keys", "list"]).await;
    assert_eq!(said["earlier_roots"], serde_json::json!([root]));
    assert_ne!(said["root"], root.as_str());
    command(&world, "second.key", &["rotate", "--only-new"])
        .await
        .unwrap();

    let links: Vec<u64> = fetch(&world, "?after=1")
        .await
        .iter()
        .map(|text| n_of(text))
        .collect();
    assert_eq!(links, [3, 5]);
    follow(&world, &mut phone, &root, 1).await;
    let (_, page) = world.waiting().await;
    phone.approve_on(&page).await;
    // What it has is said again, and nothing else without a number.
    for query in ["", "?after=5", "?after=99", "?after=18446744073709551615"] {
        let found: Vec<u64> = fetch(&world, query)
            .await
            .iter()
            .map(|text| n_of(text))
            .collect();
        assert_eq!(found, [5], "{query}");
    }
    let request = axum::http::Request::get("/cs/v1/keys?after=x");
    let request = request.body(axum::body::Body::empty()).unwrap();
    world.send(request).await.is_problem(400, "bad_request");
    world.end().await;
}

fn n_of(text: &str) -> u64 {
    let payload = text.split('.').nth(1).unwrap();
    let payload = countersign_protocol::encoding::decode(payload).unwrap();
    serde_json::from_slice::<Value>(&payload).unwrap()["n"]
        .as_u64()
        .unwrap()
}

#[tokio::test]
async fn a_long_chain_of_roots_is_read_eight_at_a_time() {
    let world = World::new().await;
    let mut old = "root.key".to_owned();
    for turn in 0..9 {
        let new = format!("root-{turn}.key");
        change_root(&world, &old, &new).await;
        old = new;
    }
    let page = |after: u64| {
        let world = &world;
        async move {
            let list = fetch(world, &format!("?after={after}")).await;
            list.iter().map(|text| n_of(text)).collect::<Vec<_>>()
        }
    };
    assert_eq!(page(1).await, [2, 4, 6, 8, 10, 12, 14, 16]);
    assert_eq!(page(16).await, [18, 19]);
    assert_eq!(page(18).await, [19]);
    world.end().await;
}

#[tokio::test]
async fn a_stolen_key_is_withdrawn_and_what_it_signed_is_void() {
    let world = World::new().await;
    let mut phone = world.with_phone().await;
    let root = root_of(&world).await;
    let (browser, page) = world.waiting().await;
    let open = phone.challenge().await;
    let (_, _, link) = world.invitation_of(BOB).await;
    let token = link.token.to_string();
    let offer: OfferAnswer = ask_offer(&world, &token).await.json();
    let stolen = named(&world).await.remove(0);

    // The last key goes only together with a new one.
    let words = ["withdraw", stolen.as_str()];
    let refused = world
        .refuses(&[], command(&world, "root.key", &words))
        .await
        .unwrap_err();
    assert!(refused.contains("--replace"), "{refused}");
    change(&world, &["withdraw", &stolen, "--replace"]).await;
    let now = named(&world).await;
    assert!(now.len() == 1 && now[0] != stolen);
    assert!(
        !world
            .folder()
            .join(format!("signing/{stolen}.key"))
            .exists()
    );

    // A phone that still shows the request gets no yes for it, the browser may send again.
    follow(&world, &mut phone, &root, 1).await;
    let code = phone.approve(&open, &page.number().unwrap()).await;
    assert_eq!(code, VerdictCode::Cancelled);
    assert!(browser.open(&page.path).await.phase().is_none());
    assert!(phone.list("").await.challenges.is_empty());
    // A phone that knows the new keys refuses what the thief signs.
    let forged = Signed::<Challenge>::verify(open.compact(), &phone.server);
    assert_eq!(forged.err(), Some(Refusal::UnknownKey));
    // An offer of before can't be taken, a new one can.
    let keys = Signed::<Keys>::verify_root(&offer.keys, &link.root).unwrap();
    let old = Signed::<Offer>::verify(&offer.offer, &keys.sign).unwrap();
    let open = "SELECT hash FROM offers JOIN invitations ON invitations.id = invitation WHERE stage = 'open'";
    assert_eq!(world.value(open).await, "");
    let again: OfferAnswer = ask_offer(&world, &token).await.json();
    let keys = Signed::<Keys>::verify_root(&again.keys, &link.root).unwrap();
    let new = Signed::<Offer>::verify(&again.offer, &keys.sign).unwrap();
    assert!(new.hash() != old.hash());
    // It can't be withdrawn twice.
    let twice = command(&world, "root.key", &["withdraw", &stolen]).await;
    assert!(twice.unwrap_err().contains("keys list"));
    world.end().await;
}

#[tokio::test]
async fn one_of_two_keys_goes_without_a_new_one() {
    let world = World::new().await;
    change(&world, &["rotate"]).await;
    let [new, old] = named(&world).await.try_into().unwrap();
    change(&world, &["withdraw", &new]).await;
    assert_eq!(named(&world).await, std::slice::from_ref(&old));
    // Its file is lost: nothing would be left to sign with.
    change(&world, &["rotate"]).await;
    let third = named(&world).await.remove(0);
    std::fs::remove_file(world.folder().join(format!("signing/{old}.key"))).unwrap();
    let refused = command(&world, "root.key", &["withdraw", &third]).await;
    assert!(refused.unwrap_err().contains("--replace"));
    world.end().await;
}

#[tokio::test]
async fn only_the_root_that_phones_have_pinned_changes_anything() {
    let world = World::new().await;
    let signing = format!("signing/{}.key", named(&world).await[0]);
    std::fs::write(world.folder().join("torn.key"), "AAAA").unwrap();
    for file in [signing.as_str(), "wrapping.key", "torn.key", "none.key"] {
        for words in [&["rotate"][..], &["renew"], &["rotate", "--only-new"]] {
            let refused = world.refuses(&[], command(&world, file, words)).await;
            let said = refused.unwrap_err();
            assert!(!said.contains("AAAA"), "{said}");
        }
    }
    assert_eq!(
        std::fs::read_dir(world.folder().join("signing"))
            .unwrap()
            .count(),
        1
    );
    change_root(&world, "root.key", "second.key").await;
    let refused = world
        .refuses(&[], command(&world, "root.key", &["rotate"]))
        .await;
    assert!(refused.unwrap_err().contains("not the root key"));
    // Back to a root that was replaced, or to itself, there is no way.
    for new in ["root.key", "second.key"] {
        let path = world.folder().join(new).display().to_string();
        let words = ["root", "--new-root-key", &path];
        let refused = world
            .refuses(&[], command(&world, "second.key", &words))
            .await;
        assert!(refused.unwrap_err().contains("already"));
    }
    world.end().await;
}

#[tokio::test]
async fn a_command_that_was_cut_off_is_given_again_and_no_key_that_lay_there_is_taken() {
    let world = World::new().await;
    // The file of the new key was written, the statement was not. It may as well be a thief's, who was on
    // this machine once and waits for the root to sign for it: it is left where it is.
    let left = crate::keyring::make_key_in(&world.folder().join("signing")).unwrap();
    let left = left.public().thumbprint().to_string();
    std::fs::write(world.folder().join("signing/x.draft"), "half").unwrap();
    let stolen = named(&world).await.remove(0);
    change(&world, &["rotate"]).await;
    change(&world, &["withdraw", &stolen, "--replace"]).await;
    assert!(!named(&world).await.contains(&left));
    // The new root's file was written, the statements were not.
    let second = crate::keyring::make_key_in(&world.folder().join("medium")).unwrap();
    let second = second.public().thumbprint().to_string();
    let said = change_root(&world, "root.key", &format!("medium/{second}.key")).await;
    assert_eq!(said["root"], second.as_str());
    world.end().await;
}

#[tokio::test]
async fn settings_with_one_key_file_go_on_and_new_keys_lie_beside_it() {
    let world = World::with_settings(|settings| {
        assert!(settings.contains(r#"signing = "signing""#));
        settings
    })
    .await;
    let folder = world.folder();
    let old = named(&world).await.remove(0);
    std::fs::rename(
        folder.join(format!("signing/{old}.key")),
        folder.join("signing.key"),
    )
    .unwrap();
    let path = folder.join("countersign.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace(r#"signing = "signing""#, r#"signing = "signing.key""#);
    std::fs::write(&path, text).unwrap();
    let config = Config::load(&path).unwrap();
    let found = |config: &Config| crate::keyring::key_files(config).unwrap().len();
    assert_eq!(found(&config), 1);
    crate::keyring::make_key(&config).unwrap();
    assert_eq!(found(&config), 2);
    assert!(folder.join("signing.key.d").is_dir());
    world.end().await;
}

#[tokio::test]
async fn a_state_by_a_key_that_is_named_no_longer_becomes_the_next_state() {
    let world = World::new().await;
    let mut phone = world.with_phone().await;
    let root = root_of(&world).await;
    let path = phone.path();
    let read =
        async |phone: &Phone<'_>| -> String { phone.get(&path).await.json::<StateAnswer>().state };
    let first = read(&phone).await;
    change(&world, &["rotate"]).await;
    assert_eq!(read(&phone).await, first);
    change(&world, &["rotate", "--only-new"]).await;
    follow(&world, &mut phone, &root, 1).await;
    let state = phone.state().await;
    assert_eq!(
        (state.sn, state.state, state.keys),
        (3, Standing::Active, 3)
    );
    let again = phone.state().await;
    assert_eq!(again.hash(), state.hash());
    assert!(Signed::<State>::verify(&first, &phone.server).is_err());
    world.end().await;
}

#[tokio::test]
async fn a_repeated_response_gets_its_verdict_by_a_key_that_is_believed() {
    let world = World::new().await;
    let mut phone = world.with_phone().await;
    let root = root_of(&world).await;
    world.waiting().await;
    let challenge = phone.challenge().await;
    let response = phone.sign(phone.response(&challenge, Decision::Deny, None));
    let before = phone.deliver(&response).await;
    change(&world, &["rotate", "--only-new"]).await;
    follow(&world, &mut phone, &root, 1).await;
    let after = phone.deliver(&response).await;
    assert!(after.kid() != before.kid() && after.jti == before.jti && after.code == before.code);
    world.end().await;
}

#[tokio::test]
async fn an_invitation_keeps_the_root_that_it_names() {
    let world = World::new().await;
    let (browser, page, link) = world.invitation(ANNA).await;
    change_root(&world, "root.key", "second.key").await;
    // The page shows the same invitation when it is opened again.
    assert_eq!(browser.open(&page.path).await.invitation().root, link.root);
    let answer: OfferAnswer = ask_offer(&world, &link.token.to_string()).await.json();
    let keys = Signed::<Keys>::verify_root(&answer.keys, &link.root).unwrap();
    assert!(keys.n == 2 && keys.root_next.is_some());
    let offer = Signed::<Offer>::verify(&answer.offer, &keys.sign).unwrap();
    assert_eq!(offer.keys, 3);
    let (_, _, newer) = world.invitation_of(BOB).await;
    assert_eq!(newer.root.to_string(), root_of(&world).await);
    let answer: OfferAnswer = ask_offer(&world, &newer.token.to_string()).await.json();
    assert!(Signed::<Keys>::verify_root(&answer.keys, &newer.root).is_ok());
    world.end().await;
}

#[tokio::test]
async fn a_phone_may_call_each_address_of_the_settings_and_no_other() {
    const SECOND: &str = "https://id2.example.com:8443";
    let world =
        World::with_settings(|settings| format!("origins = [\"{SECOND}\"]\n{settings}")).await;
    let phone = world.with_phone().await;
    let path = phone.path();
    let at = |origin: &str| Proof {
        htu: format!("{origin}{path}"),
        ..phone.proof("GET", &path)
    };
    for good in [ORIGIN, SECOND] {
        assert_eq!(phone.call(&path, at(good)).await.status, 200, "{good}");
    }
    for bad in [
        "https://id2.example.com",
        "https://id3.example.com",
        "http://id.example.com",
    ] {
        let answer = world.refuses(&[], phone.call(&path, at(bad))).await;
        answer.is_problem(401, "bad_proof");
    }
    // Who the server is doesn't change with the address that was called.
    let foreign = Proof {
        aud: countersign_protocol::Origin::parse(SECOND).unwrap(),
        ..at(SECOND)
    };
    let header = sign(foreign, &phone.dev).compact().to_owned();
    let request = axum::http::Request::get(&path)
        .header("host", "id2.example.com:8443")
        .header(countersign_protocol::statement::PROOF_HEADER, header);
    let request = request.body(axum::body::Body::empty()).unwrap();
    world.send(request).await.is_problem(401, "bad_proof");
    // Phones are told by the next statement.
    assert_eq!(
        world.command(&["keys", "list"]).await["origins"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    change(&world, &["renew"]).await;
    let said = world.command(&["keys", "list"]).await;
    assert_eq!(said["origins"], serde_json::json!([ORIGIN, SECOND]));
    world.end().await;
}

#[tokio::test]
async fn sixty_days_before_the_end_it_is_said() {
    let world = World::new().await;
    // `init` looks at the machine's clock, a renewal at the story's.
    change(&world, &["renew"]).await;
    let warning = async || world.command(&["keys", "list"]).await["warning"].clone();
    assert_eq!(warning().await, Value::Null);
    world.pass(339 * 86_400);
    assert_eq!(warning().await, Value::Null);
    world.pass(2 * 86_400);
    assert!(warning().await.as_str().unwrap().contains("keys renew"));
    world.pass(60 * 86_400);
    assert!(warning().await.as_str().unwrap().contains("is over"));
    world.end().await;
}

#[tokio::test]
async fn a_request_by_its_id_is_the_one_that_was_listed() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    world.waiting().await;
    let challenge = phone.challenge().await;
    change(&world, &["rotate"]).await;
    let path = format!("/cs/v1/challenges/{}", challenge.jti);
    let answer: ChallengeAnswer = phone.get(&path).await.json();
    assert_eq!(answer.challenge, challenge.compact());
    world.end().await;
}

#[tokio::test]
async fn every_phone_is_told_once_that_the_keys_changed_and_believes_what_it_was_told_before() {
    let world = World::new().await;
    let [mut phone, tablet] = world.with_two_phones().await;
    let root = root_of(&world).await;
    let (_browser, _page) = world.waiting().await;
    let challenge = phone.challenge().await;
    world
        .command(&["phone", "suspend", &phone.id.to_string()])
        .await;
    // Two rotations while it was away: one notice, and what was signed before is signed anew.
    change(&world, &["rotate", "--only-new"]).await;
    change(&world, &["rotate", "--only-new"]).await;
    fetch(&world, "").await;
    let list = phone.list("").await;
    assert!(
        list.others
            .iter()
            .all(|text| Signed::<Notice>::verify(text, &phone.server).is_err())
    );
    follow(&world, &mut phone, &root, 1).await;
    let events = [Event::Suspended, Event::KeysChanged];
    assert!(phone.events().await == events && phone.events().await == events);
    let cancels = phone.cancels().await;
    assert!(cancels.len() == 1 && cancels[0].challenge == challenge.jti);
    // Acknowledged by the name that it had before.
    phone.acknowledge_all().await;
    assert!(phone.told().await.is_empty());
    assert_eq!(tablet.list("").await.others.len(), 2);
    world.end().await;
}
