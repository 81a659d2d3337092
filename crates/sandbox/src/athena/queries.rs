//! What clients ask of Athena: queries are begun, looked at, read and stopped, in the workgroup that every account has.

use serde_json::{Value, json};

use super::Athena;
use super::errors::{denied, invalid, no_output_bucket, not_succeeded, unfinished, unknown_query};
use super::state::{Output, Phase, Query};
use crate::authority::Action;
use crate::place::Place;
use crate::wire::json::text;
use crate::wire::{JsonRequest, Refusal};

/// What an operation answers.
type Answer = Result<Option<Value>, Refusal>;

/// The workgroup that is there from the beginning; others cannot be made here.
const PRIMARY: &str = "primary";

/// The longest query (BC:athena QueryString).
const LONGEST: usize = 262_144;

/// The most rows of a page, and how many there are without being asked (BC:athena MaxQueryResults).
const ROWS: u64 = 1000;

/// Asks whether the caller may do this in a workgroup (SAR:athena: `workgroup*`).
fn may(athena: &Athena, request: &JsonRequest<'_>, workgroup: &str) -> Result<(), Refusal> {
    let place = Place::new(&request.caller.account, request.region);
    let resource = match request.operation {
        // It takes no resource (SAR:athena).
        "ListWorkGroups" => "*".to_owned(),
        _ => place.arn("athena", &format!("workgroup/{workgroup}")),
    };
    let name = format!("athena:{}", request.operation);
    let action = Action {
        name: &name,
        resource: &resource,
        resource_account: &request.caller.account,
        resource_policy: None,
        context: &[("aws:RequestedRegion", request.region.to_owned())],
    };
    let authority = &athena.shared.environment.authority;
    let asked = authority.authorize(request.caller, &action);
    asked.map_err(|_| denied(&name))
}

pub(super) fn start(athena: &Athena, request: &JsonRequest<'_>) -> Answer {
    let input = request.input;
    let workgroup = text(input, "WorkGroup")?.unwrap_or(PRIMARY);
    may(athena, request, workgroup)?;
    if workgroup != PRIMARY {
        return Err(invalid(format!("WorkGroup {workgroup} is not found.")));
    }
    let query = text(input, "QueryString")?.unwrap_or_default();
    if query.trim().is_empty() || query.len() > LONGEST {
        return Err(invalid("QueryString is empty or too long."));
    }
    let token = text(input, "ClientRequestToken")?;
    if token.is_some_and(|token| !(32..=128).contains(&token.len())) {
        return Err(invalid(
            "ClientRequestToken must have 32 to 128 characters.",
        ));
    }
    let place = Place::new(&request.caller.account, request.region);
    if let Some((id, known)) = known(athena, &place, token) {
        // "If another StartQueryExecution request is received, the same response is returned ... If a parameter has changed ... an error is
        // returned" (BC:athena StartQueryExecution ClientRequestToken).
        return if known.text == query {
            Ok(Some(json!({ "QueryExecutionId": id })))
        } else {
            Err(invalid("Idempotent parameters do not match"))
        };
    }
    let location = input.pointer("/ResultConfiguration/OutputLocation");
    let location = location.and_then(Value::as_str).ok_or_else(|| {
        invalid("No output location provided. An output location is required either through the Workgroup result configuration setting or as an API input.")
    })?;
    let output = Output::read(location)
        .ok_or_else(|| invalid(format!("outputLocation is not a valid S3 path: {location}")))?;
    let located = athena.errands().locate(request.caller, &output.bucket);
    let expected = input.pointer("/ResultConfiguration/ExpectedBucketOwner");
    let expected = expected.and_then(Value::as_str);
    let is_there = located.is_ok_and(|(owner, region)| {
        region == request.region && expected.is_none_or(|expected| expected == owner)
    });
    // The output is in the Region of the query (Athena UG, "Specify a query result location"); where it is not the expected owner's, "the call
    // fails with a permissions error" (BC:athena ResultConfiguration; at which call, and the words: unverified).
    if !is_there {
        return Err(no_output_bucket(&output.bucket));
    }
    let context = |name: &str| {
        let given = input.get("QueryExecutionContext")?.get(name)?.as_str();
        given.map(str::to_owned)
    };
    let id = athena.shared.ids.uuid();
    let query = Query {
        caller: request.caller.clone(),
        place,
        text: query.to_owned(),
        workgroup: workgroup.to_owned(),
        token: token.map(str::to_owned),
        database: context("Database"),
        catalog: context("Catalog").unwrap_or_else(|| "awsdatacatalog".to_owned()),
        output,
        submitted: athena.now(),
        completed: None,
        phase: Phase::Queued,
    };
    {
        let mut state = athena.state();
        state.queries.insert(id.clone(), query);
        state.queued.push(id.clone());
    }
    athena.shared.came.notify_one();
    Ok(Some(json!({ "QueryExecutionId": id })))
}

fn known(athena: &Athena, place: &Place, token: Option<&str>) -> Option<(String, Query)> {
    let token = token?;
    let state = athena.state();
    let mut all = state.queries.iter();
    let found = all.find(|(_, of)| of.place == *place && of.token.as_deref() == Some(token));
    found.map(|(id, query)| (id.clone(), query.clone()))
}

/// Finds the query that is named, of the caller's account in this Region, and asks whether the caller may.
fn named(athena: &Athena, request: &JsonRequest<'_>) -> Result<(String, Query), Refusal> {
    let id = text(request.input, "QueryExecutionId")?.unwrap_or_default();
    let place = Place::new(&request.caller.account, request.region);
    let query = athena.state().queries.get(id).cloned();
    let query = query.filter(|query| query.place == place);
    let workgroup = query.as_ref().map_or(PRIMARY, |query| &query.workgroup);
    may(athena, request, workgroup)?;
    let query = query.ok_or_else(|| unknown_query(id))?;
    Ok((id.to_owned(), query))
}

pub(super) fn get(athena: &Athena, request: &JsonRequest<'_>) -> Answer {
    let (id, query) = named(athena, request)?;
    let location = format!("s3://{}/{}", query.output.bucket, query.key(&id));
    let mut status = json!({ "State": query.state(), "SubmissionDateTime": query.submitted });
    if let Some(completed) = query.completed {
        status["CompletionDateTime"] = json!(completed);
    }
    let mut statistics = json!({});
    match &query.phase {
        Phase::Succeeded(outcome) => statistics["DataScannedInBytes"] = json!(outcome.scanned),
        Phase::Failed(reason) => {
            status["StateChangeReason"] = json!(reason);
            let error = json!({ "ErrorCategory": 2, "ErrorType": 1000, "Retryable": false, "ErrorMessage": reason });
            status["AthenaError"] = error;
        }
        Phase::Queued | Phase::Running | Phase::Cancelled => {}
    }
    let mut context = json!({ "Catalog": query.catalog });
    if let Some(database) = &query.database {
        context["Database"] = json!(database);
    }
    let kind = if query.is_ddl() { "DDL" } else { "DML" };
    Ok(Some(json!({ "QueryExecution": {
        "QueryExecutionId": id, "Query": query.text, "StatementType": kind, "WorkGroup": query.workgroup,
        "ResultConfiguration": { "OutputLocation": location }, "QueryExecutionContext": context, "Status": status,
        "Statistics": statistics,
    } })))
}

pub(super) fn results(athena: &Athena, request: &JsonRequest<'_>) -> Answer {
    let (id, query) = named(athena, request)?;
    let outcome = match &query.phase {
        Phase::Queued | Phase::Running => return Err(unfinished(query.state())),
        Phase::Failed(reason) => return Err(not_succeeded("FAILED", reason)),
        Phase::Cancelled => return Err(not_succeeded("CANCELLED", "Query was cancelled")),
        Phase::Succeeded(outcome) => outcome,
    };
    // Results are read out of their file, as the caller (BC:athena GetQueryResults, "s3:GetObject").
    let read = athena
        .errands()
        .read(request.caller, &query.output.bucket, &query.key(&id));
    read.map_err(|why| invalid(format!("Could not read the results: {}", why.message)))?;
    let most = request.input.get("MaxResults").and_then(Value::as_u64);
    let most = most.unwrap_or(ROWS);
    if !(1..=ROWS).contains(&most) {
        return Err(invalid("MaxResults must be from 1 to 1000."));
    }
    let from = match text(request.input, "NextToken")? {
        None => 0,
        Some(token) => token
            .parse::<usize>()
            .map_err(|_| invalid("Invalid NextToken"))?,
    };
    // The first row has the names of the columns, where there are columns (Athena UG; seen in every client).
    let datum = |of: &Option<String>| match of {
        None => json!({}),
        Some(text) => json!({ "VarCharValue": text }),
    };
    let head = (!outcome.columns.is_empty() && !query.is_ddl()).then(|| {
        let names = outcome.columns.iter();
        names.map(|of| json!({ "VarCharValue": of.name })).collect()
    });
    let rows = outcome
        .rows
        .iter()
        .map(|row| row.iter().map(datum).collect());
    let rows: Vec<Vec<Value>> = head.into_iter().chain(rows).collect();
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let page = rows.iter().skip(from).take(most);
    let page: Vec<Value> = page.map(|data| json!({ "Data": data })).collect();
    let columns = outcome.columns.iter().map(|column| {
        json!({ "CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": column.name, "Label": column.name,
            "Type": column.kind, "Precision": 0, "Scale": 0, "Nullable": "UNKNOWN", "CaseSensitive": true })
    });
    let columns: Vec<Value> = columns.collect();
    let mut answer = json!({ "UpdateCount": 0, "ResultSet": { "Rows": page, "ResultSetMetadata": { "ColumnInfo": columns } } });
    let next = from + most;
    if next < rows.len() {
        answer["NextToken"] = json!(next.to_string());
    }
    Ok(Some(answer))
}

pub(super) fn stop(athena: &Athena, request: &JsonRequest<'_>) -> Answer {
    let (id, _) = named(athena, request)?;
    let now = athena.now();
    let mut state = athena.state();
    state.queued.retain(|queued| *queued != id);
    if let Some(query) = state.queries.get_mut(&id)
        && !query.is_over()
    {
        query.phase = Phase::Cancelled;
        query.completed = Some(now);
    }
    Ok(Some(json!({})))
}

pub(super) fn workgroup(athena: &Athena, request: &JsonRequest<'_>) -> Answer {
    let name = text(request.input, "WorkGroup")?.unwrap_or_default();
    may(athena, request, name)?;
    if name != PRIMARY {
        return Err(invalid(format!("WorkGroup {name} is not found.")));
    }
    Ok(Some(json!({ "WorkGroup": {
        "Name": PRIMARY, "State": "ENABLED", "CreationTime": 0.0,
        "Configuration": { "ResultConfiguration": {}, "EnforceWorkGroupConfiguration": false },
    } })))
}

pub(super) fn workgroups(athena: &Athena, request: &JsonRequest<'_>) -> Answer {
    may(athena, request, "")?;
    let primary = json!({ "Name": PRIMARY, "State": "ENABLED", "CreationTime": 0.0 });
    Ok(Some(json!({ "WorkGroups": [primary] })))
}
