//! Changes: the items of every document that is written, as a reviewer reads them.

use serde_json::Value;

use super::consequences::{consequences, of_proof};
use super::writes::{Planned, Writes};
use crate::diff::{Diff, Item, diff};
use crate::format::{AccessChange, AccessVerdict, Action, Change, Kept, Reason};
use crate::ids::MigrationName;
use crate::model::{BucketPart, Document, Kind, Observed, RolePart, Target};
use crate::names::Names;
use crate::ownership::Markers;
use crate::phase::{self, Presence, presence};
use crate::plan::steps::CanaryGoal;
use crate::policy::containment::{self, Comparison, Verdict, compare};
use crate::policy::{Effect, PolicyDocument, Statement};
use crate::spec::Spec;

/// What changes are told by.
pub(super) struct Teller<'a> {
    pub spec: &'a Spec,
    pub observed: &'a Observed,
    pub markers: &'a Markers,
    pub names: &'a Names,
}

impl Teller<'_> {
    /// The changes and what is kept, in the order of the addresses.
    pub(super) fn tell(&self, writes: &Writes) -> (Vec<Change>, Vec<Kept>) {
        let (mut changes, mut kept) = (Vec::new(), Vec::new());
        for (target, planned) in &writes.after {
            let before = self.observed.document(target);
            for item in diff(target, before, planned.document.as_ref()) {
                if !item.is_same() {
                    changes.push(self.change(target, planned, &item));
                } else if let Some(item) = self.kept(target, &item) {
                    kept.push(item);
                }
            }
        }
        changes.sort_by(|one, other| one.address.cmp(&other.address));
        kept.sort_by(|one, other| one.address.cmp(&other.address));
        (changes, kept)
    }

    fn change(&self, target: &Target, planned: &Planned, diff: &Diff) -> Change {
        let action = match (&diff.before, &diff.after) {
            (None, _) => Action::Create,
            (Some(_), Some(_)) => Action::Update,
            (Some(_), None) => Action::Delete,
        };
        let item = diff.item();
        let view =
            |item: &Option<Item>| item.as_ref().map_or(Value::Null, |item| item.view.clone());
        let told = consequences(target.kind(), action, diff, self.is_new_bucket(target));
        Change {
            address: self.address(target, item),
            target: self.names.address(target),
            kind: item
                .map_or(target.kind().as_str(), |item| item.kind)
                .to_owned(),
            migrations: self.migrations(target, planned, item),
            actions: vec![action],
            reason: self.reason(target, action, diff),
            before: view(&diff.before),
            after: view(&diff.after),
            attributes: diff.attributes(),
            access: access(target.kind(), diff),
            undo: told.undo,
            risk: told.risk,
        }
    }

    /// A goal to prove, as a change.
    pub(super) fn proof(&self, goal: &CanaryGoal) -> Change {
        let told = of_proof();
        Change {
            address: proof_address(goal),
            target: self.names.address(&Target::Bucket(
                goal.source.clone(),
                BucketPart::Replication,
            )),
            kind: "canary".to_owned(),
            migrations: vec![goal.migration.to_string()],
            actions: vec![Action::Prove],
            reason: Reason::Unproven,
            before: Value::Null,
            after: serde_json::json!({
                "rule": goal.rule.as_str(),
                "from": format!("{}/{}", goal.source.bucket, goal.key),
                "to": goal.destination.bucket.as_str(),
                "tags": goal.tags,
                "kms_key": goal.kms_key.as_ref().map(ToString::to_string),
            }),
            attributes: Vec::new(),
            access: None,
            undo: told.undo,
            risk: told.risk,
        }
    }

    fn address(&self, target: &Target, item: Option<&Item>) -> String {
        format!(
            "{}{}",
            self.names.address(target),
            item.map_or("", |item| item.path.as_str())
        )
    }

    fn is_new_bucket(&self, target: &Target) -> bool {
        target.bucket().is_some_and(|bucket| {
            self.observed
                .document(&Target::Bucket(bucket.clone(), BucketPart::Itself))
                .is_none()
        })
    }

    /// The migration in the item's marker, or else everybody who wants the document.
    fn migrations(&self, target: &Target, planned: &Planned, item: Option<&Item>) -> Vec<String> {
        let marked = item.and_then(|item| self.marked(target, item.name.as_deref()?));
        match marked {
            Some(migration) => vec![migration.to_string()],
            None => planned.migrations.iter().map(ToString::to_string).collect(),
        }
    }

    /// The migration that a rule ID or a Sid names.
    fn marked(&self, target: &Target, name: &str) -> Option<MigrationName> {
        match target.kind() {
            Kind::Bucket(BucketPart::Replication) => {
                self.markers.rule(name).map(|(migration, _)| migration)
            }
            Kind::Bucket(BucketPart::Policy) => {
                let of = |migration: &&MigrationName| {
                    name.starts_with(&self.markers.sid_prefix(migration))
                };
                self.spec.migrations.keys().find(of).cloned()
            }
            _ => None,
        }
    }

    fn reason(&self, target: &Target, action: Action, diff: &Diff) -> Reason {
        match action {
            Action::Create => Reason::Missing,
            Action::Prove => Reason::Unproven,
            Action::Update if has_broken_principal(diff) => Reason::BrokenPrincipal,
            Action::Update if self.is_adopted(target) => Reason::Adopted,
            Action::Update => Reason::Differs,
            Action::Delete => self.reason_to_delete(target, diff),
        }
    }

    /// A bucket or a role that carries no marker yet is changed because it was handed over.
    fn is_adopted(&self, target: &Target) -> bool {
        let tags = |of: Target| match self.observed.document(&of) {
            Some(Document::Tags(tags)) => self.markers.owns_tags(tags),
            Some(Document::Role(role)) => self.markers.owns_tags(&role.tags),
            _ => true,
        };
        match target {
            Target::Bucket(bucket, BucketPart::Tags)
            | Target::Bucket(bucket, BucketPart::Encryption)
            | Target::Bucket(bucket, BucketPart::Ownership)
            | Target::Bucket(bucket, BucketPart::PublicAccess) => {
                !tags(Target::Bucket(bucket.clone(), BucketPart::Tags))
            }
            Target::Role(role, RolePart::Itself) | Target::Role(role, RolePart::Policy) => {
                !tags(Target::Role(role.clone(), RolePart::Itself))
            }
            _ => false,
        }
    }

    /// What the phase takes away, what was adopted to be replaced, and what left the spec.
    fn reason_to_delete(&self, target: &Target, diff: &Diff) -> Reason {
        let name = diff
            .before
            .as_ref()
            .and_then(|item| item.name.as_deref())
            .unwrap_or_default();
        let is_rule = target.kind() == Kind::Bucket(BucketPart::Replication);
        if is_rule && !name.is_empty() && self.markers.rule(name).is_none() {
            return Reason::Adopted;
        }
        let kind = if is_rule {
            phase::Part::Rules
        } else {
            phase::Part::Access
        };
        let migration = self
            .marked(target, name)
            .and_then(|name| self.spec.migrations.get(&name));
        match migration.map(|migration| presence(kind, migration.phase)) {
            Some(Presence::Absent) => Reason::Phase,
            _ => Reason::LeftSpec,
        }
    }

    /// What shares a document with something of ours and is not ours.
    fn kept(&self, target: &Target, diff: &Diff) -> Option<Kept> {
        let item = diff.item()?;
        let name = item.name.as_deref().unwrap_or_default();
        let ours = match target.kind() {
            Kind::Bucket(BucketPart::Replication) => {
                item.path == "/role" || self.markers.rule(name).is_some()
            }
            Kind::Bucket(BucketPart::Policy) => self.markers.owns_sid(name),
            _ => true,
        };
        (!ours).then(|| Kept {
            address: self.address(target, Some(item)),
            kind: item.kind.to_owned(),
            why: "not s3ferry's".to_owned(),
            value: item.view.clone(),
        })
    }
}

/// The address of a goal.
pub(super) fn proof_address(goal: &CanaryGoal) -> String {
    format!("{}/canary/{}", goal.migration, goal.rule)
}

/// How a change to a policy statement changes access.
fn access(kind: Kind, diff: &Diff) -> Option<AccessChange> {
    if !matches!(
        kind,
        Kind::Bucket(BucketPart::Policy) | Kind::Role(RolePart::Policy)
    ) {
        return None;
    }
    let statement = |item: &Option<Item>| {
        item.as_ref()
            .and_then(|item| Statement::parse(&item.view.to_string()).ok())
    };
    match (statement(&diff.before), statement(&diff.after)) {
        (Some(before), Some(after)) => Some(compared(&compare(&before, &after))),
        (None, Some(after)) => Some(AccessChange {
            verdict: lone(&after, true),
            ..unlisted()
        }),
        (Some(before), None) => Some(AccessChange {
            verdict: lone(&before, false),
            ..unlisted()
        }),
        (None, None) => None,
    }
}

/// A statement that comes or goes is shown whole; only the verdict is said.
const fn unlisted() -> AccessChange {
    AccessChange {
        verdict: AccessVerdict::Equal,
        added: Vec::new(),
        removed: Vec::new(),
    }
}

fn lone(statement: &Statement, comes: bool) -> AccessVerdict {
    if (statement.effect() == Effect::Allow) == comes {
        AccessVerdict::Broader
    } else {
        AccessVerdict::Narrower
    }
}

fn compared(comparison: &Comparison) -> AccessChange {
    let Comparison {
        verdict,
        same_reach: _,
        actions,
        resources,
        principals,
        conditions,
    } = comparison;
    let parts = [
        ("action", actions),
        ("resource", resources),
        ("principal", principals),
        ("condition", conditions),
    ];
    let listed = |side: fn(&containment::Change) -> &Vec<String>| -> Vec<String> {
        let of = |(word, change): &(&str, &containment::Change)| -> Vec<String> {
            side(change)
                .iter()
                .map(|value| format!("{word} {value}"))
                .collect()
        };
        parts.iter().flat_map(of).collect()
    };
    AccessChange {
        verdict: match verdict {
            Verdict::Equal => AccessVerdict::Equal,
            Verdict::Broader => AccessVerdict::Broader,
            Verdict::Narrower => AccessVerdict::Narrower,
            Verdict::Different => AccessVerdict::Different,
        },
        added: listed(|change| &change.added),
        removed: listed(|change| &change.removed),
    }
}

/// AWS shows the unique ID of a principal that was deleted (IAMUG:reference_policies_elements_principal, T13).
fn has_broken_principal(diff: &Diff) -> bool {
    let text = diff
        .before
        .as_ref()
        .map(|item| item.view.to_string())
        .unwrap_or_default();
    PolicyDocument::parse(&format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":[{text}]}}"
    ))
    .is_ok_and(|policy| !policy.broken_principals().is_empty())
}
