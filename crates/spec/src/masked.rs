//! Spec files without what a plan must not keep: external IDs, which prove to another account who asks.
//!
//! AWS calls an external ID no secret; whoever knows it is one step nearer to a role that trusts too much, and plans are handed around.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser};

use crate::read::SourceFile;

/// What stands in a plan where an external ID stands in the spec; itself one that could be meant.
const MASK: &str = "not-kept";

/// Values shorter than this would be found in other words.
const SHORTEST: usize = 8;

/// The files as a plan keeps them: equal where the files are equal, up to external IDs.
#[must_use]
pub fn masked(files: &[SourceFile]) -> Vec<SourceFile> {
    let masked = |file: &SourceFile| SourceFile {
        path: file.path.clone(),
        bytes: match std::str::from_utf8(&file.bytes) {
            Ok(text) => mask(text).into_bytes(),
            Err(_) => file.bytes.clone(),
        },
    };
    files.iter().map(masked).collect()
}

fn mask(text: &str) -> String {
    let found = external_ids(text);
    let mut masked: Vec<char> = text.chars().collect();
    for id in found.iter().rev().filter(|id| id.start != ELSEWHERE) {
        let end = written(&masked, id.start, id.end);
        masked.splice(id.start..end, MASK.chars());
    }
    // The same ID may stand at an anchor or in a comment.
    let values = found.iter().filter(|id| id.value.len() >= SHORTEST);
    values.fold(masked.into_iter().collect(), |text: String, id| {
        text.replace(&id.value, MASK)
    })
}

/// Where a quoted text, a block or a plain word ends: the parser counts what follows on its line, too.
fn written(text: &[char], start: usize, end: usize) -> usize {
    let end = end.min(text.len());
    let Some(quote) = text.get(start).filter(|first| matches!(first, '"' | '\'')) else {
        let blank = text[start..end]
            .iter()
            .rev()
            .take_while(|of| of.is_whitespace());
        return end - blank.count();
    };
    let mut at = start + 1;
    while let Some(found) = text.get(at) {
        let doubled = *quote == '\'' && text.get(at + 1) == Some(quote);
        match found {
            '\\' if *quote == '"' => at += 1,
            found if found == quote && doubled => at += 1,
            found if found == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    end
}

/// Where the value of an alias is written.
const ELSEWHERE: usize = usize::MAX;

/// An external ID, and between which characters it is written; nowhere, where an alias stands for it.
struct Found {
    value: String,
    start: usize,
    end: usize,
}

/// Finds `accounts: { NAME: { assume_role: { external_id: HERE } } }`. What is no YAML has none.
fn external_ids(text: &str) -> Vec<Found> {
    let mut search = Search::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(Ok((event, span))) = parser.next_event() {
        match event {
            Event::MappingStart(..) => search.open.push(Open::Map(None)),
            Event::SequenceStart(..) => search.open.push(Open::List),
            Event::MappingEnd | Event::SequenceEnd => {
                search.open.pop();
                search.past_a_value();
            }
            Event::Scalar(text, _, anchor, _) => {
                let value = text.into_owned();
                if anchor > 0 {
                    search.anchors.insert(anchor, value.clone());
                }
                let (start, end) = (span.start.index(), span.end.index());
                search.meet(Found { value, start, end });
            }
            // Its value is written where its anchor is.
            Event::Alias(anchor) => {
                let value = search.anchors.get(&anchor).cloned().unwrap_or_default();
                let (start, end) = (ELSEWHERE, ELSEWHERE);
                search.meet(Found { value, start, end });
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
    }
    search.found
}

#[derive(Default)]
struct Search {
    open: Vec<Open>,
    anchors: BTreeMap<usize, String>,
    found: Vec<Found>,
}

/// A collection that is open.
enum Open {
    List,
    /// A mapping, with the key whose value comes next.
    Map(Option<String>),
}

impl Search {
    fn meet(&mut self, found: Found) {
        if let Some(Open::Map(key @ None)) = self.open.last_mut() {
            *key = Some(found.value);
            return;
        }
        if self.is_at_external_id() {
            self.found.push(found);
        }
        self.past_a_value();
    }

    fn past_a_value(&mut self) {
        if let Some(Open::Map(key)) = self.open.last_mut() {
            *key = None;
        }
    }

    fn is_at_external_id(&self) -> bool {
        let key = |open: &Open| match open {
            Open::Map(key) => key.clone(),
            Open::List => None,
        };
        let path: Vec<Option<String>> = self.open.iter().map(key).collect();
        let path: Vec<&str> = path.iter().flatten().map(String::as_str).collect();
        matches!(path[..], ["accounts", _, "assume_role", "external_id"])
            && self.open.len() == path.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn external_ids_are_masked_however_they_are_written_and_nothing_else_is() {
        let of = |id: &str| {
            format!(
                "accounts:\n  a:\n    assume_role:\n      external_id: {id}\n      arn: x\n# é\nother: 1\n"
            )
        };
        for id in [
            "planted-id",
            "'planted-id'   # a comment",
            "\"planted-id\"",
            "\"planted\\x2Did\"",
            "'it''s'",
            "|-\n        planted-id",
        ] {
            let masked = mask(&of(id));
            assert!(
                !masked.contains("planted") && !masked.contains("it'"),
                "{masked}"
            );
            let value = masked.split("external_id: ").nth(1).unwrap_or_default();
            let value = value.trim_start_matches("|-").trim_start();
            assert!(
                value.starts_with("not-kept\n") || value.starts_with("not-kept  "),
                "{masked}"
            );
            assert!(masked.contains("      arn: x\n# é\nother: 1\n"), "{masked}");
        }
        let flow = "accounts: { é: { assume_role: { external_id: planted-id, arn: x } } }";
        assert_eq!(mask(flow), flow.replace("planted-id", MASK));
        let alias = "x: &id planted-id # planted-id\naccounts: { a: { assume_role: { external_id: *id } } }\n";
        assert_eq!(mask(alias), alias.replace("planted-id", MASK));
        for other in [
            "migrations: { m: { rules: [ { tags: { external_id: planted-id } } ] } }",
            "external_id: planted-id",
            "not: [yaml",
            "",
        ] {
            assert_eq!(mask(other), other);
        }
    }
}
