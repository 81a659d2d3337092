//! One side of a stretch: its pages in order, the next one under way while the last is read.

use s3ferry_core::model::BucketRef;
use s3ferry_verify::{Marker, Page};
use tokio::task::JoinSet;

use super::{Failure, Matching, Stretch};
use crate::ports::{PageRequest, Versions};

/// The pages of a bucket from a place on.
pub(super) struct Listing<W> {
    world: W,
    bucket: BucketRef,
    before: Option<Vec<u8>>,
    matching: Matching,
    /// The page that is under way; it ends where the listing is dropped.
    under_way: JoinSet<Result<Page, Failure>>,
}

impl<W: Versions + Clone + 'static> Listing<W> {
    /// Asks for the first page.
    pub(super) fn new(world: W, bucket: BucketRef, of: &Stretch, matching: Matching) -> Self {
        let mut listing = Self {
            world,
            bucket,
            before: of.before.clone(),
            matching,
            under_way: JoinSet::new(),
        };
        let after = of.after.as_ref().map(|key| (text(key), None));
        listing.ask(after);
        listing
    }

    /// The next page.
    pub(super) async fn next(&mut self) -> Result<Page, Failure> {
        let page = match self.under_way.join_next().await {
            Some(Ok(page)) => page?,
            Some(Err(ended)) => return Err(Failure::stopped(ended)),
            None => return Err(Failure::stopped("a page is wanted after the last one")),
        };
        if let Some(Marker { key, version }) = page.next()
            && self.before.as_ref().is_none_or(|before| key < before)
        {
            self.ask(Some((text(key), version.clone())));
        }
        Ok(page)
    }

    /// Ends before a key.
    pub(super) fn narrow(&mut self, before: &[u8]) {
        self.before = Some(before.to_vec());
    }

    fn ask(&mut self, after: Option<(String, Option<String>)>) {
        let (world, bucket) = (self.world.clone(), self.bucket.clone());
        let request = PageRequest {
            after,
            ..request(self.matching)
        };
        self.under_way
            .spawn(async move { page(&world, &bucket, &request).await });
    }
}

/// A page of the versions that are compared.
pub(super) fn request(matching: Matching) -> PageRequest {
    PageRequest {
        only_current: matching == Matching::Current,
        ..PageRequest::default()
    }
}

/// A page, read from its bytes by whichever thread took it.
pub(super) async fn page<W: Versions>(
    world: &W,
    bucket: &BucketRef,
    request: &PageRequest,
) -> Result<Page, Failure> {
    let body = world.page(bucket, request).await?;
    Page::parse(&body).map_err(|why| Failure::Listing {
        bucket: bucket.bucket.to_string(),
        why: why.to_string(),
    })
}

/// A key as it is sent; keys are UTF-8 (UG:object-keys).
pub(super) fn text(key: &[u8]) -> String {
    String::from_utf8_lossy(key).into_owned()
}
