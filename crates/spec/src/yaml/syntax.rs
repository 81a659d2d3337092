//! What to say about text that is not YAML: the parser's words are for parser writers.

use saphyr_parser::ScanError;

use crate::report::{Report, Span};

/// Reports a syntax error at its place.
pub(super) fn report(report: &mut Report<'_>, file: u32, error: &ScanError) {
    let line = u32::try_from(error.marker().line()).unwrap_or(u32::MAX);
    let column = u32::try_from(error.marker().col() + 1).unwrap_or(u32::MAX);
    let at = Span {
        file,
        line,
        column,
        width: 1,
    };
    report.error("syntax", at, error.info().to_owned(), "");
}
