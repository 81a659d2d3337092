//! Writes: from desired state and what is live to what every touched target shall hold.
//!
//! What nobody wants is handed back first, what is ours is merged into what is live, and what cannot be merged is a conflict
//! that holds back all that leans on it.

use std::collections::{BTreeMap, BTreeSet};

use super::growth::grown;
use crate::future::Planned;
use crate::goals::denied_for;
use crate::ids::MigrationName;
use crate::marked::marked;
use crate::merge::{self, Conflict, refuse};
use crate::migration::{self, Case};
use crate::model::kinds::Policy;
use crate::model::{BucketPart, BucketRef, Document, RolePart, RoleRef, Target, TrailPart, same};
use crate::policy::{PolicyDocument, Statement};
use crate::reads::abandoned_roles;
use crate::scene::Scene;
use crate::scope::Scope;
use crate::wanted::{Desired, Want, Wanted};

/// What every touched target holds and shall hold, and what stands in the way.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    /// By target: who wants it, and the document it shall hold.
    pub(crate) planned: BTreeMap<Target, Planned>,
    /// What could not be merged.
    pub(super) conflicts: Vec<Conflict>,
}

/// Merges every wish into what is live.
pub(crate) fn writes(scene: &Scene<'_>, cases: &[Case<'_>]) -> Writes {
    let mut writes = Writes::default();
    let mut desired = migration::desired(scene, cases);
    abandon(scene, &mut desired);
    for (target, want) in desired.wants {
        if !scene.scope.covers_any(&want.migrations) {
            continue;
        }
        match merged(scene, &target, &want) {
            Ok(document) => {
                let migrations = want.migrations;
                let planned = Planned {
                    document,
                    migrations,
                };
                writes.planned.insert(target, planned);
            }
            Err(conflict) => writes.conflicts.push(*conflict),
        }
    }
    writes.hold_back_blocked();
    writes
}

/// What a target shall hold; refused where AWS would not take it, or what it holds on the way there.
fn merged(
    scene: &Scene<'_>,
    target: &Target,
    want: &Want,
) -> Result<Option<Document>, Box<Conflict>> {
    let live = scene.observed.document(target);
    let document = merge::merge(scene, target, &want.wanted, live)?;
    let document = kept_for_others(scene, target, want, document);
    if same(live, document.as_ref()) {
        return Ok(live.cloned()); // Not a second one beside what was read: there are thousands of them.
    }
    let grown = grown(live, document.as_ref(), &scene.markers);
    match grown.as_ref().map(merge::fits_while_grown) {
        Some(Err(kind)) => Err(refuse(scene, target, kind)),
        Some(Ok(())) | None => Ok(document),
    }
}

/// With `--target`, a role keeps what migrations that the plan is not for may still need: where its tags lead, and, where
/// it is theirs too, what it may do and what their proofs under way deny it. A plan of the whole spec takes away what nobody
/// needs.
fn kept_for_others(
    scene: &Scene<'_>,
    target: &Target,
    want: &Want,
    document: Option<Document>,
) -> Option<Document> {
    let Target::Role(role, part) = target else {
        return document;
    };
    let keeps = match part {
        RolePart::Itself => *scene.scope != Scope::All,
        RolePart::Policy => is_used_by_others(scene, role, want),
        RolePart::Policies | RolePart::Texts => false,
    };
    if !keeps {
        return document;
    }
    let live = scene.observed.document(target);
    let kept = grown(live, document.as_ref(), &scene.markers).or(document)?;
    Some(with_proofs_of_others(scene, live, kept))
}

/// A role's policy with what live denies for proofs of migrations that the plan is not for.
fn with_proofs_of_others(
    scene: &Scene<'_>,
    live: Option<&Document>,
    document: Document,
) -> Document {
    let (Some(Document::RolePolicy(live)), Document::RolePolicy(kept)) = (live, &document) else {
        return document;
    };
    let Some(policy) = kept.document() else {
        return document;
    };
    let is_others = |statement: &&Statement| {
        denied_for(&scene.spec.name, statement).is_some_and(|of| !scene.scope.covers(&of))
    };
    let with = |policy: PolicyDocument, statement: &Statement| {
        policy.with_statement(statement.sid().unwrap_or_default(), statement.clone())
    };
    let denied = live.statements().iter().filter(is_others);
    let whole = denied.fold(policy.clone(), with);
    Document::RolePolicy(Policy::from(whole))
}

/// Whether a migration that the plan is not for has the role in the spec, or rules under it that live.
fn is_used_by_others(scene: &Scene<'_>, role: &RoleRef, want: &Want) -> bool {
    if *scene.scope == Scope::All {
        return false;
    }
    let is_other = |name: &MigrationName| !scene.scope.covers(name);
    let lives = scene.running_under(role).any(|(_, live)| {
        let ids = live.rules.iter().filter_map(|rule| rule.id.as_deref());
        let mut owners = ids.filter_map(|id| scene.markers.rule(id));
        owners.any(|(migration, _)| is_other(&migration))
    });
    lives || want.migrations.iter().any(is_other)
}

/// What nobody in the spec wants any more: rules, statements, inventories, event notifications and logging of ours on every bucket
/// and key that was read, trails, and roles.
fn abandon(scene: &Scene<'_>, desired: &mut Desired) {
    for (target, document) in scene.observed.iter() {
        match document {
            Some(Document::Replication(_)) => {
                desired.abandon(target.clone(), Wanted::Replication(Vec::new(), None));
            }
            Some(Document::BucketPolicy(_)) => {
                desired.abandon(target.clone(), Wanted::BucketPolicy(Vec::new()));
            }
            Some(live @ Document::KeyPolicy(_)) if !marked(live, &scene.markers).is_empty() => {
                desired.abandon(target.clone(), Wanted::KeyPolicy(Vec::new()));
            }
            // On a role of ours it goes with the role.
            Some(live @ Document::RolePolicy(_)) if !marked(live, &scene.markers).is_empty() => {
                desired.abandon(target.clone(), Wanted::Absent);
            }
            Some(Document::Alarm(_)) => abandon_alarm(scene, target, desired),
            Some(Document::Trail(_) | Document::Selectors(_)) => {
                let left = migration::left_of_trail(scene, target);
                left.into_iter()
                    .for_each(|left| desired.abandon(target.clone(), left));
            }
            Some(Document::Inventories(_)) => {
                desired.abandon(target.clone(), Wanted::Inventory(None));
            }
            Some(Document::Notifications(_)) => {
                desired.abandon(target.clone(), Wanted::Notification(None));
            }
            Some(Document::Logging(live)) => {
                let of = target.bucket();
                if of.is_some_and(|of| migration::mark::is_ours(scene, of, live)) {
                    desired.abandon(target.clone(), Wanted::Absent);
                }
            }
            Some(_) | None => {}
        }
    }
    for role in abandoned_roles(scene) {
        desired.abandon(Target::Role(role.clone(), RolePart::Policy), Wanted::Absent);
        let others = Target::Role(role.clone(), RolePart::Policies);
        desired.abandon(others, Wanted::OtherPolicies);
        desired.abandon(Target::Role(role, RolePart::Itself), Wanted::Absent);
    }
}

/// An alarm goes with the migration that its name names, also where that has left the spec.
fn abandon_alarm(scene: &Scene<'_>, target: &Target, desired: &mut Desired) {
    let Target::Alarm(at) = target else { return };
    let named = scene
        .markers
        .alarm(&at.name)
        .map(|(migration, _)| migration);
    let route = named.and_then(|migration| scene.route(&migration));
    match route {
        Some(route) if !desired.wants.contains_key(target) => {
            desired.want(target.clone(), route.name, Wanted::Absent);
        }
        Some(_) => {}
        None => desired.abandon(target.clone(), Wanted::Absent),
    }
}

impl Writes {
    /// A bucket, a role or a trail that is not ours takes its parts with it: nothing of it is planned.
    fn hold_back_blocked(&mut self) {
        let (mut buckets, mut roles) = (BTreeSet::new(), BTreeSet::new());
        let mut trails = BTreeSet::new();
        for conflict in &self.conflicts {
            match &conflict.target {
                Target::Bucket(bucket, BucketPart::Itself) => {
                    buckets.insert(bucket.clone());
                }
                Target::Role(role, RolePart::Itself) => {
                    roles.insert(role.clone());
                }
                Target::Bucket(_, _) | Target::Role(_, _) | Target::Account(_, _) => {}
                Target::Trail(trail, TrailPart::Itself) => {
                    trails.insert(trail.clone());
                }
                Target::Key(_, _) | Target::Region(_, _) => {}
                Target::Alarm(_) | Target::Topic(_) | Target::Trail(_, _) => {}
            }
        }
        let refused = |target: &Target| {
            let of = |bucket: &BucketRef| buckets.contains(bucket);
            target.bucket().is_some_and(of)
                || target.role().is_some_and(|role| roles.contains(role))
                || matches!(target, Target::Trail(trail, _) if trails.contains(trail))
        };
        self.planned.retain(|target, _| !refused(target));
    }
}
