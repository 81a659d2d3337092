//! The removal of canaries: every version of the key that carries the rule's mark, on both sides, and nothing else.

use s3ferry_core::model::BucketRef;

use crate::events::{CanaryProgress, LeftVersion};
use crate::execute::repeat::Stopped;
use crate::ledger::ReceiptStore;
use crate::ports::{Class, Objects, Read};

use super::{Canary, NoProof, stopped};

/// What a removal did.
#[derive(Debug, Default)]
struct Swept {
    versions: u64,
    left: Vec<LeftVersion>,
}

impl Swept {
    fn leave(&mut self, bucket: &BucketRef, key: &str, version: &str, why: String) {
        self.left.push(LeftVersion {
            bucket: bucket.bucket.to_string(),
            key: key.to_owned(),
            version: version.to_owned(),
            why,
        });
    }

    /// The answer, or nothing where the caller is not allowed to ask; then the version stays and is named.
    fn allowed<T>(
        &mut self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
        answer: Result<T, Stopped>,
    ) -> Result<Option<T>, NoProof> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(Stopped::Error(error))
                if matches!(error.class, Class::Denied | Class::Rejected) =>
            {
                self.leave(bucket, key, version, error.to_string());
                Ok(None)
            }
            Err(other) => Err(stopped(other)),
        }
    }
}

impl<W: Objects + Read, R: ReceiptStore> Canary<'_, W, R> {
    /// Removes our canaries on both sides. A run that is killed in between leaves one side; the next one finds it, because
    /// it has no receipt, and follows no canary whose replica is gone.
    ///
    /// What the caller is not allowed to remove stays and is named. Any other obstacle is an error: without a receipt, the
    /// next run comes by again.
    pub(super) async fn remove(&self) -> Result<(), NoProof> {
        let mut swept = Swept::default();
        let source = self.sweep(&self.goal.source, &mut swept).await;
        let destination = self.sweep(&self.goal.destination, &mut swept).await;
        let Swept { versions, left } = swept;
        self.tell(CanaryProgress::Removed { versions, left });
        source.and(destination)
    }

    /// Removes our canaries of one side. Delete markers say nothing of whose they are; where the rule mirrors deletes they go if
    /// every version of the key was a canary of ours, so that nobody's object comes to light.
    async fn sweep(&self, bucket: &BucketRef, swept: &mut Swept) -> Result<(), NoProof> {
        let world = self.on.run.world;
        let key = &self.goal.key;
        let list = || world.versions(bucket, key);
        let all = self.on.repeat(list).await;
        let Some(all) = swept.allowed(bucket, key, "", all)? else {
            return Ok(());
        };
        let (markers, versions): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|listed| listed.is_delete_marker);
        let (left, removed) = (swept.left.len(), swept.versions);
        for version in versions.iter().map(|listed| listed.version.as_str()) {
            let look = || world.head(bucket, key, version);
            let head = self.on.repeat(look).await;
            let why = match swept.allowed(bucket, key, version, head)? {
                Some(Some(head)) if self.is_ours(&head) => {
                    self.remove_version(bucket, version, swept).await?;
                    continue;
                }
                Some(Some(_)) => "not a canary of this rule",
                Some(None) => "gone meanwhile, or not answered for yet",
                None => continue,
            };
            swept.leave(bucket, key, version, why.to_owned());
        }
        let only_ours = swept.left.len() == left && swept.versions > removed;
        let are_ours = self.goal.mirrors && only_ours;
        for marker in markers.iter().map(|listed| listed.version.as_str()) {
            if are_ours || self.is_our_marker(marker) {
                self.remove_version(bucket, marker, swept).await?;
            } else {
                let why = "a delete marker, perhaps of somebody else";
                swept.leave(bucket, key, marker, why.to_owned());
            }
        }
        Ok(())
    }

    async fn remove_version(
        &self,
        bucket: &BucketRef,
        version: &str,
        swept: &mut Swept,
    ) -> Result<(), NoProof> {
        let (world, key) = (self.on.run.world, &self.goal.key);
        let remove = || world.delete(bucket, key, version);
        let removed = self.on.repeat(remove).await;
        let removed = swept.allowed(bucket, key, version, removed)?;
        swept.versions += u64::from(removed.is_some());
        Ok(())
    }
}
