//! "The meaning of public" of Block Public Access (UG:access-control-block-public-access): the one definition, for
//! GetBucketPolicyStatus, BlockPublicPolicy and RestrictPublicBuckets.

use std::net::IpAddr;

use super::condition::{Compared, Condition};
use super::document::{Document, Effect, PrincipalKind, Principals, Statement};

/// Keys that, held to fixed values, make a grant to everyone a grant to someone. The guide names them all but the
/// `aws:Principal...` ones, for which it has "an AWS principal, user, role, or service principal (e.g.
/// `aws:PrincipalOrgID`)": unverified for the others of those.
const NARROWING: [&str; 15] = [
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceowner",
    "aws:sourceaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalservicename",
    "aws:userid",
    "s3:dataaccesspointarn",
    "s3:dataaccesspointaccount",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];

/// The largest networks that are somewhere and not everywhere: /8 of IPv4 and /32 of IPv6 (same).
const LARGEST_NETWORKS: (u8, u8) = (8, 32);

impl Document {
    /// Says whether the policy is public: one statement that grants to everyone makes all of it so.
    pub(crate) fn is_public(&self) -> bool {
        self.statements.iter().any(Statement::is_public)
    }
}

impl Statement {
    fn is_public(&self) -> bool {
        self.effect == Effect::Allow
            && self.principals.as_ref().is_some_and(Principals::are_public)
            && !self.conditions.iter().any(Condition::narrows)
    }
}

impl Principals {
    fn are_public(&self) -> bool {
        match self {
            Self::In(named) => named.iter().any(|(kind, name)| match kind {
                PrincipalKind::Aws => name == "*",
                // Who has an account at such a provider is not fixed: the guide's own example of a public policy is
                // `graph.facebook.com`. A provider of an account of AWS is an ARN.
                PrincipalKind::Federated => !name.starts_with("arn:"),
                PrincipalKind::Service | PrincipalKind::CanonicalUser => false,
            }),
            // Everyone but those.
            Self::NotIn(_) => true,
        }
    }
}

impl Condition {
    /// Says whether the condition only holds for fixed values of a key that tells who or where the caller is.
    fn narrows(&self) -> bool {
        let Some((key, values, compared)) = self.demanded() else {
            return false;
        };
        let key = key.to_ascii_lowercase();
        let fixed = |value: &String| match (key.as_str(), compared) {
            ("aws:sourceip", Compared::Network) => is_somewhere(value),
            ("aws:sourceip", Compared::Text) | (_, Compared::Network) => false,
            ("s3:dataaccesspointarn", Compared::Text) => is_of_one_account(value),
            (_, Compared::Text) => is_fixed(value),
        };
        NARROWING.contains(&key.as_str()) && !values.is_empty() && values.iter().all(fixed)
    }
}

/// "Values that don't contain a wildcard or a policy variable", whatever the operator makes of them.
fn is_fixed(value: &str) -> bool {
    !value.contains(['*', '?']) && !value.contains("${")
}

/// Of an access point's ARN only the account must be fixed (same, the note on `s3:DataAccessPointArn`).
fn is_of_one_account(arn: &str) -> bool {
    arn.split(':')
        .nth(4)
        .is_some_and(|account| !account.is_empty() && is_fixed(account))
}

fn is_somewhere(network: &str) -> bool {
    let (address, length) = match network.split_once('/') {
        Some((address, length)) => (address, length.parse().ok()),
        None => (network, Some(u8::MAX)),
    };
    let least = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => LARGEST_NETWORKS.0,
        Ok(IpAddr::V6(_)) => LARGEST_NETWORKS.1,
        Err(_) => return false,
    };
    length.is_some_and(|length| length >= least)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYONE: &str = r#""Principal":"*""#;

    fn is_public(effect: &str, principal: &str, condition: &str) -> bool {
        let json = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}",{principal},"Action":"s3:GetObject",
                "Resource":"arn:aws:s3:::b/*","Condition":{condition}}}]}}"#
        );
        Document::parse(&json).unwrap().is_public()
    }

    #[test]
    fn a_grant_to_everyone_is_public_and_a_deny_is_not() {
        assert!(is_public("Allow", EVERYONE, "{}"));
        assert!(!is_public("Deny", EVERYONE, "{}"));
        assert!(is_public(
            "Allow",
            r#""NotPrincipal":{"AWS":"111111111111"}"#,
            "{}"
        ));
        assert!(is_public(
            "Allow",
            r#""Principal":{"Federated":"graph.facebook.com"}"#,
            "{}"
        ));
        for someone in [
            r#"{"AWS":"111111111111"}"#,
            r#"{"AWS":["AROAEXAMPLE"]}"#,
            r#"{"Service":"cloudtrail.amazonaws.com"}"#,
            r#"{"Federated":"arn:aws:iam::111111111111:saml-provider/p"}"#,
            r#"{"CanonicalUser":"64"}"#,
        ] {
            assert!(
                !is_public("Allow", &format!("\"Principal\":{someone}"), "{}"),
                "{someone}"
            );
        }
    }

    #[test]
    fn fixed_values_narrow_and_others_do_not() {
        let narrow = [
            r#"{"StringEquals":{"aws:SourceVpc":"vpc-91237329"}}"#,
            r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/r"}}"#,
            r#"{"StringLike":{"AWS:PrincipalOrgId":["o-1","o-2"]}}"#,
            r#"{"ForAnyValue:StringEquals":{"aws:SourceVpce":"vpce-1"}}"#,
            r#"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","192.0.2.1","2001:db8::/32"]}}"#,
            r#"{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:111111111111:accesspoint/*"}}"#,
            r#"{"StringEquals":{"aws:SourceVpc":"vpc-1","s3:prefix":"a"}}"#,
        ];
        for condition in narrow {
            assert!(!is_public("Allow", EVERYONE, condition), "{condition}");
        }
        let wide = [
            r#"{"StringLike":{"aws:SourceVpc":"vpc-*"}}"#,
            r#"{"StringEquals":{"aws:SourceVpc":["vpc-1","${aws:username}"]}}"#,
            r#"{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}"#,
            r#"{"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}}"#,
            r#"{"ForAllValues:StringEquals":{"aws:SourceVpc":"vpc-1"}}"#,
            r#"{"Null":{"aws:SourceVpc":"false"}}"#,
            r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/1"}}"#,
            r#"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","::/0"]}}"#,
            r#"{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
            r#"{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:*:accesspoint/a"}}"#,
            r#"{"StringEquals":{"s3:prefix":"a"}}"#,
            r#"{"Bool":{"aws:SecureTransport":"true"}}"#,
        ];
        for condition in wide {
            assert!(is_public("Allow", EVERYONE, condition), "{condition}");
        }
    }

    #[test]
    fn one_public_statement_makes_the_policy_public() {
        let one = r#"{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"s3:*","Resource":"*"}"#;
        let other = one.replace(
            r#"{"AWS":"111111111111"}"#,
            r#"{"AWS":["111111111111","*"]}"#,
        );
        let of = |statements: &str| {
            Document::parse(&format!(r#"{{"Statement":[{statements}]}}"#)).unwrap()
        };
        assert!(!of(one).is_public());
        assert!(of(&format!("{one},{other}")).is_public());
    }
}
