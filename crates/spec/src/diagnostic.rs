//! What is wrong with a spec, where, and what to write instead; and its plain text.
//!
//! Text that came from a file can hold anything, so every part is made safe for a terminal on its
//! way out, in [`crate::sanitise`].

use crate::sanitise;

/// One problem of a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind of problem; stable, and listed in the reference page.
    pub code: &'static str,
    /// Whether the spec can be used all the same.
    pub severity: Severity,
    /// What is wrong, as a sentence without a period.
    pub message: String,
    /// What to write instead; lines after the first say why.
    pub help: Option<String>,
    /// Where it is wrong.
    pub place: Place,
    /// The line of the file that the place is on, as written.
    pub source_line: String,
}

/// Whether a spec with the problem can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The spec is refused.
    Error,
    /// The spec is used, and somebody should look.
    Warning,
}

impl Severity {
    /// The severity as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The path as given to [`crate::read`].
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// How many characters are meant, at least 1.
    pub width: usize,
}

/// The longest piece of a source line that is shown: a reviewer's terminal, and no minified line floods it.
const SHOWN: usize = 120;

/// Where help is broken, so that it reads well next to code.
const WRAPPED: usize = 100;

impl Diagnostic {
    /// The problem as plain text for a terminal or a log, with the line and a caret; ends with a line break.
    #[must_use]
    pub fn to_text(&self) -> String {
        let gutter = " ".repeat(self.place.line.to_string().len());
        let message = sanitise::text(&self.message);
        let mut text = format!("{}[{}]: {message}\n", self.severity.as_str(), self.code);
        if !self.place.file.is_empty() {
            text.push_str(&self.located(&gutter));
        }
        for (index, paragraph) in self.help.iter().flat_map(|help| help.lines()).enumerate() {
            let label = if index == 0 { "help" } else { "note" };
            let lines = wrapped(&sanitise::text(paragraph)).join(&format!("\n{gutter}         "));
            text.push_str(&format!("{gutter} = {label}: {lines}\n"));
        }
        text
    }

    /// The place, and its line with a caret where the line holds anything.
    fn located(&self, gutter: &str) -> String {
        let Place {
            file, line, column, ..
        } = &self.place;
        let mut text = format!("{gutter}--> {}:{line}:{column}\n", sanitise::text(file));
        let (source, caret) = self.excerpt();
        if !source.is_empty() {
            text.push_str(&format!(
                "{gutter} |\n{line} | {source}\n{gutter} | {caret}\n"
            ));
        }
        text
    }

    /// The part of the line around the place, and the carets under it.
    fn excerpt(&self) -> (String, String) {
        let line: Vec<char> = self.source_line.chars().collect();
        let start = self.place.column.saturating_sub(1).min(line.len());
        let from = if start < SHOWN { 0 } else { start - SHOWN / 2 };
        let to = line.len().min(from + SHOWN);
        let end = (start + self.place.width).clamp(start, to.max(start));
        let cells = |chars: &[char]| {
            chars
                .iter()
                .map(|char| sanitise::cells(*char))
                .sum::<usize>()
        };
        let ellipsis = |cut: bool| if cut { "…" } else { "" };
        let shown: String = line[from..to]
            .iter()
            .map(|char| sanitise::shown(*char))
            .collect();
        let shown = format!("{}{shown}{}", ellipsis(from > 0), ellipsis(to < line.len()));
        let indent = cells(&line[from..start]) + usize::from(from > 0);
        let carets = cells(&line[start..end]).max(1);
        (
            shown.trim_end().to_owned(),
            format!("{}{}", " ".repeat(indent), "^".repeat(carets)),
        )
    }
}

/// Breaks a paragraph at spaces; a word that is too long, such as an ARN or a command, stays whole.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + word.chars().count() < WRAPPED => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
