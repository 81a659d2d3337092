"""Judges bucket policies with boto3: what a condition sees of a call, of each of its parts and of replication, and what
Block Public Access makes of one. What is refused of a policy is in policy_validation.py.
"""

import json

from s3_world import (
    DESTINATION,
    ONCE,
    REGION,
    SOURCE,
    Pair,
    create_bucket,
    destination_policy,
    document,
    expect,
    hosts_of_accounts_are_here,
    refused,
    session,
)

BODY = b"one body"


def deny(bucket, condition, action="s3:*"):
    resource = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource, "Condition": condition}


def with_statements(policy, *statements):
    return document(*json.loads(policy)["Statement"], *statements)


def every_kind_of_call(s3, bucket):
    """Reads, writes, copies, lists and deletes: whatever asks for a permission on its way."""
    put = s3.put_object(Bucket=bucket, Key="a", Body=BODY, Tagging="class=hot")
    s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a"})
    s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a", "VersionId": put["VersionId"]})
    expect(s3.get_object(Bucket=bucket, Key="b")["Body"].read(), BODY, "body of the copy")
    refused("404", None, s3.head_object, Bucket=bucket, Key="absent")
    refused("NoSuchKey", None, s3.get_object, Bucket=bucket, Key="absent")
    expect(len(s3.list_objects_v2(Bucket=bucket, Prefix="a")["Contents"]), 1, "objects under a prefix")
    gone = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b"}, {"Key": "a", "VersionId": put["VersionId"]}]})
    expect(gone.get("Errors"), None, "errors of DeleteObjects")
    s3.get_bucket_policy(Bucket=bucket)
    s3.get_bucket_versioning(Bucket=bucket)


def what_holds_of_every_call_holds_of_its_parts_and_of_replication():
    pair = Pair("judge-transport")
    for bucket, s3, account in [
        (pair.source, pair.from_s3, SOURCE),
        (pair.destination, pair.to_s3, DESTINATION),
    ]:
        always = [
            deny(bucket, {"Bool": {"aws:SecureTransport": "false"}}),
            deny(bucket, {"Null": {"aws:SecureTransport": "true"}}),
            deny(bucket, {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
            deny(bucket, {"Null": {"s3:TlsVersion": "true"}}),
            deny(bucket, {"StringNotEquals": {"aws:RequestedRegion": REGION[account]}}),
            deny(bucket, {"StringNotEquals": {"aws:ResourceAccount": account}}),
            deny(bucket, {"StringNotEquals": {"s3:ResourceAccount": account}}),
        ]
        granted = [] if account == SOURCE else json.loads(destination_policy(pair.role, bucket))["Statement"]
        s3.put_bucket_policy(Bucket=bucket, Policy=document(*granted, *always))
        every_kind_of_call(s3, bucket)
    pair.replicate()
    pair.put("over-tls", Body=BODY, Tagging="a=b")
    pair.wait("over-tls")


def what_only_a_client_has_stops_replication():
    """A client calls from an address and signs; S3 under the role is no client (unverified for both keys)."""
    pair = Pair("judge-address")
    pair.replicate()
    granted = destination_policy(pair.role, pair.destination)
    here = deny(pair.destination, {"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}})
    pair.to_s3.put_bucket_policy(Bucket=pair.destination, Policy=with_statements(granted, here))
    every_kind_of_call(pair.to_s3, pair.destination)
    pair.put("from-nowhere", Body=BODY)
    pair.wait("from-nowhere", "FAILED")
    elsewhere = deny(pair.destination, {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, "s3:PutObject")
    pair.to_s3.put_bucket_policy(Bucket=pair.destination, Policy=with_statements(granted, elsewhere))
    refused("AccessDenied", None, pair.to_s3.put_object, Bucket=pair.destination, Key="k", Body=BODY)
    pair.put("again", Body=BODY)
    pair.wait("again")


def each_part_has_the_keys_of_its_own_version():
    pair = Pair("judge-parts")
    s3, bucket = pair.from_s3, pair.source
    kept = s3.put_object(Bucket=bucket, Key="hot", Body=BODY, Tagging="class=hot")["VersionId"]
    other = s3.put_object(Bucket=bucket, Key="cold", Body=BODY, Tagging="class=cold")["VersionId"]
    hot = deny(bucket, {"StringEquals": {"s3:ExistingObjectTag/class": "hot"}}, "s3:GetObject")
    one = deny(bucket, {"StringEquals": {"s3:VersionId": kept}}, "s3:DeleteObjectVersion")
    hot["Resource"] = one["Resource"] = f"arn:aws:s3:::{bucket}/*"
    s3.put_bucket_policy(Bucket=bucket, Policy=document(hot, one))
    refused("AccessDenied", None, s3.copy_object, Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "hot"})
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "cold"})
    both = [{"Key": "hot", "VersionId": kept}, {"Key": "cold", "VersionId": other}]
    gone = s3.delete_objects(Bucket=bucket, Delete={"Objects": both})
    expect([entry["Key"] for entry in gone["Deleted"]], ["cold"], "keys that were deleted")
    expect([entry["Code"] for entry in gone["Errors"]], ["AccessDenied"], "keys that were not")


BLOCK = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]


def blocking(*names):
    return {name: name in names for name in BLOCK}


def an_account_blocks_for_all_its_buckets():
    hosts_of_accounts_are_here()
    own = session(SOURCE)
    control = own.client("s3control", config=ONCE)
    account = {"AccountId": SOURCE}
    missing = "NoSuchPublicAccessBlockConfiguration"
    refused(missing, "The public access block configuration was not found", control.get_public_access_block, **account)
    control.put_public_access_block(PublicAccessBlockConfiguration={"BlockPublicPolicy": True}, **account)
    shown = control.get_public_access_block(**account)["PublicAccessBlockConfiguration"]
    expect(shown, blocking("BlockPublicPolicy"), "public access block of the account")
    other = session(DESTINATION).client("s3control", config=ONCE)
    refused("AccessDenied", None, other.get_public_access_block, **account)
    refused(missing, None, other.get_public_access_block, AccountId=DESTINATION)

    s3, bucket = own.client("s3", config=ONCE), "judge-blocked"
    create_bucket(s3, bucket, SOURCE)
    s3.delete_public_access_block(Bucket=bucket)
    public = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    arn = own.client("sts", config=ONCE).get_caller_identity()["Arn"]
    words = (
        f'User: {arn} is not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::{bucket}" because '
        "public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access."
    )
    refused("AccessDenied", words, s3.put_bucket_policy, Bucket=bucket, Policy=document(public))
    control.delete_public_access_block(**account)
    s3.put_bucket_policy(Bucket=bucket, Policy=document(public))
    # A public policy that is there stays, but no other is taken beside it.
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=blocking("BlockPublicPolicy"))
    more = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    refused("AccessDenied", words, s3.put_bucket_policy, Bucket=bucket, Policy=document(public, more))
    narrow = {**public, "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-91237329"}}}
    s3.put_bucket_policy(Bucket=bucket, Policy=document(narrow, more))
    expect(s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"], False, "a narrowed policy")


def a_restricted_bucket_is_closed_to_other_accounts():
    pair = Pair("judge-restricted")
    s3, bucket = pair.to_s3, pair.destination
    pair.replicate()
    granted = destination_policy(pair.role, bucket)
    reads = {"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    public = {**reads, "Principal": "*", "Action": "s3:GetObjectTagging"}
    s3.put_object(Bucket=bucket, Key="own", Body=BODY)
    s3.put_bucket_policy(Bucket=bucket, Policy=with_statements(granted, reads))
    # New buckets restrict, which asks nothing of a policy that is not public.
    pair.from_s3.get_object(Bucket=bucket, Key="own")
    pair.put("open", Body=BODY)
    pair.wait("open")
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=blocking())
    s3.put_bucket_policy(Bucket=bucket, Policy=with_statements(granted, reads, public))
    pair.put("public", Body=BODY)
    pair.wait("public")
    control = pair.destination_session.client("s3control", config=ONCE)
    close = [
        lambda: s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=blocking("RestrictPublicBuckets")),
        lambda: control.put_public_access_block(
            AccountId=DESTINATION, PublicAccessBlockConfiguration=blocking("RestrictPublicBuckets")
        ),
    ]
    for number, restrict in enumerate(close):
        restrict()
        refused("AccessDenied", "Access Denied", pair.from_s3.get_object, Bucket=bucket, Key="own")
        expect(s3.get_object(Bucket=bucket, Key="own")["Body"].read(), BODY, "what the own account reads")
        pair.put(f"closed/{number}", Body=BODY)
        pair.wait(f"closed/{number}", "FAILED")
        expect(pair.failure(f"closed/{number}"), "DstPutObjectNotPermitted", "reason of a closed destination")
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=blocking())
    control.delete_public_access_block(AccountId=DESTINATION)
    pair.from_s3.get_object(Bucket=bucket, Key="own")


def names_of_an_account_need_their_header():
    namespace = {}

    def client_of(role):
        s3 = session(SOURCE, role).client("s3", config=ONCE)

        def add(request, **_):
            for name, value in namespace.items():
                request.headers[name] = value

        s3.meta.events.register("before-sign.s3.CreateBucket", add)
        return s3

    s3 = client_of("sandbox")
    own = f"judge-{SOURCE}-{REGION[SOURCE]}-an"
    refused("MissingNamespaceHeader", None, create_bucket, s3=s3, name=own, account=SOURCE)
    namespace["x-amz-bucket-namespace"] = "account-regional"
    for name in [own.replace(SOURCE, DESTINATION), own.replace("eu-west-1", "eu-west-2"), own[6:], "judge-plain"]:
        refused("InvalidNamespaceHeader", None, create_bucket, s3=s3, name=name, account=SOURCE)
    create_bucket(s3, own, SOURCE)
    namespace["x-amz-bucket-namespace"] = "global"
    create_bucket(s3, "judge-global", SOURCE)
    deny = {"Effect": "Deny", "Action": "s3:CreateBucket", "Resource": "*"}
    deny["Condition"] = {"StringNotEquals": {"s3:x-amz-bucket-namespace": "account-regional"}}
    iam = session(SOURCE).client("iam", config=ONCE)
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    trust = {"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="own-names", AssumeRolePolicyDocument=document(trust))
    iam.put_role_policy(RoleName="own-names", PolicyName="p", PolicyDocument=document(allow, deny))
    s3 = client_of("own-names")
    refused("AccessDenied", None, create_bucket, s3=s3, name="judge-other", account=SOURCE)
    namespace["x-amz-bucket-namespace"] = "account-regional"
    create_bucket(s3, f"judge-two-{SOURCE}-{REGION[SOURCE]}-an", SOURCE)


def main():
    what_holds_of_every_call_holds_of_its_parts_and_of_replication()
    what_only_a_client_has_stops_replication()
    each_part_has_the_keys_of_its_own_version()
    an_account_blocks_for_all_its_buckets()
    a_restricted_bucket_is_closed_to_other_accounts()
    names_of_an_account_need_their_header()
    print("ok")


if __name__ == "__main__":
    main()
