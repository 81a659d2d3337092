//! Items: what a reviewer reads as one thing: a part of a document, or a document that is one thing.

use serde_json::Value;

use super::kinds::{Document, Part};

/// An item of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// The document is one item.
    Whole(Document),
    /// A part of it.
    Part(Part),
}

/// An item with its place in the document.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The path below the target's address; empty where the item is the whole document.
    pub path: String,
    /// The item.
    pub item: Item,
}

impl Document {
    /// The items that a reviewer reads and a migration owns.
    #[must_use]
    pub fn items(&self) -> Vec<Placed> {
        let Some(parts) = self.parts() else {
            return vec![Placed {
                path: String::new(),
                item: Item::Whole(self.clone()),
            }];
        };
        let placed = |(path, part)| Placed {
            path,
            item: Item::Part(part),
        };
        parts.into_iter().map(placed).collect()
    }
}

impl Item {
    /// What it is, in AWS's words.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Whole(document) => document.kind().facts().name,
            Self::Part(part) => part.kind(),
        }
    }

    /// Whether both mean the same.
    #[must_use]
    pub fn same_meaning(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => one.same_meaning(other),
            (Self::Part(one), Self::Part(other)) => one.same_meaning(other),
            (Self::Whole(_) | Self::Part(_), _) => false,
        }
    }

    /// The item for reviewers.
    #[must_use]
    pub fn view(&self) -> Value {
        match self {
            Self::Whole(document) => document.view(),
            Self::Part(part) => part.view(),
        }
    }

    /// Whether `guards.max_deletes` counts its removal.
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        match self {
            Self::Whole(document) => document.kind().facts().guarded,
            Self::Part(part) => part.is_guarded(),
        }
    }

    /// The part, where the item is one.
    #[must_use]
    pub const fn part(&self) -> Option<&Part> {
        match self {
            Self::Part(part) => Some(part),
            Self::Whole(_) => None,
        }
    }
}
