//! Event selectors: basic ones or advanced ones, never both; they are read, checked, put and shown.

use serde_json::{Value, json};

use super::advanced;
use super::call::{Answer, Call};
use super::errors::invalid_selectors;
use super::selector::{Advanced, Basic, DataResource, EXCLUDABLE, Selectors};
use super::state::Trail;
use super::trails::replace;
use crate::wire::Refusal;
use crate::wire::json::wrong_type;

/// Reads what a request, or a seed, gives; the two kinds exclude each other.
pub(crate) fn read(basic: Option<&Value>, advanced: Option<&Value>) -> Result<Selectors, Refusal> {
    let some = |value: Option<&Value>| value.filter(|value| !value.is_null()).cloned();
    match (some(basic), some(advanced)) {
        (Some(basic), None) => {
            let basic: Vec<Basic> =
                serde_json::from_value(basic).map_err(|_| wrong_type("EventSelectors"))?;
            check(&basic)?;
            Ok(Selectors::Basic(basic))
        }
        (None, Some(advanced)) => {
            let advanced: Vec<Advanced> = serde_json::from_value(advanced)
                .map_err(|_| wrong_type("AdvancedEventSelectors"))?;
            advanced::check(&advanced)?;
            Ok(Selectors::Advanced(advanced))
        }
        (Some(_), Some(_)) => Err(invalid_selectors(
            "You can't specify both EventSelectors and AdvancedEventSelectors.",
        )),
        (None, None) => Err(invalid_selectors(
            "EventSelectors or AdvancedEventSelectors must be specified.",
        )),
    }
}

/// The most selectors, and the most data resources of all of them (BC:cloudtrail InvalidEventSelectorsException).
const SELECTORS: usize = 5;
const RESOURCES: usize = 250;

const KINDS: [&str; 3] = [
    "AWS::S3::Object",
    "AWS::Lambda::Function",
    "AWS::DynamoDB::Table",
];

fn check(selectors: &[Basic]) -> Result<(), Refusal> {
    if selectors.is_empty() || selectors.len() > SELECTORS {
        return Err(invalid_selectors(format!(
            "A trail has one to {SELECTORS} event selectors, not {}.",
            selectors.len()
        )));
    }
    let resources = selectors
        .iter()
        .flat_map(|selector| &selector.data_resources);
    let count: usize = resources
        .clone()
        .map(|resource| resource.values.len())
        .sum();
    if count > RESOURCES {
        return Err(invalid_selectors(format!(
            "A trail has at most {RESOURCES} data resources in all of its event selectors, not {count}."
        )));
    }
    resources.clone().try_for_each(check_resource)?;
    selectors.iter().try_for_each(check_excluded)
}

fn check_excluded(selector: &Basic) -> Result<(), Refusal> {
    for source in &selector.exclude_management_event_sources {
        if !EXCLUDABLE.contains(&source.as_str()) || !selector.include_management_events {
            let text = format!("Value {source} for ExcludeManagementEventSources is invalid.");
            return Err(invalid_selectors(text));
        }
    }
    Ok(())
}

/// "arn:aws:s3" is every bucket, and a bucket is written with the slash behind it, without wildcards (seen:
/// GH:aws/aws-cdk#3450, GH:aws-samples/aws-security-reference-architecture-examples#335).
fn check_resource(resource: &DataResource) -> Result<(), Refusal> {
    let kind = resource.kind.as_str();
    if !KINDS.contains(&kind) {
        let text = format!("Value {kind} for DataResources.Type is invalid.");
        return Err(invalid_selectors(text));
    }
    let service = match kind {
        "AWS::S3::Object" => "s3",
        "AWS::Lambda::Function" => "lambda",
        _ => "dynamodb",
    };
    for value in &resource.values {
        let rest = ["arn:aws", "arn:aws-cn", "arn:aws-us-gov"]
            .iter()
            .find_map(|start| value.strip_prefix(&format!("{start}:{service}")));
        let fits = match (service, rest) {
            (_, None) => false,
            (_, Some("")) => true,
            ("s3", Some(rest)) => rest
                .strip_prefix(":::")
                .is_some_and(|place| place.is_empty() || place.contains('/')),
            (_, Some(rest)) => rest.starts_with(':'),
        };
        if !fits || value.contains('*') {
            let text = format!("Value {value} for DataResources.Values is invalid.");
            return Err(invalid_selectors(text));
        }
    }
    Ok(())
}

/// GetEventSelectors.
pub(crate) fn get(call: &Call<'_>) -> Answer {
    let trail = call.seen(&call.service.trails(), "TrailName")?;
    if trail.home != call.region {
        // Seen: GH:aws/aws-sdk-go-v2#1957; a shadow has no selectors that could be asked for.
        return Err(super::errors::unknown_trail(&trail.arn(), call.account()));
    }
    Ok(Some(answer(&trail)))
}

/// PutEventSelectors: replaces all.
pub(crate) fn put(call: &Call<'_>) -> Answer {
    let trail = call.own(&call.service.trails(), "TrailName")?;
    let basic = call.input.get("EventSelectors");
    let selectors = read(basic, call.input.get("AdvancedEventSelectors"))?;
    let trail = Trail { selectors, ..trail };
    let shown = answer(&trail);
    call.service.edit(|trails| replace(trails, trail))?;
    Ok(Some(shown))
}

fn answer(trail: &Trail) -> Value {
    let (kind, selectors) = trail.selectors.shown();
    json!({ "TrailARN": trail.arn(), kind: selectors })
}
