//! What is an answer at all: one piece of code for every service, before anybody asks what an answer says.
//!
//! ```text
//! bounds   on the way in: how long an answer may be and how deep it may go, before the SDK reads it
//! whole    after the SDK has read it: the operation's own element, closed, with what AWS never leaves out (shape, by its elements)
//! cbor     the same of what is CBOR: a map
//! json     the same of what is JSON: an object
//! pages    of a list: each leads to another, and there is a last
//! nothing  which refusals say that nothing is there; all others are failures
//! ```
//! The SDK takes an empty, cut or foreign body of a 200 for a document without parts, and names a 404 without a body `NotFound`. Either
//! would read as "there is none", and what is foreign would be written over.

pub(crate) mod bounds;
pub(crate) mod cbor;
pub(crate) mod elements;
pub(crate) mod json;
pub(crate) mod nothing;
pub(crate) mod pages;
pub(crate) mod shape;
pub(crate) mod whole;
