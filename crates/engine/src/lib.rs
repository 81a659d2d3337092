//! Ports, observation, execution, settling, events, journal and ledger; knows no AWS.
//!
//! ```text
//! observe(Read) --> Observed --core::plan--> Plan --execute(Write, Objects)--> RunEvent --> journal, printer
//!                                                                    |
//!                                                                    +--> canary receipts --> ledger
//! ```
//!
//! Start reading at [`ports`], then [`mod@observe`] and [`mod@execute`]. Time comes from `tokio::time` and, where a date
//! is written down, from the caller's [`clock::Clock`]; nothing here reads the wall clock or a source of randomness.

pub mod cancel;
pub mod clock;
mod completion;
pub mod doctor;
pub mod events;
pub mod execute;
pub mod import;
pub mod journal;
pub mod ledger;
pub mod limits;
pub mod observe;
pub mod outcome;
pub mod ports;
pub mod problem;
pub mod restore;
pub mod saved;
pub mod status;
pub mod survey;
pub mod verify;

pub use cancel::{CancelToken, Canceller, canceller};
pub use clock::Clock;
pub use events::{EventSink, RunEvent};
pub use execute::{Run, execute};
pub use limits::Limits;
pub use observe::observe;
pub use outcome::{Outcome, StepResult, Verdict};
pub use saved::{Moved, OwnWrites, compare_fingerprints};
pub use survey::{Survey, Surveyed, survey};
