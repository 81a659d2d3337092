//! What a bucket is born with.

use crate::s3::state::world::{Bucket, Store};

/// The encryption of a bucket that has no configuration of its own (since January 2023), which takes no keys of customers
/// (since April 2026; seen: GetBucketEncryption says so).
pub(crate) const DEFAULT_ENCRYPTION: &str = "<ServerSideEncryptionConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule>\
     <ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
     </ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled>\
     <BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes></Rule>\
     </ServerSideEncryptionConfiguration>";

/// New buckets block public access (since April 2023).
const BLOCK_PUBLIC_ACCESS: &str = "<PublicAccessBlockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
     <BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>\
     <BlockPublicPolicy>true</BlockPublicPolicy>\
     <RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>";

/// Makes a bucket with the configuration every new one has.
pub(crate) fn empty_bucket(store: &Store, owner: &str, region: &str, ownership: &str) -> Bucket {
    let now = store.now();
    let mut bucket = Bucket::new(owner, region, now);
    let ownership = format!(
        "<OwnershipControls xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule>\
         <ObjectOwnership>{ownership}</ObjectOwnership></Rule></OwnershipControls>"
    );
    let documents = [
        ("ownershipControls", ownership.as_str()),
        ("publicAccessBlock", BLOCK_PUBLIC_ACCESS),
        ("encryption", DEFAULT_ENCRYPTION),
    ];
    for (query, text) in documents {
        bucket.set_document((query, String::new()), now, Some(text));
    }
    bucket
}
