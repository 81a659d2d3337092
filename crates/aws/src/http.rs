//! The one HTTP client, shared by every account, Region and credential provider.

use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
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
        .tls_context(trust())
        .build_https()
}

/// The system's certificates. Where there are none, a debug build of the client panics on being told to use them, although
/// an emulator behind a plain address needs none; then nothing is trusted, and HTTPS fails with an error.
fn trust() -> TlsContext {
    let any = || !rustls_native_certs::load_native_certs().certs.is_empty();
    let store = TrustStore::empty().with_native_roots(!cfg!(debug_assertions) || any());
    let context = TlsContext::builder().with_trust_store(store);
    context
        .build()
        .expect("a trust store without certificates of its own is always valid")
}
