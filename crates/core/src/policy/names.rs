//! What statements are called: by their Sid, or where they have none by what they say, so that a name means the same statement
//! wherever it stands and whatever comes before it.

use std::collections::BTreeMap;

use serde_json::json;

use super::grammar::{PolicyDocument, Statement};
use crate::digest::digest;

/// How many digits of the hash stand in a name.
const DIGITS: usize = 8;

impl PolicyDocument {
    /// The statements with their names, each name once.
    #[must_use]
    pub fn named(&self) -> Vec<(String, &Statement)> {
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        let mut named = Vec::new();
        for statement in self.statements() {
            let name = match statement.sid() {
                Some(sid) => sid.to_owned(),
                None => {
                    let says = statement.canonical().to_json();
                    format!("#{}", &digest(&json!(says))[..DIGITS])
                }
            };
            let count = seen.entry(name.clone()).or_default();
            *count += 1;
            let name = if *count == 1 {
                name
            } else {
                format!("{name}-{count}")
            };
            named.push((name, statement));
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
        assert_eq!(names(&[one, one]), [first.clone(), format!("{first}-2")]);
    }
}
