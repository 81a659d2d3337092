//! The buckets of an account.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use s3ferry_core::ids::{AccountId, Region};
use s3ferry_core::model::Document;
use s3ferry_core::model::kinds::Buckets;

use crate::api::Api;
use crate::failure::Failure;

/// Buckets of a page. Without a number S3 answers all at once, and not where they are (BC:s3 ListBuckets, BucketRegion).
const PAGE: i32 = 1_000;

/// Every bucket of the account, in whichever Region.
pub(crate) async fn buckets(api: &Api<'_, Client, AccountId>) -> Result<Option<Document>, Failure> {
    let mut found = BTreeMap::new();
    let mut token: Option<String> = None;
    loop {
        let from = &token;
        let page = api
            .read("ListBuckets", |s3| {
                let list = s3.list_buckets().max_buckets(PAGE);
                list.set_continuation_token(from.clone()).send()
            })
            .await?;
        for bucket in page.buckets() {
            let region = bucket.bucket_region();
            let region = region.and_then(|region| Region::new(region).ok());
            found.extend(bucket.name().map(|name| (name.to_owned(), region)));
        }
        let next = page.continuation_token().map(str::to_owned);
        // The same token again would go on for ever.
        if next.is_none() || next == token {
            return Ok(Some(Document::Buckets(Buckets(found))));
        }
        token = next;
    }
}
