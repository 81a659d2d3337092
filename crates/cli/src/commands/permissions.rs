//! `s3ferry permissions`: the least that callers need, from the spec alone, or for an import from the accounts alone.

use s3ferry_core::permissions::{self, CallerPermissions, Purpose};

use super::Ended;
use crate::args::{self, PermissionsArgs, PolicyFormat};
use crate::exit::Exit;
use crate::printer::Printer;
use crate::specs::load;

const FOR_IMPORT: &str =
    "s3ferry permissions --for import --account ACCOUNT_ID, with --account for each account";
const FOR_SPEC: &str = "s3ferry permissions PATH --for plan, --for search, --for apply, --for verify, --for status or --for doctor";

pub(crate) fn run(printer: &Printer, args: &PermissionsArgs) -> Ended {
    let purpose = match args.purpose {
        args::Purpose::Plan => Purpose::Plan,
        args::Purpose::Search => Purpose::Search,
        args::Purpose::Apply => Purpose::Apply,
        args::Purpose::Verify => Purpose::Verify,
        args::Purpose::Status => Purpose::Status,
        args::Purpose::Doctor => Purpose::Doctor,
        args::Purpose::Import => Purpose::Import,
    };
    refuse_mixed(printer, args, purpose)?;
    if purpose == Purpose::Import {
        let callers = permissions::of_import(&args.account, &args.region);
        return print(printer, args, &callers, purpose, None);
    }
    let loaded = load(printer, &args.paths, &args.target)?;
    let callers = permissions::least(&loaded.spec, &loaded.scope, purpose);
    let name = loaded.spec.name.as_str();
    print(printer, args, &callers, purpose, Some(name))
}

/// An import has accounts and no spec yet; everything else has a spec, which has accounts.
fn refuse_mixed(printer: &Printer, args: &PermissionsArgs, purpose: Purpose) -> Result<(), Exit> {
    let (paths, accounts) = (!args.paths.is_empty(), !args.account.is_empty());
    let (text, help) = match (purpose, paths, accounts) {
        (Purpose::Import, false, true) => return Ok(()),
        (Purpose::Import, true, _) => (
            "an import has no spec yet: --for import takes accounts, and no PATH",
            FOR_IMPORT,
        ),
        (Purpose::Import, false, false) => {
            ("which accounts are imported from is not said", FOR_IMPORT)
        }
        (_, true, false) => return Ok(()),
        (_, _, true) => (
            "--account is for --for import: a spec says itself which accounts it is for",
            FOR_SPEC,
        ),
        (_, false, false) => ("which spec it is for is not said", FOR_SPEC),
    };
    printer.error(text, Some(help));
    Err(Exit::Usage)
}

fn print(
    printer: &Printer,
    args: &PermissionsArgs,
    callers: &[CallerPermissions],
    purpose: Purpose,
    spec: Option<&str>,
) -> Ended {
    let text = match args.format {
        PolicyFormat::Text => s3ferry_render::permissions_text(callers, purpose),
        PolicyFormat::Json => s3ferry_render::permissions_json(callers),
        PolicyFormat::Terraform => s3ferry_render::permissions_terraform(callers, purpose, spec),
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
