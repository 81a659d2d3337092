"""Judges the sandbox's IAM and STS with the AWS CLI: the commands that a reader of a guide types.

Takes endpoint and root credentials of account 111111111111 from the environment (AWS_ENDPOINT_URL,
AWS_ACCESS_KEY_ID, ...); the sandbox also has account 222222222222. `aws` is looked for beside the
interpreter and on the path. Ends with status 0 or a traceback.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ONE, TWO = "111111111111", "222222222222"
BESIDE = pathlib.Path(sys.executable).parent / "aws"
AWS = str(BESIDE) if BESIDE.exists() else shutil.which("aws")
assert AWS, "the AWS CLI is not there: pip install awscli"


def aws(*arguments, credentials=None, fails=None):
    """Runs a command; returns its JSON, or checks its message where it must fail."""
    environment = dict(os.environ, AWS_PAGER="", AWS_MAX_ATTEMPTS="1")
    if credentials:
        environment["AWS_ACCESS_KEY_ID"] = credentials["AccessKeyId"]
        environment["AWS_SECRET_ACCESS_KEY"] = credentials["SecretAccessKey"]
        environment["AWS_SESSION_TOKEN"] = credentials["SessionToken"]
    command = [AWS, "--output", "json", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if fails:
        assert done.returncode != 0 and fails in done.stderr, (arguments, done.stderr)
        return None
    assert done.returncode == 0, (arguments, done.stderr)
    return json.loads(done.stdout) if done.stdout.strip() else None


identity = aws("sts", "get-caller-identity")
assert identity["Account"] == ONE, identity

two = aws(
    "sts", "assume-role", "--role-arn", f"arn:aws:iam::{TWO}:role/sandbox", "--role-session-name", "cli"
)["Credentials"]
assert aws("sts", "get-caller-identity", credentials=two)["Account"] == TWO
aws(
    "sts", "assume-role", "--role-arn", f"arn:aws:iam::{TWO}:role/absent", "--role-session-name", "cli",
    fails="is not authorized to perform: sts:AssumeRole on resource",
)

with tempfile.TemporaryDirectory() as folder:
    trust = pathlib.Path(folder, "trust.json")
    trust.write_text(json.dumps({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }],
    }))
    grants = pathlib.Path(folder, "grants.json")
    grants.write_text(json.dumps({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
                "Resource": "arn:aws:s3:::orders",
            },
            {
                "Effect": "Allow",
                "Action": "s3:ReplicateObject",
                "Resource": "arn:aws:s3:::orders-archive/*",
            },
        ],
    }))
    create = ["iam", "create-role", "--role-name", "copier", "--assume-role-policy-document", f"file://{trust}"]
    role = aws(*create, "--path", "/service-role/")["Role"]
    assert role["Arn"] == f"arn:aws:iam::{ONE}:role/service-role/copier", role
    aws(*create, fails="An error occurred (EntityAlreadyExists) when calling the CreateRole operation")
    named = ["--role-name", "copier", "--policy-name", "copy"]
    aws("iam", "put-role-policy", *named, "--policy-document", f"file://{grants}")
    got = aws("iam", "get-role-policy", *named)["PolicyDocument"]
    assert got == json.loads(grants.read_text()), got
    got = aws("iam", "get-role", "--role-name", "copier")["Role"]["AssumeRolePolicyDocument"]
    assert got == json.loads(trust.read_text()), got
    aws("iam", "tag-role", "--role-name", "copier", "--tags", "Key=a,Value=b c")
    assert aws("iam", "list-role-tags", "--role-name", "copier")["Tags"] == [{"Key": "a", "Value": "b c"}]
    # The CLI follows the pages by itself.
    listed = aws("iam", "list-roles", "--page-size", "1")["Roles"]
    assert [one["RoleName"] for one in listed] == ["copier", "sandbox"], listed
    aws("iam", "delete-role", "--role-name", "copier", fails="(DeleteConflict)")
    aws("iam", "delete-role-policy", *named)
    aws("iam", "delete-role", "--role-name", "copier")
    aws("iam", "get-role", "--role-name", "copier", fails="The role with name copier cannot be found.")
    # The role exists in the other account, which sees nothing of this one.
    aws("iam", "get-role", "--role-name", "copier", credentials=two, fails="(NoSuchEntity)")
print("ok")
