//! The role that jobs of S3 Batch Operations act as: who may assume it, and what it may do.
//!
//! It asks for the replication and writes about it; the objects are moved by the replication role
//! (UG:s3-batch-replication-batch).

use std::collections::BTreeSet;

use super::area::{Area, literal};
use crate::places::BucketRef;
use crate::policy::grammar::{Effect, PolicyDocument, Statement};

/// What one backfill asks of the role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobAccess {
    /// The bucket whose objects are copied.
    pub source: BucketRef,
    /// What the keys of all of them begin with.
    pub prefix: String,
    /// Where the report goes: the bucket, and the prefix without a slash at its end.
    pub report: (BucketRef, String),
    /// Where the list is kept, likewise.
    pub manifest: Option<(BucketRef, String)>,
}

/// The trust policy of the role: S3 Batch Operations, and nobody else (UG:batch-ops-iam-role-policies).
#[must_use]
pub fn trust_for_batch() -> PolicyDocument {
    let trust = Statement::builder("", Effect::Allow, ["sts:AssumeRole"])
        .principals("Service", ["batchoperations.s3.amazonaws.com"]);
    PolicyDocument::of([trust.build()])
}

/// The permissions of the role, as one inline policy (UG:s3-batch-replication-policies, for a list that S3 makes). What a list is
/// read and written with is granted where it is kept alone; unverified: that S3 needs none of it for one that it keeps to itself.
///
/// # Guarantees
/// The same backfills give the same bytes, whatever their order.
#[must_use]
pub fn batch_role_policy(jobs: &[JobAccess], mark: &str) -> PolicyDocument {
    let sources = jobs.iter().map(|job| job.source.arn().to_string());
    let objects = jobs.iter().map(|job| {
        let area = Area {
            bucket: job.source.bucket.clone(),
            prefix: job.prefix.clone(),
        };
        area.pattern(job.source.region.partition())
    });
    let lists = jobs.iter().filter_map(|job| job.manifest.as_ref());
    let lists = lists.map(|(bucket, prefix)| below(bucket, prefix, ""));
    let reports = jobs
        .iter()
        .map(|job| below(&job.report.0, &job.report.1, "job-"));
    let statements = [
        (
            "BatchSource",
            &[
                "s3:GetReplicationConfiguration",
                "s3:PutInventoryConfiguration",
            ][..],
            sources.collect::<BTreeSet<_>>(),
        ),
        (
            "BatchObjects",
            &["s3:InitiateReplication"][..],
            objects.collect(),
        ),
        (
            "BatchLists",
            &["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"][..],
            lists.collect(),
        ),
        ("BatchReports", &["s3:PutObject"][..], reports.collect()),
    ];
    let granted = statements.into_iter().filter(|(_, _, on)| !on.is_empty());
    PolicyDocument::of(granted.map(|(sid, actions, on)| {
        let sid = format!("{sid}{mark}");
        Statement::builder(sid, Effect::Allow, actions.iter().copied())
            .resources(on)
            .build()
    }))
}

/// The objects below a prefix after which S3 puts a slash, whose names begin so (UG:batch-ops-examples-reports).
fn below(bucket: &BucketRef, prefix: &str, begin: &str) -> String {
    let folder = match prefix {
        "" => String::new(),
        prefix => format!("{}/", literal(prefix)),
    };
    format!("{}/{folder}{begin}*", bucket.arn())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AccountId, BucketName, Region};

    fn bucket(name: &str) -> BucketRef {
        BucketRef {
            account: AccountId::new("111111111111").unwrap(),
            region: Region::new("eu-west-1").unwrap(),
            bucket: BucketName::new(name).unwrap(),
        }
    }

    fn job(prefix: &str, manifest: Option<(BucketRef, String)>) -> JobAccess {
        JobAccess {
            source: bucket("orders"),
            prefix: prefix.to_owned(),
            report: (bucket("reports"), "s3/batch".to_owned()),
            manifest,
        }
    }

    fn granted(jobs: &[JobAccess]) -> Vec<(String, Vec<String>)> {
        let policy = batch_role_policy(jobs, "Mark");
        let statements = policy.statements().iter();
        let told = statements.map(|statement| {
            let on = statement.resources().unwrap().listed().to_vec();
            (statement.sid().unwrap().to_owned(), on)
        });
        told.collect()
    }

    #[test]
    fn nothing_is_granted_beside_the_objects_of_the_rules_and_the_reports() {
        let on = |sid: &str, on: &str| (format!("{sid}Mark"), vec![on.to_owned()]);
        assert_eq!(
            granted(&[job("in/", None)]),
            [
                on("BatchSource", "arn:aws:s3:::orders"),
                on("BatchObjects", "arn:aws:s3:::orders/in/*"),
                on("BatchReports", "arn:aws:s3:::reports/s3/batch/job-*"),
            ]
        );
    }

    #[test]
    fn a_list_that_is_kept_is_written_and_read() {
        let kept = granted(&[job("", Some((bucket("lists"), String::new())))]);
        let lists = (
            "BatchListsMark".to_owned(),
            vec!["arn:aws:s3:::lists/*".to_owned()],
        );
        assert_eq!(kept[2], lists);
    }

    #[test]
    fn the_order_of_backfills_makes_no_difference() {
        let (one, other) = (job("a/", None), job("b/", None));
        let policy = |jobs: &[JobAccess]| batch_role_policy(jobs, "").to_json();
        assert_eq!(policy(&[one.clone(), other.clone()]), policy(&[other, one]));
    }
}
