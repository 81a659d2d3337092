//! Answers in CBOR, as CloudWatch gives them: each is a map. The SDK takes an empty body of a 200 for an answer without parts, and
//! that would read as "there is none".

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use super::shape::NotWhole;

/// Looks at every answer of a client that is a success; one that is no map becomes a failure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Map;

#[dyn_dispatch_hint]
impl Intercept for Map {
    fn name(&self) -> &'static str {
        "s3ferry CBOR answers"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _runtime_components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let operation = cfg.load::<Metadata>().map(Metadata::name);
        let reads =
            operation.is_some_and(|name| name.starts_with("Describe") || name.starts_with("List"));
        if reads && response.status().is_success() {
            judge(response.body().bytes().unwrap_or_default())?;
        }
        Ok(())
    }
}

/// Whether a body is a map of CBOR: major type 5, which the first three bits say (RFC 8949, 3.1).
fn judge(body: &[u8]) -> Result<(), NotWhole> {
    match body.first() {
        None => Err(NotWhole::Empty),
        Some(first) if first >> 5 == 5 => Ok(()),
        Some(_) => Err(NotWhole::Foreign("CBOR map")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_map_is_an_answer() {
        assert_eq!(judge(&[0xa0]), Ok(()));
        assert_eq!(judge(&[0xbf, 0xff]), Ok(()));
        assert_eq!(judge(b""), Err(NotWhole::Empty));
        for body in [&b"<html>"[..], b"{}", &[0x80]] {
            assert_eq!(judge(body), Err(NotWhole::Foreign("CBOR map")), "{body:?}");
        }
    }
}
