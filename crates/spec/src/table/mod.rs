//! The one table of fields: checking, the JSON Schema, the reference page and the starter are drawn from it.
//!
//! [`contract`] is the data; this file says what an entry is. A field that the contract has and this
//! version does not act on is [`Support::Later`]: parsed, checked and refused, never ignored.

mod backfill;
pub(crate) mod contract;
mod later;
mod logging;
mod migration;
pub(crate) mod monitoring;
mod verify;

use crate::scalar::Scalar;

/// A field of a mapping.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) need: Need,
    pub(crate) support: Support,
    /// Whether a migration's value replaces the one of `defaults` as a whole, because the field has alternatives.
    pub(crate) whole: bool,
    /// What it is for; the first sentence is the comment in the starter.
    pub(crate) doc: &'static str,
}

/// Whether a field may be left out.
#[derive(Debug)]
pub(crate) enum Need {
    /// It may not; why, and what to write.
    Required(&'static str),
    /// It may; this YAML value holds then.
    Default(&'static str),
    /// It may; this is what holds then.
    Optional(&'static str),
}

/// Whether this version acts on a field.
#[derive(Debug)]
pub(crate) enum Support {
    /// It does.
    Now,
    /// It does not; what there is today.
    Later(&'static str),
}

/// What a field takes.
#[derive(Debug)]
pub(crate) enum Shape {
    /// One value.
    Scalar(Scalar),
    /// `true` or `false`.
    Bool,
    /// One word of a closed set.
    Words(&'static [Word]),
    /// A mapping with known fields.
    Record(&'static Record),
    /// A mapping whose keys are names.
    Named(&'static Named),
    /// A list.
    List(&'static List),
    /// One of several, told apart by being a word, a text, a bool or a mapping.
    Either(&'static [Self]),
    /// Only `false`; `true` is refused with this help.
    False(&'static str),
}

/// A word of a closed set.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) word: &'static str,
    pub(crate) doc: &'static str,
    /// What there is today, where this version does not act on the word.
    pub(crate) later: Option<&'static str>,
}

/// A mapping with known fields.
#[derive(Debug)]
pub(crate) struct Record {
    /// What the mapping is, with its article: "a rule".
    pub(crate) what: &'static str,
    pub(crate) fields: &'static [Field],
    /// What there is today, where this version does not take the mapping.
    pub(crate) later: Option<&'static str>,
    /// What cannot stand together. The decoder refuses it in its own words; the schema takes it from here.
    pub(crate) apart: &'static [Apart],
}

/// Fields of one mapping that cannot stand together.
#[derive(Debug)]
pub(crate) enum Apart {
    /// These two.
    Two(&'static str, &'static str),
    /// One that holds anything, and the other with this word.
    FilledWithWord(&'static str, &'static str, &'static str),
}

/// A mapping whose keys are names.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) key: Scalar,
    /// What an entry is, without an article: "migration".
    pub(crate) what: &'static str,
    pub(crate) of: Shape,
    pub(crate) at_most: usize,
}

/// A list.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) of: Shape,
    pub(crate) at_least: usize,
    /// Whether no item may be there twice.
    pub(crate) distinct: bool,
}

impl Field {
    pub(crate) const fn new(
        name: &'static str,
        shape: Shape,
        need: Need,
        doc: &'static str,
    ) -> Self {
        Self {
            name,
            shape,
            need,
            support: Support::Now,
            whole: false,
            doc,
        }
    }

    pub(crate) const fn later(self, today: &'static str) -> Self {
        Self {
            support: Support::Later(today),
            ..self
        }
    }

    pub(crate) const fn whole(self) -> Self {
        Self {
            whole: true,
            ..self
        }
    }

    /// The first sentence of the doc line.
    pub(crate) fn summary(&self) -> &'static str {
        self.doc
            .split_inclusive(". ")
            .next()
            .unwrap_or(self.doc)
            .trim_end()
    }
}

impl Record {
    pub(crate) const fn apart(self, apart: &'static [Apart]) -> Self {
        Self { apart, ..self }
    }

    /// The field of this name.
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

pub(crate) const fn word(word: &'static str, doc: &'static str) -> Word {
    Word {
        word,
        doc,
        later: None,
    }
}

pub(crate) const fn later_word(word: &'static str, doc: &'static str, today: &'static str) -> Word {
    Word {
        word,
        doc,
        later: Some(today),
    }
}

pub(crate) const fn record(what: &'static str, fields: &'static [Field]) -> Record {
    Record {
        what,
        fields,
        later: None,
        apart: &[],
    }
}
