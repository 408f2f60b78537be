//! The narrow part of TOML that a catalogue uses: a line is empty, a comment, or `"id" = "text"`.

use super::{Catalogue, Finding, Forms};

/// Reads one file.
///
/// # Errors
/// Every line that is not understood, repeats an id, or gives a form to a text that is not there.
pub(crate) fn read(lang: &'static str, source: &str) -> Result<Catalogue, Vec<Finding>> {
    let mut catalogue = Catalogue::new();
    let mut forms = Vec::new();
    let mut findings = Vec::new();
    for (index, line) in source.split('\n').enumerate() {
        let number = index + 1;
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let outcome = entry(line).and_then(|(id, text)| match form_of(id) {
            Some((base, form)) => {
                forms.push((number, base.to_owned(), form, text));
                Ok(())
            }
            None => add(&mut catalogue, number, id, text),
        });
        if let Err(what) = outcome {
            findings.push(Finding {
                lang,
                line: number,
                what,
            });
        }
    }
    for (line, base, form, text) in forms {
        if let Err(what) = attach(&mut catalogue, &base, form, text) {
            findings.push(Finding { lang, line, what });
        }
    }
    if findings.is_empty() {
        Ok(catalogue)
    } else {
        Err(findings)
    }
}

#[derive(Clone, Copy)]
enum Form {
    One,
    Speech,
    OneSpeech,
}

/// `a.b.one.speech` is a form of `a.b`. The longest ending counts.
fn form_of(id: &str) -> Option<(&str, Form)> {
    let endings = [
        (".one.speech", Form::OneSpeech),
        (".speech", Form::Speech),
        (".one", Form::One),
    ];
    endings
        .into_iter()
        .find_map(|(ending, form)| Some((id.strip_suffix(ending)?, form)))
}

fn add(catalogue: &mut Catalogue, line: usize, id: &str, text: String) -> Result<(), String> {
    let forms = Forms {
        line,
        text,
        ..Forms::default()
    };
    match catalogue.insert(id.to_owned(), forms) {
        None => Ok(()),
        Some(earlier) => Err(format!("{id} stands already in line {}", earlier.line)),
    }
}

fn attach(catalogue: &mut Catalogue, base: &str, form: Form, text: String) -> Result<(), String> {
    let forms = catalogue
        .get_mut(base)
        .ok_or_else(|| format!("a form of {base}, which is not there"))?;
    let place = match form {
        Form::One => &mut forms.one,
        Form::Speech => &mut forms.speech,
        Form::OneSpeech => &mut forms.one_speech,
    };
    match place.replace(text) {
        None => Ok(()),
        Some(_) => Err(format!("a second form of the same kind for {base}")),
    }
}

fn entry(line: &str) -> Result<(&str, String), String> {
    const SHAPE: &str = "the line is not \"id\" = \"text\"";
    let (id, rest) = line
        .strip_prefix('"')
        .and_then(|rest| rest.split_once('"'))
        .ok_or(SHAPE)?;
    check_id(id)?;
    let quoted = rest.strip_prefix(" = \"").ok_or(SHAPE)?;
    let (text, after) = unquote(quoted)?;
    if after.is_empty() {
        Ok((id, text))
    } else {
        Err("something stands behind the text".to_owned())
    }
}

/// Segments of `a-z`, `0-9`, joined by `.`; inside a segment also `-` and `_`, not at its ends.
fn check_id(id: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let good = id.starts_with(|c: char| c.is_ascii_lowercase())
        && id
            .split(['.', '-', '_'])
            .all(|part| !part.is_empty() && part.chars().all(plain));
    if good {
        Ok(())
    } else {
        Err(format!("{id:?} is not an id"))
    }
}

/// Reads up to the closing quote. Escapes: `\"`, `\\` and `\uXXXX`.
fn unquote(quoted: &str) -> Result<(String, &str), String> {
    let mut text = String::new();
    let mut rest = quoted.chars();
    loop {
        match rest.next().ok_or("the text is not closed")? {
            '"' => return Ok((text, rest.as_str())),
            '\\' => text.push(escaped(&mut rest)?),
            c if is_unseen(c) => {
                return Err(format!(
                    "an unseen character: write \\u{:04X}",
                    u32::from(c)
                ));
            }
            c => text.push(c),
        }
    }
}

fn escaped(rest: &mut std::str::Chars<'_>) -> Result<char, String> {
    match rest.next() {
        Some(c @ ('"' | '\\')) => Ok(c),
        Some('u') => {
            let digits: String = rest.by_ref().take(4).collect();
            let all_hex = digits.len() == 4 && digits.chars().all(|c| c.is_ascii_hexdigit());
            let code = u32::from_str_radix(&digits, 16).ok().filter(|_| all_hex);
            code.and_then(char::from_u32)
                .ok_or_else(|| format!("\\u{digits} is not a character"))
        }
        _ => Err("only \\\", \\\\ and \\uXXXX are escapes".to_owned()),
    }
}

/// What an editor does not show, or shows as something else: it has to be written as an escape.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{a0}' | '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(source: &str) -> String {
        let faults = read("en", source).unwrap_err();
        faults
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ")
    }

    #[test]
    fn empty_lines_comments_and_entries_are_read() {
        let catalogue = read(
            "en",
            "# why\n\n\"a.b-c.d_e\" = \"Say \\\"x\\\" \\\\ \\u00ADy\"\n",
        )
        .unwrap();
        let forms = &catalogue["a.b-c.d_e"];
        assert_eq!(forms.text, "Say \"x\" \\ \u{ad}y");
        assert_eq!(forms.line, 3);
    }

    #[test]
    fn forms_find_their_text_wherever_it_stands() {
        let source =
            "\"a.one.speech\" = \"4\"\n\"a.one\" = \"2\"\n\"a\" = \"1\"\n\"a.speech\" = \"3\"";
        let forms = &read("en", source).unwrap()["a"];
        assert_eq!(forms.text, "1");
        assert_eq!(forms.one.as_deref(), Some("2"));
        assert_eq!(forms.speech.as_deref(), Some("3"));
        assert_eq!(forms.one_speech.as_deref(), Some("4"));
    }

    #[test]
    fn a_form_without_its_text_is_refused() {
        assert!(fault("\"a.one\" = \"x\"").contains("a form of a, which is not there"));
    }

    #[test]
    fn an_id_twice_is_refused_and_both_lines_are_named() {
        assert_eq!(
            fault("\"a\" = \"x\"\n\"a\" = \"x\""),
            "texts/en.toml:2: a stands already in line 1"
        );
        assert!(
            fault("\"a\" = \"x\"\n\"a.one\" = \"y\"\n\"a.one\" = \"z\"").contains("second form")
        );
    }

    #[test]
    fn other_toml_is_refused() {
        for line in [
            "a = \"x\"",
            "'a' = \"x\"",
            "\"a\" = 'x'",
            "\"a\"=\"x\"",
            "\"a\" = \"\"\"x\"\"\"",
            "\"a\" = 7",
            "\"a\" = [\"x\"]",
            "\"a\" = \"x\" # remark",
            "\"a\" = \"x\" ",
            " \"a\" = \"x\"",
            "[section]",
            "\"a\"",
            "\"a\" = \"x",
            "\"a\" = \"x\\",
            "\"a\" = \"x\\n\"",
            "\"a\" = \"\\u00G0\"",
            "\"a\" = \"\\u+0AD\"",
            "\"a\" = \"\\uD800\"",
            "\"a\" = \"\\u00",
        ] {
            assert!(read("en", line).is_err(), "{line}");
        }
    }

    #[test]
    fn bad_ids_are_refused() {
        for id in [
            "", ".", "a.", ".a", "a..b", "A", "a b", "1a", "a-", "a._b", "ä", "a\\u0041",
        ] {
            assert!(read("en", &format!("\"{id}\" = \"x\"")).is_err(), "{id}");
        }
    }

    #[test]
    fn carriage_returns_marks_and_unseen_characters_are_refused() {
        for source in [
            "\"a\" = \"x\"\r\n",
            "\u{feff}\"a\" = \"x\"",
            "\"a\" = \"x\ty\"",
            "\"a\" = \"x\u{202e}y\"",
            "\"a\" = \"x\u{200b}y\"",
            "\"a\" = \"x\u{ad}y\"",
            "\"a\" = \"x\u{a0}y\"",
        ] {
            assert!(read("en", source).is_err(), "{source:?}");
        }
        assert!(fault("\"a\" = \"x\u{ad}y\"").contains("write \\u00AD"));
    }
}
