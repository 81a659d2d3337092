//! STS: who calls, and temporary credentials.

use crate::authority::Caller;
use crate::front::{Form, QueryService, Refusal, escaped};
use crate::iam::Iam;

/// The STS service.
pub(crate) struct Sts {
    _iam: Iam,
}

impl Sts {
    /// Makes the service over IAM's roles and keys.
    pub(crate) fn new(iam: Iam) -> Self {
        Self { _iam: iam }
    }
}

impl QueryService for Sts {
    fn name(&self) -> &'static str {
        "sts"
    }

    fn namespace(&self) -> &'static str {
        "https://sts.amazonaws.com/doc/2011-06-15/"
    }

    fn resource(&self, form: &Form) -> String {
        form.get("RoleArn").unwrap_or_default().to_owned()
    }

    fn call(&self, caller: &Caller, operation: &str, _: &Form) -> Result<Option<String>, Refusal> {
        match operation {
            "GetCallerIdentity" => Ok(Some(format!(
                "<Arn>{}</Arn><UserId>{}</UserId><Account>{}</Account>",
                escaped(&caller.arn),
                escaped(&caller.user_id),
                caller.account
            ))),
            _ => {
                let message = format!("The action {operation} is not valid for this web service.");
                Err(Refusal::new(400, "InvalidAction", message))
            }
        }
    }
}
