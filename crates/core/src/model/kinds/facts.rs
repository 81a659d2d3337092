//! Facts about a bucket that s3ferry only reads: Object Lock, request payment, lifecycle.

use serde_json::{Value, json};

use super::call::{Call, Need};
use super::kind::{
    Born, Facts, Grows, Holding, Implied, Marked, Parts, Settled, Size, in_a_value, nothing_linked,
    nothing_of_note, one_thing,
};
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

pub(super) const OBJECT_LOCK: Facts = Facts {
    name: "Object Lock configuration",
    path: "/object-lock",
    service: Service::S3,
    read: &[Call::of(
        "GetObjectLockConfiguration",
        &[Need::place("s3:GetBucketObjectLockConfiguration")],
    )],
    write: None,
    guarded: false,
    marked: Marked::Never,
    always_there: false,
    implies: Implied::Nothing,
    born: Born::Nothing,
    grows: Grows::Never,
    size: Size::Free,
    settled: Settled::AT_ONCE,
    consequences: nothing_of_note,
};

pub(super) const REQUEST_PAYMENT: Facts = Facts {
    name: "request payment",
    path: "/request-payment",
    service: Service::S3,
    read: &[Call::of(
        "GetBucketRequestPayment",
        &[Need::place("s3:GetBucketRequestPayment")],
    )],
    write: None,
    guarded: false,
    marked: Marked::Never,
    always_there: false,
    implies: Implied::Nothing,
    born: Born::Nothing,
    grows: Grows::Never,
    size: Size::Free,
    settled: Settled::AT_ONCE,
    consequences: nothing_of_note,
};

pub(super) const LIFECYCLE: Facts = Facts {
    name: "lifecycle configuration",
    path: "/lifecycle",
    service: Service::S3,
    read: &[Call::of(
        "GetBucketLifecycleConfiguration",
        &[Need::place("s3:GetLifecycleConfiguration")],
    )],
    write: None,
    guarded: false,
    marked: Marked::Never,
    always_there: false,
    implies: Implied::Nothing,
    born: Born::Nothing,
    grows: Grows::Never,
    size: Size::Free,
    settled: Settled::AT_ONCE,
    consequences: nothing_of_note,
};

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
