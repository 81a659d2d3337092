//! The ways into the accounts that an import names, as the spec will have them.

use std::collections::{BTreeMap, BTreeSet};

use s3ferry_core::ids::{AccountId, AccountName};
use s3ferry_core::import::WayIn;
use s3ferry_core::spec::Access;

use crate::args::Import;
use crate::exit::Exit;
use crate::printer::Printer;

/// Every account that is named, with the way into it.
pub(super) fn of(printer: &Printer, args: &Import) -> Result<BTreeMap<AccountId, WayIn>, Exit> {
    let profiles = args
        .profile
        .iter()
        .map(|(id, name)| (id, Access::Profile(name.clone())));
    let roles = args.assume_role.iter().map(|(id, role)| (id, role.clone()));
    let mut given: BTreeMap<&AccountId, Access> = BTreeMap::new();
    for (id, access) in profiles.chain(roles) {
        if given.insert(id, access).is_some() {
            let text = format!("account {id} has two ways in");
            printer.error(
                &text,
                Some("give one --profile or one --assume-role for an account"),
            );
            return Err(Exit::Usage);
        }
    }
    let named = args.source.iter().chain(&args.destination);
    let mut ids: BTreeSet<&AccountId> = named.map(|(id, _)| id).collect();
    ids.extend(given.keys());
    ids.extend(&args.account);
    let mut names = BTreeSet::new();
    let ways = ids.into_iter().map(|id| {
        let access = given.get(id).cloned().unwrap_or(Access::DefaultChain);
        let way = WayIn {
            name: name(id, &access, &mut names),
            access,
            home: args.region.clone(),
        };
        (id.clone(), way)
    });
    Ok(ways.collect())
}

/// The name of a profile where it can be one of an account, else the ID.
fn name(id: &AccountId, access: &Access, taken: &mut BTreeSet<AccountName>) -> AccountName {
    let of_profile = match access {
        Access::Profile(name) => AccountName::new(name.to_ascii_lowercase()).ok(),
        Access::AssumeRole { .. } | Access::DefaultChain => None,
    };
    let of_id = AccountName::new(format!("aws-{id}")).expect("digits and a word");
    let name = of_profile
        .filter(|name| !taken.contains(name))
        .unwrap_or(of_id);
    taken.insert(name.clone());
    name
}
