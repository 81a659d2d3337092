"""Judges S3 with the AWS CLI: a bucket pair through `aws s3api`, then `aws s3` cp, ls, sync and rm.

Takes endpoint and root credentials of account 111111111111 from the environment; the sandbox also has
account 222222222222. `aws` is looked for beside the interpreter and on the path.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

SOURCE, DESTINATION = "111111111111", "222222222222"
REGION = {SOURCE: "eu-west-1", DESTINATION: "eu-central-1"}
BESIDE = pathlib.Path(sys.executable).parent / "aws"
AWS = str(BESIDE) if BESIDE.exists() else shutil.which("aws")
FROM, TO, ROLE = "judge-cli-source", "judge-cli-destination", "judge-cli-replication"


def expect(actual, wanted, what):
    if actual != wanted:
        raise SystemExit(f"{what}: expected {wanted!r}, got {actual!r}")


def run(environment, *arguments, fails=None):
    """Runs a command; returns its output, as JSON where it is JSON."""
    done = subprocess.run([AWS, *arguments], env=environment, capture_output=True, text=True)
    if fails:
        if done.returncode == 0 or fails not in done.stderr:
            raise SystemExit(f"{arguments}: expected {fails!r}, got {done.returncode} {done.stderr}")
        return None
    if done.returncode != 0:
        raise SystemExit(f"{arguments}: {done.stderr}")
    text = done.stdout.strip()
    return json.loads(text) if text.startswith(("{", "[")) else text


def account(account):
    """Returns a runner of commands as role `sandbox` of an account."""
    base = dict(os.environ, AWS_PAGER="", AWS_MAX_ATTEMPTS="1", AWS_DEFAULT_OUTPUT="json")
    role = f"arn:aws:iam::{account}:role/sandbox"
    given = run(base, "sts", "assume-role", "--role-arn", role, "--role-session-name", "cli")["Credentials"]
    environment = {
        **base,
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
        "AWS_REGION": REGION[account],
        "AWS_DEFAULT_REGION": REGION[account],
    }
    return lambda *arguments, **more: run(environment, *arguments, **more)


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def make_pair(source, destination):
    for aws, bucket, where in [(source, FROM, SOURCE), (destination, TO, DESTINATION)]:
        location = f"LocationConstraint={REGION[where]}"
        aws("s3api", "create-bucket", "--bucket", bucket, "--create-bucket-configuration", location)
        aws("s3api", "put-bucket-versioning", "--bucket", bucket, "--versioning-configuration", "Status=Enabled")
    trust = document({"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"})
    role = source("iam", "create-role", "--role-name", ROLE, "--assume-role-policy-document", trust)["Role"]["Arn"]
    on_objects = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"]
    replicate = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]
    grants = [
        (["s3:GetReplicationConfiguration", "s3:ListBucket"], f"arn:aws:s3:::{FROM}"),
        (on_objects, f"arn:aws:s3:::{FROM}/*"),
        (replicate, f"arn:aws:s3:::{TO}/*"),
    ]
    policy = document(*[{"Effect": "Allow", "Action": action, "Resource": on} for action, on in grants])
    source("iam", "put-role-policy", "--role-name", ROLE, "--policy-name", "p", "--policy-document", policy)
    let = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": replicate, "Resource": f"arn:aws:s3:::{TO}/*"}
    destination("s3api", "put-bucket-policy", "--bucket", TO, "--policy", document(let))
    rule = {
        "ID": "all", "Priority": 1, "Status": "Enabled", "Filter": {},
        "DeleteMarkerReplication": {"Status": "Enabled"}, "Destination": {"Bucket": f"arn:aws:s3:::{TO}"},
    }
    configuration = json.dumps({"Role": role, "Rules": [rule]})
    source("s3api", "put-bucket-replication", "--bucket", FROM, "--replication-configuration", configuration)
    shown = source("s3api", "get-bucket-replication", "--bucket", FROM)["ReplicationConfiguration"]
    expect(shown, {"Role": role, "Rules": [rule]}, "replication configuration read back")


def wait(source, key):
    """Polls until the object left PENDING."""
    for _ in range(60):
        head = source("s3api", "head-object", "--bucket", FROM, "--key", key)
        if head["ReplicationStatus"] != "PENDING":
            expect(head["ReplicationStatus"], "COMPLETED", f"status of {key}")
            return head
        time.sleep(0.1)
    raise SystemExit(f"{key} stayed PENDING")


def large_file(source, destination, folder):
    """20 MB go up in parts by themselves, and the replica has the same parts and bytes."""
    content = bytes(range(256)) * (20 * 1024 * 1024 // 256)
    large = folder / "large"
    large.write_bytes(content)
    source("s3", "cp", "--no-progress", str(large), f"s3://{FROM}/large")
    head = wait(source, "large")
    expect(head["ETag"].endswith('-3"'), True, "ETag of a 20 MB upload in parts of 8 MB")
    replica = destination("s3api", "head-object", "--bucket", TO, "--key", "large")
    for field in ["ETag", "VersionId", "ContentLength", "LastModified"]:
        expect(replica[field], head[field], f"{field} of the large replica")
    back = folder / "back"
    destination("s3", "cp", "--no-progress", f"s3://{TO}/large", str(back))
    digest = hashlib.sha256(back.read_bytes()).hexdigest()
    expect(digest, hashlib.sha256(content).hexdigest(), "bytes of the large replica")


def folders(source, destination, folder):
    tree = folder / "tree"
    for name in ["a.txt", "sub/b c.txt", "sub/é+&.txt"]:
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        # S3 keeps whole seconds: a file of this very second would look newer than its upload.
        os.utime(path, (1_700_000_000, 1_700_000_000))
    source("s3", "sync", "--no-progress", str(tree), f"s3://{FROM}/tree")
    expect(source("s3", "sync", "--no-progress", str(tree), f"s3://{FROM}/tree"), "", "a second sync does nothing")
    listed = source("s3", "ls", "--recursive", f"s3://{FROM}/tree/")
    names = [line.split(maxsplit=3)[3] for line in listed.splitlines()]
    expect(names, ["tree/a.txt", "tree/sub/b c.txt", "tree/sub/é+&.txt"], "keys of ls")
    top = source("s3", "ls", f"s3://{FROM}/tree/")
    expect([line.split()[-1] for line in top.splitlines()], ["sub/", "a.txt"], "ls with a delimiter")
    wait(source, "tree/sub/é+&.txt")
    copy = folder / "copy"
    destination("s3", "sync", "--no-progress", f"s3://{TO}/tree", str(copy))
    for name in ["a.txt", "sub/b c.txt", "sub/é+&.txt"]:
        expect((copy / name).read_text(), name, f"replica of {name}")
    source("s3", "cp", "--no-progress", f"s3://{FROM}/tree/a.txt", f"s3://{FROM}/copied.txt")
    source("s3", "rm", f"s3://{FROM}/tree/a.txt")
    source("s3api", "head-object", "--bucket", FROM, "--key", "tree/a.txt", fails="Not Found")
    source("s3api", "head-object", "--bucket", FROM, "--key", "copied.txt")


def versions(source, destination):
    for key in ["tree/a.txt"]:
        expected = source("s3api", "list-object-versions", "--bucket", FROM, "--prefix", key)
        for _ in range(60):
            shown = destination("s3api", "list-object-versions", "--bucket", TO, "--prefix", key)
            if "DeleteMarkers" in shown:
                break
            time.sleep(0.1)
        for field in ["Versions", "DeleteMarkers"]:
            ids = [[entry["VersionId"] for entry in side[field]] for side in (shown, expected)]
            expect(ids[0], ids[1], f"{field} of the destination")
    pages = source("s3api", "list-object-versions", "--bucket", FROM, "--page-size", "1")
    whole = source("s3api", "list-object-versions", "--bucket", FROM)
    expect(pages["Versions"], whole["Versions"], "versions in pages of one")


def refusals(source, destination):
    source("s3api", "get-bucket-tagging", "--bucket", FROM, fails="NoSuchTagSet")
    # The CLI follows the redirect to the bucket's Region first, and is refused there.
    source("s3api", "get-object", "--bucket", TO, "--key", "large", os.devnull, fails="AccessDenied")
    owner = ["--expected-bucket-owner", DESTINATION]
    source("s3api", "list-objects-v2", "--bucket", FROM, *owner, fails="AccessDenied")
    source("s3", "rb", f"s3://{FROM}", fails="BucketNotEmpty")
    mine = [bucket["Name"] for bucket in destination("s3api", "list-buckets")["Buckets"]]
    expect(FROM in mine, False, "buckets of the other account")


def main():
    source, destination = account(SOURCE), account(DESTINATION)
    with tempfile.TemporaryDirectory() as folder:
        make_pair(source, destination)
        large_file(source, destination, pathlib.Path(folder))
        folders(source, destination, pathlib.Path(folder))
        versions(source, destination)
        refusals(source, destination)


if __name__ == "__main__":
    if AWS is None:
        raise SystemExit("the AWS CLI is not there: pip install awscli")
    main()
