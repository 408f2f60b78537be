//! A browser that looks: headless Chromium does what a person does on the server's pages. What it does stands in
//! `tests/browser/chapters`; here each chapter gets a world of its own, and its verdict.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use countersign_tests::harness::{ServerOptions, SpOptions, World, watch};

const APPLICATION: &str = "Example Wiki";

/// Plays a chapter and fails with all that was not as it should be.
fn play(chapter: &str, application: &str, options: &ServerOptions<'_>) {
    let world = World::with(options).unwrap();
    let sp = world
        .application("wiki", application, SpOptions::default())
        .unwrap();
    let full = std::env::var_os("COUNTERSIGN_FULL").is_some();
    let seen = watch(&world, &sp, chapter, full).unwrap();
    let wrong: Vec<_> = seen
        .iter()
        .filter(|seen| !seen.passed)
        .map(|seen| format!("- {}: {}", seen.name, seen.message))
        .collect();
    assert!(!seen.is_empty(), "{chapter}: nothing was looked at");
    assert!(
        wrong.is_empty(),
        "{chapter}: {} of {}:\n{}",
        wrong.len(),
        seen.len(),
        wrong.join("\n")
    );
}

#[test]
fn pages_that_need_no_phone() {
    play("plain", APPLICATION, &ServerOptions::default());
}

#[test]
fn a_person_adds_an_id_and_signs_in_with_and_without_script() {
    play("sign_in", APPLICATION, &ServerOptions::default());
}

#[test]
fn every_end_of_a_sign_in() {
    let options = ServerOptions {
        life: Some(60),
        ..ServerOptions::default()
    };
    play("ends", APPLICATION, &options);
}

#[test]
fn a_person_signs_in_on_the_phone_itself() {
    let options = ServerOptions {
        brand: Some("Countersign"),
        ..ServerOptions::default()
    };
    play("same", APPLICATION, &options);
}

#[test]
fn every_end_of_an_invitation() {
    play("invitation", APPLICATION, &ServerOptions::default());
}

#[test]
fn a_keyboard_is_enough() {
    play("keyboard", APPLICATION, &ServerOptions::default());
}

#[test]
fn hostile_values_frames_browsers_and_clocks() {
    let options = ServerOptions {
        name: r#"<script>alert("server")</script>&lt;b&gt;'"#,
        admin_name: "<img src=x onerror=alert(4)>",
        typed_code: true,
        ..ServerOptions::default()
    };
    play("hostile", r#"W"><script>alert('app')</script>"#, &options);
}
