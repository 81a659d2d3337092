//! A client of the sandbox that is as small as can be: signed requests (SigV4) over one connection each.
//!
//! It plays the other people of an account: it makes what the product finds, and changes it behind its back.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Credentials, and where they are used.
#[derive(Debug, Clone)]
pub struct Client {
    host: String,
    key: String,
    secret: String,
    token: Option<String>,
    region: String,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers as they came.
    pub head: String,
    /// The body.
    pub body: String,
}

/// A request to S3 or to a query service.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The path; nothing in it needs an escape.
    pub path: &'a str,
    /// The query as `name=value`, sorted; an empty value has its `=`.
    pub query: &'a str,
    /// Headers in lower case.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a str,
}

impl Client {
    /// Returns a client with an access key, for an endpoint as `http://HOST:PORT`.
    pub fn new(endpoint: &str, key: &str, secret: &str, region: &str) -> Self {
        Self {
            host: endpoint.trim_start_matches("http://").to_owned(),
            key: key.to_owned(),
            secret: secret.to_owned(),
            token: None,
            region: region.to_owned(),
        }
    }

    /// Returns a client in the role `sandbox` of an account.
    ///
    /// # Panics
    /// Where the role cannot be assumed.
    pub fn in_account(&self, account: &str, region: &str) -> Self {
        let body = format!(
            "Action=AssumeRole&Version=2011-06-15&RoleSessionName=somebody\
             &RoleArn=arn%3Aaws%3Aiam%3A%3A{account}%3Arole%2Fsandbox"
        );
        let reply = self.query("sts", &body).expect_ok();
        Self {
            host: self.host.clone(),
            key: reply.element("AccessKeyId"),
            secret: reply.element("SecretAccessKey"),
            token: Some(reply.element("SessionToken")),
            region: region.to_owned(),
        }
    }

    /// Calls IAM.
    pub fn iam(&self, parameters: &[(&str, &str)]) -> Reply {
        self.asked("iam", "2010-05-08", parameters)
    }

    fn asked(&self, service: &str, version: &str, parameters: &[(&str, &str)]) -> Reply {
        let mut body = format!("Version={version}");
        for (name, value) in parameters {
            let _infallible = write!(body, "&{name}={}", escaped(value));
        }
        self.query(service, &body)
    }

    /// Calls CloudWatch.
    pub fn cloudwatch(&self, parameters: &[(&str, &str)]) -> Reply {
        self.asked("monitoring", "2010-08-01", parameters)
    }

    /// Calls SNS.
    pub fn sns(&self, parameters: &[(&str, &str)]) -> Reply {
        self.asked("sns", "2010-03-31", parameters)
    }

    /// Calls CloudTrail, which speaks JSON; the answer.
    ///
    /// # Panics
    /// Where CloudTrail refuses.
    pub fn cloudtrail(&self, operation: &str, input: &Value) -> Value {
        let target = format!("CloudTrail_20131101.{operation}");
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target.as_str()),
        ];
        let body = input.to_string();
        let request = Request {
            method: "POST",
            path: "/",
            query: "",
            headers: &headers,
            body: &body,
        };
        let reply = self.send("cloudtrail", &self.region, request).expect_ok();
        serde_json::from_str(&reply.body).expect("CloudTrail answers in JSON")
    }

    /// Reads an object; its key may have what needs an escape.
    ///
    /// # Panics
    /// Where S3 refuses.
    pub fn object(&self, bucket: &str, key: &str) -> Vec<u8> {
        let parts: Vec<String> = key.split('/').map(escaped).collect();
        let path = format!("/{bucket}/{}", parts.join("/"));
        let request = Request {
            method: "GET",
            path: &path,
            ..Request::default()
        };
        let (head, body) = self.exchange("s3", &self.region, request);
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        body
    }

    /// Calls S3.
    pub fn s3(&self, request: Request<'_>) -> Reply {
        self.send("s3", &self.region, request)
    }

    /// Reads a subresource of a bucket, as `policy`.
    pub fn get(&self, bucket: &str, subresource: &str) -> Reply {
        let (path, query) = (format!("/{bucket}"), format!("{subresource}="));
        self.s3(Request {
            method: "GET",
            path: &path,
            query: &query,
            ..Request::default()
        })
    }

    /// Writes a subresource of a bucket.
    ///
    /// # Panics
    /// Where S3 refuses.
    pub fn put(&self, bucket: &str, subresource: &str, body: &str) {
        let (path, query) = (format!("/{bucket}"), format!("{subresource}="));
        let request = Request {
            method: "PUT",
            path: &path,
            query: &query,
            body,
            headers: &[],
        };
        self.s3(request).expect_ok();
    }

    /// Writes an object.
    ///
    /// # Panics
    /// Where S3 refuses.
    pub fn put_object(&self, bucket: &str, key: &str, headers: &[(&str, &str)]) {
        let path = format!("/{bucket}/{key}");
        let request = Request {
            method: "PUT",
            path: &path,
            query: "",
            headers,
            body: "content",
        };
        self.s3(request).expect_ok();
    }

    /// Puts a delete marker on an object.
    ///
    /// # Panics
    /// Where S3 refuses.
    pub fn delete_object(&self, bucket: &str, key: &str) {
        let path = format!("/{bucket}/{key}");
        self.s3(Request {
            method: "DELETE",
            path: &path,
            ..Request::default()
        })
        .expect_ok();
    }

    /// Calls an operation of KMS.
    pub fn kms(&self, operation: &str, input: &str) -> Reply {
        let target = format!("TrentService.{operation}");
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target.as_str()),
        ];
        let request = Request {
            method: "POST",
            path: "/",
            query: "",
            headers: &headers,
            body: input,
        };
        self.send("kms", &self.region, request)
    }

    fn query(&self, service: &str, body: &str) -> Reply {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let request = Request {
            method: "POST",
            path: "/",
            query: "",
            headers: &form,
            body,
        };
        let region = if service == "iam" {
            "us-east-1"
        } else {
            &self.region
        };
        self.send(service, region, request)
    }

    fn send(&self, service: &str, region: &str, request: Request<'_>) -> Reply {
        let (head, body) = self.exchange(service, region, request);
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Reply {
            status: status.unwrap_or(0),
            head,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// The head of an answer, and its body.
    fn exchange(&self, service: &str, region: &str, request: Request<'_>) -> (String, Vec<u8>) {
        let text = self.signed(service, region, request);
        let mut stream = TcpStream::connect(&self.host).expect("the sandbox listens");
        stream
            .write_all(text.as_bytes())
            .expect("the sandbox reads");
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).expect("the sandbox answers");
        let end = reply.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.expect("the answer is HTTP");
        let head = String::from_utf8_lossy(&reply[..end]).into_owned();
        (head, reply[end + 4..].to_vec())
    }

    fn signed(&self, service: &str, region: &str, request: Request<'_>) -> String {
        let Request {
            method,
            path,
            query,
            headers,
            body,
        } = request;
        let time = timestamp();
        let (day, digest) = (&time[..8], sha256(body));
        let mut all: Vec<(&str, &str)> = headers.to_vec();
        all.extend([
            ("host", self.host.as_str()),
            ("x-amz-content-sha256", &digest),
            ("x-amz-date", &time),
        ]);
        all.extend(
            self.token
                .as_deref()
                .map(|token| ("x-amz-security-token", token)),
        );
        all.sort_unstable();
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String = all
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let canonical = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{digest}");
        let scope = format!("{day}/{region}/{service}/aws4_request");
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(&canonical));
        let key = format!("AWS4{}", self.secret).into_bytes();
        let parts = [day, region, service, "aws4_request"];
        let key = parts.iter().fold(key, |key, part| hmac(&key, part));
        let signature = hex::encode(hmac(&key, &text));
        let lines: String = all
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let question = if query.is_empty() { "" } else { "?" };
        format!(
            "{method} {path}{question}{query} HTTP/1.1\r\n{lines}authorization: AWS4-HMAC-SHA256 \
             Credential={}/{scope}, SignedHeaders={names}, Signature={signature}\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.key,
            body.len()
        )
    }
}

impl Reply {
    /// Returns the reply, which must not be an error.
    ///
    /// # Panics
    /// Where it is one.
    pub fn expect_ok(self) -> Self {
        assert!(
            (200..300).contains(&self.status),
            "{} {}",
            self.status,
            self.body
        );
        self
    }

    /// Returns the text of the first element of this name.
    ///
    /// # Panics
    /// Where there is none.
    pub fn element(&self, name: &str) -> String {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let text = self
            .body
            .split_once(&open)
            .and_then(|(_, rest)| rest.split_once(&close));
        let (text, _) = text.unwrap_or_else(|| panic!("no {name} in {}", self.body));
        text.to_owned()
    }
}

/// Escapes all but the unreserved characters of RFC 3986.
pub fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    const BLOCK: usize = 64;
    let mut block = [0; BLOCK];
    let digest;
    let key = if key.len() > BLOCK {
        digest = Sha256::digest(key);
        digest.as_slice()
    } else {
        key
    };
    block[..key.len()].copy_from_slice(key);
    let padded = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = Sha256::new()
        .chain_update(padded(0x36))
        .chain_update(text)
        .finalize();
    Sha256::new()
        .chain_update(padded(0x5c))
        .chain_update(inner)
        .finalize()
        .to_vec()
}

/// Now as `20260102T030405Z`. The days are counted by the civil calendar's rule of 400 years.
fn timestamp() -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let (days, seconds) = (now / 86_400 + 719_468, now % 86_400);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_is_that_of_rfc_4231() {
        let mac = hex::encode(hmac(b"Jefe", "what do ya want for nothing?"));
        assert_eq!(
            mac,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
