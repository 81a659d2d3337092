//! A world for planner tests: a map of documents, brought along by applying plans step by step.

use std::collections::{BTreeMap, BTreeSet};

use s3ferry_core::format::Finding;
use s3ferry_core::ids::{AccountId, Arn, BucketName, MigrationName, Partition, Region, RoleName};
use s3ferry_core::model::kinds::replication::{
    Filter, ReplicationConfiguration, Rule, RuleDestination, Status, Timed,
};
use s3ferry_core::model::kinds::{
    AlarmNames, Bucket, Document, Grants, Key, ObjectOwnership, Policy, RequestPayment, Role,
    RolePolicies, SeenTrail, SeenTrails, Versioning, VersioningStatus,
};
use s3ferry_core::model::target::ROLE_POLICY_NAME;
use s3ferry_core::model::{
    AccountPart, AccountRef, BucketPart, BucketRef, KeyPart, KeyRef, Observed, OutOfReach,
    RegionPart, RolePart, RoleRef, Target, same,
};
use s3ferry_core::ownership::{described, description};
use s3ferry_core::plan::{
    BackfillGoal, EndedJob, Goal, JobEnd, PlacedCanary, Plan, Proofs, Step, Todo, Work, plan,
};
use s3ferry_core::reads;
use s3ferry_core::scene::Scene;
use s3ferry_core::scope::Scope;
use s3ferry_core::spec::Spec;
use s3ferry_spec::{SourceFile, read};

pub(crate) const COLD_RULE: &str = "      - { id: cold, prefix: cold/, delete_markers: keep }\n";

const ORDERS: &str = r#"version: 1
accounts:
  prod: { id: "111111111111", region: eu-west-1 }
  archive: { id: "222222222222", region: eu-central-1, profile: archive }
migrations:
  orders:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: orders-archive, create: true }
    owner: destination
    monitoring: { none: "a test" }
    guards: {}
    rules:
      - { id: hot, prefix: hot/, tags: {}, delete_markers: mirror, storage_class: STANDARD_IA }
      - { id: cold, prefix: cold/, delete_markers: keep }
"#;

const INVOICES: &str = r"
  invoices:
    phase: replicate
    source: { account: prod, bucket: invoices-prod }
    destination: { account: archive, bucket: invoices-archive, create: true }
    rules:
      - { id: all, delete_markers: keep, tags: { class: paid, year: '2026' } }
";

/// How a job ends that copies everything.
pub(crate) fn copied(goal: &BackfillGoal) -> EndedJob {
    let attempt = match &goal.todo {
        Todo::Make(attempt) => attempt.number,
        Todo::Confirm { attempt, .. } | Todo::Follow { attempt, .. } => *attempt,
        Todo::Hold { .. } | Todo::Explain(_) => 0,
    };
    EndedJob {
        subject: goal.jobs.subject.clone(),
        attempt,
        job: format!("job-{attempt:08}"),
        end: JobEnd::Complete,
        tasks: 3,
        failed: 0,
        codes: BTreeMap::new(),
        age: None,
    }
}

/// The spec of one migration, after replacing parts of its text.
pub(crate) fn spec(replacements: &[(&str, &str)]) -> Spec {
    let mut text = ORDERS.to_owned();
    for (from, to) in replacements {
        assert!(text.contains(from), "{from:?} is not in the spec");
        text = text.replace(from, to);
    }
    parse(&text)
}

/// The spec of two migrations with nothing in common but their accounts.
pub(crate) fn two_migrations() -> Spec {
    two_migrations_with(&[])
}

/// The spec of two, after replacing parts of the first one's text.
pub(crate) fn two_migrations_with(replacements: &[(&str, &str)]) -> Spec {
    let mut text = ORDERS.to_owned();
    for (from, to) in replacements {
        assert!(text.contains(from), "{from:?} is not in the spec");
        text = text.replace(from, to);
    }
    parse(&format!("{text}{INVOICES}"))
}

/// Two migrations whose access logs go to one bucket.
pub(crate) fn two_logged() -> Spec {
    let logging = |prefix: &str| {
        format!(
            "    logging: {{ access: {{ source: {{ bucket: prod-logs, prefix: {prefix} }} }} }}\n"
        )
    };
    parse(&format!(
        "{ORDERS}{}{INVOICES}{}",
        logging("orders/"),
        logging("invoices/")
    ))
}

/// Two migrations whose data events one trail of ours records.
pub(crate) fn two_traced() -> Spec {
    parse(&format!("{ORDERS}{TRACED}{INVOICES}{TRACED}"))
}

/// The first of the two; the rules and the role of the other may go.
pub(crate) fn one_traced() -> Spec {
    let orders = ORDERS.replace("guards: {}", "guards: { max_deletes: 9 }");
    parse(&format!("{orders}{TRACED}"))
}

const TRACED: &str =
    "    logging: { cloudtrail: { source: { trail: s3-data, bucket: prod-trail } } }\n";

/// The spec after its last migration left it.
pub(crate) fn no_migrations(max_deletes: u32) -> Spec {
    no_migrations_with("max_deletes", max_deletes)
}

/// The same with guards before the number.
pub(crate) fn no_migrations_with(guards: &str, max_deletes: u32) -> Spec {
    let (accounts, _) = ORDERS
        .split_once("migrations:")
        .expect("the spec has migrations");
    parse(&format!(
        "{accounts}defaults: {{ guards: {{ {guards}: {max_deletes} }} }}\n"
    ))
}

pub(crate) fn parse(text: &str) -> Spec {
    let file = SourceFile {
        path: "spec.yaml".to_owned(),
        bytes: text.as_bytes().to_vec(),
    };
    let reading = read(&[file]);
    let problems: Vec<String> = reading.diagnostics.iter().map(|d| d.to_text()).collect();
    reading
        .spec
        .unwrap_or_else(|| panic!("{}", problems.join("\n")))
}

/// The ARN of the role that the spec gives to a source bucket.
pub(crate) fn role_of(bucket: &str) -> String {
    format!("arn:aws:iam::111111111111:role/s3ferry/s3ferry-{bucket}")
}

/// A rule of somebody else.
pub(crate) fn foreign_rule(id: &str, priority: i32) -> Rule {
    Rule {
        id: Some(id.to_owned()),
        priority: Some(priority),
        legacy_prefix: None,
        filter: Some(Filter::Empty),
        status: Status::Enabled,
        source_selection: None,
        existing_objects: None,
        destination: Some(RuleDestination {
            bucket: "arn:aws:s3:::somewhere-else".to_owned(),
            account: None,
            storage_class: None,
            owner_override: None,
            replica_key: None,
            replication_time: None,
            metrics: Some(Timed {
                status: Status::Disabled,
                minutes: None,
            }),
        }),
        delete_markers: Some(Some(Status::Disabled)),
    }
}

/// The codes of a plan's findings.
pub(crate) fn codes(plan: &Plan) -> Vec<&str> {
    plan.findings.iter().map(|of| of.code.as_str()).collect()
}

/// The first finding of a code, which must be there.
pub(crate) fn finding<'a>(plan: &'a Plan, code: &str) -> &'a Finding {
    let found = plan.findings.iter().find(|of| of.code == code);
    found.unwrap_or_else(|| panic!("no {code} in {:#?}", plan.findings))
}

/// The ways out that it has.
pub(crate) fn help<'a>(plan: &'a Plan, code: &str) -> &'a str {
    &finding(plan, code).help
}

/// The steps of a plan in an order that its edges allow.
pub(crate) fn order(plan: &Plan) -> Vec<String> {
    let mut done: Vec<String> = Vec::new();
    let mut left: Vec<&Step> = plan.steps.iter().collect();
    while !left.is_empty() {
        let ready = |step: &&Step| step.needs.iter().all(|need| done.contains(&need.0));
        let next = left
            .iter()
            .position(ready)
            .expect("the order has a cycle or an unknown step");
        done.push(left.remove(next).id.0.clone());
    }
    done
}

/// What the steps of a plan write, by step.
pub(crate) fn written(plan: &Plan) -> Vec<(String, Option<Document>)> {
    let of = |step: &Step| match &step.work {
        Work::Write(write) => Some((step.id.0.clone(), write.after.clone())),
        Work::Prove(_) | Work::Sweep(_) => None,
    };
    plan.steps.iter().filter_map(of).collect()
}

/// Two accounts, as a map from targets to documents.
#[derive(Default)]
pub(crate) struct World {
    documents: BTreeMap<Target, Document>,
    proofs: Proofs,
    /// Canaries that lie in buckets.
    pub(crate) placed: Vec<PlacedCanary>,
    pub(crate) ended: Vec<EndedJob>,
    /// Roles that were made or changed, for their unique IDs.
    made: u32,
    /// Keys that are not there; every other key is, and its account and that of the roles may use it.
    pub(crate) missing: BTreeSet<KeyRef>,
    /// Targets that the caller may not read.
    pub(crate) denied: BTreeSet<Target>,
}

/// A key in a state.
pub(crate) fn customer_key(state: &str, manager: &str) -> Document {
    Document::Key(Key {
        state: state.to_owned(),
        spec: "SYMMETRIC_DEFAULT".to_owned(),
        usage: "ENCRYPT_DECRYPT".to_owned(),
        manager: manager.to_owned(),
        multi_region: false,
    })
}

/// The policy of a key: its account administers it, and with no other statements both accounts may use it.
pub(crate) fn key_policy(key: &KeyRef, others: &[&str]) -> Document {
    let admin = format!(
        r#"{{"Sid":"Admin","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{}:root"}},"Action":["kms:PutKeyPolicy","kms:GetKeyPolicy","kms:DescribeKey"],"Resource":"*"}}"#,
        key.account
    );
    let users = r#"{ "Sid" :"Users", "Effect":"Allow","Principal":{"AWS":["111111111111","222222222222"]},"Action":["kms:Encrypt","kms:Decrypt","kms:GenerateDataKey*"],"Resource":"*"}"#;
    let others = if others.is_empty() { &[users] } else { others };
    let all = [&[admin.as_str()], others].concat().join(" ,");
    Document::KeyPolicy(Policy::read(format!(
        r#"{{"Version":"2012-10-17","Id":"theirs","Statement":[{all}]}}"#
    )))
}

/// A key by its ARN.
pub(crate) fn key(arn: &str) -> KeyRef {
    KeyRef::of_arn(&Arn::new(arn).expect("an ARN")).expect("the ARN of a key")
}

fn bucket_ref(account: &str, bucket: &str) -> BucketRef {
    let (id, region) = match account {
        "prod" => ("111111111111", "eu-west-1"),
        _ => ("222222222222", "eu-central-1"),
    };
    BucketRef {
        account: AccountId::new(id).expect("a test world is well made"),
        region: Region::new(region).expect("a test world is well made"),
        bucket: BucketName::new(bucket).expect("a test world is well made"),
    }
}

fn role_ref(name: &str) -> RoleRef {
    RoleRef {
        account: AccountId::new("111111111111").expect("a test world is well made"),
        partition: Partition::Commercial,
        name: RoleName::new(name).expect("a test world is well made"),
    }
}

/// The target of an address such as `prod/bucket/orders-prod/policy`.
fn target(address: &str) -> Target {
    let parts: Vec<&str> = address.split('/').collect();
    match parts.as_slice() {
        [account, "bucket", name, part] => {
            let of = bucket_ref(account, name);
            let parts = BucketPart::ALL.into_iter();
            let mut targets = parts.map(|part| Target::Bucket(of.clone(), part));
            let found = targets.find(|target| target.path().ends_with(&format!("/{part}")));
            found.unwrap_or_else(|| panic!("no target is called {address}"))
        }
        [_, "role", name] => Target::Role(role_ref(name), RolePart::Itself),
        _ => panic!("no target is called {address}"),
    }
}

impl World {
    pub(crate) fn with_source(bucket: &str) -> Self {
        let mut world = Self::default();
        world.make_source(bucket);
        world
    }

    pub(crate) fn make_source(&mut self, bucket: &str) {
        self.make_bucket(&bucket_ref("prod", bucket));
    }

    /// Takes a bucket away with all that is of it.
    pub(crate) fn lose_bucket(&mut self, bucket: &str) {
        let is_its = |target: &Target| {
            target
                .bucket()
                .is_some_and(|of| of.bucket.as_str() == bucket)
        };
        self.documents.retain(|target, _| !is_its(target));
    }

    pub(crate) fn make_destination(&mut self, bucket: &str) {
        let bucket = bucket_ref("archive", bucket);
        self.make_bucket(&bucket);
        let writer = Document::Ownership(ObjectOwnership::ObjectWriter);
        self.documents
            .insert(Target::Bucket(bucket, BucketPart::Ownership), writer);
    }

    fn make_bucket(&mut self, bucket: &BucketRef) {
        let made = Bucket {
            region: bucket.region.clone(),
            created_with_tags: BTreeMap::new(),
        };
        let never = Versioning {
            status: VersioningStatus::Never,
            mfa_delete: false,
        };
        self.documents.insert(
            Target::Bucket(bucket.clone(), BucketPart::Itself),
            Document::Bucket(made),
        );
        self.documents.insert(
            Target::Bucket(bucket.clone(), BucketPart::Tags),
            Document::Tags(BTreeMap::new()),
        );
        self.documents.insert(
            Target::Bucket(bucket.clone(), BucketPart::Versioning),
            Document::Versioning(never),
        );
    }

    pub(crate) fn make_role(&mut self, name: &str, path: &str) {
        let trust = r#"{"Version":"2012-10-17","Statement":[]}"#;
        let role = Role {
            id: None,
            path: path.to_owned(),
            trust: Policy::read(trust),
            tags: BTreeMap::from([("team".to_owned(), "theirs".to_owned())]),
            boundary: None,
            description: None,
        };
        self.documents.insert(
            Target::Role(role_ref(name), RolePart::Itself),
            Document::Role(role),
        );
    }

    pub(crate) fn get(&self, address: &str) -> Option<Document> {
        self.documents.get(&target(address)).cloned()
    }

    /// What a target holds.
    pub(crate) fn held(&self, target: &Target) -> Option<&Document> {
        self.documents.get(target)
    }

    /// Puts what a target holds as somebody else would.
    pub(crate) fn put(&mut self, target: Target, document: Option<Document>) {
        match document {
            Some(document) => self.documents.insert(target, document),
            None => self.documents.remove(&target),
        };
    }

    pub(crate) fn targets(&self) -> impl Iterator<Item = &Target> {
        self.documents.keys()
    }

    pub(crate) fn set(&mut self, address: &str, document: Document) {
        self.documents.insert(target(address), document);
    }

    pub(crate) fn set_at(&mut self, target: Target, document: Document) {
        self.documents.insert(target, document);
    }

    pub(crate) fn key_policy_text(&self, key: &KeyRef) -> String {
        match self.read(&Target::Key(key.clone(), KeyPart::Policy)) {
            Some(Document::KeyPolicy(policy)) => policy.text().to_owned(),
            other => panic!("{key:?} has no policy: {other:?}"),
        }
    }

    pub(crate) fn set_replication(&mut self, bucket: &str, role: &str, rules: Vec<Rule>) {
        let configuration = ReplicationConfiguration {
            role: role.to_owned(),
            rules,
            unmodelled: Vec::new(),
        };
        let target = Target::Bucket(bucket_ref("prod", bucket), BucketPart::Replication);
        self.documents
            .insert(target, Document::Replication(configuration));
    }

    pub(crate) fn replication(&self, bucket: &str) -> ReplicationConfiguration {
        match self.documents.get(&Target::Bucket(
            bucket_ref("prod", bucket),
            BucketPart::Replication,
        )) {
            Some(Document::Replication(live)) => live.clone(),
            other => panic!("{bucket} has no replication configuration: {other:?}"),
        }
    }

    pub(crate) fn rule(&self, bucket: &str, id: &str) -> Option<Rule> {
        self.replication(bucket)
            .rules
            .into_iter()
            .find(|rule| rule.id.as_deref() == Some(id))
    }

    pub(crate) fn edit_replication(
        &mut self,
        bucket: &str,
        edit: impl FnOnce(&mut ReplicationConfiguration),
    ) {
        let mut live = self.replication(bucket);
        edit(&mut live);
        let target = Target::Bucket(bucket_ref("prod", bucket), BucketPart::Replication);
        self.documents.insert(target, Document::Replication(live));
    }

    pub(crate) fn policy_text(&self, address: &str) -> String {
        match self.get(address) {
            Some(Document::BucketPolicy(policy)) => policy.text().to_owned(),
            other => panic!("{address} is no policy: {other:?}"),
        }
    }

    pub(crate) fn edit_policy(&mut self, address: &str, edit: impl FnOnce(String) -> String) {
        let text = edit(self.policy_text(address));
        self.set(address, Document::BucketPolicy(Policy::read(text)));
    }

    /// Rewrites every policy and rule order the way AWS may, without changing what they mean.
    pub(crate) fn reformat(&mut self) {
        for document in self.documents.values_mut() {
            match document {
                Document::BucketPolicy(policy) | Document::RolePolicy(policy) => {
                    let value: serde_json::Value =
                        serde_json::from_str(policy.text()).expect("a test world is well made");
                    *policy = Policy::read(
                        serde_json::to_string_pretty(&value).expect("a test world is well made"),
                    );
                }
                Document::Replication(live) => live.rules.reverse(),
                _ => {}
            }
        }
    }

    fn read(&self, target: &Target) -> Option<Document> {
        match target {
            Target::Account(
                AccountRef {
                    account,
                    partition: _,
                },
                AccountPart::Roles,
            ) => {
                let ours = self.documents.iter().filter_map(|(target, document)| {
                    match (target, document) {
                        (Target::Role(of, RolePart::Itself), Document::Role(role))
                            if of.account == *account =>
                        {
                            let says = description(&role.tags).and_then(|text| described(&text));
                            let may_be_ours = role.path == "/s3ferry/" || says.is_some();
                            may_be_ours.then(|| (of.name.clone(), says))
                        }
                        _ => None,
                    }
                });
                Some(Document::Roles(ours.collect()))
            }
            Target::Region(place, RegionPart::Alarms) => {
                let mut alarms = match self.documents.get(target) {
                    Some(Document::AlarmNames(others)) => others.clone(),
                    _ => AlarmNames::default(),
                };
                for (target, document) in &self.documents {
                    if let (Target::Alarm(at), Document::Alarm(alarm)) = (target, document)
                        && at.place() == *place
                    {
                        alarms.add(at.name.clone(), alarm.sight());
                    }
                }
                Some(Document::AlarmNames(alarms))
            }
            Target::Region(place, RegionPart::Trails) => {
                let here = self.documents.iter();
                let here = here.filter_map(|(target, document)| match (target, document) {
                    (Target::Trail(at, _), Document::Trail(of))
                        if at.account == place.account
                            && (of.multi_region || at.region == place.region) =>
                    {
                        Some(SeenTrail {
                            name: at.name.to_string(),
                            home: at.region.to_string(),
                            account: at.account.to_string(),
                        })
                    }
                    _ => None,
                });
                let held = self.documents.get(target).cloned();
                let seen = || Document::Trails(SeenTrails(here.collect()));
                Some(held.unwrap_or_else(seen))
            }
            Target::Role(of, RolePart::Policies) => {
                let has = self
                    .documents
                    .contains_key(&Target::Role(of.clone(), RolePart::Policy));
                let inline = has
                    .then(|| ROLE_POLICY_NAME.to_owned())
                    .into_iter()
                    .collect();
                self.documents
                    .contains_key(&Target::Role(of.clone(), RolePart::Itself))
                    .then(|| {
                        Document::RolePolicies(RolePolicies {
                            inline,
                            attached: BTreeSet::new(),
                        })
                    })
            }
            // Every bucket answers it.
            Target::Bucket(of, BucketPart::RequestPayment) => {
                let itself = Target::Bucket(of.clone(), BucketPart::Itself);
                let held = self.documents.get(target).cloned();
                let default = || Document::RequestPayment(RequestPayment::BucketOwner);
                held.or_else(|| self.documents.contains_key(&itself).then(default))
            }
            Target::Key(key, part) => Some(self.documents.get(target).cloned().unwrap_or_else(
                || match part {
                    KeyPart::Itself => customer_key("Enabled", "CUSTOMER"),
                    KeyPart::Policy => key_policy(key, &[]),
                    KeyPart::Grants => Document::Grants(Grants::default()),
                },
            ))
            .filter(|_| !self.missing.contains(key)),
            _ => self.documents.get(target).cloned(),
        }
    }

    pub(crate) fn plan(&self, spec: &Spec) -> Plan {
        self.plan_scoped(spec, &Scope::All)
    }

    pub(crate) fn plan_only(&self, spec: &Spec, names: &[&str]) -> Plan {
        let names = names
            .iter()
            .map(|name| MigrationName::new(*name).expect("a test world is well made"))
            .collect();
        self.plan_scoped(spec, &Scope::Only(names))
    }

    fn plan_scoped(&self, spec: &Spec, scope: &Scope) -> Plan {
        self.surveyed(spec, scope).0
    }

    /// A plan, and what it was made from.
    pub(crate) fn surveyed(&self, spec: &Spec, scope: &Scope) -> (Plan, Observed) {
        let mut observed = Observed::default();
        let mut targets = reads::first_in(spec, scope);
        loop {
            while !targets.is_empty() {
                for target in targets {
                    if self.denied.contains(&target) && reads::may_be_denied(&target) {
                        observed.set_aside(target, OutOfReach::Unread("AccessDenied".to_owned()));
                        continue;
                    }
                    let document = self.read(&target);
                    observed.insert(target, document);
                }
                targets = reads::following(spec, scope, &observed);
            }
            let plan = plan(
                &Scene::new(spec, &observed, &self.proofs, scope)
                    .with_canaries(&self.placed)
                    .with_ended(&self.ended),
            );
            if plan.questions.is_empty() {
                return (plan, observed);
            }
            targets = plan.questions;
        }
    }

    /// Applies a plan in its order; every step finds what the plan says it will find.
    pub(crate) fn apply(&mut self, plan: &Plan) {
        for id in order(plan) {
            let step = plan
                .steps
                .iter()
                .find(|step| step.id.0 == id)
                .expect("a test world is well made");
            match &step.work {
                Work::Prove(goal) => match (&**goal, goal.canary()) {
                    (_, Some(canary)) => {
                        let by = self.read(&canary.proven_by());
                        let proof = canary.proof(by.as_ref());
                        self.proofs.insert(proof.expect("a role has an ID"));
                    }
                    (Goal::Backfill(goal), None) => self.ended.push(copied(goal)),
                    (Goal::Canary(_) | Goal::Alarm(_) | Goal::Checksums(_), None) => {}
                },
                Work::Sweep(sweep) => self.placed.retain(|of| of.key != sweep.canary.key),
                Work::Write(write) => {
                    let live = self.read(&write.target);
                    assert!(same(live.as_ref(), write.before.as_ref()), "{id} is stale");
                    self.write(&write.target, write.after.clone());
                }
            }
        }
    }

    fn write(&mut self, target: &Target, after: Option<Document>) {
        match after {
            Some(Document::Role(role)) => {
                let live = match self.documents.get(target) {
                    Some(Document::Role(live)) => live.id.clone(),
                    _ => None,
                };
                self.made += 1;
                let id = live.unwrap_or_else(|| format!("AROA{}", self.made));
                let role = Role {
                    id: Some(id),
                    ..role
                };
                self.documents.insert(target.clone(), Document::Role(role));
            }
            Some(document) => {
                assert_eq!(target.kind(), document.kind(), "a document of another kind");
                self.documents.insert(target.clone(), document);
            }
            None => {
                self.documents.remove(target);
            }
        }
    }

    /// Plans, applies and plans again.
    pub(crate) fn converge(&mut self, spec: &Spec) {
        let plan = self.plan(spec);
        assert!(!plan.is_blocked(), "{:#?}", plan.findings);
        self.apply(&plan);
        self.must_be_settled(spec);
    }

    /// A second plan is empty.
    pub(crate) fn must_be_settled(&self, spec: &Spec) {
        let again = self.plan(spec);
        assert!(
            again.changes.is_empty(),
            "not settled: {:#?}",
            again.changes
        );
        assert!(again.steps.is_empty());
    }
}
