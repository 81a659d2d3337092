//! S3: every target of a bucket, and objects for canaries.
//!
//! Every call but CreateBucket and ListBuckets says whose the bucket must be (`x-amz-expected-bucket-owner`), so that
//! a bucket of the same name in another account is never read or written (BC:s3 ExpectedBucketOwner).

pub(crate) mod bucket;
pub(crate) mod facts;
pub(crate) mod objects;
pub(crate) mod policy;
pub(crate) mod read;
pub(crate) mod replication;
pub(crate) mod replication_model;
pub(crate) mod replication_xml;
pub(crate) mod settings;
pub(crate) mod tags;
pub(crate) mod write;

use aws_sdk_s3::Client;
use aws_types::SdkConfig;
use aws_types::region::Region as SdkRegion;
use s3ferry_core::ids::Region;
use s3ferry_core::model::BucketRef;

use crate::api::Api;
use crate::failure::{Failure, absent};
use crate::service::{SdkClient, own_endpoint};

/// The codes that say that the bucket is not there; 404 without a body is spelt so by the SDK.
const NO_BUCKET: &[&str] = &["NoSuchBucket", "NotFound"];

/// The calls on one bucket.
pub(crate) type BucketApi<'a> = Api<'a, Client, BucketRef>;

impl BucketApi<'_> {
    fn name(&self) -> &str {
        self.at.bucket.as_str()
    }

    fn owner(&self) -> &str {
        self.at.account.as_str()
    }
}

impl SdkClient for Client {
    const SERVICE: &'static str = "s3";

    /// At an address of the user's, bucket names are not host names.
    fn connect(config: &SdkConfig, region: Option<&Region>) -> Self {
        let is_own = own_endpoint(config, "S3").is_some();
        let mut builder = aws_sdk_s3::config::Builder::from(config).force_path_style(is_own);
        if let Some(region) = region {
            builder = builder.region(SdkRegion::new(region.as_str().to_owned()));
        }
        Self::from_conf(builder.build())
    }
}

/// `None` where the bucket or this part of it is not there.
fn part<T>(answer: Result<T, Failure>, codes: &[&str]) -> Result<Option<T>, Failure> {
    match answer {
        Err(failure) if failure.is(NO_BUCKET) => Ok(None),
        answer => absent(answer, codes),
    }
}

/// A removal that succeeds where there is nothing to remove.
fn gone<T>(answer: Result<T, Failure>, codes: &[&str]) -> Result<(), Failure> {
    part(answer, codes).map(drop)
}
