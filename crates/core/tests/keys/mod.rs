//! Keys: what plans say of them, and what they write into their policies.

mod usable;

use s3ferry_core::format::{Finding, FindingLevel, Reason};
use s3ferry_core::ids::Arn;
use s3ferry_core::model::kinds::{Document, Grants, Policy};
use s3ferry_core::model::{KeyPart, KeyRef, Target};
use s3ferry_core::permissions::{Purpose, least};
use s3ferry_core::plan::Plan;
use s3ferry_core::policy::Grant;
use s3ferry_core::scope::Scope;
use s3ferry_core::spec::{Create, Encryption, Spec};

use crate::world::{World, key, key_policy, no_migrations, order, role_of, spec};

const SOURCE: &str = "arn:aws:kms:eu-west-1:111111111111:key/aaaa";
const REPLICA: &str = "arn:aws:kms:eu-central-1:222222222222:key/bbbb";
const OTHER: &str = "arn:aws:kms:eu-central-1:222222222222:key/cccc";

fn with_keys(replica: &str, writes: bool) -> Spec {
    let rule = format!(
        "delete_markers: keep, source_kms: {{ keys: [\"{SOURCE}\"], replica_key: \"{replica}\" }} }}"
    );
    let kms = format!("create: true, kms: {{ write_policy: {writes} }} }}");
    spec(&[("delete_markers: keep }", &rule), ("create: true }", &kms)])
}

fn world() -> World {
    World::with_source("orders-prod")
}

fn policy_at(of: &KeyRef) -> Target {
    Target::Key(of.clone(), KeyPart::Policy)
}

/// The keys' policies grant the role nothing by themselves.
fn closed() -> World {
    let mut world = world();
    for arn in [SOURCE, REPLICA, OTHER] {
        let key = key(arn);
        let audit = r#"{"Sid":"Aud\u0069t", "Effect":"Allow","Principal":{"AWS":"333333333333"},"Action":"kms:DescribeKey","Resource":"*"}"#;
        world.set_at(policy_at(&key), key_policy(&key, &[audit]));
    }
    world
}

fn coded<'a>(plan: &'a Plan, code: &str) -> Vec<&'a Finding> {
    let findings = plan.findings.iter();
    findings.filter(|of| of.code == code).collect()
}

fn place(order: &[String], step: &str) -> usize {
    let found = order.iter().position(|of| of == step);
    found.unwrap_or_else(|| panic!("{step} is not among {order:#?}"))
}

#[test]
fn what_a_policy_does_not_grant_blocks_and_the_advice_is_what_is_missing() {
    let mut world = closed();
    let spec = with_keys(REPLICA, false);
    let plan = world.plan(&spec);
    let found = coded(&plan, "key-grants-nothing");
    let addresses: Vec<&str> = found.iter().map(|of| of.address.as_str()).collect();
    assert_eq!(
        addresses,
        [
            "archive/key/eu-central-1/bbbb/policy",
            "prod/key/eu-west-1/aaaa/policy"
        ]
    );
    assert!(found.iter().all(|of| of.level == FindingLevel::Blocked));
    assert!(plan.steps.iter().all(|step| !step.id.0.contains("/key/")));
    for (finding, arn) in found.into_iter().zip([REPLICA, SOURCE]) {
        let statement = finding.help.lines().next().expect("the statement");
        let key = key(arn);
        world.set_at(policy_at(&key), key_policy(&key, &[statement]));
    }
    world.converge(&spec);
    assert_eq!(
        coded(&world.plan(&spec), "key-grant-unsure"),
        Vec::<&Finding>::new()
    );
}

/// Grants to the replication role on both keys.
fn granted(operations: &[&str]) -> Document {
    let grant = Grant {
        grantee: "arn:aws:iam::111111111111:role/s3ferry/s3ferry-orders-prod".to_owned(),
        operations: operations.iter().map(|of| (*of).to_owned()).collect(),
        context: [].into(),
    };
    Document::Grants(Grants {
        all: [grant].into(),
        has_more: false,
    })
}

/// What a grant lets the role do needs no statement; nobody asks for grants where the policy lets it in, or will.
#[test]
fn what_a_grant_gives_is_not_missing() {
    let spec = with_keys(REPLICA, false);
    let grants_of = |arn: &str| Target::Key(key(arn), KeyPart::Grants);
    let mut world = closed();
    for arn in [SOURCE, REPLICA] {
        world.set_at(
            grants_of(arn),
            granted(&["Decrypt", "Encrypt", "GenerateDataKey"]),
        );
    }
    let plan = world.plan(&spec);
    assert!(
        coded(&plan, "key-grants-nothing").is_empty(),
        "{:#?}",
        plan.findings
    );
    assert!(coded(&plan, "key-grant-unsure").is_empty());
    assert!(!plan.is_blocked());
    // The plan rests on them: without the grant every object fails.
    assert!(plan.fingerprints.keys().any(|of| of.ends_with("/grants")));

    world.set_at(grants_of(REPLICA), granted(&["Decrypt"]));
    let plan = world.plan(&spec);
    let [found] = coded(&plan, "key-grants-nothing")[..] else {
        panic!("{:#?}", plan.findings);
    };
    assert_eq!(found.level, FindingLevel::Blocked);
    assert!(
        !found.message.contains("a grant of the key may"),
        "{}",
        found.message
    );

    world.denied.insert(grants_of(REPLICA));
    let plan = world.plan(&spec);
    let [found] = coded(&plan, "key-grants-nothing")[..] else {
        panic!("{:#?}", plan.findings);
    };
    assert!(
        found.message.contains("a grant of the key may"),
        "{}",
        found.message
    );
    assert!(found.help.contains("kms:ListGrants"), "{}", found.help);

    let written = world.plan(&with_keys(REPLICA, true));
    assert!(
        !written
            .fingerprints
            .keys()
            .any(|of| of.ends_with("/grants"))
    );
}

/// The permission is asked for where a policy may be left as it is, and nowhere else.
#[test]
fn grants_may_be_listed_where_policies_are_left_alone() {
    let may = |writes: bool| {
        let callers = least(&with_keys(REPLICA, writes), &Scope::All, Purpose::Plan);
        let policies = callers.iter().flat_map(|of| &of.policies);
        let mut statements = policies.flat_map(|policy| policy.statements());
        statements.any(|of| {
            of.actions()
                .listed()
                .iter()
                .any(|of| of == "kms:ListGrants")
        })
    };
    assert!(may(false) && !may(true));
}

#[test]
fn our_statements_come_before_the_rules_and_leave_the_others_as_they_are() {
    let mut world = closed();
    let spec = with_keys(REPLICA, true);
    let plan = world.plan(&spec);
    let order = order(&plan);
    let rules = place(&order, "prod/bucket/orders-prod/replication");
    let role = place(&order, "prod/role/s3ferry-orders-prod");
    let before: Vec<String> = [SOURCE, REPLICA]
        .map(|arn| world.key_policy_text(&key(arn)))
        .into();
    for step in [
        "prod/key/eu-west-1/aaaa/policy",
        "archive/key/eu-central-1/bbbb/policy",
    ] {
        let place = place(&order, step);
        assert!(role < place && place < rules, "{order:#?}");
    }
    world.converge(&spec);
    for (arn, before) in [SOURCE, REPLICA].iter().zip(before) {
        let after = world.key_policy_text(&key(arn));
        let theirs = before
            .split_once("\"Statement\":[")
            .and_then(|(_, rest)| rest.strip_suffix("]}"))
            .expect("statements");
        for statement in theirs.split(" ,") {
            assert!(after.contains(statement), "{after}");
        }
        assert!(after.contains(&role_of("orders-prod")), "{after}");
    }
    world.reformat();
    world.must_be_settled(&spec);
}

#[test]
fn a_key_that_left_the_rules_is_left_after_them() {
    let mut world = closed();
    world.converge(&with_keys(REPLICA, true));
    let spec = with_keys(OTHER, true);
    let plan = world.plan(&spec);
    let order = order(&plan);
    let rules = place(&order, "prod/bucket/orders-prod/replication");
    assert!(place(&order, "archive/key/eu-central-1/cccc/policy") < rules);
    let left = place(&order, "archive/key/eu-central-1/bbbb/policy#shrink");
    assert!(rules < left, "{order:#?}");
    assert!(left < place(&order, "prod/role/s3ferry-orders-prod/policy#shrink"));
    world.apply(&plan);
    world.must_be_settled(&spec);
    assert!(!world.key_policy_text(&key(REPLICA)).contains("S3FerrySpec"));
    // Gone altogether: the role's policy leads to the rest.
    world.converge(&no_migrations(9));
    for arn in [SOURCE, OTHER] {
        let text = world.key_policy_text(&key(arn));
        assert!(
            !text.contains("S3FerrySpec") && text.contains("Aud"),
            "{text}"
        );
    }
}

#[test]
fn statements_stay_where_the_spec_no_longer_says_that_they_are_written() {
    let mut world = closed();
    world.converge(&with_keys(REPLICA, true));
    let before = world.key_policy_text(&key(REPLICA));
    world.converge(&with_keys(REPLICA, false));
    assert_eq!(world.key_policy_text(&key(REPLICA)), before);
}

#[test]
fn a_policy_that_would_lock_out_who_administers_the_key_is_not_written() {
    let world = closed();
    let spec = |text: &str| {
        let mut spec = with_keys(REPLICA, true);
        spec.guards.adopt = vec![text.to_owned()];
        spec
    };
    let plan = world.plan(&spec(
        "archive/key/eu-central-1/bbbb/policy/statement/Admin",
    ));
    let found = coded(&plan, "key-policy-locks-out");
    assert_eq!(found.len(), 1, "{:#?}", plan.findings);
    assert!(
        found[0].message.contains("222222222222"),
        "{}",
        found[0].message
    );
    let plan = world.plan(&spec(
        "archive/key/eu-central-1/bbbb/policy/statement/Audit",
    ));
    assert!(!plan.is_blocked(), "{:#?}", plan.findings);
}

#[test]
fn who_may_administer_a_key_under_a_condition_only_is_locked_out_too() {
    let root = "arn:aws:iam::222222222222:root";
    let with_mfa = format!(
        r#"{{"Sid":"WithMfa","Effect":"Allow","Principal":{{"AWS":"{root}"}},"Action":"kms:*","Resource":"*","Condition":{{"Bool":{{"aws:MultiFactorAuthPresent":"true"}}}}}}"#
    );
    let mut world = closed();
    let key = key(REPLICA);
    world.set_at(policy_at(&key), key_policy(&key, &[&with_mfa]));
    let mut spec = with_keys(REPLICA, true);
    let mut blocked = |statement: &str| {
        spec.guards.adopt = vec![format!(
            "archive/key/eu-central-1/bbbb/policy/statement/{statement}"
        )];
        let plan = world.plan(&spec);
        coded(&plan, "key-policy-locks-out").len()
    };
    assert_eq!(blocked("Admin"), 1);
    assert_eq!(blocked("WithMfa"), 0);
}

#[test]
fn a_role_that_was_made_again_is_named_anew() {
    let mut world = closed();
    let spec = with_keys(REPLICA, true);
    world.converge(&spec);
    let key = key(REPLICA);
    let text = world.key_policy_text(&key);
    let broken = text.replace(&role_of("orders-prod"), "AROAEXAMPLEEXAMPLE123");
    world.set_at(policy_at(&key), Document::KeyPolicy(Policy::read(broken)));
    let plan = world.plan(&spec);
    let reasons: Vec<Reason> = plan.changes.iter().map(|of| of.reason).collect();
    assert_eq!(reasons, [Reason::BrokenPrincipal]);
    world.converge(&spec);
    assert_eq!(world.key_policy_text(&key), text);
}

#[test]
fn a_principal_of_others_that_is_gone_is_told_before_it_is_in_the_way() {
    let gone = r#"{"Sid":"Gone","Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEEXAMPLE123"},"Action":"kms:Encrypt","Resource":"*"}"#;
    let mut world = closed();
    let key = key(REPLICA);
    world.set_at(policy_at(&key), key_policy(&key, &[gone]));
    let address = "archive/key/eu-central-1/bbbb/policy/statement/Gone";
    let read = world.plan(&with_keys(REPLICA, false));
    assert_eq!(coded(&read, "policy-dangling")[0].address, address);
    let written = world.plan(&with_keys(REPLICA, true));
    let conflict = coded(&written, "policy-deleted-principal");
    assert!(conflict[0].help.contains(address), "{}", conflict[0].help);
    let mut spec = with_keys(REPLICA, true);
    spec.guards.adopt = vec![address.to_owned()];
    world.converge(&spec);
}

#[test]
fn a_key_that_may_not_be_looked_at_is_said_and_blocks_only_where_it_is_to_be_written() {
    let mut world = closed();
    world.denied.insert(policy_at(&key(REPLICA)));
    for (writes, level) in [
        (false, FindingLevel::Warning),
        (true, FindingLevel::Blocked),
    ] {
        let plan = world.plan(&with_keys(REPLICA, writes));
        let found = coded(&plan, "key-policy-unchecked");
        assert_eq!(found.len(), 1, "{:#?}", plan.findings);
        assert_eq!(found[0].level, level);
        assert!(
            found[0].help.contains("kms:GenerateDataKey"),
            "{}",
            found[0].help
        );
    }
}

/// Only what is not encrypted at all would be under the default key: the plan goes on, and leaves the policy that nobody saw alone.
#[test]
fn a_default_key_that_may_not_be_looked_at_does_not_stop_the_rest() {
    let mut world = closed();
    world.denied.insert(policy_at(&key(OTHER)));
    let mut spec = with_keys(REPLICA, true);
    let migration = spec.migrations.values_mut().next().expect("a migration");
    migration.destination.create = Create::Yes(Encryption::SseKms {
        key: Arn::new(OTHER).expect("an ARN"),
        bucket_key: true,
    });
    let plan = world.plan(&spec);
    let found = coded(&plan, "key-policy-unchecked");
    assert_eq!(found.len(), 1, "{:#?}", plan.findings);
    assert_eq!(found[0].level, FindingLevel::Warning);
    assert!(!plan.is_blocked(), "{:#?}", plan.findings);
    let written = order(&plan);
    assert!(
        !written.iter().any(|step| step.contains("/cccc/")),
        "{written:#?}"
    );
    assert!(
        written.iter().any(|step| step.contains("/bbbb/")),
        "{written:#?}"
    );
}
