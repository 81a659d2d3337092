//! IAM: the roles under s3ferry's path, a role, its inline policy, the names and texts of all its policies; one by one, or together.

pub(crate) mod policies;
pub(crate) mod read;
pub(crate) mod role;
pub(crate) mod simulate;
pub(crate) mod texts;
pub(crate) mod together;
pub(crate) mod write;

use aws_sdk_iam::Client;
use aws_types::SdkConfig;
use percent_encoding::percent_decode_str;
use s3ferry_core::ids::{AccountId, Region};
use s3ferry_core::model::kinds::Policy;

use crate::answer::nothing::absent;
use crate::answer::whole::Whole;
use crate::api::Api;
use crate::failure::Failure;
use crate::service::SdkClient;

/// The calls on the IAM of one account.
pub(crate) type IamApi<'a> = Api<'a, Client, AccountId>;

impl SdkClient for Client {
    const SERVICE: &'static str = "iam";

    /// IAM is one per partition: the configuration's Region finds it.
    fn connect(config: &SdkConfig, _region: Option<&Region>) -> Self {
        let config = aws_sdk_iam::config::Builder::from(config).interceptor(Whole);
        Self::from_conf(config.build())
    }
}

/// `None` where the role or the policy is not there.
fn entity<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    absent(answer)
}

/// A removal that succeeds where there is nothing to remove.
fn gone<T>(answer: Result<T, Failure>) -> Result<(), Failure> {
    entity(answer).map(drop)
}

/// IAM answers policies percent-encoded after RFC 3986, where `+` is a plus (BC:iam GetRolePolicy).
fn decoded(document: &str) -> Policy {
    let text = percent_decode_str(document).decode_utf8_lossy();
    Policy::read(text)
}
