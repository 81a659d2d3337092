//! The calls on jobs of S3 Batch Operations. What jobs do, they do on the clock: `s3/batch`, which lies above.
//!
//! A job is of an account in a Region, which the signature names; elsewhere it is not there (UG:troubleshooting-batch-operations,
//! `NoSuchJobException`).

use std::collections::BTreeMap;

use http::Method;
use s3s::{Body, S3Error, S3Response, S3Result};

use super::body::parse;
use super::context;
use super::control::{answer, ask};
use super::job_document::{AWAITING, described, leaf, listed};
use super::job_tags::{self, refusal};
use super::request::Call;
use crate::authority::request_tags;
use crate::s3::errors::{access_denied, fault, invalid_request, method_not_allowed, not_modelled};
use crate::s3::replication::admission::{RoleProblem, check_role};
use crate::s3::rules::target::Context;
use crate::s3::state::batch::job::{Job, Status};
use crate::s3::state::batch::request::{JobRequest, Operation, SERVICE};
use crate::s3::state::world::Store;
use crate::wire::Form;

/// Answers a call whose path begins with `jobs`.
pub(crate) fn call(
    store: &Store,
    call: &Call<'_>,
    path: &str,
    body: &[u8],
) -> S3Result<S3Response<Body>> {
    let parts: Vec<&str> = path.split('/').collect();
    let query = Form::parse(call.uri.query().unwrap_or_default());
    match (call.method, &parts[..]) {
        (&Method::POST, ["jobs"]) => create(store, call, body),
        (&Method::GET, ["jobs"]) => list(store, call, &query),
        (&Method::GET, ["jobs", id]) => {
            let job = known(store, call, id, "s3:DescribeJob")?;
            Ok(answer("DescribeJobResult", &described(&job)))
        }
        (&Method::POST, ["jobs", id, "status"]) => update_status(store, call, id, &query),
        (&Method::POST, ["jobs", id, "priority"]) => update_priority(store, call, id, &query),
        (&Method::GET, ["jobs", id, "tagging"]) => {
            let job = known(store, call, id, "s3:GetJobTagging")?;
            Ok(job_tags::shown(&job.tags))
        }
        (&Method::PUT, ["jobs", id, "tagging"]) => {
            let tags = job_tags::read(body)?;
            let more = of_request_tags(&tags);
            known_with(store, call, id, ("s3:PutJobTagging", more))?;
            job_tags::put(store, id, tags)
        }
        (&Method::DELETE, ["jobs", id, "tagging"]) => {
            known(store, call, id, "s3:DeleteJobTagging")?;
            Ok(job_tags::delete(store, id))
        }
        _ => Err(method_not_allowed()),
    }
}

fn region(call: &Call<'_>) -> String {
    context::signing_region(call).unwrap_or_default()
}

/// Returns a job, after it was asked whether the caller may do this to it.
fn known(store: &Store, call: &Call<'_>, id: &str, action: &str) -> S3Result<Job> {
    known_with(store, call, id, (action, Context::new()))
}

/// Likewise, with condition keys of the request. Of a job that is not there nothing more is known than its ARN.
fn known_with(
    store: &Store,
    call: &Call<'_>,
    id: &str,
    (action, mut more): (&str, Context),
) -> S3Result<Job> {
    let (account, region) = (&call.caller.account, region(call));
    let now = store.environment.clock.now();
    let job = store.jobs.find((account, &region), id, now);
    if let Some(job) = &job {
        let (priority, operation) = (job.priority.to_string(), job.request.operation.name());
        more.push(("s3:ExistingJobPriority".into(), priority));
        more.push(("s3:ExistingJobOperation".into(), operation.to_owned()));
        if job.status == Status::Suspended {
            more.push(("s3:JobSuspendedCause".into(), AWAITING.to_owned()));
        }
        let tags = job.tags.iter();
        more.extend(
            tags.map(|(key, value)| (format!("aws:ResourceTag/{key}").into(), value.clone())),
        );
    }
    let arn = format!("arn:aws:s3:{region}:{account}:job/{id}");
    ask(store, call, (action, &arn), more)?;
    job.ok_or_else(|| fault(404, "NoSuchJobException", "No such job"))
}

fn create(store: &Store, call: &Call<'_>, body: &[u8]) -> S3Result<S3Response<Body>> {
    let sent = parse(body, "CreateJobRequest")?;
    let request = JobRequest::parse(sent).map_err(refusal)?;
    authorize(store, call, &request)?;
    job_tags::check(&request.tags)?;
    if let Operation::Other(name) = request.operation {
        return Err(not_modelled(&format!("the operation {name} of jobs")));
    }
    pass_role(store, call, &request.role)?;
    let home = (call.caller.account.as_str(), &*region(call));
    let now = store.environment.clock.now();
    let made = store.jobs.create(home, request, now);
    let id = made.map_err(|_| {
        let text = "A job with the same client request token and other parameters exists.";
        fault(400, "IdempotencyException", text)
    })?;
    Ok(answer("CreateJobResult", &leaf("JobId", &id)))
}

fn of_request_tags(tags: &BTreeMap<String, String>) -> Context {
    let keys = request_tags(tags).into_iter();
    keys.map(|(key, value)| (key.into(), value)).collect()
}

/// "Without the s3:PutJobTagging permission, creating Batch Operations jobs with the job tag option enabled causes 403
/// access denied errors" (UG:troubleshooting-batch-operations).
fn authorize(store: &Store, call: &Call<'_>, request: &JobRequest) -> S3Result<()> {
    let tags = of_request_tags(&request.tags);
    let mut more = tags.clone();
    let (priority, operation) = (request.priority.to_string(), request.operation.name());
    more.push(("s3:RequestJobPriority".into(), priority));
    more.push(("s3:RequestJobOperation".into(), operation.to_owned()));
    ask(store, call, ("s3:CreateJob", "*"), more)?;
    if request.tags.is_empty() {
        return Ok(());
    }
    let arn = format!("arn:aws:s3:{}:{}:job/*", region(call), call.caller.account);
    ask(store, call, ("s3:PutJobTagging", &arn), tags)
}

/// The form and the account of the role, and whether the caller may pass it. What it may and who may assume it is found out
/// when the job runs (unverified).
fn pass_role(store: &Store, call: &Call<'_>, role: &str) -> S3Result<()> {
    match check_role(role, &call.caller.account) {
        Ok(()) => {}
        Err(RoleProblem::Malformed(_)) => return Err(invalid_request("Invalid role ARN")),
        Err(RoleProblem::OtherAccount) => {
            let who = &call.caller.arn;
            return Err(access_denied(format!(
                "User: {who} is not authorized to perform: iam:PassRole on resource: {role} because cross-account pass \
                 role is not allowed."
            )));
        }
    }
    let authority = &store.environment.authority;
    let passed = authority.may_pass_role(call.caller, role, SERVICE);
    passed.map_err(|denied| access_denied(denied.message))
}

/// A page has a thousand jobs at most; the newest come first (unverified).
fn list(store: &Store, call: &Call<'_>, query: &Form) -> S3Result<S3Response<Body>> {
    ask(store, call, ("s3:ListJobs", "*"), Context::new())?;
    let named = query.iter().filter(|(name, _)| *name == "jobStatuses");
    let statuses: Option<Vec<Status>> = named.map(|(_, name)| Status::parse(name)).collect();
    let statuses = statuses.ok_or_else(|| invalid("Invalid job status."))?;
    let most = match query.get("maxResults").map(str::parse::<usize>) {
        None => 1000,
        Some(Ok(most)) if most <= 1000 => most,
        Some(_) => return Err(invalid("Invalid MaxResults.")),
    };
    let before = match query.get("nextToken").map(str::parse::<u64>) {
        None => u64::MAX,
        Some(Ok(number)) => number,
        Some(Err(_)) => {
            let text = "The next token is not valid.";
            return Err(fault(400, "InvalidNextTokenException", text));
        }
    };
    let home = (call.caller.account.as_str(), &*region(call));
    let mut jobs = store.jobs.of(home, store.environment.clock.now());
    jobs.retain(|job| statuses.is_empty() || statuses.contains(&job.status));
    jobs.retain(|job| job.number < before);
    let more = most > 0 && jobs.len() > most;
    jobs.truncate(most);
    let next = jobs.last().filter(|_| more);
    let next = next.map_or_else(String::new, |job| {
        leaf("NextToken", &job.number.to_string())
    });
    let shown: String = jobs.iter().map(listed).collect();
    Ok(answer(
        "ListJobsResult",
        &format!("<Jobs>{shown}</Jobs>{next}"),
    ))
}

fn invalid(text: &'static str) -> S3Error {
    fault(400, "InvalidRequestException", text)
}

/// A job that waits for it is confirmed, and one that has not ended is cancelled (UG:batch-ops-job-status).
fn update_status(
    store: &Store,
    call: &Call<'_>,
    id: &str,
    query: &Form,
) -> S3Result<S3Response<Body>> {
    let job = known(store, call, id, "s3:UpdateJobStatus")?;
    let wanted = match query.get("requestedJobStatus") {
        Some("Ready") => Status::Ready,
        Some("Cancelled") => Status::Cancelled,
        _ => return Err(invalid_request("Request invalid")),
    };
    let next = match (job.status, wanted) {
        (Status::Suspended, Status::Ready) => Status::Ready,
        // Nothing of it ran, so that there is nothing to finish (seen: the AWS CLI's example of update-job-status).
        (Status::Suspended, Status::Cancelled) => Status::Cancelled,
        (
            Status::New
            | Status::Preparing
            | Status::Ready
            | Status::Active
            | Status::Pausing
            | Status::Paused,
            Status::Cancelled,
        ) => Status::Cancelling,
        (from, _) => return Err(illegal(from, wanted)),
    };
    let now = store.environment.clock.now();
    let reason = query.get("statusUpdateReason").map(str::to_owned);
    let changed = store.jobs.change(id, |job| {
        job.enter(next, now);
        job.update_reason.clone_from(&reason);
    });
    changed.ok_or_else(method_not_allowed)?;
    let reason = reason.map_or_else(String::new, |text| leaf("StatusUpdateReason", &text));
    let told = [leaf("JobId", id), leaf("Status", next.as_str()), reason];
    Ok(answer("UpdateJobStatusResult", &told.concat()))
}

fn illegal(from: Status, to: Status) -> S3Error {
    let (from, to) = (from.as_str(), to.as_str());
    let text = format!("The job is {from} and cannot become {to}.");
    fault(400, "JobStatusException", text)
}

fn update_priority(
    store: &Store,
    call: &Call<'_>,
    id: &str,
    query: &Form,
) -> S3Result<S3Response<Body>> {
    let job = known(store, call, id, "s3:UpdateJobPriority")?;
    let priority = query
        .get("priority")
        .and_then(|text| text.parse::<i64>().ok());
    let priority = priority.filter(|priority| (0..=i64::from(i32::MAX)).contains(priority));
    let priority = priority.ok_or_else(|| invalid_request("Request invalid"))?;
    if job.status.is_final() {
        let text = "The priority of a job that has ended cannot be changed.";
        return Err(fault(400, "BadRequestException", text));
    }
    store.jobs.change(id, |job| job.priority = priority);
    let told = [leaf("JobId", id), leaf("Priority", &priority.to_string())];
    Ok(answer("UpdateJobPriorityResult", &told.concat()))
}
