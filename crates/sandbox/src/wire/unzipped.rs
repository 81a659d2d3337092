//! Bodies that a client compressed: SDKs do so with long ones of operations whose model allows it (BC:cloudwatch PutMetricData).

use std::borrow::Cow;
use std::io::Read as _;

use flate2::read::GzDecoder;
use http::header::CONTENT_ENCODING;
use http::request::Parts;

/// What a body may hold at most: "Each PutMetricData request is limited to 1 MB in size" and may be compressed
/// (BC:cloudwatch PutMetricData); no small body is let grow without bound.
const LARGEST: u64 = 16 << 20;

/// Returns a body as it was before a client compressed it; none where it cannot be read.
pub(crate) fn unzipped<'a>(parts: &Parts, body: &'a [u8]) -> Option<Cow<'a, [u8]>> {
    match parts.headers.get(CONTENT_ENCODING) {
        Some(encoding) if encoding.as_bytes().eq_ignore_ascii_case(b"gzip") => {
            let mut plain = Vec::new();
            let mut bounded = GzDecoder::new(body).take(LARGEST + 1);
            bounded.read_to_end(&mut plain).ok()?;
            (plain.len() as u64 <= LARGEST).then_some(Cow::Owned(plain))
        }
        Some(_) | None => Some(Cow::Borrowed(body)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn zipped(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn parts(encoding: &str) -> Parts {
        let request = http::Request::builder().header("content-encoding", encoding);
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn bodies_are_unzipped_within_bounds() {
        let body = zipped(b"abc");
        assert_eq!(
            unzipped(&parts("gzip"), &body).as_deref(),
            Some(&b"abc"[..])
        );
        assert_eq!(
            unzipped(&parts("identity"), b"abc").as_deref(),
            Some(&b"abc"[..])
        );
        assert_eq!(unzipped(&parts("gzip"), b"abc"), None);
        let bomb = zipped(&vec![0; (LARGEST + 1) as usize]);
        assert_eq!(unzipped(&parts("gzip"), &bomb), None);
    }
}
