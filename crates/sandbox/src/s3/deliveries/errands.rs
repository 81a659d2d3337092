//! S3's answers to the services that read and write in the name of their callers.

use std::sync::Arc;

use bytes::Bytes;

use super::depot::content;
use crate::authority::Caller;
use crate::depot::{Parcel, Undelivered};
use crate::errands::Errands;
use crate::s3::calls::write::{Writer, tell_written, write_object};
use crate::s3::errors::{access_denied, no_such_key};
use crate::s3::rules::archive::{NOT_READ, check_readable};
use crate::s3::rules::keys::{Place, TO_READ, TO_WRITE, check};
use crate::s3::rules::target::{Context, Target};
use crate::s3::state::world::Store;
use crate::s3::state::write_options::WriteOptions;

/// "aws:CalledVia ... contains an ordered list of each service in the chain that made requests on the principal's behalf", of Athena among
/// others (IAMUG:reference_policies_condition-keys).
const VIA: [&str; 3] = ["aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"];

const ATHENA: &str = "athena.amazonaws.com";

impl Errands for Store {
    fn locate(&self, caller: &Caller, bucket: &str) -> Result<(String, String), Undelivered> {
        let target = allowed(self, caller, bucket, ("s3:GetBucketLocation", None), &[])?;
        Ok((target.owner.to_string(), target.region.to_string()))
    }

    fn list(
        &self,
        caller: &Caller,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<String>, Undelivered> {
        let asked = [("s3:prefix", prefix)];
        allowed(self, caller, bucket, ("s3:ListBucket", None), &asked)?;
        let world = self.world();
        let keys = world.bucket(bucket)?.objects.range(Box::from(prefix)..);
        let keys = keys.take_while(|(key, _)| key.starts_with(prefix));
        let bucket = world.bucket(bucket)?;
        let live = keys.filter(|(key, _)| {
            let newest = bucket.version(key, None);
            newest.is_some_and(|version| version.object.is_some())
        });
        Ok(live.map(|(key, _)| key.to_string()).collect())
    }

    fn read(&self, caller: &Caller, bucket: &str, key: &str) -> Result<Bytes, Undelivered> {
        let target = allowed(self, caller, bucket, ("s3:GetObject", Some(key)), &[])?;
        let object = {
            let world = self.world();
            let version = world.bucket(bucket)?.version(key, None);
            version.and_then(|version| version.object.clone())
        };
        let object = object.ok_or_else(no_such_key)?;
        let place = Place {
            bucket,
            region: &target.region,
            key,
        };
        check(self, caller, place, &object.encryption, TO_READ)?;
        check_readable(&object, self.now(), NOT_READ)?;
        Ok(Bytes::from(object.content.body.pieces().concat()))
    }

    fn write(
        &self,
        caller: &Caller,
        bucket: &str,
        key: &str,
        parcel: Parcel,
    ) -> Result<(), Undelivered> {
        allowed(self, caller, bucket, ("s3:PutObject", Some(key)), &[])?;
        let writer = Writer::Caller(caller, TO_WRITE);
        let options = WriteOptions::default();
        let content = Arc::new(content(parcel));
        let written = write_object(self, (bucket, key), writer, options, content)?;
        let event = ("ObjectCreated:Put", caller);
        tell_written(self, (bucket, key), event, &written);
        Ok(())
    }
}

fn allowed(
    store: &Store,
    caller: &Caller,
    bucket: &str,
    (action, key): (&str, Option<&str>),
    more: &[(&'static str, &str)],
) -> Result<Target, Undelivered> {
    let target = Target::of(store, bucket)?;
    let mut context: Context = VIA.map(|name| (name.into(), ATHENA.to_owned())).into();
    let more = more.iter();
    context.extend(more.map(|(name, value)| ((*name).into(), (*value).to_owned())));
    let asked = target.authorize(store, caller, action, key, &context);
    asked.map_err(|denied| access_denied(denied.message))?;
    Ok(target)
}
