//! A seed file: the keys, buckets, objects, topics, alarms and trails a sandbox starts with ([`crate::kms::seed`],
//! [`crate::s3::seed`], [`crate::s3::pairs`], [`crate::sns::seed`], [`crate::cloudwatch::seed`], [`crate::trail::seed`]).

use serde::Deserialize;

use crate::cloudwatch::seed::AlarmSeed;
use crate::error::SeedError;
use crate::kms::seed::KeySeed;
use crate::s3::pairs::PairSeed;
use crate::s3::seed::BucketSeed;
use crate::sns::seed::TopicSeed;
use crate::trail::seed::TrailSeed;

/// What is in it. Keys are made first, so that objects can be under them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seed {
    #[serde(default)]
    pub(crate) keys: Vec<KeySeed>,
    #[serde(default)]
    pub(crate) buckets: Vec<BucketSeed>,
    #[serde(default)]
    pub(crate) pairs: Vec<PairSeed>,
    #[serde(default)]
    pub(crate) synthetic: Vec<PairSeed>,
    #[serde(default)]
    pub(crate) topics: Vec<TopicSeed>,
    #[serde(default)]
    pub(crate) alarms: Vec<AlarmSeed>,
    #[serde(default)]
    pub(crate) trails: Vec<TrailSeed>,
}

impl Seed {
    /// Reads the text of a seed file.
    pub(crate) fn read(json: &str) -> Result<Self, SeedError> {
        Ok(serde_json::from_str(json)?)
    }
}
