//! Why a sandbox does not start.

use std::net::SocketAddr;

use crate::s3::seed::SeedError;

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
