//! The S3 service: buckets in Regions, their configuration, versioned objects.
//!
//! ```text
//! service (s3s, error documents)
//!   |- documents: PUT/GET/DELETE of configuration, CreateBucket   (kept as the text that was sent)
//!   |    |- subresource (the table)  |- validate, policy_document, acl, replication_document
//!   `- access (bucket, Region, owner, policies) -> api -> put, get, attributes, copy, delete,
//!        multipart, complete, tagging, list_calls                (all over world)
//! ```
//!
//! State is in [`world`]; every new version passes through [`mod@write`], which plans its replication.

mod access;
mod acl;
mod actions;
mod api;
mod attributes;
pub(crate) mod checksum;
mod complete;
mod context;
mod copy;
mod create;
mod delete;
mod documents;
pub(crate) mod errors;
mod find;
mod get;
mod list_calls;
mod listing;
mod multipart;
mod policy_document;
mod put;
mod replication_document;
mod service;
mod snapshot;
mod subresource;
mod tagging;
mod validate;
pub(crate) mod version;
mod wishes;
pub(crate) mod world;
pub(crate) mod write;
pub(crate) mod xml;

use std::sync::Arc;

use crate::environment::Environment;
use crate::keys::KeyRing;
use crate::replication;
use crate::seed::{self, SeedError};

pub(crate) use access::Target;
pub(crate) use context::Context;
pub(crate) use create::empty_bucket;
pub(crate) use documents::force as force_document;
use service::Service;
use world::Store;

/// The S3 service of one sandbox.
#[derive(Clone)]
pub(crate) struct S3 {
    service: Service,
    store: Arc<Store>,
}

impl S3 {
    /// Starts the service and its replication worker, which ends with the last clone of this.
    pub(crate) fn start(environment: &Environment, keys: KeyRing) -> Self {
        let store = Arc::new(Store::new(environment.clone()));
        replication::start(&store);
        Self {
            service: Service::new(Arc::clone(&store), keys),
            store,
        }
    }

    /// Returns the HTTP service. Requests carry their [`crate::authority::Caller`] as an extension.
    pub(crate) fn service(&self) -> &Service {
        &self.service
    }

    /// Waits until no replication work is pending.
    pub(crate) async fn settle(&self) {
        self.store.queue.settle().await;
    }

    /// Fills the service from a seed file.
    pub(crate) fn load_seed(&self, json: &str) -> Result<(), SeedError> {
        seed::load(&self.store, json)
    }

    /// Returns the state of every bucket, the same for the same calls.
    pub(crate) fn snapshot(&self) -> serde_json::Value {
        snapshot::snapshot(&self.store)
    }
}
