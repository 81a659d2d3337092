//! KMS's answers to the other services, and which keys are fit for use.

use std::collections::BTreeMap;

use super::Kms;
use super::access::{Asked, Extra};
use super::managed;
use super::names::Name;
use super::state::{Key, Place, State, Status};
use crate::vault::{KeyUse, Unusable, Vault};

/// Refuses a key that is pending deletion.
pub(crate) fn is_pending(key: &Key) -> Result<(), Unusable> {
    match key.status {
        Status::PendingDeletion { .. } => Err(Unusable::InvalidState(format!(
            "{} is pending deletion.",
            key.arn()
        ))),
        Status::Enabled | Status::Disabled => Ok(()),
    }
}

/// Refuses a key that is disabled.
pub(crate) fn is_disabled(key: &Key) -> Result<(), Unusable> {
    match key.status {
        Status::Disabled => Err(Unusable::Disabled(format!("{} is disabled.", key.arn()))),
        Status::Enabled | Status::PendingDeletion { .. } => Ok(()),
    }
}

/// Refuses a key that does not encrypt as S3 needs it: symmetrically.
pub(crate) fn encrypts(key: &Key, action: &str) -> Result<(), Unusable> {
    if key.is_symmetric() {
        return Ok(());
    }
    let action = action.trim_start_matches("kms:");
    Err(Unusable::InvalidUsage(format!(
        "{} key usage is {} which is not valid for {action}.",
        key.arn(),
        key.usage
    )))
}

impl Vault for Kms {
    fn resolve(&self, account: &str, region: &str, name: &str) -> Result<String, Unusable> {
        let name = Name::read(name, &Place::new(account, region))?;
        let mut state = self.state();
        managed::make(self, &mut state, &name);
        Ok(find(&state, &name)?.arn())
    }

    fn ask(&self, key_use: &KeyUse<'_>) -> Result<(), Unusable> {
        let KeyUse {
            caller,
            key,
            action,
            service,
            region,
            context: (context_name, context_value),
            others,
        } = key_use;
        let name = Name::read(key, &Place::new(&caller.account, region))?;
        let state = self.state();
        let key = find(&state, &name)?;
        let via = service.map(|service| format!("{service}.{region}.amazonaws.com"));
        let encryption =
            BTreeMap::from([((*context_name).to_owned(), (*context_value).to_owned())]);
        let asked = Asked {
            caller,
            action,
            extra: Extra {
                via: via.as_deref(),
                encryption: Some(&encryption),
                others: others.to_vec(),
                ..Extra::default()
            },
        };
        self.may_use(&state, key, &asked)
            .map_err(Unusable::Denied)?;
        usable(key, action)
    }
}

/// Says whether a key that may be used can be.
fn usable(key: &Key, action: &str) -> Result<(), Unusable> {
    is_pending(key)?;
    is_disabled(key)?;
    encrypts(key, action)
}

fn find<'a>(state: &'a State, name: &Name) -> Result<&'a Key, Unusable> {
    let id = name.find(state)?;
    let missing = || Unusable::NotFound(format!("Invalid keyId {id}"));
    state.key(&name.place, &id).ok_or_else(missing)
}
