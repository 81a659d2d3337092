//! Entries of listings as they are written: straight into the document, because there may be millions of them.

use super::cursors::{ObjectRow, Row};
use super::listing::{Query, Sink};
use crate::clock::push_iso_seconds;
use crate::s3::rules::acl::canonical_id;
use crate::s3::xml::push_escaped;

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed {
    /// `Version` and `DeleteMarker`.
    Versions,
    /// `Contents`, with their owner where one asks for it.
    Contents { with_owner: bool },
}

/// Entries and common prefixes of a page.
#[derive(Debug)]
pub(crate) struct Written<'a> {
    query: &'a Query,
    listed: Listed,
    entries: String,
    prefixes: String,
    /// Account and canonical id of the owner that was written last.
    owner: (String, String),
}

/// What an entry takes at most, as a rule.
const ENTRY: usize = 512;

impl<'a> Written<'a> {
    /// Starts a page.
    pub(crate) fn new(query: &'a Query, listed: Listed) -> Self {
        Self {
            query,
            listed,
            entries: String::with_capacity(ENTRY * query.max),
            prefixes: String::new(),
            owner: Default::default(),
        }
    }

    /// Puts a page together; the head is without its declaration and has the root element open.
    pub(crate) fn finish(self, head: &str, tail: &str) -> String {
        const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        [DECLARATION, head, &self.entries, &self.prefixes, tail].concat()
    }

    fn push_version(&mut self, row: &Row<'_>) {
        let xml = &mut self.entries;
        let (open, close) = match row.object {
            Some(_) => ("<Version><Key>", "</ID></Owner></Version>"),
            None => ("<DeleteMarker><Key>", "</ID></Owner></DeleteMarker>"),
        };
        xml.push_str(open);
        self.query.push_shown(xml, row.key);
        xml.push_str("</Key><VersionId>");
        xml.push_str(row.id);
        xml.push_str("</VersionId><IsLatest>");
        xml.push_str(word(row.latest));
        xml.push_str("</IsLatest><LastModified>");
        push_iso_seconds(xml, row.modified);
        xml.push_str("</LastModified>");
        if let Some(object) = &row.object {
            push_etag(xml, object.etag);
            push_checksum(xml, object);
            push_size(xml, object);
        }
        xml.push_str("<Owner><ID>");
        xml.push_str(owner(&mut self.owner, row.owner));
        xml.push_str(close);
    }

    fn push_contents(&mut self, row: &Row<'_>, object: &ObjectRow<'_>, with_owner: bool) {
        let xml = &mut self.entries;
        xml.push_str("<Contents>");
        push_checksum(xml, object);
        push_etag(xml, object.etag);
        xml.push_str("<Key>");
        self.query.push_shown(xml, row.key);
        xml.push_str("</Key><LastModified>");
        push_iso_seconds(xml, row.modified);
        xml.push_str("</LastModified>");
        if with_owner {
            xml.push_str("<Owner><ID>");
            xml.push_str(owner(&mut self.owner, row.owner));
            xml.push_str("</ID></Owner>");
        }
        push_size(xml, object);
        xml.push_str("</Contents>");
    }
}

impl Sink for Written<'_> {
    fn version(&mut self, row: &Row<'_>) {
        match (self.listed, &row.object) {
            (Listed::Versions, _) => self.push_version(row),
            (Listed::Contents { with_owner }, Some(object)) => {
                self.push_contents(row, object, with_owner);
            }
            // No current object is one.
            (Listed::Contents { .. }, None) => {}
        }
    }

    fn prefix(&mut self, prefix: &str) {
        let xml = &mut self.prefixes;
        xml.push_str("<CommonPrefixes><Prefix>");
        self.query.push_shown(xml, prefix);
        xml.push_str("</Prefix></CommonPrefixes>");
    }
}

/// Returns the canonical id of an account, which is the same for most entries of a page.
fn owner<'a>(last: &'a mut (String, String), account: &str) -> &'a str {
    if last.0 != account || last.1.is_empty() {
        *last = (account.to_owned(), canonical_id(account));
    }
    &last.1
}

/// Writes an element with a text.
pub(crate) fn push(xml: &mut String, name: &str, text: &str) {
    open(xml, name);
    push_escaped(xml, text);
    close(xml, name);
}

/// Writes an element with a key or a prefix.
pub(crate) fn push_key(xml: &mut String, name: &str, query: &Query, key: &str) {
    open(xml, name);
    query.push_shown(xml, key);
    close(xml, name);
}

fn open(xml: &mut String, name: &str) {
    xml.push('<');
    xml.push_str(name);
    xml.push('>');
}

fn close(xml: &mut String, name: &str) {
    xml.push_str("</");
    xml.push_str(name);
    xml.push('>');
}

fn push_etag(xml: &mut String, etag: &str) {
    xml.push_str("<ETag>&quot;");
    xml.push_str(etag);
    xml.push_str("&quot;</ETag>");
}

fn push_checksum(xml: &mut String, object: &ObjectRow<'_>) {
    if let Some((algorithm, kind)) = object.checksum {
        xml.push_str("<ChecksumAlgorithm>");
        xml.push_str(algorithm);
        xml.push_str("</ChecksumAlgorithm><ChecksumType>");
        xml.push_str(kind);
        xml.push_str("</ChecksumType>");
    }
}

fn push_size(xml: &mut String, object: &ObjectRow<'_>) {
    let mut digits = [0; 20];
    xml.push_str("<Size>");
    xml.push_str(decimal(object.size, &mut digits));
    xml.push_str("</Size><StorageClass>");
    xml.push_str(object.class);
    xml.push_str("</StorageClass>");
}

/// Returns a number in digits.
fn decimal(number: u64, digits: &mut [u8; 20]) -> &str {
    let (mut rest, mut at) = (number, digits.len());
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            return std::str::from_utf8(&digits[at..]).unwrap_or_default();
        }
    }
}

/// As XML has it.
pub(crate) fn word(holds: bool) -> &'static str {
    if holds { "true" } else { "false" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_in_digits() {
        for number in [0, 9, 10, 4096, u64::MAX] {
            assert_eq!(decimal(number, &mut [0; 20]), number.to_string());
        }
    }

    #[test]
    fn entries_have_the_elements_of_s3_in_their_order() {
        let query = Query {
            url_encoded: true,
            max: 2,
            ..Query::default()
        };
        let object = ObjectRow {
            etag: "e",
            checksum: Some(("CRC32", "FULL_OBJECT")),
            size: 7,
            class: "STANDARD",
        };
        let row = Row {
            key: "a b",
            id: "v",
            latest: true,
            modified: 0,
            owner: "1",
            object: Some(object),
        };
        let shown = |listed| {
            let mut page = Written::new(&query, listed);
            Sink::version(&mut page, &row);
            Sink::prefix(&mut page, "p&/");
            page.finish("<R>", "</R>")
        };
        let id = canonical_id("1");
        let prefix = "<CommonPrefixes><Prefix>p%26/</Prefix></CommonPrefixes></R>";
        let checksum =
            "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>";
        let size = "<Size>7</Size><StorageClass>STANDARD</StorageClass>";
        let modified = "<LastModified>1970-01-01T00:00:00.000Z</LastModified>";
        let version = format!(
            "<R><Version><Key>a+b</Key><VersionId>v</VersionId><IsLatest>true</IsLatest>{modified}\
             <ETag>&quot;e&quot;</ETag>{checksum}{size}<Owner><ID>{id}</ID></Owner></Version>{prefix}"
        );
        assert!(shown(Listed::Versions).ends_with(&version));
        let contents = format!(
            "<R><Contents>{checksum}<ETag>&quot;e&quot;</ETag><Key>a+b</Key>{modified}\
             <Owner><ID>{id}</ID></Owner>{size}</Contents>{prefix}"
        );
        assert!(shown(Listed::Contents { with_owner: true }).ends_with(&contents));
    }
}
