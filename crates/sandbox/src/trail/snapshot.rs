//! CloudTrail as tests see it: every trail, without times.

use serde_json::{Map, Value, json};

use super::CloudTrail;
use super::state::{Delivered, Settings, Trail};

impl CloudTrail {
    /// Returns every trail by its ARN.
    pub(crate) fn snapshot(&self) -> Value {
        let trails = self.trails();
        let deliveries = self.deliveries().clone();
        let error = |arn| {
            let of: Option<&Delivered> = deliveries.get(arn);
            of.and_then(|of| of.delivery_error.as_deref())
        };
        let shown = trails
            .iter()
            .map(|(arn, trail)| (arn.clone(), shown(trail, error(arn))));
        Value::Object(shown.collect::<Map<_, _>>())
    }
}

fn shown(trail: &Trail, error: Option<&str>) -> Value {
    let Settings {
        bucket,
        prefix,
        topic,
        global_events,
        multi_region,
        validation,
        key,
        recursive,
    } = &trail.settings;
    let (kind, selectors) = trail.selectors.shown();
    json!({
        "bucket": bucket, "prefix": prefix, "topic": topic, "global_events": global_events,
        "multi_region": multi_region, "validation": validation, "key": key, "recursive": recursive,
        "logging": trail.status.logging, "delivery_error": error,
        "tags": trail.tags, kind: selectors,
    })
}
