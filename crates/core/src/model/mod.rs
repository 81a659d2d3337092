//! The world as a map from [`Target`] to [`Document`].
//!
//! A target is what AWS reads and writes whole; a document is what it holds. Both are closed enums: diff, merge and
//! the adapters match every variant, so that the compiler finds what was forgotten.

pub mod kinds;
pub mod links;
pub mod meaning;
pub mod target;

pub use kinds::{Document, Item};
pub use links::{Link, Thing};
pub use meaning::{fingerprint, same};
pub use target::{
    AccountPart, AccountRef, BucketPart, BucketRef, Kind, RolePart, RoleRef, Service, Target,
};

use std::collections::BTreeMap;

/// What was read of the world.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    documents: BTreeMap<Target, Option<Document>>,
}

impl Observed {
    /// Records what a target holds; `None` where nothing is there.
    pub fn insert(&mut self, target: Target, document: Option<Document>) {
        self.documents.insert(target, document);
    }

    /// What a target holds; `None` where it was not read, `Some(None)` where nothing is there.
    #[must_use]
    pub fn get(&self, target: &Target) -> Option<Option<&Document>> {
        self.documents.get(target).map(Option::as_ref)
    }

    /// What a target holds, an unread target counting as absent.
    #[must_use]
    pub fn document(&self, target: &Target) -> Option<&Document> {
        self.documents.get(target).and_then(Option::as_ref)
    }

    /// Everything read, in the order of the targets.
    pub fn iter(&self) -> impl Iterator<Item = (&Target, Option<&Document>)> {
        self.documents
            .iter()
            .map(|(target, document)| (target, document.as_ref()))
    }

    /// How many targets were read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Whether nothing was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }
}

impl FromIterator<(Target, Option<Document>)> for Observed {
    fn from_iter<I: IntoIterator<Item = (Target, Option<Document>)>>(iter: I) -> Self {
        Self {
            documents: iter.into_iter().collect(),
        }
    }
}
