//! Reading journals, also those of other versions.
//!
//! The rules are those of [`s3ferry_core::format::reading`], but for one: a line of a newer minor with an event or a word
//! that this version does not know is left out and told by its number, for a journal explains and never decides.
//!
//! An event says which it is by one of its keys, and what reads such values does not tell which keys it passed over. So a
//! line is written again after it was read: what the second text lacks was not known.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use s3ferry_core::format::reading::{Newer, Read, ReadError, read as read_format};
use serde::Deserialize as _;
use serde::de::Error as _;
use serde_json::Value;

use super::{Entry, FORMAT, Header};

/// A journal that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalFile {
    /// The first line.
    pub header: Header,
    /// The further lines.
    pub entries: Vec<Entry>,
    /// Whether the last line was cut short: the run was killed while writing it.
    pub torn: bool,
    /// What a newer version says besides; nothing where the journal is of our minor or an older one.
    pub newer: Option<NewerJournal>,
}

/// What a journal of a newer minor version says besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewerJournal {
    /// Its version, and the keys that this version does not know.
    pub keys: Newer,
    /// The lines, from 1, with an event or a word that this version does not know; they are not among the entries.
    pub left_out: Vec<usize>,
}

/// Why a file is not a journal that can be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refused.
    #[error("read the journal {path}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// There is no whole first line.
    #[error("the journal has no header")]
    NoHeader,
    /// The first line is no header that can be read, or one of another major version.
    #[error("the journal's header cannot be read")]
    Header(#[from] ReadError),
    /// A line other than the first or a torn last one cannot be read.
    #[error("line {line} of the journal cannot be read")]
    Line {
        /// Which, from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
}

/// Reads a journal file.
///
/// # Errors
/// As [`parse`], and where the file cannot be read.
pub fn read(path: &Path) -> Result<JournalFile, JournalError> {
    let bytes = std::fs::read(path).map_err(|source| JournalError::Io {
        path: path.display().to_string(),
        source,
    })?;
    parse(&bytes)
}

/// Reads a journal; a last line without its end is torn and left out, whatever it holds.
///
/// # Errors
/// [`JournalError`] where it is no journal, is of another major version, or is damaged before its last line.
pub fn parse(bytes: &[u8]) -> Result<JournalFile, JournalError> {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n');
    let whole = whole.map_or(0, |newline| newline + 1);
    let mut lines = bytes[..whole].split_inclusive(|byte| *byte == b'\n');
    let Read { value, newer } = read_format(lines.next().ok_or(JournalError::NoHeader)?, FORMAT)?;
    let mut journal = JournalFile {
        header: value,
        entries: Vec::new(),
        torn: whole < bytes.len(),
        newer: newer.map(|keys| NewerJournal {
            keys,
            left_out: Vec::new(),
        }),
    };
    for (line, text) in (2..).zip(lines) {
        journal
            .add(line, text)
            .map_err(|source| JournalError::Line { line, source })?;
    }
    Ok(journal)
}

impl JournalFile {
    fn add(&mut self, line: usize, text: &[u8]) -> Result<(), serde_json::Error> {
        let value: Value = serde_json::from_slice(text)?;
        let entry = Entry::deserialize(&value);
        match (&mut self.newer, entry) {
            (Some(newer), Ok(entry)) => {
                newer.keys.ignored.append(&mut unknown(&value, &entry)?);
                self.entries.push(entry);
            }
            (Some(newer), Err(_not_known)) => newer.left_out.push(line),
            (None, entry) => {
                let entry = entry?;
                let unknown = Vec::from_iter(unknown(&value, &entry)?);
                if !unknown.is_empty() {
                    let message = format!("unknown keys: {}", unknown.join(", "));
                    return Err(serde_json::Error::custom(message));
                }
                self.entries.push(entry);
            }
        }
        Ok(())
    }
}

/// The keys of a line that its entry does not have.
fn unknown(line: &Value, entry: &Entry) -> Result<BTreeSet<String>, serde_json::Error> {
    let mut unknown = BTreeSet::new();
    collect(line, &serde_json::to_value(entry)?, "", &mut unknown);
    Ok(unknown)
}

fn collect(said: &Value, known: &Value, path: &str, unknown: &mut BTreeSet<String>) {
    match (said, known) {
        (Value::Object(said), Value::Object(known)) => {
            for (key, value) in said {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                match known.get(key) {
                    Some(known) => collect(value, known, &path, unknown),
                    None => drop(unknown.insert(path)),
                }
            }
        }
        (Value::Array(said), Value::Array(known)) => {
            let path = format!("{path}[]");
            for (said, known) in said.iter().zip(known) {
                collect(said, known, &path, unknown);
            }
        }
        (_, _) => {}
    }
}
