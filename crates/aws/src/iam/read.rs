//! Which call reads which part of an account or a role.

use s3ferry_core::ids::RoleName;
use s3ferry_core::model::{AccountPart, Document, RolePart};

use super::{IamApi, policies, role};
use crate::failure::Failure;

/// Reads a part of an account.
pub(crate) async fn account_part(
    api: &IamApi<'_>,
    part: AccountPart,
) -> Result<Option<Document>, Failure> {
    match part {
        AccountPart::Roles => Ok(Some(Document::Roles(role::list(api).await?))),
    }
}

/// Reads a part of a role.
pub(crate) async fn role_part(
    api: &IamApi<'_>,
    name: &RoleName,
    part: RolePart,
) -> Result<Option<Document>, Failure> {
    Ok(match part {
        RolePart::Itself => role::read(api, name).await?.map(Document::Role),
        RolePart::Policy => policies::read(api, name).await?.map(Document::RolePolicy),
        RolePart::Policies => policies::list(api, name).await?.map(Document::RolePolicies),
    })
}
