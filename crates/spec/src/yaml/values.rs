//! What the scalars of the tree mean, read by `serde_yaml` in step with the tree of places.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{Entry, Kind, Node};

/// Marks the error of a tree that `serde_yaml` reads differently.
pub(super) const DISAGREE: &str = "two YAML readers do not agree";

/// Writes the meaning of every scalar into the tree.
pub(super) fn fill(root: &mut Node, text: &str) -> Result<(), serde_yaml::Error> {
    let deserializer = serde_yaml::Deserializer::from_str(text);
    Fill(root).deserialize(deserializer)
}

struct Fill<'n>(&'n mut Node);

impl<'de> DeserializeSeed<'de> for Fill<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Fill<'_> {
    /// Sets the meaning of a scalar; a collection here means that the readers do not agree.
    fn scalar<E: Error>(self, meaning: impl FnOnce(String) -> Kind) -> Result<(), E> {
        match std::mem::replace(&mut self.0.kind, Kind::Null) {
            Kind::Text(text) => {
                self.0.kind = meaning(text);
                Ok(())
            }
            _ => Err(E::custom(DISAGREE)),
        }
    }
}

impl<'de> Visitor<'de> for Fill<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a spec")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.scalar(|_| Kind::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.scalar(|text| Kind::Number(text, u64::try_from(value).ok()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.scalar(|text| Kind::Number(text, Some(value)))
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<(), E> {
        self.scalar(|text| Kind::Number(text, None))
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<(), E> {
        self.scalar(|text| Kind::Number(text, None))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.scalar(|text| Kind::Number(text, None))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.scalar(|_| Kind::Null)
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        match &self.0.kind {
            Kind::Text(text) if text == value => Ok(()),
            _ => Err(E::custom(DISAGREE)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let Kind::List(items) = &mut self.0.kind else {
            return Err(A::Error::custom(DISAGREE));
        };
        for item in items {
            access
                .next_element_seed(Fill(item))?
                .ok_or_else(|| A::Error::custom(DISAGREE))?;
        }
        nothing_more(access.next_element::<Anything>()?.is_some())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let Kind::Map(entries) = &mut self.0.kind else {
            return Err(A::Error::custom(DISAGREE));
        };
        for entry in entries {
            access
                .next_key_seed(Key(entry))?
                .ok_or_else(|| A::Error::custom(DISAGREE))?;
            access.next_value_seed(Fill(&mut entry.value))?;
        }
        nothing_more(access.next_key::<Anything>()?.is_some())
    }
}

fn nothing_more<E: Error>(more: bool) -> Result<(), E> {
    if more {
        Err(E::custom(DISAGREE))
    } else {
        Ok(())
    }
}

/// A key: any scalar; whether it is text is noted.
struct Key<'n>(&'n mut Entry);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let mut node = Node {
            at: self.0.key_at,
            kind: Kind::Text(std::mem::take(&mut self.0.key)),
        };
        Fill(&mut node).deserialize(deserializer)?;
        self.0.key_is_text = matches!(node.kind, Kind::Text(_));
        self.0.key = match node.kind {
            Kind::Text(text) | Kind::Number(text, _) => text,
            Kind::Bool(value) => value.to_string(),
            Kind::Null | Kind::List(_) | Kind::Map(_) | Kind::Bad => "null".to_owned(),
        };
        Ok(())
    }
}

/// A value that the tree does not have; its presence is what matters.
struct Anything;

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_ignored_any(serde::de::IgnoredAny)
            .map(|_| Self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::places::places;
    use super::{DISAGREE, fill};

    #[test]
    fn a_tree_of_another_text_is_refused() {
        let pairs = [
            ("a: b", "a: c"),
            ("a: b", "c: b"),
            ("a: b", "a: [b]"),
            ("a: [b]", "a: b"),
            ("a: [b]", "a: [b, c]"),
            ("a: [b, c]", "a: [b]"),
            ("a: { b: c }", "a: { b: c, d: e }"),
            ("a: { b: c, d: e }", "a: { b: c }"),
            ("a: { b: c }", "a: [b]"),
            ("a: [b]", "a: null"),
        ];
        for (ours, theirs) in pairs {
            let mut root = places(0, ours).unwrap();
            let error = fill(&mut root, theirs).unwrap_err();
            assert!(
                error.to_string().contains(DISAGREE),
                "{ours} and {theirs}: {error}"
            );
            let mut root = places(0, ours).unwrap();
            assert!(fill(&mut root, ours).is_ok(), "{ours}");
        }
    }
}
