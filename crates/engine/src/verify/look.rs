//! A version that the listings leave in doubt, looked at on both sides.

use s3ferry_core::model::BucketRef;
use s3ferry_verify::computed::Says;
use s3ferry_verify::{Expected, Facts, Judge, Seen, Side, Status, Unprovable, Verdict};

use super::listing::text;
use super::{Failure, Shared};
use crate::ports::{Class, Look, PortError, Replication, Versions};

/// A version to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubt {
    pub(super) key: Vec<u8>,
    /// The side that alone listed it; none where both did.
    pub(super) only: Option<Side>,
    /// Its ID at each side.
    pub(super) source: String,
    pub(super) destination: String,
    /// What listings of both sides say of its content, where both list it.
    pub(super) etags: [String; 2],
    /// When it was written at the source, likewise.
    pub(super) modified: String,
    pub(super) size: u64,
}

impl<W: Versions> Shared<W> {
    /// Asks the computed checksums where there are any, or looks; and judges.
    pub(super) async fn look(&self, judge: &Judge<'_>, doubt: &Doubt) -> Result<Verdict, Failure> {
        let Some(sums) = &self.of.computed else {
            return self.seen(judge, doubt).await;
        };
        if doubt.only.is_some() {
            // What is there by now came while both sides were listed, and nobody asked the checksums of it.
            let seen = self.seen(judge, doubt).await?;
            return Ok(match Judge::beside(seen, Says::Nothing) {
                Verdict::Expected(Expected::Later) => Verdict::Expected(Expected::Meanwhile),
                verdict => verdict,
            });
        }
        let [source, destination] = &doubt.etags;
        let says = sums
            .says(&doubt.key, &doubt.source, [source, destination])
            .map_err(|error| Failure::Disk(error.to_string()))?;
        let is_later = doubt.modified.as_str() > sums.made();
        match judge.computed(says, source == destination, is_later) {
            Some(Verdict::Equal(_)) if judge.reads(&doubt.key, &doubt.source) => {}
            Some(verdict) => return Ok(verdict),
            None => {}
        }
        let seen = self.seen(judge, doubt).await?;
        Ok(Judge::beside(seen, says))
    }

    async fn seen(&self, judge: &Judge<'_>, doubt: &Doubt) -> Result<Verdict, Failure> {
        let with_tags = judge.asks_for_tags(&doubt.key);
        let (source, destination) = tokio::try_join!(
            self.see(&self.of.source, &doubt.key, &doubt.source, with_tags),
            self.see(
                &self.of.destination,
                &doubt.key,
                &doubt.destination,
                with_tags
            ),
        )?;
        let verdict = match doubt.only {
            None => judge.second(&doubt.key, &source, &destination),
            Some(side) => judge.lone(side, &doubt.key, &source, &destination),
        };
        match verdict {
            Verdict::Equal(_) | Verdict::Unprovable(Unprovable::NoHash)
                if judge.reads(&doubt.key, &doubt.source) =>
            {
                self.read(doubt).await
            }
            verdict => Ok(verdict),
        }
    }

    async fn see(
        &self,
        bucket: &BucketRef,
        key: &[u8],
        version: &str,
        with_tags: bool,
    ) -> Result<Seen, Failure> {
        let key = text(key);
        let looked = async {
            let Some(look) = self.world.look(bucket, &key, version).await? else {
                return Ok(Seen::Absent);
            };
            let mut facts = facts(look);
            if with_tags {
                facts.tags = Some(self.world.tags_of(bucket, &key, version).await?);
            }
            Ok::<_, PortError>(Seen::There(facts))
        };
        match looked.await {
            Ok(seen) => Ok(seen),
            // What is encrypted with a customer's key (SSE-C) cannot be looked at without it: 400.
            Err(error) if matches!(error.class, Class::Denied | Class::Rejected) => {
                Ok(Seen::Denied)
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn facts(look: Look) -> Facts {
    let Look { head, checksums } = look;
    Facts {
        status: match head.replication {
            Replication::NotEligible | Replication::Other(_) => Status::None,
            Replication::Pending => Status::Pending,
            Replication::Completed => Status::Completed,
            Replication::Failed => Status::Failed,
            Replication::Replica => Status::Replica,
        },
        size: head.size,
        etag_is_hash: head
            .encryption
            .as_deref()
            .is_none_or(|algorithm| algorithm == "AES256"),
        etag: head.etag.unwrap_or_default(),
        class: head.storage_class,
        checksums,
        metadata: head.metadata,
        tags: None,
    }
}
