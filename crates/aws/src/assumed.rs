//! A role that is assumed: its credentials, and as whom STS says that they act.
//!
//! The SDK has a provider for this, which keeps the credentials of the answer and drops whose they are; that would cost a
//! second call for each account to ask again.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_sts::operation::assume_role::{AssumeRoleError, AssumeRoleOutput};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_types::SdkConfig;
use s3ferry_core::ids::Arn;

use crate::credentials::sound;
use crate::secrets;

/// The name of the sessions of assumed roles, as CloudTrail shows it.
const SESSION_NAME: &str = "s3ferry";

/// A role, entered anew whenever its credentials are asked for.
#[derive(Debug)]
pub(crate) struct AssumedRole {
    sts: aws_sdk_sts::Client,
    role: String,
    external_id: Option<String>,
}

impl AssumedRole {
    /// The role, entered with the credentials and the retries of a configuration.
    pub(crate) fn new(config: &SdkConfig, role: &Arn, external_id: Option<&str>) -> Self {
        Self {
            sts: aws_sdk_sts::Client::new(config),
            role: role.to_string(),
            external_id: external_id.map(str::to_owned),
        }
    }

    /// Asks STS.
    pub(crate) async fn enter(
        &self,
    ) -> Result<AssumeRoleOutput, SdkError<AssumeRoleError, HttpResponse>> {
        self.sts
            .assume_role()
            .role_arn(&self.role)
            .role_session_name(SESSION_NAME)
            .set_external_id(self.external_id.clone())
            .send()
            .await
    }

    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        let answer = self.enter().await;
        credentials(&answer.map_err(CredentialsError::provider_error)?)
    }
}

/// The credentials of an answer of STS.
pub(crate) fn credentials(answer: &AssumeRoleOutput) -> Result<Credentials, CredentialsError> {
    let found = answer
        .credentials()
        .ok_or_else(|| CredentialsError::unhandled("STS answered without credentials"))?;
    let end = SystemTime::try_from(*found.expiration()).map_err(CredentialsError::unhandled)?;
    secrets::keep(found.secret_access_key());
    secrets::keep(found.session_token());
    sound(Credentials::new(
        found.access_key_id(),
        found.secret_access_key(),
        Some(found.session_token().to_owned()),
        Some(end),
        "s3ferry assumed role",
    ))
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}
