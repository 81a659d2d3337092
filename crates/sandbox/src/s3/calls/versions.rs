//! ListObjectVersions: versions and delete markers in the one order of their keys, each key's newest first.
//!
//! A route, because a typed reply has two lists and so loses the order between them.

use std::fmt::Write as _;
use std::sync::Arc;

use http::{HeaderMap, Method, Uri};
use s3s::route::S3Route;
use s3s::{Body, S3Request, S3Response, S3Result};

use super::access::{self, caller_of};
use super::body::xml_reply;
use super::documents::bucket_of;
use super::listing::{self, Entry, Page, Query};
use super::put::check_version_id;
use super::request::Call;
use super::subresource::Subresource;
use crate::clock::iso_seconds;
use crate::s3::errors::{invalid_argument, method_not_allowed};
use crate::s3::rules::acl::canonical_id;
use crate::s3::state::version::Version;
use crate::s3::state::world::Store;
use crate::s3::xml::escape;
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
        Ok(xml_reply(&asked.answer(&self.0, &bucket)?))
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
        let max = form.get("max-keys").filter(|max| !max.is_empty());
        let max = max.map(str::parse::<i32>).transpose();
        let max = max.map_err(|_| {
            invalid_argument("Provided max-keys not an integer or within integer range")
        })?;
        let query = Query::new(
            form.get("prefix"),
            form.get("delimiter"),
            max,
            form.get("encoding-type"),
        )?;
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
        let world = store.world();
        let (after, version) = (given(&self.key_marker), given(&self.version_marker));
        let page = listing::versions(world.bucket(bucket)?, &self.query, after, version);
        let mut xml =
            String::from("<ListVersionsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        self.push_head(&mut xml, bucket, &page);
        for entry in &page.entries {
            if let Entry::Version {
                key,
                version,
                latest,
            } = entry
            {
                push_version(&mut xml, &self.query.show(key), version, *latest);
            }
        }
        for entry in &page.entries {
            if let Entry::Prefix(prefix) = entry {
                xml.push_str("<CommonPrefixes>");
                push(&mut xml, "Prefix", &self.query.show(prefix));
                xml.push_str("</CommonPrefixes>");
            }
        }
        xml.push_str("</ListVersionsResult>");
        Ok(xml)
    }

    fn push_head(&self, xml: &mut String, bucket: &str, page: &Page<'_>) {
        let Query {
            prefix,
            delimiter,
            max,
            url_encoded,
        } = &self.query;
        push(xml, "Name", bucket);
        push(xml, "Prefix", &self.query.show(prefix));
        push(xml, "KeyMarker", &self.query.show(&self.key_marker));
        push(xml, "VersionIdMarker", &self.version_marker);
        if let Some(key) = page.last_key().filter(|_| page.truncated) {
            push(xml, "NextKeyMarker", &self.query.show(key));
        }
        if let Some(id) = page.last_version().filter(|_| page.truncated) {
            push(xml, "NextVersionIdMarker", id);
        }
        push(xml, "MaxKeys", &max.to_string());
        if !delimiter.is_empty() {
            push(xml, "Delimiter", &self.query.show(delimiter));
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

fn word(holds: bool) -> &'static str {
    if holds { "true" } else { "false" }
}

fn push(xml: &mut String, name: &str, text: &str) {
    // A String takes whatever is written into it.
    let _ = write!(xml, "<{name}>{}</{name}>", escape(text));
}

fn push_version(xml: &mut String, key: &str, version: &Version, latest: bool) {
    let name = if version.is_marker() {
        "DeleteMarker"
    } else {
        "Version"
    };
    let _ = write!(xml, "<{name}>");
    push(xml, "Key", key);
    push(xml, "VersionId", &version.id);
    push(xml, "IsLatest", word(latest));
    let modified = iso_seconds(version.modified);
    push(xml, "LastModified", &modified.replace('Z', ".000Z"));
    if let Some(object) = &version.object {
        let _ = write!(xml, "<ETag>&quot;{}&quot;</ETag>", object.etag);
        if let Some(checksum) = &object.content.checksum {
            push(xml, "ChecksumAlgorithm", checksum.algorithm.as_str());
            push(xml, "ChecksumType", checksum.kind.as_str());
        }
        push(xml, "Size", &object.content.body.size().to_string());
        push(xml, "StorageClass", &object.storage_class);
    }
    let _ = write!(
        xml,
        "<Owner><ID>{}</ID></Owner></{name}>",
        canonical_id(&version.owner)
    );
}
