"""Judges KMS with boto3 and a few lines of the AWS CLI: keys, aliases, policies, states, and S3 asking for them.

Messages are AWS's where their source is told; the others are only looked at by their code.
"""

import json
import os

import boto3
from s3_world import (
    DESTINATION,
    ONCE,
    SOURCE,
    TRUST,
    Pair,
    cli,
    control,
    create_bucket,
    create_key,
    document,
    expect,
    refused,
    rule,
    session,
)

BODY = b"secret"
ABSENT = f"arn:aws:kms:eu-west-1:{SOURCE}:key/02de8641-eea1-4115-8aa2-daf8b1e9b52f"
# GH:minio/minio#6582: what S3 answers.
NOT_THERE = f"Key '{ABSENT}' does not exist"
# GH:terraform-aws-modules/terraform-aws-eks#1950, GH:awslabs/minimum-viable-dataspace-on-aws#6
PRINCIPALS = "Policy contains a statement with one or more invalid principals."
LOCKED_OUT = "The new key policy will not allow you to update the key policy in the future."


def client(account=SOURCE, service="kms"):
    return session(account).client(service, config=ONCE)


def allow(principal, action="kms:*", **more):
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": "*", **more}


def new_key(kms, **more):
    return kms.create_key(**more)["KeyMetadata"]


def keys_are_made_shown_and_listed(kms):
    made = new_key(kms, Description="orders", Tags=[{"TagKey": "team", "TagValue": "x"}])
    shown = kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"]
    expect(shown, made, "metadata of a key")
    told = {name: shown[name] for name in ["KeyState", "KeyUsage", "KeySpec", "KeyManager", "Origin", "Enabled", "MultiRegion"]}
    wanted = {
        "KeyState": "Enabled", "KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT", "KeyManager": "CUSTOMER",
        "Origin": "AWS_KMS", "Enabled": True, "MultiRegion": False,
    }  # fmt: skip
    expect(told, wanted, "what a key is like")
    expect(shown["Arn"], f"arn:aws:kms:eu-west-1:{SOURCE}:key/{shown['KeyId']}", "ARN")
    expect(new_key(kms, MultiRegion=True)["KeyId"][:4], "mrk-", "id of a multi-Region key")
    policy = json.loads(kms.get_key_policy(KeyId=made["KeyId"])["Policy"])
    expect(policy["Statement"][0]["Principal"], {"AWS": f"arn:aws:iam::{SOURCE}:root"}, "default policy")
    expect(kms.list_key_policies(KeyId=made["KeyId"])["PolicyNames"], ["default"], "policies")
    expect(kms.get_key_rotation_status(KeyId=made["KeyId"])["KeyRotationEnabled"], False, "rotation")
    kms.enable_key_rotation(KeyId=made["KeyId"], RotationPeriodInDays=90)
    expect(kms.get_key_rotation_status(KeyId=made["KeyId"])["RotationPeriodInDays"], 90, "period")
    for _ in range(3):
        new_key(kms)
    pages = list(kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2}))
    ids = [key["KeyId"] for page in pages for key in page["Keys"]]
    expect((len(pages) > 2, len(set(ids)) == len(ids), made["KeyId"] in ids), (True, True, True), "pages of keys")
    kms.tag_resource(KeyId=made["KeyId"], Tags=[{"TagKey": "team", "TagValue": "y"}, {"TagKey": "b", "TagValue": ""}])
    kms.untag_resource(KeyId=made["KeyId"], TagKeys=["b"])
    expect(kms.list_resource_tags(KeyId=made["KeyId"])["Tags"], [{"TagKey": "team", "TagValue": "y"}], "tags")
    elsewhere = session(SOURCE).client("kms", config=ONCE, region_name="eu-central-1")
    # GH:apache/hadoop#4637
    refused("NotFoundException", "Invalid arn eu-west-1", elsewhere.describe_key, KeyId=made["Arn"])
    refused("NotFoundException", None, elsewhere.describe_key, KeyId=made["KeyId"])
    refused("NotFoundException", NOT_THERE, kms.describe_key, KeyId=ABSENT)
    # GH:aws/aws-cli#4507
    refused("NotFoundException", "Invalid keyId aws/s3", kms.describe_key, KeyId="aws/s3")
    refused("ValidationException", None, kms.create_key, KeySpec="RSA_2048")
    refused("ValidationException", None, kms.create_key, KeySpec="ROT_13")


def aliases_name_keys(kms):
    one, two = new_key(kms), new_key(kms)
    kms.create_alias(AliasName="alias/judge/orders", TargetKeyId=one["KeyId"])
    refused("AlreadyExistsException", None, kms.create_alias, AliasName="alias/judge/orders", TargetKeyId=one["Arn"])
    refused("NotAuthorizedException", None, kms.create_alias, AliasName="alias/aws/x", TargetKeyId=one["Arn"])
    refused("ValidationException", None, kms.create_alias, AliasName="orders", TargetKeyId=one["Arn"])
    refused("NotFoundException", None, kms.create_alias, AliasName="alias/x", TargetKeyId=ABSENT)
    found = lambda: kms.describe_key(KeyId="alias/judge/orders")["KeyMetadata"]["KeyId"]  # noqa: E731
    expect(found(), one["KeyId"], "key of an alias")
    kms.update_alias(AliasName="alias/judge/orders", TargetKeyId=two["KeyId"])
    expect(found(), two["KeyId"], "key of a changed alias")
    listed = kms.list_aliases(KeyId=two["KeyId"])["Aliases"]
    expect([alias["AliasName"] for alias in listed], ["alias/judge/orders"], "aliases of a key")
    kms.delete_alias(AliasName="alias/judge/orders")
    arn = f"arn:aws:kms:eu-west-1:{SOURCE}:alias/judge/orders"
    refused("NotFoundException", f"Alias {arn} is not found.", kms.describe_key, KeyId="alias/judge/orders")


def policies_are_checked_when_they_are_put(kms):
    key = new_key(kms)["KeyId"]
    put = lambda *statements: {"KeyId": key, "Policy": document(*statements)}  # noqa: E731
    malformed = "MalformedPolicyDocumentException"
    refused(malformed, LOCKED_OUT, kms.put_key_policy, **put(allow(DESTINATION)))
    refused(malformed, LOCKED_OUT, kms.put_key_policy, **put(allow(SOURCE, "kms:Decrypt")))
    refused(malformed, LOCKED_OUT, kms.create_key, Policy=document(allow(DESTINATION)))
    gone = f"arn:aws:iam::{SOURCE}:role/gone"
    refused(malformed, PRINCIPALS, kms.put_key_policy, **put(allow(SOURCE), allow(gone)))
    refused(malformed, None, kms.put_key_policy, KeyId=key, Policy="{}")
    refused("LimitExceededException", None, kms.put_key_policy, KeyId=key, Policy=document(allow(SOURCE)) + " " * 32768)
    kms.put_key_policy(**put(allow(SOURCE), allow(f"arn:aws:iam::{SOURCE}:role/sandbox", "kms:Decrypt")))
    shown = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    expect(shown["Statement"][1]["Principal"], {"AWS": f"arn:aws:iam::{SOURCE}:role/sandbox"}, "principal as shown")
    # Policies of another account's key are not to be had, whatever they say.
    shared = create_key(SOURCE, DESTINATION)
    away = session(DESTINATION).client("kms", config=ONCE, region_name="eu-west-1")
    expect(away.describe_key(KeyId=shared)["KeyMetadata"]["AWSAccountId"], SOURCE, "account of a shared key")
    refused("AccessDeniedException", None, away.get_key_policy, KeyId=shared)
    refused("AccessDeniedException", None, away.describe_key, KeyId=create_key(SOURCE))


def states_forbid(kms):
    key = new_key(kms)
    kms.disable_key(KeyId=key["KeyId"])
    data_key = {"KeyId": key["KeyId"], "KeySpec": "AES_256"}
    refused("DisabledException", f"{key['Arn']} is disabled.", kms.generate_data_key, **data_key)
    kms.enable_key(KeyId=key["KeyId"])
    expect(len(kms.generate_data_key(**data_key)["Plaintext"]), 32, "bytes of a data key")
    kms.create_alias(AliasName="alias/judge/going", TargetKeyId=key["KeyId"])
    going = kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    expect(going["KeyState"], "PendingDeletion", "state of a key that goes")
    pending = f"{key['Arn']} is pending deletion."
    refused("KMSInvalidStateException", pending, kms.enable_key, KeyId=key["KeyId"])
    refused("KMSInvalidStateException", pending, kms.generate_data_key, **data_key)
    kms.cancel_key_deletion(KeyId=key["KeyId"])
    expect(kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"], "Disabled", "state of a key that stays")
    refused("KMSInvalidStateException", None, kms.cancel_key_deletion, KeyId=key["KeyId"])
    refused("ValidationException", None, kms.schedule_key_deletion, KeyId=key["KeyId"], PendingWindowInDays=6)


def ciphertexts_open_with_their_context_only(kms):
    key, other = new_key(kms)["KeyId"], new_key(kms)["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=BODY, EncryptionContext={"a": "b"})["CiphertextBlob"]
    opened = kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"})
    expect(opened["Plaintext"], BODY, "plaintext")
    refused("InvalidCiphertextException", None, kms.decrypt, CiphertextBlob=blob)
    refused("InvalidCiphertextException", None, kms.decrypt, CiphertextBlob=b"no", EncryptionContext={"a": "b"})
    wrong = {"CiphertextBlob": blob, "EncryptionContext": {"a": "b"}, "KeyId": other}
    refused("IncorrectKeyException", None, kms.decrypt, **wrong)
    again = kms.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext={"a": "b"}, DestinationKeyId=other)
    expect(kms.decrypt(CiphertextBlob=again["CiphertextBlob"])["KeyId"].split("/")[1], other, "key after ReEncrypt")


def role_client(name, *statements):
    """Returns a client of S3 as a role that may do this and everything of S3."""
    iam = client(SOURCE, "iam")
    trust = document({"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}

    def grant(*statements):
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(everything, *statements))

    grant(*statements)
    return session(SOURCE, name).client("s3", config=ONCE), grant


def s3_asks_for_its_callers(kms):
    bucket, admin = "judge-kms-callers", client(SOURCE, "s3")
    create_bucket(admin, bucket, SOURCE)
    key = new_key(kms)
    s3, grant = role_client("judge-kms-caller")
    secret = {"Bucket": bucket, "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key["KeyId"]}

    def may(*actions, context=f"arn:aws:s3:::{bucket}/*", region="eu-west-1"):
        keys = {"kms:ViaService": f"s3.{region}.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": context}
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": key["Arn"], "Condition": {"StringLike": keys}}
        grant(statement)

    def denied(call, **arguments):
        return refused("AccessDenied", None, call, **arguments)["Error"]["Message"]

    told = denied(s3.put_object, Key="a", Body=BODY, **secret)
    wanted = f"is not authorized to perform: kms:GenerateDataKey on resource: {key['Arn']} because"
    expect(wanted in told, True, f"what a denial says: {told}")
    may("kms:GenerateDataKey")
    put = s3.put_object(Key="a", Body=BODY, **secret)
    expect(put["SSEKMSKeyId"], key["Arn"], "key as it is shown")
    denied(s3.get_object, Bucket=bucket, Key="a")
    s3.head_object(Bucket=bucket, Key="a")
    denied_head = {"Bucket": bucket, "Key": "a", "ChecksumMode": "ENABLED"}
    refused("403", None, s3.head_object, **denied_head)
    denied(s3.copy_object, Bucket=bucket, Key="b", CopySource=f"{bucket}/a")
    may("kms:Decrypt")
    expect(s3.get_object(Bucket=bucket, Key="a")["Body"].read(), BODY, "body")
    s3.head_object(**denied_head)
    s3.copy_object(Bucket=bucket, Key="b", CopySource=f"{bucket}/a")
    may("kms:Decrypt", region="eu-central-1")
    denied(s3.get_object, Bucket=bucket, Key="a")
    may("kms:Decrypt", context=f"arn:aws:s3:::{bucket}")
    denied(s3.get_object, Bucket=bucket, Key="a")
    # Under a bucket key the context is the bucket.
    may("kms:GenerateDataKey", context=f"arn:aws:s3:::{bucket}")
    s3.put_object(Key="c", Body=BODY, BucketKeyEnabled=True, **secret)
    denied(s3.put_object, Key="c", Body=BODY, **secret)
    # An upload: the data key when it begins, Decrypt for its parts (BC:s3 CreateMultipartUpload).
    may("kms:Decrypt")
    denied(s3.create_multipart_upload, Key="d", **secret)
    may("kms:GenerateDataKey")
    upload = s3.create_multipart_upload(Key="d", **secret)
    part = {"Bucket": bucket, "Key": "d", "UploadId": upload["UploadId"], "PartNumber": 1}
    denied(s3.upload_part, Body=BODY, **part)
    may("kms:Decrypt", "kms:GenerateDataKey")
    etag = s3.upload_part(Body=BODY, **part)["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    done = s3.complete_multipart_upload(Bucket=bucket, Key="d", UploadId=upload["UploadId"], MultipartUpload=parts)
    expect(done["SSEKMSKeyId"], key["Arn"], "key of an upload")
    # The key that AWS manages needs no grant of its own.
    grant()
    managed = s3.put_object(Bucket=bucket, Key="e", Body=BODY, ServerSideEncryption="aws:kms")["SSEKMSKeyId"]
    expect(managed, kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"], "the key that AWS manages")
    s3.get_object(Bucket=bucket, Key="e")


def s3_tells_what_is_wrong_with_a_key(kms):
    bucket, s3 = "judge-kms-states", client(SOURCE, "s3")
    create_bucket(s3, bucket, SOURCE)
    key = new_key(kms)
    put = lambda key: {"Bucket": bucket, "Key": "a", "Body": BODY, "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}  # noqa: E731
    refused("KMS.NotFoundException", NOT_THERE, s3.put_object, **put(ABSENT.rsplit("/", 1)[1]))
    refused("KMS.NotFoundException", NOT_THERE, s3.put_object, **put(ABSENT))
    # GH:localstack/localstack#7448: what AWS answers for a key of another Region.
    refused("KMS.NotFoundException", "Invalid arn eu-central-1", s3.put_object, **put(create_key(DESTINATION, SOURCE)))
    s3.put_object(**put(key["KeyId"]))
    kms.disable_key(KeyId=key["KeyId"])
    words = f"{key['Arn']} is disabled."
    refused("KMS.DisabledException", words, s3.put_object, **put(key["Arn"]))
    refused("KMS.DisabledException", words, s3.get_object, Bucket=bucket, Key="a")
    kms.schedule_key_deletion(KeyId=key["KeyId"])
    words = f"{key['Arn']} is pending deletion."
    refused("KMS.KMSInvalidStateException", words, s3.get_object, Bucket=bucket, Key="a")
    asymmetric = new_key(kms, KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    refused("KMS.InvalidKeyUsageException", None, s3.put_object, **put(asymmetric["Arn"]))


def replication_asks_for_both_keys(kms):
    pair, to_kms = Pair("judge-kms-pair"), client(DESTINATION)
    source, replica = new_key(kms)["Arn"], create_key(DESTINATION, SOURCE)
    target = {"Bucket": f"arn:aws:s3:::{pair.destination}", "EncryptionConfiguration": {"ReplicaKmsKeyID": replica}}
    pair.replicate(rule(pair.destination, SourceSelectionCriteria={"SseKmsEncryptedObjects": {"Status": "Enabled"}}, Destination=target))
    actions = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
    pair.grant(more=[{"Effect": "Allow", "Action": actions, "Resource": [source, replica]}])

    def fails(name, reason):
        pair.put(name, Body=BODY, ServerSideEncryption="aws:kms", SSEKMSKeyId=source)
        pair.wait(name, "COMPLETED" if reason is None else "FAILED")
        expect(pair.failure(name), reason, f"reason of {name}")

    fails("first", None)
    to_kms.disable_key(KeyId=replica)
    fails("replica-key-disabled", "DstKmsKeyInvalidState")
    to_kms.enable_key(KeyId=replica)
    # Without the account in the key's policy the role's own is not enough, and the other way round.
    to_kms.put_key_policy(KeyId=replica, Policy=document(allow(DESTINATION)))
    fails("no-key-policy", "DstPutObjectNotPermitted")
    role = f"arn:aws:iam::{SOURCE}:role/s3ferry/{pair.role_name}"
    to_kms.put_key_policy(KeyId=replica, Policy=document(allow(DESTINATION), allow(role, actions)))
    fails("role-in-key-policy", None)
    # A role that is made again is another principal for the key, too.
    pair.iam.delete_role_policy(RoleName=pair.role_name, PolicyName="replication")
    pair.iam.delete_role(RoleName=pair.role_name)
    left = json.loads(to_kms.get_key_policy(KeyId=replica)["Policy"])["Statement"][1]["Principal"]["AWS"]
    expect(left[:4], "AROA", "principal of a role that is gone")
    pair.iam.create_role(RoleName=pair.role_name, Path="/s3ferry/", AssumeRolePolicyDocument=document(TRUST))
    pair.grant(more=[{"Effect": "Allow", "Action": actions, "Resource": [source, replica]}])
    fails("role-made-again", "DstPutObjectNotPermitted")


def the_cli_finds_the_same():
    def run(*arguments, fails=False):
        return cli("kms", *arguments, fails=fails)

    key = run("create-key", "--description", "cli")["KeyMetadata"]["KeyId"]
    run("create-alias", "--alias-name", "alias/cli", "--target-key-id", key)
    expect(run("describe-key", "--key-id", "alias/cli")["KeyMetadata"]["Description"], "cli", "a key by its alias")
    told = run("describe-key", "--key-id", ABSENT, fails=True)
    expect("(NotFoundException)" in told and NOT_THERE in told, True, f"an error as the CLI tells it: {told}")
    expect(run("get-key-policy", "--key-id", key, "--policy-name", "default")["PolicyName"], "default", "a policy")


def keys_of_another_are_refused_in_json():
    stranger = boto3.client("kms", config=ONCE, aws_access_key_id="AKIANOBODY", aws_secret_access_key="x", region_name="eu-west-1")
    refused("UnrecognizedClientException", None, stranger.list_keys)
    wrong = boto3.client("kms", config=ONCE, aws_secret_access_key="x", aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"], region_name="eu-west-1")
    refused("InvalidSignatureException", None, wrong.list_keys)
    calls = [call for call in control("GET", "calls") if call["service"] == "kms"]
    expect(calls[-1]["error_code"], "InvalidSignatureException", "code in the log")
    expect({"ListKeys", "CreateKey", "DescribeKey"} <= {call["operation"] for call in calls}, True, "operations in the log")


def main():
    kms = client()
    keys_are_made_shown_and_listed(kms)
    aliases_name_keys(kms)
    policies_are_checked_when_they_are_put(kms)
    states_forbid(kms)
    ciphertexts_open_with_their_context_only(kms)
    s3_asks_for_its_callers(kms)
    s3_tells_what_is_wrong_with_a_key(kms)
    replication_asks_for_both_keys(kms)
    the_cli_finds_the_same()
    keys_of_another_are_refused_in_json()


if __name__ == "__main__":
    main()
