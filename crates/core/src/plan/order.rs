//! Order: which write comes before which. It follows from what documents make depend on what ([`Link`]) by four laws:
//!
//! 1. A part comes after its whole, and shrinks or goes before it.
//! 2. What is used is set before its user, and shrinks or goes after it. (A bucket is closed before its policy opens it: the
//!    policy uses what closes the bucket.)
//! 3. What finds other things shrinks or goes last.
//! 4. What both grows and shrinks grows first; and a goal proves what is there, so it comes after everything that it rests on.
//!
//! The order follows AWS: versioning, role, policies, then the replication configuration, then a canary; and back in reverse,
//! because objects whose role or grants go first fail and are never retried (domain reference §2.9, §12).

use std::collections::{BTreeMap, BTreeSet};

use super::steps::{Stage, Step, Work, WriteStep};
use crate::format::Edge;
use crate::goals::{BackfillGoal, CanaryGoal, Goal};
use crate::model::{
    AlarmRef, BucketPart, BucketRef, KeyPart, Link, RolePart, RoleRef, Target, Thing, TrailPart,
};

/// Adds to every step what it needs, and gives the edges with their reasons.
pub(crate) fn arrange(steps: &mut [Step]) -> Vec<Edge> {
    let found = edges(steps);
    let mut told = BTreeSet::new();
    for ((first, then), why) in found {
        let needed = steps[first].id.clone();
        told.insert(Edge {
            first: needed.to_string(),
            then: steps[then].id.to_string(),
            why: why.to_owned(),
        });
        steps[then].needs.insert(needed);
    }
    told.into_iter().collect()
}

/// Pairs of steps by their places, with why the first comes first; where several laws say so, the first of them.
type Edges = BTreeMap<(usize, usize), &'static str>;

fn edges(steps: &[Step]) -> Edges {
    let index = Index::of(steps);
    let mut edges = Edges::new();
    for (place, step) in steps.iter().enumerate() {
        let found = match &step.work {
            // What is put up for a proof comes and goes around it.
            Work::Write(write) if write.stage.is_of_a_proof() => Found::new(),
            Work::Write(write) => {
                let mut found = wholes(&index, place, write);
                found.extend(uses(&index, place, write));
                found.extend(finds(&index, place, write));
                found.extend(grows(&index, place, write));
                found
            }
            Work::Prove(goal) => match &**goal {
                Goal::Canary(_) => {
                    let why =
                        "a canary proves what is there, so everything of its rule comes first";
                    let rested_on = rested_on(&index, goal).into_iter();
                    rested_on.map(|first| ((first, place), why)).collect()
                }
                Goal::Alarm(alarm) => {
                    around(&index, steps, place, goal, (&alarm.canary, &alarm.at))
                }
                Goal::Checksums(_) => {
                    let why = "a job works by the roles as they are then";
                    let rested_on = rested_on(&index, goal).into_iter();
                    rested_on.map(|first| ((first, place), why)).collect()
                }
                Goal::Backfill(backfill) => copies(&index, steps, place, goal, backfill),
            },
            Work::Sweep(_) => Found::new(), // It waits for nobody, and nobody for it.
        };
        for (pair, why) in found {
            if pair.0 != pair.1 {
                edges.entry(pair).or_insert(why);
            }
        }
    }
    edges
}

type Found = Vec<((usize, usize), &'static str)>;

/// The steps on everything that a goal says something about.
fn rested_on(index: &Index<'_>, goal: &Goal) -> BTreeSet<usize> {
    let (buckets, roles) = goal.rests_on();
    let of_buckets = buckets.iter().flat_map(|bucket| index.at(bucket));
    let keys = buckets.iter().flat_map(|bucket| {
        let grants = Thing::KeyGrants(bucket.bucket.clone());
        index.writing(&grants, ANY)
    });
    let under = roles.iter().flat_map(|role| index.under(role));
    of_buckets.chain(under).chain(keys).collect()
}

/// A proof of alarms and what is put up for it: after everything else of its migration, so that it is in the way of none of it.
fn around(
    index: &Index<'_>,
    steps: &[Step],
    place: usize,
    goal: &Goal,
    (canary, alarm): (&CanaryGoal, &AlarmRef),
) -> Found {
    let targets = [
        Target::Role(canary.role.clone(), RolePart::Policy),
        Target::Bucket(canary.source.clone(), BucketPart::Replication),
        Target::Alarm(alarm.clone()),
    ];
    let at = |stage: Stage| -> Vec<usize> {
        let of = |target: &Target| index.of_proof(target, stage);
        targets.iter().filter_map(of).collect()
    };
    let (up, down) = (at(Stage::PutUp), at(Stage::TakeDown));
    let mut first = rested_on(index, goal);
    first.extend(index.on_alarm(&targets[2]));
    first.extend(canaries_beside(steps, &canary.source, &canary.role));
    let mut found = Found::new();
    for then in up.iter().chain([&place]) {
        let why = "what a proof needs is put up when everything else is done";
        found.extend(first.iter().map(|first| ((*first, *then), why)));
    }
    let why =
        "nothing is under the rule before it is denied, and an alarm looks at a rule that is there";
    found.extend(up.windows(2).map(|pair| ((pair[0], pair[1]), why)));
    let why = "a proof needs what is put up for it";
    found.extend(up.iter().map(|up| ((*up, place), why)));
    let why = "what is put up for a proof stays until it is made";
    found.extend(down.iter().map(|down| ((place, *down), why)));
    found.extend(taken_down(index, &targets));
    found
}

/// The canaries of rules whose documents a proof has a part in.
fn canaries_beside<'a>(
    steps: &'a [Step],
    source: &'a BucketRef,
    role: &'a RoleRef,
) -> impl Iterator<Item = usize> {
    let is_beside = |of: &CanaryGoal| of.source == *source || of.role == *role;
    let found = steps.iter().enumerate().filter(move |(_, step)| {
        matches!(&step.work, Work::Prove(other) if matches!(&**other, Goal::Canary(of) if is_beside(of)))
    });
    found.map(|(place, _)| place)
}

/// A backfill comes after all that its rules are made of, and after the canaries that show that these are in force; of two on one
/// bucket the second finds what the first has left.
fn copies(
    index: &Index<'_>,
    steps: &[Step],
    place: usize,
    goal: &Goal,
    backfill: &BackfillGoal,
) -> Found {
    let why = "a job works by the rules and roles as they are then";
    let rested_on = rested_on(index, goal).into_iter();
    let mut found: Found = rested_on.map(|first| ((first, place), why)).collect();
    let why = "a list of objects that is made before the rules are proven misses some";
    let canaries = canaries_beside(steps, &backfill.source, &backfill.role);
    found.extend(canaries.map(|first| ((first, place), why)));
    let why = "two jobs on one bucket would copy the same objects";
    let earlier = steps.iter().take(place).enumerate().filter(|(_, step)| {
        matches!(&step.work, Work::Prove(other) if matches!(&**other, Goal::Backfill(of) if of.source == backfill.source))
    });
    found.extend(earlier.map(|(first, _)| ((first, place), why)));
    found
}

/// The rule goes first: without the statement it would carry what is put under it.
fn taken_down(index: &Index<'_>, targets: &[Target; 3]) -> Found {
    let [policy, rules, alarm] = targets
        .each_ref()
        .map(|target| index.of_proof(target, Stage::TakeDown));
    let why = "the rule goes before what keeps it from carrying anything";
    let policy = rules.zip(policy).map(|pair| (pair, why));
    let alarm = rules
        .zip(alarm)
        .map(|pair| (pair, "an alarm goes when its rule has"));
    policy.into_iter().chain(alarm).collect()
}

/// The steps by what they write.
#[derive(Default)]
struct Index<'a> {
    writes: Vec<Option<&'a WriteStep>>,
    by_thing: BTreeMap<Thing, BTreeSet<usize>>,
    by_bucket: BTreeMap<&'a BucketRef, BTreeSet<usize>>,
    by_role: BTreeMap<&'a RoleRef, BTreeSet<usize>>,
    /// What is there for proofs alone, which nothing else is ordered by.
    for_proofs: BTreeMap<(&'a Target, Stage), usize>,
    on_alarms: BTreeMap<(&'a Target, Stage), usize>,
}

impl<'a> Index<'a> {
    fn of(steps: &'a [Step]) -> Self {
        let mut index = Self::default();
        for (place, step) in steps.iter().enumerate() {
            let write = match &step.work {
                Work::Write(write) => Some(&**write),
                Work::Prove(_) | Work::Sweep(_) => None,
            };
            index.writes.push(write);
            let Some(write) = write else { continue };
            if write.stage.is_of_a_proof() {
                index.for_proofs.insert((&write.target, write.stage), place);
                continue;
            }
            if matches!(write.target, Target::Alarm(_)) {
                index.on_alarms.insert((&write.target, write.stage), place);
            }
            for thing in is(write) {
                index.by_thing.entry(thing).or_default().insert(place);
            }
            if let Some(bucket) = write.target.bucket() {
                index.by_bucket.entry(bucket).or_default().insert(place);
            }
            if let Some(role) = write.target.role() {
                index.by_role.entry(role).or_default().insert(place);
            }
        }
        index
    }

    /// The steps that write a thing in one of these stages.
    fn writing(&self, thing: &Thing, stages: &[Stage]) -> Vec<usize> {
        let places = self.by_thing.get(thing).into_iter().flatten().copied();
        let staged =
            |place: &usize| self.writes[*place].is_some_and(|of| stages.contains(&of.stage));
        places.filter(staged).collect()
    }

    /// Whether a step leaves a thing to others.
    fn leaves(&self, place: usize) -> bool {
        self.writes[place].is_some_and(WriteStep::leaves)
    }

    /// The step that puts up at a target what proofs need, or takes it down.
    fn of_proof(&self, target: &Target, stage: Stage) -> Option<usize> {
        self.for_proofs.get(&(target, stage)).copied()
    }

    /// The other steps on an alarm that a proof needs.
    fn on_alarm(&self, target: &Target) -> impl Iterator<Item = usize> {
        let stages = [Stage::Set, Stage::Remove];
        let of = move |stage| self.on_alarms.get(&(target, stage)).copied();
        stages.into_iter().filter_map(of)
    }

    /// The steps on parts of a bucket.
    fn at(&self, bucket: &BucketRef) -> impl Iterator<Item = usize> {
        self.by_bucket.get(bucket).into_iter().flatten().copied()
    }

    /// The steps on parts of a role.
    fn under(&self, role: &RoleRef) -> impl Iterator<Item = usize> {
        self.by_role.get(role).into_iter().flatten().copied()
    }
}

/// The things that a step writes.
fn is(write: &WriteStep) -> impl Iterator<Item = Thing> {
    let also = links(write).into_iter().filter_map(|link| match link {
        Link::Is(thing) => Some(thing),
        Link::Uses(_, _) | Link::HoldsTillLess(_, _) | Link::HoldsTillGone(_, _) => None,
        Link::Finds(_, _) => None,
    });
    Thing::of(&write.target).into_iter().chain(also)
}

/// What the documents before and after make depend on what.
fn links(write: &WriteStep) -> Vec<Link> {
    let documents = [&write.before, &write.after].into_iter().flatten();
    documents
        .flat_map(|document| document.links(&write.target))
        .collect()
}

const SET: &[Stage] = &[Stage::Set];
const LESS: &[Stage] = &[Stage::Shrink, Stage::Remove];
const GONE: &[Stage] = &[Stage::Remove];
const ANY: &[Stage] = &[Stage::Set, Stage::Shrink, Stage::Remove];

/// Law 1, from the side of the part.
fn wholes(index: &Index<'_>, place: usize, write: &WriteStep) -> Found {
    let (whole, exists, goes) = match &write.target {
        Target::Bucket(bucket, part) if *part != BucketPart::Itself => (
            Thing::Bucket(bucket.bucket.clone(), BucketPart::Itself),
            "a bucket exists before its settings",
            "a bucket is deleted when its settings are",
        ),
        Target::Role(role, part) if *part != RolePart::Itself => (
            Thing::Role(role.clone(), RolePart::Itself),
            "a role exists before its policy",
            "a role is deleted when its policies are",
        ),
        Target::Key(key, part) if *part != KeyPart::Itself => (
            Thing::Key(key.clone(), KeyPart::Itself),
            "a key exists before its policy",
            "a key is deleted when its policy is",
        ),
        Target::Trail(trail, part) if *part != TrailPart::Itself => (
            Thing::Trail(trail.clone(), TrailPart::Itself),
            "a trail exists before it is told what to record",
            "a trail is deleted when it records nothing any more",
        ),
        Target::Bucket(_, _) | Target::Role(_, _) | Target::Account(_, _) | Target::Key(_, _) => {
            return Found::new();
        }
        Target::Region(_, _) | Target::Alarm(_) | Target::Topic(_) => return Found::new(),
        Target::Trail(_, _) => return Found::new(),
    };
    match write.stage {
        Stage::Set => {
            let wholes = index.writing(&whole, SET).into_iter();
            let ordered = wholes.map(|at| match index.leaves(at) {
                true => ((place, at), MARKED),
                false => ((at, place), exists),
            });
            ordered.collect()
        }
        Stage::PutUp | Stage::TakeDown => Found::new(),
        Stage::Shrink | Stage::Remove => {
            let wholes = index.writing(&whole, GONE).into_iter();
            let deleted = wholes.map(|then| ((place, then), goes));
            deleted.chain(marks(index, place, &write.target)).collect()
        }
    }
}

/// Law 3 for a trail that is left to others: its mark goes last, which is also all that says that we may write there.
const MARKED: &str = "a trail keeps its mark until it records nothing of ours any more";

/// Law 3 for a role that stays: by its tags it is known whose its policy is.
fn marks(index: &Index<'_>, place: usize, target: &Target) -> Found {
    let Target::Role(role, _) = target else {
        return Found::new();
    };
    let whole = Thing::Role(role.clone(), RolePart::Itself);
    let marked = index.writing(&whole, &[Stage::Shrink]).into_iter();
    let why = "a role keeps its marks until its policy is as it shall be, or a run that stops between would not find it again";
    marked.map(|then| ((place, then), why)).collect()
}

/// Law 2, from the side of the user.
fn uses(index: &Index<'_>, place: usize, write: &WriteStep) -> Found {
    let mut found = Found::new();
    for link in links(write) {
        match link {
            Link::Uses(thing, why) if write.stage != Stage::Shrink => {
                let used = index.writing(&thing, SET).into_iter();
                found.extend(used.map(|first| ((first, place), why)));
            }
            Link::HoldsTillLess(thing, why) => {
                let held = index.writing(&thing, LESS).into_iter();
                found.extend(held.map(|then| ((place, then), why)));
            }
            Link::HoldsTillGone(thing, why) => {
                let held = index.writing(&thing, GONE).into_iter();
                found.extend(held.map(|then| ((place, then), why)));
            }
            Link::Uses(_, _) | Link::Is(_) | Link::Finds(_, _) => {}
        }
    }
    found
}

/// Law 3, from the side of what finds.
fn finds(index: &Index<'_>, place: usize, write: &WriteStep) -> Found {
    if write.stage == Stage::Set {
        return Found::new();
    }
    let found = links(write).into_iter().filter_map(|link| match link {
        Link::Finds(thing, why) => Some((thing, why)),
        Link::Is(_) | Link::Uses(_, _) | Link::HoldsTillLess(_, _) => None,
        Link::HoldsTillGone(_, _) => None,
    });
    let before = |(thing, why): (Thing, &'static str)| {
        let found = index.writing(&thing, ANY).into_iter();
        found.map(move |first| ((first, place), why))
    };
    found.flat_map(before).collect()
}

/// Law 4 for writes, from the side of what shrinks.
fn grows(index: &Index<'_>, place: usize, write: &WriteStep) -> Found {
    let thing = Thing::of(&write.target);
    let Some(thing) = thing.filter(|_| write.stage == Stage::Shrink) else {
        return Found::new();
    };
    let growing = index.writing(&thing, SET).into_iter();
    growing
        .map(|first| ((first, place), "what both grows and shrinks grows first"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{
        AccountId, Arn, BucketName, MigrationName, Partition, Region, RoleName, RuleName,
    };
    use crate::model::kinds::replication::{Filter, Rule, RuleDestination, Status};
    use crate::model::kinds::{BucketEncryption, Policy, ReplicationConfiguration, Role};
    use crate::model::{Document, KeyRef};
    use crate::plan::steps::StepId;
    use crate::proof::ProofSubject;

    const KEY: &str = "arn:aws:kms:eu-west-1:222222222222:key/k";

    fn bucket(account: &str, name: &str) -> BucketRef {
        BucketRef {
            account: AccountId::new(account).unwrap(),
            region: Region::new("eu-west-1").unwrap(),
            bucket: BucketName::new(name).unwrap(),
        }
    }

    fn role(name: &str) -> RoleRef {
        RoleRef {
            account: AccountId::new("111111111111").unwrap(),
            partition: Partition::Commercial,
            name: RoleName::new(name).unwrap(),
        }
    }

    fn rules(role: &RoleRef, to: &BucketRef) -> Document {
        let rule = Rule {
            id: None,
            priority: None,
            legacy_prefix: None,
            filter: Some(Filter::Empty),
            status: Status::Enabled,
            source_selection: None,
            existing_objects: None,
            destination: Some(RuleDestination {
                bucket: to.arn().to_string(),
                account: None,
                storage_class: None,
                owner_override: None,
                replica_key: None,
                replication_time: None,
                metrics: None,
            }),
            delete_markers: None,
        };
        Document::Replication(ReplicationConfiguration {
            role: role.arn("/s3ferry/").to_string(),
            rules: vec![rule],
            unmodelled: Vec::new(),
        })
    }

    fn statement(text: &str) -> Policy {
        Policy::read(format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{text}}}]}}"#
        ))
    }

    /// What every written part of a migration from a bucket of its own to one that it shares holds.
    fn documents(number: usize) -> Vec<(Target, Document)> {
        let source = bucket("111111111111", &format!("source-{number}"));
        let shared = bucket("222222222222", "shared");
        let role = role(&format!("role-{number}"));
        let arn = role.arn("/s3ferry/");
        let policy = statement(&format!(
            r#""Principal":{{"AWS":"{arn}"}},"Action":"s3:*","Resource":"*""#
        ));
        let lets_in = statement(&format!(
            r#""Principal":{{"AWS":"{arn}"}},"Action":"kms:Encrypt","Resource":"*","Condition":{{"StringLike":{{"a":"arn:aws:s3:::shared/*"}}}}"#
        ));
        let key = KeyRef::of_arn(&Arn::new(KEY).unwrap()).unwrap();
        let grants = statement(&format!(
            r#""Action":"kms:*","Resource":"{KEY}","Condition":{{"StringLike":{{"a":"arn:aws:s3:::shared/*"}}}}"#
        ));
        let encryption = BucketEncryption {
            algorithm: "aws:kms".to_owned(),
            key: Some(KEY.to_owned()),
            bucket_key: false,
            blocked: BTreeSet::new(),
        };
        let tags = ["s3ferry:source:", "s3ferry:destination:"].map(|tag| format!("{tag}shared"));
        let itself = Role {
            id: None,
            path: "/s3ferry/".to_owned(),
            trust: Policy::read("{}"),
            tags: tags.map(|tag| (tag, String::new())).into(),
            boundary: None,
            description: None,
        };
        let whole = |of: &BucketRef| {
            Document::Bucket(crate::model::kinds::Bucket {
                region: of.region.clone(),
                created_with_tags: BTreeMap::new(),
            })
        };
        let public = crate::model::kinds::PublicAccessBlock::ALL;
        let at = |of: &BucketRef, part| Target::Bucket(of.clone(), part);
        vec![
            (at(&shared, BucketPart::Itself), whole(&shared)),
            (
                at(&shared, BucketPart::PublicAccess),
                Document::PublicAccess(public),
            ),
            (
                at(&shared, BucketPart::Encryption),
                Document::Encryption(encryption),
            ),
            (
                at(&shared, BucketPart::Policy),
                Document::BucketPolicy(policy),
            ),
            (at(&source, BucketPart::Itself), whole(&source)),
            (at(&source, BucketPart::Replication), rules(&role, &shared)),
            (
                Target::Role(role.clone(), RolePart::Itself),
                Document::Role(itself),
            ),
            (
                Target::Role(role, RolePart::Policy),
                Document::RolePolicy(grants),
            ),
            (
                Target::Key(key, KeyPart::Policy),
                Document::KeyPolicy(lets_in),
            ),
        ]
    }

    fn step((target, document): (Target, Document), stage: Stage, number: usize) -> Step {
        let held = |there: bool| there.then(|| document.clone());
        Step {
            id: StepId(format!("{number} {stage:?} {target}")),
            work: Work::Write(Box::new(WriteStep {
                target,
                stage,
                before: held(stage != Stage::Set),
                after: held(stage != Stage::Remove),
                led: Vec::new(),
            })),
            needs: BTreeSet::new(),
        }
    }

    fn canary(number: usize) -> Step {
        Step {
            id: StepId(format!("{number} canary")),
            work: Work::Prove(Box::new(Goal::Canary(Box::new(CanaryGoal {
                spec: crate::ids::SpecName::new("spec").unwrap(),
                migration: MigrationName::new(format!("m-{number}")).unwrap(),
                rule: RuleName::new("all").unwrap(),
                rule_id: String::new(),
                source: bucket("111111111111", &format!("source-{number}")),
                destination: bucket("222222222222", "shared"),
                role: role(&format!("role-{number}")),
                stem: String::new(),
                tags: BTreeMap::new(),
                is_kms: false,
                elsewhere: Vec::new(),
                earlier: Vec::new(),
                probe: crate::goals::Probe::Default,
                encryption: crate::goals::PutEncryption::BucketDefault,
                replica: crate::goals::Replica::default(),
                mirrors: false,
                subject: ProofSubject(String::new()),
            })))),
            needs: BTreeSet::new(),
        }
    }

    /// Every stage of every part of a migration, and its canary.
    fn migration(number: usize) -> Vec<Step> {
        let all = documents(number).into_iter();
        let mut steps: Vec<Step> = all
            .flat_map(|held| {
                [Stage::Set, Stage::Shrink, Stage::Remove]
                    .map(|stage| step(held.clone(), stage, number))
            })
            .collect();
        steps.push(canary(number));
        steps
    }

    #[test]
    fn every_link_and_every_law_gives_an_edge() {
        let mut steps = migration(0);
        let said: BTreeSet<String> = arrange(&mut steps)
            .into_iter()
            .map(|edge| edge.why)
            .collect();
        let links = documents(0)
            .into_iter()
            .flat_map(|(target, document)| document.links(&target));
        let whys = links.filter_map(|link| match link {
            Link::Is(_) => None,
            Link::Uses(_, why) | Link::HoldsTillLess(_, why) => Some(why),
            Link::HoldsTillGone(_, why) | Link::Finds(_, why) => Some(why),
        });
        let laws = [
            "a bucket exists before its settings",
            "a role exists before its policy",
            "a role is deleted when its policies are",
            "a role keeps its marks until its policy is as it shall be, or a run that stops between would not find it again",
            "what both grows and shrinks grows first",
            "a canary proves what is there, so everything of its rule comes first",
        ];
        let expected: BTreeSet<String> = whys.chain(laws).map(ToOwned::to_owned).collect();
        let silent: Vec<&String> = expected.difference(&said).collect();
        assert!(silent.is_empty(), "no edge says {silent:?}");
    }

    #[test]
    fn migrations_are_joined_by_what_they_share_only() {
        let mut steps: Vec<Step> = (0..3).flat_map(migration).collect();
        let own =
            |id: &str| id.contains("role-") || id.contains("source-") || id.ends_with("canary");
        for edge in arrange(&mut steps) {
            let (first, then) = (edge.first.as_str(), edge.then.as_str());
            let apart = first.split(' ').next() != then.split(' ').next();
            assert!(!(apart && own(first) && own(then)), "{first} before {then}");
        }
    }

    #[test]
    fn a_name_in_another_account_is_another_role() {
        let theirs = statement(
            r#""Principal":{"AWS":"arn:aws:iam::999999999999:role/s3ferry/role-0"},"Action":"s3:*","Resource":"*""#,
        );
        let held = documents(0).into_iter().find_map(|(target, document)| {
            matches!(target, Target::Role(_, RolePart::Itself)).then_some((target, document))
        });
        let shared = bucket("222222222222", "shared");
        let policy = Target::Bucket(shared, BucketPart::Policy);
        let mut steps = vec![
            step(held.unwrap(), Stage::Set, 0),
            step((policy, Document::BucketPolicy(theirs)), Stage::Set, 0),
        ];
        assert_eq!(arrange(&mut steps), []);
    }
}
