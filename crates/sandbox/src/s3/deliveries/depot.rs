//! S3's answers to the services that put something into a bucket in their own name.

use std::sync::Arc;

use bytes::Bytes;
use s3s::S3Error;

use crate::authority::Caller;
use crate::depot::{BucketFacts, Delivery, Depot, Parcel, Undelivered};
use crate::s3::calls::write::{Writer, write_object};
use crate::s3::checksum::{Algorithm, Type, md5, of_pieces};
use crate::s3::errors::access_denied;
use crate::s3::rules::encryption::encryption;
use crate::s3::rules::keys::{Place, TO_WRITE, check, refusal};
use crate::s3::rules::target::{Context, Target};
use crate::s3::state::version::{Body, Content, Details, Encryption, Headers, RareHeaders, digest};
use crate::s3::state::world::Store;
use crate::s3::state::write_options::{AclOptions, EncryptionOptions, WriteOptions};
use crate::vault::KeyUse;

/// Services give what they put to the bucket's owner, and policies ask for it.
const ACL: &str = "bucket-owner-full-control";

impl From<S3Error> for Undelivered {
    fn from(error: S3Error) -> Self {
        Self {
            code: error.code().as_str().to_owned(),
            message: error.message().unwrap_or_default().to_owned(),
        }
    }
}

impl Depot for Store {
    fn bucket(&self, name: &str) -> Option<BucketFacts> {
        let world = self.world();
        let bucket = world.buckets.get(name)?;
        Some(BucketFacts {
            owner: bucket.owner.to_string(),
            region: bucket.region.to_string(),
            requester_pays: bucket.setting("requestPayment", &["Payer"]) == Some("Requester"),
        })
    }

    fn shows_acl(&self, delivery: &Delivery<'_>) -> Result<(), Undelivered> {
        let target = Target::of(self, delivery.bucket)?;
        let caller = Caller::service(delivery.service);
        let context = of_source(delivery);
        let asked = target.authorize(self, &caller, "s3:GetBucketAcl", None, &context);
        asked.map_err(|denied| access_denied(denied.message).into())
    }

    fn takes(&self, delivery: &Delivery<'_>) -> Result<(), Undelivered> {
        let target = Target::of(self, delivery.bucket)?;
        let caller = Caller::service(delivery.service);
        let mut context = of_source(delivery);
        context.push(("s3:x-amz-acl".into(), ACL.to_owned()));
        if let Some((key, _)) = delivery.encryption {
            let algorithm = "s3:x-amz-server-side-encryption";
            context.push((algorithm.into(), "aws:kms".to_owned()));
            let named = "s3:x-amz-server-side-encryption-aws-kms-key-id";
            context.push((named.into(), key.to_owned()));
        }
        let asked = target.authorize(self, &caller, "s3:PutObject", Some(delivery.key), &context);
        asked.map_err(|denied| access_denied(denied.message).into())
    }

    fn deliver(&self, delivery: &Delivery<'_>, parcel: Parcel) -> Result<(), Undelivered> {
        self.takes(delivery)?;
        put(self, delivery, parcel)
    }
}

/// Puts something there for whom the bucket lets in; only the key is asked for.
pub(crate) fn put(
    store: &Store,
    delivery: &Delivery<'_>,
    parcel: Parcel,
) -> Result<(), Undelivered> {
    let (owner, encryption) = encrypted(store, delivery)?;
    let options = WriteOptions {
        encryption: EncryptionOptions::of(&encryption),
        acl: AclOptions {
            canned: Some(ACL.to_owned()),
            ..AclOptions::default()
        },
        ..WriteOptions::default()
    };
    let place = (delivery.bucket, delivery.key);
    let writer = Writer::Sandbox(&owner);
    write_object(store, place, writer, options, Arc::new(content(parcel)))?;
    Ok(())
}

fn of_source(delivery: &Delivery<'_>) -> Context {
    let keys = delivery.source.keys().into_iter();
    keys.map(|(name, value)| (name.into(), value)).collect()
}

/// Decides how a delivery is encrypted, and asks for the key as the service.
fn encrypted(
    store: &Store,
    delivery: &Delivery<'_>,
) -> Result<(Arc<str>, Encryption), Undelivered> {
    let caller = Caller::service(delivery.service);
    let (owner, region, default) = {
        let world = store.world();
        let bucket = world.bucket(delivery.bucket)?;
        let options = EncryptionOptions::default();
        let default = encryption(store, bucket, &bucket.owner, options);
        (
            Arc::clone(&bucket.owner),
            Arc::clone(&bucket.region),
            default,
        )
    };
    let Some((key, context)) = delivery.encryption else {
        let default = default?;
        let place = Place {
            bucket: delivery.bucket,
            region: &region,
            key: delivery.key,
        };
        check(store, &caller, place, &default, TO_WRITE)?;
        return Ok((owner, default));
    };
    let asked = store.environment.vault.ask(&KeyUse {
        caller: &caller,
        key,
        action: TO_WRITE,
        service: None,
        region: &region,
        context,
        others: &delivery.source.keys(),
    });
    asked.map_err(refusal)?;
    let encryption = Encryption::Kms {
        key: key.into(),
        bucket_key: false,
        dual: false,
    };
    Ok((owner, encryption))
}

pub(super) fn content(parcel: Parcel) -> Content {
    let Parcel {
        body,
        content_type,
        content_encoding,
    } = parcel;
    let pieces: [Bytes; 1] = [body.clone()];
    let rare = content_encoding.map(|encoding| {
        Box::new(RareHeaders {
            content_encoding: Some(encoding.to_owned()),
            ..RareHeaders::default()
        })
    });
    let content = Content {
        digest: digest(&md5(&pieces)),
        checksum: Some(of_pieces(Algorithm::Crc64Nvme, Type::FullObject, &pieces)),
        body: Body::from(body),
        ..Content::default()
    };
    content.with(Details {
        parts: Box::default(),
        headers: Headers {
            content_type: Some(content_type.into()),
            rare,
            metadata: Box::default(),
        },
    })
}
