"""Judges CloudTrail with boto3 and a few lines of the AWS CLI: trails, what is checked of them, selectors, tags, Regions.

Messages are AWS's where their source is told; the others are only looked at by their code.
"""

import json
import os
import pathlib
import subprocess
import sys

from s3_world import DESTINATION, ONCE, REGION, SOURCE, create_bucket, document, expect, refused, session

SERVICE = {"Service": "cloudtrail.amazonaws.com"}
HOME = REGION[SOURCE]


def client(account=SOURCE, service="cloudtrail", region=None, role="sandbox"):
    return session(account, role).client(service, config=ONCE, region_name=region or REGION[account])


def arn(name, region=HOME, account=SOURCE):
    return f"arn:aws:cloudtrail:{region}:{account}:trail/{name}"


def bucket_policy(bucket, trail, prefix="", account=SOURCE, acl="bucket-owner-full-control"):
    """The policy of UGweb:create-s3-bucket-policy-for-cloudtrail."""
    source = {"StringEquals": {"aws:SourceArn": trail}}
    put = {"StringEquals": {"aws:SourceArn": trail, "s3:x-amz-acl": acl}}
    folder = f"arn:aws:s3:::{bucket}/{prefix}AWSLogs/{account}/*"
    return document(
        {"Effect": "Allow", "Principal": SERVICE, "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{bucket}", "Condition": source},
        {"Effect": "Allow", "Principal": SERVICE, "Action": "s3:PutObject", "Resource": folder, "Condition": put},
    )


def trail_bucket(name, trail, **more):
    s3 = client(service="s3")
    create_bucket(s3, name, SOURCE)
    s3.put_bucket_policy(Bucket=name, Policy=bucket_policy(name, arn(trail), **more))
    return s3


def names_are_checked(trail):
    trail_bucket("judge-trail-names", "judge-names")
    bad = ["ab", "-ab", "ab-", "a b", "my--namespace", "my-_namespace", "192.168.5.4", "a" * 129]
    for name in bad:
        refused("InvalidTrailNameException", None, trail.create_trail, Name=name, S3BucketName="judge-trail-names")
    # MOTO cloudtrail/exceptions.py
    short = "Trail name too short. Minimum allowed length: 3 characters. Specified name length: 2 characters."
    refused("InvalidTrailNameException", short, trail.get_trail, Name="ab")
    refused("CloudTrailARNInvalidException", None, trail.get_trail, Name="arn:aws:s3:::bucket")


def the_bucket_must_let_cloudtrail_in(trail):
    name, make = "judge-trail-bucket", {"Name": "judge-bucket", "S3BucketName": "judge-trail-bucket"}
    refused("S3BucketDoesNotExistException", None, trail.create_trail, **make)
    s3 = client(service="s3")
    create_bucket(s3, name, SOURCE)
    # GH:awsdocs/aws-cloudtrail-user-guide#24
    words = f"Incorrect S3 bucket policy is detected for bucket: {name}"
    wrong = lambda: refused("InsufficientS3BucketPolicyException", words, trail.create_trail, **make)  # noqa: E731
    put = lambda policy: s3.put_bucket_policy(Bucket=name, Policy=policy)  # noqa: E731
    wrong()
    put(bucket_policy(name, arn("other")))
    wrong()
    put(bucket_policy(name, arn("judge-bucket"), account=DESTINATION))
    wrong()
    put(bucket_policy(name, arn("judge-bucket"), acl="private"))
    wrong()
    both = json.loads(bucket_policy(name, arn("judge-bucket")))["Statement"]
    for one in both:
        put(document(one))
        wrong()
    put(bucket_policy(name, arn("judge-bucket"), prefix="logs/"))
    wrong()
    denied = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{name}/*"}
    put(document(*both, denied))
    wrong()
    # A policy that lets services pass lets CloudTrail pass.
    spared = {**denied, "Condition": {"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}}
    put(document(*both, spared))
    s3.put_bucket_request_payment(Bucket=name, RequestPaymentConfiguration={"Payer": "Requester"})
    wrong()
    s3.put_bucket_request_payment(Bucket=name, RequestPaymentConfiguration={"Payer": "BucketOwner"})
    refused("OrganizationsNotInUseException", None, trail.create_trail, **make, IsOrganizationTrail=True)
    refused("InvalidParameterCombinationException", None, trail.create_trail, **make, IsMultiRegionTrail=True, IncludeGlobalServiceEvents=False)
    refused("InsufficientSnsTopicPolicyException", None, trail.create_trail, **make, SnsTopicName="absent")
    refused("InvalidS3PrefixException", None, trail.create_trail, **make, S3KeyPrefix="a" * 201)
    made = trail.create_trail(**make)
    made.pop("ResponseMetadata")
    wanted = {
        "Name": "judge-bucket", "S3BucketName": name, "TrailARN": arn("judge-bucket"), "IncludeGlobalServiceEvents": True,
        "IsMultiRegionTrail": False, "LogFileValidationEnabled": False, "IsOrganizationTrail": False,
    }  # fmt: skip
    expect(made, wanted, "a trail as it is made")
    refused("TrailAlreadyExistsException", None, trail.create_trail, **make)
    refused("InsufficientS3BucketPolicyException", words, trail.update_trail, Name="judge-bucket", S3KeyPrefix="logs")
    put(bucket_policy(name, arn("judge-bucket"), prefix="logs/"))
    changed = trail.update_trail(Name="judge-bucket", S3KeyPrefix="logs", EnableLogFileValidation=True)
    expect((changed["S3KeyPrefix"], changed["LogFileValidationEnabled"]), ("logs", True), "a changed trail")
    put(bucket_policy(name, arn("judge-bucket")))
    expect("S3KeyPrefix" in trail.update_trail(Name="judge-bucket", S3KeyPrefix=""), False, "a prefix that was taken away")


def the_key_must_let_cloudtrail_in(trail):
    trail_bucket("judge-trail-key", "judge-key")
    make = {"Name": "judge-key", "S3BucketName": "judge-trail-key"}
    kms = client(service="kms")
    owner = {"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "kms:*", "Resource": "*"}
    context = {"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{SOURCE}:trail/*"}}
    use = {"Effect": "Allow", "Principal": SERVICE, "Action": "kms:GenerateDataKey*", "Resource": "*"}
    source = {"StringEquals": {"aws:SourceArn": arn("judge-key")}}
    key = kms.create_key()["KeyMetadata"]
    refused("KmsKeyNotFoundException", None, trail.create_trail, **make, KmsKeyId="alias/absent")
    refused("InsufficientEncryptionPolicyException", None, trail.create_trail, **make, KmsKeyId=key["Arn"])
    wrong = {**use, "Condition": {"StringEquals": {"aws:SourceArn": arn("other")}}}
    kms.put_key_policy(KeyId=key["KeyId"], Policy=document(owner, wrong))
    refused("InsufficientEncryptionPolicyException", None, trail.create_trail, **make, KmsKeyId=key["Arn"])
    kms.put_key_policy(KeyId=key["KeyId"], Policy=document(owner, {**use, "Condition": {**context, **source}}))
    kms.disable_key(KeyId=key["KeyId"])
    refused("KmsKeyDisabledException", None, trail.create_trail, **make, KmsKeyId=key["Arn"])
    kms.enable_key(KeyId=key["KeyId"])
    expect(trail.create_trail(**make, KmsKeyId=key["KeyId"])["KmsKeyId"], key["Arn"], "key of a trail")


def selectors_are_checked(trail):
    name = "judge-selectors"
    trail_bucket("judge-trail-selectors", name)
    trail.create_trail(Name=name, S3BucketName="judge-trail-selectors")
    default = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": [], "ExcludeManagementEventSources": []}
    shown = lambda: trail.get_event_selectors(TrailName=name)  # noqa: E731
    expect(shown()["EventSelectors"], [default], "selectors of a new trail")
    custom = lambda: trail.get_trail(Name=name)["Trail"]["HasCustomEventSelectors"]  # noqa: E731
    expect(custom(), False, "custom selectors of a new trail")
    invalid = lambda message=None, **what: refused("InvalidEventSelectorsException", message, trail.put_event_selectors, TrailName=name, **what)  # noqa: E731

    def basic(*values, kind="AWS::S3::Object", **more):
        return {"ReadWriteType": "WriteOnly", "DataResources": [{"Type": kind, "Values": list(values)}], **more}

    # GH:aws/aws-cdk#3450, GH:aws-samples/aws-security-reference-architecture-examples#335
    for value in ["arn:aws:s3:::bucket", "arn:aws:s3:::*", "bucket"]:
        invalid(f"Value {value} for DataResources.Values is invalid.", EventSelectors=[basic(value)])
    invalid(EventSelectors=[basic("arn:aws:s3", kind="AWS::EC2::Instance")])
    invalid(EventSelectors=[basic("arn:aws:s3")] * 6)
    invalid(EventSelectors=[])
    many = [f"arn:aws:s3:::bucket/{n}" for n in range(126)]
    invalid(EventSelectors=[basic(*many), basic(*many)])
    invalid(EventSelectors=[basic("arn:aws:s3", ExcludeManagementEventSources=["s3.amazonaws.com"])])
    given = basic("arn:aws:s3:::bucket/", "arn:aws:s3", IncludeManagementEvents=False)
    put = trail.put_event_selectors(TrailName=name, EventSelectors=[given])
    expect(put["TrailARN"], arn(name), "ARN of a trail with selectors")
    expect(shown()["EventSelectors"], [{**default, **given}], "basic selectors")
    expect(custom(), True, "custom selectors")

    def advanced(*more, category="Data", **operators):
        fields = [{"Field": "eventCategory", "Equals": [category]}, *more]
        if category == "Data":
            fields.append({"Field": "resources.type", "Equals": ["AWS::S3::Object"]})
        return {"Name": "judge", "FieldSelectors": fields}

    place = {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::bucket/"]}
    for wrong in [
        {"FieldSelectors": [place]},
        {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}, place]},
        advanced(category="Everything"),
        advanced({"Field": "readOnly", "Equals": ["perhaps"]}),
        advanced({"Field": "readOnly", "NotEquals": ["true"]}),
        advanced({"Field": "eventSize", "Equals": ["1"]}),
        advanced(place, place),
        advanced({"Field": "resources.ARN", "Equals": ["bucket"]}),
        advanced({"Field": "eventName"}),
        advanced({"Field": "eventName", "Equals": ["PutObject"]}, category="Management"),
        advanced({"Field": "eventSource", "NotEquals": ["s3.amazonaws.com"]}, category="Management"),
        advanced({"Field": "eventName", "Equals": [f"E{n}" for n in range(499)]}),
    ]:
        invalid(AdvancedEventSelectors=[wrong])
    invalid(AdvancedEventSelectors=[advanced(place)], EventSelectors=[given])
    selectors = [advanced(place, {"Field": "readOnly", "Equals": ["false"]}), advanced(category="Management")]
    trail.put_event_selectors(TrailName=name, AdvancedEventSelectors=selectors)
    now = shown()
    expect((now["AdvancedEventSelectors"], "EventSelectors" in now), (selectors, False), "advanced selectors replace all")
    refused("InsightNotEnabledException", None, trail.get_insight_selectors, TrailName=name)


def trails_are_switched_listed_and_tagged(trail):
    name = "judge-life"
    trail_bucket("judge-trail-life", name)
    trail.create_trail(Name=name, S3BucketName="judge-trail-life", TagsList=[{"Key": "team", "Value": "x"}])
    status = lambda: trail.get_trail_status(Name=name)  # noqa: E731
    expect(status()["IsLogging"], False, "a new trail")
    trail.start_logging(Name=arn(name))
    on = status()
    expect((on["IsLogging"], "StartLoggingTime" in on, "StopLoggingTime" in on), (True, True, False), "a trail that is on")
    trail.stop_logging(Name=name)
    expect((status()["IsLogging"], "StopLoggingTime" in status()), (False, True), "a trail that is off")
    tags = lambda: trail.list_tags(ResourceIdList=[arn(name)])["ResourceTagList"]  # noqa: E731
    trail.add_tags(ResourceId=arn(name), TagsList=[{"Key": "a", "Value": "b"}, {"Key": "team", "Value": "y"}])
    trail.remove_tags(ResourceId=arn(name), TagsList=[{"Key": "a"}])
    expect(tags(), [{"ResourceId": arn(name), "TagsList": [{"Key": "team", "Value": "y"}]}], "tags")
    refused("ResourceNotFoundException", None, trail.list_tags, ResourceIdList=[arn("absent")])
    refused("CloudTrailARNInvalidException", None, trail.list_tags, ResourceIdList=[name])
    found = trail.describe_trails(trailNameList=[name, "absent"])["trailList"]
    expect([one["TrailARN"] for one in found], [arn(name)], "described trails")
    expect(found[0]["HomeRegion"], HOME, "home Region")
    listed = [one["TrailARN"] for one in trail.list_trails()["Trails"]]
    expect(arn(name) in listed, True, f"listed trails {listed}")
    trail.delete_trail(Name=name)
    # GH:aws/aws-sdk-go-v2#1957
    gone = f"Unknown trail: {arn(name)} for the user: {SOURCE}"
    refused("TrailNotFoundException", gone, trail.get_trail_status, Name=name)
    refused("TrailNotFoundException", gone, trail.start_logging, Name=name)


def trails_are_at_home_in_one_region(trail):
    name = "judge-regions"
    trail_bucket("judge-trail-regions", name)
    trail.create_trail(Name=name, S3BucketName="judge-trail-regions")
    away = client(region="us-east-1")
    refused("TrailNotFoundException", None, away.get_trail_status, Name=arn(name))
    expect(away.describe_trails(trailNameList=[arn(name)])["trailList"], [], "a trail of one Region elsewhere")
    trail.update_trail(Name=name, IsMultiRegionTrail=True)
    expect(away.get_trail_status(Name=arn(name))["IsLogging"], False, "status of a shadow trail")
    shadows = lambda **more: [one["HomeRegion"] for one in away.describe_trails(trailNameList=[arn(name)], **more)["trailList"]]  # noqa: E731
    expect((shadows(), shadows(includeShadowTrails=False)), ([HOME], []), "shadow trails")
    unknown = f"Unknown trail: {arn(name, 'us-east-1')} for the user: {SOURCE}"
    refused("TrailNotFoundException", unknown, away.get_event_selectors, TrailName=name)
    for call in [away.start_logging, away.stop_logging, away.delete_trail, away.update_trail]:
        refused("InvalidHomeRegionException", None, call, Name=arn(name))
    selectors = {"TrailName": arn(name), "EventSelectors": [{"ReadWriteType": "All"}]}
    refused("InvalidHomeRegionException", None, away.put_event_selectors, **selectors)
    # Another account's trail is not there (unverified: that it is not refused as such).
    other = session(DESTINATION).client("cloudtrail", config=ONCE, region_name=HOME)
    refused("TrailNotFoundException", None, other.get_trail, Name=arn(name))
    expect(other.list_trails()["Trails"], [], "trails of another account")


def a_region_has_five(trail):
    away, names = client(region="eu-west-2"), [f"judge-many-{n}" for n in range(6)]
    s3 = client(service="s3")
    create_bucket(s3, "judge-trail-many", SOURCE)
    free = [{**one} for one in json.loads(bucket_policy("judge-trail-many", "*"))["Statement"]]
    for one in free:
        one["Condition"].get("StringEquals", {}).pop("aws:SourceArn")
        if not one["Condition"]["StringEquals"]:
            one.pop("Condition")
    s3.put_bucket_policy(Bucket="judge-trail-many", Policy=document(*free))
    seen = len(away.describe_trails()["trailList"])
    for name in names[: 5 - seen]:
        away.create_trail(Name=name, S3BucketName="judge-trail-many")
    refused("MaximumNumberOfTrailsExceededException", None, away.create_trail, Name=names[5], S3BucketName="judge-trail-many")


def callers_need_permissions(trail):
    iam = client(service="iam")
    trust = document({"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName="judge-trail", AssumeRolePolicyDocument=trust)

    def grant(*actions, resource="*"):
        policy = document({"Effect": "Allow", "Action": list(actions), "Resource": resource})
        iam.put_role_policy(RoleName="judge-trail", PolicyName="p", PolicyDocument=policy)

    grant("s3:ListAllMyBuckets")
    poor = client(role="judge-trail")
    trail_bucket("judge-trail-poor", "judge-poor")
    make = {"Name": "judge-poor", "S3BucketName": "judge-trail-poor"}
    steps = [
        ("CreateTrail", poor.create_trail, make),
        ("PutEventSelectors", poor.put_event_selectors, {"TrailName": "judge-poor", "EventSelectors": [{}]}),
        ("GetEventSelectors", poor.get_event_selectors, {"TrailName": "judge-poor"}),
        ("StartLogging", poor.start_logging, {"Name": "judge-poor"}),
        ("GetTrailStatus", poor.get_trail_status, {"Name": "judge-poor"}),
        ("GetTrail", poor.get_trail, {"Name": "judge-poor"}),
        ("DescribeTrails", poor.describe_trails, {}),
        ("ListTrails", poor.list_trails, {}),
        ("AddTags", poor.add_tags, {"ResourceId": arn("judge-poor"), "TagsList": [{"Key": "a", "Value": "b"}]}),
        ("ListTags", poor.list_tags, {"ResourceIdList": [arn("judge-poor")]}),
        ("UpdateTrail", poor.update_trail, {"Name": "judge-poor", "EnableLogFileValidation": True}),
        ("StopLogging", poor.stop_logging, {"Name": "judge-poor"}),
        ("DeleteTrail", poor.delete_trail, {"Name": "judge-poor"}),
    ]
    on_all = {"DescribeTrails", "ListTrails"}
    for action, call, arguments in steps:
        grant("s3:ListAllMyBuckets")
        refused("AccessDeniedException", None, call, **arguments)
        if action not in on_all:
            grant(f"cloudtrail:{action}", resource=arn("other"))
            refused("AccessDeniedException", None, call, **arguments)
        grant(f"cloudtrail:{action}", resource="*" if action in on_all else arn("judge-poor"))
        call(**arguments)
    grant("cloudtrail:CreateTrail")
    refused("AccessDeniedException", None, poor.create_trail, **make, TagsList=[{"Key": "a", "Value": "b"}])
    grant("cloudtrail:CreateTrail", "cloudtrail:AddTags")
    poor.create_trail(**make, TagsList=[{"Key": "a", "Value": "b"}])


def the_topic_must_let_cloudtrail_in(trail):
    trail_bucket("judge-trail-topic", "judge-topic")
    sns = client(service="sns")
    topic = sns.create_topic(Name="judge-trails")["TopicArn"]
    make = {"Name": "judge-topic", "S3BucketName": "judge-trail-topic", "SnsTopicName": "judge-trails"}

    def wrong():
        refused("InsufficientSnsTopicPolicyException", None, trail.create_trail, **make)

    def let(trail_arn):
        condition = {"StringEquals": {"aws:SourceArn": trail_arn, "aws:SourceAccount": SOURCE}}
        policy = document({"Effect": "Allow", "Principal": SERVICE, "Action": "SNS:Publish", "Resource": topic, "Condition": condition})
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)

    # The policy that a topic is made with lets alarms publish, not trails.
    wrong()
    let(arn("other"))
    wrong()
    let(arn("judge-topic"))
    # The key that AWS manages lets no service in.
    key = {"TopicArn": topic, "AttributeName": "KmsMasterKeyId"}
    sns.set_topic_attributes(**key, AttributeValue="alias/aws/sns")
    wrong()
    sns.set_topic_attributes(**key, AttributeValue="")
    made = trail.create_trail(**make)
    expect((made["SnsTopicName"], made["SnsTopicARN"]), ("judge-trails", topic), "the topic of a trail")
    trail.delete_trail(Name="judge-topic")


def the_aws_cli_reads_trails():
    aws = pathlib.Path(sys.executable).with_name("aws")
    trail_bucket("judge-trail-cli", "judge-cli")

    def run(*arguments):
        command = [str(aws), "cloudtrail", *arguments, "--region", HOME, "--output", "json"]
        done = subprocess.run(command, env=os.environ, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    made = run("create-trail", "--name", "judge-cli", "--s3-bucket-name", "judge-trail-cli", "--tags-list", "Key=a,Value=b")
    expect(made[0], 0, made[2])
    expect(run("start-logging", "--name", "judge-cli")[0], 0, "start-logging")
    expect(json.loads(run("get-trail-status", "--name", "judge-cli")[1])["IsLogging"], True, "get-trail-status")
    selectors = json.dumps([{"ReadWriteType": "WriteOnly", "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::b/"]}]}])
    expect(run("put-event-selectors", "--trail-name", "judge-cli", "--event-selectors", selectors)[0], 0, "put-event-selectors")
    wrong = run("get-trail", "--name", "judge-absent")
    expect("(TrailNotFoundException)" in wrong[2], True, wrong[2])


def main():
    trail = client()
    names_are_checked(trail)
    the_bucket_must_let_cloudtrail_in(trail)
    the_key_must_let_cloudtrail_in(trail)
    the_topic_must_let_cloudtrail_in(trail)
    selectors_are_checked(trail)
    for name in ["judge-bucket", "judge-key", "judge-selectors"]:
        trail.delete_trail(Name=name)
    trails_are_switched_listed_and_tagged(trail)
    trails_are_at_home_in_one_region(trail)
    callers_need_permissions(trail)
    a_region_has_five(trail)
    trail.delete_trail(Name="judge-poor")
    the_aws_cli_reads_trails()


if __name__ == "__main__":
    main()
