//! Reports of jobs, piece by piece, and what lies under a prefix where a job found nothing.

use aws_sdk_s3::types::{EncodingType, ObjectVersionStorageClass};
use s3ferry_engine::ports::Sample;

use super::{BucketApi, part};
use crate::failure::Failure;

/// A piece of a report. Answers are in memory until they are read.
const PIECE: u64 = 4 << 20;

/// Pages of a thousand versions that are counted at most: enough to see whether anything but archived objects is there.
const PAGES: usize = 10;

/// A piece of an object; none where there is no object, or nothing more of it (BC:s3 GetObject, 416 `InvalidRange`).
pub(crate) async fn piece(
    api: &BucketApi<'_>,
    key: &str,
    from: u64,
) -> Result<Option<Vec<u8>>, Failure> {
    const OPERATION: &str = "GetObject";
    let to = from.saturating_add(PIECE - 1);
    let answer = api
        .read(OPERATION, |s3| {
            s3.get_object()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .key(key)
                .range(format!("bytes={from}-{to}"))
                .send()
        })
        .await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) if matches!(failure.status(), Some(416)) || failure.is(&["NoSuchKey"]) => {
            return Ok(None);
        }
        Err(failure) => return Err(failure),
    };
    let body = answer.body.collect().await;
    let body = body.map_err(|error| api.unreadable(OPERATION, error))?;
    Ok(Some(body.to_vec()))
}

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
