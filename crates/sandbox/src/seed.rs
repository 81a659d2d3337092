//! A seed file: the keys, buckets and objects a sandbox starts with ([`crate::kms::seed`], [`crate::s3::seed`]).

use serde::Deserialize;

use crate::error::SeedError;
use crate::kms::seed::KeySeed;
use crate::s3::seed::BucketSeed;

/// What is in it. Keys are made first, so that objects can be under them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seed {
    #[serde(default)]
    pub(crate) keys: Vec<KeySeed>,
    #[serde(default)]
    pub(crate) buckets: Vec<BucketSeed>,
}

impl Seed {
    /// Reads the text of a seed file.
    pub(crate) fn read(json: &str) -> Result<Self, SeedError> {
        Ok(serde_json::from_str(json)?)
    }
}
