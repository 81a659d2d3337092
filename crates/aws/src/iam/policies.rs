//! A role's policies: the one inline policy that is s3ferry's, and the names of all.

use std::collections::BTreeSet;

use s3ferry_core::ids::RoleName;
use s3ferry_core::model::kinds::{Policy, RolePolicies, RolePolicyName};
use s3ferry_core::model::target::ROLE_POLICY_NAME;

use super::{IamApi, decoded, entity, gone};
use crate::answer::pages::Pages;
use crate::failure::Failure;

pub(crate) async fn read(api: &IamApi<'_>, role: &RoleName) -> Result<Option<Policy>, Failure> {
    named(api, role, ROLE_POLICY_NAME).await
}

/// An inline policy of a role.
pub(super) async fn named(
    api: &IamApi<'_>,
    role: &RoleName,
    policy: &str,
) -> Result<Option<Policy>, Failure> {
    let answer = entity(
        api.read("GetRolePolicy", |iam| {
            iam.get_role_policy()
                .role_name(role.as_str())
                .policy_name(policy)
                .send()
        })
        .await,
    )?;
    Ok(answer.map(|answer| decoded(answer.policy_document())))
}

pub(crate) async fn put(api: &IamApi<'_>, role: &RoleName, policy: &Policy) -> Result<(), Failure> {
    api.write("PutRolePolicy", |iam| {
        iam.put_role_policy()
            .role_name(role.as_str())
            .policy_name(ROLE_POLICY_NAME)
            .policy_document(policy.text())
            .send()
    })
    .await
    .map(drop)
}

pub(crate) async fn delete(api: &IamApi<'_>, role: &RoleName) -> Result<(), Failure> {
    delete_named(api, role, ROLE_POLICY_NAME).await
}

async fn delete_named(api: &IamApi<'_>, role: &RoleName, policy: &str) -> Result<(), Failure> {
    gone(
        api.write("DeleteRolePolicy", |iam| {
            iam.delete_role_policy()
                .role_name(role.as_str())
                .policy_name(policy)
                .send()
        })
        .await,
    )
}

async fn detach(api: &IamApi<'_>, role: &RoleName, arn: &str) -> Result<(), Failure> {
    gone(
        api.write("DetachRolePolicy", |iam| {
            iam.detach_role_policy()
                .role_name(role.as_str())
                .policy_arn(arn)
                .send()
        })
        .await,
    )
}

/// Takes from a role the policies of others that it had before and shall not have: an inline one is deleted, a managed one is
/// only detached.
pub(crate) async fn remove_others(
    api: &IamApi<'_>,
    role: &RoleName,
    before: &RolePolicies,
    after: &RolePolicies,
) -> Result<(), Failure> {
    for (_, name) in before.placed() {
        match &name {
            RolePolicyName::Inline(policy) if !after.inline.contains(policy) => {
                delete_named(api, role, policy).await?;
            }
            RolePolicyName::Attached(arn) if !after.attached.contains(arn) => {
                detach(api, role, arn).await?;
            }
            RolePolicyName::Inline(_) | RolePolicyName::Attached(_) => {}
        }
    }
    Ok(())
}

/// The names of all policies of a role; `None` where there is no role.
pub(crate) async fn list(
    api: &IamApi<'_>,
    role: &RoleName,
) -> Result<Option<RolePolicies>, Failure> {
    let (inline, attached) =
        futures::future::try_join(inline(api, role), attached(api, role)).await?;
    Ok(inline
        .zip(attached)
        .map(|(inline, attached)| RolePolicies { inline, attached }))
}

async fn inline(api: &IamApi<'_>, role: &RoleName) -> Result<Option<BTreeSet<String>>, Failure> {
    let mut names = BTreeSet::new();
    let mut marker = None;
    let mut pages = Pages::default();
    loop {
        let answer = entity(
            api.read("ListRolePolicies", |iam| {
                iam.list_role_policies()
                    .role_name(role.as_str())
                    .set_marker(marker.clone())
                    .send()
            })
            .await,
        )?;
        let Some(page) = answer else { return Ok(None) };
        names.extend(page.policy_names);
        marker = pages
            .next(page.is_truncated, page.marker)
            .map_err(|endless| api.unreadable("ListRolePolicies", endless))?;
        if marker.is_none() {
            return Ok(Some(names));
        }
    }
}

async fn attached(api: &IamApi<'_>, role: &RoleName) -> Result<Option<BTreeSet<String>>, Failure> {
    let mut arns = BTreeSet::new();
    let mut marker = None;
    let mut pages = Pages::default();
    loop {
        let answer = api
            .read("ListAttachedRolePolicies", |iam| {
                iam.list_attached_role_policies()
                    .role_name(role.as_str())
                    .set_marker(marker.clone())
                    .send()
            })
            .await;
        let Some(page) = entity(answer)? else {
            return Ok(None);
        };
        arns.extend(
            page.attached_policies()
                .iter()
                .filter_map(|of| of.policy_arn())
                .map(str::to_owned),
        );
        marker = pages
            .next(page.is_truncated, page.marker)
            .map_err(|endless| api.unreadable("ListAttachedRolePolicies", endless))?;
        if marker.is_none() {
            return Ok(Some(arns));
        }
    }
}
