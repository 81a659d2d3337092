//! Which bucket a `Host` header names, for virtual-hosted-style requests.

use s3s::S3Result;
use s3s::host::{S3Host, VirtualHost};

/// Reads `bucket.s3.eu-west-1.amazonaws.com`, `bucket.s3.amazonaws.com` and `bucket.localhost`;
/// under any other host requests are path-style.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hosts;

impl Hosts {
    /// Returns the bucket that the host names, if it names one.
    pub(crate) fn bucket(host: &str) -> Option<&str> {
        let name = host.rsplit_once(':').map_or(host, |(name, _port)| name);
        if let Some(bucket) = name.strip_suffix(".localhost") {
            return Some(bucket);
        }
        let service = name.strip_suffix(".amazonaws.com")?;
        // A bucket's name may itself hold ".s3.", so the last one counts.
        let (bucket, _region) = service
            .rsplit_once(".s3.")
            .or_else(|| service.strip_suffix(".s3").map(|bucket| (bucket, "")))?;
        Some(bucket)
    }
}

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        Ok(match Self::bucket(host) {
            Some(bucket) => VirtualHost::new(host).with_bucket(bucket),
            None => VirtualHost::new(host),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_name_buckets() {
        let cases = [
            ("127.0.0.1:9000", None),
            ("localhost:9000", None),
            ("orders.localhost:9000", Some("orders")),
            ("a.b.s3.eu-west-1.amazonaws.com", Some("a.b")),
            ("orders.s3.amazonaws.com", Some("orders")),
            ("s3.eu-west-1.amazonaws.com", None),
        ];
        for (host, bucket) in cases {
            assert_eq!(Hosts::bucket(host), bucket, "{host}");
        }
    }
}
