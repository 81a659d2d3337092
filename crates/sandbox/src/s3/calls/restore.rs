//! RestoreObject: a copy of what lies in an archive, for some days.

use http::{HeaderValue, StatusCode};
use s3s::dto::{RestoreObjectInput, RestoreObjectOutput, RestoreRequest};
use s3s::{S3Request, S3Response, S3Result};

use super::access::asker_of;
use super::find::find;
use crate::s3::errors::{STATUS, fault, invalid_argument, malformed_xml, not_modelled};
use crate::s3::rules::archive::{Tier, invalid_state, is_archived};
use crate::s3::state::dates::midnight_after;
use crate::s3::state::version::{Object, Restored};
use crate::s3::state::world::Store;

/// Answers RestoreObject: 202 for a new copy, 200 where one is there that stays longer now, 409 while one is on its way
/// (BC:s3 RestoreObject "Responses").
pub(crate) fn restore_object(
    store: &Store,
    request: S3Request<RestoreObjectInput>,
) -> S3Result<S3Response<RestoreObjectOutput>> {
    let asker = asker_of(&request.extensions);
    let input = request.input;
    let place = (input.bucket.as_str(), input.key.as_str());
    let found = find(store, &asker, place, input.version_id.as_deref())?;
    let (days, tier) = wanted(input.restore_request.as_ref())?;
    if !is_archived(&found.object) {
        let text = "Restore is not allowed for the object's current storage class";
        return Err(invalid_state(&found.object, text));
    }
    let (copy, status) = copy(store, &found.object, days, tier)?;
    let mut world = store.world();
    let bucket = world.bucket_mut(&input.bucket)?;
    let version = bucket.version_mut(&input.key, &found.version.id);
    if let Some(object) = version.and_then(|version| version.object.as_mut()) {
        object.restored = Some(Box::new(copy));
    }
    let mut response = S3Response::new(RestoreObjectOutput::default());
    let status = HeaderValue::from(status.as_u16());
    response.headers.insert(STATUS, status);
    Ok(response)
}

/// Days must be there, the tier is Standard by default (BC:s3 RestoreRequest).
fn wanted(request: Option<&RestoreRequest>) -> S3Result<(u64, Tier)> {
    let request = request.ok_or_else(malformed_xml)?;
    if request.output_location.is_some() || request.select_parameters.is_some() {
        return Err(not_modelled("restores to another place"));
    }
    let days = request.days.ok_or_else(malformed_xml)?;
    let days = u64::try_from(days).ok().filter(|days| *days > 0);
    let days = days.ok_or_else(|| invalid_argument("restoration days should be at least 1"))?;
    let job = request.glacier_job_parameters.as_ref();
    let named = job.map(|job| &job.tier).or(request.tier.as_ref());
    let tier = named.map_or(Some(Tier::Standard), |tier| Tier::parse(tier.as_str()));
    Ok((days, tier.ok_or_else(malformed_xml)?))
}

fn copy(store: &Store, object: &Object, days: u64, tier: Tier) -> S3Result<(Restored, StatusCode)> {
    let now = store.environment.clock.now();
    let Some(takes) = tier.takes(&object.storage_class) else {
        // The words are seen, the code is unverified.
        let text = "Retrieval option is not supported by this storage class";
        return Err(invalid_argument(text));
    };
    let known = object.restored.as_deref();
    let known = known.filter(|copy| now < copy.expires);
    match known {
        // Days count from the restore that is asked for now.
        Some(copy) if copy.ready <= now => {
            let expires = midnight_after(now, days);
            Ok((Restored { expires, ..*copy }, StatusCode::OK))
        }
        // A faster tier takes the place of a slower one (UG:restoring-objects-upgrade-tier).
        Some(copy) if now + takes >= copy.ready => {
            let text = "Object restore is already in progress";
            Err(fault(409, "RestoreAlreadyInProgress", text))
        }
        Some(_) | None => {
            let ready = now + takes;
            let expires = midnight_after(ready, days);
            Ok((Restored { ready, expires }, StatusCode::ACCEPTED))
        }
    }
}
