//! Signing in: one credential provider per account, each proven to be the account that the spec names.

use std::collections::BTreeMap;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, ConfigLoader};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::{TimeoutConfig, TimeoutConfigBuilder};
use aws_types::SdkConfig;
use aws_types::app_name::AppName;
use aws_types::region::Region as SdkRegion;
use futures::future::join_all;
use s3ferry_core::ids::{AccountId, AccountName};
use s3ferry_core::spec::{Access, Account};
use s3ferry_engine::ports::{Class, PortError};

use crate::assumed::{self, AssumedRole};
use crate::classify::DETOURS;
use crate::credentials::{self, Remembered};
use crate::failure::{Call, Cause, Failure, Intent, NOT_STS};
use crate::options::Options;
use crate::retries::UNANSWERED_ATTEMPTS;
use crate::secrets::{self, told};

/// Who the calls to an account are made as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The ARN that STS answered, to `sts:AssumeRole` where a role is assumed, else to `sts:GetCallerIdentity`.
    pub arn: String,
    /// The account that it answered, equal to the spec's.
    pub account: AccountId,
}

/// Why an account cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("sign in to account {account} ({id})")]
pub struct SignInProblem {
    /// The account's name in the spec.
    pub account: AccountName,
    /// The account ID in the spec.
    pub id: AccountId,
    /// What went wrong: [`Class::Credentials`] or [`Class::Denied`] with a hint, or the trouble on the way to STS.
    #[source]
    pub error: PortError,
}

/// The answer for one account.
pub(crate) struct SignedIn {
    pub(crate) config: SdkConfig,
    pub(crate) caller: Caller,
}

/// Signs in to all accounts at once; every problem is reported, not only the first.
pub(crate) async fn sign_in(
    accounts: &BTreeMap<AccountName, Account>,
    options: &Options,
) -> Result<BTreeMap<AccountName, SignedIn>, Vec<SignInProblem>> {
    let Some(first) = accounts.values().next() else {
        return Ok(BTreeMap::new());
    };
    keep_secrets(accounts);
    if options.endpoint.is_none()
        && let Some(why) = credentials::broken_environment()
    {
        return Err(unusable(accounts, &why));
    }
    let http = crate::http::client(options.endpoint.as_ref());
    let chain = credentials::default_chain(sdk_region(first), options, http.clone()).await;
    let way = &Way {
        options,
        http,
        chain,
    };
    let answers = join_all(
        accounts
            .iter()
            .map(async |(name, account)| (name, account, enter(account, way).await)),
    );
    let mut signed_in = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, account, answer) in answers.await {
        match answer {
            Ok(entry) => {
                signed_in.insert(name.clone(), entry);
            }
            Err(error) => problems.push(SignInProblem {
                account: name.clone(),
                id: account.id.clone(),
                error: *error,
            }),
        }
    }
    if problems.is_empty() {
        Ok(signed_in)
    } else {
        Err(problems)
    }
}

/// What is wrong with the environment, said of every account: each may sign in by it.
fn unusable(accounts: &BTreeMap<AccountName, Account>, why: &str) -> Vec<SignInProblem> {
    let problem = |(name, account): (&AccountName, &Account)| {
        let cause = Cause::NoCredentials {
            denied: false,
            detail: why.to_owned(),
        };
        let call = call(account, "GetCallerIdentity");
        SignInProblem {
            account: name.clone(),
            id: account.id.clone(),
            error: *refused(account, Failure::new(call, cause)),
        }
    };
    accounts.iter().map(problem).collect()
}

/// Keeps in mind what no error may hold; AWS calls an external ID no secret, and its owner may.
fn keep_secrets(accounts: &BTreeMap<AccountName, Account>) {
    secrets::keep_environment(&DETOURS);
    for account in accounts.values() {
        match &account.access {
            Access::AssumeRole {
                arn: _,
                external_id: Some(external_id),
            } => secrets::keep(external_id),
            Access::AssumeRole { .. } | Access::Profile(_) | Access::DefaultChain => {}
        }
    }
}

/// What all accounts enter by.
struct Way<'a> {
    options: &'a Options,
    http: SharedHttpClient,
    /// The default credential chain, or what stands for it.
    chain: SharedCredentialsProvider,
}

async fn enter(account: &Account, way: &Way<'_>) -> Result<SignedIn, Box<PortError>> {
    let loader = loader(account, way);
    match &account.access {
        Access::DefaultChain => proven(account, loader.load().await).await,
        Access::Profile(profile) => {
            let credentials = of_profile(account, profile, way.http.clone());
            let loader = loader
                .profile_name(profile)
                .credentials_provider(Remembered::new(credentials));
            proven(account, loader.load().await).await
        }
        Access::AssumeRole { arn, external_id } => {
            let own = loader.load().await;
            let role = AssumedRole::new(&own, arn, external_id.as_deref());
            assumed(account, own, role).await
        }
    }
}

/// Asks STS who the credentials belong to, before anything else is asked of the account.
async fn proven(account: &Account, config: SdkConfig) -> Result<SignedIn, Box<PortError>> {
    let call = call(account, "GetCallerIdentity");
    let answer = aws_sdk_sts::Client::new(&config)
        .get_caller_identity()
        .send()
        .await;
    let answer = answer.map_err(|error| refused(account, Failure::of(call.clone(), &error)))?;
    let (actual, arn) = (answer.account(), answer.arn());
    let caller = caller(
        account,
        &call,
        actual.unwrap_or_default(),
        arn.unwrap_or_default(),
    )?;
    Ok(SignedIn { config, caller })
}

/// Enters a role; the answer says who its credentials belong to.
async fn assumed(
    account: &Account,
    own: SdkConfig,
    role: AssumedRole,
) -> Result<SignedIn, Box<PortError>> {
    let call = call(account, "AssumeRole");
    let answer = role.enter().await;
    let answer = answer.map_err(|error| refused(account, Failure::of(call.clone(), &error)))?;
    let credentials = assumed::credentials(&answer).map_err(|error| {
        let cause = Cause::NoCredentials {
            denied: false,
            detail: error.to_string(),
        };
        refused(account, Failure::new(call.clone(), cause))
    })?;
    let arn = answer.assumed_role_user().map_or("", |user| user.arn());
    // `arn:aws:sts::ACCOUNT:assumed-role/...`
    let actual = arn.split(':').nth(4).unwrap_or_default();
    let caller = caller(account, &call, actual, arn)?;
    let provider = SharedCredentialsProvider::new(Remembered::holding(role, credentials));
    let config = own.into_builder().credentials_provider(provider).build();
    Ok(SignedIn { config, caller })
}

/// The credentials of a profile and of nothing else, whatever way of signing in it describes.
///
/// The default chain would take keys from the environment first, and would go on to the instance's role where the
/// profile is missing: both are credentials that the spec does not name.
fn of_profile(
    account: &Account,
    profile: &str,
    http: SharedHttpClient,
) -> ProfileFileCredentialsProvider {
    let config = ProviderConfig::default()
        .with_http_client(http)
        .with_region(Some(sdk_region(account)));
    ProfileFileCredentialsProvider::builder()
        .configure(&config)
        .profile_name(profile)
        .build()
}

fn loader(account: &Account, way: &Way<'_>) -> ConfigLoader {
    let Way {
        options,
        http,
        chain,
    } = way;
    let retries = RetryConfig::standard()
        .with_max_attempts(options.read_attempts.min(UNANSWERED_ATTEMPTS))
        .with_max_backoff(options.longest_backoff);
    let timeouts = timeouts(options)
        .read_timeout(options.sign_in_timeout)
        // Also where it is the SDK that signs in first, for a profile, and waits as long as it is let.
        .operation_timeout(options.attempt_timeout)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .region(sdk_region(account))
        .credentials_provider(chain.clone())
        .retry_config(retries)
        .timeout_config(timeouts);
    if let Some(endpoint) = &options.endpoint {
        loader = loader.endpoint_url(&endpoint.url);
    }
    match AppName::new(format!("s3ferry-{}", options.version)) {
        Ok(name) => loader.app_name(name),
        // A version with characters that a user agent cannot hold goes without.
        Err(_) => loader,
    }
}

/// The bounds of a call to any service.
pub(crate) fn timeouts(options: &Options) -> TimeoutConfigBuilder {
    TimeoutConfig::builder()
        .connect_timeout(options.connect_timeout)
        .operation_attempt_timeout(options.attempt_timeout)
}

fn sdk_region(account: &Account) -> SdkRegion {
    SdkRegion::new(account.region.as_str().to_owned())
}

fn call(account: &Account, operation: &'static str) -> Call {
    Call {
        service: "sts",
        operation,
        intent: Intent::Read,
        subject: account.id.to_string(),
        region: None,
    }
}

/// What STS, or the way there, refused, with what can be done about it.
fn refused(account: &Account, failure: Failure) -> Box<PortError> {
    let mut error = PortError::from(answered(failure));
    error.hint = way_in(account, error.class).or(error.hint);
    Box::new(error)
}

/// STS names a code with each refusal; what answers without one, or nothing that can be read, is something else.
fn answered(failure: Failure) -> Failure {
    let nameless = matches!(
        failure.facts().cause,
        Cause::Answer { code: None, .. } | Cause::Unreadable { .. }
    );
    if !nameless {
        return failure;
    }
    let detail = NOT_STS.to_owned();
    failure.because(Cause::NotAws { detail })
}

/// The caller, if it is of the account that the spec names.
fn caller(
    account: &Account,
    call: &Call,
    actual: &str,
    arn: &str,
) -> Result<Caller, Box<PortError>> {
    if actual != account.id.as_str() {
        return Err(Box::new(other_account(account, call, actual, arn)));
    }
    Ok(Caller {
        arn: arn.to_owned(),
        account: account.id.clone(),
    })
}

fn other_account(account: &Account, call: &Call, actual: &str, arn: &str) -> PortError {
    PortError {
        class: Class::Credentials,
        service: call.service,
        operation: call.operation,
        target: call.subject.clone(),
        code: "WrongAccount".to_owned(),
        message: told(&format!(
            "{} is signed in as {arn} of account {actual}",
            source(account)
        )),
        request_id: None,
        hint: Some(format!(
            "use credentials of account {}, or give the account a profile or an assume_role in the spec",
            account.id
        )),
    }
}

/// Where the credentials of an account come from.
fn source(account: &Account) -> String {
    match &account.access {
        Access::DefaultChain => "the default credential chain".to_owned(),
        Access::Profile(profile) => format!("profile {profile}"),
        Access::AssumeRole { arn, .. } => format!("role {arn}"),
    }
}

/// What to do where credentials are missing or refused; nothing to add to trouble of other kinds.
fn way_in(account: &Account, class: Class) -> Option<String> {
    if !matches!(class, Class::Credentials | Class::Denied) {
        return None;
    }
    Some(match &account.access {
        Access::DefaultChain => {
            "set AWS_PROFILE or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, \
             or run aws sso login; or give the account a profile or an assume_role in the spec"
                .to_owned()
        }
        Access::Profile(profile) => format!(
            "check profile {profile} in ~/.aws/config and ~/.aws/credentials; for SSO run aws sso login --profile {profile}"
        ),
        Access::AssumeRole { arn, external_id } => format!(
            "the caller's own credentials come from the default chain (AWS_PROFILE, keys in the environment, SSO); \
             they need sts:AssumeRole on {arn}, and its trust policy must allow them{}",
            if external_id.is_some() {
                " with the external ID of the spec"
            } else {
                ""
            }
        ),
    })
}
