//! KMS keys: what one is and whether it can be used, which is only read, and its policy.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::call::{Call, Need};
use super::kind::{
    Born, Facts, Grows, Holding, Implied, Marked, Parts, Settled, Size, Writes, in_a_value,
    nothing_linked, nothing_of_note, one_thing,
};
use super::part::PolicyOf;
use super::policy::{Policy, contexts};
use crate::model::links::{Link, Thing};
use crate::model::target::{RolePart, RoleRef, Service, Target};
use crate::policy::{Grant, Statement, size};

/// A KMS key, in KMS's own words (BC:kms KeyMetadata).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its state, e.g. `Enabled`.
    pub state: String,
    /// What kind of key it is, e.g. `SYMMETRIC_DEFAULT`.
    pub spec: String,
    /// What it is for, e.g. `ENCRYPT_DECRYPT`.
    pub usage: String,
    /// Who manages it: `CUSTOMER` or `AWS`.
    pub manager: String,
    /// Whether it is a multi-Region key, which S3 takes for one of a single Region (UG:replication-config-for-kms-objects).
    pub multi_region: bool,
}

impl Key {
    /// Whether it encrypts and decrypts as S3 asks it to: S3 takes symmetric encryption keys only (UG:UsingKMSEncryption).
    #[must_use]
    pub fn is_symmetric(&self) -> bool {
        self.spec == "SYMMETRIC_DEFAULT" && self.usage == "ENCRYPT_DECRYPT"
    }

    /// Whether AWS manages it: its policy is AWS's, and lets nobody of another account in.
    #[must_use]
    pub fn is_of_aws(&self) -> bool {
        self.manager == "AWS"
    }
}

pub(super) const KEY: Facts = Facts::only_read(
    "KMS key",
    "",
    Service::Kms,
    &[Call::of("DescribeKey", &[Need::place("kms:DescribeKey")])],
);

/// The grants of a key that let roles encrypt or decrypt with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// Those that were looked at.
    pub all: BTreeSet<Grant>,
    /// Whether there are more than were looked at.
    pub has_more: bool,
}

pub(super) const GRANTS: Facts = Facts::only_read(
    "key grants",
    "/grants",
    Service::Kms,
    &[Call::of("ListGrants", &[Need::place("kms:ListGrants")])],
);

impl Holding for Grants {
    fn canonical(&self) -> Value {
        let Self { all, has_more } = self;
        let grants = all.iter().map(|grant| {
            let Grant {
                grantee,
                operations,
                context,
            } = grant;
            json!([grantee, operations, context])
        });
        json!([grants.collect::<Vec<_>>(), has_more])
    }

    fn view(&self) -> Value {
        in_a_value(self.canonical())
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        nothing_linked()
    }
}

pub(super) const KEY_POLICY: Facts = Facts {
    name: "key policy",
    path: "/policy",
    service: Service::Kms,
    read: &[Call::of("GetKeyPolicy", &[Need::place("kms:GetKeyPolicy")])],
    // A key always has one: it is neither made nor removed.
    write: Some(Writes {
        create: &[],
        update: &[Call::of("PutKeyPolicy", &[Need::place("kms:PutKeyPolicy")])],
        delete: &[],
    }),
    guarded: false,
    marked: Marked::ByItem,
    always_there: true,
    implies: Implied::Nothing,
    born: Born::Nothing,
    grows: Grows::OurStatements,
    size: Size::PolicyBytes(size::KEY_POLICY_BYTES),
    // KMS is eventually consistent: a change is seen everywhere "within a few seconds", in rare cases minutes (KMS Developer
    // Guide, "AWS KMS eventual consistency"). unverified: two reads are enough; the canary is the proof.
    settled: Settled {
        reads_in_a_row: 2,
        wait: Some("KMS to accept the principal and to answer the new policy"),
    },
    consequences: nothing_of_note,
};

impl Holding for Key {
    fn canonical(&self) -> Value {
        let Self {
            state,
            spec,
            usage,
            manager,
            multi_region,
        } = self;
        json!({
            "state": state, "spec": spec, "usage": usage, "manager": manager,
            "multi_region": multi_region,
        })
    }

    fn view(&self) -> Value {
        self.canonical()
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        nothing_linked()
    }
}

/// A policy as a key's.
pub(super) struct OfKey<'a>(pub(super) &'a Policy);

impl Holding for OfKey<'_> {
    fn canonical(&self) -> Value {
        self.0.canonical()
    }

    fn view(&self) -> Value {
        json!({ "text": self.0.text() })
    }

    fn parts(&self) -> Option<Parts> {
        self.0.parts(PolicyOf::Key)
    }

    /// The policy is the permission to use its key for the buckets that the conditions of its statements name.
    fn links(&self, at: &Target) -> Vec<Link> {
        let Some(key) = at.key() else {
            return nothing_linked();
        };
        let buckets = self.0.statements().iter().flat_map(contexts);
        let grants = buckets.flat_map(|bucket| {
            [
                Link::Is(Thing::KeyGrant(bucket.clone(), key.arn())),
                Link::Is(Thing::KeyGrants(bucket)),
            ]
        });
        let statements = self.0.statements().iter();
        let principals = statements.flat_map(Statement::aws_principals);
        let roles = principals.filter_map(RoleRef::of_arn).flat_map(|role| {
            let role = Thing::Role(role, RolePart::Itself);
            [
                Link::Uses(
                    role.clone(),
                    "a principal exists before a key policy names it",
                ),
                Link::HoldsTillGone(
                    role,
                    "a key policy stops naming a principal before it is deleted",
                ),
            ]
        });
        grants.chain(roles).collect()
    }
}
