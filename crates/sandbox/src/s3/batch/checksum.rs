//! `S3ComputeObjectChecksum`: the value stands in the report (UG:batch-ops-examples-reports, "Compute checksum task report").
//!
//! What the role needs and the words of a refusal are unverified; the object is not touched.

use bytes::Bytes;
use serde_json::json;

use super::worker::Worker;
use crate::s3::checksum::{Algorithm, Type, base64_decode, of_parts, of_pieces};
use crate::s3::rules::target::Target;
use crate::s3::state::batch::job::{Outcome, Task, Which};
use crate::s3::state::version::{Encryption, Object};

/// How every refusal is told, whatever HTTP would say of it (the same page).
const FAILURE: &str = "PermanentFailure";

/// Computes the checksum of an object.
pub(super) fn run(
    worker: Option<&Worker<'_>>,
    task: &Task,
    (algorithm, kind): (Algorithm, Type),
    job: &str,
) -> Outcome {
    match attempt(worker, task, algorithm, kind) {
        Ok(message) => Outcome::succeeded(&message),
        Err((words, code)) => {
            let details =
                json!({ "failureMessage": format!("Task {job} {words}"), "errorCode": code });
            Outcome::failed(200, FAILURE, &format!("error details: {details}"))
        }
    }
}

fn attempt(
    worker: Option<&Worker<'_>>,
    task: &Task,
    algorithm: Algorithm,
    kind: Type,
) -> Result<String, (&'static str, &'static str)> {
    let not_found = ("Key not found", "404");
    let denied = ("Access Denied", "403");
    let worker = worker.ok_or(denied)?;
    let target = Target::of(worker.store, &task.bucket).map_err(|_| not_found)?;
    let id = match &task.version {
        Which::Id(id) => Some(&**id),
        Which::Current | Which::Missing => None,
    };
    let object = {
        let world = worker.store.world();
        let bucket = world.buckets.get(&*task.bucket);
        let version = bucket.and_then(|bucket| bucket.version(&task.key, id));
        version.and_then(|version| version.object.clone())
    };
    let object = object.ok_or(not_found)?;
    worker
        .may_read(&target, &task.key, id.is_some(), &object)
        .map_err(|_| denied)?;
    if matches!(object.encryption, Encryption::Customer { .. }) {
        let words = "SSE-C encryption type is not supported for this operation";
        return Err((words, "400"));
    }
    let value =
        compute(&object, algorithm, kind).ok_or(("Internal server error, please retry", "500"))?;
    let raw = value
        .split('-')
        .next()
        .and_then(base64_decode)
        .unwrap_or_default();
    let message = json!({
        "checksum_base64": value, "etag": &*object.etag(), "checksumAlgorithm": algorithm.as_str(), "checksumType": kind.as_str(),
        "checksum_hex": hex::encode_upper(raw),
    });
    // The example has base64's padding so.
    Ok(message.to_string().replace('=', "\\u003d"))
}

/// A composite value is one over the parts; an object that was not uploaded in parts counts as one part (unverified).
fn compute(object: &Object, algorithm: Algorithm, kind: Type) -> Option<String> {
    let body = &object.content.body;
    if kind == Type::FullObject {
        return Some(of_pieces(algorithm, kind, &body.pieces()).value.to_string());
    }
    let sizes = object.content.parts().iter().map(|part| part.size);
    let sizes: Vec<u64> = if object.content.parts().is_empty() {
        vec![body.size()]
    } else {
        sizes.collect()
    };
    let mut start = 0;
    let mut bodies = Vec::new();
    for size in sizes {
        bodies.push(Bytes::from(body.slice(start, start + size).concat()));
        start += size;
    }
    let value = |body: &Bytes| algorithm.compute(std::slice::from_ref(body));
    let values: Vec<String> = bodies.iter().map(value).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let checksum = of_parts(algorithm, kind, &bodies, &values).ok()?;
    Some(checksum.value.to_string())
}
