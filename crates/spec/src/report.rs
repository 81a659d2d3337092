//! Collects diagnostics and turns spans into places.

use std::cell::OnceCell;

use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::sanitise;

/// Where something is written: a file by number, a line and a column from 1, and a width in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Span {
    pub(crate) file: u32,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) width: u32,
}

/// A file and its text; the text is empty where the bytes are not text.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) path: &'a str,
    pub(crate) text: &'a str,
    lines: OnceCell<Vec<&'a str>>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(path: &'a str, text: &'a str) -> Self {
        Self {
            path,
            text,
            lines: OnceCell::new(),
        }
    }

    fn lines(&self) -> &[&'a str] {
        self.lines.get_or_init(|| lines(self.text))
    }

    /// The number of the last line, which is empty where the text ends with its end.
    fn last_line(&self) -> u32 {
        u32::try_from(self.lines().len()).unwrap_or(u32::MAX)
    }

    fn line(&self, number: u32) -> &'a str {
        self.lines()
            .get(number.saturating_sub(1) as usize)
            .copied()
            .unwrap_or_default()
    }
}

/// The lines of a text; LF, CRLF and CR end a line, as in YAML.
fn lines(text: &str) -> Vec<&str> {
    text.split('\n')
        .flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
        .collect()
}

/// How many problems are told: one for each of 1,000 migrations and as many again; a file that is no spec
/// at all cannot fill the memory with complaints.
const MOST: usize = 2000;

/// How many bytes of a line are kept with a problem; longer lines are not written by people.
const LONGEST_LINE: usize = 4096;

/// The problems found so far.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) sources: Vec<Source<'a>>,
    found: Vec<Diagnostic>,
    count: usize,
    errors: bool,
}

impl<'a> Report<'a> {
    pub(crate) fn new(sources: Vec<Source<'a>>) -> Self {
        Self {
            sources,
            found: Vec::new(),
            count: 0,
            errors: false,
        }
    }

    /// Adds an error; the help is what to write instead.
    pub(crate) fn error(
        &mut self,
        code: &'static str,
        at: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(code, Severity::Error, at, message.into(), help.into());
    }

    /// Adds a warning.
    pub(crate) fn warning(
        &mut self,
        code: &'static str,
        at: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(code, Severity::Warning, at, message.into(), help.into());
    }

    fn add(
        &mut self,
        code: &'static str,
        severity: Severity,
        at: Span,
        message: String,
        help: String,
    ) {
        self.count += 1;
        self.errors |= severity == Severity::Error;
        if self.found.len() == MOST {
            return;
        }
        let at = self.within(at);
        let line = self.line(at);
        let column = at.column as usize;
        let place = Place {
            file: self.path(at).to_owned(),
            line: at.line as usize,
            column,
            width: quoted(line, column).unwrap_or(at.width as usize).max(1),
        };
        let source_line = line[..line.floor_char_boundary(LONGEST_LINE)].to_owned();
        let message = sanitise::cut(message);
        let help = Some(sanitise::cut(help)).filter(|help| !help.is_empty());
        self.found.push(Diagnostic {
            code,
            severity,
            message,
            help,
            place,
            source_line,
        });
    }

    /// The place itself, or the end of the text where it is behind it: readers place what is missing on a line after the last.
    fn within(&self, at: Span) -> Span {
        let Some(source) = self.sources.get(at.file as usize) else {
            return at;
        };
        let last = source.last_line();
        if at.line <= last {
            return at;
        }
        let end = source.line(last).chars().count() + 1;
        Span {
            line: last,
            column: u32::try_from(end).unwrap_or(u32::MAX),
            ..at
        }
    }

    fn path(&self, at: Span) -> &'a str {
        self.sources
            .get(at.file as usize)
            .map_or("", |source| source.path)
    }

    /// The line that a place is on.
    pub(crate) fn line(&self, at: Span) -> &'a str {
        self.sources
            .get(at.file as usize)
            .map_or("", |source| source.line(at.line))
    }

    /// How many problems were found so far.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Whether anything found refuses the spec.
    pub(crate) fn has_errors(&self) -> bool {
        self.errors
    }

    /// `file:line:column`, for messages that name a second place.
    pub(crate) fn name(&self, at: Span) -> String {
        format!("{}:{}:{}", self.path(at), at.line, at.column)
    }

    /// Everything found, by file and place; a problem of a shared default or an anchor is told once.
    pub(crate) fn finish(self) -> Vec<Diagnostic> {
        let Self {
            sources: _,
            mut found,
            count,
            errors: _,
        } = self;
        let more = count - found.len();
        found.sort_by(|a, b| {
            (&a.place, a.severity, a.code, &a.message)
                .cmp(&(&b.place, b.severity, b.code, &b.message))
        });
        found.dedup_by(|a, b| a.code == b.code && a.place == b.place && a.message == b.message);
        if more > 0 {
            found.push(untold(more));
        }
        found
    }
}

/// The width of a quoted value: the parser counts spaces and a comment after it as well.
fn quoted(line: &str, column: usize) -> Option<usize> {
    let mut chars = line
        .chars()
        .skip(column.saturating_sub(1))
        .enumerate()
        .peekable();
    let (_, quote) = chars
        .next()
        .filter(|(_, char)| matches!(char, '"' | '\''))?;
    while let Some((index, char)) = chars.next() {
        let doubled = quote == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\'');
        if (char == '\\' && quote == '"') || (char == quote && doubled) {
            chars.next();
        } else if char == quote {
            return Some(index + 1);
        }
    }
    None
}

fn untold(more: usize) -> Diagnostic {
    Diagnostic {
        code: "too-many",
        severity: Severity::Error,
        message: format!("{more} more problems are not told"),
        help: Some("correct these first; if the file is not a spec, leave it out".to_owned()),
        place: Place {
            file: String::new(),
            line: 1,
            column: 1,
            width: 1,
        },
        source_line: String::new(),
    }
}
