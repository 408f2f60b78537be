//! A real ID server before whatever comes over HTTP: bodies and headers of both APIs, forms, query strings, cookies. A script has up
//! to eight requests, `====` between them. Whatever is asked, the server has no fault, what was sent is in no page as it came, and
//! nobody is signed in and nothing is approved without a phone's signature.
#![no_main]

use countersign_fuzz::desk::{Asked, Stage};
use countersign_protocol::problem::Problem;
use countersign_server::fuzzing::{Answer, Count};
use std::cell::OnceCell;

thread_local! {
    static STAGE: OnceCell<Stage> = const { OnceCell::new() };
}

const BETWEEN: &[u8] = b"\n====\n";

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    STAGE.with(|stage| live(stage.get_or_init(Stage::new), data));
});

fn live(stage: &Stage, mut script: &[u8]) {
    let mut run = stage.run();
    let before = run.count();
    for _ in 0..8 {
        let end = script
            .windows(BETWEEN.len())
            .position(|part| part == BETWEEN);
        let one = &script[..end.unwrap_or(script.len())];
        if let Some(asked) = Asked::parse(one) {
            let (head, path) = (asked.method == "HEAD", asked.target.clone());
            if let Some(answer) = run.send(asked) {
                judge(head, &path, &answer);
            }
        }
        let Some(end) = end else { break };
        script = &script[end + BETWEEN.len()..];
    }
    let after = run.count();
    if std::env::var_os(SHOW).is_some() {
        eprintln!("{before:?} -> {after:?}");
    }
    if !run.signed {
        let approved = |count: &Count| (count.signed_in, count.approved, count.confirmed);
        assert_eq!(approved(&after), approved(&before));
    }
    assert!(
        after.active <= before.active,
        "a phone that nobody confirmed"
    );
}

/// In the environment: each answer is shown, for who looks at one input.
const SHOW: &str = "COUNTERSIGN_FUZZ_SHOW";

fn judge(head: bool, path: &str, answer: &Answer) {
    let text = String::from_utf8_lossy(&answer.body);
    if std::env::var_os(SHOW).is_some() {
        eprintln!("{path}: {} {:?}\n{text}", answer.status, answer.headers);
    }
    let header = |name: &str| {
        let mut found = answer.headers.iter().filter(|(other, _)| other == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(
            name == "set-cookie" || found.next().is_none(),
            "{name} twice"
        );
        value
    };
    assert!(answer.status < 500, "{path}: {text}");
    assert_eq!(header("x-content-type-options"), Some("nosniff"));
    assert_eq!(header("x-frame-options"), Some("DENY"));
    match header("content-type").unwrap_or_default() {
        "application/problem+json" => {
            assert_eq!(header("cache-control"), Some("no-store"));
            // Those of the service API say more; a HEAD leaves it out.
            if path.starts_with("/cs/") && !head {
                let problem = Problem::parse(&answer.body).expect("as section 10 has it");
                assert_eq!(problem.status, answer.status);
            }
        }
        kind if kind.starts_with("text/html") => {
            let policy = header("content-security-policy").expect("every page has one");
            assert!(policy.contains("default-src 'none'"), "{policy}");
            assert!(
                !text.contains("<fuzz") && !text.contains("=fuzz>"),
                "what was sent is in the page as it came"
            );
        }
        _ => {}
    }
    for (name, value) in &answer.headers {
        match name.as_str() {
            "set-cookie" => assert!(
                value.starts_with("__Host-")
                    && value.contains("; Path=/; Secure; HttpOnly; SameSite=Lax"),
                "{value}"
            ),
            "location" => assert!(
                value.starts_with('/') && !value.starts_with("//"),
                "{value}"
            ),
            _ => {}
        }
    }
}
