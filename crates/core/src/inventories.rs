//! Where the inventories of a bucket lie, for who reads them: where the spec lets them go, or else where a configuration of the bucket's own
//! does.

use std::collections::BTreeMap;

use crate::ids::{AccountId, SpecName};
use crate::model::kinds::Inventory;
use crate::model::{BucketPart, BucketRef, Document, Target};
use crate::ownership::Markers;
use crate::policy::generate::lists_folder;
use crate::route::{Recorded, Route};
use crate::spec::InventoryPlace;

/// Where the lists of a bucket lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPlace {
    /// The bucket that is listed.
    pub of: BucketRef,
    /// The bucket that the lists lie in, of the same Region (UG:storage-inventory).
    pub bucket: BucketRef,
    /// What the keys of all lists begin with: `<prefix>/<bucket>/<ID>/` (UG:storage-inventory-location).
    pub folder: String,
}

/// What of a bucket says where its lists lie, where the spec does not.
#[must_use]
pub fn configurations(of: &BucketRef) -> Target {
    Target::Bucket(of.clone(), BucketPart::Inventory)
}

/// Where the spec lets the lists of a bucket of a migration go.
#[must_use]
pub fn declared(route: &Route<'_>, spec: &SpecName, of: &BucketRef) -> Option<ListPlace> {
    let declared = route.inventories().into_iter();
    let mut declared = declared.filter(|declared| declared.of == of);
    declared.next().map(|of| ListPlace::declared(&of, spec))
}

/// Where a bucket's own configurations let lists of all its versions go, or of all its current objects.
///
/// # Errors
/// The IDs of the configurations, none of which does. What a filter leaves out would be taken for compared.
pub fn live(
    of: &BucketRef,
    found: Option<Document>,
    of_versions: bool,
) -> Result<ListPlace, Vec<String>> {
    let found = match found {
        Some(Document::Inventories(found)) => found,
        _ => BTreeMap::new(),
    };
    let mut serving = found.iter().filter(|(_, live)| serves(live, of_versions));
    let place = serving.find_map(|(id, live)| ListPlace::live(of, id, live));
    place.ok_or_else(|| found.into_keys().collect())
}

fn serves(live: &Inventory, of_versions: bool) -> bool {
    let fields = ["Size", "ETag", "LastModifiedDate"];
    let has_fields = fields.into_iter().all(|field| live.fields.contains(field));
    let has_versions = live.versions == "All" || !of_versions;
    live.enabled && live.filter.is_none() && has_versions && has_fields
}

impl ListPlace {
    pub(crate) fn declared(listed: &Recorded<'_, InventoryPlace>, spec: &SpecName) -> Self {
        let id = Markers::of(spec).configuration_id();
        let prefix = &listed.place.place.prefix;
        Self {
            of: listed.of.clone(),
            bucket: listed.to.clone(),
            folder: lists_folder(&listed.of.bucket, prefix, &id),
        }
    }

    fn live(of: &BucketRef, id: &str, live: &Inventory) -> Option<Self> {
        let account = live.account.as_deref();
        let account = account.and_then(|account| AccountId::new(account).ok());
        let prefix = live.prefix.as_deref().unwrap_or_default();
        Some(Self {
            folder: lists_folder(&of.bucket, prefix.trim_end_matches('/'), id),
            bucket: BucketRef {
                bucket: live.to()?,
                account: account.unwrap_or_else(|| of.account.clone()),
                ..of.clone()
            },
            of: of.clone(),
        })
    }
}
