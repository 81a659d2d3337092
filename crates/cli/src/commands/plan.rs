//! `s3ferry plan`: what would change.

use std::io::Write as _;
use std::path::Path;

use s3ferry_core::format::{FindingLevel, PlanFile};
use s3ferry_render::Detail;

use super::{Ended, drift};
use crate::args::{COMMENT_LIMIT, Format, PlanArgs};
use crate::exit::Exit;
use crate::planning;
use crate::printer::Printer;
use crate::specs::{is_yaml, load};

pub(crate) async fn run(printer: &Printer, args: &PlanArgs, parallelism: usize) -> Ended {
    let mut loaded = load(printer, &args.paths.paths, &args.target)?;
    loaded.info.search = args.search;
    let out = args.out.as_deref().map(Out::at);
    refuse_out(printer, out, args.format)?;
    let planned = planning::make(printer, &loaded, parallelism, None).await?;
    if args.drift {
        return drift::show(printer, &loaded, &planned, args.format).await;
    }
    let plan = &planned.file;
    match out {
        Some(Out::Standard) => {
            printer.data(&s3ferry_render::sanitize_json(&plan.to_json()))?;
            let summary = s3ferry_render::summary(plan);
            printer.message(format!("{summary} {}", what_now(plan, None)).trim_end());
        }
        Some(Out::File(path)) => {
            save(printer, plan, path)?;
            print(printer, plan, args.format, args.full)?;
        }
        None => print(printer, plan, args.format, args.full)?,
    }
    Ok(end(plan, args.detailed_exitcode))
}

/// Where a plan is saved.
#[derive(Debug, Clone, Copy)]
enum Out<'a> {
    /// To standard output, which then holds nothing else.
    Standard,
    File(&'a Path),
}

impl<'a> Out<'a> {
    fn at(path: &'a Path) -> Self {
        if path == Path::new("-") {
            Self::Standard
        } else {
            Self::File(path)
        }
    }
}

/// A pull request with a blocked plan is red before it is merged, whatever else is asked for.
const fn end(plan: &PlanFile, detailed: bool) -> Exit {
    let summary = &plan.summary;
    match (summary.blocked > 0, detailed && !summary.no_changes()) {
        (true, _) => Exit::Refused,
        (false, true) => Exit::Pending,
        (false, false) => Exit::Done,
    }
}

/// Refuses a place for a plan from which it could not be applied.
fn refuse_out(printer: &Printer, out: Option<Out<'_>>, format: Format) -> Result<(), Exit> {
    let (text, hint) = match (out, format) {
        (Some(Out::File(path)), _) if is_yaml(path) => (
            format!("apply would read {} as a spec, by its name", path.display()),
            "give the plan another ending, e.g. --out move.plan",
        ),
        (Some(Out::Standard), Format::Markdown) => (
            "standard output cannot hold both the saved plan and the Markdown".to_owned(),
            "save the plan to a file, and show it: s3ferry show FILE --format markdown",
        ),
        (_, Format::Text | Format::Json | Format::Markdown) => return Ok(()),
    };
    printer.error(&text, Some(hint));
    Err(Exit::Usage)
}

/// Prints a plan; text and Markdown are drawn from its JSON form.
pub(crate) fn print(
    printer: &Printer,
    plan: &PlanFile,
    format: Format,
    full: bool,
) -> Result<(), Exit> {
    let text = match format {
        Format::Text => {
            let detail = if full { Detail::Full } else { Detail::Brief };
            s3ferry_render::text(plan, printer.style, printer.width, detail)
        }
        Format::Markdown => s3ferry_render::markdown(plan, COMMENT_LIMIT),
        Format::Json => s3ferry_render::sanitize_json(&plan.to_json()),
    };
    printer.data(&text)
}

fn save(printer: &Printer, plan: &PlanFile, path: &Path) -> Result<(), Exit> {
    let is_file = std::fs::symlink_metadata(path).map_or(true, |found| found.is_file());
    let written = if is_file {
        write_whole(plan, path)
    } else {
        write_through(plan, path)
    };
    written.map_err(|error| {
        printer.error(
            &format!("cannot write the plan to {}: {error}", path.display()),
            None,
        );
        Exit::Error
    })?;
    let again = is_file.then_some(path);
    printer.message(format!("Saved the plan. {}", what_now(plan, again)).trim_end());
    Ok(())
}

/// Writes a plan whole or not at all: a torn plan must never be applied.
fn write_whole(plan: &PlanFile, path: &Path) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(plan.to_json().as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Writes a plan into what is there already and is no plain file: a device, a pipe, or a link, which a rename would put an
/// end to.
fn write_through(plan: &PlanFile, path: &Path) -> std::io::Result<()> {
    std::fs::write(path, plan.to_json())
}

/// What can be done with a plan that is saved, at a path where it can be read again; nothing that `apply` would refuse.
fn what_now(plan: &PlanFile, path: Option<&Path>) -> String {
    let blocked = blocking(plan);
    if !blocked.is_empty() {
        return format!("It cannot be applied; in the way: {}.", blocked.join(", "));
    }
    if plan.summary.no_changes() {
        return "There is nothing to apply.".to_owned();
    }
    path.map_or_else(String::new, |path| {
        format!("To apply it: s3ferry apply {}", shell_word(path))
    })
}

/// What stands in the way of an apply: codes with their addresses.
fn blocking(plan: &PlanFile) -> Vec<String> {
    let findings = plan.findings.iter();
    findings
        .filter(|finding| finding.level == FindingLevel::Blocked)
        .map(|finding| format!("{} at {}", finding.code, finding.address))
        .collect()
}

/// A path as a shell takes it for one word, and a command not for a flag.
pub(crate) fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let text = if text.starts_with('-') {
        format!("./{text}")
    } else {
        text
    };
    s3ferry_core::status::shell_word(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        for (path, word) in [
            ("a.plan", "a.plan"),
            ("out/a-b_c.plan", "out/a-b_c.plan"),
            ("-a.plan", "./-a.plan"),
            ("my plan", "'my plan'"),
            ("it's", r"'it'\''s'"),
            ("$(x)", "'$(x)'"),
        ] {
            assert_eq!(shell_word(Path::new(path)), word);
        }
    }
}
