//! `s3ferry show`: a saved plan.

use std::path::Path;

use s3ferry_core::format::PlanFile;

use super::{Ended, plan};
use crate::args::Show;
use crate::exit::Exit;
use crate::files::{LONGEST_PLAN, read_text};
use crate::printer::Printer;
use crate::wording::{ignored_keys, unreadable_plan};

pub(crate) fn run(printer: &Printer, args: &Show) -> Ended {
    let plan = read(printer, &args.plan)?;
    plan::print(printer, &plan, args.format, false)?;
    Ok(Exit::Done)
}

/// Reads a saved plan.
pub(crate) fn read(printer: &Printer, path: &Path) -> Result<PlanFile, Exit> {
    let text = read_text(path, LONGEST_PLAN).map_err(|error| {
        printer.error(&format!("cannot read {}: {error}", path.display()), None);
        Exit::Usage
    })?;
    let read = PlanFile::from_json(&text).map_err(|error| {
        printer.error(
            &format!("{}: {}", path.display(), unreadable_plan(&error)),
            Some("plan again with this s3ferry: s3ferry plan PATH --out FILE"),
        );
        Exit::Usage
    })?;
    if let Some(warning) = read
        .newer
        .as_ref()
        .and_then(|newer| ignored_keys("this plan", newer))
    {
        printer.warning(&warning);
    }
    Ok(read.value)
}
