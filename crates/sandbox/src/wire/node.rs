//! A document of any protocol: what an operation is given and what it answers, before a codec writes it.

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    /// Seconds since 1970.
    Time(f64),
    /// A scalar of the query protocol, which does not say its type.
    Raw(String),
    List(Vec<Self>),
    /// In the order in which it is written.
    Map(Vec<(String, Self)>),
    /// Numbers by names that are no fields: `p90`. Only written.
    Numbers(Vec<(String, f64)>),
}

impl Node {
    /// Makes a map.
    pub(crate) fn map<'a>(fields: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        let fields = fields.into_iter();
        Self::Map(
            fields
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Makes a list of texts.
    pub(crate) fn texts<'a>(texts: impl IntoIterator<Item = &'a String>) -> Self {
        let texts = texts.into_iter();
        Self::List(texts.map(|text| Self::Text(text.clone())).collect())
    }

    /// Returns a field of a map; one that is null is not there.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Map(fields) = self else { return None };
        let found = fields.iter().find(|(field, _)| field == name);
        found
            .map(|(_, value)| value)
            .filter(|value| **value != Self::Null)
    }

    /// Adds a field to a map, where it has a value.
    pub(crate) fn set(&mut self, name: &str, value: Option<Self>) {
        if let (Self::Map(fields), Some(value)) = (self, value) {
            fields.push((name.to_owned(), value));
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Raw(text) => Some(text),
            Self::Null
            | Self::Bool(_)
            | Self::Integer(_)
            | Self::Float(_)
            | Self::Time(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Numbers(_) => None,
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(bool) => Some(*bool),
            Self::Raw(text) => text.to_ascii_lowercase().parse().ok(),
            Self::Null
            | Self::Integer(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Time(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Numbers(_) => None,
        }
    }

    pub(crate) fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Raw(text) => text.parse().ok(),
            Self::Null
            | Self::Bool(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Time(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Numbers(_) => None,
        }
    }

    /// Returns a number; what is whole may be written so.
    pub(crate) fn as_number(&self) -> Option<f64> {
        match self {
            Self::Float(number) => Some(*number),
            Self::Integer(number) => Some(*number as f64),
            Self::Raw(text) => text.parse().ok(),
            Self::Null
            | Self::Bool(_)
            | Self::Text(_)
            | Self::Time(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Numbers(_) => None,
        }
    }

    /// Returns seconds since 1970: JSON writes times as numbers, the query protocol as ISO 8601.
    pub(crate) fn as_time(&self) -> Option<f64> {
        match self {
            Self::Time(time) => Some(*time),
            Self::Raw(text) | Self::Text(text) => {
                let time = text.parse::<jiff::Timestamp>().ok()?;
                Some(time.as_duration().as_secs_f64())
            }
            Self::Integer(_) | Self::Float(_) => self.as_number(),
            Self::Null | Self::Bool(_) | Self::List(_) | Self::Map(_) | Self::Numbers(_) => None,
        }
    }

    /// Returns a list; the query protocol writes an empty one as a field without a value.
    pub(crate) fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            Self::Raw(text) if text.is_empty() => Some(&[]),
            Self::Null
            | Self::Bool(_)
            | Self::Integer(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Time(_)
            | Self::Raw(_)
            | Self::Map(_)
            | Self::Numbers(_) => None,
        }
    }
}
