//! Where the lists of a bucket lie: where the spec lets them go, or else where a configuration of the bucket's own does.

use std::collections::BTreeMap;

use s3ferry_core::ids::{AccountId, SpecName};
use s3ferry_core::model::kinds::Inventory;
use s3ferry_core::model::{BucketPart, BucketRef, Document, Target};
use s3ferry_core::ownership::Markers;
use s3ferry_core::policy::generate::lists_folder;
use s3ferry_core::route::Route;

use super::Unusable;
use crate::ports::Read;
use crate::verify::{Failure, Matching};

/// Where the lists of a bucket lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The bucket that is listed.
    pub of: BucketRef,
    /// The bucket that the lists lie in, of the same Region (UG:storage-inventory).
    pub bucket: BucketRef,
    /// What the keys of all lists begin with: `<prefix>/<bucket>/<ID>/` (UG:storage-inventory-location).
    pub folder: String,
}

impl Place {
    fn new(of: &BucketRef, bucket: BucketRef, prefix: &str, id: &str) -> Self {
        Self {
            folder: lists_folder(&of.bucket, prefix, id),
            of: of.clone(),
            bucket,
        }
    }
}

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
) -> Result<Place, Failure> {
    let declared = route.inventories();
    if let Some(declared) = declared.into_iter().find(|declared| declared.of == of) {
        let id = Markers::of(spec).configuration_id();
        let prefix = &declared.place.place.prefix;
        return Ok(Place::new(of, declared.to, prefix, &id));
    }
    let target = Target::Bucket(of.clone(), BucketPart::Inventory);
    let live = match world.read(&target).await? {
        Some(Document::Inventories(live)) => live,
        _ => BTreeMap::new(),
    };
    let mut usable = live.iter().filter(|(_, live)| serves(live, matching));
    let place = usable.find_map(|(id, live)| of_live(of, id, live));
    place.ok_or_else(|| Failure::Inventory {
        bucket: of.bucket.to_string(),
        why: Unusable::NoConfiguration {
            others: live.into_keys().collect(),
        },
    })
}

/// Whether a configuration's lists are of all that is compared. What a filter leaves out would be taken for compared.
fn serves(live: &Inventory, matching: Matching) -> bool {
    let fields = ["Size", "ETag", "LastModifiedDate"];
    let has_fields = fields.into_iter().all(|field| live.fields.contains(field));
    let has_versions = live.versions == "All" || matching == Matching::Current;
    live.enabled && live.filter.is_none() && has_versions && has_fields
}

fn of_live(of: &BucketRef, id: &str, live: &Inventory) -> Option<Place> {
    let account = live.account.as_deref();
    let account = account.and_then(|account| AccountId::new(account).ok());
    let bucket = BucketRef {
        bucket: live.to()?,
        account: account.unwrap_or_else(|| of.account.clone()),
        ..of.clone()
    };
    let prefix = live.prefix.as_deref().unwrap_or_default();
    Some(Place::new(of, bucket, prefix.trim_end_matches('/'), id))
}
