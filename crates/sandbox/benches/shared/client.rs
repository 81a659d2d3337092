//! A client of S3, IAM and STS that is as small as can be: signed requests (SigV4) over one connection that stays open.
//!
//! It writes its own signatures, so that the sandbox is judged through its port and by nothing of its own.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

/// Credentials, where they are used, and the connection.
pub(crate) struct Client {
    connection: BufReader<TcpStream>,
    host: String,
    region: &'static str,
    key: String,
    secret: String,
    token: Option<String>,
}

/// A request; nothing in path and query needs an escape.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Request<'a> {
    pub(crate) service: &'a str,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// As `name=value`, sorted; an empty value has its `=`.
    pub(crate) query: &'a str,
    /// In lower case.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a str,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Client {
    /// Connects to an endpoint as `http://HOST:PORT`.
    pub(crate) fn connect(
        endpoint: &str,
        region: &'static str,
        (key, secret): (&str, &str),
    ) -> io::Result<Self> {
        let host = endpoint.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&host)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            connection: BufReader::new(stream),
            host,
            region,
            key: key.to_owned(),
            secret: secret.to_owned(),
            token: None,
        })
    }

    /// Takes the role `sandbox` of an account from here on.
    pub(crate) fn assume(&mut self, account: &str) -> io::Result<()> {
        let form = format!(
            "Action=AssumeRole&Version=2011-06-15&RoleSessionName=scale&RoleArn={}",
            escaped(&format!("arn:aws:iam::{account}:role/sandbox"))
        );
        let reply = self.query("sts", &form)?.expect(200)?;
        let (key, secret) = (
            reply.element("AccessKeyId")?,
            reply.element("SecretAccessKey")?,
        );
        self.token = Some(reply.element("SessionToken")?);
        (self.key, self.secret) = (key, secret);
        Ok(())
    }

    /// Calls an operation of IAM.
    pub(crate) fn iam(&mut self, fields: &[(&str, &str)]) -> io::Result<Reply> {
        let fields = fields
            .iter()
            .map(|(name, value)| format!("&{name}={}", escaped(value)));
        let form = format!("Version=2010-05-08{}", fields.collect::<String>());
        self.query("iam", &form)
    }

    fn query(&mut self, service: &str, form: &str) -> io::Result<Reply> {
        self.send(Request {
            service,
            method: "POST",
            path: "/",
            headers: &[("content-type", "application/x-www-form-urlencoded")],
            body: form,
            ..Request::default()
        })
    }

    /// Sends a request and reads its answer.
    pub(crate) fn send(&mut self, request: Request<'_>) -> io::Result<Reply> {
        let text = self.signed(request);
        self.connection.get_mut().write_all(text.as_bytes())?;
        self.read(request.method)
    }

    /// Asks the control endpoint, which takes no signature and, opened, no token.
    pub(crate) fn control(&mut self, method: &str, path: &str) -> io::Result<Reply> {
        let host = &self.host;
        let text = format!(
            "{method} /_sandbox/{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\n\r\n"
        );
        self.connection.get_mut().write_all(text.as_bytes())?;
        self.read(method)?.expect(200)
    }

    fn read(&mut self, method: &str) -> io::Result<Reply> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.connection.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head.split(' ').nth(1).and_then(|text| text.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        let mut reply = Reply {
            status,
            head,
            body: String::new(),
        };
        if method == "HEAD" || status == 204 {
            return Ok(reply);
        }
        reply.body = if reply.header("transfer-encoding") == Some("chunked") {
            self.read_chunks()?
        } else {
            let length = reply
                .header("content-length")
                .and_then(|text| text.parse().ok());
            self.read_text(length.unwrap_or(0))?
        };
        Ok(reply)
    }

    fn read_chunks(&mut self) -> io::Result<String> {
        let mut body = String::new();
        loop {
            let mut line = String::new();
            self.connection.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
            body += &self.read_text(size)?;
            self.connection.read_line(&mut line)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn read_text(&mut self, length: usize) -> io::Result<String> {
        let mut bytes = vec![0; length];
        self.connection.read_exact(&mut bytes)?;
        String::from_utf8(bytes).map_err(io::Error::other)
    }

    fn signed(&self, request: Request<'_>) -> String {
        let Request {
            service,
            method,
            path,
            query,
            headers,
            body,
        } = request;
        // IAM has one endpoint, and so one Region.
        let region = if service == "iam" {
            "us-east-1"
        } else {
            self.region
        };
        let now = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or_default();
        let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let (day, digest) = (&time[..8], hex::encode(Sha256::digest(body)));
        let mut all = headers.to_vec();
        all.extend([
            ("host", self.host.as_str()),
            ("x-amz-content-sha256", &digest),
            ("x-amz-date", &time),
        ]);
        let token = self.token.as_deref();
        all.extend(token.map(|token| ("x-amz-security-token", token)));
        all.sort_unstable();
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines = all.iter().map(|(name, value)| format!("{name}:{value}\n"));
        let canonical = format!(
            "{method}\n{path}\n{query}\n{}\n{names}\n{digest}",
            lines.collect::<String>()
        );
        let scope = format!("{day}/{region}/{service}/aws4_request");
        let canonical = hex::encode(Sha256::digest(canonical));
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{canonical}");
        let key = format!("AWS4{}", self.secret).into_bytes();
        let parts = [day, region, service, "aws4_request"];
        let key = parts.iter().fold(key, |key, part| hmac(&key, part));
        let signature = hex::encode(hmac(&key, &text));
        let lines = all
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"));
        let question = if query.is_empty() { "" } else { "?" };
        format!(
            "{method} {path}{question}{query} HTTP/1.1\r\n{}authorization: AWS4-HMAC-SHA256 \
             Credential={}/{scope}, SignedHeaders={names}, Signature={signature}\r\n\
             content-length: {}\r\n\r\n{body}",
            lines.collect::<String>(),
            self.key,
            body.len()
        )
    }
}

impl Reply {
    /// Returns the reply if it has this status.
    pub(crate) fn expect(self, status: u16) -> io::Result<Self> {
        if self.status == status {
            return Ok(self);
        }
        let Self { status, body, .. } = self;
        Err(io::Error::other(format!("{status} {body}")))
    }

    /// Returns a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value))
    }

    /// Returns the text of the first element of this name.
    pub(crate) fn element(&self, name: &str) -> io::Result<String> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let rest = self.body.split_once(&open).map(|(_, rest)| rest);
        let text = rest.and_then(|rest| rest.split_once(&close));
        let missing = || io::Error::other(format!("no {name} in {}", self.body));
        text.map(|(text, _)| text.to_owned()).ok_or_else(missing)
    }
}

fn escaped(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// HMAC-SHA-256 for keys that fit a block, as all of SigV4's do.
fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let padded = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text);
    let outer = Sha256::new()
        .chain_update(padded(0x5c))
        .chain_update(inner.finalize());
    outer.finalize().to_vec()
}
