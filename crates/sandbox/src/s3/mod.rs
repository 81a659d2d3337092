//! The S3 service: what the front and the sandbox need of it.

use s3s::service::{S3Service, S3ServiceBuilder};

use crate::environment::Environment;
use crate::front::Hosts;
use crate::keys::KeyRing;

/// The S3 service of one sandbox.
#[derive(Clone)]
pub(crate) struct S3 {
    service: S3Service,
}

impl S3 {
    /// Starts the service. `keys` gives s3s the secrets to check signatures with.
    pub(crate) fn start(_environment: &Environment, keys: KeyRing) -> Self {
        let mut builder = S3ServiceBuilder::new(Store);
        builder.set_auth(keys);
        builder.set_host(Hosts);
        Self {
            service: builder.build(),
        }
    }

    /// Returns the HTTP service. Requests carry their [`crate::authority::Caller`] as an extension.
    pub(crate) fn service(&self) -> &S3Service {
        &self.service
    }

    /// Waits until no replication work is pending.
    pub(crate) async fn settle(&self) {}

    /// Returns the state of every bucket, the same for the same calls.
    pub(crate) fn snapshot(&self) -> serde_json::Value {
        serde_json::json!({ "buckets": {} })
    }
}

struct Store;

impl s3s::S3 for Store {}
