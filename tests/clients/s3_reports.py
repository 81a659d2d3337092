"""Judges access logging, inventories and notifications of buckets with boto3 and the AWS CLI: what S3 takes and refuses.

Messages are AWS's where their source is told; the others are only looked at by their code.
"""

import json
import os
import pathlib
import subprocess
import sys

from s3_world import DESTINATION, ONCE, REGION, SOURCE, create_bucket, document, expect, refused, session

LOG_GROUP = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}
REGION_HOME = REGION[SOURCE]


def client(account=SOURCE, service="s3", region=None, role="sandbox"):
    return session(account, role).client(service, config=ONCE, region_name=region or REGION[account])


def logging_is_checked(s3):
    source, logs = "judge-logging-source", "judge-logging-logs"
    for name in [source, logs]:
        create_bucket(s3, name, SOURCE)
    put = lambda **enabled: {"Bucket": source, "BucketLoggingStatus": {"LoggingEnabled": {"TargetPrefix": "log/", **enabled}}}  # noqa: E731
    expect("LoggingEnabled" in s3.get_bucket_logging(Bucket=source), False, "logging of a new bucket")
    # localstack's snapshots of AWS, TestS3BucketLogging.
    wrong = refused("InvalidTargetBucketForLogging", "The target bucket for logging does not exist", s3.put_bucket_logging, **put(TargetBucket="judge-absent"))
    expect(wrong["Error"]["TargetBucket"], "judge-absent", "the target in the error")
    elsewhere = client(region="eu-west-2")
    location = {"LocationConstraint": "eu-west-2"}
    elsewhere.create_bucket(Bucket="judge-logging-away", CreateBucketConfiguration=location)
    wrong = refused("CrossLocationLoggingProhibitted", "Cross S3 location logging not allowed. ", s3.put_bucket_logging, **put(TargetBucket="judge-logging-away"))
    told = {name: wrong["Error"].get(name) for name in ["TargetBucketLocation", "SourceBucketLocation"]}
    expect(told, {"TargetBucketLocation": "eu-west-2", "SourceBucketLocation": REGION_HOME}, "locations in the error")
    expect(wrong["ResponseMetadata"]["HTTPStatusCode"], 403, "status of another location")
    create_bucket(client(DESTINATION), "judge-logging-other", DESTINATION)
    # GH:zalando-stups/sevenseconds#29
    same = "The owner for the bucket to be logged and the target bucket must be the same."
    refused("InvalidTargetBucketForLogging", same, s3.put_bucket_logging, **put(TargetBucket="judge-logging-other"))
    grants = [{"Grantee": LOG_GROUP, "Permission": "WRITE"}, {"Grantee": LOG_GROUP, "Permission": "READ_ACP"}]
    # GH:hashicorp/terraform-provider-aws#31771
    enforced = "Target grants not allowed for bucket owner enforced buckets"
    refused("AccessControlListNotSupported", enforced, s3.put_bucket_logging, **put(TargetBucket=logs, TargetGrants=grants))
    email = [{"Grantee": {"Type": "AmazonCustomerByEmail", "EmailAddress": "a@b.example"}, "Permission": "READ"}]
    refused("MethodNotAllowed", None, s3.put_bucket_logging, **put(TargetBucket=logs, TargetGrants=email))
    both = {"SimplePrefix": {}, "PartitionedPrefix": {"PartitionDateSource": "EventTime"}}
    refused("MalformedXML", None, s3.put_bucket_logging, **put(TargetBucket=logs, TargetObjectKeyFormat=both))
    no_prefix = {"Bucket": source, "BucketLoggingStatus": {"LoggingEnabled": {"TargetBucket": logs, "TargetPrefix": ""}}}
    s3.put_bucket_logging(**no_prefix)
    # Nothing lets logs in; the put is taken all the same (the same snapshots).
    partitioned = {"PartitionedPrefix": {"PartitionDateSource": "DeliveryTime"}}
    s3.put_bucket_logging(**put(TargetBucket=logs, TargetObjectKeyFormat=partitioned))
    enabled = {"TargetBucket": logs, "TargetPrefix": "log/", "TargetObjectKeyFormat": partitioned}
    expect(s3.get_bucket_logging(Bucket=source)["LoggingEnabled"], enabled, "logging as it was put")
    s3.put_bucket_ownership_controls(Bucket=logs, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    s3.put_bucket_logging(**put(TargetBucket=logs, TargetGrants=grants))
    expect(s3.get_bucket_logging(Bucket=source)["LoggingEnabled"]["TargetGrants"], grants, "grants")
    s3.put_bucket_logging(Bucket=source, BucketLoggingStatus={})
    expect("LoggingEnabled" in s3.get_bucket_logging(Bucket=source), False, "logging that was switched off")


def inventory(id, bucket="judge-inventory", **more):
    destination = {"Bucket": f"arn:aws:s3:::{bucket}", "Format": "CSV"}
    base = {
        "Id": id, "IsEnabled": True, "IncludedObjectVersions": "All", "Schedule": {"Frequency": "Daily"},
        "OptionalFields": ["Size", "ETag"], "Destination": {"S3BucketDestination": destination},
    }  # fmt: skip
    return {**base, **more}


def inventories_are_checked(s3):
    bucket = "judge-inventory"
    create_bucket(s3, bucket, SOURCE)

    def put(id, configuration):
        return s3.put_bucket_inventory_configuration(Bucket=bucket, Id=id, InventoryConfiguration=configuration)

    def wrong(code, message, id="one", **more):
        arguments = {"Bucket": bucket, "Id": id, "InventoryConfiguration": inventory("one", **more)}
        refused(code, message, s3.put_bucket_inventory_configuration, **arguments)

    def to(**more):
        return {"S3BucketDestination": {"Bucket": f"arn:aws:s3:::{bucket}", "Format": "CSV", **more}}

    # localstack's snapshot of AWS, test_s3_put_inventory_report_exceptions.
    wrong("IdMismatch", "Document ID does not match the specified configuration ID.", id="two")
    wrong("InvalidS3DestinationBucket", "Invalid bucket ARN.", Destination=to(Bucket=bucket))
    # GH:aws/aws-cli#3611
    namespace = f"arn:aws:s3::{SOURCE}:{bucket}"
    wrong("InvalidS3DestinationBucket", "Bucket ARN should not specify a namespace.", Destination=to(Bucket=namespace))
    wrong("MalformedXML", None, Destination=to(Format="WRONG"))
    wrong("MalformedXML", None, Schedule={"Frequency": "Hourly"})
    wrong("MalformedXML", None, IncludedObjectVersions="Some")
    wrong("MalformedXML", None, OptionalFields=["Weight"])
    wrong("InvalidArgument", None, Destination=to(AccountId="12"))
    bad = inventory("a/b")
    refused("InvalidConfigurationId", None, s3.put_bucket_inventory_configuration, Bucket=bucket, Id="a/b", InventoryConfiguration=bad)
    full = inventory("z-full", Filter={"Prefix": "a/"}, Destination=to(AccountId=SOURCE, Prefix="inv", Encryption={"SSES3": {}}))
    done = put("z-full", full)
    expect(done["ResponseMetadata"]["HTTPStatusCode"], 204, "status of a put (the same snapshots)")
    put("a-test", inventory("a-test"))
    expect(s3.get_bucket_inventory_configuration(Bucket=bucket, Id="z-full")["InventoryConfiguration"], full, "inventory as it was put")
    listed = s3.list_bucket_inventory_configurations(Bucket=bucket)
    expect([one["Id"] for one in listed["InventoryConfigurationList"]], ["a-test", "z-full"], "order of a list")
    s3.delete_bucket_inventory_configuration(Bucket=bucket, Id="z-full")
    missing = "The specified configuration does not exist."
    refused("NoSuchConfiguration", missing, s3.get_bucket_inventory_configuration, Bucket=bucket, Id="z-full")
    refused("NoSuchConfiguration", missing, s3.delete_bucket_inventory_configuration, Bucket=bucket, Id="z-full")
    for n in range(999):
        put(f"n-{n}", inventory(f"n-{n}"))
    arguments = {"Bucket": bucket, "Id": "one", "InventoryConfiguration": inventory("one")}
    refused("TooManyConfigurations", None, s3.put_bucket_inventory_configuration, **arguments)
    put("a-test", inventory("a-test", IsEnabled=False))
    ids, token = [], {}
    while True:
        page = s3.list_bucket_inventory_configurations(Bucket=bucket, **token)
        expect(len(page["InventoryConfigurationList"]) <= 100, True, "length of a page")
        ids += [one["Id"] for one in page["InventoryConfigurationList"]]
        if not page["IsTruncated"]:
            break
        token = {"ContinuationToken": page["NextContinuationToken"]}
    expect((len(ids), len(set(ids)), ids == sorted(ids)), (1000, 1000, True), "inventories over pages")


def topic(name, region=REGION_HOME, service="sns"):
    return f"arn:aws:{service}:{region}:{SOURCE}:{name}"


def notifications_are_checked(s3):
    bucket = "judge-notifications"
    create_bucket(s3, bucket, SOURCE)

    def queue(id, *events, **rules):
        filters = [{"Name": name, "Value": value} for name, value in rules.items()]
        made = {"QueueArn": topic("q", service="sqs"), "Events": list(events) or ["s3:ObjectCreated:*"]}
        if id:
            made["Id"] = id
        return {**made, "Filter": {"Key": {"FilterRules": filters}}} if rules else made

    def arguments(*queues, topics=()):
        return {"Bucket": bucket, "NotificationConfiguration": {"QueueConfigurations": list(queues), "TopicConfigurations": list(topics)}}

    def wrong(message, *queues, name=None, value=None, **more):
        error = refused("InvalidArgument", message, s3.put_bucket_notification_configuration, **arguments(*queues, **more))["Error"]
        expect(error.get("ArgumentName"), name, f"argument of {message}")
        expect(error.get("ArgumentValue"), value, f"value of {message}")
        return error

    empty = s3.get_bucket_notification_configuration(Bucket=bucket)
    expect([name for name in empty if name != "ResponseMetadata"], [], "notifications of a new bucket")
    # localstack's snapshots of AWS, test_s3_notifications_sqs and _sns, test_s3_api.
    absent = {"TopicArn": topic("absent"), "Events": ["s3:ObjectCreated:*"]}
    error = wrong("Unable to validate the following destination configurations", topics=[absent])
    told = (error["ArgumentName1"], error["ArgumentValue1"])
    expect(told, (topic("absent"), "The destination topic does not exist"), "the topic that is not there")
    wrong("The ARN could not be parsed", topics=[{**absent, "TopicArn": "invalid"}], name="Topic", value="invalid")
    wrong("filter rule name must be either prefix or suffix", queue("a", INVALID="x"), name="FilterRule.Name", value="INVALID")
    # GH:minio/minio#2472
    overlap = "Configurations overlap. Configurations on the same bucket cannot share a common event type."
    twice = "s3:ObjectRemoved:*, s3:ObjectRemoved:*"
    wrong(overlap, queue("a", "s3:ObjectRemoved:*"), queue("b", "s3:ObjectRemoved:*"), name="Event", value=twice)
    # GH:aws-solutions/aws-waf-security-automations#49
    ambiguous = (
        "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping "
        "for the same event type."
    )
    both = "s3:ObjectCreated:*, s3:ObjectCreated:Put"
    one, part = queue("a", Prefix="a/"), queue("b", "s3:ObjectCreated:Put", Prefix="a/b/")
    wrong(ambiguous, one, part, name="Event", value=both)
    wrong(ambiguous, queue("a"), part, name="Event", value=both)
    refused("InvalidArgument", None, s3.put_bucket_notification_configuration, **arguments(queue("a"), queue("a", "s3:ObjectRemoved:*")))
    refused("InvalidArgument", None, s3.put_bucket_notification_configuration, **arguments(queue("a", "s3:ObjectEaten")))
    away = {**queue("a"), "QueueArn": topic("q", "us-east-1", "sqs")}
    refused("InvalidArgument", None, s3.put_bucket_notification_configuration, **arguments(away))
    apart = [queue("a", Prefix="a/", Suffix="jpg"), queue("b", Prefix="a/b/", Suffix="png"), queue(None, "s3:Replication:*", prefix="x")]
    s3.put_bucket_notification_configuration(**arguments(*apart))
    shown = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    expect(shown[:2], apart[:2], "notifications as they were put")
    expect((shown[2]["Filter"]["Key"]["FilterRules"][0]["Name"], len(shown[2]["Id"]) > 20), ("Prefix", True), "what S3 writes itself")
    s3.put_bucket_notification_configuration(**arguments(topics=[absent]), SkipDestinationValidation=True)
    expect(s3.get_bucket_notification_configuration(Bucket=bucket)["TopicConfigurations"][0]["TopicArn"], topic("absent"), "an unseen topic")
    bridge = {"EventBridgeConfiguration": {}}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=bridge)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    empty = s3.get_bucket_notification_configuration(Bucket=bucket)
    expect([name for name in empty if name != "ResponseMetadata"], [], "notifications that were taken away")


def callers_need_permissions(s3):
    bucket = "judge-reports-poor"
    create_bucket(s3, bucket, SOURCE)
    iam = client(service="iam")
    trust = document({"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName="judge-reports", AssumeRolePolicyDocument=trust)

    def grant(*actions):
        policy = document({"Effect": "Allow", "Action": ["s3:ListAllMyBuckets", *actions], "Resource": "*"})
        iam.put_role_policy(RoleName="judge-reports", PolicyName="p", PolicyDocument=policy)

    grant()
    poor = client(role="judge-reports")
    at = {"Bucket": bucket}
    of = {**at, "Id": "one"}
    enabled = {"LoggingEnabled": {"TargetBucket": bucket, "TargetPrefix": ""}}
    for action, call, arguments in [
        ("PutBucketLogging", poor.put_bucket_logging, {**at, "BucketLoggingStatus": enabled}),
        ("GetBucketLogging", poor.get_bucket_logging, at),
        ("PutInventoryConfiguration", poor.put_bucket_inventory_configuration, {**of, "InventoryConfiguration": inventory("one", bucket)}),
        ("GetInventoryConfiguration", poor.get_bucket_inventory_configuration, of),
        ("GetInventoryConfiguration", poor.list_bucket_inventory_configurations, at),
        ("PutInventoryConfiguration", poor.delete_bucket_inventory_configuration, of),
        ("PutBucketNotification", poor.put_bucket_notification_configuration, {**at, "NotificationConfiguration": {}}),
        ("GetBucketNotification", poor.get_bucket_notification_configuration, at),
    ]:
        grant()
        refused("AccessDenied", None, call, **arguments)
        grant(f"s3:{action}")
        call(**arguments)


def the_aws_cli_puts_them(s3):
    aws, bucket = pathlib.Path(sys.executable).with_name("aws"), "judge-reports-cli"
    create_bucket(s3, bucket, SOURCE)

    def run(operation, *arguments):
        command = [str(aws), "s3api", operation, "--bucket", bucket, *arguments, "--region", REGION_HOME, "--output", "json"]
        done = subprocess.run(command, env=os.environ, capture_output=True, text=True)
        expect(done.returncode, 0, f"{operation}: {done.stderr}")
        return json.loads(done.stdout or "{}")

    enabled = {"LoggingEnabled": {"TargetBucket": bucket, "TargetPrefix": "log/"}}
    run("put-bucket-logging", "--bucket-logging-status", json.dumps(enabled))
    expect(run("get-bucket-logging"), enabled, "logging by the AWS CLI")
    run("put-bucket-inventory-configuration", "--id", "one", "--inventory-configuration", json.dumps(inventory("one", bucket)))
    listed = run("list-bucket-inventory-configurations")["InventoryConfigurationList"]
    expect(listed, [inventory("one", bucket)], "inventories by the AWS CLI")
    queue = {"QueueConfigurations": [{"Id": "a", "QueueArn": topic("q", service="sqs"), "Events": ["s3:ObjectCreated:*"]}]}
    run("put-bucket-notification-configuration", "--notification-configuration", json.dumps(queue))
    expect(run("get-bucket-notification-configuration"), queue, "notifications by the AWS CLI")


def main():
    s3 = client()
    logging_is_checked(s3)
    inventories_are_checked(s3)
    notifications_are_checked(s3)
    callers_need_permissions(s3)
    the_aws_cli_puts_them(s3)


if __name__ == "__main__":
    main()
