//! Keys: made, shown, listed, switched off and on, and given up.

use std::time::Duration;

use serde_json::json;

use super::access::Extra;
use super::call::{Answer, Call};
use super::errors::{fault, invalid, limit};
use super::metadata::{metadata, seconds, specs, usages};
use super::policies::{checked, default_policy};
use super::state::{Key, Status};
use super::tags::{self, Tags};
use super::vault::{is_disabled, is_pending};
use crate::authority::request_tags;
use crate::wire::Refusal;

/// The most keys of an account in a Region (KMS Developer Guide, "Resource quotas").
const KEYS: usize = 100_000;

const DAY: Duration = Duration::from_secs(24 * 3600);

pub(crate) fn create(call: &Call<'_>) -> Answer {
    let bypasses = call.flag("BypassPolicyLockoutSafetyCheck")?;
    let tags = tags::read(call)?;
    let key = new_key(call, tags)?;
    let mut others = vec![
        ("kms:KeySpec", key.spec.clone()),
        ("kms:KeyUsage", key.usage.clone()),
        ("kms:KeyOrigin", "AWS_KMS".to_owned()),
        ("kms:MultiRegion", key.multi_region.to_string()),
        ("kms:BypassPolicyLockoutSafetyCheck", bypasses.to_string()),
    ];
    let named = request_tags(&key.tags);
    others.extend(
        named
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone())),
    );
    let extra = Extra {
        others,
        ..Extra::default()
    };
    call.may_here("*", extra)?;
    if !key.tags.is_empty() {
        may_tag(call, &named)?;
    }
    let key = Key {
        policy: match call.text("Policy")? {
            Some(policy) => checked(call, &key, policy, bypasses)?,
            None => default_policy(&call.here.account),
        },
        ..key
    };
    let shown = metadata(&key);
    let mut state = call.kms.state();
    let store = state.store_mut(&call.here);
    if store.keys.len() >= KEYS {
        return Err(limit(format!(
            "The account has {KEYS} keys in this Region."
        )));
    }
    store.keys.insert(key.id.clone(), key);
    Ok(Some(json!({ "KeyMetadata": shown })))
}

/// What is made with tags asks for the permission to tag (BC:kms CreateKey "Required permissions").
fn may_tag(call: &Call<'_>, named: &[(String, String)]) -> Result<(), Refusal> {
    let others = named
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()));
    let tagging = Call {
        operation: "TagResource",
        here: call.here.clone(),
        ..*call
    };
    tagging.may_here(
        "*",
        Extra {
            others: others.collect(),
            ..Extra::default()
        },
    )
}

fn new_key(call: &Call<'_>, tags: Tags) -> Result<Key, Refusal> {
    let (spec, usage) = kind(call)?;
    if !matches!(call.text("Origin")?, None | Some("AWS_KMS")) {
        let message = "The sandbox makes keys with material of KMS only.";
        return Err(super::errors::unsupported(message));
    }
    let multi_region = call.flag("MultiRegion")?;
    let uuid = call.kms.ids().uuid();
    Ok(Key {
        id: if multi_region {
            format!("mrk-{}", uuid.replace('-', ""))
        } else {
            uuid
        },
        place: call.here.clone(),
        created: call.kms.now(),
        description: call.short("Description", 8192)?.to_owned(),
        spec,
        usage,
        multi_region,
        managed: false,
        status: Status::Enabled,
        policy: String::new(),
        tags,
        rotation: None,
    })
}

fn kind(call: &Call<'_>) -> Result<(String, String), Refusal> {
    let spec = match call.text("KeySpec")? {
        Some(spec) => Some(spec),
        None => call.text("CustomerMasterKeySpec")?,
    };
    let spec = spec.unwrap_or("SYMMETRIC_DEFAULT");
    let Some(usages) = usages(spec) else {
        let must = format!("satisfy enum value set: [{}]", specs());
        return Err(invalid(Some(spec), "KeySpec", &must));
    };
    let usage = match (call.text("KeyUsage")?, usages) {
        (Some(usage), _) => usage,
        (None, ["ENCRYPT_DECRYPT"]) => "ENCRYPT_DECRYPT",
        (None, _) => {
            let message = "You must specify a KeyUsage value for an asymmetric KMS key.";
            return Err(fault("ValidationException", message));
        }
    };
    if !usages.contains(&usage) {
        let message = format!("KeyUsage {usage} is not compatible with KeySpec {spec}");
        return Err(fault("ValidationException", message));
    }
    Ok((spec.to_owned(), usage.to_owned()))
}

pub(crate) fn describe(call: &Call<'_>) -> Answer {
    let mut state = call.kms.state();
    let key = call.any_key(&mut state, "KeyId", call.operation, Extra::default())?;
    Ok(Some(json!({ "KeyMetadata": metadata(&key) })))
}

pub(crate) fn list(call: &Call<'_>) -> Answer {
    call.may_here("*", Extra::default())?;
    let state = call.kms.state();
    let keys = state.store(&call.here).into_iter();
    let keys = keys.flat_map(|store| store.keys.values());
    let entries = keys.map(|key| {
        let entry = json!({ "KeyId": key.id, "KeyArn": key.arn() });
        (key.id.clone(), entry)
    });
    call.page("Keys", (100, 1000), entries)
}

pub(crate) fn enable(call: &Call<'_>) -> Answer {
    change(call, |key| {
        is_pending(key)?;
        key.status = Status::Enabled;
        Ok(())
    })
}

pub(crate) fn disable(call: &Call<'_>) -> Answer {
    change(call, |key| {
        is_pending(key)?;
        key.status = Status::Disabled;
        Ok(())
    })
}

pub(crate) fn describe_anew(call: &Call<'_>) -> Answer {
    let description = call.short("Description", 8192)?.to_owned();
    change(call, |key| {
        is_pending(key)?;
        key.description = description;
        Ok(())
    })
}

/// Changes a key and answers nothing.
pub(crate) fn change(
    call: &Call<'_>,
    edit: impl FnOnce(&mut Key) -> Result<(), Refusal>,
) -> Answer {
    let mut state = call.kms.state();
    let Key { place, id, .. } = call.own_key(&state)?;
    match state.key_mut(&place, &id) {
        Some(key) => edit(key).map(|()| None),
        None => Ok(None),
    }
}

/// The key goes after seven to thirty days (BC:kms ScheduleKeyDeletion), on the sandbox's clock.
pub(crate) fn schedule_deletion(call: &Call<'_>) -> Answer {
    let days = call.number("PendingWindowInDays", 7, 30)?.unwrap_or(30);
    let mut state = call.kms.state();
    let key = call.own_key(&state)?;
    is_pending(&key)?;
    let at = call.kms.now() + DAY * u32::try_from(days).unwrap_or(30);
    if let Some(key) = state.key_mut(&key.place, &key.id) {
        key.status = Status::PendingDeletion { at, days };
    }
    state.will_go(at);
    Ok(Some(json!({
        "KeyId": key.arn(), "DeletionDate": seconds(at), "KeyState": "PendingDeletion",
        "PendingWindowInDays": days,
    })))
}

/// A key that is kept after all is disabled (BC:kms CancelKeyDeletion).
pub(crate) fn cancel_deletion(call: &Call<'_>) -> Answer {
    let mut state = call.kms.state();
    let key = call.own_key(&state)?;
    let arn = key.arn();
    if !matches!(key.status, Status::PendingDeletion { .. }) {
        let message = format!("{arn} is not pending deletion.");
        return Err(fault("KMSInvalidStateException", message));
    }
    if let Some(key) = state.key_mut(&key.place, &key.id) {
        key.status = Status::Disabled;
    }
    Ok(Some(json!({ "KeyId": arn })))
}

/// Refuses a key that cannot be worked with now.
pub(crate) fn fit(key: &Key) -> Result<(), Refusal> {
    is_pending(key)?;
    is_disabled(key)?;
    Ok(())
}
