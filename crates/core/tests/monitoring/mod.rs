//! Alarms: made for every rule where its metrics are, ours by what they say of themselves, gone with what they watched; and
//! whatever makes them silent is told.

mod proof;

use std::collections::BTreeSet;

use s3ferry_core::format::{Action, FindingLevel, Reason};
use s3ferry_core::ids::{AccountId, AlarmName, Arn, Region};
use s3ferry_core::model::kinds::replication::Status;
use s3ferry_core::model::kinds::{
    Alarm, AlarmNames, AlarmSight, AlarmState, Document, Policy, RuleMetric, RuleMetrics,
    StateValue, Topic,
};
use s3ferry_core::model::{AlarmRef, RegionPart, RegionRef, Target, TopicRef};
use s3ferry_core::permissions::{Purpose, least};
use s3ferry_core::plan::Plan;
use s3ferry_core::scope::Scope;
use s3ferry_core::spec::Spec;

use super::advice::{line_of, with_line};
use super::world::{
    COLD_RULE, World, codes, finding, no_migrations, order, spec, two_migrations_with,
};

const NONE: &str = r#"monitoring: { none: "a test" }"#;
const ALARMS: &str = r#"monitoring: { notify: { source: ["arn:aws:sns:eu-west-1:111111111111:ops"], destination: ["arn:aws:sns:eu-central-1:111111111111:ops"] } }"#;
const WATCHED: (&str, &str) = (NONE, ALARMS);
const FREE: (&str, &str) = ("guards: {}", "guards: { max_deletes: 9 }");

const SOURCE: &str = "eu-west-1";
const DESTINATION: &str = "eu-central-1";

fn place(account: &str, region: &str) -> RegionRef {
    RegionRef {
        account: AccountId::new(account).expect("a test is well made"),
        region: Region::new(region).expect("a test is well made"),
    }
}

fn at(region: &str, name: &str) -> Target {
    let name = AlarmName::new(name).expect("a test is well made");
    Target::Alarm(place("111111111111", region).alarm(&name))
}

fn latency() -> Target {
    at(DESTINATION, "s3ferry/default/orders/hot/latency")
}

fn topic(region: &str) -> Target {
    let arn =
        Arn::new(format!("arn:aws:sns:{region}:111111111111:ops")).expect("a test is well made");
    Target::Topic(TopicRef::of_arn(&arn).expect("a test is well made"))
}

fn metrics() -> Target {
    Target::Region(place("111111111111", DESTINATION), RegionPart::Metrics)
}

/// A topic as SNS makes them, that somebody listens to.
fn new_topic(region: &str) -> Topic {
    let policy = format!(
        r#"{{"Version":"2008-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"*"}},"Action":["SNS:Publish"],"Resource":"arn:aws:sns:{region}:111111111111:ops","Condition":{{"StringEquals":{{"AWS:SourceOwner":"111111111111"}}}}}}]}}"#
    );
    Topic {
        policy: Policy::read(policy),
        confirmed: 1,
        pending: 0,
        key: None,
    }
}

/// A world with the source bucket and both topics.
fn world() -> World {
    let mut world = World::with_source("orders-prod");
    for region in [SOURCE, DESTINATION] {
        world.put(topic(region), Some(Document::Topic(new_topic(region))));
    }
    world
}

fn alarm(world: &World, target: &Target) -> Alarm {
    match world.held(target) {
        Some(Document::Alarm(alarm)) => (**alarm).clone(),
        other => panic!("{target}: {other:?}"),
    }
}

fn edit(world: &mut World, target: &Target, edit: impl FnOnce(&mut Alarm)) {
    let mut live = alarm(world, target);
    edit(&mut live);
    world.put(target.clone(), Some(Document::Alarm(Box::new(live))));
}

fn alarms(world: &World) -> Vec<&AlarmRef> {
    let alarms = world.targets().filter_map(|target| match target {
        Target::Alarm(at) => Some(at),
        _ => None,
    });
    alarms.collect()
}

fn converged(spec: &Spec) -> World {
    let mut world = world();
    world.converge(spec);
    world
}

#[test]
fn every_rule_has_four_alarms_each_where_its_metric_is() {
    let world = converged(&spec(&[WATCHED]));
    let found = alarms(&world);
    assert_eq!(found.len(), 8, "{found:?}");
    for at in found {
        let region = if at.name.as_str().ends_with("failed-operations") {
            SOURCE
        } else {
            DESTINATION
        };
        assert_eq!(at.region.as_str(), region, "{at:?}");
        assert_eq!(at.account.as_str(), "111111111111");
        let live = alarm(&world, &Target::Alarm(at.clone()));
        let (bucket, rule) = live.looks_at().expect("a rule");
        assert_eq!(bucket, "orders-prod");
        assert!(at.name.as_str().starts_with(rule), "{at:?} {rule}");
        let told: Vec<&String> = live.actions.alarm.iter().collect();
        assert_eq!(told, [&format!("arn:aws:sns:{region}:111111111111:ops")]);
        assert_eq!(live.missing_data, "ignore");
    }
}

#[test]
fn thresholds_and_missing_data_are_those_of_the_spec() {
    let said = "monitoring: { missing_data: breaching, failed_operations: { above: 3, missing_data: notBreaching }, latency: 1h, pending_bytes: 2KiB }";
    let world = converged(&spec(&[(NONE, said)]));
    let of = |region, metric: &str| {
        let live = alarm(
            &world,
            &at(region, &format!("s3ferry/default/orders/hot/{metric}")),
        );
        (live.threshold, live.missing_data)
    };
    let is = |threshold: &str, missing: &str| (threshold.to_owned(), missing.to_owned());
    assert_eq!(of(SOURCE, "failed-operations"), is("3", "notBreaching"));
    assert_eq!(of(DESTINATION, "latency"), is("3600", "breaching"));
    assert_eq!(of(DESTINATION, "pending-bytes"), is("2048", "breaching"));
    assert_eq!(
        of(DESTINATION, "pending-operations"),
        is("10000", "breaching")
    );
}

#[test]
fn alarms_are_where_the_spec_says_that_the_metrics_are() {
    let said = "monitoring: { account: archive }";
    let world = converged(&spec(&[(NONE, said)]));
    let accounts: BTreeSet<&str> = alarms(&world)
        .iter()
        .map(|at| at.account.as_str())
        .collect();
    assert_eq!(accounts, BTreeSet::from(["222222222222"]));
}

#[test]
fn alarms_come_after_the_rules_and_go_after_them() {
    let watched = spec(&[WATCHED]);
    let mut world = world();
    let plan = world.plan(&watched);
    let places = |plan: &Plan| {
        let order = order(plan);
        let rules = order.iter().position(|id| id.ends_with("/replication"));
        let first = order.iter().position(|id| id.contains("/alarm/"));
        let last = order.iter().rposition(|id| id.contains("/alarm/"));
        let role = order
            .iter()
            .rposition(|id| id == "prod/role/s3ferry-orders-prod");
        [rules, first, last, role].map(Option::unwrap)
    };
    let [rules, first, _, _] = places(&plan);
    assert!(rules < first, "{:#?}", order(&plan));
    world.converge(&watched);
    let gone = world.plan(&no_migrations(9));
    let [rules, first, last, role] = places(&gone);
    assert!(rules < first && last < role, "{:#?}", order(&gone));
    // Not by chance: whichever step is ready may go first.
    let needs = |plan: &Plan, id: &str, need: &str| {
        let mut steps = plan.steps.iter().filter(|step| step.id.0.contains(id));
        steps.all(|step| step.needs.iter().any(|of| of.0.contains(need)))
    };
    for plan in [&plan, &gone] {
        assert!(needs(plan, "/alarm/", "orders-prod/replication"));
    }
    let mut roles = gone.steps.iter();
    let role = roles.find(|step| step.id.0 == "prod/role/s3ferry-orders-prod");
    let role = role.expect("the role goes");
    assert!(role.needs.iter().any(|of| of.0.contains("/alarm/")));
    world.converge(&no_migrations(9));
    assert!(alarms(&world).is_empty());
}

#[test]
fn what_a_phase_does_not_have_goes_and_says_so() {
    let mut world = converged(&spec(&[WATCHED]));
    let back = spec(&[WATCHED, FREE, ("phase: replicate", "phase: prepare")]);
    let plan = world.plan(&back);
    let mut gone = plan.changes.iter().filter(|of| of.kind == "metric alarm");
    assert!(gone.clone().count() == 8 && gone.all(|of| of.reason == Reason::Phase));
    world.converge(&back);
    assert!(alarms(&world).is_empty());
}

#[test]
fn the_alarms_of_a_rule_that_left_the_spec_go_with_it() {
    let mut world = converged(&spec(&[WATCHED]));
    let less = spec(&[WATCHED, FREE, (COLD_RULE, "")]);
    let plan = world.plan(&less);
    let gone = plan.changes.iter().filter(|of| of.kind == "metric alarm");
    let gone: Vec<Reason> = gone.map(|of| of.reason).collect();
    assert_eq!(gone, [Reason::LeftSpec; 4]);
    world.converge(&less);
    assert_eq!(alarms(&world).len(), 4);
}

#[test]
fn alarms_that_the_spec_no_longer_asks_for_are_found_by_the_roles_tags() {
    let mut world = converged(&spec(&[WATCHED]));
    let plan = world.plan(&spec(&[]));
    assert_eq!(
        plan.changes
            .iter()
            .filter(|of| of.actions == [Action::Delete])
            .count(),
        8
    );
    // The way back goes last: a run that stops between finds them again.
    let order = order(&plan);
    let role = order
        .iter()
        .position(|id| id == "prod/role/s3ferry-orders-prod#shrink");
    assert_eq!(role, Some(order.len() - 1), "{order:#?}");
    world.converge(&spec(&[]));
    assert!(alarms(&world).is_empty());
    assert!(!world.plan(&spec(&[])).permissions.iter().any(|of| {
        of.actions
            .iter()
            .any(|action| action.starts_with("cloudwatch:"))
    }));
}

#[test]
fn a_target_leaves_the_alarms_of_other_migrations() {
    let mut world = world();
    world.make_source("invoices-prod");
    let both = two_migrations_with(&[WATCHED]);
    let plan = world.plan_only(&both, &["invoices"]);
    assert!(!plan.changes.iter().any(|of| of.address.contains("/alarm/")));
    world.converge(&both);
    let back = two_migrations_with(&[WATCHED, FREE, ("phase: replicate", "phase: prepare")]);
    let plan = world.plan_only(&back, &["invoices"]);
    assert!(!plan.changes.iter().any(|of| of.address.contains("/alarm/")));
    let plan = world.plan_only(&back, &["orders"]);
    assert_eq!(
        plan.changes
            .iter()
            .filter(|of| of.address.contains("/alarm/"))
            .count(),
        8
    );
}

#[test]
fn an_alarm_of_somebody_elses_is_left_unless_it_is_handed_over() {
    let mut world = converged(&spec(&[WATCHED]));
    edit(&mut world, &latency(), |live| {
        live.description = Some("Call the night shift.".to_owned());
        live.threshold = "1".to_owned();
    });
    let refused = world.plan(&spec(&[WATCHED]));
    assert!(refused.is_blocked());
    let line = line_of(&refused.findings, "alarm-not-ours");
    let adopted = with_line(line, &[WATCHED]);
    let plan = world.plan(&adopted);
    let change = plan
        .changes
        .iter()
        .find(|of| of.kind == "metric alarm")
        .unwrap();
    assert_eq!(change.reason, Reason::Adopted);
    world.converge(&adopted);
    assert_eq!(alarm(&world, &latency()).threshold, "900");
}

#[test]
fn an_alarm_of_somebody_elses_under_a_name_that_left_the_spec_stays() {
    let mut world = converged(&spec(&[WATCHED]));
    edit(&mut world, &latency(), |live| live.description = None);
    world.converge(&spec(&[]));
    assert_eq!(alarms(&world).len(), 1);
    // Another spec's is not even looked at.
    let other = "Late. s3ferry spec: other.".to_owned();
    edit(&mut world, &latency(), |live| {
        live.description = Some(other);
    });
    world.must_be_settled(&spec(&[]));
}

#[test]
fn an_alarm_that_became_one_of_another_sort_is_not_rewritten() {
    let mut world = converged(&spec(&[WATCHED]));
    edit(&mut world, &latency(), |live| {
        live.unmodelled = vec!["Metrics".to_owned()];
    });
    let refused = world.plan(&spec(&[WATCHED]));
    assert!(
        finding(&refused, "alarm-other-sort")
            .message
            .contains("Metrics")
    );
    let line = line_of(&refused.findings, "alarm-other-sort");
    world.converge(&with_line(line, &[WATCHED]));
    assert!(alarm(&world, &latency()).unmodelled.is_empty());
}

#[test]
fn what_somebody_changed_of_an_alarm_is_changed_back() {
    let mut world = converged(&spec(&[WATCHED]));
    edit(&mut world, &latency(), |live| {
        live.threshold = "99999".to_owned();
        live.dimensions.remove("DestinationBucket");
    });
    let plan = world.plan(&spec(&[WATCHED]));
    assert_eq!(plan.changes.len(), 1);
    world.converge(&spec(&[WATCHED]));
}

#[test]
fn what_makes_a_topic_silent_is_told() {
    let watched = spec(&[WATCHED]);
    let mut world = converged(&watched);
    let quiet = world.plan(&watched);
    assert!(
        !codes(&quiet).iter().any(|code| code.starts_with("topic")),
        "{quiet:#?}"
    );
    let told = |world: &mut World, topic_is: Option<Topic>, code: &str| {
        world.put(topic(SOURCE), topic_is.map(Document::Topic));
        let plan = world.plan(&watched);
        let found = finding(&plan, code);
        assert_eq!(found.level, FindingLevel::Warning);
        assert_eq!(found.address, "prod/topic/eu-west-1/ops");
        found.clone()
    };
    told(&mut world, None, "topic-missing");
    let of = || new_topic(SOURCE);
    let closed = Topic {
        policy: Policy::read(r#"{"Version":"2012-10-17","Statement":[]}"#),
        ..of()
    };
    let found = told(&mut world, Some(closed), "topic-closed");
    // The statement in the advice lets CloudWatch in.
    let statement = found
        .help
        .lines()
        .next()
        .and_then(|line| line.split_once(": "));
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statement.expect("a statement").1
    );
    let mended = Topic {
        policy: Policy::read(policy),
        ..of()
    };
    world.put(topic(SOURCE), Some(Document::Topic(mended)));
    assert!(!codes(&world.plan(&watched)).contains(&"topic-closed"));
    let unheard = Topic {
        confirmed: 0,
        pending: 1,
        ..of()
    };
    let found = told(&mut world, Some(unheard), "topic-unheard");
    assert!(found.message.contains("waits to be confirmed"));
    let key = Some("alias/aws/sns".to_owned());
    told(&mut world, Some(Topic { key, ..of() }), "topic-key");
}

#[test]
fn a_topic_of_an_account_that_is_not_in_the_spec_is_not_looked_at() {
    let theirs = ALARMS.replace("111111111111", "999999999999");
    let world = converged(&spec(&[(NONE, &theirs)]));
    let plan = world.plan(&spec(&[(NONE, &theirs)]));
    assert_eq!(finding(&plan, "topic-unread").level, FindingLevel::Note);
}

#[test]
fn alarms_that_name_no_topic_tell_nobody() {
    let said = "monitoring: {}";
    let world = converged(&spec(&[(NONE, said)]));
    let plan = world.plan(&spec(&[(NONE, said)]));
    let untold = plan
        .findings
        .iter()
        .filter(|of| of.code == "alarm-tells-nobody");
    assert_eq!(untold.count(), 2);
}

#[test]
fn an_alarm_that_is_raised_or_silenced_is_told() {
    let watched = spec(&[WATCHED]);
    let mut world = converged(&watched);
    edit(&mut world, &latency(), |live| {
        live.state = Some(AlarmState {
            value: StateValue::Raised,
            reason: "1200 > 900".to_owned(),
            lasts: false,
        });
    });
    let plan = world.plan(&watched);
    assert!(plan.changes.is_empty(), "a state is no drift");
    assert!(
        finding(&plan, "alarm-raised")
            .message
            .contains("1200 > 900")
    );
    edit(&mut world, &latency(), |live| live.actions_enabled = false);
    let plan = world.plan(&watched);
    assert!(
        finding(&plan, "alarm-silenced")
            .message
            .contains("switches them on")
    );
    world.converge(&watched);
    assert!(!codes(&world.plan(&watched)).contains(&"alarm-silenced"));
}

#[test]
fn metrics_that_never_come_are_told_apart_from_those_that_are_yet_to_come() {
    let watched = spec(&[WATCHED]);
    let mut world = world();
    assert!(
        !codes(&world.plan(&watched)).contains(&"metrics-pending"),
        "there are no rules yet"
    );
    world.converge(&watched);
    world.put(
        metrics(),
        Some(Document::RuleMetrics(RuleMetrics::default())),
    );
    let plan = world.plan(&watched);
    assert_eq!(finding(&plan, "metrics-pending").level, FindingLevel::Note);
    edit(&mut world, &latency(), |live| {
        live.state = Some(AlarmState {
            value: StateValue::NoData,
            reason: String::new(),
            lasts: true,
        });
    });
    let plan = world.plan(&watched);
    let found = finding(&plan, "metrics-missing");
    assert_eq!(found.level, FindingLevel::Warning);
    assert!(found.message.contains("hot, cold"), "{}", found.message);
    let metric = |rule: &str| RuleMetric {
        name: "ReplicationLatency".to_owned(),
        source: "orders-prod".to_owned(),
        destination: "orders-archive".to_owned(),
        rule: format!("s3ferry/default/orders/{rule}"),
    };
    let both = RuleMetrics(["hot", "cold"].map(metric).into());
    world.put(metrics(), Some(Document::RuleMetrics(both)));
    let codes = world.plan(&watched);
    assert!(
        !codes
            .findings
            .iter()
            .any(|of| of.code.starts_with("metrics"))
    );
}

#[test]
fn a_rule_whose_metrics_were_switched_off_is_told() {
    let watched = spec(&[WATCHED]);
    let mut world = converged(&watched);
    world.edit_replication("orders-prod", |live| {
        for rule in &mut live.rules {
            if let Some(to) = &mut rule.destination {
                to.metrics = to.metrics.take().map(|metrics| {
                    s3ferry_core::model::kinds::replication::Timed {
                        status: Status::Disabled,
                        ..metrics
                    }
                });
            }
        }
    });
    let plan = world.plan(&watched);
    let told = plan
        .findings
        .iter()
        .filter(|of| of.code == "rule-without-metrics");
    assert_eq!(told.count(), 2);
    world.converge(&watched);
}

/// An alarm of somebody else's in the account of the alarms, on a metric of replication.
fn theirs(world: &mut World, region: &str, metric: &str, dimensions: &[(&str, &str)]) {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let live = Alarm {
        description: None,
        metric: metric.to_owned(),
        dimensions: dimensions.iter().map(pair).collect(),
        ..alarm(world, &latency())
    };
    world.put(at(region, "theirs"), Some(Document::Alarm(Box::new(live))));
}

const HOT: [(&str, &str); 3] = [
    ("SourceBucket", "orders-prod"),
    ("DestinationBucket", "orders-archive"),
    ("RuleId", "s3ferry/default/orders/hot"),
];

/// `SUM([m1, m2])` works by the one that is there.
#[test]
fn an_alarm_of_others_on_several_metrics_is_told_where_none_is_there() {
    let watched = spec(&[WATCHED]);
    let mut world = converged(&watched);
    let told = |world: &mut World, rules: &[&str]| {
        let sight = |rule: &&str| {
            let mut dimensions = HOT;
            dimensions[2] = ("RuleId", rule);
            let pairs = dimensions.map(|(name, value)| (name.to_owned(), value.to_owned()));
            AlarmSight::of("AWS/S3", "OperationsFailedReplication", pairs.into())
        };
        let name = AlarmName::new("sum").expect("a name");
        let sights = rules.iter().filter_map(sight).collect();
        let seen = AlarmNames {
            others: [(name, sights)].into(),
            ..AlarmNames::default()
        };
        let place = Target::Region(place("111111111111", SOURCE), RegionPart::Alarms);
        world.put(place, Some(Document::AlarmNames(seen)));
        let findings = world.plan(&watched).findings.into_iter();
        findings.filter(|of| of.code == "alarm-blind").count()
    };
    assert_eq!(told(&mut world, &[HOT[2].1, "gone"]), 0);
    assert_eq!(told(&mut world, &["gone", "gone-too"]), 1);
}

#[test]
fn an_alarm_of_others_that_can_never_see_anything_is_told_with_what_would_be_right() {
    let watched = spec(&[WATCHED]);
    let mut world = converged(&watched);
    let said = |world: &mut World, region: &str, metric: &str, dimensions: &[(&str, &str)]| {
        theirs(world, region, metric, dimensions);
        let plan = world.plan(&watched);
        assert!(plan.changes.is_empty(), "{plan:#?}");
        let mut found = plan
            .findings
            .into_iter()
            .filter(|of| of.code == "alarm-blind");
        let first = found.next();
        assert!(found.next().is_none(), "one finding an alarm");
        first.map(|of| {
            assert_eq!(of.level, FindingLevel::Warning);
            assert_eq!(of.address, format!("prod/alarm/{region}/theirs"));
            (of.message, of.help)
        })
    };
    let with = |at: usize, name: &'static str, value: &'static str| {
        let mut dimensions = HOT;
        dimensions[at] = (name, value);
        dimensions
    };
    let right = "RuleId=s3ferry/default/orders/hot in eu-central-1";
    let late = "ReplicationLatency";

    // What sees something, looks at another bucket, or at no replication, is nobody's business.
    assert_eq!(said(&mut world, DESTINATION, late, &HOT), None);
    let failed = "OperationsFailedReplication";
    assert_eq!(said(&mut world, SOURCE, failed, &HOT), None);
    world.put(at(SOURCE, "theirs"), None);
    let other = with(0, "SourceBucket", "invoices-prod");
    assert_eq!(said(&mut world, DESTINATION, late, &other), None);
    assert_eq!(
        said(
            &mut world,
            DESTINATION,
            "4xxErrors",
            &[("BucketName", "orders-prod")]
        ),
        None
    );

    let (message, help) = said(
        &mut world,
        DESTINATION,
        late,
        &with(2, "RuleId", "Everything"),
    )
    .expect("no rule has the ID");
    assert!(
        message.contains("orders-prod has no rule Everything"),
        "{message}"
    );
    assert!(
        help.contains(right) && help.contains("orders/cold"),
        "{help}"
    );

    let (message, help) = said(
        &mut world,
        DESTINATION,
        late,
        &with(1, "DestinationBucket", "gone"),
    )
    .expect("no rule goes there");
    assert!(
        message.contains("replicates to orders-archive, not to gone"),
        "{message}"
    );
    assert!(
        help.contains(right) && !help.contains("orders/cold"),
        "{help}"
    );

    let bucket = [("BucketName", "orders-prod"), HOT[2]];
    let (message, help) = said(&mut world, DESTINATION, late, &bucket).expect("other dimensions");
    assert!(
        message.contains("its dimensions are BucketName and RuleId"),
        "{message}"
    );
    assert!(help.contains(right), "{help}");
    world.put(at(DESTINATION, "theirs"), None);

    let (message, help) = said(&mut world, SOURCE, late, &HOT).expect("another Region");
    assert!(
        message.contains(
            "ReplicationLatency is published in eu-central-1, and the alarm is in eu-west-1"
        ),
        "{message}"
    );
    assert!(help.contains(right), "{help}");
    world.put(at(SOURCE, "theirs"), None);
    let (message, _) = said(&mut world, DESTINATION, failed, &HOT).expect("another Region");
    assert!(message.contains("is published in eu-west-1"), "{message}");
}

/// A rule that is taken over gets another ID, and the alarms on the old one see nothing any more: the plan that does so says it.
#[test]
fn the_plan_that_takes_a_rule_away_tells_whose_alarm_looks_at_it() {
    let watched = spec(&[WATCHED]);
    let mut world = converged(&watched);
    let mut cold = HOT;
    cold[2].1 = "s3ferry/default/orders/cold";
    theirs(&mut world, DESTINATION, "ReplicationLatency", &cold);
    let less = spec(&[WATCHED, FREE, (COLD_RULE, "")]);
    let found = finding(&world.plan(&less), "alarm-blind").clone();
    assert!(
        found
            .message
            .contains("has no rule s3ferry/default/orders/cold after this plan"),
        "{}",
        found.message
    );
    assert!(found.help.contains("orders/hot"), "{}", found.help);
    // A rule whose phase is yet to come will have the metric.
    let early = spec(&[WATCHED, FREE, ("phase: replicate", "phase: prepare")]);
    assert!(!codes(&world.plan(&early)).contains(&"alarm-blind"));
}

#[test]
fn an_alarm_of_others_on_a_rule_without_metrics_is_told() {
    let watched = spec(&[WATCHED]);
    let mut world = converged(&watched);
    world.edit_replication("orders-prod", |live| {
        let mut foreign = live.rules[0].clone();
        foreign.id = Some("Foreign".to_owned());
        foreign.priority = Some(9000);
        foreign.filter = Some(s3ferry_core::model::kinds::replication::Filter::Prefix(
            "foreign/".to_owned(),
        ));
        if let Some(to) = &mut foreign.destination {
            to.metrics = None;
        }
        live.rules.push(foreign);
    });
    let mut dimensions = HOT;
    dimensions[2].1 = "Foreign";
    theirs(&mut world, DESTINATION, "ReplicationLatency", &dimensions);
    let found = finding(&world.plan(&watched), "alarm-blind").clone();
    assert!(
        found
            .message
            .contains("metrics of the rule are switched off"),
        "{}",
        found.message
    );
}

#[test]
fn callers_may_do_what_alarms_take_and_no_more() {
    let of = |spec: &Spec, purpose| {
        let callers = least(spec, &Scope::All, purpose);
        let prod = callers
            .into_iter()
            .find(|of| of.id.as_str() == "111111111111");
        let policies = prod.expect("the account").policies;
        policies
            .iter()
            .flat_map(|policy| policy.statements().to_vec())
            .map(|statement| {
                let resources = statement.resources().expect("resources").listed().clone();
                (statement.actions().listed().clone(), resources)
            })
            .collect::<Vec<_>>()
    };
    let watched = spec(&[WATCHED]);
    let plan = of(&watched, Purpose::Plan);
    let apply = of(&watched, Purpose::Apply);
    let on = |granted: &[(Vec<String>, Vec<String>)], action: &str| -> Vec<String> {
        let with = granted
            .iter()
            .filter(|(actions, _)| actions.iter().any(|of| of == action));
        with.flat_map(|(_, resources)| resources.clone()).collect()
    };
    for action in ["cloudwatch:DescribeAlarms", "cloudwatch:ListMetrics"] {
        assert_eq!(on(&plan, action), ["*"], "{action}");
    }
    let topics =
        ["eu-central-1", "eu-west-1"].map(|at| format!("arn:aws:sns:{at}:111111111111:ops"));
    assert_eq!(on(&plan, "sns:GetTopicAttributes"), topics);
    assert!(on(&plan, "cloudwatch:PutMetricAlarm").is_empty());
    let alarms = ["eu-central-1", "eu-west-1"]
        .map(|at| format!("arn:aws:cloudwatch:{at}:111111111111:alarm:s3ferry/default/*"));
    for action in [
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:TagResource",
        "cloudwatch:DeleteAlarms",
    ] {
        assert_eq!(on(&apply, action), alarms, "{action}");
    }
    // An earlier text may have had alarms: they are looked for, and removed.
    let unwatched = of(&spec(&[]), Purpose::Apply);
    assert_eq!(on(&unwatched, "cloudwatch:DescribeAlarms"), ["*"]);
    assert_eq!(on(&unwatched, "cloudwatch:DeleteAlarms"), alarms);
    for action in ["cloudwatch:PutMetricAlarm", "cloudwatch:ListMetrics"] {
        assert!(on(&unwatched, action).is_empty(), "{action}");
    }
}
