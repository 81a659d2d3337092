//! Rows of partitions that differ, put aside on disk by groups of partitions, each of which fits into memory.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use s3ferry_verify::inventory::{PARTITIONS, Partitions, Row, partition};

/// Rows of both sides in a group; with all that is told of them where each is in doubt, some 50 MB in memory.
const ROWS: u64 = 50_000;

/// What of a side waits in memory to be written, over all groups.
const WAITING: usize = 16 << 20;

/// The least that is written at once: less would be lost among the headers.
const BLOCK: usize = 1 << 10;

/// What a block begins with: where the one before it of its group begins, and how long that is; twice nothing where there is none. So nothing
/// is kept in memory of blocks that are written but where the last one is.
const HEADER: usize = 16;

/// Which group each partition is in.
#[derive(Debug)]
pub(super) struct Groups {
    of: Vec<Option<u32>>,
    pub(super) count: usize,
}

impl Groups {
    pub(super) fn of(partitions: &BTreeSet<usize>, sides: [&Partitions; 2]) -> Self {
        let mut of = vec![None; PARTITIONS];
        let (mut group, mut rows) = (0, 0);
        for at in partitions {
            let more: u64 = sides.iter().map(|side| side.rows_of(*at)).sum();
            if rows > 0 && rows + more > ROWS {
                (group, rows) = (group + 1, 0);
            }
            rows += more;
            if let Some(of) = of.get_mut(*at) {
                *of = Some(group);
            }
        }
        let count = if partitions.is_empty() { 0 } else { group + 1 };
        Self {
            of,
            count: count as usize,
        }
    }

    /// The group of a key; none where its partition does not differ.
    pub(super) fn group(&self, key: &[u8]) -> Option<usize> {
        let group = self.of.get(partition(key)).copied().flatten();
        group.map(|group| group as usize)
    }
}

/// The rows of one side that were put aside: one file, of blocks that are of one group each.
#[derive(Debug)]
pub(super) struct Spill {
    file: File,
    end: u64,
    groups: Vec<Group>,
    most: usize,
}

#[derive(Debug, Clone, Default)]
struct Group {
    waiting: Vec<u8>,
    last: Block,
}

/// Where a block begins, and how long it is; nothing for none.
#[derive(Debug, Clone, Copy, Default)]
struct Block {
    from: u64,
    length: u64,
}

impl Spill {
    pub(super) fn new(path: &Path, groups: usize) -> io::Result<Self> {
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        Ok(Self {
            file: options.open(path)?,
            end: 0,
            groups: vec![Group::default(); groups],
            most: (WAITING / groups.max(1)).max(BLOCK),
        })
    }

    pub(super) fn add(&mut self, group: usize, row: &Row<'_>) -> io::Result<()> {
        let Some(group) = self.groups.get_mut(group) else {
            return Ok(());
        };
        if group.waiting.is_empty() {
            let Block { from, length } = group.last;
            group
                .waiting
                .extend([from, length].map(u64::to_le_bytes).as_flattened());
        }
        row.write(&mut group.waiting);
        if group.waiting.len() >= self.most {
            self.file.write_all(&group.waiting)?;
            group.last = Block {
                from: self.end,
                length: group.waiting.len() as u64,
            };
            self.end += group.last.length;
            group.waiting.clear();
        }
        Ok(())
    }

    /// Tells the rows of a group, once.
    pub(super) fn take(&mut self, group: usize, tell: &mut dyn FnMut(&Row<'_>)) -> io::Result<()> {
        let Some(Group { waiting, last }) = self.groups.get_mut(group).map(std::mem::take) else {
            return Ok(());
        };
        told(waiting.get(HEADER..).unwrap_or_default(), tell)?;
        let (mut of, mut block) = (last, waiting);
        while of.length > 0 {
            block.resize(of.length as usize, 0);
            self.file.seek(SeekFrom::Start(of.from))?;
            self.file.read_exact(&mut block)?;
            let (from, rest) = block
                .split_first_chunk()
                .ok_or(io::ErrorKind::InvalidData)?;
            let (length, rows) = rest.split_first_chunk().ok_or(io::ErrorKind::InvalidData)?;
            told(rows, tell)?;
            of = Block {
                from: u64::from_le_bytes(*from),
                length: u64::from_le_bytes(*length),
            };
        }
        Ok(())
    }
}

fn told(mut block: &[u8], tell: &mut dyn FnMut(&Row<'_>)) -> io::Result<()> {
    while !block.is_empty() {
        let row = Row::read(&mut block).ok_or(io::ErrorKind::InvalidData)?;
        tell(&row);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use s3ferry_verify::entry::Kind;
    use s3ferry_verify::{Entry, Side};

    use super::*;

    fn row(key: &str) -> Row<'_> {
        let entry = Entry {
            key: key.as_bytes(),
            version: "v",
            kind: Kind::Object,
            latest: true,
            size: 7,
            etag: "e",
            class: "STANDARD",
            modified: "",
        };
        Row {
            entry,
            has_opaque_etag: true,
        }
    }

    #[test]
    fn every_row_comes_back_once_and_with_its_group() {
        let folder = tempfile::tempdir().unwrap();
        let mut spill = Spill::new(&folder.path().join("rows"), 3).unwrap();
        spill.most = 100;
        let keys: Vec<String> = (0..60).map(|at| format!("k{at:02}")).collect();
        for (at, key) in keys.iter().enumerate() {
            spill.add(at % 3, &row(key)).unwrap();
        }
        for group in 0..3 {
            let mut told = Vec::new();
            let tell =
                &mut |of: &Row<'_>| told.push(String::from_utf8_lossy(of.entry.key).into_owned());
            spill.take(group, tell).unwrap();
            told.sort();
            let expected = keys.iter().skip(group).step_by(3);
            assert!(told.iter().eq(expected), "{told:?}");
        }
    }

    #[test]
    fn a_group_has_all_rows_of_its_partitions() {
        let (mut one, two) = (Partitions::default(), Partitions::default());
        let keys: Vec<String> = (0..9).map(|at| format!("k{at}")).collect();
        keys.iter().for_each(|key| one.add(Side::Source, &row(key)));
        let groups = Groups::of(&one.differing(&two), [&one, &two]);
        assert_eq!(groups.count, 1);
        assert!(
            keys.iter()
                .all(|key| groups.group(key.as_bytes()) == Some(0))
        );
        assert_eq!(groups.group(b"another"), None);
        assert_eq!(Groups::of(&BTreeSet::new(), [&one, &two]).count, 0);
    }
}
