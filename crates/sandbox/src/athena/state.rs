//! Queries: what was asked, by whom, and what became of it.

use std::collections::BTreeMap;

use crate::authority::Caller;
use crate::place::Place;

/// Every query, by ID; those that nobody has taken, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) queries: BTreeMap<String, Query>,
    pub(super) queued: Vec<String>,
}

/// A query.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) caller: Caller,
    pub(super) place: Place,
    pub(super) text: String,
    pub(super) workgroup: String,
    pub(super) token: Option<String>,
    pub(super) database: Option<String>,
    pub(super) catalog: String,
    pub(super) output: Output,
    pub(super) submitted: f64,
    pub(super) completed: Option<f64>,
    pub(super) phase: Phase,
}

/// How far a query is.
#[derive(Debug, Clone)]
pub(super) enum Phase {
    Queued,
    Running,
    Succeeded(Outcome),
    Failed(String),
    Cancelled,
}

/// What a query brought.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Option<String>>>,
    pub(super) scanned: u64,
}

/// A column of a result.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Column {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

/// Where results go.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub(super) bucket: String,
    pub(super) prefix: String,
}

impl Output {
    /// Reads `s3://bucket/prefix/`.
    pub(super) fn read(location: &str) -> Option<Self> {
        let (bucket, prefix) = location.strip_prefix("s3://")?.split_once('/')?;
        let prefix = prefix.trim_end_matches('/');
        (!bucket.is_empty()).then(|| Self {
            bucket: bucket.to_owned(),
            prefix: if prefix.is_empty() {
                String::new()
            } else {
                format!("{prefix}/")
            },
        })
    }
}

impl Query {
    pub(super) const fn state(&self) -> &'static str {
        match self.phase {
            Phase::Queued => "QUEUED",
            Phase::Running => "RUNNING",
            Phase::Succeeded(_) => "SUCCEEDED",
            Phase::Failed(_) => "FAILED",
            Phase::Cancelled => "CANCELLED",
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.completed.is_some()
    }

    /// "CREATE TABLE and the like are DDL" (BC:athena StatementType).
    pub(super) fn is_ddl(&self) -> bool {
        let first = self.text.split_whitespace().next().unwrap_or_default();
        let first = first.to_ascii_uppercase();
        matches!(
            first.as_str(),
            "CREATE" | "DROP" | "ALTER" | "MSCK" | "SHOW" | "DESCRIBE"
        )
    }

    /// The key of its results, in the bucket of its output: text of DDL, CSV of the others (Athena UG, "Working with query results").
    pub(super) fn key(&self, id: &str) -> String {
        let end = if self.is_ddl() { "txt" } else { "csv" };
        format!("{}{id}.{end}", self.output.prefix)
    }
}

/// The results as their file has them: every field quoted, a field that is NULL left empty.
pub(super) fn as_csv(outcome: &Outcome) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let head = outcome.columns.iter().map(|column| quoted(&column.name));
    let mut lines = vec![head.collect::<Vec<_>>().join(",")];
    for row in &outcome.rows {
        let fields = row
            .iter()
            .map(|field| field.as_deref().map_or_else(String::new, quoted));
        lines.push(fields.collect::<Vec<_>>().join(","));
    }
    lines.join("\n") + "\n"
}
