"""Judges the checksums of S3 with boto3 and the AWS CLI: verified, added, shown, and put together from parts."""

import base64
import binascii
import hashlib

import xxhash
from botocore.config import Config

from s3_world import ONCE, SOURCE, cli, create_bucket, expect, refused, session

BUCKET = "judge-checksums"
BODY = b"one body"
LARGE = b"x" * (5 << 20)


def encoded(digest):
    return base64.b64encode(digest).decode()


def crc32(body):
    return binascii.crc32(body).to_bytes(4, "big")


def sha512(body):
    return hashlib.sha512(body).digest()


DIGESTS = {
    "CRC32": crc32,
    "SHA1": lambda body: hashlib.sha1(body).digest(),
    "SHA256": lambda body: hashlib.sha256(body).digest(),
    "SHA512": sha512,
    "MD5": lambda body: hashlib.md5(body).digest(),
    # python-xxhash wraps the reference implementation.
    "XXHASH64": lambda body: xxhash.xxh64(body).digest(),
    "XXHASH3": lambda body: xxhash.xxh3_64(body).digest(),
    "XXHASH128": lambda body: xxhash.xxh3_128(body).digest(),
}


def puts(s3):
    for name, digest in DIGESTS.items():
        field, here = f"Checksum{name}", {"Bucket": BUCKET, "Key": name}
        value = encoded(digest(BODY))
        put = s3.put_object(**here, Body=BODY, **{field: value})
        expect((put[field], put["ChecksumType"]), (value, "FULL_OBJECT"), f"{name} of a put")
        head = s3.head_object(**here, ChecksumMode="ENABLED")
        expect((head[field], head["ChecksumType"]), (value, "FULL_OBJECT"), f"{name} of HEAD")
        expect(s3.get_object(**here, ChecksumMode="ENABLED")[field], value, f"{name} of GET")
        expect(field in s3.head_object(**here), False, f"{name} of HEAD that does not ask")
        wrong = {field: encoded(digest(b"another body"))}
        words = f"The {name} you specified did not match the calculated checksum."
        refused("BadDigest", words, s3.put_object, **here, Body=BODY, **wrong)
    wrong = {"ChecksumXXHASH64": encoded(b"12345678")}
    refused("BadDigest", None, s3.put_object, Bucket=BUCKET, Key="k", Body=BODY, **wrong)


def parts(s3):
    """Composite values are over those of the parts, full ones over all bytes."""
    bodies = [LARGE, b"the end"]
    for name, kind in [("CRC32", "COMPOSITE"), ("CRC32", "FULL_OBJECT"), ("SHA256", "COMPOSITE"), ("SHA512", "COMPOSITE"), ("XXHASH128", "COMPOSITE")]:
        digest, field, here = DIGESTS[name], f"Checksum{name}", {"Bucket": BUCKET, "Key": f"{name}-{kind}"}
        upload = s3.create_multipart_upload(**here, ChecksumAlgorithm=name, ChecksumType=kind)
        here["UploadId"] = upload["UploadId"]
        listed = []
        for number, body in enumerate(bodies, 1):
            value = {field: encoded(digest(body))}
            part = s3.upload_part(**here, PartNumber=number, Body=body, **value)
            expect(part[field], value[field], f"{name} of a part")
            # The sandbox does not read the newer algorithms in the list of parts.
            named = {} if name in ("SHA512", "XXHASH128") else value
            listed.append({"PartNumber": number, "ETag": part["ETag"], **named})
        s3.complete_multipart_upload(**here, MultipartUpload={"Parts": listed})
        whole = digest(b"".join(bodies)) if kind == "FULL_OBJECT" else digest(b"".join(map(digest, bodies)))
        wanted = encoded(whole) + ("" if kind == "FULL_OBJECT" else "-2")
        head = s3.head_object(Bucket=BUCKET, Key=here["Key"], ChecksumMode="ENABLED")
        expect((head[field], head["ChecksumType"]), (wanted, kind), f"{name} of an upload, {kind}")
    impossible = {"Bucket": BUCKET, "Key": "k", "ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"}
    refused("InvalidRequest", None, s3.create_multipart_upload, **impossible)
    refused("InvalidRequest", None, s3.create_multipart_upload, **{**impossible, "ChecksumAlgorithm": "SHA512"})


def by_default(s3):
    """What is put without a checksum gets CRC64NVME (BC:s3 Checksum)."""
    plain = session(SOURCE).client("s3", config=Config(request_checksum_calculation="when_required"))
    plain.put_object(Bucket=BUCKET, Key="plain", Body=BODY)
    head = s3.head_object(Bucket=BUCKET, Key="plain", ChecksumMode="ENABLED")
    expect(("ChecksumCRC64NVME" in head, head["ChecksumType"]), (True, "FULL_OBJECT"), "the checksum that S3 adds")


def the_cli_finds_the_same(s3):
    s3.put_object(Bucket=BUCKET, Key="cli", Body=BODY, ChecksumSHA512=encoded(sha512(BODY)))
    head = cli("s3api", "head-object", "--bucket", BUCKET, "--key", "SHA256", "--checksum-mode", "ENABLED")
    expect(head["ChecksumSHA256"], encoded(hashlib.sha256(BODY).digest()), "SHA256 by the CLI")


def main():
    s3 = session(SOURCE).client("s3", config=ONCE)
    create_bucket(s3, BUCKET, SOURCE)
    puts(s3)
    parts(s3)
    by_default(s3)
    the_cli_finds_the_same(s3)
    print("ok")


if __name__ == "__main__":
    main()
