//! Advanced event selectors: which fields, operators and values they may have (BC:cloudtrail AdvancedFieldSelector,
//! UGweb:API_AdvancedFieldSelector). Words are unverified.

use super::errors::invalid_selectors;
use super::selector::{Advanced, EXCLUDABLE, Field};
use crate::wire::Refusal;

/// The most values of all conditions of a trail (BC:cloudtrail PutEventSelectors).
const VALUES: usize = 500;

/// The fields of each category, for trails.
const MANAGEMENT: [&str; 3] = ["eventCategory", "eventSource", "readOnly"];
const DATA: [&str; 9] = [
    "eventCategory",
    "eventName",
    "eventSource",
    "eventType",
    "resources.type",
    "readOnly",
    "resources.ARN",
    "sessionCredentialFromConsole",
    "userIdentity.arn",
];
const NETWORK: [&str; 6] = [
    "eventCategory",
    "eventSource",
    "eventName",
    "errorCode",
    "vpcEndpointId",
    "userIdentity.arn",
];

/// The fields that only `Equals` goes with, and one value.
const ONE_VALUE: [&str; 3] = ["eventCategory", "readOnly", "resources.type"];

impl Field {
    fn operators(&self) -> [&Vec<String>; 6] {
        let Self {
            field: _,
            equals,
            starts_with,
            ends_with,
            not_equals,
            not_starts_with,
            not_ends_with,
        } = self;
        [
            equals,
            starts_with,
            ends_with,
            not_equals,
            not_starts_with,
            not_ends_with,
        ]
    }

    /// Says whether this value of the field is one that is meant.
    pub(crate) fn fits(&self, value: &str) -> bool {
        let any = |values: &[String], is: fn(&str, &str) -> bool| {
            values.iter().any(|wanted| is(value, wanted))
        };
        let starts: fn(&str, &str) -> bool = |value, wanted| value.starts_with(wanted);
        let ends: fn(&str, &str) -> bool = |value, wanted| value.ends_with(wanted);
        let same: fn(&str, &str) -> bool = |value, wanted| value == wanted;
        let unless_empty = |values: &[String], is| values.is_empty() || any(values, is);
        unless_empty(&self.equals, same)
            && unless_empty(&self.starts_with, starts)
            && unless_empty(&self.ends_with, ends)
            && !any(&self.not_equals, same)
            && !any(&self.not_starts_with, starts)
            && !any(&self.not_ends_with, ends)
    }
}

impl Advanced {
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.field_selectors
            .iter()
            .find(|field| field.field == name)
    }

    /// Returns the value that a field of one value has.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.field(name)?.equals.first().map(String::as_str)
    }
}

/// Checks the selectors of a trail.
pub(crate) fn check(selectors: &[Advanced]) -> Result<(), Refusal> {
    if selectors.is_empty() {
        return Err(invalid_selectors(
            "AdvancedEventSelectors must not be empty.",
        ));
    }
    let fields = selectors
        .iter()
        .flat_map(|selector| &selector.field_selectors);
    let count: usize = fields.flat_map(Field::operators).map(Vec::len).sum();
    if count > VALUES {
        return Err(invalid_selectors(format!(
            "A trail has at most {VALUES} values in all of its advanced event selectors, not {count}."
        )));
    }
    selectors.iter().try_for_each(check_selector)
}

fn check_selector(selector: &Advanced) -> Result<(), Refusal> {
    if selector
        .name
        .as_ref()
        .is_some_and(|name| name.chars().count() > 1000)
    {
        return Err(invalid_selectors("Name must have at most 1000 characters."));
    }
    let needed = |name: &str| {
        let missing = || invalid_selectors(format!("Field {name} must be specified."));
        selector.one(name).ok_or_else(missing)
    };
    let known: &[&str] = match needed("eventCategory")? {
        "Management" => &MANAGEMENT,
        "Data" => {
            needed("resources.type")?;
            &DATA
        }
        "NetworkActivity" => {
            needed("eventSource")?;
            &NETWORK
        }
        other => return Err(bad_value("eventCategory", other)),
    };
    for (at, field) in selector.field_selectors.iter().enumerate() {
        let name = field.field.as_str();
        let before = &selector.field_selectors[..at];
        if !known.contains(&name) {
            return Err(invalid_selectors(format!("Field {name} is invalid.")));
        }
        if before.iter().any(|earlier| earlier.field == name) {
            return Err(invalid_selectors(format!(
                "Field {name} is specified twice."
            )));
        }
        check_field(field, selector)?;
    }
    Ok(())
}

fn bad_value(field: &str, value: &str) -> Refusal {
    invalid_selectors(format!("Value {value} for {field} is invalid."))
}

fn check_field(field: &Field, selector: &Advanced) -> Result<(), Refusal> {
    let name = field.field.as_str();
    let [equals, others @ ..] = field.operators();
    if equals.is_empty() && others.iter().all(|values| values.is_empty()) {
        return Err(invalid_selectors(format!("Field {name} has no operator.")));
    }
    let all = field.operators().into_iter().flatten();
    if let Some(value) = all
        .clone()
        .find(|value| value.is_empty() || value.chars().count() > 2048)
    {
        return Err(bad_value(name, value));
    }
    if ONE_VALUE.contains(&name) && (equals.len() != 1 || others.iter().any(|v| !v.is_empty())) {
        let text = format!("Field {name} takes the operator Equals with one value only.");
        return Err(invalid_selectors(text));
    }
    match name {
        "readOnly" => one_of(name, equals, &["true", "false"]),
        "resources.type" if !equals[0].starts_with("AWS::") => Err(bad_value(name, &equals[0])),
        "eventSource" if selector.one("eventCategory") == Some("Management") => {
            if field.not_equals.len() != all.count() {
                let text = "Field eventSource of management events takes NotEquals only.";
                return Err(invalid_selectors(text));
            }
            one_of(name, &field.not_equals, &EXCLUDABLE)
        }
        "resources.ARN" if selector.one("resources.type") == Some("AWS::S3::Object") => {
            let exact = field.equals.iter().chain(&field.not_equals);
            let starts = field.starts_with.iter().chain(&field.not_starts_with);
            let mut wrong = exact.chain(starts).filter(|value| !is_of_s3(value));
            wrong
                .next()
                .map_or(Ok(()), |value| Err(bad_value(name, value)))
        }
        _ => Ok(()),
    }
}

fn is_of_s3(value: &str) -> bool {
    let mut parts = value.splitn(6, ':');
    parts.next() == Some("arn") && parts.nth(1) == Some("s3")
}

fn one_of(field: &str, values: &[String], known: &[&str]) -> Result<(), Refusal> {
    let mut wrong = values
        .iter()
        .filter(|value| !known.contains(&value.as_str()));
    wrong
        .next()
        .map_or(Ok(()), |value| Err(bad_value(field, value)))
}
