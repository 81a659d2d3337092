//! What a call is given: who calls, with which line and headers, and for a configuration document on which.

use http::{HeaderMap, Method, Uri};

use super::subresource::Subresource;
use crate::authority::Caller;
use crate::s3::rules::target::Target;
use crate::s3::state::world::{DocumentKey, Store};

/// What a call says about itself before its body is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
}

/// One request on a configuration document, admitted and authorized.
pub(crate) struct Request<'a> {
    pub(crate) store: &'a Store,
    pub(crate) call: Call<'a>,
    pub(crate) target: Target,
    pub(crate) subresource: &'static Subresource,
    pub(crate) id: String,
}

impl Request<'_> {
    /// Returns what names the document in its bucket.
    pub(crate) fn key(&self) -> DocumentKey {
        (self.subresource.query, self.id.clone())
    }
}
