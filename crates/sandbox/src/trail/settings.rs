//! What CreateTrail and UpdateTrail set, and what CloudTrail checks of it: the bucket's policy, the topic's, the key's.

use super::call::Call;
use super::errors::{fault, invalid_parameter};
use super::state::{Settings, arn, folder};
use crate::authority::{Caller, Source};
use crate::depot::Delivery;
use crate::vault::{KeyUse, Unusable};
use crate::wire::Refusal;

/// The principal that policies name.
pub(crate) const SERVICE: &str = "cloudtrail.amazonaws.com";

/// The name in the encryption context (UGweb:create-kms-key-policy-for-cloudtrail).
pub(crate) const CONTEXT: &str = "aws:cloudtrail:arn";

/// Reads the settings of a request over those that are.
pub(crate) fn read(call: &Call<'_>, name: &str, old: Settings) -> Result<Settings, Refusal> {
    refuse_what_is_not_here(call)?;
    let trail = arn(call.region, call.account(), name);
    let text = |field| Ok::<_, Refusal>(call.text(field)?.map(str::to_owned));
    // An empty text takes the old one away.
    let or_old = |new: Option<String>, old: Option<String>| match new {
        None => old,
        Some(new) => Some(new).filter(|new| !new.is_empty()),
    };
    let settings = Settings {
        bucket: text("S3BucketName")?.unwrap_or(old.bucket),
        prefix: or_old(text("S3KeyPrefix")?, old.prefix),
        topic: or_old(topic(call)?, old.topic),
        global_events: call
            .flag("IncludeGlobalServiceEvents")?
            .unwrap_or(old.global_events),
        multi_region: call.flag("IsMultiRegionTrail")?.unwrap_or(old.multi_region),
        validation: call
            .flag("EnableLogFileValidation")?
            .unwrap_or(old.validation),
        key: or_old(key(call)?, old.key),
        recursive: call.flag("RecursiveLogging")?.unwrap_or(old.recursive),
    };
    // "Only multi-Region trails have global service events" (BC:cloudtrail InvalidParameterCombinationException).
    if settings.multi_region && !settings.global_events {
        let text = "Multi-Region trail must include global service events.";
        return Err(fault("InvalidParameterCombinationException", text));
    }
    check_bucket(call, &settings, &trail)?;
    check_topic(call, &settings, &trail)?;
    check_key(call, &settings, &trail)?;
    Ok(settings)
}

/// There are no log groups here and no organizations.
fn refuse_what_is_not_here(call: &Call<'_>) -> Result<(), Refusal> {
    let group = call.text("CloudWatchLogsLogGroupArn")?.unwrap_or_default();
    let role = call.text("CloudWatchLogsRoleArn")?.unwrap_or_default();
    if !group.is_empty() || !role.is_empty() {
        let text = "CloudTrail cannot validate the specified log group ARN. The sandbox has no CloudWatch Logs.";
        return Err(fault("InvalidCloudWatchLogsLogGroupArnException", text));
    }
    if call.flag("IsOrganizationTrail")? == Some(true) {
        let text = "The account is not part of an organization.";
        return Err(fault("OrganizationsNotInUseException", text));
    }
    Ok(())
}

fn topic(call: &Call<'_>) -> Result<Option<String>, Refusal> {
    let Some(name) = call.text("SnsTopicName")? else {
        return Ok(None);
    };
    if name.is_empty() || name.starts_with("arn:") {
        return Ok(Some(name.to_owned()));
    }
    let plain = |char: char| char.is_ascii_alphanumeric() || ['-', '_'].contains(&char);
    if name.len() > 256 || !name.chars().all(plain) {
        let text = format!("SNS topic name {name} is not valid.");
        return Err(fault("InvalidSnsTopicNameException", text));
    }
    let arn = format!("arn:aws:sns:{}:{}:{name}", call.region, call.account());
    Ok(Some(arn))
}

fn key(call: &Call<'_>) -> Result<Option<String>, Refusal> {
    let Some(name) = call.text("KmsKeyId")?.filter(|name| !name.is_empty()) else {
        return Ok(call.text("KmsKeyId")?.map(str::to_owned));
    };
    let vault = call.service.vault();
    let found = vault.resolve(call.account(), call.region, name);
    found.map(Some).map_err(key_refusal)
}

fn key_refusal(unusable: Unusable) -> Refusal {
    match unusable {
        Unusable::NotFound(message) => fault("KmsKeyNotFoundException", message),
        Unusable::Disabled(message) | Unusable::InvalidState(message) => {
            fault("KmsKeyDisabledException", message)
        }
        Unusable::InvalidUsage(message) => fault("InvalidKmsKeyIdException", message),
        // Seen: GH:trussworks/terraform-aws-cloudtrail issues name this text for either policy.
        Unusable::Denied(_) => fault(
            "InsufficientEncryptionPolicyException",
            "Insufficient permissions to access S3 bucket or KMS key.",
        ),
    }
}

/// The bucket is there, does not let requesters pay, and its policy lets CloudTrail read its ACL and put files where
/// they go (UGweb:create-s3-bucket-policy-for-cloudtrail).
fn check_bucket(call: &Call<'_>, settings: &Settings, trail: &str) -> Result<(), Refusal> {
    let bucket = settings.bucket.as_str();
    if bucket.len() < 3 || bucket.len() > 63 {
        let text = format!("Bucket name {bucket} is not valid.");
        return Err(fault("InvalidS3BucketNameException", text));
    }
    if settings
        .prefix
        .as_ref()
        .is_some_and(|prefix| prefix.len() > 200)
    {
        let text = "S3 prefix is longer than maximum length.";
        return Err(fault("InvalidS3PrefixException", text));
    }
    let depot = call.service.depot();
    let Some(facts) = depot.bucket(bucket) else {
        let text = format!("S3 bucket {bucket} does not exist!");
        return Err(fault("S3BucketDoesNotExistException", text));
    };
    let insufficient = || {
        let text = format!("Incorrect S3 bucket policy is detected for bucket: {bucket}");
        fault("InsufficientS3BucketPolicyException", text)
    };
    // "You can't use a Requester Pays bucket" (same page); the code is unverified.
    if facts.requester_pays {
        return Err(insufficient());
    }
    let probe = format!("{}probe", folder(settings, call.account()));
    let delivery = Delivery {
        service: SERVICE,
        bucket,
        key: &probe,
        source: Source {
            arn: trail,
            account: call.account(),
        },
        encryption: None,
    };
    let both = depot
        .shows_acl(&delivery)
        .and_then(|()| depot.takes(&delivery));
    both.map_err(|_| insufficient())
}

fn check_topic(call: &Call<'_>, settings: &Settings, trail: &str) -> Result<(), Refusal> {
    let Some(topic) = &settings.topic else {
        return Ok(());
    };
    let source = Source {
        arn: trail,
        account: call.account(),
    };
    let notice = call.service.notice(source, topic, "");
    call.service.notifier().accepts(&notice).map_err(|_| {
        let text = "SNS Topic does not exist or the topic policy is incorrect!";
        fault("InsufficientSnsTopicPolicyException", text)
    })
}

/// The key is in the bucket's Region and its policy lets CloudTrail make data keys under it.
fn check_key(call: &Call<'_>, settings: &Settings, trail: &str) -> Result<(), Refusal> {
    let Some(key) = &settings.key else {
        return Ok(());
    };
    let region = key.split(':').nth(3).unwrap_or_default();
    let facts = call.service.depot().bucket(&settings.bucket);
    if facts.is_none_or(|facts| facts.region != region) {
        let text = "The KMS key and the S3 bucket must be in the same Region.";
        return Err(fault("InvalidKmsKeyIdException", text));
    }
    let source = Source {
        arn: trail,
        account: call.account(),
    };
    let asked = call.service.vault().ask(&KeyUse {
        caller: &Caller::service(SERVICE),
        key,
        action: "kms:GenerateDataKey",
        service: None,
        region,
        context: (CONTEXT, trail),
        others: &source.keys(),
    });
    asked.map_err(key_refusal)
}

/// Refuses a bucket that is not named.
pub(crate) fn check_named(call: &Call<'_>) -> Result<(), Refusal> {
    match call.text("S3BucketName")? {
        Some(bucket) if !bucket.is_empty() => Ok(()),
        _ => Err(invalid_parameter("S3BucketName must be specified.")),
    }
}
