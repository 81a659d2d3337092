//! What can stand where an ARN belongs, and the names of roles, which people give as ARNs.

use s3ferry_core::ids::{AccountId, Arn, Region, RoleName};

use crate::scalar::{Scalar, Wrong, named};

fn arn(text: &str, kind: Scalar) -> Result<Arn, Wrong> {
    Arn::new(text).map_err(|invalid| {
        let help = format!("write {}: {}", kind.takes(), invalid.rule);
        Wrong::new("bad-value", format!("`{text}` is not an ARN"), help)
    })
}

/// An ARN of a service whose resource begins with this.
pub(crate) fn of(text: &str, service: &str, resource: &str, kind: Scalar) -> Result<(), Wrong> {
    of_one(text, &[service], resource, kind)
}

/// The ARN of what S3 tells events to. It tells no topic or queue that keeps messages in order
/// (UG:notification-how-to-event-types-and-destinations).
pub(crate) fn event_target(text: &str) -> Result<(), Wrong> {
    of_one(text, &EVENT_TARGETS, "", Scalar::EventTargetArn)?;
    let in_order = text.ends_with(".fifo");
    if in_order && !text.contains(":lambda:") {
        return Err(Wrong::new(
            "bad-value",
            format!("`{text}` is a FIFO topic or queue"),
            "S3 tells events to standard topics and queues only: name one of those",
        ));
    }
    Ok(())
}

const EVENT_TARGETS: [&str; 3] = ["sns", "sqs", "lambda"];

fn of_one(text: &str, services: &[&str], resource: &str, kind: Scalar) -> Result<(), Wrong> {
    let arn = arn(text, kind)?;
    let right = services.contains(&arn.service()) && arn.resource().starts_with(resource);
    if !right || arn.resource().len() == resource.len() {
        let message = format!("`{text}` is not {}", kind.takes());
        return Err(Wrong::new("bad-value", message, example(kind)));
    }
    if AccountId::new(arn.account()).is_err() {
        let message = format!("the ARN `{text}` names no account");
        return Err(Wrong::new("bad-value", message, example(kind)));
    }
    Ok(())
}

fn example(kind: Scalar) -> &'static str {
    match kind {
        Scalar::RoleArn => "write it as arn:aws:iam::111111111111:role/NAME",
        Scalar::EventTargetArn => {
            "write it as arn:aws:sns:eu-west-1:111111111111:NAME, or the ARN of a queue or a function"
        }
        Scalar::TopicArn => "write it as arn:aws:sns:eu-west-1:111111111111:NAME",
        _ => {
            "write it as arn:aws:iam::111111111111:role/NAME or arn:aws:iam::111111111111:user/NAME"
        }
    }
}

/// The ARN of a KMS key.
pub(crate) fn key(text: &str) -> Result<(), Wrong> {
    let example = "write the key's ARN, arn:aws:kms:REGION:ACCOUNT:key/ID";
    if text.contains("alias/") {
        return Err(alias(text, example));
    }
    let wrong = || {
        Wrong::new(
            "bad-value",
            format!("`{text}` is not the ARN of a KMS key"),
            example,
        )
    };
    let arn = Arn::new(text).map_err(|_| wrong())?;
    let id = arn.resource().strip_prefix("key/").unwrap_or_default();
    let right = arn.service() == "kms" && !id.is_empty() && !id.contains(['/', ':']);
    let placed = AccountId::new(arn.account()).is_ok() && Region::new(arn.region()).is_ok();
    if right && placed {
        Ok(())
    } else {
        Err(wrong())
    }
}

fn alias(text: &str, example: &str) -> Wrong {
    let tell =
        format!("`aws kms describe-key --key-id {text} --query KeyMetadata.Arn` tells the ARN");
    let help = if text.contains("alias/aws/") {
        format!(
            "a key that AWS manages cannot be shared between accounts: replicas need a customer managed key of the \
             destination account\nsource objects may be under it: {example}; {tell}"
        )
    } else {
        format!(
            "{example}; {tell}\nan alias means the key of whoever asks, so in the other account it is another key or none"
        )
    };
    Wrong::new(
        "key-alias",
        format!("`{text}` is an alias, not a key"),
        help,
    )
}

/// A role's name; an ARN passes here, because its account decides what there is to say about it.
pub(crate) fn role_name(text: &str) -> Result<(), Wrong> {
    if text.starts_with("arn:") {
        return of(text, "iam", "role/", Scalar::RoleArn);
    }
    if let Some((path, name)) = text.rsplit_once('/') {
        return Err(Wrong::new(
            "bad-value",
            format!("`{text}` is a path and a name"),
            format!(
                "write the name only, `{name}`: the path of roles is /s3ferry/, and `{path}/` is not ours"
            ),
        ));
    }
    named(RoleName::new(text))
}

/// The replication role as one text, which is an ARN.
pub(crate) fn replication_role(text: &str) -> Result<(), Wrong> {
    if text.starts_with("arn:") || RoleName::new(text).is_err() {
        return of(text, "iam", "role/", Scalar::RoleArn);
    }
    let message = format!("`{text}` is not a mapping");
    Err(Wrong::new(
        "wrong-type",
        message,
        format!("write `replication: {{ name: {text} }}`"),
    ))
}
