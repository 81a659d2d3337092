//! The comparison of both sides before anything rests on the destination: how closely, and how old it may be.

use std::collections::BTreeSet;
use std::fmt;

use super::{LogPlace, Sides};
use crate::ids::AccountName;

/// What a comparison must be for the phases that rest on one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifySpec {
    /// How closely both sides are compared, at least.
    pub depth: Depth,
    /// What is compared besides.
    pub compare: BTreeSet<Compared>,
    /// Of how many versions the content is read, at least.
    pub content: Share,
    /// How many seconds ago it may have begun.
    pub max_age: u64,
    /// Where the reports of the jobs go that compute checksums, each in the account and the Region of the bucket that it is of; named
    /// wherever phase and depth ask for jobs.
    pub reports: Sides<LogPlace>,
    /// Whether these jobs wait for another apply once it is known how many objects there are.
    pub confirm: bool,
    /// Where Athena compares inventories, where it may.
    pub athena: Option<AthenaSpec>,
}

/// Where inventories are compared by a query of Athena.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AthenaSpec {
    /// The account that asks, and in whose Region; that of the source where none is named.
    pub account: Option<AccountName>,
    /// The workgroup.
    pub workgroup: String,
    /// The database that tables are made in.
    pub database: String,
    /// Where results go, in the account and the Region of the query.
    pub output: LogPlace,
}

impl AthenaSpec {
    /// The workgroup of every account.
    pub const WORKGROUP: &str = "primary";
    /// The database of every account.
    pub const DATABASE: &str = "default";
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
            content: Share::NONE,
            max_age: Self::MAX_AGE,
            reports: Sides::default(),
            confirm: true,
            athena: None,
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
    /// By checksums that S3 computes of the bytes, at both sides.
    Computed,
    /// By their bytes, read at both sides.
    Content,
}

impl Depth {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Listing, Self::Checksum, Self::Computed, Self::Content];

    /// The depth as specs and receipts spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listing => "listing",
            Self::Checksum => "checksum",
            Self::Computed => "computed",
            Self::Content => "content",
        }
    }
}

/// A share of versions, in parts of a million.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

impl Share {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self(1_000_000);

    /// Reads a percentage such as `1%` or `0.05%`; none where the text is not one. What is less than a part of a million, and not
    /// nothing, is one part.
    #[must_use]
    pub fn of_percent(text: &str) -> Option<Self> {
        let number: f64 = text.strip_suffix('%')?.parse().ok()?;
        if !(0.0..=100.0).contains(&number) {
            return None;
        }
        let parts = (number * 10_000.0).round() as u32;
        Some(Self(if number > 0.0 { parts.max(1) } else { 0 }))
    }

    /// The parts of a million.
    #[must_use]
    pub const fn parts(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", f64::from(self.0) / 10_000.0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_as_it_is_written() {
        for (text, parts, shown) in [
            ("0%", 0, "0%"),
            ("1%", 10_000, "1%"),
            ("0.05%", 500, "0.05%"),
            ("0.00000001%", 1, "0.0001%"),
            ("100%", 1_000_000, "100%"),
        ] {
            let share = Share::of_percent(text).unwrap();
            assert_eq!((share.parts(), share.to_string().as_str()), (parts, shown));
        }
        for wrong in ["1", "-1%", "101%", "x%", "NaN%"] {
            assert_eq!(Share::of_percent(wrong), None, "{wrong}");
        }
    }
}
