//! Which calls bring a part of a role to what a document says: the fewest that do.

use s3ferry_core::ids::RoleName;
use s3ferry_core::model::kinds::Role;
use s3ferry_core::model::{Document, Kind, RolePart};
use s3ferry_engine::ports::WriteChange;

use super::{IamApi, policies, role};
use crate::failure::Failure;

/// Writes a part of a role.
pub(crate) async fn role_part(
    api: &IamApi<'_>,
    name: &RoleName,
    part: RolePart,
    change: WriteChange<'_>,
) -> Result<(), Failure> {
    match (part, change.after) {
        (RolePart::Itself, Some(Document::Role(after))) => {
            kept(api, name, change.before, after).await
        }
        (RolePart::Itself, None) => role::delete(api, name).await,
        (RolePart::Policy, Some(Document::RolePolicy(after))) => {
            policies::put(api, name, after).await
        }
        (RolePart::Policy, None) => policies::delete(api, name).await,
        (RolePart::Policies, Some(Document::RolePolicies(after))) => match change.before {
            Some(Document::RolePolicies(before)) => {
                policies::remove_others(api, name, before, after).await
            }
            before => Err(api.misfit(Kind::Role(part), before)),
        },
        (other, after) => Err(api.misfit(Kind::Role(other), after)),
    }
}

async fn kept(
    api: &IamApi<'_>,
    name: &RoleName,
    before: Option<&Document>,
    after: &Role,
) -> Result<(), Failure> {
    match before {
        Some(Document::Role(before)) => role::update(api, name, before, after).await,
        _ => role::create(api, name, after).await,
    }
}
