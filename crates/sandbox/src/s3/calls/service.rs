//! The HTTP service: s3s, and around it what every S3 response carries.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt as _;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpError, HttpRequest, HttpResponse};

use super::access::Gate;
use super::api::Api;
use super::routes::Routes;
use crate::ids::Ids;
use crate::keys::KeyRing;
use crate::s3::errors::{DETAIL_PREFIX, STATUS};
use crate::s3::state::world::Store;
use crate::s3::xml::{self, Element};
use crate::wire::Hosts;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");

/// S3 over HTTP.
#[derive(Clone)]
pub(crate) struct Service {
    inner: S3Service,
    /// Apart from the store's: a read must not change the ids that later writes get.
    ids: Arc<Ids>,
}

impl Service {
    /// Puts a store behind HTTP; `keys` gives s3s the secrets to check signatures with.
    pub(crate) fn new(store: Arc<Store>, keys: KeyRing) -> Self {
        let mut builder = S3ServiceBuilder::new(Api(Arc::clone(&store)));
        builder.set_auth(keys);
        builder.set_host(Hosts);
        builder.set_access(Gate(Arc::clone(&store)));
        builder.set_route(Routes::new(&store));
        let ids = Arc::new(Ids::new(store.environment.seed, "s3-requests"));
        Self {
            inner: builder.build(),
            ids,
        }
    }

    /// Answers one request, which carries its [`crate::authority::Caller`] as an extension.
    pub(crate) async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let method = request.method().clone();
        let resource = request.uri().path().to_owned();
        let mut response = self.inner.call(request).await?;
        set_status(&mut response);
        let request_id = self.ids.mixed(16).to_ascii_uppercase();
        let host_id = self.ids.mixed(56);
        for (name, value) in [(REQUEST_ID, &request_id), (HOST_ID, &host_id)] {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        }
        if response.status().as_u16() < 300 {
            return Ok(response);
        }
        Ok(explained(response, &method, [&resource, &request_id, &host_id]).await)
    }
}

/// Gives a reply the status that a header stands for.
fn set_status(response: &mut HttpResponse) {
    let named = response.headers_mut().remove(STATUS);
    let status = named.and_then(|value| StatusCode::from_bytes(value.as_bytes()).ok());
    if let Some(status) = status {
        *response.status_mut() = status;
    }
}

/// Completes an error document: details, resource, request and host id.
async fn explained(
    response: HttpResponse,
    method: &Method,
    [resource, request_id, host_id]: [&str; 3],
) -> HttpResponse {
    let (mut parts, body) = response.into_parts();
    let body = body
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    let details = take_details(&mut parts.headers);
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.remove(TRANSFER_ENCODING);
    // Replies to HEAD and 304 have no body, whatever there is to say.
    if *method == Method::HEAD || parts.status == StatusCode::NOT_MODIFIED {
        return HttpResponse::from_parts(parts, Body::empty());
    }
    let Some(mut root) = xml::parse(&body).ok().filter(|root| root.name == "Error") else {
        return HttpResponse::from_parts(parts, Body::from(body));
    };
    root.children.extend(details);
    root.children.push(Element::leaf("Resource", resource));
    root.children.push(Element::leaf("RequestId", request_id));
    root.children.push(Element::leaf("HostId", host_id));
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}",
        root.write()
    );
    parts
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    HttpResponse::from_parts(parts, Body::from(Bytes::from(text)))
}

/// Removes the headers that stand for elements; the elements come back.
fn take_details(headers: &mut HeaderMap) -> Vec<Element> {
    let names: Vec<HeaderName> = headers
        .keys()
        .filter(|name| name.as_str().starts_with(DETAIL_PREFIX))
        .cloned()
        .collect();
    let element = |name: &HeaderName| {
        let value = headers.remove(name)?;
        let detail = &name.as_str()[DETAIL_PREFIX.len()..];
        let numbered = |of: &str, shown: &str| {
            let number = detail.strip_prefix(of)?;
            Some(format!("{shown}{number}"))
        };
        let name = match detail {
            "bucketname" => "BucketName",
            "targetbucket" => "TargetBucket",
            "targetbucketlocation" => "TargetBucketLocation",
            "sourcebucketlocation" => "SourceBucketLocation",
            "bucket" => "Bucket",
            "endpoint" => "Endpoint",
            "region" => "Region",
            "condition" => "Condition",
            "storageclass" => "StorageClass",
            "actualobjectsize" => "ActualObjectSize",
            // A refused notification may have several arguments, with numbers.
            _ => {
                let name = numbered("argumentname", "ArgumentName");
                let name = name.or_else(|| numbered("argumentvalue", "ArgumentValue"))?;
                return Some(Element::leaf(&name, value.to_str().ok()?));
            }
        };
        Some(Element::leaf(name, value.to_str().ok()?))
    };
    names.iter().filter_map(element).collect()
}
