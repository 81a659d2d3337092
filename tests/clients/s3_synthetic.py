"""Judges pairs of a seed with boto3: those that are kept and those that are computed tell the same, and differ where a difference was planted."""

import base64
import hashlib

from s3_world import DESTINATION, ONCE, SOURCE, control, expect, refused, session

SIDES = {"source": SOURCE, "destination": DESTINATION}
SIZE, KEYS = [1, 200], 1200


def key(number):
    digits = f"{number:04}"
    return f"orders/{digits[0]}/{digits[1:3]}/{digits[3]}.json"


class Bucket:
    def __init__(self, kind, side):
        self.s3, self.name = session(SIDES[side]).client("s3", config=ONCE), f"judge-{kind}-{side}"

    def call(self, operation, **arguments):
        return getattr(self.s3, operation)(Bucket=self.name, **arguments)

    def pages(self, operation, size, **arguments):
        pages = self.s3.get_paginator(operation)
        return pages.paginate(Bucket=self.name, PaginationConfig={"PageSize": size}, **arguments)

    def versions(self, size=1000, **arguments):
        """Lists what a reader sees of each key, the newest first, and the common prefixes."""
        found, prefixes = {}, []
        for page in self.pages("list_object_versions", size, **arguments):
            for entry in page.get("Versions", []) + page.get("DeleteMarkers", []):
                found.setdefault(entry["Key"], []).append(entry)
            prefixes += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
        for entries in found.values():
            entries.sort(key=lambda entry: not entry["IsLatest"])
        return found, prefixes

    def current(self, operation, size=1000, **arguments):
        keys, prefixes = [], []
        for page in self.pages(operation, size, **arguments):
            keys += [(entry["Key"], entry["Size"]) for entry in page.get("Contents", [])]
            prefixes += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
        return keys, prefixes


def told(entry, but=()):
    wanted = ["VersionId", "IsLatest", "LastModified", "Size", "StorageClass", "ETag"]
    return [entry.get(name) for name in wanted if name not in but]


def both_kinds_tell_the_same():
    for side in SIDES:
        kept, made = Bucket("kept", side), Bucket("made", side)
        all, _ = kept.versions()
        computed, _ = made.versions()
        # An ETag that is computed stands for no bytes; when the two newest are swapped, only the id says which came first.
        shown = [{key: [told(entry, ["ETag"]) for entry in found] for key, found in of.items()} for of in (all, computed)]
        expect(shown[1], shown[0], f"versions of the {side}")
        expect(all[key(40)][0].get("Size"), None, "the marker of a tenth key")
        expect(len(all[key(40)]), 4, "versions of a fourth key, and its marker")
        expect(list(all)[:2], [key(0), key(1)], "the first keys")
        for size in [97, 1000]:
            for more in [{}, {"Prefix": "orders/1/1"}, {"Prefix": "orders/", "Delimiter": "/"}, {"Prefix": "orders/0/", "Delimiter": "/"}]:
                expect(made.versions(size, **more)[1], kept.versions(size, **more)[1], f"prefixes of versions {size} {more}")
                expect(list(made.versions(size, **more)[0]), list(kept.versions(size, **more)[0]), f"versions {size} {more}")
                for operation in ["list_objects", "list_objects_v2"]:
                    found = made.current(operation, size, **more)
                    expect(found, kept.current(operation, size, **more), f"{operation} {size} {more}")
        expect(made.current("list_objects_v2", StartAfter=key(1190))[0][0][0], key(1191), "the first key after one")


def differences(kind):
    source, destination = (Bucket(kind, side).versions()[0] for side in SIDES)
    found = {}
    for name in source.keys() | destination.keys():
        one, other = (side.get(name, []) for side in (source, destination))
        if [told(entry) for entry in one] != [told(entry) for entry in other]:
            found[name] = (one, other)
    return found


def what_is_planted_is_what_differs():
    planted = {"missing": [11, 12], "extra": [21], "size": [31], "etag": [41, 1199], "marker": [51], "old": [61], "swapped": [71]}
    planted["class"] = [81, 581, 1081]
    drawn = set()
    for kind in ["kept", "made"]:
        found = differences(kind)
        for name in planted:
            for number in planted[name]:
                one, other = found.pop(key(number))
                first = [entries[0] if entries else {} for entries in (one, other)]
                unlike = {field for field in ["ETag", "Size", "StorageClass", "VersionId"] if first[0].get(field) != first[1].get(field)}
                wanted = {
                    "missing": (0, None),
                    "extra": (len(one), None),
                    "size": (len(one), {"ETag", "Size"}),
                    "etag": (len(one), {"ETag"}),
                    "marker": (len(one) - 1, None),
                    "old": (len(one) - 1, set()),
                    "swapped": (len(one), None),
                    "class": (len(one), {"StorageClass"}),
                }[name]
                lengths = (0, 1) if name == "extra" else (len(one), wanted[0])
                expect((len(one), len(other)), lengths, f"versions of {name} {number}")
                if wanted[1] is not None:
                    expect(unlike, wanted[1], f"what differs of {name} {number}")
                if name == "swapped":
                    ids = [[entry["VersionId"] for entry in entries] for entries in (one, other)]
                    expect([ids[0][1], ids[0][0]], [ids[1][0], ids[1][1]] if len(ids[1]) == 2 else ids[1][:2], "swapped ids")
                if name == "marker":
                    expect("Size" in one[0] or "Size" not in other[0], False, "a marker on one side")
        expect(len(found), 5, "drawn differences")
        expect({len(other) for _, other in found.values()}, {0}, "drawn keys at the destination")
        drawn.add(frozenset(found))
    expect(len(drawn), 1, "draws of one seed")


def versions_can_be_read(kind):
    source, destination = (Bucket(kind, side) for side in SIDES)
    ids = [entry["VersionId"] for entry in source.versions(Prefix=key(8))[0][key(8)]]
    expect(len(ids), 3, "versions of a fourth key")
    for id in ids:
        which = {"Key": key(8), "VersionId": id}
        heads = [side.call("head_object", ChecksumMode="ENABLED", **which) for side in (source, destination)]
        expect([head["ReplicationStatus"] for head in heads], ["COMPLETED", "REPLICA"], "status of replication")
        bodies = [side.call("get_object", **which)["Body"].read() for side in (source, destination)]
        expect(bodies[0], bodies[1], "bytes of a replica")
        expect(len(bodies[0]), heads[0]["ContentLength"], "size")
        for name in ["ETag", "ContentLength", "LastModified", "ChecksumCRC64NVME"]:
            expect(heads[1][name], heads[0][name], f"{name} of a replica")
        if kind == "kept":
            expect(heads[0]["ETag"], f'"{hashlib.md5(bodies[0]).hexdigest()}"', "ETag of what is kept")
        told = source.call("get_object_attributes", ObjectAttributes=["ETag", "Checksum", "ObjectSize"], **which)
        expect(told["ETag"].strip('"'), heads[0]["ETag"].strip('"'), "ETag of the attributes")
        expect(told["Checksum"]["ChecksumCRC64NVME"], heads[0]["ChecksumCRC64NVME"], "checksum of the attributes")
        expect(len(base64.b64decode(told["Checksum"]["ChecksumCRC64NVME"])), 8, "bytes of the checksum")
    other = [side.call("get_object", Key=key(41))["Body"].read() for side in (source, destination)]
    expect((len(other[0]) == len(other[1]), other[0] == other[1]), (True, False), "bytes of another content of the same size")
    refused("404", None, source.call, operation="head_object", Key=key(40))
    refused("NoSuchKey", None, source.call, operation="get_object", Key=key(1200))
    refused("NoSuchVersion", None, source.call, operation="get_object", Key=key(8), VersionId="x" * 32)


def what_is_computed_stays():
    made, kept = Bucket("made", "source"), Bucket("kept", "source")
    body = {"Key": key(8), "Body": b"x"}
    refused("NotImplemented", None, made.call, operation="put_object", **body)
    refused("NotImplemented", None, made.call, operation="delete_object", Key=key(8))
    refused("NotImplemented", None, made.call, operation="put_object_tagging", Key=key(8), Tagging={"TagSet": []})
    refused("NotImplemented", None, made.call, operation="delete_bucket")
    expect(made.call("get_bucket_versioning")["Status"], "Enabled", "versioning of what is computed")
    id = kept.call("put_object", **body)["VersionId"]
    expect(kept.versions(Prefix=key(8))[0][key(8)][0]["VersionId"], id, "a version on top of those of the seed")


def a_hundred_million_keys_cost_a_page():
    vast = Bucket("made", "source")
    vast.name = "judge-vast"
    page = vast.call("list_objects_v2", StartAfter="989/999/99", MaxKeys=3)
    expect([entry["Key"] for entry in page["Contents"]], [f"990/000/0{n}" for n in range(3)], "keys far down")
    page = vast.call("list_object_versions", KeyMarker="999/999/95")
    latest = [entry["Key"] for entry in page["Versions"] if entry["IsLatest"]]
    expect((latest, page["IsTruncated"]), ([f"999/999/{n}" for n in range(96, 100)], False), "the last keys")
    expect(len(page["Versions"]), 5, "the last versions")
    prefixes = [entry["Prefix"] for entry in vast.call("list_objects_v2", Delimiter="/")["CommonPrefixes"]]
    expect(prefixes, [f"{n:03}/" for n in range(1000)], "folders")
    below = vast.call("list_object_versions", Prefix="500/", Delimiter="/", MaxKeys=2)["CommonPrefixes"]
    expect([entry["Prefix"] for entry in below], ["500/000/", "500/001/"], "folders of a folder")


def a_prefix_is_read_so_often_in_a_second():
    made = Bucket("made", "source")
    control("PUT", "switches", {"reads_per_prefix": 2})
    # The clock may leave a second between two calls.
    outcomes = []
    for _ in range(6):
        try:
            made.call("list_object_versions", Prefix="orders/", MaxKeys=1)
            outcomes.append(200)
        except made.s3.exceptions.ClientError as error:
            expect(error.response["Error"]["Code"], "SlowDown", "refusal")
            outcomes.append(error.response["ResponseMetadata"]["HTTPStatusCode"])
    expect(503 in outcomes and outcomes[:2] == [200, 200], True, f"a rate of two: {outcomes}")
    made.call("list_object_versions", Prefix="others/")
    control("POST", "clock", {"advance_ms": 1000})
    made.call("head_object", Key=key(8))
    control("PUT", "switches", {})


def main():
    both_kinds_tell_the_same()
    what_is_planted_is_what_differs()
    versions_can_be_read("kept")
    versions_can_be_read("made")
    what_is_computed_stays()
    a_hundred_million_keys_cost_a_page()
    a_prefix_is_read_so_often_in_a_second()
    print("ok")


if __name__ == "__main__":
    main()
