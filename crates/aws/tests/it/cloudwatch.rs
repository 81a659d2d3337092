//! CloudWatch and SNS as the adapter sees them, over the sandbox.

use s3ferry_core::ids::Arn;
use s3ferry_core::model::kinds::RuleMetrics;
use s3ferry_core::model::{Document, RegionPart, RegionRef, Target, TopicRef};
use s3ferry_engine::ports::{Read as _, Write as _, WriteChange};
use s3ferry_testkit::{build, contract};

use crate::sandbox::World;

fn place() -> RegionRef {
    RegionRef {
        account: build::source().account,
        region: build::destination().region,
    }
}

#[tokio::test]
async fn the_adapter_keeps_what_is_promised_of_alarms() {
    let world = World::start().await;
    let violations = contract::alarms(&world.cloud, &place()).await;
    assert!(violations.is_empty(), "{violations:#?}");
}

#[tokio::test]
async fn alarms_are_read_a_hundred_a_call() {
    let world = World::start().await;
    world.sandbox.reset_calls();
    let named = |number: u32| {
        let name = format!("s3ferry/default/orders/rule-{number}/latency");
        let name = s3ferry_core::ids::AlarmName::new(name).unwrap();
        Target::Alarm(place().alarm(&name))
    };
    let targets: Vec<Target> = (0..250).map(named).collect();
    let asked: Vec<&Target> = targets.iter().collect();
    let answers = world.cloud.read_together(&asked).await;
    assert_eq!(answers.len(), 250);
    let calls = world.sandbox.calls();
    let described = calls
        .iter()
        .filter(|call| call.operation == "DescribeAlarms");
    assert_eq!(described.count(), 3);
}

#[tokio::test]
async fn other_peoples_alarms_are_looked_through_up_to_a_bound_and_ours_all_found() {
    let world = World::start().await;
    let alarm = build::alarm("contract", 900);
    let put = async |name: String| {
        let name = s3ferry_core::ids::AlarmName::new(name).unwrap();
        let target = Target::Alarm(place().alarm(&name));
        let change = WriteChange {
            before: None,
            after: Some(&alarm),
        };
        world.cloud.write(&target, change).await.unwrap();
    };
    for number in 0..2_001 {
        put(format!("a{number}")).await;
    }
    put("s3ferry/default/orders/all/latency".to_owned()).await;
    world.sandbox.reset_calls();
    let list = Target::Region(place(), RegionPart::Alarms);
    let Ok(Some(Document::AlarmNames(names))) = world.cloud.read(&list).await else {
        panic!("a list");
    };
    assert!(names.has_more);
    assert_eq!((names.ours.len(), names.others.len()), (1, 2_000));
    assert_eq!(world.sandbox.calls().len(), 21);
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_nothing_and_no_error() {
    let world = World::start().await;
    let arn = format!("arn:aws:sns:{}:{}:ops", place().region, place().account);
    let topic = TopicRef::of_arn(&Arn::new(arn).unwrap()).unwrap();
    let answer = world.cloud.read(&Target::Topic(topic)).await;
    assert_eq!(answer, Ok(None));
    let metrics = Target::Region(place(), RegionPart::Metrics);
    let none = Document::RuleMetrics(RuleMetrics::default());
    assert_eq!(world.cloud.read(&metrics).await, Ok(Some(none)));
}
