//! The storage classes that S3 has, each in a byte.

use std::fmt;
use std::ops::Deref;

const NAMES: [&str; 9] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "GLACIER_IR",
    "EXPRESS_ONEZONE",
];

/// One of them; STANDARD unless one is asked for.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct StorageClass(u8);

impl StorageClass {
    /// Reads a name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let mut known = NAMES.iter().zip(0..);
        known.find_map(|(known, at)| (*known == name).then_some(Self(at)))
    }

    /// As the API writes it.
    pub(crate) fn as_str(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or_default()
    }
}

impl Deref for StorageClass {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for StorageClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}
