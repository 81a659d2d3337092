//! SNS: what a topic says of itself.

use std::collections::HashMap;

use aws_sdk_sns::Client;
use aws_types::SdkConfig;
use s3ferry_core::ids::{AccountId, Region};
use s3ferry_core::model::kinds::{Policy, Topic};
use s3ferry_core::model::{Document, TopicRef};

use crate::answer::nothing::absent;
use crate::answer::whole::Whole;
use crate::api::Api;
use crate::failure::Failure;
use crate::service::SdkClient;

/// The calls on the topics of one account in one Region.
pub(crate) type SnsApi<'a> = Api<'a, Client, AccountId>;

impl SdkClient for Client {
    const SERVICE: &'static str = "sns";

    fn connect(config: &SdkConfig, region: Option<&Region>) -> Self {
        let mut builder = aws_sdk_sns::config::Builder::from(config).interceptor(Whole);
        if let Some(region) = region {
            builder = builder.region(aws_sdk_sns::config::Region::new(region.to_string()));
        }
        Self::from_conf(builder.build())
    }
}

/// Reads a topic; `None` where there is none.
pub(crate) async fn topic(api: &SnsApi<'_>, topic: &TopicRef) -> Result<Option<Document>, Failure> {
    let answer = api
        .read("GetTopicAttributes", |sns| {
            sns.get_topic_attributes()
                .topic_arn(topic.arn.as_str())
                .send()
        })
        .await;
    let Some(answer) = absent(answer)? else {
        return Ok(None);
    };
    let attributes = answer.attributes.unwrap_or_default();
    Ok(Some(Document::Topic(Topic {
        policy: Policy::read(text(&attributes, "Policy").unwrap_or_default()),
        confirmed: number(api, &attributes, "SubscriptionsConfirmed")?,
        pending: number(api, &attributes, "SubscriptionsPending")?,
        key: text(&attributes, "KmsMasterKeyId").map(str::to_owned),
    })))
}

fn text<'a>(attributes: &'a HashMap<String, String>, name: &str) -> Option<&'a str> {
    attributes.get(name).map(String::as_str)
}

fn number(
    api: &SnsApi<'_>,
    attributes: &HashMap<String, String>,
    name: &str,
) -> Result<u32, Failure> {
    let Some(number) = text(attributes, name) else {
        return Ok(0);
    };
    number
        .parse()
        .map_err(|_| api.unknown("GetTopicAttributes", name, number))
}
