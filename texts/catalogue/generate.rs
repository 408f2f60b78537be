//! Writes the catalogue as Rust: `Id`, one variant a text, and `Message`, one variant for every title with a body.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Catalogue, Forms, parameters};

/// `chal.expired.body` → `ChalExpiredBody`.
pub(crate) fn rust_name(id: &str) -> String {
    let capital = |part: &str| {
        let mut chars = part.chars();
        chars
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + chars.as_str())
    };
    id.split(['.', '-', '_']).filter_map(capital).collect()
}

/// The parameters of a text, in alphabetical order.
pub(crate) fn parameters_of(forms: &Forms) -> Vec<&str> {
    let mut found = parameters(&forms.text).unwrap_or_default();
    found.sort_unstable();
    found
}

/// The whole generated file.
pub(crate) fn rust(english: &Catalogue, german: &Catalogue) -> String {
    let mut out = String::from("// Made by build.rs from texts/en.toml and texts/de.toml.\n\n");
    ids(&mut out, english, german);
    messages(&mut out, english);
    out
}

/// Writing into a String cannot fail; this says so once.
macro_rules! put {
    ($out:expr, $($arg:tt)*) => { let _ = writeln!($out, $($arg)*); };
}

fn ids(out: &mut String, english: &Catalogue, german: &Catalogue) {
    put!(
        out,
        "/// The name of a text, with the values that it needs. Each variant shows its English words."
    );
    put!(
        out,
        "#[derive(Clone, Copy, PartialEq, Eq)]\npub enum Id<'a> {{"
    );
    for (id, forms) in english {
        put!(
            out,
            "    #[doc = {:?}]",
            format!("“{}”", forms.text.replace('\u{ad}', ""))
        );
        let fields = fields(parameters_of(forms));
        put!(out, "    {}{fields},", rust_name(id));
    }
    put!(out, "}}\n\nimpl<'a> Id<'a> {{");

    put!(
        out,
        "    pub(crate) const fn row(self) -> &'static Row {{\n        match self {{"
    );
    for (id, forms) in english {
        let german = german.get(id).map_or("None".to_owned(), forms_in_rust);
        let english = forms_in_rust(forms);
        put!(
            out,
            "            Self::{} {{ .. }} => &Row {{ id: {id:?}, en: {english}, de: {german} }},",
            rust_name(id)
        );
    }
    put!(out, "        }}\n    }}\n");

    put!(
        out,
        "    pub(crate) fn value(self, name: &str) -> Option<&'a str> {{\n        match (self, name) {{"
    );
    for (id, forms) in english {
        for name in parameters_of(forms) {
            put!(
                out,
                "            (Self::{} {{ {name}, .. }}, {name:?}) => Some({name}),",
                rust_name(id)
            );
        }
    }
    put!(out, "            _ => None,\n        }}\n    }}\n");

    put!(
        out,
        "    pub(crate) fn named(name: &str, value: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {{\n        Some(match name {{"
    );
    for (id, forms) in english {
        let values: Vec<String> = parameters_of(forms)
            .iter()
            .map(|name| format!("{name}: value({name:?})?"))
            .collect();
        put!(
            out,
            "            {id:?} => Self::{} {{ {} }},",
            rust_name(id),
            values.join(", ")
        );
    }
    put!(out, "            _ => return None,\n        }})\n    }}\n");

    put!(
        out,
        "    #[cfg(test)]\n    pub(crate) fn every(value: &'a str) -> Vec<Self> {{\n        vec!["
    );
    for (id, forms) in english {
        let values: Vec<String> = parameters_of(forms)
            .iter()
            .map(|name| format!("{name}: value"))
            .collect();
        put!(
            out,
            "            Self::{} {{ {} }},",
            rust_name(id),
            values.join(", ")
        );
    }
    put!(out, "        ]\n    }}\n}}\n");
}

fn fields(names: Vec<&str>) -> String {
    if names.is_empty() {
        return String::new();
    }
    let fields: Vec<String> = names
        .iter()
        .map(|name| format!("{name}: &'a str"))
        .collect();
    format!(" {{ {} }}", fields.join(", "))
}

fn forms_in_rust(forms: &Forms) -> String {
    format!(
        "Forms {{ text: {:?}, one: {:?}, speech: {:?}, one_speech: {:?} }}",
        forms.text, forms.one, forms.speech, forms.one_speech
    )
}

fn messages(out: &mut String, english: &Catalogue) {
    let codes: Vec<&str> = english
        .keys()
        .filter_map(|id| id.strip_suffix(".title"))
        .filter(|code| english.contains_key(&format!("{code}.body")))
        .collect();
    let part = |code: &str, part: &str| english.get(&format!("{code}.{part}"));
    let of = |code: &str, name: &str| part(code, name).map(parameters_of).unwrap_or_default();
    let union = |code: &str| -> Vec<&str> {
        let all: BTreeSet<&str> = ["title", "body", "button"]
            .iter()
            .flat_map(|name| of(code, name))
            .collect();
        all.into_iter().collect()
    };

    put!(
        out,
        "/// A title, a body and perhaps a button that belong together: results and the error catalogue."
    );
    put!(
        out,
        "#[derive(Clone, Copy, PartialEq, Eq)]\npub enum Message<'a> {{"
    );
    for code in &codes {
        let title = part(code, "title").map_or("", |forms| &forms.text);
        put!(out, "    #[doc = {:?}]", format!("`{code}`: “{title}”"));
        put!(out, "    {}{},", rust_name(code), fields(union(code)));
    }
    put!(out, "}}\n\nimpl<'a> Message<'a> {{");
    put!(
        out,
        "    /// Every code, in alphabetical order.\n    pub const CODES: &'static [&'static str] = &{codes:?};\n"
    );

    put!(
        out,
        "    /// The code, such as `chal.expired`.\n    pub const fn code(self) -> &'static str {{\n        match self {{"
    );
    for code in &codes {
        put!(
            out,
            "            Self::{} {{ .. }} => {code:?},",
            rust_name(code)
        );
    }
    put!(out, "        }}\n    }}\n");

    for (name, doc, optional) in [
        ("title", "At most 40 characters.", false),
        ("body", "At most three sentences.", false),
        (
            "button",
            "What the one button says, where there is one.",
            true,
        ),
    ] {
        let result = if optional { "Option<Id<'a>>" } else { "Id<'a>" };
        put!(
            out,
            "    /// {doc}\n    pub const fn {name}(self) -> {result} {{\n        match self {{"
        );
        for code in &codes {
            let names = of(code, name).join(", ");
            let there = part(code, name).is_some();
            let id = format!("Id::{} {{ {names} }}", rust_name(&format!("{code}.{name}")));
            let id = match (optional, there) {
                (true, true) => format!("Some({id})"),
                (true, false) => "None".to_owned(),
                _ => id,
            };
            let bind = if names.is_empty() {
                String::new()
            } else {
                format!("{names}, ")
            };
            put!(
                out,
                "            Self::{} {{ {bind}.. }} => {id},",
                rust_name(code)
            );
        }
        put!(out, "        }}\n    }}\n");
    }
    put!(out, "}}");
}

#[cfg(test)]
mod tests {
    use super::rust_name;
    use crate::catalogue::compile;

    #[test]
    fn ids_become_names() {
        assert_eq!(rust_name("chal.expired.body"), "ChalExpiredBody");
        assert_eq!(rust_name("row.policy.max_life"), "RowPolicyMaxLife");
        assert_eq!(rust_name("ask.add-phone"), "AskAddPhone");
    }

    #[test]
    fn a_message_has_the_parameters_of_all_its_parts() {
        let lines = "\"a.title\" = \"On {x}\"\n\"a.body\" = \"By {y}.\"\n\"a.button\" = \"OK\"";
        let code = compile(lines, lines).unwrap();
        assert!(code.contains("A { x: &'a str, y: &'a str }"), "{code}");
        assert!(code.contains("Some(Id::AButton {  })"), "{code}");
    }

    #[test]
    fn a_title_alone_is_no_message() {
        let code = compile("\"a.title\" = \"On\"", "\"a.title\" = \"An\"").unwrap();
        assert!(
            code.contains("CODES: &'static [&'static str] = &[]"),
            "{code}"
        );
    }

    #[test]
    fn quotes_and_backslashes_in_a_text_stay_text() {
        let line = "\"a\" = \"x\\\" ), evil: {y} \\\\\"";
        let code = compile(line, line).unwrap();
        assert!(code.contains(r#"text: "x\" ), evil: {y} \\""#), "{code}");
    }
}
