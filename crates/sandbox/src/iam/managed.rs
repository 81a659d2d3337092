//! The AWS managed policies that the sandbox knows. Their documents grant what AWS's grant of the
//! services that are here.

use std::sync::Arc;

use crate::policy::Document;

const MANAGED: &[(&str, &str)] = &[
    ("AdministratorAccess", r#""Action":"*""#),
    (
        "AmazonS3FullAccess",
        r#""Action":["s3:*","s3-object-lambda:*"]"#,
    ),
    (
        "AmazonS3ReadOnlyAccess",
        r#""Action":["s3:Get*","s3:List*","s3:Describe*","s3-object-lambda:Get*","s3-object-lambda:List*"]"#,
    ),
    (
        "IAMFullAccess",
        r#""Action":["iam:*","organizations:DescribeAccount"]"#,
    ),
    (
        "IAMReadOnlyAccess",
        r#""Action":["iam:GenerateCredentialReport","iam:Get*","iam:List*","iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy"]"#,
    ),
];

const PREFIX: &str = "arn:aws:iam::aws:policy/";

/// Returns the document of an AWS managed policy.
pub(crate) fn aws_managed(arn: &str) -> Option<String> {
    let name = arn.strip_prefix(PREFIX)?;
    let (_, actions) = MANAGED.iter().find(|(known, _)| *known == name)?;
    let statement = format!(r#"{{"Effect":"Allow",{actions},"Resource":"*"}}"#);
    Some(format!(
        r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#
    ))
}

/// Returns the name in an AWS managed policy's ARN.
pub(crate) fn aws_managed_name(arn: &str) -> Option<&str> {
    let name = arn.strip_prefix(PREFIX)?;
    MANAGED
        .iter()
        .any(|(known, _)| *known == name)
        .then_some(name)
}

/// Returns an AWS managed policy, parsed.
pub(crate) fn aws_managed_document(arn: &str) -> Option<Arc<Document>> {
    Document::parse(&aws_managed(arn)?).ok().map(Arc::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::validation::identity::{self, Place};

    #[test]
    fn every_managed_policy_is_a_policy() {
        for (name, _) in MANAGED {
            let arn = format!("{PREFIX}{name}");
            assert!(aws_managed_document(&arn).is_some(), "{name}");
            let json = aws_managed(&arn).unwrap();
            assert_eq!(identity::check(&json, Place::Managed), Ok(()), "{name}");
            assert_eq!(aws_managed_name(&arn), Some(*name));
        }
        assert_eq!(aws_managed_name("arn:aws:iam::aws:policy/Other"), None);
    }
}
