//! Who is told when replication fails: the alarms of a migration.

use s3ferry_core::ids::Arn;
use s3ferry_core::spec::{Above, Account, AlarmSpec, MissingData, Monitoring};

use super::accounts::Accounts;
use super::rule::Context;
use super::view::View;
use crate::report::Report;
use crate::table::monitoring::{
    FAILED_ABOVE, LATENCY_SECONDS, PENDING_BYTES, PENDING_OPERATIONS, THRESHOLDS,
};
use crate::yaml::Kind;

/// The fields beside `none`.
const FIELDS: [&str; 7] = [
    "account",
    "notify",
    "failed_operations",
    "latency",
    "pending_operations",
    "pending_bytes",
    "missing_data",
];

/// Actions that an alarm has at most for a state (CWUG:cloudwatch_limits, "Alarm actions").
const MOST_TOPICS: usize = 5;

/// The most that a threshold can be said exactly: CloudWatch has them as floating-point numbers of 64 bits.
const MOST: u64 = 1 << 53;

/// Reads `monitoring` of a migration.
pub(super) fn monitoring(
    report: &mut Report<'_>,
    accounts: &Accounts,
    view: &View<'_>,
    ends: &Context<'_>,
) -> Option<Monitoring> {
    let Some(view) = view.optional("monitoring")? else {
        return Some(Monitoring::Unset);
    };
    if let Some(none) = view.optional("none")? {
        let beside = FIELDS
            .into_iter()
            .find(|field| view.optional(field).is_none_or(|it| it.is_some()));
        let Some(field) = beside else {
            let reason = none.text()?.to_owned();
            return Some(Monitoring::None { reason });
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
    let missing_data = missing_data(&view, MissingData::Ignore);
    let failed_operations = failed_operations(report, &view, missing_data);
    let above = |threshold: Option<u64>| {
        Some(Above {
            threshold: threshold?,
            missing_data: missing_data?,
        })
    };
    let latency = above(threshold(report, &view, "latency", LATENCY_SECONDS));
    let operations = above(threshold(
        report,
        &view,
        "pending_operations",
        PENDING_OPERATIONS,
    ));
    let bytes = above(threshold(report, &view, "pending_bytes", PENDING_BYTES));
    let [notify_source, notify_destination] = notify?;
    Some(Monitoring::Alarms(Box::new(AlarmSpec {
        account: account?,
        notify_source,
        notify_destination,
        failed_operations: failed_operations?,
        latency: latency?,
        pending_operations: operations?,
        pending_bytes: bytes?,
    })))
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
    let word = word.text()?;
    MissingData::ALL
        .into_iter()
        .find(|known| known.as_str() == word)
}

fn failed_operations(
    report: &mut Report<'_>,
    view: &View<'_>,
    of_all: Option<MissingData>,
) -> Option<Above> {
    let Some(view) = view.optional("failed_operations")? else {
        return Some(Above {
            threshold: FAILED_ABOVE,
            missing_data: of_all?,
        });
    };
    let threshold = threshold(report, &view, "above", FAILED_ABOVE);
    let missing_data = missing_data(&view, of_all?);
    Some(Above {
        threshold: threshold?,
        missing_data: missing_data?,
    })
}

/// A number, with the unit that its field takes.
fn threshold(report: &mut Report<'_>, view: &View<'_>, field: &str, unsaid: u64) -> Option<u64> {
    let Some(value) = view.optional(field)? else {
        return Some(unsaid);
    };
    let written = match &value.node().kind {
        Kind::Number(_, count) => *count,
        _ => {
            let text = value.text()?;
            let mut units = THRESHOLDS.iter();
            let found = units.find_map(|(unit, times)| Some((text.strip_suffix(unit)?, *times)));
            let (number, times) = found?;
            number.parse::<u64>().ok()?.checked_mul(times)
        }
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
