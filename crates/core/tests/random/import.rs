//! Import of random worlds: what was applied is imported as the spec that asks for it, and what is taken over does what it did.

use std::collections::{BTreeMap, BTreeSet};

use s3ferry_core::data_events::DataEvents;
use s3ferry_core::format::FindingLevel;
use s3ferry_core::ids::{AccountId, AccountName, Arn, MigrationName, Region, SpecName};
use s3ferry_core::import::{Draft, Sought, WayIn, configurations_of, draft, following, unplaced};
use s3ferry_core::model::kinds::replication::{Rule, Status};
use s3ferry_core::model::{BucketPart, BucketRef, Document, Observed, Target};
use s3ferry_core::plan::{Plan, Proofs, plan};
use s3ferry_core::reads;
use s3ferry_core::scene::Scene;
use s3ferry_core::scope::Scope;
use s3ferry_core::spec::{
    Access, Account, Canary, Guards, KeyPolicies, Migration, Monitoring, ReplicaOwner, Sides, Spec,
};
use s3ferry_testkit::MemoryWorld;
use s3ferry_testkit::random::oracle::configuration;
use s3ferry_testkit::random::shape::{DESTINATIONS, SOURCES, destination, source};

use super::play::{Checked, Play, ensure, equal};

/// Imports everything that replicates in a world.
pub(crate) fn imported(world: &MemoryWorld, spec: &Spec) -> Draft {
    let configured = (0..SOURCES.len()).filter(|at| configuration(world, *at).is_some());
    let sources: BTreeSet<BucketRef> = configured.map(source).collect();
    let sought = Sought {
        name: spec.name.clone(),
        accounts: ways(spec),
        sources,
        destinations: BTreeMap::new(),
    };
    let mut observed = Observed::default();
    let mut targets = configurations_of(&sought.sources);
    while !targets.is_empty() {
        for target in targets {
            let document = world.document(&target);
            observed.insert(target, document);
        }
        for name in unplaced(&sought, &observed) {
            let mut known = (0..DESTINATIONS.len()).map(destination);
            let place = known.find(|of| of.bucket == name);
            observed.locate(name, place);
        }
        targets = following(&sought, &observed);
    }
    draft(&sought, &observed)
}

fn ways(spec: &Spec) -> BTreeMap<AccountId, WayIn> {
    let accounts = spec.accounts.iter();
    let way = |(name, account): (&AccountName, &Account)| {
        let way = WayIn {
            name: name.clone(),
            access: Access::DefaultChain,
            home: Region::clone(&account.region),
        };
        (account.id.clone(), way)
    };
    accounts.map(way).collect()
}

/// The plan of a spec in a world, without a ledger.
fn planned(world: &MemoryWorld, spec: &Spec) -> Plan {
    let (scope, proofs) = (Scope::All, Proofs::new());
    let mut observed = Observed::default();
    let mut targets = reads::first_in(spec, &scope);
    loop {
        while !targets.is_empty() {
            for target in targets {
                let document = world.document(&target);
                observed.insert(target, document);
            }
            targets = reads::following(spec, &scope, &observed);
        }
        let plan = plan(&Scene::new(spec, &observed, &proofs, &scope));
        if plan.questions.is_empty() {
            return plan;
        }
        targets = plan.questions;
    }
}

/// Whether planning what was imported of a settled world changes nothing.
pub(crate) fn changes_nothing(play: &Play) -> Checked {
    let spec = play.shape.spec();
    let Draft {
        spec: imported,
        remarks,
        taken_over,
    } = imported(&play.world, &spec);
    ensure(
        taken_over.is_empty() || play.lost,
        &format!("taken over: {taken_over:?}"),
    )?;
    equal(&said(&imported), &said(&spec), "what is imported")?;
    let again = planned(&play.world, &imported);
    ensure(
        !again.is_blocked() && again.changes.is_empty(),
        &format!("{:#?}\n{:#?}\n{remarks:#?}", again.changes, again.findings),
    )
}

/// What of a spec is live: canaries are not, guards are for the plan, and the owner of replicas is not told where the bucket's
/// owner owns them anyway.
fn said(spec: &Spec) -> BTreeMap<MigrationName, Migration> {
    let mut migrations = spec.migrations.clone();
    // A bucket has one event notification, and nobody can tell which of its migrations asked for it.
    let told: BTreeMap<BucketRef, Arn> = spec
        .routes()
        .filter_map(|route| Some((route.source.clone(), route.events()?.clone())))
        .collect();
    for migration in migrations.values_mut() {
        let of_bucket = told.get(&spec.source(migration)).cloned();
        if let Monitoring::Alarms(alarms) = &mut migration.monitoring {
            alarms.events = of_bucket;
        }
        migration.canary = Canary::Skip {
            reason: String::new(),
        };
        migration.guards = Guards::default();
        migration.owner = ReplicaOwner::Source;
        // Nothing is recorded of a migration that no trail records.
        let trails = &mut migration.logging.cloudtrail;
        if trails.to == Sides::default() {
            trails.events = DataEvents::default();
        }
        // Nothing is written for a migration that uses no key.
        if migration.rules.iter().all(|rule| rule.kms.is_none()) {
            migration.destination.key_policies = KeyPolicies::LeftAlone;
        }
    }
    migrations
}

/// The same world, in which the rules are somebody else's: what tells them from ours are their IDs.
fn disowned(play: &Play) -> Play {
    let other = play.copy();
    for at in 0..SOURCES.len() {
        let Some(mut live) = configuration(&other.world, at) else {
            continue;
        };
        for (number, rule) in live.rules.iter_mut().enumerate() {
            rule.id = Some(format!("theirs {number}"));
        }
        let target = Target::Bucket(source(at), BucketPart::Replication);
        let held = Document::Replication(live);
        other.world.set(&target, Some(held));
    }
    other
}

/// Whether planning what a spec of another name imports changes nothing but what it takes over, step by step without a rule that
/// stops working, and leaves every object to the same treatment.
pub(crate) fn takes_over_by_name(play: &Play) -> Checked<bool> {
    let mut other = disowned(play);
    let mut spec = other.shape.spec();
    spec.name = SpecName::new("mine").expect("a name");
    let draft = imported(&other.world, &spec);
    let before = all_treatments(&other.world);
    let plan = planned(&other.world, &draft.spec);
    let codes = plan.findings.iter();
    let mut blocked = codes.filter(|finding| finding.level == FindingLevel::Blocked);
    // Two specs have statements in one policy then, and random worlds fill policies to the brim.
    if plan.is_blocked() && blocked.all(|finding| finding.code == "too-large") {
        return Ok(false);
    }
    ensure(
        !plan.is_blocked(),
        &format!("{:#?}\n{draft:#?}", plan.findings),
    )?;
    let mut changed = plan.changes.iter();
    let stray = changed.find(|change| !draft.taken_over.contains(&change.target));
    ensure(
        stray.is_none(),
        &format!("{stray:#?}\n{:#?}", draft.remarks),
    )?;
    other.apply_whatever(&plan)?;
    let after = all_treatments(&other.world);
    equal(&after, &before, "what becomes of objects")?;
    let again = planned(&other.world, &draft.spec);
    ensure(
        again.changes.is_empty(),
        &format!("again: {:#?}", again.changes),
    )?;
    let second = imported(&other.world, &spec);
    ensure(
        second.spec.guards == Guards::default(),
        "what is ours is handed over again",
    )?;
    let third = planned(&other.world, &second.spec);
    ensure(
        third.changes.is_empty(),
        &format!("imported again: {:#?}", third.changes),
    )?;
    Ok(!draft.taken_over.is_empty())
}

fn all_treatments(world: &MemoryWorld) -> Vec<BTreeMap<(String, usize, String), Treatment>> {
    (0..SOURCES.len()).map(|at| treatments(world, at)).collect()
}

/// What S3 does with objects of a source bucket, by key, tags and destination: the class, the owner, the key, delete markers.
type Treatment = [Option<String>; 6];

fn treatments(world: &MemoryWorld, at: usize) -> BTreeMap<(String, usize, String), Treatment> {
    let Some(live) = configuration(world, at) else {
        return BTreeMap::new();
    };
    let keys = ["x", "hot/x", "hot/new/x", "cold*/x", "logs/x", "a/x"];
    let tags = [
        BTreeMap::new(),
        BTreeMap::from([("class".to_owned(), "hot".to_owned())]),
        BTreeMap::from([
            ("class".to_owned(), "hot".to_owned()),
            ("team".to_owned(), "a".to_owned()),
        ]),
    ];
    let mut found = BTreeMap::new();
    for key in keys {
        for (number, tags) in tags.iter().enumerate() {
            let mut acting: Vec<&Rule> = live
                .rules
                .iter()
                .filter(|rule| rule.is_enabled() && rule.selects_object(key, tags))
                .collect();
            acting.sort_by_key(|rule| rule.priority);
            for rule in acting {
                let means = rule.meaning();
                let said = |status: &Status| Some(status.as_str().to_owned());
                let treatment = [
                    said(&means.sse_kms),
                    means.storage_class,
                    means.owner_override,
                    means.replica_key,
                    said(&means.delete_markers),
                    said(&means.replication_time),
                ];
                // A later one has the higher priority.
                found.insert((key.to_owned(), number, means.bucket), treatment);
            }
        }
    }
    found
}
