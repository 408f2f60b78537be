//! Enough of Rust's lexer to know which names a file uses, and not which it only talks about.

/// The identifiers of a source text, without those in comments, strings and characters.
pub(crate) fn identifiers(source: &str) -> Vec<&str> {
    let bytes = source.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &source[at..];
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            at += block_comment(rest);
        } else if bytes[at] == b'"' {
            at += string(rest);
        } else if bytes[at] == b'\'' {
            at += character_or_lifetime(rest);
        } else if is_name(bytes[at]) {
            let length = rest
                .bytes()
                .position(|byte| !is_name(byte))
                .unwrap_or(rest.len());
            let name = &rest[..length];
            match name {
                "r" | "br" | "cr" if raw_string(&rest[length..]).is_some() => {
                    at += length + raw_string(&rest[length..]).unwrap_or_default();
                    continue;
                }
                _ => found.push(name),
            }
            at += length;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    found
}

fn is_name(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

fn block_comment(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0, 0);
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a raw string whose `r` was read already.
fn raw_string(text: &str) -> Option<usize> {
    let hashes = text.bytes().take_while(|byte| *byte == b'#').count();
    let inner = text[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", &text[..hashes]);
    Some(hashes + 1 + inner.find(&end).map_or(inner.len(), |at| at + end.len()))
}

fn character_or_lifetime(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => {
            let closing = text[3..].find('\'').map(|at| at + 4);
            closing.unwrap_or(text.len())
        }
        Some((at, c)) if text[at + c.len_utf8()..].starts_with('\'') => at + c.len_utf8() + 1,
        _ => 1,
    }
}

#[test]
fn names_are_found_and_talk_about_them_is_not() {
    for (source, expected) in [
        ("use a::b;", vec!["use", "a", "b"]),
        ("a // b\nc", vec!["a", "c"]),
        ("a /* b /* c */ d */ e", vec!["a", "e"]),
        (r#"a "b \" c" d"#, vec!["a", "d"]),
        ("a r#\"b \" c\"# d", vec!["a", "d"]),
        ("a br\"b\" d r#type", vec!["a", "d", "r", "type"]),
        (
            "a b'\"' c '\\'' d '\\u{1F600}' e 'ü' f",
            vec!["a", "b", "c", "d", "e", "f"],
        ),
        (
            "fn f<'a>(x: &'a str)",
            vec!["fn", "f", "a", "x", "a", "str"],
        ),
        ("größe ring", vec!["gr", "e", "ring"]),
    ] {
        assert_eq!(identifiers(source), expected, "{source}");
    }
}
