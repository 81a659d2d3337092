//! Credentials that are asked for once: the default chain for all accounts, an assumed role for all clients.

use std::time::{Duration, SystemTime};

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::region::Region;
use tokio::sync::Mutex;

use crate::options::Options;
use crate::secrets;

/// How long before their end credentials are fetched anew: more than a call with its retries takes, less than the
/// fifteen minutes that the shortest session lasts (BC:sts AssumeRole DurationSeconds).
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// The credentials that stand for the default chain: the endpoint's key where one is given.
pub(crate) async fn default_chain(
    region: Region,
    options: &Options,
    http: SharedHttpClient,
) -> SharedCredentialsProvider {
    if let Some(endpoint) = &options.endpoint {
        return SharedCredentialsProvider::new(endpoint.credentials.clone());
    }
    let config = ProviderConfig::default().with_http_client(http);
    let chain = DefaultCredentialsChain::builder()
        .configure(config)
        .region(region)
        .build()
        .await;
    SharedCredentialsProvider::new(Remembered::new(chain))
}

/// Asks a provider again only when its last answer is about to end.
///
/// Signing in to an account asks first, and its clients go on with that answer.
///
/// Several accounts enter their roles from one set of credentials at the same moment. Without a memory each would run
/// the user's credential process, refresh the same SSO token, or ask the instance for its role.
#[derive(Debug)]
pub(crate) struct Remembered<P> {
    provider: P,
    last: Mutex<Option<Credentials>>,
}

impl<P: ProvideCredentials> Remembered<P> {
    pub(crate) fn new(provider: P) -> Self {
        Self {
            provider,
            last: Mutex::new(None),
        }
    }

    /// A provider that was asked already.
    pub(crate) fn holding(provider: P, last: Credentials) -> Self {
        Self {
            provider,
            last: Mutex::new(Some(last)),
        }
    }

    /// Whoever comes while another is asking waits for that answer.
    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        let mut last = self.last.lock().await;
        if let Some(credentials) = last.as_ref().filter(|credentials| lasts(credentials)) {
            return Ok(credentials.clone());
        }
        let credentials = sound(self.provider.provide_credentials().await?)?;
        secrets::keep(credentials.secret_access_key());
        if let Some(token) = credentials.session_token() {
            secrets::keep(token);
        }
        *last = Some(credentials.clone());
        Ok(credentials)
    }
}

/// The credentials, where they can stand in a header: the SDK's signer panics where they cannot, as with the line end of a
/// secret that was pasted into a pipeline's settings.
///
/// # Errors
/// Which of the two cannot; the values are not quoted.
pub(crate) fn sound(credentials: Credentials) -> Result<Credentials, CredentialsError> {
    let id = broken("the access key ID", credentials.access_key_id());
    let token = credentials.session_token();
    let token = token.and_then(|token| broken("the session token", token));
    match id.or(token) {
        Some(why) => Err(CredentialsError::invalid_configuration(why)),
        None => Ok(credentials),
    }
}

/// What is wrong with the credentials in the environment; a profile may take them from there, and the SDK then signs before
/// anybody can look at them.
pub(crate) fn broken_environment() -> Option<String> {
    let names = ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"];
    names.into_iter().find_map(|name| {
        let value = std::env::var_os(name)?;
        broken(name, &value.to_string_lossy())
    })
}

/// Why a value cannot stand in a header; it is not quoted.
fn broken(name: &str, value: &str) -> Option<String> {
    let is_sound = value.bytes().all(|byte| byte.is_ascii_graphic());
    (!is_sound)
        .then(|| format!("{name} holds a line end, a space or another character that no key has"))
}

fn lasts(credentials: &Credentials) -> bool {
    credentials
        .expiry()
        .is_none_or(|end| end > SystemTime::now() + MARGIN)
}

impl<P: ProvideCredentials> ProvideCredentials for Remembered<P> {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Counts how often it is asked; its answers last as long as it is told.
    #[derive(Debug, Clone)]
    struct Counting {
        asked: Arc<AtomicUsize>,
        lasting: Option<Duration>,
    }

    impl ProvideCredentials for Counting {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::new(async {
                tokio::task::yield_now().await;
                let number = self.asked.fetch_add(1, Ordering::Relaxed);
                let end = self.lasting.map(|lasting| SystemTime::now() + lasting);
                Ok(Credentials::new(
                    number.to_string(),
                    "x",
                    None,
                    end,
                    "counting",
                ))
            })
        }
    }

    async fn asked_by_five(lasting: Option<Duration>) -> usize {
        let provider = Counting {
            asked: Arc::default(),
            lasting,
        };
        let remembered = Remembered::new(provider.clone());
        futures::future::join_all((0..5).map(|_| remembered.credentials())).await;
        provider.asked.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn credentials_that_last_are_asked_for_once() {
        assert_eq!(asked_by_five(None).await, 1);
        assert_eq!(asked_by_five(Some(Duration::from_secs(3600))).await, 1);
    }

    #[tokio::test]
    async fn credentials_that_are_about_to_end_are_asked_for_again() {
        assert_eq!(asked_by_five(Some(Duration::from_secs(60))).await, 5);
    }
}
