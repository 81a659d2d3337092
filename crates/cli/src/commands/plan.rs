//! `s3ferry plan`: what would change.

use std::path::Path;

use s3ferry_core::format::{PlanFile, Summary};
use s3ferry_render::Detail;

use super::Ended;
use crate::args::{Format, PlanArgs};
use crate::exit::Exit;
use crate::planning;
use crate::printer::Printer;
use crate::specs::{is_yaml, load};

/// What GitHub takes of a comment, in characters.
const COMMENT_LIMIT: usize = 65_536;

pub(crate) async fn run(printer: &Printer, args: &PlanArgs, parallelism: usize) -> Ended {
    let loaded = load(printer, &args.paths.paths, &args.target)?;
    if let Some(path) = &args.out {
        refuse_unreadable_name(printer, path)?;
    }
    let planned = planning::make(printer, &loaded, parallelism, None).await?;
    if let Some(path) = &args.out {
        save(printer, &planned.file, path)?;
    }
    print(printer, &planned.file, args.format, args.full);
    Ok(end(&planned.file, args.detailed_exitcode))
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

/// `apply` takes a file of this name for a spec.
fn refuse_unreadable_name(printer: &Printer, path: &Path) -> Result<(), Exit> {
    if !is_yaml(path) {
        return Ok(());
    }
    printer.error(
        &format!("apply would read {} as a spec, by its name", path.display()),
        Some("give the plan another ending, e.g. --out move.plan"),
    );
    Err(Exit::Usage)
}

/// Prints a plan; text and Markdown are drawn from its JSON form.
pub(crate) fn print(printer: &Printer, plan: &PlanFile, format: Format, full: bool) {
    let text = match format {
        Format::Text => {
            let detail = if full { Detail::Full } else { Detail::Brief };
            s3ferry_render::text(plan, printer.style, printer.width, detail)
        }
        Format::Markdown => s3ferry_render::markdown(plan, COMMENT_LIMIT),
        Format::Json => plan.to_json(),
    };
    printer.data(&text);
}

/// Writes a plan whole or not at all: a torn plan must never be applied.
fn save(printer: &Printer, plan: &PlanFile, path: &Path) -> Result<(), Exit> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        std::io::Write::write_all(&mut file, plan.to_json().as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    });
    written.map_err(|error| {
        printer.error(
            &format!("cannot write the plan to {}: {error}", path.display()),
            None,
        );
        Exit::Error
    })?;
    printer.message(&format!("Saved the plan. {}", what_now(plan, path)));
    Ok(())
}

/// What can be done with a saved plan; nothing that `apply` would refuse.
fn what_now(plan: &PlanFile, path: &Path) -> String {
    let Summary { blocked, .. } = plan.summary;
    if blocked > 0 {
        let findings = s3ferry_render::plural(blocked, "finding");
        return format!("It cannot be applied: {findings} in the way.");
    }
    if plan.changes.is_empty() {
        return "There is nothing to apply.".to_owned();
    }
    format!("To apply it: s3ferry apply {}", shell_word(path))
}

/// A path as a shell takes it for one word, and a command not for a flag.
fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let text = if text.starts_with('-') {
        format!("./{text}")
    } else {
        text
    };
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:,@%=".contains(letter);
    if text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
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
