//! What an operator or implementer hands in: the settings file with what the environment overrides, and the lines of the conformance
//! kit's hook.
#![no_main]

use countersign_fuzz::reading;
use countersign_server::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((name, body)) = reading::named(data) else {
        return;
    };
    let Ok(text) = std::str::from_utf8(body) else {
        return;
    };
    match name {
        "hook" => hook(text),
        "settings" => settings(text, &[]),
        // `NAME=value`: the one that overrides.
        _ => {
            if let Some((name, value)) = name.split_once('=') {
                settings(text, &[(name, value)]);
            }
        }
    }
});

/// What was understood can be written, and is understood as the same.
fn settings(text: &str, overrides: &[(&str, &str)]) {
    let Some(understood) = fuzzing::settings(text, overrides) else {
        return;
    };
    assert_eq!(
        fuzzing::settings(&understood, &[]).as_ref(),
        Some(&understood)
    );
    // Of two apps with one id, or a letter in clear over the network, nothing is understood.
    let table: toml::Table = understood.parse().expect("TOML");
    let origin = table["origin"].as_str().expect("a text");
    assert!(origin.starts_with("https://") && !origin.ends_with('/'));
    let mut ids: Vec<_> = table
        .get("brand")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
        .map(|brand| brand["id"].to_string())
        .collect();
    let many = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), many, "two apps of one id");
    let life = table["challenge"]["life"].as_integer().expect("a number");
    assert!((30..=600).contains(&life));
}

/// Exactly what JSON says there.
fn hook(line: &str) {
    let said: Option<serde_json::Value> = serde_json::from_str(line).ok();
    let member = |name: &str| said.as_ref()?.get(name)?.as_str().map(str::to_owned);
    let told = member("cannot")
        .map(|why| format!("cannot: {why}"))
        .or_else(|| member("answer"));
    assert_eq!(fuzzing::hook_answer(line), told);
}
