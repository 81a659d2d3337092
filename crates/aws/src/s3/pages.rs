//! Pages of a bucket's versions as S3 wrote them, for comparisons of whole buckets.
//!
//! The SDK signs and sends, and judges what is no success; the body of a success is taken out before the SDK would take it apart, which
//! costs seven microseconds a version (docs/decisions/0047-verification.md). Whoever reads it judges whether it is whole.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// A body that was taken out of an answer.
#[derive(Debug, Clone)]
struct Taken {
    body: Arc<Mutex<Option<Vec<u8>>>>,
    /// What is left for the SDK to read: a list of nothing.
    left: &'static str,
}

impl Taken {
    fn of(left: &'static str) -> Self {
        Self {
            body: Arc::default(),
            left,
        }
    }

    /// A thread that panicked here left a whole body, or none.
    fn slot(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn body(&self) -> Option<Vec<u8>> {
        self.slot().take()
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
            let body = std::mem::replace(response.body_mut(), SdkBody::from(self.left));
            // Answers are in memory by now (`answer::bounds`).
            *self.slot() = body.bytes().map(<[u8]>::to_vec);
        }
        Ok(())
    }
}

/// A page of versions and delete markers, or of current objects.
pub(crate) async fn page(api: &BucketApi<'_>, request: &PageRequest) -> Result<Vec<u8>, Failure> {
    if request.only_current {
        current(api, request).await
    } else {
        versions(api, request).await
    }
}

async fn versions(api: &BucketApi<'_>, request: &PageRequest) -> Result<Vec<u8>, Failure> {
    const OPERATION: &str = "ListObjectVersions";
    let (key, version) = request.after.clone().unzip();
    let taken = Taken::of("<ListVersionsResult/>");
    api.read(OPERATION, |s3| {
        s3.list_object_versions()
            .bucket(api.name())
            .expected_bucket_owner(api.owner())
            .set_prefix(prefix(request))
            .set_delimiter(delimiter(request))
            // Keys may hold characters that XML cannot (BC:s3 ListObjectVersions encoding-type).
            .encoding_type(EncodingType::Url)
            .set_key_marker(key.clone())
            .set_version_id_marker(version.clone().flatten())
            .set_max_keys(most(request))
            .customize()
            .interceptor(taken.clone())
            .send()
    })
    .await?;
    taken.body().ok_or_else(|| api.empty(OPERATION))
}

async fn current(api: &BucketApi<'_>, request: &PageRequest) -> Result<Vec<u8>, Failure> {
    const OPERATION: &str = "ListObjectsV2";
    let after = request.after.as_ref().map(|(key, _)| key.clone());
    let taken = Taken::of("<ListBucketResult/>");
    api.read(OPERATION, |s3| {
        s3.list_objects_v2()
            .bucket(api.name())
            .expected_bucket_owner(api.owner())
            .set_prefix(prefix(request))
            .set_delimiter(delimiter(request))
            .encoding_type(EncodingType::Url)
            .set_start_after(after.clone())
            .set_max_keys(most(request))
            .customize()
            .interceptor(taken.clone())
            .send()
    })
    .await?;
    taken.body().ok_or_else(|| api.empty(OPERATION))
}

fn prefix(request: &PageRequest) -> Option<String> {
    (!request.prefix.is_empty()).then(|| request.prefix.clone())
}

fn delimiter(request: &PageRequest) -> Option<String> {
    request.by_folder.then(|| "/".to_owned())
}

fn most(request: &PageRequest) -> Option<i32> {
    request.most.and_then(|most| i32::try_from(most).ok())
}
