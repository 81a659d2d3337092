//! Why a text is not a policy document, and where in it.

/// A text that is not a policy document: the place, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct PolicyError {
    /// The path to the fault, e.g. `Statement[2].Action[0]`; `policy` for the document itself.
    pub place: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong at a place of a policy document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The text is not JSON.
    #[error("not valid JSON: {0}")]
    Syntax(String),
    /// The text is not percent-encoded UTF-8, as IAM sends it.
    #[error("not percent-encoded UTF-8")]
    Encoding,
    /// The value has another shape than the grammar asks for.
    #[error("must be {0}")]
    Shape(&'static str),
    /// The member is required.
    #[error("is missing")]
    Missing,
    /// The member is there twice, so that one of the two would be lost.
    #[error("is given twice")]
    Repeated,
    /// A member and its negation are both there.
    #[error("must not stand beside {0}")]
    Conflict(&'static str),
    /// The grammar has no such member here.
    #[error("is not a member of a policy document")]
    Unknown,
}

impl PolicyError {
    pub(super) fn new(place: &str, problem: Problem) -> Self {
        let place = if place.is_empty() { "policy" } else { place };
        Self {
            place: place.to_owned(),
            problem,
        }
    }
}
