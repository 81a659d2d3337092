//! Pages of a bucket's versions as S3 wrote them, for comparisons of whole buckets.
//!
//! The SDK signs and sends, and judges what is no success; the body of a success is taken out before the SDK would take it apart, which
//! costs seven microseconds a version (docs/benchmarks.md). Whoever reads it judges whether it is whole.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::types::EncodingType;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use s3ferry_engine::ports::PageRequest;

use super::BucketApi;
use crate::failure::Failure;

const OPERATION: &str = "ListObjectVersions";

/// What is left for the SDK to read: a list of nothing.
const NOTHING: &str = "<ListVersionsResult/>";

/// A body that was taken out of an answer.
#[derive(Debug, Clone, Default)]
struct Taken(Arc<Mutex<Option<Vec<u8>>>>);

impl Taken {
    /// A thread that panicked here left a whole body, or none.
    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[dyn_dispatch_hint]
impl Intercept for Taken {
    fn name(&self) -> &'static str {
        "s3ferry pages as they are"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _runtime_components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        if response.status().is_success() {
            let body = std::mem::replace(response.body_mut(), SdkBody::from(NOTHING));
            // Answers are in memory by now (`answer::bounds`).
            *self.slot() = body.bytes().map(<[u8]>::to_vec);
        }
        Ok(())
    }
}

/// A page of versions and delete markers.
pub(crate) async fn page(api: &BucketApi<'_>, request: &PageRequest) -> Result<Vec<u8>, Failure> {
    let PageRequest {
        prefix,
        by_folder,
        after,
        most,
    } = request;
    let (key, version) = after.clone().unzip();
    let taken = Taken::default();
    api.read(OPERATION, |s3| {
        s3.list_object_versions()
            .bucket(api.name())
            .expected_bucket_owner(api.owner())
            .set_prefix((!prefix.is_empty()).then(|| prefix.clone()))
            .set_delimiter(by_folder.then(|| "/".to_owned()))
            // Keys may hold characters that XML cannot (BC:s3 ListObjectVersions encoding-type).
            .encoding_type(EncodingType::Url)
            .set_key_marker(key.clone())
            .set_version_id_marker(version.clone().flatten())
            .set_max_keys(most.and_then(|most| i32::try_from(most).ok()))
            .customize()
            .interceptor(taken.clone())
            .send()
    })
    .await?;
    let body = taken.slot().take();
    body.ok_or_else(|| api.empty(OPERATION))
}
