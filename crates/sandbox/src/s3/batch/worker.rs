//! Who does a job: S3 Batch Operations under the job's role. What it reads and writes, it asks for as any caller.

use std::sync::Arc;

use bytes::Bytes;

use super::paper::Paper;
use crate::authority::{Caller, Denied};
use crate::s3::calls::write::{Writer, tell_written, write_object};
use crate::s3::rules::archive::{NOT_READ, check_readable};
use crate::s3::rules::keys::{Place, TO_READ, TO_WRITE, check};
use crate::s3::rules::target::{Context, Target};
use crate::s3::state::batch::job::Job;
use crate::s3::state::batch::request::SERVICE;
use crate::s3::state::version::{Encryption, Object};
use crate::s3::state::world::Store;
use crate::s3::state::write_options::{EncryptionOptions, WriteOptions};

/// S3 Batch Operations under a job's role.
pub(super) struct Worker<'a> {
    pub(super) store: &'a Store,
    caller: Caller,
}

/// What is refused: the code that S3 has for it.
pub(super) type Refused = String;

/// An object as it is read.
pub(super) struct Read {
    pub(super) body: Bytes,
    pub(super) etag: String,
    pub(super) encryption: Encryption,
}

impl<'a> Worker<'a> {
    /// Assumes the role of a job.
    pub(super) fn of(store: &'a Store, job: &Job) -> Result<Self, Denied> {
        let authority = &store.environment.authority;
        let caller = authority.assume_as_service(SERVICE, &job.request.role)?;
        Ok(Self { store, caller })
    }

    /// Asks whether the role may do this.
    pub(super) fn may(
        &self,
        target: &Target,
        action: &str,
        key: Option<&str>,
    ) -> Result<(), Refused> {
        let context = Context::new();
        let asked = target.authorize(self.store, &self.caller, action, key, &context);
        asked.map_err(|_| "AccessDenied".to_owned())
    }

    /// Asks whether the role may read an object: "version-specific permissions are only required when you are specifying the
    /// version ID" (UG:batch-ops-iam-role-policies).
    pub(super) fn may_read(
        &self,
        target: &Target,
        key: &str,
        by_version: bool,
        object: &Object,
    ) -> Result<(), Refused> {
        let action = if by_version {
            "s3:GetObjectVersion"
        } else {
            "s3:GetObject"
        };
        self.may(target, action, Some(key))?;
        let encryption = &object.encryption;
        let place = place(target, key);
        let asked = check(self.store, &self.caller, place, encryption, TO_READ);
        asked.map_err(|error| error.code().as_str().to_owned())
    }

    /// Reads an object.
    pub(super) fn read(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<Read, Refused> {
        let target = Target::of(self.store, bucket).map_err(|_| "NoSuchBucket".to_owned())?;
        let object = {
            let world = self.store.world();
            let bucket = world.buckets.get(bucket);
            let version = bucket.and_then(|bucket| bucket.version(key, version));
            version.and_then(|version| version.object.clone())
        };
        let object = object.ok_or_else(|| "NoSuchKey".to_owned())?;
        self.may_read(&target, key, version.is_some(), &object)?;
        check_readable(&object, self.store.now(), NOT_READ)
            .map_err(|error| error.code().as_str().to_owned())?;
        Ok(Read {
            body: Bytes::from(object.content.body.pieces().concat()),
            etag: object.etag().to_string(),
            encryption: object.encryption.clone(),
        })
    }

    /// Writes an object, under this encryption; returns its ETag.
    pub(super) fn write(
        &self,
        target: &Target,
        key: &str,
        paper: Paper,
        encryption: EncryptionOptions,
    ) -> Result<String, Refused> {
        self.may(target, "s3:PutObject", Some(key))?;
        let options = WriteOptions {
            encryption,
            ..WriteOptions::default()
        };
        let writer = Writer::Caller(&self.caller, TO_WRITE);
        let content = Arc::new(paper.content());
        let written = write_object(self.store, (&target.name, key), writer, options, content);
        let written = written.map_err(|error| error.code().as_str().to_owned())?;
        let place = (target.name.as_str(), key);
        let event = ("ObjectCreated:Put", &self.caller);
        tell_written(self.store, place, event, &written);
        Ok(written.etag)
    }
}

fn place<'a>(target: &'a Target, key: &'a str) -> Place<'a> {
    Place {
        bucket: &target.name,
        region: &target.region,
        key,
    }
}
