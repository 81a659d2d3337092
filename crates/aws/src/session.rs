//! One account that is signed in: its services.

use aws_types::SdkConfig;

use crate::service::Service;

/// One account that is signed in. AWS throttles its services apart, so each has a limit of its own.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) s3: Service<aws_sdk_s3::Client>,
    /// IAM is one per partition and needs no Region.
    pub(crate) iam: Service<aws_sdk_iam::Client>,
}

impl Session {
    pub(crate) fn new(config: &SdkConfig, parallelism: usize) -> Self {
        Self {
            s3: Service::new(config, parallelism),
            iam: Service::new(config, parallelism),
        }
    }
}
