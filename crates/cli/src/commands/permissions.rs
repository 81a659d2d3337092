//! `s3ferry permissions`: the least that callers need, from the spec alone, or for an import from the accounts alone.

use std::collections::BTreeMap;

use s3ferry_core::ids::{AccountId, AccountName};
use s3ferry_core::import::WayIn;
use s3ferry_core::permissions::{self, CallerPermissions, Purpose};
use s3ferry_core::spec::Access;

use super::Ended;
use crate::args::{self, PermissionsArgs, PolicyFormat};
use crate::exit::Exit;
use crate::printer::Printer;
use crate::specs::load;

/// What names the policies of an import, which has no spec yet.
const NO_SPEC: &str = "accounts";

pub(crate) fn run(printer: &Printer, args: &PermissionsArgs) -> Ended {
    let purpose = match args.purpose {
        args::Purpose::Plan => Purpose::Plan,
        args::Purpose::Apply => Purpose::Apply,
        args::Purpose::Import => Purpose::Import,
    };
    if (purpose == Purpose::Import) == args.account.is_empty() {
        printer.error(
            "an import is for accounts, and a plan or an apply for a spec",
            Some("s3ferry permissions --for import --account ACCOUNT_ID, once for each account; or s3ferry permissions PATH --for plan|apply"),
        );
        return Err(Exit::Usage);
    }
    if purpose == Purpose::Import {
        let callers = permissions::of_import(&ways(args));
        return print(printer, args, &callers, purpose, NO_SPEC);
    }
    let loaded = load(printer, &args.paths, &args.target)?;
    let callers = permissions::least(&loaded.spec, &loaded.scope, purpose);
    print(printer, args, &callers, purpose, loaded.spec.name.as_str())
}

fn ways(args: &PermissionsArgs) -> BTreeMap<AccountId, WayIn> {
    let way = |id: &AccountId| WayIn {
        name: AccountName::new(format!("aws-{id}")).expect("digits and a word"),
        access: Access::DefaultChain,
        home: args.region.clone(),
    };
    let accounts = args.account.iter();
    accounts.map(|id| (id.clone(), way(id))).collect()
}

fn print(
    printer: &Printer,
    args: &PermissionsArgs,
    callers: &[CallerPermissions],
    purpose: Purpose,
    name: &str,
) -> Ended {
    let text = match args.format {
        PolicyFormat::Text => s3ferry_render::permissions_text(callers, purpose),
        PolicyFormat::Json => s3ferry_render::permissions_json(callers),
        PolicyFormat::Terraform => s3ferry_render::permissions_terraform(callers, purpose, name),
    };
    printer.data(&text)?;
    // Terraform has them as comments, which go with the policies.
    if args.format != PolicyFormat::Terraform {
        for note in s3ferry_render::permission_notes(callers, purpose) {
            printer.message(&note);
        }
    }
    Ok(Exit::Done)
}
