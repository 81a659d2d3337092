//! What the checksums of each version say, in the order of hashes, in one file.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use s3ferry_verify::computed::{Computed, Id, Says};

/// Entries that are read at once: hashes are spread evenly, so that nearly always one read finds what is there.
const WINDOW: u64 = 64;

/// What computed checksums say of versions.
#[derive(Debug)]
pub struct Sums {
    file: File,
    /// Where each group begins, and at last where the last one ends.
    starts: Vec<u64>,
    /// When the older one of both jobs was made.
    made: String,
}

/// A table that is being written.
pub(super) struct Writing {
    file: BufWriter<File>,
    starts: Vec<u64>,
    bytes: Vec<u8>,
}

impl Writing {
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        Ok(Self {
            file: BufWriter::new(options.open(path)?),
            starts: vec![0],
            bytes: Vec::new(),
        })
    }

    /// Adds the next group.
    pub(super) fn add(&mut self, group: &[Computed]) -> io::Result<()> {
        for of in group {
            self.bytes.clear();
            of.write(&mut self.bytes);
            self.file.write_all(&self.bytes)?;
        }
        let end = self.starts.last().copied().unwrap_or(0);
        self.starts.push(end + group.len() as u64);
        Ok(())
    }

    pub(super) fn end(self, made: String) -> io::Result<Sums> {
        let file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        Ok(Sums {
            file,
            starts: self.starts,
            made,
        })
    }
}

impl Sums {
    /// When the older one of both jobs was made, as S3 writes times.
    #[must_use]
    pub fn made(&self) -> &str {
        &self.made
    }

    /// What is said of a version with these ETags.
    pub(in crate::verify) fn says(
        &self,
        key: &[u8],
        version: &str,
        etags: [&str; 2],
    ) -> io::Result<Says> {
        let found = self.find(Id::of(key, version))?;
        Ok(found.map_or(Says::Nothing, |of| of.says(etags)))
    }

    /// Looks where it should be, then where the hashes that were found there lead to; by halves, where they lead nowhere.
    fn find(&self, id: Id) -> io::Result<Option<Computed>> {
        let groups = self.starts.len() - 1;
        let group = id.group(groups);
        let (Some(&begin), Some(&end)) = (self.starts.get(group), self.starts.get(group + 1))
        else {
            return Ok(None);
        };
        let (mut low, mut high) = (begin, end);
        let mut guess = begin + id.place(groups, end - begin);
        while low < high {
            let from = guess.saturating_sub(WINDOW / 2).clamp(low, high);
            let read = self.read(from, WINDOW.min(high - from))?;
            let (Some(first), Some(last)) = (read.first(), read.last()) else {
                return Ok(None);
            };
            if id < first.id {
                high = from;
            } else if id > last.id {
                low = from + read.len() as u64;
            } else {
                let found = read.binary_search_by(|of| of.id.cmp(&id));
                return Ok(found.ok().and_then(|at| read.get(at).copied()));
            }
            guess = low + (high - low) / 2;
        }
        Ok(None)
    }

    fn read(&self, from: u64, count: u64) -> io::Result<Vec<Computed>> {
        let length = Computed::LENGTH as u64;
        let mut bytes = vec![0; (count * length) as usize];
        self.file.read_exact_at(&mut bytes, from * length)?;
        let (whole, _) = bytes.as_chunks::<{ Computed::LENGTH }>();
        let read: Option<Vec<Computed>> = whole.iter().map(Computed::parse).collect();
        read.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

#[cfg(test)]
mod tests {
    use s3ferry_verify::computed::Sum;

    use super::*;

    /// A report with a row for each of these numbers.
    fn sums(numbers: impl Iterator<Item = u32>) -> Vec<Sum> {
        let row = |at: u32| {
            format!(
                "b,k{at},v,succeeded,200,,\"{{\"\"checksum_base64\"\":\"\"{at}\"\",\"\"etag\"\":\"\"e\"\",\"\"checksumAlgorithm\"\":\"\"SHA256\"\",\"\"checksumType\"\":\"\"FULL_OBJECT\"\"}}\"\n"
            )
        };
        let text: String = numbers.map(row).collect();
        let mut sums = Vec::new();
        let tell = &mut |sum| {
            sums.push(sum);
            Ok(())
        };
        Sum::read(text.as_bytes(), "b", "SHA256", tell).unwrap();
        sums
    }

    fn table(count: u32, groups: usize, folder: &Path) -> Sums {
        let mut by_group = vec![Vec::new(); groups];
        for sum in sums(0..count) {
            by_group[sum.id.group(groups)].push(sum);
        }
        let mut table = Writing::new(&folder.join("table")).unwrap();
        for group in by_group {
            table.add(&Computed::join(group.clone(), group)).unwrap();
        }
        table.end(String::new()).unwrap()
    }

    #[test]
    fn every_version_that_is_there_is_found_and_no_other() {
        for (count, groups) in [(0, 1), (1, 1), (63, 3), (5_000, 1), (5_000, 7)] {
            let folder = tempfile::tempdir().unwrap();
            let table = table(count, groups, folder.path());
            let says = |at: u32| {
                let key = format!("k{at}");
                table.says(key.as_bytes(), "v", ["e", "e"]).unwrap()
            };
            assert!(
                (0..count).all(|at| says(at) == Says::Same),
                "{count} {groups}"
            );
            assert!((count..count + 300).all(|at| says(at) == Says::Nothing));
        }
    }
}
