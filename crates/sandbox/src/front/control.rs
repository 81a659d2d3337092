//! The control endpoint under `/_sandbox/`: what tests in the same process do through
//! [`crate::Sandbox`], for other processes. It takes no signature, but a token that is printed with the environment ([`super::admission`]).
//!
//! ```text
//! GET    /_sandbox/environment    the variables to export, as a JSON object
//! GET    /_sandbox/calls          the call log          DELETE  forgets it
//! GET    /_sandbox/snapshot       the state of the world
//! GET    /_sandbox/mailbox        what topics got    DELETE  forgets it
//! POST   /_sandbox/settle         answers when no replication work is pending, jobs are done and trails have delivered
//! GET    /_sandbox/switches       the plain switches    PUT     replaces them
//! POST   /_sandbox/faults         arms a fault          DELETE  removes all
//! POST   /_sandbox/fail-call      {"k": 3, "kind": {"type": "drop_after"}}
//! POST   /_sandbox/clock          {"advance_ms": 60000}
//! POST   /_sandbox/damage         {"bucket": "b", "key": "k", "version_id": "...", "kind": "flip-byte"}
//! ```
//! and, for whoever executes the queries of Athena, [`super::executor`].

use std::collections::BTreeMap;
use std::time::Duration;

use http::request::Parts;
use s3s::Body;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::executor;
use crate::environment::Environment;
use crate::s3::damage::Undamaged;
use crate::switches::FaultKind;
use crate::wire::refusal::{Reply, json_reply};
use crate::world::World;

/// Where the control endpoint begins; not a valid bucket name, so S3 loses nothing.
pub(crate) const PREFIX: &str = "/_sandbox/";

/// The largest control request.
const BODY: usize = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FailCall {
    k: u64,
    kind: FaultKind,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_ms: u64,
}

/// Why a change is refused.
struct Refused {
    status: u16,
    error: String,
}

impl Refused {
    fn invalid(error: impl ToString) -> Self {
        Self {
            status: 400,
            error: error.to_string(),
        }
    }
}

impl From<Undamaged> for Refused {
    fn from(why: Undamaged) -> Self {
        match why {
            Undamaged::NotThere(error) => Self { status: 404, error },
            Undamaged::Impossible(error) => Self::invalid(error),
        }
    }
}

/// What is controlled.
#[derive(Clone, Copy)]
pub(crate) struct Controlled<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) world: &'a World,
}

/// Answers one control request.
pub(crate) async fn answer(controlled: Controlled<'_>, parts: &Parts, mut body: Body) -> Reply {
    if let Some(refusal) = controlled.world.admission.control_refusal(parts) {
        return refusal;
    }
    let path = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    let of_query = path.strip_prefix("athena/");
    let most = if of_query.is_some() {
        executor::BODY
    } else {
        BODY
    };
    let Ok(bytes) = body.store_all_limited(most).await else {
        return json_reply(400, &json!({ "error": "the body cannot be read" }));
    };
    if let Some(path) = of_query {
        return executor::answer(&controlled.world.athena, parts, path, &bytes).await;
    }
    controlled.world.catch_up();
    match (parts.method.as_str(), path) {
        ("GET", what) => show(controlled, what),
        ("POST", "settle") => {
            controlled.world.settle().await;
            json_reply(200, &json!({}))
        }
        (method, what) => match change(controlled, method, what, &bytes) {
            Ok(()) => json_reply(200, &json!({})),
            Err(Refused { status, error }) => json_reply(status, &json!({ "error": error })),
        },
    }
}

fn show(controlled: Controlled<'_>, what: &str) -> Reply {
    match what {
        "environment" => {
            let environment: BTreeMap<_, _> = controlled.world.environment().into_iter().collect();
            json_reply(200, &environment)
        }
        "calls" => json_reply(200, &controlled.environment.calls.all()),
        "mailbox" => json_reply(200, &controlled.world.sns.mailbox()),
        "snapshot" => json_reply(200, &controlled.world.snapshot()),
        "switches" => json_reply(200, &controlled.environment.switches.delays()),
        _ => json_reply(404, &json!({ "error": "there is no such control" })),
    }
}

fn change(
    controlled: Controlled<'_>,
    method: &str,
    what: &str,
    body: &[u8],
) -> Result<(), Refused> {
    let Environment {
        switches, clock, ..
    } = controlled.environment;
    match (method, what) {
        ("DELETE", "calls") => controlled.environment.calls.reset(),
        ("DELETE", "mailbox") => controlled.world.sns.empty_mailbox(),
        ("PUT", "switches") => switches.set_delays(read(body)?),
        ("POST", "faults") => {
            switches.fail(read(body)?);
        }
        ("DELETE", "faults") => {
            switches.clear_faults();
        }
        ("POST", "fail-call") => {
            let FailCall { k, kind } = read(body)?;
            switches.fail_call(k, kind);
        }
        ("POST", "clock") => {
            let Advance { advance_ms } = read(body)?;
            clock.advance(Duration::from_millis(advance_ms));
        }
        ("POST", "damage") => controlled.world.s3.damage(&read(body)?)?,
        _ => return Err(Refused::invalid("there is no such control")),
    }
    Ok(())
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(Refused::invalid)
}
