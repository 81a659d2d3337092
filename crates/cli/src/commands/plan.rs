//! `s3ferry plan`: what would change.

use std::path::Path;

use s3ferry_core::format::PlanFile;
use s3ferry_render::Detail;

use super::Ended;
use crate::args::{Format, PlanArgs};
use crate::exit::Exit;
use crate::planning;
use crate::printer::Printer;
use crate::specs::load;

/// What GitHub takes of a comment, in characters.
const COMMENT_LIMIT: usize = 65_536;

pub(crate) async fn run(printer: &Printer, args: &PlanArgs, parallelism: usize) -> Ended {
    let loaded = load(printer, &args.paths.paths, &args.target)?;
    let planned = planning::make(printer, &loaded, parallelism, None).await?;
    if let Some(path) = &args.out {
        save(printer, &planned.file, path)?;
    }
    print(printer, &planned.file, args.format, args.full);
    let pending = !planned.file.summary.no_changes() || planned.file.summary.blocked > 0;
    Ok(if args.detailed_exitcode && pending {
        Exit::Pending
    } else {
        Exit::Done
    })
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
    printer.message(&format!(
        "Saved the plan. To apply it: s3ferry apply {}",
        path.display()
    ));
    Ok(())
}
