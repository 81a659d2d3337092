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
    fn call(&self, request: &QueryRequest<'_>) -> Result<Option<String>, Refusal>;
}

/// One call of such a service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueryRequest<'a> {
    pub(crate) caller: &'a Caller,
    /// The Region of the signature.
    pub(crate) region: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) form: &'a Form,
}
