//! The part of the control endpoint for whoever executes the queries of Athena.
//!
//! ```text
//! GET    /_sandbox/athena/next                       waits for a query, and hands it out: {"id": .., "query": .., "database": ..}; or null
//! GET    /_sandbox/athena/ID/keys?bucket=&prefix=    ["k", ..], read with the permissions of who asked the query
//! GET    /_sandbox/athena/ID/object?bucket=&key=     the bytes of an object, likewise
//! GET    /_sandbox/athena/ID/may?action=&database=&table=    whether they may: {} or 403
//! POST   /_sandbox/athena/ID    {"columns": [{"name": "k", "type": "varchar"}], "rows": [["a"], [null]], "scanned": 10}, or {"error": ".."}
//! ```

use http::request::Parts;
use serde::Serialize;
use serde_json::json;

use crate::athena::{Athena, Ended};
use crate::depot::Undelivered;
use crate::wire::Form;
use crate::wire::refusal::{Reply, json_reply, raw_reply};

/// The largest answer to a query.
pub(super) const BODY: usize = 64 << 20;

/// Answers one request of an executor.
pub(super) async fn answer(athena: &Athena, parts: &Parts, path: &str, body: &[u8]) -> Reply {
    let form = Form::parse(parts.uri.query().unwrap_or_default());
    let field = |name: &str| form.get(name).unwrap_or_default();
    let (id, what) = path.split_once('/').unwrap_or((path, ""));
    match (parts.method.as_str(), id, what) {
        ("GET", "next", "") => json_reply(200, &athena.next().await),
        ("GET", id, "keys") => as_json(athena.keys(id, field("bucket"), field("prefix"))),
        ("GET", id, "object") => match athena.object(id, field("bucket"), field("key")) {
            Some(Ok(bytes)) => raw_reply(200, "application/octet-stream", bytes),
            refused => as_json(refused.map(|refused| refused.map(drop))),
        },
        ("GET", id, "may") => {
            let asked = athena.may(id, field("action"), (field("database"), field("table")));
            match asked {
                Some(Err(message)) => refused(403, &message),
                Some(Ok(())) => json_reply(200, &json!({})),
                None => refused(404, NO_QUERY),
            }
        }
        ("POST", id, "") => match serde_json::from_slice::<Ended>(body) {
            Err(error) => refused(400, &error.to_string()),
            Ok(ended) => {
                if athena.end(id, ended) {
                    json_reply(200, &json!({}))
                } else {
                    refused(404, NO_QUERY)
                }
            }
        },
        _ => refused(404, "there is no such control"),
    }
}

const NO_QUERY: &str = "there is no such query that runs";

fn as_json<T: Serialize>(answer: Option<Result<T, Undelivered>>) -> Reply {
    match answer {
        None => refused(404, NO_QUERY),
        Some(Ok(answer)) => json_reply(200, &answer),
        Some(Err(Undelivered { code, message })) => {
            let status = if code == "AccessDenied" { 403 } else { 404 };
            refused(status, &format!("{code}: {message}"))
        }
    }
}

fn refused(status: u16, error: &str) -> Reply {
    json_reply(status, &json!({ "error": error }))
}
