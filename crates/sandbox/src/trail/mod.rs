//! CloudTrail: trails, what they record, and the event history.
//!
//! ```text
//! mod (which operation) -> trails -> settings -> depot, notifier, vault (policies of bucket, topic and key)
//!                       -> selectors -> advanced
//!                       -> tags, lookup -> events
//! all of them -> call (input, who may, which trail) -> state
//! call_log -> events -> delivery (what the selectors mean, on the clock) -> depot
//! ```
//!
//! Nothing of a call is kept here: the event history and the trails read the call log, and trails are asked for what they
//! were when a call came.

mod advanced;
mod call;
mod delivery;
mod errors;
mod events;
mod lookup;
mod names;
pub(crate) mod seed;
mod selector;
mod selectors;
mod settings;
mod snapshot;
mod state;
mod tags;
mod times;
mod trails;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::authority::Authority;
use crate::call_log::CallLog;
use crate::depot::Depot;
use crate::environment::Environment;
use crate::history::History;
use crate::ids::Ids;
use crate::notifier::Notifier;
use crate::vault::Vault;
use crate::wire::{JsonRequest, JsonService};

use call::{Answer, Call};
use errors::fault;
use state::{Delivered, Trails};

/// CloudTrail of every account; clones share it.
#[derive(Clone)]
pub(crate) struct CloudTrail {
    shared: Arc<Shared>,
}

struct Shared {
    environment: Environment,
    depot: Arc<dyn Depot>,
    trails: Mutex<History<Trails>>,
    deliveries: Mutex<BTreeMap<String, Delivered>>,
    /// The serial of the last call that trails have.
    cursor: Mutex<u64>,
    /// When events were looked up in the last second, by account and Region.
    lookups: Mutex<BTreeMap<(String, String), Vec<SystemTime>>>,
    ids: Ids,
}

/// How often it is looked whether something is due. The sandbox's clock can be moved, so nobody can sleep until then.
const TICK: Duration = Duration::from_millis(100);

impl CloudTrail {
    /// Starts CloudTrail without trails, and what delivers for it, which ends with the last clone of this.
    pub(crate) fn start(environment: Environment, depot: Arc<dyn Depot>) -> Self {
        let ids = Ids::new(environment.seed, "cloudtrail");
        let shared = Arc::new(Shared {
            environment,
            depot,
            trails: Mutex::new(History::new(Trails::new())),
            deliveries: Mutex::default(),
            cursor: Mutex::default(),
            lookups: Mutex::default(),
            ids,
        });
        let weak = Arc::downgrade(&shared);
        tokio::spawn(async move {
            while let Some(shared) = weak.upgrade() {
                let service = Self { shared };
                service.deliver(false);
                drop(service);
                tokio::time::sleep(TICK).await;
            }
        });
        Self { shared }
    }

    fn authority(&self) -> &dyn Authority {
        self.shared.environment.authority.as_ref()
    }

    fn vault(&self) -> &dyn Vault {
        self.shared.environment.vault.as_ref()
    }

    fn notifier(&self) -> &dyn Notifier {
        self.shared.environment.notifier.as_ref()
    }

    fn depot(&self) -> &dyn Depot {
        self.shared.depot.as_ref()
    }

    fn calls(&self) -> &CallLog {
        &self.shared.environment.calls
    }

    fn seed(&self) -> u64 {
        self.shared.environment.seed
    }

    fn now(&self) -> SystemTime {
        self.shared.environment.clock.now()
    }

    /// Returns what makes the name of a file unique.
    fn unique(&self) -> String {
        self.shared.ids.mixed(16)
    }

    /// Returns the trails as they are.
    fn trails(&self) -> Arc<Trails> {
        locked(&self.shared.trails).latest()
    }

    /// Returns the trails as they were.
    fn trails_at(&self, at: SystemTime) -> Arc<Trails> {
        locked(&self.shared.trails).as_of(at)
    }

    /// Changes the trails, unless the change fails.
    fn edit<R, E>(&self, edit: impl FnOnce(&mut Trails) -> Result<R, E>) -> Result<R, E> {
        let now = self.now();
        locked(&self.shared.trails).write(now, edit)
    }

    fn deliveries(&self) -> MutexGuard<'_, BTreeMap<String, Delivered>> {
        locked(&self.shared.deliveries)
    }

    fn cursor(&self) -> MutexGuard<'_, u64> {
        locked(&self.shared.cursor)
    }

    /// "The rate of lookup requests is limited to two per second, per account, per Region" (BC:cloudtrail LookupEvents), where
    /// the switch for it is on.
    fn is_looked_up_too_often(&self, account: &str, region: &str) -> bool {
        const RATE: usize = 2;
        let environment = &self.shared.environment;
        if !environment.switches.delays().lookups_throttled {
            return false;
        }
        let now = environment.clock.now();
        let mut lookups = locked(&self.shared.lookups);
        let times = lookups
            .entry((account.to_owned(), region.to_owned()))
            .or_default();
        let second = Duration::from_secs(1);
        times.retain(|time| {
            now.duration_since(*time)
                .is_ok_and(|passed| passed < second)
        });
        let too_often = times.len() >= RATE;
        if !too_often {
            times.push(now);
        }
        too_often
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl JsonService for CloudTrail {
    fn name(&self) -> &'static str {
        "cloudtrail"
    }

    fn resource(&self, input: &Value) -> String {
        let field = |name| input.get(name).and_then(Value::as_str);
        let named = field("Name").or_else(|| field("TrailName"));
        named
            .or_else(|| field("ResourceId"))
            .unwrap_or_default()
            .to_owned()
    }

    fn call(&self, request: &JsonRequest<'_>) -> Answer {
        if !request.input.is_object() {
            let text = "The body is not a JSON object.";
            return Err(fault("SerializationException", text));
        }
        let call = &Call::new(self, request);
        match request.operation {
            "CreateTrail" => trails::create(call),
            "UpdateTrail" => trails::update(call),
            "DeleteTrail" => trails::delete(call),
            "GetTrail" => trails::get(call),
            "DescribeTrails" => trails::describe(call),
            "ListTrails" => trails::list(call),
            "GetTrailStatus" => trails::status(call),
            "StartLogging" => trails::switch(call, true),
            "StopLogging" => trails::switch(call, false),
            "GetEventSelectors" => selectors::get(call),
            "PutEventSelectors" => selectors::put(call),
            "GetInsightSelectors" => trails::insights(call),
            "AddTags" => tags::add(call),
            "RemoveTags" => tags::remove(call),
            "ListTags" => tags::list(call),
            "LookupEvents" => lookup::lookup(call),
            name => {
                let text =
                    format!("The sandbox's CloudTrail does not have the operation {name:?}.");
                Err(fault("UnknownOperationException", text))
            }
        }
    }
}
