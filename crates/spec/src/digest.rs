//! The digest of a set of spec files, by which a plan says what it was made from.

use sha2::{Digest, Sha256};

use crate::read::SourceFile;

/// The SHA-256 over the paths and bytes of the files, in hexadecimal; neither their order nor a file named twice matters.
///
/// Lengths are part of what is digested, so that moving text from one file to the next changes it.
#[must_use]
pub fn digest(files: &[SourceFile]) -> String {
    let mut files: Vec<&SourceFile> = files.iter().collect();
    files.sort_by(|a, b| (&a.path, &a.bytes).cmp(&(&b.path, &b.bytes)));
    files.dedup();
    let mut hash = Sha256::new();
    for file in files {
        for part in [file.path.as_bytes(), &file.bytes] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hex::encode(hash.finalize())
}
