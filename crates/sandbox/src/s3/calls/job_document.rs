//! How a job is shown: DescribeJob in full, ListJobs in short (BC:s3control JobDescriptor, JobListDescriptor).

use std::time::SystemTime;

use crate::clock::{iso_millis, seconds};
use crate::s3::state::batch::job::{Failure, Job, Status};
use crate::s3::xml::{Element, escape};

/// What a job is suspended for, as `s3:JobSuspendedCause` has it (Service Authorization Reference; that DescribeJob has the same
/// word is unverified).
pub(crate) const AWAITING: &str = "AWAITING_CONFIRMATION";

/// What of a request is shown as it was sent.
const AS_SENT: [&str; 6] = [
    "ConfirmationRequired",
    "Description",
    "Manifest",
    "ManifestGenerator",
    "Operation",
    "Report",
];

/// Shows a job in full.
pub(crate) fn described(job: &Job) -> String {
    let sent = &job.request.sent;
    let as_sent = AS_SENT.iter().filter_map(|name| sent.child(name));
    let mut parts: Vec<String> = as_sent.map(Element::write).collect();
    parts.extend(common(job));
    parts.extend([
        leaf("JobArn", &job.arn()),
        leaf("RoleArn", &job.request.role),
    ]);
    if sent.child("ConfirmationRequired").is_none() {
        parts.push(leaf("ConfirmationRequired", "true"));
    }
    if let Some(reason) = &job.update_reason {
        parts.push(leaf("StatusUpdateReason", reason));
    }
    if !job.failures.is_empty() {
        let failure = |failure: &Failure| {
            let code = leaf("FailureCode", failure.code);
            let reason = leaf("FailureReason", &failure.reason);
            format!("<member>{code}{reason}</member>")
        };
        let failures: String = job.failures.iter().map(failure).collect();
        parts.push(format!("<FailureReasons>{failures}</FailureReasons>"));
    }
    if let Some(suspended) = job.suspended {
        parts.push(leaf("SuspendedDate", &time(suspended)));
    }
    if job.status == Status::Suspended {
        parts.push(leaf("SuspendedCause", AWAITING));
    }
    if let Some(generated) = &job.generated {
        let (arn, etag) = (
            leaf("ObjectArn", &generated.arn),
            leaf("ETag", &generated.etag),
        );
        let format = leaf("Format", "S3InventoryReport_CSV_20211130");
        parts.push(format!(
            "<GeneratedManifestDescriptor>{format}<Location>{arn}{etag}</Location></GeneratedManifestDescriptor>"
        ));
    }
    format!("<Job>{}</Job>", parts.concat())
}

/// Shows a job in short.
pub(crate) fn listed(job: &Job) -> String {
    let mut parts = common(job);
    parts.push(leaf("Operation", job.request.operation.name()));
    if let Some(description) = &job.request.description {
        parts.push(leaf("Description", description));
    }
    format!("<member>{}</member>", parts.concat())
}

fn common(job: &Job) -> Vec<String> {
    let mut parts = vec![
        leaf("JobId", &job.id),
        leaf("Status", job.status.as_str()),
        leaf("Priority", &job.priority.to_string()),
        leaf("CreationTime", &time(job.created)),
        progress(job),
    ];
    if let Some(ended) = job.ended {
        parts.push(leaf("TerminationDate", &time(ended)));
    }
    parts
}

/// Before the manifest was read there are no tasks.
fn progress(job: &Job) -> String {
    let total = job.tasks.as_ref().map_or(0, |tasks| tasks.len());
    let count = |name, number: usize| leaf(name, &number.to_string());
    let active = leaf(
        "ElapsedTimeInActiveSeconds",
        &job.active.as_secs().to_string(),
    );
    format!(
        "<ProgressSummary>{}{}{}<Timers>{active}</Timers></ProgressSummary>",
        count("TotalNumberOfTasks", total),
        count("NumberOfTasksSucceeded", job.ran - job.failed),
        count("NumberOfTasksFailed", job.failed),
    )
}

/// Writes an element with text.
pub(crate) fn leaf(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

fn time(at: SystemTime) -> String {
    iso_millis(seconds(at))
}
