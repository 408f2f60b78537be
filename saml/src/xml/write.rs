//! Writing XML that already is its own exclusive canonical form (Exclusive XML Canonicalization
//! 1.0 without comments, over Canonical XML 1.0), so that a digest over the written octets is the
//! digest that a verifier computes.
//!
//! What that takes: a namespace is declared on the first element that uses its prefix, declarations
//! stand before attributes, attributes are sorted, empty elements have an end tag, and text and
//! attribute values are escaped as Canonical XML 1.0, section 2.3, says and no further.

use crate::error::EmitError;

/// The namespaces that are written. Only elements have one; all attributes are unqualified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ns {
    Protocol,
    Assertion,
    Signature,
    Metadata,
}

impl Ns {
    fn prefix(self) -> &'static str {
        match self {
            Self::Protocol => "samlp",
            Self::Assertion => "saml",
            Self::Signature => "ds",
            Self::Metadata => "md",
        }
    }

    /// The namespace name.
    pub(crate) fn uri(self) -> &'static str {
        match self {
            Self::Protocol => "urn:oasis:names:tc:SAML:2.0:protocol",
            Self::Assertion => "urn:oasis:names:tc:SAML:2.0:assertion",
            Self::Signature => "http://www.w3.org/2000/09/xmldsig#",
            Self::Metadata => "urn:oasis:names:tc:SAML:2.0:metadata",
        }
    }
}

/// Writes elements and texts into one document.
#[derive(Default)]
pub(crate) struct Writer {
    out: String,
    declared: Vec<Ns>,
    illegal: bool,
}

impl Writer {
    /// Writes one document with `content` and gives it back.
    ///
    /// # Errors
    /// [`EmitError::NotXml`] when a text or attribute held a character that XML cannot carry.
    pub(crate) fn document(content: impl FnOnce(&mut Self)) -> Result<String, EmitError> {
        let mut writer = Self::default();
        content(&mut writer);
        if writer.illegal {
            Err(EmitError::NotXml)
        } else {
            Ok(writer.out)
        }
    }

    /// An element with content. The attributes may come in any order.
    pub(crate) fn element(
        &mut self,
        ns: Ns,
        local: &str,
        attributes: &[(&str, &str)],
        content: impl FnOnce(&mut Self),
    ) {
        let prefix = ns.prefix();
        self.raw(&["<", prefix, ":", local]);
        let declares = !self.declared.contains(&ns);
        if declares {
            self.declared.push(ns);
            self.raw(&[" xmlns:", prefix, "=\"", ns.uri(), "\""]);
        }
        let mut sorted = attributes.to_vec();
        sorted.sort_unstable_by_key(|(name, _)| *name);
        for (name, value) in sorted {
            self.raw(&[" ", name, "=\""]);
            self.escape(value, |c| match c {
                '&' => Some("&amp;"),
                '<' => Some("&lt;"),
                '"' => Some("&quot;"),
                '\t' => Some("&#x9;"),
                '\n' => Some("&#xA;"),
                '\r' => Some("&#xD;"),
                _ => None,
            });
            self.raw(&["\""]);
        }
        self.raw(&[">"]);
        content(self);
        self.raw(&["</", prefix, ":", local, ">"]);
        if declares {
            self.declared.pop();
        }
    }

    /// An element with nothing but a text.
    pub(crate) fn leaf(&mut self, ns: Ns, local: &str, attributes: &[(&str, &str)], text: &str) {
        self.element(ns, local, attributes, |w| w.text(text));
    }

    /// A text node.
    pub(crate) fn text(&mut self, text: &str) {
        self.escape(text, |c| match c {
            '&' => Some("&amp;"),
            '<' => Some("&lt;"),
            '>' => Some("&gt;"),
            '\r' => Some("&#xD;"),
            _ => None,
        });
    }

    /// Puts in a document that another writer made. It declares its namespaces itself, so it stays
    /// canonical as long as no element open here has declared one of them.
    pub(crate) fn embed(&mut self, document: &str) {
        self.raw(&[document]);
    }

    fn raw(&mut self, parts: &[&str]) {
        self.out.extend(parts.iter().copied());
    }

    fn escape(&mut self, text: &str, escaped: impl Fn(char) -> Option<&'static str>) {
        for c in text.chars() {
            self.illegal |= !super::is_char(c);
            match escaped(c) {
                Some(reference) => self.out.push_str(reference),
                None => self.out.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_are_declared_where_first_used() {
        let text = Writer::document(|w| {
            w.element(Ns::Protocol, "A", &[], |w| {
                w.leaf(Ns::Assertion, "B", &[], "");
                w.element(Ns::Assertion, "C", &[], |w| {
                    w.leaf(Ns::Protocol, "D", &[], "x")
                });
            });
        });
        assert_eq!(
            text.unwrap(),
            "<samlp:A xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
             <saml:B xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"></saml:B>\
             <saml:C xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
             <samlp:D>x</samlp:D></saml:C></samlp:A>"
        );
    }

    #[test]
    fn texts_and_attributes_are_escaped_each_in_its_way() {
        let nasty = "<a b=\"c\">&'\t\n\r]]>";
        let text =
            Writer::document(|w| w.leaf(Ns::Signature, "X", &[("b", nasty), ("a", "")], nasty));
        assert_eq!(
            text.unwrap(),
            "<ds:X xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" a=\"\" \
             b=\"&lt;a b=&quot;c&quot;>&amp;'&#x9;&#xA;&#xD;]]>\">\
             &lt;a b=\"c\"&gt;&amp;'\t\n&#xD;]]&gt;</ds:X>"
        );
    }

    #[test]
    fn what_xml_cannot_carry_is_refused_in_both_places() {
        for bad in ["a\0", "\u{b}", "\u{FFFF}"] {
            let text = Writer::document(|w| w.leaf(Ns::Metadata, "X", &[], bad));
            assert_eq!(text, Err(EmitError::NotXml));
            let text = Writer::document(|w| w.leaf(Ns::Metadata, "X", &[("a", bad)], ""));
            assert_eq!(text, Err(EmitError::NotXml));
        }
    }
}
