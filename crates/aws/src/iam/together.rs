//! Roles read together: `GetAccountAuthorizationDetails` answers for all roles of an account what four calls answer for one.
//!
//! It is a permission on the whole account, which a caller need not have, and its pages come one after the other; so it is
//! asked where it pays, and whatever it cannot answer is read one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput;
use aws_sdk_iam::types::{EntityType, PolicyDetail, RoleDetail};
use s3ferry_core::model::kinds::{Policy, Role, RolePolicies};
use s3ferry_core::model::target::{ROLE_PATH, ROLE_POLICY_NAME};
use s3ferry_core::model::{Document, RolePart, Target};
use s3ferry_engine::ports::Class;

use super::{IamApi, decoded, role};
use crate::answer::pages::Pages;
use crate::failure::Failure;

/// The most entries that IAM answers at once; it may answer fewer (BC:iam GetAccountAuthorizationDetails MaxItems).
const PAGE: i32 = 1000;

/// How many single calls a page stands for: what 16 calls at once, the limit at first, answer in one round trip. More pages
/// than that would be slower than the calls that they replace.
const CALLS_A_PAGE: usize = 16;

/// Pages that must be worth their while before the first is asked for: a page of an account's roles weighs more than the
/// documents of a few. With four calls a role that is eight roles.
const LEAST: usize = 2;

/// Whether roles of an account are read together; the reason why not, once there is one.
#[derive(Debug, Default)]
pub(crate) struct Together(OnceLock<String>);

impl Together {
    /// Why roles of this account were read one by one.
    pub(crate) fn why_not(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }

    fn stop(&self, why: String) {
        // Whoever comes second found the same.
        let _ = self.0.set(why);
    }

    /// What the account's list answers of these parts of roles: for all of them, or for none.
    pub(crate) async fn read(
        &self,
        api: &IamApi<'_>,
        asked: &[&Target],
    ) -> Vec<(Target, Option<Document>)> {
        let asked: Vec<_> = asked.iter().filter_map(|target| of_role(target)).collect();
        let calls = asked
            .iter()
            .map(|(target, _, _)| target.kind().facts().read.len());
        let worth = calls.sum::<usize>() / CALLS_A_PAGE;
        if worth < LEAST || self.why_not().is_some() {
            return Vec::new();
        }
        let names = asked.iter().map(|(_, name, _)| name.clone()).collect();
        match list(api, &names, worth).await {
            Ok(Some(found)) => asked
                .into_iter()
                .filter_map(|(target, name, part)| {
                    let document = match found.get(&name) {
                        Some(role) => role.part(part)?,
                        None => None,
                    };
                    Some((target.clone(), document))
                })
                .collect(),
            Ok(None) => {
                self.stop(format!("the account's list has more than {worth} pages"));
                Vec::new()
            }
            Err(failure) => {
                self.stop(refusal(&failure));
                Vec::new()
            }
        }
    }
}

/// In words; a denial is no failure of the run, because nothing is missing without this permission.
fn refusal(failure: &Failure) -> String {
    match crate::classify::class(failure.facts()) {
        Class::Denied => "iam:GetAccountAuthorizationDetails is not allowed".to_owned(),
        _ => "iam:GetAccountAuthorizationDetails gave no answer".to_owned(),
    }
}

/// A part of a role, by the role's name as IAM tells names apart: without regard to case (BC:iam CreateRole).
fn of_role<'a>(target: &&'a Target) -> Option<(&'a Target, String, RolePart)> {
    match target {
        Target::Role(of, part) => Some((target, of.name.as_str().to_lowercase(), *part)),
        Target::Bucket(..) | Target::Account(..) | Target::Key(..) => None,
        Target::Region(..) | Target::Alarm(..) | Target::Topic(..) | Target::Trail(..) => None,
    }
}

/// What is there under these names; `None` where that takes more pages than it is worth.
async fn list(
    api: &IamApi<'_>,
    names: &BTreeSet<String>,
    worth: usize,
) -> Result<Option<BTreeMap<String, Found>>, Failure> {
    let mut found = BTreeMap::new();
    let mut marker = None;
    let mut pages = Pages::default();
    for _ in 0..worth {
        let page = page(api, marker).await?;
        for role in page.role_detail_list() {
            let name = role.role_name().unwrap_or_default().to_lowercase();
            if names.contains(&name) {
                found.insert(name, Found::of(role));
            }
        }
        marker = pages
            .next(page.is_truncated, page.marker)
            .map_err(|endless| api.unreadable("GetAccountAuthorizationDetails", endless))?;
        if marker.is_none() {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

async fn page(
    api: &IamApi<'_>,
    marker: Option<String>,
) -> Result<GetAccountAuthorizationDetailsOutput, Failure> {
    api.read("GetAccountAuthorizationDetails", |iam| {
        iam.get_account_authorization_details()
            .filter(EntityType::Role)
            .max_items(PAGE)
            .set_marker(marker.clone())
            .send()
    })
    .await
}

/// A role with all that s3ferry reads of it.
struct Found {
    role: Role,
    policy: Option<Policy>,
    policies: RolePolicies,
}

impl Found {
    fn of(role: &RoleDetail) -> Self {
        let inline = role.role_policy_list();
        let ours = |policy: &&PolicyDetail| policy.policy_name() == Some(ROLE_POLICY_NAME);
        let names = inline.iter().filter_map(PolicyDetail::policy_name);
        let attached = role.attached_managed_policies().iter();
        Self {
            role: Role {
                id: role.role_id().map(str::to_owned),
                path: role.path().unwrap_or_default().to_owned(),
                trust: decoded(role.assume_role_policy_document().unwrap_or_default()),
                tags: role::tags(role.tags()),
                boundary: role::boundary(role.permissions_boundary()),
                description: None, // It is not among the details; see `part`.
            },
            policy: inline
                .iter()
                .find(ours)
                .map(|policy| decoded(policy.policy_document().unwrap_or_default())),
            policies: RolePolicies {
                inline: names.map(str::to_owned).collect(),
                attached: attached
                    .filter_map(|policy| policy.policy_arn())
                    .map(str::to_owned)
                    .collect(),
            },
        }
    }

    /// What a part holds; no answer for a role outside our path, whose description is not among the details.
    fn part(&self, part: RolePart) -> Option<Option<Document>> {
        match part {
            RolePart::Itself => {
                let is_ours = self.role.path == ROLE_PATH;
                is_ours.then(|| Some(Document::Role(self.role.clone())))
            }
            RolePart::Policy => Some(self.policy.clone().map(Document::RolePolicy)),
            RolePart::Policies => Some(Some(Document::RolePolicies(self.policies.clone()))),
            // Managed policies are asked for one by one.
            RolePart::Texts => None,
        }
    }
}
