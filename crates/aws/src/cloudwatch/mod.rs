//! CloudWatch: alarms, one by one or a hundred together, the names of those that may be ours, the metrics of rules, and what they say.

mod alarm;
pub(crate) mod data;
pub(crate) mod lists;
pub(crate) mod read;
pub(crate) mod write;

use aws_sdk_cloudwatch::Client;
use aws_types::SdkConfig;
use s3ferry_core::ids::{AccountId, Region};

use crate::answer::cbor::Map;
use crate::api::Api;
use crate::service::SdkClient;

/// The calls on the CloudWatch of one account in one Region.
pub(crate) type CloudWatchApi<'a> = Api<'a, Client, AccountId>;

impl SdkClient for Client {
    const SERVICE: &'static str = "cloudwatch";

    fn connect(config: &SdkConfig, region: Option<&Region>) -> Self {
        let mut builder = aws_sdk_cloudwatch::config::Builder::from(config).interceptor(Map);
        if let Some(region) = region {
            let region = aws_sdk_cloudwatch::config::Region::new(region.to_string());
            builder = builder.region(region);
        }
        Self::from_conf(builder.build())
    }
}
