//! `s3ferry permissions`: the least that callers need, from the spec alone.

use s3ferry_core::permissions::{self, Purpose};

use super::Ended;
use crate::args::{self, PermissionsArgs, PolicyFormat};
use crate::exit::Exit;
use crate::printer::Printer;
use crate::specs::load;

pub(crate) fn run(printer: &Printer, args: &PermissionsArgs) -> Ended {
    let loaded = load(printer, &args.paths.paths, &args.target)?;
    let purpose = match args.purpose {
        args::Purpose::Plan => Purpose::Plan,
        args::Purpose::Apply => Purpose::Apply,
    };
    let callers = permissions::least(&loaded.spec, &loaded.scope, purpose);
    let name = loaded.spec.name.as_str();
    let text = match args.format {
        PolicyFormat::Text => s3ferry_render::permissions_text(&callers, purpose),
        PolicyFormat::Json => s3ferry_render::permissions_json(&callers),
        PolicyFormat::Terraform => s3ferry_render::permissions_terraform(&callers, purpose, name),
    };
    printer.data(&text)?;
    // Terraform has them as comments, which go with the policies.
    if args.format != PolicyFormat::Terraform {
        for note in s3ferry_render::permission_notes(&callers, purpose) {
            printer.message(&note);
        }
    }
    Ok(Exit::Done)
}
