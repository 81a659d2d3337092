//! A bucket itself, its tags, and the buckets of an account.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::{Call, Need};
use super::kind::{
    Born, Consequences, Facts, Grows, Holding, Implied, Marked, Parts, Settled, Size, Tags, Writes,
    in_a_value, nothing_linked, nothing_of_note, one_thing,
};
use crate::format::{RiskLevel, UndoKind};
use crate::ids::Region;
use crate::model::links::Link;
use crate::model::target::{Service, Target};

/// The buckets of an account: by their names, some of which no bucket may have any more, and where each is if that is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Buckets(pub BTreeMap<String, Option<Region>>);

pub(super) const BUCKETS: Facts = Facts::only_read(
    "buckets",
    "buckets",
    Service::S3,
    &[Call::of(
        "ListBuckets",
        &[Need::account("s3:ListAllMyBuckets")],
    )],
);

impl Holding for Buckets {
    fn canonical(&self) -> Value {
        let Self(buckets) = self;
        let place = |region: &Option<Region>| region.as_ref().map(ToString::to_string);
        let places = buckets.iter().map(|(name, region)| (name, place(region)));
        json!(places.collect::<BTreeMap<_, _>>())
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

/// A bucket that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// The Region that it is in.
    pub region: Region,
    /// The tags it is made with, so that a bucket is never ours without its marker; empty when read
    /// (BC:s3 CreateBucketConfiguration.Tags).
    pub created_with_tags: Tags,
}

const CREATE: &[Call] = &[Call::of(
    "CreateBucket",
    &[
        Need::place("s3:CreateBucket"),
        Need::place("s3:PutBucketOwnershipControls"),
        Need::place("s3:TagResource"),
    ],
)];

pub(super) const BUCKET: Facts = Facts {
    name: "bucket",
    path: "",
    service: Service::S3,
    read: &[Call::of("HeadBucket", &[Need::place("s3:ListBucket")])],
    write: Some(Writes {
        create: CREATE,
        update: &[],
        delete: &[],
    }),
    guarded: false,
    marked: Marked::Never,
    always_there: false,
    implies: Implied::Nothing,
    born: Born::Nothing,
    grows: Grows::Never,
    size: Size::Free,
    settled: Settled::AT_ONCE,
    consequences: |_| {
        Consequences::of(
            UndoKind::Partial,
            "s3ferry does not delete buckets; delete it by hand while it is empty",
            RiskLevel::Low,
            &[],
        )
    },
};

pub(super) const TAGS: Facts = Facts {
    name: "bucket tags",
    path: "/tags",
    service: Service::S3,
    read: &[Call::of(
        "GetBucketTagging",
        &[Need::place("s3:GetBucketTagging")],
    )],
    write: Some(Writes {
        create: PUT_TAGS,
        update: PUT_TAGS,
        delete: &[Call::of(
            "DeleteBucketTagging",
            &[Need::place("s3:PutBucketTagging")],
        )],
    }),
    guarded: false,
    marked: Marked::ByItsWhole,
    always_there: true,
    implies: Implied::Nothing,
    born: Born::Tags,
    grows: Grows::Never,
    size: Size::Free,
    settled: Settled::AT_ONCE,
    consequences: nothing_of_note,
};

const PUT_TAGS: &[Call] = &[Call::of(
    "PutBucketTagging",
    &[Need::place("s3:PutBucketTagging")],
)];

impl Holding for Bucket {
    fn canonical(&self) -> Value {
        let Self {
            region,
            created_with_tags: _, // The tags are a document of their own; here they only ride along with the creation.
        } = self;
        json!({ "region": region.as_str() })
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

impl Holding for Tags {
    fn canonical(&self) -> Value {
        json!(self)
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
