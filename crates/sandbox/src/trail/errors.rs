//! CloudTrail's errors; all are 400.
//!
//! Sources of the words: GH:aws/aws-sdk-go-v2#1957 (an unknown trail), GH:aws/aws-cdk#3450 and
//! GH:aws-samples/aws-security-reference-architecture-examples#335 (values of data resources),
//! GH:awsdocs/aws-cloudtrail-user-guide#24 (the bucket's policy), MOTO cloudtrail/exceptions.py (names). The others are
//! unverified.

use crate::wire::Refusal;

/// Makes an error of CloudTrail.
pub(crate) fn fault(code: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(400, code, message)
}

pub(crate) fn invalid_name(message: impl Into<String>) -> Refusal {
    fault("InvalidTrailNameException", message)
}

pub(crate) fn unknown_trail(arn: &str, account: &str) -> Refusal {
    let message = format!("Unknown trail: {arn} for the user: {account}");
    fault("TrailNotFoundException", message)
}

pub(crate) fn invalid_selectors(message: impl Into<String>) -> Refusal {
    fault("InvalidEventSelectorsException", message)
}

pub(crate) fn invalid_parameter(message: impl Into<String>) -> Refusal {
    fault("InvalidParameterException", message)
}
