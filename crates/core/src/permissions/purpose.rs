//! Purposes: what callers of this version can be going to do.

/// What a caller is going to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Compare the spec with the accounts; it only reads.
    Plan,
    /// Compare, and look for what is the spec's everywhere in its accounts; it only reads.
    Search,
    /// Make the changes, which begins with a plan.
    Apply,
    /// Compare both sides of the migrations, version by version; it only reads.
    Verify,
    /// See where the migrations stand, which begins with a plan; it only reads.
    Status,
    /// See why objects do not replicate; it only reads.
    Doctor,
    /// Write a spec from what is live; there is none yet to say where.
    Import,
}

impl Purpose {
    /// The purpose as the command line writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Search => "search",
            Self::Apply => "apply",
            Self::Verify => "verify",
            Self::Status => "status",
            Self::Doctor => "doctor",
            Self::Import => "import",
        }
    }
}
