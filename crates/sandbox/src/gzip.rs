//! Text as gzip, as AWS delivers logs and reports.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Compresses; the same text gives the same bytes.
pub(crate) fn gzip(text: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // A vector takes every byte.
    let written = encoder.write_all(text).and_then(|()| encoder.finish());
    Bytes::from(written.unwrap_or_default())
}
