//! A server that answers what a test says, to see what is sent and how answers are read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use s3ferry_aws::{Cloud, Endpoint, Options};
use s3ferry_core::ids::{AccountId, AccountName, BucketName, Partition, Region, RoleName};
use s3ferry_core::model::{BucketRef, RoleRef};
use s3ferry_core::spec::{Access, Account};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The account of the tests.
pub(crate) const ACCOUNT: &str = "111111111111";

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// `GET /b?versioning` style, without the SDK's own `x-id`.
    pub(crate) fn line(&self) -> String {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let asked = |part: &&str| !part.is_empty() && !part.starts_with("x-id=");
        let query: Vec<_> = query
            .split('&')
            .filter(asked)
            .map(|part| part.trim_end_matches('='))
            .collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!(
            "{} {}{mark}{}",
            self.method,
            path.trim_end_matches('/'),
            query.join("&")
        )
    }
}

/// What to answer.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Close the connection without a word.
    Hang,
}

impl Reply {
    pub(crate) fn of(status: u16, body: impl Into<String>) -> Self {
        Self::Answer {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    pub(crate) fn ok(body: impl Into<String>) -> Self {
        Self::of(200, body)
    }

    pub(crate) fn s3_error(status: u16, code: &str, message: &str) -> Self {
        Self::of(
            status,
            format!(
                "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
            ),
        )
    }

    pub(crate) fn iam_error(status: u16, code: &str, message: &str) -> Self {
        Self::of(
            status,
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
            ),
        )
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// The server; it ends with its runtime.
pub(crate) struct Stub {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Stub {
    pub(crate) async fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let handler: Arc<Handler> = Arc::new(handler);
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&handler), Arc::clone(&log)));
            }
        });
        Self { url, seen }
    }

    /// All requests but the sign-in.
    pub(crate) fn seen(&self) -> Vec<Request> {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .filter(|request| !is_sign_in(request))
            .cloned()
            .collect()
    }

    /// Everything, in order.
    pub(crate) fn all(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// The bodies of the sign-in requests.
    pub(crate) fn sign_ins(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .filter(|request| is_sign_in(request))
            .map(|request| request.body.clone())
            .collect()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Request::line).collect()
    }

    pub(crate) fn forget(&self) {
        self.seen.lock().unwrap().clear();
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            endpoint: Some(Endpoint::new(
                &self.url,
                "AKIAEXAMPLE",
                "not-a-secret-to-print",
            )),
            longest_backoff: std::time::Duration::from_millis(5),
            attempt_timeout: std::time::Duration::from_secs(5),
            ..Options::default()
        }
    }

    /// Signs in to [`ACCOUNT`].
    pub(crate) async fn cloud(&self) -> Cloud {
        let accounts = BTreeMap::from([account("prod", ACCOUNT, Access::DefaultChain)]);
        let (cloud, _) = Cloud::connect(&accounts, self.options()).await.unwrap();
        cloud
    }
}

pub(crate) fn account(name: &str, id: &str, access: Access) -> (AccountName, Account) {
    let account = Account {
        id: AccountId::new(id).unwrap(),
        region: Region::new("eu-west-1").unwrap(),
        access,
    };
    (AccountName::new(name).unwrap(), account)
}

pub(crate) fn bucket() -> BucketRef {
    bucket_in("eu-west-1")
}

pub(crate) fn bucket_in(region: &str) -> BucketRef {
    BucketRef {
        account: AccountId::new(ACCOUNT).unwrap(),
        region: Region::new(region).unwrap(),
        bucket: BucketName::new("orders").unwrap(),
    }
}

pub(crate) fn role() -> RoleRef {
    RoleRef {
        account: AccountId::new(ACCOUNT).unwrap(),
        partition: Partition::Commercial,
        name: RoleName::new("s3ferry-orders").unwrap(),
    }
}

fn is_sign_in(request: &Request) -> bool {
    request.body.contains("Action=GetCallerIdentity") || request.body.contains("Action=AssumeRole")
}

pub(crate) fn identity(account: &str) -> Reply {
    Reply::ok(format!(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/ci</Arn><UserId>AIDA</UserId><Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    ))
}

async fn serve(stream: TcpStream, handler: Arc<Handler>, log: Arc<Mutex<Vec<Request>>>) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = next_request(&mut stream).await {
        log.lock().unwrap().push(request.clone());
        let sign_in = request.body.contains("Action=GetCallerIdentity");
        let reply = match handler(&request) {
            Reply::Answer {
                status: 404, body, ..
            } if sign_in && body.is_empty() => identity(ACCOUNT),
            reply => reply,
        };
        let Reply::Answer {
            status,
            headers,
            body,
        } = reply
        else {
            return;
        };
        let headers: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let body = if request.method == "HEAD" {
            String::new()
        } else {
            body
        };
        let text = format!(
            "HTTP/1.1 {status} X\r\n{headers}x-amz-request-id: R-1\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.get_mut().write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn next_request(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    stream
        .read_line(&mut line)
        .await
        .ok()
        .filter(|read| *read > 0)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request {
        method,
        target,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}
