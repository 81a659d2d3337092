//! What every call of S3 Control has: an account it acts in, whose principals alone may, and the namespace of its answers.

use s3s::{Body, S3Response, S3Result};

use super::body::xml_reply;
use super::context;
use super::request::Call;
use crate::authority::Action;
use crate::s3::errors::access_denied;
use crate::s3::rules::target::{Context, keys};
use crate::s3::state::world::Store;

const NAMESPACE: &str = "http://awss3control.amazonaws.com/doc/2018-08-20/";

/// Asks IAM for one action, with condition keys beyond those of every request. That another account is refused as
/// unauthorized is unverified.
pub(crate) fn ask(
    store: &Store,
    call: &Call<'_>,
    (action, resource): (&str, &str),
    more: Context,
) -> S3Result<()> {
    let named = call.headers.get("x-amz-account-id");
    if named.map(|account| account.as_bytes()) != Some(call.caller.account.as_bytes()) {
        return Err(access_denied("Access Denied"));
    }
    let mut context = context::of_request(call);
    context.extend(more);
    let action = Action {
        name: action,
        resource,
        resource_account: &call.caller.account,
        resource_policy: None,
        context: &keys(&context),
    };
    let decision = store.environment.authority.authorize(call.caller, &action);
    decision.map_err(|denied| access_denied(denied.message))
}

/// Answers with a document, of which the inner part is given.
pub(crate) fn answer(root: &str, inner: &str) -> S3Response<Body> {
    xml_reply(&format!("<{root} xmlns=\"{NAMESPACE}\">{inner}</{root}>"))
}
