//! S3: every target of a bucket, and objects for canaries.
//!
//! Every call but CreateBucket and ListBuckets says whose the bucket must be (`x-amz-expected-bucket-owner`), so that
//! a bucket of the same name in another account is never read or written (BC:s3 ExpectedBucketOwner).

pub(crate) mod bucket;
pub(crate) mod facts;
pub(crate) mod inventory;
pub(crate) mod list;
pub(crate) mod logging;
pub(crate) mod notification;
pub(crate) mod objects;
pub(crate) mod pages;
pub(crate) mod policy;
pub(crate) mod read;
pub(crate) mod replication;
pub(crate) mod replication_model;
pub(crate) mod replication_xml;
#[cfg(test)]
mod replication_xml_tests;
pub(crate) mod report;
pub(crate) mod settings;
pub(crate) mod tags;
pub(crate) mod write;

use aws_sdk_s3::Client;
use aws_types::SdkConfig;
use aws_types::region::Region as SdkRegion;
use s3ferry_core::ids::Region;
use s3ferry_core::model::BucketRef;

use crate::answer::nothing::{absent, says_no_bucket};
use crate::answer::whole::Whole;
use crate::api::Api;
use crate::failure::{Cause, Failure};
use crate::service::{SdkClient, own_endpoint};

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
        let mut builder = aws_sdk_s3::config::Builder::from(config)
            .force_path_style(is_own)
            .interceptor(Whole);
        if let Some(region) = region {
            builder = builder.region(SdkRegion::new(region.as_str().to_owned()));
        }
        Self::from_conf(builder.build())
    }
}

/// `None` where this part of the bucket is not there, or the bucket itself.
///
/// That there is no bucket is believed if the bucket's own HEAD says it, too: a part that says so of a bucket that is there
/// would be written anew, and what is foreign in it would be gone.
async fn part<T>(api: &BucketApi<'_>, answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Err(failure) if says_no_bucket(&failure) => match bucket::read(api).await? {
            None => Ok(None),
            Some(_) => {
                let detail = "it says that there is no bucket, which HeadBucket finds".to_owned();
                Err(failure.because(Cause::Contradiction { detail }))
            }
        },
        answer => absent(answer),
    }
}

/// A removal that succeeds where there is nothing to remove.
fn gone<T>(answer: Result<T, Failure>) -> Result<(), Failure> {
    match answer {
        Err(failure) if says_no_bucket(&failure) => Ok(()),
        answer => absent(answer).map(drop),
    }
}
