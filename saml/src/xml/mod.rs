//! In: foreign XML text; our own elements and texts.
//! Out: a tree read within limits; text that already is exclusive canonical XML.
//! Never here: a document type or an entity; a character that XML cannot carry; unescaped text.

mod read;
mod write;

pub(crate) use read::{MAX_XML, boolean, parse, text_of, unique_child};
pub(crate) use write::{Ns, Writer};

/// `Char` of XML 1.0 (section 2.2).
pub(crate) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// `NCName` of Namespaces in XML 1.0 (section 3): a `Name` of XML 1.0 (section 2.3) without colon.
pub(crate) fn is_ncname(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(is_name_start) && chars.all(is_name_char)
}

fn is_name_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}'
            | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_other_texts() {
        for name in ["_1", "a", "ONELOGIN_ab-c.9", "é", "名"] {
            assert!(is_ncname(name), "{name}");
        }
        for text in [
            "", "1a", "-a", ".a", "a:b", "a b", "a\n", "a\"", "a<", "a&", "\u{d7}",
        ] {
            assert!(!is_ncname(text), "{text}");
        }
    }

    #[test]
    fn characters_xml_cannot_carry_are_known() {
        for c in [
            '\t',
            '\n',
            '\r',
            ' ',
            '\u{7f}',
            '\u{85}',
            '\u{FFFD}',
            '\u{10FFFF}',
        ] {
            assert!(is_char(c), "{c:?}");
        }
        for c in [
            '\0', '\u{8}', '\u{b}', '\u{c}', '\u{1f}', '\u{FFFE}', '\u{FFFF}',
        ] {
            assert!(!is_char(c), "{c:?}");
        }
    }
}
