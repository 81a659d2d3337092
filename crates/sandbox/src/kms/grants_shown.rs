//! Grants as they are shown, and what one may be for.

use serde_json::{Value, json};

use super::Kms;
use super::grant::{Constraints, Grant};
use super::metadata::seconds;
use super::state::{Key, Place};

/// Makes a policy that lets one principal do this.
pub(crate) fn policy_for(principal: &str, actions: &[String]) -> String {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": principal }, "Action": actions, "Resource": "*",
    }] })
    .to_string()
}

impl Kms {
    /// Returns the principal of a grant's policy as it is shown: an ARN, or the bare id of what is gone.
    pub(crate) fn shown_principal(&self, policy: &str) -> String {
        let shown = self.authority().show_principals(policy);
        let shown: Value = serde_json::from_str(&shown).unwrap_or(Value::Null);
        let principal = shown.pointer("/Statement/0/Principal/AWS");
        principal
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    /// Returns an entry of ListGrants.
    pub(crate) fn shown_grant(&self, place: &Place, grant: &Grant) -> Value {
        let mut value = json!({
            "KeyId": place.arn("kms", &format!("key/{}", grant.key)), "GrantId": grant.id,
            "CreationDate": seconds(grant.created), "Operations": grant.operations,
            "GranteePrincipal": self.shown_principal(&grant.grantee),
            "IssuingAccount": format!("arn:aws:iam::{}:root", grant.issuer),
        });
        // AWS shows a name of nothing where there is none (seen: issues of Terraform's provider).
        value["Name"] = json!(grant.name.as_deref().unwrap_or_default());
        if let Some(retiring) = &grant.retiring {
            value["RetiringPrincipal"] = json!(self.shown_principal(retiring));
        }
        let Constraints { equals, subset } = &grant.constraints;
        for (field, context) in [
            ("EncryptionContextEquals", equals),
            ("EncryptionContextSubset", subset),
        ] {
            if let Some(context) = context {
                value["Constraints"][field] = json!(context);
            }
        }
        value
    }
}

/// The operations that a grant may be for, by what the key is for (KMS Developer Guide, "Grant operations").
pub(crate) fn operations_of(key: &Key) -> &'static [&'static str] {
    match (key.usage.as_str(), key.is_symmetric()) {
        ("ENCRYPT_DECRYPT", true) => &[
            "Decrypt",
            "Encrypt",
            "GenerateDataKey",
            "GenerateDataKeyPair",
            "GenerateDataKeyPairWithoutPlaintext",
            "GenerateDataKeyWithoutPlaintext",
            "ReEncryptFrom",
            "ReEncryptTo",
            "CreateGrant",
            "DescribeKey",
            "RetireGrant",
        ],
        ("ENCRYPT_DECRYPT", false) => &[
            "Decrypt",
            "Encrypt",
            "ReEncryptFrom",
            "ReEncryptTo",
            "CreateGrant",
            "DescribeKey",
            "GetPublicKey",
            "RetireGrant",
        ],
        ("SIGN_VERIFY", _) => &[
            "Sign",
            "Verify",
            "CreateGrant",
            "DescribeKey",
            "GetPublicKey",
            "RetireGrant",
        ],
        ("GENERATE_VERIFY_MAC", _) => &[
            "GenerateMac",
            "VerifyMac",
            "CreateGrant",
            "DescribeKey",
            "RetireGrant",
        ],
        _ => &[
            "DeriveSharedSecret",
            "CreateGrant",
            "DescribeKey",
            "GetPublicKey",
            "RetireGrant",
        ],
    }
}

/// Every operation that a grant of some key may be for (BC:kms GrantOperation).
pub(crate) const OPERATIONS: [&str; 19] = [
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "Sign",
    "Verify",
    "GetPublicKey",
    "CreateGrant",
    "RetireGrant",
    "DescribeKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateMac",
    "VerifyMac",
    "DeriveSharedSecret",
    "Encapsulate",
    "Decapsulate",
];
