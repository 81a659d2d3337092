//! How an object is encrypted, under which key, and what its ETag is then.

use std::sync::Arc;

use bytes::Bytes;
use s3s::S3Result;

use crate::s3::checksum;
use crate::s3::errors::{access_denied, invalid_argument};
use crate::s3::state::version::Encryption;
use crate::s3::state::world::Bucket;
use crate::s3::state::write_options::EncryptionOptions;

/// Decides how a new object is encrypted: by its headers, else by the bucket's default.
pub(crate) fn encryption(
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
    let default = default_encryption(bucket);
    let algorithm = options.algorithm.as_deref();
    if algorithm.is_none() && options.key.is_none() {
        return Ok(default);
    }
    match algorithm {
        Some("AES256") if options.key.is_none() => Ok(Encryption::S3),
        Some("aws:kms" | "aws:kms:dsse") => {
            let of_default = matches!(
                default,
                Encryption::Kms {
                    bucket_key: true,
                    ..
                }
            );
            Ok(Encryption::Kms {
                key: key_arn(options.key.as_deref(), account, &bucket.region),
                bucket_key: options.bucket_key.unwrap_or(of_default),
                dual: algorithm == Some("aws:kms:dsse"),
            })
        }
        _ => Err(invalid_argument(
            "The encryption method specified is not supported",
        )),
    }
}

/// Returns the encryption of objects that ask for none.
pub(crate) fn default_encryption(bucket: &Bucket) -> Encryption {
    let path = ["Rule", "ApplyServerSideEncryptionByDefault"];
    let setting = |name| bucket.setting("encryption", &[path[0], path[1], name]);
    let algorithm = setting("SSEAlgorithm").unwrap_or_default();
    if !algorithm.starts_with("aws:kms") {
        return Encryption::S3;
    }
    let bucket_key = bucket.setting("encryption", &["Rule", "BucketKeyEnabled"]);
    Encryption::Kms {
        key: key_arn(setting("KMSMasterKeyID"), &bucket.owner, &bucket.region),
        bucket_key: bucket_key == Some("true"),
        dual: algorithm == "aws:kms:dsse",
    }
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

/// Returns the full ARN of a key given as ARN, alias or id; without one the AWS managed key.
pub(crate) fn key_arn(key: Option<&str>, account: &str, region: &str) -> Arc<str> {
    match key {
        Some(arn) if arn.starts_with("arn:") => arn.into(),
        Some(alias) if alias.starts_with("alias/") => {
            format!("arn:aws:kms:{region}:{account}:{alias}").into()
        }
        Some(id) => format!("arn:aws:kms:{region}:{account}:key/{id}").into(),
        None => format!("arn:aws:kms:{region}:{account}:alias/aws/s3").into(),
    }
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
