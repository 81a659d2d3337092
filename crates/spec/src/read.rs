//! The way from files to a spec.

use s3ferry_core::spec::Spec;

use crate::decode;
use crate::diagnostic::Diagnostic;
use crate::report::{Report, Source, Span};
use crate::yaml;

/// A spec file: its path for diagnostics, and its bytes as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as the user knows it.
    pub path: String,
    /// What the file holds.
    pub bytes: Vec<u8>,
}

/// What came of reading a set of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The spec; `None` where a diagnostic is an error.
    pub spec: Option<Spec>,
    /// Every problem, by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// The path of the file that names the ledger, to whose folder the ledger's folder is relative.
    pub ledger_file: Option<String>,
}

/// The biggest file that is read: 1,000 migrations take about half a megabyte.
const BIGGEST: usize = 16 * 1024 * 1024;

/// Reads the files as one spec.
#[must_use]
pub fn read(files: &[SourceFile]) -> Reading {
    let mut files: Vec<&SourceFile> = files.iter().collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    // A folder and a file of it may both be named; the file is still one.
    files.dedup_by(|a, b| a.path == b.path && a.bytes == b.bytes);
    let texts: Vec<Result<&str, Unreadable<'_>>> =
        files.iter().map(|file| text(&file.bytes)).collect();
    let sources = files.iter().zip(&texts);
    let sources = sources.map(|(file, text)| Source::new(&file.path, readable(text)));
    let mut report = Report::new(sources.collect());
    if files.is_empty() {
        no_files(&mut report);
    }
    let mut roots = Vec::new();
    for (number, text) in (0..).zip(&texts) {
        match text {
            Ok(_) => roots.extend(yaml::load(&mut report, number)),
            Err(unreadable) => unreadable.report(&mut report, number),
        }
    }
    roots
        .iter_mut()
        .for_each(|root| decode::fields(&mut report, root));
    let complete = !files.is_empty() && roots.len() == files.len();
    let whole = decode::whole(&mut report, &roots, complete);
    let ledger_file = whole
        .ledger_file
        .and_then(|number| files.get(number as usize));
    Reading {
        spec: whole.spec.filter(|_| !report.has_errors()),
        ledger_file: ledger_file.map(|file| file.path.clone()),
        diagnostics: report.finish(),
    }
}

/// Why bytes are not text.
#[derive(Debug)]
enum Unreadable<'a> {
    NotUtf8 { before: &'a str, utf16: bool },
    TooBig(usize),
}

/// What can be shown of a file.
fn readable<'a>(text: &Result<&'a str, Unreadable<'a>>) -> &'a str {
    match text {
        Ok(text) | Err(Unreadable::NotUtf8 { before: text, .. }) => text,
        Err(Unreadable::TooBig(_)) => "",
    }
}

fn text(bytes: &[u8]) -> Result<&str, Unreadable<'_>> {
    if bytes.len() > BIGGEST {
        return Err(Unreadable::TooBig(bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let before = without_mark(std::str::from_utf8(before).unwrap_or_default());
        let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
        Unreadable::NotUtf8 { before, utf16 }
    })?;
    Ok(without_mark(text))
}

/// A byte order mark is no part of the text.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

impl Unreadable<'_> {
    fn report(&self, report: &mut Report<'_>, file: u32) {
        let at = |line, column| Span {
            file,
            line,
            column,
            width: 1,
        };
        match *self {
            Self::NotUtf8 { utf16: true, .. } => report.error(
                "not-utf8",
                at(1, 1),
                "the file is UTF-16",
                "save it as UTF-8",
            ),
            Self::NotUtf8 {
                before,
                utf16: false,
            } => {
                let (line, column) = yaml::position(before);
                report.error(
                    "not-utf8",
                    at(line, column),
                    "the bytes here are not UTF-8",
                    "save the file as UTF-8; if it is not text, leave it out",
                );
            }
            Self::TooBig(size) => report.error(
                "too-big",
                at(1, 1),
                format!("the file has {size} bytes, and at most {BIGGEST} are read"),
                "split it: several files make one spec",
            ),
        }
    }
}

fn no_files(report: &mut Report<'_>) {
    report.error(
        "no-files",
        Span {
            file: 0,
            line: 1,
            column: 1,
            width: 1,
        },
        "there is no spec file",
        "name a .yaml file or a folder that holds one; `s3ferry init` writes a starter",
    );
}
