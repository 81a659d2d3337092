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

/// Returns a URI with the parameters of its query in the order in which signatures have them, a name that is there several
/// times by its values: the check of signatures knows the order of names alone.
pub(crate) fn in_signed_order(uri: &Uri) -> Uri {
    let Some(query) = uri.query() else {
        return uri.clone();
    };
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.sort_unstable();
    let target = format!("{}?{}", uri.path(), pairs.join("&"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = target.parse().ok();
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_one_name_are_put_in_order() {
        let uri: Uri = "http://h/v?b=2&a=z&a=y".parse().unwrap();
        assert_eq!(in_signed_order(&uri).to_string(), "http://h/v?a=y&a=z&b=2");
    }
}
