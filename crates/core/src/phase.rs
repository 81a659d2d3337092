//! The table of phases: which items a migration has in which phase.

use crate::spec::Phase;

/// A kind of item or goal that a phase decides about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
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

/// What a phase says of an item.
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

/// One row an item, one column a phase, in the order of [`Phase::ALL`].
const TABLE: [(Item, [Presence; 6]); 5] = [
    (
        Item::DestinationBucket,
        [Present, Present, Present, Present, Present, Present],
    ),
    (
        Item::Versioning,
        [Present, Present, Present, Present, Present, Leave],
    ),
    (
        Item::Access,
        [Present, Present, Present, Present, Present, Absent],
    ),
    (
        Item::Rules,
        [Absent, Present, Present, Present, Present, Absent],
    ),
    (
        Item::CanaryGoal,
        [Absent, Present, Leave, Leave, Leave, Leave],
    ),
];

/// What a phase says of an item.
#[must_use]
pub fn presence(item: Item, phase: Phase) -> Presence {
    let row = TABLE.iter().find(|(of, _)| *of == item).map(|(_, row)| row);
    row.map_or(Leave, |row| row[phase as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_has_its_row() {
        for item in [
            Item::DestinationBucket,
            Item::Versioning,
            Item::Access,
            Item::Rules,
            Item::CanaryGoal,
        ] {
            assert_eq!(
                TABLE.iter().filter(|(of, _)| *of == item).count(),
                1,
                "{item:?}"
            );
        }
    }

    #[test]
    fn rules_wait_for_the_replicate_phase() {
        assert_eq!(presence(Item::Rules, Phase::Prepare), Absent);
        assert_eq!(presence(Item::Access, Phase::Prepare), Present);
        assert_eq!(presence(Item::Rules, Phase::Replicate), Present);
        assert_eq!(presence(Item::Rules, Phase::Retire), Absent);
    }
}
