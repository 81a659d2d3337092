//! The question a service asks before it works under a key of KMS: is the key fit for use, and may this caller use it?
//!
//! KMS answers it ([`crate::kms`]); the other services know only this trait.

use crate::authority::Caller;

/// One use of a key that a service makes for a caller, or in its own name; the key's policy alone decides then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyUse<'a> {
    pub(crate) caller: &'a Caller,
    /// ARN of the key, as [`Vault::resolve`] returns it.
    pub(crate) key: &'a str,
    /// `kms:Decrypt`.
    pub(crate) action: &'a str,
    /// The service through which it is used: `s3`; none where a service asks in its own name.
    pub(crate) service: Option<&'a str>,
    /// The Region in which that service works.
    pub(crate) region: &'a str,
    /// The encryption context: one name and its value.
    pub(crate) context: (&'a str, &'a str),
    /// What else the request has, as `aws:SourceArn` where a service asks in its own name.
    pub(crate) others: &'a [(&'a str, String)],
}

/// Why a key is not used, in KMS's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unusable {
    NotFound(String),
    Disabled(String),
    /// It is pending deletion.
    InvalidState(String),
    /// It is no symmetric key for encryption.
    InvalidUsage(String),
    Denied(String),
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::NotFound(message)
        | Self::Disabled(message)
        | Self::InvalidState(message)
        | Self::InvalidUsage(message)
        | Self::Denied(message)) = self;
        f.write_str(message)
    }
}

/// Knows the keys; implemented by KMS.
pub(crate) trait Vault: Send + Sync {
    /// Returns the ARN of the key that an id, an ARN or an alias names in a Region; ids and aliases without an account are
    /// those of the account given.
    fn resolve(&self, account: &str, region: &str, name: &str) -> Result<String, Unusable>;

    /// Says whether the key may be used so.
    fn ask(&self, key_use: &KeyUse<'_>) -> Result<(), Unusable>;
}
