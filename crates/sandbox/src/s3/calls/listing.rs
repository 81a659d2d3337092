//! Listings: which entries a page has, and where it ends.
//!
//! Keys come from a [`Cursor`], in order: those of an ordered map, or computed ones. Pages seek, also past whole common
//! prefixes, so that a page costs its size and not the bucket's. An entry goes to a [`Sink`] as it is found and is kept nowhere.

use std::ops::Bound;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::S3Result;

use super::cursors::{Computed, Cursor, Kept, Row};
use crate::s3::checksum::base64_decode;
use crate::s3::errors::invalid_argument;
use crate::s3::state::world::Bucket;
use crate::s3::xml::push_escaped;
use crate::wire::Form;

/// What S3 leaves as it is under `encoding-type=url`, and the space, which becomes a plus.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b' ');

/// The request of a listing.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pub(crate) prefix: String,
    pub(crate) delimiter: String,
    pub(crate) max: usize,
    pub(crate) url_encoded: bool,
}

impl Query {
    /// Reads the common parameters of a request.
    pub(crate) fn read(form: &Form) -> S3Result<Self> {
        let max = form.get("max-keys").filter(|max| !max.is_empty());
        let max = max.map(str::parse::<i32>).transpose();
        let max = max.map_err(|_| {
            invalid_argument("Provided max-keys not an integer or within integer range")
        })?;
        let [prefix, delimiter, encoding] =
            ["prefix", "delimiter", "encoding-type"].map(|name| form.get(name));
        Self::new(prefix, delimiter, max, encoding)
    }

    /// Takes the common parameters; S3 gives at most 1,000 entries.
    pub(crate) fn new(
        prefix: Option<&str>,
        delimiter: Option<&str>,
        max: Option<i32>,
        encoding: Option<&str>,
    ) -> S3Result<Self> {
        let max = max.unwrap_or(1000);
        let Ok(max) = usize::try_from(max) else {
            return Err(invalid_argument(
                "Argument maxKeys must be an integer between 0 and 2147483647",
            ));
        };
        if encoding.is_some_and(|encoding| encoding != "url") {
            return Err(invalid_argument(
                "Invalid Encoding Method specified in Request",
            ));
        }
        Ok(Self {
            prefix: prefix.unwrap_or_default().to_owned(),
            delimiter: delimiter.unwrap_or_default().to_owned(),
            max: max.min(1000),
            url_encoded: encoding.is_some(),
        })
    }

    /// Shows a key or prefix as the caller asked.
    pub(crate) fn show(&self, text: &str) -> String {
        let mut shown = String::new();
        if self.url_encoded {
            push_encoded(&mut shown, text);
        } else {
            shown.push_str(text);
        }
        shown
    }

    /// Writes a key or prefix as the caller asked into a document.
    pub(crate) fn push_shown(&self, xml: &mut String, text: &str) {
        if self.url_encoded {
            push_encoded(xml, text);
        } else {
            push_escaped(xml, text);
        }
    }

    /// Returns the common prefix that swallows a key, if one does.
    fn common_prefix<'a>(&self, key: &'a str) -> Option<&'a str> {
        if self.delimiter.is_empty() {
            return None;
        }
        let rest = key.strip_prefix(self.prefix.as_str())?;
        let at = rest.find(self.delimiter.as_str())?;
        Some(&key[..self.prefix.len() + at + self.delimiter.len()])
    }
}

/// Returns the key that a continuation token stands for.
pub(crate) fn after_token(token: &str) -> S3Result<String> {
    let decoded = base64_decode(token).and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.ok_or_else(|| invalid_argument("The continuation token provided is incorrect"))
}

/// As in a form, not as in a path: a reader that only decodes `%` sees keys that are not there.
fn push_encoded(shown: &mut String, text: &str) {
    for chunk in utf8_percent_encode(text, ENCODED) {
        let mut words = chunk.split(' ');
        shown.push_str(words.next().unwrap_or_default());
        for word in words {
            shown.push('+');
            shown.push_str(word);
        }
    }
}

/// Takes the entries of a page.
pub(crate) trait Sink {
    fn version(&mut self, row: &Row<'_>);
    fn prefix(&mut self, prefix: &str);
}

/// How a page ended.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) count: usize,
    pub(crate) truncated: bool,
    last: String,
    last_version: String,
}

impl Page {
    /// Returns the key or common prefix of the last entry.
    pub(crate) fn last_key(&self) -> Option<&str> {
        (self.count > 0).then_some(&self.last)
    }

    /// Returns the version id of the last entry, if it is a version.
    pub(crate) fn last_version(&self) -> Option<&str> {
        (!self.last_version.is_empty()).then_some(&self.last_version)
    }
}

/// Lists current objects after a key or common prefix.
pub(crate) fn current(
    bucket: &Bucket,
    query: &Query,
    after: Option<&str>,
    sink: &mut impl Sink,
) -> Page {
    let mut filling = Filling::new(query, sink);
    match &bucket.computed {
        Some(computed) => filling.current(&mut Computed::new(computed), after),
        None => filling.current(&mut Kept::new(bucket), after),
    }
    filling.page
}

/// Lists versions and delete markers after a key, or after a version of it.
pub(crate) fn versions(
    bucket: &Bucket,
    query: &Query,
    markers: (Option<&str>, Option<&str>),
    sink: &mut impl Sink,
) -> Page {
    let mut filling = Filling::new(query, sink);
    match &bucket.computed {
        Some(computed) => filling.versions(&mut Computed::new(computed), markers),
        None => filling.versions(&mut Kept::new(bucket), markers),
    }
    filling.page
}

/// A page that is being filled.
struct Filling<'a, S> {
    query: &'a Query,
    sink: &'a mut S,
    page: Page,
}

impl<'a, S: Sink> Filling<'a, S> {
    fn new(query: &'a Query, sink: &'a mut S) -> Self {
        let page = Page::default();
        Self { query, sink, page }
    }

    fn current(&mut self, cursor: &mut impl Cursor, after: Option<&str>) {
        self.walk(cursor, after, |filling, cursor| {
            let mut goes_on = true;
            cursor.rows(|row| {
                goes_on = row.object.is_none() || filling.push(row);
                false
            });
            goes_on
        });
    }

    fn versions(
        &mut self,
        cursor: &mut impl Cursor,
        (key_marker, version_marker): (Option<&str>, Option<&str>),
    ) {
        if let (Some(key), Some(id)) = (key_marker, version_marker)
            && self.query.common_prefix(key).is_none()
            && !self.rest_of(cursor, key, id)
        {
            return;
        }
        self.walk(cursor, key_marker, |filling, cursor| {
            cursor.rows(|row| filling.push(row))
        });
    }

    /// Lists what a key has after a version; says whether to go on.
    fn rest_of(&mut self, cursor: &mut impl Cursor, key: &str, id: &str) -> bool {
        cursor.seek(Bound::Included(key));
        if !cursor.advance() || cursor.key() != key {
            return true;
        }
        let mut found = false;
        cursor.rows(|row| {
            if !found {
                found = row.id == id;
                return true;
            }
            self.push(row)
        })
    }

    /// Adds an entry unless the page is full; says whether to go on.
    fn push(&mut self, row: &Row<'_>) -> bool {
        let Self { query, sink, page } = self;
        let prefix = query.common_prefix(row.key);
        let is_again = page.count > 0 && page.last_version.is_empty();
        if is_again && prefix.is_some_and(|prefix| prefix == page.last) {
            return true;
        }
        if page.count >= query.max {
            page.truncated = query.max > 0;
            return false;
        }
        page.count += 1;
        page.last.clear();
        page.last_version.clear();
        match prefix {
            Some(prefix) => {
                sink.prefix(prefix);
                page.last.push_str(prefix);
            }
            None => {
                sink.version(row);
                page.last.push_str(row.key);
                page.last_version.push_str(row.id);
            }
        }
        true
    }

    /// Visits the keys under the prefix after `after`, seeking past what `after` already covers.
    fn walk<C: Cursor>(
        &mut self,
        cursor: &mut C,
        after: Option<&str>,
        mut visit: impl FnMut(&mut Self, &C) -> bool,
    ) {
        let query = self.query;
        let prefix = query.prefix.as_str();
        match after {
            Some(after) if after >= prefix => {
                // A marker that is a common prefix covers every key below it.
                let covers =
                    !query.delimiter.is_empty() && query.common_prefix(after) == Some(after);
                match covers.then(|| successor(after)).flatten() {
                    Some(next) => cursor.seek(Bound::Included(&next)),
                    None if covers => return,
                    None => cursor.seek(Bound::Excluded(after)),
                }
            }
            _ => cursor.seek(Bound::Included(prefix)),
        }
        while cursor.advance() {
            let key = cursor.key();
            if !key.starts_with(prefix) || !visit(self, cursor) {
                return;
            }
            // A prefix whose only keys are deleted must not be skipped with its first key.
            if let Some(prefix) = query.common_prefix(key)
                && cursor.is_object()
            {
                match successor(prefix) {
                    Some(next) => cursor.seek(Bound::Included(&next)),
                    None => return,
                }
            }
        }
    }
}

/// Returns the smallest text above every text that starts with `prefix`.
fn successor(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        let next = (u32::from(last) + 1..=0x0010_FFFF).find_map(char::from_u32);
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::SystemTime;

    use super::*;
    use crate::s3::state::computed::Computed as ComputedBucket;
    use crate::s3::state::differences::{Difference, Differences};
    use crate::s3::state::formula::{Formula, Side, formula};
    use crate::s3::state::version::{Object, Version};

    /// A bucket with these keys; one that starts with `!` has a delete marker on top.
    fn bucket(keys: &[&str]) -> Bucket {
        let mut bucket = Bucket::new("1", "r", SystemTime::UNIX_EPOCH);
        for (at, key) in keys.iter().enumerate() {
            let deleted = key.starts_with('!');
            let key = key.trim_start_matches('!');
            let version = |id: &str, object: bool, sequence: usize| Version {
                id: id.into(),
                sequence: sequence as u64,
                modified: SystemTime::UNIX_EPOCH.into(),
                owner: "1".into(),
                replication: None,
                replica: false,
                failure: None,
                object: object.then(|| Object::new(Default::default(), Default::default())),
            };
            bucket.put_version(key, version("v1", true, 2 * at));
            if deleted {
                bucket.put_version(key, version("v2", false, 2 * at + 1));
            }
        }
        bucket
    }

    #[derive(Default)]
    struct Names(Vec<String>);

    impl Sink for Names {
        fn version(&mut self, row: &Row<'_>) {
            let Row { key, id, .. } = row;
            self.0.push(format!("{key}@{id}"));
        }

        fn prefix(&mut self, prefix: &str) {
            self.0.push(format!("{prefix}..."));
        }
    }

    fn current(bucket: &Bucket, query: &Query, after: Option<&str>) -> (Page, Vec<String>) {
        let mut names = Names::default();
        let page = super::current(bucket, query, after, &mut names);
        (page, names.0)
    }

    type Markers<'a> = (Option<&'a str>, Option<&'a str>);

    fn versions(bucket: &Bucket, query: &Query, markers: Markers<'_>) -> (Page, Vec<String>) {
        let mut names = Names::default();
        let page = super::versions(bucket, query, markers, &mut names);
        (page, names.0)
    }

    fn query(prefix: &str, delimiter: &str, max: i32) -> Query {
        Query::new(Some(prefix), Some(delimiter), Some(max), None).unwrap()
    }

    #[test]
    fn keys_below_a_delimiter_are_one_entry() {
        let bucket = bucket(&["a/1", "a/2", "b", "c/1", "!d/1"]);
        assert_eq!(
            current(&bucket, &query("", "/", 10), None).1,
            ["a/...", "b@v1", "c/..."]
        );
        assert_eq!(
            current(&bucket, &query("a/", "/", 10), None).1,
            ["a/1@v1", "a/2@v1"]
        );
    }

    /// Lists in pages of one.
    fn in_steps(mut step: impl FnMut(Markers<'_>) -> (Page, Vec<String>)) -> Vec<String> {
        let mut names = Vec::new();
        let (mut key, mut id): (Option<String>, Option<String>) = (None, None);
        loop {
            let (page, more) = step((key.as_deref(), id.as_deref()));
            names.extend(more);
            key = page.last_key().map(str::to_owned);
            id = page.last_version().map(str::to_owned);
            if !page.truncated {
                return names;
            }
        }
    }

    fn every_page_size_lists_the_same(bucket: &Bucket) {
        for delimiter in ["", "/", "1"] {
            let query = |max| query("", delimiter, max);
            let all = current(bucket, &query(1000), None).1;
            let paged = in_steps(|(after, _)| current(bucket, &query(1), after));
            assert_eq!(paged, all, "{delimiter:?}");
            let all = versions(bucket, &query(1000), (None, None)).1;
            let paged = in_steps(|markers| versions(bucket, &query(1), markers));
            assert_eq!(paged, all, "{delimiter:?}");
        }
    }

    #[test]
    fn kept_keys_are_listed_the_same_in_pages_of_every_size() {
        let bucket = bucket(&["a/1", "!a/2", "b", "!c/1", "c/2", "d", "é"]);
        every_page_size_lists_the_same(&bucket);
        let first = versions(&bucket, &query("", "", 3), (None, None)).1;
        assert_eq!(first, ["a/1@v1", "a/2@v2", "a/2@v1"]);
    }

    #[test]
    fn computed_keys_are_listed_the_same_in_pages_of_every_size() {
        let (missing, marker) = (Difference::Missing, Difference::MarkerMissing);
        let planted = Differences::new(vec![(0, missing), (3, marker), (299, missing)], Vec::new());
        for side in [Side::Source, Side::Destination] {
            let mut bucket = bucket(&[]);
            bucket.computed = Some(ComputedBucket {
                formula: Arc::new(Formula {
                    keys: 300,
                    ..formula(planted.clone())
                }),
                side,
                owner: "1".into(),
            });
            every_page_size_lists_the_same(&bucket);
            let below = current(&bucket, &query("a/0/00/", "", 4), None).1;
            let below: Vec<&str> = below.iter().map(|name| &name[7..8]).collect();
            let wanted = match side {
                Side::Source => ["0", "1", "2", "4"],
                Side::Destination => ["1", "2", "3", "4"],
            };
            assert_eq!(below, wanted, "{side:?}");
            let folders = current(&bucket, &query("a/0/", "/", 1000), Some("a/0/10/9.json")).1;
            assert_eq!(folders.len(), 19);
        }
    }

    #[test]
    fn keys_are_encoded_as_in_a_form() {
        let plain = Query::default();
        let encoded = Query {
            url_encoded: true,
            ..Query::default()
        };
        assert_eq!(plain.show("a b+c/é"), "a b+c/é");
        assert_eq!(encoded.show("a b+c/é%20"), "a+b%2Bc/%C3%A9%2520");
    }

    #[test]
    fn a_page_of_nothing_is_not_truncated() {
        let bucket = bucket(&["a"]);
        let (page, names) = current(&bucket, &query("", "", 0), None);
        assert!(names.is_empty() && !page.truncated);
    }
}
