//! What a caller may set about the connection to AWS.

use std::time::Duration;

use aws_credential_types::Credentials;

/// How to talk to AWS; [`Options::default`] suits a command line.
#[derive(Debug, Clone)]
pub struct Options {
    /// The most calls that may be under way at once per account and service; how many are follows what AWS takes.
    pub parallelism: usize,
    /// The version in the user agent, after `s3ferry-`.
    pub version: String,
    /// How long opening a connection may take.
    pub connect_timeout: Duration,
    /// How long one attempt of a call may take, its answer included.
    pub attempt_timeout: Duration,
    /// How long an answer to signing in may take.
    pub sign_in_timeout: Duration,
    /// How often a read is sent at most, the first time included. Writes are sent once.
    pub read_attempts: u32,
    /// The longest pause between two attempts of a read.
    pub longest_backoff: Duration,
    /// An address and a key instead of the environment's; `None` for AWS.
    pub endpoint: Option<Endpoint>,
}

/// One address for every service, and the key that stands for the default credential chain there.
///
/// For servers of the same process, whose address nobody can put into the environment. Everything else points s3ferry
/// elsewhere with `AWS_ENDPOINT_URL`. The secret is never printed, also not by `Debug`.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub(crate) url: String,
    pub(crate) credentials: Credentials,
}

impl Endpoint {
    /// The endpoint at a URL, e.g. `http://127.0.0.1:4566`.
    #[must_use]
    pub fn new(url: impl Into<String>, access_key_id: &str, secret_access_key: &str) -> Self {
        Self {
            url: url.into(),
            credentials: Credentials::new(
                access_key_id,
                secret_access_key,
                None,
                None,
                "s3ferry options",
            ),
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            // Each call under way is a connection, and two accounts have four services that are asked often: 192 of them stay
            // below the 256 files that some systems let a process open, and take 1,200 calls a second at 40 ms each. S3 Control
            // is asked once an account at most.
            parallelism: 48,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            connect_timeout: Duration::from_secs(5),
            // Configuration answers are small; S3 closes an idle exchange after 20 seconds of its own.
            attempt_timeout: Duration::from_secs(30),
            // STS answers within a second; three silences are told before half a minute has gone.
            sign_in_timeout: Duration::from_secs(8),
            // Doubling from one second this waits half of 1+2+4+8+16+16+16 s on average: longer than any throttle of
            // configuration calls, shorter than a person's patience. Where every fourth call is refused, the most that the
            // limit lets stand, eight in a row are one read in 65,000.
            read_attempts: 8,
            longest_backoff: Duration::from_secs(16),
            endpoint: None,
        }
    }
}
