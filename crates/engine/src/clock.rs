//! The date, as the caller gives it: receipts and journals carry it, no decision is taken with it.

/// Tells the date and time.
pub trait Clock: Send + Sync {
    /// Now, RFC 3339 in UTC.
    fn now(&self) -> String;
}

impl<F: Fn() -> String + Send + Sync> Clock for F {
    fn now(&self) -> String {
        self()
    }
}
