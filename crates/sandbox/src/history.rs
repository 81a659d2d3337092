//! A value with its past, for everything that AWS answers or applies later than it was written.
//!
//! Writes go on top of the newest state; whoever must lag (policy evaluation, principals, stale
//! reads) looks at the state as of an earlier instant.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How long the past is kept. Longer than any delay AWS documents or a test sets.
const KEPT: Duration = Duration::from_secs(3600);

/// A value and what it was before; never empty.
#[derive(Debug)]
pub(crate) struct History<T> {
    first: Arc<T>,
    /// In the order of time.
    later: VecDeque<(SystemTime, Arc<T>)>,
}

impl<T: Clone> History<T> {
    /// Starts with a value that has always been there.
    pub(crate) fn new(value: T) -> Self {
        Self {
            first: Arc::new(value),
            later: VecDeque::new(),
        }
    }

    /// Returns what was written last.
    pub(crate) fn latest(&self) -> Arc<T> {
        Arc::clone(self.later.back().map_or(&self.first, |(_, value)| value))
    }

    /// Returns the value as it was at that instant.
    pub(crate) fn as_of(&self, instant: SystemTime) -> Arc<T> {
        let after = self.later.partition_point(|(at, _)| *at <= instant);
        let known = after.checked_sub(1).and_then(|at| self.later.get(at));
        Arc::clone(known.map_or(&self.first, |(_, value)| value))
    }

    /// Edits a copy of the newest value; it becomes the newest unless the edit fails.
    pub(crate) fn write<R, E>(
        &mut self,
        now: SystemTime,
        edit: impl FnOnce(&mut T) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut next = T::clone(&self.latest());
        let result = edit(&mut next)?;
        self.forget(now);
        // The machine's clock may be set back; what was written later is later all the same.
        let now = self.later.back().map_or(now, |(last, _)| now.max(*last));
        self.later.push_back((now, Arc::new(next)));
        Ok(result)
    }

    fn forget(&mut self, now: SystemTime) {
        let old = self
            .later
            .iter()
            .take_while(|(at, _)| *at + KEPT < now)
            .count();
        if let Some((_, value)) = self.later.drain(..old).next_back() {
            self.first = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn set(history: &mut History<i32>, now: SystemTime, value: i32) {
        let edit = |v: &mut i32| {
            *v = value;
            Ok::<(), ()>(())
        };
        history.write(now, edit).unwrap();
    }

    #[test]
    fn the_past_is_seen_as_it_was() {
        let mut history = History::new(0);
        set(&mut history, at(10), 1);
        set(&mut history, at(20), 2);
        assert_eq!([5, 10, 19, 20].map(|s| *history.as_of(at(s))), [0, 1, 1, 2]);
        assert_eq!(*history.latest(), 2);
    }

    #[test]
    fn a_failed_edit_changes_nothing() {
        let mut history = History::new(0);
        let failed: Result<(), &str> = history.write(at(1), |v| {
            *v = 9;
            Err("no")
        });
        assert_eq!(failed, Err("no"));
        assert_eq!(*history.latest(), 0);
    }

    #[test]
    fn what_is_long_past_is_forgotten_but_its_last_value_stays() {
        let mut history = History::new(0);
        set(&mut history, at(10), 1);
        set(&mut history, at(20), 2);
        set(&mut history, at(20 + 2 * KEPT.as_secs()), 3);
        assert_eq!(history.later.len(), 1);
        assert_eq!(*history.as_of(at(30)), 2);
    }
}
