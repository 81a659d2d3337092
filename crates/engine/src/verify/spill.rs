//! What is put aside on disk by groups, each of which fits into memory.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// What of a side waits in memory to be written, over all groups.
const WAITING: usize = 16 << 20;

/// The least that is written at once: less would be lost among the headers.
const BLOCK: usize = 1 << 10;

/// What a block begins with: where the one before it of its group begins, and how long that is; twice nothing where there is none. So nothing
/// is kept in memory of blocks that are written but where the last one is.
const HEADER: usize = 16;

/// What of one side was put aside: one file, of blocks that are of one group each.
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

    /// Puts something aside that appends itself to bytes.
    pub(super) fn add(&mut self, group: usize, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let Some(group) = self.groups.get_mut(group) else {
            return Ok(());
        };
        if group.waiting.is_empty() {
            let Block { from, length } = group.last;
            group
                .waiting
                .extend([from, length].map(u64::to_le_bytes).as_flattened());
        }
        write(&mut group.waiting);
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

    /// Tells what is in a group, once: blocks of whole things.
    pub(super) fn take(
        &mut self,
        group: usize,
        tell: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(Group { waiting, last }) = self.groups.get_mut(group).map(std::mem::take) else {
            return Ok(());
        };
        tell(waiting.get(HEADER..).unwrap_or_default())?;
        let (mut of, mut block) = (last, waiting);
        while of.length > 0 {
            block.resize(of.length as usize, 0);
            self.file.seek(SeekFrom::Start(of.from))?;
            self.file.read_exact(&mut block)?;
            let (from, rest) = block
                .split_first_chunk()
                .ok_or(io::ErrorKind::InvalidData)?;
            let (length, rows) = rest.split_first_chunk().ok_or(io::ErrorKind::InvalidData)?;
            tell(rows)?;
            of = Block {
                from: u64::from_le_bytes(*from),
                length: u64::from_le_bytes(*length),
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_comes_back_once_and_with_its_group() {
        let folder = tempfile::tempdir().unwrap();
        let mut spill = Spill::new(&folder.path().join("rows"), 3).unwrap();
        spill.most = 100;
        for at in 0..60_u8 {
            let add = spill.add(usize::from(at % 3), |to| to.extend([at; 7]));
            add.unwrap();
        }
        for group in 0..3_u8 {
            let mut told = Vec::new();
            let mut tell = |block: &[u8]| {
                told.extend(block.chunks(7).map(|of| of[0]));
                Ok(())
            };
            spill.take(usize::from(group), &mut tell).unwrap();
            told.sort_unstable();
            assert!(told.iter().copied().eq((group..60).step_by(3)), "{told:?}");
        }
    }
}
