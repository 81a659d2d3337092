//! Symptoms in the making, and what of AWS's failure codes a missing action leads to (UG:replication-failure-codes).

use serde_json::Value;

use crate::format::diagnosis::{Level, Symptom};
use crate::policy::Statement;
use crate::policy::deny::{Certainty, DenyHit};
use crate::route::Side;

/// A symptom of a code, at an address.
pub(super) fn symptom(
    code: &str,
    level: Level,
    side: Side,
    address: String,
    message: String,
) -> Symptom {
    Symptom {
        code: code.to_owned(),
        level,
        failures: [].into(),
        side: side.as_str().to_owned(),
        address,
        message,
        fix: String::new(),
        statement: None,
    }
}

impl Symptom {
    /// With the failure codes that objects get for it.
    pub(super) fn failing<'a>(mut self, codes: impl IntoIterator<Item = &'a str>) -> Self {
        self.failures.extend(codes.into_iter().map(str::to_owned));
        self
    }

    /// With what to do.
    pub(super) fn mended_by(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }

    /// With the statement to add to the document.
    pub(super) fn adding(mut self, statement: &Statement) -> Self {
        self.statement = serde_json::from_str::<Value>(statement.raw()).ok();
        self
    }
}

/// Something that could not be looked at, so that nothing is said of it.
pub(super) fn unread(side: Side, address: String, why: &str) -> Symptom {
    let message =
        format!("this could not be looked at ({why}): whether it is in the way is not known");
    symptom("unread", Level::Unknown, side, address, message)
        .mended_by("let the caller read it; s3ferry permissions --for doctor prints what it takes")
}

/// What a statement denies the role.
pub(super) fn denied(side: Side, address: String, hit: &DenyHit, actions: &str) -> Symptom {
    let (level, when) = match &hit.certainty {
        Certainty::Always => (Level::Wrong, String::new()),
        Certainty::Partly(part) => (Level::Wrong, format!(" where {part}")),
        Certainty::Maybe(condition) => (Level::Unknown, format!(" if {condition}")),
    };
    let message = format!("this statement denies the replication role {actions}{when}");
    symptom("policy-denies-replication", level, side, address, message).mended_by(
        "exempt the role, e.g. with a condition ArnNotEquals on aws:PrincipalArn; a Deny wins over every grant",
    )
}

/// What comes of an action that is not allowed.
pub(super) struct Lacking {
    pub(super) failure: Option<&'static str>,
    pub(super) level: Level,
    /// What of the objects it concerns.
    pub(super) what: &'static str,
}

/// What comes of it where the role may not do this. `mirrors` says whether a rule carries delete markers.
pub(super) fn lacking(action: &str, mirrors: bool) -> Lacking {
    let of = |failure, what| Lacking {
        failure: Some(failure),
        level: Level::Wrong,
        what,
    };
    match action {
        "s3:GetReplicationConfiguration" => of(
            "SrcBucketReplicationConfigMissing",
            "the configuration cannot be read",
        ),
        "s3:ListBucket" => Lacking {
            // AWS's least policy has it "for accessing delete markers" (UG:setting-repl-config-perm-overview).
            level: if mirrors { Level::Wrong } else { Level::Note },
            ..of("SrcHeadObjectNotPermitted", "delete markers cannot be seen")
        },
        "s3:GetObjectVersionForReplication" | "s3:GetObjectRetention" | "s3:GetObjectLegalHold" => {
            of("SrcGetObjectNotPermitted", "objects cannot be read")
        }
        "s3:GetObjectVersionAcl" => of("SrcGetAclNotPermitted", "ACLs cannot be read"),
        // Objects arrive without their tags (UG:setting-repl-config-perm-overview).
        "s3:GetObjectVersionTagging" => of("SrcGetTaggingNotPermitted", "tags are left behind"),
        "s3:GetObjectVersionAnnotationForReplication" => Lacking {
            failure: None,
            level: Level::Note,
            what: "annotations are left behind",
        },
        "s3:ReplicateTags" => of("DstPutTaggingNotPermitted", "tagged objects fail"),
        "s3:ReplicateDelete" => of("DstDelObjNotPermitted", "delete markers fail"),
        "s3:ObjectOwnerOverrideToBucketOwner" => of(
            "DstPutAclNotPermitted",
            "replicas cannot change their owner",
        ),
        _ => of("DstPutObjectNotPermitted", "replicas cannot be written"),
    }
}
