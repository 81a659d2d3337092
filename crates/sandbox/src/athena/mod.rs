//! Athena: queries that wait for whoever attaches an executor to the control endpoint. The sandbox reads no SQL.
//!
//! ```text
//! mod (which operation) -> queries (what clients ask) -> state
//! control endpoint -> executor (takes a query, reads as its caller, gives back rows) -> state, errands (s3/)
//! ```

mod errors;
mod executor;
mod queries;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::environment::Environment;
use crate::errands::Errands;
use crate::ids::Ids;
use crate::wire::{JsonRequest, JsonService, Refusal};

pub(crate) use executor::Ended;

use errors::invalid;
use state::State;

/// Athena of every account; clones share it.
#[derive(Clone)]
pub(crate) struct Athena {
    shared: Arc<Shared>,
}

struct Shared {
    environment: Environment,
    errands: Arc<dyn Errands>,
    ids: Ids,
    state: Mutex<State>,
    /// Told of every query that comes.
    came: tokio::sync::Notify,
}

impl Athena {
    /// Starts Athena without queries.
    pub(crate) fn new(environment: Environment, errands: Arc<dyn Errands>) -> Self {
        let ids = Ids::new(environment.seed, "athena");
        Self {
            shared: Arc::new(Shared {
                environment,
                errands,
                ids,
                state: Mutex::default(),
                came: tokio::sync::Notify::new(),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let state = self.shared.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }

    fn errands(&self) -> &dyn Errands {
        self.shared.errands.as_ref()
    }

    /// Returns the time in seconds since 1970.
    fn now(&self) -> f64 {
        let now = self.shared.environment.clock.now();
        let since = now.duration_since(std::time::SystemTime::UNIX_EPOCH);
        since.unwrap_or_default().as_millis() as f64 / 1000.0
    }
}

impl JsonService for Athena {
    fn name(&self) -> &'static str {
        "athena"
    }

    fn resource(&self, input: &Value) -> String {
        let field = |name| input.get(name).and_then(Value::as_str);
        let named = field("QueryExecutionId").or_else(|| field("WorkGroup"));
        named.unwrap_or_default().to_owned()
    }

    fn call(&self, request: &JsonRequest<'_>) -> Result<Option<Value>, Refusal> {
        if !request.input.is_object() {
            return Err(invalid("The body is not a JSON object."));
        }
        match request.operation {
            "StartQueryExecution" => queries::start(self, request),
            "GetQueryExecution" => queries::get(self, request),
            "GetQueryResults" => queries::results(self, request),
            "StopQueryExecution" => queries::stop(self, request),
            "GetWorkGroup" => queries::workgroup(self, request),
            "ListWorkGroups" => queries::workgroups(self, request),
            name => {
                let text = format!("The sandbox's Athena does not have the operation {name:?}.");
                Err(Refusal::new(400, "UnknownOperationException", text))
            }
        }
    }
}
