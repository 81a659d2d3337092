//! `s3ferry init`: a starter spec.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};

use super::Ended;
use crate::args::Init;
use crate::exit::Exit;
use crate::printer::Printer;

/// The schema that the starter's modeline names.
const SCHEMA: &str = "s3ferry.schema.json";

/// Writes the starter and its schema; never over a file that exists.
pub(crate) fn run(printer: &Printer, args: &Init) -> Ended {
    write_new(printer, &args.file, &s3ferry_spec::starter())?;
    let schema = args.file.with_file_name(SCHEMA);
    if schema.exists() {
        printer.message(&format!(
            "{} is there already and stays as it is.",
            schema.display()
        ));
    } else {
        write_new(printer, &schema, &s3ferry_spec::json_schema())?;
    }
    let file = args.file.display();
    printer.message(&format!(
        "Wrote {file}. Edit it, then run: s3ferry validate {file}"
    ));
    Ok(Exit::Done)
}

fn write_new(printer: &Printer, path: &std::path::Path, text: &str) -> Result<(), Exit> {
    let made = OpenOptions::new().write(true).create_new(true).open(path);
    let written = made.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let hint = (error.kind() == ErrorKind::AlreadyExists)
            .then_some("name another file: s3ferry init FILE");
        printer.error(&format!("cannot write {}: {error}", path.display()), hint);
        if hint.is_some() {
            Exit::Usage
        } else {
            Exit::Error
        }
    })
}
