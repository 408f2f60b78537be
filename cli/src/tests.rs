//! Whole command lines, with the published history of `tests/vectors/protocol.json`.

use super::*;
use serde_json::Map;

/// A folder with the published history, and what is known of it from elsewhere.
struct Desk {
    folder: tempfile::TempDir,
    vectors: Value,
}

impl Desk {
    fn new() -> Self {
        let text = include_str!("../../tests/vectors/protocol.json");
        Self {
            folder: tempfile::tempdir().unwrap(),
            vectors: serde_json::from_str(text).unwrap(),
        }
    }

    fn thumbprint(&self, key: &str) -> String {
        let key = &self.vectors["public_keys"][key]["thumbprint"];
        key.as_str().unwrap().to_owned()
    }

    fn lines(&self) -> Vec<String> {
        serde_json::from_value(self.vectors["history"].clone()).unwrap()
    }

    fn put(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn history(&self, name: &str, lines: &[String]) -> String {
        self.put(name, &(lines.join("\n") + "\n"))
    }

    fn statement(&self, name: &str) -> Value {
        self.vectors["statements"][name]["statement"].clone()
    }
}

fn run(line: &[&str]) -> Result<Outcome, Unusable> {
    let line = std::iter::once("countersign").chain(line.iter().copied());
    let arguments = Arguments::try_parse_from(line).map_err(|fault| Unusable(fault.to_string()))?;
    match &arguments.command {
        Command::VerifyHistory(arguments) => history::verify(arguments),
        Command::VerifyReceipt(arguments) => receipt::verify(arguments),
    }
}

fn checked(line: &[&str]) -> Outcome {
    run(line).unwrap_or_else(|Unusable(why)| panic!("{why}"))
}

fn unusable(line: &[&str]) -> bool {
    run(line).is_err()
}

#[test]
fn a_good_history_is_vouched_for_in_words_that_say_on_what_it_rests() {
    let desk = Desk::new();
    let file = desk.history("good", &desk.lines());
    let (root, dev) = (desk.thumbprint("R"), desk.thumbprint("K_dev"));
    let only = checked(&["verify-history", &file, "--root", &root]);
    assert!(only.ending == Ending::Good && only.text.contains("Vouched for: answers 1 to 7."));
    assert!(only.text.contains("rests on the root key alone"));
    assert!(only.text.contains("this file alone cannot tell"));
    assert!(only.text.contains("7 answers, 1 without a verdict."));
    assert_eq!(only.json["vouched"], json!({ "from": 1, "to": 7 }));
    assert_eq!(
        (&only.json["by_phone"], &only.json["good"]),
        (&Value::Null, &json!(true))
    );

    let more = checked(&["verify-history", &file, "--root", &root, "--dev", &dev]);
    assert!(more.text.contains("this phone signed answers 1 to 7"));
    assert!(
        more.text
            .contains("even if a signing key of the server was stolen")
    );
    assert_eq!(more.json["by_phone"], json!({ "from": 1, "to": 7 }));

    let hash = desk.vectors["statements"]["response"]["H"]
        .as_str()
        .unwrap();
    let line = [
        "verify-history",
        &file,
        "--root",
        &root,
        "--deposited",
        hash,
    ];
    let first = checked(&line);
    assert!(first.text.contains("this phone signed answer 1,"));
    assert!(
        first
            .text
            .contains("For answers 2 to 7 also the phone's part")
    );
}

#[test]
fn damage_is_named_by_line_and_answer_and_is_no_good() {
    let desk = Desk::new();
    let root = desk.thumbprint("R");
    let check = |lines: &[String]| {
        let file = desk.history("bad", lines);
        checked(&["verify-history", &file, "--root", &root])
    };
    let mut gap = desk.lines();
    gap.remove(9);
    let outcome = check(&gap);
    assert!(
        outcome.ending == Ending::Wrong && outcome.text.contains("Vouched for: answers 1 to 2.")
    );
    assert!(
        outcome
            .text
            .contains("line 10, answer 4: entries 3 to 3 are missing [removed]")
    );
    let found = &outcome.json["findings"][0];
    assert_eq!(
        (&found["code"], &found["line"], &found["ctr"]),
        (&json!("removed"), &json!(10), &json!(4))
    );
    let mut late = desk.lines();
    late[4] = late[4].replacen("\"state\":\"e", "\"state\":\"f", 1);
    let outcome = check(&late);
    assert!(outcome.ending == Ending::Wrong && outcome.text.contains("Nothing is vouched for."));
    let mut many = desk.lines();
    many.extend(std::iter::repeat_n("x".to_owned(), 200));
    assert!(check(&many).text.contains("and 100 more"));
    // Another root, another phone.
    let file = desk.history("good", &desk.lines());
    let other = desk.thumbprint("R2");
    assert!(checked(&["verify-history", &file, "--root", &other]).ending == Ending::Wrong);
    let line = ["verify-history", &file, "--root", &root, "--dev", &other];
    assert!(checked(&line).ending == Ending::Wrong);
}

#[test]
fn a_cut_at_the_end_shows_by_the_other_file() {
    let desk = Desk::new();
    let root = desk.thumbprint("R");
    let whole = desk.history("whole", &desk.lines());
    let mut lines = desk.lines();
    lines.truncate(12);
    lines[0] = lines[0].replacen("\"to\":7", "\"to\":5", 1);
    let cut = desk.history("cut", &lines);
    assert!(checked(&["verify-history", &cut, "--root", &root]).ending == Ending::Good);
    let line = ["verify-history", &cut, "--root", &root, "--with", &whole];
    let outcome = checked(&line);
    assert!(outcome.ending == Ending::Wrong && outcome.text.contains("entries up to 7 [cut]"));
    assert_eq!(outcome.json["with"]["answers"], 7);
    // What is wrong with the other file is said too.
    lines.remove(3);
    let bad = desk.history("bad", &lines);
    let line = ["verify-history", &whole, "--root", &root, "--with", &bad];
    let outcome = checked(&line);
    assert!(
        outcome.ending == Ending::Good,
        "a keys statement that nothing rests on: {}",
        outcome.text
    );
    lines.push("x".to_owned());
    let bad = desk.history("worse", &lines);
    let line = ["verify-history", &whole, "--root", &root, "--with", &bad];
    let outcome = checked(&line);
    assert!(outcome.ending == Ending::Wrong && outcome.text.contains("Wrong with the other file:"));
}

#[test]
fn what_is_nothing_to_check_is_told_from_what_is_wrong() {
    let desk = Desk::new();
    let root = desk.thumbprint("R");
    let good = desk.history("good", &desk.lines());
    let missing = desk.folder.path().join("nowhere").display().to_string();
    let (empty, other) = (desk.put("empty", ""), desk.put("other", "hello\n"));
    for file in [
        &missing,
        &empty,
        &other,
        &desk.folder.path().display().to_string(),
    ] {
        assert!(
            unusable(&["verify-history", file, "--root", &root]),
            "{file}"
        );
        let line = ["verify-history", &good, "--root", &root, "--with", file];
        assert!(unusable(&line), "{file}");
        assert!(
            unusable(&["verify-receipt", file, "--root", &root]),
            "{file}"
        );
    }
    for bad in ["", "-", "AAAA", &root[1..], &format!("{root}=")] {
        assert!(unusable(&["verify-history", &good, "--root", bad]), "{bad}");
    }
    assert!(unusable(&["verify-history", &good]));
    let huge = desk.put("huge", &" ".repeat(countersign_protocol::receipt::CAP + 1));
    assert!(unusable(&["verify-receipt", &huge, "--root", &root]));
    // A thumbprint may begin like an option.
    let dashed = format!("-{}", "A".repeat(42));
    assert!(checked(&["verify-history", &good, "--root", &dashed]).ending == Ending::Wrong);
}

#[test]
fn a_receipt_says_what_was_shown_and_by_another_root_it_proves_nothing() {
    let desk = Desk::new();
    let mut receipt = Map::new();
    receipt.insert("keys".into(), json!([desk.statement("keys")]));
    let key = desk.vectors["public_keys"]["K_uv"]["jwk"].clone();
    receipt.insert("key".into(), key);
    for (member, name) in [
        ("challenge", "challenge_transaction"),
        ("response", "response_uv"),
        ("verdict", "verdict_uv"),
    ] {
        receipt.insert(member.into(), desk.statement(name));
    }
    let file = desk.put("receipt", &Value::Object(receipt.clone()).to_string());
    let root = desk.thumbprint("R");
    let outcome = checked(&["verify-receipt", &file, "--root", &root]);
    assert!(
        outcome.ending == Ending::Good
            && outcome
                .text
                .starts_with("Approved: approve, ok, 2027-01-15")
    );
    assert!(outcome.text.contains("value.2: Müller & Söhne"));
    assert_eq!(
        (&outcome.json["approved"], &outcome.json["app"]),
        (&json!(true), &json!("bank"))
    );
    let other = desk.thumbprint("R2");
    let outcome = checked(&["verify-receipt", &file, "--root", &other]);
    assert!(outcome.ending == Ending::Wrong && outcome.text.contains("proves nothing"));
    receipt.insert("verdict".into(), desk.statement("verdict"));
    let bent = desk.put("bent", &Value::Object(receipt).to_string());
    assert!(checked(&["verify-receipt", &bent, "--root", &root]).ending == Ending::Wrong);
}

#[test]
fn the_genuine_receipt_of_a_denial_does_not_end_like_that_of_an_approval() {
    let desk = Desk::new();
    let receipt = json!({
        "keys": [desk.statement("keys")],
        "key": desk.vectors["public_keys"]["K_dev"]["jwk"],
        "challenge": desk.statement("challenge_policy"),
        "response": desk.statement("response_deny"),
        "verdict": desk.statement("verdict_deny"),
    });
    let file = desk.put("receipt", &receipt.to_string());
    let root = desk.thumbprint("R");
    let outcome = checked(&["verify-receipt", &file, "--root", &root]);
    assert!(outcome.text.starts_with("Not approved: deny, ok"));
    assert_eq!(outcome.ending, Ending::Declined);
    let json = &outcome.json;
    assert_eq!(
        (&json["good"], &json["approved"]),
        (&json!(true), &json!(false))
    );
}

#[test]
fn a_history_without_an_answer_is_nothing_to_check() {
    let desk = Desk::new();
    let mut lines = desk.lines();
    lines.retain(|line| !line.contains("\"response\""));
    lines[0] = lines[0].replacen("\"to\":7", "\"to\":0", 1);
    let file = desk.history("empty", &lines);
    let outcome = checked(&["verify-history", &file, "--root", &desk.thumbprint("R")]);
    assert_eq!(outcome.ending, Ending::Nothing);
    assert!(outcome.text.contains("Nothing is vouched for."));
    assert_eq!(outcome.json["good"], false);
}
