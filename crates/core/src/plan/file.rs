//! A plan as its wire form, with what only the caller knows: who, when, from which files.

use super::build::Plan;
use super::steps::Step;
use crate::format::{AccountInfo, FORMAT, PlanFile, SpecInfo};

/// What a plan's file says besides the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The version of s3ferry.
    pub s3ferry: String,
    /// When, RFC 3339 in UTC.
    pub created: String,
    /// The spec and its files.
    pub spec: SpecInfo,
    /// The accounts signed in to.
    pub accounts: Vec<AccountInfo>,
}

impl Plan {
    /// The steps, and all else in format 1.0. The file has no steps: they are made anew from the live world when a saved
    /// plan is applied.
    #[must_use]
    pub fn into_file(self, head: Head) -> (Vec<Step>, PlanFile) {
        let Self {
            questions: _, // They are answered before a plan is shown.
            unlocated: _, // Likewise.
            steps,
            migrations,
            changes,
            kept,
            waits,
            order,
            fingerprints,
            permissions,
            estimate,
            findings,
            summary,
        } = self;
        let Head {
            s3ferry,
            created,
            spec,
            accounts,
        } = head;
        let file = PlanFile {
            format: FORMAT.to_owned(),
            s3ferry,
            created,
            spec,
            accounts,
            migrations,
            changes,
            kept,
            waits,
            order,
            fingerprints,
            permissions,
            estimate,
            findings,
            summary,
        };
        (steps, file)
    }
}
