//! ListObjectVersions: versions and delete markers in the one order of their keys, each key's newest first.
//!
//! A route, because a typed reply has two lists and so loses the order between them.

use http::Uri;
use s3s::S3Result;

use super::list_route::List;
use super::listed::{Listed, Written, push, push_key, word};
use super::listing::{self, Page, Query};
use super::put::check_version_id;
use crate::s3::errors::invalid_argument;
use crate::s3::state::world::Store;
use crate::wire::Form;

/// What a request asks for.
pub(crate) struct Versions {
    query: Query,
    key_marker: String,
    version_marker: String,
}

impl List for Versions {
    const OPERATION: &'static str = "ListObjectVersions";

    fn is_meant(query: &Form) -> bool {
        query.has("versions")
    }

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
}

impl Versions {
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
