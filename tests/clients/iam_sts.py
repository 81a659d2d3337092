"""Judges the sandbox's IAM and STS with boto3.

Takes endpoint and root credentials of account 111111111111 from the environment (AWS_ENDPOINT_URL,
AWS_ACCESS_KEY_ID, ...); the sandbox also has account 222222222222. Ends with status 0 or a traceback.
"""

import json
import os
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
CONTROL = {"Authorization": f"Bearer {os.environ['S3FERRY_SANDBOX_TOKEN']}", "Content-Type": "application/json"}
ONE, TWO = "111111111111", "222222222222"
# One attempt, so that each fault is seen and not retried away.
ONCE = Config(retries={"total_max_attempts": 1})


def client(service, credentials=None):
    keys = {}
    if credentials:
        keys = {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials.get("SessionToken"),
        }
    return boto3.client(service, config=ONCE, **keys)


def control(method, path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{ENDPOINT}/_sandbox/{path}", data=data, method=method, headers=CONTROL)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def error(call, **arguments):
    """Returns (status, code, message) of a call that must fail."""
    try:
        call(**arguments)
    except ClientError as refused:
        status = refused.response["ResponseMetadata"]["HTTPStatusCode"]
        return status, refused.response["Error"]["Code"], refused.response["Error"]["Message"]
    raise AssertionError(f"{call} was not refused")


def refused(code, call, **arguments):
    status, actual, message = error(call, **arguments)
    assert actual == code, (actual, message)
    return message


def policy(effect, action, resource="*", **condition):
    statement = {"Effect": effect, "Action": action, "Resource": resource}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal, **condition):
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


S3_TRUST = trust({"Service": "s3.amazonaws.com"})
sts, iam = client("sts"), client("iam")


def admin_of(account):
    """Returns a client of IAM in that account, through its role `sandbox`."""
    role = f"arn:aws:iam::{account}:role/sandbox"
    assumed = sts.assume_role(RoleArn=role, RoleSessionName="judge")
    return client("iam", assumed["Credentials"])


def identities():
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{ONE}:root"
    role = f"arn:aws:iam::{TWO}:role/sandbox"
    assumed = sts.assume_role(RoleArn=role, RoleSessionName="judge", DurationSeconds=900)
    identity = client("sts", assumed["Credentials"]).get_caller_identity()
    assert identity["Account"] == TWO
    assert identity["Arn"] == f"arn:aws:sts::{TWO}:assumed-role/sandbox/judge"
    role_id = admin_of(TWO).get_role(RoleName="sandbox")["Role"]["RoleId"]
    assert identity["UserId"] == f"{role_id}:judge", identity


def signatures():
    good = {
        "AccessKeyId": os.environ["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": os.environ["AWS_SECRET_ACCESS_KEY"],
    }
    wrong = dict(good, SecretAccessKey="wrong")
    unknown = dict(good, AccessKeyId="AKIAUNKNOWN")
    extra = dict(good, SessionToken="token")
    for service, call, codes in [
        ("sts", "get_caller_identity", ["SignatureDoesNotMatch", "InvalidClientTokenId", "InvalidClientTokenId"]),
        ("iam", "list_roles", ["SignatureDoesNotMatch", "InvalidClientTokenId", "InvalidClientTokenId"]),
        ("s3", "list_buckets", ["SignatureDoesNotMatch", "InvalidAccessKeyId", "InvalidToken"]),
    ]:
        for credentials, code in zip([wrong, unknown, extra], codes):
            refused(code, getattr(client(service, credentials), call))
    url = sts.generate_presigned_url("get_caller_identity", HttpMethod="GET")
    with urllib.request.urlopen(url) as reply:
        assert b"root" in reply.read()


def roles():
    created = iam.create_role(
        RoleName="Copier",
        Path="/s3ferry/",
        AssumeRolePolicyDocument=S3_TRUST,
        Description="a <role> & more",
        Tags=[{"Key": "owner", "Value": "judge"}],
    )["Role"]
    assert created["Arn"] == f"arn:aws:iam::{ONE}:role/s3ferry/Copier"
    assert created["RoleId"].startswith("AROA") and len(created["RoleId"]) == 21
    assert created["AssumeRolePolicyDocument"] == json.loads(S3_TRUST)
    role = iam.get_role(RoleName="Copier")["Role"]
    assert role["Description"] == "a <role> & more" and role["MaxSessionDuration"] == 3600
    assert role["Tags"] == [{"Key": "owner", "Value": "judge"}]

    message = refused(
        "EntityAlreadyExists", iam.create_role, RoleName="copier", AssumeRolePolicyDocument=S3_TRUST
    )
    assert message == "Role with name copier already exists."
    assert error(iam.get_role, RoleName="nobody") == (
        404, "NoSuchEntity", "The role with name nobody cannot be found.",
    )
    message = refused("ValidationError", iam.get_role, RoleName="no body")
    assert "at 'roleName'" in message, message

    iam.update_role(RoleName="Copier", Description="new", MaxSessionDuration=7200)
    role = iam.get_role(RoleName="Copier")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("new", 7200)

    iam.tag_role(RoleName="Copier", Tags=[{"Key": "Owner", "Value": "2"}, {"Key": "b", "Value": ""}])
    iam.untag_role(RoleName="Copier", TagKeys=["b"])
    assert iam.list_role_tags(RoleName="Copier")["Tags"] == [{"Key": "Owner", "Value": "2"}]

    # A plus sign and a space survive the percent-encoding of documents.
    document = policy("Allow", "s3:GetObject", "arn:aws:s3:::orders/a+b c%20/*")
    iam.put_role_policy(RoleName="Copier", PolicyName="copy", PolicyDocument=document)
    got = iam.get_role_policy(RoleName="Copier", PolicyName="copy")
    assert got["PolicyDocument"] == json.loads(document), got
    assert iam.list_role_policies(RoleName="Copier")["PolicyNames"] == ["copy"]
    refused("NoSuchEntity", iam.get_role_policy, RoleName="Copier", PolicyName="other")
    for bad in ["{", policy("allow", "s3:*"), trust("*"), policy("Allow", "s3:*", "orders/*")]:
        refused(
            "MalformedPolicyDocument",
            iam.put_role_policy, RoleName="Copier", PolicyName="bad", PolicyDocument=bad,
        )
    long = policy("Allow", "s3:*", [f"arn:aws:s3:::bucket-{n}/*" for n in range(500)])
    message = refused(
        "LimitExceeded", iam.put_role_policy, RoleName="Copier", PolicyName="l", PolicyDocument=long
    )
    assert message == "Maximum policy size of 10240 bytes exceeded for role Copier"

    refused("DeleteConflict", iam.delete_role, RoleName="Copier")
    iam.delete_role_policy(RoleName="Copier", PolicyName="copy")
    refused("NoSuchEntity", iam.delete_role_policy, RoleName="Copier", PolicyName="copy")
    assert iam.list_instance_profiles_for_role(RoleName="Copier")["InstanceProfiles"] == []
    iam.delete_role(RoleName="Copier")
    refused("NoSuchEntity", iam.delete_role, RoleName="Copier")


def managed_policies():
    iam.create_role(RoleName="managed", AssumeRolePolicyDocument=S3_TRUST)
    made = iam.create_policy(PolicyName="reads", PolicyDocument=policy("Allow", "s3:Get*"))["Policy"]
    refused(
        "EntityAlreadyExists", iam.create_policy, PolicyName="reads", PolicyDocument=policy("Deny", "*")
    )
    arn = made["Arn"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=made["DefaultVersionId"])
    assert version["PolicyVersion"]["Document"] == json.loads(policy("Allow", "s3:Get*"))
    iam.attach_role_policy(RoleName="managed", PolicyArn=arn)
    iam.attach_role_policy(RoleName="managed", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    refused("NoSuchEntity", iam.attach_role_policy, RoleName="managed", PolicyArn=arn + "x")
    attached = iam.list_attached_role_policies(RoleName="managed")["AttachedPolicies"]
    assert [one["PolicyName"] for one in attached] == ["reads", "AdministratorAccess"], attached
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert [one["Arn"] for one in iam.list_policies(Scope="Local")["Policies"]] == [arn]
    refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
    refused("DeleteConflict", iam.delete_role, RoleName="managed")
    for one in attached:
        iam.detach_role_policy(RoleName="managed", PolicyArn=one["PolicyArn"])
    refused("NoSuchEntity", iam.detach_role_policy, RoleName="managed", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    refused("NoSuchEntity", iam.get_policy, PolicyArn=arn)
    iam.delete_role(RoleName="managed")


def policy_versions():
    """A policy keeps up to five versions, of which the default one is in effect."""
    tags = [{"Key": "team", "Value": "x"}]
    made = iam.create_policy(PolicyName="versioned", Path="/p/", PolicyDocument=policy("Allow", "iam:GetRole"), Tags=tags)
    arn = made["Policy"]["Arn"]
    refused("EntityAlreadyExists", iam.create_policy, PolicyName="Versioned", PolicyDocument=policy("Deny", "*"))
    assert iam.get_policy(PolicyArn=arn)["Policy"]["Tags"] == tags
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "Team", "Value": "y"}, {"Key": "b", "Value": ""}])
    iam.untag_policy(PolicyArn=arn, TagKeys=["b"])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "Team", "Value": "y"}]

    iam.create_role(RoleName="versioned", AssumeRolePolicyDocument=trust({"AWS": ONE}))
    iam.attach_role_policy(RoleName="versioned", PolicyArn=arn)
    assumed = sts.assume_role(RoleArn=f"arn:aws:iam::{ONE}:role/versioned", RoleSessionName="versions")["Credentials"]
    theirs = client("iam", assumed)
    theirs.get_role(RoleName="versioned")
    refused("AccessDenied", theirs.list_roles)
    second = iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("Allow", "iam:ListRoles"))["PolicyVersion"]
    assert (second["VersionId"], second["IsDefaultVersion"]) == ("v2", False), second
    theirs.get_role(RoleName="versioned")
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    theirs.list_roles()
    refused("AccessDenied", theirs.get_role, RoleName="versioned")
    for number in [3, 4, 5]:
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("Allow", "iam:*"), SetAsDefault=number == 5)
    theirs.get_role(RoleName="versioned")
    message = refused("LimitExceeded", iam.create_policy_version, PolicyArn=arn, PolicyDocument=policy("Deny", "*"))
    assert message.startswith("A managed policy can have up to 5 versions."), message
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    shown = [(version["VersionId"], version["IsDefaultVersion"]) for version in versions]
    assert shown == [("v5", True), ("v4", False), ("v3", False), ("v2", False), ("v1", False)], shown
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v5"
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"] == json.loads(
        policy("Allow", "iam:ListRoles")
    )
    refused("DeleteConflict", iam.delete_policy_version, PolicyArn=arn, VersionId="v5")
    refused("NoSuchEntity", iam.set_default_policy_version, PolicyArn=arn, VersionId="v9")
    assert [role["RoleName"] for role in iam.list_entities_for_policy(PolicyArn=arn)["PolicyRoles"]] == ["versioned"]
    iam.detach_role_policy(RoleName="versioned", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 0
    refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    # A number is not used again.
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("Deny", "*"))["PolicyVersion"]
    assert made["VersionId"] == "v6", made
    for number in [2, 3, 4, 6]:
        iam.delete_policy_version(PolicyArn=arn, VersionId=f"v{number}")
    iam.delete_policy(PolicyArn=arn)
    iam.delete_role(RoleName="versioned")


def groups():
    """Policies of a group speak for its users, and for nobody else."""
    made = iam.create_group(GroupName="Readers", Path="/g/")["Group"]
    assert made["Arn"] == f"arn:aws:iam::{ONE}:group/g/Readers" and made["GroupId"].startswith("AGPA"), made
    refused("EntityAlreadyExists", iam.create_group, GroupName="readers")
    iam.create_user(UserName="member")
    theirs = client("iam", iam.create_access_key(UserName="member")["AccessKey"])
    iam.put_group_policy(GroupName="Readers", PolicyName="p", PolicyDocument=policy("Allow", "iam:GetRole"))
    refused("AccessDenied", theirs.get_role, RoleName="sandbox")
    iam.add_user_to_group(GroupName="Readers", UserName="member")
    theirs.get_role(RoleName="sandbox")
    refused("AccessDenied", theirs.list_roles)
    iam.attach_group_policy(GroupName="Readers", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    theirs.list_roles()
    iam.put_group_policy(GroupName="Readers", PolicyName="q", PolicyDocument=policy("Deny", "iam:GetRole"))
    refused("AccessDenied", theirs.get_role, RoleName="sandbox")

    group = iam.get_group(GroupName="Readers")
    assert [user["UserName"] for user in group["Users"]] == ["member"], group
    assert [one["GroupName"] for one in iam.list_groups_for_user(UserName="member")["Groups"]] == ["Readers"]
    assert [one["GroupName"] for one in iam.list_groups(PathPrefix="/g/")["Groups"]] == ["Readers"]
    assert iam.list_group_policies(GroupName="Readers")["PolicyNames"] == ["p", "q"]
    assert len(iam.list_attached_group_policies(GroupName="Readers")["AttachedPolicies"]) == 1
    details = iam.get_account_authorization_details(Filter=["Group", "User"])
    assert details["UserDetailList"][0]["GroupList"] == ["Readers"], details
    assert details["GroupDetailList"][0]["GroupName"] == "Readers", details
    # A group is no principal.
    refused(
        "MalformedPolicyDocument",
        iam.create_role, RoleName="r", AssumeRolePolicyDocument=trust({"AWS": made["Arn"]}),
    )
    refused("DeleteConflict", iam.delete_group, GroupName="Readers")
    for key in iam.list_access_keys(UserName="member")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="member", AccessKeyId=key["AccessKeyId"])
    refused("DeleteConflict", iam.delete_user, UserName="member")
    iam.remove_user_from_group(GroupName="Readers", UserName="member")
    refused("NoSuchEntity", iam.remove_user_from_group, GroupName="Readers", UserName="member")
    iam.delete_user(UserName="member")
    refused("DeleteConflict", iam.delete_group, GroupName="Readers")
    iam.detach_group_policy(GroupName="Readers", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    for name in ["p", "q"]:
        iam.delete_group_policy(GroupName="Readers", PolicyName=name)
    iam.delete_group(GroupName="Readers")
    refused("NoSuchEntity", iam.get_group, GroupName="Readers")


def instance_profiles():
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust({"Service": "ec2.amazonaws.com"}))
    made = iam.create_instance_profile(InstanceProfileName="worker", Path="/w/", Tags=[{"Key": "a", "Value": "b"}])
    assert made["InstanceProfile"]["Arn"] == f"arn:aws:iam::{ONE}:instance-profile/w/worker", made
    assert made["InstanceProfile"]["Roles"] == []
    refused("EntityAlreadyExists", iam.create_instance_profile, InstanceProfileName="worker")
    iam.add_role_to_instance_profile(InstanceProfileName="worker", RoleName="worker")
    refused("LimitExceeded", iam.add_role_to_instance_profile, InstanceProfileName="worker", RoleName="worker")
    got = iam.get_instance_profile(InstanceProfileName="worker")["InstanceProfile"]
    assert [role["RoleName"] for role in got["Roles"]] == ["worker"] and len(got["Tags"]) == 1, got
    of_role = iam.list_instance_profiles_for_role(RoleName="worker")["InstanceProfiles"]
    assert [one["InstanceProfileName"] for one in of_role] == ["worker"], of_role
    assert len(iam.list_instance_profiles(PathPrefix="/w/")["InstanceProfiles"]) == 1
    iam.tag_instance_profile(InstanceProfileName="worker", Tags=[{"Key": "c", "Value": "d"}])
    iam.untag_instance_profile(InstanceProfileName="worker", TagKeys=["a"])
    assert iam.list_instance_profile_tags(InstanceProfileName="worker")["Tags"] == [{"Key": "c", "Value": "d"}]
    details = iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"]
    held = {role["RoleName"]: len(role["InstanceProfileList"]) for role in details}
    assert held["worker"] == 1 and held["sandbox"] == 0, held
    refused("DeleteConflict", iam.delete_role, RoleName="worker")
    refused("DeleteConflict", iam.delete_instance_profile, InstanceProfileName="worker")
    iam.remove_role_from_instance_profile(InstanceProfileName="worker", RoleName="worker")
    iam.delete_instance_profile(InstanceProfileName="worker")
    refused("NoSuchEntity", iam.get_instance_profile, InstanceProfileName="worker")
    # Who puts a role into a profile passes it to EC2.
    iam.create_user(UserName="fitter")
    key = iam.create_access_key(UserName="fitter")["AccessKey"]
    iam.create_instance_profile(InstanceProfileName="other")
    allowed = policy("Allow", "iam:AddRoleToInstanceProfile")
    iam.put_user_policy(UserName="fitter", PolicyName="p", PolicyDocument=allowed)
    add = {"InstanceProfileName": "other", "RoleName": "worker"}
    message = refused("AccessDenied", client("iam", key).add_role_to_instance_profile, **add)
    assert "iam:PassRole" in message, message
    iam.delete_instance_profile(InstanceProfileName="other")
    iam.delete_access_key(UserName="fitter", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="fitter", PolicyName="p")
    iam.delete_user(UserName="fitter")
    iam.delete_role(RoleName="worker")


def simulation():
    """The simulator decides as calls are decided."""
    role = iam.create_role(RoleName="simulated", AssumeRolePolicyDocument=S3_TRUST)["Role"]["Arn"]
    one = "arn:aws:s3:::orders/a"
    tls = {"Bool": {"aws:SecureTransport": "true"}}
    iam.put_role_policy(RoleName="simulated", PolicyName="p", PolicyDocument=policy("Allow", "s3:GetObject", one, **tls))

    def decided(*actions, resource=one, **more):
        asked = {"PolicySourceArn": role, "ActionNames": list(actions), "ResourceArns": [resource]}
        results = iam.simulate_principal_policy(**asked, **more)["EvaluationResults"]
        return [result["EvalDecision"] for result in results]

    assert decided("s3:GetObject", "s3:PutObject") == ["allowed", "implicitDeny"]
    assert decided("s3:GetObject", resource="arn:aws:s3:::orders/b") == ["implicitDeny"]
    assert decided("s3:GetObject", PolicyInputList=[policy("Deny", "s3:*")]) == ["explicitDeny"]
    boundary = [policy("Allow", "s3:PutObject")]
    assert decided("s3:GetObject", PermissionsBoundaryPolicyInputList=boundary) == ["implicitDeny"]
    prefixed = policy("Allow", "s3:ListBucket", StringEquals={"s3:prefix": "a"})

    def listing_of(prefix):
        entry = {"ContextKeyName": "s3:prefix", "ContextKeyValues": [prefix], "ContextKeyType": "string"}
        asked = {"PolicyInputList": [prefixed], "ActionNames": ["s3:ListBucket"], "ContextEntries": [entry]}
        return iam.simulate_custom_policy(**asked)["EvaluationResults"][0]["EvalDecision"]

    assert (listing_of("a"), listing_of("b")) == ("allowed", "implicitDeny")
    refused("NoSuchEntity", iam.simulate_principal_policy, PolicySourceArn=role + "x", ActionNames=["s3:GetObject"])
    iam.delete_role_policy(RoleName="simulated", PolicyName="p")
    iam.delete_role(RoleName="simulated")


def listing():
    names = [f"list-{n:02}" for n in range(7)]
    for name in names:
        iam.create_role(RoleName=name, Path="/listed/", AssumeRolePolicyDocument=S3_TRUST)
    pages = iam.get_paginator("list_roles").paginate(
        PathPrefix="/listed/", PaginationConfig={"PageSize": 3}
    )
    pages = [[role["RoleName"] for role in page["Roles"]] for page in pages]
    assert pages == [names[:3], names[3:6], names[6:]], pages
    for name in names:
        iam.delete_role(RoleName=name)


def account_details():
    """All of an account, whole and in pages, equal to what the single calls say."""
    names = [f"detail-{n}" for n in range(5)]
    boundary = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
    own = iam.create_policy(PolicyName="detailed", PolicyDocument=policy("Allow", "s3:Get*"))["Policy"]["Arn"]
    for name in names:
        iam.create_role(
            RoleName=name, Path="/detailed/", AssumeRolePolicyDocument=S3_TRUST,
            PermissionsBoundary=boundary, Tags=[{"Key": "n", "Value": name}],
        )
        document = policy("Allow", "s3:GetObject", "arn:aws:s3:::orders/a+b c%20/*")
        iam.put_role_policy(RoleName=name, PolicyName="copy", PolicyDocument=document)
        iam.attach_role_policy(RoleName=name, PolicyArn=own)
    iam.create_user(UserName="detailed")
    paginator = iam.get_paginator("get_account_authorization_details")
    pages = list(paginator.paginate(Filter=["Role"], PaginationConfig={"PageSize": 2}))
    assert len(pages) == 3, "five roles and the sandbox's own"
    assert all(not page["UserDetailList"] and not page["Policies"] for page in pages)
    found = {role["RoleName"]: role for page in pages for role in page["RoleDetailList"]}
    assert list(found) == [*names, "sandbox"], list(found)
    for name in names:
        detail, role = found[name], iam.get_role(RoleName=name)["Role"]
        for field in ["Path", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument", "Tags", "PermissionsBoundary"]:
            assert detail[field] == role[field], (field, detail)
        single = iam.get_role_policy(RoleName=name, PolicyName="copy")["PolicyDocument"]
        assert detail["RolePolicyList"] == [{"PolicyName": "copy", "PolicyDocument": single}], detail
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        assert detail["AttachedManagedPolicies"] == attached, detail
        assert detail["InstanceProfileList"] == []
    everything = iam.get_account_authorization_details()
    assert [user["UserName"] for user in everything["UserDetailList"]] == ["detailed"]
    assert everything["GroupDetailList"] == [] and len(everything["RoleDetailList"]) == 6
    detail = everything["Policies"][0]
    assert (detail["Arn"], detail["AttachmentCount"]) == (own, 5), detail
    assert detail["PolicyVersionList"][0]["Document"] == json.loads(policy("Allow", "s3:Get*"))
    assert "Marker" not in everything and everything["IsTruncated"] is False
    refused("ValidationError", iam.get_account_authorization_details, Filter=["Robot"])

    key = iam.create_access_key(UserName="detailed")["AccessKey"]
    theirs = client("iam", key)
    message = refused("AccessDenied", theirs.get_account_authorization_details)
    assert "iam:GetAccountAuthorizationDetails on resource: *" in message, message
    for on, allowed in [(f"arn:aws:iam::{ONE}:role/*", False), ("*", True)]:
        document = policy("Allow", "iam:GetAccountAuthorizationDetails", on)
        iam.put_user_policy(UserName="detailed", PolicyName="p", PolicyDocument=document)
        if allowed:
            theirs.get_account_authorization_details()
        else:
            refused("AccessDenied", theirs.get_account_authorization_details)
    iam.delete_access_key(UserName="detailed", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="detailed", PolicyName="p")
    iam.delete_user(UserName="detailed")
    for name in names:
        iam.detach_role_policy(RoleName=name, PolicyArn=own)
        iam.delete_role_policy(RoleName=name, PolicyName="copy")
        iam.delete_role(RoleName=name)
    iam.delete_policy(PolicyArn=own)


def principals():
    two = admin_of(TWO)
    arn = f"arn:aws:iam::{ONE}:role/reader"
    message = refused(
        "MalformedPolicyDocument",
        two.create_role, RoleName="lends", AssumeRolePolicyDocument=trust({"AWS": arn}),
    )
    assert message == f'Invalid principal in policy: "AWS":"{arn}"', message
    reader = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=S3_TRUST)["Role"]
    two.create_role(RoleName="lends", AssumeRolePolicyDocument=trust({"AWS": arn}))

    def shown():
        role = two.get_role(RoleName="lends")["Role"]
        return role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"]

    assert shown() == arn
    iam.delete_role(RoleName="reader")
    assert shown() == reader["RoleId"], "a principal that is gone stays as its bare id"
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=S3_TRUST)
    assert shown() == reader["RoleId"], "creating it again does not heal the policy"
    two.update_assume_role_policy(RoleName="lends", PolicyDocument=trust({"AWS": arn}))
    assert shown() == arn
    two.update_assume_role_policy(RoleName="lends", PolicyDocument=trust({"AWS": ONE}))
    assert shown() == f"arn:aws:iam::{ONE}:root"
    for bad in [{"AWS": "333333333333"}, {"Service": "s3"}, {"AWS": "AROAAAAAAAAAAAAAAAAAA"}]:
        refused(
            "MalformedPolicyDocument",
            two.update_assume_role_policy, RoleName="lends", PolicyDocument=trust(bad),
        )
    two.delete_role(RoleName="lends")
    iam.delete_role(RoleName="reader")


def limited_callers():
    """A user without permissions gets them one by one, each denial in AWS's words."""
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = f"arn:aws:iam::{ONE}:user/ann"
    assert client("sts", key).get_caller_identity()["Arn"] == ann
    theirs, role = client("iam", key), f"arn:aws:iam::{ONE}:role/sandbox"
    assert error(theirs.get_role, RoleName="sandbox") == (
        403,
        "AccessDenied",
        f"User: {ann} is not authorized to perform: iam:GetRole on resource: {role} because no "
        "identity-based policy allows the iam:GetRole action",
    )
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=policy("Allow", "iam:get*", role))
    assert theirs.get_role(RoleName="sandbox")["Role"]["Arn"] == role
    refused("AccessDenied", theirs.get_role, RoleName="other")
    iam.put_user_policy(UserName="ann", PolicyName="q", PolicyDocument=policy("Deny", "iam:GetRole"))
    message = refused("AccessDenied", theirs.get_role, RoleName="sandbox")
    assert message.endswith(f"{role} with an explicit deny in an identity-based policy"), message
    iam.delete_user_policy(UserName="ann", PolicyName="q")

    # The role trusts the account, which delegates; so ann needs a permission of her own.
    lent = iam.create_role(RoleName="lent", AssumeRolePolicyDocument=trust({"AWS": ONE}))["Role"]["Arn"]
    assume = {"RoleArn": lent, "RoleSessionName": "ann"}
    assert error(client("sts", key).assume_role, **assume) == (
        403,
        "AccessDenied",
        f"User: {ann} is not authorized to perform: sts:AssumeRole on resource: {lent}",
    )
    iam.put_user_policy(
        UserName="ann", PolicyName="a", PolicyDocument=policy("Allow", "sts:AssumeRole", lent)
    )
    session = client("sts", key).assume_role(**assume)["Credentials"]
    refused("AccessDenied", client("iam", session).get_role, RoleName="lent")
    # A session policy narrows what the role may do.
    iam.put_role_policy(RoleName="lent", PolicyName="all", PolicyDocument=policy("Allow", "iam:*"))
    client("iam", session).get_role(RoleName="lent")
    narrow = client("sts", key).assume_role(Policy=policy("Allow", "iam:ListRoles"), **assume)["Credentials"]
    client("iam", narrow).list_roles()
    message = refused("AccessDenied", client("iam", narrow).get_role, RoleName="lent")
    assert message.endswith("because no session policy allows the iam:GetRole action"), message

    refused("DeleteConflict", iam.delete_user, UserName="ann")
    iam.delete_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"])
    refused("InvalidClientTokenId", client("sts", key).get_caller_identity)
    for name in ["p", "a"]:
        iam.delete_user_policy(UserName="ann", PolicyName=name)
    iam.delete_user(UserName="ann")
    iam.delete_role_policy(RoleName="lent", PolicyName="all")
    iam.delete_role(RoleName="lent")


def assuming():
    two = admin_of(TWO)
    external = {"StringEquals": {"sts:ExternalId": "move-42"}}
    two.create_role(RoleName="ferry", AssumeRolePolicyDocument=trust({"AWS": ONE}, **external))
    assume = {"RoleArn": f"arn:aws:iam::{TWO}:role/ferry", "RoleSessionName": "plan"}
    refused("AccessDenied", sts.assume_role, **assume)
    refused("AccessDenied", sts.assume_role, ExternalId="other", **assume)
    session = sts.assume_role(ExternalId="move-42", **assume)["Credentials"]
    message = refused("ValidationError", sts.assume_role, ExternalId="move-42", DurationSeconds=3601, **assume)
    assert message == "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    message = refused(
        "ValidationError",
        client("sts", session).assume_role,
        RoleArn=f"arn:aws:iam::{TWO}:role/sandbox", RoleSessionName="x y",
    )
    assert "at 'roleSessionName'" in message, message
    refused("AccessDenied", sts.assume_role, RoleArn=f"arn:aws:iam::{TWO}:role/none", RoleSessionName="plan")

    control("POST", "clock", {"advance_ms": 3_600_000})
    assert error(client("sts", session).get_caller_identity)[:2] == (403, "ExpiredToken")
    assert error(client("s3", session).list_buckets)[:2] == (400, "ExpiredToken")
    two = admin_of(TWO)
    two.delete_role(RoleName="ferry")


def propagation():
    two = admin_of(TWO)
    control("PUT", "switches", {"propagation_delay_ms": 60_000})
    arn = f"arn:aws:iam::{ONE}:role/late"
    iam.create_role(RoleName="late", AssumeRolePolicyDocument=trust({"AWS": ONE}))
    assert iam.get_role(RoleName="late")["Role"]["Arn"] == arn, "reads do not lag unless told to"
    lends = {"RoleName": "lends", "AssumeRolePolicyDocument": trust({"AWS": arn})}
    message = refused("MalformedPolicyDocument", two.create_role, **lends)
    assert message.startswith("Invalid principal in policy"), message
    assume = {"RoleArn": arn, "RoleSessionName": "late"}
    refused("AccessDenied", sts.assume_role, **assume)
    control("POST", "clock", {"advance_ms": 60_001})
    two.create_role(**lends)
    session = client("iam", sts.assume_role(**assume)["Credentials"])

    iam.put_role_policy(RoleName="late", PolicyName="p", PolicyDocument=policy("Allow", "iam:*"))
    refused("AccessDenied", session.get_role, RoleName="late")
    control("POST", "clock", {"advance_ms": 60_001})
    session.get_role(RoleName="late")

    control("PUT", "switches", {"propagation_delay_ms": 60_000, "iam_reads_lag": True})
    iam.tag_role(RoleName="late", Tags=[{"Key": "a", "Value": "b"}])
    assert iam.list_role_tags(RoleName="late")["Tags"] == []
    control("PUT", "switches", {})
    assert iam.list_role_tags(RoleName="late")["Tags"] == [{"Key": "a", "Value": "b"}]
    two.delete_role(RoleName="lends")
    iam.delete_role_policy(RoleName="late", PolicyName="p")
    iam.delete_role(RoleName="late")


def faults():
    def fault(kind, operation="CreateRole", nth=1, service="iam"):
        control("POST", "faults", {"service": service, "operation": operation, "nth": nth, "kind": kind})

    role = {"RoleName": "faulty", "AssumeRolePolicyDocument": S3_TRUST}
    fault({"type": "throttle"})
    assert error(iam.create_role, **role) == (400, "Throttling", "Rate exceeded")
    fault({"type": "error_before", "status": 409, "code": "ConcurrentModification", "message": "m"})
    assert error(iam.create_role, **role) == (409, "ConcurrentModification", "m")
    fault({"type": "drop_before"})
    try:
        iam.create_role(**role)
        raise AssertionError("the connection was not dropped")
    except HTTPClientError:
        pass
    refused("NoSuchEntity", iam.get_role, RoleName="faulty")

    fault({"type": "error_after"}, "CreateRole")
    assert error(iam.create_role, **role)[:2] == (500, "ServiceFailure")
    refused("EntityAlreadyExists", iam.create_role, **role)
    fault({"type": "drop_after"}, "DeleteRole")
    try:
        iam.delete_role(RoleName="faulty")
        raise AssertionError("the connection was not dropped")
    except HTTPClientError:
        pass
    refused("NoSuchEntity", iam.get_role, RoleName="faulty")

    fault({"type": "throttle"}, "ListBuckets", service="s3")
    assert error(client("s3").list_buckets)[:2] == (503, "SlowDown")
    control("POST", "fail-call", {"k": 2, "kind": {"type": "throttle"}})
    sts.get_caller_identity()
    refused("Throttling", sts.get_caller_identity)
    fault({"type": "throttle"}, "", nth=0, service="")
    refused("Throttling", iam.list_roles)
    refused("Throttling", sts.get_caller_identity)
    control("DELETE", "faults")
    sts.get_caller_identity()


def call_log():
    control("DELETE", "calls")
    refused("NoSuchEntity", iam.get_role, RoleName="nobody")
    sts.get_caller_identity()
    try:
        client("s3").get_bucket_replication(Bucket="orders")
    except ClientError:
        pass
    log = control("GET", "calls")
    rows = [(call["seq"], call["service"], call["operation"], call["resource"]) for call in log]
    assert rows == [
        (1, "iam", "GetRole", "nobody"),
        (2, "sts", "GetCallerIdentity", ""),
        (3, "s3", "GetBucketReplication", "orders"),
    ], rows
    assert (log[0]["status"], log[0]["error_code"]) == (404, "NoSuchEntity")
    assert (log[1]["status"], log[1]["account"], log[1]["error_code"]) == (200, ONE, None)
    assert log[2]["region"] == os.environ["AWS_DEFAULT_REGION"]
    assert log[2]["status"] >= 400 and log[2]["error_code"]


def unknown_things():
    refused("InvalidAction", iam.list_account_aliases)
    # Each in the form that its client reads: of the query protocol, JSON of two versions and of the REST kind, CBOR.
    refused("UnknownService", boto3.client("rds", config=ONCE).describe_db_instances)
    control("DELETE", "calls")
    message = refused("UnknownService", boto3.client("secretsmanager", config=ONCE).list_secrets)
    assert message.startswith("The sandbox has no service"), message
    log = control("GET", "calls")[0]
    assert (log["service"], log["operation"], log["error_code"]) == ("secretsmanager", "ListSecrets", "UnknownService"), log
    for service, operation in [("dynamodb", "list_tables"), ("lambda", "list_functions"), ("translate", "list_terminologies")]:
        refused("UnknownService", getattr(boto3.client(service, config=ONCE), operation))
    fault = {"service": "kms", "operation": "ListKeys", "nth": 1, "kind": {"type": "throttle"}}
    control("POST", "faults", fault)
    refused("ThrottlingException", boto3.client("kms", config=ONCE).list_keys)


for judge in [
    identities, signatures, roles, managed_policies, policy_versions, groups, instance_profiles, simulation, listing, account_details, principals, limited_callers, assuming,
    propagation, faults, call_log, unknown_things,
]:
    judge()
    print("ok", judge.__name__)
