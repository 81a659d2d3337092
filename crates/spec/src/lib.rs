//! YAML text to a spec and its diagnostics; pure: files come in as bytes, and nothing is read or printed here.
//!
//! ```text
//! bytes --yaml--> tree with places --check (table)--> checked tree --decode--> s3ferry_core::spec::Spec
//!                                       |
//!                    schema, reference, starter are drawn from the same table, and a spec is written by it
//! ```
//!
//! Every step reports all that it finds, marks it in the tree, and the next step is silent about it: one
//! mistake is one diagnostic. Start reading at [`read`], then `table::contract`.

mod arns;
mod bucket;
mod check;
mod codes;
mod decode;
mod diagnostic;
mod digest;
mod masked;
mod pages;
mod phrases;
mod read;
mod regions;
mod report;
mod sanitise;
mod scalar;
mod suggest;
mod table;
mod unknown;
mod write;
mod yaml;

pub use diagnostic::{Diagnostic, Place, Severity};
pub use digest::digest;
pub use masked::masked;
pub use pages::{json_schema, reference, starter};
pub use read::{Reading, SourceFile, read};
pub use suggest::nearest;
pub use write::write;
