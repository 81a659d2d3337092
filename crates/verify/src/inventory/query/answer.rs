//! The answer: lines of what is equal, and of versions of keys in doubt.

use super::statement::ROW;
use crate::entry::Entry;
use crate::inventory::manifest::{Format, Manifest};
use crate::inventory::row::{Fields, Row};
use crate::inventory::time::stamp;
use crate::join::Side;
use crate::tally::{Count, Seen, Total};

/// A line of the answer that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is not what was asked for.
    #[error("a line of Athena's answer is not what was asked for: {0}")]
    Line(&'static str),
    /// The lists have rows that are none.
    #[error(
        "{0} rows of the lists are none: no key, a flag that is neither true nor false, or a size that is no number"
    )]
    Rows(u64),
}

/// A line of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What both sides have in it.
    pub seen: Seen,
    /// What it is about.
    pub of: Of,
}

/// What a line is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    /// Versions that are equal, by their ETags or else by size and version ID.
    Equal {
        /// How many.
        count: Count,
        /// Whether their ETags prove it.
        by_etag: bool,
    },
    /// A version of a key in doubt.
    Doubted(Box<Doubted>),
}

/// A version of a key in doubt: the row of each side, and how often it has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubted {
    /// The key.
    pub key: String,
    version: String,
    sides: [(u64, Option<Kept>); 2],
}

/// A row of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    size: u64,
    latest: bool,
    marker: bool,
    etag: String,
    opaque: bool,
    class: String,
    modified: String,
}

/// Sums and what of a row is told, of each side.
const SIDE: usize = 5 + ROW.len();

/// The columns of the answer: key, version, whether ETags prove it, versions, both sides, rows that are none.
const COLUMNS: usize = 4 + 2 * SIDE + 1;

impl Line {
    /// Reads a line of the answer.
    ///
    /// # Errors
    /// [`Unread`] where it is none.
    pub fn read(fields: &[Option<String>], of: [&Manifest; 2]) -> Result<Self, Unread> {
        if fields.len() != COLUMNS {
            return Err(Unread::Line("it has another number of columns"));
        }
        let bad = number(fields, COLUMNS - 1)?;
        if bad > 0 {
            return Err(Unread::Rows(bad));
        }
        let [source, destination] = [4, 4 + SIDE];
        let totals = [total(fields, source)?, total(fields, destination)?];
        let key = fields[0].clone();
        let of = match key {
            None => Of::Equal {
                count: Count {
                    versions: number(fields, 3)?,
                    bytes: totals[0].1.bytes,
                },
                by_etag: number(fields, 2)? == 1,
            },
            Some(key) => Of::Doubted(Box::new(Doubted {
                key,
                version: text(fields, 1),
                sides: [
                    (totals[0].0, kept(fields, source, totals[0].0, of[0])?),
                    (totals[1].0, kept(fields, destination, totals[1].0, of[1])?),
                ],
            })),
        };
        let seen = Seen::of(totals[0].1, totals[1].1);
        Ok(Self { seen, of })
    }
}

impl Doubted {
    /// Tells its rows.
    pub fn tell(&self, tell: &mut dyn FnMut(Side, &Row<'_>)) {
        for (side, (rows, kept)) in Side::BOTH.into_iter().zip(&self.sides) {
            let Some(kept) = kept else {
                continue;
            };
            let fields = Fields {
                key: self.key.as_bytes(),
                version: &self.version,
                latest: kept.latest,
                is_marker: kept.marker,
                size: kept.size,
                etag: &kept.etag,
                class: &kept.class,
                modified: &kept.modified,
                encryption: "",
            };
            let row = fields.row();
            let row = Row {
                entry: Entry {
                    version: &self.version,
                    ..row.entry
                },
                has_opaque_etag: kept.opaque,
            };
            for _ in 0..*rows {
                tell(side, &row);
            }
        }
    }
}

fn text(fields: &[Option<String>], at: usize) -> String {
    fields.get(at).cloned().flatten().unwrap_or_default()
}

fn number(fields: &[Option<String>], at: usize) -> Result<u64, Unread> {
    let text = fields.get(at).and_then(Option::as_deref).unwrap_or("0");
    text.parse().map_err(|_| Unread::Line("a number is none"))
}

/// The rows of a side and what they are in all. Its fingerprint is of Athena's making: the sums of two parts of an MD5 of each row.
fn total(fields: &[Option<String>], from: usize) -> Result<(u64, Total), Unread> {
    let (rows, markers) = (number(fields, from)?, number(fields, from + 1)?);
    let sum = |at: usize| {
        let text = fields.get(at).and_then(Option::as_deref).unwrap_or("0");
        let text = text.split('.').next().unwrap_or_default();
        let sum: u128 = text.parse().map_err(|_| Unread::Line("a sum is none"))?;
        Ok(sum & u128::from(u64::MAX))
    };
    let total = Total {
        objects: rows.saturating_sub(markers),
        markers,
        bytes: number(fields, from + 2)?,
        fingerprint: sum(from + 3)? << 64 | sum(from + 4)?,
    };
    Ok((rows, total))
}

fn kept(
    fields: &[Option<String>],
    from: usize,
    rows: u64,
    of: &Manifest,
) -> Result<Option<Kept>, Unread> {
    if rows == 0 {
        return Ok(None);
    }
    let at = |name: &str| {
        let place = ROW.iter().position(|of| *of == name);
        from + 5 + place.unwrap_or_default()
    };
    let modified = text(fields, at("modified"));
    Ok(Some(Kept {
        size: number(fields, at("size"))?,
        latest: number(fields, at("latest"))? == 1,
        marker: number(fields, at("marker"))? == 1,
        etag: text(fields, at("etag")),
        opaque: number(fields, at("opaque"))? == 1,
        class: text(fields, at("class")),
        modified: match of.format {
            Format::Csv => modified,
            Format::Orc | Format::Parquet => modified.parse().map(stamp).unwrap_or_default(),
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Picked;
    use crate::join::Found;

    fn manifest(format: Format, columns: &str) -> Manifest {
        Manifest {
            source_bucket: "a".to_owned(),
            created_ms: 0,
            format,
            columns: columns.split(", ").map(str::to_owned).collect(),
            files: Vec::new(),
        }
    }

    /// The line of a version that the source has once and the destination not, or of equal ones.
    fn line(key: Option<&str>) -> Vec<Option<String>> {
        let source = [
            "2", "1", "7", "15", "3", "7", "1", "0", "e", "0", "STANDARD", "5",
        ];
        let destination = ["0", "0", "0", "0", "0", "", "", "", "", "", "", ""];
        let text = |text: &&str| (!text.is_empty()).then(|| (*text).to_owned());
        let head = [
            key.map(str::to_owned),
            Some("v".to_owned()),
            Some("1".to_owned()),
            Some("2".to_owned()),
        ];
        let sides = source.iter().chain(&destination).map(text);
        head.into_iter()
            .chain(sides)
            .chain([Some("0".to_owned())])
            .collect()
    }

    #[test]
    fn a_line_is_read_as_it_was_asked_for() {
        let of = manifest(Format::Orc, "Key");
        let read = |fields: &[Option<String>]| Line::read(fields, [&of, &of]);
        let doubted = read(&line(Some("k"))).unwrap();
        let total = Total {
            objects: 1,
            markers: 1,
            bytes: 7,
            fingerprint: 15 << 64 | 3,
        };
        assert_eq!(doubted.seen, Seen::of(total, Total::default()));
        let Of::Doubted(version) = &doubted.of else {
            panic!("{doubted:?}");
        };
        // What one side has twice is told twice.
        let (mut picked, mut told) = (Picked::default(), Vec::new());
        version.tell(&mut |side, row| {
            told.push((side, row.entry.size, row.entry.modified.to_owned()));
            picked.add(side, row);
        });
        let row = (Side::Source, 7, stamp(5));
        assert_eq!(told, [row.clone(), row]);
        let mut found = 0;
        picked.tell(&mut |of| {
            assert!(
                matches!(
                    of,
                    Found::Only {
                        side: Side::Source,
                        ..
                    }
                ),
                "{of:?}"
            );
            found += 1;
        });
        assert!(found > 0);
        let equal = read(&line(None)).unwrap();
        let mut count = Count::default();
        count.add(2, 7);
        assert_eq!(
            equal.of,
            Of::Equal {
                count,
                by_etag: true
            }
        );
    }

    #[test]
    fn what_is_no_line_is_an_error() {
        let of = manifest(Format::Csv, "Key");
        let read = |fields: &[Option<String>]| Line::read(fields, [&of, &of]).unwrap_err();
        let mut fields = line(Some("k"));
        fields.pop();
        assert!(matches!(read(&fields), Unread::Line(_)));
        let mut fields = line(Some("k"));
        fields[COLUMNS - 1] = Some("3".to_owned());
        assert_eq!(read(&fields), Unread::Rows(3));
        for at in [4, 6, 7, 9] {
            let mut fields = line(Some("k"));
            fields[at] = Some("x".to_owned());
            assert!(matches!(read(&fields), Unread::Line(_)), "{at}");
        }
    }
}
