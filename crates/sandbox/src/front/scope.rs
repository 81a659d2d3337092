//! Who says to call, and which service: the credential scope of a SigV4 request.

use http::request::Parts;

use crate::wire::Form;

/// The SigV4 claim of a request, from its `Authorization` header or its presigned query. Nothing
/// of it is proven until the signature is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) access_key_id: String,
    /// `20260102`.
    pub(crate) day: String,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) signed_headers: Vec<String>,
    pub(crate) signature: String,
    /// `20260102T030405Z`.
    pub(crate) time: String,
    pub(crate) token: Option<String>,
    /// Seconds a presigned request is valid; a signed header has none.
    pub(crate) presigned_for: Option<u64>,
}

impl Scope {
    /// Reads the claim of a request; `None` where it is not signed with SigV4.
    pub(crate) fn of(parts: &Parts) -> Option<Self> {
        Self::of_header(parts).or_else(|| Self::of_query(parts))
    }

    fn of_header(parts: &Parts) -> Option<Self> {
        let header = |name: &str| parts.headers.get(name)?.to_str().ok();
        let fields = header("authorization")?.strip_prefix("AWS4-HMAC-SHA256")?;
        let field = |name: &str| {
            let of_name = |part: &'_ str| {
                Some(
                    part.trim()
                        .strip_prefix(name)?
                        .strip_prefix('=')?
                        .to_owned(),
                )
            };
            fields.split(',').find_map(of_name)
        };
        let scope = Self::of_credential(&field("Credential")?)?;
        Some(Self {
            signed_headers: names(&field("SignedHeaders")?),
            signature: field("Signature")?,
            time: header("x-amz-date").unwrap_or_default().to_owned(),
            token: header("x-amz-security-token").map(str::to_owned),
            ..scope
        })
    }

    fn of_query(parts: &Parts) -> Option<Self> {
        let query = Form::parse(parts.uri.query()?);
        let field = |name: &str| query.get(name).map(str::to_owned);
        let scope = Self::of_credential(&field("X-Amz-Credential")?)?;
        Some(Self {
            signed_headers: names(&field("X-Amz-SignedHeaders")?),
            signature: field("X-Amz-Signature")?,
            time: field("X-Amz-Date")?,
            token: field("X-Amz-Security-Token"),
            presigned_for: field("X-Amz-Expires")?.parse().ok(),
            ..scope
        })
    }

    /// Splits `KEY/20260102/eu-west-1/s3/aws4_request`; a key id may hold slashes.
    fn of_credential(credential: &str) -> Option<Self> {
        let mut parts = credential.rsplitn(5, '/');
        let mut next = || parts.next().map(str::to_owned);
        let (end, service, region, day, access_key_id) =
            (next()?, next()?, next()?, next()?, next()?);
        (end == "aws4_request").then(|| Self {
            access_key_id,
            day,
            region,
            service,
            signed_headers: Vec::new(),
            signature: String::new(),
            time: String::new(),
            token: None,
            presigned_for: None,
        })
    }
}

fn names(signed_headers: &str) -> Vec<String> {
    signed_headers.split(';').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(request: http::request::Builder) -> Parts {
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_header_names_key_region_and_service() {
        let header = "AWS4-HMAC-SHA256 Credential=AKIA/20260102/eu-west-1/iam/aws4_request, \
                      SignedHeaders=host;x-amz-date, Signature=abc";
        let request = http::Request::builder()
            .uri("/")
            .header("authorization", header)
            .header("x-amz-date", "20260102T030405Z")
            .header("x-amz-security-token", "tok");
        let scope = Scope::of(&parts(request)).unwrap();
        assert_eq!(scope.access_key_id, "AKIA");
        assert_eq!(
            (scope.region.as_str(), scope.service.as_str()),
            ("eu-west-1", "iam")
        );
        assert_eq!(scope.signed_headers, ["host", "x-amz-date"]);
        assert_eq!(scope.token.as_deref(), Some("tok"));
    }

    #[test]
    fn a_presigned_query_names_them_too() {
        let uri = "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20260102%2Feu-west-1\
                   %2Fs3%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=60\
                   &X-Amz-SignedHeaders=host&X-Amz-Signature=abc";
        let scope = Scope::of(&parts(http::Request::builder().uri(uri))).unwrap();
        assert_eq!(
            (scope.service.as_str(), scope.presigned_for),
            ("s3", Some(60))
        );
    }

    #[test]
    fn an_unsigned_request_has_none() {
        assert_eq!(
            Scope::of(&parts(http::Request::builder().uri("/b/k?list-type=2"))),
            None
        );
    }
}
