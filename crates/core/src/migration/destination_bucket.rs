//! The destination bucket and its settings.

use super::{Case, Sight, finding, public_policy};
use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::model::kinds::{Document, ObjectOwnership, PublicAccessBlock, RequestPayment};
use crate::model::{BucketPart, Target};
use crate::phase::Part;
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::{Create, Phase, ReplicaOwner};
use crate::wanted::{Items, Wanted};
use FindingLevel::{Blocked, Note, Warning};

/// Encryption and ownership decide what the role must be allowed; of a bucket that is ours all is kept as the spec says. What
/// blocks public access, the account's block as well as the bucket's, matters where the policy is public.
pub(super) fn reads(route: &Route<'_>, seen: Sight<'_>) -> Vec<Target> {
    let mut parts = vec![BucketPart::Encryption, BucketPart::Ownership];
    let policy = Target::Bucket(route.destination.clone(), BucketPart::Policy);
    let is_public = seen.says(|seen| public_policy::is_public(seen.document(&policy)));
    if matches!(route.migration.destination.create, Create::Yes(_)) {
        parts.extend([BucketPart::Tags, BucketPart::PublicAccess]);
    } else if is_public {
        parts.push(BucketPart::PublicAccess);
    }
    let target = |part| Target::Bucket(route.destination.clone(), part);
    let of_account = is_public.then(|| public_policy::account_block(&route.destination));
    parts.into_iter().map(target).chain(of_account).collect()
}

/// Request payment matters where something is about to be written or proven: a bucket that was set to Requester Pays after
/// its rules were proven shows in the rules' failed operations.
pub(super) fn asks(scene: &Scene<'_>, route: &Route<'_>) -> Option<Target> {
    let itself = Target::Bucket(route.destination.clone(), BucketPart::Itself);
    let exists = scene.observed.document(&itself).is_some();
    exists.then(|| asked(route))
}

pub(super) fn asked(route: &Route<'_>) -> Target {
    Target::Bucket(route.destination.clone(), BucketPart::RequestPayment)
}

pub(super) fn wants(scene: &Scene<'_>, case: &Case<'_>, phase: Phase) -> Items {
    if !Part::DestinationBucket.is_in(phase) {
        return Items::new();
    }
    let part = |part| Target::Bucket(case.route.destination.clone(), part);
    let Create::Yes(encryption) = &case.route.migration.destination.create else {
        return vec![(part(BucketPart::Itself), Wanted::Exists)];
    };
    let tags = scene.markers.bucket_tags();
    let ownership = Document::Ownership(ObjectOwnership::BucketOwnerEnforced);
    let public_access = Document::PublicAccess(PublicAccessBlock::ALL);
    vec![
        (part(BucketPart::Itself), Wanted::Bucket(tags.clone())),
        (part(BucketPart::Tags), Wanted::Tags(tags)),
        (
            part(BucketPart::Encryption),
            Wanted::Encryption(encryption.clone()),
        ),
        (part(BucketPart::Ownership), Wanted::Whole(ownership)),
        (part(BucketPart::PublicAccess), Wanted::Whole(public_access)),
    ]
}

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    let findings = [
        owner(scene, case, future),
        requester_pays(scene, case),
        blocked_sse_c(scene, case),
        public_policy::of_case(scene, case, future),
    ];
    findings.into_iter().flatten().collect()
}

fn owner(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Option<Finding> {
    let destination = case.route.destination.clone();
    let enforced = matches!(
        future.document(&Target::Bucket(destination.clone(), BucketPart::Ownership)),
        Some(Document::Ownership(ObjectOwnership::BucketOwnerEnforced))
    );
    (case.route.migration.owner == ReplicaOwner::Source && !enforced).then(|| {
        finding(
            "owner-source",
            Warning,
            scene.names.address(&Target::Bucket(destination, BucketPart::Itself)),
            "replicas belong to the source account: the destination account may not be able to read them".to_owned(),
            "owner: destination",
        )
    })
}

fn requester_pays(scene: &Scene<'_>, case: &Case<'_>) -> Option<Finding> {
    let target = Target::Bucket(case.route.destination.clone(), BucketPart::RequestPayment);
    let document = scene.observed.document(&target);
    matches!(document, Some(Document::RequestPayment(RequestPayment::Requester))).then(|| {
        finding(
            "destination-requester-pays",
            Blocked,
            scene.names.address(&target),
            "the destination bucket is Requester Pays; S3 does not replicate to such a bucket (UG26:replication-requirements)".to_owned(),
            "set its request payment back to BucketOwner",
        )
    })
}

/// T16: SSE-C is blocked by default on buckets made since April 2026.
fn blocked_sse_c(scene: &Scene<'_>, case: &Case<'_>) -> Option<Finding> {
    let target = Target::Bucket(case.route.destination.clone(), BucketPart::Encryption);
    let blocks = match scene.observed.document(&target) {
        Some(Document::Encryption(encryption)) => encryption.blocked.contains("SSE-C"),
        _ => false,
    };
    blocks.then(|| {
        finding(
            "destination-blocks-sse-c",
            Note,
            scene.names.address(&target),
            "the destination bucket blocks SSE-C: source objects encrypted with customer-provided keys would fail".to_owned(),
            "if the source has such objects, set BlockedEncryptionTypes to NONE on the destination bucket",
        )
    })
}
