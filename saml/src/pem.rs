//! Textual encodings of keys and certificates (RFC 7468), read leniently as to line lengths.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// One `-----BEGIN label-----` … `-----END label-----`, not decoded yet.
pub(crate) struct Section<'a> {
    /// The words between `BEGIN ` and the dashes.
    pub(crate) label: &'a str,
    body: &'a str,
}

impl Section<'_> {
    /// The bytes, wiped when dropped since they may be a private key. `None`: not base64.
    pub(crate) fn decode(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut text = Zeroizing::new(String::with_capacity(self.body.len()));
        text.extend(self.body.chars().filter(|c| !c.is_ascii_whitespace()));
        Base64::decode_vec(&text).ok().map(Zeroizing::new)
    }
}

/// All sections in order. Text around them is skipped. `None`: a section does not end.
pub(crate) fn sections(mut text: &str) -> Option<Vec<Section<'_>>> {
    let mut found = Vec::new();
    while let Some((_, after)) = text.split_once("-----BEGIN ") {
        let (label, after) = after.split_once("-----")?;
        let (body, after) = after.split_once("-----END ")?;
        text = after.strip_prefix(label)?.strip_prefix("-----")?;
        found.push(Section { label, body });
    }
    Some(found)
}

/// Writes one section with lines of 64 characters.
pub(crate) fn write(label: &str, der: &[u8]) -> String {
    let base64 = Base64::encode_string(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for (at, c) in base64.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            out.push('\n');
        }
        out.push(c);
    }
    out.push_str(&format!("\n-----END {label}-----\n"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let text = write("THING", &[7; 100]) + "notes\r\n" + &write("OTHER", &[8; 48]);
        let sections = sections(&text).unwrap();
        assert_eq!(sections.len(), 2);
        assert_eq!(sections[0].label, "THING");
        assert_eq!(*sections[0].decode().unwrap(), vec![7; 100]);
        assert_eq!(*sections[1].decode().unwrap(), vec![8; 48]);
        assert!(text.lines().all(|line| line.len() <= 64));
    }

    #[test]
    fn a_section_that_does_not_end_or_is_not_base64_is_nothing() {
        assert!(sections("-----BEGIN A-----\nAAAA\n").is_none());
        assert!(sections("-----BEGIN A-----\nAAAA\n-----END B-----").is_none());
        assert!(sections("-----BEGIN A").is_none());
        assert!(sections("").unwrap().is_empty());
        let odd = sections("-----BEGIN A-----\nAA*A\n-----END A-----").unwrap();
        assert!(odd[0].decode().is_none());
    }
}
