//! The table of phases: which parts a migration has in which phase.

use crate::listed::listed;
use crate::spec::Phase;

listed! {
/// A part of a migration that a phase decides about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The destination bucket and its settings.
    DestinationBucket,
    /// Versioning on both buckets.
    Versioning,
    /// The replication role, its policy and the destination policy's statements.
    Access,
    /// What the policies of keys let the replication role do.
    Keys,
    /// The replication rules with their metrics.
    Rules,
    /// The alarms on the rules.
    Monitoring,
    /// Access logs and inventories of both buckets.
    Logging,
    /// The role of the jobs that copy existing objects, and the goal that they have.
    Backfill,
    /// The roles of the jobs that compute checksums at both sides, and the goals that they have.
    Checksums,
    /// The goal that a canary reached its replica under each rule.
    CanaryGoal,
    /// The goal that an operation which fails raises an alarm.
    AlarmGoal,
    /// The goal that both sides were compared lately and are the same.
    VerifiedGoal,
}
}

/// What a phase says of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is there.
    Present,
    /// It is not there.
    Absent,
    /// It stays as it is found.
    Leave,
}

use Phase::{Backfill, Cutover, Prepare, Replicate, Retire, Verify};
use Presence::{Absent, Leave, Present};

/// What a phase says of a part.
#[must_use]
pub const fn presence(part: Part, phase: Phase) -> Presence {
    match (part, phase) {
        (Part::DestinationBucket, _) => Present,
        (Part::Versioning, Prepare | Replicate | Backfill | Verify | Cutover) => Present,
        (Part::Versioning, Retire) => Leave,
        (Part::Access | Part::Keys, Prepare | Replicate | Backfill | Verify | Cutover) => Present,
        (Part::Access | Part::Keys, Retire) => Absent,
        (Part::Rules, Replicate | Backfill | Verify | Cutover) => Present,
        (Part::Rules, Prepare | Retire) => Absent,
        (Part::Monitoring, Replicate | Backfill | Verify | Cutover) => Present,
        (Part::Monitoring, Prepare | Retire) => Absent,
        (Part::Logging, Prepare | Replicate | Backfill | Verify | Cutover) => Present,
        (Part::Logging, Retire) => Leave,
        (Part::Backfill, Backfill) => Present,
        (Part::Backfill, Prepare | Replicate | Verify | Cutover | Retire) => Absent,
        (Part::Checksums, Verify | Cutover) => Present,
        (Part::Checksums, Prepare | Replicate | Backfill | Retire) => Absent,
        // A list of objects that is made before the rules are in force misses some (T11): a canary shows that they are.
        (Part::CanaryGoal, Replicate | Backfill) => Present,
        (Part::AlarmGoal, Replicate) => Present,
        (Part::CanaryGoal | Part::AlarmGoal, Prepare) => Absent,
        (Part::VerifiedGoal, Verify | Cutover | Retire) => Present,
        (Part::VerifiedGoal, Prepare | Replicate | Backfill) => Absent,
        (Part::CanaryGoal, Verify | Cutover | Retire) => Leave,
        (Part::AlarmGoal, Backfill | Verify | Cutover | Retire) => Leave,
    }
}

impl Part {
    /// Whether a phase has the part.
    #[must_use]
    pub fn is_in(self, phase: Phase) -> bool {
        presence(self, phase) == Present
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_wait_for_the_replicate_phase() {
        assert_eq!(presence(Part::Rules, Phase::Prepare), Absent);
        assert_eq!(presence(Part::Access, Phase::Prepare), Present);
        assert_eq!(presence(Part::Rules, Phase::Replicate), Present);
        assert_eq!(presence(Part::Rules, Phase::Retire), Absent);
    }
}
