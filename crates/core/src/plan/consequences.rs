//! Consequences: what a reviewer should know before a change is made, and whether it can be taken back.

use serde_json::Value;

use crate::diff::Diff;
use crate::format::{Action, Risk, RiskLevel, Undo, UndoKind};
use crate::model::{AccountPart, BucketPart, Kind, RolePart};

/// What is said of a change.
pub(crate) struct Consequences {
    /// Whether it can be taken back.
    pub(crate) undo: Undo,
    /// What could go wrong.
    pub(crate) risk: Risk,
}

/// What is said of a change to an item of a target.
#[must_use]
pub(crate) fn consequences(
    kind: Kind,
    action: Action,
    diff: &Diff,
    new_bucket: bool,
) -> Consequences {
    match kind {
        Kind::Bucket(BucketPart::Itself) => said(
            UndoKind::Partial,
            "s3ferry does not delete buckets; delete it by hand while it is empty",
            RiskLevel::Low,
            &[],
        ),
        Kind::Bucket(BucketPart::Versioning) if new_bucket => said(
            UndoKind::None,
            "versioning can be suspended but never removed from a bucket",
            RiskLevel::Low,
            &[],
        ),
        Kind::Bucket(BucketPart::Versioning) => said(
            UndoKind::None,
            "versioning can be suspended but never removed from a bucket (UG:Versioning)",
            RiskLevel::High,
            &[
                "Overwrites and deletes keep noncurrent versions from now on, and each is billed.",
                "Lifecycle expiration now adds a delete marker instead of deleting: add \
                 NoncurrentVersionExpiration, or storage grows (UG26:replication-requirements).",
                "After versioning is enabled for the first time AWS advises 15 minutes before \
                 writing; reads may answer 404 NoSuchKey meanwhile (BC:s3 PutBucketVersioning).",
            ],
        ),
        Kind::Bucket(BucketPart::Replication) => replication(action, diff),
        Kind::Role(RolePart::Itself) if action == Action::Delete => said(
            UndoKind::Partial,
            "a role made again under the same name is another principal to policies that name it",
            RiskLevel::Medium,
            &[],
        ),
        Kind::Bucket(BucketPart::Encryption) if action == Action::Update => said(
            UndoKind::Exact,
            "",
            RiskLevel::Medium,
            &["Objects that are there keep the encryption that they have."],
        ),
        Kind::Bucket(BucketPart::PublicAccess) | Kind::Bucket(BucketPart::Ownership)
            if action == Action::Update =>
        {
            said(
                UndoKind::Exact,
                "",
                RiskLevel::Medium,
                &["Whoever relies on ACLs or on public access to this bucket loses it."],
            )
        }
        Kind::Bucket(BucketPart::Tags)
        | Kind::Bucket(BucketPart::Encryption)
        | Kind::Bucket(BucketPart::Ownership)
        | Kind::Bucket(BucketPart::PublicAccess)
        | Kind::Bucket(BucketPart::Policy)
        | Kind::Bucket(BucketPart::ObjectLock)
        | Kind::Bucket(BucketPart::RequestPayment)
        | Kind::Bucket(BucketPart::Lifecycle)
        | Kind::Account(AccountPart::Roles)
        | Kind::Role(RolePart::Itself)
        | Kind::Role(RolePart::Policy)
        | Kind::Role(RolePart::Policies) => said(UndoKind::Exact, "", RiskLevel::Low, &[]),
    }
}

/// What is said of a proof by canary.
#[must_use]
pub(crate) fn of_proof() -> Consequences {
    said(
        UndoKind::Exact,
        "",
        RiskLevel::Low,
        &["One small object is written, and removed by version on both sides when it has arrived."],
    )
}

fn replication(action: Action, diff: &Diff) -> Consequences {
    match action {
        Action::Delete => said(
            UndoKind::Partial,
            "objects written while the rule is gone are not replicated when it comes back; they \
             need S3 Batch Replication",
            RiskLevel::High,
            &["New objects stop replicating."],
        ),
        Action::Create => said(
            UndoKind::Partial,
            "removing it stops replication; replicas that have arrived stay",
            RiskLevel::Medium,
            &created_notes(diff),
        ),
        Action::Update | Action::Prove => said(
            UndoKind::Partial,
            "objects written in between keep what the rule did at the time",
            RiskLevel::Medium,
            &updated_notes(diff),
        ),
    }
}

fn deletes(item: Option<&crate::diff::Item>) -> Option<&str> {
    item?.view.get("delete_markers").and_then(Value::as_str)
}

fn created_notes(diff: &Diff) -> Vec<&'static str> {
    let mut notes = vec![
        "Objects written from now on are copied; each replica is billed as a PUT and as storage.",
    ];
    if deletes(diff.after.as_ref()) == Some("Enabled") {
        notes.push(
            "Deletes at the source hide the objects at the destination too: delete markers replicate.",
        );
    }
    notes
}

fn updated_notes(diff: &Diff) -> Vec<&'static str> {
    let mut notes = vec!["The rule as changed applies to objects written from now on."];
    let (before, after) = (deletes(diff.before.as_ref()), deletes(diff.after.as_ref()));
    let legacy = diff
        .before
        .as_ref()
        .is_some_and(|item| item.view.get("prefix_v1").is_some());
    if legacy {
        notes
            .push("Behaviour changes with the schema: a V1 rule always replicates delete markers.");
    }
    match (before, after) {
        (Some("Enabled"), Some("Disabled")) => notes.push("Delete markers no longer replicate."),
        (Some("Disabled") | None, Some("Enabled")) => {
            notes.push("Delete markers replicate from now on.");
        }
        (_, _) => {}
    }
    notes
}

fn said(undo: UndoKind, why: &str, level: RiskLevel, notes: &[&str]) -> Consequences {
    Consequences {
        undo: Undo {
            kind: undo,
            why: why.to_owned(),
        },
        risk: Risk {
            level,
            notes: notes.iter().map(|note| (*note).to_owned()).collect(),
        },
    }
}
