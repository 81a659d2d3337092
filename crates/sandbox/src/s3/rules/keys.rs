//! Keys of KMS as S3 uses them: for its caller, through S3 in the bucket's Region, with the ARN of the object as encryption
//! context, or with that of the bucket under an S3 Bucket Key (UG:UsingKMSEncryption "Encryption context", UG:bucket-key).

use std::sync::Arc;

use s3s::S3Error;

use crate::authority::Caller;
use crate::s3::errors::{access_denied, fault};
use crate::s3::state::version::Encryption;
use crate::s3::state::world::Store;
use crate::vault::{KeyUse, Unusable};

/// What a new object needs.
pub(crate) const TO_WRITE: &str = "kms:GenerateDataKey";

/// What a read needs, and the parts of an upload, which S3 reads before it puts them together (BC:s3
/// CreateMultipartUpload).
pub(crate) const TO_READ: &str = "kms:Decrypt";

/// The context has this one name.
const CONTEXT: &str = "aws:s3:arn";

/// An object as a key's use is about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) bucket: &'a str,
    /// The bucket's.
    pub(crate) region: &'a str,
    pub(crate) key: &'a str,
}

/// Returns the ARN of the key that is named; without a name that of the key that AWS manages for S3. "Amazon S3 resolves the
/// key within the requester's account" (BC:s3 ServerSideEncryptionByDefault).
pub(crate) fn key_arn(
    store: &Store,
    name: Option<&str>,
    account: &str,
    region: &str,
) -> Result<Arc<str>, Unusable> {
    let name = name.unwrap_or("alias/aws/s3");
    let arn = store.environment.vault.resolve(account, region, name)?;
    Ok(arn.into())
}

/// Asks KMS for one action on the key of an object, for whomever the key is used.
pub(crate) fn ask(
    store: &Store,
    caller: &Caller,
    place: Place<'_>,
    (key, bucket_key): (&str, bool),
    action: &str,
) -> Result<(), Unusable> {
    let Place {
        bucket,
        region,
        key: object,
    } = place;
    let context = if bucket_key {
        format!("arn:aws:s3:::{bucket}")
    } else {
        format!("arn:aws:s3:::{bucket}/{object}")
    };
    store.environment.vault.ask(&KeyUse {
        caller,
        key,
        action,
        service: Some("s3"),
        region,
        context: (CONTEXT, &context),
        others: &[],
    })
}

/// Asks for a caller of S3 whether an object that is encrypted so may be worked with; only keys of KMS are asked for.
pub(crate) fn check(
    store: &Store,
    caller: &Caller,
    place: Place<'_>,
    encryption: &Encryption,
    action: &str,
) -> Result<(), S3Error> {
    match encryption {
        Encryption::Kms {
            key, bucket_key, ..
        } => ask(store, caller, place, (key, *bucket_key), action).map_err(refusal),
        Encryption::S3 | Encryption::Customer { .. } => Ok(()),
    }
}

/// Tells a caller of S3 why a key is not used: in KMS's words, under the code that S3 makes of KMS's (seen:
/// GH:minio/minio#6582 for 400 and `KMS.NotFoundException`).
pub(crate) fn refusal(unusable: Unusable) -> S3Error {
    let (code, message) = match unusable {
        Unusable::Denied(message) => return access_denied(message),
        Unusable::NotFound(message) => ("KMS.NotFoundException", message),
        Unusable::Disabled(message) => ("KMS.DisabledException", message),
        Unusable::InvalidState(message) => ("KMS.KMSInvalidStateException", message),
        Unusable::InvalidUsage(message) => ("KMS.InvalidKeyUsageException", message),
    };
    fault(400, code, message)
}
