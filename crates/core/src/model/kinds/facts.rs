//! Facts about a bucket that s3ferry only reads: Object Lock, request payment, lifecycle.

use serde_json::{Value, json};

use super::call::{Call, Need};
use super::kind::{Facts, Holding, Parts, in_a_value, nothing_linked, one_thing};
use crate::model::links::Link;
use crate::model::target::{Service, Target};

/// A bucket's Object Lock configuration, as far as replication cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectLock {
    /// Whether a default retention is set.
    pub default_retention: bool,
}

/// Who pays for requests to a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestPayment {
    /// The bucket's owner.
    BucketOwner,
    /// The requester; a replication destination must not be so (UG26:replication-requirements).
    Requester,
}

/// A bucket's lifecycle rules, as far as versioning cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifecycle {
    /// Enabled rules that expire current versions.
    pub expires_current: u32,
    /// Enabled rules that expire noncurrent versions.
    pub expires_noncurrent: u32,
}

pub(super) const OBJECT_LOCK: Facts = Facts::only_read(
    "Object Lock configuration",
    "/object-lock",
    Service::S3,
    &[Call::of(
        "GetObjectLockConfiguration",
        &[Need::place("s3:GetBucketObjectLockConfiguration")],
    )],
);

pub(super) const REQUEST_PAYMENT: Facts = Facts::only_read(
    "request payment",
    "/request-payment",
    Service::S3,
    &[Call::of(
        "GetBucketRequestPayment",
        &[Need::place("s3:GetBucketRequestPayment")],
    )],
);

pub(super) const LIFECYCLE: Facts = Facts::only_read(
    "lifecycle configuration",
    "/lifecycle",
    Service::S3,
    &[Call::of(
        "GetBucketLifecycleConfiguration",
        &[Need::place("s3:GetLifecycleConfiguration")],
    )],
);

impl Holding for ObjectLock {
    fn canonical(&self) -> Value {
        let Self { default_retention } = self;
        json!({ "default_retention": default_retention })
    }

    fn view(&self) -> Value {
        in_a_value(self.canonical())
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        nothing_linked()
    }
}

impl Holding for RequestPayment {
    fn canonical(&self) -> Value {
        json!(match self {
            Self::BucketOwner => "BucketOwner",
            Self::Requester => "Requester",
        })
    }

    fn view(&self) -> Value {
        in_a_value(self.canonical())
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        nothing_linked()
    }
}

impl Holding for Lifecycle {
    fn canonical(&self) -> Value {
        let Self {
            expires_current,
            expires_noncurrent,
        } = self;
        json!({
            "expires_current": expires_current,
            "expires_noncurrent": expires_noncurrent,
        })
    }

    fn view(&self) -> Value {
        in_a_value(self.canonical())
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        nothing_linked()
    }
}
