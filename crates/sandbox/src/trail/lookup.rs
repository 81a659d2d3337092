//! LookupEvents: the management events of 90 days, newest first, as they stand in the call log.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::errors::fault;
use super::events::{Event, Kind};
use super::times::seconds;
use crate::authority::CallerKind;
use crate::wire::Refusal;
use crate::wire::json::wrong_type;

/// How long events are looked up (BC:cloudtrail LookupEvents).
const PAST: Duration = Duration::from_secs(90 * 24 * 3600);

/// The most events of an answer, which is what one gets who does not say.
const PAGE: u64 = 50;

/// What an event is looked up by.
struct Attribute<'a> {
    key: &'a str,
    value: &'a str,
}

const KEYS: [&str; 8] = [
    "EventId",
    "EventName",
    "ReadOnly",
    "Username",
    "ResourceType",
    "ResourceName",
    "EventSource",
    "AccessKeyId",
];

pub(crate) fn lookup(call: &Call<'_>) -> Answer {
    call.may("*")?;
    if call
        .service
        .is_looked_up_too_often(call.account(), call.region)
    {
        return Err(fault("ThrottlingException", "Rate exceeded"));
    }
    let attribute = attribute(call)?;
    let (from, to) = range(call)?;
    match call.text("EventCategory")? {
        None => {}
        // There are no Insights here.
        Some("insight") => return Ok(Some(json!({ "Events": [] }))),
        Some(_) => {
            return Err(fault(
                "InvalidEventCategoryException",
                "EventCategory is insight.",
            ));
        }
    }
    let limit = limit(call)?;
    let before = token(call)?;
    let told = call.service.calls().told(0, call.service.now());
    let events = told.into_iter().rev().filter_map(Event::of);
    let mut found = events.filter(|event| {
        let at = event.told.more.at;
        let is_older = before.is_none_or(|before| event.told.serial < before);
        is_older
            && from <= at
            && at <= to
            && is_of(event, call)
            && is_meant(event, call, attribute.as_ref())
    });
    let page: Vec<Event> = found.by_ref().take(limit).collect();
    let more = found.next().is_some();
    let mut answer = Map::new();
    if let Some(last) = page.last().filter(|_| more) {
        answer.insert(
            "NextToken".to_owned(),
            json!(format!("{:016x}", last.told.serial)),
        );
    }
    let shown: Vec<Value> = page.iter().map(|event| shown(event, call)).collect();
    answer.insert("Events".to_owned(), Value::Array(shown));
    Ok(Some(Value::Object(answer)))
}

fn attribute<'a>(call: &Call<'a>) -> Result<Option<Attribute<'a>>, Refusal> {
    let invalid = |text: &str| fault("InvalidLookupAttributesException", text);
    let list = call.list("LookupAttributes")?.unwrap_or_default();
    let [one] = list else {
        return match list {
            [] => Ok(None),
            _ => Err(invalid("LookupAttributes has one attribute at most.")),
        };
    };
    let text = |name: &str| one.get(name).and_then(Value::as_str);
    let (Some(key), Some(value)) = (text("AttributeKey"), text("AttributeValue")) else {
        return Err(invalid("An attribute has a key and a value."));
    };
    if !KEYS.contains(&key) || value.is_empty() {
        return Err(invalid("The attribute is not valid."));
    }
    Ok(Some(Attribute { key, value }))
}

fn range(call: &Call<'_>) -> Result<(SystemTime, SystemTime), Refusal> {
    let now = call.service.now();
    let oldest = now.checked_sub(PAST).unwrap_or(SystemTime::UNIX_EPOCH);
    let from = time(call, "StartTime")?.unwrap_or(oldest);
    let to = time(call, "EndTime")?.unwrap_or(now);
    if from > to {
        let text = "The start time is after the end time.";
        return Err(fault("InvalidTimeRangeException", text));
    }
    Ok((from.max(oldest), to))
}

fn time(call: &Call<'_>, field: &str) -> Result<Option<SystemTime>, Refusal> {
    let number = match call.input.get(field) {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value.as_f64().ok_or_else(|| wrong_type(field))?,
    };
    let since = Duration::try_from_secs_f64(number).ok();
    let time = since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
    time.map(Some)
        .ok_or_else(|| fault("InvalidTimeRangeException", "The time is out of range."))
}

fn limit(call: &Call<'_>) -> Result<usize, Refusal> {
    let limit = match call.input.get("MaxResults") {
        None | Some(Value::Null) => PAGE,
        Some(value) => value.as_u64().unwrap_or(0),
    };
    if !(1..=PAGE).contains(&limit) {
        let text = "MaxResults must be between 1 and 50.";
        return Err(fault("InvalidMaxResultsException", text));
    }
    Ok(usize::try_from(limit).unwrap_or(1))
}

/// A token is where the page before ended.
fn token(call: &Call<'_>) -> Result<Option<u64>, Refusal> {
    let Some(token) = call.text("NextToken")? else {
        return Ok(None);
    };
    let serial = u64::from_str_radix(token, 16)
        .ok()
        .filter(|_| token.len() == 16);
    let invalid = || fault("InvalidNextTokenException", "The token is not valid.");
    serial.map(Some).ok_or_else(invalid)
}

/// Data events are not in the history, and a Region has its own.
fn is_of(event: &Event, call: &Call<'_>) -> bool {
    event.kind == Kind::Management && event.region == call.region && {
        let owner = event
            .bucket()
            .and_then(|bucket| call.service.depot().bucket(bucket));
        let owner = owner.is_some_and(|facts| facts.owner == call.account());
        event.caller_account() == call.account() || owner
    }
}

fn is_meant(event: &Event, call: &Call<'_>, attribute: Option<&Attribute<'_>>) -> bool {
    let Some(Attribute { key, value }) = attribute else {
        return true;
    };
    let resources = || resources(event);
    match *key {
        "EventId" => event.id(call.service.seed()) == *value,
        "EventName" => event.name == *value,
        "ReadOnly" => event.read_only.to_string() == *value,
        "Username" => user_name(event) == Some(*value),
        "EventSource" => event.source == *value,
        "AccessKeyId" => event.told.more.access_key == *value,
        "ResourceType" => resources().iter().any(|(kind, _)| kind == value),
        "ResourceName" => resources().iter().any(|(_, name)| name == value),
        _ => false,
    }
}

/// The user's name, or that of a role's session.
fn user_name(event: &Event) -> Option<&str> {
    let caller = event.told.more.caller.as_ref()?;
    match caller.kind {
        CallerKind::Root => Some("root"),
        CallerKind::User | CallerKind::AssumedRole => caller.arn.rsplit('/').next(),
        CallerKind::Anonymous | CallerKind::Service => None,
    }
}

/// What an event is about, by type and name (UGweb:view-cloudtrail-events-supported-resource-types).
fn resources(event: &Event) -> Vec<(&'static str, String)> {
    const FIELDS: [(&str, &str); 8] = [
        ("roleName", "AWS::IAM::Role"),
        ("userName", "AWS::IAM::User"),
        ("groupName", "AWS::IAM::Group"),
        ("policyArn", "AWS::IAM::Policy"),
        ("instanceProfileName", "AWS::IAM::InstanceProfile"),
        ("keyId", "AWS::KMS::Key"),
        ("topicArn", "AWS::SNS::Topic"),
        ("alarmName", "AWS::CloudWatch::Alarm"),
    ];
    if let Some(bucket) = event.bucket() {
        return vec![("AWS::S3::Bucket", bucket.to_owned())];
    }
    let parameters = event.parameters();
    let text = |name: &str| {
        parameters
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let named = FIELDS
        .iter()
        .filter_map(|(field, kind)| Some((*kind, text(field)?)));
    let trail = (event.source == "cloudtrail.amazonaws.com")
        .then(|| text("name").or_else(|| text("trailName")))
        .flatten()
        .map(|name| ("AWS::CloudTrail::Trail", name));
    let role = (event.source == "sts.amazonaws.com")
        .then(|| text("roleArn"))
        .flatten()
        .map(|arn| ("AWS::IAM::Role", arn));
    named.chain(trail).chain(role).collect()
}

fn shown(event: &Event, call: &Call<'_>) -> Value {
    let seed = call.service.seed();
    let record = event.record(seed, call.account(), None);
    let resources = resources(event).into_iter();
    let resources: Vec<Value> = resources
        .map(|(kind, name)| json!({ "ResourceType": kind, "ResourceName": name }))
        .collect();
    let mut shown = json!({
        "EventId": event.id(seed), "EventName": event.name, "ReadOnly": event.read_only.to_string(),
        "EventTime": seconds(event.told.more.at), "EventSource": event.source, "Resources": resources,
        "CloudTrailEvent": record.to_string(),
    });
    if let Some(name) = user_name(event) {
        shown["Username"] = json!(name);
    }
    if !event.told.more.access_key.is_empty() {
        shown["AccessKeyId"] = json!(event.told.more.access_key);
    }
    shown
}
