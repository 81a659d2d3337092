//! The query protocol of IAM, STS and the services like them.

use super::form::Form;
use super::refusal::Refusal;
use crate::authority::Caller;

/// A service of the query protocol: form fields in, XML out.
pub(crate) trait QueryService: Send + Sync {
    /// Its name in the credential scope.
    fn name(&self) -> &'static str;
    /// Namespace of its XML.
    fn namespace(&self) -> &'static str;
    /// What a call is about, for the call log.
    fn resource(&self, form: &Form) -> String;
    /// Answers one operation with the inner XML of its `...Result` (`None`: the operation has no
    /// result element).
    fn call(
        &self,
        caller: &Caller,
        operation: &str,
        form: &Form,
    ) -> Result<Option<String>, Refusal>;
}
