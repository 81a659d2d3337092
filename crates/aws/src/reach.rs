//! Who did not answer, and why: a failure on the way to a server learns the server's name and keeps its reason alone.
//!
//! The client's own errors name no host, and their chains repeat themselves in the client's terms.

use std::error::Error;
use std::fmt;
use std::io;

use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use hyper_util::client::legacy;

use crate::answer::bounds::{Unread, bounded};

/// How far a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    /// There was no connection.
    Nobody,
    /// There was one, and no whole answer.
    Server,
}

/// A request that got no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoAnswer {
    /// The server, `host:port`.
    pub(crate) server: String,
    /// How far the request came.
    pub(crate) reached: Reached,
    /// Whether the server took too long.
    pub(crate) late: bool,
    /// Why, in a few words.
    pub(crate) reason: String,
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            server,
            reached,
            late: _,
            reason,
        } = self;
        match reached {
            Reached::Nobody => write!(f, "cannot connect to {server}: {reason}"),
            Reached::Server => write!(f, "no answer from {server}: {reason}"),
        }
    }
}

impl Error for NoAnswer {}

impl NoAnswer {
    /// Whether the server is one that hands out credentials to the machine it runs on; most machines have none.
    pub(crate) fn is_of_metadata(&self) -> bool {
        self.server.starts_with("169.254.") || self.server.starts_with("[fd00:ec2::")
    }

    fn unasked(uri: &str, why: &str) -> Self {
        Self {
            server: server(uri),
            reached: Reached::Nobody,
            late: false,
            reason: why.to_owned(),
        }
    }

    fn of(uri: &str, error: &ConnectorError) -> Self {
        let source = error.source();
        let connect = |error: &(dyn Error + 'static)| {
            error
                .downcast_ref::<legacy::Error>()
                .is_some_and(legacy::Error::is_connect)
        };
        let nobody = source.is_some_and(|source| chain(source).any(connect));
        let last = source.and_then(|source| chain(source).last());
        Self {
            server: server(uri),
            reached: if nobody {
                Reached::Nobody
            } else {
                Reached::Server
            },
            late: error.is_timeout(),
            reason: last.map_or_else(|| error.to_string(), ToString::to_string),
        }
    }
}

/// An error and its causes; below an error of the system its payload, which `source` passes over.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let payload = error.downcast_ref::<io::Error>().map(io::Error::get_ref);
        match payload {
            Some(payload) => payload.map(|payload| payload as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// `host:port` of a URI, with the port that its scheme stands for.
fn server(uri: &str) -> String {
    let (scheme, rest) = uri.split_once("://").unwrap_or(("https", uri));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| {
        !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    match (has_port, scheme) {
        (true, _) => host.to_owned(),
        (false, "http") => format!("{host}:80"),
        (false, _) => format!("{host}:443"),
    }
}

/// The client, whose failures say who did not answer; where no server can be trusted, none that must be is asked.
pub(crate) fn naming(client: SharedHttpClient, untrusted: Option<String>) -> SharedHttpClient {
    SharedHttpClient::new(Naming { client, untrusted })
}

#[derive(Debug)]
struct Naming<T> {
    client: T,
    /// Why no server can be trusted.
    untrusted: Option<String>,
}

impl HttpClient for Naming<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Naming {
            client: self.client.http_connector(settings, components),
            untrusted: self.untrusted.clone(),
        })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.client.connector_metadata()
    }
}

impl HttpConnector for Naming<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let uri = request.uri().to_owned();
        if let Some(why) = self
            .untrusted
            .as_ref()
            .filter(|_| uri.starts_with("https:"))
        {
            let unasked = NoAnswer::unasked(&uri, why);
            return HttpConnectorFuture::ready(Err(ConnectorError::io(Box::new(unasked))));
        }
        let answer = self.client.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await.map_err(|error| named(&uri, error))?;
            bounded(answer).await.map_err(|unread| match unread {
                Unread::OutOfBounds(out) => ConnectorError::other(Box::new(out), None),
                Unread::Broken(error) => named(&uri, ConnectorError::io(error)),
            })
        })
    }
}

/// The same failure, by whom and in few words. A request that could not be built stays as it is.
fn named(uri: &str, error: ConnectorError) -> ConnectorError {
    let kind = error.as_other();
    let source = Box::new(NoAnswer::of(uri, &error));
    match () {
        () if error.is_user() => error,
        () if error.is_timeout() => ConnectorError::timeout(source),
        () if error.is_io() => ConnectorError::io(source),
        () => ConnectorError::other(source, kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_and_a_port() {
        for (uri, expected) in [
            (
                "https://sts.eu-west-1.amazonaws.com/",
                "sts.eu-west-1.amazonaws.com:443",
            ),
            ("http://127.0.0.1:4566/bucket?x=http://y", "127.0.0.1:4566"),
            ("http://user:secret@host/x", "host:80"),
            ("http://[::1]/x", "[::1]:80"),
            ("http://[::1]:99/x", "[::1]:99"),
        ] {
            assert_eq!(server(uri), expected, "{uri}");
        }
    }

    #[test]
    fn the_reason_is_the_last_word_of_the_chain() {
        let inner = io::Error::other("name not known");
        let outer = io::Error::other(inner);
        let error = ConnectorError::io(Box::new(outer));
        let told = NoAnswer::of("http://h/", &error);
        assert_eq!(told.to_string(), "no answer from h:80: name not known");
    }
}
