//! One account that is signed in: its configuration, its clients per Region, its limits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region as SdkRegion;
use aws_types::service_config::ServiceConfigKey;
use s3ferry_core::ids::Region;

use crate::call::Limit;

/// Two clients over the same connections and credentials, apart in one thing: what happens after a failure.
///
/// Reads are retried by the SDK. Writes are sent once, because the engine owns their retries and reads again first.
#[derive(Debug, Clone)]
pub(crate) struct Clients<C> {
    pub(crate) reads: C,
    pub(crate) writes: C,
}

/// One account that is signed in.
#[derive(Debug)]
pub(crate) struct Session {
    config: SdkConfig,
    s3: Mutex<BTreeMap<Region, Clients<aws_sdk_s3::Client>>>,
    iam: Clients<aws_sdk_iam::Client>,
    pub(crate) s3_limit: Arc<Limit>,
    pub(crate) iam_limit: Arc<Limit>,
}

impl Session {
    pub(crate) fn new(config: SdkConfig, parallelism: usize) -> Self {
        Self {
            iam: iam_clients(&config),
            config,
            s3: Mutex::default(),
            s3_limit: Arc::new(Limit::of(parallelism)),
            iam_limit: Arc::new(Limit::of(parallelism)),
        }
    }

    /// The S3 clients of a Region, made at the first call and shared afterwards.
    pub(crate) fn s3(&self, region: &Region) -> Clients<aws_sdk_s3::Client> {
        // A thread that panicked here left a whole map behind: entries are inserted in one step.
        let mut clients = self.s3.lock().unwrap_or_else(PoisonError::into_inner);
        clients
            .entry(region.clone())
            .or_insert_with(|| s3_clients(&self.config, region))
            .clone()
    }

    /// The IAM clients; IAM is one per partition and needs no Region.
    pub(crate) fn iam(&self) -> &Clients<aws_sdk_iam::Client> {
        &self.iam
    }
}

fn s3_clients(config: &SdkConfig, region: &Region) -> Clients<aws_sdk_s3::Client> {
    let base = || {
        aws_sdk_s3::config::Builder::from(config)
            .region(SdkRegion::new(region.as_str().to_owned()))
            .force_path_style(has_s3_endpoint(config))
    };
    Clients {
        reads: aws_sdk_s3::Client::from_conf(base().build()),
        writes: aws_sdk_s3::Client::from_conf(base().retry_config(RetryConfig::disabled()).build()),
    }
}

fn iam_clients(config: &SdkConfig) -> Clients<aws_sdk_iam::Client> {
    let base = || aws_sdk_iam::config::Builder::from(config);
    Clients {
        reads: aws_sdk_iam::Client::from_conf(base().build()),
        writes: aws_sdk_iam::Client::from_conf(
            base().retry_config(RetryConfig::disabled()).build(),
        ),
    }
}

/// Whether S3 is reached at an address of the user's (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`, or their fields in
/// the profile): there, bucket names are not host names.
fn has_s3_endpoint(config: &SdkConfig) -> bool {
    let key = ServiceConfigKey::builder()
        .service_id("S3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok();
    let of_service = key.and_then(|key| config.service_config()?.load_config(key));
    of_service.is_some() || config.endpoint_url().is_some()
}
