//! Server access logs of both buckets.

use std::collections::BTreeSet;

use super::places::{Delivered, lock, requester_pays};
use super::{mark, takes};
use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::ids::MigrationName;
use crate::merge::advice::{guards_line, quoted};
use crate::migration::{Case, Sight, finding};
use crate::model::kinds::{BucketLogging, LogKeys};
use crate::model::{BucketPart, BucketRef, Document, Observed, Target};
use crate::ownership::Markers;
use crate::policy::generate::access_log_statement;
use crate::route::{Recorded, Route, Side};
use crate::scene::Scene;
use crate::spec::{KeyFormat, LogPlace};
use crate::wanted::{Items, Wanted};
use FindingLevel::{Blocked, Note};

/// The logging of what is logged and of where the logs go; and where logs go otherwise than the spec says, the policy that tells
/// whose that logging is.
pub(super) fn reads(route: &Route<'_>, seen: Sight<'_>) -> Vec<Target> {
    let of = |logged: Recorded<'_, LogPlace>| {
        let mut targets = vec![logging_of(logged.of), logging_of(&logged.to)];
        let has_grants = seen.says(|seen| {
            let live = live(seen, logged.of);
            live.is_some_and(|live| !live.grants.is_empty())
        });
        if has_grants {
            let ownership = BucketPart::Ownership;
            targets.push(Target::Bucket(logged.to.clone(), ownership));
        }
        if let Sight::SoFar(seen) = seen {
            let other = live(seen, logged.of).and_then(BucketLogging::to);
            targets.extend(other.map(|bucket| {
                let other = BucketRef {
                    bucket,
                    ..logged.of.clone()
                };
                Target::Bucket(other, BucketPart::Policy)
            }));
        }
        targets
    };
    route.access_logs().into_iter().flat_map(of).collect()
}

fn logging_of(bucket: &BucketRef) -> Target {
    Target::Bucket(bucket.clone(), BucketPart::Logging)
}

fn live<'a>(seen: &'a Observed, bucket: &BucketRef) -> Option<&'a BucketLogging> {
    match seen.document(&logging_of(bucket)) {
        Some(Document::Logging(live)) => Some(live),
        _ => None,
    }
}

pub(super) fn wants(scene: &Scene<'_>, case: &Case<'_>) -> Items {
    let route = case.route;
    let mut items = Items::new();
    for logged in route.access_logs() {
        let sid = sid(&scene.markers, route.name, logged.side);
        let LogPlace { bucket, prefix } = logged.place;
        let statement = access_log_statement(sid, logged.of, bucket, prefix);
        items.extend(takes(route, &logged.to, statement));
        let wanted = BucketLogging {
            bucket: bucket.to_string(),
            prefix: prefix.clone(),
            keys: Some(log_keys(route.migration.logging.access.key_format)),
            grants: BTreeSet::new(),
        };
        items.push((logging_of(logged.of), Wanted::Logging(wanted)));
    }
    items
}

/// The Sid of the statement that lets a migration's access logs come.
pub(crate) fn sid(markers: &Markers, migration: &MigrationName, side: Side) -> String {
    let words = match side {
        Side::Source => "SourceAccessLogs",
        Side::Destination => "DestinationAccessLogs",
    };
    format!("{}{words}", markers.sid_prefix(migration))
}

/// The kind of keys of live access logging, as a spec has it.
pub(crate) fn key_format(keys: Option<&LogKeys>) -> KeyFormat {
    match keys {
        None | Some(LogKeys::Simple) => KeyFormat::Simple,
        Some(LogKeys::Partitioned(Some(date))) if date != LogKeys::DEFAULT_DATE => {
            KeyFormat::DeliveryTime
        }
        Some(LogKeys::Partitioned(_)) => KeyFormat::EventTime,
    }
}

fn log_keys(format: KeyFormat) -> LogKeys {
    match format {
        KeyFormat::Simple => LogKeys::Simple,
        KeyFormat::EventTime => LogKeys::Partitioned(Some("EventTime".to_owned())),
        KeyFormat::DeliveryTime => LogKeys::Partitioned(Some("DeliveryTime".to_owned())),
    }
}

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for logged in case.route.access_logs() {
        let delivered = Delivered {
            what: "access logs",
            field: format!("logging.access.{}", logged.side.as_str()),
            to: &logged.to,
        };
        findings.extend(requester_pays(scene, &delivered));
        findings.extend(locked(scene, &delivered));
        findings.extend(encrypted(scene, &delivered));
        findings.extend(circle(scene, &logged, &delivered, future));
        findings.extend(as_found(scene, &logged));
    }
    findings
}

/// UG:object-lock-managing, "S3 buckets with Object Lock can't be used as destination buckets for server access logs".
fn locked(scene: &Scene<'_>, of: &Delivered<'_>) -> Option<Finding> {
    lock(scene, of)?;
    Some(finding(
        "log-bucket-object-lock",
        Blocked,
        scene.names.address(&of.part(BucketPart::ObjectLock)),
        "access logs go to a bucket with Object Lock: S3 does not deliver there".to_owned(),
        &format!("{}; Object Lock cannot be disabled", of.elsewhere()),
    ))
}

/// UG:enable-server-access-logging: default encryption of the bucket that logs go to may be SSE-S3 alone.
fn encrypted(scene: &Scene<'_>, of: &Delivered<'_>) -> Option<Finding> {
    let target = of.part(BucketPart::Encryption);
    let Some(Document::Encryption(live)) = scene.observed.document(&target) else {
        return None;
    };
    let algorithm = &live.algorithm;
    (algorithm != "AES256").then(|| {
        finding(
            "log-bucket-kms",
            Blocked,
            scene.names.address(&target),
            format!(
                "access logs go to a bucket that encrypts with {algorithm} by default: S3 delivers them only where that is SSE-S3"
            ),
            &format!("set its default encryption to SSE-S3\nor {}", of.elsewhere()),
        )
    })
}

/// Logs of logs have no end: each delivery is a request, which is logged (UG:ServerLogs, "infinite loop of logs").
fn circle(
    scene: &Scene<'_>,
    logged: &Recorded<'_, LogPlace>,
    delivered: &Delivered<'_>,
    future: &Future<'_>,
) -> Option<Finding> {
    let target = logging_of(&logged.to);
    let Some(Document::Logging(onward)) = future.document(&target) else {
        return None;
    };
    let to = onward.to()?;
    let whose = if to == logged.to.bucket {
        "into itself"
    } else if to == logged.of.bucket {
        "into the bucket whose logs it takes"
    } else {
        return None;
    };
    Some(finding(
        "log-circle",
        Blocked,
        scene.names.address(&target),
        format!(
            "access logs go to a bucket that is logged {whose}: every log that is delivered makes another one, without end"
        ),
        &format!(
            "switch the access logging of {} off, or let its logs go elsewhere\nor {}",
            logged.to.bucket,
            delivered.elsewhere()
        ),
    ))
}

/// Logging that somebody set up as the spec says it is left as it is, and is the spec's from now on.
fn as_found(scene: &Scene<'_>, logged: &Recorded<'_, LogPlace>) -> Option<Finding> {
    let live = live(scene.observed, logged.of)?;
    let LogPlace { bucket, prefix } = logged.place;
    let is_there = live.bucket == bucket.as_str() && live.prefix == *prefix;
    let target = logging_of(logged.of);
    let address = scene.names.address(&target);
    let known = mark::is_ours(scene, logged.of, live) || scene.adopts(&address);
    (is_there && !known).then(|| {
        let adopt = guards_line(&[("adopt", quoted([&address]))]);
        finding(
            "logging-as-found",
            Note,
            address.clone(),
            "access logs go where the spec says already, and not by this spec: it takes the logging over, with a statement of its own in the policy of that bucket".to_owned(),
            &format!("nothing needs to be done; it would be switched off again, and counted by guards.max_deletes, when it leaves the spec\nto say that this is meant, {adopt}"),
        )
    })
}
