//! The comparison of both sides before anything rests on the destination: how closely, and how old it may be.

use std::collections::BTreeSet;

/// What a comparison must be for the phases that rest on one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifySpec {
    /// How closely both sides are compared, at least.
    pub depth: Depth,
    /// What is compared besides.
    pub compare: BTreeSet<Compared>,
    /// How many seconds ago it may have begun.
    pub max_age: u64,
}

impl VerifySpec {
    /// A day.
    pub const MAX_AGE: u64 = 24 * 60 * 60;
}

impl Default for VerifySpec {
    fn default() -> Self {
        Self {
            depth: Depth::Checksum,
            compare: BTreeSet::new(),
            max_age: Self::MAX_AGE,
        }
    }
}

/// How closely versions are compared; what is deeper says all that is said above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// By what listings say, and a look at what they leave in doubt.
    Listing,
    /// By the checksums that S3 keeps, with a look at every version.
    Checksum,
}

impl Depth {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Listing, Self::Checksum];

    /// The depth as specs and receipts spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listing => "listing",
            Self::Checksum => "checksum",
        }
    }
}

/// What is compared of a version beside its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compared {
    /// Its storage class.
    Class,
    /// Its user metadata.
    Metadata,
    /// Its tags.
    Tags,
}

impl Compared {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Class, Self::Metadata, Self::Tags];

    /// The thing as specs and receipts spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Metadata => "metadata",
            Self::Tags => "tags",
        }
    }
}
