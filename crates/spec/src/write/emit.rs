//! Values as YAML text. Every text that is not a plain word stands in double quotes, and what a reader cannot see or what ends a
//! line is escaped, in values and in comments: no name of anybody's is more than a name.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_yaml::{Mapping, Value};

use super::Path;
use crate::sanitise;

/// How wide a line becomes before a mapping is written over several, and a comment goes on in the next.
const WIDE: usize = 120;

/// Words that some reader of YAML takes for something else than text.
const TAKEN: [&str; 11] = [
    "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf",
];

/// The text of a file. The comment without a path is its head.
pub(super) fn text(values: &Mapping, comments: &BTreeMap<Path, Vec<String>>) -> String {
    let mut emitter = Emitter {
        text: String::new(),
        comments,
    };
    emitter.comment(&Path::new(), 0);
    emitter.mapping(values, &Path::new(), 0);
    emitter.text
}

struct Emitter<'a> {
    text: String,
    comments: &'a BTreeMap<Path, Vec<String>>,
}

impl Emitter<'_> {
    fn mapping(&mut self, values: &Mapping, at: &Path, indent: usize) {
        for (place, (key, value)) in values.iter().enumerate() {
            let key = key.as_str().unwrap_or_default();
            let below = joined(at, key);
            // A file is read by its parts.
            if indent == 0 && place > 1 {
                self.text.push('\n');
            }
            self.comment(&below, indent);
            let begin = format!("{}{}:", " ".repeat(indent), scalar(key));
            self.value(&begin, value, &below, indent);
        }
    }

    fn value(&mut self, begin: &str, value: &Value, at: &Path, indent: usize) {
        let is_said_below = self
            .comments
            .keys()
            .any(|of| of.len() > at.len() && of.starts_with(at));
        let flat = flow(value).filter(|flat| {
            let fits = begin.chars().count() + 1 + flat.chars().count() <= WIDE;
            fits && !is_said_below && is_small(value)
        });
        match (flat, value) {
            (Some(flat), _) => self.line(&format!("{begin} {flat}")),
            (None, Value::Mapping(values)) => {
                self.line(begin);
                self.mapping(values, at, indent + 2);
            }
            (None, Value::Sequence(items)) => {
                self.line(begin);
                self.sequence(items, at, indent + 2);
            }
            (None, value) => {
                let flat = flow(value).unwrap_or_default();
                self.line(&format!("{begin} {flat}"));
            }
        }
    }

    fn sequence(&mut self, items: &[Value], at: &Path, indent: usize) {
        for (number, item) in items.iter().enumerate() {
            let below = joined(at, &number.to_string());
            self.comment(&below, indent);
            match item {
                Value::Mapping(values) if !values.is_empty() => {
                    let start = self.text.len();
                    self.mapping(values, &below, indent + 2);
                    // The dash stands where the first line is indented.
                    self.text
                        .replace_range(start + indent..start + indent + 1, "-");
                }
                item => {
                    let flat = flow(item).unwrap_or_default();
                    self.line(&format!("{}- {flat}", " ".repeat(indent)));
                }
            }
        }
    }

    fn comment(&mut self, at: &Path, indent: usize) {
        let texts = self.comments.get(at).map_or(&[][..], Vec::as_slice);
        // Where there are several, each begins with a dash.
        let (begin, on) = if texts.len() > 1 {
            ("# - ", "#   ")
        } else {
            ("# ", "# ")
        };
        for text in texts {
            let safe = sanitise::text(text);
            let width = WIDE.saturating_sub(indent + begin.len());
            for (number, line) in wrapped(&safe, width).iter().enumerate() {
                let mark = if number == 0 { begin } else { on };
                let line = format!("{}{mark}{line}", " ".repeat(indent));
                self.line(line.trim_end());
            }
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}

fn joined(at: &Path, key: &str) -> Path {
    let mut below = at.clone();
    below.push(key.to_owned());
    below
}

/// Whether a value is read at a glance: what holds no mapping and no longer list. The parts of a file and what has a name of its own
/// stand on lines of their own.
fn is_small(value: &Value) -> bool {
    match value {
        Value::Mapping(fields) => fields.values().all(|value| match value {
            Value::Mapping(fields) => fields.values().all(is_one),
            Value::Sequence(items) => items.len() < 2,
            one => is_one(one),
        }),
        Value::Sequence(items) => items.len() < 2 && items.iter().all(is_one),
        one => is_one(one),
    }
}

const fn is_one(value: &Value) -> bool {
    !matches!(value, Value::Mapping(_) | Value::Sequence(_))
}

/// A value in one line.
fn flow(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(one) => one.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => scalar(text),
        Value::Sequence(items) => {
            let items: Option<Vec<String>> = items.iter().map(flow).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Mapping(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Mapping(fields) => {
            let field =
                |(key, value): (&Value, &Value)| Some(format!("{}: {}", flow(key)?, flow(value)?));
            let fields: Option<Vec<String>> = fields.iter().map(field).collect();
            format!("{{ {} }}", fields?.join(", "))
        }
        Value::Tagged(_) => return None,
    })
}

/// A text as YAML takes it for this text and nothing else.
fn scalar(text: &str) -> String {
    let mut letters = text.chars();
    let begins = letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic());
    let plain = letters.all(|letter| letter.is_ascii_alphanumeric() || "-_./".contains(letter));
    let word = text.to_ascii_lowercase();
    if begins && plain && !TAKEN.contains(&word.as_str()) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if sanitise::is_unsafe(letter) => {
                // Writing to a text does not fail.
                let _ = write!(quoted, "\\U{:08X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

/// A text in lines of so many characters, broken between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let length = word.chars().count();
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + length <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_itself() {
        let texts = [
            "orders-prod",
            "eu-west-1",
            "yes",
            "No",
            "null",
            "~",
            "",
            " a ",
            "1",
            "0x1f",
            "1e3",
            "a: b",
            "a #b",
            "- a",
            "{a}",
            "a\"b\\c",
            "a\nb",
            "\u{85}\u{2028}\u{feff}\u{7}",
            "é",
            "日本",
            "😀",
            ".inf",
            "n",
            "2026-11-27",
            "12:30",
            "[",
            "*a",
            "&a",
            "!a",
            "%a",
            "@",
            "`",
        ];
        for text in texts {
            let line = format!("{}: {}\n", scalar(text), scalar(text));
            let read: BTreeMap<String, String> = serde_yaml::from_str(&line).expect(&line);
            assert_eq!(read, BTreeMap::from([(text.to_owned(), text.to_owned())]));
        }
    }

    #[test]
    fn a_comment_is_no_more_than_a_comment() {
        let values = Mapping::from_iter([(Value::from("a"), Value::from("b"))]);
        let evil = "one\r\nversion: 2\u{85}c: d\u{2028}e: f\u{feff}\0";
        let comments = BTreeMap::from([(vec!["a".to_owned()], vec![evil.to_owned()])]);
        let text = text(&values, &comments);
        let read: BTreeMap<String, String> = serde_yaml::from_str(&text).expect("YAML");
        assert_eq!(read.len(), 1, "{text}");
        assert_eq!(read["a"], "b");
        assert!(text.starts_with("# one\\r\\nversion: 2"), "{text}");
    }

    #[test]
    fn a_long_comment_goes_on_in_the_next_line() {
        assert_eq!(wrapped("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrapped("aaaaaaaa b", 5), ["aaaaaaaa", "b"]);
    }
}
