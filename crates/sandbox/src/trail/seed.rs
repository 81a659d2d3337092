//! The trails of a seed file.
//!
//! ```json
//! { "trails": [
//!   { "name": "audit", "account": "111111111111", "region": "eu-west-1", "bucket": "audit-logs", "prefix": "trail",
//!     "multi_region": true, "logging": true, "tags": { "team": "x" },
//!     "event_selectors": [{ "ReadWriteType": "WriteOnly" }] }
//! ] }
//! ```
//!
//! Its bucket is not looked at. `advanced_event_selectors` stand in place of `event_selectors`; both are written as the
//! API has them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::CloudTrail;
use super::names;
use super::selector::Selectors;
use super::selectors;
use super::state::{Settings, Status, Trail};
use crate::error::SeedError;

/// A trail as a seed has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrailSeed {
    name: String,
    account: String,
    region: String,
    bucket: String,
    #[serde(default)]
    prefix: Option<String>,
    #[serde(default)]
    multi_region: bool,
    #[serde(default)]
    key: Option<String>,
    #[serde(default = "on")]
    logging: bool,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    event_selectors: Option<Value>,
    #[serde(default)]
    advanced_event_selectors: Option<Value>,
}

fn on() -> bool {
    true
}

/// Makes the trails of a seed.
pub(crate) fn load(service: &CloudTrail, seeds: &[TrailSeed]) -> Result<(), SeedError> {
    for seed in seeds {
        let trail = trail(service, seed)?;
        let arn = trail.arn();
        service.edit(|trails| match trails.insert(arn, trail) {
            None => Ok(()),
            Some(_) => Err(refused(seed, "it exists already")),
        })?;
    }
    Ok(())
}

fn refused(seed: &TrailSeed, reason: &str) -> SeedError {
    SeedError::Trail {
        name: seed.name.clone(),
        reason: reason.to_owned(),
    }
}

fn trail(service: &CloudTrail, seed: &TrailSeed) -> Result<Trail, SeedError> {
    let (basic, advanced) = (
        seed.event_selectors.as_ref(),
        seed.advanced_event_selectors.as_ref(),
    );
    let failed = |refusal: crate::wire::Refusal| refused(seed, &refusal.message);
    names::check(&seed.name).map_err(failed)?;
    let selectors = match (basic, advanced) {
        (None, None) => Selectors::Default,
        (basic, advanced) => selectors::read(basic, advanced).map_err(failed)?,
    };
    Ok(Trail {
        name: seed.name.clone(),
        account: seed.account.clone(),
        home: seed.region.clone(),
        settings: Settings {
            bucket: seed.bucket.clone(),
            prefix: seed.prefix.clone(),
            topic: None,
            global_events: true,
            multi_region: seed.multi_region,
            validation: false,
            key: seed.key.clone(),
            recursive: true,
        },
        selectors,
        tags: seed.tags.clone(),
        status: Status {
            logging: seed.logging,
            started: seed.logging.then(|| service.now()),
            stopped: None,
        },
    })
}
