//! CloudWatch's errors: codes as BC:cloudwatch has them, words of AWS where their source is told.

/// The value of a field is not as the API's model demands.
pub(super) use crate::iam::constraint as invalid;
use crate::wire::{Dialect, Refusal};

/// How CloudWatch is worded in each protocol: codes and shapes of BC:cloudwatch, and those that every service has
/// (unverified: which shapes these have in CloudWatch's newer protocols).
pub(super) static DIALECT: Dialect = Dialect {
    namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
    shapes: &[
        ("LimitExceeded", "LimitExceededFault"),
        ("InvalidParameterValue", "InvalidParameterValueException"),
        (
            "InvalidParameterCombination",
            "InvalidParameterCombinationException",
        ),
        ("MissingParameter", "MissingRequiredParameterException"),
        ("InvalidFormat", "InvalidFormatFault"),
        ("InternalServiceError", "InternalServiceFault"),
        ("ValidationError", "ValidationException"),
        ("AccessDenied", "AccessDeniedException"),
        ("Throttling", "ThrottlingException"),
        ("InvalidAction", "UnknownOperationException"),
        (
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
        ),
        ("InvalidClientTokenId", "UnrecognizedClientException"),
        ("ExpiredToken", "ExpiredTokenException"),
        ("SignatureDoesNotMatch", "InvalidSignatureException"),
    ],
};

pub(super) fn fault(status: u16, code: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(status, code, message)
}

/// What makes no sense together, in a code without a shape; the words are unverified but for those whose source is told.
pub(super) fn validation(message: impl Into<String>) -> Refusal {
    fault(400, "ValidationError", message)
}

pub(super) fn bad_value(message: impl Into<String>) -> Refusal {
    fault(400, "InvalidParameterValue", message)
}

pub(super) fn bad_combination(message: impl Into<String>) -> Refusal {
    fault(400, "InvalidParameterCombination", message)
}

pub(super) fn missing(message: impl Into<String>) -> Refusal {
    fault(400, "MissingParameter", message)
}

pub(super) fn denied(message: String) -> Refusal {
    fault(403, "AccessDenied", message)
}

pub(super) fn invalid_action(operation: &str) -> Refusal {
    let message = format!("The sandbox's CloudWatch does not have the operation {operation:?}.");
    fault(400, "InvalidAction", message)
}
