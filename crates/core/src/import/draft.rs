//! The spec that says what is live, and the remarks on it.

use std::collections::{BTreeMap, BTreeSet};

use super::group::{Group, groups};
use super::judged::{Fate, Sorted};
use super::remark::{Draft, Place, Remark, Says};
use super::sort::sort;
use super::{Sought, WayIn, destination, keys, labels, logging, monitoring, role};
use crate::ids::{AccountId, AccountName, MigrationName, Region, RoleName};
use crate::model::{BucketPart, BucketRef, Observed, OutOfReach, RolePart, Target};
use crate::names::Names;
use crate::ownership::Markers;
use crate::spec::{
    Account, Backfill, Canary, Destination, Guards, Ledger, Migration, Phase, Source, Spec,
    VerifySpec, default_batch_role,
};

/// What the canaries of an imported migration say: a proof would be a change.
const UNPROVEN: &str = "imported, and planning it shall change nothing; without this line the next apply proves the rules";

/// The spec of what was read, as far as a spec can say it; its order, names and words follow from what was read alone.
#[must_use]
pub fn draft(sought: &Sought, observed: &Observed) -> Draft {
    let markers = Markers::of(&sought.name);
    let sorted = sort(sought, observed, &markers);
    let groups = groups(observed, &sorted);
    let accounts = Accounts::of(&sought.accounts, &groups, observed, &markers);
    let mut draft = Drafted {
        observed,
        markers: &markers,
        accounts: &accounts,
        remarks: Vec::new(),
    };
    let migrations = groups
        .iter()
        .map(|group| (group.name.clone(), draft.migration(group)));
    let mut spec = Spec {
        name: sought.name.clone(),
        migrations: migrations.collect(),
        accounts: accounts.spec.clone(),
        ledger: Ledger::Folder("./ledger".to_owned()),
        guards: Guards::default(),
    };
    let mut remarks = draft.remarks;
    remarks.extend(left(&sorted, &groups));
    let names = Names::of(&spec);
    remarks.extend(unseen(observed, &names));
    remarks.extend(role::remarks(observed, &markers, &sorted, &groups));
    let (guards, taken_over) = handed_over(observed, &markers, &names, &sorted, &groups);
    remarks.extend(of_guards(&guards));
    // Those of all migrations hold for each.
    for migration in spec.migrations.values_mut() {
        migration.guards.clone_from(&guards);
    }
    spec.guards = guards;
    remarks.sort();
    remarks.dedup();
    Draft {
        spec,
        remarks,
        taken_over,
    }
}

/// The accounts by the places that migrations name.
struct Accounts {
    names: BTreeMap<(AccountId, Region), AccountName>,
    spec: BTreeMap<AccountName, Account>,
}

impl Accounts {
    fn of(
        ways: &BTreeMap<AccountId, WayIn>,
        groups: &[Group<'_>],
        observed: &Observed,
        markers: &Markers,
    ) -> Self {
        let ends = groups.iter().flat_map(|of| [of.source, &of.to]);
        let mut places: BTreeSet<(AccountId, Region)> = ends
            .map(|of| (of.account.clone(), of.region.clone()))
            .collect();
        for (alarm, _) in monitoring::alarms(observed, markers) {
            let account = &alarm.account;
            if !places.iter().any(|(id, _)| id == account) {
                places.insert((account.clone(), alarm.region.clone()));
            }
        }
        let several = |id: &AccountId| places.iter().filter(|(of, _)| of == id).count() > 1;
        let (mut names, mut spec) = (BTreeMap::new(), BTreeMap::new());
        for (id, region) in &places {
            let Some(way) = ways.get(id) else { continue };
            let name = if several(id) {
                labels::account_in(&way.name, region, &spec)
            } else {
                way.name.clone()
            };
            let account = Account {
                id: id.clone(),
                region: region.clone(),
                access: way.access.clone(),
            };
            names.insert((id.clone(), region.clone()), name.clone());
            spec.insert(name, account);
        }
        Self { names, spec }
    }

    fn name(&self, bucket: &BucketRef) -> AccountName {
        let place = (bucket.account.clone(), bucket.region.clone());
        let name = self.names.get(&place);
        name.expect("every end of a migration has a name").clone()
    }

    fn any(&self, id: &AccountId) -> Option<AccountName> {
        let mut names = self.names.iter();
        names
            .find(|((of, _), _)| of == id)
            .map(|(_, name)| name.clone())
    }
}

/// A draft while its migrations are written.
struct Drafted<'a> {
    observed: &'a Observed,
    markers: &'a Markers,
    accounts: &'a Accounts,
    remarks: Vec<Remark>,
}

impl Drafted<'_> {
    fn migration(&mut self, group: &Group<'_>) -> Migration {
        let Group {
            name,
            source,
            to,
            rules,
            owner,
            role,
            remarks,
            takes_over: _,
        } = group;
        self.remarks.extend(remarks.iter().cloned());
        let (create, why) = destination::create(self.observed, self.markers, to);
        self.note(name, Says::Left, why);
        let account = |id: &AccountId| self.accounts.any(id);
        let monitoring = monitoring::of(self.observed, self.markers, group, account);
        let (logging, notes) = logging::of(self.observed, self.markers, group);
        for note in notes {
            self.note(name, Says::Note, Some(note));
        }
        Migration {
            phase: Phase::Replicate,
            source: Source {
                account: self.accounts.name(source),
                bucket: source.bucket.clone(),
            },
            destination: Destination {
                account: self.accounts.name(to),
                bucket: to.bucket.clone(),
                create,
                key_policies: keys::policies(self.observed, self.markers, name),
            },
            role: RoleName::clone(role),
            batch_role: default_batch_role(&source.bucket),
            destination_batch_role: default_batch_role(&to.bucket),
            rules: rules.clone(),
            owner: *owner,
            canary: Canary::Skip {
                reason: UNPROVEN.to_owned(),
            },
            monitoring,
            logging,
            backfill: Backfill::default(),
            verify: VerifySpec::default(),
            guards: Guards::default(),
        }
    }

    fn note(&mut self, name: &MigrationName, says: Says, text: Option<String>) {
        let at = Place::Migration(name.clone());
        self.remarks
            .extend(text.map(|text| Remark { at, says, text }));
    }
}

/// What is said of rules that are not in the spec: at the first migration of their bucket, where it has one.
fn left(sorted: &[Sorted<'_>], groups: &[Group<'_>]) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for of in sorted {
        let mut of_source = groups.iter().filter(|group| group.source == of.source);
        let at = match of_source.next() {
            Some(group) => Place::Migration(group.name.clone()),
            None => Place::Migrations,
        };
        for judged in &of.rules {
            let (id, bucket) = (judged.id(), &of.source.bucket);
            let (says, text) = match &judged.fate {
                Fate::Stays(why) => (
                    Says::Left,
                    format!(
                        "rule {id:?} of {bucket} stays as it is and is not in this spec: {why}"
                    ),
                ),
                Fate::Never(why) => (
                    Says::Differs,
                    format!("rule {id:?} of {bucket} goes and has no rule in this spec: {why}"),
                ),
                Fate::Ours(..) | Fate::Taken(_) => continue,
            };
            let at = at.clone();
            remarks.push(Remark { at, says, text });
        }
    }
    remarks
}

/// What could not be looked at.
fn unseen(observed: &Observed, names: &Names) -> Vec<Remark> {
    let unseen = observed.out_of_reach().iter();
    let told = unseen.map(|(target, why)| {
        let (OutOfReach::Elsewhere(code) | OutOfReach::Unread(code)) = why;
        Remark {
            at: Place::Migrations,
            says: Says::Left,
            text: format!(
                "{} could not be looked at ({code}): what it holds is not in this spec",
                names.address(target)
            ),
        }
    });
    told.collect()
}

/// What the guards of the spec hand over, and the targets that the first apply changes for it.
fn handed_over(
    observed: &Observed,
    markers: &Markers,
    names: &Names,
    sorted: &[Sorted<'_>],
    groups: &[Group<'_>],
) -> (Guards, BTreeSet<String>) {
    let mut rules = Vec::new();
    for of in sorted {
        let target = Target::Bucket(of.source.clone(), BucketPart::Replication);
        let address = names.address(&target);
        let gone = of
            .rules
            .iter()
            .filter(|judged| matches!(judged.fate, Fate::Taken(_) | Fate::Never(_)));
        rules.extend(gone.map(|judged| format!("{address}/rule/{}", judged.id())));
    }
    let mut taken_over = BTreeSet::new();
    let mut roles = BTreeSet::new();
    for group in groups {
        let reference = role::of(group);
        let parts = RolePart::LOOKED_AT.map(|part| Target::Role(reference.clone(), part));
        let adopted = role::is_foreign(observed, markers, &reference);
        roles.extend(adopted.then(|| names.address(&parts[0])));
        if group.takes_over {
            let replication = Target::Bucket(group.source.clone(), BucketPart::Replication);
            let policy = Target::Bucket(group.to.clone(), BucketPart::Policy);
            taken_over.extend([replication, policy].map(|target| names.address(&target)));
        }
        if group.takes_over || adopted {
            taken_over.extend(parts.iter().map(|target| names.address(target)));
        }
    }
    let max_deletes = u32::try_from(rules.len()).unwrap_or(u32::MAX);
    let guards = Guards {
        max_deletes,
        adopt: roles.into_iter().chain(rules).collect(),
        forget: BTreeSet::new(),
    };
    (guards, taken_over)
}

fn of_guards(guards: &Guards) -> Vec<Remark> {
    let remark = |says, text: &str| Remark {
        at: Place::Guards,
        says,
        text: text.to_owned(),
    };
    let mut remarks = Vec::new();
    if !guards.adopt.is_empty() {
        let text = "what the first apply takes over by name, each in the plan; take these lines out after it";
        remarks.push(remark(Says::Note, text));
    }
    if guards.max_deletes > 0 {
        let text = "a rule is the spec's by its ID, so the rules that are taken over get new ones: CloudWatch shows their metrics under \
                    these, and alarms of others on the old IDs see nothing any more";
        remarks.push(remark(Says::Differs, text));
    }
    remarks
}
