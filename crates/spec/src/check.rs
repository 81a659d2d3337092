//! Checks a tree against the table of fields: unknown fields, wrong types, malformed values, fields of later versions.
//!
//! What is reported is taken out of the tree (as [`Kind::Bad`]), so that nothing reports it twice.

use crate::phrases::{A_LIST, takes, takes_named, takes_words};
use crate::report::{Report, Span};
use crate::scalar::Scalar;
use crate::suggest::nearest;
use crate::table::{Field, List, Named, Need, Record, Shape, Support, Word};
use crate::unknown::recognise;
use crate::yaml::{Entry, Kind, Node};

/// Checks the value of a field; `called` is the field's name, and `key_at` where it stands.
pub(crate) fn check(
    report: &mut Report<'_>,
    node: &mut Node,
    shape: &Shape,
    called: &str,
    key_at: Span,
) {
    if matches!(node.kind, Kind::Bad) {
        return;
    }
    if matches!(node.kind, Kind::Null) {
        let help = format!("write {}, or remove the line", takes(shape));
        report.error("no-value", key_at, format!("`{called}` has no value"), help);
        node.kind = Kind::Bad;
        return;
    }
    match shape {
        Shape::Scalar(scalar) => check_scalar(report, node, *scalar, called),
        Shape::Bool => check_bool(report, node, called),
        Shape::Words(words) => check_word(report, node, words, called),
        Shape::Record(record) => check_record(report, node, record, called),
        Shape::Named(named) => check_named(report, node, named, called),
        Shape::List(list) => check_list(report, node, list, called),
        Shape::Either(shapes) => check_either(report, node, shapes, called, key_at),
        Shape::False(help) => check_false(report, node, called, help),
    }
}

fn wrong_type(report: &mut Report<'_>, node: &mut Node, called: &str, takes: &str, help: String) {
    let message = format!("`{called}` takes {takes}, and this is {}", node.what());
    report.error("wrong-type", node.at, message, help);
    node.kind = Kind::Bad;
}

fn check_scalar(report: &mut Report<'_>, node: &mut Node, scalar: Scalar, called: &str) {
    if scalar.is_number() {
        return check_number(report, node, scalar, called);
    }
    let wrong = match &node.kind {
        Kind::Text(text) => match scalar.check(text) {
            Ok(()) => return,
            Err(wrong) => wrong,
        },
        Kind::Number(text, _) => return unquoted(report, node, called, scalar, &text.clone()),
        Kind::Bool(value) => return unquoted(report, node, called, scalar, &value.to_string()),
        Kind::Null | Kind::List(_) | Kind::Map(_) | Kind::Bad => {
            let help = format!("write {} after `{called}:`", scalar.takes());
            return wrong_type(report, node, called, "one value", help);
        }
    };
    report.error(wrong.code, node.at, wrong.message, wrong.help);
    node.kind = Kind::Bad;
}

fn unquoted(report: &mut Report<'_>, node: &mut Node, called: &str, scalar: Scalar, text: &str) {
    let help = match scalar.check(text) {
        Ok(()) => format!("write it in quotes: \"{text}\""),
        Err(_) => format!("write {}", scalar.takes()),
    };
    wrong_type(report, node, called, "text", help);
}

fn check_number(report: &mut Report<'_>, node: &mut Node, scalar: Scalar, called: &str) {
    let value = match &node.kind {
        Kind::Number(_, value) => value.filter(|value| u32::try_from(*value).is_ok()),
        Kind::Text(text) => {
            let quoted = text.parse::<u32>().is_ok();
            let help = if quoted {
                "write it without quotes"
            } else {
                scalar.takes()
            };
            return wrong_type(report, node, called, "a number", help.to_owned());
        }
        Kind::Null | Kind::Bool(_) | Kind::List(_) | Kind::Map(_) | Kind::Bad => {
            return wrong_type(
                report,
                node,
                called,
                "a number",
                format!("write {}", scalar.takes()),
            );
        }
    };
    match (scalar, value) {
        (Scalar::Version, Some(1)) | (Scalar::Count, Some(_)) => return,
        (Scalar::Version, _) => report.error(
            "version",
            node.at,
            "this version of the spec format is not known here",
            "write `version: 1`; if the file was made for a newer s3ferry, use that one",
        ),
        _ => report.error(
            "bad-value",
            node.at,
            format!("`{called}` must be a whole number from 0 to {}", u32::MAX),
            format!("write {}", scalar.takes()),
        ),
    }
    node.kind = Kind::Bad;
}

fn check_bool(report: &mut Report<'_>, node: &mut Node, called: &str) {
    let help = match &node.kind {
        Kind::Bool(_) => return,
        Kind::Text(text) => match text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "true" | "y" => "write `true`, without quotes".to_owned(),
            "no" | "off" | "false" | "n" => "write `false`, without quotes".to_owned(),
            _ => "write `true` or `false`".to_owned(),
        },
        _ => "write `true` or `false`".to_owned(),
    };
    wrong_type(report, node, called, "true or false", help);
}

fn check_false(report: &mut Report<'_>, node: &mut Node, called: &str, help: &str) {
    match node.kind {
        Kind::Bool(false) => {}
        Kind::Bool(true) => {
            report.error(
                "source-kms-keys",
                node.at,
                format!("`{called}: true` does not say which keys"),
                help,
            );
            node.kind = Kind::Bad;
        }
        _ => check_bool(report, node, called),
    }
}

fn check_word(report: &mut Report<'_>, node: &mut Node, words: &[Word], called: &str) {
    let Kind::Text(text) = &node.kind else {
        let help = format!("write {}", takes_words(words));
        return wrong_type(report, node, called, "one word", help);
    };
    match words.iter().find(|word| word.word == text) {
        Some(Word { later: None, .. }) => return,
        Some(Word {
            word,
            later: Some(today),
            ..
        }) => report.error(
            "not-yet-supported",
            node.at,
            format!("`{called}: {word}` is not yet supported"),
            *today,
        ),
        None => {
            let known = words.iter().map(|word| word.word);
            let help = match nearest(text, known) {
                Some(meant) => format!("did you mean `{meant}`? It takes {}", takes_words(words)),
                None => format!("write {}{}", takes_words(words), no_such_class(text)),
            };
            report.error(
                "unknown-word",
                node.at,
                format!("`{called}` does not take `{text}`"),
                help,
            );
        }
    }
    node.kind = Kind::Bad;
}

/// Storage classes that exist and that a replication destination does not take (BC:s3 StorageClass).
fn no_such_class(text: &str) -> &'static str {
    match text {
        "OUTPOSTS" | "SNOW" | "EXPRESS_ONEZONE" | "FSX_OPENZFS" | "FSX_ONTAP" => {
            "; this class is not for objects of a general purpose bucket in a Region"
        }
        _ => "",
    }
}

fn check_record(report: &mut Report<'_>, node: &mut Node, record: &'static Record, called: &str) {
    let Kind::Map(entries) = &mut node.kind else {
        let help = takes(&Shape::Record(record));
        return wrong_type(report, node, called, "a mapping", format!("write {help}"));
    };
    recognise(report, entries, record);
    for entry in entries.iter_mut() {
        if let Some(field) = record.field(&entry.key) {
            check_field(report, entry, field, record.what);
        }
    }
}

fn check_field(report: &mut Report<'_>, entry: &mut Entry, field: &'static Field, what: &str) {
    let errors = report.count();
    if let (Kind::Null, Need::Required(help)) = (&entry.value.kind, &field.need) {
        report.error(
            "no-value",
            entry.key_at,
            format!("`{}` has no value", field.name),
            *help,
        );
        entry.value.kind = Kind::Bad;
    }
    check(
        report,
        &mut entry.value,
        &field.shape,
        field.name,
        entry.key_at,
    );
    if report.count() > errors || matches!(entry.value.kind, Kind::Bad) {
        return;
    }
    match field.support {
        Support::Now => {}
        Support::Later(today) => later(report, entry, what, today),
    }
}

fn later(report: &mut Report<'_>, entry: &mut Entry, what: &str, today: &str) {
    let message = format!("`{}` of {what} is not yet supported", entry.key);
    report.error("not-yet-supported", entry.key_at, message, today);
    entry.value.kind = Kind::Bad;
}

fn check_named(report: &mut Report<'_>, node: &mut Node, named: &Named, called: &str) {
    let Kind::Map(entries) = &mut node.kind else {
        let help = format!("write {}", takes_named(named));
        return wrong_type(report, node, called, "a mapping", help);
    };
    for entry in entries.iter_mut().filter(|entry| entry.key_is_text) {
        if let Err(wrong) = named.key.check(&entry.key) {
            report.error(wrong.code, entry.key_at, wrong.message, wrong.help);
            entry.value.kind = Kind::Bad;
        }
        let called = entry.key.clone();
        check(report, &mut entry.value, &named.of, &called, entry.key_at);
    }
}

fn check_list(report: &mut Report<'_>, node: &mut Node, list: &List, called: &str) {
    let Kind::List(items) = &mut node.kind else {
        return wrong_type(report, node, called, "a list", format!("write {A_LIST}"));
    };
    if items.len() < list.at_least {
        report.error(
            "empty-list",
            node.at,
            format!("`{called}` is empty"),
            "write at least one item",
        );
        node.kind = Kind::Bad;
        return;
    }
    for item in items {
        let at = item.at;
        check(report, item, &list.of, called, at);
    }
}

/// Picks the alternative that the value looks like: the mapping, or the one value.
fn check_either(
    report: &mut Report<'_>,
    node: &mut Node,
    shapes: &'static [Shape],
    called: &str,
    key_at: Span,
) {
    let record = shapes.iter().find_map(|shape| match shape {
        Shape::Record(record) => Some(*record),
        _ => None,
    });
    let all = shapes.iter().map(takes).collect::<Vec<_>>().join(", or ");
    match (&node.kind, shapes.first(), record) {
        (Kind::Map(_), _, Some(record)) => either_record(report, node, record, called, key_at),
        (Kind::Text(text), Some(Shape::Words(words)), _)
            if words.iter().all(|word| word.word != text) =>
        {
            let message = format!("`{called}` does not take `{text}`");
            report.error("unknown-word", node.at, message, format!("write {all}"));
            node.kind = Kind::Bad;
        }
        (Kind::List(_), ..) | (_, None, _) => {
            wrong_type(
                report,
                node,
                called,
                "one value or a mapping",
                format!("write {all}"),
            );
        }
        (_, Some(first), _) => check(report, node, first, called, key_at),
    }
}

fn either_record(
    report: &mut Report<'_>,
    node: &mut Node,
    record: &'static Record,
    called: &str,
    key_at: Span,
) {
    let errors = report.count();
    check_record(report, node, record, called);
    if let (Some(today), true) = (record.later, report.count() == errors) {
        let message = format!("`{called}` as a mapping is not yet supported");
        report.error("not-yet-supported", key_at, message, today);
        node.kind = Kind::Bad;
    }
}
