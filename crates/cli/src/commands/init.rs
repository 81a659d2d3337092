//! `s3ferry init`: a starter spec.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use s3ferry_core::ids::SpecName;

use super::Ended;
use super::plan::shell_word;
use crate::args::Init;
use crate::exit::Exit;
use crate::printer::Printer;

/// The schema that the starter's modeline names.
pub(crate) const SCHEMA: &str = "s3ferry.schema.json";

/// Writes the starter and its schema; never over a file that exists.
pub(crate) fn run(printer: &Printer, args: &Init) -> Ended {
    let name = name(printer, args)?;
    write_new(printer, &args.file, &s3ferry_spec::starter(&name))?;
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
        "Wrote {file}: a spec with the name {name}, which no other spec for the same accounts may have. \
         Edit it, then run: s3ferry validate {}",
        shell_word(&args.file)
    ));
    Ok(Exit::Done)
}

/// The name that was asked for, or one made from the name of the file's folder.
fn name(printer: &Printer, args: &Init) -> Result<SpecName, Exit> {
    if let Some(name) = &args.name {
        return Ok(name.clone());
    }
    let folder = match args.file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let whole = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    let folder = whole.file_name().unwrap_or_default().to_string_lossy();
    SpecName::new(label(&folder)).map_err(|_| {
        printer.error(
            "the name of the folder has no letter that the name of a spec could have",
            Some("name the spec: s3ferry init --name NAME"),
        );
        Exit::Usage
    })
}

/// Text as lower-case letters, digits and single hyphens between them, at most as many as a name of a spec takes.
fn label(text: &str) -> String {
    const LONGEST: usize = 32;
    let lower = text.to_ascii_lowercase();
    let words = lower.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let joined = words.join("-");
    let cut = joined.get(..LONGEST).unwrap_or(&joined);
    cut.trim_end_matches('-').to_owned()
}

fn write_new(printer: &Printer, path: &Path, text: &str) -> Result<(), Exit> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_a_name_that_a_spec_can_have() {
        for (folder, name) in [
            ("orders", "orders"),
            ("My Data_2026 (new)", "my-data-2026-new"),
            ("--x--", "x"),
            ("Übersee", "bersee"),
        ] {
            assert_eq!(label(folder), name);
            assert!(SpecName::new(name).is_ok());
        }
        let long = label(&"abcdefghijk-".repeat(9));
        assert!(
            SpecName::new(long.clone()).is_ok() && !long.ends_with('-'),
            "{long}"
        );
        assert_eq!(label("日本"), "");
    }
}
