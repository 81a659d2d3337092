//! `s3ferry show`: a saved plan.

use std::path::Path;

use s3ferry_core::format::PlanFile;

use super::{Ended, plan};
use crate::args::Show;
use crate::exit::Exit;
use crate::planning::chain;
use crate::printer::Printer;

pub(crate) fn run(printer: &Printer, args: &Show) -> Ended {
    let plan = read(printer, &args.plan)?;
    plan::print(printer, &plan, args.format, false);
    Ok(Exit::Done)
}

/// Reads a saved plan.
pub(crate) fn read(printer: &Printer, path: &Path) -> Result<PlanFile, Exit> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        printer.error(&format!("cannot read {}: {error}", path.display()), None);
        Exit::Usage
    })?;
    PlanFile::from_json(&text).map_err(|error| {
        let hint = "make one with: s3ferry plan PATH --out FILE";
        printer.error(
            &format!("{}: {}", path.display(), chain(&error)),
            Some(hint),
        );
        Exit::Usage
    })
}
