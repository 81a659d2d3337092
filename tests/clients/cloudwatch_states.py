"""Judges with boto3 that alarms follow metrics on the sandbox's clock, and that replication measures itself rule by rule."""

import datetime
import json

from cloudwatch_world import alarm, client
from s3_world import DESTINATION, ONCE, REGION, SOURCE, Pair, control, expect, refused, rule, session, settle

MINUTE = 60_000


def advance(minutes):
    control("POST", "clock", {"advance_ms": minutes * MINUTE})


def now(cloudwatch):
    """The sandbox's time, which an alarm tells that is set now."""
    cloudwatch.put_metric_alarm(**alarm("clock"))
    at = cloudwatch.describe_alarms(AlarmNames=["clock"])["MetricAlarms"][0]["AlarmConfigurationUpdatedTimestamp"]
    cloudwatch.delete_alarms(AlarmNames=["clock"])
    return at


def state(cloudwatch, name):
    return cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]


def reason(cloudwatch, name):
    return cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateReason"]


def letters():
    return [(one["type"], one["subject"]) for one in control("GET", "mailbox")]


def states_follow_what_is_put(cloudwatch):
    """Each treatment of missing data, on a metric that comes and goes."""
    sns = session(SOURCE).client("sns", config=ONCE)
    topic = sns.create_topic(Name="judge-states")["TopicArn"]
    names = {treat: f"judge-{treat}" for treat in ["missing", "ignore", "breaching", "notBreaching"]}
    of = {"Namespace": "Judge", "MetricName": "m", "Dimensions": [{"Name": "a", "Value": "b"}], "Period": 60, "EvaluationPeriods": 1}
    for treat, name in names.items():
        cloudwatch.put_metric_alarm(**alarm(name, **of, TreatMissingData=treat, Threshold=1.0, AlarmActions=[topic], OKActions=[topic]))
    told = lambda: {treat: state(cloudwatch, name) for treat, name in names.items()}  # noqa: E731
    expect(set(told().values()), {"INSUFFICIENT_DATA"}, "states of new alarms")
    control("DELETE", "mailbox")
    put = lambda value: cloudwatch.put_metric_data(Namespace="Judge", MetricData=[{"MetricName": "m", "Dimensions": of["Dimensions"], "Value": value}])  # noqa: E731
    advance(2)
    nothing = {"missing": "INSUFFICIENT_DATA", "ignore": "INSUFFICIENT_DATA", "breaching": "ALARM", "notBreaching": "OK"}
    expect(told(), nothing, "states without any data")
    words = "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching]."
    expect(reason(cloudwatch, names["notBreaching"]), words, "reason without any data")
    expect(sorted(letters()), sorted([("published", f'ALARM: "{names["breaching"]}" in EU (Ireland)'), ("published", f'OK: "{names["notBreaching"]}" in EU (Ireland)')]), "letters without any data")
    put(2.0)
    advance(1)
    expect(told(), dict.fromkeys(names, "ALARM"), "states above the threshold")
    told_reason = reason(cloudwatch, names["missing"])
    expect("was greater than the threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition)." in told_reason, True, told_reason)
    put(1.0)
    advance(1)
    expect(told(), dict.fromkeys(names, "OK"), "states at the threshold")
    count = len(letters())
    put(0.5)
    advance(1)
    expect(len(letters()), count, "letters of alarms that stay as they are")
    advance(10)
    after = {"missing": "INSUFFICIENT_DATA", "ignore": "OK", "breaching": "ALARM", "notBreaching": "OK"}
    expect(told(), after, "states after the data ended")
    history = cloudwatch.describe_alarm_history(AlarmName=names["missing"], HistoryItemType="StateUpdate", ScanBy="TimestampAscending")
    summaries = [item["HistorySummary"].removeprefix("Alarm updated from ") for item in history["AlarmHistoryItems"]]
    expect(summaries, ["INSUFFICIENT_DATA to ALARM", "ALARM to OK", "OK to INSUFFICIENT_DATA"], "history")
    times = [item["Timestamp"] for item in history["AlarmHistoryItems"]]
    # Two periods more are looked at where data are missing: the last value was put eleven minutes ago.
    expect(times[1] < times[2] < now(cloudwatch) - datetime.timedelta(minutes=6), True, f"times of changes: {times}")
    # What was set by hand lasts until the next evaluation.
    cloudwatch.set_alarm_state(AlarmName=names["breaching"], StateValue="OK", StateReason="by hand")
    expect(state(cloudwatch, names["breaching"]), "OK", "a state that was set")
    advance(1)
    expect(state(cloudwatch, names["breaching"]), "ALARM", "a state that was set, after a minute")
    cloudwatch.delete_alarms(AlarmNames=list(names.values()))


def windows_slide(cloudwatch):
    """Two of three periods, each comparison, and a percentile."""
    of = {"Namespace": "Judge", "MetricName": "n", "Dimensions": [], "Period": 120, "EvaluationPeriods": 3, "DatapointsToAlarm": 2}
    cloudwatch.put_metric_alarm(**alarm("judge-two-of-three", **of, Threshold=10.0, TreatMissingData="notBreaching"))
    put = lambda value: cloudwatch.put_metric_data(Namespace="Judge", MetricData=[{"MetricName": "n", "Value": value}])  # noqa: E731
    expected = []
    for value in [20.0, 0.0, 0.0, 20.0, 0.0, 0.0, 0.0, 0.0, 0.0]:
        put(value)
        advance(1)
        expected.append(state(cloudwatch, "judge-two-of-three"))
    # A value counts for two minutes; two of three such periods within six minutes are an alarm.
    expect((expected[0], "ALARM" in expected, expected[-1]), ("OK", True, "OK"), f"states of two out of three: {expected}")
    cloudwatch.delete_alarms(AlarmNames=["judge-two-of-three"])
    operators = ["GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"]
    of = {**of, "MetricName": "o", "Period": 60, "EvaluationPeriods": 1, "DatapointsToAlarm": None, "Threshold": 5.0}
    for operator in operators:
        cloudwatch.put_metric_alarm(**alarm(f"judge-{operator}", **of, ComparisonOperator=operator))
    cloudwatch.put_metric_alarm(**alarm("judge-percentile", **{**of, "Threshold": 8.0}, Statistic=None, ExtendedStatistic="p90"))
    cloudwatch.put_metric_data(Namespace="Judge", MetricData=[{"MetricName": "o", "Values": [5.0], "Counts": [1.0]}])
    advance(1)
    expect([state(cloudwatch, f"judge-{operator}") for operator in operators], ["ALARM", "OK", "OK", "ALARM"], "states at the edge")
    values = [float(value) for value in range(1, 11)]
    cloudwatch.put_metric_data(Namespace="Judge", MetricData=[{"MetricName": "o", "Values": values}])
    advance(1)
    expect(state(cloudwatch, "judge-percentile"), "ALARM", "nine of ten are above eight")
    cloudwatch.delete_alarms(AlarmNames=["judge-percentile", *[f"judge-{operator}" for operator in operators]])


def metric(pair, name, id="everything"):
    dimensions = {"SourceBucket": pair.source, "DestinationBucket": pair.destination, "RuleId": id}
    return {"Namespace": "AWS/S3", "MetricName": name, "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()]}


def maxima(cloudwatch, pair, name, since, statistic="Maximum"):
    """Returns what each minute since then had, oldest first."""
    query = {"Id": "m", "MetricStat": {"Metric": metric(pair, name), "Period": 60, "Stat": statistic}}
    found = cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=since, EndTime=now(cloudwatch), ScanBy="TimestampAscending")
    return found["MetricDataResults"][0]["Values"]


def names(cloudwatch, pair):
    listed = cloudwatch.list_metrics(Namespace="AWS/S3", Dimensions=[{"Name": "SourceBucket", "Value": pair.source}])["Metrics"]
    return sorted(one["MetricName"] for one in listed)


def replication_measures_itself():
    pair = Pair("judge-metrics")
    source, destination = client("smithy-rpc-v2-cbor"), client("smithy-rpc-v2-cbor", region=REGION[DESTINATION])
    pair.replicate()
    pair.put("unmeasured", Body=b"x")
    settle()
    advance(2)
    expect((names(source, pair), names(destination, pair)), ([], []), "metrics of a rule without metrics")
    to = {"Bucket": f"arn:aws:s3:::{pair.destination}", "Metrics": {"Status": "Enabled"}}
    pair.replicate(rule(pair.destination, Destination=to))
    began = now(source)
    advance(2)
    # In the destination's Region each minute also when nothing happens; in the source's only when something does; in the account
    # of the source.
    waiting = ["BytesPendingReplication", "OperationsPendingReplication", "ReplicationLatency"]
    expect((names(source, pair), names(destination, pair)), ([], waiting), "metrics of an idle rule")
    strangers = client("smithy-rpc-v2-cbor", DESTINATION, region=REGION[DESTINATION])
    expect(names(strangers, pair), [], "metrics in the destination's account")
    expect(set(maxima(destination, pair, "OperationsPendingReplication", began)), {0.0}, "what an idle rule has")
    switches = control("GET", "switches")
    control("PUT", "switches", {**switches, "replication_delay_ms": 5 * MINUTE})
    came = now(source)
    pair.put("a", Body=b"x" * 1000)
    pair.put("b", Body=b"x" * 500)
    advance(3)
    expect(max(maxima(destination, pair, "OperationsPendingReplication", came)), 2.0, "operations that wait")
    expect(max(maxima(destination, pair, "BytesPendingReplication", came)), 1500.0, "bytes that wait")
    latencies = maxima(destination, pair, "ReplicationLatency", came - datetime.timedelta(minutes=1))
    expect(latencies == sorted(latencies) and 90 < latencies[-1] <= 240, True, f"latency grows: {latencies}")
    advance(4)
    settle()
    expect(pair.status("a"), "COMPLETED", "status of what waited")
    control("PUT", "switches", switches)
    # A minute may end between the two times.
    last = maxima(destination, pair, "OperationsPendingReplication", now(source) - datetime.timedelta(minutes=1))
    expect(set(last), {0.0}, "what waits afterwards")
    expect(names(source, pair), ["OperationsFailedReplication"], "metrics once something was replicated")
    expect(sum(maxima(source, pair, "OperationsFailedReplication", began, "Sum")), 0.0, "failures")
    expect(sum(maxima(source, pair, "OperationsFailedReplication", began, "SampleCount")), 2.0, "operations")
    return pair, source, destination



def alarms_watch_replication(pair, source, destination):
    sns = session(SOURCE).client("sns", config=ONCE)
    topic = sns.create_topic(Name="judge-replication")["TopicArn"]
    failed = {**metric(pair, "OperationsFailedReplication"), "AlarmActions": [topic], "OKActions": [topic]}
    source.put_metric_alarm(**alarm("judge-failed", **failed))
    # The usual mistake: another set of dimensions is another metric, which has nothing.
    source.put_metric_alarm(**alarm("judge-wrong", **{**failed, "Dimensions": [{"Name": "BucketName", "Value": pair.source}]}))
    late = {**metric(pair, "ReplicationLatency"), "Statistic": "Maximum", "Period": 60, "EvaluationPeriods": 2, "Threshold": 900.0}
    destination.put_metric_alarm(**alarm("judge-late", **late))
    # The metric is not in this Region, so that the alarm never has data.
    source.put_metric_alarm(**alarm("judge-elsewhere", **late))
    control("DELETE", "mailbox")
    advance(6)
    expect(state(destination, "judge-late"), "OK", "latency of an idle rule")
    # What was measured before the alarm was made counts: two operations of a moment ago.
    expect(state(source, "judge-failed"), "OK", "failures of a rule under which nothing failed")
    pair.grant(without=["s3:ReplicateObject"])
    pair.put("refused", Body=b"x")
    settle()
    expect(pair.status("refused"), "FAILED", "status of what is not allowed")
    advance(1)
    expect((state(source, "judge-failed"), state(source, "judge-wrong")), ("ALARM", "INSUFFICIENT_DATA"), "states after a failure")
    wanted = [("published", f'{value}: "judge-failed" in EU (Ireland)') for value in ["OK", "ALARM"]]
    expect([one for one in letters() if "judge-failed" in one[1]], wanted, "letters")
    # `ignore`: without another operation it stays as it is; one that succeeds ends it.
    advance(60 * 5)
    source, destination = client("smithy-rpc-v2-cbor"), client("smithy-rpc-v2-cbor", region="eu-central-1")
    pair.from_s3 = session(SOURCE).client("s3", config=ONCE)
    pair.iam = session(SOURCE).client("iam", config=ONCE)
    expect(state(source, "judge-failed"), "ALARM", "state hours later")
    pair.grant()
    pair.put("allowed", Body=b"x")
    settle()
    advance(1)
    expect(state(source, "judge-failed"), "OK", "state after a success")
    switches = control("GET", "switches")
    control("PUT", "switches", {**switches, "replication_delay_ms": 40 * MINUTE})
    pair.put("late", Body=b"x")
    advance(15)
    expect(state(destination, "judge-late"), "OK", "latency of a quarter of an hour")
    advance(5)
    expect((state(destination, "judge-late"), state(source, "judge-elsewhere")), ("ALARM", "INSUFFICIENT_DATA"), "latency of more")
    changed = destination.describe_alarm_history(AlarmName="judge-late", HistoryItemType="StateUpdate")["AlarmHistoryItems"][0]
    data = json.loads(changed["HistoryData"])["newState"]["stateReasonData"]
    expect(all(900 < one <= 1200 for one in data["recentDatapoints"]), True, f"points of the change: {data}")
    advance(30)
    settle()
    expect(state(destination, "judge-late"), "OK", "latency once it is over")
    control("PUT", "switches", switches)
    # A century passes in one step.
    control("POST", "clock", {"advance_ms": 50 * 365 * 24 * 60 * MINUTE})
    source, destination = client("smithy-rpc-v2-cbor"), client("smithy-rpc-v2-cbor", region="eu-central-1")
    expect((state(source, "judge-failed"), state(destination, "judge-late")), ("OK", "OK"), "states in fifty years")
    span = {"StartTime": now(source) - datetime.timedelta(days=400), "EndTime": now(source), "Period": 86400}
    points = destination.get_metric_statistics(**metric(pair, "OperationsPendingReplication"), **span, Statistics=["SampleCount"])["Datapoints"]
    expect({point["SampleCount"] for point in points[1:-1]}, {1440.0}, "points of each day in fifty years")
    session(SOURCE).client("s3", config=ONCE).delete_bucket_replication(Bucket=pair.source)
    advance(5)
    expect(maxima(destination, pair, "OperationsPendingReplication", now(source) - datetime.timedelta(minutes=3)), [], "points after the rule is gone")
    refused("ValidationError", None, destination.get_metric_data, MetricDataQueries=[{"Id": "e", "Expression": "1 + 1"}], StartTime=now(source) - datetime.timedelta(minutes=3), EndTime=now(source))


def main():
    cloudwatch = client("smithy-rpc-v2-cbor")
    states_follow_what_is_put(cloudwatch)
    windows_slide(cloudwatch)
    alarms_watch_replication(*replication_measures_itself())


if __name__ == "__main__":
    main()
