//! KMS's answers to the other services, and which keys are fit for use.

use std::collections::BTreeMap;

use super::Kms;
use super::access::{Asked, Extra};
use super::managed;
use super::names::Name;
use super::state::{Key, Place, State, Status};
use crate::authority::Action;
use crate::vault::{KeyUse, ServiceKeyUse, Unusable, Vault};

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
        } = key_use;
        let name = Name::read(key, &Place::new(&caller.account, region))?;
        let state = self.state();
        let key = find(&state, &name)?;
        let via = format!("{service}.{region}.amazonaws.com");
        let encryption =
            BTreeMap::from([((*context_name).to_owned(), (*context_value).to_owned())]);
        let asked = Asked {
            caller,
            action,
            extra: Extra {
                via: Some(&via),
                encryption: Some(&encryption),
                ..Extra::default()
            },
        };
        self.may_use(&state, key, &asked)
            .map_err(Unusable::Denied)?;
        usable(key, action)
    }

    fn ask_for_service(&self, key_use: &ServiceKeyUse<'_>) -> Result<(), Unusable> {
        let ServiceKeyUse {
            service,
            source_arn,
            source_account,
            key,
            region,
            action,
            context: (context_name, context_value),
        } = key_use;
        let name = Name::read(key, &Place::new(source_account, region))?;
        let state = self.state();
        let key = find(&state, &name)?;
        let encryption = format!("kms:EncryptionContext:{context_name}");
        let context = [
            ("aws:SourceArn", (*source_arn).to_owned()),
            ("aws:SourceAccount", (*source_account).to_owned()),
            (encryption.as_str(), (*context_value).to_owned()),
            ("kms:EncryptionContextKeys", (*context_name).to_owned()),
        ];
        let asked = Action {
            name: action,
            resource: &key.arn(),
            resource_account: &key.place.account,
            resource_policy: Some(&key.policy),
            context: &context,
        };
        let answer = self.authority().authorize_service(service, &asked);
        answer.map_err(|denied| Unusable::Denied(denied.message))?;
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
