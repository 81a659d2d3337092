//! Which data events of a bucket a trail records, and how that is spelled.

use crate::listed::listed;

listed! {
    /// Which data events of a bucket are recorded.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
    pub enum DataEvents {
        /// All.
        #[default]
        All,
        /// Those that write.
        Writes,
    }
}

impl DataEvents {
    /// The word of a basic event selector (BC:cloudtrail ReadWriteType).
    #[must_use]
    pub const fn as_basic(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Writes => "WriteOnly",
        }
    }

    /// The word in the name of an advanced event selector of ours.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Writes => "writes",
        }
    }
}
