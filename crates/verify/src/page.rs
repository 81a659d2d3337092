//! A page of ListObjectVersions or ListObjectsV2, read from its bytes without building a tree.
//!
//! A million versions are a thousand pages. The SDK's own reader takes 7 microseconds an entry (docs/decisions/0047-verification.md); this one puts the
//! texts of a page into one buffer and notes where each lies.

use std::ops::Range;

use percent_encoding::percent_decode;

use crate::entry::{Entry, Kind};
use crate::tokens::{Token, Tokens};

/// A page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    texts: Vec<u8>,
    slots: Vec<Slot>,
    prefixes: Vec<Vec<u8>>,
    next: Option<Marker>,
}

/// Where a listing goes on: after this key, or after this version of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marker {
    /// The key, decoded.
    pub key: Vec<u8>,
    /// The version; none to go on after all versions of the key.
    pub version: Option<String>,
}

/// Why an answer is not a page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the listing {0}")]
pub struct PageError(String);

/// An entry by the places of its texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Slot {
    key: Range<u32>,
    version: Range<u32>,
    etag: Range<u32>,
    class: Range<u32>,
    modified: Range<u32>,
    size: u64,
    latest: bool,
    is_marker: bool,
}

impl Page {
    /// Reads an answer of a request with `encoding-type=url`.
    ///
    /// # Errors
    /// [`PageError`] where it is no listing, is cut, or an entry lacks what S3 always tells: an answer that is not understood must not
    /// read as "there is nothing".
    pub fn parse(body: &[u8]) -> Result<Self, PageError> {
        Parser::new(body).page()
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The entry at a place.
    #[must_use]
    pub fn entry(&self, at: usize) -> Option<Entry<'_>> {
        let slot = self.slots.get(at)?;
        Some(Entry {
            key: self.bytes(&slot.key),
            version: self.text(&slot.version),
            kind: if slot.is_marker {
                Kind::Marker
            } else {
                Kind::Object
            },
            latest: slot.latest,
            size: slot.size,
            etag: self.text(&slot.etag).trim_matches('"'),
            class: self.text(&slot.class),
            modified: self.text(&slot.modified),
        })
    }

    /// The common prefixes, where the request had a delimiter.
    #[must_use]
    pub fn prefixes(&self) -> &[Vec<u8>] {
        &self.prefixes
    }

    /// Where the listing goes on; none on the last page.
    #[must_use]
    pub fn next(&self) -> Option<&Marker> {
        self.next.as_ref()
    }

    fn bytes(&self, range: &Range<u32>) -> &[u8] {
        self.texts
            .get(range.start as usize..range.end as usize)
            .unwrap_or_default()
    }

    /// Texts but keys were UTF-8 when they were read.
    fn text(&self, range: &Range<u32>) -> &str {
        std::str::from_utf8(self.bytes(range)).unwrap_or_default()
    }
}

/// What a text is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Key,
    Version,
    Latest,
    Modified,
    Etag,
    Size,
    Class,
    Truncated,
    NextKey,
    NextVersion,
    Encoding,
    Prefix,
}

struct Parser<'a> {
    tokens: Tokens<'a>,
    page: Page,
    /// The entry that is being read, and which of its fields came.
    open: Option<(Slot, Came)>,
    in_prefixes: bool,
    /// The text that is being read.
    text: Vec<u8>,
    truncated: Option<bool>,
    next: Marker,
    is_encoded: bool,
}

/// Which fields of an entry came: S3 never leaves these out.
#[derive(Default)]
struct Came {
    key: bool,
    size: bool,
    modified: bool,
}

impl<'a> Parser<'a> {
    fn new(body: &'a [u8]) -> Self {
        Self {
            tokens: Tokens::new(body),
            page: Page {
                // Keys and ETags are about half of an answer.
                texts: Vec::with_capacity(body.len() / 3),
                slots: Vec::with_capacity(1000),
                ..Page::default()
            },
            in_prefixes: false,
            open: None,
            text: Vec::new(),
            truncated: None,
            next: Marker::default(),
            is_encoded: false,
        }
    }

    fn page(mut self) -> Result<Page, PageError> {
        let mut field = None;
        let mut is_closed = false;
        while let Some(token) = self.tokens.next().map_err(unreadable)? {
            let depth = self.tokens.depth();
            match token {
                Token::Start(name) => {
                    field = match depth {
                        1 if is_closed => return Err(unreadable("goes on after its end")),
                        1 => is_listing(name).map(|()| None)?,
                        2 => self.second(name),
                        3 if self.open.is_some() => of_entry(name),
                        3 if self.in_prefixes && name == b"Prefix" => Some(Field::Prefix),
                        _ => None,
                    };
                    self.text.clear();
                }
                Token::End => {
                    if let Some(field) = field.take() {
                        self.take(field)?;
                    }
                    if depth == 1 {
                        self.close()?;
                    }
                    is_closed = depth == 0;
                }
                Token::Text(text) if field.is_some() => add(&mut self.text, text)?,
                Token::Text(_) => {}
            }
        }
        if !is_closed {
            return Err(PageError("is cut".to_owned()));
        }
        self.ended()
    }

    /// An element right below the root: an entry, or a word on the page.
    fn second(&mut self, name: &[u8]) -> Option<Field> {
        self.in_prefixes = name == b"CommonPrefixes";
        let is_marker = match name {
            b"Version" | b"Contents" => false,
            b"DeleteMarker" => true,
            b"IsTruncated" => return Some(Field::Truncated),
            b"NextKeyMarker" => return Some(Field::NextKey),
            b"NextVersionIdMarker" => return Some(Field::NextVersion),
            b"EncodingType" => return Some(Field::Encoding),
            _ => return None,
        };
        let slot = Slot {
            is_marker,
            // A listing of current objects does not say so.
            latest: name == b"Contents",
            ..Slot::default()
        };
        self.open = Some((slot, Came::default()));
        None
    }

    /// Takes a text for what it is of.
    fn take(&mut self, field: Field) -> Result<(), PageError> {
        match field {
            Field::Prefix => {
                let prefix = if self.is_encoded {
                    decoded(&self.text)
                } else {
                    self.text.clone()
                };
                self.page.prefixes.push(prefix);
            }
            Field::Truncated => self.truncated = Some(flag(&self.text)?),
            Field::NextKey => self.next.key.clone_from(&self.text),
            Field::NextVersion => self.next.version = Some(owned(&self.text)?),
            Field::Encoding => {
                if self.text == b"url" && !self.is_encoded {
                    self.is_encoded = true;
                    self.decode()?;
                }
            }
            _ => return self.take_of_entry(field),
        }
        Ok(())
    }

    /// Decodes what came before it was known to be encoded: no order of elements is promised.
    fn decode(&mut self) -> Result<(), PageError> {
        let Page {
            texts,
            slots,
            prefixes,
            ..
        } = &mut self.page;
        for slot in slots {
            let key = texts.get(slot.key.start as usize..slot.key.end as usize);
            let key = decoded(key.unwrap_or_default());
            slot.key = kept(texts, &key)?;
        }
        for prefix in prefixes {
            *prefix = decoded(prefix);
        }
        Ok(())
    }

    fn take_of_entry(&mut self, field: Field) -> Result<(), PageError> {
        let Some((slot, came)) = &mut self.open else {
            return Ok(());
        };
        let texts = &mut self.page.texts;
        match field {
            Field::Key => {
                slot.key = if self.is_encoded {
                    kept(texts, &decoded(&self.text))?
                } else {
                    kept(texts, &self.text)?
                };
                came.key = !self.text.is_empty();
            }
            Field::Version => slot.version = kept_text(texts, &self.text)?,
            Field::Etag => slot.etag = kept_text(texts, &self.text)?,
            Field::Class => slot.class = kept_text(texts, &self.text)?,
            Field::Modified => {
                slot.modified = kept_text(texts, &self.text)?;
                came.modified = true;
            }
            Field::Latest => slot.latest = flag(&self.text)?,
            Field::Size => {
                let size = std::str::from_utf8(&self.text)
                    .ok()
                    .and_then(|text| text.parse().ok());
                slot.size =
                    size.ok_or_else(|| PageError("has a size that is no number".to_owned()))?;
                came.size = true;
            }
            _ => {}
        }
        Ok(())
    }

    /// An entry ends where an element right below the root does.
    fn close(&mut self) -> Result<(), PageError> {
        let Some((slot, came)) = self.open.take() else {
            return Ok(());
        };
        if !came.key || !came.modified || !(came.size || slot.is_marker) {
            return Err(PageError(
                "has an entry without its key, size or time".to_owned(),
            ));
        }
        self.page.slots.push(slot);
        Ok(())
    }

    fn ended(mut self) -> Result<Page, PageError> {
        match self.truncated {
            None => return Err(PageError("does not say whether it goes on".to_owned())),
            Some(false) => {}
            Some(true) => self.page.next = Some(self.goes_on()?),
        }
        Ok(self.page)
    }
}

impl Parser<'_> {
    /// Where the listing goes on. That of current objects goes on after the last key (BC:s3 ListObjectsV2 StartAfter).
    fn goes_on(&mut self) -> Result<Marker, PageError> {
        let mut next = std::mem::take(&mut self.next);
        if !next.key.is_empty() {
            if self.is_encoded {
                next.key = decoded(&next.key);
            }
            return Ok(next);
        }
        let last = self
            .page
            .len()
            .checked_sub(1)
            .and_then(|last| self.page.entry(last));
        let last = last
            .filter(|entry| entry.version.is_empty())
            .map(|entry| entry.key);
        let last = last.max(self.page.prefixes.last().map(Vec::as_slice));
        let key = last.ok_or_else(|| PageError("goes on and does not say where".to_owned()))?;
        Ok(Marker {
            key: key.to_vec(),
            version: None,
        })
    }
}

fn is_listing(name: &[u8]) -> Result<(), PageError> {
    if matches!(name, b"ListVersionsResult" | b"ListBucketResult") {
        return Ok(());
    }
    Err(PageError("is another document".to_owned()))
}

fn of_entry(name: &[u8]) -> Option<Field> {
    Some(match name {
        b"Key" => Field::Key,
        b"VersionId" => Field::Version,
        b"IsLatest" => Field::Latest,
        b"LastModified" => Field::Modified,
        b"ETag" => Field::Etag,
        b"Size" => Field::Size,
        b"StorageClass" => Field::Class,
        _ => return None,
    })
}

fn unreadable(why: &'static str) -> PageError {
    PageError(format!("cannot be read: it {why}"))
}

/// Adds a text, with the five entities of XML and characters by number as what they stand for.
fn add(to: &mut Vec<u8>, text: &[u8]) -> Result<(), PageError> {
    if memchr::memchr(b'&', text).is_none() {
        to.extend_from_slice(text);
        return Ok(());
    }
    let text = quick_xml::escape::unescape(utf8(text)?);
    let text =
        text.map_err(|error| PageError(format!("has an entity that it must not have: {error}")))?;
    to.extend_from_slice(text.as_bytes());
    Ok(())
}

/// A space comes as `+` under `encoding-type=url` (docs/semantics.md).
pub(crate) fn decoded(text: &[u8]) -> Vec<u8> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return text.to_vec();
    }
    let spaced: Vec<u8> = text
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    percent_decode(&spaced).collect()
}

fn flag(text: &[u8]) -> Result<bool, PageError> {
    match text {
        b"true" => Ok(true),
        b"false" => Ok(false),
        _ => Err(PageError(
            "has a flag that is neither true nor false".to_owned(),
        )),
    }
}

fn owned(text: &[u8]) -> Result<String, PageError> {
    Ok(utf8(text)?.to_owned())
}

fn utf8(text: &[u8]) -> Result<&str, PageError> {
    std::str::from_utf8(text).map_err(|_| PageError("is not UTF-8".to_owned()))
}

fn kept_text(texts: &mut Vec<u8>, text: &[u8]) -> Result<Range<u32>, PageError> {
    kept(texts, utf8(text)?.as_bytes())
}

fn kept(texts: &mut Vec<u8>, text: &[u8]) -> Result<Range<u32>, PageError> {
    let place = |at: usize| u32::try_from(at).map_err(|_| PageError("is too long".to_owned()));
    let start = place(texts.len())?;
    texts.extend_from_slice(text);
    Ok(start..place(texts.len())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?><ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><EncodingType>url</EncodingType>"#;

    fn page(rest: &str) -> Result<Page, PageError> {
        Page::parse(format!("{HEAD}{rest}</ListVersionsResult>").as_bytes())
    }

    fn version(key: &str) -> String {
        format!(
            "<Version><Key>{key}</Key><VersionId>v1</VersionId><IsLatest>true</IsLatest><LastModified>2026-01-02T03:04:05.000Z</LastModified>\
             <ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>7</Size><Owner><ID>0</ID><DisplayName>x</DisplayName></Owner>\
             <StorageClass>STANDARD</StorageClass></Version>"
        )
    }

    #[test]
    fn versions_and_markers_are_read_in_any_order_of_their_elements() {
        let marker = "<DeleteMarker><Owner><ID>0</ID></Owner><LastModified>2026-01-02T03:04:06.000Z</LastModified><IsLatest>true</IsLatest>\
                      <VersionId>m1</VersionId><Key>a+b%2Fc%C3%BC%2B</Key></DeleteMarker>";
        let page = page(&format!(
            "<IsTruncated>false</IsTruncated>{marker}{}",
            version("z")
        ))
        .unwrap();
        let first = page.entry(0).unwrap();
        assert_eq!(first.key, "a b/cü+".as_bytes());
        assert_eq!(
            (first.kind, first.version, first.latest, first.size),
            (Kind::Marker, "m1", true, 0)
        );
        let second = page.entry(1).unwrap();
        assert_eq!(second.key, b"z");
        assert_eq!(
            (second.etag, second.size, second.class),
            ("d41d8cd98f00b204e9800998ecf8427e", 7, "STANDARD")
        );
        assert_eq!(second.modified, "2026-01-02T03:04:05.000Z");
        assert_eq!((page.len(), page.next()), (2, None));
    }

    #[test]
    fn a_page_that_goes_on_says_where() {
        let more = "<IsTruncated>true</IsTruncated><NextKeyMarker>a+b</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>";
        let next = page(more).unwrap().next;
        let marker = Marker {
            key: b"a b".to_vec(),
            version: Some("v".to_owned()),
        };
        assert_eq!(next, Some(marker));
        let text = format!("<ListVersionsResult>{more}</ListVersionsResult>");
        let plain = Page::parse(text.as_bytes()).unwrap().next;
        assert_eq!(plain.map(|next| next.key), Some(b"a+b".to_vec()));
    }

    #[test]
    fn a_page_of_current_objects_goes_on_after_its_last_key() {
        let of = |entries: &str| {
            let text = format!(
                "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>{entries}</ListBucketResult>"
            );
            Page::parse(text.as_bytes())
        };
        let object = "<Contents><Key>a+b</Key><LastModified>t</LastModified><ETag>e</ETag><Size>1</Size></Contents>";
        let page = of(object).unwrap();
        assert!(page.entry(0).unwrap().latest);
        assert_eq!(
            page.next().map(|next| next.key.as_slice()),
            Some(&b"a b"[..])
        );
        let folders = of(&format!(
            "{object}<CommonPrefixes><Prefix>b%2F</Prefix></CommonPrefixes>"
        ))
        .unwrap();
        assert_eq!(
            folders.next().map(|next| next.key.as_slice()),
            Some(&b"b/"[..])
        );
        assert_eq!(folders.prefixes(), [b"b/".to_vec()]);
        assert!(of("").is_err());
    }

    #[test]
    fn keys_are_decoded_wherever_it_is_said_that_they_are_encoded() {
        let text = format!(
            "<ListBucketResult><CommonPrefixes><Prefix>a%2F</Prefix></CommonPrefixes>{}<EncodingType>url</EncodingType>{}<IsTruncated>false</IsTruncated></ListBucketResult>",
            version("a+b%25"),
            version("c+d%25")
        );
        let page = Page::parse(text.as_bytes()).unwrap();
        let keys = [0, 1].map(|at| page.entry(at).unwrap().key);
        assert_eq!(keys, [b"a b%", b"c d%"]);
        assert_eq!(page.prefixes(), [b"a/".to_vec()]);
    }

    #[test]
    fn what_is_not_whole_is_no_page() {
        let whole = format!(
            "{HEAD}<IsTruncated>false</IsTruncated>{}</ListVersionsResult>",
            version("k")
        );
        assert!(Page::parse(whole.as_bytes()).is_ok());
        for cut in 0..whole.len() {
            assert!(
                Page::parse(&whole.as_bytes()[..cut]).is_err(),
                "cut at {cut}"
            );
        }
        for (rest, why) in [
            ("", "does not say whether"),
            ("<IsTruncated>true</IsTruncated>", "where"),
            ("<IsTruncated>perhaps</IsTruncated>", "flag"),
            (
                "<IsTruncated>false</IsTruncated><Version><Key>k</Key></Version>",
                "without its key",
            ),
            (
                "<IsTruncated>false</IsTruncated><Version><Key>k</Key><Size>-1</Size></Version>",
                "no number",
            ),
            (
                "<IsTruncated>false</IsTruncated><Version><Key>&nbsp;</Key></Version>",
                "entity",
            ),
        ] {
            let error = page(rest).unwrap_err().to_string();
            assert!(error.contains(why), "{rest}: {error}");
        }
        assert!(Page::parse(b"<Error><Code>SlowDown</Code></Error>").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = Page::parse(&bytes);
            let mut inside = HEAD.as_bytes().to_vec();
            inside.extend(bytes);
            let _ = Page::parse(&inside);
        }
    }
}
