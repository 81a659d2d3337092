//! Event selectors as requests and answers have them: what a trail records.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The event sources that can be left out (BC:cloudtrail EventSelector).
pub(crate) const EXCLUDABLE: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];

/// What a trail records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selectors {
    /// Every management event; of a trail that nobody gave any.
    Default,
    Basic(Vec<Basic>),
    Advanced(Vec<Advanced>),
}

/// A basic selector, as requests and answers have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Basic {
    #[serde(default)]
    pub(crate) read_write_type: ReadWrite,
    #[serde(default = "yes")]
    pub(crate) include_management_events: bool,
    #[serde(default)]
    pub(crate) data_resources: Vec<DataResource>,
    #[serde(default)]
    pub(crate) exclude_management_event_sources: Vec<String>,
}

/// Which events by what they do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ReadWrite {
    ReadOnly,
    WriteOnly,
    #[default]
    All,
}

/// Data events of these resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DataResource {
    #[serde(rename = "Type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) values: Vec<String>,
}

/// An advanced selector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Advanced {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    pub(crate) field_selectors: Vec<Field>,
}

/// What one field of an event must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Field {
    pub(crate) field: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) equals: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) starts_with: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ends_with: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) not_equals: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) not_starts_with: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) not_ends_with: Vec<String>,
}

fn yes() -> bool {
    true
}

impl Basic {
    fn management() -> Self {
        Self {
            read_write_type: ReadWrite::All,
            include_management_events: true,
            data_resources: Vec::new(),
            exclude_management_event_sources: Vec::new(),
        }
    }
}

impl Selectors {
    /// Says whether somebody set them.
    pub(crate) fn are_custom(&self) -> bool {
        match self {
            Self::Default => false,
            Self::Basic(_) | Self::Advanced(_) => true,
        }
    }

    /// Shows them as answers do.
    pub(crate) fn shown(&self) -> (&'static str, Value) {
        match self {
            Self::Default => ("EventSelectors", json!([Basic::management()])),
            Self::Basic(basic) => ("EventSelectors", json!(basic)),
            Self::Advanced(advanced) => ("AdvancedEventSelectors", json!(advanced)),
        }
    }
}
