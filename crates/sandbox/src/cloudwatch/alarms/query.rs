//! Metrics and queries as calls name them.

use super::alarm::{Measured, Query, QueryOf, STATISTICS, Statistic};
use super::check;
use crate::cloudwatch::errors::{invalid, validation};
use crate::cloudwatch::input::Fields;
use crate::cloudwatch::metrics::units::UNITS;
use crate::metering::MetricId;
use crate::wire::Refusal;

type Checked<T> = Result<T, Refusal>;

/// The most dimensions of a metric (BC:cloudwatch Dimensions).
pub(in crate::cloudwatch) const DIMENSIONS: usize = 30;

/// Reads the name of a metric; it has to have one.
pub(in crate::cloudwatch) fn metric(fields: &Fields<'_>) -> Checked<MetricId> {
    let namespace = fields.required("Namespace", 255)?;
    if namespace.starts_with(':') {
        let must = "satisfy regular expression pattern: [^:].*";
        return Err(invalid(Some(namespace), "Namespace", must));
    }
    Ok(MetricId {
        namespace: namespace.to_owned(),
        name: fields.required("MetricName", 255)?.to_owned(),
        dimensions: dimensions(fields)?,
    })
}

/// Reads dimensions, of which each name occurs once.
pub(in crate::cloudwatch) fn dimensions(fields: &Fields<'_>) -> Checked<Vec<(String, String)>> {
    let mut dimensions = Vec::new();
    for dimension in fields.maps("Dimensions", DIMENSIONS)? {
        let name = dimension.required("Name", 255)?;
        let value = dimension.required("Value", 1024)?;
        dimensions.push((name.to_owned(), value.to_owned()));
    }
    dimensions.sort();
    if dimensions.windows(2).any(|two| two[0].0 == two[1].0) {
        return Err(validation("No two dimensions may have the same name."));
    }
    Ok(dimensions)
}

/// Reads what is watched of one metric.
pub(super) fn measured(fields: &Fields<'_>) -> Checked<Measured> {
    let statistic = fields.word("Statistic", &STATISTICS)?;
    let extended = fields.text("ExtendedStatistic", 1, 255)?;
    let statistic = match (statistic, extended) {
        (Some(name), None) => Statistic::read(name),
        (None, Some(name)) => check::extended(name)?,
        (Some(_), Some(_)) => {
            return Err(validation(
                "Exactly one of Statistic or ExtendedStatistic must be specified",
            ));
        }
        (None, None) => {
            return Err(validation(
                "One of Statistic or ExtendedStatistic must be specified",
            ));
        }
    };
    let period = fields.integer("Period", 1, i64::from(i32::MAX))?;
    let period = period.ok_or_else(|| validation("Period must not be null"))?;
    check::period(period)?;
    Ok(Measured {
        metric: metric(fields)?,
        statistic,
        period,
        unit: fields.word("Unit", &UNITS)?,
    })
}

/// Reads a list of queries, each with an id of its own.
pub(in crate::cloudwatch) fn queries(
    fields: &Fields<'_>,
    field: &str,
    most: usize,
) -> Checked<Vec<Query>> {
    let queries = fields.maps(field, most)?;
    let queries: Vec<Query> = queries.iter().map(query).collect::<Checked<_>>()?;
    let mut ids: Vec<_> = queries.iter().map(|query| &query.id).collect();
    ids.sort();
    if ids.windows(2).any(|two| two[0] == two[1]) {
        return Err(validation("The ids of queries must be unique."));
    }
    Ok(queries)
}

fn query(fields: &Fields<'_>) -> Checked<Query> {
    let id = fields.required("Id", 255)?;
    let begins = id.starts_with(|first: char| first.is_ascii_lowercase());
    let rest = |char: char| char.is_ascii_alphanumeric() || char == '_';
    if !begins || !id.chars().all(rest) {
        let must = "satisfy regular expression pattern: [a-z][a-zA-Z0-9_]*";
        return Err(invalid(Some(id), "Id", must));
    }
    let expression = fields.text("Expression", 1, 2048)?;
    let of = match (expression, fields.get("MetricStat")) {
        (Some(text), None) => QueryOf::Expression {
            text: text.to_owned(),
            period: fields.integer("Period", 1, i64::from(i32::MAX))?,
        },
        (None, Some(stat)) => QueryOf::Metric(metric_stat(&Fields::new(stat))?),
        (Some(_), Some(_)) | (None, None) => {
            return Err(validation(
                "Each query has either a MetricStat or an Expression.",
            ));
        }
    };
    Ok(Query {
        id: id.to_owned(),
        of,
        label: fields.text("Label", 0, 1024)?.map(str::to_owned),
        returns_data: fields.flag("ReturnData")?,
        account: fields.text("AccountId", 1, 255)?.map(str::to_owned),
    })
}

fn metric_stat(fields: &Fields<'_>) -> Checked<Measured> {
    let node = fields.get("Metric");
    let node = node.ok_or_else(|| invalid(None, "Metric", "not be null"))?;
    let name = fields.required("Stat", 255)?;
    let statistic = match Statistic::read(name) {
        Statistic::Extended(name) => check::extended(&name)?,
        simple => simple,
    };
    let period = fields.integer("Period", 1, i64::from(i32::MAX))?;
    Ok(Measured {
        metric: metric(&Fields::new(node))?,
        statistic,
        period: period.ok_or_else(|| invalid(None, "Period", "not be null"))?,
        unit: fields.word("Unit", &UNITS)?,
    })
}
