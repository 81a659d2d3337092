//! Alarms and events of the program in the sandbox's CloudWatch and SNS: made where they belong, raised and told when objects
//! fail, other people's left, and gone with what asked for them.

use std::time::Duration;

use s3ferry_sandbox::Sandbox;
use s3ferry_tests::world::{DESTINATION, SOURCE, World};
use serde_json::{Value, json};

const RULE: &str = "s3ferry/test/orders/everything";

const TOPICS: &str = r#"    monitoring:
      notify:
        source: ["arn:aws:sns:eu-west-1:111111111111:ops"]
        destination: ["arn:aws:sns:eu-central-1:111111111111:ops"]
"#;

fn migration(monitoring: &str) -> String {
    format!(
        "  orders:
    phase: replicate
    source: {{ account: prod, bucket: orders-prod }}
    destination: {{ account: archive, bucket: orders-archive, create: true }}
    rules:
      - {{ id: everything, delete_markers: keep }}
{monitoring}"
    )
}

/// A world with the source bucket, and a topic in each Region that somebody listens to.
fn world(monitoring: &str) -> World {
    let world = World::new(&migration(monitoring)).with(&json!({ "buckets": [
        { "name": "orders-prod", "account": SOURCE.0, "region": SOURCE.1, "versioning": "Enabled" },
    ] }));
    world.make_topics();
    world
}

/// The alarms of the source's account in a Region, by name.
fn alarms(sandbox: &Sandbox, region: &str) -> Value {
    let snapshot = sandbox.snapshot();
    let alarms = snapshot.pointer(&format!("/cloudwatch/{}/{region}/alarms", SOURCE.0));
    alarms.cloned().unwrap_or_else(|| json!({}))
}

fn names(alarms: &Value) -> Vec<&str> {
    alarms
        .as_object()
        .map(|alarms| alarms.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

/// Somebody denies what replicas need, and an object comes.
fn fail_an_object(world: &World) {
    let deny = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": "*", "Action": "s3:ReplicateObject",
        "Resource": "arn:aws:s3:::orders-archive/*",
    }] });
    world
        .destination()
        .put("orders-archive", "policy", &deny.to_string());
    world.source().put_object("orders-prod", "late", &[]);
    world.settle();
}

#[test]
fn alarms_are_made_where_the_metrics_are_and_go_with_what_asked_for_them() {
    let world = world(TOPICS);
    world.converge();
    let (here, there) = (
        alarms(world.sandbox(), SOURCE.1),
        alarms(world.sandbox(), DESTINATION.1),
    );
    assert_eq!(names(&here), [format!("{RULE}/failed-operations")]);
    let of = |metric: &str| format!("{RULE}/{metric}");
    assert_eq!(
        names(&there),
        [of("latency"), of("pending-bytes"), of("pending-operations")]
    );
    let failed = &here[of("failed-operations")];
    assert_eq!(
        failed["Tags"],
        json!({ "s3ferry:spec": "test" }),
        "{failed}"
    );
    assert_eq!(failed["MetricName"], "OperationsFailedReplication");
    assert_eq!(failed["TreatMissingData"], "ignore");

    // A new alarm waits for its first datapoints, and a plan says so once; it has no changes.
    let plan = world.expect(0, &["plan", "--detailed-exitcode", "spec.yaml"]);
    assert!(!plan.out.contains("topic-"), "{}", plan.out);

    world.spec(&migration(""));
    world.converge();
    for region in [SOURCE.1, DESTINATION.1] {
        assert_eq!(names(&alarms(world.sandbox(), region)), [""; 0]);
    }
}

#[test]
fn an_object_that_fails_raises_the_alarm_and_a_plan_tells_it() {
    let world = world(TOPICS);
    world.converge();
    fail_an_object(&world);
    world
        .sandbox()
        .clock()
        .advance(Duration::from_secs(15 * 60));
    let here = alarms(world.sandbox(), SOURCE.1);
    let failed = &here[format!("{RULE}/failed-operations")];
    assert_eq!(failed["StateValue"], "ALARM", "{failed:#}");
    assert_eq!(
        failed["AlarmActions"],
        json!(["arn:aws:sns:eu-west-1:111111111111:ops"])
    );
    let plan = world.s3ferry(&["plan", "spec.yaml"]);
    assert!(plan.out.contains("alarm-raised"), "{}", plan.said());
}

#[test]
fn an_alarm_of_somebody_elses_is_written_over_only_where_it_is_handed_over() {
    let world = world(TOPICS);
    let name = format!("{RULE}/failed-operations");
    let theirs = [
        ("Action", "PutMetricAlarm"),
        ("AlarmName", name.as_str()),
        ("AlarmDescription", "Call the night shift."),
        ("Namespace", "Theirs"),
        ("MetricName", "Errors"),
        ("Statistic", "Sum"),
        ("Period", "60"),
        ("EvaluationPeriods", "1"),
        ("Threshold", "5"),
        ("ComparisonOperator", "GreaterThanThreshold"),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "night"),
    ];
    world.source().cloudwatch(&theirs).expect_ok();
    let before = alarms(world.sandbox(), SOURCE.1);
    let refused = world.expect(4, &["apply", "--yes", "spec.yaml"]);
    assert!(
        refused.said().contains("alarm-not-ours"),
        "{}",
        refused.said()
    );
    assert_eq!(alarms(world.sandbox(), SOURCE.1), before);

    let adopt = format!("    guards: {{ adopt: [\"prod/alarm/eu-west-1/{name}\"] }}\n");
    world.spec(&migration(&format!("{TOPICS}{adopt}")));
    world.converge();
    let here = alarms(world.sandbox(), SOURCE.1);
    assert_eq!(here[&name]["Namespace"], "AWS/S3");
    // Tags of an alarm that is there are not PutMetricAlarm's to set (T25).
    assert_eq!(
        here[&name]["Tags"],
        json!({ "s3ferry:spec": "test", "team": "night" })
    );
}

/// An alarm on a rule's old ID, as one is left behind by the rule's being taken over: it rests while ours is raised.
#[test]
fn an_alarm_of_somebody_elses_that_sees_nothing_is_told_and_left() {
    let world = world(TOPICS);
    world.converge();
    let put = |name: &str, rule: &str| {
        let alarm = [
            ("Action", "PutMetricAlarm"),
            ("AlarmName", name),
            ("Namespace", "AWS/S3"),
            ("MetricName", "OperationsFailedReplication"),
            ("Statistic", "Sum"),
            ("Period", "300"),
            ("EvaluationPeriods", "1"),
            ("Threshold", "0"),
            ("ComparisonOperator", "GreaterThanThreshold"),
            ("Dimensions.member.1.Name", "SourceBucket"),
            ("Dimensions.member.1.Value", "orders-prod"),
            ("Dimensions.member.2.Name", "DestinationBucket"),
            ("Dimensions.member.2.Value", "orders-archive"),
            ("Dimensions.member.3.Name", "RuleId"),
            ("Dimensions.member.3.Value", rule),
        ];
        world.source().cloudwatch(&alarm).expect_ok();
    };
    put("on the old ID", "tf-replicate-all");
    put("on the new ID", RULE);
    world.sandbox().reset_calls();
    let plan = world.expect(0, &["plan", "--detailed-exitcode", "spec.yaml"]);
    let said = plan.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(said.matches("alarm-blind").count(), 1, "{}", plan.out);
    assert!(
        said.contains("orders-prod has no rule tf-replicate-all"),
        "{said}"
    );
    // One list has ours and theirs: a call for each Region, and one for our alarms by name.
    let calls = world.sandbox().calls();
    let described = calls
        .iter()
        .filter(|call| call.operation == "DescribeAlarms");
    assert_eq!(described.count(), 4);

    fail_an_object(&world);
    world
        .sandbox()
        .clock()
        .advance(Duration::from_secs(15 * 60));
    let here = alarms(world.sandbox(), SOURCE.1);
    assert_eq!(here["on the old ID"]["StateValue"], "INSUFFICIENT_DATA");
    assert_eq!(here["on the new ID"]["StateValue"], "ALARM");
}

#[test]
fn what_somebody_did_to_an_alarm_is_told_and_undone() {
    let world = world(TOPICS);
    world.converge();
    let name = format!("{RULE}/failed-operations");
    let off = [
        ("Action", "DisableAlarmActions"),
        ("AlarmNames.member.1", name.as_str()),
    ];
    world.source().cloudwatch(&off).expect_ok();
    let arn = format!("arn:aws:cloudwatch:eu-west-1:111111111111:alarm:{name}");
    let untagged = [
        ("Action", "UntagResource"),
        ("ResourceARN", arn.as_str()),
        ("TagKeys.member.1", "s3ferry:spec"),
    ];
    world.source().cloudwatch(&untagged).expect_ok();
    let plan = world.expect(2, &["plan", "--detailed-exitcode", "spec.yaml"]);
    assert!(plan.out.contains("alarm-silenced"), "{}", plan.out);
    world.converge();
    // Whatever an alarm is written for, its tag is written, too.
    let here = alarms(world.sandbox(), SOURCE.1);
    assert_eq!(here[&name]["Tags"], json!({ "s3ferry:spec": "test" }));
    let gone = [
        ("Action", "DeleteTopic"),
        ("TopicArn", "arn:aws:sns:eu-west-1:111111111111:ops"),
    ];
    world.source().sns(&gone).expect_ok();
    let plan = world.expect(0, &["plan", "--detailed-exitcode", "spec.yaml"]);
    assert!(plan.out.contains("topic-missing"), "{}", plan.out);
}

const OPS: &str = "arn:aws:sns:eu-west-1:111111111111:ops";

/// The messages that S3 published to a topic.
fn told(sandbox: &Sandbox) -> Vec<Value> {
    let mailbox = sandbox.mailbox();
    let entries = mailbox.as_array().expect("entries").iter();
    let published = entries.filter(|entry| entry["type"] == "published" && entry["topic"] == OPS);
    let messages = published.filter_map(|entry| entry["message"].as_str());
    messages
        .map(|text| serde_json::from_str(text).expect("JSON"))
        .collect()
}

#[test]
fn an_object_that_fails_is_told_by_its_key_beside_what_others_have_told() {
    let events = format!("    monitoring: {{ events: \"{OPS}\" }}\n");
    let world = world(&events);
    let theirs = "<NotificationConfiguration><QueueConfiguration><Id>theirs</Id><Queue>arn:aws:sqs:eu-west-1:111111111111:theirs</Queue>\
        <Event>s3:ObjectCreated:*</Event></QueueConfiguration><EventBridgeConfiguration/></NotificationConfiguration>";
    world.source().put("orders-prod", "notification", theirs);

    // A new topic does not let S3 in: the plan says so with the statement to add, and nothing is written.
    let refused = world.expect(4, &["apply", "--yes", "spec.yaml"]);
    assert!(
        refused.said().contains("topic-closed"),
        "{}",
        refused.said()
    );
    // As it is copied from the terminal, over several lines.
    let said = refused.said();
    let from = said
        .find(r#"{"Sid":"S3FerryEvents"#)
        .expect("the statement");
    let to = from + said[from..].find("}}}").expect("its end") + 3;
    let statement = &said[from..to];
    let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    world
        .source()
        .sns(&[
            ("Action", "SetTopicAttributes"),
            ("TopicArn", OPS),
            ("AttributeName", "Policy"),
            ("AttributeValue", &policy),
        ])
        .expect_ok();
    world.converge();
    assert_eq!(told(world.sandbox())[0]["Event"], "s3:TestEvent");

    let before = world.destination().get("orders-archive", "policy").body;
    fail_an_object(&world);
    let failures = told(world.sandbox()).into_iter().filter_map(|message| {
        let record = message.pointer("/Records/0")?.clone();
        (record["eventName"] == "Replication:OperationFailedReplication").then_some(record)
    });
    let failures: Vec<Value> = failures.collect();
    let [failure] = &failures[..] else {
        panic!("{failures:#?}");
    };
    assert_eq!(failure["s3"]["object"]["key"], "late");
    assert_eq!(failure["s3"]["configurationId"], "s3ferry-test");
    assert_eq!(failure["replicationEventData"]["replicationRuleId"], RULE);

    world.destination().put("orders-archive", "policy", &before);
    world.spec(&migration(""));
    world.converge();
    let left = world.source().get("orders-prod", "notification").body;
    assert!(
        left.contains("theirs") && left.contains("EventBridge") && !left.contains("s3ferry"),
        "{left}"
    );
}

/// Who follows the advice for one bucket after the other adds one statement beside the other.
#[test]
fn statements_for_two_buckets_stand_beside_each_other_in_the_policy_of_a_topic() {
    let of = |name: &str| {
        let events = format!("    monitoring: {{ events: \"{OPS}\" }}\n");
        migration(&events).replace("orders", name)
    };
    let bucket = |name: &str| json!({ "name": name, "account": SOURCE.0, "region": SOURCE.1 });
    let buckets = ["orders-prod", "invoices-prod"].map(bucket);
    let both = of("orders") + &of("invoices");
    let world = World::new(&both).with(&json!({ "buckets": buckets }));
    world.make_topics();
    let shown = world.s3ferry(&["plan", "--format", "json", "spec.yaml"]);
    let plan: Value = serde_json::from_str(&shown.out).expect("a plan is JSON");
    let findings = plan["findings"].as_array().expect("findings").iter();
    let helps = findings.filter(|of| of["code"] == "topic-closed" && of["level"] == "blocked");
    let advised = helps.filter_map(|of| {
        let line = of["help"].as_str()?.lines().next()?;
        let (_, statement) = line.split_once("policy: ")?;
        serde_json::from_str(statement).ok()
    });
    let advised: Vec<Value> = advised.collect();
    assert_eq!(advised.len(), 2, "{}", shown.said());
    for added in 1..=advised.len() {
        let policy = json!({ "Version": "2012-10-17", "Statement": advised[..added] });
        let set = [
            ("Action", "SetTopicAttributes"),
            ("TopicArn", OPS),
            ("AttributeName", "Policy"),
            ("AttributeValue", &policy.to_string()),
        ];
        world.source().sns(&set).expect_ok();
    }
    assert_ne!(advised[0]["Sid"], advised[1]["Sid"]);
    world.converge();
}
