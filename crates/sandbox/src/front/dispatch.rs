//! The way of one call: read, entered in the log, faulted or served, its result entered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::request::Parts;
use hyper::body::Incoming;
use s3s::{Body, HttpRequest};
use serde_json::Value;

use super::authenticate::{
    authenticated, in_json, key_refusal_s3, presigned_refusal, version_2_refusal,
};
use super::control::{self, Controlled};
use super::operation::{S3Target, control_operation, s3_operation};
use super::particulars;
use super::replies::{Dropped, Why, coded, drain, explained, finish};
use super::scope::Scope;
use super::unknown;
use crate::authority::Caller;
use crate::call_log::CallRecord;
use crate::environment::Environment;
use crate::ids::Ids;
use crate::keys::{Key, KeyError, KeyRing};
use crate::particulars::Particulars;
use crate::s3::S3;
use crate::switches::{FaultKind, Hook};
use crate::wire::codec::{operation, written_json};
use crate::wire::refusal::{Protocol, Refusal, Reply, json_1_1_reply, xml_reply};
use crate::wire::{
    Codec, Form, JSON_1_1, JsonRequest, JsonService, Node, QueryRequest, QueryService, RpcRequest,
    RpcService, control_path, in_signed_order,
};
use crate::world::World;

/// The largest body of a request in the query protocol or in JSON; the longest document is far below.
const QUERY_BODY: usize = 1 << 20;

/// The services behind the port.
pub(crate) struct Services {
    pub(crate) s3: S3,
    pub(crate) query: Vec<Box<dyn QueryService>>,
    pub(crate) json: Vec<Box<dyn JsonService>>,
    pub(crate) rpc: Vec<Box<dyn RpcService>>,
}

/// The front of one sandbox.
pub(crate) struct Front {
    pub(crate) environment: Environment,
    pub(crate) keys: KeyRing,
    pub(crate) services: Services,
    pub(crate) world: World,
    ids: Ids,
}

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

impl Call<'_> {
    /// Returns the Region of the signature.
    fn region(&self) -> &str {
        self.scope.as_ref().map_or("", |scope| &scope.region)
    }
}

/// Whom a call is for.
enum Service<'a> {
    S3,
    S3Control,
    Query(&'a dyn QueryService, Form, Bytes),
    Json(&'a dyn JsonService, Value, Bytes),
    Rpc(&'a dyn RpcService, Codec, Node, Bytes),
    Unknown(String, Protocol),
}

impl Service<'_> {
    fn name(&self) -> &str {
        match self {
            Self::S3 => "s3",
            Self::S3Control => "s3control",
            Self::Query(service, _, _) => service.name(),
            Self::Json(service, _, _) => service.name(),
            Self::Rpc(service, ..) => service.name(),
            Self::Unknown(name, _) => name,
        }
    }

    fn protocol(&self) -> Protocol {
        match self {
            Self::S3 => Protocol::S3,
            Self::S3Control => Protocol::S3Control,
            Self::Query(service, _, _) => Protocol::Query(service.namespace()),
            Self::Json(..) => Protocol::Json(JSON_1_1),
            Self::Rpc(service, codec, ..) => Protocol::Rpc(*codec, service.dialect()),
            Self::Unknown(_, protocol) => *protocol,
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
        if let Some(refusal) = self.world.admission.refusal(&parts) {
            return Ok(refusal);
        }
        if parts.uri.path().starts_with(control::PREFIX) {
            return Ok(control::answer(self.controlled(), &parts, body).await);
        }
        let call = self.read(parts, body).await;
        let protocol = call.service.protocol();
        let started = Instant::now();
        let calls = &self.environment.calls;
        let open = calls.open(self.record(&call), Some(self.particulars(&call)));
        let fault = self.before(&open.call).await;
        self.world.catch_up();
        let outcome = self.perform(call, fault, protocol).await;
        let (result, replied) = match &outcome {
            Ok((reply, why)) => {
                let (code, message) = why.clone().unzip();
                let replied = particulars::of_reply(reply, started, message);
                ((reply.status().as_u16(), code), Some(replied))
            }
            Err(Dropped) => ((0, None), None),
        };
        calls.close(&open, result, replied);
        outcome.map(|(reply, _)| reply)
    }

    fn controlled(&self) -> Controlled<'_> {
        Controlled {
            environment: &self.environment,
            world: &self.world,
        }
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
            let form = Form::of_request(&parts, &bytes);
            let operation = form.get("Action").unwrap_or_default().to_owned();
            let resource = service.resource(&form);
            (
                Service::Query(service.as_ref(), form, bytes),
                operation,
                resource,
            )
        } else if let Some(service) = self.json(name) {
            // What cannot be read is no document, which the service refuses.
            let bytes = body.store_all_limited(QUERY_BODY).await.unwrap_or_default();
            let input = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
            let (operation, resource) = (operation(&parts), service.resource(&input));
            (Service::Json(service, input, bytes), operation, resource)
        } else if let Some(service) = self.rpc(name) {
            let bytes = body.store_all_limited(QUERY_BODY).await.unwrap_or_default();
            let codec = Codec::of(&parts);
            let (operation, input) = codec.read(&parts, &bytes);
            let resource = service.resource(&input);
            let service = Service::Rpc(service, codec, input, bytes);
            (service, operation, resource)
        } else if name == "s3" && control_path(&parts.uri, &parts.headers).is_some() {
            let operation = control_operation(&parts).to_owned();
            let account = parts.headers.get("x-amz-account-id");
            let account = account.and_then(|account| account.to_str().ok());
            let account = account.unwrap_or_default().to_owned();
            (Service::S3Control, operation, account)
        } else if name == "s3" {
            let target = S3Target::of(&parts);
            let operation = s3_operation(&parts, &target).to_owned();
            (Service::S3, operation, target.name())
        } else {
            let protocol = unknown::protocol(name, &parts);
            let operation = operation(&parts);
            let service = Service::Unknown(name.to_owned(), protocol);
            (service, operation, String::new())
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

    fn json(&self, name: &str) -> Option<&dyn JsonService> {
        let mut services = self.services.json.iter().map(Box::as_ref);
        services.find(|service| service.name() == name)
    }

    fn rpc(&self, name: &str) -> Option<&dyn RpcService> {
        let mut services = self.services.rpc.iter().map(Box::as_ref);
        services.find(|service| service.name() == name)
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

    fn particulars(&self, call: &Call<'_>) -> Particulars {
        let key = call.key.as_ref().ok().and_then(Option::as_ref);
        let input = match &call.service {
            Service::Json(_, input, _) => particulars::of_json(input),
            Service::Query(_, form, _) => particulars::of_form(form),
            Service::Rpc(_, _, input, _) => particulars::of_json(&written_json(input)),
            Service::S3 | Service::S3Control | Service::Unknown(..) => String::new(),
        };
        let now = self.environment.clock.now();
        particulars::of_request(now, &call.parts, (call.scope.as_ref(), key), input)
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
    ) -> Result<(Reply, Why), Dropped> {
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

    fn refuse(&self, protocol: Protocol, refusal: &Refusal) -> (Reply, Why) {
        (
            protocol.error(refusal, &self.request_id(protocol)),
            Some((refusal.code.clone(), refusal.message.clone())),
        )
    }

    async fn serve(&self, call: Call<'_>) -> Result<Reply, Dropped> {
        let protocol = call.service.protocol();
        let served = match &call.service {
            Service::S3 | Service::S3Control => {
                let refusal = key_refusal_s3(&call.key)
                    .or_else(|| version_2_refusal(&call.parts))
                    .or_else(|| presigned_refusal(call.scope.as_ref()));
                match refusal {
                    None => return self.serve_s3(call).await,
                    Some(refusal) => Err(refusal),
                }
            }
            Service::Query(service, form, body) => self.serve_query(&call, *service, form, body),
            Service::Json(service, input, body) => self.serve_json(&call, *service, input, body),
            Service::Rpc(service, codec, input, body) => {
                self.serve_rpc(&call, *service, (*codec, input), body)
            }
            Service::Unknown(name, _) => Err(unknown::refusal(name)),
        };
        Ok(served.unwrap_or_else(|refusal| self.refuse(protocol, &refusal).0))
    }

    async fn serve_s3(&self, call: Call<'_>) -> Result<Reply, Dropped> {
        let protocol = call.service.protocol();
        let caller = call
            .key
            .ok()
            .flatten()
            .map_or_else(Caller::anonymous, |key| key.caller);
        let mut parts = call.parts;
        if matches!(call.service, Service::S3Control) {
            parts.uri = in_signed_order(&parts.uri);
        }
        let mut request = HttpRequest::from_parts(parts, call.body);
        request.extensions_mut().insert(caller);
        let reply = self
            .services
            .s3
            .service()
            .call(request)
            .await
            .map_err(|_| Dropped)?;
        explained(reply, protocol).await
    }

    fn serve_query(
        &self,
        call: &Call<'_>,
        service: &dyn QueryService,
        form: &Form,
        body: &[u8],
    ) -> Result<Reply, Refusal> {
        let caller = authenticated(&call.key, call.scope.as_ref(), &call.parts, body)?;
        let request = QueryRequest {
            caller,
            region: call.region(),
            operation: &call.operation,
            form,
        };
        let result = service.call(&request)?;
        let (operation, namespace) = (&call.operation, service.namespace());
        let protocol = Protocol::Query(namespace);
        let id = self.request_id(protocol);
        let result = result.map_or_else(String::new, |xml| {
            format!("<{operation}Result>{xml}</{operation}Result>")
        });
        let xml = format!(
            "<{operation}Response xmlns=\"{namespace}\">{result}<ResponseMetadata><RequestId>{id}\
             </RequestId></ResponseMetadata></{operation}Response>"
        );
        Ok(protocol.with_id(xml_reply(200, xml), &id))
    }

    fn serve_json(
        &self,
        call: &Call<'_>,
        service: &dyn JsonService,
        input: &Value,
        body: &[u8],
    ) -> Result<Reply, Refusal> {
        let caller = authenticated(&call.key, call.scope.as_ref(), &call.parts, body);
        let request = JsonRequest {
            caller: caller.map_err(in_json)?,
            region: call.region(),
            operation: &call.operation,
            input,
        };
        let answer = service.call(&request)?;
        let protocol = Protocol::Json(JSON_1_1);
        let reply = json_1_1_reply(answer.as_ref());
        Ok(protocol.with_id(reply, &self.request_id(protocol)))
    }

    fn serve_rpc(
        &self,
        call: &Call<'_>,
        service: &dyn RpcService,
        (codec, input): (Codec, &Node),
        body: &[u8],
    ) -> Result<Reply, Refusal> {
        let request = RpcRequest {
            caller: authenticated(&call.key, call.scope.as_ref(), &call.parts, body)?,
            region: call.region(),
            operation: &call.operation,
            input,
        };
        let answer = service.call(&request)?;
        let protocol = call.service.protocol();
        let id = self.request_id(protocol);
        let reply = codec.reply(service.dialect(), &call.operation, answer.as_ref(), &id);
        Ok(protocol.with_id(reply, &id))
    }

    fn request_id(&self, protocol: Protocol) -> String {
        match protocol {
            Protocol::S3 | Protocol::S3Control => self.ids.mixed(16).to_ascii_uppercase(),
            Protocol::Query(_) | Protocol::Json(_) | Protocol::Cbor | Protocol::Rpc(..) => {
                self.ids.uuid()
            }
        }
    }
}
