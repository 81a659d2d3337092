//! S3 Inventory: reports of what lies in a bucket, put where its configurations say, on the clock.
//!
//! A report is a list, a manifest, its MD5 and a symlink for Hive (UG:storage-inventory-location). The first comes a day after
//! the configuration, then one each day or each Sunday (UG:storage-inventory: within 48 hours).

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde_json::json;

use super::inventory_formats::{self, Written};
use super::inventory_list::List;
use crate::authority::Source;
use crate::clock::stamp;
use crate::depot::{Delivery, Depot as _, Parcel};
use crate::s3::checksum::md5;
use crate::s3::state::inventory::Inventory;
use crate::s3::state::world::Store;
use crate::s3::xml;

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
    list: Written,
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
    let list = List::of(name, bucket, &inventory);
    Some(Report {
        list: inventory_formats::write(&list, inventory.format)?,
        source: name.to_owned(),
        owner: bucket.owner.to_string(),
        inventory,
    })
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
    let Written {
        format,
        schema,
        ending,
        data,
    } = &report.list;
    let key = format!("{folder}/data/{}.{ending}", store.deliveries.uuid());
    let manifest = json!({
        "sourceBucket": report.source, "destinationBucket": report.inventory.bucket_arn, "version": "2016-11-30",
        "creationTimestamp": millis(now).to_string(), "fileFormat": format, "fileSchema": schema,
        "files": [{ "key": key, "size": data.len(), "MD5checksum": hex_md5(data) }],
    });
    let manifest = Bytes::from(format!("{manifest:#}"));
    let at = stamp(now, "%Y-%m-%dT%H-%MZ");
    let checksum = Bytes::from(hex_md5(&manifest));
    let link = format!("s3://{}/{key}\n", report.inventory.bucket());
    let hive = format!(
        "{folder}/hive/dt={}/symlink.txt",
        stamp(now, "%Y-%m-%d-%H-%M")
    );
    put_one(
        store,
        report,
        &key,
        (data.clone(), "application/octet-stream"),
    )?;
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
