//! Who is told when replication fails: the alarms of a migration.

use std::collections::BTreeMap;

use s3ferry_core::ids::{Arn, BucketName};
use s3ferry_core::spec::{Above, Account, AlarmSpec, MissingData, Monitoring};

use super::accounts::Accounts;
use super::migration;
use super::rule::Context;
use super::view::View;
use crate::report::{Report, Span};
use crate::table::monitoring::THRESHOLDS;
use crate::yaml::Kind;

/// The fields beside `none`.
const FIELDS: [&str; 9] = [
    "account",
    "notify",
    "events",
    "failed_operations",
    "latency",
    "pending_operations",
    "pending_bytes",
    "missing_data",
    "prove",
];

/// Actions that an alarm has at most for a state (CWUG:cloudwatch_limits, "Alarm actions").
const MOST_TOPICS: usize = 5;

/// The most that a threshold can be said exactly: CloudWatch has them as floating-point numbers of 64 bits.
const MOST: u64 = 1 << 53;

/// Reads `monitoring` of a migration, and where its `events` stand.
pub(super) fn monitoring(
    report: &mut Report<'_>,
    accounts: &Accounts,
    view: &View<'_>,
    ends: &Context<'_>,
) -> Option<(Monitoring, Option<Span>)> {
    let Some(view) = view.optional("monitoring")? else {
        return Some((Monitoring::Unset, None));
    };
    if let Some(none) = view.optional("none")? {
        let beside = FIELDS
            .into_iter()
            .find(|field| view.optional(field).is_none_or(|it| it.is_some()));
        let Some(field) = beside else {
            let reason = none.text()?.to_owned();
            return Some((Monitoring::None { reason }, None));
        };
        report.error(
            "contradiction",
            none.at,
            format!("`none` contradicts `{field}` of the same monitoring"),
            "keep `none` to say why nobody watches, or remove it to have alarms",
        );
        return None;
    }
    // Every part is read before any is asked for, so that all problems are told at once.
    let account = account(report, accounts, &view);
    let notify = notify(report, &view, ends);
    let events = events(report, &view, ends.source);
    let missing_data = missing_data(&view, MissingData::Ignore);
    let failed_operations = failed_operations(report, &view, missing_data);
    let above = |threshold: Option<u64>| {
        Some(Above {
            threshold: threshold?,
            missing_data: missing_data?,
        })
    };
    let latency = above(threshold(
        report,
        &view,
        "latency",
        AlarmSpec::LATENCY_SECONDS,
    ));
    let operations = above(threshold(
        report,
        &view,
        "pending_operations",
        AlarmSpec::PENDING_OPERATIONS,
    ));
    let bytes = above(threshold(
        report,
        &view,
        "pending_bytes",
        AlarmSpec::PENDING_BYTES,
    ));
    let prove = prove(report, &view, failed_operations.as_ref());
    let [notify_source, notify_destination] = notify?;
    let (events, events_at) = events?.unzip();
    let alarms = AlarmSpec {
        account: account?,
        notify_source,
        notify_destination,
        events,
        failed_operations: failed_operations?,
        latency: latency?,
        pending_operations: operations?,
        pending_bytes: bytes?,
        prove: prove?,
    };
    Some((Monitoring::Alarms(Box::new(alarms)), events_at))
}

/// Who hears of each object that failed. S3 tells nobody in another Region (UG:EventNotifications).
fn events(
    report: &mut Report<'_>,
    view: &View<'_>,
    source: Option<&Account>,
) -> Option<Option<(Arn, Span)>> {
    let Some(events) = view.optional("events")? else {
        return Some(None);
    };
    let arn = Arn::new(events.text()?).ok()?;
    let region = source.map(|account| account.region.as_str());
    if let Some(region) = region.filter(|region| arn.region() != *region) {
        report.error(
            "topic-region",
            events.place(),
            format!("`events` are told in {}, and the source Region is {region}", arn.region()),
            format!("name a topic, a queue or a function of {region}: S3 tells those of the bucket's own Region only"),
        );
        return None;
    }
    Some(Some((arn, events.place())))
}

/// Checks migrations against each other: one event of a bucket is told to one.
pub(super) fn between(report: &mut Report<'_>, migrations: &[migration::Placed]) {
    let mut first: BTreeMap<&BucketName, (&Arn, Span, &migration::Placed)> = BTreeMap::new();
    for placed in migrations {
        let (Monitoring::Alarms(alarms), Some(at)) =
            (&placed.migration.monitoring, placed.events_at)
        else {
            continue;
        };
        let Some(events) = &alarms.events else {
            continue;
        };
        let bucket = &placed.migration.source.bucket;
        let (earlier, earlier_at, of) = *first.entry(bucket).or_insert((events, at, placed));
        if earlier != events {
            let earlier_at = report.name(earlier_at);
            report.error(
                "events-conflict",
                at,
                format!("`{}` and `{}` tell failures in `{bucket}` to two", of.name, placed.name),
                format!(
                    "S3 tells one event to one: write the same in both, and let a topic tell the others; the other is at {earlier_at}"
                ),
            );
        }
    }
}

fn account(
    report: &mut Report<'_>,
    accounts: &Accounts,
    view: &View<'_>,
) -> Option<Option<s3ferry_core::ids::AccountName>> {
    let Some(account) = view.optional("account")? else {
        return Some(None);
    };
    let (name, _) = accounts.find(report, account.text()?, account.place())?;
    Some(Some(name))
}

fn notify(report: &mut Report<'_>, view: &View<'_>, ends: &Context<'_>) -> Option<[Vec<Arn>; 2]> {
    let Some(view) = view.optional("notify")? else {
        return Some([Vec::new(), Vec::new()]);
    };
    let source = topics(report, &view, "source", ends.source);
    let destination = topics(report, &view, "destination", ends.destination);
    Some([source?, destination?])
}

/// The topics of one side. CloudWatch tells topics of the alarm's own Region only (CWUG:Notify_Users_Alarm_Changes).
fn topics(
    report: &mut Report<'_>,
    view: &View<'_>,
    side: &str,
    account: Option<&Account>,
) -> Option<Vec<Arn>> {
    let mut topics: Vec<Arn> = Vec::new();
    let Some(list) = view.optional(side)? else {
        return Some(topics);
    };
    let mut sound = true;
    for item in list.node().items() {
        let text = item.text()?;
        let arn = Arn::new(text).ok()?;
        if let Some(region) = account.map(|account| &account.region)
            && arn.region() != region.as_str()
        {
            report.error(
                "topic-region",
                item.at,
                format!(
                    "the topic is in {}, and the {side} Region is {region}",
                    arn.region()
                ),
                format!("name a topic of {region}: alarms tell topics of their own Region only"),
            );
            sound = false;
        }
        if topics.contains(&arn) {
            report.error(
                "listed-twice",
                item.at,
                format!("`{text}` is listed twice"),
                "keep one of the two",
            );
            sound = false;
        }
        topics.push(arn);
    }
    if topics.len() > MOST_TOPICS {
        report.error(
            "bad-value",
            list.place(),
            format!("there are {} topics for one alarm", topics.len()),
            format!("CloudWatch takes {MOST_TOPICS}: let one topic tell the others"),
        );
        sound = false;
    }
    sound.then_some(topics)
}

fn missing_data(view: &View<'_>, unsaid: MissingData) -> Option<MissingData> {
    let Some(word) = view.optional("missing_data")? else {
        return Some(unsaid);
    };
    word.one_of(MissingData::ALL, MissingData::as_str)
}

fn failed_operations(
    report: &mut Report<'_>,
    view: &View<'_>,
    of_all: Option<MissingData>,
) -> Option<Above> {
    let Some(view) = view.optional("failed_operations")? else {
        return Some(Above {
            threshold: AlarmSpec::FAILED_ABOVE,
            missing_data: of_all?,
        });
    };
    let threshold = threshold(report, &view, "above", AlarmSpec::FAILED_ABOVE);
    let missing_data = missing_data(&view, of_all?);
    Some(Above {
        threshold: threshold?,
        missing_data: missing_data?,
    })
}

/// Whether the alarms are proven. Each failure is an object that is put, so that a threshold must be within reach.
fn prove(
    report: &mut Report<'_>,
    view: &View<'_>,
    failed_operations: Option<&Above>,
) -> Option<bool> {
    let prove = view.bool_or("prove", false)?;
    let above = failed_operations.map_or(0, |of| of.threshold);
    if !prove || above <= AlarmSpec::PROVABLE_ABOVE {
        return Some(prove);
    }
    let at = view.optional("prove")??.place();
    let most = AlarmSpec::PROVABLE_ABOVE;
    report.error(
        "contradiction",
        at,
        format!("`prove` contradicts `failed_operations` of the same monitoring: the alarm is raised by more than {above} failures, and at most {} objects fail on purpose", most + 1),
        format!("write failed_operations: {{ above: {most} }} or less, or remove `prove`"),
    );
    None
}

/// What a number with a unit comes to, in seconds or bytes; none where that is more than can be counted.
pub(super) fn amount(text: &str) -> Option<u64> {
    let mut units = THRESHOLDS.iter();
    let found = units.find_map(|(unit, times)| Some((text.strip_suffix(unit)?, *times)));
    let (number, times) = found?;
    number.parse::<u64>().ok()?.checked_mul(times)
}

/// A number, with the unit that its field takes.
fn threshold(report: &mut Report<'_>, view: &View<'_>, field: &str, unsaid: u64) -> Option<u64> {
    let Some(value) = view.optional(field)? else {
        return Some(unsaid);
    };
    let written = match &value.node().kind {
        Kind::Number(_, count) => *count,
        _ => amount(value.text()?),
    };
    if let Some(threshold) = written.filter(|threshold| *threshold <= MOST) {
        return Some(threshold);
    }
    report.error(
        "bad-value",
        value.place(),
        "the threshold is larger than CloudWatch can hold exactly".to_owned(),
        "write a smaller number: alarms are for what can happen",
    );
    None
}
