//! Notification configurations as they are kept.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::kinds::{EventTarget, Notification, Notifications};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HeldNotifications {
    by_id: BTreeMap<String, HeldNotification>,
    event_bridge: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct HeldNotification {
    kind: HeldTarget,
    target: String,
    events: BTreeSet<String>,
    filter: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HeldTarget {
    Topic,
    Queue,
    Function,
}

pub(super) fn held_notifications(of: &Notifications) -> HeldNotifications {
    let Notifications {
        by_id,
        event_bridge,
    } = of;
    let one = |(id, of): (&String, &Notification)| (id.clone(), held_notification(of));
    HeldNotifications {
        by_id: by_id.iter().map(one).collect(),
        event_bridge: *event_bridge,
    }
}

fn held_notification(of: &Notification) -> HeldNotification {
    let Notification {
        kind,
        target,
        events,
        filter,
    } = of.clone();
    HeldNotification {
        kind: match kind {
            EventTarget::Topic => HeldTarget::Topic,
            EventTarget::Queue => HeldTarget::Queue,
            EventTarget::Function => HeldTarget::Function,
        },
        target,
        events,
        filter,
    }
}

pub(super) fn notifications(held: HeldNotifications) -> Notifications {
    let HeldNotifications {
        by_id,
        event_bridge,
    } = held;
    let one = |(id, held)| (id, notification(held));
    Notifications {
        by_id: by_id.into_iter().map(one).collect(),
        event_bridge,
    }
}

fn notification(held: HeldNotification) -> Notification {
    let HeldNotification {
        kind,
        target,
        events,
        filter,
    } = held;
    Notification {
        kind: match kind {
            HeldTarget::Topic => EventTarget::Topic,
            HeldTarget::Queue => EventTarget::Queue,
            HeldTarget::Function => EventTarget::Function,
        },
        target,
        events,
        filter,
    }
}
