"""Judges lifecycle configurations with boto3 and the AWS CLI: what is refused, and what they do on the sandbox's clock."""

import datetime

import boto3

from s3_world import ONCE, REGION, SOURCE, Pair, cli, control, create_bucket, enable_versioning, expect, refused, settle

BUCKET = "judge-lifecycle"
DAY = 24 * 3600 * 1000
LARGE = b"x" * (128 * 1024)
EVERYTHING = {"Filter": {}, "Status": "Enabled"}
MIDNIGHT = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)


def days(number):
    control("POST", "clock", {"advance_ms": number * DAY})


def rule(**actions):
    return {**EVERYTHING, **actions}


def to(storage_class, number):
    return {"StorageClass": storage_class, "Days": number}


def refusals(s3):
    """Codes and words as S3 was seen to answer; sources in crates/sandbox/src/s3/calls/lifecycle_document.rs."""

    def refuses(code, words, *rules, **more):
        configuration = {"Rules": list(rules)}
        call = s3.put_bucket_lifecycle_configuration
        refused(code, words, call, Bucket=BUCKET, LifecycleConfiguration=configuration, **more)

    argument, request, xml = "InvalidArgument", "InvalidRequest", "MalformedXML"
    expires = {"Expiration": {"Days": 1}}
    twice = "Rule ID must be unique. Found same ID for more than one rule"
    refuses(argument, twice, rule(ID="a", **expires), rule(ID="a", **expires))
    refuses(argument, "ID length should not exceed allowed limit of 255", rule(ID="a" * 256, **expires))
    refuses(request, "At least one action needs to be specified in a rule", rule())
    refuses(xml, None, {"Status": "Enabled", **expires})
    refuses(xml, None, {**rule(**expires), "Status": "enabled"})
    positive = "'Days' for Expiration action must be a positive integer"
    refuses(argument, positive, rule(Expiration={"Days": 0}))
    refuses(xml, None, rule(Expiration={"Days": 1, "ExpiredObjectDeleteMarker": True}))
    refuses(argument, "'Date' must be at midnight GMT", rule(Expiration={"Date": MIDNIGHT + datetime.timedelta(hours=1)}))
    early = "'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'"
    refuses(argument, early, rule(Transitions=[to("STANDARD_IA", 29)]))
    refuses(xml, None, rule(Transitions=[to("STANDARD", 30)]))
    later = "'Days' in the Expiration action for filter '(prefix=)' must be greater than 'Days' in the Transition action"
    refuses(argument, later, rule(Expiration={"Days": 10}, Transitions=[to("GLACIER", 10)]))
    mixed = "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for filter '(prefix=)'"
    refuses(request, mixed, rule(Expiration={"Date": MIDNIGHT}, Transitions=[to("GLACIER", 10)]))
    same = "'StorageClass' must be different for 'Transition' actions in same 'Rule' with filter '(prefix=)'"
    refuses(request, same, rule(Transitions=[to("GLACIER", 1), to("GLACIER", 2)]))
    refuses(argument, None, rule(Transitions=[to("STANDARD_IA", 30), to("GLACIER", 59)]))
    refuses(argument, None, rule(Transitions=[to("DEEP_ARCHIVE", 30), to("GLACIER", 60)]))
    tagged = {"Filter": {"Tag": {"Key": "a", "Value": "b"}}, "Status": "Enabled"}
    marker, abort = {"Expiration": {"ExpiredObjectDeleteMarker": True}}, {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}
    refuses(request, "ExpiredObjectDeleteMarker cannot be specified with Tags.", {**tagged, **marker})
    refuses(request, "AbortIncompleteMultipartUpload cannot be specified with Tags.", {**tagged, **abort})
    sized = {"Filter": {"ObjectSizeGreaterThan": 1}, "Status": "Enabled"}
    refuses(request, "AbortIncompleteMultipartUpload cannot be specified with Object Size.", {**sized, **abort})
    refuses(xml, None, {**rule(**expires), "Filter": {"And": {"Prefix": "a"}}})
    both = {"And": {"ObjectSizeGreaterThan": 10, "ObjectSizeLessThan": 5}}
    order = "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'."
    refuses(request, order, {**rule(**expires), "Filter": both})
    double = {"And": {"Tags": [{"Key": "a", "Value": "b"}, {"Key": "a", "Value": "c"}]}}
    refuses(request, "Duplicate Tag Keys are not allowed.", {**rule(**expires), "Filter": double})
    noncurrent = "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer"
    refuses(argument, noncurrent, rule(NoncurrentVersionExpiration={"NoncurrentDays": 0}))
    refuses(xml, None, rule(NoncurrentVersionExpiration={"NewerNoncurrentVersions": 1}))
    size = {"TransitionDefaultMinimumObjectSize": "none"}
    refuses(request, "Invalid TransitionDefaultMinimumObjectSize found", rule(**expires), **size)


def set_rules(s3, *rules, bucket=BUCKET, **more):
    configuration = {"Rules": list(rules)}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=configuration, **more)


def shown(s3):
    return s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)


def ids_and_sizes(s3):
    set_rules(s3, rule(Expiration={"Days": 1}), rule(ID="own", Expiration={"Days": 2}))
    first, second = shown(s3)["Rules"]
    expect((len(first["ID"]) > 10, second["ID"]), (True, "own"), "ids")
    expect(shown(s3)["TransitionDefaultMinimumObjectSize"], "all_storage_classes_128K", "the default size")
    varies = {"TransitionDefaultMinimumObjectSize": "varies_by_storage_class"}
    set_rules(s3, rule(ID="own", Expiration={"Days": 2}), **varies)
    expect(shown(s3)["TransitionDefaultMinimumObjectSize"], "varies_by_storage_class", "the size that was set")
    s3.put_object(Bucket=BUCKET, Key="head", Body=b"one")
    told = s3.head_object(Bucket=BUCKET, Key="head")["Expiration"]
    expect(told.endswith('00:00:00 GMT", rule-id="own"'), True, f"when an object expires: {told}")
    s3.delete_bucket_lifecycle(Bucket=BUCKET)
    refused("NoSuchLifecycleConfiguration", None, s3.get_bucket_lifecycle_configuration, Bucket=BUCKET)
    s3.delete_object(Bucket=BUCKET, Key="head")


def mfa_delete(root):
    bucket, mfa = "judge-lifecycle-mfa", {"MFA": f"arn:aws:iam::{SOURCE}:mfa/root-account-mfa-device 123456"}
    create_bucket(root, bucket, SOURCE)
    on = {"Status": "Enabled", "MFADelete": "Enabled"}
    root.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=on, **mfa)
    configuration = {"Rules": [rule(Expiration={"Days": 1})]}
    call = root.put_bucket_lifecycle_configuration
    refused("InvalidBucketState", None, call, Bucket=bucket, LifecycleConfiguration=configuration)


def versions(s3, bucket=BUCKET):
    """Every version and marker, newest first, as (key, kind)."""
    listed = s3.list_object_versions(Bucket=bucket)
    found = [(v["Key"], v["LastModified"], v["StorageClass"]) for v in listed.get("Versions", [])]
    found += [(m["Key"], m["LastModified"], "marker") for m in listed.get("DeleteMarkers", [])]
    return sorted((key, kind) for key, _, kind in found)


def expirations(s3):
    enable_versioning(s3, BUCKET)
    for body in [b"one", b"two"]:
        s3.put_object(Bucket=BUCKET, Key="a/k", Body=body)
    s3.put_object(Bucket=BUCKET, Key="b/k", Body=b"one", Tagging="keep=no")
    set_rules(
        s3,
        {"Filter": {"Prefix": "a/"}, "Status": "Enabled", "Expiration": {"Days": 3}, "ID": "current"},
        {"Filter": {"Tag": {"Key": "keep", "Value": "no"}}, "Status": "Enabled", "Expiration": {"Days": 10}, "ID": "tags"},
        {"Filter": {"Prefix": "c"}, "Status": "Disabled", "Expiration": {"Days": 1}, "ID": "off"},
    )
    expect(versions(s3), [("a/k", "STANDARD"), ("a/k", "STANDARD"), ("b/k", "STANDARD")], "versions at first")
    days(5)
    expect(versions(s3).count(("a/k", "marker")), 1, "markers after the first rule")
    refused("NoSuchKey", None, s3.get_object, Bucket=BUCKET, Key="a/k")
    days(8)
    expect(versions(s3).count(("b/k", "marker")), 1, "markers after the second rule")
    # What is not current any more goes for good, and so does a marker that is alone.
    set_rules(
        s3,
        rule(NoncurrentVersionExpiration={"NoncurrentDays": 1}, ID="old"),
        rule(Expiration={"ExpiredObjectDeleteMarker": True}, ID="markers"),
    )
    days(2)
    expect(versions(s3), [], "what is left of all")


def newest_stay(s3):
    for body in [b"1", b"2", b"3", b"4"]:
        s3.put_object(Bucket=BUCKET, Key="k", Body=body)
    set_rules(s3, rule(NoncurrentVersionExpiration={"NoncurrentDays": 1, "NewerNoncurrentVersions": 2}, ID="newest"))
    days(3)
    expect(len(versions(s3)), 3, "the current version and the two before it")
    set_rules(s3, rule(NoncurrentVersionExpiration={"NoncurrentDays": 1}, Expiration={"Days": 1}, ID="all"))
    days(5)
    expect(versions(s3), [], "what a rule of days leaves, with its own markers")


def transitions(s3):
    s3.put_object(Bucket=BUCKET, Key="large", Body=LARGE)
    s3.put_object(Bucket=BUCKET, Key="small", Body=b"one")
    moves = [to("STANDARD_IA", 30), to("GLACIER", 60), to("DEEP_ARCHIVE", 150)]
    set_rules(s3, rule(Transitions=moves, Expiration={"Days": 400}, ID="down"))
    for wait, wanted in [(29, "STANDARD"), (3, "STANDARD_IA"), (30, "GLACIER"), (100, "DEEP_ARCHIVE")]:
        days(wait)
        expect(versions(s3), [("large", wanted), ("small", "STANDARD")], f"classes after {wait} more days")
    refused("InvalidObjectState", None, s3.get_object, Bucket=BUCKET, Key="large")
    varies = {"TransitionDefaultMinimumObjectSize": "varies_by_storage_class"}
    set_rules(s3, rule(Transitions=[to("GLACIER", 1)], ID="small"), **varies)
    expect(versions(s3), [("large", "DEEP_ARCHIVE"), ("small", "GLACIER")], "classes where small objects go, too")
    for key in ["large", "small"]:
        s3.delete_object(Bucket=BUCKET, Key=key)


def uploads(s3):
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]
    set_rules(s3, rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 7}, ID="uploads"))
    days(6)
    expect(len(s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]), 1, "an upload that is not old enough")
    days(2)
    expect("Uploads" in s3.list_multipart_uploads(Bucket=BUCKET), False, "an upload that was given up")
    refused("NoSuchUpload", None, s3.list_parts, Bucket=BUCKET, Key="parts", UploadId=upload)


def never_versioned(s3):
    bucket = "judge-lifecycle-plain"
    create_bucket(s3, bucket, SOURCE)
    s3.put_object(Bucket=bucket, Key="k", Body=b"one")
    set_rules(s3, rule(Expiration={"Days": 1}, ID="all"), bucket=bucket)
    days(2)
    expect("Contents" in s3.list_objects_v2(Bucket=bucket), False, "an object without versions that expired")
    s3.delete_bucket(Bucket=bucket)


def replicas_stay(root):
    """Markers of lifecycle do not replicate, and versions whose replication is PENDING wait."""
    pair = Pair("judge-lifecycle-pair")
    pair.replicate()
    pair.put("k", Body=b"one")
    pair.wait("k")
    control("PUT", "switches", {"replication_delay_ms": 10 * DAY})
    pair.put("pending", Body=b"one")
    set_rules(root, rule(Expiration={"Days": 1}, ID="all"), bucket=pair.source)
    days(3)
    found = versions(root, pair.source)
    expect(("k", "marker") in found and ("pending", "marker") not in found, True, f"what waits: {found}")
    days(8)
    control("PUT", "switches", {})
    settle()
    expect(("pending", "marker") in versions(root, pair.source), True, "what does not wait any more")
    state = control("GET", "snapshot")["s3"]["buckets"][pair.destination]["objects"]
    markers = [version for key in state.values() for version in key if version.get("delete_marker")]
    expect((markers, sorted(state)), ([], ["k", "pending"]), "what the destination has")


def the_cli_finds_the_same():
    text = '{"Rules":[{"ID":"cli","Status":"Enabled","Filter":{},"Expiration":{"Days":1}}]}'
    place = ["--bucket", BUCKET]
    cli("s3api", "put-bucket-lifecycle-configuration", *place, "--lifecycle-configuration", text)
    found = cli("s3api", "get-bucket-lifecycle-configuration", *place)
    expect([rule["ID"] for rule in found["Rules"]], ["cli"], "rules by the CLI")
    cli("s3api", "delete-bucket-lifecycle", *place)


def main():
    root = boto3.client("s3", config=ONCE, region_name=REGION[SOURCE])
    create_bucket(root, BUCKET, SOURCE)
    refusals(root)
    the_cli_finds_the_same()
    mfa_delete(root)
    ids_and_sizes(root)
    # The clock leaps from here on: sessions expire with it, keys of the root do not.
    replicas_stay(root)
    for judge in [expirations, newest_stay, transitions, uploads, never_versioned]:
        judge(root)
    print("ok")


if __name__ == "__main__":
    main()
