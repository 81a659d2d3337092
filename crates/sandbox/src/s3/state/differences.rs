//! Differences that are planted between the sides of a pair: which kind, at the numbers of which keys.

/// How the destination differs from the source at a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Difference {
    /// The key is not there.
    Missing,
    /// The key is there alone.
    Extra,
    /// The newest object has another size, and so another content.
    Size,
    /// The newest object has another content of the same size.
    Etag,
    /// The key's delete marker is not there.
    MarkerMissing,
    /// The oldest version is not there.
    OldVersionMissing,
    /// The two newest versions are in the other order.
    CurrentSwapped,
    /// The newest object is in another storage class.
    Class,
}

/// One of every so many keys, from a number on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Every {
    pub(crate) step: u64,
    pub(crate) from: u64,
    pub(crate) difference: Difference,
}

/// All that is planted; at most one at a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Differences {
    /// Sorted by number.
    listed: Box<[(u64, Difference)]>,
    every: Box<[Every]>,
}

/// Where a walk over rising numbers is in the list, so that it is not searched anew for each.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place(usize);

impl Differences {
    /// Plants these; of several at one key the first counts, and what is listed before what comes every so often.
    pub(crate) fn new(mut listed: Vec<(u64, Difference)>, every: Vec<Every>) -> Self {
        // Stable, so that the first of a key stays the first.
        listed.sort_by_key(|(number, _)| *number);
        listed.dedup_by_key(|(number, _)| *number);
        Self {
            listed: listed.into(),
            every: every.into(),
        }
    }

    /// Returns what is planted at a number, which is not below the one that was asked for before.
    pub(crate) fn at(&self, number: u64, place: &mut Place) -> Option<Difference> {
        let rest = self.listed.get(place.0..).unwrap_or_default();
        if rest.first().is_some_and(|(next, _)| *next < number) {
            place.0 += rest.partition_point(|(next, _)| *next < number);
        }
        let listed = self.listed.get(place.0);
        let listed = listed.filter(|(next, _)| *next == number);
        let listed = listed.map(|(_, difference)| *difference);
        listed.or_else(|| {
            let due = |every: &&Every| {
                let since = number.checked_sub(every.from);
                since.is_some_and(|since| since.is_multiple_of(every.step))
            };
            self.every.iter().find(due).map(|every| every.difference)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_at_a_key_counts() {
        let every = Every {
            step: 3,
            from: 2,
            difference: Difference::Size,
        };
        let listed = vec![
            (7, Difference::Extra),
            (5, Difference::Missing),
            (7, Difference::Etag),
        ];
        let planted = Differences::new(listed, vec![every]);
        let mut place = Place::default();
        let found: Vec<_> = (0..9)
            .map(|number| planted.at(number, &mut place))
            .collect();
        let (size, none) = (Some(Difference::Size), None);
        let (missing, extra) = (Some(Difference::Missing), Some(Difference::Extra));
        assert_eq!(
            found,
            [none, none, size, none, none, missing, none, extra, size]
        );
    }
}
