//! What the policies of both buckets deny to s3ferry's own calls on a canary, and what keeps its versions from going away.

use std::collections::BTreeMap;

use super::source_key::{SourceKey, source_key};
use super::{CanaryGoal, Probe, PutEncryption};
use crate::future::Future;
use crate::model::kinds::Document;
use crate::model::{BucketPart, BucketRef, Target};
use crate::policy::deny::{Certainty, DenyHit};
use crate::refusals::{self, ObjectCall};
use crate::route::Route;
use crate::scene::Scene;

impl CanaryGoal {
    /// A key as a run gives it.
    fn any_key(&self) -> String {
        format!("{}/run-1", self.stem)
    }

    /// What denies the put under an encryption, or may.
    pub(crate) fn put_refused(
        &self,
        scene: &Scene<'_>,
        route: &Route<'_>,
        encryption: &PutEncryption,
    ) -> Option<(Target, DenyHit)> {
        let mut keys: BTreeMap<String, String> = self
            .tags
            .iter()
            .map(|(key, value)| (format!("s3:requestobjecttag/{key}"), value.clone()))
            .collect();
        keys.insert("s3:if-none-match".to_owned(), "*".to_owned());
        let header = "s3:x-amz-server-side-encryption";
        match encryption {
            PutEncryption::BucketDefault => {}
            PutEncryption::SseS3 => drop(keys.insert(header.to_owned(), "AES256".to_owned())),
            PutEncryption::SseKms(key) => {
                keys.insert(header.to_owned(), "aws:kms".to_owned());
                keys.insert(format!("{header}-aws-kms-key-id"), key.to_string());
            }
        }
        let key = self.any_key();
        let call = ObjectCall {
            account: &route.migration.source.account,
            bucket: &self.source,
            key: Some(&key),
            action: "s3:PutObject",
            keys,
        };
        refusals::of_call(scene, &call)
    }

    /// What denies for sure what the canary needs of the source bucket, with the action.
    pub(crate) fn refused(
        &self,
        scene: &Scene<'_>,
        route: &Route<'_>,
    ) -> Option<(Target, DenyHit, &'static str)> {
        let is_sure = |hit: &DenyHit| hit.certainty == Certainty::Always;
        if let Some((policy, hit)) = self.put_refused(scene, route, &self.encryption)
            && is_sure(&hit)
        {
            return Some((policy, hit, "s3:PutObject"));
        }
        let key = self.any_key();
        let key = Some(key.as_str());
        let tagged = (!self.tags.is_empty()).then_some((key, "s3:PutObjectTagging"));
        let mirrored = self.mirrors.then_some((key, "s3:DeleteObject"));
        let listed = Some((None, "s3:ListBucketVersions"));
        let needed = [tagged, mirrored, listed].into_iter().flatten();
        let mut refused = needed.filter_map(|(key, action)| {
            let call = ObjectCall {
                account: &route.migration.source.account,
                bucket: &self.source,
                key,
                action,
                keys: BTreeMap::new(),
            };
            let (policy, hit) = refusals::of_call(scene, &call)?;
            is_sure(&hit).then_some((policy, hit, action))
        });
        refused.next()
    }

    /// The buckets in which the canary will stay, each with why: what keeps versions from being removed.
    pub(crate) fn stays(
        &self,
        scene: &Scene<'_>,
        route: &Route<'_>,
        future: &Future<'_>,
    ) -> Vec<(BucketRef, &'static str)> {
        let sides = [
            (&self.source, &route.migration.source.account),
            (&self.destination, &route.migration.destination.account),
        ];
        let kept = sides.into_iter().filter_map(|(bucket, account)| {
            let part = |part| future.document(&Target::Bucket(bucket.clone(), part));
            let denied = || {
                let key = self.any_key();
                let call = ObjectCall {
                    account,
                    bucket,
                    key: Some(&key),
                    action: "s3:DeleteObjectVersion",
                    keys: BTreeMap::new(),
                };
                let hit = refusals::of_call(scene, &call);
                hit.is_some_and(|(_, hit)| hit.certainty == Certainty::Always)
            };
            let why = match (part(BucketPart::ObjectLock), part(BucketPart::Versioning)) {
                (Some(Document::ObjectLock(lock)), _) if lock.default_retention => {
                    "its default retention locks every version"
                }
                (_, Some(Document::Versioning(versioning))) if versioning.mfa_delete => {
                    "MFA Delete is on: only the root user can remove versions"
                }
                (_, _) if denied() => "its policy denies s3:DeleteObjectVersion",
                (_, _) => return None,
            };
            Some((bucket.clone(), why))
        });
        kept.collect()
    }
}

/// What the put asks for: nothing, as most applications do, unless the bucket's policy refuses that; then what it asks for,
/// where that is the same encryption.
pub(in crate::goals) fn encryption_of_put(
    scene: &Scene<'_>,
    route: &Route<'_>,
    goal: &CanaryGoal,
) -> PutEncryption {
    let default = source_key(scene, &route.source);
    let named = match default.map(SourceKey::arn) {
        None => Some(PutEncryption::SseS3),
        Some(key) => key.map(PutEncryption::SseKms),
    };
    let is_refused = |encryption: &PutEncryption| {
        let hit = goal.put_refused(scene, route, encryption);
        hit.is_some_and(|(_, hit)| hit.certainty == Certainty::Always)
    };
    match named {
        Some(named)
            if goal.probe == Probe::Default
                && is_refused(&goal.encryption)
                && !is_refused(&named) =>
        {
            named
        }
        Some(_) | None => goal.encryption.clone(),
    }
}
