//! What lies under a prefix where a job found nothing.

use aws_sdk_s3::types::{EncodingType, ObjectVersionStorageClass};
use s3ferry_engine::ports::Sample;

use super::{BucketApi, part};
use crate::failure::Failure;

/// Pages of a thousand versions that are counted at most: enough to see whether anything but archived objects is there.
const PAGES: usize = 10;

/// Counts versions under a prefix, page by page. What is archived in Intelligent-Tiering no list tells.
pub(crate) async fn sample(api: &BucketApi<'_>, prefix: &str) -> Result<Sample, Failure> {
    let mut sample = Sample::default();
    let mut after: (Option<String>, Option<String>) = (None, None);
    for _ in 0..PAGES {
        let page = part(
            api,
            api.read("ListObjectVersions", |s3| {
                s3.list_object_versions()
                    .bucket(api.name())
                    .expected_bucket_owner(api.owner())
                    .set_prefix((!prefix.is_empty()).then(|| prefix.to_owned()))
                    // Keys may hold characters that XML cannot (BC:s3 ListObjectVersions encoding-type).
                    .encoding_type(EncodingType::Url)
                    .set_key_marker(after.0.clone())
                    .set_version_id_marker(after.1.clone())
                    .send()
            })
            .await,
        )
        .await?;
        let Some(page) = page else {
            break;
        };
        let classes = page.versions().iter().map(|of| of.storage_class());
        let archived = classes.filter(|class| class.is_some_and(is_archived));
        sample.archived += archived.count() as u64;
        sample.versions += page.versions().len() as u64;
        if !page.is_truncated().unwrap_or(false) {
            sample.is_whole = true;
            break;
        }
        after = (
            page.next_key_marker().map(super::objects::decoded),
            page.next_version_id_marker().map(str::to_owned),
        );
    }
    Ok(sample)
}

/// The SDK knows one class of versions, and keeps the words of the others (BC:s3 ObjectVersionStorageClass).
fn is_archived(class: &ObjectVersionStorageClass) -> bool {
    matches!(class.as_str(), "GLACIER" | "DEEP_ARCHIVE")
}
