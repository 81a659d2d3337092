//! CloudTrail: trails, what they record, and which record in a Region. Each is called in its home Region, by its ARN.

pub(crate) mod history;
pub(crate) mod read;
mod selectors;
pub(crate) mod write;

use aws_sdk_cloudtrail::Client;
use aws_types::SdkConfig;
use s3ferry_core::ids::{AccountId, Region};

use crate::answer::json::Object;
use crate::api::Api;
use crate::service::SdkClient;

/// The calls on the CloudTrail of one account in one Region.
pub(crate) type CloudTrailApi<'a> = Api<'a, Client, AccountId>;

impl SdkClient for Client {
    const SERVICE: &'static str = "cloudtrail";

    fn connect(config: &SdkConfig, region: Option<&Region>) -> Self {
        let mut builder = aws_sdk_cloudtrail::config::Builder::from(config).interceptor(Object);
        if let Some(region) = region {
            let region = aws_sdk_cloudtrail::config::Region::new(region.to_string());
            builder = builder.region(region);
        }
        Self::from_conf(builder.build())
    }
}
