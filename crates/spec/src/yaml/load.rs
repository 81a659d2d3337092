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
    let mut again = vec![false; entries.len()];
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
            again[pair[1]] = true;
        }
    }
    let mut again = again.into_iter();
    entries.retain(|_| !again.next().unwrap_or(false));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_yaml::Value;

    use super::*;
    use crate::report::Source;

    /// The tree as `serde_yaml` would have it.
    fn value(node: &Node) -> Value {
        match &node.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(text, whole) => match whole {
                Some(whole) => Value::Number((*whole).into()),
                None => serde_yaml::from_str(text).unwrap(),
            },
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(items) => Value::Sequence(items.iter().map(value).collect()),
            Kind::Map(entries) => Value::Mapping(
                entries
                    .iter()
                    .map(|entry| (key(entry), value(&entry.value)))
                    .collect(),
            ),
            Kind::Bad => panic!("a mistake in a tree without one"),
        }
    }

    fn key(entry: &Entry) -> Value {
        Value::String(entry.key.clone())
    }

    fn tree(text: &str) -> Option<Node> {
        let mut report = Report::new(vec![Source::new("a.yaml", text)]);
        load(&mut report, 0).filter(|_| !report.has_errors())
    }

    fn documents() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i32>().prop_map(|number| Value::Number(number.into())),
            any::<f32>()
                .prop_filter("a number", |number| number.is_finite())
                .prop_map(|number| Value::Number(f64::from(number).into())),
            "[ -~]{0,12}".prop_map(Value::String),
            "[a-z \n'\"#:é💡-]{0,20}".prop_map(Value::String),
        ];
        scalar.prop_recursive(5, 40, 6, |below| {
            prop_oneof![
                prop::collection::vec(below.clone(), 0..6).prop_map(Value::Sequence),
                prop::collection::btree_map("[ -~]{0,8}", below, 0..6).prop_map(|entries| {
                    Value::Mapping(
                        entries
                            .into_iter()
                            .map(|(key, value)| (Value::String(key), value))
                            .collect(),
                    )
                }),
            ]
        })
    }

    #[test]
    fn both_readers_agree_on_the_ways_to_write_a_value() {
        let ways = [
            "a: b",
            "a: 'b'",
            "a: \"b\"",
            "a: |\n  b\n  c\n",
            "a: >-\n  b\n  c\n\n  d\n",
            "a: |2\n    b\n",
            "a: |+\n  b\n\n",
            "a: b\n  c\n",
            "a: 'it''s'",
            "a: \"\\u00e9\\x41\\n\\\n  b\"",
            "a: ~",
            "a:",
            "a: null",
            "a: 0x10",
            "a: 0o17",
            "a: 012",
            "a: 012345678901",
            "a: 1e3",
            "a: .inf",
            "a: -.5",
            "a: 1_000",
            "a: yes",
            "a: on",
            "a: True",
            "a: 2024-01-01",
            "a: 12:30",
            "a: - b",
            "a: b # c",
            "a: b#c",
            "a: [b, 'c', {d: e}, [f]]",
            "{a: b, c: }",
            "? a\n: b\n",
            "- a\n- - b\n  - c\n",
            "a: &x [b]\nc: *x\n",
            "a: &x\n  b: c\nd: *x\n",
            "\"a b\": c",
            "a:\n- b\n- c\n",
            "a: \"\\ \\t\\/\"",
            "%YAML 1.1\n---\na: b\n...\n",
            "a: b\r\nc: d\r\n",
            "# x\n\na: b\n",
        ];
        for text in ways {
            let theirs: Result<Value, _> = serde_yaml::from_str(text);
            let ours = tree(text).map(|node| value(&node));
            assert_eq!(ours, theirs.ok(), "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn both_readers_agree_on_what_serde_yaml_writes(document in documents()) {
            let text = serde_yaml::to_string(&document).unwrap();
            if let Some(node) = tree(&text) {
                let theirs: Value = serde_yaml::from_str(&text).unwrap();
                prop_assert_eq!(value(&node), theirs);
            } else {
                let refused = document.is_null() || text.contains("<<");
                prop_assert!(refused, "{}", text);
            }
        }
    }
}
