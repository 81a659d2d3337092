//! What the codes mean with which objects fail to be replicated (UG:replication-failure-codes), each with what to do about it.

/// A failure code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureCode {
    /// The code, as reports and events have it.
    pub code: &'static str,
    /// What is wrong.
    pub cause: &'static str,
    /// What mends it.
    pub fix: &'static str,
    /// Whether such an object is missing nothing: there is nothing of it that could be copied.
    pub is_harmless: bool,
}

const fn row(code: &'static str, cause: &'static str, fix: &'static str) -> FailureCode {
    FailureCode {
        code,
        cause,
        fix,
        is_harmless: false,
    }
}

/// The way out where a grant of s3ferry's own is missing.
const PLAN: &str = "plan: what s3ferry grants is put back by an apply; beyond it look at the role's permissions boundary, at \
                    service control policies, and at Denies in the policies of the bucket and the key";

/// Every code that AWS documents.
pub const FAILURE_CODES: [FailureCode; 28] = [
    row(
        "AssumeRoleNotPermitted",
        "S3 may not assume the replication role: sts:AssumeRole for s3.amazonaws.com is missing in its trust policy",
        PLAN,
    ),
    row(
        "DstBucketInvalidRegion",
        "the destination bucket is in another Region than the job thinks",
        "look at the destination's Region in the spec",
    ),
    row(
        "DstBucketNotFound",
        "the destination bucket is not there",
        "make it again, or let the spec make it: destination: { create: true }",
    ),
    row(
        "DstBucketObjectLockConfigMissing",
        "the source bucket has Object Lock and the destination bucket has not",
        "enable Object Lock on the destination bucket",
    ),
    row(
        "DstBucketUnversioned",
        "versioning of the destination bucket is suspended",
        "apply: versioning is switched on again",
    ),
    row(
        "DstDelObjNotPermitted",
        "the replication role may not replicate delete markers: s3:ReplicateDelete on the destination's objects is missing, in the role's policy or in the bucket's",
        PLAN,
    ),
    row(
        "DstKmsKeyInvalidState",
        "the key of the replicas is disabled or about to be deleted",
        "enable the key, or name another as replica_key",
    ),
    row(
        "DstKmsKeyNotFound",
        "the key of the replicas is not there",
        "name a key of the destination's account and Region as replica_key",
    ),
    row(
        "DstMultipartCompleteNotPermitted",
        "the replication role may not end a multipart upload of a replica: s3:ReplicateObject on the destination's objects is missing, in the role's policy or in the bucket's",
        PLAN,
    ),
    row(
        "DstMultipartInitNotPermitted",
        "the replication role may not begin a multipart upload of a replica: s3:ReplicateObject on the destination's objects is missing, in the role's policy or in the bucket's",
        PLAN,
    ),
    row(
        "DstMultipartPartUploadNotPermitted",
        "the replication role may not upload parts of a replica: s3:ReplicateObject on the destination's objects is missing, in the role's policy or in the bucket's",
        PLAN,
    ),
    row(
        "DstObjectHardDeleted",
        "the replica of this version was there and was deleted for good: S3 does not make it again",
        "copy these versions by hand under the same keys, or leave them: no job brings them back",
    ),
    row(
        "DstPutAclNotPermitted",
        "the replication role may not give replicas to the destination's account: s3:ObjectOwnerOverrideToBucketOwner on the destination's objects is missing, in the role's policy or in the bucket's",
        PLAN,
    ),
    row(
        "DstPutLegalHoldNotPermitted",
        "the replication role may not put a legal hold on replicas: s3:PutObjectLegalHold on the destination's objects is missing",
        PLAN,
    ),
    row(
        "DstPutObjectNotPermitted",
        "the replication role may not write replicas: s3:ReplicateObject on the destination's objects, or the use of the replica key, is missing, in the role's policy, the bucket's or the key's",
        PLAN,
    ),
    row(
        "DstPutTaggingNotPermitted",
        "the replication role may not tag replicas: s3:ReplicateTags on the destination's objects is missing, in the role's policy or in the bucket's",
        PLAN,
    ),
    row(
        "DstVersionNotFound",
        "the version at the destination whose metadata shall change is not there",
        "compare both sides: s3ferry verify",
    ),
    row(
        "InitiateReplicationNotPermitted",
        "the role of the job may not ask for replication: s3:InitiateReplication on the source's objects is missing in its policy",
        PLAN,
    ),
    row(
        "SrcBucketInvalidRegion",
        "the source bucket is in another Region than the job",
        "look at the source's Region in the spec",
    ),
    row(
        "SrcBucketNotFound",
        "the source bucket is not there",
        "look who deleted it",
    ),
    row(
        "SrcBucketReplicationConfigMissing",
        "the source bucket has no replication configuration any more",
        "apply: the rules are put back",
    ),
    row(
        "SrcGetAclNotPermitted",
        "the replication role may not read permissions of objects: s3:GetObjectVersionAcl on the source's objects is missing",
        PLAN,
    ),
    row(
        "SrcGetObjectNotPermitted",
        "the replication role may not read objects: s3:GetObjectVersionForReplication on the source's objects, or kms:Decrypt on their key, is missing",
        PLAN,
    ),
    row(
        "SrcGetTaggingNotPermitted",
        "the replication role may not read tags: s3:GetObjectVersionTagging on the source's objects is missing",
        PLAN,
    ),
    row(
        "SrcHeadObjectNotPermitted",
        "the replication role may not look at objects: s3:GetObjectVersionForReplication or s3:ListBucket of the source is missing",
        PLAN,
    ),
    row(
        "SrcKmsKeyInvalidState",
        "the key that objects are encrypted with is disabled, about to be deleted, or gone",
        "enable the key; what a deleted key encrypted cannot be read by anybody any more",
    ),
    row(
        "SrcObjectNotEligible",
        "no rule covers the object any more, or it is archived, or encrypted in a way that the rule does not select",
        "restore what is archived; look at the rules' filters and source_kms",
    ),
    FailureCode {
        is_harmless: true,
        ..row(
            "SrcVersionNotFound",
            "the version was deleted since the list was made",
            "nothing needs to be done: there is nothing to copy any more",
        )
    },
];

/// What a code means; none for one that AWS has not documented.
#[must_use]
pub fn failure_code(code: &str) -> Option<&'static FailureCode> {
    FAILURE_CODES.iter().find(|of| of.code == code)
}
