//! Partitions that differ, by groups whose rows of both sides fit into memory.

use std::collections::BTreeSet;
use std::io;

use s3ferry_verify::inventory::{PARTITIONS, Partitions, Row, partition};

/// Rows of both sides in a group; with all that is told of them where each is in doubt, some 50 MB in memory.
const ROWS: u64 = 50_000;

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

/// Tells the rows of a block that was put aside.
pub(super) fn told(mut block: &[u8], tell: &mut dyn FnMut(&Row<'_>)) -> io::Result<()> {
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
