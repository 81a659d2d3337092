//! CloudWatch: alarms and metrics, one set in each account and Region, in three protocols.
//!
//! ```text
//! mod (which operation) -> alarms/ (what is set), metrics/ (what is measured) -> state
//!                            `-> call (input, who may)
//! evaluation (pure: what data make of an alarm) <- watch (when) -> notifier (SNS)
//! ```
//!
//! Nothing runs by itself: before anything is read, alarms are brought to what the clock says ([`watch`]).

mod alarms;
mod call;
mod errors;
mod evaluation;
mod input;
mod metrics;
mod reason;
pub(crate) mod seed;
mod snapshot;
mod state;
mod watch;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::authority::Authority;
use crate::clock::Clock;
use crate::environment::Environment;
use crate::metering::Meter;
use crate::notifier::Notifier;
use crate::switches::Switches;
use crate::wire::{Dialect, Node, Refusal, RpcRequest, RpcService};

use call::{Answer, Call};
use errors::{DIALECT, fault, invalid_action};
use state::State;

/// CloudWatch of every account; clones share it.
#[derive(Clone)]
pub(crate) struct CloudWatch {
    shared: Arc<Shared>,
}

struct Shared {
    authority: Arc<dyn Authority>,
    clock: Clock,
    switches: Arc<Switches>,
    notifier: Arc<dyn Notifier>,
    meter: Arc<dyn Meter>,
    state: Mutex<State>,
}

impl CloudWatch {
    /// Starts CloudWatch without alarms.
    pub(crate) fn new(environment: &Environment, meter: Arc<dyn Meter>) -> Self {
        let Environment {
            authority,
            vault: _,
            notifier,
            calls: _,
            clock,
            switches,
            seed: _,
        } = environment;
        Self {
            shared: Arc::new(Shared {
                authority: Arc::clone(authority),
                clock: clock.clone(),
                switches: Arc::clone(switches),
                notifier: Arc::clone(notifier),
                meter,
                state: Mutex::default(),
            }),
        }
    }

    fn authority(&self) -> &dyn Authority {
        self.shared.authority.as_ref()
    }

    fn meter(&self) -> &dyn Meter {
        self.shared.meter.as_ref()
    }

    fn notifier(&self) -> &dyn Notifier {
        self.shared.notifier.as_ref()
    }

    fn switches(&self) -> &Switches {
        &self.shared.switches
    }

    fn now(&self) -> SystemTime {
        self.shared.clock.now()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let state = self.shared.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

type Run = fn(&Call<'_>) -> Answer;

const OPERATIONS: &[(&str, Run)] = &[
    ("PutMetricAlarm", alarms::put),
    ("DescribeAlarms", alarms::describe),
    ("DescribeAlarmsForMetric", alarms::describe_for_metric),
    ("DescribeAlarmHistory", alarms::describe_history),
    ("DeleteAlarms", alarms::delete),
    ("SetAlarmState", alarms::set_state),
    ("EnableAlarmActions", alarms::enable_actions),
    ("DisableAlarmActions", alarms::disable_actions),
    ("TagResource", alarms::tag),
    ("UntagResource", alarms::untag),
    ("ListTagsForResource", alarms::list_tags),
    ("PutMetricData", metrics::put),
    ("GetMetricData", metrics::data_of_queries),
    ("GetMetricStatistics", metrics::statistics),
    ("ListMetrics", metrics::list),
];

impl RpcService for CloudWatch {
    fn name(&self) -> &'static str {
        "monitoring"
    }

    fn dialect(&self) -> &'static Dialect {
        &DIALECT
    }

    fn resource(&self, input: &Node) -> String {
        let names = ["AlarmName", "AlarmNames", "ResourceARN", "Namespace"];
        let named = names.into_iter().find_map(|name| input.get(name));
        let first = named.map(|named| match named.as_list() {
            Some(all) => all.first().and_then(Node::as_text),
            None => named.as_text(),
        });
        first.flatten().unwrap_or_default().to_owned()
    }

    fn call(&self, request: &RpcRequest<'_>) -> Result<Option<Node>, Refusal> {
        let Some((name, run)) = OPERATIONS
            .iter()
            .find(|(name, _)| *name == request.operation)
        else {
            return Err(invalid_action(request.operation));
        };
        if *request.input == Node::Null {
            return Err(fault(
                400,
                "SerializationException",
                "The body cannot be read.",
            ));
        }
        run(&Call::new(self, name, request))
    }
}
