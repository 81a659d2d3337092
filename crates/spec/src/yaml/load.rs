//! Bytes to a tree, with a diagnostic for all that is not one.

use super::places::{self, Refusal};
use super::{Entry, Kind, Node, syntax, values};
use crate::report::{Report, Span};

/// Reads one file; `None` means that a diagnostic says why not.
pub(crate) fn load(report: &mut Report<'_>, file: u32) -> Option<Node> {
    let text = report.sources.get(file as usize)?.text;
    if !characters(report, file, text) {
        return None;
    }
    let mut root = match places::places(file, text) {
        Ok(root) => root,
        Err(refusal) => {
            refuse(report, file, refusal);
            return None;
        }
    };
    if let Err(error) = values::fill(&mut root, text) {
        disagreement(report, file, &error);
        return None;
    }
    if matches!(root.kind, Kind::Null) {
        refuse(report, file, Refusal::Empty);
        return None;
    }
    tidy(report, &mut root);
    Some(root)
}

/// Refuses characters that one YAML reader takes for a line break and another does not, and control characters.
fn characters(report: &mut Report<'_>, file: u32, text: &str) -> bool {
    let bad = |char: char| {
        (char.is_control() && !matches!(char, '\t' | '\n' | '\r'))
            || matches!(
                char,
                '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
            )
    };
    let Some((offset, char)) = text.char_indices().find(|(_, char)| bad(*char)) else {
        return true;
    };
    let (line, column) = position(&text[..offset]);
    let code = u32::from(char);
    report.error(
        "bad-character",
        Span {
            file,
            line,
            column,
            width: 1,
        },
        format!("the character U+{code:04X} may not stand in a spec"),
        "remove it; if it belongs to a key prefix or a tag, s3ferry cannot name that prefix or tag",
    );
    false
}

/// The line and column, from 1, that follow a text.
pub(crate) fn position(before: &str) -> (u32, u32) {
    let lines = before.replace("\r\n", "\n");
    let line = lines.matches(['\n', '\r']).count() + 1;
    let column = lines
        .rsplit(['\n', '\r'])
        .next()
        .map_or(0, |last| last.chars().count())
        + 1;
    (
        u32::try_from(line).unwrap_or(u32::MAX),
        u32::try_from(column).unwrap_or(u32::MAX),
    )
}

fn refuse(report: &mut Report<'_>, file: u32, refusal: Refusal) {
    match refusal {
        Refusal::Syntax(error) => syntax::report(report, file, &error),
        Refusal::Feature(code, at, message, help) => report.error(code, at, message, help),
        Refusal::Empty => report.error(
            "empty-file",
            Span { file, line: 1, column: 1, width: 1 },
            "the file holds no spec",
            "write `version: 1` and what the file declares, or remove the file; `s3ferry init` writes a starter",
        ),
    }
}

fn disagreement(report: &mut Report<'_>, file: u32, error: &serde_yaml::Error) {
    let (line, column) = error
        .location()
        .map_or((1, 1), |at| (at.line(), at.column()));
    let number = |value: usize| u32::try_from(value.max(1)).unwrap_or(u32::MAX);
    let at = Span {
        file,
        line: number(line),
        column: number(column),
        width: 1,
    };
    let text = error.to_string();
    let (message, help) = if text.contains(values::DISAGREE) {
        (
            "YAML readers do not agree on what this means".to_owned(),
            "put the value in quotes, or write the mapping or list on lines of its own",
        )
    } else {
        let text = text.split(" at line ").next().unwrap_or_default();
        (
            format!("this is not YAML: {text}"),
            "look at this line and the one before it",
        )
    };
    report.error("syntax", at, message, help);
}

/// Reports duplicate keys, merge keys and keys that are not text, and takes them out of the tree.
fn tidy(report: &mut Report<'_>, node: &mut Node) {
    match &mut node.kind {
        Kind::List(items) => items.iter_mut().for_each(|item| tidy(report, item)),
        Kind::Map(entries) => {
            once_each(report, entries);
            entries.iter_mut().for_each(|entry| not_text(report, entry));
            entries
                .iter_mut()
                .for_each(|entry| tidy(report, &mut entry.value));
            if merged(report, entries) {
                // What the merge key would have brought is not known, so nothing is missing here.
                node.kind = Kind::Bad;
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(..) | Kind::Text(_) | Kind::Bad => {}
    }
}

fn once_each(report: &mut Report<'_>, entries: &mut Vec<Entry>) {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by(|a, b| entries[*a].key.cmp(&entries[*b].key));
    let mut again: Vec<usize> = Vec::new();
    for pair in order.windows(2) {
        let (first, second) = (&entries[pair[0]], &entries[pair[1]]);
        if first.key == second.key {
            let place = report.name(first.key_at);
            report.error(
                "duplicate-key",
                second.key_at,
                format!("`{}` is given twice; the first is at {place}", second.key),
                "keep one of the two: which of them counts differs between YAML readers",
            );
            again.push(pair[1]);
        }
    }
    again.sort_unstable();
    for index in again.into_iter().rev() {
        entries.remove(index);
    }
}

fn not_text(report: &mut Report<'_>, entry: &mut Entry) {
    if !entry.key_is_text {
        report.error(
            "key-type",
            entry.key_at,
            format!("the key `{}` is not text to YAML", entry.key),
            format!("write it in quotes: \"{}\"", entry.key),
        );
        entry.value.kind = Kind::Bad;
    }
}

fn merged(report: &mut Report<'_>, entries: &[Entry]) -> bool {
    let merge = entries.iter().find(|entry| entry.key == "<<");
    if let Some(entry) = merge {
        report.error(
            "merge-key",
            entry.key_at,
            "merge keys (`<<`) are not part of a spec",
            "put what migrations share under `defaults`, or give the whole value an anchor and use the alias",
        );
    }
    merge.is_some()
}
