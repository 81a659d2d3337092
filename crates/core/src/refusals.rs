//! Refusals: what explicit Denies in the policies of both buckets keep the replication role, and s3ferry itself, from doing.

use std::collections::BTreeMap;

use crate::future::Future;
use crate::ids::{AccountName, Arn};
use crate::model::kinds::Document;
use crate::model::{BucketPart, BucketRef, RolePart, Target};
use crate::policy::PolicyDocument;
use crate::policy::deny::{DenyHit, OwnCall, denials, denies_call};
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::Access;

/// A statement of a bucket's policy that denies the role, or may deny it, what it needs.
pub(crate) struct Denial {
    /// The policy.
    pub(crate) target: Target,
    /// The statement, in canonical form.
    pub(crate) statement: String,
    /// Whether it does, and when.
    pub(crate) hit: DenyHit,
}

/// What denies the role something, or may deny it: an explicit Deny in either bucket's policy wins over everything that the
/// role is granted (UG26:replication-troubleshoot).
pub(crate) fn of_role(scene: &Scene<'_>, route: &Route<'_>, future: &Future<'_>) -> Vec<Denial> {
    let part = |part| future.document(&Target::Role(route.role.clone(), part));
    let (Some(Document::Role(live)), Some(Document::RolePolicy(granted))) =
        (part(RolePart::Itself), part(RolePart::Policy))
    else {
        return Vec::new();
    };
    let arn = route.role.arn(&live.path);
    let mut found = Vec::new();
    for bucket in [&route.source, &route.destination] {
        let Some((target, policy)) = live_policy(scene, bucket) else {
            continue;
        };
        let hits = granted
            .statements()
            .iter()
            .flat_map(|grant| denials(policy, &arn, grant));
        found.extend(hits.map(|hit| Denial {
            target: target.clone(),
            statement: policy.statements()[hit.index].canonical().to_json(),
            hit,
        }));
    }
    found
}

/// A call that s3ferry makes on an object, or on its bucket.
pub(crate) struct ObjectCall<'a> {
    /// The account of the spec that it signs in to.
    pub(crate) account: &'a AccountName,
    /// The bucket.
    pub(crate) bucket: &'a BucketRef,
    /// The key; none for a call on the bucket.
    pub(crate) key: Option<&'a str>,
    /// The action.
    pub(crate) action: &'a str,
    /// The condition keys that the request carries, in lower case.
    pub(crate) keys: BTreeMap<String, String>,
}

/// What denies a call of s3ferry's own, or may.
pub(crate) fn of_call(scene: &Scene<'_>, call: &ObjectCall<'_>) -> Option<(Target, DenyHit)> {
    let (target, policy) = live_policy(scene, call.bucket)?;
    let account = scene.spec.accounts.get(call.account)?;
    let caller: Option<&Arn> = match &account.access {
        Access::AssumeRole { arn, .. } => Some(arn),
        Access::DefaultChain | Access::Profile(_) => None,
    };
    let bucket = call.bucket.arn();
    let resource = match call.key {
        Some(key) => format!("{bucket}/{key}"),
        None => bucket.to_string(),
    };
    let own = OwnCall {
        caller,
        account: account.id.as_str(),
        action: call.action,
        resource: &resource,
        keys: &call.keys,
    };
    Some((target, denies_call(policy, own)?))
}

/// The name of the statement that denies.
pub(crate) fn statement(scene: &Scene<'_>, policy: &Target, hit: &DenyHit) -> String {
    let live = scene.observed.document(policy);
    let document = live.and_then(Document::policy_document);
    document.map_or_else(String::new, |document| document.name_at(hit.index))
}

fn live_policy<'a>(scene: &Scene<'a>, bucket: &BucketRef) -> Option<(Target, &'a PolicyDocument)> {
    let target = Target::Bucket(bucket.clone(), BucketPart::Policy);
    let document = scene.observed.document(&target)?.policy_document()?;
    Some((target, document))
}
