//! `s3ferry completions`: scripts for shells.

use clap::CommandFactory as _;

use super::Ended;
use crate::args::{Cli, Completions};
use crate::exit::Exit;
use crate::printer::Printer;

pub(crate) fn run(printer: &Printer, args: &Completions) -> Ended {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "s3ferry", &mut script);
    printer.data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
