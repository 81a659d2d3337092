//! What arrived, compared with what the spec says of replicas; and whether a delete marker arrives after it.

use std::collections::BTreeMap;

use s3ferry_core::model::BucketRef;

use crate::ledger::ReceiptStore;
use crate::limits::CANARY_WAITS;
use crate::ports::{ListedVersion, ObjectHead, Objects, Read};
use crate::problem::{Problem, ProblemKind};

use super::{Canary, NoProof, One, failed, stopped};

impl<W: Objects + Read, R: ReceiptStore> Canary<'_, W, R> {
    /// # Errors
    /// [`NoProof::Failed`] with everything that differs.
    pub(super) async fn compare(
        &self,
        one: &One,
        source: &ObjectHead,
        replica: &ObjectHead,
    ) -> Result<(), NoProof> {
        let mut differs = self.of_heads(source, replica);
        differs.extend(self.of_tags(one).await?);
        differs.extend(self.of_owners(one).await?);
        if differs.is_empty() {
            return Ok(());
        }
        let message = format!(
            "the replica of {} is not what the spec says: {}",
            one.canary.key,
            differs.join("; ")
        );
        let problem = Problem::new(ProblemKind::Canary, message).with_hint(
            "another rule may have carried it, or the role or a policy allows less than the rule needs",
        );
        Err(NoProof::Failed(problem))
    }

    fn of_heads(&self, source: &ObjectHead, replica: &ObjectHead) -> Vec<String> {
        let wanted = &self.goal.replica;
        let mut differs = Vec::new();
        if source.size != replica.size {
            differs.push(format!(
                "it has {} bytes and the canary {}",
                replica.size, source.size
            ));
        }
        if let Some(key) = &wanted.kms_key
            && replica.kms_key.as_deref() != Some(key.as_str())
        {
            let under = replica.kms_key.as_ref().or(replica.encryption.as_ref());
            let under = under.map_or("nothing", String::as_str);
            differs.push(format!("it is encrypted with {under} instead of {key}"));
        }
        let class = wanted
            .storage_class
            .map_or(source.storage_class.as_str(), |class| class.as_str());
        if replica.storage_class != class {
            differs.push(format!(
                "its storage class is {} instead of {class}",
                replica.storage_class
            ));
        }
        differs
    }

    /// Without s3:ReplicateTags an object may arrive without its tags, and nothing says so.
    async fn of_tags(&self, one: &One) -> Result<Option<String>, NoProof> {
        let wanted = &self.goal.tags;
        if wanted.is_empty() {
            return Ok(None);
        }
        let (bucket, key) = (&self.goal.destination, &one.canary.key);
        let read = || self.on.run.world.tags(bucket, key, &one.version);
        let tags: BTreeMap<String, String> = self.on.repeat(read).await.map_err(stopped)?;
        Ok((tags != *wanted).then(|| format!("its tags are {tags:?} instead of {wanted:?}")))
    }

    /// Who owns an object only lists of versions and ACLs say.
    async fn of_owners(&self, one: &One) -> Result<Option<String>, NoProof> {
        let (source, destination) = (&self.goal.source, &self.goal.destination);
        if !self.goal.replica.owned_by_destination || source.account == destination.account {
            return Ok(None);
        }
        let owner = |listed: Vec<ListedVersion>| {
            let mut versions = listed.into_iter();
            versions.find(|listed| listed.version == one.version)?.owner
        };
        let key = &one.canary.key;
        let at_source = owner(self.versions(source, key).await.map_err(failed)?);
        let at_destination = owner(self.versions(destination, key).await.map_err(failed)?);
        let same = at_source.is_some() && at_source == at_destination;
        Ok(same.then(|| "it belongs to the owner of the source".to_owned()))
    }

    /// A delete marker hides what is under the key, so nothing may be there but our canaries.
    async fn is_alone(&self, bucket: &BucketRef, key: &str) -> Result<(), NoProof> {
        for listed in self.versions(bucket, key).await.map_err(failed)? {
            if listed.is_delete_marker {
                continue;
            }
            let head = self.head(bucket, key, &listed.version).await;
            if head
                .map_err(failed)?
                .is_some_and(|head| !self.is_ours(&head))
            {
                let message = format!(
                    "somebody else's object is under the canary's key {key} in {}: a delete marker would hide it, so that deletes are mirrored stays unproven",
                    bucket.bucket
                );
                let problem = Problem::new(ProblemKind::Canary, message)
                    .with_hint("name another object in the migration: canary: { name: NAME }");
                return Err(NoProof::Failed(problem));
            }
        }
        Ok(())
    }

    /// Deletes the canary's key as applications do, and waits for the delete marker at the destination. S3 shows no status of
    /// delete markers (UG:replication-status), so one that never comes is waited for to the bound of the step.
    pub(super) async fn mirror(&self, one: &One) -> Result<(), NoProof> {
        let (source, destination) = (&self.goal.source, &self.goal.destination);
        let key = &one.canary.key;
        for bucket in one.canary.sides() {
            self.is_alone(bucket, key).await?;
        }
        let put = || self.on.run.world.put_delete_marker(source, key);
        let marker = self.on.repeat(put).await.map_err(stopped)?;
        self.note_marker(&marker);
        let mut looks: u32 = 0;
        while !self.has_marker(destination, key, &marker).await? {
            looks = looks.saturating_add(1);
            let wait = CANARY_WAITS.after(looks, self.on.seed());
            self.sleep_in_bound(wait, "the delete marker of the canary to be replicated (the role needs s3:ReplicateDelete)")
                .await?;
        }
        self.mirror_elsewhere(key, &marker).await
    }

    /// Other rules that mirror deletes carry the marker, too: it is removed where it has come to, so it must have come.
    async fn mirror_elsewhere(&self, key: &str, marker: &str) -> Result<(), NoProof> {
        let mirroring = self.goal.elsewhere.iter().filter(|of| of.mirrors);
        for bucket in mirroring.filter_map(|of| of.to.place()) {
            let mut looks: u32 = 0;
            while !self.has_marker(bucket, key, marker).await? {
                looks = looks.saturating_add(1);
                let wait = CANARY_WAITS.after(looks, self.on.seed());
                self.sleep_in_bound(
                    wait,
                    "the delete marker of the canary to come to where another rule carries it",
                )
                .await?;
            }
        }
        Ok(())
    }

    async fn has_marker(
        &self,
        bucket: &BucketRef,
        key: &str,
        marker: &str,
    ) -> Result<bool, NoProof> {
        let list = || self.on.run.world.versions(bucket, key);
        let listed = self.on.repeat(list).await.map_err(stopped)?;
        let is_it = |of: &ListedVersion| of.is_delete_marker && of.version == marker;
        Ok(listed.iter().any(is_it))
    }
}
