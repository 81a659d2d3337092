//! Files of the ledger, opened so that nothing else is met in their place: a repository can hold a link, a pipe or a device under
//! any name.
//!
//! What is written is never reached through a link, is a regular file, and is its owner's alone. What is read is a regular file,
//! at most so long.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read as _};
#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

/// For a file: its owner reads and writes.
#[cfg(unix)]
const PRIVATE: u32 = 0o600;

/// Opens a file for reading and writing, making it where it is not there; its content stays.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    options
        .mode(PRIVATE)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = options.open(path).map_err(|error| told(path, error))?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(refused("it is not a regular file"));
    }
    #[cfg(unix)]
    if found.nlink() > 1 {
        return Err(refused("it is a hard link: the file has other names, too"));
    }
    Ok(file)
}

/// Makes a file, which must not be there in any form.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(PRIVATE);
    options.open(path)
}

/// Reads a file of at most `longest` bytes; a link to one counts.
pub(super) fn read(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let mut file = reader(path, longest)?;
    file.read_to_end(&mut content)?;
    if content.len() as u64 > longest {
        return Err(too_long(longest));
    }
    Ok(content)
}

/// Reads a file of at most `longest` bytes that is not reached through a link.
pub(super) fn read_own(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    if fs::symlink_metadata(path)?.is_symlink() {
        return Err(refused("it is a symbolic link, which is not followed"));
    }
    let folder = path.parent().map(fs::symlink_metadata).transpose()?;
    if !folder.is_some_and(|folder| folder.is_dir()) {
        return Err(refused(
            "its folder is a symbolic link, which is not followed",
        ));
    }
    read(path, longest)
}

/// Opens a file of at most `longest` bytes to be read piece by piece; a link to one counts.
pub(super) fn reader(path: &Path, longest: u64) -> io::Result<impl BufRead> {
    let mut options = OpenOptions::new();
    options.read(true);
    // A pipe without a writer would be waited for.
    #[cfg(unix)]
    options.custom_flags(libc::O_NONBLOCK);
    let file = options.open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(refused("it is not a regular file"));
    }
    if found.len() > longest {
        return Err(too_long(longest));
    }
    Ok(BufReader::new(file.take(longest + 1)))
}

fn too_long(longest: u64) -> io::Error {
    refused(&format!("it is longer than {longest} bytes"))
}

/// Makes a folder of the ledger, which must not be a link to another.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    builder.mode(0o700);
    match builder.create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => return made,
    }
    if fs::symlink_metadata(path)?.is_dir() {
        Ok(())
    } else {
        Err(refused(
            "it is not a folder of its own, but a link or a file",
        ))
    }
}

/// The system says of a link that there are too many, which names no cause.
fn told(path: &Path, error: io::Error) -> io::Error {
    let is_link = fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    if is_link {
        refused("it is a symbolic link, which is not followed")
    } else {
        error
    }
}

fn refused(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, why.to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn what_is_written_is_a_private_file_and_never_reached_by_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("theirs"), "precious").unwrap();
        symlink(at("theirs"), at("link")).unwrap();
        symlink(at("absent"), at("dangling")).unwrap();
        fs::hard_link(at("theirs"), at("hard")).unwrap();
        for name in ["link", "dangling", "hard"] {
            assert!(open(&at(name)).is_err(), "{name}");
            assert!(create_new(&at(name)).is_err(), "{name}");
        }
        assert_eq!(fs::read_to_string(at("theirs")).unwrap(), "precious");
        assert!(!at("absent").exists());
        drop((open(&at("a")).unwrap(), create_new(&at("b")).unwrap()));
        for name in ["a", "b"] {
            let mode = fs::metadata(at(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn what_is_read_is_a_regular_file_of_a_bounded_length() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "12345").unwrap();
        assert_eq!(read(&file, 5).unwrap(), b"12345");
        assert!(read(&file, 4).is_err());
        assert!(read(Path::new("/dev/zero"), 5).is_err());
        assert_eq!(read_own(&file, 5).unwrap(), b"12345");
        let link = folder.path().join("link");
        symlink(&file, &link).unwrap();
        assert_eq!(read(&link, 5).unwrap(), b"12345");
        assert!(read_own(&link, 5).is_err());
        let way = folder.path().join("way");
        symlink(folder.path(), &way).unwrap();
        assert!(read_own(&way.join("file"), 5).is_err());
        assert!(read(folder.path(), 5).is_err());
    }

    #[test]
    fn a_folder_of_the_ledger_is_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        symlink(folder.path(), &link).unwrap();
        assert!(make_folder(&link).is_err());
        let own = folder.path().join("own");
        make_folder(&own).unwrap();
        make_folder(&own).unwrap();
    }
}
