//! CloudWatch as tests see it: every alarm, without times, and the names of metrics.

use serde_json::{Value, json};

use super::CloudWatch;
use super::alarms::alarm::Alarm;
use super::alarms::shown;
use crate::wire::Node;
use crate::wire::codec::written_json;

impl CloudWatch {
    /// Returns all alarms by account, Region and name.
    pub(crate) fn snapshot(&self) -> Value {
        let state = self.state();
        let mut accounts = json!({});
        for (place, store) in state.stores() {
            let here = &mut accounts[&place.account][&place.region];
            for (name, alarm) in &store.alarms {
                let arn = place.arn("cloudwatch", &format!("alarm:{name}"));
                here["alarms"][name] = snapshot(alarm, arn);
            }
            let metrics = store.metrics.keys();
            let names =
                metrics.map(|metric| json!(format!("{} {}", metric.namespace, metric.name)));
            here["metrics"] = names.collect();
        }
        accounts
    }
}

fn snapshot(alarm: &Alarm, arn: String) -> Value {
    let mut node = shown(alarm, arn);
    if let Node::Map(fields) = &mut node {
        fields.retain(|(_, value)| !matches!(value, Node::Time(_)));
    }
    let mut shown = written_json(&node);
    shown["Tags"] = json!(alarm.tags);
    shown
}
