//! Data events of both buckets by trails in the sandbox's CloudTrail, which delivers them as the policies let it: by a trail that
//! s3ferry makes, and by those of somebody else, who keep what they had.

use std::io::Read as _;

use flate2::read::GzDecoder;
use s3ferry_tests::signed::Client;
use s3ferry_tests::world::{DESTINATION, SOURCE, World};
use serde_json::{Value, json};

const OWN: &str = "    logging:
      cloudtrail:
        source: { trail: s3-data, bucket: prod-trail, prefix: ct }
        destination: { trail: s3-data, bucket: archive-trail }
";

const OTHERS: &str = "    logging: { cloudtrail: { source: { trail: audit } } }\n";

fn migration(more: &str) -> String {
    format!(
        "  orders:
    phase: replicate
    source: {{ account: prod, bucket: orders-prod }}
    destination: {{ account: archive, bucket: orders-archive, create: true }}
    monitoring: {{ none: a test }}
    rules:
      - {{ id: everything, delete_markers: keep }}
{more}"
    )
}

/// A world with the buckets that trails write to.
fn world(more: &str) -> World {
    let bucket = |name: &str, (account, region): (&str, &str)| json!({ "name": name, "account": account, "region": region });
    World::new(&migration(more)).with(&json!({ "buckets": [
        { "name": "orders-prod", "account": SOURCE.0, "region": SOURCE.1, "versioning": "Enabled" },
        bucket("prod-trail", SOURCE), bucket("prod-audit", SOURCE), bucket("archive-trail", DESTINATION),
    ] }))
}

/// A trail of somebody else's, of which this is what it records.
fn theirs(name: &str, records: &(&str, Value)) -> Value {
    let mut trail = json!({ "name": name, "account": SOURCE.0, "region": SOURCE.1, "bucket": "prod-audit", "tags": { "team": "security" } });
    trail[records.0] = records.1.clone();
    json!({ "trails": [trail] })
}

fn arn(name: &str, (account, region): (&str, &str)) -> String {
    format!("arn:aws:cloudtrail:{region}:{account}:trail/{name}")
}

fn trail(world: &World, arn: &str) -> Value {
    world.sandbox().snapshot()["cloudtrail"][arn].clone()
}

/// The names of the data events of a bucket in all files that a trail has delivered, with the objects that they are of.
fn events(
    client: &Client,
    world: &World,
    (to, prefix): (&str, &str),
    of: &str,
) -> Vec<(String, String)> {
    let objects = world.buckets(&format!("/{to}/objects"));
    let keys = objects.as_object().into_iter().flat_map(|keys| keys.keys());
    let mut found = Vec::new();
    for key in keys.filter(|key| key.starts_with(prefix)) {
        let mut text = String::new();
        GzDecoder::new(&client.object(to, key)[..])
            .read_to_string(&mut text)
            .expect("a file of a trail is gzip");
        let file: Value = serde_json::from_str(&text).expect("and in it is JSON");
        for event in file["Records"].as_array().expect("records") {
            let parameters = &event["requestParameters"];
            if event["eventCategory"] == "Data" && parameters["bucketName"] == of {
                let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                found.push((word(&event["eventName"]), word(&parameters["key"])));
            }
        }
    }
    found
}

fn has(events: &[(String, String)], name: &str, key: &str) -> bool {
    events.contains(&(name.to_owned(), key.to_owned()))
}

#[test]
fn a_trail_of_ours_is_made_and_the_data_events_of_both_buckets_are_delivered() {
    let world = world(OWN);
    world.converge();
    let (here, there) = (arn("s3-data", SOURCE), arn("s3-data", DESTINATION));
    let made = trail(&world, &here);
    assert_eq!(made["logging"], true, "{made:#}");
    assert_eq!(made["validation"], true);
    assert_eq!(made["tags"], json!({ "s3ferry:spec": "test" }));
    assert_eq!(made["delivery_error"], Value::Null);
    let selector = |bucket: &str| {
        json!([{ "Name": "s3ferry/test/all", "FieldSelectors": [
        { "Field": "eventCategory", "Equals": ["Data"] },
        { "Field": "resources.type", "Equals": ["AWS::S3::Object"] },
        { "Field": "resources.ARN", "StartsWith": [format!("arn:aws:s3:::{bucket}/")] },
    ] }])
    };
    assert_eq!(made["AdvancedEventSelectors"], selector("orders-prod"));
    assert_eq!(
        trail(&world, &there)["AdvancedEventSelectors"],
        selector("orders-archive")
    );

    world.source().put_object("orders-prod", "seen", &[]);
    world.settle();
    let (source, destination) = (world.source(), world.destination());
    let at = (
        "prod-trail",
        "ct/AWSLogs/111111111111/CloudTrail/eu-west-1/",
    );
    let of_source = events(&source, &world, at, "orders-prod");
    assert!(has(&of_source, "PutObject", "seen"), "{of_source:?}");
    let at = (
        "archive-trail",
        "AWSLogs/222222222222/CloudTrail/eu-central-1/",
    );
    let of_destination = events(&destination, &world, at, "orders-archive");
    assert!(
        of_destination.iter().any(|(_, key)| key == "seen"),
        "{of_destination:?}"
    );
    assert_eq!(
        events(&source, &world, ("prod-trail", ""), "prod-trail"),
        []
    );

    // What left the spec is gone, and so is what let it deliver.
    world.spec(&migration("    guards: { max_deletes: 2 }\n"));
    world.converge();
    assert_eq!(world.sandbox().snapshot()["cloudtrail"], json!({}));
    assert_eq!(
        world.buckets("/prod-trail/configuration/policy"),
        Value::Null
    );
}

#[test]
fn events_that_write_alone_are_recorded_where_that_is_asked_for() {
    let world = world(&OWN.replace("cloudtrail:\n", "cloudtrail:\n        write_only: true\n"));
    world.converge();
    let source = world.source();
    source.put_object("orders-prod", "seen", &[]);
    source.object("orders-prod", "seen");
    world.settle();
    let events = events(&source, &world, ("prod-trail", "ct/"), "orders-prod");
    assert!(has(&events, "PutObject", "seen"), "{events:?}");
    assert!(
        !events.iter().any(|(name, _)| name == "GetObject"),
        "{events:?}"
    );
}

#[test]
fn a_trail_of_somebody_elses_records_ours_besides_and_keeps_what_it_recorded() {
    let advanced = json!([{ "Name": "functions", "FieldSelectors": [
        { "Field": "eventCategory", "Equals": ["Data"] },
        { "Field": "resources.type", "Equals": ["AWS::Lambda::Function"] },
        { "Field": "eventName", "NotEquals": ["Invoke"], "NotStartsWith": ["Get", "List"] },
    ] }]);
    let basic = json!([
        { "ReadWriteType": "WriteOnly", "IncludeManagementEvents": true, "DataResources": [],
          "ExcludeManagementEventSources": ["kms.amazonaws.com"] },
        { "ReadWriteType": "All", "IncludeManagementEvents": false, "ExcludeManagementEventSources": [],
          "DataResources": [{ "Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::theirs/x/"] }] },
    ]);
    let sorts = [
        (
            "advanced_event_selectors",
            "AdvancedEventSelectors",
            advanced,
        ),
        ("event_selectors", "EventSelectors", basic),
    ];
    for (seed, shown, records) in sorts {
        let world = world(OTHERS).with(&theirs("audit", &(seed, records.clone())));
        let at = arn("audit", SOURCE);
        let before = trail(&world, &at);
        world.converge();
        let after = trail(&world, &at);
        let all = after[shown].as_array().expect("selectors of the same sort");
        let old = records.as_array().expect("a list");
        assert_eq!(&all[..old.len()], &old[..]);
        assert_eq!(all.len(), old.len() + 1);
        let ours = all[old.len()].to_string();
        assert!(ours.contains("arn:aws:s3:::orders-prod/"), "{ours}");
        for part in ["bucket", "tags", "logging", "prefix"] {
            assert_eq!(after[part], before[part], "{part}");
        }
        // Its bucket is not in the spec, so that its policy is its own.
        assert_eq!(
            world.buckets("/prod-audit/configuration/policy"),
            Value::Null
        );

        // Somebody takes ours away, and a plan tells and mends it.
        let put = json!({ "TrailName": at, shown: records });
        world.source().cloudtrail("PutEventSelectors", &put);
        let plan = world.expect(2, &["plan", "--detailed-exitcode", "spec.yaml"]);
        assert!(plan.out.contains("event selector"), "{}", plan.out);
        let drift = world.expect(2, &["plan", "--drift", "spec.yaml"]);
        assert!(
            drift.out.contains("trail/eu-west-1/audit/selectors"),
            "{}",
            drift.out
        );
        world.converge();
        assert_eq!(trail(&world, &at), after);

        world.spec(&migration("    guards: { max_deletes: 1 }\n"));
        world.converge();
        assert_eq!(trail(&world, &at), before);
    }
}

#[test]
fn a_trail_of_our_name_that_is_somebody_elses_is_written_over_only_where_it_is_handed_over() {
    let management = json!([{ "ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": [],
                              "ExcludeManagementEventSources": [] }]);
    let world = world(OWN).with(&theirs("s3-data", &("event_selectors", management.clone())));
    let at = arn("s3-data", SOURCE);
    let before = world.sandbox().snapshot()["cloudtrail"].clone();
    let refused = world.expect(4, &["apply", "--yes", "spec.yaml"]);
    assert!(
        refused.said().contains("trail-not-ours"),
        "{}",
        refused.said()
    );
    assert_eq!(world.sandbox().snapshot()["cloudtrail"], before);

    let adopt = "    guards: { adopt: [prod/trail/eu-west-1/s3-data] }\n";
    world.spec(&migration(&format!("{OWN}{adopt}")));
    world.converge();
    let after = trail(&world, &at);
    assert_eq!(
        (&after["bucket"], &after["prefix"]),
        (&json!("prod-trail"), &json!("ct"))
    );
    assert_eq!(
        after["tags"],
        json!({ "s3ferry:spec": "test", "team": "security" })
    );
    assert_eq!(after["EventSelectors"][0], management[0]);
    assert_eq!(after["EventSelectors"].as_array().map(Vec::len), Some(2));
}

#[test]
fn what_somebody_did_to_a_trail_of_ours_is_shown_as_drift_and_undone() {
    let world = world(OWN);
    world.converge();
    let at = arn("s3-data", SOURCE);
    let made = trail(&world, &at);
    let source = world.source();
    source.cloudtrail("StopLogging", &json!({ "Name": at }));
    let untag = json!({ "ResourceId": at, "TagsList": [] });
    source.cloudtrail("RemoveTags", &untag);
    let drift = world.expect(2, &["plan", "--drift", "spec.yaml"]);
    assert!(
        drift.out.contains("prod/trail/eu-west-1/s3-data"),
        "{}",
        drift.out
    );
    world.converge();
    assert_eq!(trail(&world, &at), made);
    source.cloudtrail("DeleteTrail", &json!({ "Name": at }));
    world.converge();
    assert_eq!(trail(&world, &at), made);
}

#[test]
fn what_an_apply_did_to_trails_is_taken_back() {
    let management = json!([{ "ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": [],
                              "ExcludeManagementEventSources": [] }]);
    let both = OWN.replace(
        "destination: { trail: s3-data, bucket: archive-trail }",
        "destination: { trail: theirs }",
    );
    let mut seed = theirs("theirs", &("event_selectors", management));
    seed["trails"][0]["account"] = json!(DESTINATION.0);
    seed["trails"][0]["region"] = json!(DESTINATION.1);
    seed["trails"][0]["bucket"] = json!("archive-trail");
    let world = world(&both).with(&seed);
    let before = world.sandbox().snapshot()["cloudtrail"].clone();
    world.expect(0, &["apply", "--yes", "spec.yaml"]);
    assert_ne!(world.sandbox().snapshot()["cloudtrail"], before);
    let runs = std::fs::read_dir(world.folder().join("ledger/runs")).expect("there is a run");
    let run = runs
        .last()
        .expect("there is a run")
        .expect("it is listed")
        .path();
    let run = run
        .file_stem()
        .expect("it has a name")
        .to_string_lossy()
        .into_owned();
    let back = world.s3ferry(&["restore", &run, "spec.yaml", "--all", "--yes"]);
    assert_eq!(
        world.sandbox().snapshot()["cloudtrail"],
        before,
        "{}",
        back.said()
    );
}
