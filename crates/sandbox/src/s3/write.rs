//! How a version comes to be: identity, place in the order, encryption, and the start of its
//! replication. PutObject, CopyObject and CompleteMultipartUpload all end here.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use s3s::S3Result;

use super::checksum;
use super::errors::{access_denied, fault, invalid_argument, invalid_request};
use super::version::{Content, Encryption, Lock, NULL_VERSION, Object, Tags, Version};
use super::world::{Bucket, Store, Versioning, World};
use crate::front::Form;
use crate::replication;

/// What a caller asks for with the headers of a write.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    pub(crate) tags: Tags,
    pub(crate) storage_class: Option<String>,
    pub(crate) encryption: EncryptionWish,
    pub(crate) lock: LockWish,
    pub(crate) canned_acl: Option<String>,
}

/// The encryption headers.
#[derive(Debug, Clone, Default)]
pub(crate) struct EncryptionWish {
    pub(crate) algorithm: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) bucket_key: Option<bool>,
    pub(crate) customer_key_md5: Option<String>,
}

/// The Object Lock headers.
#[derive(Debug, Clone, Default)]
pub(crate) struct LockWish {
    pub(crate) mode: Option<String>,
    pub(crate) retain_until: Option<SystemTime>,
    pub(crate) legal_hold: bool,
}

/// A version that was written.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    /// `None` where the bucket was never versioned: S3 names no version then.
    pub(crate) version_id: Option<String>,
    pub(crate) etag: String,
    pub(crate) encryption: Encryption,
    pub(crate) modified: SystemTime,
}

/// Writes a new version of an object.
pub(crate) fn write_object(
    store: &Store,
    (bucket, key): (&str, &str),
    caller_account: &str,
    wishes: Wishes,
    content: Arc<Content>,
) -> S3Result<Written> {
    let mut guard = store.world();
    let world = &mut *guard;
    let target = world.bucket(bucket)?;
    super::acl::check_canned(target.owner_enforced(), wishes.canned_acl.as_deref())?;
    let encryption = encryption(target, caller_account, wishes.encryption)?;
    let object = Object {
        etag: etag_under(&encryption, &content.etag, bucket).into(),
        content,
        tags: wishes.tags,
        storage_class: storage_class(wishes.storage_class.as_deref())?,
        encryption: encryption.clone(),
        lock: lock(target, wishes.lock, store.now())?,
    };
    let etag = object.etag.to_string();
    let owner = owner(target, caller_account, wishes.canned_acl.as_deref());
    let (version_id, modified) = add_version(store, world, (bucket, key), owner, Some(object))?;
    Ok(Written {
        version_id,
        etag,
        encryption,
        modified,
    })
}

/// Adds a version or a delete marker and plans its replication.
pub(crate) fn add_version(
    store: &Store,
    world: &mut World,
    (bucket, key): (&str, &str),
    owner: Arc<str>,
    object: Option<Object>,
) -> S3Result<(Option<String>, SystemTime)> {
    let sequence = world.next_sequence();
    let target = world.bucket_mut(bucket)?;
    let versioning = target.versioning();
    let id = match versioning {
        Versioning::Enabled => store.version_id(),
        Versioning::Never | Versioning::Suspended => NULL_VERSION.into(),
    };
    let modified = store.now();
    let mut version = Version {
        id: id.clone(),
        sequence,
        modified,
        owner,
        replication: None,
        failure: None,
        object,
    };
    replication::plan(store, (bucket, target), key, &mut version);
    target.put_version(key, version);
    let shown = (versioning != Versioning::Never).then(|| id.to_string());
    Ok((shown, modified))
}

/// Who owns a new object: the bucket's owner unless ACLs are on and the writer keeps it.
fn owner(bucket: &Bucket, writer: &str, canned: Option<&str>) -> Arc<str> {
    let ownership = bucket.setting("ownershipControls", &["Rule", "ObjectOwnership"]);
    let given = canned == Some("bucket-owner-full-control");
    match ownership {
        Some("BucketOwnerPreferred") if given => Arc::clone(&bucket.owner),
        Some("BucketOwnerEnforced") => Arc::clone(&bucket.owner),
        _ if *writer == *bucket.owner => Arc::clone(&bucket.owner),
        _ => writer.into(),
    }
}

/// Decides how a new object is encrypted: by its headers, else by the bucket's default.
fn encryption(bucket: &Bucket, account: &str, wish: EncryptionWish) -> S3Result<Encryption> {
    if let Some(key_md5) = wish.customer_key_md5 {
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
    let algorithm = wish.algorithm.as_deref();
    if algorithm.is_none() && wish.key.is_none() {
        return Ok(default);
    }
    match algorithm {
        Some("AES256") if wish.key.is_none() => Ok(Encryption::S3),
        Some("aws:kms" | "aws:kms:dsse") => {
            let of_default = matches!(
                default,
                Encryption::Kms {
                    bucket_key: true,
                    ..
                }
            );
            Ok(Encryption::Kms {
                key: key_arn(wish.key.as_deref(), account, &bucket.region),
                bucket_key: wish.bucket_key.unwrap_or(of_default),
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

const STORAGE_CLASSES: [&str; 9] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "GLACIER_IR",
    "EXPRESS_ONEZONE",
];

fn storage_class(wanted: Option<&str>) -> S3Result<Arc<str>> {
    let wanted = wanted.unwrap_or("STANDARD");
    if STORAGE_CLASSES.contains(&wanted) {
        return Ok(wanted.into());
    }
    Err(fault(
        400,
        "InvalidStorageClass",
        "The storage class you specified is not valid",
    ))
}

fn lock(bucket: &Bucket, wish: LockWish, now: SystemTime) -> S3Result<Option<Box<Lock>>> {
    let LockWish {
        mode,
        retain_until,
        legal_hold,
    } = wish;
    let asked = mode.is_some() || retain_until.is_some() || legal_hold;
    if !bucket.object_lock() {
        if asked {
            return Err(invalid_request(
                "Bucket is missing Object Lock Configuration",
            ));
        }
        return Ok(None);
    }
    if mode.is_some() != retain_until.is_some() {
        let text = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be \
                    supplied";
        return Err(invalid_argument(text));
    }
    let (mode, retain_until) = match mode {
        Some(mode) => (Some(mode), retain_until),
        None => default_retention(bucket, now),
    };
    let lock = Lock {
        mode: mode.map(Into::into),
        retain_until,
        legal_hold,
    };
    Ok((lock != Lock::default()).then(|| Box::new(lock)))
}

fn default_retention(bucket: &Bucket, now: SystemTime) -> (Option<String>, Option<SystemTime>) {
    let setting = |name| bucket.setting("object-lock", &["Rule", "DefaultRetention", name]);
    let number = |name| setting(name).and_then(|text| text.parse::<u64>().ok());
    let days = number("Days").or_else(|| number("Years").map(|years| years * 365));
    match (setting("Mode"), days) {
        (Some(mode), Some(days)) => (
            Some(mode.to_owned()),
            Some(now + Duration::from_secs(days * 86_400)),
        ),
        _ => (None, None),
    }
}

/// Reads the `x-amz-tagging` header.
pub(crate) fn tags_of_header(header: Option<&str>) -> S3Result<Tags> {
    let form = Form::parse(header.unwrap_or_default());
    tags(
        form.iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
    )
}

/// Checks and sorts object tags.
pub(crate) fn tags(mut pairs: Vec<(String, String)>) -> S3Result<Tags> {
    let invalid = |text: &'static str| fault(400, "InvalidTag", text);
    if pairs.len() > 10 {
        return Err(fault(
            400,
            "BadRequest",
            "Object tags cannot be greater than 10",
        ));
    }
    for (key, value) in &pairs {
        if key.is_empty() || key.chars().count() > 128 {
            return Err(invalid("The TagKey you have provided is invalid"));
        }
        if value.chars().count() > 256 {
            return Err(invalid("The TagValue you have provided is invalid"));
        }
    }
    pairs.sort();
    if pairs.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(invalid("Cannot provide multiple Tags with the same key"));
    }
    Ok(pairs
        .into_iter()
        .map(|(key, value)| (key.into(), value.into()))
        .collect())
}
