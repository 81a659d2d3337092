//! Answers in JSON, as CloudTrail gives them: each is an object. The SDK takes an empty body of a 200 for an answer without parts, and
//! that would read as "there is none".

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use super::shape::NotWhole;

/// Looks at every answer of a client that is a success; one that is no object becomes a failure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Object;

#[dyn_dispatch_hint]
impl Intercept for Object {
    fn name(&self) -> &'static str {
        "s3ferry JSON answers"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _runtime_components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if response.status().is_success() {
            judge(response.body().bytes().unwrap_or_default())?;
        }
        Ok(())
    }
}

/// Whether a body is an object; that it ends where it should, the SDK has seen.
fn judge(body: &[u8]) -> Result<(), NotWhole> {
    match body.trim_ascii() {
        [] => Err(NotWhole::Empty),
        [b'{', .., b'}'] => Ok(()),
        _ => Err(NotWhole::Foreign("JSON object")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_object_is_an_answer() {
        assert_eq!(judge(b"{}"), Ok(()));
        assert_eq!(judge(b" {\"a\":1}\n"), Ok(()));
        assert_eq!(judge(b" "), Err(NotWhole::Empty));
        for body in [&b"<html>"[..], b"[]", b"null", b"{\"a\":1"] {
            let foreign = NotWhole::Foreign("JSON object");
            assert_eq!(judge(body), Err(foreign), "{body:?}");
        }
    }
}
