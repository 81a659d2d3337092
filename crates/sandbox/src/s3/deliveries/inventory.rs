//! S3 Inventory: reports of what lies in a bucket, put where its configurations say, on the clock.
//!
//! A report is a list in CSV, a manifest, its MD5 and a symlink for Hive (UG:storage-inventory-location). The first comes a
//! day after the configuration, then one each day or each Sunday (UG:storage-inventory: within 48 hours).

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde_json::json;

use crate::authority::Source;
use crate::clock::{iso_millis, seconds, stamp};
use crate::depot::{Delivery, Depot as _, Parcel};
use crate::gzip::gzip;
use crate::s3::checksum::md5;
use crate::s3::rules::acl::canonical_id;
use crate::s3::state::inventory::Inventory;
use crate::s3::state::version::{Encryption, NULL_VERSION, Version};
use crate::s3::state::world::{Bucket, Store};
use crate::s3::xml;
use crate::wire::form::form_encoded;

/// The principal that policies name (UG:example-bucket-policies).
const SERVICE: &str = "s3.amazonaws.com";

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Delivers the reports that are due.
pub(crate) fn deliver(store: &Store) {
    let now = store.environment.clock.now();
    if !store.deliveries.is_time_to_look(now) {
        return;
    }
    for (bucket, id) in due(store, now) {
        if let Some(report) = report(store, &bucket, &id) {
            // What is not let in is not there: the console tells it, and no API does.
            let _ = put(store, &report, now);
        }
    }
}

/// Notes which reports are made now, so that none is made twice.
fn due(store: &Store, now: SystemTime) -> Vec<(String, String)> {
    let mut reported = store.deliveries.reported();
    let world = store.world();
    let mut due = Vec::new();
    for (name, bucket) in &world.buckets {
        for ((query, id), history) in &bucket.documents {
            let text = history.latest().as_ref().clone();
            let (Some(text), "inventory") = (text, *query) else {
                continue;
            };
            let root = xml::parse(text.as_bytes()).ok();
            let Some(inventory) = root.and_then(|root| Inventory::parse(&root)) else {
                continue;
            };
            let key = (name.clone(), id.clone());
            let since = *reported.entry(key.clone()).or_insert(now);
            if inventory.enabled && next(since, inventory.weekly, now) {
                reported.insert(key.clone(), now);
                due.push(key);
            }
        }
    }
    due
}

/// A day after the last, and of weekly ones the first Sunday from then on.
fn next(since: SystemTime, weekly: bool, now: SystemTime) -> bool {
    let day_passed = now.duration_since(since).is_ok_and(|passed| passed >= DAY);
    if !weekly || !day_passed {
        return day_passed;
    }
    // 1970 began on a Thursday: three days later was the first Sunday.
    let days = |time: SystemTime| {
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs() / DAY.as_secs())
    };
    let week = |time| (days(time) + 4) / 7;
    week(now) > week(since)
}

/// A list of a bucket.
struct Report {
    inventory: Inventory,
    source: String,
    owner: String,
    schema: String,
    rows: String,
}

fn report(store: &Store, name: &str, id: &str) -> Option<Report> {
    let world = store.world();
    let bucket = world.buckets.get(name)?;
    let text =
        bucket.document_as_of(&("inventory", id.to_owned()), store.environment.clock.now())?;
    let inventory = Inventory::parse(&xml::parse(text.as_bytes()).ok()?)?;
    let destination = world.buckets.get(inventory.bucket())?;
    let expected = inventory.account.as_deref();
    let same_owner = expected.is_none_or(|account| account == &*destination.owner);
    if destination.region != bucket.region || !same_owner {
        return None;
    }
    Some(Report {
        schema: schema(&inventory),
        rows: rows(name, bucket, &inventory),
        source: name.to_owned(),
        owner: bucket.owner.to_string(),
        inventory,
    })
}

/// The columns, in AWS's order: `Bucket, Key`, those of versions, and the optional ones as the configuration has them.
fn schema(inventory: &Inventory) -> String {
    let mut columns = vec!["Bucket", "Key"];
    if inventory.all_versions {
        columns.extend(["VersionId", "IsLatest", "IsDeleteMarker"]);
    }
    columns.extend(inventory.fields.iter().map(String::as_str));
    columns.join(", ")
}

fn rows(name: &str, bucket: &Bucket, inventory: &Inventory) -> String {
    let mut rows = String::new();
    let from = inventory.prefix.as_str();
    for (key, versions) in &bucket.objects {
        if !key.starts_with(from) {
            continue;
        }
        for (at, version) in versions.newest_first().enumerate() {
            let latest = at == 0;
            let listed = inventory.all_versions || (latest && !version.is_marker());
            if listed {
                rows.push_str(&row(name, key, version, latest, inventory));
            }
        }
    }
    rows
}

fn row(bucket: &str, key: &str, version: &Version, latest: bool, inventory: &Inventory) -> String {
    // UG:storage-inventory: keys are URL-encoded in CSV.
    let key = form_encoded(key);
    let mut fields = vec![bucket.to_owned(), key];
    if inventory.all_versions {
        // Null versions have an empty id (UG:inventory-configure-bops).
        let id = if &*version.id == NULL_VERSION {
            ""
        } else {
            &version.id
        };
        fields.extend([
            id.to_owned(),
            latest.to_string(),
            version.is_marker().to_string(),
        ]);
    }
    fields.extend(inventory.fields.iter().map(|field| value(field, version)));
    let quoted: Vec<String> = fields
        .iter()
        .map(|field| format!("\"{}\"", field.replace('"', "\"\"")))
        .collect();
    quoted.join(",") + "\n"
}

/// What a marker does not have is empty, as what the sandbox does not know.
fn value(field: &str, version: &Version) -> String {
    match field {
        "LastModifiedDate" => return iso_millis(seconds(version.modified)),
        "ObjectOwner" => return canonical_id(&version.owner),
        "ReplicationStatus" => {
            return version
                .replication
                .map_or_else(String::new, |status| status.as_str().to_owned());
        }
        _ => {}
    }
    let Some(object) = &version.object else {
        return String::new();
    };
    let lock = object.lock.as_deref();
    match field {
        "Size" => object.content.body.size().to_string(),
        "ETag" => object.etag.to_string(),
        "StorageClass" => object.storage_class.to_string(),
        "IsMultipartUploaded" => (!object.content.parts.is_empty()).to_string(),
        "EncryptionStatus" => match &object.encryption {
            Encryption::S3 => "SSE-S3",
            Encryption::Kms { dual: true, .. } => "DSSE-KMS",
            Encryption::Kms { .. } => "SSE-KMS",
            Encryption::Customer { .. } => "SSE-C",
        }
        .to_owned(),
        "BucketKeyStatus" => match &object.encryption {
            Encryption::Kms {
                bucket_key: true, ..
            } => "ENABLED",
            Encryption::S3 | Encryption::Kms { .. } | Encryption::Customer { .. } => "DISABLED",
        }
        .to_owned(),
        "ChecksumAlgorithm" => {
            let checksum = object.content.checksum.as_ref();
            checksum.map_or_else(String::new, |checksum| {
                checksum.algorithm.as_str().to_owned()
            })
        }
        "ObjectLockRetainUntilDate" => {
            let until = lock.and_then(|lock| lock.retain_until);
            until.map_or_else(String::new, |until| iso_millis(seconds(until)))
        }
        "ObjectLockMode" => lock
            .and_then(|lock| lock.mode.as_deref())
            .unwrap_or_default()
            .to_owned(),
        "ObjectLockLegalHoldStatus" => match lock.and_then(|lock| lock.legal_hold) {
            Some(true) => "ON".to_owned(),
            Some(false) => "OFF".to_owned(),
            None => String::new(),
        },
        _ => String::new(),
    }
}

fn put(store: &Store, report: &Report, now: SystemTime) -> Result<(), crate::depot::Undelivered> {
    let prefix = report
        .inventory
        .destination_prefix
        .as_deref()
        .unwrap_or_default();
    let prefix = prefix.trim_end_matches('/');
    let folder = if prefix.is_empty() {
        String::new()
    } else {
        format!("{prefix}/")
    };
    let folder = format!("{folder}{}/{}", report.source, report.inventory.id);
    let data = gzip(report.rows.as_bytes());
    let key = format!("{folder}/data/{}.csv.gz", store.deliveries.uuid());
    let manifest = json!({
        "sourceBucket": report.source, "destinationBucket": report.inventory.bucket_arn, "version": "2016-11-30",
        "creationTimestamp": millis(now).to_string(), "fileFormat": "CSV", "fileSchema": report.schema,
        "files": [{ "key": key, "size": data.len(), "MD5checksum": hex_md5(&data) }],
    });
    let manifest = Bytes::from(format!("{manifest:#}"));
    let at = stamp(now, "%Y-%m-%dT%H-%MZ");
    let checksum = Bytes::from(hex_md5(&manifest));
    let link = format!("s3://{}/{key}\n", report.inventory.bucket());
    let hive = format!(
        "{folder}/hive/dt={}/symlink.txt",
        stamp(now, "%Y-%m-%d-%H-%M")
    );
    put_one(store, report, &key, (data, "application/octet-stream"))?;
    put_one(store, report, &hive, (Bytes::from(link), "text/plain"))?;
    put_one(
        store,
        report,
        &format!("{folder}/{at}/manifest.json"),
        (manifest, "application/json"),
    )?;
    put_one(
        store,
        report,
        &format!("{folder}/{at}/manifest.checksum"),
        (checksum, "text/plain"),
    )
}

fn put_one(
    store: &Store,
    report: &Report,
    key: &str,
    (body, content_type): (Bytes, &'static str),
) -> Result<(), crate::depot::Undelivered> {
    let arn = format!("arn:aws:s3:::{}", report.source);
    let context = format!("arn:aws:s3:::{}/{key}", report.inventory.bucket());
    let kms = report.inventory.key.as_deref();
    let delivery = Delivery {
        service: SERVICE,
        bucket: report.inventory.bucket(),
        key,
        source: Source {
            arn: &arn,
            account: &report.owner,
        },
        encryption: kms.map(|kms| (kms, ("aws:s3:arn", context.as_str()))),
    };
    let parcel = Parcel {
        body,
        content_type,
        content_encoding: None,
    };
    store.deliver(&delivery, parcel)
}

fn hex_md5(bytes: &Bytes) -> String {
    hex::encode(md5(std::slice::from_ref(bytes)))
}

fn millis(time: SystemTime) -> u128 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis())
}
