//! Ports, observation, execution, settling, events, journal and ledger; knows no AWS.
//!
//! ```text
//! observe(Read) --> Observed --core::plan--> Plan --execute(Write, Objects)--> events --> journal, printer
//! ```

pub mod ports;
