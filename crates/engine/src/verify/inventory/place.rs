//! Where the lists of a bucket lie, asked of the bucket where the spec does not say so.

use s3ferry_core::ids::SpecName;
use s3ferry_core::inventories::{ListPlace, configurations, declared, live};
use s3ferry_core::model::BucketRef;
use s3ferry_core::route::Route;

use super::Unusable;
use crate::ports::Read;
use crate::verify::{Failure, Matching};

/// Finds where the lists of a bucket of a migration lie.
///
/// # Errors
/// [`Failure`] where nothing says so, or the bucket's configurations may not be read.
pub async fn place<R: Read>(
    world: &R,
    route: &Route<'_>,
    spec: &SpecName,
    of: &BucketRef,
    matching: Matching,
) -> Result<ListPlace, Failure> {
    if let Some(declared) = declared(route, spec, of) {
        return Ok(declared);
    }
    let found = world.read(&configurations(of)).await?;
    live(of, found, matching == Matching::Versions).map_err(|others| Failure::Inventory {
        bucket: of.bucket.to_string(),
        why: Unusable::NoConfiguration { others },
    })
}
