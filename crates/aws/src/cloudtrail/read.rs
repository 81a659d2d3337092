//! A trail in four calls, and the trails of a Region in one.

use std::collections::BTreeMap;

use aws_sdk_cloudtrail::types::Trail as Found;
use futures::future::try_join;
use s3ferry_core::model::kinds::{EventSelectors, SeenTrail, SeenTrails, Tags, Trail};
use s3ferry_core::model::{Document, TrailPart, TrailRef};

use super::CloudTrailApi;
use super::selectors::{advanced, basic};
use crate::answer::nothing::absent;
use crate::answer::pages::Pages;
use crate::failure::Failure;

/// Reads a part of a trail; `None` where there is no such trail.
pub(crate) async fn part(
    api: &CloudTrailApi<'_>,
    trail: &TrailRef,
    part: TrailPart,
) -> Result<Option<Document>, Failure> {
    match part {
        TrailPart::Itself => itself(api, trail).await,
        TrailPart::Selectors => selectors(api, trail).await,
    }
}

async fn itself(api: &CloudTrailApi<'_>, trail: &TrailRef) -> Result<Option<Document>, Failure> {
    let answer = api
        .read("GetTrail", |cloudtrail| {
            cloudtrail.get_trail().name(trail.arn()).send()
        })
        .await;
    let Some(answer) = absent(answer)? else {
        return Ok(None);
    };
    let found = answer.trail.ok_or_else(|| api.empty("GetTrail"))?;
    let (status, tags) = try_join(status(api, trail), tags(api, trail)).await?;
    // It went between the calls.
    let (Some((logging, delivery_error)), Some(tags)) = (status, tags) else {
        return Ok(None);
    };
    let bucket = found.s3_bucket_name();
    let bucket = bucket.ok_or_else(|| api.unreadable("GetTrail", "a trail without a bucket"))?;
    Ok(Some(Document::Trail(Box::new(Trail {
        bucket: bucket.to_owned(),
        prefix: said(found.s3_key_prefix()),
        multi_region: found.is_multi_region_trail().unwrap_or_default(),
        organization: found.is_organization_trail().unwrap_or_default(),
        key: said(found.kms_key_id()),
        tags,
        logging,
        delivery_error,
    }))))
}

/// Something that is said, if it says anything.
fn said(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Whether a trail is switched on, and why its last file could not be delivered.
async fn status(
    api: &CloudTrailApi<'_>,
    trail: &TrailRef,
) -> Result<Option<(bool, Option<String>)>, Failure> {
    let answer = api
        .read("GetTrailStatus", |cloudtrail| {
            cloudtrail.get_trail_status().name(trail.arn()).send()
        })
        .await;
    let Some(answer) = absent(answer)? else {
        return Ok(None);
    };
    let logging = answer.is_logging();
    let logging = logging.ok_or_else(|| api.empty("GetTrailStatus"))?;
    Ok(Some((logging, said(answer.latest_delivery_error()))))
}

async fn tags(api: &CloudTrailApi<'_>, trail: &TrailRef) -> Result<Option<Tags>, Failure> {
    let mut tags = BTreeMap::new();
    let mut token: Option<String> = None;
    let mut pages = Pages::default();
    loop {
        let answer = api
            .read("ListTags", |cloudtrail| {
                cloudtrail
                    .list_tags()
                    .resource_id_list(trail.arn())
                    .set_next_token(token.clone())
                    .send()
            })
            .await;
        let Some(page) = absent(answer)? else {
            return Ok(None);
        };
        let found = page.resource_tag_list;
        let found = found.ok_or_else(|| api.empty("ListTags"))?;
        let of_trail = found.iter().flat_map(|of| of.tags_list());
        tags.extend(of_trail.map(|tag| {
            let value = tag.value().unwrap_or_default();
            (tag.key().to_owned(), value.to_owned())
        }));
        let goes_on = page.next_token.is_some();
        token = pages
            .next(goes_on, page.next_token)
            .map_err(|endless| api.unreadable("ListTags", endless))?;
        if token.is_none() {
            return Ok(Some(tags));
        }
    }
}

async fn selectors(api: &CloudTrailApi<'_>, trail: &TrailRef) -> Result<Option<Document>, Failure> {
    let answer = api
        .read("GetEventSelectors", |cloudtrail| {
            cloudtrail
                .get_event_selectors()
                .trail_name(trail.arn())
                .send()
        })
        .await;
    let Some(answer) = absent(answer)? else {
        return Ok(None);
    };
    let (basics, advanceds) = (answer.event_selectors(), answer.advanced_event_selectors());
    let found = match (basics.is_empty(), advanceds.is_empty()) {
        (_, false) => EventSelectors::Advanced(advanceds.iter().map(advanced).collect()),
        (false, true) => EventSelectors::Basic(basics.iter().map(basic).collect()),
        // A trail always has some.
        (true, true) => return Err(api.empty("GetEventSelectors")),
    };
    Ok(Some(Document::Selectors(found)))
}

/// The trails that record in the Region, those among them that are at home elsewhere, or another account's of the organization.
pub(crate) async fn of_region(api: &CloudTrailApi<'_>) -> Result<Option<Document>, Failure> {
    let answer = api
        .read("DescribeTrails", |cloudtrail| {
            cloudtrail
                .describe_trails()
                .include_shadow_trails(true)
                .send()
        })
        .await?;
    let list = answer.trail_list;
    let list = list.ok_or_else(|| api.empty("DescribeTrails"))?;
    let seen = list.iter().filter_map(seen);
    Ok(Some(Document::Trails(SeenTrails(seen.collect()))))
}

fn seen(found: &Found) -> Option<SeenTrail> {
    let mut arn = found.trail_arn()?.splitn(6, ':');
    Some(SeenTrail {
        name: found.name()?.to_owned(),
        home: found.home_region()?.to_owned(),
        account: arn.nth(4)?.to_owned(),
    })
}
