//! SNS: topics with policies and subscriptions, one set in each account and Region, and a mailbox that shows what was delivered.
//!
//! ```text
//! mod (which operation, on what) -> topics, attributes, policies, subscriptions, publish, tags -> state
//!                                     `-> call (input, who may)
//! notify <- the other services publish (crate::notifier)      mailbox -> the control endpoint
//! ```

mod attributes;
mod call;
mod errors;
mod given;
mod mailbox;
mod notify;
mod policies;
mod publish;
pub(crate) mod seed;
mod snapshot;
mod state;
mod subscriptions;
mod tags;
mod topics;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::authority::Authority;
use crate::clock::Clock;
use crate::ids::Ids;
use crate::vault::Vault;
use crate::wire::{Form, QueryRequest, QueryService, Refusal};

use call::{Answer, Call};
use errors::invalid_action;
use state::State;

/// SNS of every account; clones share it.
#[derive(Clone)]
pub(crate) struct Sns {
    shared: Arc<Shared>,
}

struct Shared {
    authority: Arc<dyn Authority>,
    vault: Arc<dyn Vault>,
    clock: Clock,
    ids: Ids,
    state: Mutex<State>,
}

impl Sns {
    /// Starts SNS without topics.
    pub(crate) fn new(
        seed: u64,
        clock: Clock,
        authority: Arc<dyn Authority>,
        vault: Arc<dyn Vault>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                authority,
                vault,
                clock,
                ids: Ids::new(seed, "sns"),
                state: Mutex::default(),
            }),
        }
    }

    fn authority(&self) -> &dyn Authority {
        self.shared.authority.as_ref()
    }

    fn vault(&self) -> &dyn Vault {
        self.shared.vault.as_ref()
    }

    fn ids(&self) -> &Ids {
        &self.shared.ids
    }

    /// Returns the time in seconds since 1970.
    fn now(&self) -> f64 {
        let now = self.shared.clock.now();
        let since = now.duration_since(std::time::SystemTime::UNIX_EPOCH);
        since.unwrap_or_default().as_millis() as f64 / 1000.0
    }

    /// Locks the state, without the subscriptions that nobody confirmed in time.
    fn state(&self) -> MutexGuard<'_, State> {
        let state = self.shared.state.lock();
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.sweep(self.now());
        state
    }
}

/// What an operation acts on.
#[derive(Debug, Clone, Copy)]
enum On {
    /// The topic whose ARN a field has.
    Topic(&'static str),
    /// The topic that is named and may not be there.
    Named,
    /// The account in the Region: no resource in the sense of policies.
    Place,
    /// Nothing that IAM is asked about.
    Token,
}

type Run = fn(&Call<'_>) -> Answer;

const TOPIC: On = On::Topic("TopicArn");
const RESOURCE: On = On::Topic("ResourceArn");

const OPERATIONS: &[(&str, On, Run)] = &[
    ("CreateTopic", On::Named, topics::create),
    ("DeleteTopic", TOPIC, topics::delete),
    ("ListTopics", On::Place, topics::list),
    ("GetTopicAttributes", TOPIC, attributes::get),
    ("SetTopicAttributes", TOPIC, attributes::set),
    ("AddPermission", TOPIC, policies::add_permission),
    ("RemovePermission", TOPIC, policies::remove_permission),
    ("Subscribe", TOPIC, subscriptions::subscribe),
    ("ConfirmSubscription", On::Token, subscriptions::confirm),
    ("Unsubscribe", On::Place, subscriptions::unsubscribe),
    ("ListSubscriptions", On::Place, subscriptions::list),
    (
        "ListSubscriptionsByTopic",
        TOPIC,
        subscriptions::list_of_topic,
    ),
    (
        "GetSubscriptionAttributes",
        On::Place,
        subscriptions::get_attributes,
    ),
    (
        "SetSubscriptionAttributes",
        On::Place,
        subscriptions::set_attributes,
    ),
    ("Publish", TOPIC, publish::publish),
    ("TagResource", RESOURCE, tags::add),
    ("UntagResource", RESOURCE, tags::remove),
    ("ListTagsForResource", RESOURCE, tags::list),
];

impl QueryService for Sns {
    fn name(&self) -> &'static str {
        "sns"
    }

    fn namespace(&self) -> &'static str {
        "http://sns.amazonaws.com/doc/2010-03-31/"
    }

    fn resource(&self, form: &Form) -> String {
        let fields = ["TopicArn", "ResourceArn", "SubscriptionArn", "Name"];
        let named = fields.iter().find_map(|field| form.get(field));
        named.unwrap_or_default().to_owned()
    }

    fn call(&self, request: &QueryRequest<'_>) -> Result<Option<String>, Refusal> {
        let operation = request.operation;
        let Some((name, on, run)) = OPERATIONS.iter().find(|(name, _, _)| *name == operation)
        else {
            return Err(invalid_action(operation));
        };
        let call = Call::new(self, name, request);
        call.authorize(*on)?;
        run(&call)
    }
}
