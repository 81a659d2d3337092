//! Jobs of S3 Batch Operations in memory: made once a token, listed, confirmed, and ended as a test says.

use std::collections::BTreeMap;

use s3ferry_core::ids::JobId;
use s3ferry_core::model::kinds::{Job, JobFailure, JobStatus, Jobs};
use s3ferry_core::model::{BucketRef, RegionRef};
use s3ferry_core::plan::NewJob;
use s3ferry_engine::ports::Sample;

/// How the next jobs go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFate {
    /// How many objects they have.
    pub tasks: u64,
    /// By code, how many of them fail.
    pub codes: BTreeMap<String, u64>,
    /// Why they are given up, if they are.
    pub reason: Option<String>,
    /// Whether their reports come.
    pub reports: bool,
}

impl Default for JobFate {
    fn default() -> Self {
        Self {
            tasks: 3,
            codes: BTreeMap::new(),
            reason: None,
            reports: true,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct JobStore {
    pub(super) fate: JobFate,
    pub(super) samples: BTreeMap<String, Sample>,
    made: Vec<Made>,
    pieces: BTreeMap<String, Vec<u8>>,
}

#[derive(Debug)]
struct Made {
    id: JobId,
    request: NewJob,
    fate: JobFate,
    status: JobStatus,
    /// Looks until it moves on.
    looks: u32,
}

impl JobStore {
    /// The requests of all jobs, oldest first.
    pub(super) fn requests(&self) -> Vec<NewJob> {
        self.made.iter().map(|of| of.request.clone()).collect()
    }

    pub(super) fn create(&mut self, request: &NewJob) -> Result<JobId, &'static str> {
        let same = self
            .made
            .iter()
            .find(|of| of.request.token == request.token);
        if let Some(same) = same {
            return if same.request == *request {
                Ok(same.id.clone())
            } else {
                Err("IdempotencyException")
            };
        }
        let number = self.made.len() + 1;
        let id = JobId::new(format!("job-{number:08}")).expect("letters, digits and hyphens");
        self.made.push(Made {
            id: id.clone(),
            request: request.clone(),
            fate: self.fate.clone(),
            status: JobStatus::Moving("New".to_owned()),
            looks: 0,
        });
        Ok(id)
    }

    pub(super) fn listed(&self, at: &RegionRef) -> Jobs {
        let here = self.made.iter().filter(|of| of.request.at == *at);
        Jobs(here.map(|of| (of.id.clone(), shown(of))).collect())
    }

    /// A job; each look lets it come one step further.
    pub(super) fn look(&mut self, at: &RegionRef, id: &JobId) -> Option<Job> {
        let made = self.made.iter_mut();
        let of = made
            .into_iter()
            .find(|of| of.id == *id && of.request.at == *at)?;
        let job = shown(of);
        of.looks += 1;
        let JobStatus::Moving(word) = &of.status else {
            return Some(job);
        };
        of.status = match word.as_str() {
            "New" if of.fate.reason.is_some() && of.fate.tasks == 0 => JobStatus::Failed,
            "New" if of.request.confirm => JobStatus::Suspended,
            "New" => JobStatus::Moving("Active".to_owned()),
            _ if of.fate.reason.is_some() => JobStatus::Failed,
            _ => JobStatus::Complete,
        };
        if of.status.is_final() && of.fate.reports && of.fate.tasks > 0 {
            let report = report(of);
            self.pieces.extend(report);
        }
        Some(job)
    }

    pub(super) fn tags(&self, id: &JobId) -> BTreeMap<String, String> {
        let of = self.made.iter().find(|of| of.id == *id);
        of.map(|of| of.request.tags.clone()).unwrap_or_default()
    }

    pub(super) fn confirm(&mut self, id: &JobId) -> Result<(), &'static str> {
        let of = self.made.iter_mut().find(|of| of.id == *id);
        match of {
            Some(of) if of.status == JobStatus::Suspended => {
                of.status = JobStatus::Moving("Ready".to_owned());
                Ok(())
            }
            Some(_) => Err("JobStatusException"),
            None => Err("NoSuchJobException"),
        }
    }

    /// A few bytes at a time, so that whoever reads must go on.
    pub(super) fn piece(&self, bucket: &BucketRef, key: &str, from: u64) -> Option<Vec<u8>> {
        let whole = self.pieces.get(&format!("{}/{key}", bucket.bucket))?;
        let left = whole.get(usize::try_from(from).ok()?..)?;
        Some(left[..left.len().min(100)].to_vec())
    }
}

fn shown(of: &Made) -> Job {
    let failed: u64 = of.fate.codes.values().sum();
    let is_listed = !matches!(&of.status, JobStatus::Moving(word) if word == "New");
    let has_ended = of.status.is_final();
    let reasons = of
        .fate
        .reason
        .iter()
        .filter(|_| of.status == JobStatus::Failed);
    Job {
        description: of.request.description.clone(),
        created: "2026-01-01T00:00:00Z".to_owned(),
        status: of.status.clone(),
        tasks: if is_listed { of.fate.tasks } else { 0 },
        succeeded: if has_ended { of.fate.tasks - failed } else { 0 },
        failed: if has_ended { failed } else { 0 },
        reasons: reasons
            .map(|reason| JobFailure {
                code: "ManifestGenerationFailed".to_owned(),
                reason: reason.clone(),
            })
            .collect(),
    }
}

fn report(of: &Made) -> Vec<(String, Vec<u8>)> {
    let (bucket, prefix) = &of.request.report;
    let folder = match prefix.as_str() {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    };
    let folder = format!("{folder}job-{}", of.id);
    let rows = of.fate.codes.iter().flat_map(|(code, count)| {
        (0..*count).map(move |n| format!("b,k{n},v,failed,500,{code},\n"))
    });
    let rows: String = rows.collect();
    let results = if rows.is_empty() {
        Vec::new()
    } else {
        vec![serde_json::json!({
            "TaskExecutionStatus": "failed", "Bucket": bucket.bucket.as_str(),
            "MD5Checksum": "", "Key": format!("{folder}/results/failed.csv"),
        })]
    };
    let manifest = serde_json::json!({
        "Format": "Report_CSV_20180820", "ReportCreationDate": "2026-01-01T00:00:00Z",
        "Results": results, "ReportSchema": "",
    });
    let at = |key: &str| format!("{}/{folder}/{key}", bucket.bucket);
    vec![
        (at("manifest.json"), manifest.to_string().into_bytes()),
        (at("results/failed.csv"), rows.into_bytes()),
    ]
}
