//! What the server keeps of a phone's answers, as a file that anybody can compare with the phone's own.

use super::factors::new_uv;
use crate::store::sweep;
use crate::testkit::{ANNA, Phone, World, make_key};
use countersign_protocol::history::{Check, Finding, Line, Report, Trusted};
use countersign_protocol::statement::{Decision, StateReason, VerdictCode};
use countersign_protocol::{Digest, Id, Thumbprint};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;

fn thumbprint(value: &Value) -> Thumbprint {
    Thumbprint(Digest::parse(value.as_str().unwrap()).unwrap())
}

async fn root(world: &World) -> Thumbprint {
    thumbprint(&world.command(&["keys", "list"]).await["root"])
}

/// Exports into a folder of its own; what was said, and the lines of each file.
async fn export(world: &World, whose: &str) -> Vec<(Value, Vec<String>)> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().display().to_string();
    let line = ["export-history", whose, "--out", &out];
    let said = world.try_command(&line).await.unwrap();
    let read = |said: Value| {
        let path = said["file"].as_str().unwrap();
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.ends_with('\n'));
        let lines = text.lines().map(str::to_owned).collect();
        (said, lines)
    };
    said.into_iter().map(read).collect()
}

fn check(lines: &[String], root: Thumbprint) -> Report {
    let trusted = Trusted {
        root,
        dev: None,
        deposited: None,
    };
    let mut check = Check::of_server(trusted, lines[0].as_bytes()).unwrap();
    lines[1..]
        .iter()
        .for_each(|line| check.line(line.as_bytes()));
    check.finish(None).0
}

async fn answer(world: &World, phone: &Phone<'_>) -> VerdictCode {
    let (_, page) = world.waiting_known().await;
    let list = phone.list("").await;
    let challenge = phone.verify(list.challenges.last().unwrap());
    phone.approve(&challenge, &page.number().unwrap()).await
}

#[tokio::test]
async fn everything_that_a_phone_answered_is_exported_and_checks() {
    let world = World::with_factors().await;
    let mut phone = world.with_uv_phone().await;
    let first_root = root(&world).await;
    let (_, page) = world.waiting().await;
    let asked = phone.challenge().await;
    let by_uv = phone.response(&asked, Decision::Approve, page.number().as_deref());
    phone.deliver(&phone.sign_uv(by_uv)).await;
    let renewal = phone.begin("replace-uv").await;
    let uv = make_key();
    let renewed = phone.sign(new_uv(&phone, &renewal, &uv));
    assert_eq!(phone.deliver(&renewed).await.code, VerdictCode::Ok);
    phone.uv = Some(uv);
    let (_, page) = world.waiting_known().await;
    let asked = phone.challenge().await;
    let by_new = phone.response(&asked, Decision::Approve, page.number().as_deref());
    phone.deliver(&phone.sign_uv(by_new)).await;
    let (_browser, _page) = world.waiting_known().await;
    let denied = phone.challenge().await;
    phone.decide(&denied, Decision::Deny, None).await;

    let [(said, lines)] = &export(&world, ANNA).await[..] else {
        panic!("one phone")
    };
    assert_eq!((&said["from"], &said["to"]), (&1.into(), &4.into()));
    assert_eq!(said["id"], phone.id.to_string());
    let report = check(lines, first_root);
    assert_eq!(
        (report.findings, report.answers, report.unjudged),
        (vec![], 4, 0)
    );
    // The same by the phone's id; another root proves nothing of it.
    let again = export(&world, &phone.id.to_string()).await;
    assert!(again[0].1 == *lines);
    let other = phone.dev.public().thumbprint();
    assert_eq!(check(lines, other).findings[0].finding.code(), "keys.root");
    world.end().await;
}

#[tokio::test]
async fn keys_are_exported_from_those_on_that_the_phone_began_with() {
    let world = World::new().await;
    let path = |name: &str| world.folder().join(name).display().to_string();
    let (old, new) = (path("root.key"), path("second.key"));
    let first = root(&world).await;
    let line = ["keys", "root", "--new-root-key", &new, "--root-key", &old];
    world.command(&line).await;
    let second = root(&world).await;
    assert_ne!(first, second);
    let phone = world.with_phone().await;
    world.command(&["keys", "rotate", "--root-key", &new]).await;
    // By its own S the old statement is none of this phone's, and the newer one is.
    let [(_, lines)] = &export(&world, ANNA).await[..] else {
        panic!("one phone")
    };
    assert_eq!(check(lines, second).findings, []);
    assert_eq!(check(lines, first).findings[0].finding.code(), "keys.root");
    let keys = lines.iter().filter(|line| line.starts_with("{\"keys\""));
    assert_eq!(keys.count(), 2);
    assert_eq!(phone.list("").await.challenges.len(), 0);
    world.end().await;
}

/// Which entries have their request.
fn asked(lines: &[String]) -> Vec<bool> {
    let entries = lines
        .iter()
        .map(|line| Line::parse(line.as_bytes()).unwrap());
    entries
        .filter_map(|line| match line {
            Line::Entry(entry) => Some(entry.challenge.is_some()),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn answers_are_kept_with_their_requests_as_long_as_the_settings_say() {
    for (days, kept) in [(0, 33), (30, 40)] {
        let world = World::with_settings(|settings| {
            assert!(settings.contains("days = 0"));
            settings.replacen("days = 0", &format!("days = {days}"), 1)
        })
        .await;
        let phone = world.with_phone().await;
        for _ in 0..40 {
            let (_browser, _page) = world.waiting().await;
            let challenge = phone.challenge().await;
            phone.decide(&challenge, Decision::Deny, None).await;
            world.pass(16 * 60);
        }
        world.pass(5 * 86_400);
        sweep(&world.app.store, world.now()).await.unwrap();
        let [(said, lines)] = &export(&world, ANNA).await[..] else {
            panic!("one phone")
        };
        assert_eq!(
            (&said["from"], &said["to"]),
            (&(41 - kept).into(), &40.into())
        );
        let report = check(lines, root(&world).await);
        assert_eq!((report.findings, report.answers), (vec![], kept as u64));
        assert_eq!(asked(lines), vec![days > 0; kept as usize]);
        world.pass(31 * 86_400);
        sweep(&world.app.store, world.now()).await.unwrap();
        assert_eq!(world.count("responses").await, 33);
        world.end().await;
    }
}

#[tokio::test]
async fn two_copies_of_a_phone_show_in_the_export() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    assert_eq!(answer(&world, &phone).await, VerdictCode::Ok);
    let (_, page) = world.waiting_known().await;
    let list = phone.list("").await;
    let challenge = phone.verify(list.challenges.last().unwrap());
    let number = page.number();
    let one = phone.response(&challenge, Decision::Approve, number.as_deref());
    let mut two = phone.response(&challenge, Decision::Approve, number.as_deref());
    two.jti = Id::make().unwrap();
    phone.deliver(&phone.sign(one)).await;
    let verdict = phone.deliver(&phone.sign(two)).await;
    assert_eq!(verdict.code, VerdictCode::Suspended);
    assert_eq!(phone.state().await.reason, Some(StateReason::Clone));
    let [(_, lines)] = &export(&world, ANNA).await[..] else {
        panic!("one phone")
    };
    let report = check(lines, root(&world).await);
    assert_eq!(report.findings.len(), 1);
    assert_eq!(
        (report.findings[0].finding, report.findings[0].ctr),
        (Finding::Forked, Some(2))
    );
    world.end().await;
}

#[tokio::test]
async fn an_answer_on_the_browsers_own_device_has_its_verdict() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (_, page) = world.same().await;
    let challenge = phone.open(&page).await;
    let way_back = phone.approve_same(&challenge).await;
    let [(_, lines)] = &export(&world, ANNA).await[..] else {
        panic!("one phone")
    };
    assert!(lines.last().unwrap().contains(challenge.compact()) && way_back.len() == 25);
    let report = check(lines, root(&world).await);
    assert_eq!((report.findings, report.unjudged), (vec![], 0));
    world.end().await;
}

#[tokio::test]
async fn an_export_is_of_phones_that_were_in_use_and_never_over_a_file() {
    let world = World::new().await;
    for nobody in ["nobody@example.com", "", "AAAAAAAAAAAAAAAAAAAAAA", ANNA] {
        let line = ["export-history", nobody, "--out", "/nowhere"];
        let said = world.refuses(&[], world.try_command(&line)).await;
        assert!(said.is_err(), "{nobody}");
    }
    let [first, second] = world.with_two_phones().await;
    world
        .command(&["phone", "revoke", &first.id.to_string()])
        .await;
    let exports = export(&world, ANNA).await;
    let ids: Vec<&str> = exports
        .iter()
        .map(|it| it.0["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [first.id.to_string(), second.id.to_string()]);
    for (said, lines) in &exports {
        assert_eq!((&said["from"], &said["to"]), (&1.into(), &0.into()));
        assert_eq!(check(lines, root(&world).await).findings, []);
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().display().to_string();
    let line = ["export-history", ANNA, "--out", &out];
    assert!(world.try_command(&line).await.is_ok());
    assert!(world.try_command(&line).await.is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    world.end().await;
}
