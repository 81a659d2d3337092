//! AWS JSON: the operation in a header, a JSON document in, a JSON document out.

use serde_json::Value;

use super::refusal::Refusal;
use crate::authority::Caller;

/// A service of AWS JSON 1.1.
pub(crate) trait JsonService: Send + Sync {
    /// Its name in the credential scope.
    fn name(&self) -> &'static str;
    /// What a call is about, for the call log.
    fn resource(&self, input: &Value) -> String;
    /// Answers one operation; `None` where the operation answers nothing.
    fn call(&self, request: &JsonRequest<'_>) -> Result<Option<Value>, Refusal>;
}

/// One call of such a service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JsonRequest<'a> {
    pub(crate) caller: &'a Caller,
    /// The Region of the signature.
    pub(crate) region: &'a str,
    pub(crate) operation: &'a str,
    /// `Value::Null` where the body is no JSON.
    pub(crate) input: &'a Value,
}

/// A field that is text.
pub(crate) fn text<'a>(input: &'a Value, field: &str) -> Result<Option<&'a str>, Refusal> {
    match input.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong_type(field)),
    }
}

/// A field that is true or false.
pub(crate) fn flag(input: &Value, field: &str) -> Result<Option<bool>, Refusal> {
    match input.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(wrong_type(field)),
    }
}

/// A field of another type than the operation has (unverified: the words).
pub(crate) fn wrong_type(field: &str) -> Refusal {
    let message = format!("{field} is of another type.");
    Refusal::new(400, "SerializationException", message)
}
