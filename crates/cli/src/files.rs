//! Files that are read: regular ones, at most so long. What a path names may be a device that never ends or a pipe that nobody writes to.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

/// The longest spec file; the spec crate says the same of its text.
pub(crate) const LONGEST_SPEC: u64 = 16 << 20;

/// The longest saved plan: one of 1,000 migrations has some 20 MB.
pub(crate) const LONGEST_PLAN: u64 = 256 << 20;

/// The longest seed of a sandbox.
pub(crate) const LONGEST_SEED: u64 = 256 << 20;

/// Reads a file of at most `longest` bytes.
pub(crate) fn read(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    let bytes = start(path, longest + 1)?;
    if bytes.len() as u64 > longest {
        let mib = longest >> 20;
        return Err(refused(&format!("it is longer than {mib} MiB")));
    }
    Ok(bytes)
}

/// Reads a text of at most `longest` bytes.
pub(crate) fn read_text(path: &Path, longest: u64) -> io::Result<String> {
    String::from_utf8(read(path, longest)?).map_err(|_| refused("it is not UTF-8"))
}

/// Reads the first bytes of a file.
pub(crate) fn start(path: &Path, count: u64) -> io::Result<Vec<u8>> {
    let found = fs::metadata(path)?;
    if found.is_dir() {
        return Err(refused("it is a folder"));
    }
    if !found.is_file() {
        return Err(refused("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn refused(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_regular_file_of_a_bounded_length_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert!(read(&path, 4).is_err());
        assert_eq!(start(&path, 2).unwrap(), b"12");
        assert!(read(folder.path(), 5).is_err());
        #[cfg(unix)]
        assert!(read(Path::new("/dev/zero"), 5).is_err());
    }
}
