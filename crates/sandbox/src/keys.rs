//! The access keys of every account and whom each stands for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Result, s3_error};

use crate::authority::Caller;
use crate::clock::Clock;

/// One access key.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) secret: String,
    /// Only temporary credentials have a token and an end.
    pub(crate) temporary: Option<Temporary>,
    pub(crate) caller: Caller,
}

/// The root credentials of the first account.
#[derive(Clone)]
pub(crate) struct RootKey {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// What temporary credentials have beyond a key and a secret.
#[derive(Debug, Clone)]
pub(crate) struct Temporary {
    pub(crate) token: String,
    pub(crate) expires: SystemTime,
}

/// Why a key does not open anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyError {
    /// There is no such key.
    Unknown,
    /// The session token is missing, not needed, or another one.
    Token,
    /// The credentials have expired.
    Expired,
}

/// The access keys of every account; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct KeyRing {
    clock: Clock,
    keys: Arc<Mutex<BTreeMap<String, Key>>>,
}

impl KeyRing {
    /// Starts without keys.
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            keys: Arc::default(),
        }
    }

    /// Adds a key.
    pub(crate) fn add(&self, id: String, key: Key) {
        self.lock().insert(id, key);
    }

    /// Removes a key.
    pub(crate) fn remove(&self, id: &str) {
        self.lock().remove(id);
    }

    /// Returns a key if the token goes with it and it has not expired. The signature is not
    /// checked here.
    pub(crate) fn open(&self, id: &str, token: Option<&str>) -> Result<Key, KeyError> {
        let key = self.lock().get(id).cloned().ok_or(KeyError::Unknown)?;
        let Some(Temporary {
            token: own,
            expires,
        }) = &key.temporary
        else {
            return if token.is_none() {
                Ok(key)
            } else {
                Err(KeyError::Token)
            };
        };
        if token != Some(own.as_str()) {
            return Err(KeyError::Token);
        }
        if *expires <= self.clock.now() {
            return Err(KeyError::Expired);
        }
        Ok(key)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Key>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// s3s checks the signatures of S3 requests itself, because it must follow the chunks of a
/// streaming upload. Token and expiry were checked by the front before.
#[async_trait::async_trait]
impl S3Auth for KeyRing {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let secret = self.lock().get(access_key).map(|key| key.secret.clone());
        let unknown = || {
            let message = "The AWS Access Key Id you provided does not exist in our records.";
            s3_error!(InvalidAccessKeyId, "{message}")
        };
        secret.map(SecretKey::from).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ring(temporary: Option<Temporary>) -> KeyRing {
        let ring = KeyRing::new(Clock::default());
        let key = Key {
            secret: "s".to_owned(),
            temporary,
            caller: Caller::anonymous(),
        };
        ring.add("AKIA".to_owned(), key);
        ring
    }

    #[test]
    fn a_long_lived_key_takes_no_token() {
        let ring = ring(None);
        assert!(ring.open("AKIA", None).is_ok());
        assert_eq!(ring.open("AKIA", Some("t")).unwrap_err(), KeyError::Token);
        assert_eq!(ring.open("AKIB", None).unwrap_err(), KeyError::Unknown);
    }

    #[test]
    fn a_temporary_key_needs_its_token_and_ends() {
        let expires = SystemTime::now() + Duration::from_secs(900);
        let ring = ring(Some(Temporary {
            token: "t".to_owned(),
            expires,
        }));
        assert_eq!(ring.open("AKIA", None).unwrap_err(), KeyError::Token);
        assert_eq!(ring.open("AKIA", Some("x")).unwrap_err(), KeyError::Token);
        assert!(ring.open("AKIA", Some("t")).is_ok());
        ring.clock.advance(Duration::from_secs(901));
        assert_eq!(ring.open("AKIA", Some("t")).unwrap_err(), KeyError::Expired);
    }
}
