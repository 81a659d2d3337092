//! The spec that `s3ferry init` writes: a small migration, each line with what it is for.

use s3ferry_core::ids::SpecName;

use crate::phrases::takes_words;
use crate::table::contract::FILE;
use crate::table::{Field, Record, Shape};

const HEAD: &str = "\
# yaml-language-server: $schema=./s3ferry.schema.json
# What must be true of a move of S3 data between AWS accounts. `s3ferry validate` checks this file offline, `s3ferry plan`
# compares it with both accounts, `s3ferry apply` makes the difference.

";

/// The line with the spec's name, which is the user's.
const NAME: &str = "name:";

/// A line of YAML, and the field whose doc line stands above it; none for lines that need no word.
const LINES: &[(&str, &str)] = &[
    ("version", "version: 1"),
    ("name", NAME),
    ("", ""),
    ("accounts", "accounts:"),
    ("", "  prod:"),
    ("accounts.id", "    id: \"111111111111\""),
    ("accounts.region", "    region: eu-west-1"),
    (
        "accounts.assume_role",
        "    assume_role: { arn: arn:aws:iam::111111111111:role/s3ferry }",
    ),
    ("", "  archive:"),
    ("", "    id: \"222222222222\""),
    ("", "    region: eu-central-1"),
    ("accounts.profile", "    profile: archive"),
    ("", ""),
    ("ledger", "ledger: ./ledger"),
    ("", ""),
    ("migrations", "migrations:"),
    ("", "  orders:"),
    ("migrations.phase", "    phase: prepare"),
    (
        "migrations.source",
        "    source: { account: prod, bucket: orders-prod }",
    ),
    ("migrations.destination", "    destination:"),
    ("", "      account: archive"),
    ("", "      bucket: orders-archive"),
    ("migrations.destination.create", "      create: true"),
    (
        "migrations.destination.encryption",
        "      encryption: sse-s3",
    ),
    ("migrations.rules", "    rules:"),
    ("migrations.rules.id", "      - id: everything"),
    ("migrations.rules.prefix", "        prefix: \"\""),
    (
        "migrations.rules.delete_markers",
        "        delete_markers: mirror",
    ),
    (
        "migrations.rules.storage_class",
        "        storage_class: STANDARD_IA",
    ),
    ("migrations.owner", "    owner: destination"),
    ("migrations.canary", "    canary: { name: .s3ferry-canary }"),
    (
        "migrations.guards",
        "    guards: { max_deletes: 0, adopt: [] }",
    ),
];

/// A valid spec of this name with comments, for a user to change.
#[must_use]
pub fn starter(name: &SpecName) -> String {
    // Quoted, since a name may look like a number or a word of YAML.
    let named = format!("{NAME} \"{name}\"");
    LINES.iter().fold(HEAD.to_owned(), |text, (path, yaml)| {
        let yaml = if *yaml == NAME { named.as_str() } else { yaml };
        text + &commented(path, yaml)
    })
}

fn commented(path: &str, yaml: &str) -> String {
    let indent = " ".repeat(yaml.len() - yaml.trim_start().len());
    match field(&FILE, path) {
        // A comment above `- id` stands where the dash stands.
        Some(field) => format!(
            "{indent}# {}{}\n{yaml}\n",
            field.summary(),
            words(&field.shape)
        ),
        None => format!("{yaml}\n"),
    }
}

/// The words to choose from, where there is more than one; storage classes would not fit a line.
fn words(shape: &Shape) -> String {
    match shape {
        Shape::Words(words) if words.len() < 7 => {
            format!(" Write {}.", takes_words(words).replace('`', ""))
        }
        Shape::Words(_)
        | Shape::Scalar(_)
        | Shape::Bool
        | Shape::Record(_)
        | Shape::Named(_)
        | Shape::List(_)
        | Shape::Either(_)
        | Shape::False(_) => String::new(),
    }
}

/// The field at a path; names and list items have no part in it.
fn field(record: &'static Record, path: &str) -> Option<&'static Field> {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let field = record.field(first)?;
    if rest.is_empty() {
        Some(field)
    } else {
        self::field(record_in(&field.shape)?, rest)
    }
}

fn record_in(shape: &'static Shape) -> Option<&'static Record> {
    match shape {
        Shape::Record(record) => Some(record),
        Shape::Named(named) => record_in(&named.of),
        Shape::List(list) => record_in(&list.of),
        Shape::Either(shapes) => shapes.iter().find_map(record_in),
        Shape::Scalar(_) | Shape::Bool | Shape::Words(_) | Shape::False(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_the_doc_line_and_the_words() {
        let text = starter(&SpecName::new("orders").unwrap());
        assert!(text.contains("\nname: \"orders\"\n"), "{text}");
        assert!(text.contains(
            "\n    # How far the move has come. Write prepare, replicate, backfill or verify.\n    phase: prepare\n"
        ));
        assert!(text.contains("\n      # The short name of the rule, unique in the migration.\n      - id: everything\n"));
    }

    #[test]
    fn every_named_field_of_the_starter_is_in_the_table() {
        for (path, yaml) in LINES.iter().filter(|(path, _)| !path.is_empty()) {
            assert!(field(&FILE, path).is_some(), "{path} at {yaml}");
        }
    }
}
