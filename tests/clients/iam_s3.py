"""Judges how S3 heeds IAM in the sandbox, and how S3 requests pass its front.

Signatures of every kind, session tokens, policies of identities and buckets within and across
accounts, principals, propagation, and faults. Takes endpoint and root credentials of account
111111111111 from the environment (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, ...); the sandbox also has
account 222222222222. Ends with status 0 or a traceback.
"""

import gzip
import io
import json
import os
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
CONTROL = {"Authorization": f"Bearer {os.environ['S3FERRY_SANDBOX_TOKEN']}", "Content-Type": "application/json"}
ONE, TWO = "111111111111", "222222222222"
REGION_ONE, REGION_TWO = "eu-west-1", "eu-central-1"


def client(service, credentials=None, region=REGION_ONE, attempts=1, **config):
    keys = {}
    if credentials:
        keys = {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials.get("SessionToken"),
        }
    # By itself boto3 would presign with version 2 of signatures, which newer Regions refuse.
    config = {"signature_version": "s3v4"} | config if service == "s3" else config
    config = Config(retries={"total_max_attempts": attempts, "mode": "standard"}, **config)
    return boto3.client(service, region_name=region, config=config, **keys)


def control(method, path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{ENDPOINT}/_sandbox/{path}", data=data, method=method, headers=CONTROL)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def refused(code, call, **arguments):
    """Checks that a call fails with this code; returns its message."""
    try:
        call(**arguments)
    except ClientError as error:
        actual = error.response["Error"]
        assert actual["Code"] == code, actual
        return actual.get("Message", "")
    raise AssertionError(f"{call} was not refused")


def session(account, role, name="judge", issuer=None):
    arn = f"arn:aws:iam::{account}:role/{role}"
    return (issuer or client("sts")).assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"]


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource, **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


root, iam = client("s3"), client("iam")
root.create_bucket(Bucket="orders", CreateBucketConfiguration={"LocationConstraint": REGION_ONE})


def signatures():
    """Bodies that are signed whole, in chunks, with trailers, and not at all."""
    body = os.urandom(300_000)
    root.put_object(Bucket="orders", Key="a b/+ü", Body=body)
    assert root.get_object(Bucket="orders", Key="a b/+ü")["Body"].read() == body
    for algorithm in ["CRC32", "SHA1", "SHA256"]:
        # boto3 sends a stream whose checksum is not known as aws-chunked with a trailer.
        stream = io.BytesIO(body)
        put = root.put_object(Bucket="orders", Key=algorithm, Body=stream, ChecksumAlgorithm=algorithm)
        assert put[f"Checksum{algorithm}"], put
        head = root.head_object(Bucket="orders", Key=algorithm, ChecksumMode="ENABLED")
        assert head[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"], head
    whole = client("s3", s3={"payload_signing_enabled": True})
    whole.put_object(Bucket="orders", Key="signed", Body=body)
    for method, key in [("put_object", "presigned"), ("get_object", "presigned")]:
        url = root.generate_presigned_url(method, Params={"Bucket": "orders", "Key": key})
        data = body if method == "put_object" else None
        request = urllib.request.Request(url, data=data, method="PUT" if data else "GET")
        with urllib.request.urlopen(request) as reply:
            assert reply.status == 200 and (data or reply.read() == body)
    url = root.generate_presigned_url("get_object", Params={"Bucket": "orders", "Key": "presigned"})
    forged = "X-Amz-Signature=" + "0" * 64
    for wrong in [url.replace("presigned", "signed"), url.split("X-Amz-Signature=")[0] + forged]:
        try:
            urllib.request.urlopen(wrong)
            raise AssertionError("a wrong signature was taken")
        except urllib.error.HTTPError as error:
            assert error.code == 403 and b"SignatureDoesNotMatch" in error.read()
    try:
        urllib.request.urlopen(f"{ENDPOINT}/orders/signed")
        raise AssertionError("a request without a signature was taken")
    except urllib.error.HTTPError as error:
        assert error.code == 403 and b"AccessDenied" in error.read()
    old = client("s3", signature_version="s3").generate_presigned_url(
        "get_object", Params={"Bucket": "orders", "Key": "signed"}
    )
    assert "AWSAccessKeyId" in old
    try:
        urllib.request.urlopen(old)
        raise AssertionError("a signature of version 2 was taken")
    except urllib.error.HTTPError as error:
        assert error.code == 400 and b"Please use AWS4-HMAC-SHA256" in error.read()


def virtual_hosts():
    """The bucket may be in the host's name, as AWS's own addresses have it."""
    aws = boto3.client(
        "s3",
        endpoint_url=f"http://s3.{REGION_ONE}.amazonaws.com",
        config=Config(s3={"addressing_style": "virtual"}, signature_version="s3v4"),
    )
    url = aws.generate_presigned_url("get_object", Params={"Bucket": "orders", "Key": "signed"})
    host = f"orders.s3.{REGION_ONE}.amazonaws.com"
    assert url.startswith(f"http://{host}/signed?"), url
    request = urllib.request.Request(url.replace(f"http://{host}", ENDPOINT), headers={"Host": host})
    with urllib.request.urlopen(request) as reply:
        assert reply.status == 200
    assert control("GET", "calls")[-1]["resource"] == "orders/signed"


def tokens():
    credentials = session(ONE, "sandbox")
    assert client("s3", credentials).head_object(Bucket="orders", Key="signed")
    refused("InvalidToken", client("s3", dict(credentials, SessionToken="x")).list_buckets)
    refused("InvalidToken", client("s3", {**credentials, "SessionToken": None}).list_buckets)
    url = client("s3", credentials).generate_presigned_url(
        "get_object", Params={"Bucket": "orders", "Key": "signed"}
    )
    with urllib.request.urlopen(url) as reply:
        assert reply.status == 200


def own_account():
    """Within an account the identity's policy or the bucket's is enough."""
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann, arn = client("s3", key), f"arn:aws:iam::{ONE}:user/ann"
    get = {"Bucket": "orders", "Key": "signed"}
    message = refused("AccessDenied", ann.get_object, **get)
    assert message == (
        f'User: {arn} is not authorized to perform: s3:GetObject on resource: '
        '"arn:aws:s3:::orders/signed" because no identity-based policy allows the s3:GetObject action'
    ), message
    grant = document(allow("s3:Get*", "arn:aws:s3:::orders/sig*"))
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=grant)
    ann.get_object(**get)
    refused("AccessDenied", ann.put_object, **get)
    iam.delete_user_policy(UserName="ann", PolicyName="p")

    named = document(allow("s3:GetObject", "arn:aws:s3:::orders/*", Principal={"AWS": arn}))
    root.put_bucket_policy(Bucket="orders", Policy=named)
    ann.get_object(**get)
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::orders/*", "Principal": "*"}
    root.put_bucket_policy(Bucket="orders", Policy=document(deny))
    for caller in [ann, root]:
        message = refused("AccessDenied", caller.get_object, **get)
        assert message.endswith("with an explicit deny in a resource-based policy"), message
    root.delete_bucket_policy(Bucket="orders")
    root.get_object(**get)


def other_account():
    """Across accounts both sides must allow, and S3 explains nothing."""
    two = client("iam", session(TWO, "sandbox"))
    trust = {"Effect": "Allow", "Principal": {"AWS": ONE}, "Action": "sts:AssumeRole"}
    two.create_role(RoleName="reader", AssumeRolePolicyDocument=document(trust))
    reader, arn = client("s3", session(TWO, "reader")), f"arn:aws:iam::{TWO}:role/reader"
    get = {"Bucket": "orders", "Key": "signed"}
    named = document(allow("s3:GetObject", "arn:aws:s3:::orders/*", Principal={"AWS": arn}))
    root.put_bucket_policy(Bucket="orders", Policy=named)
    assert refused("AccessDenied", reader.get_object, **get) == "Access Denied"
    grant = document(allow("s3:GetObject", "*"))
    two.put_role_policy(RoleName="reader", PolicyName="p", PolicyDocument=grant)
    reader.get_object(**get)
    root.delete_bucket_policy(Bucket="orders")
    assert refused("AccessDenied", reader.get_object, **get) == "Access Denied"

    # A principal that is deleted leaves its id, and making it again does not heal the policy.
    root.put_bucket_policy(Bucket="orders", Policy=named)
    role_id = two.get_role(RoleName="reader")["Role"]["RoleId"]
    two.delete_role_policy(RoleName="reader", PolicyName="p")
    two.delete_role(RoleName="reader")
    shown = json.loads(root.get_bucket_policy(Bucket="orders")["Policy"])
    assert shown["Statement"][0]["Principal"]["AWS"] == role_id, shown
    two.create_role(RoleName="reader", AssumeRolePolicyDocument=document(trust))
    two.put_role_policy(RoleName="reader", PolicyName="p", PolicyDocument=grant)
    reader = client("s3", session(TWO, "reader"))
    refused("AccessDenied", reader.get_object, **get)
    root.put_bucket_policy(Bucket="orders", Policy=named)
    reader.get_object(**get)
    root.delete_bucket_policy(Bucket="orders")


def propagation():
    """A role is a valid principal, and its grants count, only after the delay."""
    two = client("iam", session(TWO, "sandbox"))
    control("PUT", "switches", {"propagation_delay_ms": 30_000})
    trust = {"Effect": "Allow", "Principal": {"AWS": ONE}, "Action": "sts:AssumeRole"}
    arn = two.create_role(RoleName="late", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    named = document(allow("s3:GetObject", "arn:aws:s3:::orders/*", Principal={"AWS": arn}))
    message = refused("MalformedPolicy", root.put_bucket_policy, Bucket="orders", Policy=named)
    assert message == "Invalid principal in policy", message
    control("POST", "clock", {"advance_ms": 30_001})
    root.put_bucket_policy(Bucket="orders", Policy=named)
    late = client("s3", session(TWO, "late"))
    grant = document(allow("s3:*", "*"))
    two.put_role_policy(RoleName="late", PolicyName="p", PolicyDocument=grant)
    refused("AccessDenied", late.get_object, Bucket="orders", Key="signed")
    control("POST", "clock", {"advance_ms": 30_001})
    late.get_object(Bucket="orders", Key="signed")
    control("PUT", "switches", {})
    root.delete_bucket_policy(Bucket="orders")


def faults():
    def fault(kind, operation):
        control("POST", "faults", {"service": "s3", "operation": operation, "nth": 1, "kind": {"type": kind}})

    put = {"Bucket": "orders", "Key": "faulty"}
    body = gzip.compress(os.urandom(200_000))
    fault("throttle", "PutObject")
    refused("SlowDown", root.put_object, Body=body, **put)
    fault("drop_before", "PutObject")
    try:
        root.put_object(Body=body, **put)
        raise AssertionError("the connection was not dropped")
    except HTTPClientError:
        pass
    refused("404", root.head_object, **put)
    fault("error_after", "PutObject")
    refused("InternalError", root.put_object, Body=body, **put)
    assert root.get_object(**put)["Body"].read() == body
    fault("drop_after", "DeleteObject")
    try:
        root.delete_object(**put)
        raise AssertionError("the connection was not dropped")
    except HTTPClientError:
        pass
    refused("404", root.head_object, **put)
    # What a client retries by itself comes through.
    control("DELETE", "calls")
    for kind in ["throttle", "error_after", "drop_after"]:
        fault(kind, "PutObject")
        client("s3", attempts=3).put_object(Body=io.BytesIO(body), **put)
    assert root.get_object(**put)["Body"].read() == body
    statuses = [call["status"] for call in control("GET", "calls") if call["operation"] == "PutObject"]
    assert statuses == [503, 200, 500, 200, 0, 200], statuses


for judge in [
    signatures, virtual_hosts, tokens, own_account, other_account, propagation, faults,
]:
    judge()
    print("ok", judge.__name__)
