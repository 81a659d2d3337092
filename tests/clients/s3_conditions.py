"""Judges conditional writes, copies and deletes with boto3 and the AWS CLI (UG:conditional-writes, UG:conditional-deletes)."""

import datetime

from s3_world import ONCE, SOURCE, cli, create_bucket, document, enable_versioning, expect, refused, session

BUCKET = "judge-conditions"
HERE = {"Bucket": BUCKET, "Key": "k"}
OTHER = '"00000000000000000000000000000000"'
FAILED = "PreconditionFailed"


def writes(s3):
    etag = s3.put_object(**HERE, Body=b"one", IfNoneMatch="*")["ETag"]
    refused(FAILED, None, s3.put_object, **HERE, Body=b"two", IfNoneMatch="*")
    refused("NotImplemented", None, s3.put_object, **HERE, Body=b"two", IfNoneMatch=etag)
    refused(FAILED, None, s3.put_object, **HERE, Body=b"two", IfMatch=OTHER)
    refused("NoSuchKey", None, s3.put_object, Bucket=BUCKET, Key="none", Body=b"two", IfMatch=etag)
    two = s3.put_object(**HERE, Body=b"two", IfMatch=etag)["ETag"]
    upload = s3.create_multipart_upload(**HERE)["UploadId"]
    part = s3.upload_part(**HERE, UploadId=upload, PartNumber=1, Body=b"three")["ETag"]
    whole = {**HERE, "UploadId": upload, "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": part}]}}
    refused(FAILED, None, s3.complete_multipart_upload, **whole, IfNoneMatch="*")
    refused(FAILED, None, s3.complete_multipart_upload, **whole, IfMatch=etag)
    return s3.complete_multipart_upload(**whole, IfMatch=two)["ETag"]


def copies(s3, etag):
    """Conditions on the source and, since 2025, on what the copy is written over."""
    source = {"CopySource": {"Bucket": BUCKET, "Key": "k"}}
    to = {"Bucket": BUCKET, "Key": "copy", **source}
    copied = s3.copy_object(**to, IfNoneMatch="*")["CopyObjectResult"]["ETag"]
    refused(FAILED, None, s3.copy_object, **to, IfNoneMatch="*")
    refused(FAILED, None, s3.copy_object, **to, IfMatch=OTHER)
    s3.copy_object(**to, IfMatch=copied)
    refused("NoSuchKey", None, s3.copy_object, Bucket=BUCKET, Key="none", **source, IfMatch=copied)
    refused(FAILED, None, s3.copy_object, **to, CopySourceIfMatch=OTHER)
    refused(FAILED, None, s3.copy_object, **to, CopySourceIfNoneMatch=etag)
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    refused(FAILED, None, s3.copy_object, **to, CopySourceIfModifiedSince=soon)
    s3.copy_object(**to, CopySourceIfMatch=etag, CopySourceIfUnmodifiedSince=soon)


def deletes(s3):
    etag = s3.put_object(**HERE, Body=b"one")["ETag"]
    refused(FAILED, None, s3.delete_object, **HERE, IfMatch=OTHER)
    refused("NotImplemented", None, s3.delete_object, **HERE, IfMatchSize=3)
    refused("NotImplemented", None, s3.delete_object, **HERE, IfMatchLastModifiedTime=datetime.datetime.now(datetime.UTC))
    expect(s3.delete_object(**HERE, IfMatch=etag)["DeleteMarker"], True, "a marker, where the condition holds")
    # A marker is nothing that could match.
    refused("NoSuchKey", None, s3.delete_object, **HERE, IfMatch=etag)
    refused("NoSuchKey", None, s3.delete_object, **HERE, IfMatch="*")
    s3.delete_object(**HERE)
    s3.put_object(**HERE, Body=b"one")
    s3.delete_object(**HERE, IfMatch="*")

    for key in ["a", "b"]:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"one")
    several = [{"Key": "a", "ETag": OTHER}, {"Key": "b", "ETag": etag}, {"Key": "none", "ETag": "*"}, {"Key": "nobody"}]
    answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": several})
    errors = {error["Key"]: error["Code"] for error in answer["Errors"]}
    expect(errors, {"a": FAILED, "none": "NoSuchKey"}, "errors of DeleteObjects")
    expect(sorted(one["Key"] for one in answer["Deleted"]), ["b", "nobody"], "what DeleteObjects deleted")
    sized = {"Objects": [{"Key": "a", "Size": 3}]}
    refused("NotImplemented", None, s3.delete_objects, Bucket=BUCKET, Delete=sized)


def permissions(s3):
    """Who compares an ETag needs s3:GetObject, too; policies may demand the condition."""
    iam = session(SOURCE).client("iam", config=ONCE)
    trust = document({"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName="judge-conditions", AssumeRolePolicyDocument=trust)

    def grant(actions, **more):
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*", **more}
        iam.put_role_policy(RoleName="judge-conditions", PolicyName="p", PolicyDocument=document(statement))

    grant(["s3:PutObject", "s3:DeleteObject"])
    few = session(SOURCE, "judge-conditions").client("s3", config=ONCE)
    etag = s3.put_object(**HERE, Body=b"one")["ETag"]
    refused("AccessDenied", None, few.put_object, **HERE, Body=b"two", IfMatch=etag)
    refused("AccessDenied", None, few.delete_object, **HERE, IfMatch=etag)
    few.delete_object(**HERE, IfMatch="*")
    s3.put_object(**HERE, Body=b"one")
    demand = {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*", "Condition": {"Null": {"s3:if-match": "true"}}}
    iam.put_role_policy(RoleName="judge-conditions", PolicyName="demand", PolicyDocument=document(demand))
    grant(["s3:DeleteObject", "s3:GetObject"])
    refused("AccessDenied", None, few.delete_object, **HERE)
    refused_keys = few.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "k"}]})["Errors"]
    expect(refused_keys[0]["Code"], "AccessDenied", "DeleteObjects without the condition")
    few.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "k", "ETag": etag}]})
    refused("404", None, s3.head_object, **HERE)


def the_cli_finds_the_same(s3):
    etag = s3.put_object(**HERE, Body=b"one")["ETag"]
    place = ["--bucket", BUCKET, "--key", "k"]
    told = cli("s3api", "delete-object", *place, "--if-match", OTHER, fails=True)
    expect(f"({FAILED})" in told, True, f"an error as the CLI tells it: {told}")
    expect(cli("s3api", "delete-object", *place, "--if-match", etag)["DeleteMarker"], True, "a marker by the CLI")


def main():
    s3 = session(SOURCE).client("s3", config=ONCE)
    create_bucket(s3, BUCKET, SOURCE)
    enable_versioning(s3, BUCKET)
    copies(s3, writes(s3))
    deletes(s3)
    permissions(s3)
    the_cli_finds_the_same(s3)
    print("ok")


if __name__ == "__main__":
    main()
