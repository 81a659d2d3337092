//! Who may use a key: its policy first, and IAM where that leaves it to the account; then the key's grants. A grant allows
//! and denies nothing (KMS Developer Guide, "Grants in AWS KMS").

use std::collections::BTreeMap;

use super::Kms;
use super::grant::Wanted;
use super::state::{Key, Place, State};
use crate::authority::{Action, Caller, CallerKind};

/// What is asked.
pub(crate) struct Asked<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) action: &'a str,
    pub(crate) extra: Extra<'a>,
}

/// Condition keys that only some requests have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extra<'a> {
    /// The alias by which the key is named.
    pub(crate) alias: Option<&'a str>,
    /// The service through which it is used, as `s3.eu-west-1.amazonaws.com`.
    pub(crate) via: Option<&'a str>,
    pub(crate) encryption: Option<&'a BTreeMap<String, String>>,
    pub(crate) others: Vec<(&'a str, String)>,
    /// The operations and constraints of a grant that is to be made.
    pub(crate) grant: Option<Wanted<'a>>,
}

impl Kms {
    /// Asks about something that is done to a key; the error is AWS's message.
    pub(crate) fn may_use(
        &self,
        state: &State,
        key: &Key,
        asked: &Asked<'_>,
    ) -> Result<(), String> {
        let names = of_key(state, key);
        let mut context: Vec<(&str, String)> = names
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        let encryption = of_encryption(&asked.extra);
        context.extend(
            encryption
                .iter()
                .map(|(name, value)| (name.as_str(), value.clone())),
        );
        context.extend(of_request(&key.place, asked));
        let action = Action {
            name: asked.action,
            resource: &key.arn(),
            resource_account: &key.place.account,
            resource_policy: Some(&key.policy),
            context: &context,
        };
        match self.authority().authorize(asked.caller, &action) {
            Ok(()) => Ok(()),
            Err(denied) if !denied.explicit && self.is_granted(state, key, asked, &context) => {
                Ok(())
            }
            Err(denied) => Err(denied.message),
        }
    }

    /// Says whether one of the key's grants lets the caller do this.
    fn is_granted(
        &self,
        state: &State,
        key: &Key,
        asked: &Asked<'_>,
        context: &[(&str, String)],
    ) -> bool {
        let store = state.store(&key.place);
        let mut grants = store.into_iter().flat_map(|store| store.grants_of(&key.id));
        let Extra {
            encryption, grant, ..
        } = &asked.extra;
        grants.any(|own| {
            own.fits(asked.action, *encryption, *grant)
                && self.is_named(asked, key, &own.grantee, context)
        })
    }

    /// Says whether a policy that allows only what is asked, and somebody, names the caller. As with policies of resources
    /// a principal suffices, and an account has to allow the caller by its own policies; boundaries and session policies
    /// narrow it (unverified).
    pub(crate) fn is_named(
        &self,
        asked: &Asked<'_>,
        key: &Key,
        policy: &str,
        context: &[(&str, String)],
    ) -> bool {
        let action = Action {
            name: asked.action,
            resource: &key.arn(),
            // The grant is enough also for callers of other accounts.
            resource_account: &asked.caller.account,
            resource_policy: Some(policy),
            context,
        };
        self.authority().authorize(asked.caller, &action).is_ok()
    }

    /// Asks about something that is done to no key: in the account, or to an alias.
    pub(crate) fn may_at(
        &self,
        place: &Place,
        resource: &str,
        asked: &Asked<'_>,
    ) -> Result<(), String> {
        let action = Action {
            name: asked.action,
            resource,
            resource_account: &place.account,
            resource_policy: None,
            context: &of_request(place, asked),
        };
        let answer = self.authority().authorize(asked.caller, &action);
        answer.map_err(|denied| denied.message)
    }

    /// Says whether a policy would let the caller put another one: the check that nobody is locked out. Where it leaves
    /// the key to the account, it does (unverified: that IAM's own policies are not asked then).
    pub(crate) fn can_be_put_again(&self, caller: &Caller, key: &Key, policy: &str) -> bool {
        let root = Caller::root(&key.place.account);
        let resource = key.arn();
        let action = Action {
            name: "kms:PutKeyPolicy",
            resource: &resource,
            resource_account: &key.place.account,
            resource_policy: Some(policy),
            context: &[("kms:CallerAccount", caller.account.clone())],
        };
        match self.authority().authorize(caller, &action) {
            Ok(()) => true,
            Err(denied) if denied.explicit => false,
            Err(_) => self.authority().authorize(&root, &action).is_ok(),
        }
    }
}

/// The keys that the key itself gives.
fn of_key(state: &State, key: &Key) -> Vec<(String, String)> {
    let mut context = vec![
        ("kms:KeySpec".to_owned(), key.spec.clone()),
        ("kms:KeyUsage".to_owned(), key.usage.clone()),
        ("kms:KeyOrigin".to_owned(), "AWS_KMS".to_owned()),
        ("kms:MultiRegion".to_owned(), key.multi_region.to_string()),
    ];
    let store = state.store(&key.place);
    let aliases = store
        .into_iter()
        .flat_map(|store| store.aliases_of(&key.id));
    context.extend(aliases.map(|alias| ("kms:ResourceAliases".to_owned(), alias.clone())));
    let tags = key.tags.iter();
    context.extend(tags.map(|(name, value)| (format!("aws:ResourceTag/{name}"), value.clone())));
    context
}

fn of_encryption(extra: &Extra<'_>) -> Vec<(String, String)> {
    let pairs = extra.encryption.into_iter().flatten();
    let both = pairs.flat_map(|(name, value)| {
        let named = (format!("kms:EncryptionContext:{name}"), value.clone());
        [
            named,
            ("kms:EncryptionContextKeys".to_owned(), name.clone()),
        ]
    });
    both.collect()
}

fn of_request<'a>(place: &Place, asked: &Asked<'a>) -> Vec<(&'a str, String)> {
    let mut context = vec![("aws:RequestedRegion", place.region.clone())];
    if asked.caller.kind != CallerKind::Service {
        context.push(("kms:CallerAccount", asked.caller.account.clone()));
    }
    let Extra {
        alias,
        via,
        encryption: _,
        others,
        grant: _,
    } = &asked.extra;
    context.extend(alias.map(|alias| ("kms:RequestAlias", alias.to_owned())));
    context.extend(via.map(|via| ("kms:ViaService", via.to_owned())));
    context.extend(others.iter().cloned());
    context
}
