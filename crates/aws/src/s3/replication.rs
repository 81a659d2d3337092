//! A bucket's replication configuration: read with all that the SDK does not model named, written whole.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use s3ferry_core::model::kinds::replication::ReplicationConfiguration;

use super::{BucketApi, gone, part, replication_model, replication_xml};
use crate::failure::Failure;

/// # Guarantees
/// Whatever the live XML holds that a later write would lose is in `unmodelled`.
pub(crate) async fn read(api: &BucketApi<'_>) -> Result<Option<ReplicationConfiguration>, Failure> {
    let scan = Scan::default();
    let answer = part(
        api,
        api.read("GetBucketReplication", |s3| {
            s3.get_bucket_replication()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .customize()
                .interceptor(scan.clone())
                .send()
        })
        .await,
    )
    .await?;
    let Some(answer) = answer else {
        return Ok(None);
    };
    let configuration = answer
        .replication_configuration
        .ok_or_else(|| api.empty("GetBucketReplication"))?;
    let mut document = replication_model::from_sdk(&configuration);
    document.unmodelled.extend(scan.found());
    document.unmodelled.sort();
    document.unmodelled.dedup();
    Ok(Some(document))
}

/// # Errors
/// A document with unmodelled elements is refused: writing it would delete them (T2, domain reference §1.5).
pub(crate) async fn put(
    api: &BucketApi<'_>,
    wanted: &ReplicationConfiguration,
) -> Result<(), Failure> {
    if !wanted.unmodelled.is_empty() {
        let elements = wanted.unmodelled.join(", ");
        let detail = format!("writing would lose what this version does not know: {elements}");
        return Err(api.refused("PutBucketReplication", detail));
    }
    let configuration = replication_model::to_sdk(wanted)
        .map_err(|error| api.invalid("PutBucketReplication", error))?;
    api.write("PutBucketReplication", |s3| {
        s3.put_bucket_replication()
            .bucket(api.name())
            .expected_bucket_owner(api.owner())
            .replication_configuration(configuration)
            .send()
    })
    .await
    .map(drop)
}

pub(crate) async fn delete(api: &BucketApi<'_>) -> Result<(), Failure> {
    gone(
        api.write("DeleteBucketReplication", |s3| {
            s3.delete_bucket_replication()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .send()
        })
        .await,
    )
}

/// Looks at the XML of each answer after the SDK has read it into memory; the last attempt's findings stay.
#[derive(Debug, Clone, Default)]
struct Scan(Arc<Mutex<Vec<String>>>);

impl Scan {
    fn found(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[dyn_dispatch_hint]
impl Intercept for Scan {
    fn name(&self) -> &'static str {
        "s3ferry replication scan"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _runtime_components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if response.status().is_success() {
            // A body that is not in memory was not read by the SDK either; nothing is known of it.
            let found = response.body().bytes().map_or_else(
                || vec!["(answer not seen)".to_owned()],
                replication_xml::unmodelled,
            );
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = found;
        }
        Ok(())
    }
}
