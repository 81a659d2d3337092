//! Problems: what went wrong in a step, for people and for the exit code.
//!
//! These are wire types of the journal, as the events are.

use serde::de::IntoDeserializer;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ports::{Class, PortError};

/// What went wrong, for people and for the exit code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind of thing.
    pub kind: ProblemKind,
    /// What happened; from AWS where AWS answered, so sanitise before showing.
    pub message: String,
    /// What the user can do, where it is known.
    pub hint: Option<String>,
    /// AWS's request ID, where there was an answer.
    pub request_id: Option<String>,
}

/// What kind of thing went wrong; on the wire one word, a class's or its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// A call to AWS failed.
    Call(Class),
    /// A write was acknowledged and is not read back within its bound.
    Unsettled,
    /// What the plan was made from hid something that only what would go leads to; not in journals before 1.2.
    Hidden,
    /// A canary shows that the rule does not replicate.
    Canary,
    /// A job of a backfill left something to be done; not in journals before 1.5.
    Backfill,
    /// The ledger could not be written.
    Ledger,
}

impl ProblemKind {
    /// Whether credentials or permissions are what is missing.
    #[must_use]
    pub const fn is_access(self) -> bool {
        match self {
            Self::Call(class) => class.is_access(),
            Self::Unsettled | Self::Hidden | Self::Canary | Self::Ledger => false,
            Self::Backfill => false,
        }
    }
}

impl Serialize for ProblemKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Call(class) => class.serialize(serializer),
            Self::Unsettled => serializer.serialize_str("unsettled"),
            Self::Hidden => serializer.serialize_str("hidden"),
            Self::Canary => serializer.serialize_str("canary"),
            Self::Backfill => serializer.serialize_str("backfill"),
            Self::Ledger => serializer.serialize_str("ledger"),
        }
    }
}

impl<'de> Deserialize<'de> for ProblemKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        match word.as_str() {
            "unsettled" => Ok(Self::Unsettled),
            "hidden" => Ok(Self::Hidden),
            "canary" => Ok(Self::Canary),
            "backfill" => Ok(Self::Backfill),
            "ledger" => Ok(Self::Ledger),
            class => Class::deserialize(class.into_deserializer()).map(Self::Call),
        }
    }
}

impl From<&PortError> for Problem {
    fn from(error: &PortError) -> Self {
        Self {
            kind: ProblemKind::Call(error.class),
            message: error.to_string(),
            hint: error.hint.clone(),
            request_id: error.request_id.clone(),
        }
    }
}

impl Problem {
    /// A problem that no single answer of AWS tells of.
    pub(crate) fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            request_id: None,
        }
    }

    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_one_word_whether_a_class_or_its_own() {
        let words = [
            (ProblemKind::Call(Class::Denied), "denied"),
            (ProblemKind::Call(Class::Misplaced), "misplaced"),
            (ProblemKind::Unsettled, "unsettled"),
            (ProblemKind::Hidden, "hidden"),
            (ProblemKind::Canary, "canary"),
            (ProblemKind::Backfill, "backfill"),
            (ProblemKind::Ledger, "ledger"),
        ];
        for (kind, word) in words {
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(json, format!("\"{word}\""));
            assert_eq!(serde_json::from_str::<ProblemKind>(&json).unwrap(), kind);
        }
        assert!(serde_json::from_str::<ProblemKind>("\"call\"").is_err());
    }
}
