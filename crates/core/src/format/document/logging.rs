//! Access logging and inventories as they are kept.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::kinds::{BucketLogging, Inventory, InventoryEncryption, LogGrant, LogKeys};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HeldLogging {
    bucket: String,
    prefix: String,
    keys: Option<HeldKeys>,
    grants: Vec<HeldGrant>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HeldKeys {
    Simple,
    Partitioned { date: Option<String> },
}

#[derive(Debug, Serialize, Deserialize)]
struct HeldGrant {
    kind: String,
    id: Option<String>,
    uri: Option<String>,
    email: Option<String>,
    permission: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HeldInventory {
    enabled: bool,
    versions: String,
    schedule: Option<String>,
    filter: Option<String>,
    fields: BTreeSet<String>,
    bucket: String,
    account: Option<String>,
    prefix: Option<String>,
    format: String,
    encryption: Option<HeldEncryption>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HeldEncryption {
    SseS3,
    SseKms { key: String },
}

pub(super) fn held_logging(logging: &BucketLogging) -> HeldLogging {
    let BucketLogging {
        bucket,
        prefix,
        keys,
        grants,
    } = logging;
    HeldLogging {
        bucket: bucket.clone(),
        prefix: prefix.clone(),
        keys: keys.as_ref().map(|keys| match keys {
            LogKeys::Simple => HeldKeys::Simple,
            LogKeys::Partitioned(date) => HeldKeys::Partitioned { date: date.clone() },
        }),
        grants: grants.iter().map(held_grant).collect(),
    }
}

fn held_grant(grant: &LogGrant) -> HeldGrant {
    let LogGrant {
        kind,
        id,
        uri,
        email,
        permission,
    } = grant.clone();
    HeldGrant {
        kind,
        id,
        uri,
        email,
        permission,
    }
}

pub(super) fn logging(held: HeldLogging) -> BucketLogging {
    let HeldLogging {
        bucket,
        prefix,
        keys,
        grants,
    } = held;
    BucketLogging {
        bucket,
        prefix,
        keys: keys.map(|keys| match keys {
            HeldKeys::Simple => LogKeys::Simple,
            HeldKeys::Partitioned { date } => LogKeys::Partitioned(date),
        }),
        grants: grants.into_iter().map(grant).collect(),
    }
}

fn grant(held: HeldGrant) -> LogGrant {
    let HeldGrant {
        kind,
        id,
        uri,
        email,
        permission,
    } = held;
    LogGrant {
        kind,
        id,
        uri,
        email,
        permission,
    }
}

pub(super) fn held_inventory(inventory: &Inventory) -> HeldInventory {
    let Inventory {
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
    } = inventory.clone();
    HeldInventory {
        enabled,
        versions,
        schedule,
        filter,
        fields,
        bucket,
        account,
        prefix,
        format,
        encryption: encryption.map(|of| match of {
            InventoryEncryption::SseS3 => HeldEncryption::SseS3,
            InventoryEncryption::SseKms(key) => HeldEncryption::SseKms { key },
        }),
    }
}

pub(super) fn inventory(held: HeldInventory) -> Inventory {
    let HeldInventory {
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
    } = held;
    Inventory {
        enabled,
        versions,
        schedule,
        filter,
        fields,
        bucket,
        account,
        prefix,
        format,
        encryption: encryption.map(|of| match of {
            HeldEncryption::SseS3 => InventoryEncryption::SseS3,
            HeldEncryption::SseKms { key } => InventoryEncryption::SseKms(key),
        }),
    }
}
