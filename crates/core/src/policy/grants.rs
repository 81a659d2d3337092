//! Whether a policy grants an action on everything that a pattern names: the sure cases only.

use super::grammar::{Effect, PolicyDocument, Scope, Version};
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
