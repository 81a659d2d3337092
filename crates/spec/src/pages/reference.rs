//! The reference page of the spec, as Markdown.

use std::fmt::Write;

use crate::codes::CODES;
use crate::phrases::takes;
use crate::table::contract::FILE;
use crate::table::{Field, Need, Record, Shape, Support, Word};

const INTRODUCTION: &str = "\
# The spec, version 1

This page is drawn from the table of fields that also checks specs; `s3ferry schema` prints the same as a JSON Schema.

A spec is one YAML file or several; a folder stands for the files in it. Every file begins with `version: 1`. Accounts and
migrations of all files make one set each; `name`, `ledger` and `defaults` hold for all files and are given once.

`defaults` holds any field of a migration. A migration's own field comes first: a mapping is merged field by field; a list, and a
field marked *replaced whole*, is replaced.

Anchors and aliases are understood. Tags, merge keys (`<<`), several documents in a file, duplicate keys and unknown fields are
errors. Text that looks like a number needs quotes.

`s3ferry validate PATH...` tells every problem at once, offline, with the line and what to write instead. Errors refuse the spec;
warnings do not.
";

/// The reference page of the spec, as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    section(&mut page, "A spec file", &FILE);
    page.push_str(
        "\n## Diagnostics\n\nEvery diagnostic has a code.\n\n| Code | Meaning |\n|---|---|\n",
    );
    for (code, meaning) in CODES {
        line(&mut page, format_args!("| `{code}` | {meaning} |"));
    }
    page
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(page, "{text}");
}

/// A mapping, then the mappings in it.
fn section(page: &mut String, title: &str, record: &Record) {
    line(page, format_args!("\n## {title}\n"));
    if let Some(today) = record.later {
        line(page, format_args!("*Not yet supported: {today}.*\n"));
    }
    page.push_str("| Field | Takes | If left out | What it is for |\n|---|---|---|---|\n");
    for field in record.fields {
        row(page, field);
    }
    for field in record.fields {
        words(page, field.name, &field.shape);
    }
    for field in record.fields {
        let path = if title.starts_with('`') {
            format!("{}.{}", title.trim_matches('`'), field.name)
        } else {
            field.name.to_owned()
        };
        below(page, &path, &field.shape);
    }
}

fn below(page: &mut String, path: &str, shape: &Shape) {
    match shape {
        // Its fields are those of a migration, which follow.
        Shape::Record(_) if path == "defaults" => {}
        Shape::Record(record) => section(page, &format!("`{path}`"), record),
        Shape::Named(named) => below(page, &format!("{path}.NAME"), &named.of),
        Shape::List(list) => below(page, &format!("{path}[]"), &list.of),
        Shape::Either(shapes) => shapes.iter().for_each(|shape| below(page, path, shape)),
        Shape::Scalar(_) | Shape::Bool | Shape::Words(_) | Shape::False(_) => {}
    }
}

fn row(page: &mut String, field: &Field) {
    let absent = match field.need {
        Need::Required(_) => "must be there".to_owned(),
        Need::Default(yaml) => format!("`{yaml}`"),
        Need::Optional(otherwise) => otherwise.to_owned(),
    };
    let today = match field.support {
        Support::Now => String::new(),
        Support::Later(today) => format!(" *Not yet supported: {today}.*"),
    };
    let whole = if field.whole {
        " *Replaced whole.*"
    } else {
        ""
    };
    let takes = cell(&takes(&field.shape));
    let name = field.name;
    line(
        page,
        format_args!(
            "| `{name}` | {takes} | {} | {}{whole}{} |",
            cell(&absent),
            cell(field.doc),
            cell(&today)
        ),
    );
}

/// Text that cannot end a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn words(page: &mut String, name: &str, shape: &Shape) {
    match shape {
        Shape::Words(words) => {
            line(page, format_args!("\nWords of `{name}`:\n"));
            words.iter().for_each(|word| bullet(page, word));
        }
        Shape::Either(shapes) => shapes.iter().for_each(|shape| words(page, name, shape)),
        Shape::Scalar(_)
        | Shape::Bool
        | Shape::False(_)
        | Shape::Record(_)
        | Shape::Named(_)
        | Shape::List(_) => {}
    }
}

fn bullet(page: &mut String, word: &Word) {
    let today = word
        .later
        .map(|today| format!(" *Not yet supported: {today}.*"))
        .unwrap_or_default();
    line(page, format_args!("- `{}`: {}{today}", word.word, word.doc));
}
