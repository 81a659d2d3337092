//! What fields take, in words.

use crate::table::{Named, Shape, Word};

/// What a shape takes, as a phrase.
pub(crate) fn takes(shape: &Shape) -> String {
    match shape {
        Shape::Scalar(scalar) => scalar.takes().to_owned(),
        Shape::Bool => "true or false".to_owned(),
        Shape::Words(words) => takes_words(words),
        Shape::Record(record) => {
            format!(
                "a mapping with {}",
                all_of(record.fields.iter().map(|field| field.name))
            )
        }
        Shape::Named(named) => takes_named(named),
        Shape::List(_) => A_LIST.to_owned(),
        Shape::Either(shapes) => shapes.iter().map(takes).collect::<Vec<_>>().join(", or "),
        Shape::False(_) => "false".to_owned(),
    }
}

pub(crate) const A_LIST: &str = "a list, each item on a line of its own after `- `";

pub(crate) fn takes_named(named: &Named) -> String {
    format!("a mapping of {} names to their values", named.what)
}

fn one_of<'w>(words: impl Iterator<Item = &'w str>) -> String {
    joined(words, "or")
}

pub(crate) fn all_of<'w>(words: impl Iterator<Item = &'w str>) -> String {
    joined(words, "and")
}

fn joined<'w>(words: impl Iterator<Item = &'w str>, last: &str) -> String {
    let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        Some((end, start)) if !start.is_empty() => format!("{} {last} {end}", start.join(", ")),
        _ => words.join(""),
    }
}

/// The words that this version acts on.
pub(crate) fn takes_words(words: &[Word]) -> String {
    one_of(
        words
            .iter()
            .filter(|word| word.later.is_none())
            .map(|word| word.word),
    )
}
