//! The one HTTP client, shared by every account, Region and credential provider.

use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::options::Endpoint;

/// Rustls with ring, trusting the system's certificates (or those of `SSL_CERT_FILE`).
///
/// An endpoint that is given and plain needs neither certificates nor TLS.
pub(crate) fn client(endpoint: Option<&Endpoint>) -> SharedHttpClient {
    let builder = aws_smithy_http_client::Builder::new();
    if endpoint.is_some_and(|endpoint| endpoint.url.starts_with("http://")) {
        return builder.build_http();
    }
    builder
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}
