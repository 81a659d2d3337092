//! A role: path, trust policy, tags, permissions boundary.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{AttachedPermissionsBoundary, Role as SdkRole, Tag};
use s3ferry_core::ids::{RoleName, SpecName};
use s3ferry_core::model::Document;
use s3ferry_core::model::kinds::{Policy, Role};
use s3ferry_core::model::target::ROLE_PATH;
use s3ferry_core::ownership::{described, description};

use super::{IamApi, decoded, entity, gone};
use crate::answer::pages::Pages;
use crate::failure::{Cause, Failure};

/// The most roles that IAM answers at once; pages wait for each other (BC:iam ListRoles MaxItems).
const PAGE: i32 = 1000;

/// The roles that may be s3ferry's: all under its path, and those elsewhere whose description says so, which were adopted; each
/// with the specs that its description names (ListRoles answers no tags, BC:iam ListRoles).
pub(crate) async fn list(
    api: &IamApi<'_>,
) -> Result<BTreeMap<RoleName, Option<BTreeSet<SpecName>>>, Failure> {
    let mut names = BTreeMap::new();
    let mut marker = None;
    let mut pages = Pages::default();
    loop {
        let page = api
            .read("ListRoles", |iam| {
                iam.list_roles()
                    .max_items(PAGE)
                    .set_marker(marker.clone())
                    .send()
            })
            .await?;
        // IAM gives no name that breaks its own rule; one that did could not be addressed anyway.
        names.extend(page.roles().iter().filter_map(|role| {
            let name = RoleName::new(role.role_name()).ok()?;
            let says = role.description().and_then(described);
            (role.path() == ROLE_PATH || says.is_some()).then_some((name, says))
        }));
        marker = pages
            .next(page.is_truncated, page.marker)
            .map_err(|endless| api.unreadable("ListRoles", endless))?;
        if marker.is_none() {
            return Ok(names);
        }
    }
}

pub(crate) async fn read(api: &IamApi<'_>, name: &RoleName) -> Result<Option<Role>, Failure> {
    let answer = entity(
        api.read("GetRole", |iam| {
            iam.get_role().role_name(name.as_str()).send()
        })
        .await,
    )?;
    let Some(answer) = answer else {
        return Ok(None);
    };
    let role = answer.role.ok_or_else(|| api.empty("GetRole"))?;
    Ok(Some(document(&role)))
}

fn document(role: &SdkRole) -> Role {
    Role {
        id: Some(role.role_id().to_owned()),
        path: role.path().to_owned(),
        trust: decoded(role.assume_role_policy_document().unwrap_or_default()),
        tags: tags(role.tags()),
        boundary: boundary(role.permissions_boundary()),
        description: role
            .description()
            .filter(|text| role.path() != ROLE_PATH && !text.is_empty())
            .map(str::to_owned),
    }
}

pub(super) fn tags(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter()
        .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
        .collect()
}

pub(super) fn boundary(of: Option<&AttachedPermissionsBoundary>) -> Option<String> {
    of.and_then(|of| of.permissions_boundary_arn())
        .map(str::to_owned)
}

/// Makes the role, marked by its path and tags from its first moment.
///
/// Where an earlier answer was lost, the role is there already: as wanted is success; if not as wanted, the caller
/// must read again.
pub(crate) async fn create(
    api: &IamApi<'_>,
    name: &RoleName,
    wanted: &Role,
) -> Result<(), Failure> {
    let Role {
        id: _,
        path,
        trust,
        tags,
        boundary,
        description: _, // It says what follows from the path and the tags: see `says`.
    } = wanted;
    let tags = to_sdk(api, "CreateRole", tags)?;
    match api
        .write("CreateRole", |iam| {
            iam.create_role()
                .role_name(name.as_str())
                .path(path)
                .set_description(says(wanted))
                .assume_role_policy_document(trust.text())
                .set_permissions_boundary(boundary.clone())
                .set_tags(Some(tags).filter(|tags| !tags.is_empty()))
                .send()
        })
        .await
    {
        Ok(_) => Ok(()),
        Err(failure) if failure.is(&["EntityAlreadyExists"]) => {
            settle(api, name, wanted, failure).await
        }
        Err(failure) => Err(failure),
    }
}

async fn settle(
    api: &IamApi<'_>,
    name: &RoleName,
    wanted: &Role,
    failure: Failure,
) -> Result<(), Failure> {
    let wanted = Document::Role(wanted.clone());
    if read(api, name)
        .await?
        .is_some_and(|found| Document::Role(found).same_meaning(&wanted))
    {
        return Ok(());
    }
    let detail = "a role of this name is there and differs from what was to be made".to_owned();
    let code = failure.code().unwrap_or_default().to_owned();
    Err(failure.because(Cause::Overtaken { code, detail }))
}

/// Sends only the calls whose part differs. Tags are added first and removed last, so that the role is never without
/// its marker.
pub(crate) async fn update(
    api: &IamApi<'_>,
    name: &RoleName,
    before: &Role,
    after: &Role,
) -> Result<(), Failure> {
    let Role {
        id: _,
        path,
        trust,
        tags,
        boundary,
        description: _, // See `describe`.
    } = after;
    if *path != before.path {
        let detail = format!("a role cannot move from path {} to {path}", before.path);
        return Err(api.refused("UpdateRole", detail));
    }
    // A list of roles must find a role as long as its tags are ours.
    let names_specs = says(after).is_some_and(|text| described(&text).is_some());
    if names_specs {
        describe(api, name, before, after).await?;
    }
    add_tags(api, name, &before.tags, tags).await?;
    if !same_policy(&before.trust, trust) {
        api.write("UpdateAssumeRolePolicy", |iam| {
            iam.update_assume_role_policy()
                .role_name(name.as_str())
                .policy_document(trust.text())
                .send()
        })
        .await?;
    }
    if *boundary != before.boundary {
        bound(api, name, boundary.as_deref()).await?;
    }
    remove_tags(api, name, &before.tags, tags).await?;
    if names_specs {
        Ok(())
    } else {
        describe(api, name, before, after).await
    }
}

/// What a role's description shall say: under our path it follows from the tags; elsewhere it was there before.
fn says(role: &Role) -> Option<String> {
    if role.path == ROLE_PATH {
        description(&role.tags)
    } else {
        role.description.clone()
    }
}

/// Lets the description say what it shall: before the tags, where it names the specs of them, for a list of roles must never say
/// that a role is another spec's while its tags say that it is ours. UpdateRole would set the session duration back
/// (BC:iam UpdateRole).
async fn describe(
    api: &IamApi<'_>,
    name: &RoleName,
    before: &Role,
    after: &Role,
) -> Result<(), Failure> {
    let (said, to_say) = (says(before), says(after));
    if said == to_say || (to_say.is_none() && after.path == ROLE_PATH) {
        return Ok(());
    }
    api.write("UpdateRoleDescription", |iam| {
        iam.update_role_description()
            .role_name(name.as_str())
            .description(to_say.clone().unwrap_or_default())
            .send()
    })
    .await
    .map(drop)
}

fn same_policy(one: &Policy, other: &Policy) -> bool {
    Document::RolePolicy(one.clone()).same_meaning(&Document::RolePolicy(other.clone()))
}

async fn add_tags(
    api: &IamApi<'_>,
    name: &RoleName,
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let mut added = after.clone();
    added.retain(|key, value| before.get(key) != Some(value));
    if added.is_empty() {
        return Ok(());
    }
    let tags = to_sdk(api, "TagRole", &added)?;
    api.write("TagRole", |iam| {
        iam.tag_role()
            .role_name(name.as_str())
            .set_tags(Some(tags))
            .send()
    })
    .await
    .map(drop)
}

async fn remove_tags(
    api: &IamApi<'_>,
    name: &RoleName,
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let removed: Vec<String> = before
        .keys()
        .filter(|key| !after.contains_key(*key))
        .cloned()
        .collect();
    if removed.is_empty() {
        return Ok(());
    }
    api.write("UntagRole", |iam| {
        iam.untag_role()
            .role_name(name.as_str())
            .set_tag_keys(Some(removed))
            .send()
    })
    .await
    .map(drop)
}

async fn bound(api: &IamApi<'_>, name: &RoleName, boundary: Option<&str>) -> Result<(), Failure> {
    let name = name.as_str();
    match boundary {
        Some(boundary) => api
            .write("PutRolePermissionsBoundary", |iam| {
                iam.put_role_permissions_boundary()
                    .role_name(name)
                    .permissions_boundary(boundary)
                    .send()
            })
            .await
            .map(drop),
        None => gone(
            api.write("DeleteRolePermissionsBoundary", |iam| {
                iam.delete_role_permissions_boundary()
                    .role_name(name)
                    .send()
            })
            .await,
        ),
    }
}

/// The role's policies must be gone before (BC:iam DeleteRole); the order is the engine's.
pub(crate) async fn delete(api: &IamApi<'_>, name: &RoleName) -> Result<(), Failure> {
    gone(
        api.write("DeleteRole", |iam| {
            iam.delete_role().role_name(name.as_str()).send()
        })
        .await,
    )
}

fn to_sdk(
    api: &IamApi<'_>,
    operation: &'static str,
    tags: &BTreeMap<String, String>,
) -> Result<Vec<Tag>, Failure> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    tags.iter()
        .map(tag)
        .collect::<Result<_, _>>()
        .map_err(|error| api.refused(operation, error))
}
