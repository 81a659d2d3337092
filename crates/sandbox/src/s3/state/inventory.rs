//! An inventory configuration, parsed from its XML. Parsing checks the schema only.

use crate::s3::xml::Element;

/// An inventory configuration of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inventory {
    pub(crate) id: String,
    pub(crate) enabled: bool,
    /// Of all versions, or of the current ones alone.
    pub(crate) all_versions: bool,
    pub(crate) prefix: String,
    pub(crate) weekly: bool,
    pub(crate) fields: Vec<String>,
    pub(crate) bucket_arn: String,
    /// Who the destination's owner must be.
    pub(crate) account: Option<String>,
    pub(crate) format: Format,
    pub(crate) destination_prefix: Option<String>,
    /// The key of SSE-KMS.
    pub(crate) key: Option<String>,
}

/// The format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Orc,
    Parquet,
}

/// BC:s3 InventoryOptionalField.
pub(crate) const FIELDS: [&str; 19] = [
    "Size",
    "LastModifiedDate",
    "StorageClass",
    "ETag",
    "IsMultipartUploaded",
    "ReplicationStatus",
    "EncryptionStatus",
    "ObjectLockRetainUntilDate",
    "ObjectLockMode",
    "ObjectLockLegalHoldStatus",
    "ObjectLockEventHoldStatus",
    "ObjectLockEventHoldDuration",
    "IntelligentTieringAccessTier",
    "BucketKeyStatus",
    "ChecksumAlgorithm",
    "ObjectAccessControlList",
    "ObjectOwner",
    "LifecycleExpirationDate",
    "IntelligentTieringReferenceDate",
];

const ROOT: [&str; 7] = [
    "Destination",
    "IsEnabled",
    "Filter",
    "Id",
    "IncludedObjectVersions",
    "OptionalFields",
    "Schedule",
];

const DESTINATION: [&str; 5] = ["AccountId", "Bucket", "Format", "Prefix", "Encryption"];

impl Inventory {
    /// Reads a configuration; none where it does not follow the schema.
    pub(crate) fn parse(root: &Element) -> Option<Self> {
        let ok = |holds: bool| holds.then_some(());
        ok(root.name == "InventoryConfiguration" && root.has_only(&ROOT, &[]))?;
        let outer = root.child("Destination")?;
        ok(outer.has_only(&["S3BucketDestination"], &[]))?;
        let destination = outer.child("S3BucketDestination")?;
        ok(destination.has_only(&DESTINATION, &[]))?;
        let filter = match root.child("Filter") {
            None => String::new(),
            Some(filter) => {
                ok(filter.has_only(&["Prefix"], &[]))?;
                filter.text_of("Prefix")?.to_owned()
            }
        };
        let text = |name| destination.text_of(name).map(str::to_owned);
        Some(Self {
            id: root.text_of("Id")?.to_owned(),
            enabled: flag(root.text_of("IsEnabled")?)?,
            all_versions: one_of(root.text_of("IncludedObjectVersions")?, "All", "Current")?,
            prefix: filter,
            weekly: one_of(
                root.child("Schedule")?.text_of("Frequency")?,
                "Weekly",
                "Daily",
            )?,
            fields: fields(root)?,
            bucket_arn: text("Bucket")?,
            account: text("AccountId"),
            format: match destination.text_of("Format")? {
                "CSV" => Format::Csv,
                "ORC" => Format::Orc,
                "Parquet" => Format::Parquet,
                _ => return None,
            },
            destination_prefix: text("Prefix"),
            key: key(destination)?,
        })
    }

    /// Returns the name of the destination bucket.
    pub(crate) fn bucket(&self) -> &str {
        self.bucket_arn.rsplit(':').next().unwrap_or_default()
    }
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Tells which of two words it is.
fn one_of(text: &str, yes: &str, no: &str) -> Option<bool> {
    match text {
        text if text == yes => Some(true),
        text if text == no => Some(false),
        _ => None,
    }
}

fn fields(root: &Element) -> Option<Vec<String>> {
    let Some(fields) = root.child("OptionalFields") else {
        return Some(Vec::new());
    };
    let known = |field: &Element| field.name == "Field" && FIELDS.contains(&&*field.text);
    let all = fields.children.iter().all(known);
    all.then(|| {
        fields
            .children
            .iter()
            .map(|field| field.text.clone())
            .collect()
    })
}

/// The key of SSE-KMS, if any; none at all where the element says neither kind, or both.
fn key(destination: &Element) -> Option<Option<String>> {
    let Some(encryption) = destination.child("Encryption") else {
        return Some(None);
    };
    if !encryption.has_only(&["SSE-S3", "SSE-KMS"], &[]) || encryption.children.len() > 1 {
        return None;
    }
    match encryption.child("SSE-KMS") {
        None => Some(None),
        Some(kms) => kms.text_of("KeyId").map(|key| Some(key.to_owned())),
    }
}
