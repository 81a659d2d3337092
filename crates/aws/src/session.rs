//! One account that is signed in: its services.

use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;

use s3ferry_core::ids::Region;

use crate::iam::together::Together;
use crate::options::Options;
use crate::service::Service;
use crate::sign_in::timeouts;

/// One account that is signed in. AWS throttles its services apart, so each has a limit of its own.
#[derive(Debug)]
pub(crate) struct Session {
    /// The Region that the account was signed in to.
    pub(crate) region: Option<Region>,
    pub(crate) s3: Service<aws_sdk_s3::Client>,
    /// IAM is one per partition and needs no Region.
    pub(crate) iam: Service<aws_sdk_iam::Client>,
    /// What is set for all buckets of the account: any Region answers for all, so it is the account's.
    pub(crate) s3control: Service<aws_sdk_s3control::Client>,
    /// Keys answer in their own Region.
    pub(crate) kms: Service<aws_sdk_kms::Client>,
    pub(crate) cloudwatch: Service<aws_sdk_cloudwatch::Client>,
    pub(crate) cloudtrail: Service<aws_sdk_cloudtrail::Client>,
    pub(crate) sns: Service<aws_sdk_sns::Client>,
    pub(crate) athena: Service<aws_sdk_athena::Client>,
    /// Whether the account answers for all its roles at once.
    pub(crate) roles: Together,
}

impl Session {
    /// The services of an account. The SDK retries nothing of them, whatever the configuration says: reads are sent again
    /// by `api`, writes by the engine.
    pub(crate) fn new(config: SdkConfig, options: &Options) -> Self {
        let config = config
            .into_builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts(options).build())
            .build();
        let region = config.region().map(ToString::to_string);
        Self {
            region: region.and_then(|region| Region::new(region).ok()),
            s3: Service::new(&config, options),
            iam: Service::new(&config, options),
            s3control: Service::new(&config, options),
            kms: Service::new(&config, options),
            cloudwatch: Service::new(&config, options),
            cloudtrail: Service::new(&config, options),
            sns: Service::new(&config, options),
            athena: Service::new(&config, options),
            roles: Together::default(),
        }
    }
}
