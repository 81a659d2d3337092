//! S3 Control: what an account blocks for all of its buckets, and its jobs of S3 Batch Operations.

pub(crate) mod jobs;

use aws_sdk_s3control::Client;
use aws_sdk_s3control::config::endpoint::{Endpoint, EndpointFuture, Params, ResolveEndpoint};
use aws_types::SdkConfig;
use s3ferry_core::ids::{AccountId, Region};
use s3ferry_core::model::Document;
use s3ferry_core::model::kinds::PublicAccessBlock;

use crate::answer::nothing::absent;
use crate::answer::whole::Whole;
use crate::api::Api;
use crate::failure::Failure;
use crate::service::{SdkClient, own_endpoint};

/// The calls on the settings of one account.
pub(crate) type AccountApi<'a> = Api<'a, Client, AccountId>;

impl SdkClient for Client {
    const SERVICE: &'static str = "s3control";

    /// What is set for an account holds in every Region, so without one that of the configuration, which is the account's, answers.
    fn connect(config: &SdkConfig, region: Option<&Region>) -> Self {
        let mut builder = aws_sdk_s3control::config::Builder::from(config).interceptor(Whole);
        if let Some(region) = region {
            let region = aws_sdk_s3control::config::Region::new(region.to_string());
            builder = builder.region(region);
        }
        if let Some(url) = own_endpoint(config, "S3 Control") {
            builder = builder.endpoint_resolver(AsWritten(url));
        }
        Self::from_conf(builder.build())
    }
}

/// An address of the user's, kept as it is: the SDK would put the account's ID in front of its host, which does not resolve
/// for `127.0.0.1`. A header names the account too.
#[derive(Debug)]
struct AsWritten(String);

impl ResolveEndpoint for AsWritten {
    fn resolve_endpoint<'a>(&'a self, _params: &'a Params) -> EndpointFuture<'a> {
        EndpointFuture::ready(Ok(Endpoint::builder().url(self.0.clone()).build()))
    }
}

/// Reads what the account blocks; `None` where nothing was ever set.
pub(crate) async fn public_access(api: &AccountApi<'_>) -> Result<Option<Document>, Failure> {
    let answer = api
        .read("GetPublicAccessBlock", |s3control| {
            s3control
                .get_public_access_block()
                .account_id(api.at.as_str())
                .send()
        })
        .await;
    let answer = absent(answer)?;
    let Some(answer) = answer else {
        return Ok(None);
    };
    let block = answer
        .public_access_block_configuration
        .ok_or_else(|| api.empty("GetPublicAccessBlock"))?;
    Ok(Some(Document::AccountPublicAccess(PublicAccessBlock {
        block_public_acls: block.block_public_acls().unwrap_or(false),
        ignore_public_acls: block.ignore_public_acls().unwrap_or(false),
        block_public_policy: block.block_public_policy().unwrap_or(false),
        restrict_public_buckets: block.restrict_public_buckets().unwrap_or(false),
    })))
}
