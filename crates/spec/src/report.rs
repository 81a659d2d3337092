//! Collects diagnostics and turns spans into places.

use std::cell::OnceCell;

use crate::diagnostic::{Diagnostic, Place, Severity};

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

    fn line(&self, number: u32) -> &'a str {
        let lines = self.lines.get_or_init(|| lines(self.text));
        lines
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

/// The problems found so far.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) sources: Vec<Source<'a>>,
    found: Vec<(Span, Diagnostic)>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(sources: Vec<Source<'a>>) -> Self {
        Self {
            sources,
            found: Vec::new(),
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
        let source = self.sources.get(at.file as usize);
        let place = Place {
            file: source.map_or("", |source| source.path).to_owned(),
            line: at.line as usize,
            column: at.column as usize,
            width: at.width.max(1) as usize,
        };
        let source_line = self.line(at).to_owned();
        let help = Some(help).filter(|help| !help.is_empty());
        self.found.push((
            at,
            Diagnostic {
                code,
                severity,
                message,
                help,
                place,
                source_line,
            },
        ));
    }

    /// The line that a place is on.
    pub(crate) fn line(&self, at: Span) -> &'a str {
        self.sources
            .get(at.file as usize)
            .map_or("", |source| source.line(at.line))
    }

    /// How many problems were found so far.
    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    /// Whether anything found refuses the spec.
    pub(crate) fn has_errors(&self) -> bool {
        self.found
            .iter()
            .any(|(_, found)| found.severity == Severity::Error)
    }

    /// `file:line:column`, for messages that name a second place.
    pub(crate) fn name(&self, at: Span) -> String {
        let path = self
            .sources
            .get(at.file as usize)
            .map_or("", |source| source.path);
        format!("{path}:{}:{}", at.line, at.column)
    }

    /// Everything found, by file and place; a problem of a shared default or an anchor is told once.
    pub(crate) fn finish(self) -> Vec<Diagnostic> {
        let mut found: Vec<Diagnostic> = self.found.into_iter().map(|(_, found)| found).collect();
        found.sort_by(|a, b| {
            (&a.place, a.severity, a.code, &a.message)
                .cmp(&(&b.place, b.severity, b.code, &b.message))
        });
        found.dedup_by(|a, b| a.code == b.code && a.place == b.place && a.message == b.message);
        found
    }
}
