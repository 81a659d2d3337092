//! KMS: what a key is, its one policy, and its grants.
//!
//! A key's policy is answered to callers of its own account only (BC:kms GetKeyPolicy, "Cross-account use: No"), so each key is
//! asked for with the credentials of its account, in its own Region.

use aws_sdk_kms::Client;
use aws_sdk_kms::types::{GrantListEntry, GrantOperation};
use aws_types::SdkConfig;
use aws_types::region::Region as SdkRegion;
use s3ferry_core::ids::Region;
use s3ferry_core::model::kinds::{Grants, Key, Policy};
use s3ferry_core::model::{Document, KeyPart, KeyRef, Kind};
use s3ferry_core::policy::{Grant, PolicyDocument};
use s3ferry_engine::ports::WriteChange;

use crate::answer::nothing::absent;
use crate::answer::pages::Pages;
use crate::answer::whole::Whole;
use crate::api::Api;
use crate::failure::Failure;
use crate::service::SdkClient;

/// The calls on one key.
pub(crate) type KeyApi<'a> = Api<'a, Client, KeyRef>;

impl SdkClient for Client {
    const SERVICE: &'static str = "kms";

    fn connect(config: &SdkConfig, region: Option<&Region>) -> Self {
        let mut builder = aws_sdk_kms::config::Builder::from(config).interceptor(Whole);
        if let Some(region) = region {
            builder = builder.region(SdkRegion::new(region.as_str().to_owned()));
        }
        Self::from_conf(builder.build())
    }
}

/// The name of the one policy that a key has (BC:kms PutKeyPolicy PolicyName: "The only valid value is default").
const POLICY_NAME: &str = "default";

/// Reads a part of a key.
pub(crate) async fn read(api: &KeyApi<'_>, part: KeyPart) -> Result<Option<Document>, Failure> {
    match part {
        KeyPart::Itself => itself(api).await,
        KeyPart::Policy => policy(api).await,
        KeyPart::Grants => grants(api).await,
    }
}

async fn itself(api: &KeyApi<'_>) -> Result<Option<Document>, Failure> {
    let answer = api
        .read("DescribeKey", |kms| {
            kms.describe_key().key_id(api.at.arn()).send()
        })
        .await;
    let Some(answer) = absent(answer)? else {
        return Ok(None);
    };
    let lacking = |what| api.unreadable("DescribeKey", format!("the answer lacks {what}"));
    let key = answer
        .key_metadata
        .ok_or_else(|| api.empty("DescribeKey"))?;
    if key.arn() != Some(api.at.arn().as_str()) {
        return Err(api.unreadable("DescribeKey", "the answer is of another key"));
    }
    let (state, spec) = (key.key_state(), key.key_spec());
    let (usage, manager) = (key.key_usage(), key.key_manager());
    Ok(Some(Document::Key(Key {
        state: state
            .ok_or_else(|| lacking("KeyState"))?
            .as_str()
            .to_owned(),
        spec: spec.ok_or_else(|| lacking("KeySpec"))?.as_str().to_owned(),
        usage: usage
            .ok_or_else(|| lacking("KeyUsage"))?
            .as_str()
            .to_owned(),
        manager: manager
            .ok_or_else(|| lacking("KeyManager"))?
            .as_str()
            .to_owned(),
        multi_region: key.multi_region().unwrap_or(false),
    })))
}

async fn policy(api: &KeyApi<'_>) -> Result<Option<Document>, Failure> {
    let answer = api
        .read("GetKeyPolicy", |kms| {
            kms.get_key_policy()
                .key_id(api.at.arn())
                .policy_name(POLICY_NAME)
                .send()
        })
        .await;
    let Some(answer) = absent(answer)? else {
        return Ok(None);
    };
    let policy = Policy::read(answer.policy.unwrap_or_default());
    if policy.text().trim().is_empty() {
        return Err(api.empty("GetKeyPolicy"));
    }
    let is_object = policy.text().trim_start().starts_with('{');
    if !is_object || policy.document().is_some_and(PolicyDocument::is_empty) {
        return Err(api.unreadable("GetKeyPolicy", "the answer is no policy"));
    }
    Ok(Some(Document::KeyPolicy(policy)))
}

/// How many pages of a hundred grants are looked at: a key that disks are encrypted with may have 50,000 (KMS Developer Guide,
/// "Resource quotas").
const GRANT_PAGES: usize = 20;

/// What S3 asks of keys.
const OF_S3: [GrantOperation; 3] = [
    GrantOperation::Decrypt,
    GrantOperation::Encrypt,
    GrantOperation::GenerateDataKey,
];

async fn grants(api: &KeyApi<'_>) -> Result<Option<Document>, Failure> {
    let mut grants = Grants::default();
    let mut marker: Option<String> = None;
    let mut pages = Pages::default();
    for _ in 0..GRANT_PAGES {
        let answer = api
            .read("ListGrants", |kms| {
                kms.list_grants()
                    .key_id(api.at.arn())
                    .limit(100)
                    .set_marker(marker.clone())
                    .send()
            })
            .await;
        let Some(answer) = absent(answer)? else {
            return Ok(None);
        };
        let found = answer.grants.ok_or_else(|| api.empty("ListGrants"))?;
        grants.all.extend(found.iter().filter_map(grant));
        marker = pages
            .next(answer.truncated, answer.next_marker)
            .map_err(|endless| api.unreadable("ListGrants", endless))?;
        grants.has_more = marker.is_some();
        if marker.is_none() {
            break;
        }
    }
    Ok(Some(Document::Grants(grants)))
}

/// A grant to a role, of what S3 asks of keys: others let nobody replicate.
fn grant(of: &GrantListEntry) -> Option<Grant> {
    let grantee = of.grantee_principal().filter(|of| of.contains(":role/"))?;
    let mut operations = of.operations().iter();
    if !operations.any(|of| OF_S3.contains(of)) {
        return None;
    }
    let constraints = of.constraints();
    let equals = constraints.and_then(|of| of.encryption_context_equals());
    let subset = constraints.and_then(|of| of.encryption_context_subset());
    let pairs = equals.into_iter().chain(subset).flatten();
    Some(Grant {
        grantee: grantee.to_owned(),
        operations: of
            .operations()
            .iter()
            .map(|of| of.as_str().to_owned())
            .collect(),
        context: pairs
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    })
}

/// Writes a part of a key. KMS's own check that the caller is not locked out stays on.
pub(crate) async fn write(
    api: &KeyApi<'_>,
    part: KeyPart,
    change: WriteChange<'_>,
) -> Result<(), Failure> {
    match (part, change.after) {
        (KeyPart::Policy, Some(Document::KeyPolicy(policy))) => api
            .write("PutKeyPolicy", |kms| {
                kms.put_key_policy()
                    .key_id(api.at.arn())
                    .policy_name(POLICY_NAME)
                    .policy(policy.text())
                    .send()
            })
            .await
            .map(drop),
        (KeyPart::Policy, None) => Err(api.refused("Write", "a key always has a policy")),
        (other, after) => Err(api.misfit(Kind::Key(other), after)),
    }
}
