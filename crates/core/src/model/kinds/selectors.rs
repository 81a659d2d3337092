//! What a trail records: its event selectors. A trail has basic ones or advanced ones, never both (CTUG:
//! logging-data-events-with-cloudtrail).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::data_events::DataEvents;

/// The event selectors of a trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventSelectors {
    /// Basic ones, in their order.
    Basic(Vec<BasicSelector>),
    /// Advanced ones, in their order.
    Advanced(Vec<AdvancedSelector>),
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// A basic one.
    Basic(BasicSelector),
    /// An advanced one.
    Advanced(AdvancedSelector),
}

/// A basic selector (BC:cloudtrail EventSelector).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicSelector {
    /// `ReadWriteType`, in CloudTrail's word.
    pub read_write: String,
    /// `IncludeManagementEvents`.
    pub management: bool,
    /// `ExcludeManagementEventSources`.
    pub excluded: Vec<String>,
    /// `DataResources`: the type, and the values.
    pub resources: Vec<(String, Vec<String>)>,
}

/// An advanced selector (BC:cloudtrail AdvancedEventSelector).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdvancedSelector {
    /// Its name, which need not be unique.
    pub name: Option<String>,
    /// What the fields of an event must be.
    pub fields: Vec<FieldSelector>,
}

/// What one field of an event must be (BC:cloudtrail AdvancedFieldSelector).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldSelector {
    /// The field.
    pub field: String,
    /// By operator, in CloudTrail's word, the values.
    pub is: BTreeMap<String, Vec<String>>,
}

/// The type of the resources whose data events are those of S3 objects.
pub const S3_OBJECTS: &str = "AWS::S3::Object";
const ARN: &str = "resources.ARN";
const STARTS_WITH: &str = "StartsWith";
const EQUALS: &str = "Equals";

/// The most values in all advanced selectors of a trail (CTUG:WhatIsCloudTrail-Limits).
pub const MOST_VALUES: usize = 500;
/// The most basic selectors of a trail (same page).
pub const MOST_SELECTORS: usize = 5;
/// The most data resources in all basic selectors of a trail (same page).
pub const MOST_RESOURCES: usize = 250;

impl BasicSelector {
    /// What a trail records that was never told what to record (BC:cloudtrail PutEventSelectors).
    #[must_use]
    pub fn of_management() -> Self {
        Self {
            read_write: DataEvents::All.as_basic().to_owned(),
            management: true,
            excluded: Vec::new(),
            resources: Vec::new(),
        }
    }

    /// The data events of buckets, whose ARNs have the slash that keeps longer names out.
    #[must_use]
    pub fn of_buckets(events: DataEvents, buckets: &BTreeSet<String>) -> Self {
        let buckets = buckets.iter().cloned().collect();
        Self {
            read_write: events.as_basic().to_owned(),
            management: false,
            excluded: Vec::new(),
            resources: vec![(S3_OBJECTS.to_owned(), buckets)],
        }
    }

    /// The buckets, where the selector is for data events of buckets and for nothing else.
    #[must_use]
    pub fn buckets(&self) -> Option<(DataEvents, &[String])> {
        let Self {
            read_write,
            management,
            excluded,
            resources,
        } = self;
        let mut all = DataEvents::ALL.into_iter();
        let events = all.find(|events| events.as_basic() == read_write)?;
        match (management, &excluded[..], &resources[..]) {
            (false, [], [(kind, values)]) if kind == S3_OBJECTS && !values.is_empty() => {
                Some((events, values))
            }
            (_, _, _) => None,
        }
    }

    /// How many data resources it names.
    #[must_use]
    pub fn count(&self) -> usize {
        self.resources.iter().map(|(_, values)| values.len()).sum()
    }

    fn meaning(&self) -> Value {
        let Self {
            read_write,
            management,
            excluded,
            resources,
        } = self;
        let mut of: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
        for (kind, values) in resources {
            of.entry(kind).or_default().extend(values);
        }
        let mut meaning = Map::new();
        meaning.insert("read_write_type".to_owned(), json!(read_write));
        meaning.insert("management_events".to_owned(), json!(management));
        if !excluded.is_empty() {
            let excluded: BTreeSet<&String> = excluded.iter().collect();
            meaning.insert("without_management_events_of".to_owned(), json!(excluded));
        }
        if !of.is_empty() {
            meaning.insert("data_resources".to_owned(), json!(of));
        }
        Value::Object(meaning)
    }
}

impl AdvancedSelector {
    /// The data events of buckets, whose ARNs have the slash that keeps longer names out (CTUG:
    /// logging-data-events-with-cloudtrail, "the trailing slash is intentional").
    #[must_use]
    pub fn of_buckets(name: String, events: DataEvents, buckets: &BTreeSet<String>) -> Self {
        let mut fields = vec![
            FieldSelector::of("eventCategory", EQUALS, ["Data".to_owned()]),
            FieldSelector::of("resources.type", EQUALS, [S3_OBJECTS.to_owned()]),
            FieldSelector::of(ARN, STARTS_WITH, buckets.iter().cloned()),
        ];
        match events {
            DataEvents::All => {}
            DataEvents::Writes => {
                fields.push(FieldSelector::of("readOnly", EQUALS, ["false".to_owned()]));
            }
        }
        Self {
            name: Some(name),
            fields,
        }
    }

    /// What the ARNs of the resources may begin with.
    pub fn buckets(&self) -> impl Iterator<Item = &String> {
        let fields = self.fields.iter().filter(|of| of.field == ARN);
        fields.filter_map(|of| of.is.get(STARTS_WITH)).flatten()
    }

    /// How many values it has.
    #[must_use]
    pub fn count(&self) -> usize {
        let values = self.fields.iter().flat_map(|of| of.is.values());
        values.map(Vec::len).sum()
    }

    fn meaning(&self) -> Value {
        let Self { name, fields } = self;
        let mut meaning = Map::new();
        if let Some(name) = name {
            meaning.insert("name".to_owned(), json!(name));
        }
        let mut of: BTreeMap<&String, BTreeMap<&String, BTreeSet<&String>>> = BTreeMap::new();
        for FieldSelector { field, is } in fields {
            let by_operator = of.entry(field).or_default();
            for (operator, values) in is.iter().filter(|(_, values)| !values.is_empty()) {
                by_operator.entry(operator).or_default().extend(values);
            }
        }
        meaning.insert("fields".to_owned(), json!(of));
        Value::Object(meaning)
    }
}

impl FieldSelector {
    fn of(field: &str, operator: &str, values: impl IntoIterator<Item = String>) -> Self {
        Self {
            field: field.to_owned(),
            is: BTreeMap::from([(operator.to_owned(), values.into_iter().collect())]),
        }
    }
}

impl Selector {
    /// Whether it is a basic one for data events of buckets and for nothing else.
    #[must_use]
    pub fn is_of_buckets_only(&self) -> bool {
        match self {
            Self::Basic(of) => of.buckets().is_some(),
            Self::Advanced(_) => false,
        }
    }

    /// Its name, where it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Basic(_) => None,
            Self::Advanced(of) => of.name.as_deref(),
        }
    }

    /// Its canonical form, also for reviewers.
    #[must_use]
    pub fn meaning(&self) -> Value {
        match self {
            Self::Basic(of) => of.meaning(),
            Self::Advanced(of) => of.meaning(),
        }
    }
}

impl EventSelectors {
    /// The names of those that have one.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Basic(_) => Vec::new(),
            Self::Advanced(of) => of.iter().filter_map(|of| of.name.as_deref()).collect(),
        }
    }

    /// Whether they are what a trail has that was never told what to record.
    #[must_use]
    pub fn were_never_set(&self) -> bool {
        match self {
            Self::Basic(of) => *of == [BasicSelector::of_management()],
            Self::Advanced(_) => false,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Basic(of) => of.is_empty(),
            Self::Advanced(of) => of.is_empty(),
        }
    }

    /// The canonical forms of all, sorted: their order means nothing.
    #[must_use]
    pub fn meanings(&self) -> Vec<String> {
        let all = self.all();
        let mut all: Vec<String> = all.iter().map(|of| of.meaning().to_string()).collect();
        all.sort_unstable();
        all
    }

    /// Each of them.
    #[must_use]
    pub fn all(&self) -> Vec<Selector> {
        match self {
            Self::Basic(of) => of.iter().cloned().map(Selector::Basic).collect(),
            Self::Advanced(of) => of.iter().cloned().map(Selector::Advanced).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets() -> BTreeSet<String> {
        ["arn:aws:s3:::a/", "arn:aws:s3:::b/"]
            .map(str::to_owned)
            .into()
    }

    #[test]
    fn neither_the_order_of_selectors_nor_of_values_means_anything() {
        let one = AdvancedSelector::of_buckets("s".to_owned(), DataEvents::Writes, &buckets());
        let mut other = one.clone();
        other.fields.reverse();
        for field in &mut other.fields {
            field.is.values_mut().for_each(|values| values.reverse());
        }
        let management = AdvancedSelector {
            name: None,
            fields: vec![FieldSelector::of(
                "eventCategory",
                EQUALS,
                ["Management".to_owned()],
            )],
        };
        let here = EventSelectors::Advanced(vec![one.clone(), management.clone()]);
        let there = EventSelectors::Advanced(vec![management, other]);
        assert_eq!(here.meanings(), there.meanings());
        let all = AdvancedSelector::of_buckets("s".to_owned(), DataEvents::All, &buckets());
        assert_ne!(all.meaning(), one.meaning());
        assert_eq!((all.count(), one.count()), (4, 5));
    }

    #[test]
    fn a_basic_selector_is_of_buckets_where_it_is_of_nothing_else() {
        let ours = BasicSelector::of_buckets(DataEvents::All, &buckets());
        assert_eq!(ours.buckets().map(|(_, of)| of.len()), Some(2));
        let with_management = BasicSelector {
            management: true,
            ..ours.clone()
        };
        assert_eq!(with_management.buckets(), None);
        let mut with_functions = ours;
        let functions = vec!["arn:aws:lambda".to_owned()];
        with_functions
            .resources
            .push(("AWS::Lambda::Function".to_owned(), functions));
        assert_eq!(with_functions.buckets(), None);
        assert_eq!(BasicSelector::of_management().buckets(), None);
    }
}
