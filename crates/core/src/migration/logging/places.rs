//! Whether a bucket can take what S3 delivers, whatever it is.

use crate::format::{Finding, FindingLevel};
use crate::migration::finding;
use crate::model::kinds::{ObjectLock, RequestPayment};
use crate::model::{BucketPart, BucketRef, Document, Target};
use crate::scene::Scene;

/// What is delivered, for a sentence.
pub(super) struct Delivered<'a> {
    /// What it is: "access logs".
    pub(super) what: &'static str,
    /// The field of the spec that names the bucket: `logging.access.source`.
    pub(super) field: String,
    /// The bucket that it goes to.
    pub(super) to: &'a BucketRef,
}

impl Delivered<'_> {
    pub(super) fn part(&self, part: BucketPart) -> Target {
        Target::Bucket(self.to.clone(), part)
    }

    /// The way out that is always there.
    pub(super) fn elsewhere(&self) -> String {
        format!("name another bucket in {}", self.field)
    }
}

/// Who requests pays, and S3 pays nobody (UG:ServerLogs; CTUG:create-s3-bucket-policy-for-cloudtrail).
pub(super) fn requester_pays(scene: &Scene<'_>, of: &Delivered<'_>) -> Option<Finding> {
    let target = of.part(BucketPart::RequestPayment);
    let pays = matches!(
        scene.observed.document(&target),
        Some(Document::RequestPayment(RequestPayment::Requester))
    );
    pays.then(|| {
        finding(
            "log-bucket-requester-pays",
            FindingLevel::Blocked,
            scene.names.address(&target),
            format!(
                "{} go to a bucket that is Requester Pays: S3 does not deliver there",
                of.what
            ),
            &format!(
                "set its request payment back to BucketOwner\nor {}",
                of.elsewhere()
            ),
        )
    })
}

/// Whether the bucket has Object Lock.
pub(super) fn lock(scene: &Scene<'_>, of: &Delivered<'_>) -> Option<ObjectLock> {
    match scene.observed.document(&of.part(BucketPart::ObjectLock)) {
        Some(Document::ObjectLock(lock)) => Some(*lock),
        _ => None,
    }
}
