//! Reading foreign XML within limits.

use roxmltree::{Document, Node, ParsingOptions};

use crate::error::Refusal;

/// A message has at most this many octets, whatever it came packed in.
pub(crate) const MAX_XML: usize = 64 * 1024;
const MAX_DEPTH: usize = 16;
const MAX_NODES: u32 = 1024;
/// The parser compares every attribute of an element with every other one.
const MAX_ATTRIBUTES: usize = 1024;
/// The parser copies all namespaces in scope to each element that declares one.
const MAX_NAMESPACES: usize = 64;

/// Parses a document. Whatever could be a document type is refused before the parser sees it.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, Refusal> {
    // In well-formed XML "<!" begins a comment, a CDATA section or a document type (XML 1.0, 2.8).
    let harmless = |after: &str| after.starts_with("--") || after.starts_with("[CDATA[");
    if !text.split("<!").skip(1).all(harmless) {
        return Err(Refusal::Doctype);
    }
    if text.matches('=').count() > MAX_ATTRIBUTES {
        return Err(Refusal::TooLarge("number of attributes"));
    }
    if text.matches("xmlns").count() > MAX_NAMESPACES {
        return Err(Refusal::TooLarge("number of namespaces"));
    }
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::NodesLimitReached => Refusal::TooLarge("number of XML nodes"),
        roxmltree::Error::DtdDetected => Refusal::Doctype,
        _ => Refusal::Xml,
    })?;
    let too_deep = |node: Node<'_, '_>| node.ancestors().nth(MAX_DEPTH + 1).is_some();
    if document.descendants().any(too_deep) {
        return Err(Refusal::TooLarge("XML nesting depth"));
    }
    Ok(document)
}

/// The one child element of that name, if there is any.
///
/// # Errors
/// [`Refusal::Invalid`] with `local` when there are several.
pub(crate) fn unique_child<'a, 'input>(
    parent: Node<'a, 'input>,
    namespace: &str,
    local: &'static str,
) -> Result<Option<Node<'a, 'input>>, Refusal> {
    let mut found = parent
        .children()
        .filter(|node| node.has_tag_name((namespace, local)));
    let first = found.next();
    match found.next() {
        None => Ok(first),
        Some(_) => Err(Refusal::Invalid(local)),
    }
}

/// The text of an element that holds nothing but text. `None` otherwise: where a comment splits a
/// text, two readers may see two values.
pub(crate) fn text_of<'a>(element: Node<'a, '_>) -> Option<&'a str> {
    let mut children = element.children();
    let text = children.next().filter(Node::is_text)?.text()?;
    match children.next() {
        None => Some(text),
        Some(_) => None,
    }
}

/// `xs:boolean`.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> Refusal {
        parse(text).map(|_| ()).unwrap_err()
    }

    #[test]
    fn row_01_doctype_is_refused_before_parsing() {
        for text in [
            "<!DOCTYPE a><a/>",
            "<!DOCTYPE a SYSTEM \"http://evil.example/\"><a/>",
            "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
            "<!DOCTYPE a [<!ENTITY b \"1\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>",
            "<!doctype a><a/>",
            "<! DOCTYPE a><a/>",
            // Not well-formed after it, so only a look before parsing can say "document type".
            "<!DOCTYPE a [",
            "<a><!DOCTYPE b></a>",
            "<a><!-- x --><!ENTITY b '1'></a>",
        ] {
            assert_eq!(error(text), Refusal::Doctype, "{text}");
        }
        assert_eq!(
            error("<a>&b;</a>"),
            Refusal::Xml,
            "an entity nobody declared"
        );
    }

    #[test]
    fn comments_and_cdata_may_stand_in_a_document() {
        assert!(parse("<?xml version='1.0'?><!-- a --><a><![CDATA[b]]></a>").is_ok());
    }

    #[test]
    fn row_03_nesting_and_numbers_are_limited() {
        let nested = |depth| "<a>".repeat(depth) + &"</a>".repeat(depth);
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(
            error(&nested(MAX_DEPTH + 1)),
            Refusal::TooLarge("XML nesting depth")
        );
        let flat = format!("<a>{}</a>", "<b/>".repeat(MAX_NODES as usize));
        assert_eq!(error(&flat), Refusal::TooLarge("number of XML nodes"));
        let deepest = nested(8000);
        assert!(matches!(error(&deepest), Refusal::TooLarge(_)));
        let attributes: String = (0..=MAX_ATTRIBUTES).map(|i| format!(" a{i}=''")).collect();
        assert_eq!(
            error(&format!("<a{attributes}/>")),
            Refusal::TooLarge("number of attributes")
        );
        let namespaces = "<a xmlns=''>".repeat(MAX_NAMESPACES + 1);
        assert_eq!(
            error(&namespaces),
            Refusal::TooLarge("number of namespaces")
        );
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for text in [
            "",
            " ",
            "a",
            "<a>",
            "<a></b>",
            "<a b='1' b='2'/>",
            "<a/><b/>",
            "<x:a/>",
            "<a\0/>",
        ] {
            assert_eq!(error(text), Refusal::Xml, "{text}");
        }
    }

    #[test]
    fn a_text_split_by_a_comment_is_no_text() {
        let read = |text: &str| {
            let document = parse(text).unwrap();
            text_of(document.root_element()).map(str::to_owned)
        };
        assert_eq!(read("<a>x&amp;y</a>").as_deref(), Some("x&y"));
        assert_eq!(read("<a>x<![CDATA[y]]></a>").as_deref(), Some("xy"));
        assert_eq!(read("<a>x<!-- -->y</a>"), None);
        assert_eq!(read("<a><!-- -->y</a>"), None);
        assert_eq!(read("<a>x<?p?>y</a>"), None);
        assert_eq!(read("<a>x<b/></a>"), None);
        assert_eq!(read("<a/>"), None);
    }
}
