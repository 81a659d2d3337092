//! Athena: statements are begun, looked at, read and stopped in a workgroup.

use aws_sdk_athena::Client;
use aws_sdk_athena::types::{QueryExecutionContext, QueryExecutionState, ResultConfiguration, Row};
use aws_types::SdkConfig;
use s3ferry_core::ids::Region;
use s3ferry_core::queries::QueryPlace;
use s3ferry_engine::ports::{QueryLines, QueryState};

use crate::answer::whole::Whole;
use crate::api::Api;
use crate::failure::Failure;
use crate::service::SdkClient;

/// The calls on the queries of one account in one Region.
pub(crate) type AthenaApi<'a> = Api<'a, Client, QueryPlace>;

impl SdkClient for Client {
    const SERVICE: &'static str = "athena";

    fn connect(config: &SdkConfig, region: Option<&Region>) -> Self {
        let mut builder = aws_sdk_athena::config::Builder::from(config).interceptor(Whole);
        if let Some(region) = region {
            builder = builder.region(aws_sdk_athena::config::Region::new(region.to_string()));
        }
        Self::from_conf(builder.build())
    }
}

/// Begins a statement.
pub(crate) async fn start(
    api: &AthenaApi<'_>,
    statement: &str,
    token: &str,
) -> Result<String, Failure> {
    let place = api.at;
    let output = ResultConfiguration::builder()
        .output_location(place.location())
        .expected_bucket_owner(place.output.account.as_str())
        .build();
    let context = QueryExecutionContext::builder()
        .database(&place.database)
        .build();
    let answer = api
        .write("StartQueryExecution", |athena| {
            athena
                .start_query_execution()
                .query_string(statement)
                .client_request_token(token)
                .work_group(&place.workgroup)
                .query_execution_context(context)
                .result_configuration(output)
                .send()
        })
        .await?;
    answer
        .query_execution_id
        .ok_or_else(|| api.empty("StartQueryExecution"))
}

/// How far a statement is.
pub(crate) async fn state(api: &AthenaApi<'_>, id: &str) -> Result<QueryState, Failure> {
    let answer = api
        .read("GetQueryExecution", |athena| {
            athena.get_query_execution().query_execution_id(id).send()
        })
        .await?;
    let query = answer
        .query_execution
        .ok_or_else(|| api.empty("GetQueryExecution"))?;
    let status = query
        .status()
        .ok_or_else(|| api.unreadable("GetQueryExecution", "the answer lacks Status"))?;
    let scanned = query.statistics().and_then(|of| of.data_scanned_in_bytes());
    let reason = || {
        let told = status.state_change_reason();
        told.unwrap_or("it gives no reason").to_owned()
    };
    Ok(match status.state() {
        Some(QueryExecutionState::Queued | QueryExecutionState::Running) => QueryState::Open,
        Some(QueryExecutionState::Succeeded) => {
            QueryState::Succeeded(scanned.and_then(|of| u64::try_from(of).ok()).unwrap_or(0))
        }
        Some(QueryExecutionState::Failed) => QueryState::Failed(reason()),
        Some(QueryExecutionState::Cancelled) => QueryState::Cancelled,
        Some(other) => return Err(api.unknown("GetQueryExecution", "State", other.as_str())),
        None => return Err(api.unreadable("GetQueryExecution", "the answer lacks State")),
    })
}

/// A page of an answer. The first one begins with the names of the columns.
pub(crate) async fn lines(
    api: &AthenaApi<'_>,
    id: &str,
    after: Option<&str>,
) -> Result<QueryLines, Failure> {
    let answer = api
        .read("GetQueryResults", |athena| {
            athena
                .get_query_results()
                .query_execution_id(id)
                .set_next_token(after.map(str::to_owned))
                .send()
        })
        .await?;
    let next = answer.next_token().map(str::to_owned);
    if next.is_some() && next.as_deref() == after {
        return Err(api.unreadable("GetQueryResults", "a page leads to itself"));
    }
    let rows = answer.result_set().map(|of| of.rows()).unwrap_or_default();
    let names = usize::from(after.is_none());
    let fields = |row: &Row| {
        let data = row.data().iter();
        data.map(|datum| datum.var_char_value().map(str::to_owned))
            .collect()
    };
    Ok(QueryLines {
        lines: rows.iter().skip(names).map(fields).collect(),
        next,
    })
}

/// Stops a statement.
pub(crate) async fn stop(api: &AthenaApi<'_>, id: &str) -> Result<(), Failure> {
    // It is asked for again where nobody answered: what has ended stays as it is.
    api.read("StopQueryExecution", |athena| {
        athena.stop_query_execution().query_execution_id(id).send()
    })
    .await
    .map(drop)
}
