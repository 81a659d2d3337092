//! Why a sandbox does not start, or is not filled.

use std::net::SocketAddr;

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// No account was given.
    #[error("start a sandbox without accounts")]
    NoAccounts,
    /// An account id is not twelve digits.
    #[error("use {0:?} as an account id: it must be twelve digits")]
    AccountId(String),
    /// The same account was given twice.
    #[error("add account {0} twice")]
    DuplicateAccount(String),
    /// The content to begin with cannot be loaded.
    #[error("load the seed")]
    Content(#[from] SeedError),
    /// The address cannot be listened on.
    #[error("listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// Why a seed cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// The file is not a seed.
    #[error("the seed is not valid")]
    Format(#[from] serde_json::Error),
    /// A bucket of the seed exists already.
    #[error("bucket {0} exists already")]
    BucketExists(String),
    /// A key cannot be made.
    #[error("key {arn} is refused: {reason}")]
    Key {
        /// The key's ARN.
        arn: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A topic cannot be made.
    #[error("topic {arn} is refused: {reason}")]
    Topic {
        /// The topic's ARN.
        arn: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An alarm cannot be made.
    #[error("alarm {name} is refused: {reason}")]
    Alarm {
        /// The alarm's name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A trail cannot be made.
    #[error("trail {name} is refused: {reason}")]
    Trail {
        /// The trail's name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// S3 would refuse a part of it.
    #[error("{what} of bucket {bucket} is refused: {reason}")]
    Refused {
        /// The bucket's name.
        bucket: String,
        /// An object's key or a subresource.
        what: String,
        /// S3's code and message.
        reason: String,
    },
}
