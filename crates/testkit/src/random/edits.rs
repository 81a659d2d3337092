//! What other people do to a world: by hand, with other tools, at any time.
//!
//! An edit that AWS would refuse as things are does nothing.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::select;
use s3ferry_core::model::kinds::replication::{Filter, ReplicationConfiguration, Rule, Status};
use s3ferry_core::model::kinds::{
    AlarmState, BucketLogging, EventTarget, Inventories, Inventory, Notification, Notifications,
    ObjectOwnership, Policy, Role, StateValue, VersioningStatus,
};
use s3ferry_core::model::target::ROLE_PATH;
use s3ferry_core::model::{BucketPart, BucketRef, Document, RolePart, Target};

use super::foreign::is_their_rule;
use super::keys::{self, KeyDrift};
use super::oracle::configuration;
use super::policies::{Parts, is_theirs, parts};
use super::shape::{LOGS, ROLES, destination, end, logs, role, source};
use super::trails::{self, TrailDrift};
use crate::build;
use crate::world::MemoryWorld;

/// The most bytes of a bucket policy; S3 takes no more from other people either.
const POLICY_BYTES: usize = 20_480;

/// An edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Somebody makes a destination bucket.
    MakeDestination(usize),
    /// Somebody makes a role of this name, under this path.
    MakeRole(usize, &'static str),
    /// Somebody adds a rule to a source bucket.
    AddRule(usize, TheirRule),
    /// Somebody removes their rules.
    RemoveRules(usize),
    /// Somebody adds a statement to the policy of a bucket.
    AddStatement(Side, usize),
    /// Somebody removes their statements.
    RemoveStatements(Side),
    /// Somebody tags a destination bucket or a role.
    Tag(Tagged, &'static str),
    /// Our rules drift.
    Rules(usize, RulesDrift),
    /// Our statements drift.
    Policy(usize, PolicyDrift),
    /// A role drifts.
    Role(usize, RoleDrift),
    /// Somebody suspends versioning.
    Suspend(Side),
    /// Somebody changes who owns objects in a destination bucket.
    Own(usize, &'static str),
    /// Somebody edits the policy of a key.
    Key(usize, KeyDrift),
    /// The alarm of this place in the list, as many times round as it takes, drifts.
    Alarm(usize, AlarmDrift),
    /// Somebody lets the access logs of a bucket go elsewhere.
    Log(usize),
    /// Somebody has something of a source bucket told to them; of failures, too, or not.
    Notify(usize, bool),
    /// Somebody ends all that a source bucket tells.
    Unnotify(usize),
    /// Somebody ends the access logging of a bucket.
    Unlog(usize),
    /// Somebody lists a bucket, too.
    List(usize),
    /// A trail of the account of a bucket drifts.
    Trail((usize, usize, TrailDrift)),
    /// AWS answers in another layout.
    Reformat,
}

/// One of the buckets of the specs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A source bucket.
    Source(usize),
    /// A destination bucket.
    Destination(usize),
    /// A bucket that logs and inventories go to.
    Logs(usize),
}

/// What carries tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tagged {
    /// A destination bucket.
    Destination(usize),
    /// A role.
    Role(usize),
}

/// A rule of somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TheirRule {
    /// Its ID; some look like ours.
    pub id: &'static str,
    /// Its priority, or the next that is free.
    pub priority: i32,
    /// Whether it is of schema V1.
    pub legacy: bool,
    /// Whether it goes to a destination bucket of ours.
    pub to_ours: bool,
    /// Whether a configuration that it begins runs under a role of theirs.
    pub their_role: bool,
}

/// How our rules drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulesDrift {
    /// The first is disabled.
    Disable,
    /// The first is removed.
    Drop,
    /// The first two change places in priority.
    Swap,
    /// The configuration is removed.
    DropAll,
    /// The configuration runs under another role.
    Role,
}

/// How our statements drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyDrift {
    /// The first is removed.
    Drop,
    /// All get an action more.
    Widen,
    /// The policy is removed.
    DropAll,
}

/// How a role drifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleDrift {
    /// It is deleted; policies that name it then show its unique ID.
    Delete,
    /// Somebody else may assume it.
    Trust,
    /// It loses our tags.
    Untag,
    /// It gets a permissions boundary.
    Bound,
    /// It loses its policy.
    NoPolicy,
    /// Its policy allows more.
    Widen,
}

/// How an alarm drifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmDrift {
    /// It is deleted.
    Delete,
    /// It looks at something else.
    Blind,
    /// It tells nobody.
    Silence,
    /// It goes off.
    Raise,
    /// It is made somebody else's.
    Disown,
}

/// Any edit.
pub fn edit() -> impl Strategy<Value = Edit> {
    let two = || 0..2_usize;
    let role = || 0..ROLES.len();
    let rules = select(
        &[
            RulesDrift::Disable,
            RulesDrift::Drop,
            RulesDrift::Swap,
            RulesDrift::DropAll,
            RulesDrift::Role,
        ][..],
    );
    let policy = select(&[PolicyDrift::Drop, PolicyDrift::Widen, PolicyDrift::DropAll][..]);
    let roles = select(
        &[
            RoleDrift::Delete,
            RoleDrift::Trust,
            RoleDrift::Untag,
            RoleDrift::Bound,
            RoleDrift::NoPolicy,
            RoleDrift::Widen,
        ][..],
    );
    let tagged = prop_oneof![
        two().prop_map(Tagged::Destination),
        role().prop_map(Tagged::Role)
    ];
    prop_oneof![
        3 => two().prop_map(Edit::MakeDestination),
        1 => (role(), select(&["/", ROLE_PATH, "/moved/"][..])).prop_map(|(at, path)| Edit::MakeRole(at, path)),
        3 => (two(), their_rule()).prop_map(|(at, rule)| Edit::AddRule(at, rule)),
        1 => two().prop_map(Edit::RemoveRules),
        4 => (side(), prop_oneof![4 => 0..THEIR_STATEMENTS, 1 => Just(LARGE)]).prop_map(|(at, text)| Edit::AddStatement(at, text)),
        1 => side().prop_map(Edit::RemoveStatements),
        2 => (tagged, select(&["team", "theirs:cost"][..])).prop_map(|(at, key)| Edit::Tag(at, key)),
        3 => (two(), rules).prop_map(|(at, drift)| Edit::Rules(at, drift)),
        2 => (two(), policy).prop_map(|(at, drift)| Edit::Policy(at, drift)),
        2 => (role(), roles).prop_map(|(at, drift)| Edit::Role(at, drift)),
        1 => side().prop_map(Edit::Suspend),
        1 => (two(), select(&["ObjectWriter", "BucketOwnerPreferred", "BucketOwnerEnforced"][..])).prop_map(|(at, word)| Edit::Own(at, word)),
        2 => keys::drift().prop_map(|(at, drift)| Edit::Key(at, drift)),
        2 => (0..32_usize, alarm_drift()).prop_map(|(at, drift)| Edit::Alarm(at, drift)),
        1 => (0..4_usize).prop_map(Edit::Unlog),
        // Logging of others blocks a plan, which only some cases are about.
        2 => (0..24_usize).prop_map(of_deliveries),
        // That failures are told elsewhere blocks a plan, which only some cases are about.
        2 => (two(), prop::bool::weighted(0.1)).prop_map(|(at, failures)| Edit::Notify(at, failures)),
        1 => two().prop_map(Edit::Unnotify),
        1 => Just(Edit::Reformat),
    ]
}

/// What somebody does to logs, inventories and trails.
fn of_deliveries(number: usize) -> Edit {
    match number {
        at @ 0..4 => Edit::Log(at),
        at @ 4..12 => Edit::List(at % 4),
        at => Edit::Trail(trails::drift(at - 12)),
    }
}

fn alarm_drift() -> impl Strategy<Value = AlarmDrift> {
    prop_oneof![
        2 => Just(AlarmDrift::Delete),
        2 => Just(AlarmDrift::Blind),
        2 => Just(AlarmDrift::Silence),
        2 => Just(AlarmDrift::Raise),
        1 => Just(AlarmDrift::Disown),
    ]
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![
        (0..2_usize).prop_map(Side::Destination),
        (0..2_usize).prop_map(Side::Source),
        (0..4_usize).prop_map(Side::Logs)
    ]
}

fn their_rule() -> impl Strategy<Value = TheirRule> {
    let ids = ["theirs", "s3ferry/other/theirs/x", "s3ferry/default/theirs"];
    let priority = prop_oneof![4 => select(&[1, 10, 20, 15][..]), 1 => select(&[0, i32::MAX][..])];
    (
        select(ids.to_vec()),
        priority,
        prop::bool::weighted(0.1),
        any::<bool>(),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(id, priority, legacy, to_ours, their_role)| TheirRule {
            id,
            priority,
            legacy,
            to_ours,
            their_role,
        })
}

impl Side {
    /// The bucket.
    #[must_use]
    pub fn bucket(self) -> BucketRef {
        match self {
            Self::Source(index) => source(index),
            Self::Destination(index) => destination(index),
            Self::Logs(index) => logs(index),
        }
    }
}

impl Edit {
    /// Whether s3ferry can lose track of its own things by it: it deletes a role or takes the marker that finds them.
    #[must_use]
    pub const fn loses_track(&self) -> bool {
        matches!(
            self,
            Self::Role(_, RoleDrift::Delete | RoleDrift::Untag) | Self::MakeRole(_, _)
        )
    }

    /// Whether s3ferry can lose track of keys that left the spec by it: the role's policy leads to them.
    #[must_use]
    pub const fn loses_keys(&self) -> bool {
        matches!(self, Self::Role(_, RoleDrift::NoPolicy)) || self.loses_track()
    }

    /// Makes the edit.
    pub fn make(&self, world: &MemoryWorld) {
        match self {
            Self::MakeDestination(at) => make_destination(world, *at),
            Self::MakeRole(at, path) => make_role(world, *at, path),
            Self::AddRule(at, rule) => add_rule(world, *at, rule),
            Self::RemoveRules(at) => with_rules(world, *at, |live| {
                live.rules.retain(|rule| !is_their_rule(rule));
            }),
            Self::AddStatement(at, text) => with_policy(world, *at, |parts, bucket| {
                add_statement(parts, bucket, *text);
            }),
            Self::RemoveStatements(at) => with_policy(world, *at, |parts, _| {
                parts.statements.retain(|one| !is_theirs(one));
            }),
            Self::Tag(at, key) => tag(world, *at, key),
            Self::Rules(at, drift) => with_rules(world, *at, |live| drift_rules(live, *drift)),
            Self::Policy(at, drift) => with_policy(world, Side::Destination(*at), |parts, _| {
                drift_policy(parts, *drift);
            }),
            Self::Role(at, drift) => drift_role(world, *at, *drift),
            Self::Suspend(at) => suspend(world, *at),
            Self::Own(at, word) => own(world, *at, word),
            Self::Key(at, drift) => keys::edit(world, *at, *drift),
            Self::Alarm(at, drift) => drift_alarm(world, *at, *drift),
            Self::Log(at) => log(world, *at),
            Self::Unlog(at) => world.set(&Target::Bucket(end(*at), BucketPart::Logging), None),
            Self::List(at) => list(world, *at),
            Self::Notify(at, failures) => notify(world, *at, *failures),
            Self::Unnotify(at) => {
                let target = Target::Bucket(source(*at), BucketPart::Notifications);
                world.set(&target, None);
            }
            Self::Trail(drift) => trails::edit(world, *drift),
            Self::Reformat => reformat(world),
        }
    }
}

fn exists(world: &MemoryWorld, bucket: &BucketRef) -> bool {
    world
        .document(&Target::Bucket(bucket.clone(), BucketPart::Itself))
        .is_some()
}

fn log(world: &MemoryWorld, at: usize) {
    if exists(world, &end(at)) {
        let theirs = BucketLogging {
            bucket: logs(at / 2 * 2).bucket.to_string(),
            prefix: "theirs/".to_owned(),
            keys: None,
            grants: BTreeSet::new(),
        };
        let target = Target::Bucket(end(at), BucketPart::Logging);
        world.set(&target, Some(Document::Logging(theirs)));
    }
}

fn list(world: &MemoryWorld, at: usize) {
    let target = Target::Bucket(end(at), BucketPart::Inventory);
    if !exists(world, &end(at)) {
        return;
    }
    let mut held = match world.document(&target) {
        Some(Document::Inventories(held)) => held,
        _ => Inventories::new(),
    };
    let theirs = Inventory {
        enabled: false,
        versions: "Current".to_owned(),
        schedule: None,
        filter: Some("hot/".to_owned()),
        fields: BTreeSet::new(),
        bucket: "arn:aws:s3:::theirs".to_owned(),
        account: None,
        prefix: None,
        format: "ORC".to_owned(),
        encryption: None,
    };
    held.insert("s3ferry-theirs".to_owned(), theirs);
    world.set(&target, Some(Document::Inventories(held)));
}

fn notify(world: &MemoryWorld, at: usize, failures: bool) {
    let target = Target::Bucket(source(at), BucketPart::Notifications);
    let mut held = match world.document(&target) {
        Some(Document::Notifications(held)) => held,
        _ => Notifications::default(),
    };
    // S3 would refuse a second one for the event.
    if failures && !held.by_id.is_empty() {
        return;
    }
    let event = if failures {
        "s3:Replication:*"
    } else {
        "s3:ObjectCreated:Put"
    };
    let theirs = Notification {
        kind: EventTarget::Topic,
        target: "arn:aws:sns:eu-west-1:111111111111:theirs".to_owned(),
        events: BTreeSet::from([event.to_owned()]),
        filter: BTreeMap::new(),
    };
    held.by_id.insert("theirs".to_owned(), theirs);
    held.event_bridge = true;
    world.set(&target, Some(Document::Notifications(held)));
}

fn make_destination(world: &MemoryWorld, at: usize) {
    let bucket = destination(at);
    if exists(world, &bucket) {
        return;
    }
    let _shared = world.clone().with_bucket(&bucket);
    let writer = Document::Ownership(ObjectOwnership::ObjectWriter);
    world.set(
        &Target::Bucket(bucket.clone(), BucketPart::Ownership),
        Some(writer),
    );
    let never = build::versioning(VersioningStatus::Never);
    world.set(&Target::Bucket(bucket, BucketPart::Versioning), Some(never));
}

fn make_role(world: &MemoryWorld, at: usize, path: &str) {
    let target = Target::Role(role(at), RolePart::Itself);
    if world.document(&target).is_none() {
        let made = Role {
            id: None,
            path: path.to_owned(),
            trust: Policy::read(r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned()),
            tags: build::tags(&[("team", "theirs")]),
            boundary: None,
            description: None,
        };
        world.set(&target, Some(Document::Role(made)));
    }
}

/// Writes a configuration back; one without rules is none.
fn with_rules(world: &MemoryWorld, at: usize, change: impl FnOnce(&mut ReplicationConfiguration)) {
    if let Some(mut live) = configuration(world, at) {
        change(&mut live);
        let left = (!live.rules.is_empty()).then_some(Document::Replication(live));
        world.set(&Target::Bucket(source(at), BucketPart::Replication), left);
    }
}

fn add_rule(world: &MemoryWorld, at: usize, rule: &TheirRule) {
    let arn = |role: &str| format!("arn:aws:iam::{}:role/{role}", build::SOURCE_ACCOUNT);
    let begun = ReplicationConfiguration {
        role: arn(if rule.their_role {
            "theirs"
        } else {
            "s3ferry/s3ferry-orders-prod"
        }),
        rules: Vec::new(),
        unmodelled: Vec::new(),
    };
    let mut live = configuration(world, at).unwrap_or(begun);
    live.rules
        .retain(|other| other.id.as_deref() != Some(rule.id));
    if live
        .rules
        .iter()
        .any(|other| other.is_legacy() != rule.legacy)
        || is_unversioned(world, &source(at))
    {
        return;
    }
    let taken = |number: i32| {
        live.rules
            .iter()
            .any(|other| other.priority == Some(number))
    };
    let priority = (rule.priority..=i32::MAX)
        .chain(0..rule.priority)
        .find(|number| !taken(*number));
    let to = destination(0);
    let mut made = build::rule(rule.id, priority.unwrap_or_default(), "", &to);
    made.filter = Some(Filter::Empty);
    if let Some(to_bucket) = made.destination.as_mut()
        && (!rule.to_ours || is_unversioned(world, &to))
    {
        to_bucket.bucket = "arn:aws:s3:::theirs".to_owned();
    }
    if rule.legacy {
        made = Rule {
            priority: None,
            filter: None,
            delete_markers: None,
            legacy_prefix: Some(String::new()),
            ..made
        };
    }
    live.rules.push(made);
    world.set(
        &Target::Bucket(source(at), BucketPart::Replication),
        Some(Document::Replication(live)),
    );
}

fn is_unversioned(world: &MemoryWorld, bucket: &BucketRef) -> bool {
    world.document(&Target::Bucket(bucket.clone(), BucketPart::Versioning))
        != Some(build::versioned())
}

/// Writes a bucket's policy back, where the bucket is there and S3 takes the policy.
fn with_policy(world: &MemoryWorld, at: Side, change: impl FnOnce(&mut Parts, &BucketRef)) {
    let bucket = at.bucket();
    let target = Target::Bucket(bucket.clone(), BucketPart::Policy);
    if !exists(world, &bucket) {
        return;
    }
    let before = match world.document(&target) {
        Some(Document::BucketPolicy(policy)) => parts(policy.text()),
        _ => Parts::default(),
    };
    let mut after = before.clone();
    change(&mut after, &bucket);
    let text = after.text();
    if after != before && text.as_ref().is_none_or(|text| text.len() <= POLICY_BYTES) {
        world.set(
            &target,
            text.map(|text| Document::BucketPolicy(Policy::read(text))),
        );
    }
}

/// How many statements others may add.
const THEIR_STATEMENTS: usize = 8;
/// The one that leaves little room.
const LARGE: usize = 6;

fn add_statement(policy: &mut Parts, bucket: &BucketRef, which: usize) {
    let arn = bucket.arn();
    if policy.statements.is_empty() {
        let version = if which == 3 {
            "2008-10-17"
        } else {
            "2012-10-17"
        };
        policy
            .rest
            .insert("Version".to_owned(), format!("\"{version}\""));
    }
    let text = match which {
        0 => format!(
            r#"{{ "Sid" : "Theirs0","Effect":"Deny", "Principal":"*","Action":["s3:PutObject"],"Resource":"{arn}/*","Condition":{{"Bool":{{"aws:SecureTransport":false}}}}}}"#
        ),
        1 => format!(
            "{{\n  \"Effect\":\"Allow\",\t\"Principal\":{{\"AWS\":\"333333333333\"}},\"Action\":\"s3:GetObject\",\"Resource\":[\"{arn}/heirs/\\u00fc/*\"]}}"
        ),
        2 => format!(
            r#"{{"Sid":"S3Ferry000000Theirs2","Effect":"Allow","Principal":{{"AWS":["arn:aws:iam::333333333333:root"]}},"Action":["s3:ListBucket","s3:listbucket"],"Resource":"{arn}"}}"#
        ),
        3 => format!(
            r#"{{"Sid":"Theirs3","Effect":"Allow","Principal":{{"Service":"logging.s3.amazonaws.com"}},"Action":"s3:PutObject","Resource":"{arn}/*"}}"#
        ),
        4 => format!(
            r#"{{"Sid":"Theirs4","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"{arn}/${{aws:username}}/*"}}"#
        ),
        5 => format!(
            r#"{{"Sid":"Theirs5","Effect":"Deny","Principal":"*","Action":"s3:Replicate*","Resource":"{arn}/hot/*"}}"#
        ),
        LARGE => format!(
            r#"{{"Sid":"Theirs6","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"{arn}/{}"}}"#,
            "y".repeat(19_700)
        ),
        _ => format!(
            r#"{{"Sid":"Theirs7","Effect":"Allow","NotPrincipal":{{"AWS":["*"]}},"NotAction":"s3:*","Resource":"{arn}"}}"#
        ),
    };
    if !policy.statements.contains(&text) {
        let place = which % (policy.statements.len() + 1);
        policy.statements.insert(place, text);
    }
}

fn tag(world: &MemoryWorld, at: Tagged, key: &str) {
    let add = |tags: &mut BTreeMap<String, String>| {
        tags.insert(key.to_owned(), "1".to_owned());
    };
    match at {
        Tagged::Destination(index) => {
            let target = Target::Bucket(destination(index), BucketPart::Tags);
            if let Some(Document::Tags(mut tags)) = world.document(&target) {
                add(&mut tags);
                world.set(&target, Some(Document::Tags(tags)));
            }
        }
        Tagged::Role(index) => with_role(world, index, |live| add(&mut live.tags)),
    }
}

fn is_ours(rule: &Rule) -> bool {
    !is_their_rule(rule)
}

fn drift_rules(live: &mut ReplicationConfiguration, drift: RulesDrift) {
    let mut ours: Vec<usize> = (0..live.rules.len())
        .filter(|at| is_ours(&live.rules[*at]))
        .collect();
    ours.truncate(2);
    match (drift, ours.as_slice()) {
        (RulesDrift::Disable, [first, ..]) => live.rules[*first].status = Status::Disabled,
        (RulesDrift::Drop, [first, ..]) => drop(live.rules.remove(*first)),
        (RulesDrift::Swap, [first, second]) => {
            let number = live.rules[*first].priority;
            live.rules[*first].priority = live.rules[*second].priority;
            live.rules[*second].priority = number;
        }
        (RulesDrift::DropAll, _) => live.rules.clear(),
        (RulesDrift::Role, _) => {
            live.role = format!("arn:aws:iam::{}:role/theirs", build::SOURCE_ACCOUNT);
        }
        (RulesDrift::Disable | RulesDrift::Drop | RulesDrift::Swap, _) => {}
    }
}

fn drift_policy(policy: &mut Parts, drift: PolicyDrift) {
    match drift {
        PolicyDrift::Drop => {
            if let Some(first) = policy.statements.iter().position(|one| !is_theirs(one)) {
                policy.statements.remove(first);
            }
        }
        PolicyDrift::Widen => {
            for statement in policy.statements.iter_mut().filter(|one| !is_theirs(one)) {
                *statement = statement.replace(
                    "\"s3:ReplicateTags\"",
                    "\"s3:ReplicateTags\",\"s3:DeleteObject\"",
                );
            }
        }
        PolicyDrift::DropAll => policy.statements.clear(),
    }
}

fn with_role(world: &MemoryWorld, at: usize, change: impl FnOnce(&mut Role)) {
    let target = Target::Role(role(at), RolePart::Itself);
    if let Some(Document::Role(mut live)) = world.document(&target) {
        change(&mut live);
        world.set(&target, Some(Document::Role(live)));
    }
}

fn drift_role(world: &MemoryWorld, at: usize, drift: RoleDrift) {
    let policy = Target::Role(role(at), RolePart::Policy);
    match drift {
        RoleDrift::Delete => delete_role(world, at),
        RoleDrift::Trust => with_role(world, at, |live| {
            live.trust = build::policy_text("x", &source(0).arn());
        }),
        RoleDrift::Untag => with_role(world, at, |live| {
            live.tags.retain(|key, _| !key.starts_with("s3ferry:"));
        }),
        RoleDrift::Bound => with_role(world, at, |live| {
            live.boundary = Some("arn:aws:iam::111111111111:policy/theirs".to_owned());
        }),
        RoleDrift::NoPolicy => world.set(&policy, None),
        RoleDrift::Widen => {
            if let Some(Document::RolePolicy(live)) = world.document(&policy) {
                let wider = live
                    .text()
                    .replace("\"s3:ListBucket\"", "\"s3:ListBucket\",\"s3:DeleteObject\"");
                world.set(&policy, Some(Document::RolePolicy(Policy::read(wider))));
            }
        }
    }
}

/// A policy then shows the unique ID of the principal (IAMUG:reference_policies_elements_principal, T13).
fn delete_role(world: &MemoryWorld, at: usize) {
    let of = role(at);
    let Some(Document::Role(live)) = world.document(&Target::Role(of.clone(), RolePart::Itself))
    else {
        return;
    };
    let arn = of.partition.role_arn(&of.account, &live.path, &of.name);
    world.set(&Target::Role(of.clone(), RolePart::Policy), None);
    world.set(&Target::Role(of, RolePart::Itself), None);
    for (target, document) in world.documents() {
        if matches!(document, Document::BucketPolicy(_) | Document::KeyPolicy(_))
            && let Some(policy) = document.policy()
        {
            let text = policy
                .text()
                .replace(arn.as_str(), &format!("AROAEXAMPLEEXAMPLE12{at}"));
            world.set(&target, Some(document.with_policy(Policy::read(text))));
        }
    }
}

/// S3 refuses it on a bucket that replicates (UG:replication-and-other-bucket-configs); a destination it suspends.
fn drift_alarm(world: &MemoryWorld, at: usize, drift: AlarmDrift) {
    let alarms = world.documents().into_iter();
    let alarms = alarms.filter_map(|(target, document)| match document {
        Document::Alarm(alarm) => Some((target, alarm)),
        _ => None,
    });
    let mut alarms: Vec<_> = alarms.collect();
    if alarms.is_empty() {
        return;
    }
    let (target, mut alarm) = alarms.swap_remove(at % alarms.len());
    match drift {
        AlarmDrift::Delete => {
            world.set(&target, None);
            return;
        }
        AlarmDrift::Blind => drop(alarm.dimensions.remove("DestinationBucket")),
        AlarmDrift::Silence => alarm.actions_enabled = false,
        AlarmDrift::Raise => {
            alarm.state = Some(AlarmState {
                value: StateValue::Raised,
                reason: "1 > 0".to_owned(),
                lasts: false,
            });
        }
        AlarmDrift::Disown => alarm.description = Some("Theirs.".to_owned()),
    }
    world.set(&target, Some(Document::Alarm(alarm)));
}

fn suspend(world: &MemoryWorld, at: Side) {
    let bucket = at.bucket();
    let reached = (0..2)
        .filter_map(|index| configuration(world, index))
        .any(|live| {
            live.rules.iter().any(|rule| {
                is_their_rule(rule)
                    && rule
                        .destination
                        .as_ref()
                        .is_some_and(|to| to.bucket == bucket.arn().as_str())
            })
        });
    let replicates = world
        .document(&Target::Bucket(bucket.clone(), BucketPart::Replication))
        .is_some();
    if !reached && !replicates && !is_unversioned(world, &bucket) {
        let off = build::versioning(VersioningStatus::Suspended);
        world.set(&Target::Bucket(bucket, BucketPart::Versioning), Some(off));
    }
}

fn own(world: &MemoryWorld, at: usize, word: &str) {
    if exists(world, &destination(at)) {
        let document = Document::Ownership(ObjectOwnership::parse(word));
        world.set(
            &Target::Bucket(destination(at), BucketPart::Ownership),
            Some(document),
        );
    }
}

/// Statements in another layout and rules in another order; what they mean stays.
fn reformat(world: &MemoryWorld) {
    let pretty = |text: &str| {
        let value: serde_json::Value =
            serde_json::from_str(text).expect("a test world holds policies");
        Policy::read(serde_json::to_string_pretty(&value).expect("a value is JSON"))
    };
    for (target, document) in world.documents() {
        let other = match document {
            Document::BucketPolicy(policy) => {
                let policy = pretty(policy.text());
                if policy.text().len() > POLICY_BYTES {
                    continue;
                }
                Document::BucketPolicy(policy)
            }
            Document::RolePolicy(policy) => Document::RolePolicy(pretty(policy.text())),
            Document::KeyPolicy(policy) => Document::KeyPolicy(pretty(policy.text())),
            Document::Replication(mut live) => {
                live.rules.reverse();
                Document::Replication(live)
            }
            _ => continue,
        };
        world.set(&target, Some(other));
    }
}

/// The world that cases begin with: the source buckets, one never versioned, and things that no spec names.
#[must_use]
pub fn start() -> MemoryWorld {
    let neighbour = build::bucket(build::SOURCE_ACCOUNT, "neighbour");
    let world = trails::with_trails(keys::with_keys(MemoryWorld::new()));
    let world = (0..LOGS.len()).fold(world, |world, at| world.with_bucket(&logs(at)));
    world
        .with_bucket(&source(0))
        .with(
            &Target::Bucket(source(0), BucketPart::Versioning),
            build::versioning(VersioningStatus::Never),
        )
        .with_bucket(&source(1))
        .with_bucket(&neighbour)
        .with(
            &Target::Bucket(neighbour.clone(), BucketPart::Policy),
            build::bucket_policy(&neighbour, "Theirs"),
        )
        .with(
            &Target::Bucket(neighbour, BucketPart::Replication),
            build::replication(
                &build::role("theirs"),
                [build::rule("theirs", 1, "", &destination(0))],
            ),
        )
        .with(
            &Target::Role(build::role("theirs"), RolePart::Itself),
            build::replication_role(&[]),
        )
}
