//! One service of one account: its clients, made as Regions are met, and the limit that all of them share.

use std::sync::{Mutex, PoisonError};

use aws_types::SdkConfig;
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
