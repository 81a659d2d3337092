//! What migrations must agree on: buckets have one owner, one role, one configuration, and data flows one way.

use std::collections::{BTreeMap, BTreeSet};

use s3ferry_core::ids::{BucketName, RuleName};
use s3ferry_core::spec::{Create, RuleSpec};

use super::ends::EndPlace;
use super::migration::Placed;
use crate::report::{Report, Span};

/// How many rules a bucket's replication configuration holds (BC:s3 ReplicationConfiguration).
const MOST_RULES: usize = 1000;

/// Checks migrations against each other.
pub(super) fn between(report: &mut Report<'_>, migrations: &[Placed]) {
    owners(report, migrations);
    sources(report, migrations);
    jobs(report, migrations);
    destinations(report, migrations);
    filters(report, migrations);
    flow(report, migrations);
}

/// A bucket name is one bucket, so it is in one account wherever it is named.
fn owners(report: &mut Report<'_>, migrations: &[Placed]) {
    let mut first: BTreeMap<&BucketName, (&str, EndPlace)> = BTreeMap::new();
    for placed in migrations {
        let Placed {
            migration,
            source,
            destination,
            ..
        } = placed;
        let ends = [
            (
                &migration.source.bucket,
                migration.source.account.as_str(),
                *source,
            ),
            (
                &migration.destination.bucket,
                migration.destination.account.as_str(),
                *destination,
            ),
        ];
        for (bucket, account, at) in ends {
            let (known, known_at) = *first.entry(bucket).or_insert((account, at));
            if known != account {
                let known_at = report.name(known_at.account);
                report.error(
                    "bucket-in-two-accounts",
                    at.account,
                    format!("`{bucket}` is in `{account}` here and in `{known}` at {known_at}"),
                    "a bucket belongs to one account and one Region: name the same account in both places",
                );
            }
        }
    }
}

/// Migrations that share a source bucket share its one role, and its one configuration.
fn sources(report: &mut Report<'_>, migrations: &[Placed]) {
    for placed in groups(migrations, |placed| &placed.migration.source.bucket) {
        one_role(report, &placed);
        let count: usize = placed
            .iter()
            .map(|placed| placed.migration.rules.len())
            .sum();
        if let (true, Some(last)) = (count > MOST_RULES, placed.last()) {
            report.error(
                "too-many-rules",
                last.rules_at
                    .first()
                    .map_or(last.source.bucket, |(id, _)| *id),
                format!(
                    "`{}` has {count} rules over all migrations",
                    last.migration.source.bucket
                ),
                "S3 takes 1,000 rules per source bucket: join rules by a shorter prefix",
            );
        }
    }
}

fn one_role(report: &mut Report<'_>, placed: &[&Placed]) {
    let Some((first, others)) = placed.split_first() else {
        return;
    };
    for other in others
        .iter()
        .filter(|other| other.migration.role != first.migration.role)
    {
        let at = other
            .role_at
            .or(first.role_at)
            .unwrap_or(other.source.bucket);
        report.error(
            "role-conflict",
            at,
            format!(
                "`{}` and `{}` replicate `{}` by two roles, `{}` and `{}`",
                first.name, other.name, first.migration.source.bucket, first.migration.role, other.migration.role
            ),
            "a replication configuration has one role for all rules: name the same `roles.replication` in both, or in `defaults`",
        );
    }
}

/// S3 replicates as one role and works on jobs as another: each is trusted by a service of its own.
fn jobs(report: &mut Report<'_>, migrations: &[Placed]) {
    let mut replicate: BTreeMap<(&str, &str), &Placed> = BTreeMap::new();
    for placed in migrations {
        let of = &placed.migration;
        replicate
            .entry((of.source.account.as_str(), of.role.as_str()))
            .or_insert(placed);
    }
    for placed in migrations {
        let of = &placed.migration;
        let roles = [
            (
                &of.source.account,
                &of.batch_role,
                placed.batch_role_at,
                "batch",
            ),
            (
                &of.destination.account,
                &of.destination_batch_role,
                placed.destination_batch_role_at,
                "destination_batch",
            ),
        ];
        for (account, role, at, field) in roles {
            let Some(other) = replicate.get(&(account.as_str(), role.as_str())) else {
                continue;
            };
            report.error(
                "role-conflict",
                at.or(other.role_at).unwrap_or(placed.source.bucket),
                format!(
                    "the jobs of `{}` would act as `{role}`, by which `{}` replicates",
                    placed.name, other.name
                ),
                format!(
                    "one role is for S3 and the other for S3 Batch Operations: name another `roles.{field}`"
                ),
            );
        }
    }
}

/// Migrations that share a destination bucket agree on who makes it and how.
fn destinations(report: &mut Report<'_>, migrations: &[Placed]) {
    for placed in groups(migrations, |placed| &placed.migration.destination.bucket) {
        let Some((first, others)) = placed.split_first() else {
            continue;
        };
        let bucket = &first.migration.destination.bucket;
        for other in others {
            let (ours, theirs) = (&first.migration, &other.migration);
            if ours.destination.create != theirs.destination.create {
                let place = report.name(first.create_at);
                report.error(
                    "destination-conflict",
                    other.create_at,
                    format!(
                        "`{}` and `{}` do not agree on how `{bucket}` is made",
                        first.name, other.name
                    ),
                    format!(
                        "give both the same `create` and `encryption`; the other is at {place}"
                    ),
                );
            } else if matches!(ours.destination.create, Create::Yes(_))
                && ours.owner != theirs.owner
            {
                let place = report.name(first.owner_at);
                report.error(
                    "destination-conflict",
                    other.owner_at,
                    format!("`{}` and `{}` do not agree on who owns replicas in `{bucket}`", first.name, other.name),
                    format!("ownership is a setting of the bucket: give both the same `owner`; the other is at {place}"),
                );
            }
        }
    }
}

/// Two rules with one source, one destination and one filter: one of them can never act.
fn filters(report: &mut Report<'_>, migrations: &[Placed]) {
    type Filter<'f> = (
        &'f BucketName,
        &'f BucketName,
        &'f str,
        &'f BTreeMap<String, String>,
    );
    let mut first: BTreeMap<Filter<'_>, (&Placed, &RuleName, Span)> = BTreeMap::new();
    for placed in migrations {
        let (source, destination) = (
            &placed.migration.source.bucket,
            &placed.migration.destination.bucket,
        );
        for (
            RuleSpec {
                name, prefix, tags, ..
            },
            (id_at, filter_at),
        ) in placed.migration.rules.iter().zip(&placed.rules_at)
        {
            let earlier = first.insert((source, destination, prefix, tags), (placed, name, *id_at));
            if let Some((earlier, earlier_name, earlier_at)) = earlier {
                let place = report.name(earlier_at);
                report.error(
                    "same-filter",
                    *filter_at,
                    format!(
                        "the rule `{name}` of `{}` selects the same objects as `{earlier_name}` of `{}`",
                        placed.name, earlier.name
                    ),
                    format!("remove one of the two or change its `prefix` or `tags`; the other is at {place}"),
                );
            }
        }
    }
}

/// Data flows one way: no bucket is reached again from itself, and replicas do not travel on.
fn flow(report: &mut Report<'_>, migrations: &[Placed]) {
    let mut onward: BTreeMap<&BucketName, Vec<&Placed>> = BTreeMap::new();
    for placed in migrations {
        onward
            .entry(&placed.migration.source.bucket)
            .or_default()
            .push(placed);
    }
    let mut told: BTreeSet<&BucketName> = BTreeSet::new();
    // From the last one, so that a circle is told where it is closed, and once.
    for placed in migrations.iter().rev() {
        let bucket = &placed.migration.destination.bucket;
        let Some(next) = onward.get(bucket).and_then(|next| next.first()) else {
            continue;
        };
        let (back, reached) = way_back(&onward, placed);
        match back {
            Some(_) if told.contains(bucket) => {}
            Some(back) => {
                looped(report, placed, back);
                told.extend(reached);
            }
            None => replicas_stay(report, placed, next),
        }
    }
}

/// The migration that closes a circle from this one's destination to its source, and the buckets on the way.
fn way_back<'p>(
    onward: &BTreeMap<&'p BucketName, Vec<&'p Placed>>,
    from: &'p Placed,
) -> (Option<&'p Placed>, BTreeSet<&'p BucketName>) {
    let goal = &from.migration.source.bucket;
    let mut reached: BTreeSet<&BucketName> = BTreeSet::from([goal]);
    let mut open = vec![&from.migration.destination.bucket];
    let mut back = None;
    while let Some(bucket) = open.pop() {
        if !reached.insert(bucket) {
            continue;
        }
        for placed in onward.get(bucket).into_iter().flatten() {
            if placed.migration.destination.bucket == *goal {
                back = back.or(Some(*placed));
            }
            open.push(&placed.migration.destination.bucket);
        }
    }
    (back, reached)
}

fn looped(report: &mut Report<'_>, placed: &Placed, back: &Placed) {
    let place = report.name(back.destination.bucket);
    report.error(
        "replication-loop",
        placed.destination.bucket,
        format!("`{}` and `{}` replicate in a circle", back.name, placed.name),
        format!(
            "remove one of the two; the other is at {place}\n\
             a migration moves data one way: with writers on both sides neither bucket is a copy of the other, and a delete \
             on one side hides the object on both"
        ),
    );
}

/// UG:replication-what-is-isnot-replicated: replicas that another rule made are not replicated.
fn replicas_stay(report: &mut Report<'_>, placed: &Placed, next: &Placed) {
    let bucket = &placed.migration.destination.bucket;
    report.warning(
        "replicas-stay",
        placed.destination.bucket,
        format!("`{}` replicates `{bucket}` on, but not what arrives there from `{}`", next.name, placed.name),
        "S3 does not replicate replicas: if the third bucket shall have these objects too, replicate to it from the \
         first one",
    );
}

/// Groups of at least one migration with the same key, in the order of names.
fn groups<'p, K: Ord + 'p>(
    migrations: &'p [Placed],
    key: impl Fn(&'p Placed) -> &'p K,
) -> Vec<Vec<&'p Placed>> {
    let mut groups: BTreeMap<&K, Vec<&Placed>> = BTreeMap::new();
    for placed in migrations {
        groups.entry(key(placed)).or_default().push(placed);
    }
    groups.into_values().collect()
}
