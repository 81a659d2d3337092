//! What to say about text that is not YAML: the parser's words are for parser writers.

use saphyr_parser::ScanError;

use crate::report::{Report, Span};

/// What the parser says, what is said here, and what to do.
const EXPLAINED: &[(&str, &str, &str)] = &[
    (
        "quoted scalar",
        "a quote that begins here is not closed",
        "close it on the same line; inside double quotes write \\\" and \\\\ for a quote and a backslash",
    ),
    (
        "expected ',' or '}'",
        "a `{` before this is not closed",
        "close it with `}`, or put a comma between its fields",
    ),
    (
        "expected ',' or ']'",
        "a `[` before this is not closed",
        "close it with `]`, or put a comma between its items",
    ),
    (
        "expected node content",
        "a value was expected here",
        "write the value, or close the bracket that is open before this",
    ),
    (
        "unexpected character",
        "a value cannot begin with this character",
        "put the value in quotes",
    ),
    (
        "unknown anchor",
        "no anchor of this name stands before this",
        "write `&name` in front of the value that is meant; for text that begins with a star, write quotes",
    ),
    (
        "scanning an anchor or alias",
        "`*` and `&` begin aliases and anchors, and no name follows",
        "for text that begins with one of them, write quotes",
    ),
    (
        "expected '-' indicator",
        "an item of the list above was expected here",
        "begin each item with `- ` in the column of the items before it",
    ),
    (
        "expected key",
        "this line is in no column where a field can begin",
        "indent it exactly as the other fields of its mapping, and see that quotes and brackets before it are closed",
    ),
    (
        "mapping values are not allowed",
        "a colon cannot stand here",
        "put a value that holds `: ` in quotes; a field begins a line of its own",
    ),
];

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
    if let Some(tab) = tab(report, at) {
        let message = "this line is indented with a tab";
        return report.error(
            "syntax",
            tab,
            message,
            "indent with spaces: YAML does not take tabs",
        );
    }
    let info = error.info();
    if let Some(colon) = colon_without_space(report, at).filter(|_| info.contains("mapping values"))
    {
        return report.error(
            "syntax",
            colon,
            "there is no space after this colon",
            "write `field: value`",
        );
    }
    match EXPLAINED.iter().find(|(theirs, ..)| info.contains(theirs)) {
        Some((_, message, help)) => report.error("syntax", at, *message, *help),
        None => {
            let message = format!("this is not YAML: {info}");
            report.error(
                "syntax",
                at,
                message,
                "look at this line and the one before it",
            );
        }
    }
}

/// A tab in the indentation of the line, or of a neighbour: the parser may notice it before or after.
fn tab(report: &Report<'_>, at: Span) -> Option<Span> {
    let lines = [
        at.line,
        at.line.saturating_add(1),
        at.line.saturating_sub(1),
    ];
    lines.into_iter().filter(|line| *line > 0).find_map(|line| {
        let text = report.line(Span { line, ..at });
        let indent = text.chars().take_while(|char| matches!(char, ' ' | '\t'));
        let column = indent.take_while(|char| *char == ' ').count();
        let blank = text.trim().is_empty();
        (!blank && text.chars().nth(column) == Some('\t')).then(|| Span {
            line,
            column: u32::try_from(column + 1).unwrap_or(u32::MAX),
            ..at
        })
    })
}

/// `field:value` on the line before, which made the two lines one text.
fn colon_without_space(report: &Report<'_>, at: Span) -> Option<Span> {
    let line = at.line.checked_sub(1).filter(|line| *line > 0)?;
    let text = report.line(Span { line, ..at });
    let (name, value) = text.split_once(':')?;
    let word = name.trim_start();
    let is_field = !word.is_empty()
        && word
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let column = u32::try_from(name.chars().count() + 1).unwrap_or(u32::MAX);
    (is_field && !value.is_empty() && !value.starts_with([' ', '\t'])).then_some(Span {
        line,
        column,
        ..at
    })
}
