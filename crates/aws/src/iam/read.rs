//! Which call reads the list of roles, and which part of a role.

use s3ferry_core::ids::RoleName;
use s3ferry_core::model::{Document, RolePart};

use super::{IamApi, policies, role, texts};
use crate::failure::Failure;

/// Reads the roles of an account that may be s3ferry's.
pub(crate) async fn roles(api: &IamApi<'_>) -> Result<Option<Document>, Failure> {
    Ok(Some(Document::Roles(role::list(api).await?)))
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
        RolePart::Texts => texts::read(api, name).await?.map(Document::RoleTexts),
    })
}
