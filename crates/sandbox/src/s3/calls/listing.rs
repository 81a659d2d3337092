//! Listings: keys, versions, uploads and parts, in pages.
//!
//! Pages are cut out of the ordered map by seeking, also past whole common prefixes, so that a
//! page costs its size and not the bucket's.

use std::ops::Bound;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::S3Result;

use crate::s3::errors::invalid_argument;
use crate::s3::state::version::{Version, Versions};
use crate::s3::state::world::Bucket;

/// What S3 leaves as it is under `encoding-type=url`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The request of a listing.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pub(crate) prefix: String,
    pub(crate) delimiter: String,
    pub(crate) max: usize,
    pub(crate) url_encoded: bool,
}

impl Query {
    /// Reads the common parameters; S3 gives at most 1,000 entries.
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
        if self.url_encoded {
            // As in a form, not as in a path: a reader that only decodes `%` sees keys that are not there.
            utf8_percent_encode(text, ENCODED)
                .to_string()
                .replace("%20", "+")
        } else {
            text.to_owned()
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

/// One entry of a page.
#[derive(Debug)]
pub(crate) enum Entry<'a> {
    Version {
        key: &'a str,
        version: &'a Version,
        latest: bool,
    },
    Prefix(&'a str),
}

/// A page of entries.
#[derive(Debug, Default)]
pub(crate) struct Page<'a> {
    pub(crate) entries: Vec<Entry<'a>>,
    pub(crate) truncated: bool,
}

impl<'a> Page<'a> {
    /// Returns the key or common prefix of the last entry.
    pub(crate) fn last_key(&self) -> Option<&'a str> {
        self.entries.last().map(|entry| match entry {
            Entry::Version { key, .. } => *key,
            Entry::Prefix(prefix) => prefix,
        })
    }

    /// Returns the version id of the last entry, if it is a version.
    pub(crate) fn last_version(&self) -> Option<&'a str> {
        match self.entries.last() {
            Some(Entry::Version { version, .. }) => Some(&version.id),
            _ => None,
        }
    }
}

/// Lists current objects after a key or common prefix.
pub(crate) fn current<'a>(bucket: &'a Bucket, query: &Query, after: Option<&str>) -> Page<'a> {
    let mut page = Page::default();
    walk(bucket, query, after, |key, versions| {
        let Some(version) = versions.latest().filter(|version| !version.is_marker()) else {
            return true;
        };
        push(
            &mut page,
            query,
            Entry::Version {
                key,
                version,
                latest: true,
            },
        )
    });
    page
}

/// Lists versions and delete markers after a key, or after a version of it.
pub(crate) fn versions<'a>(
    bucket: &'a Bucket,
    query: &Query,
    key_marker: Option<&str>,
    version_marker: Option<&str>,
) -> Page<'a> {
    let mut page = Page::default();
    if let (Some(key), Some(id)) = (key_marker, version_marker)
        && let Some((key, found)) = bucket.objects.get_key_value(key)
        && query.common_prefix(key).is_none()
    {
        let rest = found
            .newest_first()
            .skip_while(|version| &*version.id != id)
            .skip(1);
        for version in rest {
            if !push(
                &mut page,
                query,
                Entry::Version {
                    key,
                    version,
                    latest: false,
                },
            ) {
                return page;
            }
        }
    }
    walk(bucket, query, key_marker, |key, versions| {
        versions.newest_first().enumerate().all(|(at, version)| {
            push(
                &mut page,
                query,
                Entry::Version {
                    key,
                    version,
                    latest: at == 0,
                },
            )
        })
    });
    page
}

/// Adds an entry unless the page is full; says whether to go on.
fn push<'a>(page: &mut Page<'a>, query: &Query, entry: Entry<'a>) -> bool {
    let entry = match entry {
        Entry::Version { key, .. } => match query.common_prefix(key) {
            Some(prefix) => Entry::Prefix(prefix),
            None => entry,
        },
        Entry::Prefix(_) => entry,
    };
    if let (Entry::Prefix(prefix), Some(Entry::Prefix(last))) = (&entry, page.entries.last())
        && prefix == last
    {
        return true;
    }
    if page.entries.len() >= query.max {
        page.truncated = query.max > 0;
        return false;
    }
    page.entries.push(entry);
    true
}

/// Visits the keys under the prefix after `after`, seeking past what `after` already covers.
fn walk<'a>(
    bucket: &'a Bucket,
    query: &Query,
    after: Option<&str>,
    mut visit: impl FnMut(&'a str, &'a Versions) -> bool,
) {
    let mut from = match after {
        Some(after) if after >= query.prefix.as_str() => {
            // A marker that is a common prefix covers every key below it.
            let covers = !query.delimiter.is_empty() && query.common_prefix(after) == Some(after);
            match covers.then(|| successor(after)).flatten() {
                Some(next) => Bound::Included(next),
                None if covers => return,
                None => Bound::Excluded(after.to_owned()),
            }
        }
        _ => Bound::Included(query.prefix.clone()),
    };
    loop {
        let range = (from.as_ref().map(String::as_str), Bound::Unbounded);
        let mut keys = bucket.objects.range::<str, _>(range);
        let Some((key, versions)) = keys.next() else {
            return;
        };
        if !key.starts_with(&query.prefix) || !visit(key, versions) {
            return;
        }
        from = match query.common_prefix(key) {
            // A prefix whose only keys are deleted must not be skipped with its first key.
            Some(prefix)
                if versions
                    .latest()
                    .is_some_and(|version| !version.is_marker()) =>
            {
                match successor(prefix) {
                    Some(next) => Bound::Included(next),
                    None => return,
                }
            }
            _ => Bound::Excluded(key.to_string()),
        };
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
    use std::time::SystemTime;

    use super::*;

    /// A bucket with these keys; one that starts with `!` has a delete marker on top.
    fn bucket(keys: &[&str]) -> Bucket {
        let mut bucket = Bucket::new("1", "r", SystemTime::UNIX_EPOCH);
        for (at, key) in keys.iter().enumerate() {
            let deleted = key.starts_with('!');
            let key = key.trim_start_matches('!');
            let version = |id: &str, object: bool, sequence: usize| Version {
                id: id.into(),
                sequence: sequence as u64,
                modified: SystemTime::UNIX_EPOCH,
                owner: "1".into(),
                replication: None,
                replica: false,
                failure: None,
                object: object.then(|| crate::s3::state::version::Object {
                    content: Default::default(),
                    etag: "e".into(),
                    tags: Default::default(),
                    storage_class: "STANDARD".into(),
                    encryption: crate::s3::state::version::Encryption::S3,
                    lock: None,
                    acl: None,
                    restored: None,
                }),
            };
            bucket.put_version(key, version("v1", true, 2 * at));
            if deleted {
                bucket.put_version(key, version("v2", false, 2 * at + 1));
            }
        }
        bucket
    }

    fn names(page: &Page<'_>) -> Vec<String> {
        let name = |entry: &Entry<'_>| match entry {
            Entry::Version { key, version, .. } => format!("{key}@{}", version.id),
            Entry::Prefix(prefix) => format!("{prefix}..."),
        };
        page.entries.iter().map(name).collect()
    }

    fn query(prefix: &str, delimiter: &str, max: i32) -> Query {
        Query::new(Some(prefix), Some(delimiter), Some(max), None).unwrap()
    }

    #[test]
    fn keys_below_a_delimiter_are_one_entry() {
        let bucket = bucket(&["a/1", "a/2", "b", "c/1", "!d/1"]);
        assert_eq!(
            names(&current(&bucket, &query("", "/", 10), None)),
            ["a/...", "b@v1", "c/..."]
        );
        assert_eq!(
            names(&current(&bucket, &query("a/", "/", 10), None)),
            ["a/1@v1", "a/2@v1"]
        );
    }

    #[test]
    fn every_page_size_lists_the_same() {
        let bucket = bucket(&["a/1", "!a/2", "b", "!c/1", "c/2", "d", "é"]);
        for delimiter in ["", "/"] {
            let all = names(&current(&bucket, &query("", delimiter, 1000), None));
            let mut paged = Vec::new();
            let mut after: Option<String> = None;
            loop {
                let page = current(&bucket, &query("", delimiter, 1), after.as_deref());
                paged.extend(names(&page));
                after = page.last_key().map(str::to_owned);
                if !page.truncated {
                    break;
                }
            }
            assert_eq!(paged, all, "{delimiter:?}");
        }
    }

    #[test]
    fn versions_page_inside_a_key() {
        let bucket = bucket(&["!a", "!b", "c/1", "!c/2"]);
        for delimiter in ["", "/"] {
            let all = names(&versions(&bucket, &query("", delimiter, 1000), None, None));
            let mut paged = Vec::new();
            let (mut key, mut id): (Option<String>, Option<String>) = (None, None);
            loop {
                let page = versions(
                    &bucket,
                    &query("", delimiter, 1),
                    key.as_deref(),
                    id.as_deref(),
                );
                paged.extend(names(&page));
                key = page.last_key().map(str::to_owned);
                id = page.last_version().map(str::to_owned);
                if !page.truncated {
                    break;
                }
            }
            assert_eq!(paged, all, "{delimiter:?}");
        }
        let first = names(&versions(&bucket, &query("", "", 2), None, None));
        assert_eq!(first, ["a@v2", "a@v1"]);
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
        let page = current(&bucket, &query("", "", 0), None);
        assert!(page.entries.is_empty() && !page.truncated);
    }
}
