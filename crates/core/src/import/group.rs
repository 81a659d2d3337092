//! The rules of the spec as migrations: those of ours as they are marked, and others by where they go and who owns replicas there.

use std::collections::{BTreeMap, BTreeSet};

use super::judged::{Fate, Judged, Sorted};
use super::labels;
use super::live::is_enforced;
use super::remark::{Place, Remark, Says};
use crate::ids::{BucketName, MigrationName, RoleName};
use crate::model::{BucketRef, Observed};
use crate::spec::{ReplicaOwner, RuleSpec};

/// A migration to be written.
pub(super) struct Group<'a> {
    pub(super) name: MigrationName,
    pub(super) source: &'a BucketRef,
    pub(super) to: BucketRef,
    /// The role that the configuration runs under.
    pub(super) role: RoleName,
    /// The most important first.
    pub(super) rules: Vec<RuleSpec>,
    pub(super) owner: ReplicaOwner,
    pub(super) remarks: Vec<Remark>,
    /// Whether its rules take the place of others.
    pub(super) takes_over: bool,
}

/// The migrations of all configurations.
pub(super) fn groups<'a>(observed: &Observed, sorted: &[Sorted<'a>]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for of in sorted {
        groups.extend(ours(observed, of));
    }
    let mut taken: BTreeSet<MigrationName> = groups.iter().map(|of| of.name.clone()).collect();
    for of in sorted {
        groups.extend(others(observed, of, &mut taken));
    }
    groups.sort_by(|one, other| one.name.cmp(&other.name));
    agree(observed, &mut groups);
    groups
}

/// Migrations to a bucket that s3ferry makes agree on who owns replicas there, whatever is said of it: the bucket's owner does.
fn agree(observed: &Observed, groups: &mut [Group<'_>]) {
    let of_source = groups
        .iter()
        .filter(|of| of.owner == ReplicaOwner::Source && is_enforced(observed, &of.to));
    let said: BTreeSet<BucketRef> = of_source.map(|of| of.to.clone()).collect();
    for group in groups.iter_mut().filter(|of| said.contains(&of.to)) {
        group.owner = ReplicaOwner::Source;
    }
}

fn ours<'a>(observed: &Observed, of: &Sorted<'a>) -> Vec<Group<'a>> {
    let mut found: BTreeMap<&MigrationName, Group<'a>> = BTreeMap::new();
    for judged in &of.rules {
        let (Fate::Ours(name, rule, expressed), Some(to)) = (&judged.fate, &judged.to) else {
            continue;
        };
        let owner = owner(observed, of.source, to, expressed.owner_override);
        let group = found
            .entry(name)
            .or_insert_with(|| empty(of, name.clone(), to, owner));
        let mut spec = expressed.rule.clone();
        spec.name = rule.clone();
        let place = Place::Rule(name.clone(), rule.clone());
        let odd = match (group.to == *to, group.owner == owner) {
            (true, true) => None,
            (false, _) => Some("it goes to another bucket than the other rules of its migration"),
            (true, false) => {
                Some("it does not agree with the other rules of its migration on who owns replicas")
            }
        };
        let odd = odd.map(|why| format!("somebody changed this rule: {why}"));
        let changed = expressed.differs.iter().map(|differs| {
            format!("somebody changed this rule, and the plan changes it back: {differs}")
        });
        let told = odd.into_iter().map(|text| (Says::Left, text));
        let told = told.chain(changed.map(|text| (Says::Differs, text)));
        group.remarks.extend(told.map(|(says, text)| Remark {
            at: place.clone(),
            says,
            text,
        }));
        group.rules.push(spec);
    }
    found.into_values().collect()
}

fn others<'a>(
    observed: &Observed,
    of: &Sorted<'a>,
    names: &mut BTreeSet<MigrationName>,
) -> Vec<Group<'a>> {
    let mut runs: BTreeMap<&BucketRef, Vec<Run<'_, 'a>>> = BTreeMap::new();
    for judged in &of.rules {
        let (Fate::Taken(expressed), Some(to)) = (&judged.fate, &judged.to) else {
            continue;
        };
        let owner = owner(observed, of.source, to, expressed.owner_override);
        let of_bucket = runs.entry(to).or_default();
        match of_bucket.last_mut().filter(|run| run.owner == owner) {
            Some(run) => run.rules.push(judged),
            None => of_bucket.push(Run {
                owner,
                rules: vec![judged],
            }),
        }
    }
    let has_ours = of.rules.iter().any(|of| matches!(of.fate, Fate::Ours(..)));
    let alone = runs.len() == 1 && !has_ours;
    let mut groups = Vec::new();
    for (to, runs) in runs {
        let (from, there) = (&of.source.bucket, &to.bucket);
        let named = labels::migrations(from, there, alone, runs.len(), names);
        for (run, name) in runs.into_iter().zip(named) {
            names.insert(name.clone());
            groups.push(run.group(of, to, name));
        }
    }
    groups
}

/// Rules of one configuration to one bucket that follow on one another and agree on who owns replicas.
struct Run<'r, 'a> {
    owner: ReplicaOwner,
    rules: Vec<&'r Judged<'a>>,
}

impl Run<'_, '_> {
    fn group<'a>(self, of: &Sorted<'a>, to: &BucketRef, name: MigrationName) -> Group<'a> {
        let mut group = empty(of, name, to, self.owner);
        group.takes_over = true;
        let mut taken = BTreeSet::new();
        for judged in self.rules {
            let Fate::Taken(expressed) = &judged.fate else {
                continue;
            };
            let mut spec = expressed.rule.clone();
            spec.name = labels::distinct_rule(&spec.name, &taken);
            taken.insert(spec.name.clone());
            let at = Place::Rule(group.name.clone(), spec.name.clone());
            let remark = |says, text| Remark {
                at: at.clone(),
                says,
                text,
            };
            let takes = format!("takes the place of rule {:?}", judged.id());
            let differs = expressed.differs.iter().cloned();
            let differs = differs.map(|text| remark(Says::Differs, text));
            group.remarks.push(remark(Says::Note, takes));
            group.remarks.extend(differs);
            group.rules.push(spec);
        }
        group
    }
}

fn empty<'a>(
    of: &Sorted<'a>,
    name: MigrationName,
    to: &BucketRef,
    owner: ReplicaOwner,
) -> Group<'a> {
    let role = of.live.runs_as().map(|role| role.name);
    Group {
        name,
        source: of.source,
        to: to.clone(),
        role: role.expect("a rule without a role is not in a spec"),
        rules: Vec::new(),
        owner,
        remarks: Vec::new(),
        takes_over: false,
    }
}

/// Who owns the replicas of a rule: an override is written where it is asked for and the bucket does not see to it
/// (`migration::access`), and within one account nobody else can (UG:replication-change-owner).
fn owner(
    observed: &Observed,
    source: &BucketRef,
    to: &BucketRef,
    owner_override: bool,
) -> ReplicaOwner {
    if source.account == to.account || (!is_enforced(observed, to) && !owner_override) {
        ReplicaOwner::Source
    } else {
        ReplicaOwner::Destination
    }
}

/// The names of the buckets that sources of the spec and their rules are in.
pub(super) fn buckets(groups: &[Group<'_>]) -> BTreeSet<BucketName> {
    let ends = groups
        .iter()
        .flat_map(|group| [&group.source.bucket, &group.to.bucket]);
    ends.cloned().collect()
}
