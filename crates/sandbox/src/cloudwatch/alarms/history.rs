//! What happened to alarms: DescribeAlarmHistory.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::alarm::{State, StateValue};
use crate::clock::seconds;
use crate::cloudwatch::call::{Answer, Call};
use crate::cloudwatch::errors::fault;
use crate::wire::{Node, Refusal};

/// "CloudWatch preserves alarm history for 30 days" (CWUG:AlarmThatSendsEmail, "Common features of CloudWatch alarms").
const SHOWN: f64 = 30.0 * 24.0 * 3600.0;

/// How many items of an account in a Region are kept; the oldest go first.
const KEPT: usize = 10_000;

const KINDS: [&str; 5] = [
    "ConfigurationUpdate",
    "StateUpdate",
    "Action",
    "AlarmContributorStateUpdate",
    "AlarmContributorAction",
];

/// What happened to the alarms of an account in a Region, also to those that are gone, in order.
#[derive(Debug, Default)]
pub(in crate::cloudwatch) struct History {
    count: u64,
    items: VecDeque<Item>,
}

/// One thing that happened to an alarm.
#[derive(Debug)]
struct Item {
    number: u64,
    at: f64,
    alarm: String,
    kind: &'static str,
    summary: String,
    data: String,
}

impl History {
    fn add(&mut self, at: f64, alarm: &str, kind: &'static str, (summary, data): (String, Value)) {
        self.count += 1;
        if self.items.len() >= KEPT {
            self.items.pop_front();
        }
        self.items.push_back(Item {
            number: self.count,
            at,
            alarm: alarm.to_owned(),
            kind,
            summary,
            data: data.to_string(),
        });
    }

    /// Enters that an alarm was created, updated or deleted.
    pub(in crate::cloudwatch) fn configured(
        &mut self,
        at: f64,
        alarm: &str,
        (verb, kind): (&str, &str),
    ) {
        let data = json!({ "version": "1.0", "type": kind });
        let summary = format!("Alarm \"{alarm}\" {verb}");
        self.add(at, alarm, "ConfigurationUpdate", (summary, data));
    }

    /// Enters that an alarm changed its state.
    pub(in crate::cloudwatch) fn changed(
        &mut self,
        at: f64,
        alarm: &str,
        old: &State,
        new: &State,
    ) {
        let (from, to) = (old.value.as_str(), new.value.as_str());
        let summary = format!("Alarm updated from {from} to {to}");
        let data = json!({ "version": "1.0", "oldState": told(old), "newState": told(new) });
        self.add(at, alarm, "StateUpdate", (summary, data));
    }

    /// Enters that an action was carried out, or why it was not.
    pub(in crate::cloudwatch) fn acted(
        &mut self,
        at: f64,
        alarm: &str,
        (action, state): (&str, StateValue),
        outcome: &Result<(), String>,
    ) {
        let (summary, status, error) = match outcome {
            Ok(()) => (
                format!("Successfully executed action {action}"),
                "Succeeded",
                None,
            ),
            Err(why) => {
                let summary =
                    format!("Failed to execute action {action}. Received error: \"{why}\"");
                (summary, "Failed", Some(why))
            }
        };
        let data = json!({
            "actionState": status, "stateUpdate": state.as_str(), "notificationResource": action,
            "publishedMessage": Value::Null, "error": error,
        });
        // BC:cloudwatch HistorySummary
        let summary = summary.chars().take(255).collect();
        self.add(at, alarm, "Action", (summary, data));
    }
}

fn told(state: &State) -> Value {
    let State {
        value,
        reason,
        reason_data,
        updated: _,
        transitioned: _,
    } = state;
    let data: Option<Value> = reason_data
        .as_ref()
        .and_then(|data| serde_json::from_str(data).ok());
    json!({ "stateValue": value.as_str(), "stateReason": reason, "stateReasonData": data })
}

impl Item {
    fn shown(&self) -> Node {
        let Self {
            number: _,
            at,
            alarm,
            kind,
            summary,
            data,
        } = self;
        Node::map([
            ("AlarmName", Node::text(alarm)),
            ("AlarmType", Node::text("MetricAlarm")),
            ("Timestamp", Node::Time(*at)),
            ("HistoryItemType", Node::text(*kind)),
            ("HistorySummary", Node::text(summary)),
            ("HistoryData", Node::text(data)),
        ])
    }
}

/// Reads where a page begins: the number of the last item of the one before.
fn token(call: &Call<'_>) -> Result<Option<u64>, Refusal> {
    let Some(token) = call.input.text("NextToken", 1, 4096)? else {
        return Ok(None);
    };
    let number = token.parse().ok();
    let wrong = || {
        fault(
            400,
            "InvalidNextToken",
            "The next token is not one of this call's.",
        )
    };
    number.map(Some).ok_or_else(wrong)
}

pub(in crate::cloudwatch) fn describe(call: &Call<'_>) -> Answer {
    let input = &call.input;
    let name = input.text("AlarmName", 1, 255)?;
    call.may(&call.alarm_arn(name.unwrap_or("*")), &[])?;
    let kind = input.word("HistoryItemType", &KINDS)?;
    let wanted = super::describe::wants_metric_alarms(call)?;
    let now = seconds(call.cloudwatch.now());
    let from = input.time("StartDate")?.unwrap_or(0.0).max(now - SHOWN);
    let to = input.time("EndDate")?.unwrap_or(f64::MAX);
    let most = input.integer("MaxRecords", 1, 100)?.unwrap_or(100);
    let most = usize::try_from(most).unwrap_or(100);
    let orders = ["TimestampDescending", "TimestampAscending"];
    let ascending = input.word("ScanBy", &orders)? == Some("TimestampAscending");
    let after = token(call)?;
    let state = call.cloudwatch.state();
    let items = state.store(&call.here).into_iter();
    let items = items.flat_map(|store| &store.history.items);
    let mut items: Vec<&Item> = items
        .filter(|item| wanted && name.is_none_or(|name| item.alarm == name))
        .filter(|item| kind.is_none_or(|kind| item.kind == kind))
        .filter(|item| from <= item.at && item.at <= to)
        .collect();
    if !ascending {
        items.reverse();
    }
    let comes = |item: &&Item| match after {
        None => true,
        Some(after) if ascending => item.number > after,
        Some(after) => item.number < after,
    };
    let mut left = items.into_iter().filter(comes);
    let page: Vec<&Item> = left.by_ref().take(most).collect();
    let token = match (left.next(), page.last()) {
        (Some(_), Some(last)) => Some(Node::Text(last.number.to_string())),
        (Some(_) | None, _) => None,
    };
    let shown = page.into_iter().map(Item::shown).collect();
    let mut answer = Node::map([("AlarmHistoryItems", Node::List(shown))]);
    answer.set("NextToken", token);
    Ok(Some(answer))
}
