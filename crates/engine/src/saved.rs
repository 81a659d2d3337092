//! Saved plans: whether the world is still the one that the plan was made from.

use std::collections::BTreeMap;

/// A document that moved since a plan was made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moved {
    /// The target's address.
    pub address: String,
    /// How it moved.
    pub what: Move,
}

/// How a document moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Move {
    /// It is there now and was not.
    Appeared,
    /// It was there and is not.
    Disappeared,
    /// It holds something else.
    Changed,
    /// The plan did not read it, and planning again does.
    NewlyRead,
    /// The plan read it, and planning again does not.
    NoLongerRead,
}

impl Move {
    /// The move as a phrase for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Appeared => "was created",
            Self::Disappeared => "was deleted",
            Self::Changed => "was changed",
            Self::NewlyRead => "was not part of the plan and is now",
            Self::NoLongerRead => "was part of the plan and is no longer",
        }
    }
}

/// What `model::fingerprint` says of nothing.
const ABSENT: &str = "absent";

/// Names what differs between the fingerprints of a saved plan and those of the live world, sorted by address.
#[must_use]
pub fn compare_fingerprints(
    saved: &BTreeMap<String, String>,
    live: &BTreeMap<String, String>,
) -> Vec<Moved> {
    let newly_read = live.keys().filter(|address| !saved.contains_key(*address));
    let mut moved: Vec<Moved> = newly_read
        .map(|address| (address, Move::NewlyRead))
        .chain(saved.iter().filter_map(|(address, before)| {
            movement(before, live.get(address)).map(|what| (address, what))
        }))
        .map(|(address, what)| Moved {
            address: address.clone(),
            what,
        })
        .collect();
    moved.sort();
    moved
}

fn movement(before: &str, after: Option<&String>) -> Option<Move> {
    match (before, after.map(String::as_str)) {
        (_, None) => Some(Move::NoLongerRead),
        (before, Some(after)) if before == after => None,
        (ABSENT, Some(_)) => Some(Move::Appeared),
        (_, Some(ABSENT)) => Some(Move::Disappeared),
        (_, Some(_)) => Some(Move::Changed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prints(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |&(address, print): &(&str, &str)| (address.to_owned(), print.to_owned());
        entries.iter().map(owned).collect()
    }

    #[test]
    fn every_way_to_move_is_named_in_the_order_of_addresses() {
        let saved = prints(&[
            ("b", "1"),
            ("c", "absent"),
            ("d", "1"),
            ("e", "1"),
            ("f", "1"),
        ]);
        let live = prints(&[
            ("a", "1"),
            ("b", "2"),
            ("c", "1"),
            ("d", "absent"),
            ("f", "1"),
        ]);
        let moved: Vec<_> = compare_fingerprints(&saved, &live)
            .into_iter()
            .map(|moved| (moved.address, moved.what))
            .collect();
        let expected = [
            ("a", Move::NewlyRead),
            ("b", Move::Changed),
            ("c", Move::Appeared),
            ("d", Move::Disappeared),
            ("e", Move::NoLongerRead),
        ];
        assert_eq!(
            moved,
            expected.map(|(address, what)| (address.to_owned(), what))
        );
    }

    #[test]
    fn an_unmoved_world_is_an_empty_list() {
        let prints = prints(&[("a", "absent"), ("b", "1")]);
        assert_eq!(compare_fingerprints(&prints, &prints), []);
    }
}
