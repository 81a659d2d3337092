//! Whether a policy grants an action on everything that a pattern names: the sure cases only.

use std::collections::BTreeSet;

use super::grammar::{Condition, Effect, PolicyDocument, Scope, Statement, Version};
use super::pattern::Pattern;

impl PolicyDocument {
    /// Whether one statement without conditions allows the action on all of a pattern.
    #[must_use]
    pub fn grants(&self, action: &str, resource: &str) -> bool {
        let wanted = Pattern::new(resource, Version::V2012);
        let action = action.to_ascii_lowercase();
        self.statements().iter().any(|statement| {
            let Scope::Only(actions) = statement.actions() else {
                return false;
            };
            let Some(Scope::Only(resources)) = statement.resources() else {
                return false;
            };
            let mut actions = actions.iter();
            let mut resources = resources.iter();
            statement.effect() == Effect::Allow
                && statement.conditions().is_empty()
                && actions.any(|name| Pattern::action(name).matches(&action))
                && resources.any(|text| Pattern::new(text, self.version()).covers(&wanted))
        })
    }

    /// What the document allows to a principal, of the names that `is_it` knows it by.
    #[must_use]
    pub fn for_principal(&self, is_it: impl Fn(&str) -> bool) -> Self {
        let names_it = |statement: &&Statement| {
            matches!(statement.principals(), Some(Scope::Only(_)))
                && statement.aws_principals().any(&is_it)
        };
        let statements = self.statements().iter().filter(names_it);
        self.with_statements(statements.cloned().collect())
    }

    /// The keys that may be used for all objects of a pattern: each action with each key, in the spelling of the text.
    #[must_use]
    pub fn key_grants(&self, objects: &str) -> BTreeSet<(String, String)> {
        let wanted = Pattern::new(objects, Version::V2012);
        let is_for = |condition: &Condition| {
            let mut values = condition.values.iter();
            !condition
                .key
                .to_ascii_lowercase()
                .starts_with("kms:encryptioncontext")
                || values.any(|text| Pattern::new(text, self.version()).covers(&wanted))
        };
        let statements = self.statements().iter().filter(|statement| {
            statement.effect() == Effect::Allow && statement.conditions().iter().all(is_for)
        });
        let mut granted = BTreeSet::new();
        for statement in statements {
            let (Scope::Only(actions), Some(Scope::Only(keys))) =
                (statement.actions(), statement.resources())
            else {
                continue;
            };
            for action in actions.iter().filter(|action| action.starts_with("kms:")) {
                granted.extend(keys.iter().map(|key| (action.clone(), key.clone())));
            }
        }
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_what_is_granted_is_granted() {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Replicate*"],"Resource":"arn:aws:s3:::b/x/*"}]}"#;
        let policy = PolicyDocument::parse(text).expect("a policy");
        assert!(policy.grants("s3:ReplicateObject", "arn:aws:s3:::b/x/logs/*"));
        for (action, resource) in [
            ("s3:ReplicateObject", "arn:aws:s3:::b/*"),
            ("s3:ReplicateObject", "arn:aws:s3:::c/x/*"),
            ("s3:GetObject", "arn:aws:s3:::b/x/*"),
        ] {
            assert!(!policy.grants(action, resource), "{action} {resource}");
        }
    }
}
