//! Reads the fields of a call, and says what is wrong with them as AWS does.

use super::errors::{invalid, validation};
use crate::iam::outside;
use crate::wire::{Node, Refusal};

type Checked<T> = Result<T, Refusal>;

/// The fields of a map.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    node: &'a Node,
}

impl<'a> Fields<'a> {
    pub(super) fn new(node: &'a Node) -> Self {
        Self { node }
    }

    pub(super) fn get(&self, field: &str) -> Option<&'a Node> {
        self.node.get(field)
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.get(field).is_some()
    }

    fn read<T>(&self, field: &str, read: impl Fn(&'a Node) -> Option<T>) -> Checked<Option<T>> {
        match self.get(field) {
            None => Ok(None),
            Some(node) => read(node).map(Some).ok_or_else(|| wrong_type(field)),
        }
    }

    /// Returns a text of so many characters at least and at most.
    pub(super) fn text(&self, field: &str, least: usize, most: usize) -> Checked<Option<&'a str>> {
        let text = self.read(field, Node::as_text)?;
        text.map(|text| checked(text, field, least, most))
            .transpose()
    }

    pub(super) fn required(&self, field: &str, most: usize) -> Checked<&'a str> {
        let text = self.text(field, 1, most)?;
        text.ok_or_else(|| invalid(None, field, "not be null"))
    }

    /// Returns one of the words that the model lists.
    pub(super) fn word(
        &self,
        field: &str,
        words: &[&'static str],
    ) -> Checked<Option<&'static str>> {
        let Some(text) = self.read(field, Node::as_text)? else {
            return Ok(None);
        };
        word(text, field, words).map(Some)
    }

    pub(super) fn flag(&self, field: &str) -> Checked<Option<bool>> {
        self.read(field, Node::as_bool)
    }

    pub(super) fn number(&self, field: &str) -> Checked<Option<f64>> {
        self.read(field, Node::as_number)
    }

    pub(super) fn time(&self, field: &str) -> Checked<Option<f64>> {
        self.read(field, Node::as_time)
    }

    /// Returns a whole number within bounds.
    pub(super) fn integer(&self, field: &str, least: i64, most: i64) -> Checked<Option<i64>> {
        let Some(number) = self.read(field, Node::as_integer)? else {
            return Ok(None);
        };
        match outside(number, least, most) {
            Some(must) => Err(invalid(Some(&number.to_string()), field, &must)),
            None => Ok(Some(number)),
        }
    }

    /// Returns a list of so many at most.
    pub(super) fn list(&self, field: &str, most: usize) -> Checked<Option<&'a [Node]>> {
        let list = self.read(field, Node::as_list)?;
        if let Some(list) = list
            && list.len() > most
        {
            let told = format!("[{} members]", list.len());
            let must = format!("have length less than or equal to {most}");
            return Err(invalid(Some(&told), field, &must));
        }
        Ok(list)
    }

    /// Returns the maps of a list.
    pub(super) fn maps(&self, field: &str, most: usize) -> Checked<Vec<Self>> {
        let list = self.list(field, most)?.unwrap_or_default();
        Ok(list.iter().map(Fields::new).collect())
    }

    /// Returns a list of texts.
    pub(super) fn texts(
        &self,
        field: &str,
        most: usize,
        longest: usize,
    ) -> Checked<Option<Vec<String>>> {
        let Some(list) = self.list(field, most)? else {
            return Ok(None);
        };
        let texts = list.iter().map(|item| {
            let text = item.as_text().ok_or_else(|| wrong_type(field))?;
            checked(text, field, 1, longest).map(str::to_owned)
        });
        texts.collect::<Checked<_>>().map(Some)
    }
}

/// Checks that a text is one of the words that the model lists.
pub(super) fn word(text: &str, field: &str, words: &[&'static str]) -> Checked<&'static str> {
    let found = words.iter().find(|word| **word == text);
    found.copied().ok_or_else(|| {
        let must = format!("satisfy enum value set: [{}]", words.join(", "));
        invalid(Some(text), field, &must)
    })
}

fn checked<'a>(text: &'a str, field: &str, least: usize, most: usize) -> Checked<&'a str> {
    let length = text.chars().count();
    if length < least {
        let must = format!("have length greater than or equal to {least}");
        return Err(invalid(Some(text), field, &must));
    }
    if length > most {
        let must = format!("have length less than or equal to {most}");
        return Err(invalid(Some(text), field, &must));
    }
    Ok(text)
}

fn wrong_type(field: &str) -> Refusal {
    validation(format!("{field} is not of the type that it must be."))
}
