//! A small element tree for the documents that S3's configuration calls carry.
//!
//! The tree serves checks and edits only: what a caller stored is kept and answered as text.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::wire::is_xml_char;

/// One element: attributes are kept as written, text is unescaped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: String,
    pub(crate) text: String,
    pub(crate) children: Vec<Self>,
}

/// The document was not well-formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotWellFormed;

impl Element {
    /// Returns an element with text and nothing else.
    pub(crate) fn leaf(name: &str, text: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            ..Self::default()
        }
    }

    /// Returns the first child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Returns the text of the first child of this name.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }

    /// Returns every child of this name.
    pub(crate) fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Says whether every child is one of these, those not in `many` at most once.
    pub(crate) fn has_only(&self, once: &[&str], many: &[&str]) -> bool {
        let known = |name: &str| once.contains(&name) || many.contains(&name);
        let repeated = |name: &&str| self.children_named(name).count() > 1;
        self.children.iter().all(|child| known(&child.name)) && !once.iter().any(repeated)
    }

    /// Writes the element without a declaration.
    pub(crate) fn write(&self) -> String {
        let mut out = String::new();
        self.write_into(&mut out);
        out
    }

    fn write_into(&self, out: &mut String) {
        let Self {
            name,
            attributes,
            text,
            children,
        } = self;
        out.push('<');
        out.push_str(name);
        if !attributes.is_empty() {
            out.push(' ');
            out.push_str(attributes);
        }
        out.push('>');
        out.push_str(&escape(text));
        for child in children {
            child.write_into(out);
        }
        out.push_str("</");
        out.push_str(name);
        out.push('>');
    }
}

/// Escapes text for use between tags. A character that XML cannot carry is written as a reference, as S3 does: there is
/// nothing better, and who lists with `encoding-type=url` does not meet it.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    push_escaped(&mut escaped, text);
    escaped
}

/// Escapes text into a document.
pub(crate) fn push_escaped(xml: &mut String, text: &str) {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'&' | b'<' | b'>');
    if text.bytes().all(is_plain) {
        xml.push_str(text);
        return;
    }
    for char in text.chars() {
        match char {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\r' => xml.push_str("&#13;"),
            char if is_xml_char(char) => xml.push(char),
            char => xml.push_str(&format!("&#x{:x};", u32::from(char))),
        }
    }
}

/// Parses a document into its root element.
pub(crate) fn parse(document: &[u8]) -> Result<Element, NotWellFormed> {
    let mut reader = Reader::from_reader(document);
    let mut open: Vec<Element> = Vec::new();
    loop {
        match reader.read_event().map_err(|_| NotWellFormed)? {
            Event::Start(start) => open.push(element(&start)?),
            Event::Empty(start) => {
                let element = element(&start)?;
                if let Some(root) = close(&mut open, element) {
                    return Ok(root);
                }
            }
            Event::End(_) => {
                let element = open.pop().ok_or(NotWellFormed)?;
                if let Some(root) = close(&mut open, element) {
                    return Ok(root);
                }
            }
            Event::Text(text) => append(&mut open, &text.decode().map_err(|_| NotWellFormed)?)?,
            Event::CData(data) => append(&mut open, &data.decode().map_err(|_| NotWellFormed)?)?,
            Event::GeneralRef(reference) => {
                let name = std::str::from_utf8(&reference).map_err(|_| NotWellFormed)?;
                append(&mut open, &entity(name).ok_or(NotWellFormed)?.to_string())?;
            }
            Event::Eof => return Err(NotWellFormed),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, NotWellFormed> {
    let local = start.local_name();
    let name = std::str::from_utf8(local.as_ref())
        .map_err(|_| NotWellFormed)?
        .to_owned();
    let attributes = std::str::from_utf8(start.attributes_raw()).map_err(|_| NotWellFormed)?;
    Ok(Element {
        name,
        attributes: attributes.trim().to_owned(),
        ..Element::default()
    })
}

/// Puts a finished element into its parent; the root comes back.
fn close(open: &mut [Element], mut element: Element) -> Option<Element> {
    if !element.children.is_empty() {
        // Between elements there is only layout.
        element.text.clear();
    }
    match open.last_mut() {
        Some(parent) => {
            parent.children.push(element);
            None
        }
        None => Some(element),
    }
}

fn append(open: &mut [Element], text: &str) -> Result<(), NotWellFormed> {
    if !text.chars().all(is_xml_char) {
        return Err(NotWellFormed);
    }
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
    Ok(())
}

fn entity(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_and_written_back() {
        let text = "<A xmlns=\"n\"><B>x &amp; y</B><C></C></A>";
        let root = parse(text.as_bytes()).unwrap();
        assert_eq!(root.text_of("B"), Some("x & y"));
        assert_eq!(root.write(), text);
    }

    #[test]
    fn layout_entities_and_empty_elements_are_understood() {
        let root = parse(b"<?xml version=\"1.0\"?>\n<A>\n <B>&#x41;&lt;</B>\n <C/>\n</A>").unwrap();
        assert_eq!((root.text.as_str(), root.text_of("B")), ("", Some("A<")));
        assert!(root.has_only(&["B", "C"], &[]) && !root.has_only(&["B"], &[]));
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for text in ["", "text", "<A>", "<A></B>", "<A>&nope;</A>"] {
            assert_eq!(parse(text.as_bytes()), Err(NotWellFormed), "{text}");
        }
    }

    #[test]
    fn what_xml_cannot_carry_is_not_read() {
        for text in [
            "\u{1}",
            "&#1;",
            "&#x1f;",
            "\u{b}",
            "\u{fffe}",
            "<![CDATA[\u{8}]]>",
        ] {
            let document = format!("<A><B>a{text}</B></A>");
            assert_eq!(parse(document.as_bytes()), Err(NotWellFormed), "{text:?}");
        }
        let root = parse("<A><B>a&#9;\n\u{7f}é\u{1f600}</B></A>".as_bytes()).unwrap();
        assert_eq!(root.text_of("B"), Some("a\t\n\u{7f}é\u{1f600}"));
    }
}
