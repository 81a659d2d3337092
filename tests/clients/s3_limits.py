"""Judges small limits of S3 with boto3: names that are reserved, metadata that is too large, presigned requests that are
valid for too long, and what new buckets and roles that are made with tags ask for.
"""

import urllib.error
import urllib.request

from botocore.config import Config

from s3_world import ONCE, REGION, SOURCE, create_bucket, document, expect, refused, session

BUCKET = "judge-limits"
RESERVED = [
    *(f"{start}judge" for start in ["xn--", "sthree-", "amzn-s3-demo-"]),
    # boto3 sends names that end with `--x-s3` to S3 Express.
    *(f"judge{end}" for end in ["-s3alias", "--ol-s3", ".mrap", "--table-s3"]),
]


def names(s3):
    """UG:bucketnamingrules"""
    for name in RESERVED:
        refused("InvalidBucketName", "The specified bucket is not valid.", create_bucket, s3=s3, name=name, account=SOURCE)
    for name in ["judge-sthree-x", "judge.mrap.x"]:
        create_bucket(s3, name, SOURCE)
        s3.delete_bucket(Bucket=name)


def metadata(s3):
    """UG:UsingMetadata: names and values are 2 KB together, however they are sent."""
    words = "Your metadata headers exceed the maximum allowed metadata size"
    largest = {"a": "x" * 1000, "bc": "x" * (2048 - 1000 - 3)}
    larger = {**largest, "a": "x" * 1001}
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"body", Metadata=largest)
    expect(s3.head_object(Bucket=BUCKET, Key="k")["Metadata"], largest, "the largest metadata")
    source = {"Bucket": BUCKET, "Key": "k"}
    for call, more in [
        (s3.put_object, {"Body": b"body"}),
        (s3.create_multipart_upload, {}),
        (s3.copy_object, {"CopySource": source, "MetadataDirective": "REPLACE"}),
    ]:
        refused("MetadataTooLarge", words, call, Bucket=BUCKET, Key="other", Metadata=larger, **more)
    refused("404", None, s3.head_object, Bucket=BUCKET, Key="other")


def presigned():
    """Seven days at the most (SigV4's documentation, X-Amz-Expires)."""
    week = 7 * 24 * 3600
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    s3 = session(SOURCE).client("s3", config=config)

    def get(seconds):
        url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "k"}, ExpiresIn=seconds)
        try:
            with urllib.request.urlopen(url) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    expect(get(week), (200, "body"), "a week")
    status, body = get(week + 1)
    expect((status, "<Code>AuthorizationQueryParametersError</Code>" in body), (400, True), f"more than a week: {body}")


def encryption(s3):
    """Since April 2026 new buckets take no keys of customers, and say so."""
    default = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BucketKeyEnabled": False,
        "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
    }

    def shown():
        return s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]

    expect(shown(), [default], "encryption of a new bucket")
    customer = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}
    put = {"Bucket": BUCKET, "Key": "customer", "Body": b"body"}
    refused("AccessDenied", None, s3.put_object, **put, **customer)
    open_to_all = {**default, "BlockedEncryptionTypes": {"EncryptionType": ["NONE"]}}
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [open_to_all]})
    expect(shown(), [open_to_all], "encryption that blocks nothing")
    s3.delete_bucket_encryption(Bucket=BUCKET)
    expect(shown(), [default], "encryption after the reset")


def tags_ask_for_themselves():
    """BC:s3 CreateBucket, IAMUG:id_tags: who makes something with tags must be allowed to tag it, too."""
    iam = session(SOURCE).client("iam", config=ONCE)
    everyone = {"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "sts:AssumeRole"}
    trust = document(everyone)
    iam.create_role(RoleName="judge-maker", AssumeRolePolicyDocument=trust)

    def allow(*actions, condition=None):
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        if condition:
            statement["Condition"] = condition
        return statement

    def grant(*statements):
        iam.put_role_policy(RoleName="judge-maker", PolicyName="p", PolicyDocument=document(*statements))

    making = allow("s3:CreateBucket", "iam:CreateRole")
    grant(making)
    own = session(SOURCE, "judge-maker")
    s3, own_iam = own.client("s3", config=ONCE), own.client("iam", config=ONCE)
    tags = [{"Key": "team", "Value": "a"}]
    made = {"LocationConstraint": REGION[SOURCE], "Tags": tags}
    bucket = {"Bucket": "judge-limits-made", "CreateBucketConfiguration": made}
    role = {"RoleName": "judge-made", "AssumeRolePolicyDocument": trust, "Tags": tags}
    refused("AccessDenied", None, s3.create_bucket, **bucket)
    refused("AccessDenied", None, own_iam.create_role, **role)
    create_bucket(s3, "judge-limits-plain", SOURCE)
    other = {"StringEquals": {"aws:RequestTag/team": "b"}}
    grant(making, allow("s3:TagResource", "iam:TagRole", condition=other))
    refused("AccessDenied", None, s3.create_bucket, **bucket)
    refused("AccessDenied", None, own_iam.create_role, **role)
    same = {"StringEquals": {"aws:RequestTag/team": "a"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    grant(making, allow("s3:TagResource", "iam:TagRole", condition=same))
    s3.create_bucket(**bucket)
    own_iam.create_role(**role)


def main():
    s3 = session(SOURCE).client("s3", config=ONCE)
    create_bucket(s3, BUCKET, SOURCE)
    names(s3)
    metadata(s3)
    presigned()
    encryption(s3)
    tags_ask_for_themselves()
    print("ok")


if __name__ == "__main__":
    main()
