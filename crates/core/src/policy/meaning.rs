//! What a whole document means; its statements' meaning is in [`super::canon`]. A missing version is 2008-10-17.

use std::collections::BTreeSet;

use serde_json::Value;

use super::canon::CanonicalStatement;
use super::grammar::{PolicyDocument, Statement, Version};

/// What a document means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanonicalDocument {
    /// The version; 2008-10-17 where the document names none.
    pub version: Version,
    /// The Id; never empty.
    pub id: Option<String>,
    /// The statements, as a set.
    pub statements: BTreeSet<CanonicalStatement>,
}

/// Whether two documents mean the same, Sids included.
#[must_use]
pub fn same_meaning(a: &PolicyDocument, b: &PolicyDocument) -> bool {
    a == b || a.canonical() == b.canonical()
}

impl PolicyDocument {
    /// What the document means.
    #[must_use]
    pub fn canonical(&self) -> CanonicalDocument {
        CanonicalDocument {
            version: self.version(),
            id: self.id().map(str::to_owned),
            statements: self
                .statements()
                .iter()
                .map(Statement::to_canonical)
                .collect(),
        }
    }

    /// The meaning as JSON: the same bytes for every text of the same meaning. For fingerprints, not for AWS.
    #[must_use]
    pub fn canonical_json(&self) -> String {
        self.canonical().to_json()
    }
}

impl Statement {
    /// Whether the model covers the whole statement; if not, it is compared by JSON value.
    #[must_use]
    pub fn is_modelled(&self) -> bool {
        matches!(self.canonical(), CanonicalStatement::Modelled(_))
    }
}

impl CanonicalDocument {
    /// The meaning as JSON, always the same bytes.
    #[must_use]
    pub fn to_json(&self) -> String {
        let statements: Vec<String> = self
            .statements
            .iter()
            .map(CanonicalStatement::to_json)
            .collect();
        format!(
            "{{\"Version\":{},\"Id\":{},\"Statement\":[{}]}}",
            Value::from(self.version.as_str()),
            Value::from(self.id.clone()),
            statements.join(",")
        )
    }
}
