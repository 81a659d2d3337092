//! Whether policies of one kind let S3 do a thing in the name of a role: a role's own, its boundary, or that of what it works on.
//! What several kinds come to together is not decided here.

use super::deny::DenyHit;
use super::grammar::{Effect, PolicyDocument, Version};
use super::request::{KeyContext, Known, Request, Truth, Who, strongest};
use crate::ids::Arn;

/// Whether policies allow a use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permitted {
    /// They do.
    Surely,
    /// They do for a part of the resources, which this says, and not for the rest.
    Partly(String),
    /// They do if this holds, which cannot be known here.
    Perhaps(String),
    /// They do not.
    Not,
}

impl From<Truth> for Permitted {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::Yes => Self::Surely,
            Truth::Partly(text) => Self::Partly(text),
            Truth::Maybe(text) => Self::Perhaps(text),
            Truth::No => Self::Not,
        }
    }
}

/// One thing that S3 does in the name of a role.
#[derive(Debug, Clone, Copy)]
pub struct RoleUse<'a> {
    /// The role.
    pub role: &'a Arn,
    /// The action.
    pub action: &'a str,
    /// The ARN of what it is done to, or a pattern as policies have them.
    pub resource: &'a str,
    /// Where it is a key: the names under which S3 calls KMS, and the encryption context.
    pub key: Option<(&'a [String], &'a str)>,
}

impl RoleUse<'_> {
    /// Whether some statement of these policies allows it; a policy of the role's own names nobody.
    #[must_use]
    pub fn allowed_by<'a>(
        &self,
        policies: impl IntoIterator<Item = &'a PolicyDocument>,
    ) -> Permitted {
        let policies = policies.into_iter();
        let said = policies.flat_map(|policy| {
            let request = self.request(policy.version());
            let allows = policy.statements().iter();
            let allows = allows.filter(|statement| statement.effect() == Effect::Allow);
            allows.map(move |statement| request.is_meant(statement))
        });
        said.fold(Truth::No, Truth::or).into()
    }

    /// The statement of a policy that denies it: one that always hits before one that may.
    #[must_use]
    pub fn denied_by(&self, policy: &PolicyDocument) -> Option<DenyHit> {
        strongest(self.request(policy.version()).hits(policy))
    }

    fn request(&self, version: Version) -> Request<'_> {
        let known = self.key.map_or(Known::Nothing, |(via, context)| {
            Known::OfKey(KeyContext { via, context })
        });
        Request {
            who: Who::Replication(self.role),
            action: self.action,
            resource: self.resource,
            version,
            known,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(statements: &str) -> PolicyDocument {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        PolicyDocument::parse(&text).expect("a policy")
    }

    #[test]
    fn what_one_policy_leaves_out_another_may_allow_and_a_part_is_no_whole() {
        let role = Arn::new("arn:aws:iam::111111111111:role/r").expect("an ARN");
        let of = RoleUse {
            role: &role,
            action: "s3:ReplicateObject",
            resource: "arn:aws:s3:::b/*",
            key: None,
        };
        let on = |resource: &str, more: &str| {
            let resource = format!(r#""Resource":"arn:aws:s3:::b/{resource}""#);
            let action = r#""Effect":"Allow","Action":"s3:Replicate*""#;
            policy(&format!("{{{action},{resource}{more}}}"))
        };
        let (all, part) = (on("*", ""), on("logs/*", ""));
        let unsure = on(
            "*",
            r#","Condition":{"StringEquals":{"aws:SourceVpce":"v"}}"#,
        );
        assert_eq!(of.allowed_by([]), Permitted::Not);
        assert_eq!(of.allowed_by([&part, &all]), Permitted::Surely);
        assert!(matches!(of.allowed_by([&part]), Permitted::Partly(_)));
        assert!(matches!(of.allowed_by([&unsure]), Permitted::Perhaps(_)));
        let denies = policy(r#"{"Effect":"Deny","Action":"s3:*","Resource":"*"}"#);
        assert!(of.denied_by(&all).is_none());
        assert!(of.denied_by(&denies).is_some());
    }
}
