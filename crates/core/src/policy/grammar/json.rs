//! JSON as the grammar needs it: members in order with duplicates refused, and the exact text of every value.
//!
//! A map type would swallow a duplicate member, and a number type would lose digits; both would make two
//! different policies look equal.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::{PolicyError, Problem};

/// The members of an object, in order, each with its exact text.
pub(super) struct Members<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor).map(Members)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
            members.push(member);
        }
        Ok(members)
    }
}

/// The members of the object at `place`.
pub(super) fn members<'a>(
    raw: &'a RawValue,
    place: &str,
) -> Result<Vec<(String, &'a RawValue)>, PolicyError> {
    if !raw.get().starts_with('{') {
        return Err(PolicyError::new(place, Problem::Shape("an object")));
    }
    let Members(members) = read(raw, place)?;
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(PolicyError::new(&join(place, pair[0]), Problem::Repeated)),
        None => Ok(members),
    }
}

/// The elements of the array at `place`, or the one value that stands for an array of one.
pub(super) fn one_or_many<'a>(
    raw: &'a RawValue,
    place: &str,
) -> Result<Vec<&'a RawValue>, PolicyError> {
    if raw.get().starts_with('[') {
        read(raw, place)
    } else {
        Ok(vec![raw])
    }
}

/// The string at `place`.
pub(super) fn string(raw: &RawValue, place: &str) -> Result<String, PolicyError> {
    if raw.get().starts_with('"') {
        read(raw, place)
    } else {
        Err(PolicyError::new(place, Problem::Shape("a string")))
    }
}

/// The string or strings at `place`.
pub(super) fn strings(raw: &RawValue, place: &str) -> Result<Vec<String>, PolicyError> {
    each(raw, place, string)
}

/// The condition value or values at `place`: strings, and booleans and numbers in the spelling of the text.
pub(super) fn scalars(raw: &RawValue, place: &str) -> Result<Vec<String>, PolicyError> {
    each(raw, place, scalar)
}

fn each(
    raw: &RawValue,
    place: &str,
    read_one: fn(&RawValue, &str) -> Result<String, PolicyError>,
) -> Result<Vec<String>, PolicyError> {
    one_or_many(raw, place)?
        .into_iter()
        .enumerate()
        .map(|(index, item)| read_one(item, &format!("{place}[{index}]")))
        .collect()
}

fn scalar(raw: &RawValue, place: &str) -> Result<String, PolicyError> {
    match raw.get().as_bytes().first() {
        Some(b'"') => read(raw, place),
        Some(b't' | b'f' | b'-' | b'0'..=b'9') => Ok(raw.get().to_owned()),
        _ => Err(PolicyError::new(
            place,
            Problem::Shape("a string, a number or a boolean"),
        )),
    }
}

/// The path of a member of the object at `place`.
pub(super) fn join(place: &str, member: &str) -> String {
    if place.is_empty() {
        member.to_owned()
    } else {
        format!("{place}.{member}")
    }
}

pub(super) fn read<'a, T: Deserialize<'a>>(
    raw: &'a RawValue,
    place: &str,
) -> Result<T, PolicyError> {
    serde_json::from_str(raw.get())
        .map_err(|error| PolicyError::new(place, Problem::Syntax(error.to_string())))
}
