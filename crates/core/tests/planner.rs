//! The planner, from YAML to a plan and to the world after it. Every test ends with "plan again: no changes".

mod advice;
mod backfill;
mod checksums;
mod events;
mod keys;
mod logging;
mod monitoring;
mod status;
mod trails;
mod world;

use std::collections::BTreeSet;

use proptest::prelude::*;
use s3ferry_core::format::{Action, FindingLevel, Reason, RiskLevel};
use s3ferry_core::model::kinds::replication::{Filter, Status};
use s3ferry_core::model::kinds::{Document, Policy};
use s3ferry_core::model::{BucketPart, Observed, OutOfReach, RolePart, Target, same};
use s3ferry_core::plan::{GivenBack, Work, done_again, give_back};
use s3ferry_core::reads;
use s3ferry_core::scope::Scope;
use s3ferry_testkit::{build, strategies};
use world::{World, spec};

#[test]
fn a_first_plan_makes_everything_and_a_second_nothing() {
    let mut world = World::with_source("orders-prod");
    let spec = spec(&[]);
    let plan = world.plan(&spec);
    assert!(!plan.is_blocked(), "{:?}", plan.findings);
    let kinds: Vec<&str> = plan
        .changes
        .iter()
        .map(|change| change.kind.as_str())
        .collect();
    for kind in [
        "bucket",
        "bucket tags",
        "bucket versioning",
        "default encryption",
        "ownership controls",
        "public access block",
        "bucket policy statement",
        "IAM role",
        "role policy statement",
        "replication role",
        "replication rule",
        "canary",
    ] {
        assert!(kinds.contains(&kind), "no {kind} in {kinds:?}");
    }
    world.apply(&plan);
    world.must_be_settled(&spec);
}

#[test]
fn in_phase_prepare_there_are_no_rules() {
    let mut world = World::with_source("orders-prod");
    let spec = spec(&[("phase: replicate", "phase: prepare")]);
    let plan = world.plan(&spec);
    assert!(
        plan.changes
            .iter()
            .all(|change| !change.kind.starts_with("replication"))
    );
    world.apply(&plan);
    world.must_be_settled(&spec);
}

#[test]
fn going_back_to_prepare_takes_the_rules_away_and_needs_the_guard() {
    let mut world = World::with_source("orders-prod");
    world.converge(&spec(&[]));
    let back = [("phase: replicate", "phase: prepare")];
    let refused = world.plan(&spec(&back));
    assert!(refused.is_blocked());
    assert!(
        refused
            .findings
            .iter()
            .any(|finding| finding.code == "max-deletes")
    );
    let allowed = spec(&[back[0], ("guards: {}", "guards: { max_deletes: 9 }")]);
    let plan = world.plan(&allowed);
    assert!(!plan.is_blocked(), "{:?}", plan.findings);
    let rule = plan
        .changes
        .iter()
        .find(|change| change.kind == "replication rule")
        .unwrap();
    assert_eq!(
        (rule.actions.as_slice(), rule.reason),
        (&[Action::Delete][..], Reason::Phase)
    );
    world.apply(&plan);
    assert_eq!(world.get("prod/bucket/orders-prod/replication"), None);
    world.must_be_settled(&allowed);
}

#[test]
fn foreign_rules_survive_create_update_and_delete() {
    let mut world = World::with_source("orders-prod");
    let foreign = world::foreign_rule("theirs", 7);
    world.set_replication(
        "orders-prod",
        &world::role_of("orders-prod"),
        vec![foreign.clone()],
    );
    world.converge(&spec(&[]));
    assert_eq!(world.rule("orders-prod", "theirs"), Some(foreign.clone()));
    world.converge(&spec(&[(
        "storage_class: STANDARD_IA",
        "storage_class: GLACIER_IR",
    )]));
    assert_eq!(world.rule("orders-prod", "theirs"), Some(foreign.clone()));
    world.converge(&spec(&[
        ("phase: replicate", "phase: prepare"),
        ("guards: {}", "guards: { max_deletes: 9 }"),
    ]));
    assert_eq!(world.rule("orders-prod", "theirs"), Some(foreign));
}

#[test]
fn foreign_statements_survive_byte_for_byte() {
    let mut world = World::with_source("orders-prod");
    let theirs = r#"{ "Sid" : "Theirs","Effect":"Deny", "Principal":"*","Action":["s3:PutObject"],"Resource":"arn:aws:s3:::orders-archive/*","Condition":{"Bool":{"aws:SecureTransport":false}}}"#;
    let spec = spec(&[("create: true", "create: false")]);
    world.make_destination("orders-archive");
    let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{theirs}]}}"#);
    world.set(
        "archive/bucket/orders-archive/policy",
        Document::BucketPolicy(Policy::read(policy)),
    );
    let plan = world.plan(&spec);
    assert!(
        plan.kept
            .iter()
            .any(|kept| kept.address.ends_with("/statement/Theirs"))
    );
    world.apply(&plan);
    let Some(Document::BucketPolicy(policy)) = world.get("archive/bucket/orders-archive/policy")
    else {
        panic!("the policy is gone")
    };
    let text = policy.text();
    assert!(text.contains(theirs), "{text}");
    world.must_be_settled(&spec);
}

#[test]
fn a_foreign_v1_rule_is_refused_with_both_ways_out_and_can_be_adopted() {
    let mut world = World::with_source("orders-prod");
    let mut legacy = world::foreign_rule("old", 1);
    legacy.filter = None;
    legacy.priority = None;
    legacy.delete_markers = None;
    legacy.legacy_prefix = Some(String::new());
    world.set_replication(
        "orders-prod",
        &world::role_of("orders-prod"),
        vec![legacy.clone()],
    );
    let refused = world.plan(&spec(&[]));
    let finding = refused
        .findings
        .iter()
        .find(|finding| finding.code == "rules-v1")
        .unwrap();
    assert_eq!(finding.level, FindingLevel::Blocked);
    assert_eq!(finding.help.lines().count(), 2, "{}", finding.help);
    assert_eq!(world.rule("orders-prod", "old"), Some(legacy));
    let adopted = spec(&[(
        "guards: {}",
        "guards: { max_deletes: 1, adopt: [\"prod/bucket/orders-prod/replication/rule/old\"] }",
    )]);
    let plan = world.plan(&adopted);
    assert!(!plan.is_blocked(), "{:?}", plan.findings);
    world.apply(&plan);
    assert_eq!(world.rule("orders-prod", "old"), None);
    world.must_be_settled(&adopted);
}

#[test]
fn another_role_under_foreign_rules_is_refused() {
    let mut world = World::with_source("orders-prod");
    let foreign = world::foreign_rule("theirs", 7);
    let role = "arn:aws:iam::111111111111:role/service-role/theirs";
    world.set_replication("orders-prod", role, vec![foreign]);
    let plan = world.plan(&spec(&[]));
    assert!(
        plan.findings
            .iter()
            .any(|finding| finding.code == "rules-other-role")
    );
    assert!(
        plan.steps
            .iter()
            .all(|step| !step.id.0.ends_with("/replication"))
    );
}

#[test]
fn what_the_sdk_does_not_model_is_refused() {
    let mut world = World::with_source("orders-prod");
    world.set_replication(
        "orders-prod",
        &world::role_of("orders-prod"),
        vec![world::foreign_rule("theirs", 7)],
    );
    world.edit_replication("orders-prod", |live| {
        live.unmodelled.push("Rule/Novelty".to_owned());
    });
    let plan = world.plan(&spec(&[]));
    assert!(
        plan.findings
            .iter()
            .any(|finding| finding.code == "replication-unmodelled")
    );
}

#[test]
fn an_existing_bucket_without_the_marker_is_refused_and_its_parts_with_it() {
    let mut world = World::with_source("orders-prod");
    world.make_destination("orders-archive");
    let plan = world.plan(&spec(&[]));
    assert!(
        plan.findings
            .iter()
            .any(|finding| finding.code == "bucket-not-ours")
    );
    assert!(
        plan.changes
            .iter()
            .all(|change| !change.address.contains("bucket/orders-archive"))
    );
    let adopted = spec(&[(
        "guards: {}",
        "guards: { adopt: [archive/bucket/orders-archive] }",
    )]);
    world.converge(&adopted);
    // The marker is there now, so adopting is no longer needed.
    world.must_be_settled(&spec(&[]));
}

#[test]
fn an_existing_role_without_the_marker_is_refused() {
    let mut world = World::with_source("orders-prod");
    world.make_role("s3ferry-orders-prod", "/service-role/");
    let plan = world.plan(&spec(&[]));
    assert!(
        plan.findings
            .iter()
            .any(|finding| finding.code == "role-not-ours")
    );
    let adopted = spec(&[(
        "guards: {}",
        "guards: { adopt: [prod/role/s3ferry-orders-prod] }",
    )]);
    world.converge(&adopted);
    let live = world.replication("orders-prod");
    assert_eq!(
        live.role,
        "arn:aws:iam::111111111111:role/service-role/s3ferry-orders-prod"
    );
}

#[test]
fn drift_is_brought_back() {
    let mut world = World::with_source("orders-prod");
    world.converge(&spec(&[]));
    world.edit_replication("orders-prod", |live| {
        live.rules[0].status = Status::Disabled;
    });
    let plan = world.plan(&spec(&[]));
    let change = plan
        .changes
        .iter()
        .find(|change| change.kind == "replication rule")
        .unwrap();
    assert_eq!(change.reason, Reason::Differs);
    let leaves: Vec<&str> = change
        .attributes
        .iter()
        .map(|leaf| leaf.path.as_str())
        .collect();
    assert_eq!(leaves, ["status"]);
    world.converge(&spec(&[]));
}

#[test]
fn formatting_by_aws_is_no_diff() {
    let mut world = World::with_source("orders-prod");
    world.converge(&spec(&[]));
    world.reformat();
    world.must_be_settled(&spec(&[]));
}

#[test]
fn a_dangling_principal_is_named_and_mended() {
    let mut world = World::with_source("orders-prod");
    world.converge(&spec(&[]));
    world.edit_policy("archive/bucket/orders-archive/policy", |text| {
        text.replace(&world::role_of("orders-prod"), "AROAEXAMPLEEXAMPLE123")
    });
    let plan = world.plan(&spec(&[]));
    assert!(
        plan.changes
            .iter()
            .any(|change| change.reason == Reason::BrokenPrincipal)
    );
    world.converge(&spec(&[]));
}

#[test]
fn a_grant_to_a_deleted_role_is_not_carried_on() {
    let mut world = World::with_source("orders-prod");
    world.converge(&spec(&[]));
    world.edit_policy("archive/bucket/orders-archive/policy", |text| {
        text.replace(&world::role_of("orders-prod"), "AROAEXAMPLEEXAMPLE123")
    });
    let plan = world.plan(&spec(&[]));
    assert!(
        !format!("{:?}", world::written(&plan)).contains("AROAEXAMPLE"),
        "S3 refuses a policy with a principal that is not there"
    );
    world.apply(&plan);
    world.must_be_settled(&spec(&[]));
}

#[test]
fn where_a_role_leads_is_forgotten_when_it_is_cleaned() {
    let mut world = World::with_source("orders-prod");
    world.converge(&spec(&[]));
    let moved = spec(&[
        ("bucket: orders-archive", "bucket: other-archive"),
        ("guards: {}", "guards: { max_deletes: 9 }"),
    ]);
    let plan = world.plan(&moved);
    let order = world::order(&plan);
    let at = |id: &str| order.iter().position(|step| step == id).unwrap();
    let forgotten = at("prod/role/s3ferry-orders-prod#shrink");
    assert!(at("prod/role/s3ferry-orders-prod") < at("prod/bucket/orders-prod/replication"));
    assert!(at("prod/bucket/orders-prod/replication") < forgotten);
    assert!(at("archive/bucket/orders-archive/policy") < forgotten);
    world.apply(&plan);
    assert_eq!(world.get("archive/bucket/orders-archive/policy"), None);
    world.must_be_settled(&moved);
}

#[test]
fn a_role_may_use_a_key_before_a_bucket_encrypts_with_it_and_after() {
    let mut world = World::with_source("orders-prod");
    world.converge(&spec(&[]));
    let key =
        "create: true, encryption: { kms_key: \"arn:aws:kms:eu-central-1:222222222222:key/1\" }";
    let encrypted = spec(&[("create: true", key)]);
    let order = |plan: &_, first: &str, then: &str| {
        let order = world::order(plan);
        let at = |id: &str| order.iter().position(|step| step == id).unwrap();
        assert!(at(first) < at(then), "{order:?}");
    };
    let encryption = "archive/bucket/orders-archive/encryption";
    let plan = world.plan(&encrypted);
    order(&plan, "prod/role/s3ferry-orders-prod/policy", encryption);
    world.converge(&encrypted);
    let back = world.plan(&spec(&[]));
    order(
        &back,
        encryption,
        "prod/role/s3ferry-orders-prod/policy#shrink",
    );
    world.converge(&spec(&[]));
}

#[test]
fn a_policy_that_does_not_fit_on_the_way_is_refused() {
    let mut world = World::with_source("orders-prod");
    world.make_destination("orders-archive");
    let made = ("create: true", "create: false");
    let policy = "archive/bucket/orders-archive/policy";
    let theirs = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Theirs","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::orders-archive/LONG"}]}"#;
    let set = |world: &mut World, length: usize| {
        let text = theirs.replace("LONG", &"x".repeat(length));
        world.set(policy, Document::BucketPolicy(Policy::read(text)));
    };
    set(&mut world, 1);
    world.converge(&spec(&[made]));
    let ours = world.policy_text(policy).len();
    // Room for our statements as they are, and not for the statements of two roles.
    let room = 20_480 - ours - 100;
    world.edit_policy(policy, |text| {
        text.replace(
            "orders-archive/x\"",
            &format!("orders-archive/{}\"", "x".repeat(room)),
        )
    });
    world.must_be_settled(&spec(&[made]));
    let renamed = [
        made,
        (
            "owner: destination",
            "roles: { replication: { name: other } }",
        ),
        ("guards: {}", "guards: { max_deletes: 9 }"),
    ];
    let plan = world.plan(&spec(&renamed));
    let finding = plan
        .findings
        .iter()
        .find(|finding| finding.code == "too-large")
        .unwrap();
    assert!(
        finding.message.contains("old and new grants"),
        "{}",
        finding.message
    );
    world.must_be_settled(&spec(&[made]));
}

#[test]
fn tags_of_a_role_that_do_not_fit_on_the_way_are_refused() {
    let mut world = World::with_source("orders-prod");
    let role = "prod/role/s3ferry-orders-prod";
    world.converge(&spec(&[]));
    let tagged = |world: &mut World, count: usize| {
        let Some(Document::Role(mut live)) = world.get(role) else {
            panic!("the role was made")
        };
        live.tags.retain(|key, _| key.starts_with("s3ferry:"));
        let foreign =
            (live.tags.len()..count).map(|number| (format!("team{number}"), String::new()));
        live.tags.extend(foreign);
        world.set(role, Document::Role(live));
    };
    let moved = spec(&[
        ("bucket: orders-archive", "bucket: other-archive"),
        ("guards: {}", "guards: { max_deletes: 20 }"),
    ]);
    // One tag leads to the old destination and one to the new; IAM takes 50.
    tagged(&mut world, 50);
    world.must_be_settled(&spec(&[]));
    let plan = world.plan(&moved);
    let refused = plan
        .findings
        .iter()
        .find(|finding| finding.code == "too-large");
    let message = &refused.expect("51 on the way").message;
    assert!(
        message.contains("51 tags with old and new ones together"),
        "{message}"
    );
    tagged(&mut world, 49);
    world.converge(&moved);
}

#[test]
fn a_renamed_role_is_replaced_without_a_gap() {
    let mut world = World::with_source("orders-prod");
    world.converge(&spec(&[]));
    let renamed = spec(&[
        (
            "owner: destination",
            "roles: { replication: { name: other } }",
        ),
        ("guards: {}", "guards: { max_deletes: 9 }"),
    ]);
    let plan = world.plan(&renamed);
    assert!(!plan.is_blocked(), "{:?}", plan.findings);
    let at = |id: &str| {
        let order = world::order(&plan);
        order
            .iter()
            .position(|step| step == id)
            .unwrap_or_else(|| panic!("{id} not in {order:?}"))
    };
    let replication = at("prod/bucket/orders-prod/replication");
    assert!(at("prod/role/other") < replication);
    assert!(at("archive/bucket/orders-archive/policy") < replication);
    assert!(replication < at("archive/bucket/orders-archive/policy#shrink"));
    assert!(
        at("archive/bucket/orders-archive/policy#shrink") < at("prod/role/s3ferry-orders-prod")
    );
    world.apply(&plan);
    assert_eq!(world.get("prod/role/s3ferry-orders-prod"), None);
    world.must_be_settled(&renamed);
}

#[test]
fn a_rule_that_left_the_spec_is_found_and_removed() {
    let mut world = World::with_source("orders-prod");
    world.converge(&spec(&[]));
    let fewer = spec(&[
        (world::COLD_RULE, ""),
        ("guards: {}", "guards: { max_deletes: 1 }"),
    ]);
    let plan = world.plan(&fewer);
    let rules = plan
        .changes
        .iter()
        .filter(|change| change.kind == "replication rule");
    let told: Vec<_> = rules
        .map(|change| (change.address.as_str(), change.actions[0], change.reason))
        .collect();
    let address = "prod/bucket/orders-prod/replication/rule/s3ferry/default/orders/cold";
    assert_eq!(told, [(address, Action::Delete, Reason::LeftSpec)]);
    assert!(!plan.is_blocked(), "{:?}", plan.findings);
    world.apply(&plan);
    world.must_be_settled(&fewer);
}

#[test]
fn a_migration_that_left_the_spec_is_found_by_its_role() {
    let mut world = World::with_source("orders-prod");
    world.make_source("invoices-prod");
    world.converge(&world::two_migrations());
    let one = spec(&[("guards: {}", "guards: { max_deletes: 20 }")]);
    let plan = world.plan(&one);
    assert!(!plan.is_blocked(), "{:?}", plan.findings);
    world.apply(&plan);
    assert_eq!(world.get("prod/bucket/invoices-prod/replication"), None);
    assert_eq!(world.get("archive/bucket/invoices-archive/policy"), None);
    assert_eq!(world.get("prod/role/s3ferry-invoices-prod"), None);
    world.must_be_settled(&one);
}

#[test]
fn when_the_last_migration_left_the_guards_of_defaults_hold() {
    let mut world = World::with_source("orders-prod");
    world.converge(&spec(&[]));
    let refused = world.plan(&world::no_migrations(0));
    assert!(refused.is_blocked(), "{:?}", refused.findings);
    let allowed = world::no_migrations(9);
    world.apply(&world.plan(&allowed));
    assert_eq!(world.get("prod/bucket/orders-prod/replication"), None);
    assert_eq!(world.get("prod/role/s3ferry-orders-prod"), None);
    world.must_be_settled(&allowed);
}

#[test]
fn roles_of_another_spec_do_not_make_a_plan_stale() {
    let mut world = World::with_source("orders-prod");
    let spec = spec(&[]);
    let before = world.plan(&spec).fingerprints;
    world.make_role("s3ferry-elsewhere", "/s3ferry/");
    assert_eq!(world.plan(&spec).fingerprints, before);
}

#[test]
fn a_target_leaves_other_migrations_alone() {
    let mut world = World::with_source("orders-prod");
    world.make_source("invoices-prod");
    let both = world::two_migrations();
    let plan = world.plan_only(&both, &["invoices"]);
    assert!(
        plan.changes
            .iter()
            .all(|change| !change.address.contains("orders")),
        "{:?}",
        plan.changes
    );
    // The plan does not rest on them either.
    assert!(
        plan.fingerprints
            .keys()
            .all(|address| !address.contains("orders"))
    );
    world.apply(&plan);
    assert!(world.plan_only(&both, &["invoices"]).summary.no_changes());
    world.converge(&both);
}

const MORE: &str = r"  more:
    phase: replicate
    source: { account: prod, bucket: orders-prod }
    destination: { account: archive, bucket: more-archive, create: true }
    rules: [{ id: all, prefix: more/, delete_markers: keep }]
";

#[test]
fn a_target_keeps_what_rules_of_others_need_of_a_shared_role() {
    let more = format!("{}{MORE}", world::COLD_RULE);
    let mut world = World::with_source("orders-prod");
    world.converge(&spec(&[(world::COLD_RULE, &more)]));
    let changed = spec(&[
        (
            world::COLD_RULE,
            &more.replace("prefix: more/", "prefix: most/"),
        ),
        ("prefix: hot/", "prefix: warm/"),
    ]);
    let plan = world.plan_only(&changed, &["more"]);
    world.apply(&plan);
    let role = "prod/role/s3ferry-orders-prod/policy";
    let written = world::written(&plan);
    let (_, policy) = written.iter().find(|(id, _)| id == role).unwrap();
    assert!(
        format!("{policy:?}").contains("orders-prod/hot/*"),
        "{policy:?}"
    );
    let again = world.plan_only(&changed, &["more"]);
    assert!(again.steps.is_empty(), "{:?}", again.steps);
    world.converge(&changed);
}

#[test]
fn a_target_does_not_move_rules_of_others_to_another_role() {
    let more = format!("{}{MORE}", world::COLD_RULE);
    let mut world = World::with_source("orders-prod");
    world.converge(&spec(&[(world::COLD_RULE, &more)]));
    let named = "roles: { replication: { name: other } }";
    let renamed = spec(&[
        (world::COLD_RULE, &format!("{more}    {named}\n")),
        ("owner: destination", named),
        ("guards: {}", "guards: { max_deletes: 9 }"),
    ]);
    let plan = world.plan_only(&renamed, &["more"]);
    let finding = plan
        .findings
        .iter()
        .find(|finding| finding.code == "target-shares-role")
        .unwrap();
    assert_eq!(finding.level, FindingLevel::Blocked);
    world.converge(&renamed);
}

#[test]
fn another_specs_markers_are_foreign() {
    let mut world = World::with_source("orders-prod");
    world.make_source("invoices-prod");
    world.converge(&world::two_migrations());
    let other = spec(&[
        ("version: 1", "version: 1\nname: other"),
        ("bucket: orders-prod", "bucket: elsewhere"),
        ("bucket: orders-archive", "bucket: elsewhere-archive"),
    ]);
    world.make_source("elsewhere");
    let plan = world.plan(&other);
    assert!(
        plan.changes
            .iter()
            .all(|change| change.actions != [Action::Delete]),
        "{:?}",
        plan.changes
    );

    // On a bucket that both work on, what is the other one's is called so.
    let mut world = World::with_source("orders-prod");
    world.make_destination("orders-archive");
    world.converge(&spec(&[("create: true", "create: false")]));
    let beside = spec(&[
        ("version: 1", "version: 1\nname: other"),
        ("create: true", "create: false"),
        ("prefix: hot/", "prefix: warm/"),
        ("prefix: cold/", "prefix: ice/"),
        (
            "guards: {}",
            "guards: { adopt: [ prod/role/s3ferry-orders-prod ] }",
        ),
    ]);
    let kept = world.plan(&beside).kept;
    let whose = |part: &str| {
        let found = kept.iter().filter(|kept| kept.address.contains(part));
        found.map(|kept| kept.why.as_str()).collect::<Vec<_>>()
    };
    let spec_of_rules = "of the s3ferry spec default";
    assert_eq!(whose("replication/rule/"), [spec_of_rules, spec_of_rules]);
    let statements = whose("orders-archive/policy/");
    assert!(!statements.is_empty());
    assert!(
        statements
            .iter()
            .all(|why| *why == "of another s3ferry spec"),
        "{statements:?}"
    );
}

/// A policy as builds before marks of 64 bits wrote it.
fn as_before(policy: &str, migrations: &[&str]) -> String {
    let mut text = String::new();
    let mut rest = policy;
    while let Some((before, marked)) = rest.split_once("S3FerrySpec") {
        let (spec, after) = marked.split_at(16);
        text.extend([before, "S3Ferry", &spec[..6]]);
        let name = migrations.iter().find(|name| {
            after
                .get(16..)
                .is_some_and(|words| words.starts_with(*name))
        });
        rest = match name {
            Some(name) => {
                text.extend([*name, &after[..6]]);
                &after[16 + name.len()..]
            }
            None => after,
        };
    }
    text + rest
}

#[test]
fn marks_of_earlier_builds_are_known_and_replaced() {
    let both = world::two_migrations();
    let mut world = World::with_source("orders-prod");
    world.make_source("invoices-prod");
    world.converge(&both);
    let policies = ["orders-archive", "invoices-archive"];
    let policies = policies.map(|bucket| format!("archive/bucket/{bucket}/policy"));
    let current = policies
        .each_ref()
        .map(|address| world.policy_text(address));
    for address in &policies {
        world.edit_policy(address, |text| as_before(&text, &["Orders", "Invoices"]));
        let text = world.policy_text(address);
        assert!(
            text.contains("S3Ferry") && !text.contains("S3FerrySpec"),
            "{text}"
        );
    }
    let before = world.policy_text(&policies[0]);

    // Those of a migration that the plan is not for stay, and those that left the spec go.
    let plan = world.plan_only(&both, &["invoices"]);
    assert!(!plan.is_blocked(), "{:?}", plan.findings);
    world.apply(&plan);
    assert_eq!(world.policy_text(&policies[0]), before);
    assert_eq!(world.policy_text(&policies[1]), current[1]);
    let mut left = World::with_source("orders-prod");
    left.converge(&spec(&[]));
    left.edit_policy(&policies[0], |text| as_before(&text, &["Orders"]));
    left.converge(&world::no_migrations(20));
    assert_eq!(left.get(&policies[0]), None);

    world.converge(&both);
    assert_eq!(world.policy_text(&policies[0]), current[0]);
}

#[test]
fn specs_whose_names_hash_alike_in_the_first_digits_are_told_apart() {
    let named = |name: &str, more: &[(&str, &str)]| {
        let name = format!("version: 1\nname: {name}");
        let mut replacements = vec![("version: 1", name.as_str())];
        replacements.extend(more);
        spec(&replacements)
    };
    let mut world = World::with_source("orders-prod");
    world.make_destination("orders-archive");
    world.converge(&named("team-2750", &[("create: true", "create: false")]));
    let beside = named(
        "team-7439",
        &[
            ("create: true", "create: false"),
            ("prefix: hot/", "prefix: warm/"),
            ("prefix: cold/", "prefix: ice/"),
            (
                "guards: {}",
                "guards: { adopt: [ prod/role/s3ferry-orders-prod ] }",
            ),
        ],
    );
    let address = "archive/bucket/orders-archive/policy";
    let before = world.policy_text(address);
    world.converge(&beside);
    let text = world.policy_text(address);
    let sids = |text: &str| -> BTreeSet<String> {
        let parts = text.split("\"Sid\":\"").skip(1);
        parts
            .map(|part| part.split('"').next().unwrap_or_default().to_owned())
            .collect()
    };
    assert!(sids(&text).is_superset(&sids(&before)), "{before} {text}");
    assert!(sids(&text).len() > sids(&before).len());
}

#[test]
fn a_destination_of_somebody_else_gets_versioning_and_statements_only() {
    let mut world = World::with_source("orders-prod");
    world.make_destination("orders-archive");
    let spec = spec(&[("create: true", "create: false")]);
    let plan = world.plan(&spec);
    let written: Vec<&str> = plan
        .steps
        .iter()
        .map(|step| step.id.0.as_str())
        .filter(|id| id.starts_with("archive/"))
        .collect();
    assert_eq!(
        written,
        [
            "archive/bucket/orders-archive/versioning",
            "archive/bucket/orders-archive/policy"
        ]
    );
    // Nobody enforces ownership there, so the rules carry the override and both sides grant it.
    world.apply(&plan);
    let rules = world.replication("orders-prod").rules;
    assert!(
        rules
            .iter()
            .all(|rule| rule.meaning().owner_override.as_deref() == Some("Destination"))
    );
    let policy = world.policy_text("archive/bucket/orders-archive/policy");
    assert!(policy.contains("s3:ObjectOwnerOverrideToBucketOwner"));
    world.must_be_settled(&spec);
}

#[test]
fn a_proof_is_void_when_what_it_proves_changes() {
    let mut world = World::with_source("orders-prod");
    world.converge(&spec(&[]));
    let plan = world.plan(&spec(&[(
        "storage_class: STANDARD_IA",
        "storage_class: GLACIER_IR",
    )]));
    let proofs: Vec<&str> = plan
        .changes
        .iter()
        .filter(|change| change.actions == [Action::Prove])
        .map(|change| change.address.as_str())
        .collect();
    assert_eq!(proofs, ["orders/canary/hot"]);
}

#[test]
fn a_proof_holds_for_a_bucket_that_was_born_with_blocked_encryption() {
    let mut world = World::with_source("orders-prod");
    world.converge(&spec(&[]));
    let encryption = "archive/bucket/orders-archive/encryption";
    let Some(Document::Encryption(mut live)) = world.get(encryption) else {
        panic!("the bucket has its encryption")
    };
    live.blocked.insert("SSE-C".to_owned());
    world.set(encryption, Document::Encryption(live));
    world.must_be_settled(&spec(&[]));
}

#[test]
fn a_deny_that_hits_the_role_blocks() {
    let mut world = World::with_source("orders-prod");
    world.make_destination("orders-archive");
    let deny = r#"{"Version":"2012-10-17","Statement":{"Sid":"Org","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::orders-archive/*"}}"#;
    world.set(
        "archive/bucket/orders-archive/policy",
        Document::BucketPolicy(Policy::read(deny.to_owned())),
    );
    let plan = world.plan(&spec(&[("create: true", "create: false")]));
    assert!(plan.is_blocked());
    assert!(
        plan.findings
            .iter()
            .any(|finding| finding.code == "policy-denies-replication")
    );
}

#[test]
fn a_deny_that_is_sure_on_a_part_of_the_objects_blocks() {
    let mut world = World::with_source("orders-prod");
    world.make_destination("orders-archive");
    let deny = |condition: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Sid":"Frozen","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::orders-archive/hot/2019/*"{condition}}}}}"#
        );
        Document::BucketPolicy(Policy::read(text))
    };
    let mut found = |condition: &str, replacements: &[(&str, &str)]| {
        world.set("archive/bucket/orders-archive/policy", deny(condition));
        let plan = world.plan(&spec(replacements));
        plan.findings
            .into_iter()
            .find(|finding| finding.code == "policy-denies-replication")
    };
    let existing = ("create: true", "create: false");
    let sure = found("", &[existing]).expect("objects of 2019 would fail");
    assert_eq!(sure.level, FindingLevel::Blocked);
    assert!(
        sure.message
            .contains("where the resource is arn:aws:s3:::orders-archive/hot/2019/*"),
        "{}",
        sure.message
    );
    let maybe = r#","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}"#;
    let unsure = found(maybe, &[existing]).expect("they may fail");
    assert_eq!(unsure.level, FindingLevel::Warning);
    // The advice: a rule beside what is denied, or the role exempted.
    let beside = ("prefix: hot/", "prefix: hot/2020/");
    assert_eq!(found("", &[existing, beside]), None);
    let exempt = r#","Condition":{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/s3ferry/s3ferry-orders-prod"}}"#;
    assert_eq!(found(exempt, &[existing]), None);
}

#[test]
fn more_names_of_specs_than_a_tag_takes_are_refused_before_anything_is_written() {
    let mut world = World::with_source("orders-prod");
    let role = "prod/role/s3ferry-orders-prod";
    world.make_role("s3ferry-orders-prod", "/s3ferry/");
    let named = |world: &mut World, count: usize| {
        let names: Vec<String> = (0..count)
            .map(|number| format!("a-spec-with-a-long-name-{number:06}"))
            .collect();
        let Some(Document::Role(mut live)) = world.get(role) else {
            panic!("the role was made")
        };
        live.tags.insert("s3ferry:spec".to_owned(), names.join(" "));
        world.set(role, Document::Role(live));
    };
    let adopted = (
        "guards: {}",
        "guards: { adopt: [ prod/role/s3ferry-orders-prod ] }",
    );
    named(&mut world, 8);
    let conflicts = |world: &World| {
        let found = world.plan(&spec(&[adopted])).findings.into_iter();
        let found = found.filter(|finding| finding.level == FindingLevel::Blocked);
        found
            .map(|finding| (finding.code, finding.help))
            .collect::<Vec<_>>()
    };
    assert_eq!(conflicts(&world), [], "255 characters");
    named(&mut world, 9);
    let refused = conflicts(&world);
    assert_eq!(refused.len(), 1);
    let (code, help) = &refused[0];
    assert!(
        code == "too-large" && help.contains("a-spec-with-a-long-name-000008"),
        "{help}"
    );
}

#[test]
fn a_public_policy_that_s3_takes_no_more_is_foreseen_when_a_spec_leaves() {
    let mut world = with_policy(LIST);
    let existing = ("create: true", "create: false");
    world.converge(&spec(&[existing]));
    let policy = "archive/bucket/orders-archive/policy";
    let public = OPEN.replace(r#"{"AWS":"arn:aws:iam::333333333333:root"}"#, r#""*""#);
    world.edit_policy(policy, |text| {
        text.replace("\"Statement\":[", &format!("\"Statement\":[{public},"))
    });
    let found = |world: &World, spec: &s3ferry_core::spec::Spec| {
        let findings = world.plan(spec).findings.into_iter();
        let mut public = findings.filter(|finding| finding.code == "policy-public");
        public.next()
    };
    let gone = world::no_migrations(9);
    assert_eq!(found(&world, &gone), None, "nothing blocks it");
    let block = s3ferry_core::model::kinds::PublicAccessBlock::ALL;
    world.set(
        "archive/bucket/orders-archive/public-access-block",
        Document::PublicAccess(block),
    );
    let refused = found(&world, &gone).expect("S3 would refuse the rest of the policy");
    assert_eq!(refused.level, FindingLevel::Blocked);
    assert!(
        refused.message.contains("cannot be taken out"),
        "{}",
        refused.message
    );
    // The advice, followed literally.
    let line = refused
        .help
        .split_once("add to the spec: defaults: { guards: { ");
    let adopt = line.expect("a line").1.split_once(']').expect("a list").0;
    let adopt = format!("{adopt}], max_deletes");
    let left = world::no_migrations_with(&adopt, 9);
    world.converge(&left);
    assert!(world.policy_text(policy).contains(LIST));
    assert!(!world.policy_text(policy).contains(&public));
}

#[test]
fn the_description_of_an_adopted_role_goes_with_its_last_tag() {
    let mut world = World::with_source("orders-prod");
    world.make_role("s3ferry-orders-prod", "/service-role/");
    let role = "prod/role/s3ferry-orders-prod";
    let says = |world: &World| match world.get(role) {
        Some(Document::Role(live)) => live.description,
        other => panic!("{other:?}"),
    };
    world.converge(&spec(&[(
        "guards: {}",
        "guards: { adopt: [ prod/role/s3ferry-orders-prod ] }",
    )]));
    assert_eq!(says(&world).as_deref(), Some("s3ferry spec: default."));
    let gone = world::no_migrations(9);
    let plan = world.plan(&gone);
    let steps = plan.steps.iter().map(|step| step.id.0.as_str());
    let of_role: Vec<&str> = steps.filter(|id| id.starts_with(role)).collect();
    assert_eq!(
        of_role,
        [&format!("{role}#shrink"), &format!("{role}/policy")],
        "while its tags lead to what is left, the list of roles finds it"
    );
    world.converge(&gone);
    assert_eq!(says(&world), None);
}

#[test]
fn a_canary_waits_for_its_own_migration_only() {
    let mut world = World::with_source("orders-prod");
    world.make_source("invoices-prod");
    let plan = world.plan(&world::two_migrations());
    let canary = plan
        .steps
        .iter()
        .find(|step| step.id.0.starts_with("orders/canary/"));
    let needs: Vec<&str> = canary
        .unwrap()
        .needs
        .iter()
        .map(|id| id.0.as_str())
        .collect();
    assert!(
        needs.iter().any(|id| id.starts_with("prod/role/")),
        "{needs:?}"
    );
    let foreign: Vec<_> = needs.iter().filter(|id| id.contains("invoices")).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

#[test]
fn the_same_input_gives_the_same_plan() {
    let world = World::with_source("orders-prod");
    let spec = spec(&[]);
    assert_eq!(world.plan(&spec), world.plan(&spec));
}

#[test]
fn order_has_no_cycle_and_every_need_is_a_step() {
    let world = World::with_source("orders-prod");
    let plan = world.plan(&spec(&[]));
    assert_eq!(world::order(&plan).len(), plan.steps.len());
}

#[test]
fn a_role_stays_while_foreign_rules_run_under_it() {
    let mut world = World::with_source("orders-prod");
    world.make_source("invoices-prod");
    world.converge(&world::two_migrations());
    world.edit_replication("invoices-prod", |live| {
        live.rules.push(world::foreign_rule("theirs", 700));
    });
    let plan = world.plan(&spec(&[("guards: {}", "guards: { max_deletes: 20 }")]));
    assert!(plan.is_blocked());
    let codes: Vec<&str> = plan
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect();
    assert!(codes.contains(&"role-foreign-rules"), "{codes:?}");
    assert!(
        plan.steps
            .iter()
            .all(|step| !step.id.0.starts_with("prod/role/s3ferry-invoices"))
    );
}

#[test]
fn a_policy_with_a_deleted_principal_of_others_is_not_written() {
    let mut world = World::with_source("orders-prod");
    world.make_destination("orders-archive");
    let dangling = r#"{"Version":"2012-10-17","Statement":{"Sid":"Old","Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEEXAMPLE123"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::orders-archive/*"}}"#;
    let policy = Document::BucketPolicy(Policy::read(dangling.to_owned()));
    world.set("archive/bucket/orders-archive/policy", policy);
    let plan = world.plan(&spec(&[("create: true", "create: false")]));
    let finding = plan
        .findings
        .iter()
        .find(|finding| finding.code == "policy-deleted-principal");
    assert!(
        finding.is_some_and(|finding| finding.message.contains("Old")),
        "{:?}",
        plan.findings
    );
}

fn adopting(address: &str) -> (&'static str, String) {
    (
        "guards: {}",
        format!("guards: {{ max_deletes: 1, adopt: [\"{address}\"] }}"),
    )
}

fn with_policy(statements: &str) -> World {
    let mut world = World::with_source("orders-prod");
    world.make_destination("orders-archive");
    let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    world.set(
        "archive/bucket/orders-archive/policy",
        Document::BucketPolicy(Policy::read(policy)),
    );
    world
}

const OPEN: &str = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::333333333333:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::orders-archive/*"}"#;
const LIST: &str = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::333333333333:root"},"Action":"s3:ListBucket","Resource":"arn:aws:s3:::orders-archive"}"#;

#[test]
fn an_address_that_nothing_has_is_refused_with_the_nearest_one() {
    let mut world = World::with_source("orders-prod");
    let role = world::role_of("orders-prod");
    world.set_replication("orders-prod", &role, vec![world::foreign_rule("theirs", 7)]);
    let refused = |address: &str| {
        let (from, to) = adopting(address);
        let plan = world.plan(&spec(&[(from, &to)]));
        let found = plan.findings.into_iter();
        let found: Vec<_> = found
            .filter(|finding| finding.code.starts_with("adopt-"))
            .collect();
        found
    };
    let near = refused("prod/bucket/orders-prod/replication/rule/theirz");
    assert!(
        near[0].level == FindingLevel::Blocked && near[0].help.contains("/rule/theirs\""),
        "{near:?}"
    );
    let lost = refused("nowhere/bucket/other-bucket-of-nobody");
    assert_eq!(lost[0].level, FindingLevel::Blocked);
    let left = refused("prod/bucket/orders-prod/replication/rule/a-rule-that-was-replaced");
    assert_eq!((left.len(), left[0].level), (1, FindingLevel::Note));
    for known in [
        "prod/bucket/orders-prod/replication/rule/theirs",
        "archive/bucket/orders-archive",
        "prod/role/s3ferry-orders-prod",
    ] {
        assert_eq!(refused(known), [], "{known}");
    }
}

#[test]
fn a_statement_without_a_sid_is_adopted_by_what_it_says_and_no_other_goes_with_it() {
    let mut world = with_policy(&format!("{OPEN},{LIST}"));
    let existing = ("create: true", "create: false");
    let kept = world.plan(&spec(&[existing])).kept;
    let open = kept
        .iter()
        .find(|kept| kept.value.to_string().contains("GetObject"));
    let (from, to) = adopting(&open.expect("it is kept").address);
    let adopted = spec(&[existing, (from, &to)]);
    let plan = world.plan(&adopted);
    let gone = plan
        .changes
        .iter()
        .filter(|change| change.reason == Reason::Adopted);
    assert_eq!(gone.count(), 1);
    world.apply(&plan);
    let text = world.policy_text("archive/bucket/orders-archive/policy");
    assert!(text.contains(LIST) && !text.contains(OPEN), "{text}");
    world.must_be_settled(&adopted);
    let again = world.plan(&adopted);
    assert!(
        !again.is_blocked(),
        "the address is left behind: {:?}",
        again.findings
    );
}

#[test]
fn of_two_statements_that_say_the_same_only_the_one_that_is_handed_over_goes() {
    let mut world = with_policy(&format!("{OPEN},{LIST},{OPEN}"));
    let existing = ("create: true", "create: false");
    let policy = "archive/bucket/orders-archive/policy";
    let kept = world.plan(&spec(&[existing])).kept;
    let open: Vec<&str> = kept
        .iter()
        .filter(|kept| kept.value.to_string().contains("GetObject"))
        .map(|kept| kept.address.as_str())
        .collect();
    assert_eq!(open.len(), 2);
    let (from, to) = adopting(open[0]);
    let adopted = spec(&[existing, (from, &to)]);
    let plan = world.plan(&adopted);
    let gone: Vec<&str> = plan
        .changes
        .iter()
        .filter(|change| change.reason == Reason::Adopted)
        .map(|change| change.address.as_str())
        .collect();
    assert_eq!(gone, [open[0]]);
    world.apply(&plan);
    world.must_be_settled(&adopted);
    let twins = world.policy_text(policy).matches(OPEN).count();
    assert_eq!(twins, 1, "the other one stays for good");
    // Also where something else changes: the address that is left behind is no slip.
    world.edit_policy(policy, |text| {
        text.replace("ReplicateDelete", "ReplicateTags")
    });
    let plan = world.plan(&adopted);
    assert!(!plan.is_blocked(), "{:?}", plan.findings);
    world.apply(&plan);
    assert_eq!(world.policy_text(policy).matches(OPEN).count(), 1);
}

#[test]
fn a_statement_of_others_that_dangles_is_said_and_can_be_adopted() {
    let mut world = with_policy(LIST);
    let existing = ("create: true", "create: false");
    let spec_of = |more: &[(&str, &str)]| {
        let all: Vec<_> = [existing].iter().chain(more).copied().collect();
        spec(&all)
    };
    world.converge(&spec_of(&[]));
    world.edit_policy("archive/bucket/orders-archive/policy", |text| {
        text.replace("arn:aws:iam::333333333333:root", "AROAEXAMPLEIDOFAROLE1")
    });
    let plan = world.plan(&spec_of(&[]));
    let dangling = plan
        .findings
        .iter()
        .find(|finding| finding.code == "policy-dangling");
    let dangling = dangling.expect("it is said while nothing else changes");
    assert_eq!(dangling.level, FindingLevel::Warning);
    let (from, to) = adopting(&dangling.address);
    let adopted = spec_of(&[(from, &to)]);
    world.converge(&adopted);
    let text = world.policy_text("archive/bucket/orders-archive/policy");
    assert!(!text.contains("AROAEXAMPLEIDOFAROLE1"), "{text}");
}

#[test]
fn a_rule_that_another_one_goes_on_with_does_not_stop_replication() {
    let mut world = World::with_source("orders-prod");
    let role = world::role_of("orders-prod");
    let mut theirs = world::foreign_rule("theirs", 7);
    if let Some(to) = &mut theirs.destination {
        to.bucket = "arn:aws:s3:::orders-archive".to_owned();
    }
    theirs.filter = Some(Filter::Prefix("hot/".to_owned()));
    world.set_replication("orders-prod", &role, vec![theirs.clone()]);
    let (from, to) = adopting("prod/bucket/orders-prod/replication/rule/theirs");
    let replaced = spec(&[(from, &to)]);
    let risk = |world: &World, spec| {
        let plan = world.plan(spec);
        let gone = plan
            .changes
            .iter()
            .find(|change| change.address.ends_with("/rule/theirs"));
        gone.expect("it is deleted").risk.clone()
    };
    let said = risk(&world, &replaced);
    assert_eq!((said.level, said.notes.len()), (RiskLevel::Medium, 1));
    theirs.filter = Some(Filter::Prefix(String::new()));
    world.set_replication("orders-prod", &role, vec![theirs]);
    let said = risk(&world, &replaced);
    assert_eq!(said.level, RiskLevel::High, "other objects than hot/ stop");
}

/// A rule of others for everything, to the bucket that the spec writes to.
fn wide(priority: i32) -> s3ferry_core::model::kinds::replication::Rule {
    let mut rule = world::foreign_rule("theirs", priority);
    if let Some(to) = &mut rule.destination {
        to.bucket = "arn:aws:s3:::orders-archive".to_owned();
    }
    rule.filter = Some(Filter::Prefix("hot/eu/".to_owned()));
    rule
}

#[test]
fn a_rule_that_would_take_objects_from_others_is_refused_and_fits_below_a_higher_one() {
    let mut world = World::with_source("orders-prod");
    let role = world::role_of("orders-prod");
    world.set_replication("orders-prod", &role, vec![wide(0)]);
    let refused = world.plan(&spec(&[]));
    let found = refused
        .findings
        .iter()
        .find(|finding| finding.code == "rule-takes-over");
    let found = found.expect("nothing fits below 0");
    assert_eq!(found.level, FindingLevel::Blocked);
    assert!(
        found.message.contains("theirs (priority 0)"),
        "{}",
        found.message
    );
    // The advice, followed literally.
    assert!(found.help.contains("1000"), "{}", found.help);
    world.set_replication("orders-prod", &role, vec![wide(1000)]);
    world.converge(&spec(&[]));
    let hot = world
        .rule("orders-prod", "s3ferry/default/orders/hot")
        .expect("it is there");
    assert!(hot.priority < Some(1000));
}

#[test]
fn rules_stand_in_the_order_of_the_spec_behind_those_of_others() {
    let mut world = World::with_source("orders-prod");
    let role = world::role_of("orders-prod");
    world.set_replication("orders-prod", &role, vec![world::foreign_rule("theirs", 7)]);
    let (hot, cold) = (
        "      - { id: hot, prefix: hot/, tags: {}, delete_markers: mirror, storage_class: STANDARD_IA }\n",
        world::COLD_RULE,
    );
    let turned = format!("{cold}{hot}");
    let both = format!("{hot}{cold}");
    let ids = |world: &World| -> Vec<String> {
        let rules = world.replication("orders-prod").rules.into_iter();
        rules
            .filter_map(|rule| rule.id)
            .map(|id| id.replace("s3ferry/default/orders/", ""))
            .collect()
    };
    world.converge(&spec(&[]));
    assert_eq!(ids(&world), ["theirs", "hot", "cold"]);
    world.converge(&spec(&[(&both, &turned), ("STANDARD_IA", "GLACIER_IR")]));
    assert_eq!(ids(&world), ["theirs", "cold", "hot"]);
}

#[test]
fn what_our_markers_lead_to_in_an_account_that_the_spec_lost_is_named() {
    let mut world = World::with_source("orders-prod");
    world.converge(&spec(&[]));
    let moved = spec(&[
        ("222222222222", "333333333333"),
        ("bucket: orders-archive", "bucket: orders-elsewhere"),
    ]);
    let plan = world.plan(&moved);
    let unseen = plan
        .findings
        .iter()
        .find(|finding| finding.code == "left-unseen");
    let unseen = unseen.expect("the old account is named");
    assert!(
        unseen.message.contains("orders-archive") && unseen.help.contains("222222222222"),
        "{unseen:?}"
    );
}

#[test]
fn grants_that_a_rule_of_others_runs_on_are_not_taken_away() {
    let mut world = World::with_source("orders-prod");
    world.converge(&spec(&[]));
    world.edit_replication("orders-prod", |live| live.rules.push(wide(900)));
    let still = world.plan(&spec(&[]));
    assert!(!still.is_blocked(), "{:?}", still.findings);
    let narrower = spec(&[("prefix: hot/", "prefix: warm/")]);
    let refused = world.plan(&narrower);
    let found = refused
        .findings
        .iter()
        .find(|finding| finding.code == "rule-loses-grants");
    let found = found.expect("hot/eu/ is not granted any more");
    assert_eq!(found.level, FindingLevel::Blocked);
    assert!(found.address.ends_with("/rule/theirs"), "{}", found.address);
}

#[test]
fn a_statement_that_still_grants_to_somebody_is_not_handed_over_for_removal() {
    let both = LIST.replace(
        r#""arn:aws:iam::333333333333:root""#,
        r#"["AROAEXAMPLEIDOFAROLE1","arn:aws:iam::333333333333:root"]"#,
    );
    let mut world = with_policy(&both);
    world.make_role("unused", "/");
    let plan = world.plan(&spec(&[
        ("create: true", "create: false"),
        ("phase: replicate", "phase: prepare"),
    ]));
    let blocked = plan
        .findings
        .iter()
        .any(|finding| finding.code == "policy-deleted-principal");
    assert!(
        blocked,
        "it is in the way of our statements: {:?}",
        plan.findings
    );
    let document = s3ferry_core::policy::PolicyDocument::parse(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{both}]}}"#
    ));
    assert!(!document.expect("a policy").statements()[0].grants_to_nobody());
}

#[test]
fn an_address_that_was_taken_over_is_left_behind_without_harm() {
    let mut world = World::with_source("orders-prod");
    let role = world::role_of("orders-prod");
    let rules =
        ["dr-1", "dr-2"].map(|id| world::foreign_rule(id, if id == "dr-1" { 7 } else { 8 }));
    world.set_replication("orders-prod", &role, rules.to_vec());
    let (from, to) = adopting("prod/bucket/orders-prod/replication/rule/dr-1");
    let adopted = spec(&[(from, &to)]);
    world.converge(&adopted);
    let again = world.plan(&adopted);
    assert!(!again.is_blocked(), "{:?}", again.findings);
    assert!(
        again
            .findings
            .iter()
            .any(|finding| finding.code == "adopt-leftover")
    );
}

#[test]
fn whatever_a_canary_needs_of_the_source_is_looked_for_among_its_denies() {
    let denied = |action: &str, more: &str, tags: &str| {
        let mut world = World::with_source("orders-prod");
        let resource = if action == "s3:ListBucketVersions" {
            ""
        } else {
            "/*"
        };
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"No","Effect":"Deny","Principal":"*","Action":"{action}","Resource":"arn:aws:s3:::orders-prod{resource}"{more}}}]}}"#
        );
        world.set(
            "prod/bucket/orders-prod/policy",
            Document::BucketPolicy(Policy::read(policy)),
        );
        let plan = world.plan(&spec(&[(
            "prefix: hot/, tags: {}, delete_markers: mirror",
            tags,
        )]));
        let codes = plan.findings.iter().map(|finding| finding.code.as_str());
        codes.filter(|code| *code == "canary-put-denied").count()
    };
    let (mirror, tagged) = (
        "prefix: hot/, tags: {}, delete_markers: mirror",
        "prefix: hot/, tags: { class: hot }, delete_markers: keep",
    );
    let written_once = r#","Condition":{"Null":{"s3:if-none-match":"true"}}"#;
    let never_once = r#","Condition":{"Null":{"s3:if-none-match":"false"}}"#;
    let known = r#","Condition":{"Null":{"s3:if-match":"true"}}"#;
    assert_eq!(denied("s3:PutObjectTagging", "", tagged), 1);
    assert_eq!(denied("s3:PutObjectTagging", "", mirror), 0);
    assert_eq!(denied("s3:DeleteObject", "", mirror), 1);
    assert_eq!(denied("s3:DeleteObject", "", tagged), 0);
    assert!(denied("s3:ListBucketVersions", "", mirror) > 0);
    assert_eq!(denied("s3:PutObject", written_once, mirror), 0);
    assert!(denied("s3:PutObject", never_once, mirror) > 0);
    assert!(denied("s3:PutObject", known, mirror) > 0);
    assert_eq!(denied("s3:GetObject", "", mirror), 0);
}

#[test]
fn what_cannot_be_looked_at_is_not_asked_for_again() {
    // Whatever is asked for over and over keeps a survey from the questions that come last.
    let spec = spec(&[]);
    let first = reads::first(&spec);
    let mut observed = Observed::default();
    for target in &first {
        let why = OutOfReach::Elsewhere("PermanentRedirect".to_owned());
        observed.set_aside(target.clone(), why);
        let more = reads::following(&spec, &Scope::All, &observed);
        assert!(!more.contains(target), "{target}");
    }
}

/// Each target of the test buckets and roles, with two documents that it may hold.
fn pairs() -> impl Strategy<Value = Vec<GivenBack>> {
    let of = |kind| {
        let held = || proptest::option::of(strategies::document_of(kind));
        (held(), held()).prop_map(move |(live, kept)| GivenBack {
            target: strategies::target_of(kind),
            live,
            kept,
        })
    };
    strategies::KINDS.map(of).to_vec()
}

proptest! {
    #[test]
    fn whatever_is_given_back_has_an_order_and_ends_as_it_was_kept(documents in pairs()) {
        let restoration = give_back(&spec(&[]), &documents);
        let mut done = std::collections::BTreeSet::new();
        let mut open: Vec<_> = restoration.steps.iter().collect();
        while !open.is_empty() {
            let (ready, rest): (Vec<_>, Vec<_>) =
                open.iter().copied().partition(|step| step.needs.is_subset(&done));
            prop_assert!(!ready.is_empty(), "a circle: {rest:#?}");
            done.extend(ready.into_iter().map(|step| step.id.clone()));
            open = rest;
        }
        for of in &documents {
            let of_target = |step: &&s3ferry_core::plan::Step| {
                matches!(&step.work, Work::Write(write) if write.target == of.target)
            };
            let last = restoration.steps.iter().rfind(of_target);
            let Some(Work::Write(last)) = last.map(|step| &step.work) else {
                let takes = |step: &s3ferry_core::plan::Step| {
                    matches!(&step.work, Work::Write(write) if write.takes_along().as_ref() == Some(&of.target))
                };
                let is_taken = restoration.steps.iter().any(takes);
                prop_assert!(is_taken || same(of.live.as_ref(), of.kept.as_ref()));
                continue;
            };
            prop_assert!(same(last.after.as_ref(), of.kept.as_ref()));
        }
    }
}

#[test]
fn an_edit_is_done_again_beside_what_came_since_and_else_is_what_they_made() {
    let target = Target::Bucket(build::destination(), BucketPart::Policy);
    let policy = |sids: &[&str]| {
        let statement = |sid: &&str| {
            format!(
                r#"{{"Sid":"{sid}","Effect":"Deny","Principal":"*","Action":"s3:{sid}","Resource":"*"}}"#
            )
        };
        let statements: Vec<String> = sids.iter().map(statement).collect();
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
            statements.join(",")
        );
        Some(Document::BucketPolicy(Policy::read(text)))
    };
    let again = |was: &[&str], seen: &[&str], live: &[&str]| {
        let [was, seen, live] = [was, seen, live].map(policy);
        done_again(&target, [was.as_ref(), seen.as_ref(), live.as_ref()])
    };
    for (was, seen, live, ends) in [
        (
            &["Base"][..],
            &["Base", "Theirs"][..],
            &["Base", "Ours"][..],
            &["Base", "Ours", "Theirs"][..],
        ),
        (
            &["Base", "Old"],
            &["Base"],
            &["Base", "Old", "Ours"],
            &["Base", "Ours"],
        ),
        (
            &["Base"],
            &["Base", "Theirs"],
            &["Base", "Theirs"],
            &["Base", "Theirs"],
        ),
    ] {
        let found = again(was, seen, live);
        assert!(same(found.as_ref(), policy(ends).as_ref()), "{found:#?}");
    }
    // Of one piece: it is what they had made.
    let ownership = |text: &str| {
        Some(Document::Ownership(
            s3ferry_core::model::kinds::ObjectOwnership::parse(text),
        ))
    };
    let target = Target::Bucket(build::destination(), BucketPart::Ownership);
    let [was, seen, live] = [
        "ObjectWriter",
        "BucketOwnerPreferred",
        "BucketOwnerEnforced",
    ]
    .map(ownership);
    let found = done_again(&target, [was.as_ref(), seen.as_ref(), live.as_ref()]);
    assert_eq!(found, seen);
}

#[test]
fn a_part_does_not_come_back_without_its_whole() {
    let part = |target, kept| GivenBack {
        target,
        live: None,
        kept,
    };
    let policy = Some(build::bucket_policy(&build::destination(), "Theirs"));
    let of_bucket = part(
        Target::Bucket(build::destination(), BucketPart::Policy),
        policy,
    );
    assert!(of_bucket.obstacle(false).is_some());
    assert!(of_bucket.obstacle(true).is_none());
    let grants = Some(build::role_policy(&build::destination()));
    let of_role = part(Target::Role(build::role("r"), RolePart::Policy), grants);
    assert!(
        of_role
            .obstacle(false)
            .is_some_and(|it| it.way_out.contains("role"))
    );
    assert!(of_role.obstacle(true).is_none());
    let nothing = part(of_role.target, None);
    assert!(nothing.obstacle(false).is_none());
    // Every bucket has it: S3 does not let it be absent, and the write would never be read back.
    let encryption = Target::Bucket(build::destination(), BucketPart::Encryption);
    assert!(part(encryption, None).obstacle(true).is_some());
}
