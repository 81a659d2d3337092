//! Which IAM actions each S3 operation needs, by the Service Authorization Reference.

use http::HeaderMap;

use crate::wire::Form;

/// One needed action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) action: &'static str,
    /// On the object's ARN, else on the bucket's.
    pub(crate) on_object: bool,
}

const fn object(action: &'static str) -> Need {
    Need {
        action,
        on_object: true,
    }
}

const fn bucket(action: &'static str) -> Need {
    Need {
        action,
        on_object: false,
    }
}

/// Returns the action of a call without a bucket.
pub(crate) fn of_root(operation: &str) -> Option<&'static str> {
    (operation == "ListBuckets").then_some("s3:ListAllMyBuckets")
}

/// Returns the actions of a call on a bucket or an object; `None` where the sandbox does not
/// model the operation. Sources of copies and the keys of DeleteObjects are checked by those
/// calls, because they are read later.
pub(crate) fn of_call(operation: &str, query: &Form, headers: &HeaderMap) -> Option<Vec<Need>> {
    let versioned = query.has("versionId");
    let one = |plain, by_version| vec![object(if versioned { by_version } else { plain })];
    Some(match operation {
        "HeadBucket" | "ListObjects" | "ListObjectsV2" => vec![bucket("s3:ListBucket")],
        "ListObjectVersions" => vec![bucket("s3:ListBucketVersions")],
        "ListMultipartUploads" => vec![bucket("s3:ListBucketMultipartUploads")],
        "DeleteBucket" => vec![bucket("s3:DeleteBucket")],
        "GetBucketLocation" => vec![bucket("s3:GetBucketLocation")],
        "GetBucketPolicyStatus" => vec![bucket("s3:GetBucketPolicyStatus")],
        "DeleteObjects" => vec![],
        "GetObject" | "HeadObject" => one("s3:GetObject", "s3:GetObjectVersion"),
        "GetObjectAttributes" => attributes(versioned),
        "DeleteObject" => one("s3:DeleteObject", "s3:DeleteObjectVersion"),
        "GetObjectTagging" => one("s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
        "PutObjectTagging" => one("s3:PutObjectTagging", "s3:PutObjectVersionTagging"),
        "DeleteObjectTagging" => one("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
        "GetObjectAcl" => one("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
        "PutObjectAcl" => one("s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
        "RestoreObject" => vec![object("s3:RestoreObject")],
        "GetObjectRetention" => vec![object("s3:GetObjectRetention")],
        "PutObjectRetention" => vec![object("s3:PutObjectRetention")],
        "GetObjectLegalHold" => vec![object("s3:GetObjectLegalHold")],
        "PutObjectLegalHold" => vec![object("s3:PutObjectLegalHold")],
        "PutObject" | "CopyObject" | "CreateMultipartUpload" => written(headers),
        "UploadPart" | "UploadPartCopy" | "CompleteMultipartUpload" => {
            vec![object("s3:PutObject")]
        }
        "AbortMultipartUpload" => vec![object("s3:AbortMultipartUpload")],
        "ListParts" => vec![object("s3:ListMultipartUploadParts")],
        _ => return None,
    })
}

/// Parameters of ListObjects, which is also what a GET of an unknown subresource looks like.
pub(crate) const LISTING: [&str; 5] =
    ["prefix", "delimiter", "marker", "max-keys", "encoding-type"];

/// Returns a query parameter that is neither one of these nor part of signing or tracing: the
/// name of a subresource that the sandbox does not model.
pub(crate) fn unknown_parameter<'a>(query: &'a Form, known: &[&str]) -> Option<&'a str> {
    let mut names = query.iter().map(|(name, _)| name);
    let expected = |name: &str| {
        known.contains(&name) || name == "x-id" || name.to_ascii_lowercase().starts_with("x-amz-")
    };
    names.find(|name| !expected(name))
}

/// BC:s3 GetObjectAttributes names two actions with, and two without a version id.
fn attributes(versioned: bool) -> Vec<Need> {
    if versioned {
        vec![
            object("s3:GetObjectVersion"),
            object("s3:GetObjectVersionAttributes"),
        ]
    } else {
        vec![object("s3:GetObject"), object("s3:GetObjectAttributes")]
    }
}

/// Headers that set more than the object need more than PutObject.
fn written(headers: &HeaderMap) -> Vec<Need> {
    const MORE: [(&str, &str); 8] = [
        ("x-amz-tagging", "s3:PutObjectTagging"),
        ("x-amz-acl", "s3:PutObjectAcl"),
        ("x-amz-grant-full-control", "s3:PutObjectAcl"),
        ("x-amz-grant-read", "s3:PutObjectAcl"),
        ("x-amz-grant-read-acp", "s3:PutObjectAcl"),
        ("x-amz-grant-write-acp", "s3:PutObjectAcl"),
        ("x-amz-object-lock-mode", "s3:PutObjectRetention"),
        ("x-amz-object-lock-legal-hold", "s3:PutObjectLegalHold"),
    ];
    let more = MORE
        .into_iter()
        .filter(|(header, _)| headers.contains_key(*header));
    let more = more.map(|(_, action)| object(action));
    std::iter::once(object("s3:PutObject"))
        .chain(more)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(operation: &str, query: &str) -> Vec<&'static str> {
        let needs = of_call(operation, &Form::parse(query), &HeaderMap::new());
        needs.unwrap().into_iter().map(|need| need.action).collect()
    }

    #[test]
    fn a_version_id_changes_the_action() {
        assert_eq!(names("GetObject", ""), ["s3:GetObject"]);
        assert_eq!(names("GetObject", "versionId=x"), ["s3:GetObjectVersion"]);
        assert_eq!(
            names("DeleteObject", "versionId=x"),
            ["s3:DeleteObjectVersion"]
        );
    }

    #[test]
    fn headers_of_a_write_need_their_own_actions() {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-tagging", http::HeaderValue::from_static("a=b"));
        let needs = of_call("PutObject", &Form::default(), &headers).unwrap();
        assert_eq!(
            needs,
            [object("s3:PutObject"), object("s3:PutObjectTagging")]
        );
    }

    #[test]
    fn an_unknown_subresource_is_not_a_listing() {
        let query = Form::parse("prefix=a&X-Amz-Signature=b&x-id=ListObjects");
        assert_eq!(unknown_parameter(&query, &LISTING), None);
        assert_eq!(
            unknown_parameter(&Form::parse("abac"), &LISTING),
            Some("abac")
        );
    }

    #[test]
    fn what_is_not_modelled_is_not_guessed() {
        assert_eq!(
            of_call("SelectObjectContent", &Form::default(), &HeaderMap::new()),
            None
        );
    }
}
