//! How an object is encrypted, under which key, and what its ETag is then.

use bytes::Bytes;
use s3s::S3Result;

use crate::s3::checksum;
use crate::s3::errors::{access_denied, invalid_argument};
use crate::s3::rules::keys::{key_arn, refusal};
use crate::s3::state::version::Encryption;
use crate::s3::state::world::{Bucket, Store};
use crate::s3::state::write_options::EncryptionOptions;

/// Decides how a new object is encrypted: by its headers, else by the bucket's default.
pub(crate) fn encryption(
    store: &Store,
    bucket: &Bucket,
    account: &str,
    options: EncryptionOptions,
) -> S3Result<Encryption> {
    if let Some(key_md5) = options.customer_key_md5 {
        if customer_keys_blocked(bucket) {
            let text = "This bucket does not allow server-side encryption with customer-provided \
                        keys (SSE-C).";
            return Err(access_denied(text));
        }
        return Ok(Encryption::Customer {
            key_md5: key_md5.into(),
        });
    }
    let algorithm = options.algorithm.as_deref();
    if algorithm.is_none() && options.key.is_none() {
        return default_encryption(store, bucket, account);
    }
    let key_arn = |key| key_arn(store, key, account, &bucket.region).map_err(refusal);
    match algorithm {
        Some("AES256") if options.key.is_none() => Ok(Encryption::S3),
        Some("aws:kms" | "aws:kms:dsse") => Ok(Encryption::Kms {
            key: key_arn(options.key.as_deref())?,
            bucket_key: options.bucket_key.unwrap_or_else(|| bucket_keys(bucket)),
            dual: algorithm == Some("aws:kms:dsse"),
        }),
        _ => Err(invalid_argument(
            "The encryption method specified is not supported",
        )),
    }
}

const DEFAULT: [&str; 2] = ["Rule", "ApplyServerSideEncryptionByDefault"];

/// Returns the encryption of objects that ask for none; the key is the writer's to name, too.
fn default_encryption(store: &Store, bucket: &Bucket, account: &str) -> S3Result<Encryption> {
    let setting = |name| bucket.setting("encryption", &[DEFAULT[0], DEFAULT[1], name]);
    let algorithm = setting("SSEAlgorithm").unwrap_or_default();
    if !is_kms(bucket) {
        return Ok(Encryption::S3);
    }
    let key = setting("KMSMasterKeyID");
    Ok(Encryption::Kms {
        key: key_arn(store, key, account, &bucket.region).map_err(refusal)?,
        bucket_key: bucket_keys(bucket),
        dual: algorithm == "aws:kms:dsse",
    })
}

fn is_kms(bucket: &Bucket) -> bool {
    let algorithm = bucket.setting("encryption", &[DEFAULT[0], DEFAULT[1], "SSEAlgorithm"]);
    algorithm.is_some_and(|algorithm| algorithm.starts_with("aws:kms"))
}

/// Says whether the bucket has S3 Bucket Keys for what is under a key of KMS.
fn bucket_keys(bucket: &Bucket) -> bool {
    is_kms(bucket) && bucket.setting("encryption", &["Rule", "BucketKeyEnabled"]) == Some("true")
}

/// SSE-C is blocked unless the bucket's encryption says otherwise: the default of new buckets
/// since April 2026 (UGweb blocking-unblocking-s3-c-encryption-gpb).
pub(crate) fn customer_keys_blocked(bucket: &Bucket) -> bool {
    let blocked = bucket.setting(
        "encryption",
        &["Rule", "BlockedEncryptionTypes", "EncryptionType"],
    );
    blocked.is_none_or(|types| types == "SSE-C")
}

/// The ETag is the MD5 only where S3 or nobody holds the key (BC:s3 Object.ETag); under other
/// keys it is some other digest, which differs from key to key.
pub(crate) fn etag_under(encryption: &Encryption, plain: &str, bucket: &str) -> String {
    let key: &str = match encryption {
        Encryption::S3 => return plain.to_owned(),
        Encryption::Kms { key, .. } => key,
        Encryption::Customer { key_md5 } => key_md5,
    };
    let digest = hex::encode(checksum::md5(&[Bytes::from(format!(
        "{plain} {key} {bucket}"
    ))]));
    match plain.split_once('-') {
        Some((_, parts)) => format!("{digest}-{parts}"),
        None => digest,
    }
}
