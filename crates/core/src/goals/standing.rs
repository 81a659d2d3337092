//! How goals stand, whichever they are.

/// What stands between a goal and its being met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A receipt proves it.
    Met,
    /// An apply will prove it.
    Pending,
    /// An apply is refused as things are.
    Blocked,
}

/// A wait that a goal brings with it.
pub(crate) struct GoalWait {
    /// What is waited for.
    pub(crate) what: &'static str,
    /// After how many seconds it is given up for this run.
    pub(crate) bound_seconds: u64,
}
