//! A mapping of a migration laid over the same mapping of `defaults`, without copying either.

use crate::report::{Report, Span};
use crate::table::{Field, Need, Record, Shape};
use crate::yaml::{Kind, Node};

/// A value as a migration has it: its own, or the default, or one mapping over the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'n> {
    own: Option<&'n Node>,
    default: Option<&'n Node>,
    record: &'static Record,
    /// Where a field that is missing should have been.
    pub(crate) at: Span,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Found<'n> {
    /// It is not there.
    Missing,
    /// A diagnostic was given for it.
    Bad,
    /// It is there.
    Here(View<'n>),
}

static NOTHING: Node = Node {
    at: Span {
        file: 0,
        line: 1,
        column: 1,
        width: 1,
    },
    kind: Kind::Bad,
};

impl<'n> View<'n> {
    /// A mapping by itself.
    pub(crate) fn alone(own: &'n Node, record: &'static Record, at: Span) -> Self {
        Self {
            own: Some(own),
            default: None,
            record,
            at,
        }
    }

    /// A mapping over its defaults.
    pub(crate) fn over(
        own: &'n Node,
        default: Option<&'n Node>,
        record: &'static Record,
        at: Span,
    ) -> Self {
        Self {
            own: Some(own),
            default,
            record,
            at,
        }
    }

    /// The value; of a merged mapping, the migration's own.
    pub(crate) fn node(&self) -> &'n Node {
        self.own.or(self.default).unwrap_or(&NOTHING)
    }

    /// The one that is spelled so; none for another word, for which a diagnostic was given.
    pub(crate) fn one_of<T: Copy>(
        &self,
        all: impl IntoIterator<Item = T>,
        spelled: fn(T) -> &'static str,
    ) -> Option<T> {
        let word = self.text()?;
        all.into_iter().find(|known| spelled(*known) == word)
    }

    /// What a field holds.
    pub(crate) fn field(&self, name: &str) -> Found<'n> {
        let Some(field) = self.record.field(name) else {
            return Found::Missing;
        };
        let own = entry(self.own, name);
        let default = entry(self.default, name);
        match (own, default) {
            (Entry::Bad, _) | (Entry::None, Entry::Bad) => Found::Bad,
            (Entry::None, Entry::None) => Found::Missing,
            (Entry::None, Entry::Here(at, value)) => {
                Found::Here(self.below(field, None, Some(value), at))
            }
            (Entry::Here(at, value), default) => {
                let merged = !field.whole && matches!(value.kind, Kind::Map(_));
                let default = match default {
                    Entry::Here(_, node) if merged => Some(node),
                    Entry::Bad if merged => Some(&NOTHING),
                    Entry::Here(..) | Entry::Bad | Entry::None => None,
                };
                Found::Here(self.below(field, Some(value), default, at))
            }
        }
    }

    fn below(
        &self,
        field: &'static Field,
        own: Option<&'n Node>,
        default: Option<&'n Node>,
        at: Span,
    ) -> Self {
        Self {
            own,
            default,
            record: record_of(&field.shape).unwrap_or(self.record),
            at,
        }
    }

    /// A field that must be there; `None` means that a diagnostic says why it is not.
    pub(crate) fn require(&self, report: &mut Report<'_>, name: &str) -> Option<Self> {
        match self.field(name) {
            Found::Here(view) => Some(view),
            Found::Bad => None,
            Found::Missing => {
                if !matches!(self.node().kind, Kind::Bad) {
                    missing(report, self.record, name, self.at);
                }
                None
            }
        }
    }

    /// A field that may be missing; the outer `None` means that a diagnostic was given.
    pub(crate) fn optional(&self, name: &str) -> Option<Option<Self>> {
        match self.field(name) {
            Found::Here(view) => Some(Some(view)),
            Found::Missing => Some(None),
            Found::Bad => None,
        }
    }

    /// A bool with its default.
    pub(crate) fn bool_or(&self, name: &str, default: bool) -> Option<bool> {
        let Some(view) = self.optional(name)? else {
            return Some(default);
        };
        match view.node().kind {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The text of a value; `None` for a mistake that was told.
    pub(crate) fn text(&self) -> Option<&'n str> {
        self.node().text()
    }

    /// Where the value is.
    pub(crate) fn place(&self) -> Span {
        self.node().at
    }
}

enum Entry<'n> {
    None,
    Bad,
    Here(Span, &'n Node),
}

fn entry<'n>(node: Option<&'n Node>, name: &str) -> Entry<'n> {
    let Some(node) = node else {
        return Entry::None;
    };
    match node.get(name) {
        Some(entry) if matches!(entry.value.kind, Kind::Bad) => Entry::Bad,
        Some(entry) => Entry::Here(entry.key_at, &entry.value),
        None if matches!(node.kind, Kind::Bad) => Entry::Bad,
        None => Entry::None,
    }
}

fn record_of(shape: &Shape) -> Option<&'static Record> {
    match shape {
        Shape::Record(record) => Some(record),
        Shape::Either(shapes) => shapes.iter().find_map(record_of),
        Shape::Scalar(_)
        | Shape::Bool
        | Shape::Words(_)
        | Shape::Named(_)
        | Shape::List(_)
        | Shape::False(_) => None,
    }
}

/// Reports a field that must be there.
pub(crate) fn missing(report: &mut Report<'_>, record: &Record, name: &str, at: Span) {
    let help = match record.field(name).map(|field| &field.need) {
        Some(Need::Required(help)) => help,
        Some(Need::Default(_) | Need::Optional(_)) | None => "",
    };
    report.error(
        "missing-field",
        at,
        format!("{} must have `{name}`", record.what),
        help,
    );
}
