//! Who may make a call: bucket, Region, expected owner, then policies, in S3's order.
//!
//! Trait calls pass through [`Gate`] before their input is read; the configuration routes call
//! [`admit`] themselves.

use std::sync::Arc;

use http::HeaderMap;
use s3s::access::{S3Access, S3AccessContext};
use s3s::path::S3Path;
use s3s::{S3Error, S3Result};

use super::actions::{self, Need};
use super::context;
use super::pace;
use super::request::Call;
use crate::authority::{Action, Caller};
use crate::s3::errors::{
    BUCKET_REGION, access_denied, computed_stays, fault, with_detail, with_header,
};
use crate::s3::rules::target::{Context, Target, keys};
use crate::s3::state::world::Store;
use crate::wire::Form;

/// The check before every trait call.
pub(crate) struct Gate(pub(crate) Arc<Store>);

#[async_trait::async_trait]
impl S3Access for Gate {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let operation = context.s3_op().name().to_owned();
        let caller = caller_of(context.extensions_mut());
        let call = Call {
            caller: &caller,
            method: context.method(),
            uri: context.uri(),
            headers: context.headers(),
        };
        let every_part = EveryPart(context::of_every_part(&call));
        let checked = match context.s3_path() {
            S3Path::Root => root_call(&self.0, &call, &operation),
            S3Path::Bucket { bucket } => bucket_call(&self.0, &call, &operation, bucket, None),
            S3Path::Object { bucket, key } => {
                bucket_call(&self.0, &call, &operation, bucket, Some(key))
            }
        };
        context.extensions_mut().insert(every_part);
        checked
    }
}

/// The condition keys of [`context::of_every_part`], kept for the call.
#[derive(Clone, Default)]
struct EveryPart(Context);

/// Who makes a call, with the condition keys that each part of it has: for what is asked while the call goes on.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(crate) caller: Caller,
    pub(crate) every_part: Context,
}

/// Returns who asks, as the gate has seen it.
pub(crate) fn asker_of(extensions: &http::Extensions) -> Asker {
    let EveryPart(every_part) = extensions.get::<EveryPart>().cloned().unwrap_or_default();
    Asker {
        caller: caller_of(extensions),
        every_part,
    }
}

/// Returns the caller the front put into the request.
pub(crate) fn caller_of(extensions: &http::Extensions) -> Caller {
    extensions
        .get::<Caller>()
        .cloned()
        .unwrap_or_else(Caller::anonymous)
}

fn root_call(store: &Store, call: &Call<'_>, operation: &str) -> S3Result<()> {
    let Some(need) = actions::of_root(operation) else {
        return Err(unknown(operation));
    };
    let context = context::of_request(call);
    let action = Action {
        name: need,
        resource: "*",
        resource_account: &call.caller.account,
        resource_policy: None,
        context: &keys(&context),
    };
    let decision = store.environment.authority.authorize(call.caller, &action);
    decision.map_err(|denied| access_denied(denied.message))
}

/// Checks a call on a bucket that s3s does not know by name.
pub(crate) fn check_bucket(
    store: &Store,
    call: &Call<'_>,
    operation: &str,
    bucket: &str,
) -> S3Result<()> {
    bucket_call(store, call, operation, bucket, None)
}

fn bucket_call(
    store: &Store,
    call: &Call<'_>,
    operation: &str,
    bucket: &str,
    key: Option<&str>,
) -> S3Result<()> {
    pace::check(store, call, operation, (bucket, key))?;
    let query = Form::parse(call.uri.query().unwrap_or_default());
    let unknown_part = actions::unknown_parameter(&query, &actions::LISTING);
    if let Some(name) = unknown_part.filter(|_| operation == "ListObjects") {
        return Err(unknown(name));
    }
    let needs = actions::of_call(operation, &query, call.headers);
    let Some(needs) = needs else {
        return Err(unknown(operation));
    };
    let target = admit(store, call, operation, bucket)?;
    let context = context::of_object(store, call, &target, key);
    for Need { action, on_object } in needs {
        let key = if on_object { key } else { None };
        let decision = target.authorize(store, call.caller, action, key, &context);
        decision.map_err(|denied| refused(&target, denied.message))?;
    }
    if target.computed && !is_read(operation) {
        return Err(computed_stays());
    }
    Ok(())
}

fn is_read(operation: &str) -> bool {
    let mut reads = ["Get", "Head", "List"].into_iter();
    reads.any(|read| operation.starts_with(read))
}

/// Checks what comes before policies: the bucket exists, the Region fits, the owner is expected.
pub(crate) fn admit(
    store: &Store,
    call: &Call<'_>,
    operation: &str,
    bucket: &str,
) -> S3Result<Target> {
    let target = Target::of(store, bucket)?;
    check_region(&target, call, operation)?;
    check_owner(&target, call.headers, "x-amz-expected-bucket-owner")?;
    Ok(target)
}

/// Refuses a bucket whose owner is not the one the caller expects.
pub(crate) fn check_owner(target: &Target, headers: &HeaderMap, name: &str) -> S3Result<()> {
    match headers.get(name).map(|value| value.as_bytes()) {
        Some(expected) if expected != target.owner.as_bytes() => {
            Err(refused(target, "Access Denied".to_owned()))
        }
        _ => Ok(()),
    }
}

/// 403 with the bucket's Region, which S3 names even to those it refuses.
pub(crate) fn refused(target: &Target, message: String) -> S3Error {
    with_header(access_denied(message), BUCKET_REGION, &target.region)
}

/// The sandbox has one endpoint, so the Region of the signature stands for the endpoint's.
fn check_region(target: &Target, call: &Call<'_>, operation: &str) -> S3Result<()> {
    let Some(signed) = context::signing_region(call) else {
        return Ok(());
    };
    if *signed == *target.region {
        return Ok(());
    }
    // GetBucketLocation answers through us-east-1 whatever the bucket's Region.
    if operation == "GetBucketLocation" && signed == "us-east-1" {
        return Ok(());
    }
    let error = if signed == "us-east-1" {
        let text = format!(
            "The authorization header is malformed; the region '{signed}' is wrong; expecting '{}'",
            target.region
        );
        fault(400, "AuthorizationHeaderMalformed", text)
    } else {
        let text = "The bucket you are attempting to access must be addressed using the specified \
                    endpoint. Please send all future requests to this endpoint.";
        let error = fault(301, "PermanentRedirect", text);
        let endpoint = format!("{}.s3.{}.amazonaws.com", target.name, target.region);
        with_detail(
            with_detail(error, "Bucket", &target.name),
            "Endpoint",
            &endpoint,
        )
    };
    let error = with_detail(error, "Region", &target.region);
    Err(with_header(error, BUCKET_REGION, &target.region))
}

fn unknown(operation: &str) -> S3Error {
    crate::s3::errors::not_modelled(operation)
}
