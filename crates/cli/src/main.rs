//! The s3ferry command line: arguments in, exit code out. Thin: every decision is taken elsewhere.
//!
//! Start reading at [`args`]; each command has a file in [`commands`].

mod args;
mod build_info;
mod causes;
mod chain;
mod codes;
mod commands;
mod exit;
mod files;
mod overwritten;
mod planning;
mod preflight;
mod printer;
mod progress;
mod shell;
mod shown;
mod specs;
mod wording;

use std::process::ExitCode;

use clap::Parser as _;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use args::{Cli, Command, Global, LogFormat};
use exit::Exit;
use printer::{Level, Printer};
use shown::shown;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(error).into(),
    };
    let printer = Printer::new(&cli.global);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let exit = match runtime {
        Ok(runtime) => runtime.block_on(run(&printer, cli)),
        Err(error) => {
            printer.error(&format!("cannot start: {error}"), None);
            Exit::Error
        }
    };
    printer.clear_status();
    exit.into()
}

/// Help and version are no errors; everything else is wrong usage. clap's own exit code 2 would read as "changes pending".
fn usage(error: clap::Error) -> Exit {
    let error = shown_safely(error);
    let printer = Printer::new(&Global::of_unread(std::env::args_os()));
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let ended = printer.output_ended(error.print());
            ended.map_or_else(|exit| exit, |()| Exit::Done)
        }
        _ if printer.log_format == LogFormat::Json => {
            let text = error.to_string();
            printer.lines(Level::Error, text.trim_end());
            Exit::Usage
        }
        _ => {
            let _reader_gone = error.print();
            Exit::Usage
        }
    }
}

/// The error with arguments as text from outside: clap repeats them as they were given, and a pipeline may give a branch's name.
fn shown_safely(mut error: clap::Error) -> clap::Error {
    let given = |value: &ContextValue| match value {
        ContextValue::String(text) => Some(ContextValue::String(shown(text))),
        ContextValue::Strings(texts) => {
            let texts = texts.iter().map(|text| shown(text));
            Some(ContextValue::Strings(texts.collect()))
        }
        // A tip repeats the argument, too; written without clap's colours.
        ContextValue::StyledStr(tip) => Some(ContextValue::StyledStr(plain(tip))),
        ContextValue::StyledStrs(tips) => {
            Some(ContextValue::StyledStrs(tips.iter().map(plain).collect()))
        }
        // Numbers and yes or no; clap may add more kinds of them.
        _ => None,
    };
    let context: Vec<(ContextKind, ContextValue)> = error
        .context()
        .filter(|(kind, _)| *kind != ContextKind::Usage)
        .filter_map(|(kind, value)| Some((kind, given(value)?)))
        .collect();
    for (kind, value) in context {
        error.insert(kind, value);
    }
    error
}

fn plain(tip: &StyledStr) -> StyledStr {
    StyledStr::from(shown(&tip.to_string()))
}

async fn run(printer: &Printer, cli: Cli) -> Exit {
    let parallelism = cli.global.parallelism;
    let result = match cli.command {
        Command::Init(args) => commands::init::run(printer, &args),
        Command::Validate(args) => commands::validate::run(printer, &args),
        Command::Plan(args) => commands::plan::run(printer, &args, parallelism).await,
        Command::Status(args) => commands::status::run(printer, &args, parallelism).await,
        Command::Show(args) => commands::show::run(printer, &args),
        Command::Apply(args) => commands::apply::run(printer, &args, parallelism).await,
        Command::Restore(args) => commands::restore::run(printer, &args, parallelism).await,
        Command::Verify(args) => commands::verify::run(printer, &args, parallelism).await,
        Command::Doctor(args) => commands::doctor::run(printer, &args, parallelism).await,
        Command::Permissions(args) => commands::permissions::run(printer, &args),
        Command::Explain(args) => commands::explain::run(printer, &args),
        Command::Import(args) => commands::import::run(printer, &args, parallelism).await,
        Command::Schema => commands::schema::run(printer),
        Command::Completions(args) => commands::completions::run(printer, &args),
        Command::Sandbox(args) => commands::sandbox::run(printer, &args).await,
        Command::Demo(args) => commands::demo::run(printer, &args, parallelism).await,
    };
    result.unwrap_or_else(|exit| exit)
}
