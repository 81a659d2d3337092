//! The JSON Schema of a spec file, for editors. It accepts every spec that [`crate::read`] accepts.

use serde_json::{Map, Value, json};

use crate::scalar::{LONGEST_KEY, Scalar};
use crate::table::contract::{FILE, MIGRATION};
use crate::table::{Apart, Field, List, Named, Need, Record, Shape, Support, Word};

/// Whether `defaults` may hold a field of a mapping, so that the mapping itself need not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Merged {
    Yes,
    No,
}

/// The JSON Schema (draft 2020-12) of a spec file.
#[must_use]
pub fn json_schema() -> String {
    let mut schema = record(&FILE, Merged::No);
    let parts = [
        (
            "$schema",
            json!("https://json-schema.org/draft/2020-12/schema"),
        ),
        ("title", json!("s3ferry spec, version 1")),
        (
            "description",
            json!(
                "What must be true of S3 replication between AWS accounts. Several files make one spec."
            ),
        ),
        (
            "$defs",
            json!({ "migration": record(&MIGRATION, Merged::Yes) }),
        ),
    ];
    if let Some(object) = schema.as_object_mut() {
        object.extend(parts.map(|(key, value)| (key.to_owned(), value)));
    }
    format!("{schema:#}\n")
}

fn shape(shape: &Shape, merged: Merged) -> Value {
    match shape {
        Shape::Scalar(kind) => scalar(*kind),
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::False(_) => json!({ "const": false }),
        Shape::Words(words) => json!({ "oneOf": words.iter().map(word).collect::<Vec<_>>() }),
        Shape::Record(of) if std::ptr::eq(*of, &raw const MIGRATION) => {
            json!({ "$ref": "#/$defs/migration" })
        }
        Shape::Record(of) => record(of, merged),
        Shape::Named(of) => named(of),
        Shape::List(of) => list(of),
        Shape::Either(shapes) => {
            json!({ "anyOf": shapes.iter().map(|of| self::shape(of, merged)).collect::<Vec<_>>() })
        }
    }
}

fn word(word: &Word) -> Value {
    let mut schema = json!({ "const": word.word, "description": described(word.doc, word.later) });
    if let Some(today) = word.later {
        mark(&mut schema, today);
    }
    schema
}

/// Marks what the format has and this version refuses: editors strike out what is `deprecated`, and programs find the rest.
fn mark(schema: &mut Value, today: &str) {
    schema["deprecated"] = json!(true);
    schema[LATER] = json!(today);
}

/// The keyword of what is not supported yet; it says what there is today.
const LATER: &str = "x-not-yet-supported";

fn described(doc: &str, later: Option<&str>) -> String {
    later.map_or_else(
        || doc.to_owned(),
        |today| format!("{doc} Not yet supported: {today}."),
    )
}

fn scalar(kind: Scalar) -> Value {
    let mut schema = Map::new();
    let mut set = |key: &str, value: Value| schema.insert(key.to_owned(), value);
    match kind {
        Scalar::Version => {
            set("const", json!(1));
        }
        Scalar::Count => {
            set("type", json!("integer"));
            set("minimum", json!(0));
            set("maximum", json!(u32::MAX));
        }
        Scalar::Prefix => {
            set("type", json!("string"));
            set("maxLength", json!(LONGEST_KEY));
        }
        Scalar::TagKey => {
            set("minLength", json!(1));
            set("maxLength", json!(128));
        }
        Scalar::TagValue => {
            set("type", json!("string"));
            set("maxLength", json!(256));
        }
        _ => {
            set("type", json!("string"));
        }
    }
    if let Some(pattern) = kind.pattern() {
        set("pattern", json!(pattern));
    }
    Value::Object(schema)
}

fn named(of: &Named) -> Value {
    let mut schema = json!({
        "type": "object",
        "propertyNames": without_type(scalar(of.key)),
        "additionalProperties": shape(&of.of, Merged::No),
    });
    if of.at_most < usize::MAX {
        schema["maxProperties"] = json!(of.at_most);
    }
    schema
}

/// Names are strings anyway.
fn without_type(mut schema: Value) -> Value {
    if let Some(object) = schema.as_object_mut() {
        object.remove("type");
    }
    schema
}

fn list(of: &List) -> Value {
    let mut schema = json!({ "type": "array", "items": shape(&of.of, Merged::No) });
    if of.at_least > 0 {
        schema["minItems"] = json!(of.at_least);
    }
    if of.distinct {
        schema["uniqueItems"] = json!(true);
    }
    schema
}

fn record(of: &Record, merged: Merged) -> Value {
    let properties: Map<String, Value> = of
        .fields
        .iter()
        .map(|of| (of.name.to_owned(), field(of, merged)))
        .collect();
    let mut schema = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    let required = of
        .fields
        .iter()
        .filter(|field| matches!(field.need, Need::Required(_)));
    let required: Vec<&str> = required.map(|field| field.name).collect();
    if merged == Merged::No && !required.is_empty() {
        schema["required"] = json!(required);
    }
    if let Some(today) = of.later {
        mark(&mut schema, today);
    }
    if !of.apart.is_empty() {
        schema["not"] = json!({ "anyOf": of.apart.iter().map(apart).collect::<Vec<_>>() });
    }
    schema
}

/// What a mapping must not be.
fn apart(apart: &Apart) -> Value {
    match *apart {
        Apart::Two(one, other) => json!({ "required": [one, other] }),
        Apart::FilledWithWord(filled, other, word) => json!({
            "required": [filled, other],
            "properties": { filled: { "minProperties": 1 }, other: { "const": word } },
        }),
    }
}

fn field(of: &Field, merged: Merged) -> Value {
    let merged = if of.whole { Merged::No } else { merged };
    let mut schema = shape(&of.shape, merged);
    let later = match of.support {
        Support::Now => None,
        Support::Later(today) => {
            mark(&mut schema, today);
            Some(today)
        }
    };
    schema["description"] = json!(described(of.doc, later));
    if let Need::Default(yaml) = of.need {
        // The defaults of the table are YAML, and a test reads each of them.
        schema["default"] = serde_yaml::from_str(yaml).unwrap_or_default();
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults_are_yaml(record: &Record) {
        for field in record.fields {
            if let Need::Default(yaml) = field.need {
                let value: Value = serde_yaml::from_str(yaml).unwrap();
                assert!(!value.is_null(), "{}", field.name);
            }
            if let Shape::Record(below) = field.shape {
                defaults_are_yaml(below);
            }
        }
    }

    #[test]
    fn every_default_is_a_value() {
        defaults_are_yaml(&FILE);
        defaults_are_yaml(&MIGRATION);
    }
}
