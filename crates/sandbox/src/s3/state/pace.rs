//! How many reads of the current second went to each prefix.

use std::collections::BTreeMap;
use std::time::SystemTime;

/// The reads of one second.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    second: u64,
    reads: BTreeMap<String, u64>,
}

impl Pace {
    /// Counts a read; says whether it is one too many.
    pub(crate) fn is_too_fast(&mut self, prefix: &str, most: u64, now: SystemTime) -> bool {
        let since = now.duration_since(SystemTime::UNIX_EPOCH);
        let second = since.map_or(0, |since| since.as_secs());
        if self.second != second {
            self.second = second;
            self.reads.clear();
        }
        let reads = match self.reads.get_mut(prefix) {
            Some(reads) => reads,
            None => self.reads.entry(prefix.to_owned()).or_default(),
        };
        if *reads >= most {
            return true;
        }
        *reads += 1;
        false
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_prefix_has_its_own_reads_of_each_second() {
        let mut pace = Pace::default();
        let at = |millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        let reads = [
            ("a/", 0),
            ("a/", 999),
            ("a/", 999),
            ("b/", 999),
            ("a/", 1000),
        ];
        let refused = reads.map(|(prefix, millis)| pace.is_too_fast(prefix, 2, at(millis)));
        assert_eq!(refused, [false, false, true, false, false]);
    }
}
