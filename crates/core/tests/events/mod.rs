//! Event notifications of objects that failed: beside what others have told, found again when they left the spec, refused where
//! S3 would refuse.

use std::collections::BTreeMap;

use s3ferry_core::format::{Action, FindingLevel, Reason};
use s3ferry_core::ids::Arn;
use s3ferry_core::model::kinds::{
    Document, EventTarget, Notification, Notifications, Policy, Topic,
};
use s3ferry_core::model::{Target, TopicRef};
use s3ferry_core::permissions::{Purpose, least};
use s3ferry_core::scope::Scope;
use s3ferry_core::spec::Spec;

use super::world::{World, codes, finding, no_migrations, order, spec};

const NONE: &str = r#"monitoring: { none: "a test" }"#;
const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:failures";
const AT: &str = "prod/bucket/orders-prod/notification";
const FAILED: &str = "s3:Replication:OperationFailedReplication";

fn told_to(arn: &str) -> Spec {
    spec(&[(NONE, &format!("monitoring: {{ events: \"{arn}\" }}"))])
}

fn target() -> Target {
    let arn = Arn::new(TOPIC).expect("a test is well made");
    Target::Topic(TopicRef::of_arn(&arn).expect("a test is well made"))
}

/// A topic that lets S3 in for every bucket of the account, and that somebody listens to.
fn open() -> Topic {
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"s3.amazonaws.com"}},"Action":"sns:Publish","Resource":"{TOPIC}","Condition":{{"StringEquals":{{"aws:SourceAccount":"111111111111"}}}}}}]}}"#
    );
    Topic {
        policy: Policy::read(policy),
        confirmed: 1,
        pending: 0,
        key: None,
    }
}

fn closed() -> Topic {
    Topic {
        policy: Policy::read(r#"{"Version":"2012-10-17","Statement":[]}"#),
        ..open()
    }
}

fn world() -> World {
    let mut world = World::with_source("orders-prod");
    world.put(target(), Some(Document::Topic(open())));
    world
}

fn of(arn: &str, events: &[&str]) -> Notification {
    Notification {
        kind: EventTarget::Topic,
        target: arn.to_owned(),
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        filter: BTreeMap::new(),
    }
}

fn set(world: &mut World, by_id: &[(&str, Notification)], event_bridge: bool) {
    let by_id = by_id.iter().cloned();
    let held = Notifications {
        by_id: by_id.map(|(id, of)| (id.to_owned(), of)).collect(),
        event_bridge,
    };
    world.set(AT, Document::Notifications(held));
}

fn held(world: &World) -> Notifications {
    match world.get(AT) {
        Some(Document::Notifications(held)) => held,
        other => panic!("{other:?}"),
    }
}

#[test]
fn failures_are_told_beside_what_others_have_told() {
    let mut world = world();
    let theirs = of(
        "arn:aws:sns:eu-west-1:111111111111:theirs",
        &["s3:ObjectCreated:*"],
    );
    set(&mut world, &[("theirs", theirs.clone())], true);
    let spec = told_to(TOPIC);
    let plan = world.plan(&spec);
    assert!(!plan.is_blocked(), "{:#?}", plan.findings);
    let kept = plan
        .changes
        .iter()
        .filter(|change| change.address.starts_with(AT));
    let kept: Vec<_> = kept
        .map(|change| (change.address.as_str(), change.actions[0]))
        .collect();
    let ours = format!("{AT}/s3ferry-default");
    assert_eq!(kept, [(ours.as_str(), Action::Create)]);
    world.converge(&spec);
    let held = held(&world);
    assert_eq!(held.by_id["theirs"], theirs);
    assert!(held.event_bridge);
    assert_eq!(held.by_id["s3ferry-default"], of(TOPIC, &[FAILED]));
    assert!(!codes(&world.plan(&spec)).contains(&"not-watched"));
}

#[test]
fn a_queue_or_a_function_is_told_as_such_and_not_looked_at() {
    for (arn, kind) in [
        (
            "arn:aws:sqs:eu-west-1:111111111111:failures",
            EventTarget::Queue,
        ),
        (
            "arn:aws:lambda:eu-west-1:111111111111:function:failures",
            EventTarget::Function,
        ),
    ] {
        let mut world = world();
        let spec = told_to(arn);
        assert_eq!(
            finding(&world.plan(&spec), "event-target-unread").level,
            FindingLevel::Note
        );
        world.converge(&spec);
        assert_eq!(held(&world).by_id["s3ferry-default"].kind, kind);
    }
}

#[test]
fn events_that_the_spec_no_longer_asks_for_are_found_by_the_roles_tags() {
    let mut world = world();
    let theirs = of(
        "arn:aws:sns:eu-west-1:111111111111:theirs",
        &["s3:ObjectCreated:*"],
    );
    set(&mut world, &[("theirs", theirs.clone())], false);
    world.converge(&told_to(TOPIC));
    let Some(Document::Role(role)) = world.get("prod/role/s3ferry-orders-prod") else {
        panic!("no role");
    };
    assert_eq!(role.tags["s3ferry:events:orders-prod"], "eu-west-1");

    let quiet = spec(&[]);
    let plan = world.plan(&quiet);
    let gone = plan
        .changes
        .iter()
        .find(|change| change.address.starts_with(AT));
    let gone = gone.expect("it goes");
    assert_eq!(
        (gone.actions[0], gone.reason),
        (Action::Delete, Reason::LeftSpec)
    );
    // Whoever looks for what is left still has the tag when it goes.
    let order = order(&plan);
    let place = |id: &str| order.iter().position(|step| step == id).expect(id);
    assert!(
        place(AT) < place("prod/role/s3ferry-orders-prod#shrink"),
        "{order:#?}"
    );
    world.converge(&quiet);
    assert_eq!(held(&world).by_id.keys().collect::<Vec<_>>(), ["theirs"]);
    let Some(Document::Role(role)) = world.get("prod/role/s3ferry-orders-prod") else {
        panic!("no role");
    };
    assert!(
        !role.tags.keys().any(|tag| tag.contains(":events:")),
        "{:?}",
        role.tags
    );
    assert!(!world.plan(&quiet).fingerprints.contains_key(AT));
}

#[test]
fn failures_are_told_until_the_rules_are_gone() {
    let mut world = world();
    world.converge(&told_to(TOPIC));
    let empty = no_migrations(9);
    let plan = world.plan(&empty);
    let order = order(&plan);
    let place = |id: &str| order.iter().position(|step| step == id).expect(id);
    assert!(
        place("prod/bucket/orders-prod/replication") < place(AT),
        "{order:#?}"
    );
    world.converge(&empty);
    assert_eq!(world.get(AT), None);
}

#[test]
fn what_somebody_else_has_told_already_is_refused_and_both_ways_out_work() {
    let mut world = world();
    let theirs = |events: &[&str]| of("arn:aws:sns:eu-west-1:111111111111:theirs", events);
    set(
        &mut world,
        &[(
            "all of it",
            theirs(&["s3:ObjectCreated:*", "s3:Replication:*"]),
        )],
        false,
    );
    let told = told_to(TOPIC);
    let plan = world.plan(&told);
    assert!(plan.is_blocked());
    let found = finding(&plan, "events-elsewhere");
    assert_eq!(found.address, AT);
    assert!(
        found.message.contains("\"all of it\"") && found.message.contains(":theirs"),
        "{}",
        found.message
    );
    assert!(
        found.help.contains("take `events` out of the monitoring"),
        "{}",
        found.help
    );
    // Left as it is.
    world.converge(&spec(&[(NONE, "monitoring: {}")]));
    assert_eq!(held(&world).by_id.len(), 1);
    // The event taken out by hand.
    set(
        &mut world,
        &[("all of it", theirs(&["s3:ObjectCreated:*"]))],
        false,
    );
    world.converge(&told);
    assert_eq!(held(&world).by_id.len(), 2);
}

#[test]
fn a_topic_that_s3_would_refuse_is_refused_before_and_warned_of_afterwards() {
    let mut world = world();
    let spec = told_to(TOPIC);
    let told = |world: &mut World, topic: Option<Topic>, code: &str, level: FindingLevel| {
        world.put(target(), topic.map(Document::Topic));
        let plan = world.plan(&spec);
        let found = finding(&plan, code);
        assert_eq!(
            (found.level, found.address.as_str()),
            (level, "prod/topic/eu-west-1/failures")
        );
        found.clone()
    };
    let key = Some("alias/aws/sns".to_owned());
    let keyed = || {
        Some(Topic {
            key: key.clone(),
            ..open()
        })
    };
    told(&mut world, None, "topic-missing", FindingLevel::Blocked);
    told(&mut world, keyed(), "topic-key", FindingLevel::Blocked);
    let found = told(
        &mut world,
        Some(closed()),
        "topic-closed",
        FindingLevel::Blocked,
    );
    assert!(
        found
            .message
            .ends_with("S3 refuses the bucket's notification configuration"),
        "{}",
        found.message
    );

    // The statement in the advice lets S3 in.
    let statement = found
        .help
        .lines()
        .next()
        .and_then(|line| line.split_once(": "));
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statement.expect("a statement").1
    );
    let policy = Policy::read(policy);
    world.put(target(), Some(Document::Topic(Topic { policy, ..open() })));
    assert!(!world.plan(&spec).is_blocked());
    world.converge(&spec);

    let found = told(
        &mut world,
        Some(closed()),
        "topic-closed",
        FindingLevel::Warning,
    );
    assert!(
        found.message.ends_with("its events tell nobody"),
        "{}",
        found.message
    );
    told(&mut world, None, "topic-missing", FindingLevel::Warning);
    let unheard = Topic {
        confirmed: 0,
        ..open()
    };
    told(
        &mut world,
        Some(unheard),
        "topic-unheard",
        FindingLevel::Warning,
    );
}

#[test]
fn what_somebody_did_to_ours_is_undone() {
    let mut world = world();
    let spec = told_to(TOPIC);
    world.converge(&spec);
    let mut moved = of(TOPIC, &[FAILED]);
    moved.filter.insert("prefix".to_owned(), "a/".to_owned());
    set(&mut world, &[("s3ferry-default", moved)], false);
    let plan = world.plan(&spec);
    let change = plan
        .changes
        .iter()
        .find(|change| change.address.starts_with(AT));
    assert_eq!(change.expect("a change").actions[0], Action::Update);
    world.converge(&spec);
    assert_eq!(held(&world).by_id["s3ferry-default"], of(TOPIC, &[FAILED]));
}

#[test]
fn callers_may_take_out_notifications_that_an_earlier_text_asked_for() {
    let granted = |spec: &Spec, purpose| format!("{:?}", least(spec, &Scope::All, purpose));
    for spec in [told_to(TOPIC), spec(&[])] {
        let plan = granted(&spec, Purpose::Plan);
        assert!(plan.contains("s3:GetBucketNotification"), "{plan}");
        assert!(!plan.contains("s3:PutBucketNotification"), "{plan}");
        let apply = granted(&spec, Purpose::Apply);
        assert!(apply.contains("s3:PutBucketNotification"), "{apply}");
    }
}
