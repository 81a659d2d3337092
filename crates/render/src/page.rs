//! The text page: lines that wrap at a width under a hanging indent, with colours where wanted.
//!
//! The page sanitizes whatever is written to it, so that no caller can forget; and it never writes past the width,
//! so that a terminal's own wrapping can't move a value to the first column, where only signs of ours stand.

use crate::sanitize::{column, sanitize};

/// How a text is coloured. Meaning never depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// No colours.
    #[default]
    Plain,
    /// Colours and weights by ANSI sequences.
    Ansi,
}

/// What a piece of text is, as far as colour goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Strong,
    Faint,
    Add,
    Remove,
    Change,
    Prove,
    Alarm,
}

impl Tone {
    /// The parameters of the ANSI sequence that switches it on; the eight base colours, which every theme makes legible.
    const fn ansi(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Faint => Some("2"),
            Self::Add => Some("32"),
            Self::Remove => Some("31"),
            Self::Change => Some("33"),
            Self::Prove => Some("36"),
            Self::Alarm => Some("1;31"),
        }
    }
}

/// Below this width nothing can be laid out; the page takes it instead.
const NARROWEST: usize = 40;

/// A page being written.
pub(crate) struct Page {
    style: Style,
    width: usize,
    out: String,
}

impl Page {
    pub(crate) fn new(style: Style, width: usize) -> Self {
        Self {
            style,
            width: width.max(NARROWEST),
            out: String::new(),
        }
    }

    /// How many columns there are right of an indent.
    pub(crate) const fn room(&self, indent: usize) -> usize {
        self.width.saturating_sub(indent)
    }

    /// An empty line, unless there is one already or the page is empty.
    pub(crate) fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// A line that begins at `indent` and goes on at `hang` where it is too long.
    ///
    /// Nothing to say is no line. A hang in the right half of the page would leave a thin column of text: it then is four past the indent.
    pub(crate) fn line(&mut self, indent: usize, hang: usize, spans: &[(Tone, &str)]) {
        let hang = if hang > self.width / 2 {
            indent + 4
        } else {
            hang
        };
        let cells = cells(spans);
        if cells.is_empty() {
            return;
        }
        let mut at = indent;
        for part in fold(&cells, self.room(indent), self.room(hang)) {
            self.out.extend(std::iter::repeat_n(' ', at));
            self.cells(part);
            self.out.push('\n');
            at = hang;
        }
    }

    /// A line that is to be copied as it is, and so is never cut. What stands in it must be quoted, as strings of JSON are: a terminal
    /// that wraps it may begin a line with any part of it.
    pub(crate) fn copied(&mut self, indent: usize, tone: Tone, text: &str) {
        let cells = cells(&[(tone, text)]);
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.cells(&cells);
        self.out.push('\n');
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }

    fn cells(&mut self, cells: &[(char, Tone)]) {
        for run in cells.chunk_by(|one, next| one.1 == next.1) {
            let on = run
                .first()
                .and_then(|cell| cell.1.ansi())
                .filter(|_| self.style == Style::Ansi);
            if let Some(on) = on {
                self.out.push_str("\u{1b}[");
                self.out.push_str(on);
                self.out.push('m');
            }
            self.out.extend(run.iter().map(|cell| cell.0));
            if on.is_some() {
                self.out.push_str("\u{1b}[0m");
            }
        }
    }
}

fn cells(spans: &[(Tone, &str)]) -> Vec<(char, Tone)> {
    let mut cells = Vec::new();
    for (tone, text) in spans {
        cells.extend(sanitize(text).chars().map(|character| (character, *tone)));
    }
    trimmed(&cells).to_vec()
}

fn trimmed(cells: &[(char, Tone)]) -> &[(char, Tone)] {
    let end = cells
        .iter()
        .rposition(|cell| cell.0 != ' ')
        .map_or(0, |last| last + 1);
    &cells[..end]
}

/// Cuts a line into lines: the first of at most `first` columns, the others of at most `rest`.
fn fold(cells: &[(char, Tone)], first: usize, rest: usize) -> Vec<&[(char, Tone)]> {
    if fitting(cells, first) == cells.len() {
        return vec![cells];
    }
    let mut lines = Vec::new();
    let quoted = quoted(cells);
    let mut left = cells;
    let mut room = first;
    loop {
        let fitting = fitting(left, room);
        if fitting == left.len() {
            lines.push(left);
            return lines;
        }
        let quoted = &quoted[cells.len() - left.len()..];
        let (line, after) = left.split_at(break_point(left, quoted, fitting));
        lines.push(trimmed(line));
        let spaces = after.iter().take_while(|cell| cell.0 == ' ').count();
        left = &after[spaces..];
        room = rest;
    }
}

/// How many cells fit into the room; at least one, so that folding ends.
fn fitting(cells: &[(char, Tone)], room: usize) -> usize {
    let mut used = 0_usize;
    let fits = |cell: &&(char, Tone)| {
        used += column(cell.0);
        used <= room
    };
    cells
        .iter()
        .take_while(fits)
        .count()
        .max(1)
        .min(cells.len())
}

/// Which cells stand within the strings of JSON: a line end there would be part of the string, and whoever copies it copies something
/// else. All do not in a line without JSON.
fn quoted(cells: &[(char, Tone)]) -> Vec<bool> {
    let has_json = cells
        .windows(2)
        .any(|pair| (pair[0].0, pair[1].0) == ('{', '"'));
    let (mut inside, mut escaped) = (false, false);
    let of = |cell: &(char, Tone)| {
        let was = inside;
        match cell.0 {
            '"' if !escaped => inside = has_json && !inside,
            _ => {}
        }
        escaped = cell.0 == '\\' && !escaped;
        was
    };
    cells.iter().map(of).collect()
}

/// Where to break a line of which `fitting` cells fit: at a space, else after punctuation, as long as a third of the line is used;
/// outside of JSON's strings before within them; else anywhere. What follows does not begin with a sign of ours, unless there are
/// only signs.
fn break_point(cells: &[(char, Tone)], quoted: &[bool], fitting: usize) -> usize {
    let late = |index: &usize| index * 3 >= fitting;
    let is_free = |index: &usize| !begins_with_sign(&cells[*index..]);
    let is_space = |index: &usize| cells[*index].0 == ' ' && is_free(index);
    let is_after_mark =
        |index: &usize| matches!(cells[index - 1].0, '/' | ':' | ',') && is_free(index);
    let is_outside = |index: &usize| !quoted[*index];
    let last = |wanted: &dyn Fn(&usize) -> bool| (1..=fitting).rev().find(|index| wanted(index));
    last(&|index| is_space(index) && is_outside(index))
        .filter(late)
        .or_else(|| last(&|index| is_after_mark(index) && is_outside(index)).filter(late))
        .or_else(|| last(&is_space).filter(late))
        .or_else(|| last(&is_after_mark).filter(late))
        .or_else(|| last(&is_free))
        .unwrap_or(fitting)
}

fn begins_with_sign(cells: &[(char, Tone)]) -> bool {
    let first = cells
        .iter()
        .map(|cell| cell.0)
        .find(|character| *character != ' ');
    first.is_some_and(|character| matches!(character, '+' | '-' | '~' | '?' | '!' | '='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: usize, indent: usize, hang: usize, text: &str) -> String {
        let mut page = Page::new(Style::Plain, width);
        page.line(indent, hang, &[(Tone::Plain, text)]);
        page.finish()
    }

    #[test]
    fn words_wrap_under_the_hanging_indent() {
        insta::assert_snapshot!(page(40, 2, 4, "one two three four five six seven eight nine ten eleven"), @r"
          one two three four five six seven
            eight nine ten eleven
        ");
    }

    #[test]
    fn a_long_word_breaks_after_punctuation() {
        insta::assert_snapshot!(page(40, 0, 4, "arn:aws:iam::111111111111:role/service-role/replication"), @"
        arn:aws:iam::111111111111:role/
            service-role/replication
        ");
    }

    /// What is copied from a terminal is the same JSON, with spaces between its parts.
    #[test]
    fn json_breaks_between_its_strings() {
        let json = r#"{"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::a b, \"c"}},"Action":["s3:PutObject","s3:GetObject"]}"#;
        for width in 50..90 {
            let shown = page(width, 0, 4, &format!("add: {json}"));
            let copied = shown.trim().strip_prefix("add: ").expect("it is there");
            let read = |text: &str| serde_json::from_str::<serde_json::Value>(text);
            assert_eq!(read(copied).ok(), read(json).ok(), "{shown}");
            assert!(read(json).is_ok());
        }
    }

    #[test]
    fn a_continued_line_does_not_begin_with_a_sign() {
        let filled = format!("{} + prod/bucket/forged", "x".repeat(39));
        assert_eq!(
            page(40, 0, 4, &filled).lines().nth(1),
            Some("    x + prod/bucket/forged")
        );
    }

    #[test]
    fn nothing_is_lost_and_nothing_is_wider_than_the_page() {
        let word = "x".repeat(500);
        let shown = page(40, 6, 8, &word);
        assert!(
            shown
                .lines()
                .all(|line| line.len() <= 40 && line.starts_with("      "))
        );
        assert_eq!(shown.matches('x').count(), 500);
    }

    #[test]
    fn nothing_to_say_is_no_line() {
        assert_eq!(page(40, 2, 4, "  "), "");
    }

    #[test]
    fn a_line_end_in_a_value_stays_in_its_line() {
        assert_eq!(page(80, 2, 4, "a\n+ forged"), "  a\\n+ forged\n");
    }

    #[test]
    fn colours_are_sequences_around_the_same_text() {
        let mut page = Page::new(Style::Ansi, 80);
        page.line(0, 2, &[(Tone::Add, "+"), (Tone::Plain, " role")]);
        assert_eq!(page.finish(), "\u{1b}[32m+\u{1b}[0m role\n");
    }
}
