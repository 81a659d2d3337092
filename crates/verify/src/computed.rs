//! Checksums that S3 computed where the objects lie, as completion reports of jobs tell them (UG:batch-ops-examples-reports): a row an
//! object, in no order.
//!
//! ```text
//! rows of both reports --by the hash of key and version--> groups that fit into memory --> joined: one answer a version
//! ```
//! Of a version nothing is kept but hashes of a fixed length. They are of SHA-256: who chooses keys and contents finds no two that meet.

use std::io::Read;

use csv::{ByteRecord, ReaderBuilder};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::page::decoded;

/// A version of a key, as a hash of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id([u8; 16]);

impl Id {
    /// The version of this ID; what has none is `null`, in reports perhaps nothing.
    #[must_use]
    pub fn of(key: &[u8], version: &str) -> Self {
        let version = if version.is_empty() { "null" } else { version };
        Self(short(&[key, b"\0", version.as_bytes()]))
    }

    /// Which of so many groups it is in; all are about as large.
    #[must_use]
    pub fn group(self, groups: usize) -> usize {
        ((u128::from(self.start()) * groups as u128) >> 64) as usize
    }

    /// About where among this many in order an ID of a group is.
    #[must_use]
    pub fn place(self, groups: usize, of: u64) -> u64 {
        let spread = u128::from(self.start()) * groups as u128;
        let within = (spread & u128::from(u64::MAX)) as u64;
        ((u128::from(within) * u128::from(of)) >> 64) as u64
    }

    fn start(self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

fn short<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    let hash = hash.finalize();
    let mut start = [0; N];
    start.iter_mut().zip(hash).for_each(|(to, of)| *to = of);
    start
}

fn etag(text: &str) -> [u8; 8] {
    short(&[text.trim_matches('"').as_bytes()])
}

/// What a report says of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sum {
    /// Of what.
    pub id: Id,
    /// The checksum and the ETag of the content that it is of; none where S3 could not compute it.
    value: Option<([u8; 16], [u8; 8])>,
}

/// A report that is not what one is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

/// What stands in the last column of a row of an object whose checksum was computed.
#[derive(Deserialize)]
struct Message {
    checksum_base64: String,
    etag: String,
    #[serde(rename = "checksumAlgorithm")]
    algorithm: String,
    #[serde(rename = "checksumType")]
    kind: String,
}

/// Checksums of parts agree where parts do, and nobody promises that those of both sides do.
const OF_WHOLE_OBJECTS: &str = "FULL_OBJECT";

impl Sum {
    /// Bytes of one.
    pub const LENGTH: usize = 41;

    /// Tells every row of a report's file.
    ///
    /// # Errors
    /// [`Unreadable`] where it is no such report: of another bucket or algorithm, or no CSV.
    pub fn read(
        file: impl Read,
        bucket: &str,
        algorithm: &str,
        tell: &mut dyn FnMut(Self) -> std::io::Result<()>,
    ) -> Result<u64, Unreadable> {
        let strange = |why: &dyn std::fmt::Display| Unreadable(why.to_string());
        let mut reader = ReaderBuilder::new().has_headers(false).from_reader(file);
        let mut record = ByteRecord::new();
        let mut count = 0;
        while reader
            .read_byte_record(&mut record)
            .map_err(|error| strange(&error))?
        {
            count += 1;
            let sum = Self::of(&record, bucket, algorithm);
            let sum = sum.map_err(|why| strange(&format!("row {count} {why}")))?;
            tell(sum).map_err(|error| strange(&error))?;
        }
        Ok(count)
    }

    /// Bucket, key, version, status, two columns of codes, message: in this order (UG:batch-ops-examples-reports, and seen).
    fn of(record: &ByteRecord, bucket: &str, algorithm: &str) -> Result<Self, String> {
        let text = |at: usize| {
            let cell = record.get(at).ok_or("has too few columns")?;
            std::str::from_utf8(cell).map_err(|_| "is not UTF-8")
        };
        if text(0)? != bucket {
            return Err("is of another bucket".to_owned());
        }
        let key = decoded(record.get(1).unwrap_or_default());
        let id = Id::of(&key, text(2)?);
        if !text(3)?.eq_ignore_ascii_case("succeeded") {
            return Ok(Self { id, value: None });
        }
        let message: Message = serde_json::from_str(text(6)?)
            .map_err(|error| format!("tells of no checksum: {error}"))?;
        if message.algorithm != algorithm || message.kind != OF_WHOLE_OBJECTS {
            let (of, kind) = (message.algorithm, message.kind);
            return Err(format!(
                "has a checksum of another sort, {of:?} and {kind:?}"
            ));
        }
        let value = short(&[message.checksum_base64.as_bytes()]);
        let value = Some((value, etag(&message.etag)));
        Ok(Self { id, value })
    }

    /// Appends its bytes.
    pub fn write(&self, to: &mut Vec<u8>) {
        let (value, etag) = self.value.unwrap_or_default();
        to.extend(self.id.0);
        to.push(u8::from(self.value.is_some()));
        to.extend(value);
        to.extend(etag);
    }

    /// Reads one from its bytes.
    #[must_use]
    pub fn parse(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk()?;
        let (has_value, rest) = rest.split_first()?;
        let (value, rest) = rest.split_first_chunk()?;
        let (etag, _) = rest.split_first_chunk()?;
        Some(Self {
            id: Id(*id),
            value: (*has_value == 1).then_some((*value, *etag)),
        })
    }
}

/// What both reports say of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Computed {
    /// Of what.
    pub id: Id,
    answer: Answer,
    /// Of which content at each side.
    etags: [[u8; 8]; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Same,
    Other,
    /// S3 could not compute it at one side, or says two things of it.
    Failed,
}

/// What computed checksums say of a pair of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// They are the same.
    Same,
    /// They are not.
    Other,
    /// S3 could not compute one of them.
    Failed,
    /// The reports do not tell of both, or of other contents than are there now.
    Nothing,
}

impl Computed {
    /// Bytes of one.
    pub const LENGTH: usize = 33;

    /// Joins what both reports say, in the order of the IDs. What only one report has is left out.
    #[must_use]
    pub fn join(mut source: Vec<Sum>, mut destination: Vec<Sum>) -> Vec<Self> {
        source.sort_unstable();
        destination.sort_unstable();
        let mut joined = Vec::with_capacity(source.len().min(destination.len()));
        let mut others = destination.chunk_by(|one, other| one.id == other.id);
        let mut other = others.next();
        for one in source.chunk_by(|one, other| one.id == other.id) {
            let Some(first) = one.first() else { continue };
            while let Some([of, ..]) = other
                && of.id < first.id
            {
                other = others.next();
            }
            if let Some(of) = other
                && of.first().is_some_and(|of| of.id == first.id)
            {
                joined.push(Self::of(first.id, one, of));
            }
        }
        joined
    }

    fn of(id: Id, source: &[Sum], destination: &[Sum]) -> Self {
        let values = (only(source), only(destination));
        let (answer, etags) = match values {
            (Some((one, of_one)), Some((two, of_two))) => {
                let answer = if one == two {
                    Answer::Same
                } else {
                    Answer::Other
                };
                (answer, [of_one, of_two])
            }
            (_, _) => (Answer::Failed, [[0; 8]; 2]),
        };
        Self { id, answer, etags }
    }

    /// What it says of versions with these ETags.
    #[must_use]
    pub fn says(&self, etags: [&str; 2]) -> Says {
        match self.answer {
            Answer::Failed => Says::Failed,
            // A null version that was written over has its ID still.
            _ if self.etags != etags.map(etag) => Says::Nothing,
            Answer::Same => Says::Same,
            Answer::Other => Says::Other,
        }
    }

    /// Appends its bytes.
    pub fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.id.0);
        to.push(match self.answer {
            Answer::Same => 1,
            Answer::Other => 2,
            Answer::Failed => 3,
        });
        to.extend(self.etags.as_flattened());
    }

    /// Reads one from its bytes.
    #[must_use]
    pub fn parse(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk()?;
        let (answer, rest) = rest.split_first()?;
        let (source, rest) = rest.split_first_chunk()?;
        let (destination, _) = rest.split_first_chunk()?;
        Some(Self {
            id: Id(*id),
            answer: match answer {
                1 => Answer::Same,
                2 => Answer::Other,
                3 => Answer::Failed,
                _ => return None,
            },
            etags: [*source, *destination],
        })
    }
}

/// The one value of a version; none where there is none, or another one beside it.
fn only(sums: &[Sum]) -> Option<([u8; 16], [u8; 8])> {
    let first = sums.first()?.value?;
    sums.iter()
        .all(|of| of.value == Some(first))
        .then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, version: &str, value: &str, etag: &str) -> String {
        let message = format!(
            r#"{{""checksum_base64"":""{value}\u003d"",""checksum_hex"":""AB"",""etag"":""{etag}"",""checksumAlgorithm"":""SHA256"",""checksumType"":""FULL_OBJECT""}}"#
        );
        format!("orders,{key},{version},succeeded,200,,\"{message}\"\n")
    }

    fn read(text: &str) -> Result<Vec<Sum>, Unreadable> {
        let mut sums = Vec::new();
        let told = Sum::read(text.as_bytes(), "orders", "SHA256", &mut |sum| {
            sums.push(sum);
            Ok(())
        });
        told.map(|_| sums)
    }

    fn says(source: &str, destination: &str, key: &str, etags: [&str; 2]) -> Option<Says> {
        let joined = Computed::join(read(source).unwrap(), read(destination).unwrap());
        let id = Id::of(key.as_bytes(), "v");
        let found = joined.iter().find(|of| of.id == id);
        found.map(|of| of.says(etags))
    }

    #[test]
    fn versions_are_joined_by_key_and_id_whatever_the_order_of_rows() {
        let source = row("a+%C3%A9", "v", "one", "e") + &row("b", "v", "two", "e");
        let destination = row("b", "v", "three", "f") + &row("a%20%C3%A9", "v", "one", "f");
        assert_eq!(
            says(&source, &destination, "a é", ["e", "f"]),
            Some(Says::Same)
        );
        assert_eq!(
            says(&source, &destination, "b", ["\"e\"", "f"]),
            Some(Says::Other)
        );
        assert_eq!(
            says(&source, &row("b", "w", "two", "f"), "b", ["e", "f"]),
            None
        );
    }

    #[test]
    fn a_checksum_is_of_the_content_that_had_its_etag() {
        let both = row("a", "v", "one", "e");
        assert_eq!(says(&both, &both, "a", ["e", "e"]), Some(Says::Same));
        for etags in [["e", "f"], ["f", "e"]] {
            assert_eq!(says(&both, &both, "a", etags), Some(Says::Nothing));
        }
    }

    #[test]
    fn what_failed_or_is_told_twice_otherwise_proves_nothing() {
        let good = row("a", "v", "one", "e");
        let failed = "orders,a,v,failed,200,PermanentFailure,\"error details: {}\"\n".to_owned();
        let twice = good.clone() + &row("a", "v", "two", "e");
        for other in [failed.clone(), twice, good.clone() + &failed] {
            assert_eq!(says(&good, &other, "a", ["e", "e"]), Some(Says::Failed));
            assert_eq!(says(&other, &good, "a", ["e", "e"]), Some(Says::Failed));
        }
        assert_eq!(
            says(&good, &(good.clone() + &good), "a", ["e", "e"]),
            Some(Says::Same)
        );
    }

    #[test]
    fn a_report_of_anything_else_is_none() {
        for (from, to) in [
            ("orders", "others"),
            ("SHA256", "CRC32"),
            ("FULL_OBJECT", "COMPOSITE"),
            ("checksum_base64", "sum"),
            (",200,,", ","),
        ] {
            let text = row("a", "v", "one", "e").replace(from, to);
            assert!(read(&text).is_err(), "{from} as {to}");
        }
    }

    #[test]
    fn what_is_put_aside_is_read_back() {
        let text = row("a", "v", "one", "e") + "orders,b,,failed,200,PermanentFailure,\n";
        for sum in read(&text).unwrap() {
            let mut bytes = Vec::new();
            sum.write(&mut bytes);
            assert_eq!(Sum::parse(&bytes.try_into().unwrap()), Some(sum));
        }
        let sums = read(&text).unwrap();
        for of in Computed::join(sums.clone(), sums) {
            let mut bytes = Vec::new();
            of.write(&mut bytes);
            assert_eq!(Computed::parse(&bytes.try_into().unwrap()), Some(of));
        }
        assert_eq!(Id::of(b"b", ""), Id::of(b"b", "null"));
    }

    #[test]
    fn groups_are_in_the_order_of_ids_and_places_within_them() {
        let mut ids: Vec<Id> = (0..1_000)
            .map(|at: u32| Id::of(&at.to_le_bytes(), "v"))
            .collect();
        ids.sort_unstable();
        let groups: Vec<usize> = ids.iter().map(|id| id.group(7)).collect();
        assert!(groups.is_sorted() && groups.iter().all(|of| *of < 7));
        let first: Vec<Id> = ids.into_iter().filter(|id| id.group(7) == 3).collect();
        let places: Vec<u64> = first
            .iter()
            .map(|id| id.place(7, first.len() as u64))
            .collect();
        assert!(places.is_sorted() && places.iter().all(|at| *at < first.len() as u64));
    }
}
