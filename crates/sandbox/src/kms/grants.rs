//! CreateGrant, ListGrants, ListRetirableGrants, RetireGrant, RevokeGrant.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::access::{Asked, Extra};
use super::call::{Answer, Call};
use super::crypto::{dry_run, pairs};
use super::errors::{denied, fault, invalid, limit, not_found};
use super::grant::{Constraints, Grant};
use super::grants_shown::{OPERATIONS, operations_of, policy_for};
use super::keys::fit;
use super::state::{Key, State};
use crate::wire::Refusal;
use crate::wire::json::wrong_type;

/// The most grants of one key (KMS Developer Guide, "Resource quotas").
const GRANTS: usize = 50_000;

pub(crate) fn create(call: &Call<'_>) -> Answer {
    let new = new_grant(call)?;
    let shown = |policy: &String| call.kms.shown_principal(policy);
    let mut others = vec![
        ("kms:GranteePrincipal", shown(&new.grantee)),
        ("kms:GrantIsForAWSResource", "false".to_owned()),
    ];
    others.extend(
        new.retiring
            .iter()
            .map(|policy| ("kms:RetiringPrincipal", shown(policy))),
    );
    others.extend(
        new.operations
            .iter()
            .map(|name| ("kms:GrantOperations", name.clone())),
    );
    others.extend(constraint_types(&new.constraints));
    let extra = Extra {
        others,
        grant: Some((&new.operations, &new.constraints)),
        ..Extra::default()
    };
    let mut state = call.kms.state();
    let key = call.key_by_id(&mut state, extra)?;
    fit(&key)?;
    check_operations(&key, &new)?;
    dry_run(call)?;
    put(call, &mut state, &key, new)
}

fn constraint_types(constraints: &Constraints) -> Vec<(&'static str, String)> {
    let Constraints { equals, subset } = constraints;
    let kinds = [
        ("EncryptionContextEquals", equals.is_some()),
        ("EncryptionContextSubset", subset.is_some()),
    ];
    let named = kinds.into_iter().filter(|(_, there)| *there);
    named
        .map(|(kind, _)| ("kms:GrantConstraintType", kind.to_owned()))
        .collect()
}

fn new_grant(call: &Call<'_>) -> Result<Grant, Refusal> {
    for field in ["GranteeServicePrincipal", "RetiringServicePrincipal"] {
        if call.text(field)?.is_some() {
            let message =
                format!("The sandbox makes grants for principals of IAM only, none with {field}.");
            return Err(super::errors::unsupported(message));
        }
    }
    let operations = operations(call)?;
    let grantee = principal(call, "GranteePrincipal", &operations)?;
    let grantee = grantee.ok_or_else(|| invalid(None, "granteePrincipal", "not be null"))?;
    let retires = ["RetireGrant".to_owned()];
    Ok(Grant {
        id: hex::encode(call.kms.ids().mixed(32)),
        tokens: BTreeSet::new(),
        key: String::new(),
        name: name(call)?,
        created: call.kms.now(),
        grantee,
        retiring: principal(call, "RetiringPrincipal", &retires)?,
        issuer: call.here.account.clone(),
        operations,
        constraints: constraints(call)?,
    })
}

fn name(call: &Call<'_>) -> Result<Option<String>, Refusal> {
    let Some(name) = call.text("Name")? else {
        return Ok(None);
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b":/_-".contains(&byte);
    if name.is_empty() || name.len() > 256 || !name.bytes().all(fits) {
        let must = "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$";
        return Err(invalid(Some(name), "name", must));
    }
    Ok(Some(name.to_owned()))
}

fn operations(call: &Call<'_>) -> Result<Vec<String>, Refusal> {
    let named = match call.input.get("Operations") {
        None | Some(Value::Null) => return Err(invalid(None, "operations", "not be null")),
        Some(Value::Array(named)) => named,
        Some(_) => return Err(wrong_type("Operations")),
    };
    let mut operations = Vec::new();
    for name in named {
        let name = name.as_str().ok_or_else(|| wrong_type("Operations"))?;
        if !OPERATIONS.contains(&name) {
            let must = format!("satisfy enum value set: [{}]", OPERATIONS.join(", "));
            return Err(invalid(Some(name), "operations", &must));
        }
        if !operations.iter().any(|known| known == name) {
            operations.push(name.to_owned());
        }
    }
    if operations.is_empty() {
        let must = "have length greater than or equal to 1";
        return Err(invalid(Some("[]"), "operations", must));
    }
    Ok(operations)
}

/// Makes the policy for a principal, which must be there (Terraform's provider waits while a new role answers
/// InvalidArnException; the words are unverified).
fn principal(
    call: &Call<'_>,
    field: &str,
    operations: &[String],
) -> Result<Option<String>, Refusal> {
    let Some(arn) = call.text(field)? else {
        return Ok(None);
    };
    let actions: Vec<String> = operations
        .iter()
        .map(|name| format!("kms:{name}"))
        .collect();
    let stored = match arn.starts_with("arn:") {
        true => call
            .kms
            .authority()
            .store_principals(&policy_for(arn, &actions))
            .ok(),
        false => None,
    };
    let no_principal = || {
        let message = format!("ARN does not refer to a valid principal: {arn}");
        fault("InvalidArnException", message)
    };
    stored.map(Some).ok_or_else(no_principal)
}

/// Eight pairs at most, of 384 characters (BC:kms CreateGrant, Constraints; the words are unverified).
fn constraints(call: &Call<'_>) -> Result<Constraints, Refusal> {
    let Some(given) = call
        .input
        .get("Constraints")
        .filter(|given| !given.is_null())
    else {
        return Ok(Constraints::default());
    };
    if !given.is_object() {
        return Err(wrong_type("Constraints"));
    }
    if given.get("SourceArn").is_some_and(|arn| !arn.is_null()) {
        let message = "The sandbox's grants have no constraint SourceArn.";
        return Err(super::errors::unsupported(message));
    }
    let read = |field| {
        let context = pairs(given, field)?;
        let size: usize = context
            .iter()
            .map(|(name, value)| name.chars().count() + value.chars().count())
            .sum();
        if context.len() > 8 || size > 384 {
            let message = format!("{field} has more than 8 pairs or 384 characters.");
            return Err(fault("ValidationException", message));
        }
        Ok(Some(context).filter(|context| !context.is_empty()))
    };
    Ok(Constraints {
        equals: read("EncryptionContextEquals")?,
        subset: read("EncryptionContextSubset")?,
    })
}

/// An operation that the key does not have is refused, and constraints on a context of keys that have none (BC:kms
/// CreateGrant, Operations and Constraints; the words are unverified).
fn check_operations(key: &Key, grant: &Grant) -> Result<(), Refusal> {
    let known = operations_of(key);
    let foreign = grant
        .operations
        .iter()
        .find(|name| !known.contains(&name.as_str()));
    if let Some(name) = foreign {
        let message = format!(
            "Operation {name} is not supported by the key {}.",
            key.arn()
        );
        return Err(fault("ValidationException", message));
    }
    if grant.constraints != Constraints::default() && !key.is_symmetric() {
        let message = "Encryption context constraints are for symmetric encryption keys only.";
        return Err(fault("ValidationException", message));
    }
    Ok(())
}

fn put(call: &Call<'_>, state: &mut State, key: &Key, new: Grant) -> Answer {
    let store = state.store_mut(&key.place);
    let new = Grant {
        key: key.id.clone(),
        ..new
    };
    let token = call.kms.ids().mixed(128);
    let known = store.grants.values().find(|known| known.is_same(&new));
    let id = known.map_or_else(|| new.id.clone(), |known| known.id.clone());
    if known.is_none() && store.grants_of(&key.id).count() >= GRANTS {
        return Err(limit(format!("The key has {GRANTS} grants.")));
    }
    let grant = store.grants.entry(id.clone()).or_insert(new);
    grant.tokens.insert(token.clone());
    Ok(Some(json!({ "GrantId": id, "GrantToken": token })))
}

pub(crate) fn list(call: &Call<'_>) -> Answer {
    let mut state = call.kms.state();
    let key = call.key_by_id(&mut state, Extra::default())?;
    if let Some(id) = call.text("GrantId")? {
        find(&state, &key, id)?;
    }
    let (id, grantee) = (call.text("GrantId")?, call.text("GranteePrincipal")?);
    let store = state.store(&key.place);
    let grants = store.into_iter().flat_map(|store| store.grants_of(&key.id));
    let shown = grants
        .filter(|grant| id.is_none_or(|id| id == grant.id))
        .filter(|grant| grantee.is_none_or(|arn| call.kms.shown_principal(&grant.grantee) == arn))
        .map(|grant| (grant.id.clone(), call.kms.shown_grant(&key.place, grant)));
    call.page("Grants", (50, 100), shown)
}

/// The resource that is asked for is the retiring principal, and no key (BC:kms ListRetirableGrants).
pub(crate) fn list_retirable(call: &Call<'_>) -> Answer {
    let principal = call.required("RetiringPrincipal")?;
    call.may_here(principal, Extra::default())?;
    let own = principal.split(':').nth(4) == Some(&call.here.account);
    if !own {
        return Err(denied(format!(
            "{} cannot be done across accounts.",
            call.operation
        )));
    }
    let state = call.kms.state();
    let here = state
        .stores()
        .filter(|(place, _)| place.region == call.here.region);
    let grants = here.flat_map(|(place, store)| store.grants.values().map(move |g| (place, g)));
    let retirable = grants.filter(|(_, grant)| {
        let retiring = grant.retiring.as_ref();
        retiring.is_some_and(|policy| call.kms.shown_principal(policy) == principal)
    });
    let shown =
        retirable.map(|(place, grant)| (grant.id.clone(), call.kms.shown_grant(place, grant)));
    // In the order of their ids, over the accounts that have the keys.
    let mut shown: Vec<(String, Value)> = shown.collect();
    shown.sort_by(|(one, _), (other, _)| one.cmp(other));
    call.page("Grants", (50, 100), shown.into_iter())
}

fn find(state: &State, key: &Key, id: &str) -> Result<Grant, Refusal> {
    let store = state.store(&key.place);
    let grant = store.and_then(|store| store.grants.get(id));
    let grant = grant.filter(|grant| grant.key == key.id);
    // BC:kms: RevokeGrant of a grant that is gone is NotFoundException; the words are unverified.
    grant
        .cloned()
        .ok_or_else(|| not_found(format!("Grant ID {id} not found")))
}

pub(crate) fn revoke(call: &Call<'_>) -> Answer {
    let mut state = call.kms.state();
    let key = call.key_by_id(&mut state, Extra::default())?;
    let grant = find(&state, &key, call.required("GrantId")?)?;
    dry_run(call)?;
    state.store_mut(&key.place).grants.remove(&grant.id);
    Ok(None)
}

/// The grant says who may: who retires it, its grantee where that is among its operations, and the account it was made in,
/// which may leave it to its principals by `kms:RetireGrant` (KMS Developer Guide, "Retiring and revoking grants").
pub(crate) fn retire(call: &Call<'_>) -> Answer {
    let mut state = call.kms.state();
    let (key, grant) = retired(call, &state)?;
    let asked = Asked {
        caller: call.caller,
        action: "kms:RetireGrant",
        extra: Extra::default(),
    };
    let action = ["kms:RetireGrant".to_owned()];
    let issuer = policy_for(&format!("arn:aws:iam::{}:root", grant.issuer), &action);
    let mut policies = vec![issuer];
    policies.extend(grant.retiring.clone());
    if grant.operations.iter().any(|name| name == "RetireGrant") {
        policies.push(grant.grantee.clone());
    }
    let named = |policy: &String| call.kms.is_named(&asked, &key, policy, &[]);
    if !policies.iter().any(named) {
        let (who, arn) = (&call.caller.arn, key.arn());
        return Err(denied(format!(
            "User: {who} is not authorized to perform: kms:RetireGrant on resource: {arn}"
        )));
    }
    dry_run(call)?;
    state.store_mut(&key.place).grants.remove(&grant.id);
    Ok(None)
}

/// A grant to be retired is named by a token, or by the ARN of its key and its id.
fn retired(call: &Call<'_>, state: &State) -> Result<(Key, Grant), Refusal> {
    if let Some(token) = call.text("GrantToken")? {
        let grants = state.stores().flat_map(|(place, store)| {
            let grants = store.grants.values();
            grants.map(move |grant| (place, grant))
        });
        let mut grants = grants.filter(|(place, grant)| {
            place.region == call.here.region && grant.tokens.contains(token)
        });
        let found = grants.next();
        let found = found.and_then(|(place, grant)| {
            let key = state.key(place, &grant.key)?;
            Some((key.clone(), grant.clone()))
        });
        return found.ok_or_else(|| fault("InvalidGrantTokenException", "Invalid grant token"));
    }
    let (Some(arn), Some(id)) = (call.text("KeyId")?, call.text("GrantId")?) else {
        let message = "Either a GrantToken or both KeyId and GrantId must be specified.";
        return Err(fault("ValidationException", message));
    };
    if !arn.starts_with("arn:") {
        return Err(fault("InvalidArnException", format!("Invalid arn {arn}")));
    }
    let key = call.named_key(state, arn)?;
    let grant = find(state, &key, id)?;
    Ok((key, grant))
}
