//! Tests of the policy room: tables for each rule of comparison, and properties over generated documents.

mod containment;
mod deny;
mod edits;
mod generate;
mod grammar;
mod key_use;
mod meaning;
mod style;

use super::{PolicyDocument, Statement};

/// A document of one statement with these members beside `Effect`.
fn document(members: &str) -> PolicyDocument {
    let text =
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{members}}}]}}"#);
    PolicyDocument::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn statement(text: &str) -> Statement {
    Statement::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}
