//! Listings as routes: which request is one, who may make it, and its answer as text.

use std::marker::PhantomData;
use std::sync::Arc;

use http::{HeaderMap, Method, Uri};
use s3s::route::S3Route;
use s3s::{Body, S3Request, S3Response, S3Result};

use super::access::{self, caller_of};
use super::body::xml_text;
use super::documents::bucket_of;
use super::request::Call;
use super::subresource::Subresource;
use crate::s3::errors::method_not_allowed;
use crate::s3::state::world::Store;
use crate::wire::Form;

/// A listing: what a request of it asks for.
pub(crate) trait List: Sized + Send + Sync + 'static {
    /// The operation in AWS's words.
    const OPERATION: &'static str;

    /// Says whether a GET of a bucket with this query is one.
    fn is_meant(query: &Form) -> bool;

    /// Reads what is asked for.
    fn read(uri: &Uri) -> S3Result<Self>;

    /// Answers as XML.
    fn answer(&self, store: &Store, bucket: &str) -> S3Result<String>;
}

/// The route of a listing.
pub(crate) struct ListRoute<L> {
    store: Arc<Store>,
    of: PhantomData<fn() -> L>,
}

impl<L> ListRoute<L> {
    pub(crate) fn new(store: &Arc<Store>) -> Self {
        Self {
            store: Arc::clone(store),
            of: PhantomData,
        }
    }
}

#[async_trait::async_trait]
impl<L: List> S3Route for ListRoute<L> {
    fn is_match(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        _extensions: &mut http::Extensions,
    ) -> bool {
        let query = Form::parse(uri.query().unwrap_or_default());
        *method == Method::GET
            && L::is_meant(&query)
            && Subresource::find(|name| query.has(name)).is_none()
            && bucket_of(uri, headers).is_some()
    }

    async fn check_access(&self, _request: &mut S3Request<Body>) -> S3Result<()> {
        // The call itself does.
        Ok(())
    }

    async fn call(&self, request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let S3Request {
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
        let Some(bucket) = bucket_of(&uri, &headers) else {
            return Err(method_not_allowed());
        };
        access::check_bucket(&self.store, &call, L::OPERATION, &bucket)?;
        Ok(xml_text(L::read(&uri)?.answer(&self.store, &bucket)?))
    }
}
