//! What the call log says, as CloudTrail tells it (UGweb:cloudtrail-event-reference-record-contents).

use serde_json::{Map, Value, json};

use crate::authority::{Caller, CallerKind};
use crate::call_log::Told;
use crate::clock::iso_seconds as iso;
use crate::wire::Form;

/// An event, with what selectors and lookups ask of it.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) told: Told,
    pub(crate) name: String,
    /// As `s3.amazonaws.com`.
    pub(crate) source: String,
    pub(crate) region: String,
    pub(crate) read_only: bool,
    pub(crate) kind: Kind,
    /// Of a service that is everywhere, as IAM.
    pub(crate) global: bool,
}

/// What is done to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Management,
    /// With bucket and key; a key is empty where the call is about the bucket's objects.
    Data {
        bucket: String,
        key: String,
    },
}

/// The calls of S3 that are data events, and the name they go by (UG:cloudtrail-logging-s3-info, "object-level actions").
/// Tagging, retention, legal holds and restores of objects stand there in later texts.
const DATA: [(&str, &str); 31] = [
    ("AbortMultipartUpload", "AbortMultipartUpload"),
    ("CompleteMultipartUpload", "CompleteMultipartUpload"),
    ("CopyObject", "CopyObject"),
    ("CreateMultipartUpload", "CreateMultipartUpload"),
    ("DeleteObject", "DeleteObject"),
    ("DeleteObjects", "DeleteObjects"),
    ("DeleteObjectTagging", "DeleteObjectTagging"),
    ("GetObject", "GetObject"),
    ("GetObjectAcl", "GetObjectAcl"),
    ("GetObjectAttributes", "GetObjectAttributes"),
    ("GetObjectLegalHold", "GetObjectLegalHold"),
    ("GetObjectRetention", "GetObjectRetention"),
    ("GetObjectTagging", "GetObjectTagging"),
    ("GetObjectTorrent", "GetObjectTorrent"),
    ("HeadBucket", "HeadBucket"),
    ("HeadObject", "HeadObject"),
    ("ListMultipartUploads", "ListMultipartUploads"),
    ("ListObjects", "ListObjects"),
    ("ListObjectsV2", "ListObjects"),
    ("ListObjectVersions", "ListObjectVersions"),
    ("ListParts", "ListParts"),
    ("PostObject", "PostObject"),
    ("PutObject", "PutObject"),
    ("PutObjectAcl", "PutObjectAcl"),
    ("PutObjectLegalHold", "PutObjectLegalHold"),
    ("PutObjectRetention", "PutObjectRetention"),
    ("PutObjectTagging", "PutObjectTagging"),
    ("RestoreObject", "RestoreObject"),
    ("SelectObjectContent", "SelectObjectContent"),
    ("UploadPart", "UploadPart"),
    ("UploadPartCopy", "UploadPartCopy"),
];

/// The calls of other services that are data events, of which nothing is told: no selector here means topics or metrics
/// (UGweb:logging-data-events-with-cloudtrail for `Publish`; which calls on metrics are is unverified).
const UNTOLD: [(&str, &str); 3] = [
    ("monitoring", "GetMetricData"),
    ("monitoring", "PutMetricData"),
    ("sns", "Publish"),
];

/// The calls on buckets whose events have other names than the API (same page, "bucket-level actions").
const RENAMED: [(&str, &str); 9] = [
    ("DeletePublicAccessBlock", "DeleteBucketPublicAccessBlock"),
    ("GetBucketLifecycleConfiguration", "GetBucketLifecycle"),
    (
        "GetBucketNotificationConfiguration",
        "GetBucketNotification",
    ),
    ("GetPublicAccessBlock", "GetBucketPublicAccessBlock"),
    ("PutBucketLifecycleConfiguration", "PutBucketLifecycle"),
    (
        "PutBucketNotificationConfiguration",
        "PutBucketNotification",
    ),
    ("PutPublicAccessBlock", "PutBucketPublicAccessBlock"),
    (
        "GetObjectLockConfiguration",
        "GetBucketObjectLockConfiguration",
    ),
    (
        "PutObjectLockConfiguration",
        "PutBucketObjectLockConfiguration",
    ),
];

/// Calls that only read, though their names do not begin so.
const READS: [&str; 14] = [
    "Get",
    "List",
    "Head",
    "Describe",
    "Lookup",
    "Simulate",
    "Decrypt",
    "Encrypt",
    "ReEncrypt",
    "GenerateDataKey",
    "AssumeRole",
    "Select",
    "Search",
    "Batch",
];

impl Event {
    /// Reads a call; none where CloudTrail has no event of it: data events of other services than S3, calls that were not
    /// authenticated, and those that got no answer ("CloudTrail doesn't deliver logs for requests in which authentication fails", UG:cloudtrail-logging).
    pub(crate) fn of(told: Told) -> Option<Self> {
        let (call, more) = (&told.call, &told.more);
        let known = more.of_aws || more.caller.is_some();
        let anonymous = call.service == "s3" && more.access_key.is_empty();
        if UNTOLD.contains(&(call.service.as_str(), call.operation.as_str()))
            || call.status == 0
            || !(known || anonymous)
            || is_unauthenticated(call.error_code.as_deref())
        {
            return None;
        }
        let source = match call.service.as_str() {
            "s3" | "s3control" => "s3.amazonaws.com".to_owned(),
            service => format!("{service}.amazonaws.com"),
        };
        let (name, kind) = named(&told);
        let global = call.service == "iam";
        let region = match call.region.as_str() {
            _ if global => "us-east-1",
            "" => "us-east-1",
            region => region,
        };
        Some(Self {
            read_only: READS.iter().any(|start| name.starts_with(start)),
            region: region.to_owned(),
            name,
            source,
            kind,
            global,
            told,
        })
    }

    /// The account whose event it is, and that of the caller.
    pub(crate) fn caller_account(&self) -> &str {
        &self.told.call.account
    }

    /// Returns what a selector of data events is held against.
    pub(crate) fn arn(&self) -> Option<String> {
        match &self.kind {
            Kind::Management => None,
            Kind::Data { bucket, key } => Some(format!("arn:aws:s3:::{bucket}/{key}")),
        }
    }

    /// The bucket it is about, if any.
    pub(crate) fn bucket(&self) -> Option<&str> {
        if self.source != "s3.amazonaws.com" {
            return None;
        }
        let bucket = self.told.call.resource.split('/').next();
        bucket.filter(|bucket| !bucket.is_empty())
    }

    /// An id that is the same whoever asks, whenever.
    pub(crate) fn id(&self, seed: u64) -> String {
        crate::ids::Ids::new(seed, &format!("event {}", self.told.serial)).uuid()
    }

    /// Writes it for an account that gets it.
    pub(crate) fn record(&self, seed: u64, recipient: &str, bucket_owner: Option<&str>) -> Value {
        let Told {
            call,
            more,
            replied,
            ..
        } = &self.told;
        let mut record = Map::new();
        let mut put = |name: &str, value: Value| {
            record.insert(name.to_owned(), value);
        };
        let by_aws = more.of_aws;
        put("eventVersion", json!("1.11"));
        put(
            "userIdentity",
            identity(more.caller.as_ref(), &more.access_key, by_aws),
        );
        put("eventTime", json!(iso(more.at)));
        put("eventSource", json!(self.source));
        put("eventName", json!(self.name));
        put("awsRegion", json!(self.region));
        let of_aws = "s3.amazonaws.com";
        put(
            "sourceIPAddress",
            json!(if by_aws { of_aws } else { "127.0.0.1" }),
        );
        let agent = if by_aws {
            of_aws.to_owned()
        } else {
            more.user_agent.clone()
        };
        put("userAgent", json!(agent));
        if let Some(code) = &call.error_code {
            put("errorCode", json!(code));
            put("errorMessage", json!(replied.message));
        }
        put("requestParameters", self.parameters());
        let version = Some(&replied.version_id).filter(|id| !id.is_empty() && !self.read_only);
        let elements = version.map(|id| json!({ "x-amz-version-id": id }));
        put("responseElements", elements.unwrap_or(Value::Null));
        if self.source == "s3.amazonaws.com" {
            put("additionalEventData", self.additional());
        }
        put("requestID", json!(replied.request_id));
        put("eventID", json!(self.id(seed)));
        put("readOnly", json!(self.read_only));
        if let Kind::Data { bucket, key } = &self.kind {
            let place = format!("arn:aws:s3:::{bucket}");
            let owner =
                json!({ "accountId": bucket_owner, "type": "AWS::S3::Bucket", "ARN": place });
            let object = match key.as_str() {
                "" => json!({ "type": "AWS::S3::Object", "ARNPrefix": format!("{place}/") }),
                key => json!({ "type": "AWS::S3::Object", "ARN": format!("{place}/{key}") }),
            };
            put("resources", json!([object, owner]));
        }
        put("eventType", json!("AwsApiCall"));
        let management = self.kind == Kind::Management;
        put("managementEvent", json!(management));
        put("recipientAccountId", json!(recipient));
        if recipient != self.caller_account() {
            put(
                "sharedEventID",
                json!(crate::ids::Ids::new(seed, &format!("shared {}", self.told.serial)).uuid()),
            );
        }
        put(
            "eventCategory",
            json!(if management { "Management" } else { "Data" }),
        );
        Value::Object(record)
    }

    /// Of S3 the bucket, the key, query and headers; documents that a call carries are not shown. Of the others their input.
    pub(crate) fn parameters(&self) -> Value {
        let Told { call, more, .. } = &self.told;
        if self.source != "s3.amazonaws.com" {
            let input = serde_json::from_str(&more.input).unwrap_or(Value::Null);
            return lowered(input);
        }
        let mut parameters = Map::new();
        let (bucket, key) = call
            .resource
            .split_once('/')
            .unwrap_or((&call.resource, ""));
        let mut put = |name: &str, value: &str| {
            parameters.insert(name.to_owned(), json!(value));
        };
        if !bucket.is_empty() {
            put("bucketName", bucket);
        }
        put("Host", &more.host);
        if !key.is_empty() {
            put("key", key);
        }
        let query = more.uri.split_once('?').map_or("", |(_, query)| query);
        let form = Form::parse(query);
        for (name, value) in form
            .iter()
            .filter(|(name, _)| !name.to_ascii_lowercase().starts_with("x-"))
        {
            put(name, value);
        }
        for (name, value) in &more.headers {
            put(name, value);
        }
        Value::Object(parameters)
    }

    fn additional(&self) -> Value {
        let Told { more, replied, .. } = &self.told;
        let signature = if more.auth_type.is_empty() {
            "-"
        } else {
            "SigV4"
        };
        json!({
            "SignatureVersion": signature, "AuthenticationMethod": more.auth_type,
            "bytesTransferredIn": more.received, "bytesTransferredOut": replied.sent, "x-amz-id-2": replied.host_id,
        })
    }
}

/// What S3 and the other services answer to keys, tokens and signatures that open nothing.
fn is_unauthenticated(code: Option<&str>) -> bool {
    const CODES: [&str; 13] = [
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "InvalidToken",
        "ExpiredToken",
        "RequestTimeTooSkewed",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "ExpiredTokenException",
        "MissingAuthenticationTokenException",
        "AuthorizationQueryParametersError",
        "UnknownService",
    ];
    code.is_some_and(|code| CODES.contains(&code))
}

fn named(told: &Told) -> (String, Kind) {
    let (service, operation) = (told.call.service.as_str(), told.call.operation.as_str());
    let of = |table: &[(&str, &str)]| {
        let row = table.iter().find(|(api, _)| *api == operation);
        row.map(|(_, name)| (*name).to_owned())
    };
    match service {
        "s3control" => {
            let name = operation.replace("PublicAccessBlock", "AccountPublicAccessBlock");
            (name, Kind::Management)
        }
        "s3" => match of(&DATA) {
            Some(name) => {
                let resource = told.call.resource.as_str();
                let (bucket, key) = resource.split_once('/').unwrap_or((resource, ""));
                let kind = Kind::Data {
                    bucket: bucket.to_owned(),
                    key: key.to_owned(),
                };
                (name, kind)
            }
            None => (
                of(&RENAMED).unwrap_or_else(|| operation.to_owned()),
                Kind::Management,
            ),
        },
        _ => (operation.to_owned(), Kind::Management),
    }
}

/// UGweb:cloudtrail-event-reference-user-identity.
fn identity(caller: Option<&Caller>, access_key: &str, by_aws: bool) -> Value {
    let Some(caller) = caller else {
        if by_aws {
            return json!({ "type": "AWSService", "invokedBy": "s3.amazonaws.com" });
        }
        return json!({ "type": "AWSAccount", "principalId": "", "accountId": "anonymous" });
    };
    let mut identity = json!({
        "principalId": caller.user_id, "arn": caller.arn, "accountId": caller.account,
    });
    let name = caller.principal_arn.rsplit('/').next().unwrap_or_default();
    match caller.kind {
        CallerKind::Root => identity["type"] = json!("Root"),
        CallerKind::User => {
            identity["type"] = json!("IAMUser");
            identity["userName"] = json!(name);
        }
        CallerKind::AssumedRole => {
            identity["type"] = json!("AssumedRole");
            identity["sessionContext"] = json!({
                "sessionIssuer": {
                    "type": "Role", "principalId": caller.principal_id, "arn": caller.principal_arn,
                    "accountId": caller.account, "userName": name,
                },
                "attributes": { "mfaAuthenticated": "false" },
            });
        }
        CallerKind::Anonymous => {
            return json!({ "type": "AWSAccount", "principalId": "", "accountId": "anonymous" });
        }
        CallerKind::Service => return json!({ "type": "AWSService", "invokedBy": caller.arn }),
    }
    if by_aws {
        identity["invokedBy"] = json!("s3.amazonaws.com");
    } else {
        identity["accessKeyId"] = json!(access_key);
    }
    identity
}

/// Names of parameters begin in lower case in events.
fn lowered(input: Value) -> Value {
    match input {
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| {
                let mut chars = name.chars();
                let first = chars.next().map(|char| char.to_ascii_lowercase());
                (
                    first.into_iter().chain(chars).collect::<String>(),
                    lowered(value),
                )
            });
            Value::Object(fields.collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(lowered).collect()),
        other => other,
    }
}
