//! Birth: what a bucket holds because it was just made.
//!
//! A plan cannot know what AWS gives a new bucket: the defaults have changed before (encryption in 2023, public access and
//! ownership in April 2023, SSE-C blocked in April 2026, T16). So where this very run made the bucket, what it was born
//! with counts as planned. A policy or a replication configuration is never born with a bucket; somebody put it there.

use std::collections::BTreeMap;

use s3ferry_core::model::document::{Bucket, Versioning, VersioningStatus};
use s3ferry_core::model::{BucketPart, BucketRef, Document, Target};
use s3ferry_core::plan::{Work, WriteStep};

use crate::events::How;
use crate::outcome::StepResult;

/// The tags that a bucket of this run was made with.
pub(super) type Tags = BTreeMap<String, String>;

/// The bucket that a step made in this run, with its tags; none where it was there already.
pub(super) fn made_by(work: &Work, result: &StepResult) -> Option<(BucketRef, Tags)> {
    let Work::Write(step) = work else { return None };
    match (&**step, result) {
        (
            WriteStep {
                target: Target::Bucket(bucket, BucketPart::Itself),
                stage: _,
                before: None,
                after:
                    Some(Document::Bucket(Bucket {
                        region: _,
                        created_with_tags,
                    })),
            },
            StepResult::Done(How::Written),
        ) => Some((bucket.clone(), created_with_tags.clone())),
        _ => None,
    }
}

/// Whether `live` is what a bucket made with `tags` is born with in this target.
pub(super) fn is_born_with(target: &Target, live: Option<&Document>, tags: &Tags) -> bool {
    match (target, live) {
        (
            Target::Bucket(_, BucketPart::Versioning),
            Some(Document::Versioning(Versioning { status, mfa_delete })),
        ) => *status == VersioningStatus::Never && !mfa_delete,
        (Target::Bucket(_, BucketPart::Tags), Some(Document::Tags(live))) => {
            live.is_empty() || live == tags
        }
        (
            Target::Bucket(_, BucketPart::Encryption)
            | Target::Bucket(_, BucketPart::Ownership)
            | Target::Bucket(_, BucketPart::PublicAccess),
            _,
        ) => true,
        _ => false,
    }
}

/// Whether a new bucket holds something in this target that a plan could not know of and that shall stay.
pub(super) const fn leaves_something(target: &Target) -> bool {
    matches!(target, Target::Bucket(_, BucketPart::Encryption))
}

/// The step with what the bucket was born with and the plan could not know: encryption types that AWS blocks on new
/// buckets (T16) stay blocked, as they would if the plan had seen them.
pub(super) fn inherit(step: &WriteStep, live: Option<&Document>) -> WriteStep {
    let mut step = step.clone();
    if let (Some(Document::Encryption(after)), Some(Document::Encryption(live))) =
        (&mut step.after, live)
    {
        after.blocked.extend(live.blocked.iter().cloned());
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;
    use s3ferry_core::ids::{AccountId, BucketName, Region};
    use s3ferry_core::model::document::PolicyText;

    fn bucket() -> BucketRef {
        BucketRef {
            account: AccountId::new("111111111111").unwrap(),
            region: Region::new("eu-west-1").unwrap(),
            bucket: BucketName::new("orders").unwrap(),
        }
    }

    #[test]
    fn a_policy_is_never_born_with_a_bucket() {
        let policy = Document::BucketPolicy(PolicyText("{}".into()));
        let target = Target::Bucket(bucket(), BucketPart::Policy);
        assert!(!is_born_with(&target, Some(&policy), &Tags::new()));
    }

    #[test]
    fn a_new_bucket_was_never_versioned() {
        let born = |status| {
            let versioning = Document::Versioning(Versioning {
                status,
                mfa_delete: false,
            });
            is_born_with(
                &Target::Bucket(bucket(), BucketPart::Versioning),
                Some(&versioning),
                &Tags::new(),
            )
        };
        assert!(born(VersioningStatus::Never));
        assert!(!born(VersioningStatus::Suspended));
    }

    #[test]
    fn tags_that_nobody_of_this_run_gave_are_somebody_elses() {
        let tags = |key: &str| Tags::from([(key.to_owned(), "1".to_owned())]);
        let born = |live: Tags| {
            let live = Document::Tags(live);
            is_born_with(
                &Target::Bucket(bucket(), BucketPart::Tags),
                Some(&live),
                &tags("ours"),
            )
        };
        assert!(born(tags("ours")));
        assert!(born(Tags::new()));
        assert!(!born(tags("theirs")));
    }
}
