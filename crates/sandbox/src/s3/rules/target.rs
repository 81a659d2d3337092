//! A bucket as the object of a question to IAM: may this caller do this to it?

use std::borrow::Cow;
use std::sync::Arc;

use s3s::S3Result;

use super::acl_access;
use super::public_access::{self, Setting};
use crate::authority::{Action, Caller, CallerKind, Denied};
use crate::s3::state::world::Store;

/// A bucket as far as authorization needs it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) owner: Arc<str>,
    pub(crate) region: Arc<str>,
    /// The bucket policy in effect, with stored principals.
    pub(crate) policy: Option<Arc<str>>,
    /// What is in it is computed, and stays as it is.
    pub(crate) computed: bool,
    /// RestrictPublicBuckets is on, for the bucket or for its account.
    restricted: bool,
}

impl Target {
    /// Reads the bucket; NoSuchBucket where there is none.
    pub(crate) fn of(store: &Store, bucket: &str) -> S3Result<Self> {
        let effective = store.effective_instant();
        let world = store.world();
        let found = world.bucket(bucket)?;
        Ok(Self {
            name: bucket.to_owned(),
            owner: Arc::clone(&found.owner),
            region: Arc::clone(&found.region),
            policy: found.document_as_of(&("policy", String::new()), effective),
            computed: found.computed.is_some(),
            restricted: public_access::is_on(&world, found, Setting::RestrictPublicBuckets),
        })
    }

    /// Asks IAM about one action on the bucket, or on an object of it, and their ACLs where no policy decides it.
    pub(crate) fn authorize(
        &self,
        store: &Store,
        caller: &Caller,
        action: &str,
        key: Option<&str>,
        context: &Context,
    ) -> Result<(), Denied> {
        if self.is_closed_to(store, caller) {
            return Err(Denied {
                message: "Access Denied".to_owned(),
                explicit: true,
            });
        }
        let resource = match key {
            Some(key) => format!("arn:aws:s3:::{}/{key}", self.name),
            None => format!("arn:aws:s3:::{}", self.name),
        };
        let action = Action {
            name: action,
            resource: &resource,
            resource_account: &self.owner,
            resource_policy: self.policy.as_deref(),
            context: &self.keys(context),
        };
        let authority = &store.environment.authority;
        match authority.authorize(caller, &action) {
            Err(denied) if !denied.explicit => {
                let version = context.iter().find(|(name, _)| name == "s3:VersionId");
                let version = version.map(|(_, id)| id.as_str());
                let acl = {
                    let world = store.world();
                    let bucket = world.buckets.get(&self.name);
                    bucket.and_then(|bucket| {
                        acl_access::policy(&world, bucket, caller, action.name, (key, version))
                    })
                };
                let action = Action {
                    resource_policy: acl.as_deref(),
                    ..action
                };
                let granted = acl.is_some() && authority.authorize(caller, &action).is_ok();
                if granted { Ok(()) } else { Err(denied) }
            }
            answer => answer,
        }
    }

    /// "Restricts access to only AWS service principals and authorized users within this account if the bucket has a
    /// public policy", whatever else the policy grants (BC:s3 PublicAccessBlockConfiguration). A replication role is no
    /// service principal.
    fn is_closed_to(&self, store: &Store, caller: &Caller) -> bool {
        let is_public = |policy: &Arc<str>| store.environment.authority.is_public(policy);
        self.restricted
            && caller.kind != CallerKind::Service
            && caller.account != *self.owner
            && self.policy.as_ref().is_some_and(is_public)
    }

    /// Adds what every request on the bucket has, whoever makes it.
    fn keys<'a>(&self, context: &'a Context) -> Vec<(&'a str, String)> {
        let mut keys = keys(context);
        keys.push(("s3:ResourceAccount", self.owner.to_string()));
        // Only a client's request says where it was sent; it may be another Region where the call works everywhere.
        if !keys.iter().any(|(key, _)| *key == "aws:RequestedRegion") {
            keys.push(("aws:RequestedRegion", self.region.to_string()));
        }
        keys
    }
}

/// Keys and values; a key given twice is multivalued.
pub(crate) type Context = Vec<(Cow<'static, str>, String)>;

/// Returns the keys in the form IAM takes them, with those that every request to S3 has.
pub(crate) fn keys(context: &Context) -> Vec<(&str, String)> {
    let given = context
        .iter()
        .map(|(key, value)| (key.as_ref(), value.clone()));
    // What counts as TLS (see IAM's `aws:SecureTransport`) has its newest version.
    let tls_version = ("s3:TlsVersion", "1.3".to_owned());
    given.chain(std::iter::once(tls_version)).collect()
}
