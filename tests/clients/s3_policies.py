"""Judges bucket policies with boto3: what a condition sees of a call, of each of its parts and of replication."""

import json

from s3_world import (
    DESTINATION,
    REGION,
    SOURCE,
    Pair,
    destination_policy,
    document,
    expect,
    refused,
)

BODY = b"one body"


def deny(bucket, condition, action="s3:*"):
    resource = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource, "Condition": condition}


def with_statements(policy, *statements):
    return document(*json.loads(policy)["Statement"], *statements)


def every_kind_of_call(s3, bucket):
    """Reads, writes, copies, lists and deletes: whatever asks for a permission on its way."""
    put = s3.put_object(Bucket=bucket, Key="a", Body=BODY, Tagging="class=hot")
    s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a"})
    s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a", "VersionId": put["VersionId"]})
    expect(s3.get_object(Bucket=bucket, Key="b")["Body"].read(), BODY, "body of the copy")
    refused("404", None, s3.head_object, Bucket=bucket, Key="absent")
    refused("NoSuchKey", None, s3.get_object, Bucket=bucket, Key="absent")
    expect(len(s3.list_objects_v2(Bucket=bucket, Prefix="a")["Contents"]), 1, "objects under a prefix")
    gone = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b"}, {"Key": "a", "VersionId": put["VersionId"]}]})
    expect(gone.get("Errors"), None, "errors of DeleteObjects")
    s3.get_bucket_policy(Bucket=bucket)
    s3.get_bucket_versioning(Bucket=bucket)


def what_holds_of_every_call_holds_of_its_parts_and_of_replication():
    pair = Pair("judge-transport")
    for bucket, s3, account in [
        (pair.source, pair.from_s3, SOURCE),
        (pair.destination, pair.to_s3, DESTINATION),
    ]:
        always = [
            deny(bucket, {"Bool": {"aws:SecureTransport": "false"}}),
            deny(bucket, {"Null": {"aws:SecureTransport": "true"}}),
            deny(bucket, {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
            deny(bucket, {"Null": {"s3:TlsVersion": "true"}}),
            deny(bucket, {"StringNotEquals": {"aws:RequestedRegion": REGION[account]}}),
            deny(bucket, {"StringNotEquals": {"aws:ResourceAccount": account}}),
            deny(bucket, {"StringNotEquals": {"s3:ResourceAccount": account}}),
        ]
        granted = [] if account == SOURCE else json.loads(destination_policy(pair.role, bucket))["Statement"]
        s3.put_bucket_policy(Bucket=bucket, Policy=document(*granted, *always))
        every_kind_of_call(s3, bucket)
    pair.replicate()
    pair.put("over-tls", Body=BODY, Tagging="a=b")
    pair.wait("over-tls")


def what_only_a_client_has_stops_replication():
    """A client calls from an address and signs; S3 under the role is no client (unverified for both keys)."""
    pair = Pair("judge-address")
    pair.replicate()
    granted = destination_policy(pair.role, pair.destination)
    here = deny(pair.destination, {"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}})
    pair.to_s3.put_bucket_policy(Bucket=pair.destination, Policy=with_statements(granted, here))
    every_kind_of_call(pair.to_s3, pair.destination)
    pair.put("from-nowhere", Body=BODY)
    pair.wait("from-nowhere", "FAILED")
    elsewhere = deny(pair.destination, {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, "s3:PutObject")
    pair.to_s3.put_bucket_policy(Bucket=pair.destination, Policy=with_statements(granted, elsewhere))
    refused("AccessDenied", None, pair.to_s3.put_object, Bucket=pair.destination, Key="k", Body=BODY)
    pair.put("again", Body=BODY)
    pair.wait("again")


def each_part_has_the_keys_of_its_own_version():
    pair = Pair("judge-parts")
    s3, bucket = pair.from_s3, pair.source
    hot = deny(bucket, {"StringEquals": {"s3:ExistingObjectTag/class": "hot"}}, ["s3:GetObject", "s3:DeleteObject"])
    hot["Resource"] = f"arn:aws:s3:::{bucket}/*"
    s3.put_bucket_policy(Bucket=bucket, Policy=document(hot))
    s3.put_object(Bucket=bucket, Key="hot", Body=BODY, Tagging="class=hot")
    s3.put_object(Bucket=bucket, Key="cold", Body=BODY, Tagging="class=cold")
    refused("AccessDenied", None, s3.copy_object, Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "hot"})
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "cold"})
    gone = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "hot"}, {"Key": "cold"}]})
    expect([entry["Key"] for entry in gone["Deleted"]], ["cold"], "keys that were deleted")
    expect([entry["Code"] for entry in gone["Errors"]], ["AccessDenied"], "keys that were not")


def main():
    what_holds_of_every_call_holds_of_its_parts_and_of_replication()
    what_only_a_client_has_stops_replication()
    each_part_has_the_keys_of_its_own_version()
    print("ok")


if __name__ == "__main__":
    main()
