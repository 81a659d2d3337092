//! Jobs of S3 Batch Operations as they are kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{InvalidName, JobId};
use crate::model::kinds::{Job, JobFailure, JobStatus, Jobs};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct HeldJob {
    description: String,
    created: String,
    status: String,
    tasks: u64,
    succeeded: u64,
    failed: u64,
    /// Codes, each with the reason.
    reasons: Vec<(String, String)>,
}

pub(super) fn held_jobs(of: &Jobs) -> BTreeMap<String, HeldJob> {
    let held = of.0.iter().map(|(id, job)| {
        let Job {
            description,
            created,
            status,
            tasks,
            succeeded,
            failed,
            reasons,
        } = job.clone();
        let held = HeldJob {
            description,
            created,
            status: status.as_str().to_owned(),
            tasks,
            succeeded,
            failed,
            reasons: reasons.into_iter().map(|of| (of.code, of.reason)).collect(),
        };
        (id.to_string(), held)
    });
    held.collect()
}

pub(super) fn jobs(held: BTreeMap<String, HeldJob>) -> Result<Jobs, InvalidName> {
    let job = |(id, held): (String, HeldJob)| {
        let HeldJob {
            description,
            created,
            status,
            tasks,
            succeeded,
            failed,
            reasons,
        } = held;
        let failure = |(code, reason)| JobFailure { code, reason };
        let job = Job {
            description,
            created,
            status: JobStatus::of(&status),
            tasks,
            succeeded,
            failed,
            reasons: reasons.into_iter().map(failure).collect(),
        };
        Ok((JobId::new(id)?, job))
    };
    held.into_iter()
        .map(job)
        .collect::<Result<_, _>>()
        .map(Jobs)
}
