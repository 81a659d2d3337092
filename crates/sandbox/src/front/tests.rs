//! The sandbox over its port, driven from the same process.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::scope::Scope;
use super::sigv4::sign;
use crate::switches::{Fault, FaultKind, Hook};
use crate::{Builder, Sandbox};

const TRUST: &str = "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22\
    Service%22%3A%22s3.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D";

fn builder() -> Builder {
    Sandbox::builder()
        .account("111111111111", "eu-west-1")
        .account("222222222222", "eu-central-1")
}

async fn start() -> Arc<Sandbox> {
    Arc::new(builder().start().await.unwrap())
}

/// Sends bytes on a connection of their own and returns status and text of the reply.
async fn send(sandbox: &Sandbox, request: String) -> io::Result<(u16, String)> {
    let address = sandbox.endpoint().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await?;
    let reply = String::from_utf8_lossy(&reply).into_owned();
    let status = reply
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Ok((status.ok_or(io::ErrorKind::UnexpectedEof)?, reply))
}

/// Calls an operation of IAM as root of the first account.
async fn iam(sandbox: &Sandbox, form: &str) -> io::Result<(u16, String)> {
    let now = jiff::Timestamp::try_from(SystemTime::now()).unwrap();
    let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut scope = Scope {
        access_key_id: sandbox.root_access_key_id().to_owned(),
        day: time[..8].to_owned(),
        region: "us-east-1".to_owned(),
        service: "iam".to_owned(),
        signed_headers: vec!["host".to_owned(), "x-amz-date".to_owned()],
        signature: String::new(),
        time: time.clone(),
        token: None,
        presigned_for: None,
    };
    let request = http::Request::post("/")
        .header("host", "localhost")
        .header("x-amz-date", &time);
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let secret = sandbox.root_secret_access_key();
    scope.signature = sign(&parts, form.as_bytes(), &scope, secret);
    let Scope {
        access_key_id,
        day,
        signature,
        ..
    } = scope;
    let length = form.len();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-amz-date: {time}\r\n\
         content-length: {length}\r\nauthorization: AWS4-HMAC-SHA256 \
         Credential={access_key_id}/{day}/us-east-1/iam/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature={signature}\r\n\r\n{form}"
    );
    send(sandbox, request).await
}

async fn create(sandbox: &Sandbox, name: &str) -> io::Result<(u16, String)> {
    let form = format!("Action=CreateRole&RoleName={name}&AssumeRolePolicyDocument={TRUST}");
    iam(sandbox, &form).await
}

async fn get(sandbox: &Sandbox, name: &str) -> u16 {
    iam(sandbox, &format!("Action=GetRole&RoleName={name}"))
        .await
        .unwrap()
        .0
}

fn on_create(kind: FaultKind) -> Fault {
    Fault {
        service: "iam".to_owned(),
        operation: "CreateRole".to_owned(),
        nth: 1,
        kind,
    }
}

#[tokio::test]
async fn a_lost_reply_leaves_the_call_applied_and_a_lost_request_does_not() {
    let sandbox = start().await;
    sandbox.switches().fail(on_create(FaultKind::DropAfter));
    assert!(create(&sandbox, "after").await.is_err());
    sandbox.switches().fail(on_create(FaultKind::DropBefore));
    assert!(create(&sandbox, "before").await.is_err());
    sandbox.switches().fail(on_create(FaultKind::ErrorAfter));
    assert_eq!(create(&sandbox, "replaced").await.unwrap().0, 500);
    let found = [
        get(&sandbox, "after").await,
        get(&sandbox, "before").await,
        get(&sandbox, "replaced").await,
    ];
    assert_eq!(found, [200, 404, 200]);
    let statuses: Vec<_> = sandbox.calls().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [0, 0, 500, 200, 404, 200]);
}

#[tokio::test]
async fn a_hook_changes_the_world_between_two_calls() {
    let sandbox = start().await;
    let (seen, other) = (Arc::new(Mutex::new(Vec::new())), Arc::downgrade(&sandbox));
    let log = Arc::clone(&seen);
    sandbox.switches().on_call(move |call| {
        log.lock()
            .unwrap()
            .push((call.seq, call.operation.clone(), call.status));
        let Some(sandbox) = other.upgrade().filter(|_| call.operation == "GetRole") else {
            return Hook::Continue;
        };
        Hook::First(Box::pin(async move {
            create(&sandbox, "between").await.unwrap();
        }))
    });
    assert_eq!(get(&sandbox, "between").await, 200);
    let expected = [
        (1, "GetRole".to_owned(), 0),
        (2, "CreateRole".to_owned(), 0),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
    sandbox
        .switches()
        .on_call(|_| Hook::Fail(FaultKind::Throttle));
    assert_eq!(get(&sandbox, "between").await, 400);
    sandbox.switches().clear_faults();
    assert_eq!(get(&sandbox, "between").await, 200);
}

#[tokio::test]
async fn every_call_takes_the_latency() {
    let sandbox = start().await;
    sandbox.switches().latency(Duration::from_millis(30));
    let begun = Instant::now();
    assert_eq!(get(&sandbox, "sandbox").await, 200);
    assert!(begun.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn the_same_seed_and_calls_give_the_same_world() {
    let world = async |seed| {
        let sandbox = builder().seed(seed).start().await.unwrap();
        create(&sandbox, "a").await.unwrap();
        create(&sandbox, "b").await.unwrap();
        (sandbox.snapshot(), sandbox.root_access_key_id().to_owned())
    };
    assert_eq!(world(7).await, world(7).await);
    assert_ne!(world(7).await, world(8).await);
}

#[tokio::test]
async fn a_request_without_a_signature_is_one_for_s3() {
    let sandbox = start().await;
    let request =
        "GET /orders?replication HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let (status, reply) = send(&sandbox, request.to_owned()).await.unwrap();
    assert!(status >= 400 && reply.contains("<Error><Code>"), "{reply}");
    let call = sandbox.calls().pop().unwrap();
    assert_eq!(
        (call.service.as_str(), call.operation.as_str()),
        ("s3", "GetBucketReplication")
    );
    assert_eq!(
        (call.account.as_str(), call.resource.as_str()),
        ("", "orders")
    );
    sandbox.reset_calls();
    assert!(sandbox.calls().is_empty());
}

#[tokio::test]
async fn the_port_closes_at_shutdown() {
    let sandbox = builder().start().await.unwrap();
    let address = sandbox
        .endpoint()
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    assert!(TcpStream::connect(&address).await.is_ok());
    sandbox.shutdown().await;
    assert!(TcpStream::connect(&address).await.is_err());
}

#[tokio::test]
async fn an_address_in_use_is_an_error() {
    let sandbox = start().await;
    let address = sandbox
        .endpoint()
        .strip_prefix("http://")
        .unwrap()
        .parse()
        .unwrap();
    let error = builder().listen(address).start().await.unwrap_err();
    assert_eq!(error.to_string(), format!("listen on {address}"));
}
