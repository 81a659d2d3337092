//! A lifecycle configuration as S3 stores it, parsed from its XML.
//!
//! Parsing checks the schema; what S3 checks beyond that is in [`crate::s3::calls`].

use std::time::{Duration, SystemTime};

use super::dates::midnight_after;
use super::version::Object;
use crate::s3::xml::Element;

/// The storage classes of transitions, from warm to cold (UG:lifecycle-transition-general-considerations).
pub(crate) const CLASSES: [&str; 6] = [
    "STANDARD_IA",
    "INTELLIGENT_TIERING",
    "ONEZONE_IA",
    "GLACIER_IR",
    "GLACIER",
    "DEEP_ARCHIVE",
];

/// The classes from which nothing is read before it is restored.
pub(crate) const ARCHIVED: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

/// Objects below this do not change class by default (since September 2024).
const SMALL: u64 = 128 * 1024;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) enabled: bool,
    pub(crate) filter: Filter,
    pub(crate) expiration: Option<Expiration>,
    pub(crate) transitions: Vec<Transition>,
    pub(crate) noncurrent_transitions: Vec<Noncurrent>,
    pub(crate) noncurrent_expiration: Option<Noncurrent>,
    /// Days after which an upload is given up.
    pub(crate) abort: Option<u64>,
}

/// What a rule is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) prefix: String,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) larger: Option<u64>,
    pub(crate) smaller: Option<u64>,
}

/// When something happens to a current version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Days(u64),
    Date(SystemTime),
}

/// `Expiration`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expiration {
    At(When),
    /// `ExpiredObjectDeleteMarker`
    Marker(bool),
}

/// `Transition`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Transition {
    pub(crate) when: When,
    pub(crate) class: String,
}

/// What happens to a version so many days after another took its place; some of the newest stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Noncurrent {
    pub(crate) days: u64,
    pub(crate) newer: u64,
    /// Of a transition.
    pub(crate) class: Option<String>,
}

/// The document does not follow the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SchemaViolation;

type Parsed<T> = Result<T, SchemaViolation>;

const RULE: [&str; 7] = [
    "ID",
    "Prefix",
    "Filter",
    "Status",
    "Expiration",
    "NoncurrentVersionExpiration",
    "AbortIncompleteMultipartUpload",
];

/// Reads the rules of a document.
pub(crate) fn parse(root: &Element) -> Parsed<Vec<Rule>> {
    ensure(root.name == "LifecycleConfiguration" && root.has_only(&[], &["Rule"]))?;
    ensure(!root.children.is_empty() && root.children.len() <= 1000)?;
    root.children.iter().map(rule).collect()
}

fn rule(element: &Element) -> Parsed<Rule> {
    let many = ["Transition", "NoncurrentVersionTransition"];
    ensure(element.has_only(&RULE, &many))?;
    let filter = match (element.text_of("Prefix"), element.child("Filter")) {
        (Some(prefix), None) => Filter {
            prefix: prefix.to_owned(),
            ..Filter::default()
        },
        (None, Some(filter)) => self::filter(filter)?,
        // "Filter is required if the LifecycleRule does not contain a Prefix element" (BC:s3).
        (Some(_), Some(_)) | (None, None) => return Err(SchemaViolation),
    };
    let abort = element.child("AbortIncompleteMultipartUpload");
    let expiration = element.child("NoncurrentVersionExpiration");
    Ok(Rule {
        id: element.text_of("ID").unwrap_or_default().to_owned(),
        enabled: match element.text_of("Status") {
            Some("Enabled") => true,
            Some("Disabled") => false,
            _ => return Err(SchemaViolation),
        },
        filter,
        expiration: element
            .child("Expiration")
            .map(self::expiration)
            .transpose()?,
        transitions: element
            .children_named("Transition")
            .map(transition)
            .collect::<Parsed<_>>()?,
        noncurrent_transitions: element
            .children_named("NoncurrentVersionTransition")
            .map(|element| noncurrent(element, true))
            .collect::<Parsed<_>>()?,
        noncurrent_expiration: expiration
            .map(|element| noncurrent(element, false))
            .transpose()?,
        abort: abort
            .map(|abort| {
                ensure(abort.has_only(&["DaysAfterInitiation"], &[]))?;
                number(abort, "DaysAfterInitiation")?.ok_or(SchemaViolation)
            })
            .transpose()?,
    })
}

/// Exactly one of the predicates, or an `And` of two and more; an empty one is for everything (BC:s3 LifecycleRuleFilter).
fn filter(element: &Element) -> Parsed<Filter> {
    let known = [
        "Prefix",
        "Tag",
        "ObjectSizeGreaterThan",
        "ObjectSizeLessThan",
        "And",
    ];
    ensure(element.has_only(&known, &[]) && element.children.len() <= 1)?;
    let from = match element.child("And") {
        Some(and) => {
            ensure(and.has_only(&[known[0], known[2], known[3]], &["Tag"]))?;
            ensure(and.children.len() >= 2)?;
            and
        }
        None => element,
    };
    let tag = |tag: &Element| {
        ensure(tag.has_only(&["Key", "Value"], &[]))?;
        let key = tag.text_of("Key").filter(|key| !key.is_empty());
        let value = tag.text_of("Value").ok_or(SchemaViolation)?;
        Ok((key.ok_or(SchemaViolation)?.to_owned(), value.to_owned()))
    };
    Ok(Filter {
        prefix: from.text_of("Prefix").unwrap_or_default().to_owned(),
        tags: from.children_named("Tag").map(tag).collect::<Parsed<_>>()?,
        larger: number(from, "ObjectSizeGreaterThan")?,
        smaller: number(from, "ObjectSizeLessThan")?,
    })
}

/// One of date, days and marker (BC:s3 LifecycleExpiration).
fn expiration(element: &Element) -> Parsed<Expiration> {
    ensure(element.children.len() == 1)?;
    match element.text_of("ExpiredObjectDeleteMarker") {
        Some("true") => Ok(Expiration::Marker(true)),
        Some("false") => Ok(Expiration::Marker(false)),
        Some(_) => Err(SchemaViolation),
        None => when(element).map(Expiration::At),
    }
}

fn when(element: &Element) -> Parsed<When> {
    match (number(element, "Days")?, element.text_of("Date")) {
        (Some(days), None) => Ok(When::Days(days)),
        (None, Some(date)) => {
            let date: jiff::Timestamp = match date.parse() {
                Ok(date) => date,
                Err(_) => format!("{date}T00:00:00Z")
                    .parse()
                    .map_err(|_| SchemaViolation)?,
            };
            let seconds = u64::try_from(date.as_second()).unwrap_or_default();
            let date = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            Ok(When::Date(date))
        }
        (Some(_), Some(_)) | (None, None) => Err(SchemaViolation),
    }
}

fn transition(element: &Element) -> Parsed<Transition> {
    ensure(element.has_only(&["Days", "Date", "StorageClass"], &[]))?;
    Ok(Transition {
        when: when(element)?,
        class: class(element)?,
    })
}

fn class(element: &Element) -> Parsed<String> {
    let class = element.text_of("StorageClass").ok_or(SchemaViolation)?;
    ensure(CLASSES.contains(&class))?;
    Ok(class.to_owned())
}

/// Without NoncurrentDays it is malformed, also with NewerNoncurrentVersions (recorded on S3 by others).
fn noncurrent(element: &Element, moves: bool) -> Parsed<Noncurrent> {
    let known = ["NoncurrentDays", "NewerNoncurrentVersions", "StorageClass"];
    ensure(element.has_only(&known[..if moves { 3 } else { 2 }], &[]))?;
    Ok(Noncurrent {
        days: number(element, "NoncurrentDays")?.ok_or(SchemaViolation)?,
        newer: number(element, "NewerNoncurrentVersions")?.unwrap_or_default(),
        class: moves.then(|| class(element)).transpose()?,
    })
}

/// Reads a number; what is below zero counts as zero, which the checks refuse where it may not be.
fn number(element: &Element, name: &str) -> Parsed<Option<u64>> {
    let Some(text) = element.text_of(name) else {
        return Ok(None);
    };
    let number: i64 = text.trim().parse().map_err(|_| SchemaViolation)?;
    Ok(Some(u64::try_from(number).unwrap_or_default()))
}

fn ensure(holds: bool) -> Parsed<()> {
    if holds { Ok(()) } else { Err(SchemaViolation) }
}

impl When {
    /// Returns the instant for a version of this age.
    pub(crate) fn due(self, modified: SystemTime) -> SystemTime {
        match self {
            Self::Days(days) => midnight_after(modified, days),
            Self::Date(date) => date.max(modified),
        }
    }
}

impl Filter {
    /// Says whether it looks at more than the key.
    pub(crate) fn looks_inside(&self) -> bool {
        !self.tags.is_empty() || self.looks_at_size()
    }

    /// Says whether it looks at the size.
    pub(crate) fn looks_at_size(&self) -> bool {
        self.larger.is_some() || self.smaller.is_some()
    }

    /// Says whether an object is among those that it is for.
    pub(crate) fn covers(&self, key: &str, object: &Object) -> bool {
        let size = object.content.body.size();
        let has = |(name, value): &(String, String)| {
            let mut tags = object.tags.iter();
            tags.any(|(key, own)| **key == **name && **own == **value)
        };
        key.starts_with(&self.prefix)
            && self.tags.iter().all(has)
            && self.larger.is_none_or(|larger| size > larger)
            && self.smaller.is_none_or(|smaller| size < smaller)
    }

    /// Says whether an object is large enough for a class: 128 KB, unless the filter says how large. With
    /// `varies_by_storage_class` the archives take smaller ones (BC:s3 TransitionDefaultMinimumObjectSize).
    pub(crate) fn lets_move(&self, object: &Object, class: &str, varies: bool) -> bool {
        self.looks_at_size()
            || object.content.body.size() >= SMALL
            || (varies && ARCHIVED.contains(&class))
    }
}

/// Returns how cold a class is; objects go to colder ones only.
pub(crate) fn coldness(class: &str) -> usize {
    let at = CLASSES.iter().position(|known| *known == class);
    at.map_or(0, |at| at + 1)
}
