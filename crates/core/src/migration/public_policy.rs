//! Bucket policies that are public, where a public access block refuses to have them written or closes the bucket for them.
//!
//! S3 takes no policy that is public where BlockPublicPolicy is on, also not one that adds or takes away a statement beside an
//! old public one; and with RestrictPublicBuckets a bucket whose policy is public is closed to other accounts, so replicas
//! fail. Of the bucket's block and the account's each setting counts that is on in either (BC:s3 PublicAccessBlockConfiguration,
//! GetPublicAccessBlock).

use super::{Case, finding};
use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::merge::advice::{guards_line, quoted};
use crate::model::kinds::{Document, PublicAccessBlock};
use crate::model::{AccountPart, AccountRef, BucketPart, BucketRef, Target, same};
use crate::phase::Part;
use crate::policy::PolicyDocument;
use crate::scene::Scene;

/// Whether a policy is public.
pub(crate) fn is_public(policy: Option<&Document>) -> bool {
    !public_statements(policy).is_empty()
}

/// What blocks public access to a bucket, which matters where its policy is public.
pub(crate) fn blocks(bucket: &BucketRef) -> [Target; 2] {
    let of_bucket = Target::Bucket(bucket.clone(), BucketPart::PublicAccess);
    [of_bucket, account_block(bucket)]
}

/// What a bucket's account blocks for all of its buckets, the same in every Region.
pub(super) fn account_block(bucket: &BucketRef) -> Target {
    let of = AccountRef::of(&bucket.account, &bucket.region);
    Target::Account(of, AccountPart::PublicAccess)
}

/// Whether replicas can come and the statements of a migration be written.
pub(super) fn of_case(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Option<Finding> {
    let bucket = &case.route.destination;
    let phase = case.route.migration.phase;
    if !Part::Access.is_in(phase) {
        return of_left(scene, bucket, future);
    }
    let blocked = Blocked::of(future, bucket);
    let refuses = blocked
        .whose(|block| block.block_public_policy)
        .filter(|_| is_written(scene, bucket, future));
    let closes = closed(future, bucket).map(|(whose, _)| whose);
    let why = match (refuses, closes) {
        (Some(whose), _) => refusal(whose, NOT_ADDED),
        (None, Some(whose)) => format!(
            "RestrictPublicBuckets of {whose} is on: S3 closes the bucket to other accounts as long as the policy has it, so replicas would fail"
        ),
        (None, None) => return None,
    };
    told(scene, bucket, future, &why)
}

/// Whose block closes a bucket to other accounts, and the statements of its policy that it does so for.
pub(crate) fn closed(
    future: &Future<'_>,
    bucket: &BucketRef,
) -> Option<(&'static str, Vec<String>)> {
    let whose = Blocked::of(future, bucket).whose(|block| block.restrict_public_buckets)?;
    let statements = public_statements(future.document(&policy_of(bucket)));
    (!statements.is_empty()).then_some((whose, statements))
}

/// Whether the statements of ours that left the spec can be taken out of a bucket's policy.
pub(crate) fn of_left(
    scene: &Scene<'_>,
    bucket: &BucketRef,
    future: &Future<'_>,
) -> Option<Finding> {
    refused(
        scene,
        bucket,
        future,
        "what the spec no longer has cannot be taken out",
    )
}

/// Whether statements of the spec can be written to a bucket's policy that lets S3 deliver something there.
pub(super) fn of_written(
    scene: &Scene<'_>,
    bucket: &BucketRef,
    future: &Future<'_>,
) -> Option<Finding> {
    refused(scene, bucket, future, NOT_ADDED)
}

/// That S3 takes no policy that still has what makes it public, and what cannot be done for it.
fn refused(
    scene: &Scene<'_>,
    bucket: &BucketRef,
    future: &Future<'_>,
    so: &str,
) -> Option<Finding> {
    let whose = Blocked::of(future, bucket).whose(|block| block.block_public_policy)?;
    is_written(scene, bucket, future).then(|| told(scene, bucket, future, &refusal(whose, so)))?
}

/// What cannot be done where the spec has statements.
const NOT_ADDED: &str = "the statements of the spec cannot be added";

fn refusal(whose: &str, so: &str) -> String {
    format!(
        "BlockPublicPolicy of {whose} is on: S3 refuses every policy that still has it, so {so}"
    )
}

/// The statements of a policy that make it public.
fn public_statements(policy: Option<&Document>) -> Vec<String> {
    let document = policy.and_then(Document::policy_document);
    document.map_or_else(Vec::new, PolicyDocument::public_statements)
}

fn policy_of(bucket: &BucketRef) -> Target {
    Target::Bucket(bucket.clone(), BucketPart::Policy)
}

fn is_written(scene: &Scene<'_>, bucket: &BucketRef, future: &Future<'_>) -> bool {
    let policy = policy_of(bucket);
    !same(scene.observed.document(&policy), future.document(&policy))
}

fn told(scene: &Scene<'_>, bucket: &BucketRef, future: &Future<'_>, why: &str) -> Option<Finding> {
    let policy = policy_of(bucket);
    let statements = public_statements(future.document(&policy));
    let address = scene.names.address(&policy);
    let at = |name: &String| format!("{address}/statement/{name}");
    let adopt = guards_line(&[("adopt", quoted(statements.iter().map(at)))]);
    Some(finding(
        "policy-public",
        FindingLevel::Blocked,
        at(statements.first()?),
        format!(
            "this statement makes the bucket's policy public ({}), and {why}",
            statements.join(", ")
        ),
        &format!(
            "narrow it by hand: name principals instead of *, or add a condition such as aws:PrincipalOrgID; then plan again\n\
             to let s3ferry remove it, {adopt}"
        ),
    ))
}

/// The blocks of a bucket, as far as they are known.
struct Blocked {
    bucket: Option<PublicAccessBlock>,
    account: Option<PublicAccessBlock>,
}

impl Blocked {
    fn of(future: &Future<'_>, bucket: &BucketRef) -> Self {
        let [of_bucket, of_account] = blocks(bucket).map(|target| block(future.document(&target)));
        Self {
            bucket: of_bucket,
            account: of_account,
        }
    }

    /// Whose block has a setting on.
    fn whose(&self, setting: fn(PublicAccessBlock) -> bool) -> Option<&'static str> {
        match (
            self.bucket.is_some_and(setting),
            self.account.is_some_and(setting),
        ) {
            (true, true) => Some("the bucket and of its account"),
            (true, false) => Some("the bucket"),
            (false, true) => Some("the bucket's account"),
            (false, false) => None,
        }
    }
}

/// A public access block, whosever it is.
const fn block(document: Option<&Document>) -> Option<PublicAccessBlock> {
    match document {
        Some(Document::PublicAccess(block) | Document::AccountPublicAccess(block)) => Some(*block),
        _ => None,
    }
}
