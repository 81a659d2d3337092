//! Principals in policies: stored as unique ids, shown as ARNs
//! (IAMUG:reference_policies_elements_principal). A role that is deleted leaves its bare id behind,
//! and creating it again does not heal the policy.

use serde_json::Value;

use super::Iam;
use super::state::State;
use crate::policy::Document;

/// Why principals are not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PrincipalError {
    /// The document does not follow the grammar; AWS's message.
    Document(String),
    /// The principal does not exist (yet), as AWS quotes it: `"AWS":"arn:..."`.
    Invalid(String),
}

impl Iam {
    /// Replaces a policy's principals by what is stored for them.
    pub(crate) fn stored(&self, json: &str) -> Result<String, PrincipalError> {
        Document::parse(json).map_err(PrincipalError::Document)?;
        let stored = |kind: &str, name: &str| self.store(kind, name);
        rewritten(json, &stored)
    }

    /// Replaces stored principals by what is shown for them.
    pub(crate) fn shown(&self, json: &str) -> String {
        let shown = |_: &str, name: &str| Ok(self.show(name));
        rewritten(json, &shown).unwrap_or_else(|_| json.to_owned())
    }

    fn store(&self, kind: &str, name: &str) -> Result<String, PrincipalError> {
        let stored = match kind {
            "AWS" => self.store_aws(name),
            "Service" => is_service(name).then(|| name.to_owned()),
            _ => Some(name.to_owned()),
        };
        let quoted = || format!("\"{}\":\"{name}\"", kind.to_uppercase());
        stored.ok_or_else(|| PrincipalError::Invalid(quoted()))
    }

    fn store_aws(&self, name: &str) -> Option<String> {
        if name == "*" {
            return Some(name.to_owned());
        }
        if is_account(name) {
            return self
                .has_account(name)
                .then(|| format!("arn:aws:iam::{name}:root"));
        }
        let Some((service, account, resource)) = arn_parts(name) else {
            return self.find_by_id(name).map(|_| name.to_owned());
        };
        let state = self.effective(account)?;
        match (service, resource) {
            ("iam", "root") => Some(name.to_owned()),
            ("iam", _) => id_of(&state, name),
            ("sts", session) => {
                let role = session.strip_prefix("assumed-role/")?.split('/').next()?;
                state.role(role).map(|_| name.to_owned())
            }
            _ => None,
        }
    }

    fn show(&self, name: &str) -> String {
        self.find_by_id(name).unwrap_or_else(|| name.to_owned())
    }

    /// Finds the ARN that goes with a unique id, in any account.
    fn find_by_id(&self, id: &str) -> Option<String> {
        self.account_ids().find_map(|account| {
            let state = self.latest(account)?;
            let found = state.identities().find(|identity| identity.id == id);
            found.map(|identity| identity.arn.clone())
        })
    }
}

fn id_of(state: &State, arn: &str) -> Option<String> {
    let found = state.identities().find(|identity| identity.arn == arn);
    found.map(|identity| identity.id.clone())
}

fn is_account(name: &str) -> bool {
    name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_service(name: &str) -> bool {
    name.ends_with(".amazonaws.com") || name.ends_with(".amazonaws.com.cn")
}

/// Splits `arn:aws:iam::111111111111:role/r` into service, account and resource.
pub(crate) fn arn_parts(arn: &str) -> Option<(&str, &str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let (scheme, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    (scheme == "arn" && partition == "aws" && region.is_empty())
        .then_some((service, account, resource))
}

type Rewrite<'a> = &'a dyn Fn(&str, &str) -> Result<String, PrincipalError>;

/// Rewrites every principal of a document. A document that stays the same keeps its text.
fn rewritten(json: &str, rewrite: Rewrite<'_>) -> Result<String, PrincipalError> {
    let Ok(mut document) = serde_json::from_str::<Value>(json) else {
        return Ok(json.to_owned());
    };
    let before = document.clone();
    let statements = match document.get_mut("Statement") {
        Some(Value::Array(statements)) => statements.as_mut_slice(),
        Some(single) => std::slice::from_mut(single),
        None => &mut [],
    };
    for statement in statements {
        for field in ["Principal", "NotPrincipal"] {
            if let Some(Value::Object(kinds)) = statement.get_mut(field) {
                for (kind, names) in kinds {
                    rewrite_names(kind, names, rewrite)?;
                }
            }
        }
    }
    Ok(if document == before {
        json.to_owned()
    } else {
        document.to_string()
    })
}

fn rewrite_names(
    kind: &str,
    names: &mut Value,
    rewrite: Rewrite<'_>,
) -> Result<(), PrincipalError> {
    let names = match names {
        Value::Array(names) => names.as_mut_slice(),
        single => std::slice::from_mut(single),
    };
    for name in names {
        if let Value::String(name) = name {
            *name = rewrite(kind, name)?;
        }
    }
    Ok(())
}
