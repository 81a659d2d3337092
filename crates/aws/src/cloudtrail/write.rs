//! A trail is made, switched on, changed and deleted; what it records is put whole.

use aws_sdk_cloudtrail::types::Tag;
use s3ferry_core::model::kinds::{EventSelectors, Tags, Trail};
use s3ferry_core::model::{Document, Kind, TrailPart, TrailRef};
use s3ferry_engine::ports::WriteChange;

use super::CloudTrailApi;
use super::selectors::{to_advanced, to_basic};
use crate::answer::nothing::absent;
use crate::failure::Failure;

/// Brings a part of a trail to what a document says.
pub(crate) async fn part(
    api: &CloudTrailApi<'_>,
    trail: &TrailRef,
    part: TrailPart,
    change: WriteChange<'_>,
) -> Result<(), Failure> {
    match (part, change.before, change.after) {
        (TrailPart::Itself, Some(Document::Trail(before)), Some(Document::Trail(after))) => {
            update(api, trail, before, after).await
        }
        (TrailPart::Itself, _, Some(Document::Trail(after))) => create(api, trail, after).await,
        (TrailPart::Itself, _, None) => delete(api, trail).await,
        (TrailPart::Selectors, _, Some(Document::Selectors(after))) => put(api, trail, after).await,
        (TrailPart::Selectors, _, None) => {
            Err(api.refused("PutEventSelectors", "a trail that records nothing"))
        }
        (part, _, after) => Err(api.misfit(Kind::Trail(part), after)),
    }
}

/// Digests tell whether somebody changed the files afterwards; they cost nothing but the room that they take (CTUG:
/// cloudtrail-log-file-validation-intro).
async fn create(api: &CloudTrailApi<'_>, trail: &TrailRef, after: &Trail) -> Result<(), Failure> {
    let tags = tags(api, "CreateTrail", &after.tags)?;
    api.write("CreateTrail", |cloudtrail| {
        cloudtrail
            .create_trail()
            .name(trail.name.as_str())
            .s3_bucket_name(after.bucket.as_str())
            .set_s3_key_prefix(after.prefix.clone())
            .is_multi_region_trail(after.multi_region)
            .is_organization_trail(after.organization)
            .set_kms_key_id(after.key.clone())
            .enable_log_file_validation(true)
            .set_tags_list(Some(tags).filter(|tags| !tags.is_empty()))
            .send()
    })
    .await?;
    switch(api, trail, false, after.logging).await
}

async fn update(
    api: &CloudTrailApi<'_>,
    trail: &TrailRef,
    before: &Trail,
    after: &Trail,
) -> Result<(), Failure> {
    let gone = before.tags.iter();
    let gone = gone.filter(|(key, _)| !after.tags.contains_key(*key));
    let gone: Tags = gone.map(|(key, of)| (key.clone(), of.clone())).collect();
    let new = after.tags.iter();
    let new = new.filter(|(key, value)| before.tags.get(*key) != Some(*value));
    let new: Tags = new.map(|(key, of)| (key.clone(), of.clone())).collect();
    let settings = |of: &Trail| {
        let Trail {
            bucket,
            prefix,
            multi_region,
            organization,
            key,
            tags: _,
            logging: _,
            delivery_error: _,
        } = of.clone();
        (bucket, prefix, multi_region, organization, key)
    };
    if settings(before) != settings(after) {
        set(api, trail, before, after).await?;
    }
    if !new.is_empty() {
        let new = tags(api, "AddTags", &new)?;
        api.write("AddTags", |cloudtrail| {
            cloudtrail
                .add_tags()
                .resource_id(trail.arn())
                .set_tags_list(Some(new))
                .send()
        })
        .await?;
    }
    if !gone.is_empty() {
        let gone = tags(api, "RemoveTags", &gone)?;
        api.write("RemoveTags", |cloudtrail| {
            cloudtrail
                .remove_tags()
                .resource_id(trail.arn())
                .set_tags_list(Some(gone))
                .send()
        })
        .await?;
    }
    switch(api, trail, before.logging, after.logging).await
}

/// What is not named stays; a prefix or a key that was there is taken away by an empty one (BC:cloudtrail UpdateTrail).
async fn set(
    api: &CloudTrailApi<'_>,
    trail: &TrailRef,
    before: &Trail,
    after: &Trail,
) -> Result<(), Failure> {
    let text = |before: &Option<String>, after: &Option<String>| {
        let emptied = before.as_ref().map(|_| String::new());
        (before != after).then(|| after.clone().or(emptied))?
    };
    let flag = |before: bool, after: bool| (before != after).then_some(after);
    api.write("UpdateTrail", |cloudtrail| {
        cloudtrail
            .update_trail()
            .name(trail.arn())
            .s3_bucket_name(after.bucket.as_str())
            .set_s3_key_prefix(text(&before.prefix, &after.prefix))
            .set_is_multi_region_trail(flag(before.multi_region, after.multi_region))
            .set_is_organization_trail(flag(before.organization, after.organization))
            .set_kms_key_id(text(&before.key, &after.key))
            .send()
    })
    .await
    .map(drop)
}

fn tags(api: &CloudTrailApi<'_>, operation: &'static str, of: &Tags) -> Result<Vec<Tag>, Failure> {
    let tag = |(key, value): (&String, &String)| {
        let built = Tag::builder().key(key).value(value).build();
        built.map_err(|error| api.invalid(operation, error))
    };
    of.iter().map(tag).collect()
}

async fn switch(
    api: &CloudTrailApi<'_>,
    trail: &TrailRef,
    before: bool,
    after: bool,
) -> Result<(), Failure> {
    match (before, after) {
        (false, true) => api
            .write("StartLogging", |cloudtrail| {
                cloudtrail.start_logging().name(trail.arn()).send()
            })
            .await
            .map(drop),
        (true, false) => api
            .write("StopLogging", |cloudtrail| {
                cloudtrail.stop_logging().name(trail.arn()).send()
            })
            .await
            .map(drop),
        (true, true) | (false, false) => Ok(()),
    }
}

async fn delete(api: &CloudTrailApi<'_>, trail: &TrailRef) -> Result<(), Failure> {
    let answer = api
        .write("DeleteTrail", |cloudtrail| {
            cloudtrail.delete_trail().name(trail.arn()).send()
        })
        .await;
    absent(answer).map(drop)
}

async fn put(
    api: &CloudTrailApi<'_>,
    trail: &TrailRef,
    after: &EventSelectors,
) -> Result<(), Failure> {
    const PUT: &str = "PutEventSelectors";
    let (basic, advanced) = match after {
        EventSelectors::Basic(all) => (Some(all.iter().map(to_basic).collect()), None),
        EventSelectors::Advanced(all) => {
            let all: Result<Vec<_>, _> = all.iter().map(to_advanced).collect();
            (None, Some(all.map_err(|error| api.invalid(PUT, error))?))
        }
    };
    api.write(PUT, |cloudtrail| {
        cloudtrail
            .put_event_selectors()
            .trail_name(trail.arn())
            .set_event_selectors(basic)
            .set_advanced_event_selectors(advanced)
            .send()
    })
    .await
    .map(drop)
}
