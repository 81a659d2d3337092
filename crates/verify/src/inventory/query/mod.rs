//! The comparison of two lists as one query of Athena: the text of its statements, and its answer read.
//!
//! ```text
//! both lists, as rows of one form --GROUP BY key, version--> what each side has of a version --by key--> in doubt, or equal
//! SELECT: a line of each version of a key in doubt, and one line of all equal versions for each thing that proves them
//! ```
//! What a version in doubt is, is not said here: its rows are judged by the same code as rows that are read on this machine
//! ([`super::Picked`]). Each list is scanned once, because what the query counts is counted in the group that the version falls in.
//!
//! Of the texts of others only the place of a list stands in a statement, and only if it is made of characters that mean nothing there.

mod answer;
mod statement;

pub use answer::{Doubted, Line, Of, Unread};
pub use statement::{Scope, Table, Unsaid, select};
