//! The table of a bucket's configuration subresources: names, actions and not-found answers.
//!
//! Actions are those of the Service Authorization Reference for S3; texts of the not-found
//! errors as S3 answers them.

/// One kind of configuration document of a bucket.
#[derive(Debug)]
pub(crate) struct Subresource {
    /// The query parameter that names it.
    pub(crate) query: &'static str,
    /// Name of the root element.
    pub(crate) root: &'static str,
    pub(crate) get: &'static str,
    pub(crate) put: Option<&'static str>,
    pub(crate) delete: Option<&'static str>,
    /// What GET answers where nothing is stored.
    pub(crate) absent: Absent,
    /// The bucket holds many, told apart by the query parameter `id`.
    pub(crate) many: bool,
}

/// What GET answers where nothing is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Absent {
    /// This document, without its declaration.
    Document(&'static str),
    /// 404 with this code and message.
    Error(&'static str, &'static str),
}

const NO_CONFIGURATION: Absent = Absent::Error(
    "NoSuchConfiguration",
    "The specified configuration does not exist.",
);

const PLAIN: Subresource = Subresource {
    query: "",
    root: "",
    get: "",
    put: None,
    delete: None,
    absent: NO_CONFIGURATION,
    many: false,
};

/// Every subresource kept as a document. `location` and `policyStatus` are computed elsewhere.
pub(crate) const SUBRESOURCES: &[Subresource] = &[
    Subresource {
        query: "accelerate",
        root: "AccelerateConfiguration",
        get: "s3:GetAccelerateConfiguration",
        put: Some("s3:PutAccelerateConfiguration"),
        absent: Absent::Document(
            "<AccelerateConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>",
        ),
        ..PLAIN
    },
    Subresource {
        query: "acl",
        root: "AccessControlPolicy",
        get: "s3:GetBucketAcl",
        put: Some("s3:PutBucketAcl"),
        // Computed from the owner; see `acl`.
        absent: Absent::Document(""),
        ..PLAIN
    },
    Subresource {
        query: "analytics",
        root: "AnalyticsConfiguration",
        get: "s3:GetAnalyticsConfiguration",
        put: Some("s3:PutAnalyticsConfiguration"),
        delete: Some("s3:PutAnalyticsConfiguration"),
        many: true,
        ..PLAIN
    },
    Subresource {
        query: "cors",
        root: "CORSConfiguration",
        get: "s3:GetBucketCORS",
        put: Some("s3:PutBucketCORS"),
        delete: Some("s3:PutBucketCORS"),
        absent: Absent::Error(
            "NoSuchCORSConfiguration",
            "The CORS configuration does not exist",
        ),
        ..PLAIN
    },
    Subresource {
        query: "encryption",
        root: "ServerSideEncryptionConfiguration",
        get: "s3:GetEncryptionConfiguration",
        put: Some("s3:PutEncryptionConfiguration"),
        delete: Some("s3:PutEncryptionConfiguration"),
        absent: Absent::Error(
            "ServerSideEncryptionConfigurationNotFoundError",
            "The server side encryption configuration was not found",
        ),
        ..PLAIN
    },
    Subresource {
        query: "intelligent-tiering",
        root: "IntelligentTieringConfiguration",
        get: "s3:GetIntelligentTieringConfiguration",
        put: Some("s3:PutIntelligentTieringConfiguration"),
        delete: Some("s3:PutIntelligentTieringConfiguration"),
        many: true,
        ..PLAIN
    },
    Subresource {
        query: "inventory",
        root: "InventoryConfiguration",
        get: "s3:GetInventoryConfiguration",
        put: Some("s3:PutInventoryConfiguration"),
        delete: Some("s3:PutInventoryConfiguration"),
        many: true,
        ..PLAIN
    },
    Subresource {
        query: "lifecycle",
        root: "LifecycleConfiguration",
        get: "s3:GetLifecycleConfiguration",
        put: Some("s3:PutLifecycleConfiguration"),
        delete: Some("s3:PutLifecycleConfiguration"),
        absent: Absent::Error(
            "NoSuchLifecycleConfiguration",
            "The lifecycle configuration does not exist",
        ),
        ..PLAIN
    },
    Subresource {
        query: "logging",
        root: "BucketLoggingStatus",
        get: "s3:GetBucketLogging",
        put: Some("s3:PutBucketLogging"),
        absent: Absent::Document(
            "<BucketLoggingStatus xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>",
        ),
        ..PLAIN
    },
    Subresource {
        query: "metrics",
        root: "MetricsConfiguration",
        get: "s3:GetMetricsConfiguration",
        put: Some("s3:PutMetricsConfiguration"),
        delete: Some("s3:PutMetricsConfiguration"),
        many: true,
        ..PLAIN
    },
    Subresource {
        query: "notification",
        root: "NotificationConfiguration",
        get: "s3:GetBucketNotification",
        put: Some("s3:PutBucketNotification"),
        absent: Absent::Document(
            "<NotificationConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>",
        ),
        ..PLAIN
    },
    Subresource {
        query: "object-lock",
        root: "ObjectLockConfiguration",
        get: "s3:GetBucketObjectLockConfiguration",
        put: Some("s3:PutBucketObjectLockConfiguration"),
        absent: Absent::Error(
            "ObjectLockConfigurationNotFoundError",
            "Object Lock configuration does not exist for this bucket",
        ),
        ..PLAIN
    },
    Subresource {
        query: "ownershipControls",
        root: "OwnershipControls",
        get: "s3:GetBucketOwnershipControls",
        put: Some("s3:PutBucketOwnershipControls"),
        delete: Some("s3:PutBucketOwnershipControls"),
        absent: Absent::Error(
            "OwnershipControlsNotFoundError",
            "The bucket ownership controls were not found",
        ),
        ..PLAIN
    },
    Subresource {
        query: "policy",
        get: "s3:GetBucketPolicy",
        put: Some("s3:PutBucketPolicy"),
        delete: Some("s3:DeleteBucketPolicy"),
        absent: Absent::Error("NoSuchBucketPolicy", "The bucket policy does not exist"),
        ..PLAIN
    },
    Subresource {
        query: "publicAccessBlock",
        root: "PublicAccessBlockConfiguration",
        get: "s3:GetBucketPublicAccessBlock",
        put: Some("s3:PutBucketPublicAccessBlock"),
        delete: Some("s3:PutBucketPublicAccessBlock"),
        absent: Absent::Error(
            "NoSuchPublicAccessBlockConfiguration",
            "The public access block configuration was not found",
        ),
        ..PLAIN
    },
    Subresource {
        query: "replication",
        root: "ReplicationConfiguration",
        get: "s3:GetReplicationConfiguration",
        put: Some("s3:PutReplicationConfiguration"),
        delete: Some("s3:PutReplicationConfiguration"),
        absent: Absent::Error(
            "ReplicationConfigurationNotFoundError",
            "The replication configuration was not found",
        ),
        ..PLAIN
    },
    Subresource {
        query: "requestPayment",
        root: "RequestPaymentConfiguration",
        get: "s3:GetBucketRequestPayment",
        put: Some("s3:PutBucketRequestPayment"),
        absent: Absent::Document(
            "<RequestPaymentConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Payer>BucketOwner</Payer></RequestPaymentConfiguration>",
        ),
        ..PLAIN
    },
    Subresource {
        query: "tagging",
        root: "Tagging",
        get: "s3:GetBucketTagging",
        put: Some("s3:PutBucketTagging"),
        delete: Some("s3:PutBucketTagging"),
        absent: Absent::Error("NoSuchTagSet", "The TagSet does not exist"),
        ..PLAIN
    },
    Subresource {
        query: "versioning",
        root: "VersioningConfiguration",
        get: "s3:GetBucketVersioning",
        put: Some("s3:PutBucketVersioning"),
        absent: Absent::Document(
            "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>",
        ),
        ..PLAIN
    },
    Subresource {
        query: "website",
        root: "WebsiteConfiguration",
        get: "s3:GetBucketWebsite",
        put: Some("s3:PutBucketWebsite"),
        delete: Some("s3:DeleteBucketWebsite"),
        absent: Absent::Error(
            "NoSuchWebsiteConfiguration",
            "The specified bucket does not have a website configuration",
        ),
        ..PLAIN
    },
];

impl Subresource {
    /// Finds the subresource a query names.
    pub(crate) fn find(has: impl Fn(&str) -> bool) -> Option<&'static Self> {
        SUBRESOURCES
            .iter()
            .find(|subresource| has(subresource.query))
    }
}
