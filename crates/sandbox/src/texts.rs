//! Texts in few bytes: a sandbox may hold millions of versions, and each has several.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::ops::Deref;
use std::sync::{PoisonError, RwLock};

/// A text of at most `N` bytes, without a null, in place. What is longer is cut.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Short<const N: usize>([u8; N]);

impl<const N: usize> From<&str> for Short<N> {
    fn from(text: &str) -> Self {
        let mut bytes = [0; N];
        let end = text.floor_char_boundary(N);
        bytes[..end].copy_from_slice(&text.as_bytes()[..end]);
        Self(bytes)
    }
}

impl<const N: usize> Deref for Short<N> {
    type Target = str;

    fn deref(&self) -> &str {
        let end = self.0.iter().rposition(|byte| *byte != 0);
        let text = end.map_or(&[][..], |end| &self.0[..=end]);
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl<const N: usize> fmt::Debug for Short<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl<const N: usize> fmt::Display for Short<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

/// A text that is short as a rule, as the base64 of a CRC is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Compact {
    Short(Short<15>),
    // A thin pointer, so that both take sixteen bytes.
    Long(Box<Box<str>>),
}

impl From<String> for Compact {
    fn from(text: String) -> Self {
        if text.len() <= 15 {
            Self::Short(Short::from(text.as_str()))
        } else {
            Self::Long(Box::new(text.into()))
        }
    }
}

impl Deref for Compact {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Short(text) => text,
            Self::Long(text) => text,
        }
    }
}

impl fmt::Debug for Compact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

/// A text of which there are few, and which many versions have: an account, or why replication failed. Each is kept
/// once, until the process ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name(NonZeroU32);

#[derive(Debug)]
struct Names {
    numbers: BTreeMap<&'static str, NonZeroU32>,
    texts: Vec<&'static str>,
}

static NAMES: RwLock<Names> = RwLock::new(Names {
    numbers: BTreeMap::new(),
    texts: Vec::new(),
});

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        let names = NAMES.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = names.numbers.get(text) {
            return Self(*number);
        }
        drop(names);
        let mut names = NAMES.write().unwrap_or_else(PoisonError::into_inner);
        let text: &'static str = Box::leak(text.into());
        names.texts.push(text);
        let count = u32::try_from(names.texts.len()).unwrap_or(u32::MAX);
        let number = NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        Self(*names.numbers.entry(text).or_insert(number))
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        self.text()
    }
}

impl Name {
    /// Returns the text.
    pub(crate) fn text(self) -> &'static str {
        let names = NAMES.read().unwrap_or_else(PoisonError::into_inner);
        let at = self.0.get() as usize - 1;
        names.texts.get(at).copied().unwrap_or_default()
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back() {
        for text in ["", "a", "0123456789abcde", "0123456789abcdef"] {
            assert_eq!(&*Compact::from(text.to_owned()), text);
            assert_eq!(&*Name::from(text), text);
            assert_eq!(Name::from(text), Name::from(text));
        }
        assert_eq!(&*Short::<4>::from("null"), "null");
        assert_eq!(&*Short::<4>::from("aaaé"), "aaa");
        assert_eq!(size_of::<Compact>(), 16);
        assert_eq!(size_of::<Option<Name>>(), 4);
    }
}
