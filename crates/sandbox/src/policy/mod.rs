//! AWS's policy language and evaluation logic, as IAM's documentation describes them. Pure: it is
//! given documents and a request, and answers.

mod condition;
mod context;
mod document;
mod evaluate;
mod pattern;
mod public;
pub(crate) mod validation;
mod values;

pub(crate) use context::Context;
pub(crate) use document::{Document, SYNTAX};
pub(crate) use evaluate::{Decision, Policies, Question, Requester, Source, decide};
pub(crate) use pattern::{Pattern, Wildcards};
