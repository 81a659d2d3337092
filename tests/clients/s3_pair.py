"""Judges S3 and its replication with boto3: a bucket pair in two accounts, from nothing to replicas."""

import base64
import urllib.error
import urllib.request
import zlib

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config

from s3_world import (
    DESTINATION,
    ENDPOINT,
    ONCE,
    REGION,
    SOURCE,
    Pair,
    control,
    create_key,
    document,
    expect,
    refused,
    rule,
    settle,
)

BODY = b"one body of eighteen"


def objects_replicate(pair):
    before = pair.put("before", Body=b"older than the configuration")
    pair.replicate()
    put = pair.put("a/object", Body=BODY, Metadata={"colour": "blue"}, Tagging="class=hot&team=x", ContentType="text/plain")
    pair.wait("a/object")
    source = pair.from_s3.head_object(Bucket=pair.source, Key="a/object", ChecksumMode="ENABLED")
    replica = pair.to_s3.head_object(Bucket=pair.destination, Key="a/object", ChecksumMode="ENABLED")
    expect(replica["ReplicationStatus"], "REPLICA", "status of the replica")
    for field in ["VersionId", "ETag", "LastModified", "Metadata", "ContentType", "ContentLength", "ChecksumType"]:
        expect(replica[field], source[field], f"{field} of the replica")
    checksums = {name for name in source if name.startswith("Checksum")}
    expect({name for name in replica if name.startswith("Checksum")}, checksums, "checksums of the replica")
    expect(source["VersionId"], put["VersionId"], "version id of the source")
    body = pair.to_s3.get_object(Bucket=pair.destination, Key="a/object")["Body"].read()
    expect(body, BODY, "body of the replica")
    tags = pair.to_s3.get_object_tagging(Bucket=pair.destination, Key="a/object")["TagSet"]
    expect(tags, [{"Key": "class", "Value": "hot"}, {"Key": "team", "Value": "x"}], "tags of the replica")
    expect(pair.status("before"), None, "status of an object older than the configuration")
    refused("404", None, pair.to_s3.head_object, Bucket=pair.destination, Key="before")
    expect("VersionId" in before, True, "version id of a write to a versioned bucket")


def markers_replicate_and_version_deletes_do_not(pair):
    pair.put("marked", Body=BODY)
    marker = pair.from_s3.delete_object(Bucket=pair.source, Key="marked")
    settle()
    listed = pair.to_s3.list_object_versions(Bucket=pair.destination, Prefix="marked")
    expect([m["VersionId"] for m in listed["DeleteMarkers"]], [marker["VersionId"]], "markers of the destination")
    expect(listed["DeleteMarkers"][0]["IsLatest"], True, "the marker is current")
    version = listed["Versions"][0]["VersionId"]
    for id in [marker["VersionId"], version]:
        pair.from_s3.delete_object(Bucket=pair.source, Key="marked", VersionId=id)
    settle()
    listed = pair.to_s3.list_object_versions(Bucket=pair.destination, Prefix="marked")
    expect(len(listed["Versions"]) + len(listed["DeleteMarkers"]), 2, "what version deletes left in the destination")
    response = refused("404", None, pair.to_s3.head_object, Bucket=pair.destination, Key="marked")
    expect(response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"], "true", "header of a current marker")
    refused("405", None, pair.to_s3.head_object, Bucket=pair.destination, Key="marked", VersionId=marker["VersionId"])


def tags_changed_later_follow(pair):
    pair.put("tagged-later", Body=BODY)
    settle()
    tags = [{"Key": "k", "Value": "v"}]
    pair.from_s3.put_object_tagging(Bucket=pair.source, Key="tagged-later", Tagging={"TagSet": tags})
    pair.wait("tagged-later")
    shown = pair.to_s3.get_object_tagging(Bucket=pair.destination, Key="tagged-later")["TagSet"]
    expect(shown, tags, "tags of the replica after a change")


def replicas_are_not_replicated_again(pair):
    pair.put("chain", Body=BODY)
    settle()
    replica = pair.to_s3.head_object(Bucket=pair.destination, Key="chain")
    copy = pair.from_s3.head_object(Bucket=pair.source, Key="chain")
    expect((replica["ReplicationStatus"], copy["ReplicationStatus"]), ("REPLICA", "COMPLETED"), "both statuses")


def multipart_uploads_replicate(pair):
    key, part = "parts", b"x" * (5 << 20)
    upload = pair.from_s3.create_multipart_upload(Bucket=pair.source, Key=key, ChecksumAlgorithm="SHA256")
    where = {"Bucket": pair.source, "Key": key, "UploadId": upload["UploadId"]}
    parts = []
    for number, body in enumerate([part, part, b"end"], start=1):
        sent = pair.from_s3.upload_part(**where, PartNumber=number, Body=body, ChecksumAlgorithm="SHA256")
        parts.append({"PartNumber": number, "ETag": sent["ETag"], "ChecksumSHA256": sent["ChecksumSHA256"]})
    refused("InvalidPartOrder", None, pair.from_s3.complete_multipart_upload, **where, MultipartUpload={"Parts": parts[::-1]})
    refused(
        "EntityTooSmall",
        "Your proposed upload is smaller than the minimum allowed size",
        pair.from_s3.complete_multipart_upload,
        **where,
        MultipartUpload={"Parts": parts_with_a_small_one(pair, where)},
    )
    done = pair.from_s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    expect(done["ETag"].strip('"')[-2:], "-3", "end of a multipart ETag")
    pair.wait(key)
    source = pair.from_s3.head_object(Bucket=pair.source, Key=key, ChecksumMode="ENABLED")
    replica = pair.to_s3.head_object(Bucket=pair.destination, Key=key, ChecksumMode="ENABLED")
    expect(replica["ETag"], source["ETag"], "multipart ETag of the replica")
    expect(replica["ChecksumSHA256"], source["ChecksumSHA256"], "composite checksum of the replica")
    expect(source["ChecksumType"], "COMPOSITE", "checksum type of a multipart SHA256")
    attributes = pair.to_s3.get_object_attributes(
        Bucket=pair.destination, Key=key, ObjectAttributes=["ObjectParts", "Checksum", "ObjectSize", "ETag"]
    )
    expect(attributes["ObjectParts"]["TotalPartsCount"], 3, "parts of the replica")
    expect(attributes["ObjectSize"], 2 * len(part) + 3, "size of the replica")
    second = pair.from_s3.get_object(Bucket=pair.source, Key=key, PartNumber=3)
    expect((second["Body"].read(), second["PartsCount"]), (b"end", 3), "third part by number")


def parts_with_a_small_one(pair, where):
    parts = []
    for number in (11, 12):
        sent = pair.from_s3.upload_part(**where, PartNumber=number, Body=b"small", ChecksumAlgorithm="SHA256")
        parts.append({"PartNumber": number, "ETag": sent["ETag"], "ChecksumSHA256": sent["ChecksumSHA256"]})
    return parts


def filters_decide(pair):
    tagged = {"And": {"Prefix": "logs/", "Tags": [{"Key": "keep", "Value": "yes"}]}}
    pair.replicate(
        rule(pair.destination, ID="logs", Filter=tagged, DeleteMarkerReplication={"Status": "Disabled"}),
        rule(pair.destination, ID="cold", Priority=2, Filter={"Prefix": "cold/"},
             Destination={"Bucket": f"arn:aws:s3:::{pair.destination}", "StorageClass": "STANDARD_IA"},
             DeleteMarkerReplication={"Status": "Disabled"}),
        rule(pair.destination, ID="off", Priority=3, Status="Disabled", Filter={"Prefix": "off/"}),
    )
    for key, tagging in [("logs/a", "keep=yes"), ("logs/b", ""), ("cold/a", ""), ("off/a", ""), ("other", "keep=yes")]:
        pair.put(key, Body=BODY, Tagging=tagging)
    settle()
    statuses = {key: pair.status(key) for key in ["logs/a", "logs/b", "cold/a", "off/a", "other"]}
    expect(statuses, {"logs/a": "COMPLETED", "logs/b": None, "cold/a": "COMPLETED", "off/a": None, "other": None}, "statuses under filters")
    cold = pair.to_s3.head_object(Bucket=pair.destination, Key="cold/a")
    expect(cold["StorageClass"], "STANDARD_IA", "storage class of the rule")
    marker = pair.from_s3.delete_object(Bucket=pair.source, Key="cold/a")
    settle()
    expect(marker["DeleteMarker"], True, "delete without a version makes a marker")
    pair.to_s3.head_object(Bucket=pair.destination, Key="cold/a")
    pair.replicate()


def each_action_is_needed(pair):
    """Takes each action from the role, then from the destination's policy, and expects the loss."""
    lost = {
        "s3:GetReplicationConfiguration": "SrcBucketReplicationConfigMissing",
        "s3:GetObjectVersionForReplication": "SrcGetObjectNotPermitted",
        "s3:GetObjectVersionAcl": "SrcGetAclNotPermitted",
        "s3:ReplicateObject": "DstPutObjectNotPermitted",
        "s3:ReplicateTags": "DstPutTaggingNotPermitted",
    }
    for action, reason in lost.items():
        pair.grant(without=[action])
        key = f"without/{action[3:]}"
        pair.put(key, Body=BODY, Tagging="a=b")
        pair.wait(key, "FAILED")
        expect(pair.failure(key), reason, f"reason without {action}")
    pair.grant(without=["s3:GetObjectVersionTagging"])
    pair.put("without/tags", Body=BODY, Tagging="a=b")
    pair.wait("without/tags")
    tags = pair.to_s3.get_object_tagging(Bucket=pair.destination, Key="without/tags")["TagSet"]
    expect(tags, [], "tags of a replica whose role cannot read them")
    for action, reason in [("s3:ListBucket", "SrcHeadObjectNotPermitted"), ("s3:ReplicateDelete", "DstDelObjNotPermitted")]:
        pair.grant(without=[action])
        key = f"marker/{action[3:]}"
        pair.put(key, Body=BODY)
        pair.from_s3.delete_object(Bucket=pair.source, Key=key)
        settle()
        expect(pair.failure(key), reason, f"reason of a marker without {action}")
        pair.to_s3.head_object(Bucket=pair.destination, Key=key)
    pair.grant()
    # FAILED is terminal: the grant is back, the object is not.
    expect(pair.status("without/ReplicateObject"), "FAILED", "status after the grant came back")
    pair.put("granted-again", Body=BODY)
    pair.wait("granted-again")


def the_destination_must_allow_it(pair):
    s3, bucket = pair.to_s3, pair.destination
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    refused("NoSuchBucketPolicy", "The bucket policy does not exist", s3.get_bucket_policy, Bucket=bucket)
    pair.put("no-policy", Body=BODY)
    pair.wait("no-policy", "FAILED")
    expect(pair.failure("no-policy"), "DstPutObjectNotPermitted", "reason without a destination policy")
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    pair.put("suspended", Body=BODY)
    pair.wait("suspended", "FAILED")
    expect(pair.failure("suspended"), "DstBucketUnversioned", "reason with versioning suspended")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    pair.put("back", Body=BODY)
    pair.wait("back")


def keys_need_their_grants():
    pair = Pair("judge-kms")
    source_key, replica_key = create_key(SOURCE), create_key(DESTINATION, SOURCE)

    def use(action, key, region, bucket):
        context = {"kms:ViaService": f"s3.{region}.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{bucket}/*"}
        return {"Effect": "Allow", "Action": action, "Resource": key, "Condition": {"StringLike": context}}

    decrypt = use("kms:Decrypt", source_key, "eu-west-1", pair.source)
    encrypt = use("kms:Encrypt", replica_key, "eu-central-1", pair.destination)
    data_key = use("kms:GenerateDataKey", replica_key, "eu-central-1", pair.destination)
    secret = {"Body": BODY, "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": source_key}
    pair.replicate()
    pair.put("silent", **secret)
    settle()
    expect(pair.status("silent"), None, "status of an SSE-KMS object without the opt-in")
    opted_in = rule(
        pair.destination,
        SourceSelectionCriteria={"SseKmsEncryptedObjects": {"Status": "Enabled"}},
        Destination={
            "Bucket": f"arn:aws:s3:::{pair.destination}",
            "EncryptionConfiguration": {"ReplicaKmsKeyID": replica_key},
        },
    )
    pair.replicate(opted_in)
    lacking = {"decrypt": [encrypt, data_key], "encrypt": [decrypt, data_key], "data-key": [decrypt, encrypt]}
    for key, more in lacking.items():
        pair.grant(more=more)
        pair.put(key, **secret)
        pair.wait(key, "FAILED")
    pair.grant(more=[decrypt, encrypt, data_key])
    pair.put("granted", **secret)
    pair.wait("granted")
    replica = pair.to_s3.head_object(Bucket=pair.destination, Key="granted")
    expect(replica["SSEKMSKeyId"], replica_key, "key of the replica")
    elsewhere = replica_key.replace("eu-central-1", "eu-west-1")
    opted_in["Destination"]["EncryptionConfiguration"]["ReplicaKmsKeyID"] = elsewhere
    pair.replicate(opted_in)
    pair.put("wrong-region", **secret)
    pair.wait("wrong-region", "FAILED")
    expect(pair.failure("wrong-region"), "DstKmsKeyNotFound", "reason of a key in another Region")


def ownership_depends_on_the_destination():
    pair = Pair("judge-owner")
    controls = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    pair.to_s3.put_bucket_ownership_controls(Bucket=pair.destination, OwnershipControls=controls)
    pair.replicate()
    pair.put("theirs", Body=BODY)
    pair.wait("theirs")
    # The destination account cannot read its own copy (UG:replication-change-owner).
    refused("AccessDenied", None, pair.to_s3.get_object, Bucket=pair.destination, Key="theirs")
    target = {
        "Bucket": f"arn:aws:s3:::{pair.destination}",
        "Account": DESTINATION,
        "AccessControlTranslation": {"Owner": "Destination"},
    }
    pair.replicate(rule(pair.destination, Destination=target))
    pair.put("no-override", Body=BODY)
    pair.wait("no-override", "FAILED")
    expect(pair.failure("no-override"), "DstPutAclNotPermitted", "reason without the override")
    override = "s3:ObjectOwnerOverrideToBucketOwner"
    resource = f"arn:aws:s3:::{pair.destination}/*"
    pair.grant(more=[{"Effect": "Allow", "Action": override, "Resource": resource}])
    actions = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags", override]
    statement = {"Effect": "Allow", "Principal": {"AWS": pair.role}, "Action": actions, "Resource": resource}
    pair.to_s3.put_bucket_policy(Bucket=pair.destination, Policy=document(statement))
    pair.put("ours", Body=BODY)
    pair.wait("ours")
    body = pair.to_s3.get_object(Bucket=pair.destination, Key="ours")["Body"].read()
    expect(body, BODY, "body of a replica that the destination owns")


def the_first_schema_always_replicates_markers():
    pair = Pair("judge-v1")
    pair.replicate({"ID": "old", "Prefix": "a/", "Status": "Enabled", "Destination": {"Bucket": f"arn:aws:s3:::{pair.destination}"}})
    pair.put("a/x", Body=BODY)
    marker = pair.from_s3.delete_object(Bucket=pair.source, Key="a/x")
    settle()
    listed = pair.to_s3.list_object_versions(Bucket=pair.destination)
    expect(listed["DeleteMarkers"][0]["VersionId"], marker["VersionId"], "marker under V1")
    shown = pair.from_s3.get_bucket_replication(Bucket=pair.source)["ReplicationConfiguration"]["Rules"][0]
    expect("Filter" in shown or "Priority" in shown, False, "V2 fields in a V1 configuration")


def configuration_is_answered_as_written(pair):
    s3, bucket = pair.from_s3, pair.source
    rules = [
        rule(pair.destination, ID="z", Filter={"Prefix": ""}),
        rule(pair.destination, ID="a", Priority=7, Filter={"Prefix": "x & <y>"}),
    ]
    pair.replicate(*rules)
    shown = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
    expect(shown, {"Role": pair.role, "Rules": rules}, "replication configuration read back")
    nameless = {name: value for name, value in rule(pair.destination).items() if name != "ID"}
    pair.replicate(nameless)
    given = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]["Rules"][0]
    expect(len(given.pop("ID")) > 0 and given == nameless, True, "a rule without an ID gets one and no more")
    s3.delete_bucket_replication(Bucket=bucket)
    s3.delete_bucket_replication(Bucket=bucket)
    refused(
        "ReplicationConfigurationNotFoundError",
        "The replication configuration was not found",
        s3.get_bucket_replication,
        Bucket=bucket,
    )
    pair.replicate()


def regions_owners_and_names_are_guarded(pair):
    abroad = pair.destination_session.client("s3", region_name="eu-west-1", config=ONCE)
    # boto3 follows the redirect by the Region that S3 names with it; the call log shows both tries.
    abroad.head_bucket(Bucket=pair.destination)
    tries = [call["status"] for call in control("GET", "calls") if call["operation"] == "HeadBucket"]
    expect(tries[-2:], [301, 200], "a bucket asked for in another Region")
    virginia = pair.destination_session.client("s3", region_name="us-east-1", config=ONCE)
    virginia.list_objects_v2(Bucket=pair.destination)
    tries = [call["error_code"] for call in control("GET", "calls") if call["operation"] == "ListObjectsV2"]
    expect(tries[-2:], ["AuthorizationHeaderMalformed", None], "a bucket asked for in us-east-1")
    refused("403", None, pair.from_s3.head_bucket, Bucket=pair.source, ExpectedBucketOwner=DESTINATION)
    refused("AccessDenied", None, pair.from_s3.get_bucket_tagging, Bucket=pair.source, ExpectedBucketOwner=DESTINATION)
    pair.from_s3.head_bucket(Bucket=pair.source, ExpectedBucketOwner=SOURCE)
    location = {"LocationConstraint": "eu-west-1"}
    create = pair.from_s3.create_bucket
    refused("BucketAlreadyOwnedByYou", None, create, Bucket=pair.source, CreateBucketConfiguration=location)
    refused("BucketAlreadyExists", None, create, Bucket=pair.destination, CreateBucketConfiguration=location)
    refused("IllegalLocationConstraintException", None, create, Bucket="judge-x", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    refused("NoSuchBucket", None, pair.from_s3.list_objects_v2, Bucket="judge-nowhere")
    refused("BucketNotEmpty", None, pair.from_s3.delete_bucket, Bucket=pair.source)
    refused(
        "InvalidBucketState",
        None,
        pair.from_s3.put_bucket_versioning,
        Bucket=pair.source,
        VersioningConfiguration={"Status": "Suspended"},
    )


def wrong_digests_are_refused(pair):
    wrong = {"ChecksumSHA256": "A" * 43 + "="}
    refused("BadDigest", None, pair.put, key="wrong", Body=BODY, **wrong)
    refused("InvalidDigest", None, pair.put, key="wrong", Body=BODY, ContentMD5="AAAA")
    refused("AccessControlListNotSupported", None, pair.put, key="wrong", Body=BODY, ACL="public-read")
    refused("InvalidStorageClass", None, pair.put, key="wrong", Body=BODY, StorageClass="GOLD")
    for algorithm in ["CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"]:
        try:
            put = pair.put(f"sum/{algorithm}", Body=BODY, ChecksumAlgorithm=algorithm)
        except Exception as error:  # botocore needs the package `awscrt` for some of them
            if "MissingDependency" not in type(error).__name__:
                raise
            continue
        head = pair.from_s3.head_object(Bucket=pair.source, Key=f"sum/{algorithm}", ChecksumMode="ENABLED")
        expect(head[f"Checksum{algorithm}"], put[f"Checksum{algorithm}"], f"{algorithm} read back")


def trailing_checksums_are_read(pair):
    """Sends a body in chunks with its checksum behind it, as SDKs do for streams."""
    good = base64.b64encode(zlib.crc32(BODY).to_bytes(4, "big")).decode()
    for name, checksum, wanted in [("good", good, 200), ("bad", "AAAAAA==", 400)]:
        data = b"%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n" % (len(BODY), BODY, checksum.encode())
        url = f"{ENDPOINT}/{pair.source}/trailer-{name}"
        headers = {
            "Content-Encoding": "aws-chunked",
            "X-Amz-Decoded-Content-Length": str(len(BODY)),
            "X-Amz-Trailer": "x-amz-checksum-crc32",
        }
        request = AWSRequest(method="PUT", url=url, data=data, headers=headers)
        request.context["checksum"] = {"request_algorithm": {"in": "trailer"}}
        credentials = pair.source_session.get_credentials().get_frozen_credentials()
        S3SigV4Auth(credentials, "s3", REGION[SOURCE]).add_auth(request)
        prepared = urllib.request.Request(url, data=data, headers=dict(request.headers.items()), method="PUT")
        try:
            with urllib.request.urlopen(prepared) as reply:
                status, text = reply.status, ""
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        expect(status, wanted, f"status with a {name} trailer: {text}")
        expect("BadDigest" in text, wanted == 400, f"error with a {name} trailer")
    head = pair.from_s3.head_object(Bucket=pair.source, Key="trailer-good", ChecksumMode="ENABLED")
    expect((head["ChecksumCRC32"], head.get("ContentEncoding")), (good, None), "checksum and encoding from a trailer")


def presigned_urls_work(pair):
    where = {"Bucket": pair.source, "Key": "presigned é+"}
    # boto3 presigns with signature version 2 unless told otherwise.
    s3 = pair.source_session.client("s3", config=ONCE.merge(Config(signature_version="s3v4")))
    put = s3.generate_presigned_url("put_object", Params=where, ExpiresIn=60)
    # urllib names a content type of its own, which would have to be signed.
    send = urllib.request.Request(put, data=BODY, method="PUT", headers={"Content-Type": ""})
    try:
        with urllib.request.urlopen(send) as reply:
            expect(reply.status, 200, "status of a presigned PUT")
    except urllib.error.HTTPError as error:
        raise SystemExit(f"presigned PUT: {error.read().decode()}") from error
    get = s3.generate_presigned_url("get_object", Params=where, ExpiresIn=60)
    with urllib.request.urlopen(get) as reply:
        expect(reply.read(), BODY, "body of a presigned GET")
    try:
        urllib.request.urlopen(get.replace("X-Amz-Expires=60", "X-Amz-Expires=61"))
    except urllib.error.HTTPError as error:
        text = error.read().decode()
        expect("SignatureDoesNotMatch" in text and "<HostId>" in text, True, f"a presigned URL that was changed: {text}")
    else:
        raise SystemExit("a presigned URL that was changed still works")


def configuration_has_its_not_found_codes(pair):
    s3, bucket = pair.from_s3, "judge-config"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1", "Tags": [{"Key": "k", "Value": "v"}]})
    expect(s3.get_bucket_tagging(Bucket=bucket)["TagSet"], [{"Key": "k", "Value": "v"}], "tags of CreateBucket")
    s3.delete_bucket_tagging(Bucket=bucket)
    for operation, code in [
        ("get_bucket_tagging", "NoSuchTagSet"),
        ("get_bucket_policy", "NoSuchBucketPolicy"),
        ("get_bucket_policy_status", "NoSuchBucketPolicy"),
        ("get_bucket_cors", "NoSuchCORSConfiguration"),
        ("get_bucket_website", "NoSuchWebsiteConfiguration"),
        ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
        ("get_bucket_replication", "ReplicationConfigurationNotFoundError"),
        ("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError"),
    ]:
        refused(code, None, getattr(s3, operation), Bucket=bucket)
    expect("Status" in s3.get_bucket_versioning(Bucket=bucket), False, "versioning of a new bucket")
    for operation in ["get_bucket_logging", "get_bucket_accelerate_configuration", "get_bucket_notification_configuration"]:
        shown = {key: value for key, value in getattr(s3, operation)(Bucket=bucket).items() if key != "ResponseMetadata"}
        expect(shown, {}, f"{operation} of a new bucket")
    expect(s3.get_bucket_request_payment(Bucket=bucket)["Payer"], "BucketOwner", "payer of a new bucket")
    rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    expect(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256", "encryption of a new bucket")
    controls = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    expect(controls, [{"ObjectOwnership": "BucketOwnerEnforced"}], "ownership of a new bucket")
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    expect(set(block.values()), {True}, "public access block of a new bucket")
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    refused("OwnershipControlsNotFoundError", None, s3.get_bucket_ownership_controls, Bucket=bucket)
    s3.delete_public_access_block(Bucket=bucket)
    refused("NoSuchPublicAccessBlockConfiguration", None, s3.get_public_access_block, Bucket=bucket)
    blocked = {"SSEAlgorithm": "AES256"}
    rules = [{"ApplyServerSideEncryptionByDefault": blocked, "BucketKeyEnabled": True, "BlockedEncryptionTypes": {"EncryptionType": ["NONE"]}}]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
    shown = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    expect(shown, rules, "encryption read back, with blocked types")
    metrics = {"Id": "all", "Filter": {"Prefix": "a/"}}
    refused("NoSuchConfiguration", None, s3.get_bucket_metrics_configuration, Bucket=bucket, Id="all")
    s3.put_bucket_metrics_configuration(Bucket=bucket, Id="all", MetricsConfiguration=metrics)
    listed = s3.list_bucket_metrics_configurations(Bucket=bucket)["MetricsConfigurationList"]
    expect(listed, [metrics], "metrics configurations")
    expect(s3.get_bucket_location(Bucket=bucket)["LocationConstraint"], "eu-west-1", "location")
    public = document({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"})
    s3.put_bucket_policy(Bucket=bucket, Policy=public)
    expect(s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"], True, "a public policy")
    everything = {"BlockPublicPolicy": True, "BlockPublicAcls": True, "IgnorePublicAcls": True, "RestrictPublicBuckets": True}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=everything)
    refused("AccessDenied", None, s3.put_bucket_policy, Bucket=bucket, Policy=public)
    for policy, message in [
        ("[]", "Policies must be valid JSON and the first byte must be '{'"),
        (public.replace(f"{bucket}/*", "another/*"), "Policy has invalid resource"),
        (document({"Effect": "Allow", "Principal": "*", "Action": "s3:*"}), "Missing required field Resource"),
        (public.replace('"*"', f'{{"AWS": "arn:aws:iam::{SOURCE}:role/none"}}', 1), "Invalid principal in policy"),
    ]:
        refused("MalformedPolicy", message, s3.put_bucket_policy, Bucket=bucket, Policy=policy)
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    large = document(*[{**deny, "Sid": f"n{n}"} for n in range(200)])
    refused("MalformedPolicy", None, s3.put_bucket_policy, Bucket=bucket, Policy=large)
    s3.delete_bucket_policy(Bucket=bucket)
    s3.delete_bucket(Bucket=bucket)


def conditions_and_ranges_hold(pair):
    s3, bucket = pair.from_s3, pair.source
    etag = pair.put("conditional", Body=BODY)["ETag"]
    refused("PreconditionFailed", None, pair.put, key="conditional", Body=b"", IfNoneMatch="*")
    refused("304", None, s3.get_object, Bucket=bucket, Key="conditional", IfNoneMatch=etag)
    refused("PreconditionFailed", None, s3.get_object, Bucket=bucket, Key="conditional", IfMatch='"no"')
    part = s3.get_object(Bucket=bucket, Key="conditional", Range="bytes=4-7")
    expect((part["Body"].read(), part["ContentRange"]), (BODY[4:8], f"bytes 4-7/{len(BODY)}"), "a range")
    refused("InvalidRange", None, s3.get_object, Bucket=bucket, Key="conditional", Range="bytes=99-")
    s3.copy_object(Bucket=bucket, Key="copied", CopySource={"Bucket": bucket, "Key": "conditional"})
    expect(s3.get_object(Bucket=bucket, Key="copied")["Body"].read(), BODY, "a copy")
    same = {"Bucket": bucket, "Key": "copied", "CopySource": {"Bucket": bucket, "Key": "copied"}}
    refused("InvalidRequest", None, s3.copy_object, **same)


def listings_page(pair):
    s3, bucket = pair.from_s3, pair.source
    keys = [f"list/{n:02}/é {n}+&" for n in range(7)]
    for key in keys:
        pair.put(key, Body=b"1")
        pair.put(key, Body=b"2")
    for operation, size in [("list_objects_v2", 2), ("list_objects", 3), ("list_object_versions", 3)]:
        pages = s3.get_paginator(operation).paginate(Bucket=bucket, Prefix="list/", PaginationConfig={"PageSize": size})
        field = "Versions" if operation == "list_object_versions" else "Contents"
        listed = [entry["Key"] for page in pages for entry in page.get(field, [])]
        wanted = [key for key in keys for _ in range(2)] if field == "Versions" else keys
        expect(listed, wanted, f"keys of {operation} in pages")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix="list/", Delimiter="/", PaginationConfig={"PageSize": 3}
    )
    prefixes = [entry["Prefix"] for page in pages for entry in page["CommonPrefixes"]]
    expect(prefixes, [f"list/{n:02}/" for n in range(7)], "common prefixes in pages")
    versions = s3.list_object_versions(Bucket=bucket, Prefix=keys[0])["Versions"]
    expect([version["IsLatest"] for version in versions], [True, False], "newest version first")


def null_versions_live_beside_others(pair):
    s3, bucket = pair.from_s3, "judge-null"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    expect("VersionId" in s3.put_object(Bucket=bucket, Key="k", Body=b"0"), False, "version id without versioning")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    expect(s3.put_object(Bucket=bucket, Key="k", Body=b"2")["VersionId"], "null", "version id while suspended")
    listed = [version["VersionId"] for version in s3.list_object_versions(Bucket=bucket)["Versions"]]
    expect(listed, ["null", first], "the null version was replaced")
    expect(s3.delete_object(Bucket=bucket, Key="k")["VersionId"], "null", "a marker while suspended is the null version")
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k", "VersionId": id} for id in ("null", first)]})
    s3.delete_bucket(Bucket=bucket)


def stale_reads_and_delays_are_seen(pair):
    s3, bucket = pair.from_s3, pair.source
    control("PUT", "switches", {"stale_reads_ms": 3_600_000})
    try:
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
        seen = []
        for _ in range(6):
            try:
                seen.append(len(s3.get_bucket_tagging(Bucket=bucket)["TagSet"]))
            except s3.exceptions.ClientError as error:
                seen.append(error.response["Error"]["Code"])
        expect(set(seen), {1, "NoSuchTagSet"}, "reads of a document that was just written")
    finally:
        control("PUT", "switches", {})
    control("PUT", "switches", {"replication_delay_ms": 3_600_000})
    try:
        pair.put("slow", Body=BODY)
        expect(pair.status("slow"), "PENDING", "status before the delay has passed")
        control("POST", "clock", {"advance_ms": 3_600_000})
    finally:
        control("PUT", "switches", {})


def main():
    pair = Pair("judge-pair")
    objects_replicate(pair)
    markers_replicate_and_version_deletes_do_not(pair)
    tags_changed_later_follow(pair)
    replicas_are_not_replicated_again(pair)
    multipart_uploads_replicate(pair)
    filters_decide(pair)
    each_action_is_needed(pair)
    the_destination_must_allow_it(pair)
    configuration_is_answered_as_written(pair)
    regions_owners_and_names_are_guarded(pair)
    wrong_digests_are_refused(pair)
    trailing_checksums_are_read(pair)
    presigned_urls_work(pair)
    configuration_has_its_not_found_codes(pair)
    conditions_and_ranges_hold(pair)
    listings_page(pair)
    null_versions_live_beside_others(pair)
    keys_need_their_grants()
    ownership_depends_on_the_destination()
    the_first_schema_always_replicates_markers()
    stale_reads_and_delays_are_seen(pair)


if __name__ == "__main__":
    main()
