//! Access logs and inventories: in which order they come and go, whose they are, and what stands in their way.

mod list_keys;

use std::collections::BTreeSet;

use s3ferry_core::format::{Action, Finding, FindingLevel, Reason};
use s3ferry_core::model::Document;
use s3ferry_core::model::kinds::{
    BucketEncryption, BucketLogging, Inventories, LogGrant, LogKeys, ObjectLock, ObjectOwnership,
    Policy, RequestPayment,
};
use s3ferry_core::plan::Plan;
use s3ferry_core::spec::Spec;

use super::world::{self, World, codes, help, no_migrations, order, spec};

const LOGGED: &str = "guards: {}
    logging:
      access:
        source: { bucket: prod-logs, prefix: s3/orders/ }
        destination: { bucket: archive-logs, prefix: s3/orders/ }
      inventory:
        source: { bucket: prod-lists, prefix: orders }
        destination: { bucket: archive-lists }";

/// The spec with logging, after replacing parts of its text.
fn logged(replacements: &[(&str, &str)]) -> Spec {
    let mut text = LOGGED.to_owned();
    for (from, to) in replacements {
        assert!(text.contains(from), "{from:?} is not in the spec");
        text = text.replace(from, to);
    }
    spec(&[("guards: {}", &text)])
}

/// A world with the buckets that logs and inventories go to.
fn world() -> World {
    let mut world = World::with_source("orders-prod");
    for bucket in ["prod-logs", "prod-lists", "more-logs"] {
        world.make_source(bucket);
    }
    for bucket in ["archive-logs", "archive-lists"] {
        world.make_destination(bucket);
    }
    world
}

fn logging(bucket: &str, prefix: &str) -> BucketLogging {
    BucketLogging {
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        keys: None,
        grants: BTreeSet::new(),
    }
}

/// The places of steps in the order of a plan.
fn places<const N: usize>(plan: &Plan, steps: [&str; N]) -> [usize; N] {
    let order = order(plan);
    steps.map(|step| {
        let place = order.iter().position(|id| id == step);
        place.unwrap_or_else(|| panic!("no {step} in {order:#?}"))
    })
}

fn is_sorted(places: &[usize]) -> bool {
    places.windows(2).all(|pair| pair[0] < pair[1])
}

#[test]
fn a_bucket_takes_logs_before_another_one_sends_them_there() {
    let mut world = world();
    let spec = logged(&[]);
    let plan = world.plan(&spec);
    assert!(!plan.is_blocked(), "{:#?}", plan.findings);
    for (account, of) in [("prod", "orders-prod"), ("archive", "orders-archive")] {
        let step = |what: &str| format!("{account}/bucket/{what}");
        let [logs, lists] = ["logs", "lists"].map(|to| step(&format!("{account}-{to}/policy")));
        let [sends, listed] = ["logging", "inventory"].map(|to| step(&format!("{of}/{to}")));
        assert!(is_sorted(&places(&plan, [&logs, &sends])));
        assert!(is_sorted(&places(&plan, [&lists, &listed])));
    }
    let first = plan
        .waits
        .iter()
        .filter(|wait| wait.bound_seconds == 172_800);
    assert_eq!(first.count(), 2, "{:#?}", plan.waits);
    world.converge(&spec);
    let Some(Document::Inventories(held)) = world.get("prod/bucket/orders-prod/inventory") else {
        panic!("no inventory");
    };
    let [(id, of)] = held.iter().collect::<Vec<_>>()[..] else {
        panic!("{held:?}");
    };
    assert_eq!(
        (id.as_str(), of.versions.as_str()),
        ("s3ferry-default", "All")
    );
    assert_eq!(of.prefix.as_deref(), Some("orders"));
    for field in ["ReplicationStatus", "ChecksumAlgorithm", "ETag", "Size"] {
        assert!(of.fields.contains(field), "{:?}", of.fields);
    }
    let policy = world.policy_text("prod/bucket/prod-lists/policy");
    assert!(
        policy.contains("arn:aws:s3:::prod-lists/orders/orders-prod/s3ferry-default/*"),
        "{policy}"
    );
}

/// A plan of some migrations does not look at a bucket that one of them has left.
#[test]
fn what_a_migration_left_is_let_in_until_a_plan_of_all_ends_it() {
    let mut world = world();
    world.converge(&logged(&[]));
    let text = format!("{LOGGED}\n    canary: {{ skip: a test }}");
    let text = text.replace("guards: {}", "guards: { max_deletes: 9 }");
    let moved = spec(&[
        ("guards: {}", &text),
        ("bucket: orders-archive", "bucket: orders-later"),
    ]);
    let plan = world.plan_only(&moved, &["orders"]);
    assert!(!plan.is_blocked(), "{:#?}", plan.findings);
    world.apply(&plan);
    let lets_in = |world: &World, bucket: &str, of: &str| {
        let policy = world.policy_text(&format!("archive/bucket/{bucket}/policy"));
        policy.contains(&format!("arn:aws:s3:::{of}\""))
    };
    for bucket in ["archive-logs", "archive-lists"] {
        assert!(lets_in(&world, bucket, "orders-archive"), "{bucket}");
        assert!(lets_in(&world, bucket, "orders-later"), "{bucket}");
    }
    assert!(world.plan_only(&moved, &["orders"]).changes.is_empty());
    world.converge(&moved);
    for bucket in ["archive-logs", "archive-lists"] {
        assert!(!lets_in(&world, bucket, "orders-archive"), "{bucket}");
        assert!(lets_in(&world, bucket, "orders-later"), "{bucket}");
    }
    assert!(world.get("archive/bucket/orders-archive/logging").is_none());
}

#[test]
fn what_left_the_spec_is_found_by_its_statements_and_goes_in_the_safe_order() {
    let mut world = world();
    world.converge(&logged(&[]));
    let without = spec(&[("guards: {}", "guards: { max_deletes: 9 }")]);
    let plan = world.plan(&without);
    assert!(!plan.is_blocked(), "{:#?}", plan.findings);
    let steps = [
        "prod/bucket/orders-prod/logging",
        "prod/bucket/prod-logs/policy",
        "prod/role/s3ferry-orders-prod#shrink",
    ];
    let steps = steps.map(|step| {
        let order = order(&plan);
        let found = order
            .iter()
            .find(|id| id.starts_with(step.trim_end_matches("#shrink")));
        found
            .unwrap_or_else(|| panic!("no {step} in {order:#?}"))
            .clone()
    });
    let [logging, policy, role] = &steps;
    assert!(
        is_sorted(&places(&plan, [logging, policy, role])),
        "{steps:?}"
    );
    let gone = |kind: &str| {
        let changes = plan.changes.iter();
        let mut gone = changes.filter(|change| change.kind == kind);
        gone.all(|change| change.actions == [Action::Delete] && change.reason == Reason::LeftSpec)
    };
    assert!(gone("access logging") && gone("inventory configuration"));
    world.apply(&plan);
    for address in [
        "prod/bucket/orders-prod/logging",
        "archive/bucket/orders-archive/logging",
        "prod/bucket/orders-prod/inventory",
        "prod/bucket/prod-logs/policy",
        "archive/bucket/archive-lists/policy",
    ] {
        assert_eq!(world.get(address), None, "{address}");
    }
    world.must_be_settled(&without);
}

#[test]
fn the_end_of_logging_is_counted_and_all_of_it_is_found_without_migrations() {
    let mut world = world();
    world.converge(&logged(&[]));
    let refused = world.plan(&spec(&[]));
    assert!(
        codes(&refused).contains(&"max-deletes"),
        "{:#?}",
        refused.findings
    );
    world.converge(&no_migrations(9));
    for address in [
        "prod/bucket/orders-prod/logging",
        "archive/bucket/orders-archive/inventory",
        "archive/bucket/archive-logs/policy",
        "prod/role/s3ferry-orders-prod",
    ] {
        assert_eq!(world.get(address), None, "{address}");
    }
}

/// An apply that stops after any step leaves something that leads to the rest.
#[test]
fn whatever_step_an_end_stops_after_the_next_plan_finds_the_rest() {
    let mut done = world();
    done.converge(&logged(&[]));
    let plan = done.plan(&no_migrations(9));
    for stop in 0..plan.steps.len() {
        let mut world = world();
        world.converge(&logged(&[]));
        let mut cut = world.plan(&no_migrations(9));
        let first: BTreeSet<String> = order(&cut).into_iter().take(stop).collect();
        cut.steps.retain(|step| first.contains(&step.id.0));
        world.apply(&cut);
        world.converge(&no_migrations(9));
        for address in [
            "prod/bucket/orders-prod/logging",
            "prod/bucket/prod-logs/policy",
        ] {
            assert_eq!(world.get(address), None, "{address} after {stop} steps");
        }
    }
}

#[test]
fn logs_move_without_a_gap_and_others_statements_stay_byte_for_byte() {
    let mut world = world();
    let theirs = r#"{"Version":"2012-10-17","Statement":[{ "Sid" : "Theirs","Effect":"Deny","Principal":"*","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::prod-logs/*" }]}"#;
    world.set(
        "prod/bucket/prod-logs/policy",
        Document::BucketPolicy(Policy::read(theirs)),
    );
    world.converge(&logged(&[]));
    let moved = logged(&[("bucket: prod-logs", "bucket: more-logs")]);
    let plan = world.plan(&moved);
    let old = order(&plan)
        .into_iter()
        .find(|id| id.starts_with("prod/bucket/prod-logs/policy"))
        .unwrap();
    let steps = [
        "prod/bucket/more-logs/policy",
        "prod/bucket/orders-prod/logging",
        &old,
    ];
    assert!(is_sorted(&places(&plan, steps)));
    world.converge(&moved);
    let left = world.policy_text("prod/bucket/prod-logs/policy");
    assert!(left.contains(r#"{ "Sid" : "Theirs","Effect":"Deny","Principal":"*","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::prod-logs/*" }"#));
    assert!(!left.contains("S3FerrySpec"), "{left}");
}

#[test]
fn logging_of_others_is_a_conflict_and_both_ways_out_work() {
    let address = "prod/bucket/orders-prod/logging";
    let theirs = BucketLogging {
        keys: Some(LogKeys::Partitioned(None)),
        ..logging("more-logs", "audit: \"x\"/")
    };
    let mut world = world();
    world.set(address, Document::Logging(theirs.clone()));
    let refused = world.plan(&logged(&[]));
    assert!(refused.is_blocked());
    let help = help(&refused, "logging-elsewhere");
    assert!(
        help.contains("key_format: event-time") && help.contains(address),
        "{help}"
    );
    assert!(
        refused
            .changes
            .iter()
            .all(|change| change.target != address),
        "nothing is written over"
    );

    let mut kept = world;
    kept.converge(&logged(&[(
        "source: { bucket: prod-logs, prefix: s3/orders/ }",
        r#"source: { bucket: more-logs, prefix: "audit: \"x\"/" }
        key_format: event-time"#,
    )]));
    assert_eq!(kept.get(address), Some(Document::Logging(theirs.clone())));

    let mut taken = self::world();
    taken.set(address, Document::Logging(theirs));
    let adopt = format!("guards: {{ adopt: [{address}] }}");
    let plan = taken.plan(&logged(&[("guards: {}", &adopt)]));
    let change = plan.changes.iter().find(|change| change.target == address);
    assert_eq!(change.map(|change| change.reason), Some(Reason::Adopted));
    taken.converge(&logged(&[("guards: {}", &adopt)]));
}

#[test]
fn logging_that_is_there_already_is_said_to_be_taken_over() {
    let mut world = world();
    world.set(
        "prod/bucket/orders-prod/logging",
        Document::Logging(logging("prod-logs", "s3/orders/")),
    );
    let plan = world.plan(&logged(&[]));
    assert!(
        codes(&plan).contains(&"logging-as-found"),
        "{:?}",
        codes(&plan)
    );
    world.converge(&logged(&[]));
    assert!(!codes(&world.plan(&logged(&[]))).contains(&"logging-as-found"));
}

/// A statement of ours is for one prefix: what somebody set to another one since is not ours.
#[test]
fn logging_that_somebody_moved_since_is_theirs() {
    let mut world = world();
    world.converge(&logged(&[]));
    world.set(
        "prod/bucket/orders-prod/logging",
        Document::Logging(logging("prod-logs", "elsewhere/")),
    );
    let plan = world.plan(&logged(&[]));
    assert!(
        codes(&plan).contains(&"logging-elsewhere"),
        "{:?}",
        codes(&plan)
    );
    // Nor is it taken away with the spec.
    let left = world.plan(&no_migrations(9));
    let address = "prod/bucket/orders-prod/logging";
    assert!(
        left.changes.iter().all(|change| change.address != address),
        "{:#?}",
        left.changes
    );
}

#[test]
fn grants_on_logs_are_kept_or_in_the_way() {
    let grant = LogGrant {
        kind: "CanonicalUser".to_owned(),
        id: Some("auditors".to_owned()),
        uri: None,
        email: None,
        permission: Some("READ".to_owned()),
    };
    let address = "prod/bucket/orders-prod/logging";
    let with_grants = |world: &mut World| {
        world.converge(&logged(&[]));
        let Some(Document::Logging(mut live)) = world.get(address) else {
            panic!("no logging");
        };
        live.grants.insert(grant.clone());
        world.set(address, Document::Logging(live));
    };
    let moved = logged(&[(
        "prefix: s3/orders/ }\n        destination",
        "prefix: new/ }\n        destination",
    )]);
    let mut kept = world();
    with_grants(&mut kept);
    kept.converge(&moved);
    let Some(Document::Logging(live)) = kept.get(address) else {
        panic!("no logging");
    };
    assert_eq!(
        (live.prefix.as_str(), live.grants.contains(&grant)),
        ("new/", true)
    );

    let mut enforced = world();
    with_grants(&mut enforced);
    let ownership = Document::Ownership(ObjectOwnership::BucketOwnerEnforced);
    enforced.set("prod/bucket/prod-logs/ownership", ownership);
    let refused = enforced.plan(&moved);
    assert!(
        codes(&refused).contains(&"logging-grants"),
        "{:?}",
        codes(&refused)
    );
}

#[test]
fn foreign_inventories_are_kept_and_shown() {
    let address = "prod/bucket/orders-prod/inventory";
    let mut world = world();
    world.converge(&logged(&[]));
    let Some(Document::Inventories(mut held)) = world.get(address) else {
        panic!("no inventory");
    };
    let theirs = held.values().next().unwrap().clone();
    held.insert("theirs".to_owned(), theirs.clone());
    held.insert("s3ferry-other".to_owned(), theirs);
    let foreign: Inventories = held
        .iter()
        .filter(|(id, _)| *id != "s3ferry-default")
        .map(|(id, of)| (id.clone(), of.clone()))
        .collect();
    world.set(address, Document::Inventories(held));
    let weekly = logged(&[(
        "bucket: archive-lists }",
        "bucket: archive-lists }\n        schedule: weekly",
    )]);
    let plan = world.plan(&weekly);
    let kept: Vec<&str> = plan.kept.iter().map(|kept| kept.why.as_str()).collect();
    assert_eq!(kept, ["of the s3ferry spec other", "not s3ferry's"]);
    world.converge(&weekly);
    world.converge(&no_migrations(9));
    assert_eq!(world.get(address), Some(Document::Inventories(foreign)));
}

#[test]
fn what_would_refuse_logs_blocks_the_plan() {
    let encryption = |algorithm: &str| {
        Document::Encryption(BucketEncryption {
            algorithm: algorithm.to_owned(),
            key: None,
            bucket_key: false,
            blocked: BTreeSet::new(),
        })
    };
    let lock = |default_retention| Document::ObjectLock(ObjectLock { default_retention });
    let cases = [
        (
            "prod-logs/request-payment",
            Document::RequestPayment(RequestPayment::Requester),
            "log-bucket-requester-pays",
        ),
        (
            "prod-lists/request-payment",
            Document::RequestPayment(RequestPayment::Requester),
            "log-bucket-requester-pays",
        ),
        (
            "prod-logs/object-lock",
            lock(false),
            "log-bucket-object-lock",
        ),
        (
            "prod-logs/encryption",
            encryption("aws:kms"),
            "log-bucket-kms",
        ),
        (
            "prod-logs/logging",
            Document::Logging(logging("prod-logs", "")),
            "log-circle",
        ),
        (
            "prod-logs/logging",
            Document::Logging(logging("orders-prod", "")),
            "log-circle",
        ),
        (
            "prod-lists/encryption",
            encryption("aws:kms"),
            "inventory-managed-key",
        ),
    ];
    for (at, document, code) in cases {
        let mut world = world();
        world.set(&format!("prod/bucket/{at}"), document);
        let plan = world.plan(&logged(&[]));
        let found = plan.findings.iter().find(|finding| finding.code == code);
        let level = found.map(|finding| finding.level);
        assert_eq!(
            level,
            Some(FindingLevel::Blocked),
            "{at} {:?}",
            codes(&plan)
        );
    }
    // Where lists go, a lock without retention does no harm, and one with it costs.
    for (retention, warns) in [(false, false), (true, true)] {
        let mut world = world();
        world.set("prod/bucket/prod-lists/object-lock", lock(retention));
        let plan = world.plan(&logged(&[]));
        assert!(!plan.is_blocked(), "{:#?}", plan.findings);
        assert_eq!(codes(&plan).contains(&"inventory-bucket-retention"), warns);
    }
}

#[test]
fn a_bucket_for_logs_must_be_there() {
    let mut world = World::with_source("orders-prod");
    for bucket in ["prod-lists", "more-logs"] {
        world.make_source(bucket);
    }
    for bucket in ["archive-logs", "archive-lists"] {
        world.make_destination(bucket);
    }
    let plan = world.plan(&logged(&[]));
    let missing = plan.findings.iter().find(|of| of.code == "bucket-missing");
    assert_eq!(
        missing.map(|of| of.address.as_str()),
        Some("prod/bucket/prod-logs")
    );
    let offers_to_make = |of: &Finding| of.help.contains("create: true");
    assert!(!missing.is_some_and(offers_to_make), "{missing:#?}");
}

#[test]
fn a_target_leaves_the_statements_of_other_migrations() {
    let both = world::two_logged();
    let mut world = world();
    world.make_source("invoices-prod");
    world.converge(&both);
    let before = world.policy_text("prod/bucket/prod-logs/policy");
    let only = world.plan_only(&both, &["orders"]);
    assert!(only.steps.is_empty(), "{:#?}", only.steps);
    assert_eq!(world.policy_text("prod/bucket/prod-logs/policy"), before);
    assert_eq!(before.matches("\"Sid\"").count(), 2, "{before}");
}

#[test]
fn a_target_that_takes_its_own_logs_out_leaves_what_lets_them_in() {
    let mut world = world();
    world.converge(&logged(&[]));
    // Nobody wants the logs any more, and only a plan of all ends what nobody wants.
    let lists = spec(&[(
        "guards: {}",
        "guards: {}\n    logging: { inventory: { destination: { bucket: archive-logs } } }",
    )]);
    let only = world.plan_only(&lists, &["orders"]);
    world.apply(&only);
    for (sends, to) in [
        ("prod/bucket/orders-prod", "prod-logs"),
        ("archive/bucket/orders-archive", "archive-logs"),
    ] {
        let account = sends.split('/').next().expect("an account");
        let policy = world.policy_text(&format!("{account}/bucket/{to}/policy"));
        let is_sent = world.get(&format!("{sends}/logging")).is_some();
        assert_eq!(
            is_sent,
            policy.contains("logging.s3.amazonaws.com"),
            "{to}: {policy}"
        );
    }
}
