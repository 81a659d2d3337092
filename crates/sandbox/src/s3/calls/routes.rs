//! The calls that s3s's own typed operations would lose something of; each route says which are its.

use std::sync::Arc;

use http::{HeaderMap, Method, Uri};
use s3s::route::S3Route;
use s3s::{Body, S3Request, S3Response, S3Result};

use super::account::Account;
use super::documents::Documents;
use super::list_objects::Objects;
use super::list_route::ListRoute;
use super::versions::Versions;
use crate::s3::errors::method_not_allowed;
use crate::s3::state::world::Store;

/// The routes, asked in turn.
pub(crate) struct Routes(Vec<Box<dyn S3Route>>);

impl Routes {
    /// Makes the routes of a store.
    pub(crate) fn new(store: &Arc<Store>) -> Self {
        Self(vec![
            Box::new(Account(Arc::clone(store))),
            Box::new(Documents(Arc::clone(store))),
            Box::new(ListRoute::<Versions>::new(store)),
            Box::new(ListRoute::<Objects>::new(store)),
        ])
    }
}

#[async_trait::async_trait]
impl S3Route for Routes {
    fn is_match(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        extensions: &mut http::Extensions,
    ) -> bool {
        self.0
            .iter()
            .any(|route| route.is_match(method, uri, headers, extensions))
    }

    async fn check_access(&self, _request: &mut S3Request<Body>) -> S3Result<()> {
        // Each route does so by itself, because the answer depends on what the call is.
        Ok(())
    }

    async fn call(&self, mut request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let S3Request {
            method,
            uri,
            headers,
            extensions,
            ..
        } = &mut request;
        let route = self
            .0
            .iter()
            .find(|route| route.is_match(method, uri, headers, extensions));
        match route {
            Some(route) => route.call(request).await,
            None => Err(method_not_allowed()),
        }
    }
}
