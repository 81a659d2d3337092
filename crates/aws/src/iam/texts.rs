//! What all policies of a role and its permissions boundary say, policy by policy.

use std::collections::BTreeMap;

use s3ferry_core::ids::RoleName;
use s3ferry_core::model::kinds::{Policy, RolePolicies, RoleTexts};

use super::{IamApi, decoded, entity, policies, role};
use crate::failure::Failure;

/// Reads them; `None` where there is no role. A policy that goes while it is read says nothing.
pub(crate) async fn read(api: &IamApi<'_>, name: &RoleName) -> Result<Option<RoleTexts>, Failure> {
    let Some(role) = role::read(api, name).await? else {
        return Ok(None);
    };
    let Some(RolePolicies {
        inline: named,
        attached: arns,
    }) = policies::list(api, name).await?
    else {
        return Ok(None);
    };
    let (mut inline, mut attached) = (BTreeMap::new(), BTreeMap::new());
    for policy in named {
        if let Some(says) = policies::named(api, name, &policy).await? {
            inline.insert(policy, says);
        }
    }
    for arn in arns {
        if let Some(says) = managed(api, &arn).await? {
            attached.insert(arn, says);
        }
    }
    let boundary = match role.boundary {
        Some(arn) => {
            let says = managed(api, &arn).await?;
            Some((arn, says))
        }
        None => None,
    };
    Ok(Some(RoleTexts {
        inline,
        attached,
        boundary,
    }))
}

/// The default version of a managed policy, which is the one in effect (IAMUG:access_policies_managed-versioning).
async fn managed(api: &IamApi<'_>, arn: &str) -> Result<Option<Policy>, Failure> {
    let answer = api
        .read("GetPolicy", |iam| iam.get_policy().policy_arn(arn).send())
        .await;
    let Some(policy) = entity(answer)?.and_then(|answer| answer.policy) else {
        return Ok(None);
    };
    let Some(version) = policy.default_version_id() else {
        return Err(api.empty("GetPolicy"));
    };
    let answer = api
        .read("GetPolicyVersion", |iam| {
            iam.get_policy_version()
                .policy_arn(arn)
                .version_id(version)
                .send()
        })
        .await;
    let version = entity(answer)?.and_then(|answer| answer.policy_version);
    Ok(version.map(|of| decoded(of.document().unwrap_or_default())))
}
