//! ListObjectsV2, as a route: a typed reply costs many times what its entries do.

use http::Uri;
use s3s::S3Result;

use super::list_route::List;
use super::listed::{Listed, Written, push, push_key, word};
use super::listing::{self, Page, Query, after_token};
use crate::s3::checksum::base64_encode;
use crate::s3::state::world::Store;
use crate::wire::Form;

/// What a request asks for.
pub(crate) struct Objects {
    query: Query,
    token: Option<String>,
    start_after: Option<String>,
    with_owner: bool,
}

impl List for Objects {
    const OPERATION: &'static str = "ListObjectsV2";

    fn is_meant(query: &Form) -> bool {
        query.get("list-type") == Some("2")
    }

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
}

impl Objects {
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
