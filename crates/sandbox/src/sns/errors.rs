//! SNS's errors: codes and status as BC:sns has them, words of AWS where their source is told.

use crate::vault::Unusable;
use crate::wire::Refusal;

/// Says what of the input is wrong.
pub(super) fn invalid(what: impl std::fmt::Display) -> Refusal {
    let message = format!("Invalid parameter: {what}");
    Refusal::new(400, "InvalidParameter", message)
}

/// The words are AWS's (GH:hashicorp/terraform-provider-aws#19176 and many more).
pub(super) fn no_topic() -> Refusal {
    Refusal::new(404, "NotFound", "Topic does not exist")
}

pub(super) fn no_subscription() -> Refusal {
    Refusal::new(404, "NotFound", "Subscription does not exist")
}

/// Tagging has a code of its own for what is not there (BC:sns TagResource).
pub(super) fn no_resource() -> Refusal {
    Refusal::new(404, "ResourceNotFound", "Resource does not exist")
}

/// The code is AWS's (seen: GH:prowler-cloud/prowler#12).
pub(super) fn denied(message: String) -> Refusal {
    Refusal::new(403, "AuthorizationError", message)
}

pub(super) fn invalid_action(operation: &str) -> Refusal {
    let message = format!("Could not find operation {operation} for version 2010-03-31");
    Refusal::new(400, "InvalidAction", message)
}

/// What KMS says of the key of a topic (BC:sns Publish).
pub(super) fn key_refusal(unusable: Unusable) -> Refusal {
    let (code, message) = match unusable {
        Unusable::NotFound(message) => ("KMSNotFound", message),
        Unusable::Disabled(message) => ("KMSDisabled", message),
        Unusable::InvalidState(message) | Unusable::InvalidUsage(message) => {
            ("KMSInvalidState", message)
        }
        Unusable::Denied(message) => ("KMSAccessDenied", message),
    };
    Refusal::new(400, code, message)
}
