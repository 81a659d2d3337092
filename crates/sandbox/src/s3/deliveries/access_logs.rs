//! Server access logs: the calls of the log on buckets that have logging, as lines in their target buckets.
//!
//! The form is that of UG:LogFormat, with the fields added since (`aclRequired`); logs appear about an hour late.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::depot::put;
use crate::authority::{CallerKind, Source};
use crate::call_log::Told;
use crate::clock::stamp;
use crate::depot::{Delivery, Depot as _, Parcel};
use crate::s3::rules::acl::canonical_id;
use crate::s3::state::world::{Bucket, Store};
use crate::s3::xml::{self, Element};

/// The principal that policies name (UG:enable-server-access-logging).
const SERVICE: &str = "logging.s3.amazonaws.com";

/// "Most log records are delivered within a few hours" (UG:ServerLogs); an hour here.
const DELAY: Duration = Duration::from_secs(3600);

/// Where the logs of a bucket go.
struct Target {
    source: String,
    owner: Arc<str>,
    region: Arc<str>,
    bucket: String,
    prefix: String,
    format: Format,
}

/// How the keys of log objects are made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Simple,
    ByEventTime,
    ByDeliveryTime,
}

/// Delivers the logs that are due.
pub(crate) fn deliver(store: &Store) {
    let now = store.environment.clock.now();
    let Some(until) = now.checked_sub(DELAY) else {
        return;
    };
    let mut cursor = store.deliveries.logged();
    let told = store.environment.calls.told(*cursor, until);
    let Some(last) = told.last().map(|told| told.serial) else {
        return;
    };
    *cursor = last;
    // One object for each bucket, and for each day where days have folders.
    let mut logs: BTreeMap<(String, String), (Target, String)> = BTreeMap::new();
    for told in told
        .iter()
        .filter(|told| told.call.service == "s3" && told.call.status != 0)
    {
        let Some(target) = target(store, told) else {
            continue;
        };
        let day = match target.format {
            Format::ByEventTime => stamp(told.more.at, "%Y/%m/%d"),
            Format::Simple | Format::ByDeliveryTime => String::new(),
        };
        let line = line(told, &target);
        let log = logs.entry((target.source.clone(), day));
        log.or_insert_with(|| (target, String::new()))
            .1
            .push_str(&line);
    }
    for ((_, day), (target, lines)) in logs {
        deliver_log(store, &target, &day, lines, now);
    }
}

/// Finds the logging of the bucket, as it was when the call came.
fn target(store: &Store, told: &Told) -> Option<Target> {
    let name = told.call.resource.split('/').next().unwrap_or_default();
    let world = store.world();
    let bucket = world.buckets.get(name)?;
    let text = bucket.document_as_of(&("logging", String::new()), told.more.at)?;
    let root = xml::parse(text.as_bytes()).ok()?;
    let enabled = root.child("LoggingEnabled")?;
    Some(Target {
        source: name.to_owned(),
        owner: Arc::clone(&bucket.owner),
        region: Arc::clone(&bucket.region),
        bucket: enabled.text_of("TargetBucket")?.to_owned(),
        prefix: enabled
            .text_of("TargetPrefix")
            .unwrap_or_default()
            .to_owned(),
        format: format(enabled),
    })
}

/// Dates are those of events where nothing is said (BC:s3 PartitionedPrefix).
fn format(enabled: &Element) -> Format {
    let format = enabled.child("TargetObjectKeyFormat");
    let Some(partitioned) = format.and_then(|format| format.child("PartitionedPrefix")) else {
        return Format::Simple;
    };
    match partitioned.text_of("PartitionDateSource") {
        Some("DeliveryTime") => Format::ByDeliveryTime,
        _ => Format::ByEventTime,
    }
}

/// What cannot be delivered is lost: "best effort" (UG:ServerLogs).
fn deliver_log(store: &Store, target: &Target, day: &str, lines: String, now: SystemTime) {
    if !may_take(store, target) {
        return;
    }
    let key = key(store, target, day, now);
    let arn = format!("arn:aws:s3:::{}", target.source);
    let delivery = Delivery {
        service: SERVICE,
        bucket: &target.bucket,
        key: &key,
        source: Source {
            arn: &arn,
            account: &target.owner,
        },
        encryption: None,
    };
    let parcel = Parcel {
        body: Bytes::from(lines),
        content_type: "text/plain",
        content_encoding: None,
    };
    if store.takes(&delivery).is_ok() || has_grant(store, target) {
        // A failure is that of a key, and the log is lost as where nobody lets it in.
        let _ = put(store, &delivery, parcel);
    }
}

/// A target must not have default retention, nor let requesters pay, nor have keys of KMS as its default
/// (UG:enable-server-access-logging); the put is taken all the same (unverified), and no log arrives.
fn may_take(store: &Store, target: &Target) -> bool {
    let world = store.world();
    let Some(bucket) = world.buckets.get(&target.bucket) else {
        return false;
    };
    let setting = |document, path: &[&str]| bucket.setting(document, path);
    let default = ["Rule", "ApplyServerSideEncryptionByDefault", "SSEAlgorithm"];
    let kms = setting("encryption", &default).is_some_and(|name| name.starts_with("aws:kms"));
    let retention = setting("object-lock", &["Rule", "DefaultRetention", "Mode"]).is_some();
    let pays = setting("requestPayment", &["Payer"]) == Some("Requester");
    bucket.owner == target.owner && bucket.region == target.region && !kms && !retention && !pays
}

/// Where ACLs are on, a grant to the group of log delivery does in place of a policy (UG:enable-server-access-logging).
fn has_grant(store: &Store, target: &Target) -> bool {
    let world = store.world();
    let Some(bucket) = world.buckets.get(&target.bucket) else {
        return false;
    };
    !bucket.owner_enforced() && grants_write(bucket)
}

fn grants_write(bucket: &Bucket) -> bool {
    let acl = bucket.document("acl");
    let root = acl.and_then(|text| xml::parse(text.as_bytes()).ok());
    let list = root
        .as_ref()
        .and_then(|root| root.child("AccessControlList"));
    let mut grants = list.into_iter().flat_map(|list| &list.children);
    grants.any(|grant| {
        let grantee = grant
            .child("Grantee")
            .and_then(|grantee| grantee.text_of("URI"));
        let to_logs = grantee == Some("http://acs.amazonaws.com/groups/s3/LogDelivery");
        let permission = grant.text_of("Permission").unwrap_or_default();
        to_logs && ["WRITE", "FULL_CONTROL"].contains(&permission)
    })
}

/// `[prefix]YYYY-MM-DD-hh-mm-ss-UNIQUE`, or `[prefix]ACCOUNT/REGION/BUCKET/YYYY/MM/DD/` before it; by the time of events,
/// hours, minutes and seconds are 00 (UG:ServerLogs "Log object key format").
fn key(store: &Store, target: &Target, day: &str, now: SystemTime) -> String {
    let unique = store.deliveries.unique();
    let prefix = &target.prefix;
    let folder = format!("{}/{}/{}", target.owner, target.region, target.source);
    match target.format {
        Format::Simple => format!("{prefix}{}-{unique}", stamp(now, "%Y-%m-%d-%H-%M-%S")),
        Format::ByDeliveryTime => {
            let (day, time) = (stamp(now, "%Y/%m/%d"), stamp(now, "%Y-%m-%d-%H-%M-%S"));
            format!("{prefix}{folder}/{day}/{time}-{unique}")
        }
        Format::ByEventTime => {
            let time = day.replace('/', "-");
            format!("{prefix}{folder}/{day}/{time}-00-00-00-{unique}")
        }
    }
}

/// Keys are escaped twice over in logs where they hold what would break a line; once here.
const KEY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'%')
    .add(b'?')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'&')
    .add(b'+');

/// One record: space-delimited, what is unknown is `-` (UG:LogFormat).
fn line(told: &Told, target: &Target) -> String {
    let Told {
        call,
        more,
        replied,
        ..
    } = told;
    let (_, key) = call.resource.split_once('/').unwrap_or(("", ""));
    let or_dash = |text: &str| {
        if text.is_empty() {
            "-".to_owned()
        } else {
            text.to_owned()
        }
    };
    let number = |number: u64| {
        if number == 0 {
            "-".to_owned()
        } else {
            number.to_string()
        }
    };
    let quoted = |text: &str| format!("\"{}\"", or_dash(&text.replace('"', "%22")));
    let is_put = more.method == "PUT";
    let size = if is_put {
        Some(more.received)
    } else {
        replied.object_size
    };
    let size = size.filter(|_| !key.is_empty());
    let query = more.uri.split_once('?').map_or("", |(_, query)| query);
    let form = crate::wire::Form::parse(query);
    let (signature, tls) = match more.auth_type {
        "" => ("-", "-"),
        _ => ("SigV4", "TLSv1.3"),
    };
    // Plain HTTP counts as TLS 1.3 here, as for policies.
    let cipher = if tls == "-" {
        "-"
    } else {
        "TLS_AES_128_GCM_SHA256"
    };
    let fields = [
        canonical_id(&target.owner),
        target.source.clone(),
        stamp(more.at, "[%d/%b/%Y:%H:%M:%S +0000]"),
        if more.of_aws {
            "-".to_owned()
        } else {
            "127.0.0.1".to_owned()
        },
        requester(told),
        or_dash(&replied.request_id),
        operation(told),
        or_dash(&utf8_percent_encode(key, KEY).to_string()),
        quoted(&if more.method.is_empty() {
            String::new()
        } else {
            format!("{} {} HTTP/1.1", more.method, more.uri)
        }),
        call.status.to_string(),
        or_dash(call.error_code.as_deref().unwrap_or_default()),
        number(replied.sent),
        size.map_or_else(|| "-".to_owned(), number),
        replied.millis.to_string(),
        replied.millis.to_string(),
        quoted(&more.referer),
        quoted(&more.user_agent),
        or_dash(form.get("versionId").unwrap_or_default()),
        or_dash(&replied.host_id),
        signature.to_owned(),
        cipher.to_owned(),
        or_dash(more.auth_type),
        or_dash(&more.host),
        tls.to_owned(),
        "-".to_owned(),
        "-".to_owned(),
    ];
    fields.join(" ") + "\n"
}

fn requester(told: &Told) -> String {
    let Some(caller) = &told.more.caller else {
        return "-".to_owned();
    };
    match caller.kind {
        CallerKind::Root => canonical_id(&caller.account),
        CallerKind::User | CallerKind::AssumedRole => caller.arn.clone(),
        CallerKind::Service => format!("svc:{}", caller.arn),
        CallerKind::Anonymous => "-".to_owned(),
    }
}

/// The resources of `REST.METHOD.RESOURCE` that are not `BUCKET` or `OBJECT`, by the call's query; as logs show them
/// (UG:LogFormat's examples for the first three; the others unverified).
const RESOURCES: [(&str, &str); 22] = [
    ("versioning", "VERSIONING"),
    ("logging", "LOGGING_STATUS"),
    ("policy", "BUCKETPOLICY"),
    ("policyStatus", "POLICY_STATUS"),
    ("acl", "ACL"),
    ("location", "LOCATION"),
    ("lifecycle", "LIFECYCLE"),
    ("notification", "NOTIFICATION"),
    ("replication", "REPLICATION"),
    ("encryption", "ENCRYPTION"),
    ("tagging", "TAGGING"),
    ("cors", "CORS"),
    ("website", "WEBSITE"),
    ("requestPayment", "REQUEST_PAYMENT"),
    ("accelerate", "ACCELERATE"),
    ("object-lock", "OBJECT_LOCK_CONFIGURATION"),
    ("publicAccessBlock", "PUBLIC_ACCESS_BLOCK"),
    ("ownershipControls", "OWNERSHIP_CONTROLS"),
    ("inventory", "INVENTORY"),
    ("versions", "BUCKETVERSIONS"),
    ("uploads", "UPLOADS"),
    ("attributes", "OBJECT_ATTRIBUTES"),
];

fn operation(told: &Told) -> String {
    let (call, more) = (&told.call, &told.more);
    let method = more.method.as_str();
    let query = more.uri.split_once('?').map_or("", |(_, query)| query);
    let form = crate::wire::Form::parse(query);
    let found = RESOURCES
        .iter()
        .find(|(name, _)| form.has(name))
        .map(|(_, resource)| *resource);
    let on_object = call.resource.contains('/');
    match (call.operation.as_str(), found) {
        ("CopyObject", _) => "REST.COPY.OBJECT".to_owned(),
        ("UploadPartCopy", _) => "REST.COPY.PART".to_owned(),
        ("UploadPart", _) => "REST.PUT.PART".to_owned(),
        ("DeleteObjects", _) => "REST.POST.MULTI_OBJECT_DELETE".to_owned(),
        ("CompleteMultipartUpload" | "AbortMultipartUpload" | "ListParts", _) => {
            format!("REST.{method}.UPLOAD")
        }
        (_, Some("TAGGING")) if on_object => format!("REST.{method}.OBJECT_TAGGING"),
        (_, Some(resource)) => format!("REST.{method}.{resource}"),
        _ if method.is_empty() => {
            format!("REST.PUT.{}", if on_object { "OBJECT" } else { "BUCKET" })
        }
        _ => format!(
            "REST.{method}.{}",
            if on_object { "OBJECT" } else { "BUCKET" }
        ),
    }
}
