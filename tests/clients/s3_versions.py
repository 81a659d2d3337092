"""Judges what holds versions, with boto3: Object Lock, MFA Delete, how replicas are encrypted, and how versions are listed."""

import datetime
import re

import boto3
from botocore.config import Config

from s3_world import (
    DESTINATION,
    ONCE,
    REGION,
    SOURCE,
    Pair,
    control,
    create_bucket,
    create_key,
    document,
    enable_versioning,
    expect,
    refused,
    rule,
    session,
)

BODY = b"one body"
LOCKED = "Access Denied because object protected by object lock."
NO_LOCK = "NoSuchObjectLockConfiguration"


def in_days(days):
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0) + datetime.timedelta(days=days)


def retain(s3, bucket, mode="GOVERNANCE", days=1):
    retention = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": mode, "Days": days}}}
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=retention)


def a_lock_holds_versions_and_who_may_pass_over_it():
    s3, bucket = session(SOURCE).client("s3", config=ONCE), "judge-locked"
    create_bucket(s3, bucket, SOURCE, ObjectLockEnabledForBucket=True)
    retain(s3, bucket)
    held = {"Bucket": bucket, "Key": "held"}
    id = s3.put_object(Body=BODY, **held)["VersionId"]
    head = s3.head_object(**held)
    expect(head["ObjectLockMode"], "GOVERNANCE", "mode by default")
    expect("ObjectLockLegalHoldStatus" in head, False, "a legal hold that never was")
    refused(NO_LOCK, None, s3.get_object_legal_hold, **held)
    refused("AccessDenied", LOCKED, s3.delete_object, VersionId=id, **held)
    gone = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "held", "VersionId": id}]})
    expect(gone["Errors"][0]["Message"], LOCKED, "message of DeleteObjects")
    # Without a version a marker comes on top, which nothing holds.
    marker = s3.delete_object(**held)["VersionId"]
    s3.delete_object(VersionId=marker, **held)

    shorter = {"Mode": "GOVERNANCE", "RetainUntilDate": in_days(0.5)}
    refused("AccessDenied", LOCKED, s3.put_object_retention, Retention=shorter, **held)
    refused("AccessDenied", LOCKED, s3.put_object_retention, Retention={}, **held)
    past = {"Mode": "GOVERNANCE", "RetainUntilDate": in_days(-1)}
    refused("InvalidArgument", None, s3.put_object_retention, Retention=past, **held)
    s3.put_object_retention(Retention={"Mode": "GOVERNANCE", "RetainUntilDate": in_days(3)}, **held)

    for status in ["ON", "OFF"]:
        s3.put_object_legal_hold(LegalHold={"Status": status}, **held)
        expect(s3.head_object(**held)["ObjectLockLegalHoldStatus"], status, "legal hold on HEAD")
        expect(s3.get_object(**held)["ObjectLockLegalHoldStatus"], status, "legal hold on GET")
        expect(s3.get_object_legal_hold(**held)["LegalHold"]["Status"], status, "legal hold by its own call")
        if status == "ON":
            bypass = {"BypassGovernanceRetention": True}
            refused("AccessDenied", LOCKED, s3.delete_object, VersionId=id, **bypass, **held)

    # Who has no permission for the bypass is held as without the header; HEAD shows what may be seen.
    iam = session(SOURCE).client("iam", config=ONCE)
    trust = {"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="judge-no-bypass", AssumeRolePolicyDocument=document(trust))
    actions = ["s3:GetObject", "s3:DeleteObjectVersion", "s3:GetObjectRetention"]
    allow = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    iam.put_role_policy(RoleName="judge-no-bypass", PolicyName="p", PolicyDocument=document(allow))
    few = session(SOURCE, "judge-no-bypass").client("s3", config=ONCE)
    head = few.head_object(**held)
    expect(("ObjectLockMode" in head, "ObjectLockLegalHoldStatus" in head), (True, False), "headers by permission")
    refused("AccessDenied", LOCKED, few.delete_object, VersionId=id, BypassGovernanceRetention=True, **held)
    s3.delete_object(VersionId=id, BypassGovernanceRetention=True, **held)

    until = in_days(2)
    id = s3.put_object(Body=BODY, ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until, **held)["VersionId"]
    refused("AccessDenied", LOCKED, s3.delete_object, VersionId=id, BypassGovernanceRetention=True, **held)
    weaker = {"Mode": "GOVERNANCE", "RetainUntilDate": in_days(5)}
    refused("AccessDenied", LOCKED, s3.put_object_retention, Retention=weaker, BypassGovernanceRetention=True, **held)


def a_destination_with_retention_holds_replicas():
    pair = Pair("judge-retained")
    pair.replicate()
    pair.to_s3.put_object_lock_configuration(
        Bucket=pair.destination, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}
    )
    retain(pair.to_s3, pair.destination)
    id = pair.put("canary", Body=BODY)["VersionId"]
    pair.wait("canary")
    head = pair.to_s3.head_object(Bucket=pair.destination, Key="canary")
    expect(head["ObjectLockMode"], "GOVERNANCE", "mode of a replica whose source is not held")
    refused("AccessDenied", LOCKED, pair.to_s3.delete_object, Bucket=pair.destination, Key="canary", VersionId=id)
    pair.from_s3.delete_object(Bucket=pair.source, Key="canary", VersionId=id)


def mfa_delete_needs_a_code_of_the_root():
    root = boto3.client("s3", config=Config(retries={"total_max_attempts": 1}), region_name=REGION[SOURCE])
    admin, bucket = session(SOURCE).client("s3", config=ONCE), "judge-mfa"
    create_bucket(root, bucket, SOURCE)
    on = {"Status": "Enabled", "MFADelete": "Enabled"}
    mfa = f"arn:aws:iam::{SOURCE}:mfa/root-account-mfa-device 123456"
    words = "Mfa Authentication must be used for this request"
    refused("AccessDenied", words, root.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=on)
    refused("AccessDenied", words, admin.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=on, MFA=mfa)
    root.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=on, MFA=mfa)
    expect(admin.get_bucket_versioning(Bucket=bucket)["MFADelete"], "Enabled", "MFA Delete")
    suspend = {"Status": "Suspended", "MFADelete": "Enabled"}
    refused("AccessDenied", words, admin.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=suspend)
    id = admin.put_object(Bucket=bucket, Key="k", Body=BODY)["VersionId"]
    version = {"Bucket": bucket, "Key": "k", "VersionId": id}
    refused("AccessDenied", words, admin.delete_object, **version)
    refused("AccessDenied", words, admin.delete_object, MFA=mfa, **version)
    both = {"Objects": [{"Key": "other"}, {"Key": "k", "VersionId": id}]}
    refused("AccessDenied", words, admin.delete_objects, Bucket=bucket, Delete=both)
    admin.delete_object(Bucket=bucket, Key="k")
    root.delete_object(MFA=mfa, **version)


def replicas_are_encrypted_as_their_sources():
    pair = Pair("judge-encryption")
    key = create_key(DESTINATION, SOURCE)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]}
    pair.to_s3.put_bucket_encryption(Bucket=pair.destination, ServerSideEncryptionConfiguration=encryption)
    pair.replicate()
    pair.put("plain", Body=BODY)
    pair.wait("plain")
    replica = pair.to_s3.head_object(Bucket=pair.destination, Key="plain")
    expect(replica["ServerSideEncryption"], "AES256", "encryption of a replica of an SSE-S3 object")

    source_key = create_key(SOURCE)
    target = {"Bucket": f"arn:aws:s3:::{pair.destination}", "EncryptionConfiguration": {"ReplicaKmsKeyID": key}}
    opted_in = {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
    pair.replicate(rule(pair.destination, SourceSelectionCriteria=opted_in, Destination=target))
    read = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": source_key}
    write = {"Effect": "Allow", "Action": ["kms:Encrypt", "kms:GenerateDataKey"], "Resource": key}
    check = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key}
    check["Condition"] = {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{pair.destination}"}}
    secret = {"Body": BODY, "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": source_key}
    pair.grant(more=[read, write])
    pair.put("own-data-key", **secret)
    pair.wait("own-data-key")
    pair.put("unchecked", BucketKeyEnabled=True, **secret)
    pair.wait("unchecked", "FAILED")
    pair.grant(more=[read, write, check])
    pair.put("bucket-key", BucketKeyEnabled=True, **secret)
    pair.wait("bucket-key")
    shown = {
        name: pair.to_s3.head_object(Bucket=pair.destination, Key=name).get("BucketKeyEnabled", False)
        for name in ["own-data-key", "bucket-key"]
    }
    expect(shown, {"own-data-key": False, "bucket-key": True}, "bucket keys of the replicas")


def versions_and_markers_come_in_one_order():
    s3, bucket = session(SOURCE).client("s3", config=ONCE), "judge-listed"
    create_bucket(s3, bucket, SOURCE)
    enable_versioning(s3, bucket)
    for key in ["a b", "a+b", "c/1"]:
        s3.put_object(Bucket=bucket, Key=key, Body=BODY)
        s3.delete_object(Bucket=bucket, Key=key)
        s3.put_object(Bucket=bucket, Key=key, Body=BODY)
    bodies = []
    s3.meta.events.register(
        "before-parse.s3.ListObjectVersions", lambda response_dict, **_: bodies.append(response_dict["body"].decode())
    )
    s3.list_object_versions(Bucket=bucket, EncodingType="url")
    entries = re.findall("<(Version|DeleteMarker)><Key>([^<]*)</Key>", bodies[0])
    wanted = [(kind, key) for key in ["a+b", "a%2Bb", "c/1"] for kind in ["Version", "DeleteMarker", "Version"]]
    expect(entries, wanted, "entries in the order of the document")
    # boto3 asks for the encoding by itself and takes it back.
    for size in [1, 2, 4, 1000]:
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": size})
        versions, markers = [], []
        for page in pages:
            versions += [(entry["Key"], entry["IsLatest"], entry["ETag"]) for entry in page.get("Versions", [])]
            markers += [entry["Key"] for entry in page.get("DeleteMarkers", [])]
        expect([key for key, _, _ in versions], ["a b", "a b", "a+b", "a+b", "c/1", "c/1"], f"versions in pages of {size}")
        expect([latest for _, latest, _ in versions], [True, False] * 3, f"latest in pages of {size}")
        expect(markers, ["a b", "a+b", "c/1"], f"markers in pages of {size}")
    folders = s3.list_object_versions(Bucket=bucket, Delimiter="/", MaxKeys=1000)
    expect([entry["Prefix"] for entry in folders["CommonPrefixes"]], ["c/"], "common prefixes of versions")
    expect([entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]], ["a b", "a+b", "c/1"], "keys")
    refused("InvalidArgument", None, s3.list_object_versions, Bucket=bucket, VersionIdMarker="x")
    other = session(DESTINATION).client("s3", config=ONCE, region_name=REGION[SOURCE])
    refused("AccessDenied", None, other.list_object_versions, Bucket=bucket)
    refused("NoSuchBucket", None, s3.list_object_versions, Bucket="judge-absent")


def objects_are_missing_for_a_while_after_the_first_versioning():
    s3, bucket = session(SOURCE).client("s3", config=ONCE), "judge-fresh"
    create_bucket(s3, bucket, SOURCE)
    s3.put_object(Bucket=bucket, Key="before", Body=BODY)
    control("PUT", "switches", {"missing_after_versioning_ms": 60_000})
    enable_versioning(s3, bucket)
    s3.head_object(Bucket=bucket, Key="before")
    id = s3.put_object(Bucket=bucket, Key="fresh", Body=BODY)["VersionId"]
    for more in [{}, {"VersionId": id}]:
        refused("404", None, s3.head_object, Bucket=bucket, Key="fresh", **more)
        refused("NoSuchKey", None, s3.get_object, Bucket=bucket, Key="fresh", **more)
    listed = s3.list_object_versions(Bucket=bucket, Prefix="fresh")["Versions"]
    expect([version["VersionId"] for version in listed], [id], "versions that HEAD does not see")
    control("POST", "clock", {"advance_ms": 60_001})
    s3.head_object(Bucket=bucket, Key="fresh")
    # Once only: not when versioning is enabled again.
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    enable_versioning(s3, bucket)
    s3.put_object(Bucket=bucket, Key="later", Body=BODY)
    s3.head_object(Bucket=bucket, Key="later")
    control("PUT", "switches", {})


def main():
    a_lock_holds_versions_and_who_may_pass_over_it()
    a_destination_with_retention_holds_replicas()
    mfa_delete_needs_a_code_of_the_root()
    replicas_are_encrypted_as_their_sources()
    versions_and_markers_come_in_one_order()
    objects_are_missing_for_a_while_after_the_first_versioning()
    print("ok")


if __name__ == "__main__":
    main()
