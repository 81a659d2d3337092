//! One service of one account: its clients, made as Regions are met, and the limit that all of them share.

use std::sync::{Mutex, PoisonError};

use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use s3ferry_core::ids::Region;

use crate::limit::Limit;
use crate::options::Options;
use crate::retries::Retries;

/// A client of the SDK, as each service's folder says how to make it.
pub(crate) trait SdkClient: Clone + Send + Sync {
    /// The service as errors and IAM actions spell it, e.g. `s3`.
    const SERVICE: &'static str;

    /// A client for a Region, or for a service without any.
    fn connect(config: &SdkConfig, region: Option<&Region>) -> Self;
}

/// The address of the user's at which a service is reached instead of AWS's: of all services, or of the one with this ID
/// (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`, or their fields in the profile), in the order in which the SDK takes them.
pub(crate) fn own_endpoint(config: &SdkConfig, service_id: &str) -> Option<String> {
    let of_all = config.endpoint_url().map(str::to_owned);
    if config.get_origin("endpoint_url").is_client_config() {
        return of_all;
    }
    let key = ServiceConfigKey::builder()
        .service_id(service_id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok();
    let of_service = key.and_then(|key| config.service_config()?.load_config(key));
    of_service.or(of_all)
}

/// One service of an account that is signed in.
#[derive(Debug)]
pub(crate) struct Service<C> {
    config: SdkConfig,
    /// Few: one for each Region of the spec.
    clients: Mutex<Vec<(Option<Region>, C)>>,
    pub(crate) limit: Limit,
    pub(crate) retries: Retries,
}

impl<C: SdkClient> Service<C> {
    /// A service whose calls are made with this configuration, in which retries must be off.
    pub(crate) fn new(config: &SdkConfig, options: &Options) -> Self {
        Self {
            config: config.clone(),
            clients: Mutex::default(),
            limit: Limit::below(options.parallelism),
            retries: Retries {
                attempts: options.read_attempts,
                longest: options.longest_backoff,
            },
        }
    }

    /// The client of a Region, made at the first call and shared afterwards.
    pub(crate) fn client(&self, region: Option<&Region>) -> C {
        // A thread that panicked here left a whole list behind: entries are added in one step.
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let known = clients.iter().find(|(of, _)| of.as_ref() == region);
        if let Some((_, known)) = known {
            return known.clone();
        }
        let made = C::connect(&self.config, region);
        clients.push((region.cloned(), made.clone()));
        made
    }
}
