//! CloudWatch and SNS of the sandbox with AWS's own clients, as the adapter will use them: RPC v2 CBOR, bodies that are compressed,
//! and the query protocol.

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_credential_types::Credentials;
use aws_sdk_cloudwatch::Client as CloudWatch;
use aws_sdk_cloudwatch::error::ProvideErrorMetadata as _;
use aws_sdk_cloudwatch::types::{
    ComparisonOperator, Dimension, MetricDatum, StandardUnit, StateValue, Statistic, Tag,
};
use aws_sdk_sns::Client as Sns;
use aws_smithy_http_client::Builder;
use aws_types::SdkConfig;
use aws_types::region::Region;
use s3ferry_sandbox::Sandbox;
use s3ferry_testkit::build;

async fn start() -> (Sandbox, SdkConfig) {
    let source = build::source();
    let sandbox = Sandbox::builder()
        .account(source.account.as_str(), source.region.as_str())
        .start()
        .await
        .unwrap();
    let key = Credentials::new(
        sandbox.root_access_key_id(),
        sandbox.root_secret_access_key(),
        None,
        None,
        "test",
    );
    let config = aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(sandbox.endpoint())
        .region(Region::new(source.region.as_str().to_owned()))
        .credentials_provider(key)
        .retry_config(RetryConfig::disabled())
        .http_client(Builder::new().build_http())
        .load()
        .await;
    (sandbox, config)
}

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

async fn put(cloudwatch: &CloudWatch, name: &str, topic: &str) {
    cloudwatch
        .put_metric_alarm()
        .alarm_name(name)
        .namespace("AWS/S3")
        .metric_name("OperationsFailedReplication")
        .dimensions(dimension("SourceBucket", "orders"))
        .dimensions(dimension("RuleId", "all"))
        .statistic(Statistic::Sum)
        .period(300)
        .evaluation_periods(1)
        .threshold(0.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .alarm_actions(topic)
        .tags(Tag::builder().key("team").value("x").build())
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn alarms_are_set_read_and_told_in_cbor() {
    let (sandbox, config) = start().await;
    let (cloudwatch, sns) = (CloudWatch::new(&config), Sns::new(&config));
    let topic = sns.create_topic().name("judge").send().await.unwrap();
    let topic = topic.topic_arn().unwrap();
    put(&cloudwatch, "failed", topic).await;

    let shown = cloudwatch.describe_alarms().alarm_names("failed").send();
    let shown = shown.await.unwrap();
    let alarm = &shown.metric_alarms()[0];
    assert_eq!(alarm.threshold(), Some(0.0));
    assert_eq!(alarm.actions_enabled(), Some(true));
    assert_eq!(alarm.alarm_actions(), [topic]);
    assert_eq!(alarm.state_value(), Some(&StateValue::InsufficientData));
    assert!(alarm.state_updated_timestamp().is_some());
    assert_eq!((alarm.datapoints_to_alarm(), alarm.unit()), (None, None));
    let tags = cloudwatch
        .list_tags_for_resource()
        .resource_arn(alarm.alarm_arn().unwrap())
        .send();
    assert_eq!(tags.await.unwrap().tags()[0].key(), Some("team"));

    let set = cloudwatch
        .set_alarm_state()
        .alarm_name("failed")
        .state_value(StateValue::Alarm)
        .state_reason("tried");
    set.clone().send().await.unwrap();
    let history = cloudwatch.describe_alarm_history().send().await.unwrap();
    let summary = history.alarm_history_items()[0].history_summary();
    assert_eq!(
        summary,
        Some(format!("Successfully executed action {topic}").as_str())
    );

    let missing = set.alarm_name("none").send().await.unwrap_err();
    assert_eq!(missing.code(), Some("ResourceNotFound"));
    assert!(
        missing
            .as_service_error()
            .is_some_and(|error| error.is_resource_not_found())
    );
    let denied = cloudwatch.describe_alarms().next_token("no").send();
    assert_eq!(denied.await.unwrap_err().code(), Some("InvalidNextToken"));
    let log = sandbox.calls();
    let refused = log.iter().filter_map(|call| call.error_code.as_deref());
    let refused: Vec<_> = refused.collect();
    assert_eq!(refused, ["ResourceNotFound", "InvalidNextToken"]);
}

/// The SDK compresses bodies from 10 KiB on.
#[tokio::test]
async fn metrics_are_put_in_bodies_that_are_compressed() {
    let (_sandbox, config) = start().await;
    let cloudwatch = CloudWatch::new(&config);
    let datum = |number: usize| {
        MetricDatum::builder()
            .metric_name("m")
            .dimensions(dimension("Number", &number.to_string()))
            .value(1.5)
            .unit(StandardUnit::Count)
            .build()
    };
    let data: Vec<_> = (0..700).map(datum).collect();
    cloudwatch
        .put_metric_data()
        .namespace("Judge")
        .set_metric_data(Some(data))
        .send()
        .await
        .unwrap();
    let mut pages = cloudwatch
        .list_metrics()
        .namespace("Judge")
        .into_paginator()
        .send();
    let mut counts = Vec::new();
    while let Some(page) = pages.next().await {
        counts.push(page.unwrap().metrics().len());
    }
    assert_eq!(counts, [500, 200]);
}
