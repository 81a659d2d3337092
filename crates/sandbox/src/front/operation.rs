//! AWS's own names of operations, for the call log and for faults: from method, path, query and
//! headers for S3, whose requests do not name theirs.

use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::wire::{Form, Hosts, control_path};

/// What an S3 request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct S3Target {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

impl S3Target {
    /// Reads bucket and key, path-style or virtual-hosted-style.
    pub(crate) fn of(parts: &Parts) -> Self {
        let host = parts
            .headers
            .get("host")
            .and_then(|host| host.to_str().ok())
            .unwrap_or("");
        let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy();
        let path = path.strip_prefix('/').unwrap_or(&path);
        let (bucket, key) = match Hosts::bucket(host) {
            Some(bucket) => (bucket, path),
            None => path.split_once('/').unwrap_or((path, "")),
        };
        Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        }
    }

    /// Returns `bucket` or `bucket/key`.
    pub(crate) fn name(&self) -> String {
        match (self.bucket.as_str(), self.key.as_str()) {
            (bucket, "") => bucket.to_owned(),
            (bucket, key) => format!("{bucket}/{key}"),
        }
    }

    fn level(&self) -> Level {
        match (self.bucket.as_str(), self.key.as_str()) {
            ("", _) => Level::Service,
            (_, "") => Level::Bucket,
            _ => Level::Object,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Service,
    Bucket,
    Object,
}

/// What a request must have beyond method and level.
#[derive(Debug, Clone, Copy)]
enum If {
    /// This query name.
    Has(&'static str),
    /// Both query names.
    Both(&'static str, &'static str),
    /// This query name with this value.
    Is(&'static str, &'static str),
    /// The query name and the header that makes it a copy.
    CopyWith(&'static str),
    /// The header that makes it a copy.
    CopyHeader,
    Always,
}

use If::{Always, Both, CopyHeader, CopyWith, Has, Is};
use Level::{Bucket, Object, Service};

/// The first row that fits names the operation (BC:s3, each operation's request URI).
const OPERATIONS: &[(&str, Level, If, &str)] = &[
    ("GET", Service, Always, "ListBuckets"),
    ("HEAD", Bucket, Always, "HeadBucket"),
    ("HEAD", Object, Always, "HeadObject"),
    (
        "GET",
        Bucket,
        Both("analytics", "id"),
        "GetBucketAnalyticsConfiguration",
    ),
    (
        "GET",
        Bucket,
        Both("intelligent-tiering", "id"),
        "GetBucketIntelligentTieringConfiguration",
    ),
    (
        "GET",
        Bucket,
        Both("inventory", "id"),
        "GetBucketInventoryConfiguration",
    ),
    (
        "GET",
        Bucket,
        Both("metrics", "id"),
        "GetBucketMetricsConfiguration",
    ),
    (
        "GET",
        Bucket,
        Has("analytics"),
        "ListBucketAnalyticsConfigurations",
    ),
    (
        "GET",
        Bucket,
        Has("intelligent-tiering"),
        "ListBucketIntelligentTieringConfigurations",
    ),
    (
        "GET",
        Bucket,
        Has("inventory"),
        "ListBucketInventoryConfigurations",
    ),
    (
        "GET",
        Bucket,
        Has("metrics"),
        "ListBucketMetricsConfigurations",
    ),
    ("GET", Bucket, Has("session"), "CreateSession"),
    (
        "GET",
        Bucket,
        Has("accelerate"),
        "GetBucketAccelerateConfiguration",
    ),
    ("GET", Bucket, Has("acl"), "GetBucketAcl"),
    ("GET", Bucket, Has("cors"), "GetBucketCors"),
    ("GET", Bucket, Has("encryption"), "GetBucketEncryption"),
    (
        "GET",
        Bucket,
        Has("lifecycle"),
        "GetBucketLifecycleConfiguration",
    ),
    ("GET", Bucket, Has("location"), "GetBucketLocation"),
    ("GET", Bucket, Has("logging"), "GetBucketLogging"),
    (
        "GET",
        Bucket,
        Has("metadataTable"),
        "GetBucketMetadataTableConfiguration",
    ),
    (
        "GET",
        Bucket,
        Has("notification"),
        "GetBucketNotificationConfiguration",
    ),
    (
        "GET",
        Bucket,
        Has("object-lock"),
        "GetObjectLockConfiguration",
    ),
    (
        "GET",
        Bucket,
        Has("ownershipControls"),
        "GetBucketOwnershipControls",
    ),
    ("GET", Bucket, Has("policy"), "GetBucketPolicy"),
    ("GET", Bucket, Has("policyStatus"), "GetBucketPolicyStatus"),
    (
        "GET",
        Bucket,
        Has("publicAccessBlock"),
        "GetPublicAccessBlock",
    ),
    ("GET", Bucket, Has("replication"), "GetBucketReplication"),
    (
        "GET",
        Bucket,
        Has("requestPayment"),
        "GetBucketRequestPayment",
    ),
    ("GET", Bucket, Has("tagging"), "GetBucketTagging"),
    ("GET", Bucket, Has("versioning"), "GetBucketVersioning"),
    ("GET", Bucket, Has("website"), "GetBucketWebsite"),
    ("GET", Bucket, Has("uploads"), "ListMultipartUploads"),
    ("GET", Bucket, Has("versions"), "ListObjectVersions"),
    ("GET", Bucket, Is("list-type", "2"), "ListObjectsV2"),
    ("GET", Bucket, Always, "ListObjects"),
    ("GET", Object, Has("acl"), "GetObjectAcl"),
    ("GET", Object, Has("attributes"), "GetObjectAttributes"),
    ("GET", Object, Has("legal-hold"), "GetObjectLegalHold"),
    ("GET", Object, Has("retention"), "GetObjectRetention"),
    ("GET", Object, Has("tagging"), "GetObjectTagging"),
    ("GET", Object, Has("torrent"), "GetObjectTorrent"),
    ("GET", Object, Has("uploadId"), "ListParts"),
    ("GET", Object, Always, "GetObject"),
    (
        "PUT",
        Bucket,
        Has("accelerate"),
        "PutBucketAccelerateConfiguration",
    ),
    ("PUT", Bucket, Has("acl"), "PutBucketAcl"),
    (
        "PUT",
        Bucket,
        Has("analytics"),
        "PutBucketAnalyticsConfiguration",
    ),
    ("PUT", Bucket, Has("cors"), "PutBucketCors"),
    ("PUT", Bucket, Has("encryption"), "PutBucketEncryption"),
    (
        "PUT",
        Bucket,
        Has("intelligent-tiering"),
        "PutBucketIntelligentTieringConfiguration",
    ),
    (
        "PUT",
        Bucket,
        Has("inventory"),
        "PutBucketInventoryConfiguration",
    ),
    (
        "PUT",
        Bucket,
        Has("lifecycle"),
        "PutBucketLifecycleConfiguration",
    ),
    ("PUT", Bucket, Has("logging"), "PutBucketLogging"),
    (
        "PUT",
        Bucket,
        Has("metrics"),
        "PutBucketMetricsConfiguration",
    ),
    (
        "PUT",
        Bucket,
        Has("notification"),
        "PutBucketNotificationConfiguration",
    ),
    (
        "PUT",
        Bucket,
        Has("object-lock"),
        "PutObjectLockConfiguration",
    ),
    (
        "PUT",
        Bucket,
        Has("ownershipControls"),
        "PutBucketOwnershipControls",
    ),
    ("PUT", Bucket, Has("policy"), "PutBucketPolicy"),
    (
        "PUT",
        Bucket,
        Has("publicAccessBlock"),
        "PutPublicAccessBlock",
    ),
    ("PUT", Bucket, Has("replication"), "PutBucketReplication"),
    (
        "PUT",
        Bucket,
        Has("requestPayment"),
        "PutBucketRequestPayment",
    ),
    ("PUT", Bucket, Has("tagging"), "PutBucketTagging"),
    ("PUT", Bucket, Has("versioning"), "PutBucketVersioning"),
    ("PUT", Bucket, Has("website"), "PutBucketWebsite"),
    ("PUT", Bucket, Always, "CreateBucket"),
    ("PUT", Object, Has("acl"), "PutObjectAcl"),
    ("PUT", Object, Has("legal-hold"), "PutObjectLegalHold"),
    ("PUT", Object, Has("retention"), "PutObjectRetention"),
    ("PUT", Object, Has("tagging"), "PutObjectTagging"),
    ("PUT", Object, CopyWith("uploadId"), "UploadPartCopy"),
    ("PUT", Object, Has("uploadId"), "UploadPart"),
    ("PUT", Object, CopyHeader, "CopyObject"),
    ("PUT", Object, Always, "PutObject"),
    ("POST", Bucket, Has("delete"), "DeleteObjects"),
    ("POST", Bucket, Always, "PostObject"),
    ("POST", Object, Has("restore"), "RestoreObject"),
    ("POST", Object, Has("select"), "SelectObjectContent"),
    ("POST", Object, Has("uploads"), "CreateMultipartUpload"),
    ("POST", Object, Has("uploadId"), "CompleteMultipartUpload"),
    (
        "DELETE",
        Bucket,
        Has("analytics"),
        "DeleteBucketAnalyticsConfiguration",
    ),
    ("DELETE", Bucket, Has("cors"), "DeleteBucketCors"),
    (
        "DELETE",
        Bucket,
        Has("encryption"),
        "DeleteBucketEncryption",
    ),
    (
        "DELETE",
        Bucket,
        Has("intelligent-tiering"),
        "DeleteBucketIntelligentTieringConfiguration",
    ),
    (
        "DELETE",
        Bucket,
        Has("inventory"),
        "DeleteBucketInventoryConfiguration",
    ),
    ("DELETE", Bucket, Has("lifecycle"), "DeleteBucketLifecycle"),
    (
        "DELETE",
        Bucket,
        Has("metrics"),
        "DeleteBucketMetricsConfiguration",
    ),
    (
        "DELETE",
        Bucket,
        Has("ownershipControls"),
        "DeleteBucketOwnershipControls",
    ),
    ("DELETE", Bucket, Has("policy"), "DeleteBucketPolicy"),
    (
        "DELETE",
        Bucket,
        Has("publicAccessBlock"),
        "DeletePublicAccessBlock",
    ),
    (
        "DELETE",
        Bucket,
        Has("replication"),
        "DeleteBucketReplication",
    ),
    ("DELETE", Bucket, Has("tagging"), "DeleteBucketTagging"),
    ("DELETE", Bucket, Has("website"), "DeleteBucketWebsite"),
    ("DELETE", Bucket, Always, "DeleteBucket"),
    ("DELETE", Object, Has("tagging"), "DeleteObjectTagging"),
    ("DELETE", Object, Has("uploadId"), "AbortMultipartUpload"),
    ("DELETE", Object, Always, "DeleteObject"),
];

/// Operations of S3 Control by method and path, in which an id is `*` (BC:s3control).
const CONTROL: [(&str, &str, &str); 11] = [
    (
        "GET",
        "configuration/publicAccessBlock",
        "GetPublicAccessBlock",
    ),
    (
        "PUT",
        "configuration/publicAccessBlock",
        "PutPublicAccessBlock",
    ),
    (
        "DELETE",
        "configuration/publicAccessBlock",
        "DeletePublicAccessBlock",
    ),
    ("POST", "jobs", "CreateJob"),
    ("GET", "jobs", "ListJobs"),
    ("GET", "jobs/*", "DescribeJob"),
    ("POST", "jobs/*/status", "UpdateJobStatus"),
    ("POST", "jobs/*/priority", "UpdateJobPriority"),
    ("GET", "jobs/*/tagging", "GetJobTagging"),
    ("PUT", "jobs/*/tagging", "PutJobTagging"),
    ("DELETE", "jobs/*/tagging", "DeleteJobTagging"),
];

/// Returns the name of an operation of S3 Control, or `Unknown`.
pub(crate) fn control_operation(parts: &Parts) -> &'static str {
    let path = control_path(&parts.uri, &parts.headers).unwrap_or_default();
    let fits = |pattern: &str| {
        let same = pattern.split('/').count() == path.split('/').count();
        let mut pairs = pattern.split('/').zip(path.split('/'));
        same && pairs.all(|(wanted, part)| wanted == "*" || wanted == part)
    };
    let row = CONTROL
        .iter()
        .find(|(method, pattern, _)| *method == parts.method.as_str() && fits(pattern));
    row.map_or("Unknown", |(_, _, name)| name)
}

/// Returns AWS's name of an S3 request's operation, or `Unknown`.
pub(crate) fn s3_operation(parts: &Parts, target: &S3Target) -> &'static str {
    let query = Form::parse(parts.uri.query().unwrap_or(""));
    let level = target.level();
    let row = OPERATIONS.iter().find(|(method, of, condition, _)| {
        *method == parts.method.as_str() && *of == level && condition.holds(&query, parts)
    });
    row.map_or("Unknown", |(_, _, _, name)| name)
}

impl If {
    fn holds(self, query: &Form, parts: &Parts) -> bool {
        let copies = || parts.headers.contains_key("x-amz-copy-source");
        match self {
            Has(name) => query.has(name),
            Both(one, other) => query.has(one) && query.has(other),
            Is(name, value) => query.get(name) == Some(value),
            CopyWith(name) => query.has(name) && copies(),
            CopyHeader => copies(),
            Always => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(method: &str, host: &str, uri: &str, copy: bool) -> (String, &'static str) {
        let mut request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header("host", host);
        if copy {
            request = request.header("x-amz-copy-source", "b/k");
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let target = S3Target::of(&parts);
        let operation = s3_operation(&parts, &target);
        (target.name(), operation)
    }

    #[test]
    fn requests_are_named_as_aws_names_them() {
        let cases = [
            ("GET", "/", false, "", "ListBuckets"),
            ("PUT", "/orders", false, "orders", "CreateBucket"),
            ("PUT", "/orders/", false, "orders", "CreateBucket"),
            (
                "PUT",
                "/orders?replication",
                false,
                "orders",
                "PutBucketReplication",
            ),
            (
                "DELETE",
                "/orders?replication=",
                false,
                "orders",
                "DeleteBucketReplication",
            ),
            (
                "GET",
                "/orders?list-type=2&prefix=a",
                false,
                "orders",
                "ListObjectsV2",
            ),
            (
                "GET",
                "/orders?inventory&id=x",
                false,
                "orders",
                "GetBucketInventoryConfiguration",
            ),
            (
                "GET",
                "/orders?inventory",
                false,
                "orders",
                "ListBucketInventoryConfigurations",
            ),
            (
                "GET",
                "/orders?versions",
                false,
                "orders",
                "ListObjectVersions",
            ),
            (
                "PUT",
                "/orders/a%20b/c?x-id=PutObject",
                false,
                "orders/a b/c",
                "PutObject",
            ),
            (
                "PUT",
                "/orders/k?partNumber=1&uploadId=u",
                false,
                "orders/k",
                "UploadPart",
            ),
            (
                "PUT",
                "/orders/k?partNumber=1&uploadId=u",
                true,
                "orders/k",
                "UploadPartCopy",
            ),
            ("PUT", "/orders/k", true, "orders/k", "CopyObject"),
            (
                "POST",
                "/orders/k?uploads",
                false,
                "orders/k",
                "CreateMultipartUpload",
            ),
            ("POST", "/orders?delete", false, "orders", "DeleteObjects"),
            (
                "DELETE",
                "/orders/k?versionId=v",
                false,
                "orders/k",
                "DeleteObject",
            ),
            ("PATCH", "/orders", false, "orders", "Unknown"),
        ];
        for (method, uri, copy, resource, operation) in cases {
            let expected = (resource.to_owned(), operation);
            assert_eq!(
                named(method, "127.0.0.1:1", uri, copy),
                expected,
                "{method} {uri}"
            );
        }
    }

    #[test]
    fn requests_of_s3_control_are_named_by_their_paths() {
        let named = |method: &str, path: &str| {
            let request = http::Request::builder()
                .method(method)
                .uri(format!("/v20180820/{path}"))
                .header("x-amz-account-id", "111111111111");
            control_operation(&request.body(()).unwrap().into_parts().0)
        };
        assert_eq!(named("GET", "jobs?jobStatuses=New"), "ListJobs");
        assert_eq!(named("POST", "jobs"), "CreateJob");
        assert_eq!(named("GET", "jobs/1-2"), "DescribeJob");
        assert_eq!(named("POST", "jobs/1-2/status"), "UpdateJobStatus");
        assert_eq!(named("DELETE", "jobs/1-2/tagging"), "DeleteJobTagging");
        assert_eq!(named("DELETE", "jobs/1-2"), "Unknown");
        let block = "configuration/publicAccessBlock";
        assert_eq!(named("PUT", block), "PutPublicAccessBlock");
    }

    #[test]
    fn a_virtual_host_names_the_bucket() {
        let named = named("GET", "orders.s3.eu-west-1.amazonaws.com", "/k", false);
        assert_eq!(named, ("orders/k".to_owned(), "GetObject"));
    }
}
