//! CloudTrail trails: one of ours or somebody else's, and those that record in a Region.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::call::{Call, Need};
use super::kind::{
    Born, Change, Consequences, Facts, Grows, Holding, Implied, Marked, Parts, Settled, Size, Tags,
    Writes, in_a_value, nothing_linked, one_thing,
};
use crate::format::{Action, RiskLevel, UndoKind};
use crate::ids::BucketName;
use crate::model::links::Link;
use crate::model::target::{Service, Target};

/// A trail, apart from what it records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trail {
    /// The name of the bucket that its files go to.
    pub bucket: String,
    /// What their keys begin with, before `/AWSLogs/`.
    pub prefix: Option<String>,
    /// Whether it records in every Region.
    pub multi_region: bool,
    /// Whether it records in every account of an organisation.
    pub organization: bool,
    /// The KMS key that its files are encrypted with.
    pub key: Option<String>,
    /// Its tags.
    pub tags: Tags,
    /// Whether it is switched on.
    pub logging: bool,
    /// Why its last file could not be delivered, in S3's word. CloudTrail's own: no part of what the trail means.
    pub delivery_error: Option<String>,
}

impl Trail {
    /// The bucket that its files go to; none where the name is none.
    #[must_use]
    pub fn to(&self) -> Option<BucketName> {
        BucketName::new(self.bucket.clone()).ok()
    }
}

/// Tags are given to a trail with the call that makes it, under an action of their own (CTUG:
/// security_iam_id-based-policy-examples, and BC:cloudtrail CreateTrail `TagsList`).
const CREATE: Call = Call::of(
    "CreateTrail",
    &[
        Need::place("cloudtrail:CreateTrail"),
        Need::place("cloudtrail:AddTags"),
    ],
);
const START: Call = Call::of("StartLogging", &[Need::place("cloudtrail:StartLogging")]);
const UNTAG: Call = Call::of("RemoveTags", &[Need::place("cloudtrail:RemoveTags")]);

/// What a trail that stays is left to others with: our tag goes.
pub(crate) const RELEASE: &[Call] = &[UNTAG];

pub(super) const TRAIL: Facts = Facts {
    name: "CloudTrail trail",
    path: "",
    service: Service::CloudTrail,
    read: &[
        Call::of("GetTrail", &[Need::place("cloudtrail:GetTrail")]),
        Call::of(
            "GetTrailStatus",
            &[Need::place("cloudtrail:GetTrailStatus")],
        ),
        Call::of("ListTags", &[Need::place("cloudtrail:ListTags")]),
    ],
    write: Some(Writes {
        create: &[CREATE, START],
        update: &[
            Call::of("UpdateTrail", &[Need::place("cloudtrail:UpdateTrail")]),
            Call::of("AddTags", &[Need::place("cloudtrail:AddTags")]),
            UNTAG,
            START,
            Call::of("StopLogging", &[Need::place("cloudtrail:StopLogging")]),
        ],
        delete: &[Call::of(
            "DeleteTrail",
            &[Need::place("cloudtrail:DeleteTrail")],
        )],
    }),
    guarded: true,
    marked: Marked::ByItsWhole,
    always_there: false,
    implies: Implied::Nothing,
    born: Born::Nothing,
    grows: Grows::Never,
    size: Size::Free,
    settled: Settled::AT_ONCE,
    consequences: of_trail,
};

fn of_trail(change: &Change<'_>) -> Consequences {
    match change.action {
        Action::Create => Consequences::of(
            UndoKind::Exact,
            "",
            RiskLevel::Low,
            &[
                "It records data events of the spec's buckets only; management events, of which one copy a Region is free, are not among \
               them.",
            ],
        ),
        Action::Update => Consequences::of(
            UndoKind::Exact,
            "",
            RiskLevel::Medium,
            &["Whoever reads its files at their old place finds no new ones there."],
        ),
        Action::Delete => Consequences::of(
            UndoKind::Partial,
            "what happens meanwhile is not recorded",
            RiskLevel::Medium,
            &["Files that are there stay."],
        ),
        Action::Prove => Consequences::none(),
    }
}

impl Holding for Trail {
    fn canonical(&self) -> Value {
        let Self {
            bucket,
            prefix,
            multi_region,
            organization,
            key,
            tags,
            logging,
            delivery_error: _, // What it met, not what it is.
        } = self;
        let mut meaning = Map::new();
        meaning.insert("bucket".to_owned(), json!(bucket));
        if let Some(prefix) = prefix.as_ref().filter(|prefix| !prefix.is_empty()) {
            meaning.insert("prefix".to_owned(), json!(prefix));
        }
        if *multi_region {
            meaning.insert("all_regions".to_owned(), json!(true));
        }
        if *organization {
            meaning.insert("organization".to_owned(), json!(true));
        }
        if let Some(key) = key {
            meaning.insert("kms_key".to_owned(), json!(key));
        }
        // A trail is switched on after it is made: without, it is half of one.
        if *logging {
            meaning.insert("logging".to_owned(), json!(true));
        }
        meaning.insert("tags".to_owned(), json!(tags));
        Value::Object(meaning)
    }

    fn view(&self) -> Value {
        self.canonical()
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        let Some(bucket) = self.to() else {
            return Vec::new();
        };
        Link::of_delivery(
            bucket,
            "a bucket takes a trail's files before the trail is made, or CloudTrail refuses it",
            "a trail ends before its files are no longer taken",
        )
        .into()
    }
}

pub(super) const TRAILS: Facts = Facts::only_read(
    "CloudTrail trails",
    "trails",
    Service::CloudTrail,
    &[Call::of(
        "DescribeTrails",
        &[Need::account("cloudtrail:DescribeTrails")],
    )],
);

/// A trail that records in a Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeenTrail {
    /// Its name.
    pub name: String,
    /// Its home Region.
    pub home: String,
    /// The account that it is of: of an organisation's, the one that manages it.
    pub account: String,
}

/// The trails that record in a Region of an account, wherever they are at home.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenTrails(pub BTreeSet<SeenTrail>);

impl Holding for SeenTrails {
    fn canonical(&self) -> Value {
        let seen = self.0.iter().map(|trail| {
            let SeenTrail {
                name,
                home,
                account,
            } = trail;
            json!([account, home, name])
        });
        json!(seen.collect::<Vec<_>>())
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
