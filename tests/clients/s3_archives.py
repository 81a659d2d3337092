"""Judges archives with boto3 and the AWS CLI: what is in GLACIER or DEEP_ARCHIVE is read and copied only once it is restored."""

import re

import boto3

from s3_world import ONCE, SOURCE, Pair, cli, control, create_bucket, document, expect, refused, session, settle

BUCKET = "judge-archives"
BODY = b"one body"
HOUR = 3600 * 1000
STATE = "InvalidObjectState"


def put(s3, key, storage_class):
    s3.put_object(Bucket=BUCKET, Key=key, Body=BODY, StorageClass=storage_class)
    return {"Bucket": BUCKET, "Key": key}


def restore(days, tier=None):
    job = {"GlacierJobParameters": {"Tier": tier}} if tier else {}
    return {"RestoreRequest": {"Days": days, **job}}


def status(answer):
    return answer["ResponseMetadata"]["HTTPStatusCode"]


def wait(hours):
    control("POST", "clock", {"advance_ms": int(hours * HOUR)})


def what_is_archived_is_not_read(s3):
    here = put(s3, "cold", "GLACIER")
    head = s3.head_object(**here)
    expect((head["StorageClass"], "Restore" in head), ("GLACIER", False), "HEAD of what is archived")
    error = refused(STATE, "The operation is not valid for the object's storage class", s3.get_object, **here)
    expect(error["Error"].get("StorageClass"), "GLACIER", "class in the error")
    source = {"CopySource": here}
    words = "Operation is not valid for the source object's storage class"
    refused(STATE, words, s3.copy_object, Bucket=BUCKET, Key="copy", **source)
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]
    part = {"Bucket": BUCKET, "Key": "parts", "UploadId": upload, "PartNumber": 1}
    refused(STATE, words, s3.upload_part_copy, **part, **source)
    instant = put(s3, "instant", "GLACIER_IR")
    expect(s3.get_object(**instant)["Body"].read(), BODY, "what is archived for instant retrieval")
    return here


def a_copy_comes_and_goes(s3, here):
    expect(status(s3.restore_object(**here, **restore(2))), 202, "status of a restore")
    expect(s3.head_object(**here)["Restore"], 'ongoing-request="true"', "a restore on its way")
    refused("RestoreAlreadyInProgress", None, s3.restore_object, **here, **restore(2))
    refused("RestoreAlreadyInProgress", None, s3.restore_object, **here, **restore(2, "Bulk"))
    refused(STATE, None, s3.get_object, **here)
    # A faster tier takes the slower one's place.
    expect(status(s3.restore_object(**here, **restore(2, "Expedited"))), 202, "status of a faster restore")
    wait(0.1)
    expect(s3.get_object(**here)["Body"].read(), BODY, "a restored copy")
    shown = s3.head_object(**here)["Restore"]
    pattern = r'ongoing-request="false", expiry-date="\w{3}, \d\d \w{3} \d{4} 00:00:00 GMT"'
    expect(re.fullmatch(pattern, shown) is not None, True, f"how long a copy stays: {shown}")
    s3.copy_object(Bucket=BUCKET, Key="copy", CopySource=here)
    expect(status(s3.restore_object(**here, **restore(5))), 200, "status of a restore of what is restored")
    expect(s3.head_object(**here)["Restore"] != shown, True, "a copy that stays longer")
    wait(24 * 7)
    refused(STATE, None, s3.get_object, **here)
    expect("Restore" in s3.head_object(**here), False, "a copy that is gone")


def tiers_and_their_times(s3):
    deep = put(s3, "deep", "DEEP_ARCHIVE")
    refused("InvalidArgument", None, s3.restore_object, **deep, **restore(1, "Expedited"))
    s3.restore_object(**deep, **restore(1))
    wait(11)
    refused(STATE, None, s3.get_object, **deep)
    wait(1.1)
    expect(s3.get_object(**deep)["Body"].read(), BODY, "a copy after twelve hours")
    warm = {"Bucket": BUCKET, "Key": "warm"}
    s3.put_object(**warm, Body=BODY)
    words = "Restore is not allowed for the object's current storage class"
    refused(STATE, words, s3.restore_object, **warm, **restore(1))
    refused("InvalidArgument", None, s3.restore_object, **deep, **restore(0))
    refused("MalformedXML", None, s3.restore_object, **deep, RestoreRequest={})
    refused("NoSuchKey", None, s3.restore_object, Bucket=BUCKET, Key="none", **restore(1))


def a_permission_of_its_own(s3):
    iam = session(SOURCE).client("iam", config=ONCE)
    trust = document({"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName="judge-archives", AssumeRolePolicyDocument=trust)
    reads = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    iam.put_role_policy(RoleName="judge-archives", PolicyName="p", PolicyDocument=document(reads))
    few = session(SOURCE, "judge-archives").client("s3", config=ONCE)
    refused("AccessDenied", None, few.restore_object, **put(s3, "few", "GLACIER"), **restore(1))


def what_is_archived_stays():
    pair = Pair("judge-cold")
    pair.replicate()
    for key, storage_class in [("cold", "GLACIER"), ("deep", "DEEP_ARCHIVE"), ("instant", "GLACIER_IR")]:
        pair.put(key, Body=BODY, StorageClass=storage_class)
    settle()
    shown = [pair.status(key) for key in ["cold", "deep", "instant"]]
    expect(shown, [None, None, "COMPLETED"], "what replicates of what is archived")


def the_cli_finds_the_same(s3):
    put(s3, "cli", "GLACIER")
    place = ["--bucket", BUCKET, "--key", "cli"]
    told = cli("s3api", "get-object", *place, "/dev/null", fails=True)
    expect(f"({STATE})" in told, True, f"an error as the CLI tells it: {told}")
    cli("s3api", "restore-object", *place, "--restore-request", "Days=1")
    expect(cli("s3api", "head-object", *place)["Restore"], 'ongoing-request="true"', "a restore by the CLI")


def main():
    s3 = session(SOURCE).client("s3", config=ONCE)
    create_bucket(s3, BUCKET, SOURCE)
    a_permission_of_its_own(s3)
    the_cli_finds_the_same(s3)
    what_is_archived_stays()
    # The clock leaps from here on, and sessions expire with it.
    root = boto3.client("s3", config=ONCE, region_name="eu-west-1")
    here = what_is_archived_is_not_read(root)
    a_copy_comes_and_goes(root, here)
    tiers_and_their_times(root)
    print("ok")


if __name__ == "__main__":
    main()
