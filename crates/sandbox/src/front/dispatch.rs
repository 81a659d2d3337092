//! The way of one call: read, entered in the log, faulted or served, its result entered.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::request::Parts;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use s3s::{Body, HttpRequest};

use super::calls::{CallLog, CallRecord};
use super::form::Form;
use super::operation::{S3Target, s3_operation};
use super::refusal::{error_code, xml_reply};
use super::s3_errors::completed;
use super::scope::Scope;
use super::sigv4::{self, SignatureError};
use super::{Protocol, Refusal, Reply, control};
use crate::authority::Caller;
use crate::environment::Environment;
use crate::ids::Ids;
use crate::keys::{Key, KeyError, KeyRing};
use crate::s3::S3;
use crate::sandbox::World;
use crate::switches::{FaultKind, Hook};

/// The largest body of a query request; IAM's longest document is far below.
const QUERY_BODY: usize = 1 << 20;
/// The largest body that is read before a fault is answered.
const DRAINED: usize = 1 << 30;

/// A service of the query protocol: form fields in, XML out.
pub(crate) trait QueryService: Send + Sync {
    /// Its name in the credential scope.
    fn name(&self) -> &'static str;
    /// Namespace of its XML.
    fn namespace(&self) -> &'static str;
    /// What a call is about, for the call log.
    fn resource(&self, form: &Form) -> String;
    /// Answers one operation with the inner XML of its `...Result` (`None`: the operation has no
    /// result element).
    fn call(
        &self,
        caller: &Caller,
        operation: &str,
        form: &Form,
    ) -> Result<Option<String>, Refusal>;
}

/// The services behind the port.
pub(crate) struct Services {
    pub(crate) s3: S3,
    pub(crate) query: Vec<Box<dyn QueryService>>,
}

/// The front of one sandbox.
pub(crate) struct Front {
    pub(crate) calls: CallLog,
    pub(crate) environment: Environment,
    pub(crate) keys: KeyRing,
    pub(crate) services: Services,
    pub(crate) world: World,
    ids: Ids,
}

/// The connection is closed without a reply.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on purpose")]
pub(crate) struct Dropped;

/// One call, read as far as needed to name it.
struct Call<'a> {
    service: Service<'a>,
    scope: Option<Scope>,
    key: Result<Option<Key>, KeyError>,
    parts: Parts,
    body: Body,
    operation: String,
    resource: String,
}

/// Whom a call is for.
enum Service<'a> {
    S3,
    Query(&'a dyn QueryService, Form, Bytes),
    Unknown(String),
}

impl Service<'_> {
    fn name(&self) -> &str {
        match self {
            Self::S3 => "s3",
            Self::Query(service, _, _) => service.name(),
            Self::Unknown(name) => name,
        }
    }

    fn protocol(&self) -> Protocol {
        match self {
            Self::S3 => Protocol::S3,
            Self::Query(service, _, _) => Protocol::Query(service.namespace()),
            Self::Unknown(_) => Protocol::Query(""),
        }
    }
}

impl Front {
    /// Puts the services behind a port.
    pub(crate) fn new(
        environment: Environment,
        keys: KeyRing,
        services: Services,
        world: World,
    ) -> Self {
        let ids = Ids::new(environment.seed, "front");
        Self {
            calls: CallLog::new(),
            environment,
            keys,
            services,
            world,
            ids,
        }
    }

    /// Answers one request of the port.
    pub(crate) async fn handle(
        self: Arc<Self>,
        request: http::Request<Incoming>,
    ) -> Result<Reply, Dropped> {
        let (parts, body) = request.map(Body::from).into_parts();
        if parts.uri.path().starts_with(control::PREFIX) {
            return Ok(control::answer(&self, &parts, body).await);
        }
        let call = self.read(parts, body).await;
        let protocol = call.service.protocol();
        let record = self.calls.open(self.record(&call));
        let fault = self.before(&record).await;
        let outcome = self.perform(call, fault, protocol).await;
        let (status, code) = match &outcome {
            Ok((reply, code)) => (reply.status().as_u16(), code.clone()),
            Err(Dropped) => (0, None),
        };
        self.calls.close(record.seq, status, code);
        outcome.map(|(reply, _)| reply)
    }

    async fn read(&self, parts: Parts, mut body: Body) -> Call<'_> {
        let scope = Scope::of(&parts);
        let key = self.key(scope.as_ref());
        let name = scope.as_ref().map_or("s3", |scope| scope.service.as_str());
        let query = self
            .services
            .query
            .iter()
            .find(|service| service.name() == name);
        let (service, operation, resource) = if let Some(service) = query {
            // What cannot be read leaves an empty form, which is refused as having no action.
            let bytes = body.store_all_limited(QUERY_BODY).await.unwrap_or_default();
            let form = query_form(&parts, &bytes);
            let operation = form.get("Action").unwrap_or_default().to_owned();
            let resource = service.resource(&form);
            (
                Service::Query(service.as_ref(), form, bytes),
                operation,
                resource,
            )
        } else if name == "s3" {
            let target = S3Target::of(&parts);
            let operation = s3_operation(&parts, &target).to_owned();
            (Service::S3, operation, target.name())
        } else {
            (
                Service::Unknown(name.to_owned()),
                String::new(),
                String::new(),
            )
        };
        Call {
            service,
            scope,
            key,
            parts,
            body,
            operation,
            resource,
        }
    }

    fn key(&self, scope: Option<&Scope>) -> Result<Option<Key>, KeyError> {
        let open = |scope: &Scope| self.keys.open(&scope.access_key_id, scope.token.as_deref());
        scope.map(open).transpose()
    }

    fn record(&self, call: &Call<'_>) -> CallRecord {
        let caller = call
            .key
            .as_ref()
            .ok()
            .and_then(Option::as_ref)
            .map(|key| &key.caller);
        CallRecord {
            seq: 0,
            service: call.service.name().to_owned(),
            operation: call.operation.clone(),
            account: caller.map_or_else(String::new, |caller| caller.account.clone()),
            caller: caller.map_or_else(String::new, |caller| caller.arn.clone()),
            region: call
                .scope
                .as_ref()
                .map_or_else(String::new, |scope| scope.region.clone()),
            resource: call.resource.clone(),
            status: 0,
            error_code: None,
            at_ms: 0,
        }
    }

    /// Waits out the latency, asks the hook and counts the call for the faults.
    async fn before(&self, record: &CallRecord) -> Option<FaultKind> {
        let switches = &self.environment.switches;
        let latency = switches.delays().latency_ms;
        if latency > 0 {
            tokio::time::sleep(Duration::from_millis(latency)).await;
        }
        let due = switches.due(&record.service, &record.operation);
        match switches.hook().map(|hook| hook(record)) {
            None | Some(Hook::Continue) => due,
            Some(Hook::Fail(kind)) => Some(kind),
            Some(Hook::First(work)) => {
                work.await;
                due
            }
        }
    }

    async fn perform(
        &self,
        mut call: Call<'_>,
        fault: Option<FaultKind>,
        protocol: Protocol,
    ) -> Result<(Reply, Option<String>), Dropped> {
        let refusal = match fault {
            None => return coded(self.serve(call).await?).await,
            Some(FaultKind::ErrorBefore {
                status,
                code,
                message,
            }) => {
                drain(&mut call.body).await;
                Refusal::new(status, code, message)
            }
            Some(FaultKind::Throttle) => {
                drain(&mut call.body).await;
                protocol.throttled()
            }
            Some(FaultKind::ErrorAfter) => {
                finish(self.serve(call).await?).await?;
                protocol.internal()
            }
            Some(FaultKind::DropBefore) => {
                drain(&mut call.body).await;
                return Err(Dropped);
            }
            Some(FaultKind::DropAfter) => {
                finish(self.serve(call).await?).await?;
                return Err(Dropped);
            }
        };
        Ok(self.refuse(protocol, &refusal))
    }

    fn refuse(&self, protocol: Protocol, refusal: &Refusal) -> (Reply, Option<String>) {
        (
            protocol.error(refusal, &self.ids.uuid()),
            Some(refusal.code.clone()),
        )
    }

    async fn serve(&self, call: Call<'_>) -> Result<Reply, Dropped> {
        let protocol = call.service.protocol();
        let served = match &call.service {
            Service::S3 => match key_refusal_s3(&call.key) {
                None => return self.serve_s3(call).await,
                Some(refusal) => Err(refusal),
            },
            Service::Query(service, form, body) => self.serve_query(&call, *service, form, body),
            Service::Unknown(name) => Err(unknown_service(name)),
        };
        Ok(served.unwrap_or_else(|refusal| self.refuse(protocol, &refusal).0))
    }

    async fn serve_s3(&self, call: Call<'_>) -> Result<Reply, Dropped> {
        let caller = call
            .key
            .ok()
            .flatten()
            .map_or_else(Caller::anonymous, |key| key.caller);
        let mut request = HttpRequest::from_parts(call.parts, call.body);
        request.extensions_mut().insert(caller);
        let reply = self
            .services
            .s3
            .service()
            .call(request)
            .await
            .map_err(|_| Dropped)?;
        let id = self.ids.mixed(16).to_ascii_uppercase();
        let mut reply = if reply.status().as_u16() < 400 {
            reply
        } else {
            explained(reply, &id).await?
        };
        if let Ok(id) = http::HeaderValue::from_str(&id) {
            reply.headers_mut().entry("x-amz-request-id").or_insert(id);
        }
        Ok(reply)
    }

    fn serve_query(
        &self,
        call: &Call<'_>,
        service: &dyn QueryService,
        form: &Form,
        body: &[u8],
    ) -> Result<Reply, Refusal> {
        let caller = authenticated(call, body)?;
        let result = service.call(caller, &call.operation, form)?;
        let (operation, namespace) = (&call.operation, service.namespace());
        let result = result.map_or_else(String::new, |xml| {
            format!("<{operation}Result>{xml}</{operation}Result>")
        });
        let xml = format!(
            "<{operation}Response xmlns=\"{namespace}\">{result}<ResponseMetadata><RequestId>{}\
             </RequestId></ResponseMetadata></{operation}Response>",
            self.ids.uuid()
        );
        Ok(xml_reply(200, xml))
    }
}

fn query_form(parts: &Parts, body: &Bytes) -> Form {
    let body = std::str::from_utf8(body).unwrap_or("");
    let text = if body.is_empty() {
        parts.uri.query().unwrap_or("")
    } else {
        body
    };
    Form::parse(text)
}

/// Checks key, token and signature of a query call.
fn authenticated<'a>(call: &'a Call<'_>, body: &[u8]) -> Result<&'a Caller, Refusal> {
    let key = match &call.key {
        Ok(Some(key)) => key,
        Ok(None) => {
            let message = "Request is missing Authentication Token";
            return Err(Refusal::new(403, "MissingAuthenticationToken", message));
        }
        Err(KeyError::Unknown | KeyError::Token) => {
            let message = "The security token included in the request is invalid.";
            return Err(Refusal::new(403, "InvalidClientTokenId", message));
        }
        Err(KeyError::Expired) => {
            let message = "The security token included in the request is expired";
            return Err(Refusal::new(403, "ExpiredToken", message));
        }
    };
    let Some(scope) = &call.scope else {
        let message = "Request is missing Authentication Token";
        return Err(Refusal::new(403, "MissingAuthenticationToken", message));
    };
    let verified = sigv4::verify(&call.parts, body, scope, &key.secret, SystemTime::now());
    verified.map_err(|error| signature_refusal(error, scope))?;
    Ok(&key.caller)
}

fn signature_refusal(error: SignatureError, scope: &Scope) -> Refusal {
    let message = match error {
        SignatureError::Mismatch => {
            "The request signature we calculated does not match the signature you provided. Check \
             your AWS Secret Access Key and signing method. Consult the service documentation for \
             details."
                .to_owned()
        }
        SignatureError::Time => {
            format!(
                "Signature expired or not yet current: {} is outside the allowed time.",
                scope.time
            )
        }
    };
    Refusal::new(403, "SignatureDoesNotMatch", message)
}

fn key_refusal_s3(key: &Result<Option<Key>, KeyError>) -> Option<Refusal> {
    let (status, code, message) = match key {
        Ok(_) => return None,
        Err(KeyError::Unknown) => {
            let message = "The AWS Access Key Id you provided does not exist in our records.";
            (403, "InvalidAccessKeyId", message)
        }
        Err(KeyError::Token) => (
            400,
            "InvalidToken",
            "The provided token is malformed or otherwise invalid.",
        ),
        Err(KeyError::Expired) => (400, "ExpiredToken", "The provided token has expired."),
    };
    Some(Refusal::new(status, code, message))
}

fn unknown_service(name: &str) -> Refusal {
    let message = format!("The sandbox has no service {name:?}; it has s3, iam and sts.");
    Refusal::new(400, "UnknownService", message)
}

/// Reads the rest of a request, so that its client has sent it all before it sees the fault.
async fn drain(body: &mut Body) {
    // A body that cannot be read is as good as one that was.
    let _ = body.store_all_limited(DRAINED).await;
}

/// Reads a reply whose error code is wanted for the call log.
async fn coded(reply: Reply) -> Result<(Reply, Option<String>), Dropped> {
    if reply.status().as_u16() < 400 {
        return Ok((reply, None));
    }
    let (parts, body) = reply.into_parts();
    let bytes = body.collect().await.map_err(|_| Dropped)?.to_bytes();
    let code = error_code(&String::from_utf8_lossy(&bytes));
    Ok((Reply::from_parts(parts, Body::from(bytes)), code))
}

/// Completes an error reply of S3.
async fn explained(reply: Reply, request_id: &str) -> Result<Reply, Dropped> {
    let (mut parts, body) = reply.into_parts();
    let bytes = body.collect().await.map_err(|_| Dropped)?.to_bytes();
    let xml = completed(&String::from_utf8_lossy(&bytes), request_id);
    parts.headers.remove(http::header::CONTENT_LENGTH);
    Ok(Reply::from_parts(parts, Body::from(xml)))
}

/// Reads a reply to its end: s3s may still be at work while its body is read.
async fn finish(reply: Reply) -> Result<(), Dropped> {
    reply
        .into_body()
        .collect()
        .await
        .map(|_| ())
        .map_err(|_| Dropped)
}
