//! The table of phases: which parts a migration has in which phase.

use crate::spec::Phase;

/// A kind of part or goal that a phase decides about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The destination bucket and its settings.
    DestinationBucket,
    /// Versioning on both buckets.
    Versioning,
    /// The replication role, its policy and the destination policy's statements.
    Access,
    /// The replication rules with their metrics.
    Rules,
    /// The goal that a canary reached its replica under each rule.
    CanaryGoal,
}

/// What a phase says of an part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is there.
    Present,
    /// It is not there.
    Absent,
    /// It stays as it is found.
    Leave,
}

use Presence::{Absent, Leave, Present};

/// One row an part, one column a phase, in the order of [`Phase::ALL`].
const TABLE: [(Part, [Presence; 6]); 5] = [
    (
        Part::DestinationBucket,
        [Present, Present, Present, Present, Present, Present],
    ),
    (
        Part::Versioning,
        [Present, Present, Present, Present, Present, Leave],
    ),
    (
        Part::Access,
        [Present, Present, Present, Present, Present, Absent],
    ),
    (
        Part::Rules,
        [Absent, Present, Present, Present, Present, Absent],
    ),
    (
        Part::CanaryGoal,
        [Absent, Present, Leave, Leave, Leave, Leave],
    ),
];

/// What a phase says of an part.
#[must_use]
pub fn presence(part: Part, phase: Phase) -> Presence {
    let row = TABLE.iter().find(|(of, _)| *of == part).map(|(_, row)| row);
    row.map_or(Leave, |row| row[phase as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_has_its_row() {
        for part in [
            Part::DestinationBucket,
            Part::Versioning,
            Part::Access,
            Part::Rules,
            Part::CanaryGoal,
        ] {
            assert_eq!(
                TABLE.iter().filter(|(of, _)| *of == part).count(),
                1,
                "{part:?}"
            );
        }
    }

    #[test]
    fn rules_wait_for_the_replicate_phase() {
        assert_eq!(presence(Part::Rules, Phase::Prepare), Absent);
        assert_eq!(presence(Part::Access, Phase::Prepare), Present);
        assert_eq!(presence(Part::Rules, Phase::Replicate), Present);
        assert_eq!(presence(Part::Rules, Phase::Retire), Absent);
    }
}
