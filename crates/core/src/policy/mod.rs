//! IAM and S3 policy documents: reading them without losing a byte, comparing them by meaning, editing
//! the part that is ours, and writing the least that replication needs.
//!
//! ```text
//! text --grammar--> PolicyDocument --canon--> CanonicalDocument   equal or not: decides every write
//!                        |         --containment--> Comparison    broader or narrower: explains, never decides
//!                        |         --deny--> DenyHit              would a foreign Deny stop replication
//!                        +--edit--> PolicyDocument --to_json--> text
//! ```
//!
//! Start reading at [`grammar`].

mod broken;
pub mod canon;
pub mod containment;
pub mod deny;
pub mod edit;
pub mod generate;
pub mod grammar;
mod grants;
mod key_grant;
pub mod key_use;
pub mod meaning;
mod names;
mod pattern;
pub mod permits;
mod principals;
mod public;
mod request;
pub mod service;
pub mod size;
pub mod trust;

pub use broken::BrokenPrincipal;
pub use canon::{CanonicalStatement, Permission};
pub use edit::union_for_growth;
pub use grammar::{Effect, PolicyDocument, PolicyError, Scope, Statement, Version};
pub use key_grant::Grant;
pub use meaning::{CanonicalDocument, same_meaning};
pub(crate) use names::without_number;
pub(crate) use pattern::takes_all;

#[cfg(test)]
mod tests;
