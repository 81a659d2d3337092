//! The policy of a key, of which there is one, called `default`.

use serde_json::json;

use super::access::Extra;
use super::call::{Answer, Call};
use super::errors::{fault, invalid, limit, not_found};
use super::state::Key;
use crate::policy::validation::{Profile, check};
use crate::wire::Refusal;

/// "The key policy size quota is 32 kilobytes (32768 bytes)" (BC:kms PutKeyPolicy).
const LARGEST: usize = 32 * 1024;

/// What a key gets that is made without a policy: all is left to the account (KMS Developer Guide, "Default key policy").
pub(crate) fn default_policy(account: &str) -> String {
    json!({ "Version": "2012-10-17", "Id": "key-default-1", "Statement": [{
        "Sid": "Enable IAM User Permissions", "Effect": "Allow",
        "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
        "Action": "kms:*", "Resource": "*",
    }] })
    .to_string()
}

/// Checks a policy that is to be the key's, and returns it as it is stored.
pub(crate) fn checked(
    call: &Call<'_>,
    key: &Key,
    policy: &str,
    bypasses: bool,
) -> Result<String, Refusal> {
    if policy.is_empty() {
        let must = "have length greater than or equal to 1";
        return Err(invalid(Some(policy), "Policy", must));
    }
    if policy.len() > LARGEST {
        // The code is BC:kms's, the words are unverified.
        return Err(limit(format!(
            "The key policy is larger than {LARGEST} bytes."
        )));
    }
    let malformed = |message| fault("MalformedPolicyDocumentException", message);
    check(&Profile::Key, policy.as_bytes()).map_err(malformed)?;
    let stored = call.kms.authority().store_principals(policy);
    let stored = stored.map_err(|_| {
        malformed("Policy contains a statement with one or more invalid principals.".to_owned())
    })?;
    if bypasses || call.kms.can_be_put_again(call.caller, key, &stored) {
        return Ok(stored);
    }
    let message = "The new key policy will not allow you to update the key policy in the future.";
    Err(malformed(message.to_owned()))
}

fn check_name(call: &Call<'_>) -> Result<(), Refusal> {
    match call.text("PolicyName")? {
        None | Some("default") => Ok(()),
        Some(_) => Err(not_found("No such policy exists")),
    }
}

pub(crate) fn get(call: &Call<'_>) -> Answer {
    let key = call.own_key(&call.kms.state())?;
    check_name(call)?;
    let policy = call.kms.authority().show_principals(&key.policy);
    Ok(Some(json!({ "Policy": policy, "PolicyName": "default" })))
}

pub(crate) fn put(call: &Call<'_>) -> Answer {
    let policy = call.required("Policy")?;
    let bypasses = call.flag("BypassPolicyLockoutSafetyCheck")?;
    let name = "kms:BypassPolicyLockoutSafetyCheck";
    let extra = Extra {
        others: vec![(name, bypasses.to_string())],
        ..Extra::default()
    };
    let key = call.own_key_with(&call.kms.state(), extra)?;
    check_name(call)?;
    let stored = checked(call, &key, policy, bypasses)?;
    if let Some(key) = call.kms.state().key_mut(&key.place, &key.id) {
        key.policy = stored;
    }
    Ok(None)
}

pub(crate) fn list(call: &Call<'_>) -> Answer {
    call.own_key(&call.kms.state())?;
    let only = [("default".to_owned(), json!("default"))];
    call.page("PolicyNames", (100, 1000), only.into_iter())
}
