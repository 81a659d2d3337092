//! Inventories of both buckets: all versions, with what a comparison of both sides needs.

use super::places::{Delivered, lock, requester_pays};
use super::{list_keys, takes};
use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::ids::MigrationName;
use crate::migration::{Case, finding};
use crate::model::kinds::{Inventory, InventoryEncryption};
use crate::model::{BucketPart, BucketRef, Document, Target};
use crate::ownership::Markers;
use crate::policy::generate::inventory_statement;
use crate::route::{Recorded, Route, Side};
use crate::scene::Scene;
use crate::spec::{InventoryPlace, ListEncryption, LogPlace};
use crate::wanted::{Items, Wanted};
use FindingLevel::{Blocked, Warning};

/// What lists say of each version: everything by which two versions are told apart or found to be the same
/// (BC:s3 InventoryOptionalField), and nothing that only says who may read them.
const FIELDS: [&str; 12] = [
    "BucketKeyStatus",
    "ChecksumAlgorithm",
    "ETag",
    "EncryptionStatus",
    "IsMultipartUploaded",
    "LastModifiedDate",
    "ObjectLockLegalHoldStatus",
    "ObjectLockMode",
    "ObjectLockRetainUntilDate",
    "ReplicationStatus",
    "Size",
    "StorageClass",
];

pub(super) fn reads(route: &Route<'_>) -> Vec<Target> {
    let listed = route.inventories().into_iter();
    listed.map(|listed| inventory_of(listed.of)).collect()
}

fn inventory_of(bucket: &BucketRef) -> Target {
    Target::Bucket(bucket.clone(), BucketPart::Inventory)
}

pub(super) fn wants(scene: &Scene<'_>, case: &Case<'_>) -> Items {
    let route = case.route;
    let mut items = Items::new();
    for listed in route.inventories() {
        let sid = sid(&scene.markers, route.name, listed.side);
        let LogPlace { bucket, prefix } = &listed.place.place;
        let id = scene.markers.configuration_id();
        let statement = inventory_statement(sid, listed.of, bucket, prefix, &id);
        items.extend(takes(route, &listed.to, statement));
        let wanted = Box::new(configuration(route, &listed));
        items.push((inventory_of(listed.of), Wanted::Inventory(Some(wanted))));
    }
    items
}

/// The Sid of the statement that lets a migration's inventories come.
pub(crate) fn sid(markers: &Markers, migration: &MigrationName, side: Side) -> String {
    let words = match side {
        Side::Source => "SourceInventory",
        Side::Destination => "DestinationInventory",
    };
    format!("{}{words}", markers.sid_prefix(migration))
}

fn configuration(route: &Route<'_>, listed: &Recorded<'_, InventoryPlace>) -> Inventory {
    let InventoryPlace { place, encryption } = listed.place;
    let inventories = &route.migration.logging.inventory;
    Inventory {
        enabled: true,
        versions: "All".to_owned(),
        schedule: Some(inventories.schedule.as_str().to_owned()),
        filter: None,
        fields: FIELDS.into_iter().map(str::to_owned).collect(),
        bucket: listed.to.arn().to_string(),
        account: Some(listed.to.account.to_string()),
        prefix: Some(place.prefix.clone()).filter(|prefix| !prefix.is_empty()),
        format: inventories.format.as_str().to_owned(),
        encryption: encryption.as_ref().map(|of| match of {
            ListEncryption::SseS3 => InventoryEncryption::SseS3,
            ListEncryption::SseKms(key) => InventoryEncryption::SseKms(key.to_string()),
        }),
    }
}

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for listed in case.route.inventories() {
        let delivered = Delivered {
            what: "inventories",
            field: format!("logging.inventory.{}", listed.side.as_str()),
            to: &listed.to,
        };
        findings.extend(requester_pays(scene, &delivered));
        findings.extend(retained(scene, &delivered));
        findings.extend(list_keys::warns(scene, &listed, &delivered, future));
        findings.extend(too_many(scene, &listed, future));
    }
    findings
}

/// Lists that nobody can delete are billed until their time is over.
fn retained(scene: &Scene<'_>, of: &Delivered<'_>) -> Option<Finding> {
    lock(scene, of)?.default_retention.then(|| {
        finding(
            "inventory-bucket-retention",
            Warning,
            scene.names.address(&of.part(BucketPart::ObjectLock)),
            "inventories go to a bucket whose default retention keeps every list from being deleted until its time is over"
                .to_owned(),
            &format!("if this is not meant, {}", of.elsewhere()),
        )
    })
}

/// How many inventory configurations a bucket has (BC:s3 PutBucketInventoryConfiguration).
const MOST: usize = 1_000;

fn too_many(
    scene: &Scene<'_>,
    listed: &Recorded<'_, InventoryPlace>,
    future: &Future<'_>,
) -> Option<Finding> {
    let target = inventory_of(listed.of);
    let Some(Document::Inventories(after)) = future.document(&target) else {
        return None;
    };
    let count = after.len();
    (count > MOST).then(|| {
        finding(
            "too-many-inventories",
            Blocked,
            scene.names.address(&target),
            format!("the bucket would have {count} inventory configurations; S3 takes {MOST}"),
            "remove one that nobody needs",
        )
    })
}
