//! IAM's simulator: what the policies of a caller say of calls that are yet to be made.
//!
//! It knows the policies of the principal, its boundary and the organisation's; not those of resources, which may allow more, and
//! not those of a session (IAMUG:access_policies_testing-policies).

use aws_sdk_iam::types::{
    ContextEntry, ContextKeyTypeEnum, EvaluationResult, PolicyEvaluationDecisionType,
};
use futures::future::try_join_all;
use s3ferry_core::permissions::Asked;

use super::IamApi;
use crate::answer::pages::Pages;
use crate::failure::Failure;

/// The most answers of a page; pages wait for each other (BC:iam SimulatePrincipalPolicy MaxItems).
const PAGE: i32 = 1000;

/// A call that the caller's policies do not allow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    /// The IAM action.
    pub action: String,
    /// What it was checked against.
    pub resource: String,
    /// Whether a policy denies it, so that no other policy can allow it.
    pub denied: bool,
}

/// The principal behind an ARN, as the simulator names it; none of what it does not take: the account's root and federated users.
/// STS does not tell the path of a role that is assumed: IAM is asked for it.
pub(crate) async fn principal(api: &IamApi<'_>, caller: &str) -> Result<Option<String>, Failure> {
    let Some((_, resource)) = caller.rsplit_once(':') else {
        return Ok(None);
    };
    let role = resource.strip_prefix("assumed-role/");
    let Some(name) = role.and_then(|rest| rest.split('/').next()) else {
        let is_taken = resource.starts_with("user/") || resource.starts_with("role/");
        return Ok(is_taken.then(|| caller.to_owned()));
    };
    let answer = api
        .read("GetRole", |iam| iam.get_role().role_name(name).send())
        .await?;
    Ok(answer.role.map(|role| role.arn))
}

/// What of these calls the principal's policies refuse. Where a condition asks for a key that is not known here, nothing is said.
pub(crate) async fn refused(
    api: &IamApi<'_>,
    principal: &str,
    asked: &[Asked],
) -> Result<Vec<Refused>, Failure> {
    let each = asked.iter().map(|one| of_one(api, principal, one));
    let all = try_join_all(each).await?;
    let mut refused: Vec<Refused> = all.into_iter().flatten().collect();
    refused.sort();
    refused.dedup();
    Ok(refused)
}

async fn of_one(api: &IamApi<'_>, principal: &str, asked: &Asked) -> Result<Vec<Refused>, Failure> {
    let context = asked.context.as_ref().map(|(key, values)| {
        ContextEntry::builder()
            .context_key_name(key)
            .set_context_key_values(Some(values.clone()))
            .context_key_type(ContextKeyTypeEnum::StringList)
            .build()
    });
    let mut refused = Vec::new();
    let mut marker = None;
    let mut pages = Pages::default();
    loop {
        let page = api
            .read("SimulatePrincipalPolicy", |iam| {
                let actions = asked.actions.iter().map(|of| (*of).to_owned());
                iam.simulate_principal_policy()
                    .policy_source_arn(principal)
                    .set_action_names(Some(actions.collect()))
                    .set_resource_arns(Some(asked.resources.clone()))
                    .set_context_entries(context.clone().map(|entry| vec![entry]))
                    .max_items(PAGE)
                    .set_marker(marker.clone())
                    .send()
            })
            .await?;
        refused.extend(page.evaluation_results().iter().filter_map(told));
        marker = pages
            .next(page.is_truncated, page.marker)
            .map_err(|endless| api.unreadable("SimulatePrincipalPolicy", endless))?;
        if marker.is_none() {
            return Ok(refused);
        }
    }
}

fn told(result: &EvaluationResult) -> Option<Refused> {
    let denied = match result.eval_decision() {
        PolicyEvaluationDecisionType::ExplicitDeny => true,
        PolicyEvaluationDecisionType::ImplicitDeny => false,
        // Allowed, or a word that is not known.
        _ => return None,
    };
    (denied || result.missing_context_values().is_empty()).then(|| Refused {
        action: result.eval_action_name().to_owned(),
        resource: result.eval_resource_name().unwrap_or("*").to_owned(),
        denied,
    })
}
