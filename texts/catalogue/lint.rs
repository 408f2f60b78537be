//! The rules of the catalogue (`docs`: words for people). A broken rule stops the build.

use std::collections::BTreeSet;

use super::generate::{parameters_of, rust_name};
use super::{Catalogue, Finding, Forms, parameters, words};

/// Characters, without soft hyphens; a parameter counts as written.
const TITLE_MAX: usize = 40;
const BUTTON_MAX: usize = 30;
const TEXT_MAX: usize = 240;
/// Two that tell, one that says what to do.
const SENTENCES_MAX: usize = 3;
/// Longer words do not fit beside large type on a small phone; they say with `\u00AD` where they may break.
const WORD_MAX: usize = 16;

/// Rust words that would not compile as the name of a parameter.
const KEYWORDS: [&str; 22] = [
    "as", "box", "crate", "do", "else", "enum", "fn", "for", "if", "in", "let", "loop", "match",
    "mod", "move", "ref", "self", "static", "super", "type", "use", "where",
];

/// All findings in both languages, English first.
pub(crate) fn check(english: &Catalogue, german: &Catalogue) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (lang, catalogue, other_lang, other) in
        [("en", english, "de", german), ("de", german, "en", english)]
    {
        for (id, forms) in catalogue {
            let mut say = |what: String| {
                findings.push(Finding {
                    lang,
                    line: forms.line,
                    what: format!("{id}: {what}"),
                })
            };
            if !other.contains_key(id) {
                say(format!("missing in texts/{other_lang}.toml"));
            }
            check_forms(lang, id, forms, &mut say);
        }
    }
    for (id, forms) in german {
        let Some(original) = english.get(id) else {
            continue;
        };
        let (ours, theirs) = (names(forms), names(original));
        if ours != theirs {
            let what = format!(
                "{id}: parameters {} here, {} in texts/en.toml",
                list(&ours),
                list(&theirs)
            );
            findings.push(Finding {
                lang: "de",
                line: forms.line,
                what,
            });
        }
    }
    check_names(english, &mut findings);
    if english.is_empty() {
        findings.push(Finding {
            lang: "en",
            line: 0,
            what: "there is no text at all".to_owned(),
        });
    }
    findings
}

fn check_forms(lang: &str, id: &str, forms: &Forms, say: &mut impl FnMut(String)) {
    let all = [
        Some(&forms.text),
        forms.one.as_ref(),
        forms.speech.as_ref(),
        forms.one_speech.as_ref(),
    ];
    for text in all.into_iter().flatten() {
        match parameters(text) {
            Err(what) => return say(what),
            Ok(found) => {
                if let Some(name) = found.iter().find(|name| KEYWORDS.contains(name)) {
                    say(format!("{{{name}}} is a word of Rust, take another"));
                }
            }
        }
        check_text(lang, id, text).into_iter().for_each(&mut *say);
    }
    let base = names(forms);
    let counts = forms.one.is_some() || forms.one_speech.is_some();
    if counts && !base.contains("n") {
        say("has a form for one, but no {n}".to_owned());
    }
    let same = |form: &Option<String>| form.as_ref().is_none_or(|text| text_names(text) == base);
    if !same(&forms.speech) {
        say("its .speech has other parameters".to_owned());
    }
    // "One try left" may leave the count out, and nothing else.
    let count = BTreeSet::from(["n"]);
    for one in [&forms.one, &forms.one_speech].into_iter().flatten() {
        if &text_names(one) | &count != &base | &count {
            say("its form for one has other parameters".to_owned());
        }
    }
    if badly_spoken(&forms.text) && forms.speech.is_none() {
        say("digits and short units need a .speech".to_owned());
    }
}

fn check_text(lang: &str, id: &str, text: &str) -> Vec<String> {
    let mut said = Vec::new();
    let length = text.chars().filter(|c| *c != '\u{ad}').count();
    let bare = without_parameters(text);
    if text.is_empty() || text.trim() != text || text.contains("  ") {
        said.push("empty, or spaces at an end or side by side".to_owned());
    }
    if let Some(c) = text.chars().find(|c| !is_allowed(*c)) {
        said.push(format!(
            "the character U+{:04X} is not allowed",
            u32::from(c)
        ));
    }
    if text.contains("...") {
        said.push("three dots are written …".to_owned());
    }
    if let Some(word) = words::forbidden(lang, &bare) {
        said.push(format!("\"{word}\" is a forbidden word"));
    }
    let cap = match () {
        () if id.ends_with(".title") || id.starts_with("ask.") => TITLE_MAX,
        () if id.ends_with(".button") || id.starts_with("button.") => BUTTON_MAX,
        () => TEXT_MAX,
    };
    if length > cap {
        said.push(format!("{length} characters, at most {cap}"));
    }
    let ends = bare
        .chars()
        .filter(|c| matches!(c, '.' | '?' | '…'))
        .count();
    if id.ends_with(".body") && ends > SENTENCES_MAX {
        said.push(format!("{ends} sentences, at most {SENTENCES_MAX}"));
    }
    // A break may stand after a soft hyphen or a hyphen.
    let parts = bare.split(|c: char| !c.is_alphabetic());
    if let Some(long) = parts.max_by_key(|part| part.chars().count())
        && long.chars().count() > WORD_MAX
    {
        said.push(format!(
            "\"{long}\" is long: say with \\u00AD where it may break"
        ));
    }
    said
}

/// Two ids that make the same Rust name, or a name that Rust cannot have.
fn check_names(english: &Catalogue, findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for (id, forms) in english {
        if !seen.insert(rust_name(id)) {
            let what = format!(
                "{id}: another id has the same name {} in Rust",
                rust_name(id)
            );
            findings.push(Finding {
                lang: "en",
                line: forms.line,
                what,
            });
        }
    }
}

fn is_allowed(c: char) -> bool {
    c == '\u{ad}'
        || c == '\u{a0}'
        || (' '..='~').contains(&c)
        || "äöüÄÖÜßéèáàçñ„“”‚‘’–…·→".contains(c)
}

/// "4 s" is read as "four s", "47" as "forty-seven".
fn badly_spoken(text: &str) -> bool {
    let bare = without_parameters(text);
    let has_unit = bare
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| matches!(word, "s" | "min" | "h" | "Min" | "Sek" | "Std"));
    // "wasn't" and "Face ID's" leave an s behind that is none.
    let bare_apostrophe = text.contains("'s");
    bare.contains(|c: char| c.is_numeric()) || (has_unit && !bare_apostrophe)
}

/// The text with every parameter replaced by a hyphen, so that neighbours do not join to a word.
fn without_parameters(text: &str) -> String {
    let mut bare = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        bare.push_str(before);
        bare.push('-');
        rest = after.split_once('}').map_or("", |(_, behind)| behind);
    }
    bare + rest
}

fn names(forms: &Forms) -> BTreeSet<&str> {
    parameters_of(forms).into_iter().collect()
}

fn text_names(text: &str) -> BTreeSet<&str> {
    parameters(text).unwrap_or_default().into_iter().collect()
}

fn list(names: &BTreeSet<&str>) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{{{name}}}")).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use crate::catalogue::compile;

    /// What the build says about these two files, line by line.
    fn said(english: &str, german: &str) -> String {
        match compile(english, german) {
            Ok(_) => String::new(),
            Err(findings) => findings
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n"),
        }
    }

    /// The same text in both languages under one id.
    fn both(id: &str, text: &str) -> String {
        let line = format!("\"{id}\" = \"{text}\"");
        said(&line, &line)
    }

    #[test]
    fn the_catalogue_itself_passes() {
        assert_eq!(
            said(
                include_str!("../texts/en.toml"),
                include_str!("../texts/de.toml")
            ),
            ""
        );
    }

    #[test]
    fn an_id_missing_in_one_language_stops_the_build() {
        let one = "\"a\" = \"Yes\"";
        let two = "\"a\" = \"Ja\"\n\"b\" = \"Nein\"";
        assert_eq!(
            said(one, two),
            "texts/de.toml:2: b: missing in texts/en.toml"
        );
        assert_eq!(
            said(two, one),
            "texts/en.toml:2: b: missing in texts/de.toml"
        );
    }

    #[test]
    fn other_parameters_stop_the_build() {
        let found = said("\"a\" = \"At {host}\"", "\"a\" = \"Bei {server}\"");
        assert_eq!(
            found,
            "texts/de.toml:1: a: parameters {server} here, {host} in texts/en.toml"
        );
        assert!(said("\"a\" = \"At {host}\"", "\"a\" = \"Da\"").contains("parameters none here"));
    }

    #[test]
    fn the_order_of_parameters_is_free() {
        assert_eq!(
            said("\"a\" = \"{x} of {y}\"", "\"a\" = \"{y} hat {x}\""),
            ""
        );
    }

    #[test]
    fn forbidden_words_stop_the_build_in_each_language() {
        assert!(
            said("\"a\" = \"Please wait\"", "\"a\" = \"Warten\"")
                .contains("en.toml:1: a: \"please\"")
        );
        assert!(
            said("\"a\" = \"Wait\"", "\"a\" = \"Bitte warten\"")
                .contains("de.toml:1: a: \"bitte\"")
        );
        assert!(both("a", "Done!").contains("\"!\" is a forbidden word"));
    }

    #[test]
    fn a_forbidden_word_in_a_form_is_found_too() {
        let english = "\"a\" = \"{n} left\"\n\"a.one\" = \"{n} token left\"";
        assert!(said(english, "\"a\" = \"noch {n}\"").contains("token"));
    }

    #[test]
    fn the_name_of_a_parameter_is_no_word() {
        assert_eq!(both("a", "At {push}"), "");
    }

    #[test]
    fn a_title_has_forty_characters_and_not_one_more() {
        let forty = "Abcdefg ".repeat(5);
        assert_eq!(both("a.title", &format!("{}x", forty.trim_end())), "");
        assert!(both("a.title", &format!("{forty}x")).contains("41 characters, at most 40"));
        assert!(both("ask.a", &format!("{forty}x")).contains("at most 40"));
        assert_eq!(
            both("a.title", &format!("\\u00AD{}x", forty.trim_end())),
            ""
        );
    }

    #[test]
    fn a_body_has_three_sentences_at_most() {
        assert_eq!(both("a.body", "One. Two. Three."), "");
        assert!(both("a.body", "One. Two. Three. Four.").contains("4 sentences"));
    }

    #[test]
    fn a_long_word_says_where_it_may_break() {
        assert!(both("a", "Donaudampfschifffahrt").contains("\\u00AD"));
        assert_eq!(both("a", "Donaudampf\\u00ADschifffahrt"), "");
    }

    #[test]
    fn digits_and_units_need_a_spoken_form() {
        assert!(both("a", "Wait 5").contains("need a .speech"));
        assert!(both("a", "Wait {x} s.").contains("need a .speech"));
        let spoken = "\"a\" = \"Wait {x} s.\"\n\"a.speech\" = \"Wait {x} seconds.\"";
        assert_eq!(said(spoken, spoken), "");
        let lost = "\"a\" = \"Wait {x} s.\"\n\"a.speech\" = \"Wait some seconds.\"";
        assert!(said(lost, lost).contains("its .speech has other parameters"));
    }

    #[test]
    fn a_form_for_one_needs_a_count() {
        let line = "\"a\" = \"{x} left\"\n\"a.one\" = \"One left\"";
        assert!(said(line, line).contains("no {n}"));
        let good = "\"a\" = \"{n} left\"\n\"a.one\" = \"One left\"";
        assert_eq!(said(good, good), "");
        let other = "\"a\" = \"{n} left\"\n\"a.one\" = \"{x} left\"";
        assert!(said(other, other).contains("form for one has other parameters"));
    }

    #[test]
    fn crooked_texts_are_refused() {
        for text in [
            "", " a", "a ", "a  b", "a...", "{a", "a\\u202E", "a\\u000A", "a\\uFEFF", "{match}",
        ] {
            assert_ne!(both("a", text), "", "{text}");
        }
    }

    #[test]
    fn two_ids_with_one_rust_name_are_refused() {
        let lines = "\"a.b\" = \"x\"\n\"a-b\" = \"x\"";
        assert!(said(lines, lines).contains("another id has the same name AB"));
    }

    #[test]
    fn no_text_at_all_is_refused() {
        assert_ne!(said("", ""), "");
    }
}
