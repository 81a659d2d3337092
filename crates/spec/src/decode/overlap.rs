//! Rules of two migrations that write the same keys of one destination bucket.
//!
//! Within a migration the order of the rules says which one counts. Between migrations nothing does, and
//! where the sources differ, two objects of one name become versions of one object.

use std::collections::BTreeMap;

use s3ferry_core::ids::BucketName;
use s3ferry_core::spec::RuleSpec;

use super::migration::Placed;
use crate::report::{Report, Span};

#[derive(Clone, Copy)]
struct Writer<'p> {
    placed: &'p Placed,
    rule: &'p RuleSpec,
    at: Span,
}

/// Warns of rules that write the same keys.
pub(super) fn overlaps(report: &mut Report<'_>, migrations: &[Placed]) {
    let mut by_bucket: BTreeMap<&BucketName, Vec<Writer<'_>>> = BTreeMap::new();
    for placed in migrations {
        let rules = placed.migration.rules.iter().zip(&placed.rules_at);
        let writers = rules
            .filter(|(rule, _)| rule.enabled)
            .map(|(rule, (_, at))| Writer {
                placed,
                rule,
                at: *at,
            });
        by_bucket
            .entry(&placed.migration.destination.bucket)
            .or_default()
            .extend(writers);
    }
    for mut writers in by_bucket.into_values() {
        writers.sort_by(|a, b| (&a.rule.prefix, a.at).cmp(&(&b.rule.prefix, b.at)));
        nested(report, &writers);
    }
}

/// Walks prefixes in order: those that the next one begins with are kept on a stack, so each rule meets only these.
fn nested(report: &mut Report<'_>, writers: &[Writer<'_>]) {
    let mut open: Vec<Writer<'_>> = Vec::new();
    for writer in writers {
        while open
            .last()
            .is_some_and(|wide| !writer.rule.prefix.starts_with(&wide.rule.prefix))
        {
            open.pop();
        }
        if let Some(wide) = open.iter().find(|wide| meet(wide, writer)) {
            let (first, second) = if wide.at < writer.at {
                (wide, writer)
            } else {
                (writer, wide)
            };
            told(report, first, second);
        }
        open.push(*writer);
    }
}

/// Whether both can write one key, and neither order nor another diagnostic settles it.
fn meet(wide: &Writer<'_>, narrow: &Writer<'_>) -> bool {
    let (ours, theirs) = (wide.rule, narrow.rule);
    if wide.placed.name == narrow.placed.name {
        return false;
    }
    if wide.placed.migration.source.bucket != narrow.placed.migration.source.bucket {
        return true;
    }
    let same = ours.prefix == theirs.prefix && ours.tags == theirs.tags;
    let apart = ours
        .tags
        .iter()
        .any(|(key, value)| theirs.tags.get(key).is_some_and(|other| other != value));
    !same && !apart
}

fn told(report: &mut Report<'_>, first: &Writer<'_>, second: &Writer<'_>) {
    let place = report.name(first.at);
    let (ours, theirs) = (&second.placed.migration, &first.placed.migration);
    let bucket = &ours.destination.bucket;
    if ours.source.bucket == theirs.source.bucket {
        report.warning(
            "rules-overlap",
            second.at,
            format!(
                "the rule `{}` of `{}` selects some of the objects of `{}` of `{}`",
                second.rule.name, second.placed.name, first.rule.name, first.placed.name
            ),
            format!("put both into one migration, where their order says which one counts; the other is at {place}"),
        );
    } else {
        report.warning(
            "keys-mix",
            second.at,
            format!(
                "`{}` and `{}` can write the same keys of `{bucket}`, from `{}` and `{}`",
                first.placed.name, second.placed.name, theirs.source.bucket, ours.source.bucket
            ),
            format!(
                "select prefixes that keep the keys apart, or use two destination buckets; the other is at {place}\n\
                 replication keeps keys, so two objects of one name become versions of one object and the later one hides the other"
            ),
        );
    }
}
