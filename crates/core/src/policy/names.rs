//! What statements are called: by their Sid, or where they have none by what they say, so that a name means the same statement
//! wherever it stands and whatever comes before it. Those that are called alike are numbered, all of them: the name without a
//! number means a statement that stands alone, so that one of two that was handed over does not take the other along when it
//! is the only one left.

use std::collections::BTreeMap;

use serde_json::json;

use super::grammar::{PolicyDocument, Statement};
use crate::digest::digest;

/// How many hex digits of the hash stand in a name: 64 bits, so that nobody finds another statement of a name that was handed over.
const DIGITS: usize = 16;

impl PolicyDocument {
    /// The statements with their names, each name once.
    #[must_use]
    pub fn named(&self) -> Vec<(String, &Statement)> {
        let stems: Vec<String> = self.statements().iter().map(stem).collect();
        let mut alike: BTreeMap<&str, u32> = BTreeMap::new();
        for stem in &stems {
            *alike.entry(stem).or_default() += 1;
        }
        let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
        let name = |stem: &str, count: u32| {
            let is_alone = alike.get(stem) == Some(&1);
            if is_alone {
                stem.to_owned()
            } else {
                format!("{stem}-{count}")
            }
        };
        let mut named = Vec::new();
        for (stem, statement) in stems.iter().zip(self.statements()) {
            let count = seen.entry(stem).or_default();
            *count += 1;
            named.push((name(stem, *count), statement));
        }
        named
    }

    /// The name of the statement at a place.
    #[must_use]
    pub fn name_at(&self, place: usize) -> String {
        let mut named = self.named();
        if place < named.len() {
            named.swap_remove(place).0
        } else {
            String::new()
        }
    }

    /// The document without the statements of these names.
    #[must_use]
    pub fn without_named(&self, gone: impl Fn(&str) -> bool) -> Self {
        let named = self.named().into_iter();
        let kept = named.filter(|(name, _)| !gone(name));
        self.with_statements(kept.map(|(_, statement)| statement.clone()).collect())
    }
}

/// What a statement is called without regard to the others.
fn stem(statement: &Statement) -> String {
    match statement.sid() {
        Some(sid) => sid.to_owned(),
        None => {
            let says = statement.canonical().to_json();
            format!("#{}", &digest(&json!(says))[..DIGITS])
        }
    }
}

/// The name or the address that a number was put to, where it ends with one.
pub(crate) fn without_number(name: &str) -> Option<&str> {
    let (stem, number) = name.rsplit_once('-')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(statements: &[&str]) -> Vec<String> {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
            statements.join(",")
        );
        let document = PolicyDocument::parse(&text).expect("a policy");
        let named = document.named().into_iter();
        named.map(|(name, _)| name).collect()
    }

    #[test]
    fn a_statement_without_a_sid_keeps_its_name_wherever_it_stands() {
        let one = r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#;
        let other = r#"{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#;
        let sid = r#"{"Sid":"S","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b"}"#;
        let [first, second] = &names(&[one, other])[..] else {
            panic!("two")
        };
        assert!(first.starts_with('#') && first != second);
        assert_eq!(names(&[sid, other, one]), ["S", second, first]);
        let numbered = [1, 2].map(|number| format!("{first}-{number}"));
        assert_eq!(names(&[one, one]), numbered);
        assert_eq!(without_number(&numbered[1]), Some(first.as_str()));
        assert_eq!(without_number(first), None);
    }
}
