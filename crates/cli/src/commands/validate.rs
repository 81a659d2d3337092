//! `s3ferry validate`: specs checked offline, every problem at once.

use super::Ended;
use crate::args::Paths;
use crate::exit::Exit;
use crate::printer::Printer;
use crate::specs::{load, saved_files};

pub(crate) fn run(printer: &Printer, args: &Paths) -> Ended {
    let loaded = load(printer, &args.paths, &[])?;
    let migrations = s3ferry_render::plural(loaded.spec.migrations.len() as u64, "migration");
    let files = saved_files(&loaded.info).len() as u64;
    let files = s3ferry_render::plural(files, "file");
    printer.message(&format!("The spec is valid: {migrations} in {files}."));
    if loaded.spec.name.as_str() == "default" {
        printer.warning(
            "the spec goes by the name `default`: two specs of one name for the same accounts take each \
             other's rules and roles for what left them, and plan to delete it; give it a name of its own: name: NAME",
        );
    }
    Ok(Exit::Done)
}
