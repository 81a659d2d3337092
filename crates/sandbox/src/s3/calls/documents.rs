//! GET, PUT and DELETE of a bucket's configuration documents, and CreateBucket.
//!
//! Documents are kept and answered as the text that was sent: a reader sees exactly what the
//! writer wrote, also elements that no SDK models. They arrive as a route of s3s, before its own
//! typed operations, which drop or refuse such elements.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use s3s::route::S3Route;
use s3s::{Body, S3Request, S3Response, S3Result};

use super::access::{self, caller_of, refused};
use super::body::{as_sent, empty, parse, read, reply, verify, with_header, xml_reply};
use super::context;
use super::policy_document;
use super::request::{Call, Request};
use super::subresource::{Absent, Subresource};
use super::{
    acl, actions, create, lifecycle_document, notification_document, replication_document, validate,
};
use crate::s3::errors::{fault, invalid_argument, method_not_allowed, not_modelled};
use crate::s3::rules::acl::{self as acl_rules, document};
use crate::s3::rules::new_bucket::DEFAULT_ENCRYPTION;
use crate::s3::state::replication::Configuration;
use crate::s3::state::world::{Store, minimum_size_key};
use crate::s3::xml;
use crate::wire::{Form, Hosts};

/// The route.
pub(crate) struct Documents(pub(crate) Arc<Store>);

type Reply = S3Result<S3Response<Body>>;

#[async_trait::async_trait]
impl S3Route for Documents {
    fn is_match(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        _extensions: &mut http::Extensions,
    ) -> bool {
        let Some(_) = bucket_of(uri, headers) else {
            return false;
        };
        let query = Form::parse(uri.query().unwrap_or_default());
        match Subresource::find(|name| query.has(name)) {
            Some(_) => [Method::GET, Method::PUT, Method::DELETE].contains(method),
            None => *method == Method::PUT && actions::unknown_parameter(&query, &[]).is_none(),
        }
    }

    async fn check_access(&self, _request: &mut S3Request<Body>) -> S3Result<()> {
        // The call itself does, because the answer depends on the subresource.
        Ok(())
    }

    async fn call(&self, request: S3Request<Body>) -> Reply {
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
        let Some(bucket) = bucket_of(&uri, &headers) else {
            return Err(method_not_allowed());
        };
        let query = Form::parse(uri.query().unwrap_or_default());
        let body = read(input).await?;
        verify(&headers, &body)?;
        let Some(subresource) = Subresource::find(|name| query.has(name)) else {
            return create::create_bucket(&self.0, &call, &bucket, &body);
        };
        let target = access::admit(&self.0, &call, "", &bucket)?;
        let id = query
            .get("id")
            .filter(|_| subresource.many)
            .unwrap_or_default()
            .to_owned();
        let request = Request {
            store: &self.0,
            call,
            target,
            subresource,
            id,
        };
        answer(&request, &body)
    }
}

/// Returns the bucket of a request that names a bucket and no key.
pub(crate) fn bucket_of(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let host = headers.get("host").and_then(|host| host.to_str().ok());
    let path = uri.path().trim_start_matches('/');
    if let Some(bucket) = host.and_then(Hosts::bucket) {
        return path.is_empty().then(|| bucket.to_owned());
    }
    let bucket = path.strip_suffix('/').unwrap_or(path);
    (!bucket.is_empty() && !bucket.contains('/')).then(|| bucket.to_owned())
}

fn answer(request: &Request<'_>, body: &Bytes) -> Reply {
    let Subresource {
        get, put, delete, ..
    } = request.subresource;
    let method = request.call.method;
    let action = match *method {
        Method::PUT => *put,
        Method::DELETE => *delete,
        _ => Some(*get),
    };
    let Some(action) = action else {
        return Err(method_not_allowed());
    };
    authorize(request, action)?;
    match *method {
        Method::PUT => put_document(request, body),
        Method::DELETE => delete_document(request),
        _ => get_document(request),
    }
}

fn authorize(request: &Request<'_>, action: &str) -> S3Result<()> {
    let Request {
        store,
        call,
        target,
        subresource,
        ..
    } = request;
    let context = context::of_object(store, call, target, None);
    let decision = target.authorize(store, call.caller, action, None, &context);
    let is_policy = subresource.query == "policy";
    let own = *call.caller.account == *target.owner;
    match decision {
        // The root of the owner can always repair the policy (BC:s3 PutBucketPolicy).
        Err(_) if is_policy && own && call.caller.is_root => Ok(()),
        Err(denied) => Err(refused(target, denied.message)),
        // "405 Method Not Allowed" to other accounts, even if a policy allows it (same).
        Ok(()) if is_policy && !own => Err(method_not_allowed()),
        Ok(()) => Ok(()),
    }
}

fn get_document(request: &Request<'_>) -> Reply {
    let Request {
        store,
        target,
        subresource,
        id,
        ..
    } = request;
    if subresource.many && id.is_empty() {
        return list_documents(request);
    }
    let at = store.read_instant();
    let (stored, enforced) = {
        let world = store.world();
        let bucket = world.bucket(&target.name)?;
        let stored = bucket.document_as_of(&request.key(), at);
        (stored, bucket.owner_enforced())
    };
    let private = || document(&target.owner, &acl_rules::private(&target.owner));
    match (stored, subresource.absent) {
        (Some(policy), _) if subresource.query == "policy" => {
            let shown = store.environment.authority.show_principals(&policy);
            Ok(reply(StatusCode::OK, "application/json", shown))
        }
        (Some(_), _) if subresource.query == "acl" && enforced => Ok(xml_reply(&private())),
        (Some(text), _) => with_minimum_size(request, xml_reply(&text)),
        (None, _) if subresource.query == "acl" => Ok(xml_reply(&private())),
        (None, Absent::Document(text)) => Ok(xml_reply(text)),
        (None, Absent::Error(code, message)) => Err(fault(404, code, message)),
    }
}

/// A lifecycle configuration has one setting that travels as a header (BC:s3
/// TransitionDefaultMinimumObjectSize); Terraform waits until it reads it back.
const MINIMUM_SIZE: HeaderName =
    HeaderName::from_static("x-amz-transition-default-minimum-object-size");

fn with_minimum_size(
    request: &Request<'_>,
    response: S3Response<Body>,
) -> S3Result<S3Response<Body>> {
    if request.subresource.query != "lifecycle" {
        return Ok(response);
    }
    let now = request.store.environment.clock.now();
    let world = request.store.world();
    let stored = world
        .bucket(&request.target.name)?
        .document_as_of(&minimum_size_key(), now);
    let value = stored
        .as_deref()
        .unwrap_or("all_storage_classes_128K")
        .to_owned();
    Ok(with_header(response, MINIMUM_SIZE, &value))
}

fn list_documents(request: &Request<'_>) -> Reply {
    let Request {
        store,
        target,
        subresource,
        ..
    } = request;
    let root = match subresource.query {
        "inventory" => "ListInventoryConfigurationsResult",
        "metrics" => "ListMetricsConfigurationsResult",
        "analytics" => "ListBucketAnalyticsConfigurationResult",
        _ => "ListBucketIntelligentTieringConfigurationsOutput",
    };
    let at = store.read_instant();
    let world = store.world();
    let bucket = world.bucket(&target.name)?;
    let query = Form::parse(request.call.uri.query().unwrap_or_default());
    let after = query.get("continuation-token").map(token_of).transpose()?;
    let keys = bucket.documents.keys().filter(|(name, id)| {
        let is_after = after.as_ref().is_none_or(|after| id > after);
        *name == subresource.query && !id.is_empty() && is_after
    });
    let mut found = keys.filter_map(|key| Some((&key.1, bucket.document_as_of(key, at)?)));
    let page: Vec<_> = found.by_ref().take(PAGE).collect();
    let next = found.next().and_then(|_| page.last());
    let next = next.map(|(id, _)| {
        let token = hex::encode(id.as_bytes());
        format!("<NextContinuationToken>{token}</NextContinuationToken>")
    });
    let token = query.get("continuation-token").map(xml::escape);
    let token = token.map(|token| format!("<ContinuationToken>{token}</ContinuationToken>"));
    let (truncated, next) = (next.is_some(), next.unwrap_or_default());
    let documents: String = page.iter().map(|(_, text)| text.as_ref()).collect();
    let token = token.unwrap_or_default();
    Ok(xml_reply(&format!(
        "<{root} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>{truncated}</IsTruncated>\
         {token}{next}{documents}</{root}>"
    )))
}

/// The most configurations of an answer (BC:s3 ListBucketInventoryConfigurations).
const PAGE: usize = 100;

/// Reads a token, which is the last id of the page before.
fn token_of(token: &str) -> S3Result<String> {
    let bytes = hex::decode(token).ok();
    let id = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    id.ok_or_else(|| invalid_argument("The continuation token provided is incorrect"))
}

fn put_document(request: &Request<'_>, body: &Bytes) -> Reply {
    let Request {
        store,
        call,
        target,
        subresource,
        ..
    } = request;
    let text = match subresource.query {
        "policy" => policy_document::check(store, call, target, body)?,
        "acl" => acl::check(store, call, target, body)?,
        "replication" => replication_document::check(store, call, target, body)?,
        "lifecycle" => lifecycle_document::check(store, call, target, body)?,
        "notification" => notification_document::check(store, call, target, body)?,
        _ => {
            let root = parse(body, subresource.root)?;
            validate::check(request, &root)?;
            as_sent(body, &root)
        }
    };
    let now = store.environment.clock.now();
    let minimum_size = call
        .headers
        .get(&MINIMUM_SIZE)
        .and_then(|value| value.to_str().ok());
    let mut world = store.world();
    let bucket = world.bucket_mut(&target.name)?;
    bucket.set_document(request.key(), now, Some(&text));
    // Without the header the default holds again (BC:s3 TransitionDefaultMinimumObjectSize).
    if subresource.query == "lifecycle" {
        bucket.set_document(minimum_size_key(), now, minimum_size);
    }
    world.ages_anew(subresource.query, now);
    drop(world);
    measure(store, &target.name, subresource.query, Some(&text));
    // BC:s3 responseCode of PutBucketPolicy and PutBucketTagging; of inventories seen (localstack's snapshot of AWS,
    // test_s3_inventory_report_crud).
    let status = match subresource.query {
        "policy" | "tagging" | "inventory" => StatusCode::NO_CONTENT,
        _ => StatusCode::OK,
    };
    with_minimum_size(request, empty(status))
}

fn delete_document(request: &Request<'_>) -> Reply {
    let Request {
        store,
        target,
        subresource,
        ..
    } = request;
    let now = store.environment.clock.now();
    let mut world = store.world();
    let bucket = world.bucket_mut(&target.name)?;
    let key = request.key();
    let exists = bucket.document_as_of(&key, now).is_some();
    if let (true, false, Absent::Error(code, message)) =
        (subresource.many, exists, subresource.absent)
    {
        return Err(fault(404, code, message));
    }
    // Without a configuration of its own a bucket encrypts with SSE-S3 (BC:s3
    // DeleteBucketEncryption "resets the default encryption ... as SSE-S3").
    let rest = (subresource.query == "encryption").then_some(DEFAULT_ENCRYPTION);
    if exists || rest.is_some() {
        bucket.set_document(key, now, rest);
    }
    world.ages_anew(subresource.query, now);
    drop(world);
    measure(store, &target.name, subresource.query, None);
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Sets a document without asking anyone, for seeds.
pub(crate) fn force(store: &Store, bucket: &str, query: &str, text: &str) -> S3Result<()> {
    let known = Subresource::find(|name| name == query);
    let subresource = known.ok_or_else(|| not_modelled(query))?;
    let text = match query {
        "policy" => store
            .environment
            .authority
            .store_principals(text)
            .map_err(malformed_policy)?,
        _ => text.to_owned(),
    };
    let now = store.environment.clock.now();
    let key = (subresource.query, String::new());
    let mut world = store.world();
    world
        .bucket_mut(bucket)?
        .set_document(key, now, Some(&text));
    world.ages_anew(subresource.query, now);
    measure(store, bucket, query, Some(&text));
    Ok(())
}

/// Has the rules of a replication configuration measure from now on, as far as it says so.
pub(super) fn measure(store: &Store, bucket: &str, query: &str, text: Option<&str>) {
    if query != "replication" {
        return;
    }
    let root = text.and_then(|text| xml::parse(text.as_bytes()).ok());
    let configuration = root.and_then(|root| Configuration::parse(&root).ok());
    let now = store.environment.clock.now();
    let mut metering = store.metering();
    metering.configure(bucket, configuration.as_ref(), now);
}

fn malformed_policy(text: String) -> s3s::S3Error {
    fault(400, "MalformedPolicy", text)
}
