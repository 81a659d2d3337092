//! The role that jobs of S3 Batch Operations act as: who may assume it, and what it may do.
//!
//! It asks for the replication and writes about it; the objects are moved by the replication role
//! (UG:s3-batch-replication-batch).

use std::collections::BTreeSet;

use super::area::{Area, literal};
use super::kms::via_s3;
use crate::ids::Arn;
use crate::places::BucketRef;
use crate::policy::grammar::{Effect, PolicyDocument, Statement};

/// What jobs of one goal ask of the role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobAccess {
    /// The bucket whose objects are worked on.
    pub bucket: BucketRef,
    /// What the keys of all of them begin with.
    pub prefix: String,
    /// Where the report goes: the bucket, and the prefix without a slash at its end.
    pub report: (BucketRef, String),
    /// What is done with them.
    pub work: JobActions,
}

/// What a job does with objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobActions {
    /// It asks for their replication.
    Copy {
        /// Where the list is kept: the bucket, and the prefix.
        manifest: Option<(BucketRef, String)>,
    },
    /// It reads them for their checksums.
    Checksum {
        /// The keys that they are encrypted with.
        keys: BTreeSet<Arn>,
    },
}

/// The trust policy of the role: S3 Batch Operations, and nobody else (UG:batch-ops-iam-role-policies).
#[must_use]
pub fn trust_for_batch() -> PolicyDocument {
    let trust = Statement::builder("", Effect::Allow, ["sts:AssumeRole"])
        .principals("Service", ["batchoperations.s3.amazonaws.com"]);
    PolicyDocument::of([trust.build()])
}

/// The permissions of the role, as one inline policy (UG:s3-batch-replication-policies, for a list that S3 makes; for checksums
/// UG:batch-ops-iam-role-policies says that what is read is granted by version and that keys are the role's to use; that nothing
/// more is needed is unverified). What a list is read and written with is granted where it is kept alone; unverified: that S3
/// needs none of it for one that it keeps to itself.
///
/// # Guarantees
/// The same jobs give the same bytes, whatever their order.
#[must_use]
pub fn batch_role_policy(jobs: &[JobAccess], mark: &str) -> PolicyDocument {
    let copies = || {
        let copies = jobs.iter();
        copies.filter(|job| matches!(job.work, JobActions::Copy { .. }))
    };
    let computed = || {
        let computed = jobs.iter();
        computed.filter(|job| matches!(job.work, JobActions::Checksum { .. }))
    };
    let lists = jobs.iter().filter_map(|job| match &job.work {
        JobActions::Copy {
            manifest: Some((bucket, prefix)),
        } => Some(below(bucket, prefix, "")),
        JobActions::Copy { manifest: None } | JobActions::Checksum { .. } => None,
    });
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
            copies().map(bucket).collect::<BTreeSet<_>>(),
        ),
        (
            "BatchObjects",
            &["s3:InitiateReplication"][..],
            copies().map(objects).collect(),
        ),
        (
            "BatchLists",
            &["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"][..],
            lists.collect(),
        ),
        (
            "ChecksumBuckets",
            &["s3:PutInventoryConfiguration"][..],
            computed().map(bucket).collect(),
        ),
        (
            "ChecksumObjects",
            &["s3:GetObject", "s3:GetObjectVersion"][..],
            computed().map(objects).collect(),
        ),
        ("BatchReports", &["s3:PutObject"][..], reports.collect()),
    ];
    let granted = statements.into_iter().filter(|(_, _, on)| !on.is_empty());
    let granted = granted.map(|(sid, actions, on)| {
        let sid = format!("{sid}{mark}");
        Statement::builder(sid, Effect::Allow, actions.iter().copied())
            .resources(on)
            .build()
    });
    PolicyDocument::of(granted.chain(decrypts(jobs, mark)))
}

/// The keys that S3 may use in the role's name, in the Region of the objects alone.
fn decrypts(jobs: &[JobAccess], mark: &str) -> Option<Statement> {
    let (mut keys, mut via) = (BTreeSet::new(), BTreeSet::new());
    for job in jobs {
        if let JobActions::Checksum { keys: of } = &job.work
            && !of.is_empty()
        {
            keys.extend(of.iter().map(Arn::as_str));
            via.extend(via_s3(&job.bucket.region));
        }
    }
    let granted = || {
        Statement::builder(
            format!("ChecksumKeys{mark}"),
            Effect::Allow,
            ["kms:Decrypt"],
        )
        .resources(keys.iter().copied())
        .condition("StringEquals", "kms:ViaService", via.iter().cloned())
        .build()
    };
    (!keys.is_empty()).then(granted)
}

fn bucket(job: &JobAccess) -> String {
    job.bucket.arn().to_string()
}

fn objects(job: &JobAccess) -> String {
    let area = Area {
        bucket: job.bucket.bucket.clone(),
        prefix: job.prefix.clone(),
    };
    area.pattern(job.bucket.region.partition())
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

    fn bucket_of(name: &str) -> BucketRef {
        BucketRef {
            account: AccountId::new("111111111111").unwrap(),
            region: Region::new("eu-west-1").unwrap(),
            bucket: BucketName::new(name).unwrap(),
        }
    }

    fn job(prefix: &str, manifest: Option<(BucketRef, String)>) -> JobAccess {
        JobAccess {
            bucket: bucket_of("orders"),
            prefix: prefix.to_owned(),
            report: (bucket_of("reports"), "s3/batch".to_owned()),
            work: JobActions::Copy { manifest },
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
        let kept = granted(&[job("", Some((bucket_of("lists"), String::new())))]);
        let lists = (
            "BatchListsMark".to_owned(),
            vec!["arn:aws:s3:::lists/*".to_owned()],
        );
        assert_eq!(kept[2], lists);
    }

    #[test]
    fn a_job_for_checksums_reads_its_objects_and_copies_nothing() {
        let key = "arn:aws:kms:eu-west-1:111111111111:key/one";
        let mut job = job("in/", None);
        job.work = JobActions::Checksum {
            keys: [Arn::new(key).unwrap()].into(),
        };
        let on = |sid: &str, on: &str| (format!("{sid}Mark"), vec![on.to_owned()]);
        assert_eq!(
            granted(std::slice::from_ref(&job)),
            [
                on("ChecksumBuckets", "arn:aws:s3:::orders"),
                on("ChecksumObjects", "arn:aws:s3:::orders/in/*"),
                on("BatchReports", "arn:aws:s3:::reports/s3/batch/job-*"),
                on("ChecksumKeys", key),
            ]
        );
        let policy = batch_role_policy(&[job], "").to_json();
        assert!(
            !policy.contains("InitiateReplication") && !policy.contains("Delete"),
            "{policy}"
        );
        assert!(policy.contains("s3.eu-west-1.amazonaws.com"), "{policy}");
    }

    #[test]
    fn the_order_of_backfills_makes_no_difference() {
        let (one, other) = (job("a/", None), job("b/", None));
        let policy = |jobs: &[JobAccess]| batch_role_policy(jobs, "").to_json();
        assert_eq!(policy(&[one.clone(), other.clone()]), policy(&[other, one]));
    }
}
