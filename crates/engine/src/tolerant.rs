//! A world of which some targets need not answer: what cannot be read of them counts as not there, and is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use s3ferry_core::ids::{AccountId, BucketName};
use s3ferry_core::model::{BucketRef, Document, Target};

use crate::ports::{PortError, Read};

/// A world with targets that are looked at where that is possible.
pub(crate) struct Tolerant<'a, R> {
    world: &'a R,
    optional: &'a BTreeSet<Target>,
    failed: Mutex<BTreeMap<Target, String>>,
}

impl<'a, R> Tolerant<'a, R> {
    pub(crate) const fn new(world: &'a R, optional: &'a BTreeSet<Target>) -> Self {
        Self {
            world,
            optional,
            failed: Mutex::new(BTreeMap::new()),
        }
    }

    /// The targets that did not answer, each with why.
    pub(crate) fn failed(self) -> Vec<(Target, String)> {
        let failed = self.failed.into_inner();
        let failed = failed.unwrap_or_else(PoisonError::into_inner);
        failed.into_iter().collect()
    }
}

impl<R: Read> Read for Tolerant<'_, R> {
    async fn read(&self, target: &Target) -> Result<Option<Document>, PortError> {
        let answer = self.world.read(target).await;
        match answer {
            Err(failure) if self.optional.contains(target) => {
                let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.insert(target.clone(), failure.code);
                Ok(None)
            }
            answer => answer,
        }
    }

    async fn read_together(&self, targets: &[&Target]) -> Vec<(Target, Option<Document>)> {
        self.world.read_together(targets).await
    }

    async fn locate(&self, account: &AccountId, bucket: &BucketName) -> Option<BucketRef> {
        self.world.locate(account, bucket).await
    }
}
