//! KMS's errors: code and message as AWS words them; all but AccessDenied's kin are 400, as is that one.
//!
//! Sources of the words: GH:minio/minio#6582 (a key that does not exist), GH:localstack/localstack#7448 and
//! GH:apache/hadoop#4637 (a key of another Region), GH:aws/aws-cli#4507 (no id of a key), GH:trussworks/terraform-aws-cloudtrail#178
//! (the lockout). The others are unverified.

use crate::iam::constraint;
use crate::vault::Unusable;
use crate::wire::Refusal;

/// Makes an error of KMS.
pub(crate) fn fault(code: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(400, code, message)
}

pub(crate) fn not_found(message: impl Into<String>) -> Refusal {
    fault("NotFoundException", message)
}

pub(crate) fn denied(message: impl Into<String>) -> Refusal {
    fault("AccessDeniedException", message)
}

pub(crate) fn limit(message: impl Into<String>) -> Refusal {
    fault("LimitExceededException", message)
}

pub(crate) fn unsupported(message: impl Into<String>) -> Refusal {
    fault("UnsupportedOperationException", message)
}

/// The value of a field is not as the API's model demands.
pub(crate) fn invalid(value: Option<&str>, field: &str, must: &str) -> Refusal {
    fault(
        "ValidationException",
        constraint(value, field, must).message,
    )
}

impl From<Unusable> for Refusal {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::NotFound(message) => not_found(message),
            Unusable::Disabled(message) => fault("DisabledException", message),
            Unusable::InvalidState(message) => fault("KMSInvalidStateException", message),
            Unusable::InvalidUsage(message) => fault("InvalidKeyUsageException", message),
            Unusable::Denied(message) => denied(message),
        }
    }
}
