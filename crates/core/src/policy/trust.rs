//! Whether a role's trust policy lets S3 assume the role (UG:setting-repl-config-perm-overview).

use super::grammar::{Effect, PolicyDocument, Scope, Statement};
use super::pattern::Pattern;
use super::request::quote;

const ASSUMES: &str = "sts:assumerole";

/// What a trust policy says of S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trusted {
    /// S3 may assume the role.
    Surely,
    /// It may if this holds; no page says that replication sends what a condition would ask for (T24).
    Perhaps(String),
    /// A statement denies it: its name.
    Denied(String),
    /// Nothing lets S3 in.
    Not,
}

/// What a trust policy says of S3.
#[must_use]
pub fn trusts_s3(trust: &PolicyDocument) -> Trusted {
    let named = trust.named();
    let about = |effect: Effect| {
        let meant = named.iter();
        meant.filter(move |(_, of)| of.effect() == effect && is_for_s3(of))
    };
    if let Some((name, _)) = about(Effect::Deny).find(|(_, of)| of.conditions().is_empty()) {
        return Trusted::Denied(name.clone());
    }
    if about(Effect::Allow).any(|(_, of)| of.conditions().is_empty()) {
        return Trusted::Surely;
    }
    let conditions = about(Effect::Allow).map(|(_, of)| {
        let conditions: Vec<String> = of.conditions().iter().map(quote).collect();
        conditions.join(" and ")
    });
    let conditions: Vec<String> = conditions.collect();
    if conditions.is_empty() {
        Trusted::Not
    } else {
        Trusted::Perhaps(conditions.join(", or "))
    }
}

/// The service's name is the same in all partitions (unverified: for China, where services have had names of their own).
fn is_for_s3(statement: &Statement) -> bool {
    let actions = statement.actions();
    let mut listed = actions.listed().iter();
    let is_listed = listed.any(|name| Pattern::action(name).matches(ASSUMES));
    let is_s3 = |name: &String| name.starts_with("s3.amazonaws.com");
    let names_s3 = match statement.principals() {
        Some(Scope::Only(of)) => of.get("Service").is_some_and(|all| all.iter().any(is_s3)),
        Some(Scope::Except(_)) | None => false,
    };
    is_listed == matches!(actions, Scope::Only(_)) && names_s3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(statements: &str) -> Trusted {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        trusts_s3(&PolicyDocument::parse(&text).expect("a policy"))
    }

    #[test]
    fn s3_is_let_in_by_its_name_and_for_the_action() {
        let statement = |effect: &str, service: &str, action: &str, more: &str| {
            format!(
                r#"{{"Effect":"{effect}","Principal":{{"Service":"{service}"}},"Action":"{action}"{more}}}"#
            )
        };
        let s3 = "s3.amazonaws.com";
        let allow = statement("Allow", s3, "sts:AssumeRole", "");
        let condition = r#","Condition":{"StringEquals":{"aws:SourceAccount":"1"}}"#;
        assert_eq!(of(&allow), Trusted::Surely);
        assert_eq!(
            of(&statement("Allow", s3, "sts:TagSession", "")),
            Trusted::Not
        );
        let batch = statement("Allow", "batchoperations.s3.amazonaws.com", "sts:*", "");
        assert_eq!(of(&batch), Trusted::Not);
        assert!(matches!(
            of(&statement("Allow", s3, "sts:AssumeRole", condition)),
            Trusted::Perhaps(_)
        ));
        let both = [allow, statement("Deny", s3, "sts:*", "")].join(",");
        assert!(matches!(of(&both), Trusted::Denied(_)));
    }
}
