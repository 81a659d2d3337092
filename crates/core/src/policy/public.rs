//! Which statements make a bucket's policy public, as S3 Block Public Access judges it
//! (UG:access-control-block-public-access "The meaning of public").

use super::canon::canonical_key;
use super::grammar::{Condition, Effect, PolicyDocument, Scope, Statement};

/// Condition keys that keep a statement for everybody from being public, where they hold fixed values.
const NARROWING: [&str; 12] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
];

impl PolicyDocument {
    /// The statements that make the policy public, by name.
    #[must_use]
    pub fn public_statements(&self) -> Vec<String> {
        let public = self.named().into_iter();
        let public = public.filter(|(_, statement)| is_public(statement));
        public.map(|(name, _)| name).collect()
    }
}

fn is_public(statement: &Statement) -> bool {
    let everybody = match statement.principals() {
        Some(Scope::Only(principals)) => principals
            .get("AWS")
            .is_some_and(|names| names.iter().any(|name| name == "*")),
        // Whoever is not excepted, and that is nearly everybody.
        Some(Scope::Except(_)) => true,
        None => false,
    };
    statement.effect() == Effect::Allow && everybody && !statement.conditions().iter().any(narrows)
}

fn narrows(condition: &Condition) -> bool {
    let operator = condition.operator.to_ascii_lowercase();
    let base = operator.rsplit(':').next().unwrap_or_default();
    let base = base.strip_suffix("ifexists").unwrap_or(base);
    let selects = matches!(
        base,
        "stringequals"
            | "stringequalsignorecase"
            | "stringlike"
            | "arnequals"
            | "arnlike"
            | "ipaddress"
    );
    let is_fixed = |value: &String| {
        let wide = value.trim_matches('*').is_empty() || value.ends_with("/0");
        !wide && !value.contains("${")
    };
    selects
        && NARROWING.contains(&canonical_key(&condition.key).as_str())
        && !condition.values.is_empty()
        && condition.values.iter().all(is_fixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(statement: &str) -> bool {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{{{statement}}}]}}"#);
        let document = PolicyDocument::parse(&text).expect("a policy");
        !document.public_statements().is_empty()
    }

    #[test]
    fn everybody_is_public_unless_fixed_values_narrow_it() {
        let open = r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*""#;
        let with = |rest: &str| public(&format!("{open},{rest}"));
        assert!(with(r#""Principal":"*""#));
        assert!(with(
            r#""Principal":{"AWS":["arn:aws:iam::111111111111:root","*"]}"#
        ));
        assert!(with(
            r#""NotPrincipal":{"AWS":"arn:aws:iam::111111111111:root"}"#
        ));
        assert!(!with(
            r#""Principal":{"AWS":"arn:aws:iam::111111111111:root"}"#
        ));
        assert!(!with(r#""Principal":{"Service":"s3.amazonaws.com"}"#));
        assert!(!public(&format!(
            "{},\"Principal\":\"*\"",
            open.replace("Allow", "Deny")
        )));
        let under = |condition: &str| with(&format!(r#""Principal":"*","Condition":{condition}"#));
        for narrow in [
            r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#,
            r#"{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}"#,
            r#"{"StringEqualsIfExists":{"aws:SourceVpce":["vpce-1","vpce-2"]}}"#,
        ] {
            assert!(!under(narrow), "{narrow}");
        }
        for wide in [
            r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#,
            r#"{"StringLike":{"aws:PrincipalOrgID":"*"}}"#,
            r#"{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}"#,
            r#"{"StringEquals":{"aws:Referer":"https://example.com"}}"#,
            r#"{"Bool":{"aws:SecureTransport":"true"}}"#,
            r#"{"StringEquals":{"aws:SourceVpc":"${aws:username}"}}"#,
        ] {
            assert!(under(wide), "{wide}");
        }
    }
}
