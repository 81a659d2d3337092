//! The names of things: newtypes that are validated once, in their constructor, and trusted afterwards.
//!
//! Every type here is an ordered, cloneable string with a rule. A value of the type is proof that the
//! rule held; nothing downstream checks again.

use std::fmt;
use std::sync::Arc;

/// Why a text is not a valid name of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not a valid {kind}: {rule}")]
pub struct InvalidName {
    /// What the text was meant to be, e.g. "AWS account ID".
    pub kind: &'static str,
    /// The text as given.
    pub value: String,
    /// The rule that it breaks, as a phrase a user can act on.
    pub rule: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $kind:literal, $check:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(Arc<str>);

        impl $type {
            /// Checks the rule of this kind of name.
            ///
            /// # Errors
            /// [`InvalidName`] names the rule that the text breaks.
            pub fn new(value: impl Into<String>) -> Result<Self, InvalidName> {
                let value = value.into();
                match $check(&value) {
                    Ok(()) => Ok(Self(value.into())),
                    Err(rule) => Err(InvalidName { kind: $kind, value, rule }),
                }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// A 12-digit AWS account ID.
    AccountId, "AWS account ID", account_id
);
name!(
    /// The name of an account in the spec, e.g. `prod`.
    AccountName, "account name", label
);
name!(
    /// The name of a spec; part of every ownership marker, so that two specs do not take each other's items for their own.
    SpecName, "spec name", label
);
name!(
    /// The name of a migration, unique over all files of a spec.
    MigrationName, "migration name", label
);
name!(
    /// The short name of a rule in the spec; its ID in S3 carries the ownership marker in front.
    RuleName, "rule id", rule_name
);
impl RuleName {
    /// What the names of the rules begin with that s3ferry makes to prove alarms; no rule of a spec may be called so.
    pub const OF_PROOFS: &'static str = "s3ferry-prove-";

    /// Whether it is the name of such a rule.
    #[must_use]
    pub fn is_of_a_proof(&self) -> bool {
        self.as_str().starts_with(Self::OF_PROOFS)
    }
}

name!(
    /// An AWS Region code, e.g. `eu-west-1`.
    Region, "AWS Region", region
);
name!(
    /// A general purpose bucket name (BC:s3 CreateBucket, UG:bucketnamingrules).
    BucketName, "bucket name", bucket_name
);
/// What the names of an account's own namespace end with: `NAME-ACCOUNT-REGION-an` (UG:bucketnamingrules).
pub const ACCOUNT_REGIONAL: &str = "-an";

name!(
    /// An IAM role name: 1 to 64 of letters, digits and `+=,.@_-` (BC:iam CreateRole).
    RoleName, "IAM role name", role_name
);
name!(
    /// The name of a CloudWatch alarm: 1 to 255 characters, none of them a control character (BC:cloudwatch PutMetricAlarm).
    AlarmName, "alarm name", alarm_name
);
name!(
    /// The name of a CloudTrail trail: 3 to 128 letters, digits and `._-`, with a letter or a digit at both ends and no two marks
    /// side by side (BC:cloudtrail CreateTrail).
    TrailName, "trail name", trail_name
);
name!(
    /// The ID of a job of S3 Batch Operations: 5 to 36 letters, digits, `-` and `_` (BC:s3control JobId).
    JobId, "job ID", job_id
);
name!(
    /// An Amazon Resource Name of any service.
    Arn, "ARN", arn
);

impl Region {
    /// The partition that this Region belongs to.
    #[must_use]
    pub fn partition(&self) -> Partition {
        if self.0.starts_with("cn-") {
            Partition::China
        } else if self.0.starts_with("us-gov-") {
            Partition::GovCloud
        } else {
            Partition::Commercial
        }
    }
}

/// An AWS partition: a set of Regions with its own ARNs and its own IAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Partition {
    /// `aws`.
    Commercial,
    /// `aws-cn`.
    China,
    /// `aws-us-gov`.
    GovCloud,
}

impl Partition {
    /// The partition as ARNs spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Commercial => "aws",
            Self::China => "aws-cn",
            Self::GovCloud => "aws-us-gov",
        }
    }

    /// Reads what ARNs spell.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Commercial, Self::China, Self::GovCloud];
        all.into_iter().find(|partition| partition.as_str() == word)
    }

    /// The ARN of a bucket.
    #[must_use]
    pub fn bucket_arn(self, bucket: &BucketName) -> Arn {
        Arn(format!("arn:{}:s3:::{bucket}", self.as_str()).into())
    }

    /// The ARN of a role under a path that begins and ends with `/`.
    #[must_use]
    pub fn role_arn(self, account: &AccountId, path: &str, role: &RoleName) -> Arn {
        Arn(format!("arn:{}:iam::{account}:role{path}{role}", self.as_str()).into())
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Arn {
    fn field(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or_default()
    }

    /// The partition field, e.g. `aws`.
    #[must_use]
    pub fn partition(&self) -> &str {
        self.field(1)
    }

    /// The service field, e.g. `iam`.
    #[must_use]
    pub fn service(&self) -> &str {
        self.field(2)
    }

    /// The Region field; empty for global services.
    #[must_use]
    pub fn region(&self) -> &str {
        self.field(3)
    }

    /// The account field; empty for buckets.
    #[must_use]
    pub fn account(&self) -> &str {
        self.field(4)
    }

    /// All that follows the account, e.g. `role/path/name`.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.field(5)
    }

    /// The bucket that an S3 bucket ARN names.
    #[must_use]
    pub fn bucket(&self) -> Option<BucketName> {
        (self.service() == "s3")
            .then(|| BucketName::new(self.resource()).ok())
            .flatten()
    }
}

type Check = Result<(), &'static str>;

fn require(holds: bool, rule: &'static str) -> Check {
    if holds { Ok(()) } else { Err(rule) }
}

fn account_id(value: &str) -> Check {
    let digits = value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit());
    require(
        digits,
        "it must be 12 digits, in quotes so that leading zeros are kept",
    )
}

fn label(value: &str) -> Check {
    let letters = value
        .bytes()
        .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    require(
        letters && (1..=32).contains(&value.len()),
        "it must be 1 to 32 of lower-case letters, digits and hyphens",
    )
}

fn rule_name(value: &str) -> Check {
    let letters = value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    require(
        letters && (1..=64).contains(&value.len()),
        "it must be 1 to 64 of letters, digits, hyphens, dots and underscores",
    )
}

fn region(value: &str) -> Check {
    let parts: Vec<&str> = value.split('-').collect();
    let words = parts.iter().all(|part| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    });
    let number = parts
        .last()
        .is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    require(
        (3..=5).contains(&parts.len()) && words && number,
        "it must be a Region code such as eu-west-1",
    )
}

fn bucket_name(value: &str) -> Check {
    let letters = value
        .bytes()
        .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'));
    require(
        letters && (3..=63).contains(&value.len()),
        "it must be 3 to 63 of lower-case letters, digits, hyphens and dots",
    )?;
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    require(
        edge(value.bytes().next()) && edge(value.bytes().last()),
        "it must begin and end with a letter or a digit",
    )?;
    require(!value.contains(".."), "it must not hold two dots in a row")?;
    require(
        !looks_like_ipv4(value),
        "it must not be formatted as an IP address",
    )?;
    let reserved_prefix = ["xn--", "sthree-", "amzn-s3-demo-"]
        .iter()
        .any(|prefix| value.starts_with(prefix));
    require(
        !reserved_prefix,
        "it begins with a prefix that AWS reserves",
    )?;
    let reserved_suffix = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"]
        .iter()
        .any(|suffix| value.ends_with(suffix));
    require(
        !reserved_suffix,
        "it ends like an access point alias, a directory bucket or a table bucket; \
         replication between general purpose buckets is what s3ferry moves data with",
    )
}

fn looks_like_ipv4(value: &str) -> bool {
    let parts: Vec<&str> = value.split('.').collect();
    parts.len() == 4 && parts.iter().all(|part| part.parse::<u8>().is_ok())
}

fn role_name(value: &str) -> Check {
    let letters = value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte));
    require(
        letters && (1..=64).contains(&value.len()),
        "it must be 1 to 64 of letters, digits and +=,.@_-",
    )
}

fn job_id(value: &str) -> Check {
    let is_known = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    require(
        (5..=36).contains(&value.len()) && value.chars().all(is_known),
        "it must be 5 to 36 letters, digits, hyphens and underscores",
    )
}

fn alarm_name(value: &str) -> Check {
    let printable = !value.chars().any(|letter| letter.is_ascii_control());
    require(
        printable && (1..=255).contains(&value.chars().count()),
        "it must be 1 to 255 characters, none of them a control character",
    )
}

fn trail_name(value: &str) -> Check {
    let is_mark = |letter: char| matches!(letter, '.' | '_' | '-');
    let is_known = |letter: char| letter.is_ascii_alphanumeric() || is_mark(letter);
    require(
        (3..=128).contains(&value.len()) && value.chars().all(is_known),
        "it must be 3 to 128 letters, digits, periods, underscores and hyphens",
    )?;
    require(
        !value.starts_with(is_mark) && !value.ends_with(is_mark),
        "it must begin and end with a letter or a digit",
    )?;
    let letters: Vec<char> = value.chars().collect();
    require(
        !letters
            .windows(2)
            .any(|two| two.iter().all(|letter| is_mark(*letter))),
        "it must not have two of the marks . _ - side by side",
    )?;
    require(
        value.split('.').count() != 4 || !value.split('.').all(|part| part.parse::<u8>().is_ok()),
        "it must not be an IP address",
    )
}

fn arn(value: &str) -> Check {
    let fields: Vec<&str> = value.splitn(6, ':').collect();
    let shape = fields.len() == 6 && fields[0] == "arn" && !fields[2].is_empty();
    require(
        shape,
        "it must have the form arn:partition:service:region:account:resource",
    )?;
    require(
        matches!(fields[1], "aws" | "aws-cn" | "aws-us-gov"),
        "its partition must be aws, aws-cn or aws-us-gov",
    )?;
    require(
        !fields[5].is_empty(),
        "it must name a resource after the account",
    )?;
    require(
        !value
            .bytes()
            .any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control()),
        "it must not hold white space",
    )
}

/// A name of somebody else's for a sentence of ours: what ends a line is shown and not obeyed, for a way out is a line.
#[must_use]
pub fn in_line(name: &str) -> String {
    let ends_lines =
        |character: char| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}');
    name.chars()
        .fold(String::with_capacity(name.len()), |mut line, character| {
            if ends_lines(character) {
                line.extend(character.escape_default());
            } else {
                line.push(character);
            }
            line
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_follow_the_naming_rules() {
        for good in [
            "abc",
            "orders-prod",
            "a.b.c",
            "1-2",
            "orders-111122223333-eu-west-1-an",
        ] {
            assert!(BucketName::new(good).is_ok(), "{good}");
        }
        let bad = [
            "ab",
            "Orders",
            "-abc",
            "abc-",
            "a..b",
            "192.168.5.4",
            "xn--abc",
            "sthree-x",
            "b_c",
            "orders-s3alias",
            "orders--x-s3",
            &"a".repeat(64),
        ];
        for bad in bad {
            assert!(BucketName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_in_a_line_ends_no_line() {
        assert_eq!(
            in_line("a\nb\u{85}\u{2028}é \"c\""),
            "a\\nb\\u{85}\\u{2028}é \"c\""
        );
    }

    #[test]
    fn an_arn_gives_its_fields() {
        let arn = Arn::new("arn:aws-cn:iam::111111111111:role/s3ferry/a:b").unwrap();
        assert_eq!(arn.partition(), "aws-cn");
        assert_eq!(arn.account(), "111111111111");
        assert_eq!(arn.resource(), "role/s3ferry/a:b");
        assert!(Arn::new("arn:aws:s3").is_err());
        assert!(Arn::new("arn:azure:s3:::b").is_err());
    }

    #[test]
    fn a_region_knows_its_partition() {
        let partition = |code: &str| Region::new(code).unwrap().partition().as_str();
        assert_eq!(partition("eu-west-1"), "aws");
        assert_eq!(partition("cn-north-1"), "aws-cn");
        assert_eq!(partition("us-gov-west-1"), "aws-us-gov");
        assert!(Region::new("ireland").is_err());
    }

    #[test]
    fn account_ids_keep_their_leading_zeros() {
        assert_eq!(
            AccountId::new("012345678901").unwrap().as_str(),
            "012345678901"
        );
        assert!(AccountId::new("12345678901").is_err());
    }
}
