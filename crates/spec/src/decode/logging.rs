//! What is written down of both buckets, and what migrations must agree on about it.

use std::collections::BTreeMap;

use s3ferry_core::ids::BucketName;
use s3ferry_core::spec::{
    AccessLogs, Inventories, InventoryPlace, KeyFormat, ListEncryption, ListFormat, LogPlace,
    Logging, Schedule, Sides,
};

use super::ends::{End, Ends, namespace};
use super::keys::{self, Side};
use super::migration;
use super::view::View;
use crate::report::{Report, Span};

/// A bucket that logs or inventories go to, where it is named.
#[derive(Debug)]
pub(super) struct Placed {
    /// What goes there, for a sentence.
    what: &'static str,
    /// The bucket that it is about.
    of: BucketName,
    /// Where it goes.
    to: BucketName,
    /// The account of both.
    account: String,
    /// All that the spec says of it, so that two can be compared.
    says: String,
    at: Span,
}

/// Reads `logging`.
pub(super) fn logging(
    report: &mut Report<'_>,
    view: &View<'_>,
    ends: &Ends<'_>,
) -> Option<(Logging, Vec<Placed>)> {
    let mut places = Vec::new();
    let Some(view) = view.optional("logging")? else {
        return Some((Logging::default(), places));
    };
    let access = access(report, &view, ends, &mut places);
    let inventory = inventory(report, &view, ends, &mut places);
    let logging = Logging {
        access: access?,
        inventory: inventory?,
    };
    Some((logging, places))
}

fn access(
    report: &mut Report<'_>,
    view: &View<'_>,
    ends: &Ends<'_>,
    places: &mut Vec<Placed>,
) -> Option<AccessLogs> {
    let Some(view) = view.optional("access")? else {
        return Some(AccessLogs::default());
    };
    let key_format = match view.optional("key_format")? {
        None => KeyFormat::Simple,
        Some(word) => match word.text()? {
            "event-time" => KeyFormat::EventTime,
            "delivery-time" => KeyFormat::DeliveryTime,
            _ => KeyFormat::Simple,
        },
    };
    let to = sides(&view, ends, |view, end, _| {
        let place = place(report, view, end)?;
        places.push(Placed {
            what: "access logs",
            of: end.bucket.clone(),
            to: place.bucket.clone(),
            account: end.name.to_string(),
            says: format!("{place:?} {key_format:?}"),
            at: view.place(),
        });
        Some(place)
    })?;
    Some(AccessLogs { to, key_format })
}

fn inventory(
    report: &mut Report<'_>,
    view: &View<'_>,
    ends: &Ends<'_>,
    places: &mut Vec<Placed>,
) -> Option<Inventories> {
    let Some(view) = view.optional("inventory")? else {
        return Some(Inventories::default());
    };
    let format = match view.optional("format")? {
        None => ListFormat::Csv,
        Some(word) => match word.text()? {
            "orc" => ListFormat::Orc,
            "parquet" => ListFormat::Parquet,
            _ => ListFormat::Csv,
        },
    };
    let schedule = match view.optional("schedule")? {
        Some(word) if word.text()? == "weekly" => Schedule::Weekly,
        Some(_) | None => Schedule::Daily,
    };
    let to = sides(&view, ends, |view, end, side| {
        let mut place = place(report, view, end)?;
        // S3 puts a slash after it, and two would be a folder without a name.
        place.prefix = place.prefix.trim_end_matches('/').to_owned();
        let encryption = match view.optional("encryption")? {
            None => None,
            Some(encryption) => Some(list_encryption(report, &encryption, end, side)?),
        };
        let place = InventoryPlace { place, encryption };
        places.push(Placed {
            what: "inventories",
            of: end.bucket.clone(),
            to: place.place.bucket.clone(),
            account: end.name.to_string(),
            says: format!("{place:?} {format:?} {schedule:?}"),
            at: view.place(),
        });
        Some(place)
    })?;
    Some(Inventories {
        to,
        format,
        schedule,
    })
}

/// Reads the sides that are named; nothing is said of one whose bucket or account is not known.
fn sides<T>(
    view: &View<'_>,
    ends: &Ends<'_>,
    mut read: impl FnMut(&View<'_>, &End<'_>, &'static str) -> Option<T>,
) -> Option<Sides<T>> {
    let mut side = |name: &'static str, end: Option<&End<'_>>| match view.optional(name)? {
        None => Some(None),
        Some(view) => Some(Some(read(&view, end?, name)?)),
    };
    let source = side("source", ends.source.as_ref());
    let destination = side("destination", ends.destination.as_ref());
    Some(Sides {
        source: source?,
        destination: destination?,
    })
}

fn place(report: &mut Report<'_>, view: &View<'_>, end: &End<'_>) -> Option<LogPlace> {
    let name = view.require(report, "bucket")?;
    let bucket = BucketName::new(name.text()?).ok()?;
    namespace(report, &bucket, end.account, name.place())?;
    let prefix = match view.optional("prefix")? {
        Some(prefix) => prefix.text()?.to_owned(),
        None => String::new(),
    };
    Some(LogPlace { bucket, prefix })
}

fn list_encryption(
    report: &mut Report<'_>,
    view: &View<'_>,
    end: &End<'_>,
    side: &'static str,
) -> Option<ListEncryption> {
    if view.text().is_some() {
        return Some(ListEncryption::SseS3);
    }
    let key = view.require(report, "kms_key")?;
    let side = Side::Lists(side);
    let key = keys::key(report, key.text()?, key.place(), side, Some(end.account))?;
    Some(ListEncryption::SseKms(key))
}

/// Checks migrations against each other: no bucket of a migration takes logs, and what two say of one bucket is the same.
pub(super) fn between(report: &mut Report<'_>, migrations: &[migration::Placed]) {
    let mut ends: BTreeMap<&BucketName, &migration::Placed> = BTreeMap::new();
    for placed in migrations {
        let migration = &placed.migration;
        ends.entry(&migration.source.bucket).or_insert(placed);
        ends.entry(&migration.destination.bucket).or_insert(placed);
    }
    let mut accounts: BTreeMap<&BucketName, (&str, Span)> = BTreeMap::new();
    let mut first: BTreeMap<(&str, &BucketName), (&Placed, &migration::Placed)> = BTreeMap::new();
    for placed in migrations {
        for logged in &placed.logging_at {
            if let Some(owner) = ends.get(&logged.to) {
                of_a_migration(report, logged, owner);
                continue;
            }
            let account = (logged.account.as_str(), logged.at);
            let (known, known_at) = *accounts.entry(&logged.to).or_insert(account);
            if known != logged.account {
                in_two_accounts(report, logged, known, known_at);
                continue;
            }
            let key = (logged.what, &logged.of);
            let (earlier, of) = *first.entry(key).or_insert((logged, placed));
            if earlier.says != logged.says {
                disagree(report, logged, placed, earlier, of);
            }
        }
    }
}

/// Logs of a bucket in a bucket whose requests are logged are logs of logs, and what replicates from there costs once more.
fn of_a_migration(report: &mut Report<'_>, logged: &Placed, owner: &migration::Placed) {
    let Placed { what, of, to, .. } = logged;
    let message = if of == to {
        format!("{what} of `{of}` go into itself")
    } else {
        format!(
            "{what} of `{of}` go to `{to}`, a bucket of the migration `{}`",
            owner.name
        )
    };
    report.error(
        "log-bucket",
        logged.at,
        message,
        "name a bucket that no migration is from or to: what is delivered there would be logged, listed and replicated itself, without end",
    );
}

fn in_two_accounts(report: &mut Report<'_>, logged: &Placed, known: &str, known_at: Span) {
    let known_at = report.name(known_at);
    let Placed { to, account, .. } = logged;
    report.error(
        "bucket-in-two-accounts",
        logged.at,
        format!("`{to}` is in `{account}` here and in `{known}` at {known_at}"),
        "logs and inventories go to a bucket of the account and the Region of the bucket that they are about: name one for each",
    );
}

fn disagree(
    report: &mut Report<'_>,
    logged: &Placed,
    placed: &migration::Placed,
    earlier: &Placed,
    of: &migration::Placed,
) {
    let place = report.name(earlier.at);
    report.error(
        "logging-conflict",
        logged.at,
        format!(
            "`{}` and `{}` do not agree on the {} of `{}`",
            of.name, placed.name, logged.what, logged.of
        ),
        format!("a bucket has one place for them: write the same in both; the other is at {place}"),
    );
}
