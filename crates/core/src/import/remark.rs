//! What an import gives: the spec, and what is to be said of it.

use std::collections::BTreeSet;

use crate::ids::{MigrationName, RuleName};
use crate::spec::Spec;

/// An imported spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The spec.
    pub spec: Spec,
    /// What is to be said of it, in the order of the places.
    pub remarks: Vec<Remark>,
    /// The addresses of the targets that the first apply changes by taking things over.
    pub taken_over: BTreeSet<String>,
}

/// Something that is to be said of a place of the spec.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// Where.
    pub at: Place,
    /// Of what sort.
    pub says: Says,
    /// What; with names of other people in it.
    pub text: String,
}

/// A place in a spec.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The guards of all migrations.
    Guards,
    /// Before the migrations: what is in none of them.
    Migrations,
    /// A migration.
    Migration(MigrationName),
    /// A rule of a migration.
    Rule(MigrationName, RuleName),
}

/// Of what sort a remark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Says {
    /// What a reader should know.
    Note,
    /// Something will be otherwise when it is taken over.
    Differs,
    /// Something is not in the spec and stays as it is.
    Left,
}
