//! An inventory configuration: what is listed of a bucket, how often, and where the lists go.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::ids::BucketName;

/// An inventory configuration (BC:s3 InventoryConfiguration), in S3's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// Whether lists are made.
    pub enabled: bool,
    /// `All` versions or `Current` ones.
    pub versions: String,
    /// `Daily` or `Weekly`.
    pub schedule: Option<String>,
    /// What listed keys begin with; every key where it is not said.
    pub filter: Option<String>,
    /// What is said of each version besides its key.
    pub fields: BTreeSet<String>,
    /// The ARN of the bucket that lists go to, in the same Region.
    pub bucket: String,
    /// The account that must own that bucket.
    pub account: Option<String>,
    /// What the keys of lists begin with, before a slash.
    pub prefix: Option<String>,
    /// `CSV`, `ORC` or `Parquet`.
    pub format: String,
    /// How lists are encrypted; as the bucket says by default where it is not said.
    pub encryption: Option<InventoryEncryption>,
}

/// How lists are encrypted (BC:s3 InventoryEncryption).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InventoryEncryption {
    /// SSE-S3.
    SseS3,
    /// SSE-KMS with the key of this ARN.
    SseKms(String),
}

impl Inventory {
    /// The bucket that lists go to; none where the ARN names none.
    #[must_use]
    pub fn to(&self) -> Option<BucketName> {
        let (_, name) = self.bucket.split_once(":s3:::")?;
        BucketName::new(name).ok()
    }

    /// The configuration by meaning, for reviewers too.
    pub(crate) fn meaning(&self) -> Value {
        let Self {
            enabled,
            versions,
            schedule,
            filter,
            fields,
            bucket,
            account,
            prefix,
            format,
            encryption,
        } = self;
        let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let mut meaning = json!({
            "enabled": enabled, "versions": versions, "schedule": schedule, "fields": fields,
            "bucket": bucket, "format": format,
        });
        let more = [
            ("filter", some(filter).map(Value::from)),
            ("account", account.clone().map(Value::from)),
            ("prefix", some(prefix).map(Value::from)),
            (
                "encryption",
                encryption.as_ref().map(|of| match of {
                    InventoryEncryption::SseS3 => json!("sse-s3"),
                    InventoryEncryption::SseKms(key) => json!({ "kms_key": key }),
                }),
            ),
        ];
        for (name, value) in more {
            if let Some(value) = value {
                meaning[name] = value;
            }
        }
        meaning
    }
}
