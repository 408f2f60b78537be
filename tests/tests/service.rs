//! An application asks a person to confirm something, and what the person signed stands by itself: real server,
//! real phone, each a process.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use base64ct::{Base64UrlUnpadded, Encoding as _};
use countersign_protocol::crypto::PublicKey;
use countersign_protocol::receipt::{Flaw, Receipt};
use countersign_protocol::statement::{Challenge, Decision, Keys, Outcome, Response, Verdict};
use countersign_protocol::view::View;
use countersign_protocol::{Digest, Refusal, Signed, Thumbprint};
use countersign_tests::harness::story::{self, silently};
use countersign_tests::harness::{ADMIN, Phone, Service, World, program};
use serde_json::{Value, json};
use std::process::Command;

struct Story {
    world: World,
    phone: Phone,
    shop: Service,
}

fn told() -> Story {
    let world = World::start().unwrap();
    let phone = world.phone("anna").unwrap();
    story::enrol(&world, &phone, ADMIN, &mut silently).unwrap();
    let shop = Service::make(&world.server, &world.ca, "shop", "Example Shop").unwrap();
    Story { world, phone, shop }
}

/// With rows that are easily shown wrong.
fn payment(request_id: &str) -> Value {
    json!({
        "request_id": request_id, "account": ADMIN, "kind": "transaction", "lang": "de",
        "rows": [
            {"label": "Betrag", "value": "1.200,00 €"},
            {"label": "An", "value": "<b>Müller & Söhne</b>\tGmbH"},
            {"label": "Zweck", "value": "שלום 👩‍🚀 \u{202e}drehen"},
        ],
    })
}

impl Story {
    fn ask(&self, call: &Value) -> Value {
        let reply = self.shop.ask(call).unwrap();
        assert_eq!(reply.status, 201, "{}", reply.body);
        reply.body
    }

    fn look(&self, asked: &Value, wait: u64) -> Value {
        let reply = self.shop.look(text(asked, "id"), wait).unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.body
    }

    /// What the phone shows, and its name there.
    fn prompt(&self) -> (String, Value) {
        let prompt = story::await_prompt(&self.phone).unwrap();
        (text(&prompt, "id").to_owned(), prompt)
    }

    fn approved(&self, request_id: &str) -> Value {
        let asked = self.ask(&payment(request_id));
        let (id, _) = self.prompt();
        self.phone
            .ask(&["approve", &id, "--number", text(&asked, "number")])
            .unwrap();
        self.look(&asked, 25)
    }

    fn root(&self) -> Thumbprint {
        Thumbprint(Digest::parse(&self.shop.root).unwrap())
    }
}

fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object[member].as_str().unwrap()
}

/// The values of a phone's rows by their ids.
fn row<'a>(prompt: &'a Value, id: &str) -> &'a str {
    let rows = prompt["rows"].as_array().unwrap();
    text(rows.iter().find(|row| row["id"] == id).unwrap(), "value")
}

#[test]
fn a_person_confirms_a_payment_and_the_proof_stands_without_the_server() {
    let mut story = told();
    let asked = story.ask(&payment("payment-1"));
    let signed = json!([
        {"label": "Betrag", "value": "1.200,00 €"},
        {"label": "An", "value": "<b>Müller & Söhne</b> GmbH"},
        {"label": "Zweck", "value": "שלום 👩‍🚀 drehen"},
    ]);
    assert_eq!(asked["rows"], signed);

    // The phone shows it word for word, with who asks, and not the number.
    let (id, prompt) = story.prompt();
    assert_eq!(
        (text(&prompt, "title"), text(&prompt, "lang")),
        ("Confirm this?", "de")
    );
    assert_eq!(
        (row(&prompt, "service"), row(&prompt, "host")),
        ("Example Shop", "shop.example.com")
    );
    for (n, signed) in signed.as_array().unwrap().iter().enumerate() {
        assert_eq!(
            row(&prompt, &format!("label.{}", n + 1)),
            text(signed, "label")
        );
        assert_eq!(
            row(&prompt, &format!("value.{}", n + 1)),
            text(signed, "value")
        );
    }
    let words = story.phone.in_words(&["show", &id]).unwrap();
    assert!(words.contains("Betrag: 1.200,00 €"), "{words}");
    assert!(words.contains("An: <b>Müller & Söhne</b> GmbH"), "{words}");
    assert_eq!(story.look(&asked, 0)["seen"], true);

    story
        .phone
        .ask(&["approve", &id, "--number", text(&asked, "number")])
        .unwrap();
    let shown = story.look(&asked, 25);
    assert_eq!(shown["state"], "approved");

    // From here on there is no server, and nobody but the one who reads the text.
    story.world.server.kill().unwrap();
    let read = check_by_hand(&shown["receipt"], &story.root());
    assert_eq!(read.body().rows.as_ref().unwrap().len(), 3);
    assert_eq!(read.txn.to_string(), text(&asked, "id"));
    let receipt = Receipt::parse(shown["receipt"].to_string().as_bytes()).unwrap();
    let checked = receipt.check(&story.root()).unwrap();
    assert!(checked.is_approval());
    assert_eq!(
        checked.view.value("value.2"),
        Some("<b>Müller & Söhne</b> GmbH")
    );

    let file = story.world.dir().join("receipt.json");
    std::fs::write(&file, shown["receipt"].to_string()).unwrap();
    let run = |root: &str| {
        let mut command = Command::new(program("countersign").unwrap());
        command
            .args(["--json", "verify-receipt"])
            .arg(&file)
            .args(["--root", root]);
        command.current_dir(story.world.dir()).output().unwrap()
    };
    let output = run(&story.shop.root);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        output.status.success() && said["approved"] == true && said["app"] == "shop",
        "{said}"
    );
    let by_another = run(&checked.response.kid().to_string());
    assert_eq!(by_another.status.code(), Some(1));
}

/// The check of `docs/service-api.md` as another program would write it, step by step from the JSON alone. Gives
/// what was asked.
fn check_by_hand(receipt: &Value, root: &Thumbprint) -> Signed<Challenge> {
    let keys = receipt["keys"].as_array().unwrap();
    let keys = Signed::<Keys>::verify_root(keys[0].as_str().unwrap(), root).unwrap();
    let challenge = Signed::<Challenge>::verify(text(receipt, "challenge"), &keys.sign).unwrap();
    let verdict = Signed::<Verdict>::verify(text(receipt, "verdict"), &keys.sign).unwrap();
    let phone: PublicKey = serde_json::from_value(receipt["key"].clone()).unwrap();
    let response = Signed::<Response>::verify(text(receipt, "response"), &[phone]).unwrap();
    assert!(response.kid() == phone.thumbprint());
    assert!(challenge.iss == keys.iss && verdict.iss == keys.iss && response.aud == keys.iss);
    assert!(response.challenge == challenge.hash() && verdict.challenge == challenge.hash());
    assert!(response.iss == challenge.aud && verdict.aud == challenge.aud);
    assert!(verdict.response == response.hash());
    assert!(response.view == View::of(&challenge).digest());
    assert!(response.decision == Decision::Approve && verdict.result == Outcome::Accepted);
    assert!((challenge.iat..=challenge.exp).contains(&verdict.iat));
    challenge
}

#[test]
fn row_45_no_row_can_be_changed_afterwards() {
    let story = told();
    let shown = story.approved("payment-1");
    let receipt: Receipt = serde_json::from_value(shown["receipt"].clone()).unwrap();
    assert!(receipt.check(&story.root()).unwrap().is_approval());
    // Everything that the statement says, rows first, changed where it stands.
    let [header, payload, signature] = parts(&receipt.challenge);
    let said: Value =
        serde_json::from_slice(&Base64UrlUnpadded::decode_vec(payload).unwrap()).unwrap();
    let mut changed = 0;
    for pointer in [
        "/rows/0/label",
        "/rows/0/value",
        "/rows/1/label",
        "/rows/1/value",
        "/rows/2/label",
        "/rows/2/value",
        "/account",
        "/service/id",
        "/service/name",
        "/service/host",
        "/lang",
        "/kind",
        "/txn",
        "/aud",
    ] {
        let mut other = said.clone();
        let member = other.pointer_mut(pointer).unwrap();
        *member = match pointer {
            "/kind" => json!("stepup"),
            "/txn" | "/aud" => json!("AAAAAAAAAAAAAAAAAAAAAA"),
            _ => json!(format!("{}x", member.as_str().unwrap())),
        };
        let payload = Base64UrlUnpadded::encode_string(other.to_string().as_bytes());
        let challenge = format!("{header}.{payload}.{signature}");
        let bent = Receipt {
            challenge,
            ..receipt.clone()
        };
        let flaw = bent.check(&story.root()).err();
        assert_eq!(
            flaw,
            Some(Flaw::Statement("challenge", Refusal::Signature)),
            "{pointer}"
        );
        changed += 1;
    }
    assert_eq!(changed, 14);

    // Of another answer of the same phone to the same application each part is genuine, and none fits.
    let second = story.approved("payment-2");
    let second: Receipt = serde_json::from_value(second["receipt"].clone()).unwrap();
    for (mixed, flaw) in [
        (
            Receipt {
                challenge: second.challenge.clone(),
                ..receipt.clone()
            },
            "response.challenge",
        ),
        (
            Receipt {
                response: second.response.clone(),
                ..receipt.clone()
            },
            "response.challenge",
        ),
        (
            Receipt {
                verdict: second.verdict.clone(),
                ..receipt.clone()
            },
            "verdict.challenge",
        ),
    ] {
        assert_eq!(mixed.check(&story.root()).err(), Some(Flaw::Link(flaw)));
    }
    let other = Thumbprint(Digest::of(&[b"another root"]));
    assert_eq!(receipt.check(&other).err(), Some(Flaw::Root));
}

fn parts(statement: &str) -> [&str; 3] {
    let parts: Vec<&str> = statement.split('.').collect();
    parts.try_into().unwrap()
}

#[test]
fn a_refusal_and_a_wrong_number_are_told_apart() {
    let story = told();
    let asked = story.ask(&payment("payment-1"));
    let (id, _) = story.prompt();
    story.phone.ask(&["deny", &id]).unwrap();
    assert_eq!(story.look(&asked, 25)["state"], "denied");

    let call = json!({"request_id": "again-1", "account": ADMIN, "kind": "stepup", "context": {"user_agent": "Firefox/1 Linux"}});
    let asked = story.ask(&call);
    let (id, prompt) = story.prompt();
    assert_eq!(text(&prompt, "title"), "Confirm again?");
    assert_eq!(row(&prompt, "browser"), "Firefox on Linux");
    let wrong = if text(&asked, "number") == "00" {
        "01"
    } else {
        "00"
    };
    let outcome = story
        .phone
        .run(&["approve", &id, "--number", wrong])
        .unwrap();
    assert!(!outcome.status.success());
    let shown = story.look(&asked, 25);
    assert_eq!(shown["state"], "number_wrong");
    let receipt: Receipt = serde_json::from_value(shown["receipt"].clone()).unwrap();
    assert!(!receipt.check(&story.root()).unwrap().is_approval());
}

#[test]
fn this_was_not_me_pauses_the_id_and_the_application_learns_it() {
    let story = told();
    let asked = story.approved("payment-1");
    assert_eq!(asked["state"], "approved");
    let entry = story.phone.ask(&["history"]).unwrap();
    assert_eq!(
        (&entry[0]["kind"], &entry[0]["decision"]),
        (&json!("transaction"), &json!("approve"))
    );
    let second = story.ask(&payment("payment-2"));
    let (id, _) = story.prompt();
    story.phone.ask(&["report", &id]).unwrap();
    assert_eq!(story.look(&second, 25)["state"], "reported");
    let refused = story.shop.ask(&payment("payment-3")).unwrap();
    assert_eq!(
        (refused.status, text(&refused.body, "code")),
        (422, "paused")
    );
}

#[test]
fn row_24_a_server_that_was_killed_goes_on_where_it_was() {
    let mut story = told();
    let asked = story.ask(&payment("payment-1"));
    story.world.server.kill().unwrap();
    story.world.server.restart(&story.world.ca).unwrap();
    // The answer got lost, as far as the application knows.
    let again = story.shop.ask(&payment("payment-1")).unwrap();
    assert_eq!((again.status, &again.body), (200, &asked));
    let (id, _) = story.prompt();
    story.world.server.kill().unwrap();
    let number = text(&asked, "number");
    let queued = story
        .phone
        .ask(&["approve", &id, "--number", number])
        .unwrap();
    assert!(
        queued.iter().any(|event| event["event"] == "queued"),
        "{queued:?}"
    );
    story.world.server.restart(&story.world.ca).unwrap();
    story.phone.ask(&["outbox", "--send"]).unwrap();
    assert_eq!(story.look(&asked, 0)["state"], "approved");
}

#[test]
fn two_applications_ask_at_once_and_each_gets_its_own_answer() {
    let story = told();
    let bank = Service::make(&story.world.server, &story.world.ca, "bank", "Example Bank").unwrap();
    let asked = story.ask(&payment("1"));
    let of_bank = bank.ask(&payment("1")).unwrap().body;
    assert_eq!(bank.look(text(&asked, "id"), 0).unwrap().status, 404);
    assert_eq!(bank.cancel(text(&asked, "id")).unwrap().status, 404);
    let prompts = story.phone.run(&["pending"]).unwrap().events;
    let of = |service: &str| {
        let prompt = prompts.iter().find(|prompt| prompt["service"] == service);
        text(prompt.unwrap(), "id").to_owned()
    };
    story.phone.ask(&["deny", &of("Example Shop")]).unwrap();
    let number = text(&of_bank, "number");
    story
        .phone
        .ask(&["approve", &of("Example Bank"), "--number", number])
        .unwrap();
    assert_eq!(story.look(&asked, 25)["state"], "denied");
    let shown = bank.look(text(&of_bank, "id"), 25).unwrap().body;
    assert_eq!(shown["state"], "approved");
    let receipt: Receipt = serde_json::from_value(shown["receipt"].clone()).unwrap();
    assert_eq!(
        receipt.check(&story.root()).unwrap().challenge.service.id,
        "bank"
    );
}

#[test]
fn a_command_asks_and_keeps_the_receipt() {
    let story = told();
    let file = story.world.dir().join("kept.json").display().to_string();
    let row = ["--row", "Amount=12 €", "--wait", "--out", &file];
    let mut line = vec!["ask", "--app", "shop", "--account", ADMIN];
    line.extend(row);
    let mut asking = story.world.server.start_command(&line).unwrap();
    let asked = asking.await_event("number").unwrap();
    let (id, prompt) = story.prompt();
    assert_eq!(self::row(&prompt, "value.1"), "12 €");
    // The answer is signed by a key that the waiting command does not know yet.
    let root = story.world.server.root_key().display().to_string();
    let rotate = ["keys", "rotate", "--root-key", &root];
    story.world.server.command(&rotate).unwrap();
    story
        .phone
        .ask(&["approve", &id, "--number", text(&asked, "number")])
        .unwrap();
    let ended = asking.await_event("file").unwrap();
    assert!(ended["state"] == "approved" && asking.wait().unwrap().success());
    let receipt = Receipt::parse(&std::fs::read(&file).unwrap()).unwrap();
    let checked = receipt.check(&story.root()).unwrap();
    assert!(checked.is_approval());
    assert_eq!(json!(checked.challenge.txn), asked["id"]);

    // A denial has a receipt as well, and is not taken for an approval.
    let file = story.world.dir().join("denied.json").display().to_string();
    let end = line.len() - 1;
    line[end] = &file;
    let mut asking = story.world.server.start_command(&line).unwrap();
    asking.await_event("number").unwrap();
    let (id, _) = story.prompt();
    story.phone.ask(&["deny", &id]).unwrap();
    let ended = asking.await_event("file").unwrap();
    assert_eq!(ended["state"], "denied");
    assert_eq!(asking.wait().unwrap().code(), Some(3));
    let mut command = Command::new(program("countersign").unwrap());
    command.args(["verify-receipt", &file, "--root", &story.shop.root]);
    assert_eq!(command.output().unwrap().status.code(), Some(3));
}
