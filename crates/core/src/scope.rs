//! Scope: which migrations a plan is for, as `--target` says.

use std::collections::BTreeSet;

use crate::ids::MigrationName;

/// Which migrations a plan is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The whole spec, and what left it.
    All,
    /// The migrations of `--target`; what belongs to others stays as it is.
    Only(BTreeSet<MigrationName>),
}

impl Scope {
    /// Whether things of a migration are to be changed.
    #[must_use]
    pub fn covers(&self, migration: &MigrationName) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(migration),
        }
    }

    /// Whether anything of these migrations is to be changed; things that nobody wants are changed with the whole spec only.
    #[must_use]
    pub fn covers_any(&self, migrations: &BTreeSet<MigrationName>) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|name| migrations.contains(name)),
        }
    }
}
