"""Judges what is refused of a policy when it is put, with boto3: bucket policies, trust policies and policies of identities,
by error code and message. Each row says where its answer was seen; `reference` is the Service Authorization Reference.
"""

import json

from s3_world import DESTINATION, ONCE, REGION, SOURCE, create_bucket, document, expect, refused, session

BUCKET = "judge-validated"
ON_BUCKET, ON_OBJECTS = f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"
BOTH = [ON_BUCKET, ON_OBJECTS]
HERE = f"arn:aws:iam::{SOURCE}"

NO_RESOURCE = "Action does not apply to any resource(s) in statement"
NO_CONDITION = "Conditions do not apply to combination of actions and resources in statement"
ACTION, RESOURCE = "Policy has invalid action", "Policy has invalid resource"
PRINCIPAL, KEY = "Invalid principal in policy", "Policy has an invalid condition key"
SYNTAX = "Invalid policy syntax."

# A test suite of an S3-compatible server that is run against AWS, too, and says so ("AWS-pinned").
PINNED = "pinned"


def deny(action, resource, condition=None, **more):
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource, **more}
    return {**statement, "Condition": condition} if condition else statement


def like(key, value="x"):
    return {"StringLike": {key: value}}


def without(name):
    return {key: value for key, value in deny("s3:GetObject", ON_OBJECTS).items() if key != name}


TAG = like("s3:ExistingObjectTag/class")
ACL = like("s3:x-amz-acl")
PREFIX = like("s3:prefix", "a/*")

# (statements, message, source)
REFUSED = [
    # Actions against resources.
    (deny("s3:GetObject", ON_BUCKET), NO_RESOURCE, "GH:versity/versitygw#645"),
    (deny("s3:GetBucketAcl", ON_OBJECTS), NO_RESOURCE, "GH:ministryofjustice/modernisation-platform#10762"),
    (deny(["s3:ListBucket", "s3:GetObject"], ON_OBJECTS), NO_RESOURCE, "GH:aws-amplify/docs#7799"),
    ([deny("s3:*", BOTH), deny("s3:Replicate*", ON_BUCKET)], NO_RESOURCE, "reference"),
    # Names.
    (deny("s3:PutObjectLockConfiguration", ON_BUCKET), ACTION, "reference: the action is PutBucketObjectLockConfiguration"),
    (deny("s3:HeadObject", ON_OBJECTS), ACTION, "GH:versity/versitygw#650"),
    (deny(["s3:GetObject", "s3:Gett*"], ON_OBJECTS), ACTION, "reference"),
    (deny("kms:Decrypt", ON_OBJECTS), ACTION, "GH:versity/versitygw#650"),
    (deny("s3:CreateBucket", ON_BUCKET), ACTION, "versitygw, LeoFS: what AWS answers"),
    (deny("s3:ListAllMyBuckets", BOTH), ACTION, "reference; unverified for the words"),
    (deny("s3:GetObject", "*"), RESOURCE, "GH:noobaa/noobaa-core#10058"),
    (deny("s3:GetObject", "arn:aws:s3:::another/*"), RESOURCE, "GH:aws-samples/aws-serverless-appsync-app#4"),
    (deny("s3:GetObject", [ON_OBJECTS, "arn:aws:s3:::another/*"]), RESOURCE, "GH:ministryofjustice/modernisation-platform#3237"),
    (deny("s3:GetObject", ON_OBJECTS.replace("arn:aws:", "arn:aws-cn:")), RESOURCE, "unverified for the words"),
    (deny("s3:GetObject", f"{BUCKET}/*"), RESOURCE, "GH:versity/versitygw#648"),
    (deny("s3:GetObject", ON_OBJECTS, like("s3:VersionStatus")), KEY, "seen in public output"),
    (deny("s3:GetObject", ON_OBJECTS, like("s3:ExistingObjectTag")), KEY, "reference"),
    (deny("s3:GetObject", ON_OBJECTS, like("aws:SecureTransports")), KEY, "unverified: Scality saw S3 take any key of aws:"),
    # Keys that do not go with what is done.
    (deny("s3:GetObject", ON_OBJECTS, PREFIX), NO_CONDITION, "reference"),
    (deny(["s3:ListBucket", "s3:GetBucketLocation"], ON_BUCKET, PREFIX), NO_CONDITION, "GH:humanmade/S3-Uploads#239"),
    (deny("s3:ListBucketMultipartUploads", ON_BUCKET, PREFIX), NO_CONDITION, "reference; versitygw"),
    (deny(["s3:GetObject", "s3:PutObject"], ON_OBJECTS, ACL), NO_CONDITION, PINNED),
    (deny("s3:PutObject", ON_OBJECTS, TAG), NO_CONDITION, PINNED),
    (deny("s3:GetObjectRetention", ON_OBJECTS, TAG), NO_CONDITION, PINNED),
    (deny(["s3:DeleteObject", "s3:DeleteObjectTagging"], ON_OBJECTS, TAG), NO_CONDITION, PINNED),
    (deny("s3:PutObjectAcl", ON_OBJECTS, like("s3:RequestObjectTag/class")), NO_CONDITION, PINNED),
    # Operators and their values.
    (deny("s3:GetObject", ON_OBJECTS, {"StringIs": {"aws:SourceArn": "x"}}), "Invalid Condition type : StringIs", "CORTX, versitygw"),
    (deny("s3:GetObject", ON_OBJECTS, {"ForSome:Bool": {"aws:SourceArn": "x"}}), "Invalid Condition type : ForSome:Bool", "versitygw"),
    (deny("s3:GetObject", ON_OBJECTS, {"IpAddress": {"aws:SourceIp": "123"}}), "Invalid IP address in Conditions", "Scality, versitygw"),
    # Principals.
    (deny("s3:GetObject", ON_OBJECTS, Principal={"AWS": f"{HERE}:role/none"}), PRINCIPAL, "GH:hashicorp/terraform-provider-aws#22549"),
    (deny("s3:GetObject", ON_OBJECTS, Principal={"AWS": f"{HERE}:role/*"}), PRINCIPAL, "IAMUG:reference_policies_elements_principal"),
    (deny("s3:GetObject", ON_OBJECTS, Principal={"AWS": "111122223333"}), PRINCIPAL, "seen: an account that nobody has"),
    (deny("s3:GetObject", ON_OBJECTS, Principal={"AWS": "AROAAAAAAAAAAAAAAAAAA"}), PRINCIPAL, "IAMUG, same page"),
    (deny("s3:GetObject", ON_OBJECTS, Principal={"Service": "nosuch.amazonaws.com"}), PRINCIPAL, "seen: a service that is misspelled"),
    # The grammar.
    (without("Principal"), "Missing required field Principal", "GH:hashicorp/terraform#28688"),
    (without("Effect"), "Missing required field Effect", "versitygw"),
    (without("Action"), "Missing required field Action", "the words of the others"),
    (without("Resource"), "Missing required field Resource", "CORTX"),
    (deny("s3:GetObject", ON_OBJECTS, Principal={}), "Missing required field Principal cannot be empty!", "GH:cn-terraform/terraform-aws-logs-s3-bucket#4"),
    (deny("s3:GetObject", ON_OBJECTS, Principal=f"{HERE}:root"), SYNTAX, "GH:hashicorp/terraform-provider-aws#20134"),
    (deny(None, ON_OBJECTS), SYNTAX, "seen in public output"),
    (deny("s3:GetObject", ON_OBJECTS, Effect="deny"), "Invalid effect: deny", "versitygw"),
    (deny("s3:GetObject", ON_OBJECTS, conditions={}), "Unknown field conditions", "seen: Unknown field condition"),
    (
        {**without("Principal"), "Effect": "Allow", "NotPrincipal": {"AWS": SOURCE}},
        "Allow with NotPrincipal is not allowed.",
        "Ceph 20, NooBaa, versitygw",
    ),
    (
        [deny("s3:GetObject", ON_OBJECTS, Sid="a"), deny("s3:PutObject", ON_OBJECTS, Sid="a")],
        "The Statement Ids in the policy are not unique",
        "seen with other services that have the same reader",
    ),
    (
        [deny("s3:GetObject", ON_OBJECTS, Sid=f"n{n}") for n in range(200)],
        "Normalized policy document exceeds the maximum allowed size of 20480 bytes",
        PINNED,
    ),
]

TAKEN = [
    (deny("s3:*", BOTH, {"Bool": {"aws:SecureTransport": False}, "NumericLessThan": {"s3:TlsVersion": 1.2}}), "UG26:security-best-practices"),
    (deny("*", BOTH, like("s3:DataAccessPointAccount", SOURCE)), "UG:access-points-policies"),
    (deny("s3:*", BOTH, ACL), "versitygw: patterns of actions are not held to a key"),
    (deny(["s3:PutObject", "s3:PutObjectAcl"], ON_OBJECTS, ACL), "UG:example-bucket-policies"),
    (deny(["s3:ListBucket", "s3:ListBucketVersions"], ON_BUCKET, PREFIX), "reference"),
    (deny(["s3:ListBucket", "s3:GetObject"], BOTH, like("aws:PrincipalTag/team")), "IAMUG:reference_policies_condition-keys"),
    (deny(["s3:GetObject", "s3:GetObjectAttributes", "s3:PutObjectAcl"], ON_OBJECTS, TAG), PINNED),
    (deny("s3:PutObject", ON_OBJECTS, {"ForAllValues:StringLikeIfExists": {"s3:RequestObjectTagKeys": ["a"]}}), "reference"),
    (deny("s3:ReplicateObject", ON_OBJECTS, {"Null": {"s3:x-amz-server-side-encryption": "true"}}), "reference"),
    (deny("S3:getobject", ON_OBJECTS), "IAMUG:reference_policies_elements_action"),
    (deny("s3:GetObjectVersionAnnotationForReplication", ON_OBJECTS), "UG:annotations-overview"),
    (deny("s3:GetObject", f"{ON_BUCKET}/${{aws:username}}/*"), "IAMUG:reference_policies_variables"),
    (deny("s3:GetObject", ON_OBJECTS, Principal={"AWS": [SOURCE, DESTINATION, f"{HERE}:role/sandbox"]}), "IAMUG, principals"),
    (deny("s3:GetObject", ON_OBJECTS, Principal={"Service": ["logging.s3.amazonaws.com", "cloudtrail.amazonaws.com"]}), "UG, CTUG"),
    ({**without("Principal"), "NotPrincipal": {"AWS": SOURCE}}, "IAMUG:reference_policies_elements_notprincipal"),
]

DOCUMENTS = [
    ("", "Policies must be valid JSON and the first byte must be '{'", "LocalStack's snapshots of AWS"),
    ("[]", "Policies must be valid JSON and the first byte must be '{'", "GH:cloud-gov/terraform-provision#574"),
    ("{", "This policy contains invalid Json", "CORTX, versitygw"),
    ("{}", "Missing required field Statement", "LocalStack's snapshots of AWS"),
    ('{"Statement": []}', "Could not parse the policy: Statement is empty!", "versitygw"),
    ('{"Version": "2017-06-20", "Statement": []}', "The policy must contain a valid version string", "GH:versity/versitygw#1536"),
    ('{"Statements": []}', "Unknown field Statements", "seen: Unknown field condition"),
]


def statements_of(row):
    return row if isinstance(row, list) else [row]


def bucket_policies():
    s3 = session(SOURCE).client("s3", config=ONCE)
    create_bucket(s3, BUCKET, SOURCE)
    for row, words, _source in REFUSED:
        policy = document(*statements_of(row))
        refused("MalformedPolicy", words, s3.put_bucket_policy, Bucket=BUCKET, Policy=policy)
    for policy, words, _source in DOCUMENTS:
        refused("MalformedPolicy", words, s3.put_bucket_policy, Bucket=BUCKET, Policy=policy)
    refused("NoSuchBucketPolicy", None, s3.get_bucket_policy, Bucket=BUCKET)
    for row, _source in TAKEN:
        policy = document(*statements_of(row))
        s3.put_bucket_policy(Bucket=BUCKET, Policy=policy)
    s3.delete_bucket_policy(Bucket=BUCKET)
    s3.delete_bucket(Bucket=BUCKET)


def principals_that_are_gone():
    """The id that a deleted role leaves is no principal that could be put again."""
    own = session(SOURCE)
    s3, iam = own.client("s3", config=ONCE), own.client("iam", config=ONCE)
    create_bucket(s3, BUCKET, SOURCE)
    trust = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(RoleName="judge-gone", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    s3.put_bucket_policy(Bucket=BUCKET, Policy=document(deny("s3:GetObject", ON_OBJECTS, Principal={"AWS": arn})))
    iam.delete_role(RoleName="judge-gone")
    left = s3.get_bucket_policy(Bucket=BUCKET)["Policy"]
    expect(json.loads(left)["Statement"][0]["Principal"]["AWS"].startswith("AROA"), True, "what is left of a role")
    refused("MalformedPolicy", PRINCIPAL, s3.put_bucket_policy, Bucket=BUCKET, Policy=left)
    s3.delete_bucket_policy(Bucket=BUCKET)
    s3.delete_bucket(Bucket=BUCKET)


# moto's and versitygw's test suites say of these that AWS answers so.
IDENTITY = [
    ({"Action": "GetObject"}, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
    ({"Action": "s3:Get:Object"}, "Actions/Condition can contain only one colon."),
    ({"Action": "s 3:Get"}, "Vendor s 3 is not valid"),
    ({"Action": None}, "Syntax errors in policy."),
    ({"Actions": "s3:*"}, "Syntax errors in policy."),
    ({"NotAction": "s3:*"}, "Syntax errors in policy."),
    ({"Condition": {"StringIs": {"aws:SourceArn": "x"}}}, "Syntax errors in policy."),
    ({"Effect": "allow"}, "The policy failed legacy parsing"),
    ({"Principal": "*"}, "Policy document should not specify a principal."),
    ({"Resource": []}, "Policy statement must contain resources."),
    ({"Resource": "orders/*"}, 'Resource orders/* must be in ARN format or "*".'),
    ({"Resource": "arn:aws2:s3:::b"}, 'Partition "aws2" is not valid for resource "arn:aws2:s3:::b".'),
    ({"Resource": "arn:awss3::b/*"}, "The policy failed legacy parsing"),
]

# What IAM need not understand, it takes: unknown actions, objects where buckets belong, unknown keys.
IDENTITY_TAKEN = [
    {"Action": "totallyfakeservice:DoSomething"},
    {"Action": ["s3:ListBucket", "s3:Gett*"], "Resource": "arn:aws:s3:::b/*"},
    {"Condition": {"StringLike": {"s3:prefixes": "x", "nosuch:Key": "x"}}},
    {"Resource": "arn:aws-cn:s3:::b"},
]

TRUST = [
    ({"Action": "s3:GetObject"}, "AssumeRole policy may only specify STS AssumeRole actions."),
    ({"Action": "*"}, "AssumeRole policy may only specify STS AssumeRole actions."),
    ({"Action": "sts:GetCallerIdentity"}, "AssumeRole policy may only specify STS AssumeRole actions."),
    ({"Resource": "*"}, "Has prohibited field Resource"),
    ({"Principal": {}}, "Missing required field Principal cannot be empty!"),
    ({"Effect": "allow"}, "Invalid effect: allow"),
    ({"Principal": {"Service": "nosuch.amazonaws.com"}}, 'Invalid principal in policy: "SERVICE":"nosuch.amazonaws.com"'),
    ({"Principal": {"AWS": f"{HERE}:role/none"}}, f'Invalid principal in policy: "AWS":"{HERE}:role/none"'),
]


def policies_of_identities():
    iam = session(SOURCE).client("iam", config=ONCE)
    trust = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="judge-validated", AssumeRolePolicyDocument=document(trust))
    role = {"RoleName": "judge-validated", "PolicyName": "p"}
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    code = "MalformedPolicyDocument"
    for fields, words in IDENTITY:
        policy = document({**allow, **fields})
        refused(code, words, iam.put_role_policy, **role, PolicyDocument=policy)
        refused(code, words, iam.create_policy, PolicyName="judge-validated", PolicyDocument=policy)
    for fields in IDENTITY_TAKEN:
        iam.put_role_policy(**role, PolicyDocument=document({**allow, **fields}))
    # Only policies of their own have a version to be of (GH:Meteor-Community-Packages/Meteor-CollectionFS#630).
    unversioned = json.dumps({"Statement": allow})
    iam.put_role_policy(**role, PolicyDocument=unversioned)
    words = "Policy document must be version 2012-10-17 or greater."
    refused(code, words, iam.create_policy, PolicyName="judge-validated", PolicyDocument=unversioned)
    for fields, words in TRUST:
        policy = document({**trust, **fields})
        refused(code, words, iam.update_assume_role_policy, RoleName="judge-validated", PolicyDocument=policy)
        refused(code, words, iam.create_role, RoleName="judge-other", AssumeRolePolicyDocument=policy)
    sts = session(SOURCE).client("sts", config=ONCE, region_name=REGION[SOURCE])
    session_policy = {"RoleArn": f"{HERE}:role/sandbox", "RoleSessionName": "judge", "Policy": document({**allow, "Principal": "*"})}
    refused(code, "Policy document should not specify a principal.", sts.assume_role, **session_policy)
    iam.delete_role_policy(**role)
    iam.delete_role(RoleName="judge-validated")


def main():
    bucket_policies()
    principals_that_are_gone()
    policies_of_identities()
    print("ok")


if __name__ == "__main__":
    main()
