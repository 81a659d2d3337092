//! Changes: the items of every document that is written, as a reviewer reads them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::guards::{is_guarded, is_of_a_proof};
use super::writes::Writes;
use crate::diff::{Diff, attributes, diff};
use crate::format::{AccessChange, AccessVerdict, Action, Change, Kept, Reason};
use crate::future::Planned;
use crate::ids::MigrationName;
use crate::migration::mark;
use crate::model::kinds::kind::{self, Loss};
use crate::model::kinds::{Document, Marked, Part, PolicyOf};
use crate::model::{BucketPart, Item, RolePart, Target, TrailPart};
use crate::names::Names;
use crate::ownership::{
    has_mark, marked_role_sid, whose_configuration, whose_rule, whose_selector,
};
use crate::phase::{self, Presence, presence};
use crate::policy::containment::{self, Comparison, Verdict, compare};
use crate::policy::{Effect, Statement};
use crate::scene::Scene;

/// What a reviewer reads of the writes, each list in the order of the addresses.
#[derive(Default)]
pub(super) struct Told {
    /// What changes.
    pub(super) changes: Vec<Change>,
    /// What stays although it shares a document with something of ours.
    pub(super) kept: Vec<Kept>,
    /// The addresses of what `guards.max_deletes` counts.
    pub(super) deleted: Vec<String>,
}

/// Tells the changes and what is kept.
pub(super) fn describe(
    scene: &Scene<'_>,
    writes: &Writes,
    carried: &BTreeMap<Target, Planned>,
) -> Told {
    let mut told = Told::default();
    for (target, planned) in &writes.planned {
        let planned = carried.get(target).unwrap_or(planned);
        let before = scene.observed.document(target);
        for item in diff(before, planned.document.as_ref()) {
            if !item.is_same() {
                let change = change(scene, target, planned, &item);
                told.deleted
                    .extend(is_guarded(scene, target, &item).then(|| change.address.clone()));
                told.changes.push(change);
            } else if let Some(item) = kept_item(scene, target, &item) {
                told.kept.push(item);
            }
        }
    }
    told.changes
        .sort_by(|one, other| one.address.cmp(&other.address));
    told.kept
        .sort_by(|one, other| one.address.cmp(&other.address));
    told.deleted.sort();
    told
}

fn change(scene: &Scene<'_>, target: &Target, planned: &Planned, diff: &Diff) -> Change {
    let action = action(diff);
    let view = |item: &Option<Item>| item.as_ref().map_or(Value::Null, Item::view);
    let (before, after) = (view(&diff.before), view(&diff.after));
    let facts = target.kind().facts();
    let told = (facts.consequences)(&kind::Change {
        action,
        before: diff.before.as_ref().and_then(Item::part),
        after: diff.after.as_ref().and_then(Item::part),
        new_bucket: is_new_bucket(scene, target),
        loss: loss(scene, planned, diff),
    });
    Change {
        address: address(scene, target, diff),
        target: scene.names.address(target),
        kind: diff.item().map_or(facts.name, Item::kind).to_owned(),
        migrations: migrations(scene, planned, diff.item()),
        actions: vec![action],
        reason: reason(scene, target, planned, action, diff),
        attributes: attributes(&before, &after),
        before,
        after,
        access: access(diff),
        undo: told.undo,
        risk: told.risk,
    }
}

const fn action(diff: &Diff) -> Action {
    match (&diff.before, &diff.after) {
        (None, _) => Action::Create,
        (Some(_), Some(_)) => Action::Update,
        (Some(_), None) => Action::Delete,
    }
}

/// The changes by which a document is given back. No spec asks for them, so that no migration is named.
pub(super) fn restored(
    names: &Names,
    target: &Target,
    live: Option<&Document>,
    kept: Option<&Document>,
) -> Vec<Change> {
    let items = diff(live, kept).into_iter();
    let facts = target.kind().facts();
    let target = names.address(target);
    let change = |diff: Diff| {
        let action = action(&diff);
        let view = |item: &Option<Item>| item.as_ref().map_or(Value::Null, Item::view);
        let (before, after) = (view(&diff.before), view(&diff.after));
        let told = (facts.consequences)(&kind::Change {
            action,
            before: diff.before.as_ref().and_then(Item::part),
            after: diff.after.as_ref().and_then(Item::part),
            new_bucket: false,
            loss: Loss::Whole,
        });
        Change {
            address: format!("{target}{}", diff.path),
            target: target.clone(),
            kind: diff.item().map_or(facts.name, Item::kind).to_owned(),
            migrations: Vec::new(),
            actions: vec![action],
            reason: Reason::Differs,
            attributes: attributes(&before, &after),
            before,
            after,
            access: access(&diff),
            undo: told.undo,
            risk: told.risk,
        }
    };
    items.filter(|item| !item.is_same()).map(change).collect()
}

fn address(scene: &Scene<'_>, target: &Target, diff: &Diff) -> String {
    format!("{}{}", scene.names.address(target), diff.path)
}

/// What is missed of a rule that goes.
fn loss(scene: &Scene<'_>, planned: &Planned, diff: &Diff) -> Loss {
    if is_of_a_proof(scene, diff) {
        return Loss::OfAProof;
    }
    match (diff.before.as_ref().and_then(Item::part), &planned.document) {
        (Some(Part::Rule(gone)), Some(Document::Replication(after))) if after.carries_on(gone) => {
            Loss::CarriedOn
        }
        (_, _) => Loss::Whole,
    }
}

fn is_new_bucket(scene: &Scene<'_>, target: &Target) -> bool {
    target.bucket().is_some_and(|bucket| {
        let itself = Target::Bucket(bucket.clone(), BucketPart::Itself);
        scene.observed.document(&itself).is_none()
    })
}

/// The migration in the item's marker, or else everybody who wants the document.
fn migrations(scene: &Scene<'_>, planned: &Planned, item: Option<&Item>) -> Vec<String> {
    match item.and_then(|item| marked(scene, item)) {
        Some(migration) => vec![migration.to_string()],
        None => planned.migrations.iter().map(ToString::to_string).collect(),
    }
}

/// The migration that a rule's ID or a statement's Sid names.
fn marked(scene: &Scene<'_>, item: &Item) -> Option<MigrationName> {
    match item.part()? {
        Part::Rule(rule) => scene
            .markers
            .rule(rule.id.as_deref()?)
            .map(|(name, _)| name),
        Part::Statement(_, statement) => scene.migration_of_sid(statement.sid()?).cloned(),
        Part::ReplicationRole(_) | Part::RolePolicy(_) | Part::Inventory(_, _) => None,
        Part::Notification(_, _) | Part::EventBridge | Part::Selector(_) => None,
    }
}

fn reason(
    scene: &Scene<'_>,
    target: &Target,
    planned: &Planned,
    action: Action,
    diff: &Diff,
) -> Reason {
    match action {
        Action::Create => Reason::Missing,
        Action::Prove => Reason::Unproven,
        Action::Update if has_broken_principal(diff) => Reason::BrokenPrincipal,
        Action::Update if is_adopted(scene, target) => Reason::Adopted,
        Action::Update => Reason::Differs,
        Action::Delete if matches!(target, Target::Alarm(_)) => reason_to_unwatch(scene, planned),
        Action::Delete
            if target
                .role()
                .is_some_and(|role| scene.is_left_by_phase(role)) =>
        {
            Reason::Phase
        }
        Action::Delete => reason_to_delete(scene, diff),
    }
}

/// An alarm goes because its migration's phase has none, or because it left the spec.
fn reason_to_unwatch(scene: &Scene<'_>, planned: &Planned) -> Reason {
    let mut migrations = planned.migrations.iter();
    let is_in = |name: &MigrationName| {
        let migration = scene.spec.migrations.get(name);
        migration.is_some_and(|of| phase::Part::Monitoring.is_in(of.phase))
    };
    if planned.migrations.is_empty() || migrations.any(is_in) {
        Reason::LeftSpec
    } else {
        Reason::Phase
    }
}

/// A bucket or a role that carries no marker yet is changed because it was handed over.
fn is_adopted(scene: &Scene<'_>, target: &Target) -> bool {
    let carries = match target.kind().facts().marked {
        Marked::ByItsWhole => target,
        Marked::ByItsGrant => return scene.adopts(&scene.names.address(target)),
        Marked::ByItem | Marked::Never => return false,
    };
    let tags = match carries {
        Target::Bucket(bucket, _) => Target::Bucket(bucket.clone(), BucketPart::Tags),
        Target::Role(role, _) => Target::Role(role.clone(), RolePart::Itself),
        Target::Alarm(_) => target.clone(),
        Target::Trail(trail, _) => Target::Trail(trail.clone(), TrailPart::Itself),
        Target::Account(_, _) | Target::Key(_, _) => return false,
        Target::Region(_, _) | Target::Topic(_) => return false,
    };
    match scene.observed.document(&tags) {
        Some(Document::Tags(tags)) => !scene.markers.owns_tags(tags),
        Some(Document::Role(role)) => !scene.markers.owns_tags(&role.tags),
        Some(Document::Trail(trail)) => !scene.markers.owns_tags(&trail.tags),
        Some(Document::Alarm(alarm)) => {
            !scene.markers.describes_alarm(alarm.description.as_deref())
        }
        Some(_) | None => false,
    }
}

/// What the phase takes away, what was adopted to be replaced, and what left the spec.
fn reason_to_delete(scene: &Scene<'_>, diff: &Diff) -> Reason {
    let Some(item) = &diff.before else {
        return Reason::LeftSpec;
    };
    let part = match item {
        Item::Part(Part::Rule(rule)) => match rule.id.as_deref() {
            Some(id) if !id.is_empty() && scene.markers.rule(id).is_none() => {
                return Reason::Adopted;
            }
            Some(_) | None => phase::Part::Rules,
        },
        Item::Part(Part::ReplicationRole(_)) => phase::Part::Rules,
        Item::Part(Part::Statement(PolicyOf::Bucket | PolicyOf::Key, statement))
            if !statement
                .sid()
                .is_some_and(|sid| scene.markers.owns_sid(sid)) =>
        {
            return Reason::Adopted;
        }
        Item::Part(Part::RolePolicy(_)) => return Reason::Adopted,
        // What every new trail records: it is there before anybody asked for anything.
        Item::Part(Part::Selector(of)) if of.name().is_none() && !of.is_of_buckets_only() => {
            return Reason::Differs;
        }
        Item::Part(Part::Inventory(_, _) | Part::Notification(_, _))
        | Item::Part(Part::EventBridge | Part::Selector(_))
        | Item::Whole(Document::Logging(_) | Document::Trail(_)) => return Reason::LeftSpec,
        Item::Part(Part::Statement(PolicyOf::Key, _)) => phase::Part::Keys,
        Item::Part(Part::Statement(_, _)) | Item::Whole(_) => phase::Part::Access,
    };
    let migration = marked(scene, item).and_then(|name| scene.spec.migrations.get(&name));
    match migration.map(|migration| presence(part, migration.phase)) {
        Some(Presence::Absent) => Reason::Phase,
        Some(Presence::Present | Presence::Leave) | None => Reason::LeftSpec,
    }
}

/// What shares a document with something of ours and is not ours.
fn kept_item(scene: &Scene<'_>, target: &Target, diff: &Diff) -> Option<Kept> {
    let item = diff.item()?;
    let ours = match (target.kind().facts().marked, item) {
        (Marked::ByItem, Item::Part(Part::Rule(rule))) => {
            let id = rule.id.as_deref().unwrap_or_default();
            scene.markers.rule(id).is_some()
        }
        (Marked::ByItem, Item::Part(Part::Statement(_, statement))) => {
            scene.markers.owns_sid(statement.sid().unwrap_or_default())
        }
        // A policy that cannot be read is nobody's but theirs; ours on a role is no part of its other policies.
        (Marked::ByItem, Item::Whole(_) | Item::Part(Part::RolePolicy(_))) => false,
        (Marked::ByItem, Item::Part(Part::ReplicationRole(_))) => true,
        (Marked::ByItem, Item::Part(Part::Inventory(id, _) | Part::Notification(id, _))) => {
            scene.markers.owns_configuration(id)
        }
        (Marked::ByItem, Item::Part(Part::EventBridge)) => false,
        (Marked::ByItem, Item::Part(Part::Selector(of))) => mark::owns_selector(scene, target, of),
        // A role's policy is under our name, and other specs that share the role mark what is theirs.
        (Marked::ByItsWhole, Item::Part(Part::Statement(PolicyOf::Role, statement))) => {
            let sid = statement.sid().unwrap_or_default();
            marked_role_sid(sid).is_none() || scene.markers.owns_role_sid(sid)
        }
        (Marked::ByItsWhole | Marked::ByItsGrant | Marked::Never, _) => true,
    };
    (!ours).then(|| Kept {
        address: address(scene, target, diff),
        kind: item.kind().to_owned(),
        why: whose(item),
        value: item.view(),
    })
}

/// Whose an item is that is not this spec's.
fn whose(item: &Item) -> String {
    match item.part() {
        Some(Part::Rule(rule)) => whose_rule(rule.id.as_deref().unwrap_or_default()),
        Some(Part::Statement(_, statement)) if has_mark(statement.sid().unwrap_or_default()) => {
            "of another s3ferry spec".to_owned()
        }
        Some(Part::Inventory(id, _) | Part::Notification(id, _)) => whose_configuration(id),
        Some(Part::Selector(of)) => whose_selector(of.name()),
        Some(
            Part::Statement(_, _)
            | Part::ReplicationRole(_)
            | Part::RolePolicy(_)
            | Part::EventBridge,
        )
        | None => "not s3ferry's".to_owned(),
    }
}

/// How a change to a policy statement changes access.
fn access(diff: &Diff) -> Option<AccessChange> {
    match (
        statement(diff.before.as_ref()),
        statement(diff.after.as_ref()),
    ) {
        (Some(before), Some(after)) => Some(compared(&compare(before, after))),
        (None, Some(after)) => Some(AccessChange {
            verdict: lone(after, true),
            ..unlisted()
        }),
        (Some(before), None) => Some(AccessChange {
            verdict: lone(before, false),
            ..unlisted()
        }),
        (None, None) => None,
    }
}

fn statement(item: Option<&Item>) -> Option<&Statement> {
    match item?.part()? {
        Part::Statement(_, statement) => Some(statement),
        Part::ReplicationRole(_)
        | Part::Rule(_)
        | Part::RolePolicy(_)
        | Part::Inventory(_, _)
        | Part::Notification(_, _)
        | Part::EventBridge
        | Part::Selector(_) => None,
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
    statement(diff.before.as_ref()).is_some_and(Statement::has_broken_principal)
}
