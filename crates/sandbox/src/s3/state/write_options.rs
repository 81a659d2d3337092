//! What a write asked for beside its content. An upload in parts keeps it until the parts are put together.

use std::time::SystemTime;

use super::acl::Permission;
use super::version::{Encryption, Tags};

/// What a caller asks for with the headers of a write.
#[derive(Debug, Clone, Default)]
pub(crate) struct WriteOptions {
    pub(crate) tags: Tags,
    pub(crate) storage_class: Option<String>,
    pub(crate) encryption: EncryptionOptions,
    pub(crate) lock: LockOptions,
    pub(crate) acl: AclOptions,
}

/// The headers of an ACL, as they were sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct AclOptions {
    pub(crate) canned: Option<String>,
    pub(crate) read: Option<String>,
    /// Of buckets only.
    pub(crate) write: Option<String>,
    pub(crate) read_acp: Option<String>,
    pub(crate) write_acp: Option<String>,
    pub(crate) full_control: Option<String>,
}

impl AclOptions {
    /// Returns what is granted by headers of their own.
    pub(crate) fn grants(&self) -> impl Iterator<Item = (Permission, &String)> {
        let headers = [
            (Permission::FullControl, &self.full_control),
            (Permission::Read, &self.read),
            (Permission::Write, &self.write),
            (Permission::ReadAcp, &self.read_acp),
            (Permission::WriteAcp, &self.write_acp),
        ];
        let given = headers.into_iter();
        given.filter_map(|(permission, text)| Some((permission, text.as_ref()?)))
    }
}

/// The encryption headers.
#[derive(Debug, Clone, Default)]
pub(crate) struct EncryptionOptions {
    pub(crate) algorithm: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) bucket_key: Option<bool>,
    pub(crate) customer_key_md5: Option<String>,
}

impl EncryptionOptions {
    /// Returns what asks for just this encryption, whatever the bucket's default is by then.
    pub(crate) fn of(encryption: &Encryption) -> Self {
        match encryption {
            Encryption::S3 => Self {
                algorithm: Some("AES256".to_owned()),
                ..Self::default()
            },
            Encryption::Kms {
                key,
                bucket_key,
                dual,
            } => Self {
                algorithm: Some(if *dual { "aws:kms:dsse" } else { "aws:kms" }.to_owned()),
                key: Some(key.to_string()),
                bucket_key: Some(*bucket_key),
                customer_key_md5: None,
            },
            Encryption::Customer { key_md5 } => Self {
                customer_key_md5: Some(key_md5.to_string()),
                ..Self::default()
            },
        }
    }
}

/// The Object Lock headers.
#[derive(Debug, Clone, Default)]
pub(crate) struct LockOptions {
    pub(crate) mode: Option<String>,
    pub(crate) retain_until: Option<SystemTime>,
    pub(crate) legal_hold: Option<bool>,
}
