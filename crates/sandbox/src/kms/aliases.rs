//! Aliases: other names of keys, which may be given to another key.

use serde_json::json;

use super::access::Extra;
use super::call::{Answer, Call};
use super::errors::{fault, invalid, limit, not_found};
use super::metadata::seconds;
use super::names::{Name, Of};
use super::state::{Alias, Key, State};
use super::vault::is_pending;
use crate::vault::Unusable;
use crate::wire::Refusal;

/// The most aliases of a key (KMS Developer Guide, "Resource quotas").
const ALIASES: usize = 50;

/// Reads the name of an alias that is to be changed.
fn alias_name<'a>(call: &Call<'a>) -> Result<&'a str, Refusal> {
    let name = call.required("AliasName")?;
    if name.chars().count() > 256 {
        return Err(invalid(
            Some(name),
            "AliasName",
            "have length less than or equal to 256",
        ));
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-".contains(&byte);
    let Some(rest) = name.strip_prefix("alias/") else {
        let message = "Alias must start with the prefix \"alias/\". Please see \
                       http://docs.aws.amazon.com/kms/latest/developerguide/programming-aliases.html";
        return Err(fault("ValidationException", message));
    };
    if rest.is_empty() || !rest.bytes().all(fits) {
        let must = "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$";
        return Err(invalid(Some(name), "AliasName", must));
    }
    if rest.starts_with("aws/") {
        return Err(fault("NotAuthorizedException", ""));
    }
    Ok(name)
}

/// Finds the key that an alias is to name: one of the same account and Region, not an alias.
fn target(call: &Call<'_>, state: &State) -> Result<Key, Refusal> {
    let text = call.required("TargetKeyId")?;
    let name = Name::read(text, &call.here)?;
    if matches!(name.of, Of::Alias(_)) {
        return Err(fault(
            "ValidationException",
            "Aliases must refer to keys. Not aliases",
        ));
    }
    let id = name.find(state)?;
    let key = state.key(&name.place, &id).cloned();
    let missing = || Unusable::NotFound(format!("Invalid keyId {text}"));
    let key = key.ok_or_else(missing)?;
    call.may(state, call.operation, &key, Extra::default())?;
    is_pending(&key)?;
    Ok(key)
}

fn check_count(state: &State, key: &Key) -> Result<(), Refusal> {
    let store = state.store(&key.place);
    let count = store.map_or(0, |store| store.aliases_of(&key.id).count());
    if count >= ALIASES {
        return Err(limit(format!("The key has {ALIASES} aliases.")));
    }
    Ok(())
}

pub(crate) fn create(call: &Call<'_>) -> Answer {
    let name = alias_name(call)?;
    let arn = call.here.arn("kms", name);
    call.may_here(&arn, Extra::default())?;
    let mut state = call.kms.state();
    let key = target(call, &state)?;
    let there = state.store(&call.here);
    if there.is_some_and(|store| store.aliases.contains_key(name)) {
        let message = format!("An alias with the name {arn} already exists");
        return Err(fault("AlreadyExistsException", message));
    }
    check_count(&state, &key)?;
    let now = call.kms.now();
    let alias = Alias {
        key: key.id,
        created: now,
        updated: now,
    };
    state
        .store_mut(&call.here)
        .aliases
        .insert(name.to_owned(), alias);
    Ok(None)
}

/// Both keys are asked for, the old one and the new one, and they must be of one kind (BC:kms UpdateAlias).
pub(crate) fn update(call: &Call<'_>) -> Answer {
    let name = alias_name(call)?;
    call.may_here(&call.here.arn("kms", name), Extra::default())?;
    let mut state = call.kms.state();
    let new = target(call, &state)?;
    let old = current(call, &state, name)?;
    call.may(&state, call.operation, &old, Extra::default())?;
    if (&old.usage, old.is_symmetric()) != (&new.usage, new.is_symmetric()) {
        let message = "Alias cannot be changed to a KMS key of a different type.";
        return Err(fault("ValidationException", message));
    }
    check_count(&state, &new)?;
    let now = call.kms.now();
    if let Some(alias) = state.store_mut(&call.here).aliases.get_mut(name) {
        (alias.key, alias.updated) = (new.id, now);
    }
    Ok(None)
}

pub(crate) fn delete(call: &Call<'_>) -> Answer {
    let name = alias_name(call)?;
    call.may_here(&call.here.arn("kms", name), Extra::default())?;
    let mut state = call.kms.state();
    let key = current(call, &state, name)?;
    call.may(&state, call.operation, &key, Extra::default())?;
    state.store_mut(&call.here).aliases.remove(name);
    Ok(None)
}

fn current(call: &Call<'_>, state: &State, name: &str) -> Result<Key, Refusal> {
    let missing = || {
        not_found(format!(
            "Alias {} is not found.",
            call.here.arn("kms", name)
        ))
    };
    let store = state.store(&call.here).ok_or_else(missing)?;
    let alias = store.aliases.get(name).ok_or_else(missing)?;
    store.keys.get(&alias.key).cloned().ok_or_else(missing)
}

pub(crate) fn list(call: &Call<'_>) -> Answer {
    call.may_here("*", Extra::default())?;
    let state = call.kms.state();
    let of = match call.text("KeyId")? {
        Some(text) => Some(Name::read(text, &call.here)?.find(&state)?),
        None => None,
    };
    let aliases = state.store(&call.here).into_iter();
    let aliases = aliases.flat_map(|store| store.aliases.iter());
    let wanted = aliases.filter(|(_, alias)| of.as_ref().is_none_or(|key| *key == alias.key));
    let entries = wanted.map(|(name, alias)| {
        let entry = json!({
            "AliasName": name, "AliasArn": call.here.arn("kms", name), "TargetKeyId": alias.key,
            "CreationDate": seconds(alias.created), "LastUpdatedDate": seconds(alias.updated),
        });
        (name.clone(), entry)
    });
    call.page("Aliases", (50, 100), entries)
}
