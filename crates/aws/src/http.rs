//! The one HTTP client, shared by every account, Region and credential provider.
//!
//! As other AWS tools it follows `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in capitals or not, and trusts the
//! certificates of `AWS_CA_BUNDLE` instead of the system's.

use std::path::{Path, PathBuf};

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use rustls::RootCertStore;
use rustls_native_certs::{CertificateResult, load_certs_from_paths};

use crate::options::Endpoint;
use crate::reach::naming;

/// Where the certificates to trust are, instead of the system's.
const CA_BUNDLE: &str = "AWS_CA_BUNDLE";

/// Certificates that cannot be trusted because they cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the certificates of AWS_CA_BUNDLE, {}: {why}", path.display())]
struct BadBundle {
    path: PathBuf,
    why: String,
}

/// Rustls with ring, trusting the certificates of `AWS_CA_BUNDLE` or the system's (or those of `SSL_CERT_FILE`).
///
/// An endpoint that is given and plain needs neither certificates nor TLS, and no proxy: it is of this machine. Certificates
/// that cannot be read are no trouble before a server is to be trusted.
pub(crate) fn client(endpoint: Option<&Endpoint>) -> SharedHttpClient {
    if endpoint.is_some_and(|endpoint| endpoint.url.starts_with("http://")) {
        return naming(Builder::new().build_http(), None);
    }
    let (trust, untrusted) = match trust() {
        Ok(store) => (store, None),
        Err(bad) => (TrustStore::empty(), Some(bad.to_string())),
    };
    let trust = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .expect("a trust store whose certificates were read is always valid");
    let client = Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder()
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(trust.clone());
        builder.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            builder.set_sleep_impl(components.sleep_impl());
        }
        builder.build()
    });
    naming(client, untrusted)
}

fn trust() -> Result<TrustStore, BadBundle> {
    let bundle = std::env::var_os(CA_BUNDLE).filter(|path| !path.is_empty());
    match bundle {
        Some(path) => of_bundle(Path::new(&path)),
        None => Ok(of_system()),
    }
}

/// The system's certificates. Where there are none, a debug build of the client panics on being told to use them, although
/// an emulator behind a plain address needs none; then nothing is trusted, and HTTPS fails with an error.
fn of_system() -> TrustStore {
    let any = || !rustls_native_certs::load_native_certs().certs.is_empty();
    TrustStore::empty().with_native_roots(!cfg!(debug_assertions) || any())
}

/// The certificates of a file, each of which the client can read: it panics on one that it cannot.
fn of_bundle(path: &Path) -> Result<TrustStore, BadBundle> {
    let bad = |why: String| BadBundle {
        path: path.to_path_buf(),
        why,
    };
    let pem = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
    let CertificateResult { certs, errors, .. } = load_certs_from_paths(Some(path), None);
    if let Some(error) = errors.first() {
        return Err(bad(error.to_string()));
    }
    match RootCertStore::empty().add_parsable_certificates(certs) {
        (1.., 0) => Ok(TrustStore::empty().with_pem_certificate(pem)),
        (0, 0) => Err(bad("it holds no certificate".to_owned())),
        (_, unreadable) => Err(bad(format!("{unreadable} of them cannot be read"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<TrustStore, BadBundle> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        of_bundle(file.path())
    }

    #[test]
    fn a_bundle_that_cannot_be_trusted_is_an_error_and_no_panic() {
        let absent = of_bundle(Path::new("/absent.pem")).unwrap_err();
        assert!(absent.to_string().contains("/absent.pem"), "{absent}");
        for (text, why) in [
            ("", "no certificate"),
            ("not a certificate", "no certificate"),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "1 of them cannot be read",
            ),
        ] {
            let error = of(text).unwrap_err();
            assert!(error.to_string().contains(why), "{text:?}: {error}");
        }
    }
}
