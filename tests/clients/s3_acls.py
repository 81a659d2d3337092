"""Judges ACLs with boto3 and the AWS CLI: refused where the bucket's owner owns everything, heeded where not."""

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from s3_world import DESTINATION, ONCE, REGION, SOURCE, Pair, cli, control, create_bucket, document, expect, refused, rule, session, settle

BODY = b"one body"
OFF = {"BlockPublicAcls": False, "IgnorePublicAcls": False, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}
NOT_SUPPORTED = "AccessControlListNotSupported"
ALL = "http://acs.amazonaws.com/groups/global/AllUsers"


def client(account=SOURCE, role="sandbox"):
    return session(account, role).client("s3", config=ONCE, region_name=REGION[SOURCE])


def anonymous():
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    return boto3.client("s3", config=config, region_name=REGION[SOURCE])


def make(s3, name, ownership="ObjectWriter", **block):
    create_bucket(s3, name, SOURCE, ObjectOwnership=ownership)
    if block:
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration={**OFF, **block})
    return name


def identity(account):
    return client(account).list_buckets()["Owner"]["ID"]


def grants(answer):
    return sorted((g["Grantee"].get("ID") or g["Grantee"]["URI"], g["Permission"]) for g in answer["Grants"])


def off_where_the_owner_owns_everything(s3):
    """UG:object-ownership-error-responses"""
    here = {"Bucket": make(s3, "judge-acls-off", "BucketOwnerEnforced", BlockPublicAcls=False), "Key": "k"}
    words = "The bucket does not allow ACLs"
    for acl in ["public-read", "private", "bucket-owner-read"]:
        refused(NOT_SUPPORTED, words, s3.put_object, **here, Body=BODY, ACL=acl)
    refused(NOT_SUPPORTED, words, s3.put_object, **here, Body=BODY, GrantRead=f'id="{identity(DESTINATION)}"')
    s3.put_object(**here, Body=BODY, ACL="bucket-owner-full-control")
    s3.put_object(**here, Body=BODY, GrantFullControl=f'id="{identity(SOURCE)}"')
    refused(NOT_SUPPORTED, words, s3.put_object_acl, **here, ACL="public-read")
    refused(NOT_SUPPORTED, words, s3.put_bucket_acl, Bucket=here["Bucket"], ACL="public-read")
    expect(grants(s3.get_object_acl(**here)), [(identity(SOURCE), "FULL_CONTROL")], "the list of an object with ACLs off")
    made = {"CreateBucketConfiguration": {"LocationConstraint": REGION[SOURCE]}, "ACL": "public-read"}
    refused("InvalidBucketAclWithObjectOwnership", None, s3.create_bucket, Bucket="judge-acls-public", **made)


def lists_are_kept_and_shown(s3, away_id):
    bucket = make(s3, "judge-acls")
    here = {"Bucket": bucket, "Key": "k"}
    own = (identity(SOURCE), "FULL_CONTROL")
    s3.put_object(**here, Body=BODY)
    expect(grants(s3.get_object_acl(**here)), [own], "the list of a new object")
    s3.put_object_acl(**here, GrantRead=f'id="{away_id}"', GrantReadACP=f'id="{away_id}"')
    expect(grants(s3.get_object_acl(**here)), sorted([(away_id, "READ"), (away_id, "READ_ACP")]), "what headers grant")
    owner = {"ID": own[0]}
    user = lambda id: {"Type": "CanonicalUser", "ID": id}  # noqa: E731
    both = [{"Grantee": user(own[0]), "Permission": "FULL_CONTROL"}, {"Grantee": user(away_id), "Permission": "READ"}]
    s3.put_object_acl(**here, AccessControlPolicy={"Owner": owner, "Grants": both})
    expect(grants(s3.get_object_acl(**here)), sorted([own, (away_id, "READ")]), "what a document grants")
    refused("InvalidRequest", None, s3.put_object_acl, **here, ACL="private", GrantRead=f'id="{away_id}"')
    refused("InvalidArgument", "Invalid id", s3.put_object_acl, **here, GrantRead='id="none"')
    refused("MethodNotAllowed", None, s3.put_object_acl, **here, GrantRead='emailAddress="a@b.c"')
    s3.put_bucket_acl(Bucket=bucket, ACL="log-delivery-write")
    expect(len(s3.get_bucket_acl(Bucket=bucket)["Grants"]), 3, "grants of log-delivery-write")
    enforce = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    call = s3.put_bucket_ownership_controls
    refused("InvalidBucketAclWithObjectOwnership", None, call, Bucket=bucket, OwnershipControls=enforce)
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    call(Bucket=bucket, OwnershipControls=enforce)
    call(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    return bucket


def they_let_in(s3, bucket, away_id):
    here, away = {"Bucket": bucket, "Key": "k"}, client(DESTINATION)
    s3.put_object(**here, Body=BODY)
    refused("AccessDenied", None, away.get_object, **here)
    s3.put_object_acl(**here, GrantRead=f'id="{away_id}"')
    expect(away.get_object(**here)["Body"].read(), BODY, "what a grant to the account lets read")
    refused("AccessDenied", None, away.get_object_acl, **here)
    # The account passes a grant on by its own policies.
    iam = session(DESTINATION).client("iam", config=ONCE)
    trust = document({"Effect": "Allow", "Principal": {"AWS": [SOURCE, DESTINATION]}, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName="judge-acls", AssumeRolePolicyDocument=trust)
    refused("AccessDenied", None, client(DESTINATION, "judge-acls").get_object, **here)
    # A deny of the bucket's policy goes before every list.
    deny = {"Effect": "Deny", "Principal": {"AWS": DESTINATION}, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=document(deny))
    refused("AccessDenied", None, away.get_object, **here)
    s3.delete_bucket_policy(Bucket=bucket)
    refused("AccessDenied", None, away.list_objects_v2, Bucket=bucket)
    refused("AccessDenied", None, away.put_object, Bucket=bucket, Key="theirs", Body=BODY)
    s3.put_bucket_acl(Bucket=bucket, GrantRead=f'id="{away_id}"', GrantWrite=f'id="{away_id}"')
    away.list_objects_v2(Bucket=bucket)
    # What another account writes is its own, unless it gives it away.
    theirs = {"Bucket": bucket, "Key": "theirs"}
    away.put_object(**theirs, Body=BODY)
    refused("AccessDenied", None, s3.get_object, **theirs)
    away.put_object(**theirs, Body=BODY, ACL="bucket-owner-read")
    expect(s3.get_object(**theirs)["Body"].read(), BODY, "what bucket-owner-read lets the owner read")
    refused("AccessDenied", None, s3.get_object_acl, **theirs)
    away.put_object(**theirs, Body=BODY, ACL="bucket-owner-full-control")
    expect(s3.get_object_acl(**theirs)["Owner"]["ID"], away_id, "owner under ObjectWriter")
    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    away.put_object(**theirs, Body=BODY, ACL="bucket-owner-full-control")
    expect(s3.get_object_acl(**theirs)["Owner"]["ID"], identity(SOURCE), "owner under BucketOwnerPreferred")


def everyone(s3):
    """BlockPublicAcls refuses public lists, IgnorePublicAcls passes over those that are there."""
    bucket = make(s3, "judge-acls-everyone", BlockPublicAcls=False)
    here = {"Bucket": bucket, "Key": "k"}
    s3.put_object(**here, Body=BODY, ACL="public-read")
    expect((ALL, "READ") in grants(s3.get_object_acl(**here)), True, "a grant to everyone")
    expect(anonymous().get_object(**here)["Body"].read(), BODY, "what everyone reads")
    block = lambda **on: s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={**OFF, **on})  # noqa: E731
    block(IgnorePublicAcls=True)
    refused("AccessDenied", None, anonymous().get_object, **here)
    block(BlockPublicAcls=True)
    anonymous().get_object(**here)
    refused("AccessDenied", None, s3.put_object, **here, Body=BODY, ACL="public-read")
    refused("AccessDenied", None, s3.put_object_acl, **here, ACL="authenticated-read")
    refused("AccessDenied", None, s3.put_bucket_acl, Bucket=bucket, ACL="public-read")
    s3.put_object(**here, Body=BODY, ACL="private")
    refused("AccessDenied", None, anonymous().get_object, **here)


def lists_replicate(away_id):
    pair = Pair("judge-acls-pair")
    on = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    pair.from_s3.put_bucket_ownership_controls(Bucket=pair.source, OwnershipControls=on)
    pair.to_s3.put_bucket_ownership_controls(Bucket=pair.destination, OwnershipControls=on)
    pair.replicate()
    pair.put("k", Body=BODY, GrantRead=f'id="{away_id}"', GrantReadACP=f'id="{away_id}"')
    pair.wait("k")
    replica = {"Bucket": pair.destination, "Key": "k"}
    found = pair.to_s3.get_object_acl(**replica)
    expect((found["Owner"]["ID"], grants(found)), (identity(SOURCE), sorted([(away_id, "READ"), (away_id, "READ_ACP")])), "a replica's list")
    pair.from_s3.put_object_acl(Bucket=pair.source, Key="k", GrantFullControl=f'id="{away_id}"')
    settle()
    expect(grants(pair.to_s3.get_object_acl(**replica)), [(away_id, "FULL_CONTROL")], "a list that changed")
    # With the owner override the list stays behind.
    target = {"Bucket": f"arn:aws:s3:::{pair.destination}", "Account": DESTINATION, "AccessControlTranslation": {"Owner": "Destination"}}
    override = {"Effect": "Allow", "Action": "s3:ObjectOwnerOverrideToBucketOwner", "Resource": f"arn:aws:s3:::{pair.destination}/*"}
    pair.grant(more=[override])
    policy = {"Effect": "Allow", "Principal": {"AWS": pair.role}, "Resource": f"arn:aws:s3:::{pair.destination}/*"}
    actions = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags", "s3:ObjectOwnerOverrideToBucketOwner"]
    pair.to_s3.put_bucket_policy(Bucket=pair.destination, Policy=document({**policy, "Action": actions}))
    pair.replicate(rule(pair.destination, Destination=target))
    pair.put("given", Body=BODY, GrantRead=f'id="{identity(SOURCE)}"')
    pair.wait("given")
    given = pair.to_s3.get_object_acl(Bucket=pair.destination, Key="given")
    expect(grants(given), [(away_id, "FULL_CONTROL")], "the list under the owner override")
    expect(control("GET", "snapshot")["s3"]["buckets"][pair.destination]["owner"], DESTINATION, "owner of the destination")


def the_cli_finds_the_same(bucket):
    place = ["--bucket", bucket, "--key", "k"]
    cli("s3api", "put-object-acl", *place, "--acl", "bucket-owner-full-control")
    expect(len(cli("s3api", "get-object-acl", *place)["Grants"]), 1, "grants by the CLI")
    told = cli("s3api", "put-object-acl", "--bucket", "judge-acls-off", "--key", "k", "--acl", "public-read", fails=True)
    expect(f"({NOT_SUPPORTED})" in told, True, f"an error as the CLI tells it: {told}")


def main():
    s3, away_id = client(), identity(DESTINATION)
    off_where_the_owner_owns_everything(s3)
    bucket = lists_are_kept_and_shown(s3, away_id)
    they_let_in(s3, bucket, away_id)
    everyone(s3)
    lists_replicate(away_id)
    the_cli_finds_the_same(bucket)
    print("ok")


if __name__ == "__main__":
    main()
