//! A plan as its wire form, with what only the caller knows: who, when, from which files.

use super::build::Plan;
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
    /// The plan in format 1.0.
    #[must_use]
    pub fn to_file(&self, head: Head) -> PlanFile {
        let Self {
            questions: _, // They are answered before a plan is shown.
            steps: _,     // Steps are made anew from the live world when a saved plan is applied.
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
        } = self.clone();
        let Head {
            s3ferry,
            created,
            spec,
            accounts,
        } = head;
        PlanFile {
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
        }
    }
}
