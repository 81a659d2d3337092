//! Whoever executes queries: takes the next one, reads what it needs as the caller of the query, and says how it ended.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Athena;
use super::state::{Column, Outcome, Phase, Query, as_csv};
use crate::authority::Action;
use crate::depot::{Parcel, Undelivered};

/// How long an executor waits for a query that does not come; then it asks again.
const WAIT: Duration = Duration::from_secs(10);

/// How a query ended, as its executor says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ended {
    #[serde(default)]
    columns: Vec<Column>,
    #[serde(default)]
    rows: Vec<Vec<Option<String>>>,
    #[serde(default)]
    scanned: u64,
    /// Why it failed.
    error: Option<String>,
}

impl Athena {
    /// Hands out the next query, which runs from then on; nothing where none came in a while.
    pub(crate) async fn next(&self) -> Value {
        let next = async {
            loop {
                let came = self.shared.came.notified();
                if let Some(taken) = self.take() {
                    return taken;
                }
                came.await;
            }
        };
        tokio::time::timeout(WAIT, next).await.unwrap_or_default()
    }

    fn take(&self) -> Option<Value> {
        let mut state = self.state();
        if state.queued.is_empty() {
            return None;
        }
        let id = state.queued.remove(0);
        let query = state.queries.get_mut(&id)?;
        query.phase = Phase::Running;
        Some(json!({
            "id": id, "query": query.text, "catalog": query.catalog, "database": query.database,
            "workgroup": query.workgroup, "account": query.place.account, "region": query.place.region,
            "caller": query.caller.arn,
        }))
    }

    fn running(&self, id: &str) -> Option<Query> {
        let query = self.state().queries.get(id).cloned();
        query.filter(|query| !query.is_over())
    }

    /// Lists the keys that begin so, as the caller of a query; none where there is no such query.
    pub(crate) fn keys(
        &self,
        id: &str,
        bucket: &str,
        prefix: &str,
    ) -> Option<Result<Vec<String>, Undelivered>> {
        let Query { caller, .. } = self.running(id)?;
        // It looks where a bucket is before it reads there (unverified; policies of users say so).
        let located = self.errands().locate(&caller, bucket);
        Some(located.and_then(|_| self.errands().list(&caller, bucket, prefix)))
    }

    /// Reads an object as the caller of a query.
    pub(crate) fn object(
        &self,
        id: &str,
        bucket: &str,
        key: &str,
    ) -> Option<Result<Bytes, Undelivered>> {
        let query = self.running(id)?;
        Some(self.errands().read(&query.caller, bucket, key))
    }

    /// Asks whether the caller of a query may do something of Glue to a table: to the catalog, its database and the table (Athena UG,
    /// "Fine-grained access to databases and tables").
    pub(crate) fn may(
        &self,
        id: &str,
        action: &str,
        (database, table): (&str, &str),
    ) -> Option<Result<(), String>> {
        let Query { caller, place, .. } = self.running(id)?;
        let resources = [
            "catalog".to_owned(),
            format!("database/{database}"),
            format!("table/{database}/{table}"),
        ];
        let of_table = action.contains("Table");
        let resources = resources.iter().take(if of_table { 3 } else { 2 });
        let asked = resources.into_iter().try_for_each(|resource| {
            let action = Action {
                name: action,
                resource: &place.arn("glue", resource),
                resource_account: &place.account,
                resource_policy: None,
                context: &[],
            };
            let authority = &self.shared.environment.authority;
            let asked = authority.authorize(&caller, &action);
            asked.map_err(|denied| denied.message)
        });
        Some(asked)
    }

    /// Ends a query, and puts its results where they go; says whether there was one that ran.
    pub(crate) fn end(&self, id: &str, ended: Ended) -> bool {
        let Some(query) = self.running(id) else {
            return false;
        };
        let phase = match ended.error {
            Some(reason) => Phase::Failed(reason),
            None => self.written(
                id,
                &query,
                Outcome {
                    columns: ended.columns,
                    rows: ended.rows,
                    scanned: ended.scanned,
                },
            ),
        };
        let now = self.now();
        let mut state = self.state();
        let query = state.queries.get_mut(id);
        let Some(query) = query.filter(|query| !query.is_over()) else {
            return false;
        };
        query.phase = phase;
        query.completed = Some(now);
        true
    }

    fn written(&self, id: &str, query: &Query, outcome: Outcome) -> Phase {
        let text = if query.is_ddl() {
            String::new()
        } else {
            as_csv(&outcome)
        };
        let parcel = Parcel {
            body: Bytes::from(text),
            content_type: "application/octet-stream",
            content_encoding: None,
        };
        let (bucket, key) = (&query.output.bucket, query.key(id));
        match self.errands().write(&query.caller, bucket, &key, parcel) {
            Ok(()) => Phase::Succeeded(outcome),
            // The words are those of public reports; those of Athena's own code are unverified.
            Err(_) => Phase::Failed(format!(
                "Access denied when writing output to url: s3://{bucket}/{key} . Please ensure you are allowed to access the S3 bucket. If you are encrypting query results with KMS key, please ensure you are allowed to access your KMS key"
            )),
        }
    }
}
