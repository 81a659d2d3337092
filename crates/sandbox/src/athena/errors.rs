//! Athena's errors: all are 400. `AccessDeniedException` is no error of its model, but what clients see.
//!
//! Sources of the words: GH:dbeaver/dbeaver#21424 (not authorized), re:Post "athena-output-bucket-error" (the output bucket), Stack Overflow
//! 62767533 (a query that has not finished). The others are unverified.

use crate::wire::Refusal;

/// What of the request is wrong.
pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidRequestException", message)
}

pub(super) fn denied(action: &str) -> Refusal {
    let message = format!(
        "You are not authorized to perform: {action} on the resource. After your AWS administrator or you have updated your permissions, please try again."
    );
    Refusal::new(400, "AccessDeniedException", message)
}

pub(super) fn unknown_query(id: &str) -> Refusal {
    invalid(format!("QueryExecution {id} was not found"))
}

pub(super) fn unfinished(state: &str) -> Refusal {
    invalid(format!(
        "Query has not yet finished. Current state: {state}"
    ))
}

pub(super) fn not_succeeded(state: &str, reason: &str) -> Refusal {
    invalid(format!(
        "Query did not finish successfully. Final query state: {state}. Reason: {reason}"
    ))
}

pub(super) fn no_output_bucket(bucket: &str) -> Refusal {
    invalid(format!("Unable to verify/create output bucket {bucket}"))
}
