//! Existing objects: which of them S3 Batch Replication copies, and where it tells what became of each.

use super::LogPlace;

/// The copy of objects from before the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backfill {
    /// Which objects.
    pub scope: BackfillScope,
    /// Whether the job waits for another apply once it is known how many objects there are.
    pub confirm: bool,
    /// Its priority among the jobs of the account and Region.
    pub priority: u32,
    /// Where the completion report goes, in the account and the Region of the source bucket; named wherever phase and scope ask
    /// for a job.
    pub report: Option<LogPlace>,
    /// Where the list of the objects is kept, likewise; it is not kept where none is named.
    pub manifest: Option<LogPlace>,
}

impl Backfill {
    /// The priority where the spec names none.
    pub const PRIORITY: u32 = 10;
}

impl Default for Backfill {
    fn default() -> Self {
        Self {
            scope: BackfillScope::default(),
            confirm: true,
            priority: Self::PRIORITY,
            report: None,
            manifest: None,
        }
    }
}

/// Which objects are copied, by their replication status. There is no "all": it would copy at full price what has arrived (T12).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BackfillScope {
    /// Those that no rule has seen.
    #[default]
    NeverReplicated,
    /// Those whose replication failed.
    Failed,
    /// Both of these.
    Both,
    /// None.
    None,
}

impl BackfillScope {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::NeverReplicated, Self::Failed, Self::Both, Self::None];

    /// The scope as the spec spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NeverReplicated => "never-replicated",
            Self::Failed => "failed",
            Self::Both => "both",
            Self::None => "none",
        }
    }
}
