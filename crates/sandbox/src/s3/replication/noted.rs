//! What the logs of AWS tell of replication: S3's calls under the role, at the source and at the destination, and the
//! notification of an operation that failed.
//!
//! "AWS CloudTrail ... and access logs" show them at both buckets (UG26:replication-requirements). unverified: that the calls go
//! by the names of a client's, and that a denied one has the code of a client's.

use super::permissions::Reason;
use crate::authority::Caller;
use crate::call_log::CallRecord;
use crate::particulars::{Particulars, Replied};
use crate::s3::notifications::{Happening, Replicated, tell};
use crate::s3::state::queue::{Job, Work};
use crate::s3::state::replication::Rule;
use crate::s3::state::world::Store;

/// Enters what was done for one rule.
pub(crate) fn note(store: &Store, job: &Job, rule: &Rule, outcome: Result<(), Reason>) {
    let authority = &store.environment.authority;
    let role = authority.assume_as_service("s3.amazonaws.com", &job.configuration.role);
    if let Ok(role) = role {
        let reason = outcome.err().unwrap_or_default();
        let at_source = reason.starts_with("Src");
        let denied = reason.ends_with("NotPermitted");
        if job.work == Work::Object {
            enter(
                store,
                &role,
                ("GetObject", &job.bucket, &job.key),
                at_source && denied,
            );
        }
        if !at_source && (outcome.is_ok() || denied) {
            let name = match job.work {
                Work::Object => "PutObject",
                Work::DeleteMarker => "DeleteObject",
                Work::Metadata => "PutObjectTagging",
            };
            enter(
                store,
                &role,
                (name, rule.destination_bucket(), &job.key),
                denied,
            );
        }
    }
    if let Err(reason) = outcome {
        tell_failure(store, job, rule, reason);
    }
}

fn enter(store: &Store, role: &Caller, (operation, bucket, key): (&str, &str, &str), denied: bool) {
    let environment = &store.environment;
    let (region, size) = {
        let world = store.world();
        let Some(bucket) = world.buckets.get(bucket) else {
            return;
        };
        let object = bucket
            .version(key, None)
            .and_then(|version| version.object.as_ref());
        let size = object.map(|object| object.content.body.size());
        (bucket.region.to_string(), size)
    };
    let method = match operation {
        "GetObject" => "GET",
        "DeleteObject" => "DELETE",
        _ => "PUT",
    };
    let call = CallRecord {
        seq: 0,
        service: "s3".to_owned(),
        operation: operation.to_owned(),
        account: role.account.clone(),
        caller: role.arn.clone(),
        region,
        resource: format!("{bucket}/{key}"),
        status: if denied { 403 } else { 200 },
        error_code: denied.then(|| "AccessDenied".to_owned()),
        at_ms: 0,
    };
    let more = Particulars {
        caller: Some(role.clone()),
        method: method.to_owned(),
        uri: format!("/{bucket}/{key}"),
        received: size.unwrap_or_default(),
        ..Particulars::of_aws(environment.clock.now())
    };
    let replied = Replied {
        request_id: store.deliveries.unique(),
        object_size: size,
        message: if denied {
            "Access Denied".to_owned()
        } else {
            String::new()
        },
        ..Replied::default()
    };
    environment.calls.note(call, more, replied);
}

/// Rules with metrics, or with replication time control, tell of what fails (UG:replication-metrics).
fn tell_failure(store: &Store, job: &Job, rule: &Rule, reason: Reason) {
    let destination = &rule.destination;
    let metrics = destination.metrics.is_some_and(|metrics| metrics.enabled);
    let time = destination.time.is_some_and(|time| time.enabled);
    if !metrics && !time {
        return;
    }
    let happening = Happening {
        event: "Replication:OperationFailedReplication",
        bucket: &job.bucket,
        key: &job.key,
        version_id: Some(&job.version_id),
        etag: None,
        size: None,
        caller: None,
        replication: Some(Replicated {
            rule: rule.id.as_deref().unwrap_or_default(),
            destination: &destination.bucket,
            operation: match job.work {
                Work::Object => "OBJECT_PUT",
                Work::DeleteMarker => "OBJECT_DELETE",
                Work::Metadata => "OBJECT_TAGGING",
            },
            reason,
        }),
    };
    tell(store, &happening);
}
