//! How a version comes to be: identity, place in the order, encryption, and the start of its
//! replication. PutObject, CopyObject and CompleteMultipartUpload all end here.

use std::sync::Arc;
use std::time::SystemTime;

use s3s::S3Result;

use crate::authority::Caller;
use crate::s3::errors::computed_stays;
use crate::s3::notifications::{Happening, tell};
use crate::s3::replication;
use crate::s3::rules::acl::{of_write, owner};
use crate::s3::rules::encryption::{encryption, etag_under};
use crate::s3::rules::keys::{Place, check};
use crate::s3::rules::lock::lock;
use crate::s3::rules::storage_class::storage_class;
use crate::s3::state::version::{Content, Encryption, More, NULL_VERSION, Object, Version};
use crate::s3::state::world::{Store, Versioning, World};
use crate::s3::state::write_options::WriteOptions;

/// A version that was written.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    /// `None` where the bucket was never versioned: S3 names no version then.
    pub(crate) version_id: Option<String>,
    pub(crate) etag: String,
    pub(crate) encryption: Encryption,
    pub(crate) modified: SystemTime,
    pub(crate) size: u64,
}

/// Who writes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Writer<'a> {
    /// A caller, of whom the key is asked for this.
    Caller(&'a Caller, &'static str),
    /// The sandbox itself, for an account: no key is asked.
    Sandbox(&'a str),
}

impl Writer<'_> {
    fn account(&self) -> &str {
        match self {
            Self::Caller(caller, _) => &caller.account,
            Self::Sandbox(account) => account,
        }
    }
}

/// Tells of a version that a caller wrote, where the bucket's notifications want it.
pub(crate) fn tell_written(
    store: &Store,
    (bucket, key): (&str, &str),
    (event, caller): (&str, &Caller),
    written: &Written,
) {
    let happening = Happening {
        event,
        bucket,
        key,
        version_id: written.version_id.as_deref(),
        etag: Some(&written.etag),
        size: Some(written.size),
        caller: Some(caller),
        replication: None,
    };
    tell(store, &happening);
}

/// Writes a new version of an object.
pub(crate) fn write_object(
    store: &Store,
    (bucket, key): (&str, &str),
    writer: Writer<'_>,
    options: WriteOptions,
    content: Arc<Content>,
) -> S3Result<Written> {
    let mut guard = store.world();
    let world = &mut *guard;
    let target = world.bucket(bucket)?;
    let owner = owner(target, writer.account(), options.acl.canned.as_deref());
    let acl = of_write(world, target, &owner, &options.acl)?;
    let encryption = encryption(store, target, writer.account(), options.encryption)?;
    if let Writer::Caller(caller, action) = writer {
        let place = Place {
            bucket,
            region: &target.region,
            key,
        };
        check(store, caller, place, &encryption, action)?;
    }
    let plain = content.etag();
    let shown = etag_under(&encryption, &plain, bucket);
    let more = More {
        etag: (*shown != *plain).then(|| shown.as_str().into()),
        tags: options.tags,
        storage_class: storage_class(options.storage_class.as_deref())?,
        encryption: encryption.clone(),
        lock: lock(target, options.lock, store.now())?,
        acl,
        restored: None,
    };
    let object = Object::new(content, more);
    let size = object.content.body.size();
    let (version_id, modified) = add_version(store, world, (bucket, key), owner, Some(object))?;
    Ok(Written {
        version_id,
        etag: shown,
        encryption,
        modified,
        size,
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
    if target.computed.is_some() {
        return Err(computed_stays());
    }
    let versioning = target.versioning();
    let id = match versioning {
        Versioning::Enabled => store.version_id(),
        Versioning::Never | Versioning::Suspended => NULL_VERSION.into(),
    };
    let modified = store.now();
    let mut version = Version {
        id,
        sequence,
        modified: modified.into(),
        owner: (&*owner).into(),
        replication: None,
        replica: false,
        failure: None,
        object,
    };
    replication::plan(store, (bucket, target), key, &mut version);
    target.put_version(key, version);
    let shown = (versioning != Versioning::Never).then(|| id.to_string());
    Ok((shown, modified))
}
