"""Judges PutBucketReplication with boto3: each combination that S3 refuses, by code and message, and
what it takes without a look. Texts and their sources are in crates/sandbox/src/s3/replication/admission.rs.
"""

import base64
import hashlib
import urllib.error
import urllib.request

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest

from s3_world import (
    DESTINATION,
    ENDPOINT,
    ONCE,
    REGION,
    SOURCE,
    TRUST,
    Pair,
    create_bucket,
    document,
    enable_versioning,
    expect,
    refused,
    rule,
    session,
)

GUIDE = "Please refer to S3 Developer Guide for more information."
SCHEMA = f"this version of Cross Region Replication configuration schema. {GUIDE}"
MALFORMED = "The XML you provided was not well-formed or did not validate against our published schema"
TAG = {"Key": "class", "Value": "hot"}
KEY = f"arn:aws:kms:eu-central-1:{DESTINATION}:key/66666666-7777-8888-9999-000000000000"
KMS = {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
NO_MARKERS = {"Status": "Disabled"}
ENABLED_15 = {"Status": "Enabled", "Time": {"Minutes": 15}}


def without(name, value):
    return {key: item for key, item in value.items() if key != name}


class Judge:
    def __init__(self):
        self.pair = Pair("judge-admission")
        self.arn = f"arn:aws:s3:::{self.pair.destination}"

    def put(self, *rules, role=None, source=None):
        configuration = {"Role": role or self.pair.role, "Rules": list(rules)}
        bucket = source or self.pair.source
        return self.pair.from_s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=configuration)

    def refuses(self, code, message, *rules, **more):
        return refused(code, message, lambda **_: self.put(*rules, **more))

    def rule(self, **more):
        return rule(self.pair.destination, **more)

    def to(self, **more):
        return self.rule(Destination={"Bucket": self.arn, **more})

    def v1(self, **more):
        return {"Prefix": "", "Status": "Enabled", "Destination": {"Bucket": self.arn}, **more}


def buckets(judge):
    s3, never = judge.pair.from_s3, "judge-admission-never"
    create_bucket(s3, never, SOURCE)
    judge.refuses(
        "InvalidRequest",
        "Versioning must be 'Enabled' on the bucket to apply a replication configuration",
        judge.rule(),
        source=never,
    )
    unversioned = rule(never)
    judge.refuses("InvalidRequest", "Destination bucket must have versioning enabled.", unversioned)
    judge.refuses("InvalidRequest", "Destination bucket must exist.", rule("judge-admission-nowhere"))
    judge.refuses(
        "InvalidRequest", "Destination bucket cannot be the same as the source bucket.", rule(judge.pair.source)
    )


def schema_versions(judge):
    rule = judge.rule()
    judge.refuses(
        "InvalidRequest",
        f"DeleteMarkerReplication must be specified for {SCHEMA}",
        without("DeleteMarkerReplication", rule),
    )
    judge.refuses("InvalidRequest", f"Priority must be specified for {SCHEMA}", without("Priority", rule))
    judge.refuses(
        "InvalidRequest",
        f"DeleteMarkerReplication cannot be used for {SCHEMA}",
        judge.v1(DeleteMarkerReplication=NO_MARKERS),
    )
    judge.refuses("InvalidRequest", f"Priority cannot be used for {SCHEMA}", judge.v1(Priority=1))
    second = "judge-admission-second"
    create_bucket(judge.pair.to_s3, second, DESTINATION)
    enable_versioning(judge.pair.to_s3, second)
    two = [judge.v1(ID="a", Prefix="a/"), judge.v1(ID="b", Prefix="b/", Destination={"Bucket": f"arn:aws:s3:::{second}"})]
    judge.refuses("InvalidRequest", "Number of distinct destination bucket ARNs cannot exceed 1", *two)
    judge.put(judge.v1(ID="a", Prefix="a/"), judge.v1(ID="b", Prefix="b/"))


def filters(judge):
    judge.refuses(
        "InvalidRequest",
        f"Delete marker replication is not supported if any Tag filter is specified. {GUIDE}",
        judge.rule(Filter={"Tag": TAG}),
    )
    for filter in [
        {"Prefix": "a", "Tag": TAG},
        {"And": {"Prefix": "a"}},
        {"And": {"Tags": [TAG]}},
        {"Prefix": "a", "And": {"Prefix": "a", "Tags": [TAG]}},
    ]:
        judge.refuses("MalformedXML", MALFORMED, judge.rule(Filter=filter, DeleteMarkerReplication=NO_MARKERS))
    twice = {"And": {"Prefix": "", "Tags": [TAG, TAG]}}
    judge.refuses(
        "InvalidRequest",
        "Duplicate Tag Keys are not allowed.",
        judge.rule(Filter=twice, DeleteMarkerReplication=NO_MARKERS),
    )
    for filter in [{}, {"Prefix": ""}, {"Tag": TAG}, {"And": {"Prefix": "a", "Tags": [TAG]}}]:
        judge.put(judge.rule(Filter=filter, DeleteMarkerReplication=NO_MARKERS))


def destinations(judge):
    owner = {"AccessControlTranslation": {"Owner": "Destination"}}
    judge.refuses(
        "InvalidRequest",
        "Account must be specified if the Owner in AccessControlTranslation has a value",
        judge.to(**owner),
    )
    judge.put(judge.to(**owner, Account=DESTINATION))
    encrypted = judge.to(EncryptionConfiguration={"ReplicaKmsKeyID": KEY})
    judge.refuses(
        "InvalidRequest",
        "SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present.",
        encrypted,
    )
    judge.refuses(
        "InvalidRequest",
        "ReplicaKmsKeyID must be specified if SseKmsEncryptedObjects tag is present.",
        judge.rule(SourceSelectionCriteria=KMS),
    )
    judge.refuses(
        "InvalidRequest", "SourceSelectionCriteria cannot be empty.", judge.rule(SourceSelectionCriteria={})
    )
    judge.put({**encrypted, "SourceSelectionCriteria": KMS})
    judge.put(judge.rule(SourceSelectionCriteria={"ReplicaModifications": {"Status": "Enabled"}}))


def time_control(judge):
    judge.refuses(
        "InvalidRequest",
        "Replication destination must contain both ReplicationTime and Metrics or neither.",
        judge.to(ReplicationTime=ENABLED_15),
    )
    judge.refuses(
        "InvalidArgument",
        "ReplicationMetrics must contain an event threshold",
        judge.to(ReplicationTime=ENABLED_15, Metrics={"Status": "Enabled"}),
    )
    threshold = {"Status": "Enabled", "EventThreshold": {"Minutes": 15}}
    off = {"Status": "Disabled", "Time": {"Minutes": 15}}
    for destination in [{"Metrics": threshold}, {"Metrics": threshold, "ReplicationTime": off}]:
        judge.refuses(
            "InvalidArgument",
            "Metrics cannot contain an event threshold when ReplicationTime is not specified or Disabled",
            judge.to(**destination),
        )
    judge.refuses(
        "InvalidArgument",
        "Invalid time minute value",
        judge.to(ReplicationTime={"Status": "Enabled", "Time": {"Minutes": 10}}, Metrics=threshold),
    )
    judge.refuses(
        "InvalidArgument",
        "Invalid event threshold minute value",
        judge.to(ReplicationTime=ENABLED_15, Metrics={"Status": "Enabled", "EventThreshold": {"Minutes": 10}}),
    )
    judge.put(judge.to(ReplicationTime=ENABLED_15, Metrics=threshold))
    judge.put(judge.to(Metrics={"Status": "Enabled"}))


def roles(judge):
    for role in ["replication", f"arn:aws:iam::{SOURCE}", "arn:aws:iam::12:role/r", f"arn:aws:s3:::{SOURCE}:role/r"]:
        judge.refuses("InvalidArgument", "Invalid Role specified in replication configuration", judge.rule(), role=role)
    user = f"arn:aws:iam::{SOURCE}:user/r"
    judge.refuses("InvalidArgument", "The relative id should start with role", judge.rule(), role=user)
    abroad = f"arn:aws:iam::{DESTINATION}:role/sandbox"
    judge.refuses("AccessDenied", None, judge.rule(), role=abroad)


def pass_role(judge):
    """The caller must be allowed to pass the role to S3, and to write the configuration."""
    iam, name = judge.pair.iam, "judge-admission-deployer"
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:root"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
    write = {"Effect": "Allow", "Action": "s3:PutReplicationConfiguration", "Resource": f"arn:aws:s3:::{judge.pair.source}"}
    to_s3 = {"StringEquals": {"iam:PassedToService": "s3.amazonaws.com"}}
    give = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": judge.pair.role}
    s3 = session(SOURCE, name).client("s3", config=ONCE)

    def put(**_):
        configuration = {"Role": judge.pair.role, "Rules": [judge.rule()]}
        s3.put_bucket_replication(Bucket=judge.pair.source, ReplicationConfiguration=configuration)

    def grant(*statements):
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*statements))

    elsewhere = {**give, "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}
    for statements in [[write], [give], [write, elsewhere]]:
        grant(*statements)
        refused("AccessDenied", None, put)
    grant(write, {**give, "Condition": to_s3})
    put()


def ids_and_priorities(judge):
    one, two = judge.rule(ID="a"), judge.rule(ID="b", Priority=2)
    judge.refuses("InvalidArgument", "Rule Id must be unique", one, {**two, "ID": "a"})
    judge.refuses("InvalidRequest", "Found duplicate priority 1.", one, {**two, "Priority": 1})
    for priority in [-1, 2147483648]:
        judge.refuses("InvalidRequest", "Priority must be between 0 and 2147483647.", judge.rule(Priority=priority))
    judge.refuses("InvalidArgument", "Rule ID must not contain non-ASCII characters.", judge.rule(ID="é"))
    judge.refuses("InvalidArgument", None, judge.rule(ID="x" * 256))
    judge.put(one, two, judge.rule(ID="x" * 255, Priority=0))


def send(judge, rules):
    """Sends a document no SDK would make; returns status and body."""
    xmlns = "http://s3.amazonaws.com/doc/2006-03-01/"
    role = f"<Role>{judge.pair.role}</Role>"
    text = f'<ReplicationConfiguration xmlns="{xmlns}">{role}{rules}</ReplicationConfiguration>'.encode()
    headers = {"Content-MD5": base64.b64encode(hashlib.md5(text).digest()).decode()}
    url = f"{ENDPOINT}/{judge.pair.source}?replication"
    request = AWSRequest(method="PUT", url=url, data=text, headers=headers)
    credentials = judge.pair.source_session.get_credentials().get_frozen_credentials()
    S3SigV4Auth(credentials, "s3", REGION[SOURCE]).add_auth(request)
    prepared = urllib.request.Request(url, data=text, headers=dict(request.headers.items()), method="PUT")
    try:
        with urllib.request.urlopen(prepared) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def documents(judge):
    rest = f"<Status>Enabled</Status><Destination><Bucket>{judge.arn}</Bucket></Destination>"
    v2 = f"<Priority>1</Priority><Filter/><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>{rest}"
    existing = "<ExistingObjectReplication><Status>Enabled</Status></ExistingObjectReplication>"
    bad_status = v2.replace("Enabled", "On")
    no_destination = v2.split("<Destination>")[0]
    controlled = v2.replace("<Filter/>", "<Filter><Prefix>a\x01</Prefix></Filter>")
    many = "".join(f"<Rule><ID>{n}</ID>{v2.replace('>1<', f'>{n}<', 1)}</Rule>" for n in range(1001))
    for name, rules in {
        "ExistingObjectReplication": f"<Rule>{v2}{existing}</Rule>",
        "an unknown element": f"<Rule>{v2}<Other/></Rule>",
        "an unknown status": f"<Rule>{bad_status}</Rule>",
        "no destination": f"<Rule>{no_destination}</Rule>",
        "no rule": "",
        "more than 1,000 rules": many,
        "an open element": "<Rule>",
        "a control character in a prefix": f"<Rule>{controlled}</Rule>",
        "a reference to one": f"<Rule>{v2.replace('<Filter/>', '<Filter><Prefix>a&#x1f;</Prefix></Filter>')}</Rule>",
        "one in an ID": f"<Rule><ID>a&#8;</ID>{v2}</Rule>",
        "one in a tag": f"<Rule>{v2.replace('<Filter/>', '<Filter><Tag><Key>k</Key><Value>&#0;</Value></Tag></Filter>')}</Rule>",
    }.items():
        status, body = send(judge, rules)
        expect((status, "<Code>MalformedXML</Code>" in body, MALFORMED in body), (400, True, True), f"document with {name}")
        for element in ["<RequestId>", "<HostId>"]:
            expect(element in body, True, f"{element} in the error document")
    expect(send(judge, f"<Rule>{v2}</Rule>")[0], 200, "status of a plain document")


def control_characters(judge):
    """What XML cannot carry is refused wherever it would come back in XML, so that nothing becomes unreadable."""
    s3, bucket = judge.pair.from_s3, judge.pair.source
    before = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
    judge.refuses("MalformedXML", MALFORMED, judge.rule(Filter={"Prefix": "logs/\x01"}))
    expect(s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"], before, "configuration after a refusal")
    tags = [{"Key": "k", "Value": "a\x02"}]
    refused("MalformedXML", MALFORMED, s3.put_bucket_tagging, Bucket=bucket, Tagging={"TagSet": tags})
    refused("InvalidTag", "The TagValue you have provided is invalid", s3.put_object, Bucket=bucket, Key="t", Tagging="k=%02")
    refused("InvalidTag", "The TagKey you have provided is invalid", s3.put_object, Bucket=bucket, Key="t", Tagging="%02=v")
    s3.put_object(Bucket=bucket, Key="t")
    refused("InvalidTag", None, s3.put_object_tagging, Bucket=bucket, Key="t", Tagging={"TagSet": [{"Key": "k", "Value": "a\tb"}]})
    # A key may hold one: it travels in the path. Lists show it encoded, and a document cannot name it.
    odd = "odd/\x01"
    s3.put_object(Bucket=bucket, Key=odd, Body=b"x")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="odd/")["Contents"]
    expect([entry["Key"] for entry in listed], [odd], "keys with a control character")
    refused("MalformedXML", None, s3.delete_objects, Bucket=bucket, Delete={"Objects": [{"Key": odd}]})
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/odd/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=document(deny))
    refused("AccessDenied", None, s3.get_object, Bucket=bucket, Key=odd)
    s3.delete_bucket_policy(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key=odd)
    iam = judge.pair.iam
    role = {"RoleName": judge.pair.role_name}
    refused("ValidationError", None, iam.tag_role, Tags=[{"Key": "k", "Value": "a\x01"}], **role)
    refused("ValidationError", None, iam.update_role, Description="a\x01", **role)
    refused("ValidationError", None, iam.put_role_policy, PolicyName="p", PolicyDocument="{\x01}", **role)
    iam.get_role(**role)


def what_s3_does_not_check(judge):
    """200 now, and every object FAILED later."""
    put, to = judge.put, judge.to
    put(judge.rule(), role=f"arn:aws:iam::{SOURCE}:role/there/is/none")
    judge.pair.put("no-role", Body=b"x")
    judge.pair.wait("no-role", "FAILED")
    expect(judge.pair.failure("no-role"), "AssumeRoleNotPermitted", "reason without a role")
    untrusted = judge.pair.iam.create_role(
        RoleName="judge-admission-untrusted",
        AssumeRolePolicyDocument=document({**TRUST, "Principal": {"Service": "ec2.amazonaws.com"}}),
    )["Role"]["Arn"]
    put(judge.rule(), role=untrusted)
    judge.pair.put("untrusted", Body=b"x")
    judge.pair.wait("untrusted", "FAILED")
    nowhere = KEY.replace("eu-central-1", "us-west-2")
    put({**to(EncryptionConfiguration={"ReplicaKmsKeyID": nowhere}), "SourceSelectionCriteria": KMS})
    put(to(Account="999999999999", AccessControlTranslation={"Owner": "Destination"}))
    judge.pair.put("other-owner", Body=b"x")
    judge.pair.wait("other-owner", "FAILED")
    judge.pair.to_s3.delete_bucket_policy(Bucket=judge.pair.destination)
    put(judge.rule())


def main():
    judge = Judge()
    for check in [
        buckets,
        schema_versions,
        filters,
        destinations,
        time_control,
        roles,
        pass_role,
        ids_and_priorities,
        documents,
        control_characters,
        what_s3_does_not_check,
    ]:
        check(judge)


if __name__ == "__main__":
    main()
