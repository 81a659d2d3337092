"""What the S3 judges share: sessions in two accounts, a bucket pair, expectations. Not a judge itself.

Endpoint and root credentials of account 111111111111 come from the environment; the sandbox also has
account 222222222222, and the role `sandbox` of both trusts that root.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
CONTROL = {"Authorization": f"Bearer {os.environ['S3FERRY_SANDBOX_TOKEN']}", "Content-Type": "application/json"}
SOURCE, DESTINATION = "111111111111", "222222222222"
REGION = {SOURCE: "eu-west-1", DESTINATION: "eu-central-1"}
# One attempt: an error is an answer here.
ONCE = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
TRUST = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}


def session(account, role="sandbox"):
    """Returns a session of a role in an account, in that account's Region."""
    sts = boto3.client("sts", config=ONCE)
    credentials = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="judge")["Credentials"]
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=REGION[account],
    )


def control(method, path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{ENDPOINT}/_sandbox/{path}", data=data, method=method, headers=CONTROL)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def hosts_of_accounts_are_here():
    """S3 Control's clients put the account in front of the endpoint's host, and no resolver knows that name."""
    resolve = socket.getaddrinfo

    def loopback(host, *rest, **more):
        return resolve("127.0.0.1" if host and host.endswith(".127.0.0.1") else host, *rest, **more)

    socket.getaddrinfo = loopback


def settle():
    """Waits until the sandbox has no replication work left."""
    control("POST", "settle")


def expect(actual, wanted, what):
    if actual != wanted:
        raise SystemExit(f"{what}: expected {wanted!r}, got {actual!r}")


def refused(code, message, call, **arguments):
    """Expects an error with this code, and with this message unless that is None."""
    try:
        call(**arguments)
    except ClientError as error:
        actual = error.response["Error"]
        expect(actual["Code"], code, f"error code of {arguments}: {actual.get('Message')}")
        if message is not None:
            expect(actual["Message"], message, f"message of {code}")
        return error.response
    raise SystemExit(f"expected {code}, but the call succeeded: {arguments}")


def cli(*arguments, account=SOURCE, fails=False):
    """Runs the AWS CLI as the role `sandbox` of an account; returns what it prints, read as JSON where it succeeds."""
    beside = pathlib.Path(sys.executable).parent / "aws"
    aws = str(beside) if beside.exists() else shutil.which("aws")
    given = session(account).get_credentials()
    environment = dict(
        os.environ,
        AWS_ACCESS_KEY_ID=given.access_key,
        AWS_SECRET_ACCESS_KEY=given.secret_key,
        AWS_SESSION_TOKEN=given.token,
        AWS_DEFAULT_REGION=REGION[account],
        AWS_PAGER="",
    )
    done = subprocess.run([aws, *arguments, "--output", "json"], env=environment, capture_output=True, text=True)
    expect(done.returncode != 0, fails, f"failure of {arguments}: {done.stderr}")
    return json.loads(done.stdout) if done.stdout.strip() else done.stderr


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def create_key(account, *users):
    """Makes a key in an account, in that account's Region, which these accounts may use, too, and returns its ARN."""
    owner = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"}
    use = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"]
    others = [{"Effect": "Allow", "Principal": {"AWS": user}, "Action": use, "Resource": "*"} for user in users]
    kms = session(account).client("kms", config=ONCE)
    return kms.create_key(Policy=document(owner, *others))["KeyMetadata"]["Arn"]


def create_bucket(s3, name, account, **more):
    location = {"LocationConstraint": REGION[account]}
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=location, **more)


def enable_versioning(s3, name):
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def role_policy(source, destination, without=(), more=()):
    """The least-privilege policy of a replication role, minus some actions."""

    def keep(actions):
        return [action for action in actions if action not in without]

    statements = [
        (keep(["s3:GetReplicationConfiguration", "s3:ListBucket"]), f"arn:aws:s3:::{source}"),
        (
            keep(["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"]),
            f"arn:aws:s3:::{source}/*",
        ),
        (keep(["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]), f"arn:aws:s3:::{destination}/*"),
    ]
    allowed = [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in statements if a]
    return document(*allowed, *more)


def destination_policy(role_arn, destination, actions=("s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags")):
    return document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": role_arn},
            "Action": list(actions),
            "Resource": f"arn:aws:s3:::{destination}/*",
        }
    )


def rule(destination, **more):
    base = {
        "ID": "everything",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{destination}"},
    }
    return {**base, **more}


class Pair:
    """A source and a destination bucket in two accounts with a role that may replicate between them."""

    def __init__(self, name):
        self.source_session, self.destination_session = session(SOURCE), session(DESTINATION)
        self.from_s3 = self.source_session.client("s3", config=ONCE)
        self.to_s3 = self.destination_session.client("s3", config=ONCE)
        self.iam = self.source_session.client("iam", config=ONCE)
        self.source, self.destination = f"{name}-source", f"{name}-destination"
        self.role_name = f"{name}-replication"
        create_bucket(self.from_s3, self.source, SOURCE)
        create_bucket(self.to_s3, self.destination, DESTINATION)
        enable_versioning(self.from_s3, self.source)
        enable_versioning(self.to_s3, self.destination)
        role = self.iam.create_role(RoleName=self.role_name, Path="/s3ferry/", AssumeRolePolicyDocument=document(TRUST))
        self.role = role["Role"]["Arn"]
        self.grant()
        policy = destination_policy(self.role, self.destination)
        self.to_s3.put_bucket_policy(Bucket=self.destination, Policy=policy)

    def grant(self, **arguments):
        policy = role_policy(self.source, self.destination, **arguments)
        self.iam.put_role_policy(RoleName=self.role_name, PolicyName="replication", PolicyDocument=policy)

    def replicate(self, *rules):
        configuration = {"Role": self.role, "Rules": list(rules) or [rule(self.destination)]}
        self.from_s3.put_bucket_replication(Bucket=self.source, ReplicationConfiguration=configuration)

    def put(self, key, **arguments):
        return self.from_s3.put_object(Bucket=self.source, Key=key, **arguments)

    def status(self, key, **arguments):
        head = self.from_s3.head_object(Bucket=self.source, Key=key, **arguments)
        return head.get("ReplicationStatus")

    def wait(self, key, wanted="COMPLETED"):
        """Polls the source as a user would, until the object left PENDING."""
        for _ in range(500):
            status = self.status(key)
            if status != "PENDING":
                expect(status, wanted, f"replication status of {key}")
                return
            time.sleep(0.01)
        raise SystemExit(f"{key} stayed PENDING")

    def failure(self, key):
        """Returns the reason that the sandbox recorded for the newest version of a key."""
        state = control("GET", "snapshot")["s3"]["buckets"][self.source]
        return state["objects"][key][0].get("failure_reason")
