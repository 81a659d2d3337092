//! Jobs of S3 Batch Operations: made, confirmed, listed and looked at, in the account and the Region of the bucket that they work on.

use std::collections::BTreeMap;
use std::future::Future;

use aws_sdk_s3control::types::{
    ComputeObjectChecksumAlgorithm, ComputeObjectChecksumType, GeneratedManifestFormat,
    JobDescriptor, JobListDescriptor, JobManifestGenerator, JobManifestGeneratorFilter,
    JobOperation, JobProgressSummary, JobReport, JobReportFormat, JobReportScope,
    KeyNameConstraint, ReplicationStatus, RequestedJobStatus, S3ComputeObjectChecksumOperation,
    S3JobManifestGenerator, S3ManifestOutputLocation, S3ReplicateObjectOperation, S3Tag,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use s3ferry_core::ids::JobId;
use s3ferry_core::model::Document;
use s3ferry_core::model::kinds::{Job, JobFailure, JobStatus, Jobs};
use s3ferry_core::ownership::JOB_PREFIX;
use s3ferry_core::plan::{NewJob, NewWork, ObjectStatus};

use super::AccountApi;
use crate::answer::pages::Pages;
use crate::failure::Failure;

/// The code of a job that is not there (BC:s3control DescribeJob NotFoundException; UG:troubleshooting-batch-operations).
const GONE: [&str; 3] = ["NoSuchJobException", "NoSuchJob", "NotFoundException"];

/// The jobs whose descriptions say that they are s3ferry's; of those that failed it is asked why.
pub(crate) async fn listed(api: &AccountApi<'_>) -> Result<Option<Document>, Failure> {
    let mut jobs = BTreeMap::new();
    let mut token = None;
    let mut pages = Pages::default();
    loop {
        let page = api
            .read("ListJobs", |s3control| {
                s3control
                    .list_jobs()
                    .account_id(api.at.as_str())
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        for of in page.jobs() {
            if let Some((id, job)) = in_short(of) {
                jobs.insert(id, job);
            }
        }
        let next = page.next_token().map(str::to_owned);
        token = pages
            .next(next.is_some(), next)
            .map_err(|endless| api.unreadable("ListJobs", endless))?;
        if token.is_none() {
            break;
        }
    }
    for (id, job) in &mut jobs {
        if job.status == JobStatus::Failed
            && let Some(whole) = described(api, id).await?
        {
            job.reasons = whole.reasons;
        }
    }
    Ok(Some(Document::Jobs(Jobs(jobs))))
}

fn in_short(of: &JobListDescriptor) -> Option<(JobId, Job)> {
    let description = of.description()?;
    if !description.starts_with(JOB_PREFIX) {
        return None;
    }
    let counted = counted(of.progress_summary());
    let job = Job {
        description: description.to_owned(),
        created: of.creation_time().map_or_else(String::new, time),
        status: JobStatus::of(of.status()?.as_str()),
        ..counted
    };
    Some((JobId::new(of.job_id()?).ok()?, job))
}

/// A job of which nothing is known but its counts.
fn counted(progress: Option<&JobProgressSummary>) -> Job {
    let number = |of: Option<i64>| of.and_then(|of| u64::try_from(of).ok()).unwrap_or(0);
    let count = |of: fn(&JobProgressSummary) -> Option<i64>| number(progress.and_then(of));
    Job {
        description: String::new(),
        created: String::new(),
        status: JobStatus::of(""),
        tasks: count(JobProgressSummary::total_number_of_tasks),
        succeeded: count(JobProgressSummary::number_of_tasks_succeeded),
        failed: count(JobProgressSummary::number_of_tasks_failed),
        reasons: Vec::new(),
    }
}

fn time(at: &DateTime) -> String {
    at.fmt(Format::DateTime).unwrap_or_default()
}

/// A job as it is; none where there is none.
pub(crate) async fn described(api: &AccountApi<'_>, id: &JobId) -> Result<Option<Job>, Failure> {
    let answer = there(api.read("DescribeJob", |s3control| {
        s3control
            .describe_job()
            .account_id(api.at.as_str())
            .job_id(id.as_str())
            .send()
    }))
    .await?;
    let Some(answer) = answer else {
        return Ok(None);
    };
    let job = answer.job().ok_or_else(|| api.empty("DescribeJob"))?;
    whole(job)
        .map(Some)
        .ok_or_else(|| api.unreadable("DescribeJob", "the job has no status"))
}

fn whole(of: &JobDescriptor) -> Option<Job> {
    let text = |of: Option<&str>| of.unwrap_or_default().to_owned();
    let reasons = of.failure_reasons().iter().map(|reason| JobFailure {
        code: text(reason.failure_code()),
        reason: text(reason.failure_reason()),
    });
    Some(Job {
        description: text(of.description()),
        created: of.creation_time().map_or_else(String::new, time),
        status: JobStatus::of(of.status()?.as_str()),
        reasons: reasons.collect(),
        ..counted(of.progress_summary())
    })
}

/// The tags of a job.
pub(crate) async fn tags(
    api: &AccountApi<'_>,
    id: &JobId,
) -> Result<BTreeMap<String, String>, Failure> {
    let answer = there(api.read("GetJobTagging", |s3control| {
        s3control
            .get_job_tagging()
            .account_id(api.at.as_str())
            .job_id(id.as_str())
            .send()
    }))
    .await?;
    let tags = answer.map(|answer| answer.tags.unwrap_or_default());
    let tags = tags.unwrap_or_default().into_iter();
    Ok(tags.map(|tag| (tag.key, tag.value)).collect())
}

/// Lets a job begin that waits for it.
pub(crate) async fn confirm(api: &AccountApi<'_>, id: &JobId) -> Result<(), Failure> {
    api.write("UpdateJobStatus", |s3control| {
        s3control
            .update_job_status()
            .account_id(api.at.as_str())
            .job_id(id.as_str())
            .requested_job_status(RequestedJobStatus::Ready)
            .send()
    })
    .await
    .map(drop)
}

/// Makes a job over a list that S3 makes: S3 Batch Replication, or checksums of whole objects by an algorithm that nobody can
/// make two contents agree by.
pub(crate) async fn create(api: &AccountApi<'_>, job: &NewJob) -> Result<JobId, Failure> {
    let invalid = |error: &dyn std::fmt::Display| api.invalid("CreateJob", error);
    let generator = generator(job).map_err(|error| invalid(&error))?;
    let tag = |(key, value): (&String, &String)| S3Tag::builder().key(key).value(value).build();
    let tags: Result<Vec<S3Tag>, _> = job.tags.iter().map(tag).collect();
    let tags = tags.map_err(|error| invalid(&error))?;
    let operation = match &job.work {
        NewWork::Copy(_) => JobOperation::builder()
            .s3_replicate_object(S3ReplicateObjectOperation::builder().build()),
        NewWork::Checksum => JobOperation::builder().s3_compute_object_checksum(
            S3ComputeObjectChecksumOperation::builder()
                .checksum_algorithm(ComputeObjectChecksumAlgorithm::Sha256)
                .checksum_type(ComputeObjectChecksumType::FullObject)
                .build(),
        ),
    };
    let operation = operation.build();
    let (bucket, prefix) = &job.report;
    let report = JobReport::builder()
        .enabled(true)
        .bucket(bucket.arn().as_str())
        .set_prefix((!prefix.is_empty()).then(|| prefix.clone()))
        .format(JobReportFormat::ReportCsv20180820)
        .report_scope(JobReportScope::AllTasks)
        .expected_bucket_owner(bucket.account.as_str())
        .build();
    let priority = i32::try_from(job.priority).map_err(|error| invalid(&error))?;
    let answer = api
        .write("CreateJob", |s3control| {
            s3control
                .create_job()
                .account_id(api.at.as_str())
                .client_request_token(&job.token)
                .description(&job.description)
                .confirmation_required(job.confirm)
                .operation(operation)
                .report(report)
                .manifest_generator(generator)
                .priority(priority)
                .role_arn(job.role.as_str())
                .set_tags(Some(tags))
                .send()
        })
        .await?;
    let id = answer.job_id.unwrap_or_default();
    JobId::new(id).map_err(|error| api.unreadable("CreateJob", error))
}

fn generator(
    job: &NewJob,
) -> Result<JobManifestGenerator, aws_smithy_types::error::operation::BuildError> {
    let statuses = match &job.work {
        NewWork::Copy(statuses) => Some(statuses),
        NewWork::Checksum => None,
    };
    let named = |status: &ObjectStatus| match status {
        ObjectStatus::Never => ReplicationStatus::None,
        ObjectStatus::Failed => ReplicationStatus::Failed,
    };
    let statuses: Option<Vec<ReplicationStatus>> =
        statuses.map(|of| of.iter().map(named).collect());
    let before = job.created_before.as_deref();
    // It is told to the second, and all of that second is meant: an object is rather listed once too often.
    let before = before.and_then(|at| DateTime::from_str(at, Format::DateTime).ok());
    let before = before.map(|at| DateTime::from_secs(at.secs().saturating_add(1)));
    let prefix = (!job.prefix.is_empty()).then(|| {
        KeyNameConstraint::builder()
            .match_any_prefix(&job.prefix)
            .build()
    });
    let filter = JobManifestGeneratorFilter::builder()
        .set_eligible_for_replication(statuses.is_some().then_some(true))
        .set_object_replication_statuses(statuses)
        .set_created_before(before)
        .set_key_name_constraint(prefix)
        .build();
    let output = job.manifest.as_ref().map(|(bucket, prefix)| {
        S3ManifestOutputLocation::builder()
            .bucket(bucket.arn().as_str())
            .expected_manifest_bucket_owner(bucket.account.as_str())
            .set_manifest_prefix((!prefix.is_empty()).then(|| prefix.clone()))
            .manifest_format(GeneratedManifestFormat::S3InventoryReportCsv20211130)
            .build()
    });
    let generator = S3JobManifestGenerator::builder()
        .source_bucket(job.source.arn().as_str())
        .expected_bucket_owner(job.source.account.as_str())
        .filter(filter)
        .enable_manifest_output(output.is_some())
        .set_manifest_output_location(output.transpose()?)
        .build()?;
    Ok(JobManifestGenerator::S3JobManifestGenerator(generator))
}

/// None where there is no such job.
async fn there<T>(answer: impl Future<Output = Result<T, Failure>>) -> Result<Option<T>, Failure> {
    match answer.await {
        Ok(answer) => Ok(Some(answer)),
        Err(failure) if failure.is(&GONE) => Ok(None),
        Err(failure) => Err(failure),
    }
}
