//! Calls to services that are not here: named and refused in the form that their clients read.

use http::request::Parts;

use crate::wire::Refusal;
use crate::wire::refusal::Protocol;

/// Services of REST-XML, whose errors have the shape of the query protocol's.
const REST_XML: [&str; 2] = ["cloudfront", "route53"];

/// Finds out how the client of a service that is not known reads errors: its request tells, and most speak JSON.
pub(super) fn protocol(name: &str, parts: &Parts) -> Protocol {
    let header = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let media_type = header("content-type").unwrap_or_default();
    if header("smithy-protocol") == Some("rpc-v2-cbor") {
        return Protocol::Cbor;
    }
    match media_type {
        "application/x-amz-json-1.0" => Protocol::Json("application/x-amz-json-1.0"),
        "application/x-amz-json-1.1" => Protocol::Json("application/x-amz-json-1.1"),
        _ if media_type.starts_with("application/x-www-form-urlencoded") => Protocol::Query(""),
        _ if REST_XML.contains(&name) => Protocol::Query(""),
        _ => Protocol::Json("application/json"),
    }
}

/// Says what is here instead.
pub(super) fn refusal(name: &str) -> Refusal {
    let message = format!(
        "The sandbox has no service {name:?}; it has s3, of s3control jobs and the account's public access block, iam, sts, kms, cloudwatch, sns and cloudtrail."
    );
    Refusal::new(400, "UnknownService", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::codec::operation;

    fn parts(headers: &[(&str, &str)], uri: &str) -> Parts {
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_request_tells_how_errors_are_read() {
        let json = "application/x-amz-json-1.1";
        let kms = parts(
            &[
                ("content-type", json),
                ("x-amz-target", "TrentService.DescribeKey"),
            ],
            "/",
        );
        assert_eq!(protocol("kms", &kms), Protocol::Json(json));
        assert_eq!(operation(&kms), "DescribeKey");
        let path = "/service/GraniteServiceVersion20100801/operation/PutMetricAlarm";
        let cbor = parts(&[("smithy-protocol", "rpc-v2-cbor")], path);
        assert_eq!(protocol("monitoring", &cbor), Protocol::Cbor);
        assert_eq!(operation(&cbor), "PutMetricAlarm");
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        assert_eq!(
            protocol("sns", &parts(&[("content-type", form)], "/")),
            Protocol::Query("")
        );
        assert_eq!(
            protocol("route53", &parts(&[], "/2013-04-01/hostedzone")),
            Protocol::Query("")
        );
        let rest = parts(&[], "/2015-03-31/functions/");
        assert_eq!(
            protocol("lambda", &rest),
            Protocol::Json("application/json")
        );
    }
}
