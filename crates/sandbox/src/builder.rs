//! What a sandbox is started with.

use std::net::{Ipv4Addr, SocketAddr};

use crate::environment::Account;
use crate::error::StartError;

/// What a sandbox is started with; made by [`crate::Sandbox::builder`].
#[derive(Debug, Clone)]
pub struct Builder {
    pub(crate) accounts: Vec<Account>,
    pub(crate) listen: SocketAddr,
    pub(crate) seed: u64,
    pub(crate) control_is_open: bool,
    pub(crate) content: Option<String>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            accounts: Vec::new(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 1,
            control_is_open: false,
            content: None,
        }
    }
}

impl Builder {
    /// Adds an account of twelve digits and the Region it works in by default. The first account
    /// is the one whose root credentials [`crate::Sandbox::environment`] names.
    #[must_use]
    pub fn account(mut self, id: impl Into<String>, region: impl Into<String>) -> Self {
        self.accounts.push(Account {
            id: id.into(),
            region: region.into(),
        });
        self
    }

    /// Listens here and not on a free port of 127.0.0.1.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Starts every source of ids with this; sandboxes with one seed hand out the same ids.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Fills the sandbox before its port opens, as [`crate::Sandbox::load_seed`] does.
    #[must_use]
    pub fn content(mut self, json: impl Into<String>) -> Self {
        self.content = Some(json.into());
        self
    }

    /// Lets everybody on this machine use the control endpoint, without its token; never a page of a browser.
    #[must_use]
    pub fn open_control(mut self) -> Self {
        self.control_is_open = true;
        self
    }

    /// Checks that there are accounts, and that each is one.
    pub(crate) fn check(&self) -> Result<(), StartError> {
        if self.accounts.is_empty() {
            return Err(StartError::NoAccounts);
        }
        for (index, Account { id, region: _ }) in self.accounts.iter().enumerate() {
            if id.len() != 12 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(StartError::AccountId(id.clone()));
            }
            if self.accounts[..index]
                .iter()
                .any(|earlier| earlier.id == *id)
            {
                return Err(StartError::DuplicateAccount(id.clone()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_checked() {
        assert!(matches!(
            Builder::default().check(),
            Err(StartError::NoAccounts)
        ));
        let short = Builder::default().account("123", "eu-west-1");
        assert!(matches!(short.check(), Err(StartError::AccountId(_))));
        let one = Builder::default().account("111111111111", "eu-west-1");
        let twice = one.clone().account("111111111111", "us-east-1");
        assert!(matches!(
            twice.check(),
            Err(StartError::DuplicateAccount(_))
        ));
        assert!(one.check().is_ok());
    }
}
