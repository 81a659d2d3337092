//! What is written down of both buckets, and what migrations must agree on about it.

use std::collections::BTreeMap;

use s3ferry_core::data_events::DataEvents;
use s3ferry_core::ids::{BucketName, Region, TrailName};
use s3ferry_core::spec::{
    AccessLogs, Inventories, InventoryPlace, KeyFormat, ListEncryption, ListFormat, LogPlace,
    Logging, Schedule, Sides, TrailPlace, Trails,
};

use super::ends::{End, Ends, namespace};
use super::keys::{self, Side};
use super::migration;
use super::view::View;
use crate::report::{Report, Span};

/// Where logs, inventories or data events go, where it is named.
#[derive(Debug)]
pub(super) struct Placed {
    /// What goes there, for a sentence.
    pub(super) what: &'static str,
    /// What it is about: a bucket, a trail, or a migration.
    pub(super) of: String,
    /// Where it goes.
    pub(super) to: Option<BucketName>,
    /// The account of both.
    pub(super) account: String,
    /// All that the spec says of it, so that two can be compared.
    pub(super) says: String,
    pub(super) at: Span,
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
    let cloudtrail = cloudtrail(report, &view, ends, &mut places);
    let inventory = inventory(report, &view, ends, &mut places);
    let logging = Logging {
        access: access?,
        cloudtrail: cloudtrail?,
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
        None => KeyFormat::default(),
        Some(word) => word
            .one_of(KeyFormat::ALL, KeyFormat::as_str)
            .unwrap_or_default(),
    };
    let to = sides(&view, ends, |view, end, _| {
        let place = place(report, view, end)?;
        places.push(Placed {
            what: "access logs",
            of: end.bucket.to_string(),
            to: Some(place.bucket.clone()),
            account: end.name.to_string(),
            says: format!("{place:?} {key_format:?}"),
            at: view.place(),
        });
        Some(place)
    })?;
    Some(AccessLogs { to, key_format })
}

fn cloudtrail(
    report: &mut Report<'_>,
    view: &View<'_>,
    ends: &Ends<'_>,
    places: &mut Vec<Placed>,
) -> Option<Trails> {
    let Some(view) = view.optional("cloudtrail")? else {
        return Some(Trails::default());
    };
    let events = if view.bool_or("write_only", false)? {
        DataEvents::Writes
    } else {
        DataEvents::All
    };
    let to = sides(&view, ends, |view, end, _| {
        let place = trail(report, view, end)?;
        let TrailPlace { trail, home, to } = &place;
        let home = home.as_ref().unwrap_or(&end.account.region);
        let placed = |what, of, to, says| Placed {
            what,
            of,
            to,
            account: end.name.to_string(),
            says,
            at: view.place(),
        };
        places.push(placed(
            "data events",
            end.bucket.to_string(),
            None,
            format!("{trail} {home} {events:?}"),
        ));
        places.push(placed(
            "files",
            format!("{trail} ({home}, account {})", end.account.id),
            to.as_ref().map(|to| to.bucket.clone()),
            format!("{to:?}"),
        ));
        Some(place)
    })?;
    Some(Trails { to, events })
}

/// A trail of ours is at home where the bucket is; of somebody else's it is said at most where that is.
fn trail(report: &mut Report<'_>, view: &View<'_>, end: &End<'_>) -> Option<TrailPlace> {
    let trail = view.require(report, "trail")?;
    let trail = TrailName::new(trail.text()?).ok()?;
    let (bucket, region) = (view.optional("bucket")?, view.optional("region")?);
    if let (Some(_), Some(region)) = (&bucket, &region) {
        report.error(
            "trail-place",
            region.place(),
            "a trail that s3ferry makes is at home in the Region of the bucket that it records",
            "remove region\nor remove bucket, if the trail is there and not s3ferry's",
        );
        return None;
    }
    if let (None, Some(prefix)) = (&bucket, view.optional("prefix")?) {
        report.error(
            "trail-place",
            prefix.place(),
            "a prefix without the bucket: where somebody else's trail writes is left as it is",
            "remove prefix\nor write the bucket, if the trail is s3ferry's or shall be made",
        );
        return None;
    }
    let to = match bucket {
        None => None,
        Some(_) => {
            let mut place = place(report, view, end)?;
            // CloudTrail puts a slash after it.
            place.prefix = place.prefix.trim_end_matches('/').to_owned();
            Some(place)
        }
    };
    let home = match region {
        None => None,
        Some(region) => Some(Region::new(region.text()?).ok()?),
    };
    let home = home.filter(|home| *home != end.account.region);
    Some(TrailPlace { trail, home, to })
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
        None => ListFormat::default(),
        Some(word) => word
            .one_of(ListFormat::ALL, ListFormat::word)
            .unwrap_or_default(),
    };
    let schedule = match view.optional("schedule")? {
        None => Schedule::default(),
        Some(word) => word
            .one_of(Schedule::ALL, Schedule::word)
            .unwrap_or_default(),
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
            of: end.bucket.to_string(),
            to: Some(place.place.bucket.clone()),
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
pub(super) fn sides<T>(
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

/// A bucket in the account and the Region of another one, and a prefix.
pub(super) fn place(report: &mut Report<'_>, view: &View<'_>, end: &End<'_>) -> Option<LogPlace> {
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
    let mut first: BTreeMap<(&str, &str), (&Placed, &migration::Placed)> = BTreeMap::new();
    for placed in migrations {
        for logged in &placed.logging_at {
            if let Some(to) = &logged.to {
                if let Some(owner) = ends.get(to) {
                    of_a_migration(report, logged, to, owner);
                    continue;
                }
                let account = (logged.account.as_str(), logged.at);
                let (known, known_at) = *accounts.entry(to).or_insert(account);
                if known != logged.account {
                    in_two_accounts(report, logged, to, (known, known_at));
                    continue;
                }
            }
            let key = (logged.what, logged.of.as_str());
            let (earlier, of) = *first.entry(key).or_insert((logged, placed));
            if earlier.says != logged.says {
                disagree(report, logged, placed, earlier, of);
            }
        }
    }
}

/// Logs of a bucket in a bucket whose requests are logged are logs of logs, and what replicates from there costs once more.
fn of_a_migration(
    report: &mut Report<'_>,
    logged: &Placed,
    to: &BucketName,
    owner: &migration::Placed,
) {
    let Placed { what, of, .. } = logged;
    let message = if of == to.as_str() {
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

fn in_two_accounts(
    report: &mut Report<'_>,
    logged: &Placed,
    to: &BucketName,
    (known, known_at): (&str, Span),
) {
    let known_at = report.name(known_at);
    let Placed { account, .. } = logged;
    report.error(
        "bucket-in-two-accounts",
        logged.at,
        format!("`{to}` is in `{account}` here and in `{known}` at {known_at}"),
        "logs, inventories, files of trails and reports go to a bucket of the account and the Region of the bucket that they are about: name one for each",
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
        format!("there is one place for them: write the same in both; the other is at {place}"),
    );
}
