//! What is granted: by account, each resource with its condition and the actions on it.

use std::collections::{BTreeMap, BTreeSet};

use super::left;
use super::purpose::Purpose;
use super::{athena, verify};
use crate::doctor::reads as doctor;
use crate::future::Future;
use crate::goals::{Goal, PutEncryption, goals};
use crate::ids::AccountId;
use crate::import;
use crate::inventories::ListPlace;
use crate::migration::{self, Sight};
use crate::model::kinds::{Bucket, Call, Document, Facts, On, Verb, role, trail};
use crate::model::target::{Kind, ROLE_PATH};
use crate::model::{
    AccountPart, AccountRef, BucketPart, BucketRef, Observed, RegionPart, RolePart, RoleRef,
    Target, TrailPart,
};
use crate::names::Names;
use crate::ownership::{Markers, SPEC_TAG};
use crate::plan::{Step, Work, WriteStep, writes};
use crate::policy::generate::{literal, via_s3};

use crate::proof::Proofs;
use crate::queries;
use crate::reads;
use crate::route::{Route, Side};
use crate::scene::Scene;
use crate::scope::Scope;
use crate::search;
use crate::spec::{Create, ListEncryption, Spec};
use crate::status::reads as status;
use crate::wanted::{Desired, Wanted};

/// What the actions of a statement are about, in the order of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum About {
    Account,
    Buckets,
    CanaryLists,
    CanaryObjects,
    CanaryKeys,
    Objects,
    ObjectKeys,
    Lists,
    Roles,
    PassedRoles,
    LeftRoles,
    Policies,
    Keys,
    Alarms,
    Topics,
    Trails,
    LeftTrails,
    Jobs,
    Queries,
    Tables,
}

/// A condition: operator, key and values.
pub(super) type Condition = (&'static str, String, Vec<String>);

/// What actions are granted on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grant {
    pub(super) about: About,
    pub(super) resource: String,
    pub(super) condition: Option<Condition>,
}

/// The grants of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Grants(pub(super) BTreeMap<Grant, BTreeSet<&'static str>>);

/// What AWS may check the actions of a call against, at one place.
#[derive(Debug, Default)]
struct At {
    /// The bucket, or the ARNs that the role can have.
    place: Vec<String>,
    about: Option<About>,
    /// The roles that may be passed to S3, and to S3 Batch Operations.
    roles: Vec<String>,
    batch_roles: Vec<String>,
    /// The policies that a role may have.
    policies: Vec<String>,
    /// The jobs of S3 Batch Operations.
    jobs: Vec<String>,
    /// The objects, and what of them is listed.
    objects: Vec<String>,
    listed: Vec<String>,
    /// Keys, with the names under which S3 calls KMS.
    keys: Vec<String>,
    via: Vec<String>,
    /// Whether the objects are what is there, and not canaries.
    is_whole: bool,
}

/// Everything that a purpose may need, in any world.
pub(super) fn of(spec: &Spec, scope: &Scope, purpose: Purpose) -> BTreeMap<AccountId, Grants> {
    let mut granted = Granted::new(spec, scope);
    match purpose {
        Purpose::Plan | Purpose::Import => granted.plan(),
        Purpose::Search => {
            granted.plan();
            granted.search();
        }
        Purpose::Apply => {
            granted.plan();
            granted.apply();
        }
        Purpose::Verify => granted.verify(),
        Purpose::Status => {
            granted.plan();
            granted.status();
        }
        Purpose::Doctor => granted.doctor(),
    }
    granted.accounts
}

/// What an import may read in an account: whatever replicates there, wherever it is.
pub(super) fn of_import(account: &AccountRef) -> Grants {
    let mut grants = Grants::default();
    grants.add_everywhere(&import::READS, account);
    grants
}

/// The policies that a role of an account may have: the account's, and AWS's own.
fn any_policy(of: &AccountRef) -> Vec<String> {
    let AccountRef { account, partition } = of;
    [account.as_str(), "aws"]
        .map(|owner| format!("arn:{partition}:iam::{owner}:policy/*"))
        .into()
}

/// All places of a kind in an account.
fn anywhere(kind: Kind, of: &AccountRef) -> (About, String) {
    let AccountRef { account, partition } = of;
    let arn = |rest: String| format!("arn:{partition}:{rest}");
    match kind {
        Kind::Bucket(_) => (About::Buckets, arn("s3:::*".to_owned())),
        Kind::Role(_) => (About::Roles, arn(format!("iam::{account}:role/*"))),
        Kind::Key(_) => (About::Keys, arn(format!("kms:*:{account}:key/*"))),
        Kind::Alarm => (
            About::Alarms,
            arn(format!("cloudwatch:*:{account}:alarm:*")),
        ),
        Kind::Topic => (About::Topics, arn(format!("sns:*:{account}:*"))),
        Kind::Trail(_) => (About::Trails, any_trail(of)),
        Kind::Account(_) | Kind::Region(_) => (About::Account, "*".to_owned()),
    }
}

/// What the steps of one plan write and prove.
pub(super) fn of_steps(spec: &Spec, steps: &[Step]) -> BTreeMap<AccountId, Grants> {
    let scope = Scope::All;
    let mut granted = Granted::new(spec, &scope);
    let writes = steps.iter().filter_map(|step| match &step.work {
        Work::Write(write) => Some(write.as_ref()),
        Work::Prove(_) | Work::Sweep(_) => None,
    });
    let makes = |write: &&WriteStep| write.makes().is_some();
    let made: BTreeSet<&Target> = writes.filter(makes).map(|write| &write.target).collect();
    for step in steps {
        match &step.work {
            // A bucket is made with its tags.
            Work::Write(write)
                if write.target.kind() == Kind::Bucket(BucketPart::Tags)
                    && write
                        .target
                        .whole()
                        .is_some_and(|whole| made.contains(&whole)) => {}
            Work::Write(write) => {
                let at = granted.at(&write.target, Asked::Make);
                granted.allow(write.target.account(), &at, write.calls());
            }
            Work::Prove(goal) => granted.prove(goal),
            Work::Sweep(_) => {} // It removes what a goal of an earlier plan was allowed to put.
        }
    }
    granted.accounts
}

struct Granted<'a> {
    spec: &'a Spec,
    scope: &'a Scope,
    names: Names,
    /// What `guards.adopt` hands over.
    adopted: BTreeSet<String>,
    /// The pattern of the names of the spec's alarms.
    alarms: String,
    accounts: BTreeMap<AccountId, Grants>,
}

impl<'a> Granted<'a> {
    fn new(spec: &'a Spec, scope: &'a Scope) -> Self {
        Self {
            spec,
            scope,
            names: Names::of(spec),
            adopted: spec
                .all_guards()
                .flat_map(|guards| guards.adopt.iter().cloned())
                .collect(),
            alarms: Markers::of(&spec.name).alarm_pattern(),
            accounts: BTreeMap::new(),
        }
    }

    fn plan(&mut self) {
        for route in reads::concerned(self.spec, self.scope) {
            for target in reads::of_route(self.spec, &route, Sight::AnyWorld) {
                self.read(&target);
            }
            for target in reads::may_ask(self.spec, &route) {
                self.read(&target);
            }
            for target in left::of_buckets(&route) {
                self.read(&target);
            }
            left::of_blocks(&route).for_each(|target| self.read(&target));
        }
        for place in left::alarm_places(self.spec) {
            self.read(&Target::Region(place, RegionPart::Alarms));
        }
        for of in self.spec.account_refs() {
            let at = At::of(About::Trails, any_trail(&of));
            for part in TrailPart::ALL {
                self.allow(&of.account, &at, trail_facts(part).read);
            }
        }
        if *self.scope != Scope::All {
            return;
        }
        for role in left::adopted_roles(self.spec) {
            for target in migration::role_targets(&role) {
                self.read(&target);
            }
        }
        for of in self.spec.account_refs() {
            self.read(&Target::Account(of.clone(), AccountPart::Roles));
            let at = At::of(About::Roles, under_our_path(&of));
            for part in RolePart::LOOKED_AT {
                self.allow(&of.account, &at, role_facts(part).read);
            }
        }
    }

    fn search(&mut self) {
        for of in self.spec.account_refs() {
            self.everywhere(&search::READS, &of);
        }
    }

    /// All that lies in both buckets of each migration.
    fn verify(&mut self) {
        let routes = self
            .spec
            .routes()
            .filter(|route| self.scope.covers(route.name));
        for route in routes.collect::<Vec<_>>() {
            for side in [Side::Source, Side::Destination] {
                let (bucket, keys) = (route.bucket(side), route.keys(side));
                let at = At {
                    keys: keys.iter().map(ToString::to_string).collect(),
                    via: via_s3(&bucket.region),
                    ..At::whole(bucket)
                };
                self.allow(&bucket.account, &at, verify::CALLS);
            }
            self.read_lists(&route);
            for of in route.computed() {
                let (bucket, prefix) = &of.report;
                let at = reports(bucket, prefix);
                self.allow(&bucket.account, &at, verify::REPORT_CALLS);
            }
            self.query_lists(&route);
        }
    }

    /// The inventories that the spec declares.
    fn read_lists(&mut self, route: &Route<'_>) {
        for (account, at) in self.lists(route) {
            self.allow(&account, &at, verify::LIST_CALLS);
        }
    }

    /// The same inventories, in the account that asks Athena, and what else the query needs there.
    fn query_lists(&mut self, route: &Route<'_>) {
        let Some(place) = queries::place(self.spec, route.migration) else {
            return;
        };
        let account = &place.at.account;
        for (_, at) in self.lists(route) {
            self.allow(account, &at, verify::LIST_CALLS);
            self.allow(account, &at, athena::LISTS);
        }
        let workgroup = At::of(About::Queries, place.workgroup_arn());
        self.allow(account, &workgroup, athena::QUERIES);
        let tables = At {
            place: place.table_arns(),
            about: Some(About::Tables),
            ..At::default()
        };
        self.allow(account, &tables, athena::TABLES);
        let (output, prefix) = (place.output.arn(), literal(&place.prefix));
        let output = At {
            place: vec![output.to_string()],
            about: Some(About::Buckets),
            objects: vec![format!("{output}/{prefix}*")],
            is_whole: true,
            ..At::default()
        };
        self.allow(account, &output, athena::OUTPUT);
    }

    /// Where the inventories lie that the spec declares, by the account of their bucket.
    fn lists(&self, route: &Route<'_>) -> Vec<(AccountId, At)> {
        let places = route.inventories().into_iter().map(|listed| {
            let ListPlace { bucket, folder, .. } = ListPlace::declared(&listed, &self.spec.name);
            let key = match &listed.place.encryption {
                Some(ListEncryption::SseKms(key)) => Some(key.to_string()),
                Some(ListEncryption::SseS3) | None => None,
            };
            let (arn, folder) = (bucket.arn(), literal(&folder));
            let at = At {
                place: vec![arn.to_string()],
                about: Some(About::Buckets),
                objects: vec![format!("{arn}/{folder}*")],
                listed: vec![format!("{folder}*")],
                keys: key.into_iter().collect(),
                via: via_s3(&bucket.region),
                is_whole: true,
                ..At::default()
            };
            (bucket.account, at)
        });
        places.collect()
    }

    /// The metrics of rules, and the versions of each source: a live rule may have another prefix than the spec says now.
    fn status(&mut self) {
        let routes = self.spec.routes();
        let routes = routes.filter(|route| self.scope.covers(route.name));
        for route in routes.collect::<Vec<_>>() {
            let source = At::whole(&route.source);
            self.allow(&route.source.account, &source, status::ON_SOURCE);
            self.allow(&route.alarms_in, &At::default(), status::ON_METRICS);
        }
    }

    /// What both buckets are, and the roles and keys that live rules may name.
    fn doctor(&mut self) {
        let routes = self.spec.routes();
        let routes = routes.filter(|route| self.scope.covers(route.name));
        for route in routes.collect::<Vec<_>>() {
            for target in doctor::first(&route) {
                self.read(&target);
            }
            let places = [
                (&route.source, doctor::ON_SOURCE),
                (&route.destination, doctor::ON_DESTINATION),
            ];
            for (bucket, calls) in places {
                self.allow(&bucket.account, &At::whole(bucket), calls);
            }
            for of in self.spec.account_refs() {
                if of.account == route.source.account {
                    self.everywhere(&doctor::OF_ROLES, &of);
                }
                if [&route.source.account, &route.destination.account].contains(&&of.account) {
                    self.everywhere(&doctor::OF_KEYS, &of);
                }
            }
        }
    }

    fn everywhere(&mut self, kinds: &[Kind], of: &AccountRef) {
        let grants = self.accounts.entry(of.account.clone()).or_default();
        grants.add_everywhere(kinds, of);
    }

    fn apply(&mut self) {
        let observed = world_of(self.spec);
        let proofs = Proofs::default();
        let scene = Scene::new(self.spec, &observed, &proofs, self.scope);
        let cases = migration::cases(&scene);
        let desired = migration::desired(&scene, &cases);
        for (target, want) in &desired.wants {
            if self.scope.covers_any(&want.migrations) {
                self.write(&scene, target, &want.wanted);
            }
        }
        let writes = writes::writes(&scene, &cases);
        let future = Future {
            observed: &observed,
            planned: &writes.planned,
        };
        for goal in goals(&scene, &future) {
            self.prove(&goal);
        }
        self.remove_left_alarms();
        if *self.scope == Scope::All {
            self.take_out_of_buckets(&desired);
            self.remove_left_roles();
            self.remove_left_trails();
        }
    }

    fn read(&mut self, target: &Target) {
        let at = self.at(target, Asked::Read);
        self.allow(target.account(), &at, target.kind().facts().read);
    }

    fn write(&mut self, scene: &Scene<'_>, target: &Target, wanted: &Wanted) {
        let verbs = verbs(scene, target, wanted);
        let at = self.at(target, Asked::Make);
        for verb in verbs {
            self.allow(target.account(), &at, target.kind().facts().to(*verb));
        }
        if !verbs.is_empty() {
            self.read(target);
        }
    }

    fn prove(&mut self, goal: &Goal) {
        let Some(canary) = goal.canary() else {
            self.work(goal);
            return;
        };
        let Some(migration) = self.spec.migrations.get(&canary.migration) else {
            return;
        };
        let name = migration.canary.object();
        let key = match &canary.encryption {
            PutEncryption::SseKms(key) => Some(key.to_string()),
            PutEncryption::BucketDefault | PutEncryption::SseS3 => None,
        };
        for (bucket, calls) in goal.calls_on() {
            let arn = bucket.arn();
            let at = At {
                place: vec![arn.to_string()],
                about: Some(About::Buckets),
                objects: vec![format!("{arn}/{}/*", literal(canary.rule_stem()))],
                // Whatever stands before it is a rule's prefix.
                listed: vec![format!("*{}/{}/*", literal(name), self.spec.name)],
                keys: key.iter().cloned().collect(),
                via: via_s3(&bucket.region),
                ..At::default()
            };
            self.allow(&bucket.account, &at, &calls);
        }
    }

    /// The calls of a goal that has jobs, whose names are S3's own.
    fn work(&mut self, goal: &Goal) {
        let (jobs, role) = match goal {
            Goal::Backfill(goal) => (&goal.jobs, &goal.batch_role),
            Goal::Checksums(goal) => (&goal.jobs, &goal.batch_role),
            Goal::Canary(_) | Goal::Alarm(_) => return,
        };
        let (to, prefix) = &jobs.report;
        let roles = self.arns(role, Asked::Make);
        for (bucket, calls) in goal.calls_on() {
            let at = At {
                place: vec![bucket.arn().to_string()],
                jobs: vec![jobs.at.jobs_arn()],
                batch_roles: roles.clone(),
                ..reports(to, prefix)
            };
            self.allow(&bucket.account, &at, &calls);
        }
    }

    /// Alarms of migrations that are watched no more, or not there any more.
    fn remove_left_alarms(&mut self) {
        for place in left::alarm_places(self.spec) {
            let at = At::of(About::Alarms, place.alarm_arn(&self.alarms));
            self.allow(&place.account, &at, Kind::Alarm.facts().to(Verb::Delete));
        }
    }

    /// What is ours in documents of the spec's buckets that it wants nothing of. Where it does, something of ours stays.
    fn take_out_of_buckets(&mut self, desired: &Desired) {
        let spec = self.spec;
        let targets = spec.routes().flat_map(|route| left::of_buckets(&route));
        for target in targets.filter(|target| !desired.wants.contains_key(target)) {
            let at = self.at(&target, Asked::Make);
            for verb in TAKEN_AWAY {
                self.allow(target.account(), &at, target.kind().facts().to(*verb));
            }
        }
    }

    /// Trails say by their tag whose they are. One that somebody else has record something, too, loses the tag last.
    fn remove_left_trails(&mut self) {
        for of in self.spec.account_refs() {
            let grant = Grant {
                about: About::LeftTrails,
                resource: any_trail(&of),
                condition: Some(self.tagged_ours()),
            };
            let parts = TrailPart::ALL.into_iter();
            let calls = parts.flat_map(|part| trail_facts(part).to(Verb::Delete));
            let calls = calls.chain(trail::RELEASE);
            let grants = self.accounts.entry(of.account.clone()).or_default();
            let actions = grants.0.entry(grant).or_default();
            actions.extend(calls.flat_map(Call::actions));
        }
    }

    /// That the tag of a role or a trail names this spec alone.
    fn tagged_ours(&self) -> Condition {
        let key = format!("aws:ResourceTag/{SPEC_TAG}");
        ("StringEquals", key, vec![self.spec.name.to_string()])
    }

    /// Roles that the spec made once and no longer names are under s3ferry's path and say by their tag whose they are. When
    /// one is gone its name is asked for once more, and IAM knows no path of it then.
    fn remove_left_roles(&mut self) {
        for of in self.spec.account_refs() {
            let grant = Grant {
                about: About::LeftRoles,
                resource: under_our_path(&of),
                condition: Some(self.tagged_ours()),
            };
            let parts = [RolePart::Itself, RolePart::Policy].into_iter();
            let calls = parts.flat_map(|part| role_facts(part).to(Verb::Delete));
            let actions = calls.flat_map(Call::actions);
            let grants = self.accounts.entry(of.account.clone()).or_default();
            grants.0.entry(grant).or_default().extend(actions);
            let at = At::of(About::Roles, any_role(&of));
            self.allow(&of.account, &at, role_facts(RolePart::Itself).read);
        }
        for role in left::adopted_roles(self.spec) {
            let at = self.at(&Target::Role(role.clone(), RolePart::Itself), Asked::Make);
            self.allow(&role.account, &at, role::RELEASE);
            for verb in TAKEN_AWAY {
                self.allow(&role.account, &at, role_facts(RolePart::Policy).to(*verb));
            }
        }
    }

    fn allow(&mut self, account: &AccountId, at: &At, calls: &[Call]) {
        let grants = self.accounts.entry(account.clone()).or_default();
        for need in calls.iter().flat_map(|call| call.needs) {
            for grant in at.grants(need.on) {
                grants.0.entry(grant).or_default().insert(need.action);
            }
        }
    }

    /// What AWS checks calls on a target against.
    fn at(&self, target: &Target, asked: Asked) -> At {
        match target {
            Target::Bucket(bucket, _) => At {
                place: vec![bucket.arn().to_string()],
                about: Some(About::Buckets),
                roles: self.passed(bucket),
                ..At::default()
            },
            Target::Role(role, _) => At {
                place: self.arns(role, asked),
                about: Some(About::Roles),
                ..At::default()
            },
            Target::Key(key, _) => At::of(About::Keys, key.arn()),
            // All alarms of a spec begin alike: one by one they would fill policies.
            Target::Alarm(of) => At::of(About::Alarms, of.place().alarm_arn(&self.alarms)),
            Target::Topic(of) => At::of(About::Topics, of.arn.to_string()),
            Target::Trail(of, _) => At::of(About::Trails, of.arn()),
            Target::Region(of, RegionPart::Jobs) => At {
                jobs: vec![of.jobs_arn()],
                ..At::default()
            },
            Target::Account(_, _) | Target::Region(_, _) => At::default(),
        }
    }

    /// The roles that the rules of a source bucket run under.
    fn passed(&self, bucket: &BucketRef) -> Vec<String> {
        let routes = self.spec.routes().filter(|route| route.source == *bucket);
        let roles: BTreeSet<RoleRef> = routes.map(|route| route.role).collect();
        let arns = roles.iter().flat_map(|role| self.arns(role, Asked::Make));
        arns.collect()
    }

    /// The ARNs that AWS may check for a role. One that `guards.adopt` hands over is there, under a path that the spec does not
    /// say.
    fn arns(&self, role: &RoleRef, asked: Asked) -> Vec<String> {
        let ours = role.arn(ROLE_PATH).to_string();
        let bare = role.arn("/").to_string();
        let target = Target::Role(role.clone(), RolePart::Itself);
        if self.adopted.contains(&self.names.address(&target)) {
            return vec![bare, role.arn("/*/").to_string()];
        }
        match asked {
            Asked::Read => vec![ours, bare],
            Asked::Make => vec![ours],
        }
    }
}

/// In which way a role of ours is asked for, which decides the ARNs that AWS may check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// It may be there, or not: of a role that is not there IAM knows no path.
    Read,
    /// It is made, or was.
    Make,
}

impl At {
    /// A bucket, and all that lies in it.
    fn whole(bucket: &BucketRef) -> Self {
        let arn = bucket.arn();
        Self {
            objects: vec![format!("{arn}/*")],
            is_whole: true,
            ..Self::of(About::Buckets, arn.to_string())
        }
    }

    fn of(about: About, place: String) -> Self {
        Self {
            place: vec![place],
            about: Some(about),
            ..Self::default()
        }
    }

    fn grants(&self, on: On) -> Vec<Grant> {
        let (about, resources, condition) = match on {
            On::Place => (self.about.unwrap_or(About::Account), &self.place, None),
            On::Listing => (
                if self.is_whole {
                    About::Lists
                } else {
                    About::CanaryLists
                },
                &self.place,
                Some(("StringLike", "s3:prefix".to_owned(), self.listed.clone())),
            ),
            On::Objects if self.is_whole => (About::Objects, &self.objects, None),
            On::Objects => (About::CanaryObjects, &self.objects, None),
            On::Key => (
                if self.is_whole {
                    About::ObjectKeys
                } else {
                    About::CanaryKeys
                },
                &self.keys,
                Some((
                    "StringEquals",
                    "kms:ViaService".to_owned(),
                    self.via.clone(),
                )),
            ),
            On::PassedRole => (
                About::PassedRoles,
                &self.roles,
                Some(passed_to("s3.amazonaws.com")),
            ),
            On::PassedToBatch => (
                About::PassedRoles,
                &self.batch_roles,
                Some(passed_to("batchoperations.s3.amazonaws.com")),
            ),
            On::Policies => (About::Policies, &self.policies, None),
            On::Jobs => (About::Jobs, &self.jobs, None),
            On::Account => return vec![Grant::on_all()],
        };
        let grant = |resource: &String| Grant {
            about,
            resource: resource.clone(),
            condition: condition.clone(),
        };
        resources.iter().map(grant).collect()
    }
}

/// That a role is passed to this service alone.
fn passed_to(service: &str) -> Condition {
    (
        "StringEquals",
        "iam:PassedToService".to_owned(),
        vec![service.to_owned()],
    )
}

impl Grant {
    fn on_all() -> Self {
        Self {
            about: About::Account,
            resource: "*".to_owned(),
            condition: None,
        }
    }
}

impl Grants {
    /// Adds the reads of kinds wherever in an account they are.
    fn add_everywhere(&mut self, kinds: &[Kind], account: &AccountRef) {
        for kind in kinds {
            let (about, place) = anywhere(*kind, account);
            let at = At {
                policies: any_policy(account),
                ..At::of(about, place)
            };
            for need in kind.facts().read.iter().flat_map(|call| call.needs) {
                for grant in at.grants(need.on) {
                    self.0.entry(grant).or_default().insert(need.action);
                }
            }
        }
    }

    /// The same with s3ferry's path in the place of the roles under it, and with the names that s3ferry gives in the place of
    /// those that are only read.
    pub(super) fn by_path(&self) -> Self {
        let mut folded = Self::default();
        for (grant, actions) in &self.0 {
            let only_read = actions.iter().all(|action| is_read(action));
            let folds = Grant {
                resource: wide(&grant.resource, only_read),
                ..grant.clone()
            };
            folded.0.entry(folds).or_default().extend(actions);
        }
        folded
    }
}

fn is_read(action: &str) -> bool {
    ["iam:Get", "iam:List"]
        .iter()
        .any(|start| action.starts_with(start))
}

fn wide(resource: &str, only_read: bool) -> String {
    let named = ":role/s3ferry-"; // Whoever names a role otherwise in a spec has few of them.
    let ours = format!(":role{ROLE_PATH}");
    let begins = |start: &str| resource.find(start).map(|at| at + start.len());
    let end = begins(&ours).or_else(|| begins(named).filter(|_| only_read));
    end.map_or_else(
        || resource.to_owned(),
        |end| format!("{}*", &resource[..end]),
    )
}

/// The reports of jobs in a bucket.
fn reports(bucket: &BucketRef, prefix: &str) -> At {
    let folder = match prefix {
        "" => String::new(),
        prefix => format!("{}/", literal(prefix)),
    };
    At {
        about: Some(About::Buckets),
        objects: vec![format!("{}/{folder}job-*", bucket.arn())],
        is_whole: true,
        ..At::default()
    }
}

/// What may be done to take what is ours out of a target, or the target away.
const TAKEN_AWAY: &[Verb] = &[Verb::Update, Verb::Delete];

/// What may be done to bring a target to what is wanted, whatever it holds.
fn verbs(scene: &Scene<'_>, target: &Target, wanted: &Wanted) -> &'static [Verb] {
    const SET: &[Verb] = &[Verb::Create, Verb::Update];
    match wanted {
        Wanted::Exists => &[],
        // What is handed over is there.
        Wanted::Bucket(_) if is_adopted(scene, target) => &[],
        Wanted::Role(_, _) if is_adopted(scene, target) => &[Verb::Update],
        Wanted::Bucket(_) => &[Verb::Create],
        // A bucket is made with its tags, and one without them is not ours.
        Wanted::Tags(_) | Wanted::OtherPolicies if !is_adopted(scene, target) => &[],
        Wanted::Tags(_) => SET,
        Wanted::OtherPolicies | Wanted::Absent => TAKEN_AWAY,
        // A key always has a policy.
        Wanted::KeyPolicy(_) => &[Verb::Update],
        Wanted::BucketPolicy(statements) if statements.is_empty() => TAKEN_AWAY,
        Wanted::Replication(rules, _) if rules.is_empty() => TAKEN_AWAY,
        Wanted::AsItIs => &[],
        Wanted::Inventory(None) | Wanted::Notification(None) => TAKEN_AWAY,
        // What of these nobody wants any more is granted as what left the spec.
        Wanted::Trail(_) | Wanted::Alarm(_) | Wanted::Selectors(_) => SET,
        Wanted::Inventory(Some(_))
        | Wanted::Notification(Some(_))
        | Wanted::Logging(_)
        | Wanted::BucketPolicy(_)
        | Wanted::Replication(_, _)
        | Wanted::Whole(_)
        | Wanted::Versioning
        | Wanted::Encryption(_)
        | Wanted::Role(_, _)
        | Wanted::RolePolicy(_) => SET,
    }
}

/// Whether `guards.adopt` hands over the bucket or the role of a target; of a role's policies, any of them.
fn is_adopted(scene: &Scene<'_>, target: &Target) -> bool {
    if let Target::Role(_, RolePart::Policies) = target {
        let below = format!("{}/", scene.names.address(target));
        return scene.adopted().any(|address| address.starts_with(&below));
    }
    let whole = target.whole().map(|whole| scene.names.address(&whole));
    whole.is_some_and(|address| scene.adopts(&address))
}

/// A world in which the buckets are there that the spec does not make: then all that it wants can be planned.
fn world_of(spec: &Spec) -> Observed {
    let buckets = spec.routes().flat_map(|route| route.buckets());
    let exists = |bucket: BucketRef| {
        let document = Document::Bucket(Bucket {
            region: bucket.region.clone(),
            created_with_tags: BTreeMap::new(),
        });
        (Target::Bucket(bucket, BucketPart::Itself), Some(document))
    };
    let made: BTreeSet<BucketRef> = spec
        .routes()
        .filter(|route| route.migration.destination.create != Create::No)
        .map(|route| route.destination)
        .collect();
    buckets
        .filter(|bucket| !made.contains(bucket))
        .map(exists)
        .collect()
}

fn any_role(of: &AccountRef) -> String {
    let (partition, account) = (of.partition.as_str(), &of.account);
    format!("arn:{partition}:iam::{account}:role/*")
}

fn any_trail(of: &AccountRef) -> String {
    let (partition, account) = (of.partition.as_str(), &of.account);
    format!("arn:{partition}:cloudtrail:*:{account}:trail/*")
}

fn under_our_path(of: &AccountRef) -> String {
    let (partition, account) = (of.partition.as_str(), &of.account);
    format!("arn:{partition}:iam::{account}:role{ROLE_PATH}*")
}

const fn role_facts(part: RolePart) -> &'static Facts {
    Kind::Role(part).facts()
}

const fn trail_facts(part: TrailPart) -> &'static Facts {
    Kind::Trail(part).facts()
}
