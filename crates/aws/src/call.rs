//! One call: a permit of the account and service, the request, and the facts if it fails.

use std::error::Error;
use std::fmt;
use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::sync::Semaphore;

use crate::failure::{Call, Failure};

/// How many calls of one service may be under way in one account.
///
/// A permit is held through the SDK's retries of a read, so that throttled reads thin the traffic out.
pub(crate) struct Limit(Semaphore);

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Limit({} free)", self.0.available_permits())
    }
}

impl Limit {
    pub(crate) fn of(permits: usize) -> Self {
        Self(Semaphore::new(permits.clamp(1, Semaphore::MAX_PERMITS)))
    }

    /// Sends a request once a permit is free.
    pub(crate) async fn run<T, E>(
        &self,
        call: Call,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        // The semaphore is never closed; were it, sending without a permit is the harmless way on.
        let _permit = self.0.acquire().await.ok();
        request.await.map_err(|error| Failure::of(call, &error))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_sdk_s3::operation::head_bucket::HeadBucketError;

    use super::*;
    use crate::failure::Intent;

    fn call() -> Call {
        Call {
            service: "s3",
            operation: "HeadBucket",
            intent: Intent::Read,
            subject: String::new(),
            region: None,
        }
    }

    #[tokio::test]
    async fn no_more_calls_are_under_way_than_permits() {
        let (limit, now, most) = (Limit::of(3), AtomicUsize::new(0), AtomicUsize::new(0));
        let request = || async {
            most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::Relaxed);
            Ok::<_, SdkError<HeadBucketError, HttpResponse>>(())
        };
        let calls = futures::future::join_all((0..20).map(|_| limit.run(call(), request()))).await;
        assert!(calls.iter().all(Result::is_ok));
        assert_eq!(most.into_inner(), 3);
    }
}
