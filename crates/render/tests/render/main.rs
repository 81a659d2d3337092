//! What reviewers read, by example and for every plan.

mod any;
mod build;
mod markdown;
mod status;
mod text;
