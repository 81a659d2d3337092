"""Judges S3 Batch Operations with boto3: jobs, their states on the clock, manifests, Batch Replication, checksums and reports.

Facts are the user guide's, or are those of public reports of real jobs where that is said; words that AWS does not document are
only looked at by their code.
"""

import base64
import csv
import gzip
import hashlib
import io
import json
import urllib.parse
import uuid

from s3_world import (
    DESTINATION,
    ONCE,
    SOURCE,
    Pair,
    control,
    create_bucket,
    create_key,
    destination_policy,
    document,
    enable_versioning,
    expect,
    hosts_of_accounts_are_here,
    refused,
    role_policy,
    rule,
    session,
    settle,
)

TRUST_BATCH = {"Effect": "Allow", "Principal": {"Service": "batchoperations.s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
NO_KEYS = "Manifest generation found no keys matching the filter criteria."
REPORT_LOST = "The job report could not be written to your report bucket. Please check your permissions."
MINUTE, HOUR = 60_000, 3_600_000


def advance(ms):
    control("POST", "clock", {"advance_ms": ms})


def switch(**switches):
    control("PUT", "switches", switches)


def arn(bucket):
    return f"arn:aws:s3:::{bucket}"


class Backfill(Pair):
    """A pair whose objects are older than its rules, a role for jobs, and a bucket for manifests and reports."""

    def __init__(self, name):
        super().__init__(name)
        self.control = self.source_session.client("s3control", config=ONCE)
        self.reports = f"{name}-reports"
        create_bucket(self.from_s3, self.reports, SOURCE)
        self.batch_name = f"{name}-batch"
        role = self.iam.create_role(RoleName=self.batch_name, AssumeRolePolicyDocument=document(TRUST_BATCH))
        self.batch_role = role["Role"]["Arn"]
        self.grant_batch()

    def grant_batch(self, without=()):
        """UG:s3-batch-replication-policies."""
        grants = [
            (["s3:InitiateReplication"], f"{arn(self.source)}/*"),
            (["s3:GetReplicationConfiguration", "s3:PutInventoryConfiguration"], arn(self.source)),
            (["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"], f"{arn(self.reports)}/*"),
        ]
        kept = [([action for action in actions if action not in without], resource) for actions, resource in grants]
        policy = document(*[{"Effect": "Allow", "Action": actions, "Resource": on} for actions, on in kept if actions])
        self.iam.put_role_policy(RoleName=self.batch_name, PolicyName="batch", PolicyDocument=policy)

    def report(self, **more):
        report = {"Enabled": True, "Bucket": arn(self.reports), "Format": "Report_CSV_20180820", "ReportScope": "AllTasks", "Prefix": "reports"}
        return {**report, **more}

    def generator(self, output=False, **filters):
        made = {"SourceBucket": arn(self.source), "EnableManifestOutput": output, "Filter": {"EligibleForReplication": True, **filters}}
        if output:
            location = {"Bucket": arn(self.reports), "ManifestPrefix": "manifests", "ManifestFormat": "S3InventoryReport_CSV_20211130"}
            made["ManifestOutputLocation"] = location
        return {"S3JobManifestGenerator": made}

    def request(self, **more):
        base = {
            "AccountId": SOURCE, "ConfirmationRequired": False, "Operation": {"S3ReplicateObject": {}}, "Report": self.report(),
            "ClientRequestToken": str(uuid.uuid4()), "Priority": 10, "RoleArn": self.batch_role,
        }  # fmt: skip
        if "Manifest" not in more:
            base["ManifestGenerator"] = self.generator()
        return {key: value for key, value in {**base, **more}.items() if value is not None}

    def create(self, **more):
        return self.control.create_job(**self.request(**more))["JobId"]

    def describe(self, id):
        return self.control.describe_job(AccountId=SOURCE, JobId=id)["Job"]

    def run(self, **more):
        """Makes a job and returns it when it is done."""
        id = self.create(**more)
        settle()
        return self.describe(id)

    def update(self, id, status, **more):
        return self.control.update_job_status(AccountId=SOURCE, JobId=id, RequestedJobStatus=status, **more)

    def body(self, key):
        return self.from_s3.get_object(Bucket=self.reports, Key=key)["Body"].read()

    def rows(self, job, prefix="reports/"):
        """Returns the rows of a job's report by their status, after everything in it was looked at."""
        folder = f"{prefix}job-{job['JobId']}"
        text = self.body(f"{folder}/manifest.json")
        manifest = json.loads(text)
        expect(self.body(f"{folder}/manifest.json.md5").decode().strip(), hashlib.md5(text).hexdigest(), "the manifest's MD5")
        expect(sorted(manifest), ["Format", "ReportCreationDate", "ReportSchema", "Results"], "a report's manifest")
        expect(manifest["ReportSchema"], "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage", "a report's schema")
        found = {}
        for result in manifest["Results"]:
            expect((result["Bucket"], result["Key"].rpartition("/")[0]), (self.reports, f"{folder}/results"), "where results lie")
            body = self.body(result["Key"])
            expect(result["MD5Checksum"], hashlib.md5(body).hexdigest(), "the MD5 of results")
            rows = list(csv.reader(io.StringIO(body.decode())))
            status = result["TaskExecutionStatus"]
            expect({(len(row), row[3]) for row in rows}, {(7, status)}, f"columns and status of {status}")
            found[status] = rows
        return found

    def codes(self, job):
        """Returns what a job's failed tasks are told to have failed for."""
        return {row[5] for row in self.rows(job).get("failed", [])}


def counts(job):
    progress = job["ProgressSummary"]
    return tuple(progress[name] for name in ["TotalNumberOfTasks", "NumberOfTasksSucceeded", "NumberOfTasksFailed"])


def reason(job):
    return [failure["FailureReason"] for failure in job.get("FailureReasons", [])]


def jobs_are_made_once():
    pair = Backfill("judge-batch-once")
    pair.put("k", Body=b"")
    pair.replicate()
    token = "a-token"
    tags = [{"Key": "s3ferry", "Value": "orders"}]
    request = pair.request(ClientRequestToken=token, Tags=tags, Description="the first", ManifestGenerator=pair.generator(output=True))
    # As after a crash: the reply is lost, the same request is sent again.
    control("POST", "faults", {"service": "s3control", "operation": "CreateJob", "nth": 1, "kind": {"type": "error_after"}})
    refused("InternalError", None, pair.control.create_job, **request)
    id = pair.control.create_job(**request)["JobId"]
    expect(pair.control.create_job(**request)["JobId"], id, "the same token")
    refused("IdempotencyException", None, pair.control.create_job, **{**request, "Priority": 11})
    jobs = pair.control.list_jobs(AccountId=SOURCE)["Jobs"]
    expect([job["JobId"] for job in jobs], [id], "jobs of one token")
    settle()
    job = pair.describe(id)
    shown = {name: job.get(name) for name in ["Status", "Description", "Priority", "RoleArn", "ConfirmationRequired", "Operation", "Report"]}
    asked = {name: request[name] for name in shown if name in request}
    expect(shown, {**asked, "Status": "Complete"}, "a job")
    expect(job["ManifestGenerator"], request["ManifestGenerator"], "the generator of a job")
    expect(job["JobArn"], f"arn:aws:s3:eu-west-1:{SOURCE}:job/{id}", "the ARN of a job")
    expect(counts(job), (1, 1, 0), "progress")
    expect("ElapsedTimeInActiveSeconds" in job["ProgressSummary"]["Timers"], True, "timers")
    listed = pair.control.list_jobs(AccountId=SOURCE)["Jobs"][0]
    told = {name: listed[name] for name in ["JobId", "Description", "Operation", "Status", "Priority"]}
    expect(told, {"JobId": id, "Description": "the first", "Operation": "S3ReplicateObject", "Status": "Complete", "Priority": 10}, "a job in a list")
    place = {"AccountId": SOURCE, "JobId": id}
    expect(pair.control.get_job_tagging(**place)["Tags"], tags, "tags at birth")
    more = [{"Key": "a", "Value": ""}, {"Key": "b", "Value": "ü"}]
    pair.control.put_job_tagging(Tags=more, **place)
    expect(pair.control.get_job_tagging(**place)["Tags"], more, "tags that were put")
    many = [{"Key": str(n), "Value": ""} for n in range(51)]
    refused("TooManyTagsException", None, pair.control.put_job_tagging, Tags=many, **place)
    pair.control.delete_job_tagging(**place)
    expect(pair.control.get_job_tagging(**place)["Tags"], [], "tags that were deleted")
    # UG:troubleshooting-batch-operations, NoSuchJobException: another Region or account.
    away = pair.source_session.client("s3control", config=ONCE, region_name="eu-west-2")
    refused("NoSuchJobException", "No such job", away.describe_job, **place)
    expect(away.list_jobs(AccountId=SOURCE)["Jobs"], [], "jobs of another Region")
    other = pair.destination_session.client("s3control", config=ONCE)
    refused("AccessDenied", None, other.describe_job, **place)
    refused("NoSuchJobException", None, pair.control.describe_job, AccountId=SOURCE, JobId=str(uuid.uuid4()))
    calls = [call["operation"] for call in control("GET", "calls") if call["service"] == "s3control"]
    expect(calls[:2], ["CreateJob", "CreateJob"], "the call log")


def requests_are_checked():
    pair = Backfill("judge-batch-checked")
    pair.put("k")
    pair.replicate()
    manifest = {"Spec": {"Format": "S3InventoryReport_CSV_20161130"}, "Location": {"ObjectArn": f"{arn(pair.reports)}/m", "ETag": "e"}}

    def wrong(code, **more):
        refused(code, None, pair.control.create_job, **pair.request(**more))

    # "either a manifest file or a ManifestGenerator, but not both" (BC:s3control CreateJobRequest).
    wrong("InvalidRequest", Manifest=manifest, ManifestGenerator=pair.generator())
    wrong("InvalidRequest", ManifestGenerator=None)
    wrong("InvalidRequest", Report={"Enabled": True})
    wrong("InvalidRequest", Operation={})
    lost = pair.generator(output=True)
    del lost["S3JobManifestGenerator"]["ManifestOutputLocation"]
    wrong("InvalidRequest", ManifestGenerator=lost)
    wrong("MalformedXML", ManifestGenerator=pair.generator(ObjectReplicationStatuses=["PENDING"]))
    wrong("MalformedXML", ManifestGenerator=pair.generator(KeyNameConstraint={"MatchAnyPrefix": ["a", "b"]}))
    csv_format = {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket"]}
    wrong("InvalidRequest", Manifest={**manifest, "Spec": csv_format})
    wrong("NotImplemented", Operation={"S3DeleteObjectTagging": {}})
    wrong("AccessDenied", RoleArn=f"arn:aws:iam::{DESTINATION}:role/sandbox")
    wrong("InvalidRequest", RoleArn=f"arn:aws:iam::{SOURCE}:role/")
    expect(pair.control.list_jobs(AccountId=SOURCE, JobStatuses=["New", "Failed"])["Jobs"], [], "jobs of refused requests")


def callers_need_permissions():
    pair = Backfill("judge-batch-caller")
    pair.put("k")
    pair.replicate()
    root = {"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "sts:AssumeRole"}
    pair.iam.create_role(RoleName="judge-batch-operator", AssumeRolePolicyDocument=document(root))

    client = session(SOURCE, "judge-batch-operator").client("s3control", config=ONCE)

    def operator(*statements):
        policy = document(*statements)
        pair.iam.put_role_policy(RoleName="judge-batch-operator", PolicyName="p", PolicyDocument=policy)
        return client

    def allow(action, resource="*", **condition):
        return {"Effect": "Allow", "Action": action, "Resource": resource, **({"Condition": condition} if condition else {})}

    jobs = f"arn:aws:s3:eu-west-1:{SOURCE}:job/*"
    to_batch = {"StringEquals": {"iam:PassedToService": "batchoperations.s3.amazonaws.com"}}
    passing = allow("iam:PassRole", pair.batch_role, **to_batch)
    plain, tagged = pair.request(), pair.request(Tags=[{"Key": "a", "Value": "b"}])
    refused("AccessDenied", None, operator(passing).create_job, **plain)
    refused("AccessDenied", None, operator(allow("s3:CreateJob")).create_job, **plain)
    to_s3 = allow("iam:PassRole", pair.batch_role, StringEquals={"iam:PassedToService": "s3.amazonaws.com"})
    refused("AccessDenied", None, operator(allow("s3:CreateJob"), to_s3).create_job, **plain)
    refused("AccessDenied", None, operator(allow("s3:CreateJob"), passing).create_job, **tagged)
    operator(allow("s3:CreateJob"), passing, allow("s3:PutJobTagging", jobs)).create_job(**tagged)
    replicating = allow("s3:CreateJob", StringEquals={"s3:RequestJobOperation": "S3ReplicateObject"}, NumericLessThan={"s3:RequestJobPriority": "20"})
    id = operator(replicating, passing).create_job(**plain)["JobId"]
    refused("AccessDenied", None, operator(replicating, passing).create_job, **pair.request(Priority=20))
    settle()
    place = {"AccountId": SOURCE, "JobId": id}
    calls = {
        "DescribeJob": lambda client: client.describe_job(**place),
        "GetJobTagging": lambda client: client.get_job_tagging(**place),
        "PutJobTagging": lambda client: client.put_job_tagging(Tags=[{"Key": "k", "Value": "v"}], **place),
        "DeleteJobTagging": lambda client: client.delete_job_tagging(**place),
        "ListJobs": lambda client: client.list_jobs(AccountId=SOURCE),
    }
    for action, call in calls.items():
        without = [allow(f"s3:{other}") for other in calls if other != action]
        refused("AccessDenied", None, lambda client: call(client), client=operator(*without))
        call(operator(allow(f"s3:{action}", "*" if action == "ListJobs" else jobs)))
    # A job that has ended shows that the permission is asked first.
    refused("AccessDenied", None, operator(allow("s3:DescribeJob")).update_job_status, RequestedJobStatus="Cancelled", **place)
    refused("JobStatusException", None, operator(allow("s3:UpdateJobStatus")).update_job_status, RequestedJobStatus="Cancelled", **place)
    refused("AccessDenied", None, operator(allow("s3:DescribeJob")).update_job_priority, Priority=1, **place)
    by_operation = allow("s3:DescribeJob", jobs, StringEquals={"s3:ExistingJobOperation": "S3PutObjectCopy"})
    refused("AccessDenied", None, operator(by_operation).describe_job, **place)


def existing_objects_are_replicated():
    pair = Backfill("judge-batch-backfill")
    s3 = pair.from_s3
    # Null versions keep their id (unverified).
    s3.put_bucket_versioning(Bucket=pair.source, VersioningConfiguration={"Status": "Suspended"})
    pair.put("a-null", Body=b"null")
    enable_versioning(s3, pair.source)
    first = pair.put("a b/ü+", Body=b"one", Tagging="class=hot", Metadata={"m": "1"})["VersionId"]
    second = pair.put("a b/ü+", Body=b"two")["VersionId"]
    pair.put("archived", Body=b"cold", StorageClass="GLACIER")
    pair.put("other/outside", Body=b"")
    gone = pair.put("gone", Body=b"gone")["VersionId"]
    marker = s3.delete_object(Bucket=pair.source, Key="gone")["VersionId"]
    pair.replicate(rule(pair.destination, Filter={"Prefix": "a"}), rule(pair.destination, ID="gone", Priority=2, Filter={"Prefix": "gone"}))
    live = pair.put("a-live", Body=b"")["VersionId"]
    settle()
    expect(pair.status("a b/ü+"), None, "status of an object that is older than the rules")
    job = pair.run(ManifestGenerator=pair.generator(output=True, ObjectReplicationStatuses=["NONE", "FAILED"]))
    expect((job["Status"], counts(job)), ("Complete", (5, 5, 0)), "a backfill")
    rows = pair.rows(job)
    expect(list(rows), ["succeeded"], "results of a backfill")
    told = sorted((urllib.parse.unquote_plus(row[1]), row[2], row[4], row[5], row[6]) for row in rows["succeeded"])
    wanted = [("a-null", "null"), ("a b/ü+", first), ("a b/ü+", second), ("gone", gone), ("gone", marker)]
    expect(told, sorted((key, id, "200", "", "success") for key, id in wanted), "rows of a backfill")
    # The manifest that was written lists the same.
    location = job["GeneratedManifestDescriptor"]["Location"]
    key = location["ObjectArn"].removeprefix(f"{arn(pair.reports)}/")
    head = s3.head_object(Bucket=pair.reports, Key=key)
    expect((key.startswith("manifests/"), location["ETag"]), (True, head["ETag"].strip('"')), "where a manifest is written to")
    [data] = json.loads(pair.body(key))["files"]
    listed = list(csv.reader(io.StringIO(gzip.decompress(pair.body(data["key"])).decode())))
    expect(sorted(row[2] for row in listed), sorted(["null", first, second, gone, marker]), "a manifest")
    # Replicas have the source's version ids, and statuses are as after live replication.
    versions = pair.to_s3.list_object_versions(Bucket=pair.destination)
    expect({one["VersionId"] for one in versions["Versions"]}, {"null", first, second, gone, live}, "replicas")
    expect([one["VersionId"] for one in versions["DeleteMarkers"]], [marker], "markers")
    replica = pair.to_s3.head_object(Bucket=pair.destination, Key="a b/ü+", VersionId=first)
    expect((replica["ReplicationStatus"], replica["Metadata"], replica["TagCount"]), ("REPLICA", {"m": "1"}, 1), "a replica")
    expect(pair.status("a b/ü+", VersionId=first), "COMPLETED", "status of the source")
    # What is archived, or outside of the rules, is not listed, and has no status (seen for archived ones).
    expect((pair.status("archived"), pair.status("other/outside")), (None, None), "status of what is not eligible")
    again = pair.run(ManifestGenerator=pair.generator(ObjectReplicationStatuses=["NONE", "FAILED"]))
    expect((again["Status"], reason(again)), ("Failed", [NO_KEYS]), "a backfill that has nothing to do")
    expect(counts(again), (0, 0, 0), "progress of a job without a manifest")
    # "If you do not filter based on replication status Batch Operations will attempt to replicate everything eligible."
    everything = pair.run()
    expect(counts(everything), (6, 6, 0), "everything eligible")
    # Deleted for good at the destination (UG:replication-failure-codes).
    pair.to_s3.delete_object(Bucket=pair.destination, Key="a b/ü+", VersionId=first)
    lost = pair.run(ManifestGenerator=pair.generator(KeyNameConstraint={"MatchAnySuffix": ["ü+"]}))
    expect((counts(lost), pair.codes(lost)), ((2, 1, 1), {"DstObjectHardDeleted"}), "a replica that was deleted")


def replicas_go_on():
    """REPLICA sends on what live replication leaves (UG:s3-batch-replication-batch)."""
    pair = Backfill("judge-batch-chain")
    third = "judge-batch-third"
    create_bucket(pair.from_s3, third, SOURCE)
    enable_versioning(pair.from_s3, third)
    back = pair.source_session.client("s3", config=ONCE)
    pair.replicate()
    pair.put("k", Body=b"chain")
    settle()
    iam = pair.destination_session.client("iam", config=ONCE)
    trust = document({"Effect": "Allow", "Principal": {"Service": ["s3.amazonaws.com", "batchoperations.s3.amazonaws.com"]}, "Action": "sts:AssumeRole"})
    role = iam.create_role(RoleName="judge-chain", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    more = [{"Effect": "Allow", "Action": ["s3:InitiateReplication", "s3:PutInventoryConfiguration"], "Resource": "*"}]
    iam.put_role_policy(RoleName="judge-chain", PolicyName="p", PolicyDocument=role_policy(pair.destination, third, more=more))
    back.put_bucket_policy(Bucket=third, Policy=destination_policy(role, third))
    configuration = {"Role": role, "Rules": [rule(third)]}
    pair.to_s3.put_bucket_replication(Bucket=pair.destination, ReplicationConfiguration=configuration)
    there = pair.destination_session.client("s3control", config=ONCE)
    generator = {"SourceBucket": arn(pair.destination), "EnableManifestOutput": False}
    generator["Filter"] = {"EligibleForReplication": True, "ObjectReplicationStatuses": ["REPLICA"]}
    made = there.create_job(
        AccountId=DESTINATION, ConfirmationRequired=False, Operation={"S3ReplicateObject": {}}, Report={"Enabled": False}, Priority=1,
        RoleArn=role, ManifestGenerator={"S3JobManifestGenerator": generator}, ClientRequestToken="chain",
    )  # fmt: skip
    settle()
    job = there.describe_job(AccountId=DESTINATION, JobId=made["JobId"])["Job"]
    expect((job["Status"], counts(job)), ("Complete", (1, 1, 0)), "replicas that are sent on")
    expect(back.get_object(Bucket=third, Key="k")["Body"].read(), b"chain", "a replica of a replica")
    expect(pair.to_s3.head_object(Bucket=pair.destination, Key="k")["ReplicationStatus"], "REPLICA", "status of a replica that was sent on")


def confirmation_is_waited_for():
    pair = Backfill("judge-batch-confirmed")
    for n in range(3):
        pair.put(f"k{n}")
    pair.replicate()
    # Left out, it counts as true (GH:aws/aws-sdk-go-v2#1814).
    id = pair.create(ConfirmationRequired=None)
    settle()
    job = pair.describe(id)
    expect((job["Status"], counts(job)), ("Suspended", (3, 0, 0)), "a job that waits")
    expect(("SuspendedDate" in job, "SuspendedCause" in job), (True, True), "what is told of a job that waits")
    expect(pair.to_s3.list_objects_v2(Bucket=pair.destination)["KeyCount"], 0, "replicas before a job is confirmed")
    expect(pair.update(id, "Ready")["Status"], "Ready", "a job that is confirmed")
    settle()
    job = pair.describe(id)
    expect((job["Status"], counts(job), "SuspendedCause" in job), ("Complete", (3, 3, 0), False), "a job that was confirmed")
    for status in ["Ready", "Cancelled"]:
        refused("JobStatusException", None, pair.update, id=id, status=status)
    other = pair.create(ConfirmationRequired=True)
    settle()
    done = pair.update(other, "Cancelled", StatusUpdateReason="No longer needed")
    # The AWS CLI's example of update-job-status.
    expect((done["Status"], done["StatusUpdateReason"]), ("Cancelled", "No longer needed"), "a job that is cancelled while it waits")
    job = pair.describe(other)
    expect((job["Status"], job["StatusUpdateReason"], "TerminationDate" in job), ("Cancelled", "No longer needed", True), "a cancelled job")
    expect("Contents" in pair.from_s3.list_objects_v2(Bucket=pair.reports, Prefix=f"reports/job-{other}"), False, "the report of no task")


def states_take_their_time():
    pair = Backfill("judge-batch-states")
    for n in range(150):
        pair.put(f"k{n:03}")
    pair.replicate()
    switch(batch_status_ms=MINUTE)
    id = pair.create()
    states = []
    for _ in range(7):
        job = pair.describe(id)
        states.append((job["Status"], counts(job)))
        advance(MINUTE)
    wanted = [("New", (0, 0, 0)), ("Preparing", (0, 0, 0)), ("Ready", (150, 0, 0)), ("Active", (150, 0, 0)), ("Active", (150, 100, 0)),
              ("Completing", (150, 150, 0)), ("Complete", (150, 150, 0))]  # fmt: skip
    expect(states, wanted, "states")
    job = pair.describe(id)
    expect(job["ProgressSummary"]["Timers"]["ElapsedTimeInActiveSeconds"], 120, "time in the state Active")
    expect((job["TerminationDate"] - job["CreationTime"]).total_seconds() // 60, 6, "minutes that a job took")
    # The same at once where the clock leaps, and a cancelled job has a report of what was done.
    id = pair.create()
    advance(4 * MINUTE)
    expect(counts(pair.describe(id)), (150, 100, 0), "progress")
    expect(pair.update(id, "Cancelled")["Status"], "Cancelling", "a job that is cancelled at work")
    refused("JobStatusException", None, pair.update, id=id, status="Cancelled")
    advance(MINUTE)
    job = pair.describe(id)
    expect((job["Status"], counts(job)), ("Cancelled", (150, 100, 0)), "a job that was cancelled")
    expect(len(pair.rows(job)["succeeded"]), 100, "the report of a job that was cancelled")
    # "A job can become Paused if you submit another job with a higher priority while the current job is running."
    low = pair.create(Priority=1)
    advance(2 * MINUTE)
    high = pair.create(Priority=2)
    both = lambda: (pair.describe(high)["Status"], pair.describe(low)["Status"])  # noqa: E731
    later = [("Active", "Pausing"), ("Active", "Paused"), ("Completing", "Active"), ("Complete", "Completing"), ("Complete", "Complete")]
    for minutes, wanted in [(0, ("New", "Ready")), (2, ("Ready", "Active")), *[(1, states) for states in later]]:
        advance(minutes * MINUTE)
        expect(both(), wanted, "a job of higher priority, and one of lower")
    expect(counts(pair.describe(low)), (150, 150, 0), "a job that was paused")
    first, second = pair.create(Priority=5), pair.create(Priority=6)
    advance(3 * MINUTE)
    advance(MINUTE)
    expect((pair.describe(first)["Status"], pair.describe(second)["Status"]), ("Ready", "Active"), "the higher priority goes first")
    pair.control.update_job_priority(AccountId=SOURCE, JobId=first, Priority=7)
    advance(MINUTE)
    expect((pair.describe(first)["Status"], pair.describe(second)["Status"] in ["Pausing", "Paused"]), ("Active", True), "the priority that was changed")
    switch()
    settle()
    expect({pair.describe(one)["Status"] for one in [low, high, first, second]}, {"Complete"}, "jobs that were paused")
    refused("BadRequestException", None, pair.control.update_job_priority, AccountId=SOURCE, JobId=first, Priority=7)
    # Pages, and the filter by status.
    listed, token = [], {}
    while token is not None:
        page = pair.control.list_jobs(AccountId=SOURCE, JobStatuses=["Complete", "Cancelled"], MaxResults=4, **token)
        expect(len(page["Jobs"]) <= 4, True, "length of a page")
        listed += [job["JobId"] for job in page["Jobs"]]
        token = {"NextToken": page["NextToken"]} if "NextToken" in page else None
    expect((len(listed) > 4, len(set(listed)), id in listed), (True, len(listed), True), "jobs over pages")
    complete = pair.control.list_jobs(AccountId=SOURCE, JobStatuses=["Complete"])["Jobs"]
    expect({job["Status"] for job in complete}, {"Complete"}, "jobs by status")
    refused("InvalidNextTokenException", None, pair.control.list_jobs, AccountId=SOURCE, NextToken="x")
    # "Jobs are automatically deleted 90 days after reaching a terminal state" (UG:troubleshooting-batch-operations).
    advance(91 * 24 * HOUR)
    later = session(SOURCE).client("s3control", config=ONCE)
    refused("NoSuchJobException", None, later.describe_job, AccountId=SOURCE, JobId=id)
    expect(later.list_jobs(AccountId=SOURCE)["Jobs"], [], "jobs of long ago")


def filters_choose():
    pair = Backfill("judge-batch-filters")
    kms = create_key(SOURCE)
    pair.put("logs/a.txt", Body=b"x" * 10)
    pair.put("logs/b.json", Body=b"x" * 20, StorageClass="STANDARD_IA")
    pair.put("tables/c.json", Body=b"x" * 30, ServerSideEncryption="aws:kms", SSEKMSKeyId=kms, BucketKeyEnabled=True)
    pair.replicate(rule(pair.destination, Filter={"Prefix": "nothing"}))
    advance(10_000)
    pair.put("late", Body=b"")
    [late] = pair.from_s3.list_objects_v2(Bucket=pair.source, Prefix="late")["Contents"]

    def chosen(eligible=False, **filters):
        job = pair.run(ManifestGenerator=pair.generator(EligibleForReplication=eligible, **filters))
        return sorted(row[1] for row in pair.rows(job).get("failed", [])) if counts(job)[0] else reason(job)

    every = ["late", "logs/a.txt", "logs/b.json", "tables/c.json"]
    expect(chosen(), every, "everything")
    expect(chosen(eligible=True), [NO_KEYS], "what is eligible")
    expect(chosen(KeyNameConstraint={"MatchAnyPrefix": ["logs/"]}), every[1:3], "a prefix")
    expect(chosen(KeyNameConstraint={"MatchAnySuffix": [".json"], "MatchAnySubstring": ["able"]}), every[3:], "a suffix and a substring")
    expect(chosen(KeyNameConstraint={"MatchAnyPrefix": ["/logs/"]}), [NO_KEYS], "a prefix that is nowhere")
    expect(chosen(ObjectSizeGreaterThanBytes=10), every[2:], "larger")
    expect(chosen(ObjectSizeGreaterThanBytes=9, ObjectSizeLessThanBytes=30), every[1:3], "sizes")
    expect(chosen(MatchAnyStorageClass=["STANDARD_IA", "GLACIER"]), every[2:3], "classes")
    expect(chosen(MatchAnyObjectEncryption=[{"SSEKMS": {"KmsKeyArn": kms, "BucketKeyEnabled": True}}]), every[3:], "a key")
    expect(chosen(MatchAnyObjectEncryption=[{"SSEKMS": {"BucketKeyEnabled": False}}]), [NO_KEYS], "no bucket key")
    expect(chosen(MatchAnyObjectEncryption=[{"SSES3": {}}]), every[:3], "keys of S3")
    expect(chosen(CreatedBefore=late["LastModified"]), every[1:], "what was there before")
    expect(chosen(CreatedAfter=late["LastModified"]), [NO_KEYS], "what came after")
    expect(chosen(ObjectReplicationStatuses=["NONE"]), every, "without a status")
    expect(chosen(ObjectReplicationStatuses=["COMPLETED", "FAILED"]), [NO_KEYS], "with a status")


def failures_have_their_codes():
    pair = Backfill("judge-batch-codes")
    pair.put("k", Body=b"", Tagging="a=b")
    pair.replicate()
    source_policy = {"Bucket": pair.source}

    def expect_code(code, what, **more):
        job = pair.run(**more)
        expect((job["Status"], counts(job), pair.codes(job)), ("Complete", (1, 0, 1), {code}), what)
        [row] = pair.rows(job)["failed"]
        expect((row[0], row[1], row[4]), (pair.source, "k", "500"), f"the row of {code}")

    # The replication role moves the data.
    for action, code in {
        "s3:GetObjectVersionForReplication": "SrcGetObjectNotPermitted",
        "s3:GetObjectVersionAcl": "SrcGetAclNotPermitted",
        "s3:ReplicateObject": "DstPutObjectNotPermitted",
        "s3:ReplicateTags": "DstPutTaggingNotPermitted",
    }.items():
        pair.grant(without=[action])
        expect_code(code, f"a replication role without {action}")
        expect(pair.status("k"), "FAILED", f"status without {action}")
    pair.grant()
    # "Retry": the failed ones alone.
    job = pair.run(ManifestGenerator=pair.generator(ObjectReplicationStatuses=["FAILED"]))
    expect((counts(job), pair.status("k")), ((1, 1, 0), "COMPLETED"), "a retry")
    # The role of the job asks for it.
    pair.grant_batch(without=["s3:InitiateReplication"])
    expect_code("InitiateReplicationNotPermitted", "a role of jobs that may not initiate replication")
    pair.grant_batch()
    pair.iam.update_assume_role_policy(RoleName=pair.role_name, PolicyDocument=document(TRUST_BATCH))
    expect_code("AssumeRoleNotPermitted", "a replication role that S3 may not assume")
    trust = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
    pair.iam.update_assume_role_policy(RoleName=pair.role_name, PolicyDocument=document(trust))
    pair.to_s3.put_bucket_versioning(Bucket=pair.destination, VersioningConfiguration={"Status": "Suspended"})
    expect_code("DstBucketUnversioned", "a destination whose versioning is suspended")
    enable_versioning(pair.to_s3, pair.destination)
    pair.to_s3.delete_bucket_policy(Bucket=pair.destination)
    expect_code("DstPutObjectNotPermitted", "a destination without a policy")
    pair.to_s3.put_bucket_policy(Bucket=pair.destination, Policy=destination_policy(pair.role, pair.destination))
    # Settings that the manifest does not see.
    every = pair.generator(EligibleForReplication=False)
    pair.replicate(rule(pair.destination, Status="Disabled"))
    expect_code("SrcObjectNotEligible", "a rule that is off (seen)", ManifestGenerator=every)
    [row] = pair.rows(pair.run(ManifestGenerator=every))["failed"]
    # Seen: a row of a real report.
    expect(row[4:], ["500", "SrcObjectNotEligible", "Object is not eligible for replication"], "the row of what is not eligible")
    pair.replicate()
    # A marker that may not be written.
    pair.from_s3.delete_object(Bucket=pair.source, Key="k2")
    settle()
    pair.grant(without=["s3:ReplicateDelete"])
    job = pair.run(ManifestGenerator=pair.generator(KeyNameConstraint={"MatchAnyPrefix": ["k2"]}))
    expect(pair.codes(job), {"DstDelObjNotPermitted"}, "a marker that may not be written")
    pair.grant()
    # Encryption.
    source_key, replica_key = create_key(SOURCE), create_key(DESTINATION, SOURCE)
    use = {"Effect": "Allow", "Action": "kms:*", "Resource": [source_key, replica_key]}
    pair.grant(more=[use])
    pair.put("secret", Body=b"s", ServerSideEncryption="aws:kms", SSEKMSKeyId=source_key)
    opt_in = {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
    to = {"Bucket": arn(pair.destination), "EncryptionConfiguration": {"ReplicaKmsKeyID": replica_key}}
    pair.replicate(rule(pair.destination, SourceSelectionCriteria=opt_in, Destination=to))
    secret = pair.generator(KeyNameConstraint={"MatchAnyPrefix": ["secret"]})
    kms = pair.destination_session.client("kms", config=ONCE)
    kms.disable_key(KeyId=replica_key)
    expect(pair.codes(pair.run(ManifestGenerator=secret)), {"DstKmsKeyInvalidState"}, "a replica's key that is disabled")
    kms.enable_key(KeyId=replica_key)
    expect(counts(pair.run(ManifestGenerator=secret)), (1, 1, 0), "a replica under a key")
    pair.source_session.client("kms", config=ONCE).disable_key(KeyId=source_key)
    expect(pair.codes(pair.run(ManifestGenerator=secret)), {"SrcKmsKeyInvalidState"}, "a source's key that is disabled")
    # Without a configuration nothing is eligible, and a manifest of the caller finds none.
    pair.from_s3.delete_bucket_replication(**source_policy)
    job = pair.run()
    expect((job["Status"], len(reason(job))), ("Failed", 1), "a source without a configuration")
    job = pair.run(Manifest=pair_manifest(pair, f"{pair.source},k\n", "Bucket", "Key"))
    expect(pair.codes(job), {"SrcBucketReplicationConfigMissing"}, "a manifest for a source without a configuration")


def jobs_fail_for_their_roles():
    pair = Backfill("judge-batch-roles")
    pair.put("k")
    pair.replicate()

    def fails(what, *words, **more):
        job = pair.run(**more)
        [why] = reason(job)
        expect((job["Status"], counts(job), all(word in why for word in words)), ("Failed", (0, 0, 0), True), f"{what}: {why}")

    for action in ["s3:GetReplicationConfiguration", "s3:PutInventoryConfiguration"]:
        pair.grant_batch(without=[action])
        fails(f"a role without {action}", "AccessDenied")
    written = pair.generator(output=True)
    pair.grant_batch(without=["s3:PutObject"])
    fails("a manifest that may not be written", "AccessDenied", ManifestGenerator=written)
    pair.grant_batch(without=["s3:GetObject"])
    fails("a manifest that may not be read", "Reading the manifest is forbidden: AccessDenied", ManifestGenerator=written)
    pair.grant_batch()
    key = create_key(SOURCE)
    location = written["S3JobManifestGenerator"]["ManifestOutputLocation"]
    secret = {"S3JobManifestGenerator": {**written["S3JobManifestGenerator"], "ManifestOutputLocation": {**location, "ManifestEncryption": {"SSEKMS": {"KeyId": key}}}}}
    fails("a manifest under a key that the role may not use", "AccessDenied", ManifestGenerator=secret)
    use = {"Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": key}
    pair.iam.put_role_policy(RoleName=pair.batch_name, PolicyName="key", PolicyDocument=document(use))
    job = pair.run(ManifestGenerator=secret)
    place = job["GeneratedManifestDescriptor"]["Location"]["ObjectArn"].removeprefix(f"{arn(pair.reports)}/")
    expect(pair.from_s3.head_object(Bucket=pair.reports, Key=place)["SSEKMSKeyId"], key, "the key of a manifest")
    # Reports are under S3's own keys, whatever the bucket's default is (UG:batch-ops-examples-reports).
    by_default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    pair.from_s3.put_bucket_encryption(Bucket=pair.reports, ServerSideEncryptionConfiguration={"Rules": [by_default]})
    job = pair.run()
    head = pair.from_s3.head_object(Bucket=pair.reports, Key=f"reports/job-{job['JobId']}/manifest.json")
    expect(head["ServerSideEncryption"], "AES256", "encryption of a report")
    # UG26:replication-troubleshoot: the objects are replicated, and the job is failed.
    pair.grant_batch(without=["s3:PutObject"])
    job = pair.run()
    expect((job["Status"], counts(job), reason(job)), ("Failed", (1, 1, 0), [REPORT_LOST]), "a report that may not be written")
    pair.grant_batch()
    pair.iam.update_assume_role_policy(RoleName=pair.batch_name, PolicyDocument=document({**TRUST_BATCH, "Principal": {"Service": "s3.amazonaws.com"}}))
    fails("a role that Batch Operations may not assume")
    pair.iam.update_assume_role_policy(RoleName=pair.batch_name, PolicyDocument=document(TRUST_BATCH))
    # UG:troubleshooting-batch-operations, "Job report isn't delivered when a retention mode is enabled".
    locked = "judge-batch-locked"
    create_bucket(pair.from_s3, locked, SOURCE, ObjectLockEnabledForBucket=True)
    retention = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    pair.from_s3.put_object_lock_configuration(Bucket=locked, ObjectLockConfiguration=retention)
    open_to = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{arn(locked)}/*"}
    pair.iam.put_role_policy(RoleName=pair.batch_name, PolicyName="locked", PolicyDocument=document(open_to))
    job = pair.run(Report=pair.report(Bucket=arn(locked)))
    expect((reason(job), counts(job)), ([REPORT_LOST], (1, 1, 0)), "a report into retention")
    expect(pair.from_s3.list_objects_v2(Bucket=locked)["KeyCount"], 0, "objects under retention")
    job = pair.run(Report=pair.report(ExpectedBucketOwner=DESTINATION))
    expect(reason(job), [REPORT_LOST], "a report for another owner")
    job = pair.run(Report={"Enabled": False})
    expect(job["Status"], "Complete", "a job without a report")
    other = pair.generator()
    other["S3JobManifestGenerator"]["ExpectedBucketOwner"] = DESTINATION
    fails("a source of another owner", ManifestGenerator=other)
    away = pair.source_session.client("s3control", config=ONCE, region_name="eu-west-2")
    place = {"AccountId": SOURCE, "JobId": away.create_job(**pair.request())["JobId"]}
    settle()
    job = away.describe_job(**place)["Job"]
    expect((job["Status"], "Region" in reason(job)[0]), ("Failed", True), "a job in another Region than its source")
    # Only what failed.
    job = pair.run(Report=pair.report(ReportScope="FailedTasksOnly", Prefix="failed"))
    expect((job["Status"], pair.rows(job, "failed/")), ("Complete", {}), "a report of failures, of which there is none")


def pair_manifest(pair, text, *fields, key="manifest.csv", etag=None):
    put = pair.from_s3.put_object(Bucket=pair.reports, Key=key, Body=text.encode())
    spec = {"Format": "S3BatchOperations_CSV_20180820", "Fields": list(fields)}
    return {"Spec": spec, "Location": {"ObjectArn": f"{arn(pair.reports)}/{key}", "ETag": etag or put["ETag"].strip('"')}}


def manifests_of_callers():
    pair = Backfill("judge-batch-manifests")
    one = pair.put("a b/ü", Body=b"1")["VersionId"]
    two = pair.put("a b/ü", Body=b"2")["VersionId"]
    pair.put("cold", StorageClass="DEEP_ARCHIVE")
    cold = pair.from_s3.head_object(Bucket=pair.source, Key="cold")["VersionId"]
    pair.replicate()
    quoted = urllib.parse.quote("a b/ü")
    row = f"{pair.source},x,{quoted},{one}\n"
    rows = row + f"{pair.source},x,{quoted},\n" + f"{pair.source},x,absent,{two}\n" + f"judge-batch-absent,x,k,{one}\n" + f"{pair.source},x,cold,{cold}\n"
    job = pair.run(Manifest=pair_manifest(pair, rows, "Bucket", "Ignore", "Key", "VersionId"))
    expect((job["Status"], counts(job)), ("Complete", (5, 1, 4)), "a manifest with versions")
    told = pair.rows(job)
    expect(told["succeeded"], [[pair.source, quoted, one, "succeeded", "200", "", "success"]], "keys as the manifest has them")
    failed = [row[4:] for row in told["failed"]]
    # UG:troubleshooting-batch-operations.
    expect(failed[0], ["400", "InvalidRequest", "Task failed due to missing VersionId"], "a row without a version")
    codes = [row[1] for row in failed[1:]]
    # An archived object as a manifest names it: seen.
    expect(codes, ["SrcVersionNotFound", "SrcBucketNotFound", "SrcObjectNotEligible"], "codes of rows")
    expect(pair.status("cold"), None, "status of what is archived")
    expect(pair.status("a b/ü", VersionId=two), None, "a version that the manifest does not name")
    job = pair.run(Manifest=pair_manifest(pair, f'"{pair.source}","{quoted}"', "Bucket", "Key"))
    expect((counts(job), pair.status("a b/ü")), ((1, 1, 0), "COMPLETED"), "the latest version")
    # The region of the job is the source's.
    away = pair.source_session.client("s3", config=ONCE, region_name="eu-west-2")
    away.create_bucket(Bucket="judge-batch-away", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    job = pair.run(Manifest=pair_manifest(pair, "judge-batch-away,k", "Bucket", "Key"))
    expect(pair.codes(job), {"SrcBucketInvalidRegion"}, "a source in another Region")
    for what, manifest, word in [
        ("an ETag of another time", pair_manifest(pair, row, "Bucket", "Ignore", "Key", "VersionId", etag="0" * 32), "ETag mismatch"),
        ("columns that are not there", pair_manifest(pair, row, "Bucket", "Key"), "columns"),
    ]:
        job = pair.run(Manifest=manifest)
        expect((job["Status"], word in reason(job)[0]), ("Failed", True), f"{what}: {reason(job)}")
    good = pair_manifest(pair, row, "Bucket", "Ignore", "Key", "VersionId")
    pair.grant_batch(without=["s3:GetObject"])
    expect(reason(pair.run(Manifest=good)), ["Reading the manifest is forbidden: AccessDenied"], "a manifest that may not be read")
    # A supplied manifest needs neither of the source's configuration permissions.
    pair.grant_batch(without=["s3:GetReplicationConfiguration", "s3:PutInventoryConfiguration"])
    expect(counts(pair.run(Manifest=good)), (1, 1, 0), "a manifest under the least policy")
    pair.grant_batch()
    # "A job fails once 1,000 tasks ran and more than half of them failed" (UG:batch-ops-job-status).
    many = "".join(f"{pair.source},absent/{n}\n" for n in range(1500))
    job = pair.run(Manifest=pair_manifest(pair, many, "Bucket", "Key"))
    expect((job["Status"], counts(job), len(pair.rows(job)["failed"])), ("Failed", (1500, 0, 1000), 1000), "a job that fails too often")
    half = "".join(f"{pair.source},{quoted}\n" if n % 2 else f"{pair.source},absent/{n}\n" for n in range(1200))
    job = pair.run(Manifest=pair_manifest(pair, half, "Bucket", "Key"))
    expect((job["Status"], counts(job)), ("Complete", (1200, 600, 600)), "a job that fails in half of its tasks")


def inventories_are_manifests():
    pair = Backfill("judge-batch-inventory")
    pair.put("a b/ü", Body=b"1")
    pair.put("k", Body=b"2")
    pair.replicate()
    allow = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "s3:PutObject", "Resource": f"{arn(pair.reports)}/*"}
    pair.from_s3.put_bucket_policy(Bucket=pair.reports, Policy=document(allow))
    configuration = {
        "Id": "all", "IsEnabled": True, "IncludedObjectVersions": "All", "Schedule": {"Frequency": "Daily"}, "OptionalFields": ["Size"],
        "Destination": {"S3BucketDestination": {"Bucket": arn(pair.reports), "Format": "CSV", "Prefix": "inventory"}},
    }  # fmt: skip
    pair.from_s3.put_bucket_inventory_configuration(Bucket=pair.source, Id="all", InventoryConfiguration=configuration)
    settle()
    advance(MINUTE)
    settle()
    advance(25 * HOUR)
    settle()
    s3 = session(SOURCE).client("s3", config=ONCE)
    [found] = [one for one in s3.list_objects_v2(Bucket=pair.reports)["Contents"] if one["Key"].endswith("manifest.json")]
    location = {"ObjectArn": f"{arn(pair.reports)}/{found['Key']}", "ETag": found["ETag"].strip('"')}
    manifest = {"Spec": {"Format": "S3InventoryReport_CSV_20161130"}, "Location": location}
    own = session(SOURCE).client("s3control", config=ONCE)
    made = own.create_job(**pair.request(Manifest=manifest))
    settle()
    job = own.describe_job(AccountId=SOURCE, JobId=made["JobId"])["Job"]
    expect((job["Status"], counts(job)), ("Complete", (2, 2, 0)), "an inventory as a manifest")
    expect(s3.head_object(Bucket=pair.source, Key="a b/ü")["ReplicationStatus"], "COMPLETED", "status after an inventory's job")


def checksums_are_computed():
    pair = Backfill("judge-batch-checksums")
    s3 = pair.from_s3
    read = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": f"{arn(pair.source)}/*"}
    pair.iam.put_role_policy(RoleName=pair.batch_name, PolicyName="read", PolicyDocument=document(read))
    body = b"some bytes"
    etag = pair.put("plain", Body=body)["ETag"].strip('"')
    pair.put("cold", Body=body, StorageClass="GLACIER")
    upload = s3.create_multipart_upload(Bucket=pair.source, Key="parts", ChecksumAlgorithm="SHA256")["UploadId"]
    place = {"Bucket": pair.source, "Key": "parts", "UploadId": upload}
    bodies = [b"a" * (5 << 20), b"b"]
    parts = [s3.upload_part(PartNumber=n, Body=part, ChecksumAlgorithm="SHA256", **place) for n, part in enumerate(bodies, 1)]
    given = [{"PartNumber": n, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]} for n, part in enumerate(parts, 1)]
    composite = s3.complete_multipart_upload(MultipartUpload={"Parts": given}, **place)["ChecksumSHA256"]
    s3.delete_object(Bucket=pair.source, Key="marked")

    def computed(**operation):
        job = pair.run(Operation={"S3ComputeObjectChecksum": operation}, ManifestGenerator=pair.generator(EligibleForReplication=False))
        expect((job["Status"], counts(job)), ("Complete", (3, 3, 0)), f"checksums {operation}")
        rows = pair.rows(job)["succeeded"]
        expect({(row[4], row[5]) for row in rows}, {("200", "")}, "codes of checksums")
        expect("=" in "".join(row[6] for row in rows), False, "padding is written as the guide's example has it")
        return {row[1]: json.loads(row[6]) for row in rows}

    digest = hashlib.sha256(body).digest()
    full = computed(ChecksumAlgorithm="SHA256", ChecksumType="FULL_OBJECT")
    wanted = {"checksum_base64": base64.b64encode(digest).decode(), "etag": etag, "checksumAlgorithm": "SHA256", "checksumType": "FULL_OBJECT"}
    expect(full["plain"], {**wanted, "checksum_hex": digest.hex().upper()}, "a checksum over the whole")
    expect(full["cold"]["checksum_base64"], wanted["checksum_base64"], "a checksum of what is archived")
    expect(full["parts"]["checksum_hex"], hashlib.sha256(b"".join(bodies)).hexdigest().upper(), "a checksum over all parts")
    expect(computed(ChecksumAlgorithm="SHA256", ChecksumType="COMPOSITE")["parts"]["checksum_base64"], composite, "a composite checksum")
    stored = s3.head_object(Bucket=pair.source, Key="plain", ChecksumMode="ENABLED")["ChecksumCRC32"]
    expect(computed(ChecksumAlgorithm="CRC32")["plain"]["checksum_base64"], stored, "CRC32 as it is stored")
    open_to_all = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BlockedEncryptionTypes": {"EncryptionType": ["NONE"]}}
    s3.put_bucket_encryption(Bucket=pair.source, ServerSideEncryptionConfiguration={"Rules": [open_to_all]})
    pair.put("customer", Body=body, SSECustomerAlgorithm="AES256", SSECustomerKey="k" * 32)
    job = pair.run(Operation={"S3ComputeObjectChecksum": {"ChecksumAlgorithm": "MD5"}}, Manifest=pair_manifest(pair, f"{pair.source},customer", "Bucket", "Key"))
    [row] = pair.rows(job)["failed"]
    # UG:batch-ops-examples-reports.
    expect("SSE-C encryption type is not supported for this operation" in row[6], True, "a checksum under a customer's key")
    pair.iam.delete_role_policy(RoleName=pair.batch_name, PolicyName="read")
    text = f"{pair.source},plain\n{pair.source},marked\n"
    job = pair.run(Operation={"S3ComputeObjectChecksum": {"ChecksumAlgorithm": "MD5"}}, Manifest=pair_manifest(pair, text, "Bucket", "Key"))
    expect({(row[4], row[5]) for row in pair.rows(job)["failed"]}, {("200", "PermanentFailure")}, "checksums that are refused")


def failures_are_measured_and_told():
    """UG26:repl-metrics: only failed operations count those of jobs; pending and latency do not see them."""
    pair = Backfill("judge-batch-metrics")
    for n in range(3):
        pair.put(f"k{n}")
    sns = pair.source_session.client("sns", config=ONCE)
    topic = sns.create_topic(Name="judge-batch-failed")["TopicArn"]
    let_in = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "SNS:Publish", "Resource": topic}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document(let_in))
    put = {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:Put"]}]}
    pair.from_s3.put_bucket_notification_configuration(Bucket=pair.reports, NotificationConfiguration=put)
    told = {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:Replication:*"]}]}
    pair.from_s3.put_bucket_notification_configuration(Bucket=pair.source, NotificationConfiguration=told)
    to = {"Bucket": arn(pair.destination), "Metrics": {"Status": "Enabled"}}
    pair.replicate(rule(pair.destination, Destination=to))
    pair.grant(without=["s3:ReplicateObject"])
    control("DELETE", "mailbox")
    switch(batch_status_ms=MINUTE)
    id = pair.create()
    advance(10 * MINUTE)
    job = pair.describe(id)
    expect((job["Status"], counts(job)), ("Complete", (3, 0, 3)), "a job whose tasks fail")
    switch()
    letters = [json.loads(letter["message"]) for letter in control("GET", "mailbox") if letter["topic"] == topic]
    records = [record for letter in letters for record in letter.get("Records", [])]
    data = [record["replicationEventData"] for record in records if record["s3"]["bucket"]["name"] == pair.source]
    reported = [record["s3"]["object"]["key"].rpartition("/")[2] for record in records if record["s3"]["bucket"]["name"] == pair.reports]
    expect([name for name in reported if not name.endswith(".csv")], ["manifest.json", "manifest.json.md5"], "notifications of a report")
    expect([one["failureReason"] for one in data], ["DstPutObjectNotPermitted"] * 3, "notifications of failures")

    def total(name, statistic, account=SOURCE, region="eu-west-1"):
        cloudwatch = pair.source_session.client("cloudwatch", config=ONCE, region_name=region)
        dimensions = [("SourceBucket", pair.source), ("DestinationBucket", pair.destination), ("RuleId", "everything")]
        now = job["TerminationDate"].timestamp()
        found = cloudwatch.get_metric_statistics(
            Namespace="AWS/S3", MetricName=name, Dimensions=[{"Name": n, "Value": v} for n, v in dimensions], StartTime=now - 3600,
            EndTime=now + 3600, Period=60, Statistics=[statistic],
        )["Datapoints"]  # fmt: skip
        return sum(point[statistic] for point in found)

    advance(2 * MINUTE)
    expect(total("OperationsFailedReplication", "Sum"), 3.0, "failed operations of a job")
    expect(total("OperationsPendingReplication", "Maximum", region="eu-central-1"), 0.0, "pending operations of a job")


def main():
    hosts_of_accounts_are_here()
    jobs_are_made_once()
    requests_are_checked()
    callers_need_permissions()
    existing_objects_are_replicated()
    replicas_go_on()
    confirmation_is_waited_for()
    filters_choose()
    failures_have_their_codes()
    jobs_fail_for_their_roles()
    manifests_of_callers()
    checksums_are_computed()
    failures_are_measured_and_told()
    # These move the clock far, and sessions expire.
    inventories_are_manifests()
    states_take_their_time()


if __name__ == "__main__":
    main()
