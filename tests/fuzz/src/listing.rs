//! A page of a listing: read whole or not at all, and what is read is what another reader reads.
//!
//! The product's reader goes over the bytes once, by a tokenizer of its own. Here a tree is built of what `xmlparser`, the SDK's reader, sees, and
//! the page is looked up in it.

use s3ferry_verify::{Kind, Page};
use xmlparser::{ElementEnd, Token, Tokenizer};

/// Reads any bytes as a page of a listing.
pub fn listing(data: &[u8]) {
    let Ok(page) = Page::parse(data) else {
        return;
    };
    let Some(root) = std::str::from_utf8(data).ok().and_then(tree) else {
        return;
    };
    assert_eq!(read(&page), Listed::of(&root));
    let cuts = [root.end, root.end * 3 / 4, root.end / 2, root.end / 3];
    for cut in cuts {
        assert!(Page::parse(&data[..cut]).is_err(), "whole at {cut}");
    }
}

/// What a page says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Listed {
    versions: Vec<Version>,
    prefixes: Vec<Vec<u8>>,
    next: Option<(Vec<u8>, Option<String>)>,
}

#[derive(Debug, PartialEq, Eq)]
struct Version {
    key: Vec<u8>,
    id: String,
    is_marker: bool,
    is_latest: bool,
    size: u64,
    etag: String,
    class: String,
    modified: String,
}

fn read(page: &Page) -> Listed {
    let entries = (0..page.len()).filter_map(|at| page.entry(at));
    let version = |of: s3ferry_verify::Entry<'_>| Version {
        key: of.key.to_vec(),
        id: of.version.to_owned(),
        is_marker: of.kind == Kind::Marker,
        is_latest: of.latest,
        size: of.size,
        etag: of.etag.to_owned(),
        class: of.class.to_owned(),
        modified: of.modified.to_owned(),
    };
    let next = page.next();
    Listed {
        versions: entries.map(version).collect(),
        prefixes: page.prefixes().to_vec(),
        next: next.map(|next| (next.key.clone(), next.version.clone())),
    }
}

impl Listed {
    fn of(root: &Element) -> Self {
        let is_encoded = root.all("EncodingType").any(|text| text == "url");
        let plain = |text: &str| {
            if is_encoded {
                decoded(text)
            } else {
                text.as_bytes().to_vec()
            }
        };
        let version = |of: &Element| {
            let text = |name: &str| of.last(name).unwrap_or_default().to_owned();
            let latest = of.last("IsLatest").map(|text| text == "true");
            Version {
                key: plain(&text("Key")),
                id: text("VersionId"),
                is_marker: of.name == "DeleteMarker",
                is_latest: latest.unwrap_or(of.name == "Contents"),
                size: text("Size").parse().unwrap_or(0),
                etag: text("ETag").trim_matches('"').to_owned(),
                class: text("StorageClass"),
                modified: text("LastModified"),
            }
        };
        let is_entry = |of: &&Element| ["Version", "Contents", "DeleteMarker"].contains(&&*of.name);
        let entries = root.children.iter().filter(is_entry);
        let folders = root.children.iter();
        let folders = folders.filter(|of| of.name == "CommonPrefixes");
        let mut listed = Self {
            versions: entries.map(version).collect(),
            prefixes: folders.flat_map(|of| of.all("Prefix").map(plain)).collect(),
            next: None,
        };
        if root.last("IsTruncated") == Some("true") {
            let said = root.last("NextKeyMarker").filter(|key| !key.is_empty());
            let version = root.last("NextVersionIdMarker").map(str::to_owned);
            listed.next = match said {
                Some(key) => Some((plain(key), version)),
                None => listed.last().map(|key| (key, None)),
            };
        }
        listed
    }

    /// The last that a listing of current objects tells.
    fn last(&self) -> Option<Vec<u8>> {
        let key = self.versions.last().filter(|of| of.id.is_empty());
        let key = key.map(|of| of.key.clone());
        key.max(self.prefixes.last().cloned())
    }
}

/// An element with all that is in it.
#[derive(Debug, Default)]
struct Element {
    name: String,
    /// With entities as what they stand for.
    text: String,
    children: Vec<Self>,
    /// Where its end begins.
    end: usize,
}

impl Element {
    /// The texts of children of this name that have no children.
    fn all<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
        let named = self.children.iter().filter(move |of| of.name == name);
        let leaves = named.filter(|of| of.children.is_empty());
        leaves.map(|of| &*of.text)
    }

    fn last<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next_back()
    }
}

/// The document as a tree; none where it has anything but one root, or is not well-formed.
fn tree(text: &str) -> Option<Element> {
    let mut open: Vec<(String, Element)> = Vec::new();
    let mut root = None;
    for token in Tokenizer::from(text) {
        match token.ok()? {
            Token::ElementStart { prefix, local, .. } => {
                let element = Element {
                    name: local.to_string(),
                    ..Element::default()
                };
                open.push((prefix.to_string(), element));
            }
            Token::Text { text } => {
                if let Some((_, element)) = open.last_mut() {
                    element.text += &unescaped(text.as_str())?;
                }
            }
            Token::ElementEnd {
                end: ElementEnd::Open,
                ..
            }
            | Token::Attribute { .. }
            | Token::Declaration { .. } => {}
            Token::ElementEnd { end, span } => {
                let (prefix, mut element) = open.pop()?;
                if let ElementEnd::Close(of, name) = end
                    && (of.as_str(), name.as_str()) != (&*prefix, &*element.name)
                {
                    return None;
                }
                element.end = span.start();
                match open.last_mut() {
                    Some((_, parent)) => parent.children.push(element),
                    None if root.is_some() => return None,
                    None => root = Some(element),
                }
            }
            _ => return None,
        }
    }
    root.filter(|_| open.is_empty())
}

/// A text of XML; none where it has an entity that is none of the five and no number.
fn unescaped(text: &str) -> Option<String> {
    let mut pieces = text.split('&');
    let mut plain = pieces.next()?.to_owned();
    for piece in pieces {
        let (entity, rest) = piece.split_once(';')?;
        let number = |digits: &str, base| {
            let code = u32::from_str_radix(digits, base).ok()?;
            char::from_u32(code)
        };
        plain.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => match entity.strip_prefix('#')? {
                hex if hex.starts_with('x') => number(&hex[1..], 16)?,
                digits => number(digits, 10)?,
            },
        });
        plain += rest;
    }
    Some(plain)
}

/// A key under `encoding-type=url`.
fn decoded(text: &str) -> Vec<u8> {
    let text = text.as_bytes();
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    let mut plain = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let code = (byte == b'%').then(|| Some(digit(at + 1)? * 16 + digit(at + 2)?));
        match code.flatten() {
            Some(code) => {
                plain.push(code as u8);
                at += 3;
            }
            None => {
                plain.push(if byte == b'+' { b' ' } else { byte });
                at += 1;
            }
        }
    }
    plain
}
