"""Judges what AWS delivers by itself, with boto3: files of trails, the event history, access logs and inventories.

All of it appears on the sandbox's clock, as far as policies let it in at that time.
"""

import csv
import datetime
import gzip
import hashlib
import io
import json
import re
import time
import urllib.parse

import pyarrow.orc
import pyarrow.parquet
from s3_world import DESTINATION, ONCE, REGION, SOURCE, Pair, control, create_bucket, document, enable_versioning, expect, refused, session

HOME = REGION[SOURCE]
TRAIL = {"Service": "cloudtrail.amazonaws.com"}


def client(service="s3", account=SOURCE, region=None, role="sandbox"):
    """A client with a session of its own: those of before end when the clock goes ahead."""
    return session(account, role).client(service, config=ONCE, region_name=region or REGION[account])


def advance(minutes):
    control("POST", "clock", {"advance_ms": minutes * 60_000})


def settle():
    control("POST", "settle")


def bodies(bucket, prefix="", account=SOURCE):
    s3 = client(account=account)
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return {one["Key"]: s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed}


def wait(found, what):
    """Deliveries are made a moment after the clock was moved."""
    for _ in range(200):
        if found():
            return
        time.sleep(0.05)
    raise SystemExit(f"{what} did not come")


def trail_policy(bucket):
    own = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
    return document(
        {"Effect": "Allow", "Principal": TRAIL, "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{bucket}"},
        {"Effect": "Allow", "Principal": TRAIL, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/t/AWSLogs/{SOURCE}/*", "Condition": own},
    )


def make_trail(name, **selectors):
    s3, trail = client(), client("cloudtrail")
    create_bucket(s3, f"{name}-logs", SOURCE)
    s3.put_bucket_policy(Bucket=f"{name}-logs", Policy=trail_policy(f"{name}-logs"))
    trail.create_trail(Name=name, S3BucketName=f"{name}-logs", S3KeyPrefix="t")
    if selectors:
        trail.put_event_selectors(TrailName=name, **selectors)
    trail.start_logging(Name=name)
    return f"{name}-logs"


def records(bucket):
    files = bodies(bucket, "t/").values()
    return [record for body in files for record in json.loads(gzip.decompress(body))["Records"]]


def named(bucket):
    return [(record["eventName"], record.get("errorCode")) for record in records(bucket)]


def trails_deliver_what_their_selectors_mean():
    s3, bucket = client(), "judge-data"
    create_bucket(s3, bucket, SOURCE)
    iam = client("iam")
    trust = document({"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName="judge-denied", AssumeRolePolicyDocument=trust)
    poor = client(role="judge-denied")
    resource = [{"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::{bucket}/"]}]
    basic = [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": False, "DataResources": resource}]
    writes = make_trail("judge-writes", EventSelectors=basic)
    fields = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        {"Field": "resources.ARN", "StartsWith": [f"arn:aws:s3:::{bucket}/a/"]},
        {"Field": "eventName", "NotEquals": ["PutObject"]},
    ]
    advanced = make_trail("judge-advanced", AdvancedEventSelectors=[{"FieldSelectors": fields}])
    management = make_trail("judge-management")
    s3.put_object(Bucket=bucket, Key="a/one", Body=b"one")
    s3.get_object(Bucket=bucket, Key="a/one")
    s3.put_object(Bucket=bucket, Key="b/two", Body=b"two")
    s3.delete_object(Bucket=bucket, Key="b/two")
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    refused("AccessDenied", None, poor.put_object, Bucket=bucket, Key="a/no", Body=b"")
    advance(4)
    time.sleep(0.4)
    expect(bodies(writes, "t/"), {}, "what is delivered before its time")
    advance(2)
    wait(lambda: bodies(writes, "t/"), "the file of a trail")
    wanted = [("PutObject", None), ("PutObject", None), ("DeleteObject", None), ("PutObject", "AccessDenied")]
    expect(named(writes), wanted, "writes")
    [key] = bodies(writes, "t/")
    shape = rf"t/AWSLogs/{SOURCE}/CloudTrail/{HOME}/\d{{4}}/\d\d/\d\d/{SOURCE}_CloudTrail_{HOME}_\d{{8}}T\d{{4}}Z_\w{{16}}\.json\.gz"
    expect(re.fullmatch(shape, key) is not None, True, f"name of a file: {key}")
    first, denied = records(writes)[0], records(writes)[3]
    told = {name: first[name] for name in ["eventSource", "awsRegion", "readOnly", "managementEvent", "eventCategory", "recipientAccountId"]}
    same = {"eventSource": "s3.amazonaws.com", "awsRegion": HOME, "readOnly": False, "managementEvent": False, "eventCategory": "Data", "recipientAccountId": SOURCE}
    expect(told, same, "a record")
    expect(first["requestParameters"]["key"], "a/one", "key in a record")
    expect(first["resources"][0]["ARN"], f"arn:aws:s3:::{bucket}/a/one", "resource of a record")
    who = denied["userIdentity"]
    expect((who["type"], who["sessionContext"]["sessionIssuer"]["userName"]), ("AssumedRole", "judge-denied"), "who was denied")
    expect("is not authorized to perform: s3:PutObject" in denied["errorMessage"], True, denied["errorMessage"])
    expect(named(advanced), [("GetObject", None)], "what advanced selectors mean")
    names = [name for name, _ in named(management)]
    expect(("PutBucketTagging" in names, "PutObject" in names), (True, False), f"management events: {names}")
    status = client("cloudtrail").get_trail_status(Name="judge-writes")
    expect(("LatestDeliveryTime" in status, "LatestDeliveryError" in status), (True, False), "status after a delivery")


def deliveries_obey_the_policy_of_the_moment():
    s3, trail, bucket, logs = client(), client("cloudtrail"), "judge-data", "judge-writes-logs"
    before = len(bodies(logs, "t/"))
    s3.delete_bucket_policy(Bucket=logs)
    s3.put_object(Bucket=bucket, Key="a/lost", Body=b"")
    settle()
    expect(len(bodies(logs, "t/")), before, "files without a policy")
    expect(trail.get_trail_status(Name="judge-writes")["LatestDeliveryError"], "AccessDenied", "the error of a delivery")
    s3.put_bucket_policy(Bucket=logs, Policy=trail_policy(logs))
    s3.put_object(Bucket=bucket, Key="a/found", Body=b"")
    trail.stop_logging(Name="judge-writes")
    s3.put_object(Bucket=bucket, Key="a/unseen", Body=b"")
    settle()
    keys = [record["requestParameters"]["key"] for record in records(logs)]
    expect([key for key in ["a/lost", "a/found", "a/unseen"] if key in keys], ["a/found"], "what was recorded")
    expect("LatestDeliveryError" in trail.get_trail_status(Name="judge-writes"), False, "the error after a delivery")


def replication_is_recorded_at_both_ends():
    pair = Pair("judge-trails")
    pair.replicate()
    arns = [{"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::{pair.source}/"]}]
    logs = make_trail("judge-replication", EventSelectors=[{"IncludeManagementEvents": False, "DataResources": arns}])
    pair.put("one", Body=b"one")
    pair.wait("one")
    settle()
    by_s3 = [record for record in records(logs) if record["userIdentity"].get("invokedBy") == "s3.amazonaws.com"]
    expect([record["eventName"] for record in by_s3], ["GetObject"], "what S3 does at the source")
    expect(by_s3[0]["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"], pair.role, "the role of replication")
    # Calls of S3 itself are not in the call log.
    calls = [call for call in control("GET", "calls") if call["resource"] == f"{pair.destination}/one"]
    expect([call for call in calls if "replication" in call["caller"]], [], "calls of S3 in the call log")


def events_are_looked_up():
    s3, trail, name = client(), client("cloudtrail"), "judge-lookup"
    create_bucket(s3, name, SOURCE)
    s3.put_object(Bucket=name, Key="k", Body=b"")
    for n in range(3):
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "n", "Value": str(n)}]})
    refused("InvalidTargetBucketForLogging", None, s3.put_bucket_logging, Bucket=name, BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "judge-absent", "TargetPrefix": ""}})

    def find(key, value, **more):
        pages = trail.get_paginator("lookup_events").paginate(LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}], **more)
        return [event for page in pages for event in page["Events"]]

    # The log that tests see is forgotten, the history is not.
    control("DELETE", "calls")
    found = find("ResourceName", name)
    names = ["PutBucketLogging", "PutBucketTagging", "PutBucketTagging", "PutBucketTagging", "CreateBucket"]
    expect([event["EventName"] for event in found], names, "events of a bucket, newest first")
    expect([event["EventName"] for event in find("ResourceName", name, PaginationConfig={"PageSize": 2})], names, "events in pages")
    last = json.loads(found[0]["CloudTrailEvent"])
    expect((last["errorCode"], last["eventCategory"], last["sourceIPAddress"]), ("InvalidTargetBucketForLogging", "Management", "127.0.0.1"), "an event")
    arn = f"arn:aws:sts::{SOURCE}:assumed-role/sandbox/judge"
    expect((last["userIdentity"]["arn"], found[0]["Username"], found[0]["ReadOnly"]), (arn, "judge", "false"), "who called")
    expect("Boto3" in last["userAgent"], True, "the user agent")
    expect([event["EventId"] for event in find("EventId", found[1]["EventId"])], [found[1]["EventId"]], "an event by its id")
    expect({event["EventName"] for event in find("EventName", "CreateBucket")}, {"CreateBucket"}, "events by name")
    expect(len(find("AccessKeyId", found[0]["AccessKeyId"])) >= 5, True, "events by key")
    expect(find("EventName", "PutObject"), [], "data events in the history")
    expect({event["EventSource"] for event in find("EventSource", "cloudtrail.amazonaws.com")}, {"cloudtrail.amazonaws.com"}, "events by source")
    iam = client("iam")
    iam.create_role(RoleName="judge-looked-up", AssumeRolePolicyDocument=document({"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "sts:AssumeRole"}))
    expect(find("ResourceName", "judge-looked-up"), [], "global events elsewhere")
    everywhere = client("cloudtrail", region="us-east-1")
    [made] = everywhere.lookup_events(LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": "judge-looked-up"}])["Events"]
    expect((made["EventName"], made["Resources"]), ("CreateRole", [{"ResourceType": "AWS::IAM::Role", "ResourceName": "judge-looked-up"}]), "a role's event")
    other = client("cloudtrail", DESTINATION, region=HOME)
    expect(other.lookup_events(LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": name}])["Events"], [], "events of another account")
    at = found[0]["EventTime"].timestamp()
    expect(trail.lookup_events(StartTime=at + 3600, EndTime=at + 7200)["Events"], [], "events of later")
    refused("InvalidTimeRangeException", None, trail.lookup_events, StartTime=at, EndTime=at - 60)
    two = [{"AttributeKey": "EventName", "AttributeValue": "a"}] * 2
    refused("InvalidLookupAttributesException", None, trail.lookup_events, LookupAttributes=two)
    refused("InvalidNextTokenException", None, trail.lookup_events, NextToken="zz")
    control("PUT", "switches", {"lookups_throttled": True})
    trail.lookup_events(MaxResults=1), trail.lookup_events(MaxResults=1)
    refused("ThrottlingException", "Rate exceeded", trail.lookup_events, MaxResults=1)
    control("PUT", "switches", {})
    advance(91 * 24 * 60)
    old = client("cloudtrail").lookup_events(LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": name}])
    expect(old["Events"], [], "events of more than 90 days ago")


FIELDS = re.compile(r'\[[^\]]*\]|"[^"]*"|\S+')


def access_logs_appear():
    s3, source = client(), "judge-access"
    targets = {"simple": {"SimplePrefix": {}}, "events": {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}}
    create_bucket(s3, source, SOURCE)
    service = {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject"}

    def aim(name, format):
        bucket = f"judge-access-{name}"
        create_bucket(client(), bucket, SOURCE)
        enabled = {"TargetBucket": bucket, "TargetPrefix": "log/", "TargetObjectKeyFormat": format}
        client().put_bucket_logging(Bucket=source, BucketLoggingStatus={"LoggingEnabled": enabled})
        return bucket

    def allow(bucket, arn=f"arn:aws:s3:::{source}", account=SOURCE):
        condition = {"ArnLike": {"aws:SourceArn": arn}, "StringEquals": {"aws:SourceAccount": account}}
        policy = document({**service, "Resource": f"arn:aws:s3:::{bucket}/log/*", "Condition": condition})
        client().put_bucket_policy(Bucket=bucket, Policy=policy)

    simple = aim("simple", targets["simple"])
    client().put_object(Bucket=source, Key="lost", Body=b"")
    advance(61)
    settle()
    expect(bodies(simple), {}, "logs that no policy lets in")
    allow(simple, account=DESTINATION)
    client().put_object(Bucket=source, Key="lost too", Body=b"")
    advance(61)
    settle()
    expect(bodies(simple), {}, "logs that a policy for others lets in")
    allow(simple)
    s3 = client()
    s3.put_object(Bucket=source, Key='a "b".txt', Body=b"12345")
    s3.get_object(Bucket=source, Key='a "b".txt')
    refused("NoSuchKey", None, s3.get_object, Bucket=source, Key="absent")
    s3.get_bucket_versioning(Bucket=source)
    advance(30)
    settle()
    expect(bodies(simple), {}, "logs before their time")
    advance(31)
    settle()
    [(key, body)] = bodies(simple).items()
    expect(re.fullmatch(r"log/\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9A-Z]{16}", key) is not None, True, f"key of a log: {key}")
    lines = [FIELDS.findall(line) for line in body.decode().splitlines()]
    expect([len(line) for line in lines if len(line) != 26], [], "fields of a line")
    told = [(line[6], line[7], line[9], line[10]) for line in lines if line[6] != "REST.PUT.BUCKETPOLICY"]
    name = "a%20%22b%22.txt"
    wanted = [
        ("REST.PUT.OBJECT", name, "200", "-"),
        ("REST.GET.OBJECT", name, "200", "-"),
        ("REST.GET.OBJECT", "absent", "404", "NoSuchKey"),
        ("REST.GET.VERSIONING", "-", "200", "-"),
    ]
    expect(told, wanted, "lines of a log")
    put = lines[0]
    expect((put[1], put[3], put[12], put[19], put[21]), (source, "127.0.0.1", "5", "SigV4", "AuthHeader"), "a line")
    expect(put[4], f"arn:aws:sts::{SOURCE}:assumed-role/sandbox/judge", "the requester")
    expect((re.fullmatch(r"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\]", put[2]) is not None, put[8].startswith('"PUT /')), (True, True), f"time and request: {put}")
    expect(lines[1][11:13], ["5", "5"], "bytes sent and size")
    events = aim("events", targets["events"])
    allow(events)
    client().put_object(Bucket=source, Key="two", Body=b"")
    advance(61)
    settle()
    folder = rf"log/{SOURCE}/{HOME}/{source}/\d{{4}}/\d\d/\d\d/\d{{4}}-\d\d-\d\d-00-00-00-[0-9A-Z]{{16}}"
    keys = list(bodies(events))
    expect([re.fullmatch(folder, key) is not None for key in keys], [True], f"partitioned keys: {keys}")
    # With ACLs, a grant to the group does in place of a policy.
    client().delete_bucket_policy(Bucket=events)
    client().put_bucket_ownership_controls(Bucket=events, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    owner = client().get_bucket_acl(Bucket=events)["Owner"]
    group = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}
    mine = {"Grantee": {"Type": "CanonicalUser", "ID": owner["ID"]}, "Permission": "FULL_CONTROL"}
    for grants, more in [([mine], 0), ([mine, {"Grantee": group, "Permission": "WRITE"}], 1)]:
        client().put_bucket_acl(Bucket=events, AccessControlPolicy={"Owner": owner, "Grants": grants})
        client().put_object(Bucket=source, Key="three", Body=b"")
        before = len(bodies(events))
        advance(61)
        settle()
        expect(len(bodies(events)) - before, more, f"logs with {len(grants)} grants")


def inventories_appear():
    s3, source, reports = client(), "judge-inventoried", "judge-inventory-reports"
    for name in [source, reports]:
        create_bucket(s3, name, SOURCE)
    enable_versioning(s3, source)
    for body in [b"one", b"four"]:
        s3.put_object(Bucket=source, Key="a b/ü", Body=body)
    s3.put_object(Bucket=source, Key="gone", Body=b"")
    s3.delete_object(Bucket=source, Key="gone")
    fields = ["Size", "LastModifiedDate", "ETag", "StorageClass", "IsMultipartUploaded", "ReplicationStatus", "EncryptionStatus", "BucketKeyStatus", "ChecksumAlgorithm"]

    def configure(id, format="CSV", **more):
        destination = {"Bucket": f"arn:aws:s3:::{reports}", "Format": format, "Prefix": "inv", "AccountId": SOURCE}
        configuration = {
            "Id": id, "IsEnabled": True, "IncludedObjectVersions": "All", "Schedule": {"Frequency": "Daily"},
            "OptionalFields": fields, "Destination": {"S3BucketDestination": destination}, **more,
        }  # fmt: skip
        client().put_bucket_inventory_configuration(Bucket=source, Id=id, InventoryConfiguration=configuration)

    configure("all")
    configure("current", IncludedObjectVersions="Current", OptionalFields=["Size"], Filter={"Prefix": "a"})
    configure("off", IsEnabled=False)
    for format in COLUMNAR:
        configure(format.lower(), format)
    settle()
    time.sleep(0.2)
    advance(1)
    settle()
    advance(24 * 60 + 2)
    settle()
    expect(bodies(reports), {}, "reports that no policy lets in")
    condition = {
        "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{source}"},
        "StringEquals": {"aws:SourceAccount": SOURCE, "s3:x-amz-acl": "bucket-owner-full-control"},
    }
    allow = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{reports}/*", "Condition": condition}
    client().put_bucket_policy(Bucket=reports, Policy=document(allow))
    advance(24 * 60 + 2)
    settle()
    found = bodies(reports)
    of = {id: [key for key in found if key.startswith(f"inv/{source}/{id}/")] for id in ["all", "current", "off"]}
    expect({id: len(keys) for id, keys in of.items()}, {"all": 4, "current": 4, "off": 0}, f"files of reports: {of}")
    [at] = [key for key in of["all"] if key.endswith("manifest.json")]
    expect(re.fullmatch(rf"inv/{source}/all/\d{{4}}-\d\d-\d\dT\d\d-\d\dZ/manifest\.json", at) is not None, True, f"key of a manifest: {at}")
    expect(found[at.replace(".json", ".checksum")].decode(), hashlib.md5(found[at]).hexdigest(), "checksum of a manifest")
    manifest = json.loads(found[at])
    told = {name: manifest[name] for name in ["sourceBucket", "destinationBucket", "version", "fileFormat"]}
    expect(told, {"sourceBucket": source, "destinationBucket": f"arn:aws:s3:::{reports}", "version": "2016-11-30", "fileFormat": "CSV"}, "a manifest")
    columns = manifest["fileSchema"].split(", ")
    expect(columns, ["Bucket", "Key", "VersionId", "IsLatest", "IsDeleteMarker", *fields], "columns")
    [data] = manifest["files"]
    body = found[data["key"]]
    expect((data["size"], data["MD5checksum"]), (len(body), hashlib.md5(body).hexdigest()), "a file of a manifest")
    rows = [dict(zip(columns, row)) for row in csv.reader(io.StringIO(gzip.decompress(body).decode()))]
    short = [(row["Key"], row["IsLatest"], row["IsDeleteMarker"], row["Size"]) for row in rows]
    key = "a+b/%C3%BC"
    expect(short, [(key, "true", "false", "4"), (key, "false", "false", "3"), ("gone", "true", "true", ""), ("gone", "false", "false", "0")], "rows")
    first = rows[0]
    expect((first["ETag"], first["StorageClass"], first["EncryptionStatus"]), (hashlib.md5(b"four").hexdigest(), "STANDARD", "SSE-S3"), "a row")
    listed = client().list_object_versions(Bucket=source, Prefix="a b")["Versions"]
    expect([row["VersionId"] for row in rows[:2]], [one["VersionId"] for one in listed], "version ids")
    for format in COLUMNAR:
        tells_the_same(found, f"inv/{source}/{format.lower()}/", format, rows)
    [hive] = [key for key in of["all"] if key.endswith("/symlink.txt")]
    expect(found[hive].decode().strip(), f"s3://{reports}/{data['key']}", "the link for Hive")
    [link] = [key for key in of["current"] if key.endswith(".csv.gz")]
    expect(gzip.decompress(found[link]).decode(), f'"{source}","{key}","4"\n', "current versions under a prefix")
    advance(24 * 60 + 2)
    settle()
    expect(len([key for key in bodies(reports) if key.endswith("manifest.json")]), 8, "reports of the next day")


NAMES = ["bucket", "key", "version_id", "is_latest", "is_delete_marker", "size", "last_modified_date", "e_tag", "storage_class",
         "is_multipart_uploaded", "replication_status", "encryption_status", "bucket_key_status", "checksum_algorithm"]  # fmt: skip
FLAGS = ["is_latest", "is_delete_marker", "is_multipart_uploaded"]


class Orc:
    """UG:storage-inventory has the compression, UG:storage-inventory-location the types."""

    time = "timestamp[ns]"
    compression = "ZLIB"

    def __init__(self, body):
        file = pyarrow.orc.ORCFile(io.BytesIO(body))
        self.table, self.compressed = file.read(), file.compression

    @staticmethod
    def type_of(name):
        return "boolean" if name in FLAGS else {"size": "bigint", "last_modified_date": "timestamp"}.get(name, "string")

    @classmethod
    def schema(cls):
        return "struct<" + ",".join(f"{name}:{cls.type_of(name)}" for name in NAMES) + ">"


class Parquet:
    """Likewise; the words are those of a manifest of 2025 (nix-cache-inventory)."""

    time = "timestamp[ms, tz=UTC]"
    compression = "SNAPPY"

    def __init__(self, body):
        file = pyarrow.parquet.ParquetFile(io.BytesIO(body))
        self.table, self.compressed = file.read(), file.metadata.row_group(0).column(1).compression
        needed = [field.name for field in file.schema_arrow if not field.nullable]
        expect(needed, ["bucket", "key"], "what every row of Parquet has")
        expect("s3.inventory" in str(file.schema), True, f"what a file of Parquet is a list of: {file.schema}")

    @staticmethod
    def field(name):
        if name in FLAGS:
            return f"boolean {name}"
        times = {"size": "int64 size", "last_modified_date": "int64 last_modified_date (TIMESTAMP(MILLIS,true))"}
        return times.get(name, f"binary {name} (STRING)")

    @classmethod
    def schema(cls):
        needed = lambda name: "required" if name in ["bucket", "key"] else "optional"  # noqa: E731
        return "message s3.inventory {" + "".join(f"  {needed(name)} {cls.field(name)};" for name in NAMES) + "}"


COLUMNAR = {"ORC": Orc, "Parquet": Parquet}


def tells_the_same(found, folder, format, rows):
    """Arrow's own reader finds in a list what the list in CSV says, with types."""
    [at] = [key for key in found if key.startswith(folder) and key.endswith("manifest.json")]
    manifest = json.loads(found[at])
    expect((manifest["fileFormat"], manifest["fileSchema"]), (format, COLUMNAR[format].schema()), f"a manifest of {format}")
    [data] = manifest["files"]
    expect(data["key"].rpartition(".")[2], format.lower(), f"how the name of {format} ends")
    file = COLUMNAR[format](found[data["key"]])
    expect(file.compressed, file.compression, f"compression of {format}")
    kinds = {"size": "int64", "last_modified_date": file.time, **dict.fromkeys(FLAGS, "bool")}
    schema = [(field.name, str(field.type)) for field in file.table.schema]
    expect(schema, [(name, kinds.get(name, "string")) for name in NAMES], f"columns of {format}")
    texts = [list(map(as_in_csv, row.items())) for row in file.table.to_pylist()]
    expect(texts, [list(row.values()) for row in rows], f"rows of {format}")


def as_in_csv(cell):
    name, value = cell
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03}Z"
    return urllib.parse.quote_plus(value, safe="/") if name == "key" else str(value)


def inventories_ask_for_their_key():
    s3, kms, source, reports = client(), client("kms"), "judge-inventory-key", "judge-inventory-secret"
    for name in [source, reports]:
        create_bucket(s3, name, SOURCE)
    s3.put_object(Bucket=source, Key="k", Body=b"")
    allow = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{reports}/*"}
    s3.put_bucket_policy(Bucket=reports, Policy=document(allow))
    owner = {"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "kms:*", "Resource": "*"}
    key = kms.create_key(Policy=document(owner))["KeyMetadata"]["Arn"]
    destination = {"Bucket": f"arn:aws:s3:::{reports}", "Format": "CSV", "Encryption": {"SSEKMS": {"KeyId": key}}}
    configuration = {
        "Id": "one", "IsEnabled": True, "IncludedObjectVersions": "Current", "Schedule": {"Frequency": "Daily"},
        "Destination": {"S3BucketDestination": destination},
    }  # fmt: skip
    s3.put_bucket_inventory_configuration(Bucket=source, Id="one", InventoryConfiguration=configuration)
    advance(1)
    settle()
    advance(24 * 60 + 2)
    settle()
    listed = lambda: client().list_objects_v2(Bucket=reports).get("Contents", [])  # noqa: E731
    expect(listed(), [], "a report under a key that S3 may not use")
    use = {
        "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "kms:GenerateDataKey", "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": SOURCE}, "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{source}"}},
    }  # fmt: skip
    client("kms").put_key_policy(KeyId=key, Policy=document(owner, use))
    advance(24 * 60 + 2)
    settle()
    expect(len(listed()), 4, "files of a report under a key")
    head = client().head_object(Bucket=reports, Key=listed()[0]["Key"])
    expect(head["SSEKMSKeyId"], key, "the key of a report")


def make_topic(name, service):
    sns = client("sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    let_in(topic, service)
    return topic


def let_in(topic, service):
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "SNS:Publish", "Resource": topic}
    statement["Condition"] = {"StringEquals": {"aws:SourceAccount": SOURCE}}
    client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document(statement))


def mail(topic):
    return [entry for entry in control("GET", "mailbox") if entry["topic"] == topic]


def topics_hear_of_buckets():
    s3, bucket = client(), "judge-told"
    create_bucket(s3, bucket, SOURCE)
    topic = make_topic("judge-told", "cloudtrail.amazonaws.com")
    events = [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]
    put = {"Bucket": bucket, "NotificationConfiguration": {"TopicConfigurations": events}}
    words = "Unable to validate the following destination configurations"
    error = refused("InvalidArgument", words, s3.put_bucket_notification_configuration, **put)["Error"]
    reason = "Permissions on the destination topic do not allow S3 to publish notifications from this bucket"
    expect((error["ArgumentName1"], error["ArgumentValue1"]), (topic, reason), "a topic that is closed to S3")
    let_in(topic, "s3.amazonaws.com")
    s3.put_bucket_notification_configuration(**put)
    s3.put_object(Bucket=bucket, Key="a b", Body=b"one")
    s3.delete_object(Bucket=bucket, Key="a b")
    first, second = mail(topic)
    expect((json.loads(first["message"])["Event"], first["subject"]), ("s3:TestEvent", "Amazon S3 Notification"), "the first message")
    [record] = json.loads(second["message"])["Records"]
    told = (second["type"], second["from"], record["eventName"], record["s3"]["object"]["key"])
    expect(told, ("published", "s3.amazonaws.com", "ObjectCreated:Put", "a+b"), "what a topic hears")
    let_in(topic, "cloudtrail.amazonaws.com")
    s3.put_object(Bucket=bucket, Key="lost", Body=b"")
    expect([entry["type"] for entry in mail(topic)], ["published", "published", "refused"], "a topic that was closed")


def topics_hear_of_trails():
    s3, trail, sns = client(), client("cloudtrail"), client("sns")
    topic = make_topic("judge-trails", "cloudtrail.amazonaws.com")
    create_bucket(s3, "judge-heard-logs", SOURCE)
    s3.put_bucket_policy(Bucket="judge-heard-logs", Policy=trail_policy("judge-heard-logs"))
    trail.create_trail(Name="judge-heard", S3BucketName="judge-heard-logs", S3KeyPrefix="t", SnsTopicName="judge-trails")
    trail.start_logging(Name="judge-heard")
    sns.create_topic(Name="judge-recorded")
    sns.publish(TopicArn=topic, Message="not an event of management")
    client("cloudwatch").describe_alarms()
    settle()
    [(key, _)] = bodies("judge-heard-logs", "t/").items()
    heard = [json.loads(entry["message"]) for entry in mail(topic) if entry["from"] == "cloudtrail.amazonaws.com"]
    expect(heard, [{"s3Bucket": "judge-heard-logs", "s3ObjectKey": [key]}], "what the topic of a trail hears")
    sources = {(record["eventSource"], record["eventName"]): record for record in records("judge-heard-logs")}
    made = sources[("sns.amazonaws.com", "CreateTopic")]
    expect(made["requestParameters"], {"name": "judge-recorded"}, "parameters of a call of SNS")
    read = sources[("monitoring.amazonaws.com", "DescribeAlarms")]["readOnly"]
    expect((read, ("sns.amazonaws.com", "Publish") in sources), (True, False), "calls of CloudWatch and SNS")
    status = trail.get_trail_status(Name="judge-heard")
    expect(("LatestNotificationTime" in status, "LatestNotificationError" in status), (True, False), "status of a topic that heard")
    let_in(topic, "s3.amazonaws.com")
    sns.create_topic(Name="judge-unheard")
    settle()
    status = trail.get_trail_status(Name="judge-heard")
    expect("LatestNotificationError" in status, True, "status of a topic that was closed")
    trail.delete_trail(Name="judge-heard")


def main():
    trails_deliver_what_their_selectors_mean()
    deliveries_obey_the_policy_of_the_moment()
    replication_is_recorded_at_both_ends()
    events_are_looked_up()
    for name in ["judge-writes", "judge-advanced", "judge-management", "judge-replication"]:
        client("cloudtrail").delete_trail(Name=name)
    topics_hear_of_buckets()
    topics_hear_of_trails()
    access_logs_appear()
    inventories_appear()
    inventories_ask_for_their_key()


if __name__ == "__main__":
    main()
