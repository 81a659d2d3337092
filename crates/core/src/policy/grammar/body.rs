//! What a statement says, element by element, in the spelling of its text.

use std::collections::BTreeMap;

/// Whether a statement grants or takes away. Case-sensitive in AWS (IAMUG:reference_policies_elements_effect).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`: wins over every Allow.
    Deny,
}

impl Effect {
    /// The effect as policies spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

/// What an element names: these (`Action`), or everything but these (`NotAction`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope<T> {
    /// The things listed.
    Only(T),
    /// Everything except the things listed.
    Except(T),
}

impl<T> Scope<T> {
    /// The things listed, whichever way they count.
    pub const fn listed(&self) -> &T {
        match self {
            Self::Only(listed) | Self::Except(listed) => listed,
        }
    }

    /// The same way of counting over another list.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Scope<U> {
        match self {
            Self::Only(listed) => Scope::Only(change(listed)),
            Self::Except(listed) => Scope::Except(change(listed)),
        }
    }
}

/// Principals by type (`AWS`, `Service`, `Federated`, `CanonicalUser`); `"*"` is kept as `{"AWS": "*"}`.
pub type Principals = BTreeMap<String, Vec<String>>;

/// One condition of a statement; all conditions must hold, and any one of the values is enough for one to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The operator, as written.
    pub operator: String,
    /// The condition key, as written.
    pub key: String,
    /// The values, as written.
    pub values: Vec<String>,
}

/// What a statement says, in the spelling of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    pub(crate) principals: Option<Scope<Principals>>,
    pub(crate) actions: Scope<Vec<String>>,
    pub(crate) resources: Option<Scope<Vec<String>>>,
    pub(crate) conditions: Vec<Condition>,
    /// Members that the grammar does not know; they make the statement unmodelled.
    pub(crate) unknown: Vec<String>,
}
