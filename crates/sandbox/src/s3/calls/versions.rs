//! ListObjectVersions: versions and delete markers in the one order of their keys, each key's newest first.
//!
//! A route, because a typed reply has two lists and so loses the order between them.

use std::sync::Arc;

use http::{HeaderMap, Method, Uri};
use s3s::route::S3Route;
use s3s::{Body, S3Request, S3Response, S3Result};

use super::access::{self, caller_of};
use super::body::xml_text;
use super::documents::bucket_of;
use super::listed::{Listed, Written, push, push_key, word};
use super::listing::{self, Page, Query};
use super::put::check_version_id;
use super::request::Call;
use super::subresource::Subresource;
use crate::s3::errors::{invalid_argument, method_not_allowed};
use crate::s3::state::world::Store;
use crate::wire::Form;

const OPERATION: &str = "ListObjectVersions";

/// The route.
pub(crate) struct Versions(pub(crate) Arc<Store>);

#[async_trait::async_trait]
impl S3Route for Versions {
    fn is_match(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        _extensions: &mut http::Extensions,
    ) -> bool {
        let query = Form::parse(uri.query().unwrap_or_default());
        *method == Method::GET
            && query.has("versions")
            && Subresource::find(|name| query.has(name)).is_none()
            && bucket_of(uri, headers).is_some()
    }

    async fn check_access(&self, _request: &mut S3Request<Body>) -> S3Result<()> {
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
        access::check_bucket(&self.0, &call, OPERATION, &bucket)?;
        let asked = Asked::read(&uri)?;
        Ok(xml_text(asked.answer(&self.0, &bucket)?))
    }
}

/// What a request asks for.
struct Asked {
    query: Query,
    key_marker: String,
    version_marker: String,
}

impl Asked {
    fn read(uri: &Uri) -> S3Result<Self> {
        let form = Form::parse(uri.query().unwrap_or_default());
        let query = Query::read(&form)?;
        let marker = |name| form.get(name).unwrap_or_default().to_owned();
        let asked = Self {
            query,
            key_marker: marker("key-marker"),
            version_marker: marker("version-id-marker"),
        };
        if asked.key_marker.is_empty() && !asked.version_marker.is_empty() {
            let text = "A version-id marker cannot be specified without a key marker.";
            return Err(invalid_argument(text));
        }
        check_version_id(given(&asked.version_marker))?;
        Ok(asked)
    }

    fn answer(&self, store: &Store, bucket: &str) -> S3Result<String> {
        let markers = (given(&self.key_marker), given(&self.version_marker));
        let mut written = Written::new(&self.query, Listed::Versions);
        let page = {
            let world = store.world();
            listing::versions(world.bucket(bucket)?, &self.query, markers, &mut written)
        };
        let mut head =
            String::from("<ListVersionsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        self.push_head(&mut head, bucket, &page);
        Ok(written.finish(&head, "</ListVersionsResult>"))
    }

    fn push_head(&self, xml: &mut String, bucket: &str, page: &Page) {
        let Query {
            prefix,
            delimiter,
            max,
            url_encoded,
        } = &self.query;
        push(xml, "Name", bucket);
        push_key(xml, "Prefix", &self.query, prefix);
        push_key(xml, "KeyMarker", &self.query, &self.key_marker);
        push(xml, "VersionIdMarker", &self.version_marker);
        if let Some(key) = page.last_key().filter(|_| page.truncated) {
            push_key(xml, "NextKeyMarker", &self.query, key);
        }
        if let Some(id) = page.last_version().filter(|_| page.truncated) {
            push(xml, "NextVersionIdMarker", id);
        }
        push(xml, "MaxKeys", &max.to_string());
        if !delimiter.is_empty() {
            push_key(xml, "Delimiter", &self.query, delimiter);
        }
        if *url_encoded {
            push(xml, "EncodingType", "url");
        }
        push(xml, "IsTruncated", word(page.truncated));
    }
}

/// An empty marker is none.
fn given(marker: &str) -> Option<&str> {
    Some(marker).filter(|marker| !marker.is_empty())
}
