"""Judges grants of KMS with boto3 and the AWS CLI: whom they let in, under which constraints, and who takes them back."""

from s3_world import DESTINATION, ONCE, REGION, SOURCE, cli, create_bucket, document, expect, refused, session

BODY = b"one body"
LAX = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:root"}, "Action": "kms:*", "Resource": "*"}


def client(account=SOURCE, service="kms", role="sandbox"):
    return session(account, role).client(service, config=ONCE, region_name=REGION[SOURCE])


def make_role(account, name, *statements):
    """Makes a role with these permissions, and returns its ARN and a client of KMS as it."""
    iam = session(account).client("iam", config=ONCE)
    trust = document({"Effect": "Allow", "Principal": {"AWS": [SOURCE, account]}, "Action": "sts:AssumeRole"})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*statements))
    return arn, client(account, role=name)


def grants_let_in(kms, key):
    data_key = {"KeyId": key, "KeySpec": "AES_256"}
    arn, grantee = make_role(SOURCE, "judge-grantee")
    away_arn, away = make_role(DESTINATION, "judge-grantee")
    refused("AccessDeniedException", None, grantee.generate_data_key, **data_key)
    refused("AccessDeniedException", None, away.generate_data_key, **data_key)
    made = kms.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["GenerateDataKey", "DescribeKey"], Name="one")
    expect(len(grantee.generate_data_key(**data_key)["Plaintext"]), 32, "bytes of a data key by a grant")
    refused("AccessDeniedException", None, grantee.encrypt, KeyId=key, Plaintext=BODY)
    # The same name and the same wishes are the same grant, with another token.
    again = kms.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["GenerateDataKey", "DescribeKey"], Name="one")
    expect(again["GrantId"], made["GrantId"], "id of a repeated grant")
    other = kms.create_grant(KeyId=key, GranteePrincipal=away_arn, Operations=["GenerateDataKey"], RetiringPrincipal=away_arn)
    away.generate_data_key(**data_key)
    listed = kms.list_grants(KeyId=key)["Grants"]
    expect(sorted(grant["GrantId"] for grant in listed), sorted([made["GrantId"], other["GrantId"]]), "grants of a key")
    (one,) = kms.list_grants(KeyId=key, GranteePrincipal=arn)["Grants"]
    shown = {field: one[field] for field in ["Name", "GranteePrincipal", "Operations", "KeyId", "IssuingAccount"]}
    wanted = {
        "Name": "one",
        "GranteePrincipal": arn,
        "Operations": ["GenerateDataKey", "DescribeKey"],
        "KeyId": key,
        "IssuingAccount": f"arn:aws:iam::{SOURCE}:root",
    }
    expect(shown, wanted, "a grant as it is listed")
    # A deny goes before every grant.
    iam = session(SOURCE).client("iam", config=ONCE)
    deny = {"Effect": "Deny", "Action": "kms:GenerateDataKey", "Resource": "*"}
    iam.put_role_policy(RoleName="judge-grantee", PolicyName="p", PolicyDocument=document(deny))
    refused("AccessDeniedException", None, grantee.generate_data_key, **data_key)
    iam.delete_role_policy(RoleName="judge-grantee", PolicyName="p")
    grantee.generate_data_key(**data_key)
    kms.revoke_grant(KeyId=key, GrantId=made["GrantId"])
    refused("AccessDeniedException", None, grantee.generate_data_key, **data_key)
    refused("NotFoundException", None, kms.revoke_grant, KeyId=key, GrantId=made["GrantId"])
    return arn, grantee, away_arn, away, other


def who_retires(kms, key, arn, grantee, away_arn, away, other):
    lister_arn, lister = make_role(DESTINATION, "judge-lister", {"Effect": "Allow", "Action": "kms:*", "Resource": "*"})
    (retirable,) = lister.list_retirable_grants(RetiringPrincipal=away_arn)["Grants"]
    expect(retirable["GrantId"], other["GrantId"], "what the other account may retire")
    refused("AccessDeniedException", None, lister.retire_grant, KeyId=key, GrantId=other["GrantId"])
    refused("AccessDeniedException", None, grantee.retire_grant, KeyId=key, GrantId=other["GrantId"])
    refused("ValidationException", None, away.retire_grant, KeyId=key)
    refused("InvalidGrantTokenException", None, away.retire_grant, GrantToken="none")
    away.retire_grant(KeyId=key, GrantId=other["GrantId"])
    # The grantee, where the grant says so; and the account it was made in.
    for operations, who in [(["Decrypt", "RetireGrant"], grantee), (["Decrypt"], kms)]:
        token = kms.create_grant(KeyId=key, GranteePrincipal=arn, Operations=operations)["GrantToken"]
        if who is kms:
            refused("AccessDeniedException", None, grantee.retire_grant, GrantToken=token)
        who.retire_grant(GrantToken=token)
    expect(kms.list_grants(KeyId=key)["Grants"], [], "grants that are left")
    expect(lister_arn.startswith("arn:"), True, "a role that only lists")


def constraints_hold(kms, key, arn, grantee):
    context = {"Team": "a", "step": "1"}
    sealed = {"KeyId": key, "Plaintext": BODY}

    def with_constraint(allowed, refused_ones, **constraint):
        made = kms.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Encrypt", "DescribeKey"], Constraints=constraint)
        for one in allowed:
            grantee.encrypt(**sealed, EncryptionContext=one)
        for one in refused_ones:
            refused("AccessDeniedException", None, grantee.encrypt, **sealed, EncryptionContext=one)
        grantee.describe_key(KeyId=key)
        kms.revoke_grant(KeyId=key, GrantId=made["GrantId"])

    with_constraint([context], [{"Team": "a"}, {**context, "x": "y"}, {}], EncryptionContextEquals=context)
    # Names are compared without case, values with it.
    some = [context, {"team": "a"}, {**context, "x": "y"}]
    with_constraint(some, [{"step": "1"}, {"Team": "A"}, {}], EncryptionContextSubset={"Team": "a"})
    # Who may make grants by a grant makes none that are wider.
    kms.create_grant(
        KeyId=key,
        GranteePrincipal=arn,
        Operations=["CreateGrant", "Encrypt"],
        Constraints={"EncryptionContextSubset": {"Team": "a"}},
    )
    passed_on = {"KeyId": key, "GranteePrincipal": arn, "Operations": ["Encrypt"]}
    refused("AccessDeniedException", None, grantee.create_grant, **passed_on)
    strict = {"EncryptionContextEquals": context}
    wider = {**passed_on, "Operations": ["Encrypt", "Decrypt"]}
    refused("AccessDeniedException", None, grantee.create_grant, **wider, Constraints=strict)
    grantee.create_grant(**passed_on, Constraints=strict)


def what_is_refused(kms, key, arn):
    grant = {"KeyId": key, "GranteePrincipal": arn, "Operations": ["Decrypt"]}
    gone = f"arn:aws:iam::{SOURCE}:role/nobody"
    refused("InvalidArnException", None, kms.create_grant, **{**grant, "GranteePrincipal": gone})
    refused("ValidationException", None, kms.create_grant, **{**grant, "Operations": ["Sign"]})
    refused("ValidationException", None, kms.create_grant, **grant, Name="no spaces")
    nine = {"EncryptionContextSubset": {str(at): "x" for at in range(9)}}
    refused("ValidationException", None, kms.create_grant, **grant, Constraints=nine)
    refused("DryRunOperationException", None, kms.create_grant, **grant, DryRun=True)
    kms.disable_key(KeyId=key)
    refused("DisabledException", None, kms.create_grant, **grant)
    kms.enable_key(KeyId=key)
    # Conditions on who is let in, and on what.
    few = ["kms:CreateGrant", "kms:ListGrants"]
    condition = {"StringEquals": {"kms:GranteePrincipal": arn}, "ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt"]}}
    maker_arn, maker = make_role(
        SOURCE, "judge-maker", {"Effect": "Allow", "Action": few, "Resource": key, "Condition": condition}
    )
    maker.create_grant(**grant)
    refused("AccessDeniedException", None, maker.create_grant, **{**grant, "Operations": ["Encrypt"]})
    refused("AccessDeniedException", None, maker.create_grant, **{**grant, "GranteePrincipal": maker_arn})


def s3_heeds_them(kms, key):
    """The context of an object is that of S3: a grant for one bucket is for no other."""
    s3 = session(SOURCE).client("s3", config=ONCE)
    for bucket in ["judge-granted", "judge-not-granted"]:
        create_bucket(s3, bucket, SOURCE)
    only_s3 = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    arn, _ = make_role(SOURCE, "judge-writer", only_s3)
    few = client(service="s3", role="judge-writer")
    secret = {"Body": BODY, "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key, "BucketKeyEnabled": True}
    refused("AccessDenied", None, few.put_object, Bucket="judge-granted", Key="k", **secret)
    own = {"EncryptionContextSubset": {"aws:s3:arn": "arn:aws:s3:::judge-granted"}}
    operations = ["GenerateDataKey", "Decrypt"]
    kms.create_grant(KeyId=key, GranteePrincipal=arn, Operations=operations, Constraints=own)
    few.put_object(Bucket="judge-granted", Key="k", **secret)
    expect(few.get_object(Bucket="judge-granted", Key="k")["Body"].read(), BODY, "body")
    refused("AccessDenied", None, few.put_object, Bucket="judge-not-granted", Key="k", **secret)
    # A role that is made again is another principal.
    iam = session(SOURCE).client("iam", config=ONCE)
    iam.delete_role_policy(RoleName="judge-writer", PolicyName="p")
    iam.delete_role(RoleName="judge-writer")
    make_role(SOURCE, "judge-writer", only_s3)
    again = client(service="s3", role="judge-writer")
    refused("AccessDenied", None, again.get_object, Bucket="judge-granted", Key="k")


def the_cli_finds_the_same(kms, key, arn):
    made = cli("kms", "create-grant", "--key-id", key, "--grantee-principal", arn, "--operations", "Decrypt", "--name", "cli")
    listed = cli("kms", "list-grants", "--key-id", key, "--grant-id", made["GrantId"])["Grants"]
    expect([grant["Name"] for grant in listed], ["cli"], "a grant by the CLI")
    cli("kms", "revoke-grant", "--key-id", key, "--grant-id", made["GrantId"])
    told = cli("kms", "revoke-grant", "--key-id", key, "--grant-id", made["GrantId"], fails=True)
    expect("(NotFoundException)" in told, True, f"an error as the CLI tells it: {told}")
    pages = kms.get_paginator("list_grants").paginate(KeyId=key, PaginationConfig={"PageSize": 1})
    expect(sum(len(page["Grants"]) for page in pages), len(kms.list_grants(KeyId=key)["Grants"]), "grants in pages")


def main():
    kms = client()
    key = kms.create_key(Policy=document(LAX))["KeyMetadata"]["Arn"]
    arn, grantee, away_arn, away, other = grants_let_in(kms, key)
    who_retires(kms, key, arn, grantee, away_arn, away, other)
    constraints_hold(kms, key, arn, grantee)
    what_is_refused(kms, key, arn)
    s3_heeds_them(kms, key)
    the_cli_finds_the_same(kms, key, arn)
    print("ok")


if __name__ == "__main__":
    main()
