//! Event selectors, as CloudTrail has them and as documents do. What this build does not know of them is never guessed: they are
//! written back whole.

use std::collections::BTreeMap;

use aws_sdk_cloudtrail::error::BuildError;
use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, AdvancedFieldSelector, DataResource, EventSelector, ReadWriteType,
};
use s3ferry_core::model::kinds::{AdvancedSelector, BasicSelector, FieldSelector};

/// A basic selector; what is not said is CloudTrail's default (BC:cloudtrail EventSelector).
pub(super) fn basic(found: &EventSelector) -> BasicSelector {
    let read_write = found.read_write_type().map_or("All", ReadWriteType::as_str);
    let resource = |of: &DataResource| {
        let kind = of.r#type().unwrap_or_default().to_owned();
        (kind, of.values().to_vec())
    };
    BasicSelector {
        read_write: read_write.to_owned(),
        management: found.include_management_events().unwrap_or(true),
        excluded: found.exclude_management_event_sources().to_vec(),
        resources: found.data_resources().iter().map(resource).collect(),
    }
}

pub(super) fn to_basic(of: &BasicSelector) -> EventSelector {
    let BasicSelector {
        read_write,
        management,
        excluded,
        resources,
    } = of;
    let resource = |(kind, values): &(String, Vec<String>)| {
        DataResource::builder()
            .r#type(kind)
            .set_values(Some(values.clone()))
            .build()
    };
    EventSelector::builder()
        .read_write_type(ReadWriteType::from(read_write.as_str()))
        .include_management_events(*management)
        .set_exclude_management_event_sources(Some(excluded.clone()))
        .set_data_resources(Some(resources.iter().map(resource).collect()))
        .build()
}

pub(super) fn advanced(found: &AdvancedEventSelector) -> AdvancedSelector {
    let fields = found.field_selectors().iter().map(field);
    AdvancedSelector {
        name: found.name().map(str::to_owned),
        fields: fields.collect(),
    }
}

fn field(found: &AdvancedFieldSelector) -> FieldSelector {
    let operators = [
        ("Equals", found.equals()),
        ("StartsWith", found.starts_with()),
        ("EndsWith", found.ends_with()),
        ("NotEquals", found.not_equals()),
        ("NotStartsWith", found.not_starts_with()),
        ("NotEndsWith", found.not_ends_with()),
    ];
    let said = operators
        .into_iter()
        .filter(|(_, values)| !values.is_empty());
    FieldSelector {
        field: found.field().to_owned(),
        is: said
            .map(|(operator, values)| (operator.to_owned(), values.to_vec()))
            .collect(),
    }
}

pub(super) fn to_advanced(of: &AdvancedSelector) -> Result<AdvancedEventSelector, BuildError> {
    let AdvancedSelector { name, fields } = of;
    let fields: Result<Vec<_>, _> = fields.iter().map(to_field).collect();
    AdvancedEventSelector::builder()
        .set_name(name.clone())
        .set_field_selectors(Some(fields?))
        .build()
}

fn to_field(of: &FieldSelector) -> Result<AdvancedFieldSelector, BuildError> {
    let FieldSelector { field, is } = of;
    let values = |operator: &str, is: &BTreeMap<String, Vec<String>>| is.get(operator).cloned();
    AdvancedFieldSelector::builder()
        .field(field)
        .set_equals(values("Equals", is))
        .set_starts_with(values("StartsWith", is))
        .set_ends_with(values("EndsWith", is))
        .set_not_equals(values("NotEquals", is))
        .set_not_starts_with(values("NotStartsWith", is))
        .set_not_ends_with(values("NotEndsWith", is))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_said_of_a_field_is_said_again() {
        let values = |word: &str| vec![format!("{word}/1"), format!("{word}/2")];
        let operators = [
            "Equals",
            "StartsWith",
            "EndsWith",
            "NotEquals",
            "NotStartsWith",
            "NotEndsWith",
        ];
        let is = operators.map(|of| (of.to_owned(), values(of))).into();
        let whole = AdvancedSelector {
            name: Some("theirs".to_owned()),
            fields: vec![FieldSelector {
                field: "resources.ARN".to_owned(),
                is,
            }],
        };
        let sent = to_advanced(&whole).expect("it is whole");
        assert_eq!(advanced(&sent), whole);
        let nameless = AdvancedSelector {
            name: None,
            ..whole
        };
        let sent = to_advanced(&nameless).expect("it is whole");
        assert_eq!(advanced(&sent), nameless);
    }

    #[test]
    fn a_basic_selector_is_said_again_and_what_it_does_not_say_is_the_default() {
        let whole = BasicSelector {
            read_write: "ReadOnly".to_owned(),
            management: false,
            excluded: vec!["kms.amazonaws.com".to_owned()],
            resources: vec![
                ("AWS::S3::Object".to_owned(), vec!["arn:aws:s3".to_owned()]),
                ("AWS::Lambda::Function".to_owned(), Vec::new()),
            ],
        };
        assert_eq!(basic(&to_basic(&whole)), whole);
        let nothing = EventSelector::builder().build();
        assert_eq!(basic(&nothing), BasicSelector::of_management());
    }
}
