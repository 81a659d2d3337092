//! One service of one account: its clients, made as Regions are met, and the limit that all of them share.

use std::sync::{Mutex, PoisonError};

use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use s3ferry_core::ids::Region;

use crate::limit::Limit;

/// A client of the SDK, as each service's folder says how to make it.
pub(crate) trait SdkClient: Clone {
    /// The service as errors and IAM actions spell it, e.g. `s3`.
    const SERVICE: &'static str;

    /// A client for a Region, or for a service without any, with these retries instead of the configuration's.
    fn connect(config: &SdkConfig, region: Option<&Region>, retries: Option<RetryConfig>) -> Self;
}

/// Two clients over the same connections and credentials, apart in one thing: what happens after a failure.
///
/// Reads are retried by the SDK. Writes are sent once, because the engine owns their retries and reads again first.
#[derive(Debug, Clone)]
pub(crate) struct Clients<C> {
    pub(crate) reads: C,
    pub(crate) writes: C,
}

/// One service of an account that is signed in.
#[derive(Debug)]
pub(crate) struct Service<C> {
    config: SdkConfig,
    /// Few: one for each Region of the spec.
    clients: Mutex<Vec<(Option<Region>, Clients<C>)>>,
    pub(crate) limit: Limit,
}

impl<C: SdkClient> Service<C> {
    pub(crate) fn new(config: &SdkConfig, parallelism: usize) -> Self {
        Self {
            config: config.clone(),
            clients: Mutex::default(),
            limit: Limit::of(parallelism),
        }
    }

    /// The clients of a Region, made at the first call and shared afterwards.
    pub(crate) fn clients(&self, region: Option<&Region>) -> Clients<C> {
        // A thread that panicked here left a whole list behind: entries are added in one step.
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let known = clients.iter().find(|(of, _)| of.as_ref() == region);
        if let Some((_, known)) = known {
            return known.clone();
        }
        let made = Clients {
            reads: C::connect(&self.config, region, None),
            writes: C::connect(&self.config, region, Some(RetryConfig::disabled())),
        };
        clients.push((region.cloned(), made.clone()));
        made
    }
}
