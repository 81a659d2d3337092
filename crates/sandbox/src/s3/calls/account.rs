//! S3 Control, as far as it is here: what an account blocks for all of its buckets, and jobs of S3 Batch Operations.
//!
//! Its paths begin with a version and its requests name the account in a header, so no bucket is mistaken for them.

use std::sync::Arc;

use http::{HeaderMap, Method, StatusCode, Uri};
use s3s::route::S3Route;
use s3s::{Body, S3Request, S3Response, S3Result};

use super::access::caller_of;
use super::body::{empty, parse, read, verify};
use super::control::{answer, ask};
use super::jobs;
use super::request::Call;
use super::validate;
use crate::s3::errors::{fault, not_modelled};
use crate::s3::rules::target::Context;
use crate::s3::state::world::Store;
use crate::s3::xml::Element;
use crate::wire::control_path;

const PUBLIC_ACCESS_BLOCK: &str = "configuration/publicAccessBlock";

/// The route.
pub(crate) struct Account(pub(crate) Arc<Store>);

#[async_trait::async_trait]
impl S3Route for Account {
    fn is_match(
        &self,
        _method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        _extensions: &mut http::Extensions,
    ) -> bool {
        control_path(uri, headers).is_some()
    }

    async fn check_access(&self, _request: &mut S3Request<Body>) -> S3Result<()> {
        Ok(())
    }

    async fn call(&self, request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let S3Request {
            input,
            method,
            uri,
            headers,
            extensions,
            ..
        } = request;
        let caller = caller_of(&extensions);
        let call = Call {
            caller: &caller,
            method: &method,
            uri: &uri,
            headers: &headers,
        };
        let body = read(input).await?;
        verify(&headers, &body)?;
        match control_path(&uri, &headers) {
            Some(PUBLIC_ACCESS_BLOCK) => public_access_block(&self.0, &call, &body),
            Some(path) if path.split('/').next() == Some("jobs") => {
                jobs::call(&self.0, &call, path, &body)
            }
            _ => Err(not_modelled("this call of S3 Control")),
        }
    }
}

fn public_access_block(store: &Store, call: &Call<'_>, body: &[u8]) -> S3Result<S3Response<Body>> {
    authorize(store, call)?;
    let account = &call.caller.account;
    let blocks = |store: &Store| store.world().public_access_blocks.get(account).cloned();
    match *call.method {
        Method::GET => blocks(store).map(|block| shown(&block)).ok_or_else(|| {
            let text = "The public access block configuration was not found";
            fault(404, "NoSuchPublicAccessBlockConfiguration", text)
        }),
        Method::PUT => {
            let root = parse(body, "PublicAccessBlockConfiguration")?;
            validate::public_access_block(&root)?;
            let mut world = store.world();
            world.public_access_blocks.insert(account.clone(), root);
            Ok(empty(StatusCode::OK))
        }
        Method::DELETE => {
            store.world().public_access_blocks.remove(account);
            Ok(empty(StatusCode::NO_CONTENT))
        }
        _ => Err(crate::s3::errors::method_not_allowed()),
    }
}

/// By a policy on everything; one action allows both changes (Service Authorization Reference).
fn authorize(store: &Store, call: &Call<'_>) -> S3Result<()> {
    let action = match *call.method {
        Method::GET => "s3:GetAccountPublicAccessBlock",
        _ => "s3:PutAccountPublicAccessBlock",
    };
    ask(store, call, (action, "*"), Context::new())
}

/// Every setting is answered; what was left out is off.
fn shown(block: &Element) -> S3Response<Body> {
    let setting = |name: &&str| {
        let on = block
            .text_of(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        format!("<{name}>{on}</{name}>")
    };
    let settings: String = validate::PUBLIC_ACCESS_BLOCK.iter().map(setting).collect();
    answer("PublicAccessBlockConfiguration", &settings)
}
