//! The trails of every account.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::selector::Selectors;

/// A trail.
#[derive(Debug, Clone)]
pub(crate) struct Trail {
    pub(crate) name: String,
    pub(crate) account: String,
    /// Where it was made.
    pub(crate) home: String,
    pub(crate) settings: Settings,
    pub(crate) selectors: Selectors,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) status: Status,
}

/// What CreateTrail and UpdateTrail set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) bucket: String,
    pub(crate) prefix: Option<String>,
    /// ARN of a topic.
    pub(crate) topic: Option<String>,
    pub(crate) global_events: bool,
    pub(crate) multi_region: bool,
    pub(crate) validation: bool,
    /// ARN of a key.
    pub(crate) key: Option<String>,
    pub(crate) recursive: bool,
}

/// Whether it records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) logging: bool,
    pub(crate) started: Option<SystemTime>,
    pub(crate) stopped: Option<SystemTime>,
}

/// How the deliveries of a trail went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub(crate) delivered: Option<SystemTime>,
    pub(crate) delivery_error: Option<String>,
    pub(crate) notified: Option<SystemTime>,
    pub(crate) notification_error: Option<String>,
}

impl Trail {
    pub(crate) fn arn(&self) -> String {
        arn(&self.home, &self.account, &self.name)
    }

    /// Returns where its files lie: `PREFIX/AWSLogs/ACCOUNT/`.
    pub(crate) fn folder(&self) -> String {
        folder(&self.settings, &self.account)
    }

    /// Says whether it is seen from a Region.
    pub(crate) fn is_in(&self, region: &str) -> bool {
        self.home == region || self.settings.multi_region
    }
}

/// Returns where the files of a trail with these settings lie.
pub(crate) fn folder(settings: &Settings, account: &str) -> String {
    match &settings.prefix {
        Some(prefix) => format!("{prefix}/AWSLogs/{account}/"),
        None => format!("AWSLogs/{account}/"),
    }
}

/// Returns the ARN of a trail.
pub(crate) fn arn(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:cloudtrail:{region}:{account}:trail/{name}")
}

/// The trails, by ARN.
pub(crate) type Trails = BTreeMap<String, Trail>;
