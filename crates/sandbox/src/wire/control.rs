//! Which requests are for S3 Control, whose signatures name the service `s3` all the same.

use http::{HeaderMap, Uri};

/// The version that every path of S3 Control begins with (BC:s3control).
const VERSION: &str = "/v20180820/";

/// Returns the path after the version, if a request is for S3 Control: it names the account it acts in, which no
/// request on a bucket does.
pub(crate) fn control_path<'a>(uri: &'a Uri, headers: &HeaderMap) -> Option<&'a str> {
    let rest = uri.path().strip_prefix(VERSION)?;
    headers.contains_key("x-amz-account-id").then_some(rest)
}
