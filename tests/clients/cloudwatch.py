"""Judges CloudWatch with boto3 in each of its protocols, and with a few lines of the AWS CLI: alarms, tags, metrics, permissions.

Messages are AWS's where their source is told; the others are only looked at by their code.
"""

import datetime
import json

from cloudwatch_world import PROTOCOLS, alarm, client
from s3_world import DESTINATION, ONCE, SOURCE, cli, control, document, expect, refused, session

TOPIC = f"arn:aws:sns:eu-west-1:{SOURCE}:judge"


def arn(name):
    return f"arn:aws:cloudwatch:eu-west-1:{SOURCE}:alarm:{name}"


def shown(cloudwatch, name):
    return cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]


def alarms_are_set_shown_and_deleted(cloudwatch, prefix):
    name = f"{prefix}-set"
    wanted = alarm(name, AlarmDescription="<failed>", AlarmActions=[TOPIC], Tags=[{"Key": "team", "Value": "x"}])
    cloudwatch.put_metric_alarm(**wanted)
    first = shown(cloudwatch, name)
    for field in ["AlarmName", "AlarmDescription", "Namespace", "MetricName", "Statistic", "Period", "EvaluationPeriods", "Threshold"]:
        expect(first[field], wanted[field], f"{field} of an alarm")
    expect(sorted(map(str, first["Dimensions"])), sorted(map(str, wanted["Dimensions"])), "dimensions")
    told = (first["AlarmArn"], first["ActionsEnabled"], first["AlarmActions"], first["OKActions"], first["TreatMissingData"])
    expect(told, (arn(name), True, [TOPIC], [], "ignore"), "what is not given, and what is")
    expect("DatapointsToAlarm" in first or "Unit" in first, False, "what is not set is not shown")
    expect((first["StateValue"], first["StateReason"]), ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation"), "state of a new alarm")
    now = datetime.datetime.now(datetime.timezone.utc)
    expect(abs((now - first["StateUpdatedTimestamp"]).total_seconds()) < 60, True, "time of a new alarm")
    # An update is an overwrite, but for the tags and the state.
    cloudwatch.put_metric_alarm(**alarm(name, Threshold=2.5, DatapointsToAlarm=1, Tags=[{"Key": "other", "Value": "y"}], ActionsEnabled=False))
    second = shown(cloudwatch, name)
    expect((second["Threshold"], second["DatapointsToAlarm"], second["ActionsEnabled"]), (2.5, 1, False), "an updated alarm")
    expect((second["AlarmActions"], second.get("AlarmDescription")), ([], None), "what an update left out")
    expect(second["StateTransitionedTimestamp"], first["StateTransitionedTimestamp"], "state after an update")
    expect(cloudwatch.list_tags_for_resource(ResourceARN=arn(name))["Tags"], [{"Key": "team", "Value": "x"}], "tags after an update")
    cloudwatch.tag_resource(ResourceARN=arn(name), Tags=[{"Key": "team", "Value": "z"}, {"Key": "b", "Value": ""}])
    cloudwatch.untag_resource(ResourceARN=arn(name), TagKeys=["b"])
    expect(cloudwatch.list_tags_for_resource(ResourceARN=arn(name))["Tags"], [{"Key": "team", "Value": "z"}], "tags")
    refused("ResourceNotFoundException", None, cloudwatch.list_tags_for_resource, ResourceARN=arn("none"))
    refused("InvalidParameterValue", None, cloudwatch.list_tags_for_resource, ResourceARN="none")
    cloudwatch.enable_alarm_actions(AlarmNames=[name])
    expect(shown(cloudwatch, name)["ActionsEnabled"], True, "actions that are enabled")
    cloudwatch.disable_alarm_actions(AlarmNames=[name])
    expect(shown(cloudwatch, name)["ActionsEnabled"], False, "actions that are disabled")
    metric = {"Namespace": "AWS/S3", "MetricName": "OperationsFailedReplication"}
    of = cloudwatch.describe_alarms_for_metric(**metric, Dimensions=wanted["Dimensions"])["MetricAlarms"]
    expect(name in [one["AlarmName"] for one in of], True, "alarms of a metric")
    expect(cloudwatch.describe_alarms_for_metric(**metric)["MetricAlarms"], [], "alarms of a metric with other dimensions")
    cloudwatch.delete_alarms(AlarmNames=[name])
    expect(cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"], [], "alarms that are deleted")


def alarms_are_found(cloudwatch, prefix):
    names = [f"{prefix}-page-{number}" for number in range(5)]
    for name in names:
        cloudwatch.put_metric_alarm(**alarm(name, OKActions=[TOPIC + "-ok"]))
    pages = list(cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{prefix}-page", PaginationConfig={"PageSize": 2}))
    found = [one["AlarmName"] for page in pages for one in page["MetricAlarms"]]
    expect((len(pages), found), (3, names), "pages of alarms")
    find = lambda **by: {one["AlarmName"] for one in cloudwatch.describe_alarms(**by)["MetricAlarms"]}  # noqa: E731
    expect(find(AlarmNames=names[:2]), set(names[:2]), "alarms by name")
    expect(names[0] in find(StateValue="INSUFFICIENT_DATA"), True, "alarms by state")
    expect(find(StateValue="ALARM"), set(), "alarms by another state")
    expect(set(names) <= find(ActionPrefix=TOPIC + "-o"), True, "alarms by action")
    expect(find(AlarmTypes=["CompositeAlarm"]), set(), "alarms of another type")
    refused("ValidationError", None, cloudwatch.describe_alarms, AlarmNames=["a"] * 101)
    refused("ValidationError", None, cloudwatch.describe_alarms, AlarmNames=["a"], AlarmNamePrefix="a")
    refused("InvalidNextToken", None, cloudwatch.describe_alarms, NextToken="no")
    expect(find(AlarmNames=names, MaxRecords=100), set(names), "alarms by name")
    cloudwatch.delete_alarms(AlarmNames=[*names, "none"])
    expect(find(AlarmNamePrefix=f"{prefix}-page"), set(), "alarms that are deleted")


def alarms_are_checked(cloudwatch, prefix):
    def wrong(message=None, **fields):
        refused("ValidationError", message, cloudwatch.put_metric_alarm, **alarm(f"{prefix}-wrong", **fields))

    # GH:hashicorp/terraform#24070
    wrong("DatapointsToAlarm must be less than or equal to EvaluationPeriods", DatapointsToAlarm=2)
    # GH:cds-snc/notification-terraform#128
    elsewhere = f"arn:aws:sns:us-west-2:{SOURCE}:judge"
    wrong("Invalid region us-west-2 specified. Only eu-west-1 is supported.", AlarmActions=[elsewhere])
    # GH:aws-samples/amazon-cloudwatch-auto-alarms#61
    wrong("Invalid partition aws-us-gov specified. Only aws is supported.", OKActions=[TOPIC.replace("aws", "aws-us-gov", 1)])
    wrong(AlarmActions=["judge"])
    wrong(AlarmActions=[TOPIC] * 6)
    wrong(Period=90)
    wrong(Period=60, EvaluationPeriods=1441)
    wrong(Period=3600, EvaluationPeriods=169)
    wrong(Period=None)
    wrong(Statistic=None)
    wrong(ExtendedStatistic="p90")
    wrong(Statistic=None, ExtendedStatistic="p101")
    wrong(Threshold=None)
    wrong(ComparisonOperator="GreaterThanUpperThreshold")
    wrong(ComparisonOperator="Greater")
    wrong(TreatMissingData="sometimes")
    wrong(EvaluateLowSampleCountPercentile="ignore")
    wrong(Dimensions=[{"Name": "a", "Value": "1"}, {"Name": "a", "Value": "2"}])
    wrong(Dimensions=[{"Name": f"d{number}", "Value": "1"} for number in range(31)])
    wrong(AlarmName="a\nb")
    wrong(AlarmDescription="x" * 1025)
    wrong(Unit="Furlong")
    wrong(Metrics=[{"Id": "m", "Expression": "1"}])
    expect(cloudwatch.describe_alarms(AlarmNames=[f"{prefix}-wrong"])["MetricAlarms"], [], "alarms that were refused")
    for period, periods in [(10, 8640), (60, 1440), (3600, 168)]:
        cloudwatch.put_metric_alarm(**alarm(f"{prefix}-long", Period=period, EvaluationPeriods=periods))
    cloudwatch.put_metric_alarm(**alarm(f"{prefix}-percentile", Statistic=None, ExtendedStatistic="p99.9"))
    expect(shown(cloudwatch, f"{prefix}-percentile")["ExtendedStatistic"], "p99.9", "a percentile")
    queries = [
        {"Id": "e1", "Expression": "m1 * 2", "Label": "twice"},
        {"Id": "m1", "ReturnData": False, "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m", "Dimensions": []}, "Period": 60, "Stat": "Sum"}},
    ]  # fmt: skip
    of_one = dict.fromkeys(["Namespace", "MetricName", "Dimensions", "Statistic", "Period"])
    cloudwatch.put_metric_alarm(**alarm(f"{prefix}-math", **of_one, Metrics=queries))
    math = shown(cloudwatch, f"{prefix}-math")
    expect((math["Metrics"], "MetricName" in math), (queries, False), "an alarm on an expression")
    cloudwatch.delete_alarms(AlarmNames=[f"{prefix}-{name}" for name in ["long", "percentile", "math"]])


def metrics_are_put_and_listed(cloudwatch, prefix):
    space = f"Judge/{prefix}"
    of = lambda rule: [{"Name": "RuleId", "Value": rule}, {"Name": "Bucket", "Value": "b"}]  # noqa: E731
    put = lambda **datum: cloudwatch.put_metric_data(Namespace=space, MetricData=[{"MetricName": "Failed", **datum}])  # noqa: E731
    put(Dimensions=of("all"), Value=3.0, Unit="Count")
    put(Dimensions=of("some"), Values=[1.0, 2.5], Counts=[2.0, 1.0])
    put(StatisticValues={"SampleCount": 2.0, "Sum": 3.0, "Minimum": 1.0, "Maximum": 2.0})
    names = lambda **by: [one["Dimensions"] for one in cloudwatch.list_metrics(Namespace=space, **by)["Metrics"]]  # noqa: E731
    expect(len(names()), 3, "metrics")
    expect(len(names(MetricName="Failed", RecentlyActive="PT3H")), 3, "metrics that were active")
    expect(len(names(Dimensions=[{"Name": "Bucket"}])), 2, "metrics with a dimension")
    some = names(Dimensions=[{"Name": "RuleId", "Value": "some"}])
    expect([sorted(map(str, one)) for one in some], [sorted(map(str, of("some")))], "metrics with a value of a dimension")
    expect(names(Dimensions=[{"Name": "RuleId", "Value": "none"}]), [], "metrics with another value")
    cloudwatch.put_metric_data(Namespace=f"{space}/many", MetricData=[{"MetricName": f"m{n:04}", "Value": 1.0} for n in range(750)])
    pages = list(cloudwatch.get_paginator("list_metrics").paginate(Namespace=f"{space}/many"))
    expect([len(page["Metrics"]) for page in pages], [500, 250], "pages of metrics")
    expect(len({one["MetricName"] for page in pages for one in page["Metrics"]}), 750, "metrics of all pages")
    bad = "InvalidParameterValue"
    long_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=15)
    refused(bad, None, put, Value=1.0, Timestamp=long_ago)
    refused(bad, None, put, Value=1.0, Timestamp=long_ago + datetime.timedelta(days=15, hours=3))
    refused(bad, None, put, Value=2.0**361)
    refused(bad, None, put, Value=1.0, StorageResolution=30)
    refused("InvalidParameterCombination", None, put, Value=1.0, Values=[1.0])
    refused("InvalidParameterCombination", None, put, Values=[1.0], Counts=[1.0, 2.0])
    refused("MissingParameter", None, put)
    refused(bad, None, cloudwatch.put_metric_data, Namespace="AWS/S3", MetricData=[{"MetricName": "a", "Value": 1.0}])
    refused("ValidationError", None, cloudwatch.put_metric_data, Namespace=space, MetricData=[{"MetricName": "a", "Value": 1.0}] * 1001)
    refused(bad, None, cloudwatch.list_metrics, RecentlyActive="PT1H")


def metrics_are_read(cloudwatch, prefix):
    space, now = f"Judge/{prefix}/read", datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
    at = lambda minutes: now - datetime.timedelta(minutes=minutes)  # noqa: E731
    data = [{"MetricName": "m", "Timestamp": at(ago), "Value": float(ago), "Unit": "Count"} for ago in range(1, 11)]
    cloudwatch.put_metric_data(Namespace=space, MetricData=data)
    cloudwatch.put_metric_data(Namespace=space, MetricData=[{"MetricName": "m", "Timestamp": at(1), "Value": 99.0, "Unit": "Bytes"}])
    of = {"Namespace": space, "MetricName": "m", "StartTime": at(10), "EndTime": now}
    statistics = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"]
    points = cloudwatch.get_metric_statistics(**of, Period=300, Statistics=statistics, Unit="Count")["Datapoints"]
    told = sorted((point["Timestamp"], *[point[name] for name in statistics], point["Unit"]) for point in points)
    wanted = [(at(10), 5.0, 8.0, 40.0, 6.0, 10.0, "Count"), (at(5), 5.0, 3.0, 15.0, 1.0, 5.0, "Count")]
    expect(told, wanted, "statistics of two periods")
    units = {point["Unit"] for point in cloudwatch.get_metric_statistics(**of, Period=60, Statistics=["Sum"])["Datapoints"]}
    expect(units, {"Bytes", "Count"}, "units of the points")
    points = cloudwatch.get_metric_statistics(**of, Period=600, ExtendedStatistics=["p50", "p90"], Unit="Count")["Datapoints"]
    expect(points[0]["ExtendedStatistics"], {"p50": 5.0, "p90": 9.0}, "percentiles")
    bad = "InvalidParameterCombination"
    refused(bad, None, cloudwatch.get_metric_statistics, **{**of, "StartTime": at(1441)}, Period=60, Statistics=["Sum"])
    refused(bad, None, cloudwatch.get_metric_statistics, **{**of, "StartTime": now}, Period=60, Statistics=["Sum"])
    refused("MissingParameter", None, cloudwatch.get_metric_statistics, **of, Period=60)
    refused("InvalidParameterValue", None, cloudwatch.get_metric_statistics, **of, Period=61, Statistics=["Sum"])
    query = lambda name, **more: {"Id": name, "MetricStat": {"Metric": {"Namespace": space, "MetricName": "m"}, "Period": 60, "Stat": "Maximum", "Unit": "Count"}, **more}  # noqa: E731
    asked = {"MetricDataQueries": [query("a", Label="A"), query("b", ReturnData=False)], "StartTime": at(10), "EndTime": now}
    results = cloudwatch.get_metric_data(**asked)["MetricDataResults"]
    expect([(one["Id"], one["Label"], one["StatusCode"]) for one in results], [("a", "A", "Complete")], "results")
    expect(list(zip(results[0]["Timestamps"], results[0]["Values"])), [(at(ago), float(ago)) for ago in range(1, 11)], "newest first")
    pages = list(cloudwatch.get_paginator("get_metric_data").paginate(**asked, ScanBy="TimestampAscending", MaxDatapoints=4))
    expect([page["MetricDataResults"][0]["Values"] for page in pages], [[10.0, 9.0, 8.0, 7.0], [6.0, 5.0, 4.0, 3.0], [2.0, 1.0]], "pages of data")
    # What is older than its resolution is not there any more.
    old = now - datetime.timedelta(days=13)
    cloudwatch.put_metric_data(Namespace=space, MetricData=[{"MetricName": "old", "Timestamp": old, "Value": 1.0}])
    of = {"Namespace": space, "MetricName": "old", "StartTime": old - datetime.timedelta(hours=1), "EndTime": old + datetime.timedelta(hours=1), "Statistics": ["Sum"]}
    expect(len(cloudwatch.get_metric_statistics(**of, Period=60)["Datapoints"]), 1, "a point of two weeks ago")


def states_are_set_and_told(cloudwatch, protocol, prefix):
    sns, name = session(SOURCE).client("sns", config=ONCE), f"{prefix}-state"
    topic = sns.create_topic(Name=f"judge-{prefix}")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:eu-west-1:{SOURCE}:q")
    missing = f"{topic}-none"
    cloudwatch.put_metric_alarm(**alarm(name, AlarmActions=[topic, missing], OKActions=[topic], AlarmDescription="d"))
    control("DELETE", "mailbox")
    state = lambda value, **more: cloudwatch.set_alarm_state(AlarmName=name, StateValue=value, StateReason="tried", **more)  # noqa: E731
    state("ALARM", StateReasonData='{"a": 1}')
    now = shown(cloudwatch, name)
    told = (now["StateValue"], now["StateReason"], now["StateReasonData"], now["StateTransitionedTimestamp"])
    expect(told, ("ALARM", "tried", '{"a": 1}', now["StateUpdatedTimestamp"]), "a state that is set")
    # What stays as it is tells nobody.
    state("ALARM")
    letters = control("GET", "mailbox")
    expect([(one["type"], one["topic"]) for one in letters], [("published", topic), ("refused", missing)], "letters")
    expect((letters[0]["from"], letters[0]["subject"]), ("cloudwatch.amazonaws.com", f'ALARM: "{name}" in EU (Ireland)'), "a letter")
    message = json.loads(letters[0]["message"])
    wanted = {"AlarmName": name, "AlarmDescription": "d", "AWSAccountId": SOURCE, "NewStateValue": "ALARM", "OldStateValue": "INSUFFICIENT_DATA", "NewStateReason": "tried", "AlarmArn": arn(name)}
    expect({field: message[field] for field in wanted}, wanted, "a message")
    trigger = message["Trigger"]
    told = (trigger["MetricName"], trigger["Statistic"], trigger["Threshold"], trigger["TreatMissingData"], len(trigger["Dimensions"]))
    expect(told, ("OperationsFailedReplication", "SUM", 0.0, "ignore", 3), "what triggered it")
    expect(len(letters[0]["to"]), 1, "who got it")
    cloudwatch.disable_alarm_actions(AlarmNames=[name])
    state("OK")
    expect(len(control("GET", "mailbox")), 2, "letters of an alarm whose actions are disabled")
    items = cloudwatch.describe_alarm_history(AlarmName=name)["AlarmHistoryItems"]
    kinds = [item["HistoryItemType"] for item in items]
    expect(kinds, ["StateUpdate", "Action", "Action", "StateUpdate", "ConfigurationUpdate"], "history, newest first")
    summaries = [item["HistorySummary"] for item in reversed(items)]
    wanted = [f'Alarm "{name}" created', "Alarm updated from INSUFFICIENT_DATA to ALARM", f"Successfully executed action {topic}"]
    expect(summaries[:3], wanted, "history in words")
    expect(summaries[3].startswith(f"Failed to execute action {missing}"), True, "an action that failed")
    expect(json.loads(items[0]["HistoryData"])["newState"]["stateValue"], "OK", "data of a change")
    pages = list(cloudwatch.get_paginator("describe_alarm_history").paginate(AlarmName=name, PaginationConfig={"PageSize": 2}))
    expect([[item["HistoryItemType"] for item in page["AlarmHistoryItems"]] for page in pages], [kinds[:2], kinds[2:4], kinds[4:]], "pages of history")
    only = cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="StateUpdate", ScanBy="TimestampAscending")["AlarmHistoryItems"]
    expect([item["HistorySummary"][-5:] for item in only], ["ALARM", "to OK"], "changes, oldest first")
    refused("ResourceNotFound", None, cloudwatch.set_alarm_state, AlarmName="none", StateValue="OK", StateReason="x")
    refused("InvalidFormat", None, cloudwatch.set_alarm_state, AlarmName=name, StateValue="OK", StateReason="x", StateReasonData="{")
    refused("ValidationError", None, cloudwatch.set_alarm_state, AlarmName=name, StateValue="FINE", StateReason="x")
    # The topic's policy has the last word, and it is told the alarm that asks.
    cloudwatch.enable_alarm_actions(AlarmNames=[name])
    allowed = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish", "Resource": topic}
    put = lambda **condition: sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document({**allowed, "Condition": condition} if condition else allowed))  # noqa: E731

    def told_with(**condition):
        put(**condition)
        state("OK")
        control("DELETE", "mailbox")
        state("ALARM")
        return control("GET", "mailbox")[0]["type"]

    expect(told_with(), "published", "an alarm that is let publish")
    expect(told_with(ArnEquals={"aws:SourceArn": arn(name)}, StringEquals={"aws:SourceAccount": SOURCE}), "published", "this alarm")
    expect(told_with(ArnEquals={"aws:SourceArn": arn("other")}), "refused", "another alarm")
    expect(told_with(StringEquals={"aws:SourceAccount": DESTINATION}), "refused", "alarms of another account")
    allowed["Principal"] = {"AWS": SOURCE}
    expect(told_with(), "refused", "a policy that lets the account publish alone")
    # So has the policy of the topic's key: the one that AWS manages lets no service in.
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue="")
    kms = session(SOURCE).client("kms", config=ONCE)

    def told_under(key):
        sns.set_topic_attributes(TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue=key)
        state("OK")
        control("DELETE", "mailbox")
        state("ALARM")
        return control("GET", "mailbox")[0]["type"]

    expect(told_under("alias/aws/sns"), "refused", "under the key that AWS manages")
    owner = {"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "kms:*", "Resource": "*"}
    key = kms.create_key(Policy=document(owner))["KeyMetadata"]["KeyId"]
    expect(told_under(key), "refused", "under a key that lets no service in")
    service = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*"}
    kms.put_key_policy(KeyId=key, Policy=document(owner, service))
    expect(told_under(key), "published", "under a key that lets CloudWatch in")
    cloudwatch.delete_alarms(AlarmNames=[name])
    last = cloudwatch.describe_alarm_history(AlarmName=name)["AlarmHistoryItems"][0]["HistorySummary"]
    expect(last, f'Alarm "{name}" deleted', "history of an alarm that is gone")
    sns.delete_topic(TopicArn=topic)


def callers_need_permissions(protocol, prefix):
    admin, iam = client(protocol), session(SOURCE).client("iam", config=ONCE)
    role = f"judge-cloudwatch-{prefix}"
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=document({"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "sts:AssumeRole"}))
    cloudwatch = client(protocol, role=role)

    def grant(*statements):
        iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=document(*statements))

    def allow(action, resource, **condition):
        return {"Effect": "Allow", "Action": f"cloudwatch:{action}", "Resource": resource, **({"Condition": condition} if condition else {})}

    name = f"{prefix}-mine"
    denial = f"User: arn:aws:sts::{SOURCE}:assumed-role/{role}/judge is not authorized to perform: cloudwatch:PutMetricAlarm on resource: {arn(name)} because no identity-based policy allows the cloudwatch:PutMetricAlarm action"
    refused("AccessDenied", denial, cloudwatch.put_metric_alarm, **alarm(name))
    grant(allow("PutMetricAlarm", arn(f"{prefix}-*")))
    cloudwatch.put_metric_alarm(**alarm(name))
    refused("AccessDenied", None, cloudwatch.put_metric_alarm, **alarm("other"))
    # Tags at birth need a permission of their own, and those of an alarm that is there are not looked at.
    tags = [{"Key": "owner", "Value": "judge"}]
    refused("AccessDenied", None, cloudwatch.put_metric_alarm, **alarm(f"{prefix}-tagged", Tags=tags))
    cloudwatch.put_metric_alarm(**alarm(name, Tags=tags))
    grant(allow("*", "*", StringEquals={"aws:RequestTag/owner": "judge"}), allow("DeleteAlarms", "*", StringEquals={"aws:ResourceTag/owner": "judge"}))
    cloudwatch.put_metric_alarm(**alarm(f"{prefix}-tagged", Tags=tags))
    refused("AccessDenied", None, cloudwatch.delete_alarms, AlarmNames=[f"{prefix}-tagged", name])
    cloudwatch.delete_alarms(AlarmNames=[f"{prefix}-tagged"])
    # What takes no resource takes `*`.
    grant(allow("ListMetrics", arn("*")), allow("DescribeAlarms", arn(name)))
    refused("AccessDenied", None, cloudwatch.list_metrics)
    refused("AccessDenied", None, cloudwatch.describe_alarms, AlarmNames=[name])
    grant(allow("ListMetrics", "*"), allow("DescribeAlarms", arn("*")), allow("PutMetricData", "*", StringEquals={"cloudwatch:namespace": "Mine"}))
    cloudwatch.list_metrics()
    cloudwatch.describe_alarms(AlarmNames=[name])
    cloudwatch.put_metric_data(Namespace="Mine", MetricData=[{"MetricName": "a", "Value": 1.0}])
    refused("AccessDenied", None, cloudwatch.put_metric_data, Namespace="Yours", MetricData=[{"MetricName": "a", "Value": 1.0}])
    grant(allow("PutMetricAlarm", "*", StringEquals={"aws:RequestedRegion": "eu-west-1"}), {**allow("PutMetricAlarm", "*"), "Effect": "Deny", "Condition": {"ForAnyValue:StringLike": {"cloudwatch:AlarmActions": "arn:aws:automate:*"}}})
    refused("AccessDenied", None, cloudwatch.put_metric_alarm, **alarm(name, AlarmActions=["arn:aws:automate:eu-west-1:ec2:stop"]))
    refused("AccessDenied", None, client(protocol, role=role, region="eu-central-1").put_metric_alarm, **alarm(name))
    cloudwatch.put_metric_alarm(**alarm(name))
    admin.delete_alarms(AlarmNames=[name])


def places_are_apart(cloudwatch, protocol, prefix):
    name = f"{prefix}-place"
    cloudwatch.put_metric_alarm(**alarm(name))
    for other in [client(protocol, region="eu-central-1"), client(protocol, DESTINATION, region="eu-west-1")]:
        expect(other.describe_alarms(AlarmNames=[name])["MetricAlarms"], [], "alarms of another place")
    refused("InvalidParameterValue", None, client(protocol, DESTINATION, region="eu-west-1").list_tags_for_resource, ResourceARN=arn(name))
    snapshot = control("GET", "snapshot")["cloudwatch"][SOURCE]["eu-west-1"]["alarms"]
    expect(snapshot[name]["Threshold"], 0.0, "an alarm in the snapshot")
    cloudwatch.delete_alarms(AlarmNames=[name])


def faults_are_worded(cloudwatch):
    control("POST", "faults", {"service": "monitoring", "operation": "ListMetrics", "nth": 1, "kind": {"type": "throttle"}})
    refused("Throttling", "Rate exceeded", cloudwatch.list_metrics)
    control("POST", "faults", {"service": "monitoring", "operation": "ListMetrics", "nth": 1, "kind": {"type": "error_after"}})
    refused("InternalServiceError", None, cloudwatch.list_metrics)
    calls = [call for call in control("GET", "calls") if call["service"] == "monitoring"]
    expect([(call["operation"], call["error_code"]) for call in calls[-2:]], [("ListMetrics", "Throttling"), ("ListMetrics", "InternalServiceError")], "codes in the log")


def writes_are_limited(protocol):
    # A Region where nothing was written in the second before.
    cloudwatch = client(protocol, region="ca-central-1")
    switches = control("GET", "switches")
    control("PUT", "switches", {**switches, "alarm_writes_per_second": 3})
    answers = []
    for number in range(5):
        try:
            cloudwatch.put_metric_alarm(**alarm(f"fast-{number}"))
            answers.append("taken")
        except cloudwatch.exceptions.ClientError as error:
            answers.append(error.response["Error"]["Code"])
    control("PUT", "switches", switches)
    expect("Throttling" in answers and answers[0] == "taken", True, f"alarms in a second: {answers}")
    cloudwatch.delete_alarms(AlarmNames=[f"fast-{number}" for number in range(5)])


def the_cli_finds_the_same():
    def run(*arguments, fails=False):
        return cli("cloudwatch", *arguments, fails=fails)

    settings = alarm("cli")
    dimensions = [f"Name={one['Name']},Value={one['Value']}" for one in settings["Dimensions"]]
    put = ["put-metric-alarm", "--alarm-name", "cli", "--namespace", "AWS/S3", "--metric-name", settings["MetricName"], "--statistic", "Sum"]
    put += ["--dimensions", *dimensions, "--period", "300", "--evaluation-periods", "1", "--threshold", "0"]
    run(*put, "--comparison-operator", "GreaterThanThreshold", "--tags", "Key=team,Value=x")
    told = run(*put[:-1], "NaN", "--comparison-operator", "GreaterThanThreshold", fails=True)
    expect("(ValidationError)" in told, True, f"an error as the CLI tells it: {told}")
    expect(run("describe-alarms", "--alarm-names", "cli")["MetricAlarms"][0]["Threshold"], 0.0, "an alarm")
    expect(run("list-tags-for-resource", "--resource-arn", arn("cli"))["Tags"], [{"Key": "team", "Value": "x"}], "tags")
    run("tag-resource", "--resource-arn", arn("cli"), "--tags", "Key=a,Value=b")
    run("untag-resource", "--resource-arn", arn("cli"), "--tag-keys", "team")
    expect(run("list-tags-for-resource", "--resource-arn", arn("cli"))["Tags"], [{"Key": "a", "Value": "b"}], "tags")
    run("disable-alarm-actions", "--alarm-names", "cli")
    run("enable-alarm-actions", "--alarm-names", "cli")
    of = run("describe-alarms-for-metric", "--namespace", "AWS/S3", "--metric-name", settings["MetricName"], "--dimensions", *dimensions)
    expect([one["AlarmName"] for one in of["MetricAlarms"]], ["cli"], "alarms of a metric")
    run("put-metric-data", "--namespace", "Cli", "--metric-name", "m", "--value", "1", "--unit", "Count")
    expect(run("list-metrics", "--namespace", "Cli")["Metrics"], [{"Namespace": "Cli", "MetricName": "m", "Dimensions": []}], "metrics")
    span = ["--start-time", "2026-01-01T00:00:00Z", "--end-time", "2026-01-01T01:00:00Z"]
    read = ["get-metric-statistics", "--namespace", "Cli", "--metric-name", "m", "--period", "60", "--statistics", "Sum"]
    expect(run(*read, *span)["Datapoints"], [], "points of long ago")
    query = json.dumps([{"Id": "a", "MetricStat": {"Metric": {"Namespace": "Cli", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}])
    expect(run("get-metric-data", "--metric-data-queries", query, *span)["MetricDataResults"][0]["Values"], [], "data of long ago")
    run("set-alarm-state", "--alarm-name", "cli", "--state-value", "OK", "--state-reason", "tried")
    expect(run("describe-alarm-history", "--alarm-name", "cli")["AlarmHistoryItems"][0]["HistorySummary"], "Alarm updated from INSUFFICIENT_DATA to OK", "history")
    run("delete-alarms", "--alarm-names", "cli")


def main():
    for number, protocol in enumerate(PROTOCOLS):
        cloudwatch, prefix = client(protocol), f"p{number}"
        alarms_are_set_shown_and_deleted(cloudwatch, prefix)
        alarms_are_found(cloudwatch, prefix)
        alarms_are_checked(cloudwatch, prefix)
        metrics_are_put_and_listed(cloudwatch, prefix)
        metrics_are_read(cloudwatch, prefix)
        states_are_set_and_told(cloudwatch, protocol, prefix)
        callers_need_permissions(protocol, prefix)
        places_are_apart(cloudwatch, protocol, prefix)
        faults_are_worded(cloudwatch)
        writes_are_limited(protocol)
    the_cli_finds_the_same()


if __name__ == "__main__":
    main()
