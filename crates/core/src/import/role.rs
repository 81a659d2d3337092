//! The roles that configurations run under.

use std::collections::BTreeSet;

use super::group::{Group, buckets};
use super::judged::Sorted;
use super::remark::{Place, Remark, Says};
use crate::model::kinds::{Policy, Role};
use crate::model::{Document, Observed, RolePart, RoleRef, Target};
use crate::ownership::{Markers, tagged_destinations, tagged_sources};
use crate::policy::generate::trust_for_s3;

/// The role of a migration.
pub(super) fn of(group: &Group<'_>) -> RoleRef {
    RoleRef {
        account: group.source.account.clone(),
        partition: group.source.region.partition(),
        name: group.role.clone(),
    }
}

/// Whether a role is there and not the spec's: then it is handed over by name.
pub(super) fn is_foreign(observed: &Observed, markers: &Markers, role: &RoleRef) -> bool {
    live(observed, role).is_some_and(|role| !markers.owns_tags(&role.tags))
}

fn live<'a>(observed: &'a Observed, role: &RoleRef) -> Option<&'a Role> {
    match observed.document(&Target::Role(role.clone(), RolePart::Itself)) {
        Some(Document::Role(role)) => Some(role),
        _ => None,
    }
}

/// What is to be said of the roles.
pub(super) fn remarks(
    observed: &Observed,
    markers: &Markers,
    sorted: &[Sorted<'_>],
    groups: &[Group<'_>],
) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let mut told = BTreeSet::new();
    for group in groups {
        let role = of(group);
        let at = Place::Migration(group.name.clone());
        if told.insert(role.clone()) {
            let said = of_role(observed, markers, &role).into_iter();
            remarks.extend(said.map(|(says, text)| Remark {
                at: at.clone(),
                says,
                text,
            }));
        }
    }
    let roles = sorted.iter().filter_map(|of| of.live.runs_as());
    let roles: BTreeSet<RoleRef> = roles.collect();
    for role in roles {
        remarks.extend(beyond(observed, markers, &role, groups));
    }
    remarks
}

fn of_role(observed: &Observed, markers: &Markers, role: &RoleRef) -> Vec<(Says, String)> {
    let Some(live) = live(observed, role) else {
        let text = format!(
            "the role {} does not exist, so that nothing replicates today; the plan makes one",
            role.name
        );
        return vec![(Says::Differs, text)];
    };
    let mut said = Vec::new();
    let ours = Policy::from(trust_for_s3());
    if live.trust.canonical() != ours.canonical() {
        let text = format!(
            "the trust policy of the role {} is not that of a replication role alone; taking it over lets S3 assume it and nobody else, and \
             S3 Batch Operations no more: where others need the role, name another one in roles.replication and take this one out of \
             guards.adopt",
            role.name
        );
        said.push((Says::Differs, text));
    }
    if !markers.owns_tags(&live.tags) {
        let text = format!(
            "the role {} gets tags, a line in its description and a policy s3ferry for these rules; its other policies stay",
            role.name
        );
        said.push((Says::Note, text));
    }
    said
}

/// Buckets that a role of ours leads to and that no rule of ours does: of a migration in phase prepare nothing tells the rules.
fn beyond(
    observed: &Observed,
    markers: &Markers,
    role: &RoleRef,
    groups: &[Group<'_>],
) -> Vec<Remark> {
    let Some(live) = live(observed, role).filter(|live| markers.owns_tags(&live.tags)) else {
        return Vec::new();
    };
    let known = buckets(groups);
    let led = tagged_sources(&role.account, &live.tags);
    let led = led.into_iter().chain(tagged_destinations(&live.tags));
    let unknown = led.filter(|of| !known.contains(&of.bucket));
    let told = unknown.map(|of| Remark {
        at: Place::Migrations,
        says: Says::Left,
        text: format!(
            "the role {} is also for {} of account {}, and no rule of this spec that was looked at goes there: a migration in phase \
             prepare, or one from another bucket, is not in this spec, and a plan of it would take away what is left of that migration",
            role.name, of.bucket, of.account
        ),
    });
    told.collect()
}
