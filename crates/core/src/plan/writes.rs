//! Writes: from desired state and what is live to the steps that bring them together.

use std::collections::{BTreeMap, BTreeSet};

use crate::desired::{Desired, LiveFacts, Want, Wanted, desired};
use crate::ids::MigrationName;
use crate::merge::{self, Conflict, Context};
use crate::model::document::{Document, PolicyText, Role};
use crate::model::{BucketPart, Observed, RolePart, RoleRef, Target, same};
use crate::names::Names;
use crate::ownership::Markers;
use crate::plan::steps::{Stage, Step, StepId, Work, WriteStep};
use crate::policy::{PolicyDocument, Statement, union_for_growth};
use crate::reads::abandoned_roles;
use crate::scope::Scope;
use crate::spec::Spec;

/// What every touched target holds and shall hold, and what stands in the way.
#[derive(Debug, Default)]
pub(super) struct Writes {
    /// By target: who wants it, and the document it shall hold.
    pub after: BTreeMap<Target, Planned>,
    /// What could not be merged.
    pub conflicts: Vec<Conflict>,
}

/// What a target shall hold, and who wants it.
#[derive(Debug)]
pub(super) struct Planned {
    /// The document; `None` for nothing.
    pub document: Option<Document>,
    /// The migrations that want it.
    pub migrations: BTreeSet<MigrationName>,
}

/// Merges every wish into what is live.
pub(super) fn writes(
    spec: &Spec,
    observed: &Observed,
    markers: &Markers,
    names: &Names,
    scope: &Scope,
) -> Writes {
    let guards = spec.migrations.values().map(|migration| &migration.guards);
    let adopted: BTreeSet<String> = guards
        .chain([&spec.guards])
        .flat_map(|guards| guards.adopt.clone())
        .collect();
    let context = Context {
        markers,
        names,
        scope,
        adopted: &adopted,
        observed,
    };
    let mut writes = Writes::default();
    let mut desired = desired(spec, &LiveFacts::of(observed));
    abandon(spec, observed, &mut desired);
    for (target, want) in desired.wants {
        if !scope.covers_any(&want.migrations) {
            continue;
        }
        match merged(&context, &target, &want) {
            Ok(document) => {
                writes.after.insert(
                    target,
                    Planned {
                        document,
                        migrations: want.migrations,
                    },
                );
            }
            Err(conflict) => writes.conflicts.push(*conflict),
        }
    }
    writes.hold_back_blocked();
    writes
}

/// What a target shall hold; refused where AWS would not take it, or what it holds on the way there.
fn merged(
    context: &Context<'_>,
    target: &Target,
    want: &Want,
) -> Result<Option<Document>, Box<Conflict>> {
    let live = context.observed.document(target);
    let document = merge::merge(context, target, &want.wanted, live)?;
    let document = kept_for_others(context, target, want, document);
    let grown = grown(live, document.as_ref(), context.markers);
    match grown.as_ref().map(merge::fits_while_grown) {
        Some(Err(kind)) if !same(live, document.as_ref()) => Err(context.refuse(target, kind)),
        _ => Ok(document),
    }
}

/// With `--target`, a role keeps what migrations that the plan is not for may still need: where its tags lead, and, where
/// it is theirs too, what it may do. A plan of the whole spec takes away what nobody needs.
fn kept_for_others(
    context: &Context<'_>,
    target: &Target,
    want: &Want,
    document: Option<Document>,
) -> Option<Document> {
    let keeps = match target {
        Target::Role(_, RolePart::Itself) => *context.scope != Scope::All,
        Target::Role(role, RolePart::Policy) => is_used_by_others(context, role, want),
        _ => false,
    };
    let live = context.observed.document(target);
    let grown = grown(live, document.as_ref(), context.markers).filter(|_| keeps);
    grown.or(document)
}

/// Whether a migration that the plan is not for has the role in the spec, or rules under it that live.
fn is_used_by_others(context: &Context<'_>, role: &RoleRef, want: &Want) -> bool {
    let is_other = |name: &MigrationName| !context.scope.covers(name);
    let ending = format!("/{}", role.name);
    let lives = context.observed.iter().any(|(_, document)| match document {
        Some(Document::Replication(live)) if live.role.ends_with(&ending) => {
            let ids = live.rules.iter().filter_map(|rule| rule.id.as_deref());
            let mut owners = ids.filter_map(|id| context.markers.rule(id));
            owners.any(|(migration, _)| is_other(&migration))
        }
        _ => false,
    });
    lives || want.migrations.iter().any(is_other)
}

/// What nobody in the spec wants any more: rules and statements on every bucket that was read, and roles.
fn abandon(spec: &Spec, observed: &Observed, desired: &mut Desired) {
    for (target, document) in observed.iter() {
        match target {
            Target::Bucket(_, BucketPart::Replication) if document.is_some() => {
                desired.abandon(target.clone(), Wanted::Replication(Vec::new(), None));
            }
            Target::Bucket(_, BucketPart::Policy) if document.is_some() => {
                desired.abandon(target.clone(), Wanted::BucketPolicy(Vec::new()));
            }
            _ => {}
        }
    }
    for role in abandoned_roles(spec, observed) {
        desired.abandon(Target::Role(role.clone(), RolePart::Policy), Wanted::Absent);
        desired.abandon(Target::Role(role, RolePart::Itself), Wanted::Absent);
    }
}

impl Writes {
    /// A bucket or a role that is not ours takes its parts with it: nothing of it is planned.
    fn hold_back_blocked(&mut self) {
        let Self { after, conflicts } = self;
        let refused = |target: &Target| {
            conflicts.iter().any(|conflict| {
                let bucket = matches!(conflict.target, Target::Bucket(_, BucketPart::Itself))
                    && conflict.target.bucket() == target.bucket();
                let role = matches!(conflict.target, Target::Role(_, RolePart::Itself))
                    && conflict.target.role() == target.role();
                bucket || role
            })
        };
        after.retain(|target, _| !refused(target));
    }
}

/// The steps that write what differs; a policy, or a role by its tags, that both grows and shrinks is written twice.
pub(super) fn steps(
    writes: &Writes,
    observed: &Observed,
    names: &Names,
    markers: &Markers,
) -> Vec<Step> {
    let mut steps = Vec::new();
    for (
        target,
        Planned {
            document: after,
            migrations: _,
        },
    ) in &writes.after
    {
        let before = observed.document(target);
        if same(before, after.as_ref()) {
            continue;
        }
        let address = names.address(target);
        let staged = staged(target, before, after.as_ref(), markers);
        steps.extend(staged.into_iter().map(|write| Step {
            id: StepId(format!("{address}{}", write.stage.suffix())),
            work: Work::Write(Box::new(write)),
            needs: BTreeSet::new(),
        }));
    }
    steps
}

/// The writes of a target that differs: one, or two where it must first grow and shrink once nothing needs the rest.
fn staged(
    target: &Target,
    before: Option<&Document>,
    after: Option<&Document>,
    markers: &Markers,
) -> Vec<WriteStep> {
    let write = |stage, before: Option<&Document>, after: Option<&Document>| WriteStep {
        target: target.clone(),
        stage,
        before: before.cloned(),
        after: after.cloned(),
    };
    if after.is_none() {
        return vec![write(Stage::Remove, before, after)];
    }
    let grown = grown(before, after, markers);
    let Some(grown) = grown.as_ref().filter(|grown| !same(Some(grown), after)) else {
        // It does not shrink, or nothing that leans on it would miss what goes.
        return vec![write(Stage::Set, before, after)];
    };
    if same(Some(grown), before) {
        // It only shrinks.
        return vec![write(Stage::Shrink, before, after)];
    }
    vec![
        write(Stage::Set, before, Some(grown)),
        write(Stage::Shrink, Some(grown), after),
    ]
}

/// A policy that grants what it granted before and what it will, or a role whose tags lead to where they led and to where
/// they will; `None` for everything else.
///
/// A grant to a principal that was deleted is not carried on: it grants nothing, and S3 refuses a policy that holds it
/// (T13; domain reference §2.9).
fn grown(
    before: Option<&Document>,
    after: Option<&Document>,
    markers: &Markers,
) -> Option<Document> {
    let parsed = |PolicyText(text): &PolicyText| PolicyDocument::parse(text).ok();
    match (before?, after?) {
        (Document::BucketPolicy(before), Document::BucketPolicy(after)) => {
            let ours = |statement: &Statement| {
                let alive = PolicyDocument::of([statement.clone()])
                    .broken_principals()
                    .is_empty();
                alive && statement.sid().is_some_and(|sid| markers.owns_sid(sid))
            };
            let grown = union_for_growth(&parsed(before)?, &parsed(after)?, ours);
            Some(Document::BucketPolicy(PolicyText(grown.to_json())))
        }
        (Document::RolePolicy(before), Document::RolePolicy(after)) => {
            let grown = union_for_growth(&parsed(before)?, &parsed(after)?, |_| true);
            Some(Document::RolePolicy(PolicyText(grown.to_json())))
        }
        (Document::Role(before), Document::Role(after)) => {
            let mut tags = before.tags.clone();
            tags.extend(after.tags.clone());
            Some(Document::Role(Role {
                tags,
                ..after.clone()
            }))
        }
        _ => None,
    }
}
