//! The removal of a canary: every version of its key that carries its mark, wherever rules carried it, and nothing else.

use std::collections::BTreeSet;

use s3ferry_core::model::BucketRef;
use s3ferry_core::plan::PlacedCanary;

use crate::events::LeftVersion;
use crate::execute::Context;
use crate::execute::repeat::Stopped;
use crate::ledger::ReceiptStore;
use crate::ports::{Class, ListedVersion, ObjectHead, Objects, Read, Replication};

use super::{CANARY_MARK, NoProof, stopped};

/// What removals did.
#[derive(Debug, Default)]
pub(super) struct Swept {
    pub(super) versions: u64,
    pub(super) left: Vec<LeftVersion>,
    /// Why something of ours stays, the first reason.
    refused: Option<String>,
    /// Something was not answered for.
    unsure: bool,
}

/// What is left of a canary after its removal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Remains {
    /// Nothing, anywhere.
    Nothing,
    /// Something may yet arrive, or be answered for: to be looked for again.
    Perhaps,
    /// Something that could not be removed, and why.
    Refused(String),
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

    fn refuse(&mut self, bucket: &BucketRef, key: &str, version: &str, why: String) {
        self.refused.get_or_insert_with(|| why.clone());
        self.leave(bucket, key, version, why);
    }
}

/// The removal of one canary.
pub(super) struct Cleanup<'a, W, R> {
    pub(super) on: &'a Context<'a, W, R>,
    pub(super) canary: &'a PlacedCanary,
    /// The version that it is, where this run put it: S3 named it, and nobody else writes under its key.
    pub(super) version: Option<&'a str>,
    /// The delete markers that this run put.
    pub(super) markers: &'a BTreeSet<String>,
    /// Sides that cannot be reached.
    pub(super) beyond: &'a BTreeSet<BucketRef>,
}

/// An answer, or why there is none where the caller is not allowed to ask, or AWS will never do it.
fn allowed<T>(answer: Result<T, Stopped>) -> Result<Result<T, String>, NoProof> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(Stopped::Error(error))
            if matches!(
                error.class,
                Class::Denied | Class::Rejected | Class::Misplaced
            ) =>
        {
            Ok(Err(error.to_string()))
        }
        Err(other) => Err(stopped(other)),
    }
}

impl<W: Objects + Read, R: ReceiptStore> Cleanup<'_, W, R> {
    /// Removes the canary from every side that can be reached, the source first.
    ///
    /// What the caller is not allowed to remove stays and is named. Any other obstacle is an error, after the other sides
    /// were tried, too: the ledger still has the canary, and the next run comes by again.
    pub(super) async fn run(&self, swept: &mut Swept) -> Result<Remains, NoProof> {
        let mut obstacle = None;
        let mut everywhere = true;
        swept.refused = None;
        swept.unsure = false;
        for bucket in self.sides() {
            let before = swept.versions;
            if let Err(error) = self.sweep(bucket, swept).await {
                obstacle.get_or_insert(error);
            }
            everywhere &= swept.versions > before;
        }
        match (obstacle, &swept.refused) {
            (Some(obstacle), _) => Err(obstacle),
            (None, Some(why)) => Ok(Remains::Refused(why.clone())),
            // Where it was on every side, nothing of it is on its way.
            (None, None) if swept.unsure && !everywhere => Ok(Remains::Perhaps),
            (None, None) => Ok(Remains::Nothing),
        }
    }

    fn sides(&self) -> impl Iterator<Item = &BucketRef> {
        self.canary
            .sides()
            .filter(|side| !self.beyond.contains(*side))
    }

    /// Whether S3 is still at work on it.
    pub(super) async fn is_on_its_way(&self) -> Result<bool, NoProof> {
        let source = &self.canary.source;
        if self.beyond.contains(source) {
            return Ok(false);
        }
        let Ok(listed) = self.list(source).await? else {
            return Ok(false);
        };
        for listed in listed.iter().filter(|listed| !listed.is_delete_marker) {
            if let Ok(Some(head)) = self.head(source, &listed.version).await?
                && self.is_ours(&head)
                && head.replication == Replication::Pending
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes it from one side. Delete markers say nothing of whose they are: all go where no version of the key is
    /// somebody else's, so that nobody's object comes to light.
    async fn sweep(&self, bucket: &BucketRef, swept: &mut Swept) -> Result<(), NoProof> {
        let key = &self.canary.key;
        let all = match self.list(bucket).await? {
            Ok(all) => all,
            Err(why) => {
                swept.refuse(bucket, key, "", why);
                if let Some(version) = self.version {
                    self.remove_version(bucket, version, swept).await?;
                }
                return Ok(());
            }
        };
        let (markers, versions): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|listed| listed.is_delete_marker);
        let mut is_alone = true;
        for version in versions.iter().map(|listed| listed.version.as_str()) {
            is_alone &= self.sweep_version(bucket, version, swept).await?;
        }
        for marker in markers.iter().map(|listed| listed.version.as_str()) {
            if is_alone || self.markers.contains(marker) {
                self.remove_version(bucket, marker, swept).await?;
            } else {
                let why = "a delete marker, perhaps of somebody else";
                swept.leave(bucket, key, marker, why.to_owned());
            }
        }
        Ok(())
    }

    /// Removes one version if it is ours; tells whether it is not somebody else's.
    async fn sweep_version(
        &self,
        bucket: &BucketRef,
        version: &str,
        swept: &mut Swept,
    ) -> Result<bool, NoProof> {
        let key = &self.canary.key;
        let is_known = self.version == Some(version);
        let is_source = *bucket == self.canary.source;
        match self.head(bucket, version).await? {
            Ok(Some(head)) if self.is_ours(&head) => {
                swept.unsure |= head.replication == Replication::Pending;
                self.remove_version(bucket, version, swept).await?;
            }
            Ok(Some(_)) => {
                let why = "not a canary of this rule";
                swept.leave(bucket, key, version, why.to_owned());
                return Ok(false);
            }
            Ok(None) | Err(_) if is_known => {
                swept.unsure |= is_source;
                self.remove_version(bucket, version, swept).await?;
            }
            Ok(None) => {
                swept.unsure = true;
                let why = "gone meanwhile, or not answered for yet";
                swept.leave(bucket, key, version, why.to_owned());
            }
            Err(why) => {
                swept.refuse(bucket, key, version, why);
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn remove_version(
        &self,
        bucket: &BucketRef,
        version: &str,
        swept: &mut Swept,
    ) -> Result<(), NoProof> {
        let (world, key) = (self.on.run.world, &self.canary.key);
        let remove = || world.delete(bucket, key, version);
        match allowed(self.on.repeat(remove).await)? {
            Ok(()) => swept.versions += 1,
            Err(why) => swept.refuse(bucket, key, version, why),
        }
        Ok(())
    }

    async fn list(
        &self,
        bucket: &BucketRef,
    ) -> Result<Result<Vec<ListedVersion>, String>, NoProof> {
        let (world, key) = (self.on.run.world, &self.canary.key);
        allowed(self.on.repeat(|| world.versions(bucket, key)).await)
    }

    async fn head(
        &self,
        bucket: &BucketRef,
        version: &str,
    ) -> Result<Result<Option<ObjectHead>, String>, NoProof> {
        let (world, key) = (self.on.run.world, &self.canary.key);
        allowed(self.on.repeat(|| world.head(bucket, key, version)).await)
    }

    fn is_ours(&self, head: &ObjectHead) -> bool {
        head.metadata.get(CANARY_MARK) == Some(&self.canary.mark())
    }
}
