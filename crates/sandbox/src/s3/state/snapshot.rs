//! The state of S3 as JSON, for tests: the same for the same calls.

use serde_json::{Map, Value, json};

use super::batch::job::Job;
use super::version::{Encryption, Version};
use super::world::{Bucket, Store};

/// Returns every bucket with its configuration and versions.
pub(crate) fn snapshot(store: &Store) -> Value {
    let world = store.world();
    let buckets = world
        .buckets
        .iter()
        .map(|(name, bucket)| (name.clone(), bucket_state(bucket)));
    let buckets = buckets.collect::<Map<String, Value>>();
    let jobs = store.jobs.all();
    json!({ "buckets": buckets, "jobs": jobs.iter().map(job_state).collect::<Vec<_>>() })
}

fn job_state(job: &Job) -> Value {
    json!({
        "id": job.id, "account": job.account, "region": job.region, "operation": job.request.operation.name(),
        "status": job.status.as_str(), "priority": job.priority, "tags": job.tags,
        "tasks": job.tasks.as_ref().map(|tasks| tasks.len()), "ran": job.ran, "failed": job.failed,
    })
}

fn bucket_state(bucket: &Bucket) -> Value {
    let documents = bucket
        .documents
        .iter()
        .filter_map(|((query, id), history)| {
            let text = history.latest().as_ref().clone()?;
            let name = if id.is_empty() {
                (*query).to_owned()
            } else {
                format!("{query}/{id}")
            };
            Some((name, Value::String(text.to_string())))
        });
    let objects = bucket.objects.iter().map(|(key, versions)| {
        (
            key.to_string(),
            versions.newest_first().map(version_state).collect(),
        )
    });
    let mut state = json!({
        "owner": &*bucket.owner,
        "region": &*bucket.region,
        "configuration": documents.collect::<Map<String, Value>>(),
        "objects": objects.collect::<Map<String, Value>>(),
        "uploads": bucket.uploads.values().map(|upload| &upload.key).collect::<Vec<_>>(),
    });
    if let Some(computed) = &bucket.computed {
        state["synthetic_keys"] = json!(computed.formula.keys);
    }
    state
}

fn version_state(version: &Version) -> Value {
    let Version {
        id,
        owner,
        replication,
        failure,
        object,
        replica: _,
        sequence: _,
        modified: _,
    } = version;
    let mut state = json!({ "version_id": &**id, "owner": owner.text() });
    if let Some(status) = replication {
        state["replication_status"] = json!(status.as_str());
    }
    if let Some(reason) = failure {
        state["failure_reason"] = json!(reason.text());
    }
    let Some(object) = object else {
        state["delete_marker"] = json!(true);
        return state;
    };
    state["etag"] = json!(&*object.etag());
    state["size"] = json!(object.content.body.size());
    state["storage_class"] = json!(&*object.storage_class);
    state["encryption"] = match &object.encryption {
        Encryption::S3 => json!("AES256"),
        Encryption::Kms { key, .. } => json!(&**key),
        Encryption::Customer { .. } => json!("SSE-C"),
    };
    let tags = object
        .tags
        .iter()
        .map(|(key, value)| (key.to_string(), json!(&**value)));
    state["tags"] = Value::Object(tags.collect());
    state
}
