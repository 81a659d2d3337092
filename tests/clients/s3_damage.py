"""Judges the control endpoint's damage with boto3: what a version says of itself stays, what it holds does not, and its replica keeps its own."""

import json
import urllib.error
import urllib.request

from botocore.config import Config
from botocore.exceptions import FlexibleChecksumError

from s3_world import CONTROL, ENDPOINT, ONCE, Pair, control, expect, settle

# boto3 finds what no checksum fits, and then shows nothing of it.
UNCHECKED = ONCE.merge(Config(response_checksum_validation="when_required"))
BODY = b"a body of some bytes"
SHOWN = ["ETag", "ContentLength", "ChecksumCRC64NVME", "VersionId", "LastModified", "ReplicationStatus"]


def refused(status, error, body, headers=CONTROL):
    request = urllib.request.Request(f"{ENDPOINT}/_sandbox/damage", json.dumps(body).encode(), headers, method="POST")
    try:
        urllib.request.urlopen(request)
    except urllib.error.HTTPError as reply:
        expect(reply.code, status, f"status of {body}")
        if error is not None:
            expect(json.load(reply), {"error": error}, f"refusal of {body}")
        return
    raise SystemExit(f"{body} was not refused")


class Judge:
    def __init__(self):
        self.pair = Pair("judge-damage")
        self.pair.replicate()
        self.from_s3 = self.pair.source_session.client("s3", config=UNCHECKED)
        self.to_s3 = self.pair.destination_session.client("s3", config=UNCHECKED)

    def put(self, key, **more):
        id = self.pair.put(key, Body=BODY, Tagging="class=hot", Metadata={"colour": "blue"}, **more)["VersionId"]
        settle()
        return id

    def damage(self, key, id, kind):
        body = {"bucket": self.pair.destination, "key": key, "version_id": id, "kind": kind}
        expect(control("POST", "damage", body), {}, "answer")

    def seen(self, s3, bucket, key):
        head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        object = s3.get_object(Bucket=bucket, Key=key)
        tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]}
        return {name: head.get(name) for name in SHOWN}, head["Metadata"], tags, object["Body"].read()

    def source(self, key):
        return self.seen(self.from_s3, self.pair.source, key)

    def destination(self, key):
        return self.seen(self.to_s3, self.pair.destination, key)


def each_kind_changes_one_thing(judge):
    for kind in ["flip-byte", "truncate", "metadata", "tags"]:
        id = judge.put(kind)
        source, (said, metadata, tags, body) = judge.source(kind), judge.destination(kind)
        judge.damage(kind, id, kind)
        if kind == "flip-byte":
            body = bytes([body[0] ^ 1]) + body[1:]
        elif kind == "truncate":
            said["ContentLength"] -= 1
            body = body[:-1]
        elif kind == "metadata":
            metadata["damaged"] = "1"
        else:
            tags["damaged"] = "1"
        expect(judge.destination(kind), (said, metadata, tags, body), f"the replica after {kind}")
        settle()
        expect(judge.source(kind), source, f"the source after {kind} of its replica")


def clients_that_check_find_it(judge):
    for key in ["flip-byte", "truncate"]:
        try:
            judge.pair.to_s3.get_object(Bucket=judge.pair.destination, Key=key)["Body"].read()
        except FlexibleChecksumError:
            continue
        raise SystemExit(f"{key} was read")


def a_listing_shows_the_size_alone(judge):
    s3, bucket = judge.pair.to_s3, judge.pair.destination
    listed = {version["Key"]: version for version in s3.list_object_versions(Bucket=bucket)["Versions"]}
    expect(listed["truncate"]["Size"], len(BODY) - 1, "size of the one that lost a byte")
    expect(listed["truncate"]["ETag"], listed["flip-byte"]["ETag"], "its ETag")


def what_is_not_there_is_not_damaged(judge):
    bucket, id = judge.pair.destination, judge.put("plain")
    whole = {"bucket": bucket, "key": "plain", "version_id": id, "kind": "truncate"}
    refused(404, "there is no bucket absent", {**whole, "bucket": "absent"})
    refused(404, "there is no key absent", {**whole, "key": "absent"})
    refused(404, "there is no version absent of plain", {**whole, "version_id": "absent"})
    refused(400, None, {**whole, "kind": "burn"})
    refused(400, None, {**whole, "more": 1})
    refused(401, None, whole, {"Content-Type": "application/json"})
    marker = judge.pair.to_s3.delete_object(Bucket=bucket, Key="plain")["VersionId"]
    refused(400, "a delete marker holds nothing", {**whole, "version_id": marker})
    empty = judge.pair.to_s3.put_object(Bucket=bucket, Key="empty")["VersionId"]
    refused(400, "there is no byte to damage", {**whole, "key": "empty", "version_id": empty})


def main():
    judge = Judge()
    each_kind_changes_one_thing(judge)
    clients_that_check_find_it(judge)
    a_listing_shows_the_size_alone(judge)
    what_is_not_there_is_not_damaged(judge)
    print("ok")


if __name__ == "__main__":
    main()
