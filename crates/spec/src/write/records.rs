//! What watches a migration and writes down of it, as values.

use s3ferry_core::data_events::DataEvents;
use s3ferry_core::spec::{
    Above, AccessLogs, AlarmSpec, AthenaSpec, Backfill, Depth, Inventories, InventoryPlace,
    ListEncryption, LogPlace, Logging, Monitoring, Share, Sides, TrailPlace, Trails, VerifySpec,
};
use serde_yaml::{Mapping, Value};

use super::encode::{list, map, text};
use crate::table::monitoring::THRESHOLDS;

pub(super) fn monitoring(monitoring: &Monitoring) -> Option<Value> {
    let alarms = match monitoring {
        Monitoring::Unset => return None,
        Monitoring::None { reason } => return Some(map([("none", text(reason))]).into()),
        Monitoring::Alarms(alarms) => alarms,
    };
    let AlarmSpec {
        account,
        notify_source,
        notify_destination,
        events,
        failed_operations,
        latency,
        pending_operations,
        pending_bytes,
        prove,
    } = &**alarms;
    // The others have one word for all: that of the first.
    let missing_data = latency.missing_data;
    let Above {
        threshold,
        missing_data: of_failed,
    } = failed_operations;
    let failed = map([
        ("above", Some((*threshold).into())),
        (
            "missing_data",
            (*of_failed != missing_data)
                .then(|| text(of_failed.as_str()))
                .flatten(),
        ),
    ]);
    let notify = map([
        ("source", list(notify_source)),
        ("destination", list(notify_destination)),
    ]);
    let fields = map([
        ("account", account.as_ref().and_then(text)),
        ("notify", Some(notify.into())),
        ("events", events.as_ref().and_then(text)),
        ("failed_operations", Some(failed.into())),
        (
            "latency",
            text(with_unit(latency.threshold, &["d", "h", "m", "s"])),
        ),
        (
            "pending_operations",
            Some(pending_operations.threshold.into()),
        ),
        (
            "pending_bytes",
            text(with_unit(
                pending_bytes.threshold,
                &["TiB", "GiB", "MiB", "KiB", "B"],
            )),
        ),
        ("missing_data", text(missing_data.as_str())),
        ("prove", Some((*prove).into())),
    ]);
    Some(fields.into())
}

/// A number with the largest of these units that it is a multiple of; the default of the table is written so, too.
fn with_unit(number: u64, units: &[&str]) -> String {
    let times = |unit: &str| {
        let mut known = THRESHOLDS.iter();
        known
            .find(|(name, _)| *name == unit)
            .map_or(1, |(_, times)| *times)
    };
    let fits = |unit: &&&str| number > 0 && number.is_multiple_of(times(unit));
    let last = units.last().copied().unwrap_or_default();
    let unit = units.iter().find(fits).copied().unwrap_or(last);
    format!("{}{unit}", number / times(unit))
}

pub(super) fn backfill(backfill: &Backfill) -> Mapping {
    let Backfill {
        scope,
        confirm,
        priority,
        report,
        manifest,
    } = backfill;
    let place = |of: &LogPlace| place(of, None).into();
    map([
        ("scope", text(scope.as_str())),
        ("confirm", Some((*confirm).into())),
        ("priority", Some((*priority).into())),
        ("report", report.as_ref().map(place)),
        ("manifest", manifest.as_ref().map(place)),
    ])
}

pub(super) fn verify(verify: &VerifySpec) -> Mapping {
    let VerifySpec {
        depth,
        compare,
        content,
        max_age,
        reports: Sides {
            source,
            destination,
        },
        confirm,
        athena,
    } = verify;
    let place = |of: &LogPlace| place(of, None).into();
    let reports = map([
        ("source", source.as_ref().map(place)),
        ("destination", destination.as_ref().map(place)),
    ]);
    let unsaid = match depth {
        Depth::Content => Share::ALL,
        Depth::Listing | Depth::Checksum | Depth::Computed => Share::NONE,
    };
    map([
        ("depth", text(depth.as_str())),
        ("compare", list(compare.iter().map(|of| of.as_str()))),
        (
            "sample_content",
            (*content != unsaid).then(|| text(content)).flatten(),
        ),
        ("max_age", text(with_unit(*max_age, &["h", "m", "s"]))),
        ("reports", Some(reports.into())),
        ("confirm", Some((*confirm).into())),
        ("athena", athena.as_ref().map(|of| queries(of).into())),
    ])
}

fn queries(athena: &AthenaSpec) -> Mapping {
    let AthenaSpec {
        account,
        workgroup,
        database,
        output,
    } = athena;
    map([
        ("account", account.as_ref().and_then(text)),
        ("workgroup", text(workgroup)),
        ("database", text(database)),
        ("output", Some(place(output, None).into())),
    ])
}

pub(super) fn logging(logging: &Logging) -> Mapping {
    let Logging {
        access,
        cloudtrail,
        inventory,
    } = logging;
    map([
        ("access", Some(access_logs(access).into())),
        ("cloudtrail", Some(trails(cloudtrail).into())),
        ("inventory", Some(inventories(inventory).into())),
    ])
}

fn access_logs(logs: &AccessLogs) -> Mapping {
    let AccessLogs {
        to: Sides {
            source,
            destination,
        },
        key_format,
    } = logs;
    let place = |of: &LogPlace| place(of, None).into();
    map([
        ("source", source.as_ref().map(place)),
        ("destination", destination.as_ref().map(place)),
        ("key_format", text(key_format.as_str())),
    ])
}

fn trails(trails: &Trails) -> Mapping {
    let Trails {
        to: Sides {
            source,
            destination,
        },
        events,
    } = trails;
    let write_only = match events {
        DataEvents::All => false,
        DataEvents::Writes => true,
    };
    let traced = |of: &TrailPlace| {
        let TrailPlace { trail, home, to } = of;
        map([
            ("trail", text(trail)),
            ("bucket", to.as_ref().and_then(|to| text(&to.bucket))),
            ("prefix", to.as_ref().and_then(|to| text(&to.prefix))),
            ("region", home.as_ref().and_then(text)),
        ])
        .into()
    };
    map([
        ("source", source.as_ref().map(traced)),
        ("destination", destination.as_ref().map(traced)),
        ("write_only", Some(write_only.into())),
    ])
}

fn inventories(lists: &Inventories) -> Mapping {
    let Inventories {
        to: Sides {
            source,
            destination,
        },
        format,
        schedule,
    } = lists;
    let listed = |of: &InventoryPlace| {
        let InventoryPlace { place, encryption } = of;
        let encryption = encryption.as_ref().map(|of| match of {
            ListEncryption::SseS3 => Value::from("sse-s3"),
            ListEncryption::SseKms(key) => map([("kms_key", text(key))]).into(),
        });
        self::place(place, encryption).into()
    };
    map([
        ("source", source.as_ref().map(listed)),
        ("destination", destination.as_ref().map(listed)),
        ("format", text(format.word())),
        ("schedule", text(schedule.word())),
    ])
}

fn place(place: &LogPlace, encryption: Option<Value>) -> Mapping {
    let LogPlace { bucket, prefix } = place;
    map([
        ("bucket", text(bucket)),
        ("prefix", text(prefix)),
        ("encryption", encryption),
    ])
}
