//! Generators of trails and of what they record.

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use s3ferry_core::model::Document;
use s3ferry_core::model::kinds::{
    AdvancedSelector, BasicSelector, EventSelectors, FieldSelector, SeenTrail, SeenTrails, Trail,
};

use super::{tags, word};

pub(super) fn itself() -> impl Strategy<Value = Document> {
    let marks = option::of(select(&["default", "other", "other default"][..]));
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (
        word(),
        option::of(word()),
        option::of(word()),
        (tags(), marks),
        flags,
        option::of(Just("AccessDenied".to_owned())),
    )
        .prop_map(
            |(bucket, prefix, key, (mut tags, mark), flags, delivery_error)| {
                let (multi_region, organization, logging) = flags;
                let mark = mark.map(|mark| ("s3ferry:spec".to_owned(), mark.to_owned()));
                tags.extend(mark);
                Document::Trail(Box::new(Trail {
                    bucket,
                    prefix,
                    multi_region,
                    organization,
                    key,
                    tags,
                    logging,
                    delivery_error,
                }))
            },
        )
}

/// Selectors of either sort, ours among them.
pub(super) fn selectors() -> impl Strategy<Value = Document> {
    prop_oneof![
        vec(basic(), 1..4).prop_map(EventSelectors::Basic),
        vec(advanced(), 1..4).prop_map(EventSelectors::Advanced),
    ]
    .prop_map(Document::Selectors)
}

fn arn() -> impl Strategy<Value = String> {
    let arns = [
        "arn:aws:s3",
        "arn:aws:s3:::orders-prod/",
        "arn:aws:s3:::orders-archive/",
        "arn:aws:s3:::theirs/logs/",
    ];
    select(arns.to_vec()).prop_map(str::to_owned)
}

fn basic() -> impl Strategy<Value = BasicSelector> {
    let kinds = select(&["AWS::S3::Object", "AWS::Lambda::Function"][..]);
    let resource = (kinds, vec(arn(), 0..3)).prop_map(|(kind, of)| (kind.to_owned(), of));
    (
        select(&["All", "ReadOnly", "WriteOnly"][..]),
        any::<bool>(),
        vec(Just("kms.amazonaws.com".to_owned()), 0..2),
        vec(resource, 0..3),
    )
        .prop_map(
            |(read_write, management, excluded, resources)| BasicSelector {
                read_write: read_write.to_owned(),
                management,
                excluded,
                resources,
            },
        )
}

fn advanced() -> impl Strategy<Value = AdvancedSelector> {
    let names = [
        "s3ferry/default/all",
        "s3ferry/default/writes",
        "s3ferry/other/all",
        "theirs",
    ];
    let operators = select(&["Equals", "StartsWith", "NotEndsWith"][..]).prop_map(str::to_owned);
    let field = (word(), btree_map(operators, vec(arn(), 1..3), 1..3))
        .prop_map(|(field, is)| FieldSelector { field, is });
    (
        option::of(select(names.to_vec()).prop_map(str::to_owned)),
        vec(field, 1..3),
    )
        .prop_map(|(name, fields)| AdvancedSelector { name, fields })
}

pub(super) fn seen() -> impl Strategy<Value = Document> {
    let seen = (word(), word(), word()).prop_map(|(name, home, account)| SeenTrail {
        name,
        home,
        account,
    });
    btree_set(seen, 0..3).prop_map(|seen| Document::Trails(SeenTrails(seen)))
}
