//! The kinds of single values: what each takes, and what is wrong with one that is not such a value.

use s3ferry_core::ids::{
    AccountId, AccountName, InvalidName, MigrationName, Region, RuleName, SpecName, TrailName,
};

use crate::{arns, bucket};

/// A kind of single value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    Version,
    SpecName,
    AccountName,
    MigrationName,
    RuleName,
    AccountId,
    Region,
    Text,
    RoleArn,
    ReplicationRole,
    RoleName,
    ExternalId,
    Folder,
    Bucket,
    KeyArn,
    TopicArn,
    EventTargetArn,
    PrincipalArn,
    Prefix,
    TrailName,
    TrailPrefix,
    TagKey,
    TagValue,
    CanaryName,
    Count,
    Duration,
    Size,
    Percent,
    Receipt,
    WorkGroup,
    Database,
}

/// What is wrong with a value, and what to write instead.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Wrong {
    pub(crate) fn new(
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            help: help.into(),
        }
    }
}

/// The biggest key of an object, and so the biggest prefix (UG:object-keys, BC:s3 ReplicationRule).
pub(crate) const LONGEST_KEY: usize = 1024;

impl Scalar {
    /// What to write, as a phrase.
    pub(crate) const fn takes(self) -> &'static str {
        match self {
            Self::Version => "the number 1",
            Self::SpecName | Self::AccountName | Self::MigrationName => {
                "1 to 32 of lower-case letters, digits and hyphens"
            }
            Self::RuleName => "1 to 64 of letters, digits, hyphens, dots and underscores",
            Self::AccountId => "12 digits in quotes",
            Self::Region => "a Region code such as eu-west-1",
            Self::Text => "text",
            Self::RoleArn | Self::ReplicationRole => "the ARN of an IAM role",
            Self::RoleName => "the name of an IAM role",
            Self::ExternalId => "an external ID, 2 to 1,224 characters",
            Self::Folder => "a folder",
            Self::Bucket => "the name of a bucket",
            Self::KeyArn => "the ARN of a KMS key",
            Self::TopicArn => "the ARN of an SNS topic",
            Self::EventTargetArn => "the ARN of an SNS topic, an SQS queue or a Lambda function",
            Self::PrincipalArn => "the ARN of an IAM role or user",
            Self::Prefix => "the beginning of keys, up to 1,024 bytes",
            Self::TrailName => "the name of a trail",
            Self::TrailPrefix => "the beginning of keys, up to 200 characters",
            Self::TagKey => "a tag key, up to 128 characters",
            Self::TagValue => "a tag value, up to 256 characters",
            Self::CanaryName => "the last part of an object key",
            Self::Count => "a whole number",
            Self::Duration => "a duration such as 15m or 24h",
            Self::Size => "a size such as 100GiB",
            Self::Percent => "a percentage such as 1%",
            Self::WorkGroup => "the name of a workgroup of Athena",
            Self::Database => "the name of a database of Glue",
            Self::Receipt => "the digest of a receipt, sha256: and 64 hexadecimal digits",
        }
    }

    /// A regular expression for editors, where there is a short one; the check is stricter.
    pub(crate) const fn pattern(self) -> Option<&'static str> {
        match self {
            Self::SpecName | Self::AccountName | Self::MigrationName => Some("^[a-z0-9-]{1,32}$"),
            Self::RuleName => Some("^[A-Za-z0-9._-]{1,64}$"),
            Self::AccountId => Some("^[0-9]{12}$"),
            Self::Region => Some("^[a-z]{2,4}(-[a-z]+){1,3}-[0-9]+$"),
            Self::RoleArn | Self::ReplicationRole => {
                Some("^arn:aws(-cn|-us-gov)?:iam::[0-9]{12}:role/.+$")
            }
            Self::RoleName => Some("^[A-Za-z0-9+=,.@_-]{1,64}$"),
            Self::TrailName => Some("^[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]$"),
            Self::Bucket => Some("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"),
            Self::KeyArn => Some("^arn:aws(-cn|-us-gov)?:kms:[a-z0-9-]+:[0-9]{12}:key/.+$"),
            Self::TopicArn => Some("^arn:aws(-cn|-us-gov)?:sns:[a-z0-9-]+:[0-9]{12}:.+$"),
            Self::EventTargetArn => {
                Some("^arn:aws(-cn|-us-gov)?:(sns|sqs|lambda):[a-z0-9-]+:[0-9]{12}:.+$")
            }
            Self::PrincipalArn => Some("^arn:aws(-cn|-us-gov)?:iam::[0-9]{12}:.+$"),
            Self::CanaryName => Some("^[^/]"),
            Self::Text | Self::Folder => Some("\\S"),
            Self::Duration => Some("^[1-9][0-9]*(s|m|h|d)$"),
            Self::Size => Some("^[1-9][0-9]*(B|KiB|MiB|GiB|TiB)$"),
            Self::Percent => Some("^[0-9]+(\\.[0-9]+)?%$"),
            Self::WorkGroup => Some("^[A-Za-z0-9._-]{1,128}$"),
            Self::Database => Some("^[a-z0-9_]{1,255}$"),
            Self::Receipt => Some("^sha256:[0-9a-f]{64}$"),
            Self::ExternalId => Some("^[A-Za-z0-9_+=,.@:/-]{2,1224}$"),
            Self::Version | Self::Prefix | Self::TrailPrefix => None,
            Self::TagKey | Self::TagValue | Self::Count => None,
        }
    }

    /// Whether the value is a number in YAML.
    pub(crate) const fn is_number(self) -> bool {
        matches!(self, Self::Version | Self::Count)
    }

    /// Says what is wrong with a text as a value of this kind.
    pub(crate) fn check(self, text: &str) -> Result<(), Wrong> {
        match self {
            Self::SpecName => named(SpecName::new(text)),
            Self::AccountName => named(AccountName::new(text)),
            Self::MigrationName => named(MigrationName::new(text)),
            Self::RuleName => named(RuleName::new(text)),
            Self::AccountId => named(AccountId::new(text)),
            Self::Region => region(text),
            Self::Text => filled(text),
            Self::RoleArn => arns::of(text, "iam", "role/", self),
            Self::ReplicationRole => arns::replication_role(text),
            Self::RoleName => arns::role_name(text),
            Self::ExternalId => external_id(text),
            Self::Folder => folder(text),
            Self::Bucket => bucket::check(text),
            Self::KeyArn => arns::key(text),
            Self::TopicArn => arns::of(text, "sns", "", self),
            Self::EventTargetArn => arns::event_target(text),
            Self::PrincipalArn => arns::of(text, "iam", "", self),
            Self::Prefix => prefix(text),
            Self::TrailName => named(TrailName::new(text)),
            Self::TrailPrefix => trail_prefix(text),
            Self::TagKey => tag_key(text),
            Self::TagValue => tag_text(text, "value", 256),
            Self::CanaryName => canary_name(text),
            Self::Duration => number_with_unit(text, &["s", "m", "h", "d"], self),
            Self::Size => number_with_unit(text, &["KiB", "MiB", "GiB", "TiB", "B"], self),
            Self::Percent => number_with_unit(text, &["%"], self),
            Self::Receipt => receipt(text),
            Self::WorkGroup => {
                let takes = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
                word(
                    text,
                    128,
                    self,
                    ("letters, digits, dots, hyphens and underscores", takes),
                )
            }
            Self::Database => {
                let takes = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
                word(
                    text,
                    255,
                    self,
                    ("lower-case letters, digits and underscores", takes),
                )
            }
            Self::Version | Self::Count => Ok(()),
        }
    }
}

pub(crate) fn named<T>(checked: Result<T, InvalidName>) -> Result<(), Wrong> {
    checked.map(|_| ()).map_err(|invalid| {
        let InvalidName { kind, value, rule } = invalid;
        let message = format!("`{value}` is not {} {kind}", article(kind));
        Wrong::new("bad-value", message, rule)
    })
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['A', 'a', 'I', 'e', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

fn filled(text: &str) -> Result<(), Wrong> {
    if text.trim().is_empty() {
        return Err(Wrong::new(
            "bad-value",
            "the text is empty",
            "write at least one word, or remove the field",
        ));
    }
    Ok(())
}

fn region(text: &str) -> Result<(), Wrong> {
    const OTHER_PARTITIONS: [&str; 4] = ["us-iso", "eu-iso", "us-isob", "eusc-"];
    named(Region::new(text))?;
    if OTHER_PARTITIONS.iter().any(|start| text.starts_with(start)) {
        return Err(Wrong::new(
            "partition",
            format!("the Region `{text}` is in a partition that s3ferry does not know"),
            "it knows the partitions aws, aws-cn and aws-us-gov",
        ));
    }
    Ok(())
}

/// BC:sts AssumeRole, ExternalId.
fn external_id(text: &str) -> Result<(), Wrong> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte);
    if (2..=1224).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(());
    }
    Err(Wrong::new(
        "bad-value",
        format!("`{text}` cannot be an external ID"),
        "STS takes 2 to 1,224 of letters, digits and _+=,.@:/-",
    ))
}

fn folder(text: &str) -> Result<(), Wrong> {
    filled(text)?;
    if text.contains("://") || text.starts_with("arn:") {
        return Err(Wrong::new(
            "not-yet-supported",
            "a ledger in a bucket is not yet supported",
            "the ledger is a folder today: write `ledger: ./ledger`",
        ));
    }
    Ok(())
}

fn prefix(text: &str) -> Result<(), Wrong> {
    let wrong = |message: String, help: &str| Err(Wrong::new("bad-value", message, help));
    if text.len() > LONGEST_KEY {
        let message = format!("the prefix is {} bytes long", text.len());
        return wrong(message, "S3 takes up to 1,024 bytes, as keys are no longer");
    }
    if text.starts_with("s3://") || text.starts_with("arn:") {
        let message = format!("`{text}` names a bucket, and a prefix is part of a key");
        return wrong(
            message,
            "write what the keys begin with, without the bucket",
        );
    }
    if text.chars().any(char::is_control) {
        return wrong(
            "the prefix holds a control character".to_owned(),
            "S3's XML cannot carry it: choose another prefix",
        );
    }
    Ok(())
}

/// BC:cloudtrail CreateTrail, `S3KeyPrefix`: "The maximum length is 200 characters".
fn trail_prefix(text: &str) -> Result<(), Wrong> {
    prefix(text)?;
    let length = text.chars().count();
    if length > 200 {
        return Err(Wrong::new(
            "bad-value",
            format!("the prefix is {length} characters long"),
            "CloudTrail takes up to 200",
        ));
    }
    Ok(())
}

/// UG:object-tagging: up to 128 characters for a key, `aws:` is reserved.
fn tag_key(text: &str) -> Result<(), Wrong> {
    if text.is_empty() {
        return Err(Wrong::new(
            "bad-value",
            "the tag key is empty",
            "write the key of the tag",
        ));
    }
    if text.to_ascii_lowercase().starts_with("aws:") {
        return Err(Wrong::new(
            "bad-value",
            format!("the tag key `{text}` begins with `aws:`"),
            "AWS keeps these to itself: filter by a tag of your own",
        ));
    }
    tag_text(text, "key", 128)
}

fn tag_text(text: &str, part: &str, longest: usize) -> Result<(), Wrong> {
    let length = text.chars().count();
    if length > longest {
        return Err(Wrong::new(
            "bad-value",
            format!("the tag {part} is {length} characters long"),
            format!("S3 takes up to {longest}"),
        ));
    }
    let allowed = |char: char| char.is_alphanumeric() || " +-=._:/@".contains(char);
    match text.chars().find(|char| !allowed(*char)) {
        None => Ok(()),
        Some(char) => Err(Wrong::new(
            "bad-value",
            format!("the tag {part} `{text}` holds {char:?}"),
            "S3 takes letters, digits, spaces and + - = . _ : / @ in tags",
        )),
    }
}

fn canary_name(text: &str) -> Result<(), Wrong> {
    filled(text)?;
    if text.starts_with('/') {
        return Err(Wrong::new(
            "bad-value",
            format!("the canary's name `{text}` begins with a slash"),
            format!(
                "write `{}`: it is added to each rule's prefix as it is",
                text.trim_start_matches('/')
            ),
        ));
    }
    if text.len() > LONGEST_KEY || text.chars().any(char::is_control) {
        return Err(Wrong::new(
            "bad-value",
            "the canary's name cannot be part of a key",
            "write up to 1,024 bytes without control characters, e.g. `.s3ferry-canary`",
        ));
    }
    Ok(())
}

fn number_with_unit(text: &str, units: &[&str], kind: Scalar) -> Result<(), Wrong> {
    let number = units
        .iter()
        .find_map(|unit| text.strip_suffix(unit))
        .unwrap_or_default();
    let whole = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let decimal = kind == Scalar::Percent
        && number
            .parse::<f64>()
            .is_ok_and(|value| (0.0..=100.0).contains(&value));
    if (whole && kind != Scalar::Percent && number.parse::<u64>().is_ok()) || decimal {
        return Ok(());
    }
    let message = format!("`{text}` is not {}", kind.takes());
    Err(Wrong::new(
        "bad-value",
        message,
        format!("write a number and one of {}", units.join(", ")),
    ))
}

/// BC:athena WorkGroupName; Athena UG, "Name databases, tables, and columns". Names of databases are written into queries, so that nothing
/// else may be in one.
fn word(
    text: &str,
    longest: usize,
    kind: Scalar,
    (allowed, takes): (&str, impl Fn(u8) -> bool),
) -> Result<(), Wrong> {
    if (1..=longest).contains(&text.len()) && text.bytes().all(takes) {
        return Ok(());
    }
    Err(Wrong::new(
        "bad-value",
        format!("`{text}` is not {}", kind.takes()),
        format!("write up to {longest} {allowed}"),
    ))
}

fn receipt(text: &str) -> Result<(), Wrong> {
    let digits = text.strip_prefix("sha256:").unwrap_or_default();
    if digits.len() == 64
        && digits
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    {
        return Ok(());
    }
    Err(Wrong::new(
        "bad-value",
        format!("`{text}` is not the digest of a receipt"),
        "copy it from the output of `s3ferry verify`: sha256: and 64 hexadecimal digits",
    ))
}
