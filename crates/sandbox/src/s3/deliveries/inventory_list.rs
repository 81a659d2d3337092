//! What an inventory tells of a bucket: its columns, and a row a version.

use std::time::SystemTime;

use crate::s3::rules::acl::canonical_id;
use crate::s3::state::inventory::Inventory;
use crate::s3::state::version::{Encryption, NULL_VERSION, Version};
use crate::s3::state::world::Bucket;

/// A list of a bucket, in no format yet.
pub(super) struct List {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// A column, by the name that configurations and CSV have for it.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// What a column holds, where the format has types (UG:storage-inventory-location: the schemas of ORC and Parquet).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Flag,
    Number,
    Time,
}

/// What a row tells in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Nothing,
    Text(String),
    Flag(bool),
    Number(u64),
    Time(SystemTime),
}

impl List {
    /// Lists a bucket as its configuration asks for.
    pub(super) fn of(name: &str, bucket: &Bucket, inventory: &Inventory) -> Self {
        let mut rows = Vec::new();
        for (key, versions) in &bucket.objects {
            if !key.starts_with(inventory.prefix.as_str()) {
                continue;
            }
            for (at, version) in versions.newest_first().enumerate() {
                let latest = at == 0;
                if inventory.all_versions || (latest && !version.is_marker()) {
                    rows.push(row(name, key, version, latest, inventory));
                }
            }
        }
        Self {
            columns: columns(inventory),
            rows,
        }
    }
}

impl Column {
    /// Whether every row has it (the same schemas: `required`).
    pub(super) fn is_required(&self) -> bool {
        matches!(&*self.name, "Bucket" | "Key")
    }
}

/// The columns, in AWS's order: `Bucket, Key`, those of versions, and the optional ones as the configuration has them.
fn columns(inventory: &Inventory) -> Vec<Column> {
    let mut names = vec!["Bucket", "Key"];
    if inventory.all_versions {
        names.extend(["VersionId", "IsLatest", "IsDeleteMarker"]);
    }
    names.extend(inventory.fields.iter().map(String::as_str));
    let column = |name: &str| Column {
        name: name.to_owned(),
        kind: kind(name),
    };
    names.into_iter().map(column).collect()
}

/// UG:storage-inventory-location tells the types of all but the last three columns with a time; those are unverified.
fn kind(name: &str) -> Kind {
    match name {
        "IsLatest" | "IsDeleteMarker" | "IsMultipartUploaded" => Kind::Flag,
        "Size" => Kind::Number,
        "LastModifiedDate"
        | "ObjectLockRetainUntilDate"
        | "LifecycleExpirationDate"
        | "IntelligentTieringReferenceDate" => Kind::Time,
        _ => Kind::Text,
    }
}

fn row(
    bucket: &str,
    key: &str,
    version: &Version,
    latest: bool,
    inventory: &Inventory,
) -> Vec<Cell> {
    let mut cells = vec![text(bucket), text(key)];
    if inventory.all_versions {
        // Null versions have an empty id (UG:inventory-configure-bops).
        let is_null = &*version.id == NULL_VERSION;
        let id = if is_null {
            Cell::Nothing
        } else {
            text(&version.id)
        };
        cells.extend([id, Cell::Flag(latest), Cell::Flag(version.is_marker())]);
    }
    cells.extend(inventory.fields.iter().map(|field| cell(field, version)));
    cells
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

/// Nothing for what a marker does not have, as for what the sandbox does not know.
fn cell(field: &str, version: &Version) -> Cell {
    match field {
        "LastModifiedDate" => Cell::Time(version.modified.time()),
        "ObjectOwner" => text(&canonical_id(&version.owner)),
        "ReplicationStatus" => {
            let status = version.replication;
            status.map_or(Cell::Nothing, |status| text(status.as_str()))
        }
        _ => of_object(field, version).unwrap_or(Cell::Nothing),
    }
}

fn of_object(field: &str, version: &Version) -> Option<Cell> {
    let object = version.object.as_ref()?;
    let lock = object.lock.as_deref();
    Some(match field {
        "Size" => Cell::Number(object.content.body.size()),
        "ETag" => text(&object.etag()),
        "StorageClass" => text(&object.storage_class),
        "IsMultipartUploaded" => Cell::Flag(!object.content.parts().is_empty()),
        "EncryptionStatus" => text(match &object.encryption {
            Encryption::S3 => "SSE-S3",
            Encryption::Kms { dual: true, .. } => "DSSE-KMS",
            Encryption::Kms { .. } => "SSE-KMS",
            Encryption::Customer { .. } => "SSE-C",
        }),
        "BucketKeyStatus" => text(match &object.encryption {
            Encryption::Kms {
                bucket_key: true, ..
            } => "ENABLED",
            Encryption::S3 | Encryption::Kms { .. } | Encryption::Customer { .. } => "DISABLED",
        }),
        "ChecksumAlgorithm" => text(object.content.checksum.as_ref()?.algorithm.as_str()),
        "ObjectLockRetainUntilDate" => Cell::Time(lock?.retain_until?),
        "ObjectLockMode" => text(lock?.mode.as_deref()?),
        "ObjectLockLegalHoldStatus" => text(if lock?.legal_hold? { "ON" } else { "OFF" }),
        _ => return None,
    })
}
