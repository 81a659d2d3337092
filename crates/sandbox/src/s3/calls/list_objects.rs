//! ListObjectsV2, as a route: a typed reply costs many times what its entries do.

use std::sync::Arc;

use http::{HeaderMap, Method, Uri};
use s3s::route::S3Route;
use s3s::{Body, S3Request, S3Response, S3Result};

use super::access::{self, caller_of};
use super::body::xml_text;
use super::documents::bucket_of;
use super::listed::{Listed, Written, push, push_key, word};
use super::listing::{self, Page, Query, after_token};
use super::request::Call;
use super::subresource::Subresource;
use crate::s3::checksum::base64_encode;
use crate::s3::errors::method_not_allowed;
use crate::s3::state::world::Store;
use crate::wire::Form;

const OPERATION: &str = "ListObjectsV2";

/// The route.
pub(crate) struct Objects(pub(crate) Arc<Store>);

#[async_trait::async_trait]
impl S3Route for Objects {
    fn is_match(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        _extensions: &mut http::Extensions,
    ) -> bool {
        let query = Form::parse(uri.query().unwrap_or_default());
        *method == Method::GET
            && query.get("list-type") == Some("2")
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
    token: Option<String>,
    start_after: Option<String>,
    with_owner: bool,
}

impl Asked {
    fn read(uri: &Uri) -> S3Result<Self> {
        let form = Form::parse(uri.query().unwrap_or_default());
        let given = |name| form.get(name).map(str::to_owned);
        Ok(Self {
            query: Query::read(&form)?,
            token: given("continuation-token"),
            start_after: given("start-after"),
            with_owner: form.get("fetch-owner") == Some("true"),
        })
    }

    fn answer(&self, store: &Store, bucket: &str) -> S3Result<String> {
        let token = self.token.as_deref().map(after_token).transpose()?;
        let after = token.as_deref().or(self.start_after.as_deref());
        let with_owner = self.with_owner;
        let mut written = Written::new(&self.query, Listed::Contents { with_owner });
        let page = {
            let world = store.world();
            listing::current(world.bucket(bucket)?, &self.query, after, &mut written)
        };
        let mut head =
            String::from("<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        self.push_head(&mut head, bucket, &page);
        let mut tail = String::new();
        self.push_tail(&mut tail);
        Ok(written.finish(&head, &tail))
    }

    fn push_head(&self, xml: &mut String, bucket: &str, page: &Page) {
        push(xml, "Name", bucket);
        push_key(xml, "Prefix", &self.query, &self.query.prefix);
        push(xml, "MaxKeys", &self.query.max.to_string());
        push(xml, "KeyCount", &page.count.to_string());
        if let Some(token) = &self.token {
            push(xml, "ContinuationToken", token);
        }
        push(xml, "IsTruncated", word(page.truncated));
        if let Some(key) = page.last_key().filter(|_| page.truncated) {
            push(xml, "NextContinuationToken", &base64_encode(key.as_bytes()));
        }
    }

    fn push_tail(&self, xml: &mut String) {
        let Query {
            delimiter,
            url_encoded,
            ..
        } = &self.query;
        if !delimiter.is_empty() {
            push_key(xml, "Delimiter", &self.query, delimiter);
        }
        if *url_encoded {
            push(xml, "EncodingType", "url");
        }
        if let Some(after) = &self.start_after {
            push_key(xml, "StartAfter", &self.query, after);
        }
        xml.push_str("</ListBucketResult>");
    }
}
