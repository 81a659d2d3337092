//! The content of a version, read at both sides and compared byte by byte: what no hash that S3 keeps can vouch for.

use s3ferry_core::model::BucketRef;
use s3ferry_verify::{Difference, Expected, Rung, Unprovable, Verdict};

use super::listing::text;
use super::look::Doubt;
use super::{Failure, Shared};
use crate::ports::{Class, Piece, PortError, Versions};

/// Versions that are read at once, each with a piece of both sides in memory.
pub(super) const READERS: usize = 3;

/// Bytes that are asked for at once.
pub const PIECE: u64 = 4 << 20;

impl<W: Versions> Shared<W> {
    /// Reads a version that has the same size at both sides.
    pub(super) async fn read(&self, doubt: &Doubt) -> Result<Verdict, Failure> {
        let _one = self.readers.acquire().await.map_err(Failure::stopped)?;
        match self.same(doubt).await {
            Ok(verdict) => Ok(verdict),
            Err(error) if matches!(error.class, Class::Denied | Class::Rejected) => {
                Ok(Verdict::Unprovable(Unprovable::Denied))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn same(&self, doubt: &Doubt) -> Result<Verdict, PortError> {
        let mut from = 0;
        while from < doubt.size {
            let (source, destination) = tokio::try_join!(
                self.piece(&self.of.source, doubt, &doubt.source, from),
                self.piece(&self.of.destination, doubt, &doubt.destination, from),
            )?;
            let (Some(source), Some(destination)) = (source, destination) else {
                return self.ended(doubt).await;
            };
            let length = source.len() as u64;
            if length == 0 || source != destination {
                return Ok(Verdict::Different(Difference::Content));
            }
            from += length;
        }
        Ok(Verdict::Equal(Rung::Content))
    }

    /// What ends before its size says: it is gone, or is not what it says of itself.
    async fn ended(&self, doubt: &Doubt) -> Result<Verdict, PortError> {
        let key = text(&doubt.key);
        let (source, destination) = tokio::try_join!(
            self.world.look(&self.of.source, &key, &doubt.source),
            self.world
                .look(&self.of.destination, &key, &doubt.destination),
        )?;
        Ok(if source.is_some() && destination.is_some() {
            Verdict::Different(Difference::Content)
        } else {
            Verdict::Expected(Expected::Meanwhile)
        })
    }

    async fn piece(
        &self,
        bucket: &BucketRef,
        doubt: &Doubt,
        version: &str,
        from: u64,
    ) -> Result<Option<Vec<u8>>, PortError> {
        let key = text(&doubt.key);
        let of = Piece {
            bucket,
            key: &key,
            version,
            from,
            most: PIECE.min(doubt.size - from),
        };
        self.world.piece(of).await
    }
}
