//! A bucket's notification configuration.

use std::collections::BTreeMap;

use aws_sdk_s3::operation::get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput;
use aws_sdk_s3::types::{
    Event, EventBridgeConfiguration, FilterRule, FilterRuleName, LambdaFunctionConfiguration,
    NotificationConfiguration, NotificationConfigurationFilter, QueueConfiguration, S3KeyFilter,
    TopicConfiguration,
};
use aws_smithy_types::error::operation::BuildError;
use s3ferry_core::model::kinds::{EventTarget, Notification, Notifications};

use super::{BucketApi, part};
use crate::failure::Failure;

const GET: &str = "GetBucketNotificationConfiguration";
const PUT: &str = "PutBucketNotificationConfiguration";

/// A bucket that tells nobody anything answers an empty configuration (BC:s3 GetBucketNotificationConfiguration).
pub(crate) async fn read(api: &BucketApi<'_>) -> Result<Option<Notifications>, Failure> {
    let answer = api
        .read(GET, |s3| {
            s3.get_bucket_notification_configuration()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .send()
        })
        .await;
    let Some(answer) = part(api, answer).await? else {
        return Ok(None);
    };
    Ok(notifications(api, &answer)?.unless_empty())
}

fn notifications(
    api: &BucketApi<'_>,
    answer: &GetBucketNotificationConfigurationOutput,
) -> Result<Notifications, Failure> {
    let topics = answer.topic_configurations().iter().map(|of| {
        let found = notification(EventTarget::Topic, of.topic_arn(), of.events(), of.filter());
        (of.id(), found)
    });
    let queues = answer.queue_configurations().iter().map(|of| {
        let found = notification(EventTarget::Queue, of.queue_arn(), of.events(), of.filter());
        (of.id(), found)
    });
    let functions = answer.lambda_function_configurations().iter().map(|of| {
        let arn = of.lambda_function_arn();
        let found = notification(EventTarget::Function, arn, of.events(), of.filter());
        (of.id(), found)
    });
    let mut by_id = BTreeMap::new();
    for (id, found) in topics.chain(queues).chain(functions) {
        // S3 gives an ID to whatever was put without one, and takes no two that are alike: what cannot be told apart could not be
        // written back.
        let id = id.filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| api.unreadable(GET, "a configuration has no ID"))?;
        if by_id.insert(id.to_owned(), found).is_some() {
            return Err(api.unreadable(GET, "two configurations have one ID"));
        }
    }
    Ok(Notifications {
        by_id,
        event_bridge: answer.event_bridge_configuration().is_some(),
    })
}

fn notification(
    kind: EventTarget,
    target: &str,
    events: &[Event],
    filter: Option<&NotificationConfigurationFilter>,
) -> Notification {
    let rules = filter.and_then(NotificationConfigurationFilter::key);
    let rules = rules.map_or(&[][..], S3KeyFilter::filter_rules);
    // S3 answers `Prefix`, its documents say `prefix`, and it takes both (BC:s3 FilterRule; localstack's snapshots of AWS, test_s3_notifications_sqs).
    let rule = |rule: &FilterRule| {
        let name = rule.name().map(|name| name.as_str().to_ascii_lowercase());
        (
            name.unwrap_or_default(),
            rule.value().unwrap_or_default().to_owned(),
        )
    };
    Notification {
        kind,
        target: target.to_owned(),
        events: events.iter().map(|of| of.as_str().to_owned()).collect(),
        filter: rules.iter().map(rule).collect(),
    }
}

/// Writes it whole; S3 asks every topic, queue and function whether it takes events before it does.
pub(crate) async fn put(api: &BucketApi<'_>, wanted: &Notifications) -> Result<(), Failure> {
    let configuration = sdk(wanted).map_err(|error| api.invalid(PUT, error))?;
    api.write(PUT, |s3| {
        s3.put_bucket_notification_configuration()
            .bucket(api.name())
            .expected_bucket_owner(api.owner())
            .notification_configuration(configuration)
            .send()
    })
    .await
    .map(drop)
}

fn sdk(wanted: &Notifications) -> Result<NotificationConfiguration, BuildError> {
    let Notifications {
        by_id,
        event_bridge,
    } = wanted;
    let mut configuration = NotificationConfiguration::builder();
    if *event_bridge {
        let bridge = EventBridgeConfiguration::builder().build();
        configuration = configuration.event_bridge_configuration(bridge);
    }
    for (id, of) in by_id {
        let Notification {
            kind,
            target,
            events,
            filter,
        } = of;
        let events: Vec<Event> = events.iter().map(|of| Event::from(of.as_str())).collect();
        let (events, filter) = (Some(events), sdk_filter(filter));
        configuration = match kind {
            EventTarget::Topic => configuration.topic_configurations(
                TopicConfiguration::builder()
                    .id(id)
                    .topic_arn(target)
                    .set_events(events)
                    .set_filter(filter)
                    .build()?,
            ),
            EventTarget::Queue => configuration.queue_configurations(
                QueueConfiguration::builder()
                    .id(id)
                    .queue_arn(target)
                    .set_events(events)
                    .set_filter(filter)
                    .build()?,
            ),
            EventTarget::Function => configuration.lambda_function_configurations(
                LambdaFunctionConfiguration::builder()
                    .id(id)
                    .lambda_function_arn(target)
                    .set_events(events)
                    .set_filter(filter)
                    .build()?,
            ),
        };
    }
    Ok(configuration.build())
}

fn sdk_filter(filter: &BTreeMap<String, String>) -> Option<NotificationConfigurationFilter> {
    let rule = |(name, value): (&String, &String)| {
        FilterRule::builder()
            .name(FilterRuleName::from(name.as_str()))
            .value(value)
            .build()
    };
    let rules: Vec<FilterRule> = filter.iter().map(rule).collect();
    let key = S3KeyFilter::builder().set_filter_rules(Some(rules)).build();
    (!filter.is_empty()).then(|| NotificationConfigurationFilter::builder().key(key).build())
}
