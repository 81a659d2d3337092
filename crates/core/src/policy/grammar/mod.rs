//! The grammar of policy documents (IAMUG:reference_policies_grammar): text to [`PolicyDocument`] and back.
//!
//! A statement keeps its text exactly as it was read, so that what others wrote goes back byte for byte;
//! beside the text it holds what the text says, for everything that decides. Start reading at [`PolicyDocument`].

mod body;
mod build;
mod decode;
mod document;
mod error;
mod json;
mod statement;

pub(crate) use body::Body;
pub use body::{Condition, Effect, Principals, Scope};
pub use build::StatementBuilder;
pub(crate) use build::emit;
pub use document::{PolicyDocument, Version};
pub use error::{PolicyError, Problem};
pub use statement::Statement;
