//! `s3ferry schema`: the JSON Schema of the spec.

use super::Ended;
use crate::exit::Exit;
use crate::printer::Printer;

pub(crate) fn run(printer: &Printer) -> Ended {
    printer.data(&s3ferry_spec::json_schema())?;
    Ok(Exit::Done)
}
