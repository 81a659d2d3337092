//! Trails: made, changed, shown, switched on and off.

use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::errors::{fault, unknown_trail};
use super::names::{self, Name};
use super::selector::Selectors;
use super::settings;
use super::state::{Delivered, Settings, Status, Trail, Trails, arn};
use super::tags;
use super::times::seconds;
use crate::authority::request_tags;
use crate::wire::Refusal;

/// The most trails of a Region (UGweb:WhatIsCloudTrail-Limits); those of other Regions that are seen there count
/// (same page).
const TRAILS: usize = 5;

pub(crate) fn create(call: &Call<'_>) -> Answer {
    let name = call.required("Name")?;
    names::check(name)?;
    settings::check_named(call)?;
    let (account, home) = (call.account(), call.region);
    let arn = arn(home, account, name);
    let tags = tags::read(call)?;
    let tag_context = request_tags(&tags);
    call.may_do("CreateTrail", &arn, &tag_context)?;
    if !tags.is_empty() {
        call.may_do("AddTags", &arn, &tag_context)?;
    }
    let defaults = Settings {
        global_events: true,
        recursive: true,
        ..Settings::default()
    };
    let settings = settings::read(call, name, defaults)?;
    let trail = Trail {
        name: name.to_owned(),
        account: account.to_owned(),
        home: home.to_owned(),
        settings,
        selectors: Selectors::Default,
        tags,
        status: Status::default(),
    };
    let shown = shown(&trail);
    call.service.edit(|trails| add(trails, trail))?;
    Ok(Some(Value::Object(shown)))
}

fn add(trails: &mut Trails, trail: Trail) -> Result<(), Refusal> {
    let (arn, account, home) = (trail.arn(), &trail.account, &trail.home);
    if trails.contains_key(&arn) {
        let text = format!(
            "Trail {} already exists for customer: {account}",
            trail.name
        );
        return Err(fault("TrailAlreadyExistsException", text));
    }
    let own = trails.values().filter(|other| other.account == *account);
    if own.filter(|other| other.is_in(home)).count() >= TRAILS {
        let text = format!("User: {account} already has {TRAILS} trails in {home}.");
        return Err(fault("MaximumNumberOfTrailsExceededException", text));
    }
    trails.insert(arn, trail);
    Ok(())
}

pub(crate) fn update(call: &Call<'_>) -> Answer {
    let trail = call.own(&call.service.trails(), "Name")?;
    let settings = settings::read(call, &trail.name, trail.settings.clone())?;
    let trail = Trail { settings, ..trail };
    let shown = shown(&trail);
    call.service.edit(|trails| replace(trails, trail))?;
    Ok(Some(Value::Object(shown)))
}

/// Puts a changed trail in its place, if it is still there.
pub(crate) fn replace(trails: &mut Trails, trail: Trail) -> Result<(), Refusal> {
    let arn = trail.arn();
    match trails.get_mut(&arn) {
        Some(old) => *old = trail,
        None => return Err(unknown_trail(&arn, &trail.account)),
    }
    Ok(())
}

pub(crate) fn delete(call: &Call<'_>) -> Answer {
    let trail = call.own(&call.service.trails(), "Name")?;
    call.service.edit(|trails| {
        trails.remove(&trail.arn());
        Ok::<_, Refusal>(())
    })?;
    Ok(Some(json!({})))
}

/// What CreateTrail and UpdateTrail answer.
fn shown(trail: &Trail) -> Map<String, Value> {
    let Settings {
        bucket,
        prefix,
        topic,
        global_events,
        multi_region,
        validation,
        key,
        recursive: _,
    } = &trail.settings;
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    put("Name", json!(trail.name));
    put("S3BucketName", json!(bucket));
    put("TrailARN", json!(trail.arn()));
    put("IncludeGlobalServiceEvents", json!(global_events));
    put("IsMultiRegionTrail", json!(multi_region));
    put("LogFileValidationEnabled", json!(validation));
    put("IsOrganizationTrail", json!(false));
    if let Some(prefix) = prefix {
        put("S3KeyPrefix", json!(prefix));
    }
    if let Some(topic) = topic {
        let name = topic.rsplit(':').next().unwrap_or_default();
        put("SnsTopicName", json!(name));
        put("SnsTopicARN", json!(topic));
    }
    if let Some(key) = key {
        put("KmsKeyId", json!(key));
    }
    shown
}

/// What GetTrail and DescribeTrails answer.
fn described(trail: &Trail) -> Value {
    let mut shown = shown(trail);
    shown.insert("HomeRegion".to_owned(), json!(trail.home));
    let custom = trail.selectors.are_custom();
    shown.insert("HasCustomEventSelectors".to_owned(), json!(custom));
    shown.insert("HasInsightSelectors".to_owned(), json!(false));
    Value::Object(shown)
}

pub(crate) fn get(call: &Call<'_>) -> Answer {
    let trail = call.seen(&call.service.trails(), "Name")?;
    Ok(Some(json!({ "Trail": described(&trail) })))
}

/// Trails that are not there are left out (BC:cloudtrail DescribeTrails, "If you specify a name ... that does not exist").
pub(crate) fn describe(call: &Call<'_>) -> Answer {
    call.may("*")?;
    let with_shadows = call.flag("includeShadowTrails")?.unwrap_or(true);
    let named = call.texts("trailNameList")?;
    let wanted = named.iter().map(|text| {
        let name = Name::read(text)?;
        Ok::<_, Refusal>((name.arn(call.region, call.account()), name))
    });
    let wanted: Vec<_> = wanted.collect::<Result<_, _>>()?;
    let trails = call.service.trails();
    let own = trails
        .values()
        .filter(|trail| trail.account == call.account());
    let seen = own
        .filter(|trail| trail.home == call.region || (with_shadows && trail.settings.multi_region));
    let is_wanted =
        |trail: &&Trail| wanted.is_empty() || wanted.iter().any(|(arn, _)| *arn == trail.arn());
    let list: Vec<Value> = seen.filter(is_wanted).map(described).collect();
    Ok(Some(json!({ "trailList": list })))
}

/// The account's, of every Region (BC:cloudtrail ListTrails: "in the current account").
pub(crate) fn list(call: &Call<'_>) -> Answer {
    call.may("*")?;
    let trails = call.service.trails();
    let own = trails
        .values()
        .filter(|trail| trail.account == call.account());
    let list = own.map(
        |trail| json!({ "TrailARN": trail.arn(), "Name": trail.name, "HomeRegion": trail.home }),
    );
    Ok(Some(json!({ "Trails": list.collect::<Vec<_>>() })))
}

pub(crate) fn status(call: &Call<'_>) -> Answer {
    let trail = call.seen(&call.service.trails(), "Name")?;
    let Status {
        logging,
        started,
        stopped,
    } = &trail.status;
    let deliveries = call.service.deliveries().get(&trail.arn()).cloned();
    let Delivered {
        delivered,
        delivery_error,
        notified,
        notification_error,
    } = deliveries.unwrap_or_default();
    let mut status = Map::new();
    status.insert("IsLogging".to_owned(), json!(logging));
    let times = [
        ("StartLoggingTime", *started),
        ("StopLoggingTime", *stopped),
        ("LatestDeliveryTime", delivered),
        ("LatestNotificationTime", notified),
    ];
    for (name, time) in times {
        if let Some(time) = time {
            status.insert(name.to_owned(), json!(seconds(time)));
        }
    }
    let errors = [
        ("LatestDeliveryError", delivery_error),
        ("LatestNotificationError", notification_error),
    ];
    for (name, error) in errors {
        if let Some(error) = error {
            status.insert(name.to_owned(), json!(error));
        }
    }
    Ok(Some(Value::Object(status)))
}

/// StartLogging and StopLogging; a second time changes nothing.
pub(crate) fn switch(call: &Call<'_>, on: bool) -> Answer {
    let now = call.service.now();
    let mut trail = call.own(&call.service.trails(), "Name")?;
    if trail.status.logging != on {
        trail.status.logging = on;
        let time = if on {
            &mut trail.status.started
        } else {
            &mut trail.status.stopped
        };
        *time = Some(now);
        call.service.edit(|trails| replace(trails, trail))?;
    }
    Ok(Some(json!({})))
}

/// GetInsightSelectors: no trail has Insights here, which AWS tells with an error.
pub(crate) fn insights(call: &Call<'_>) -> Answer {
    let trail = call.seen(&call.service.trails(), "TrailName")?;
    let text = format!("Trail {} does not have Insights enabled.", trail.arn());
    Err(fault("InsightNotEnabledException", text))
}
