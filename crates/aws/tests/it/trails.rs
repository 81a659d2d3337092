//! Trails on the wire: what is answered is read whole, and what is written says what changes and nothing else.

use s3ferry_core::ids::TrailName;
use s3ferry_core::model::kinds::{EventSelectors, SeenTrail, SeenTrails, Trail};
use s3ferry_core::model::{Document, RegionPart, Target, TrailPart, TrailRef};
use s3ferry_engine::ports::{Class, Read as _, Write as _, WriteChange};
use s3ferry_testkit::{build, contract};
use std::collections::{BTreeMap, BTreeSet};

use crate::sandbox::World;
use crate::stub::{Reply, Request, Stub, bucket};

fn trail() -> TrailRef {
    TrailRef {
        account: bucket().account,
        region: bucket().region,
        name: TrailName::new("audit").unwrap(),
    }
}

fn part(part: TrailPart) -> Target {
    Target::Trail(trail(), part)
}

fn is(request: &Request, operation: &str) -> bool {
    let target = format!("CloudTrail_20131101.{operation}");
    request.header("x-amz-target") == Some(target.as_str())
}

fn refused(code: &str) -> Reply {
    Reply::of(400, format!(r#"{{"__type":"{code}","message":"x"}}"#))
}

const TRAIL: &str = r#"{"Trail":{"Name":"audit","S3BucketName":"audit-logs","S3KeyPrefix":"ct","IsMultiRegionTrail":true,
    "HomeRegion":"eu-west-1","TrailARN":"arn:aws:cloudtrail:eu-west-1:111111111111:trail/audit","KmsKeyId":"",
    "IsOrganizationTrail":false}}"#;

#[tokio::test]
async fn the_adapter_keeps_what_is_promised_of_trails() {
    let world = World::start().await;
    let violations = contract::trails(&world.cloud, &build::source()).await;
    assert!(violations.is_empty(), "{violations:#?}");
}

#[tokio::test]
async fn a_trail_is_read_from_three_answers_and_none_of_them_can_be_left_out() {
    let stub = Stub::start(|request| match request {
        of if is(of, "GetTrail") => Reply::ok(TRAIL),
        of if is(of, "GetTrailStatus") => {
            Reply::ok(r#"{"IsLogging":true,"LatestDeliveryError":"AccessDenied"}"#)
        }
        of if is(of, "ListTags") => Reply::ok(
            r#"{"ResourceTagList":[{"ResourceId":"x","TagsList":[{"Key":"team","Value":"security"},{"Key":"bare"}]}]}"#,
        ),
        _ => Reply::of(404, ""),
    })
    .await;
    let read = stub.cloud().await.read(&part(TrailPart::Itself)).await;
    let tags = [("team", "security"), ("bare", "")];
    let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let wanted = Trail {
        bucket: "audit-logs".to_owned(),
        prefix: Some("ct".to_owned()),
        multi_region: true,
        organization: false,
        key: None,
        tags: BTreeMap::from(tags),
        logging: true,
        delivery_error: Some("AccessDenied".to_owned()),
    };
    assert_eq!(read, Ok(Some(Document::Trail(Box::new(wanted)))));

    for (broken, answer) in [
        ("GetTrail", "{}"),
        ("GetTrail", r#"{"Trail":{"Name":"audit"}}"#),
        ("GetTrailStatus", "{}"),
        ("GetTrailStatus", ""),
        ("ListTags", "<html></html>"),
        ("ListTags", "{}"),
    ] {
        let stub = Stub::start(move |request| match request {
            of if is(of, broken) => Reply::ok(answer),
            of if is(of, "GetTrail") => Reply::ok(TRAIL),
            of if is(of, "GetTrailStatus") => Reply::ok(r#"{"IsLogging":true}"#),
            of if is(of, "ListTags") => Reply::ok(r#"{"ResourceTagList":[]}"#),
            _ => Reply::of(404, ""),
        })
        .await;
        let read = stub.cloud().await.read(&part(TrailPart::Itself)).await;
        let error = read.expect_err(&format!("{broken}: {answer}"));
        assert_eq!(error.class, Class::Unexpected, "{broken}: {error}");
    }
}

#[tokio::test]
async fn only_cloudtrails_own_word_says_that_there_is_no_trail() {
    for (code, is_none) in [
        ("TrailNotFoundException", true),
        ("ResourceNotFoundException", false),
        ("NotFound", false),
    ] {
        for of in TrailPart::ALL {
            let stub = Stub::start(move |request| {
                let signs_in = request.body.contains("Action=GetCallerIdentity");
                if signs_in {
                    Reply::of(404, "")
                } else {
                    refused(code)
                }
            })
            .await;
            let read = stub.cloud().await.read(&part(of)).await;
            assert_eq!(read == Ok(None), is_none, "{code}: {read:?}");
        }
    }
}

#[tokio::test]
async fn selectors_that_say_nothing_are_no_answer() {
    for answer in [
        "",
        "{}",
        r#"{"EventSelectors":[]}"#,
        r#"{"TrailARN":"x","AdvancedEventSelectors":[]}"#,
    ] {
        let stub = Stub::start(move |request| match request {
            of if is(of, "GetEventSelectors") => Reply::ok(answer),
            _ => Reply::of(404, ""),
        })
        .await;
        let read = stub.cloud().await.read(&part(TrailPart::Selectors)).await;
        assert_eq!(read.unwrap_err().class, Class::Unexpected, "{answer}");
    }
}

#[tokio::test]
async fn the_trails_of_a_region_are_listed_with_where_they_are_at_home() {
    let stub = Stub::start(|request| match request {
        of if is(of, "DescribeTrails") && of.body.contains(r#""includeShadowTrails":true"#) => Reply::ok(
            r#"{"trailList":[{"Name":"org","HomeRegion":"us-east-1","TrailARN":"arn:aws:cloudtrail:us-east-1:333333333333:trail/org"}]}"#,
        ),
        _ => Reply::of(404, ""),
    })
    .await;
    let target = Target::Region(trail().place(), RegionPart::Trails);
    let read = stub.cloud().await.read(&target).await;
    let seen = SeenTrail {
        name: "org".to_owned(),
        home: "us-east-1".to_owned(),
        account: "333333333333".to_owned(),
    };
    let wanted = Document::Trails(SeenTrails(BTreeSet::from([seen])));
    assert_eq!(read, Ok(Some(wanted)));
}

#[tokio::test]
async fn what_cannot_be_put_is_not_sent_and_a_policy_that_is_not_seen_yet_may_pass() {
    let stub = Stub::start(|request| {
        if is(request, "CreateTrail") {
            refused("InsufficientS3BucketPolicyException")
        } else {
            Reply::of(404, "")
        }
    })
    .await;
    let cloud = stub.cloud().await;
    let before = Document::Selectors(EventSelectors::Basic(Vec::new()));
    let change = WriteChange {
        before: Some(&before),
        after: None,
    };
    let refused = cloud.write(&part(TrailPart::Selectors), change).await;
    assert_eq!(refused.unwrap_err().class, Class::Rejected);
    let made = Document::Trail(Box::new(Trail {
        bucket: "audit-logs".to_owned(),
        prefix: None,
        multi_region: false,
        organization: false,
        key: None,
        tags: BTreeMap::new(),
        logging: true,
        delivery_error: None,
    }));
    let change = WriteChange {
        before: None,
        after: Some(&made),
    };
    let early = cloud.write(&part(TrailPart::Itself), change).await;
    assert_eq!(early.unwrap_err().class, Class::Propagation);
}
