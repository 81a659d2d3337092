//! Proofs of alarms: what is put up for one comes after everything else, goes when it is made, and is nobody's desired state.

use s3ferry_core::format::{Action, RiskLevel};
use s3ferry_core::goals::{AlarmGoal, Goal};
use s3ferry_core::model::kinds::{Document, ReplicationConfiguration};
use s3ferry_core::model::{RolePart, Target};
use s3ferry_core::permissions::{Purpose, least};
use s3ferry_core::plan::{Plan, Work};
use s3ferry_core::scope::Scope;
use s3ferry_core::spec::Spec;

use super::super::world::{World, finding, order, parse, spec};
use super::{NONE, alarms, edit, world};

const PROVE: &str = r#"monitoring: { prove: true, notify: { source: ["arn:aws:sns:eu-west-1:111111111111:ops"], destination: ["arn:aws:sns:eu-central-1:111111111111:ops"] } }"#;
const ACCOUNTS: &str = r#"version: 1
accounts:
  prod: { id: "111111111111", region: eu-west-1 }
  archive: { id: "222222222222", region: eu-central-1, profile: archive }
migrations:
"#;
const OF_PROOFS: &str = "s3ferry-prove-";

fn proving() -> Spec {
    spec(&[(NONE, PROVE)])
}

fn watched() -> Spec {
    let said = PROVE.replace("prove: true, ", "");
    spec(&[(NONE, said.as_str())])
}

/// Applies the steps of a plan up to the proof, as a run does that ends while the alarm is not raised.
fn wait_for_proof(world: &mut World, plan: &Plan) {
    let mut cut = plan.clone();
    cut.steps.retain(|step| {
        let is_proof = matches!(&step.work, Work::Prove(goal) if matches!(&**goal, Goal::Alarm(_)));
        !is_proof && !step.id.0.ends_with("#take-down")
    });
    world.apply(&cut);
}

/// The rules of the source, and where they are.
fn rules(world: &World) -> (Target, ReplicationConfiguration) {
    let found = world.targets().find_map(|target| match world.held(target) {
        Some(Document::Replication(live)) => Some((target.clone(), live.clone())),
        _ => None,
    });
    found.expect("the rules")
}

/// The proof that a plan makes.
fn proof(plan: &Plan) -> Option<&AlarmGoal> {
    plan.steps.iter().find_map(|step| match &step.work {
        Work::Prove(goal) => match &**goal {
            Goal::Alarm(goal) => Some(&**goal),
            Goal::Canary(_) | Goal::Backfill(_) | Goal::Checksums(_) => None,
        },
        Work::Write(_) | Work::Sweep(_) => None,
    })
}

/// Whether its alarm was up before.
fn is_up(plan: &Plan) -> Option<bool> {
    proof(plan).map(|goal| goal.is_up)
}

/// What of a proof is there.
fn put_up(world: &World) -> Vec<String> {
    let mut found: Vec<String> = alarms(world)
        .iter()
        .map(|at| at.name.to_string())
        .filter(|name| name.contains(OF_PROOFS))
        .collect();
    for target in world.targets() {
        match world.held(target) {
            Some(Document::Replication(live)) => {
                let ids = live.rules.iter().filter_map(|rule| rule.id.clone());
                found.extend(ids.filter(|id| id.contains(OF_PROOFS)));
            }
            Some(Document::RolePolicy(policy)) => {
                let denies = policy.text().contains("Deny");
                found.extend(denies.then(|| target.to_string()));
            }
            Some(_) | None => {}
        }
    }
    found
}

fn proves(plan: &Plan) -> bool {
    plan.changes
        .iter()
        .any(|change| change.address == "orders/alarms/proof" && change.actions == [Action::Prove])
}

#[test]
fn a_proof_is_made_once_and_nothing_of_it_stays() {
    let mut world = world();
    let plan = world.plan(&proving());
    assert!(proves(&plan), "{:#?}", plan.changes);
    world.apply(&plan);
    assert_eq!(put_up(&world), [""; 0]);
    world.must_be_settled(&proving());
}

#[test]
fn what_a_proof_needs_comes_last_and_goes_in_reverse() {
    let world = world();
    let plan = world.plan(&proving());
    let order = order(&plan);
    let place = |end: &str| {
        let found: Vec<usize> = (0..order.len())
            .filter(|at| order[*at].ends_with(end))
            .collect();
        assert!(!found.is_empty(), "{end} in {order:#?}");
        (found[0], found[found.len() - 1])
    };
    let proof = place("orders/alarms/proof").0;
    let (first_up, last_up) = place("#put-up");
    let (first_down, last_down) = place("#take-down");
    assert_eq!(last_up - first_up, 2, "{order:#?}");
    assert_eq!(last_down - first_down, 2, "{order:#?}");
    assert!(place("orders/canary/hot").1 < first_up);
    assert!(last_up < proof && proof < first_down, "{order:#?}");
    assert!(place("role/s3ferry-orders-prod/policy#put-up").0 < place("replication#put-up").0);
    assert!(
        place("replication#take-down").0 < place("role/s3ferry-orders-prod/policy#take-down").0
    );
}

#[test]
fn its_rule_is_above_all_others_and_denied_to_the_role_on_its_prefix_alone() {
    let mut world = world();
    let plan = world.plan(&proving());
    wait_for_proof(&mut world, &plan);
    let (_, rules) = rules(&world);
    let rules = rules.rules;
    let (ours, others): (Vec<_>, Vec<_>) = rules
        .iter()
        .partition(|rule| rule.id.as_deref().is_some_and(|id| id.contains(OF_PROOFS)));
    let [rule] = ours[..] else {
        panic!("{rules:#?}")
    };
    assert!(
        others.iter().all(|other| other.priority < rule.priority),
        "{rules:#?}"
    );
    let (prefix, _) = rule.selects();
    assert!(
        prefix.starts_with(".s3ferry-canary/default/orders/s3ferry-prove-"),
        "{prefix}"
    );
    let role = world
        .targets()
        .find_map(|target| match (target, world.held(target)) {
            (Target::Role(_, RolePart::Policy), Some(Document::RolePolicy(policy))) => Some(policy),
            _ => None,
        });
    let policy = role.and_then(|policy| policy.document()).expect("a policy");
    let denies = policy
        .statements()
        .iter()
        .filter(|of| of.raw().contains("Deny"));
    let denies: Vec<&str> = denies.map(|of| of.raw()).collect();
    let [deny] = denies[..] else {
        panic!("{denies:#?}")
    };
    assert!(
        deny.contains(&format!("arn:aws:s3:::orders-archive/{prefix}*")),
        "{deny}"
    );
    assert!(deny.contains("\"s3:ReplicateObject\""), "{deny}");
}

#[test]
fn a_run_that_waits_is_gone_on_with_and_nothing_of_it_is_changed() {
    let mut world = world();
    let plan = world.plan(&proving());
    wait_for_proof(&mut world, &plan);
    let again = world.plan(&proving());
    assert!(proves(&again));
    assert_eq!((is_up(&plan), is_up(&again)), (Some(false), Some(true)));
    assert_eq!(again.changes.len(), 1, "{:#?}", again.changes);
    let steps: Vec<&str> = again.steps.iter().map(|step| step.id.0.as_str()).collect();
    assert!(
        steps.iter().all(|step| !step.ends_with("#put-up")),
        "{steps:#?}"
    );
    world.apply(&again);
    assert_eq!(put_up(&world), [""; 0]);
    world.must_be_settled(&proving());
}

#[test]
fn what_is_left_of_a_proof_that_nobody_wants_any_more_goes_without_a_guard() {
    let mut world = world();
    let plan = world.plan(&proving());
    wait_for_proof(&mut world, &plan);
    assert_eq!(put_up(&world).len(), 3, "{:?}", put_up(&world));
    let gone = world.plan(&watched());
    assert!(!gone.is_blocked(), "{:#?}", gone.findings);
    let rule = gone
        .changes
        .iter()
        .find(|change| change.kind == "replication rule");
    let risk = &rule.expect("its rule goes").risk;
    assert_eq!(risk.level, RiskLevel::Low, "{risk:?}");
    world.apply(&gone);
    assert_eq!(put_up(&world), [""; 0]);
    world.must_be_settled(&watched());
}

#[test]
fn what_is_proven_is_proven_again_when_it_is_another() {
    let mut world = world();
    world.converge(&proving());
    let more = PROVE.replace(
        "prove: true,",
        "prove: true, failed_operations: { above: 2 },",
    );
    let other = spec(&[(NONE, more.as_str())]);
    let plan = world.plan(&other);
    assert!(proves(&plan), "{:#?}", plan.changes);
    assert_eq!(proof(&plan).map(|goal| goal.objects), Some(3));
    // A threshold that says nothing of failed operations is none of it.
    let late = PROVE.replace("prove: true,", "prove: true, latency: 1h,");
    assert!(!proves(&world.plan(&spec(&[(NONE, late.as_str())]))));
}

#[test]
fn what_somebody_did_to_the_alarm_of_a_proof_is_undone_before_it_goes_on() {
    let mut world = world();
    let plan = world.plan(&proving());
    wait_for_proof(&mut world, &plan);
    let at = alarms(&world)
        .into_iter()
        .find(|at| at.name.as_str().contains(OF_PROOFS))
        .cloned()
        .expect("the alarm of the proof");
    edit(&mut world, &Target::Alarm(at), |live| {
        live.actions_enabled = false;
    });
    assert_eq!(is_up(&world.plan(&proving())), Some(false));
    world.converge(&proving());
    assert_eq!(put_up(&world), [""; 0]);
}

#[test]
fn somebody_elses_alarm_under_its_name_stays() {
    let mut world = world();
    let plan = world.plan(&proving());
    wait_for_proof(&mut world, &plan);
    let at = alarms(&world)
        .into_iter()
        .find(|at| at.name.as_str().contains(OF_PROOFS))
        .cloned()
        .expect("the alarm of the proof");
    let target = Target::Alarm(at);
    edit(&mut world, &target, |live| {
        live.description = Some("theirs".to_owned());
    });
    let plan = world.plan(&proving());
    world.apply(&plan);
    assert!(world.held(&target).is_some());
}

/// Two migrations of one bucket under one role, each proving its alarms or not.
fn two(one: bool, two: bool) -> Spec {
    let text = |name: &str, is_on: bool| {
        let said = if is_on {
            PROVE.to_owned()
        } else {
            PROVE.replace("prove: true, ", "")
        };
        format!(
            "  {name}:\n    phase: replicate\n    source: {{ account: prod, bucket: orders-prod }}\n    destination: {{ account: archive, bucket: {name}-archive, create: true }}\n    rules: [{{ id: all, prefix: {name}/, delete_markers: keep }}]\n    {said}\n"
        )
    };
    parse(&format!(
        "{ACCOUNTS}{}{}",
        text("one", one),
        text("two", two)
    ))
}

#[test]
fn one_proof_of_two_on_one_bucket_goes_on_alone() {
    let mut world = world();
    let plan = world.plan(&two(true, true));
    wait_for_proof(&mut world, &plan);
    assert_eq!(put_up(&world).len(), 5, "{:?}", put_up(&world));
    let rules = world.targets().find_map(|target| match world.held(target) {
        Some(Document::Replication(live)) => Some(live.rules.clone()),
        _ => None,
    });
    let numbers: Vec<Option<i32>> = rules.iter().flatten().map(|rule| rule.priority).collect();
    let distinct: std::collections::BTreeSet<_> = numbers.iter().collect();
    assert_eq!(distinct.len(), 4, "{numbers:?}");
    // The other one leaves; this one stays as it is.
    let only = two(false, true);
    let plan = world.plan(&only);
    assert!(
        plan.steps
            .iter()
            .all(|step| !step.id.0.ends_with("#put-up")),
        "{:#?}",
        plan.steps
    );
    world.apply(&plan);
    assert_eq!(put_up(&world), [""; 0]);
    world.must_be_settled(&only);
}

#[test]
fn a_plan_of_one_migration_leaves_the_proof_of_another_alone() {
    let mut world = world();
    let plan = world.plan(&two(true, true));
    wait_for_proof(&mut world, &plan);
    let of = |name: &str| {
        put_up(&world)
            .iter()
            .filter(|what| what.contains(name))
            .count()
    };
    assert_eq!((of("one"), of("two")), (2, 2), "{:?}", put_up(&world));
    // One of the spec is handed back what is its own; the other's object would be carried where nothing denies it.
    let plan = world.plan_only(&two(false, true), &["one"]);
    world.apply(&plan);
    let left = put_up(&world);
    assert!(left.iter().all(|what| !what.contains("one")), "{left:?}");
    let denied = world
        .targets()
        .find_map(|target| match (target, world.held(target)) {
            (Target::Role(_, RolePart::Policy), Some(Document::RolePolicy(policy))) => {
                Some(policy.text().to_owned())
            }
            _ => None,
        });
    let denied = denied.expect("a policy");
    assert!(denied.contains("/two/s3ferry-prove-"), "{denied}");
    assert!(!denied.contains("/one/s3ferry-prove-"), "{denied}");
    let again = world.plan(&two(false, true));
    let puts_up = |step: &s3ferry_core::plan::Step| step.id.0.ends_with("#put-up");
    assert!(!again.steps.iter().any(puts_up), "{:#?}", again.steps);
}

#[test]
fn a_proof_that_aws_would_have_no_room_for_is_refused_before_anything_is_written() {
    let mut world = world();
    world.converge(&watched());
    let (target, mut live) = rules(&world);
    let sample = live.rules[0].clone();
    for number in 0..1_000 - i32::try_from(live.rules.len()).expect("few rules") {
        let mut foreign = sample.clone();
        foreign.id = Some(format!("theirs-{number}"));
        foreign.priority = Some(10_000 + number);
        foreign.filter = Some(s3ferry_core::model::kinds::replication::Filter::Prefix(
            format!("theirs/{number}/"),
        ));
        live.rules.push(foreign);
    }
    world.put(target, Some(Document::Replication(live)));
    world.must_be_settled(&watched());
    let plan = world.plan(&proving());
    let found = finding(&plan, "too-large");
    assert!(
        found.message.contains("1001 rules with those of proofs"),
        "{found:?}"
    );
    assert!(found.help.contains("prove: false"), "{found:?}");
    assert!(plan.is_blocked());
}

#[test]
fn a_denial_that_iam_would_have_no_room_for_is_refused_too() {
    let keys = |count: usize, prove: bool| {
        let key = |number: usize| {
            format!(
                "arn:aws:kms:eu-west-1:111111111111:key/{number:08}-0000-0000-0000-000000000000"
            )
        };
        let keys: Vec<String> = (0..count).map(key).collect();
        let rules = format!(
            "rules: [{{ id: all, delete_markers: keep, source_kms: {{ keys: [{}] }} }}]",
            keys.join(", ")
        );
        let said = if prove {
            PROVE.to_owned()
        } else {
            PROVE.replace("prove: true, ", "")
        };
        parse(&format!(
            "{ACCOUNTS}  orders:\n    phase: replicate\n    source: {{ account: prod, bucket: orders-prod }}\n    destination: {{ account: archive, bucket: orders-archive, create: true, encryption: {{ kms_key: \"arn:aws:kms:eu-central-1:222222222222:key/aaaaaaaa-0000-0000-0000-000000000000\" }} }}\n    {rules}\n    {said}\n"
        ))
    };
    let world = world();
    let is_full = |count: usize, prove: bool| {
        let plan = world.plan(&keys(count, prove));
        plan.findings
            .iter()
            .any(|finding| finding.code == "too-large")
    };
    let (mut most, mut full) = (1_usize, 400_usize);
    while full - most > 1 {
        let middle = most.midpoint(full);
        if is_full(middle, false) {
            full = middle;
        } else {
            most = middle;
        }
    }
    assert!(
        is_full(most, true),
        "{most} keys fit, and a Deny beside them"
    );
    assert!(!is_full(most - 10, true), "{most} keys");
}

#[test]
fn a_caller_is_told_that_the_objects_of_a_proof_are_put_and_removed() {
    let printed = least(&proving(), &Scope::All, Purpose::Apply);
    let text = format!("{printed:?}");
    assert!(
        text.contains(".s3ferry-canary/default/orders/s3ferry-prove-"),
        "{text}"
    );
    let without = format!("{:?}", least(&watched(), &Scope::All, Purpose::Apply));
    assert!(!without.contains(OF_PROOFS), "{without}");
}

#[test]
fn a_rule_that_carries_its_objects_elsewhere_out_of_reach_blocks_it() {
    let mut world = world();
    world.converge(&watched());
    let (target, mut live) = rules(&world);
    let mut foreign = live.rules[0].clone();
    foreign.id = Some("theirs".to_owned());
    foreign.priority = Some(500);
    foreign.filter = Some(s3ferry_core::model::kinds::replication::Filter::Empty);
    if let Some(to) = &mut foreign.destination {
        to.bucket = "arn:aws:s3:::elsewhere".to_owned();
        to.account = Some("999999999999".to_owned());
    }
    live.rules.push(foreign);
    world.put(target, Some(Document::Replication(live)));
    let plan = world.plan(&proving());
    assert!(plan.is_blocked());
    let told = finding(&plan, "canary-out-of-reach");
    let findings = plan.findings.iter().filter(|of| of.code == told.code);
    let ways: Vec<&str> = findings.map(|of| of.help.as_str()).collect();
    assert!(
        ways.iter().any(|way| way.contains("prove: false")),
        "{ways:#?}"
    );
}

/// With `breaching` an alarm on a metric that nobody has would be raised.
#[test]
fn only_datapoints_move_the_alarm_of_a_proof() {
    for missing in ["breaching", "notBreaching"] {
        let said = PROVE.replace(
            "prove: true",
            &format!("prove: true, missing_data: {missing}"),
        );
        let plan = world().plan(&spec(&[(NONE, said.as_str())]));
        let goal = plan.steps.iter().find_map(|step| match &step.work {
            Work::Prove(goal) => match &**goal {
                Goal::Alarm(goal) => Some(goal.alarm.missing_data.clone()),
                Goal::Canary(_) | Goal::Backfill(_) | Goal::Checksums(_) => None,
            },
            Work::Write(_) | Work::Sweep(_) => None,
        });
        assert_eq!(goal.as_deref(), Some("ignore"), "{missing}");
    }
}
