"""Judges Athena with boto3: queries wait for an executor, run as their caller, and answer by pages.

The executor is DuckDB (`athena_world.py`). Messages are AWS's where their source is told in the sandbox.
"""

import gzip
import json
import time

from athena_world import attach
from s3_world import DESTINATION, ONCE, SOURCE, control, create_bucket, document, expect, refused, session

BAD = "InvalidRequestException"
DENIED = "AccessDeniedException"
LISTS, OUTPUT = "judge-lists", "judge-output"
TABLE = "`default`.`listed`"
DDL = f"""CREATE EXTERNAL TABLE {TABLE} (`bucket` string, `key` string, `size` string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.IgnoreKeyTextOutputFormat'
LOCATION 's3://{LISTS}/hive/dt=1/'"""


def athena(role="sandbox", account=SOURCE):
    return session(account, role).client("athena", config=ONCE)


def start(client, query, output=f"s3://{OUTPUT}/a/", **more):
    return client.start_query_execution(QueryString=query, ResultConfiguration={"OutputLocation": output}, **more)["QueryExecutionId"]


def state(client, query):
    return client.get_query_execution(QueryExecutionId=query)["QueryExecution"]


def ended(client, query):
    for _ in range(1000):
        found = state(client, query)
        if found["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return found
        time.sleep(0.02)
    raise SystemExit("the query did not end")


def ran(client, query, **more):
    return ended(client, start(client, query, **more))


def what_nobody_executes_is_queued(client):
    token = "t" * 32
    query = start(client, "SELECT 1", ClientRequestToken=token)
    expect(start(client, "SELECT 1", ClientRequestToken=token), query, "the same request once more")
    refused(BAD, "Idempotent parameters do not match", start, client=client, query="SELECT 2", ClientRequestToken=token)
    found = state(client, query)
    told = (found["Status"]["State"], found["WorkGroup"], found["StatementType"], found["ResultConfiguration"]["OutputLocation"])
    expect(told, ("QUEUED", "primary", "DML", f"s3://{OUTPUT}/a/{query}.csv"), "a query")
    refused(BAD, "Query has not yet finished. Current state: QUEUED", client.get_query_results, QueryExecutionId=query)
    client.stop_query_execution(QueryExecutionId=query)
    expect(state(client, query)["Status"]["State"], "CANCELLED", "a query that was stopped")
    client.stop_query_execution(QueryExecutionId=query)
    refused(BAD, None, client.get_query_results, QueryExecutionId=query)
    refused(BAD, None, client.get_query_execution, QueryExecutionId="0" * 36)
    refused(BAD, None, athena(account=DESTINATION).get_query_execution, QueryExecutionId=query)
    expect(client.list_work_groups()["WorkGroups"][0]["Name"], "primary", "workgroups")
    expect(client.get_work_group(WorkGroup="primary")["WorkGroup"]["State"], "ENABLED", "a workgroup")
    refused(BAD, None, client.get_work_group, WorkGroup="other")
    refused(BAD, None, start, client=client, query="SELECT 1", WorkGroup="other")


def what_is_wrong_is_refused(client):
    refused(BAD, None, client.start_query_execution, QueryString="SELECT 1")
    refused(BAD, None, start, client=client, query="SELECT 1", output="a/b")
    refused(BAD, "Unable to verify/create output bucket judge-nowhere", start, client=client, query="SELECT 1", output="s3://judge-nowhere/")
    strangers = {"OutputLocation": f"s3://{OUTPUT}/", "ExpectedBucketOwner": DESTINATION}
    refused(BAD, None, client.start_query_execution, QueryString="SELECT 1", ResultConfiguration=strangers)
    abroad = session(SOURCE).client("athena", config=ONCE, region_name="eu-central-1")
    refused(BAD, f"Unable to verify/create output bucket {OUTPUT}", start, client=abroad, query="SELECT 1")


def a_table_is_made_read_and_dropped(client, s3):
    lines = "".join(f'"b","k{at:04}+%C3%BC","{at}"\n' for at in range(1500))
    s3.put_object(Bucket=LISTS, Key="data/1.csv.gz", Body=gzip.compress(lines.encode()))
    s3.put_object(Bucket=LISTS, Key="hive/dt=1/symlink.txt", Body=f"s3://{LISTS}/data/1.csv.gz\n".encode())
    made = ran(client, DDL)
    expect((made["Status"]["State"], made["StatementType"]), ("SUCCEEDED", "DDL"), f"a table: {made['Status']}")
    expect(ran(client, DDL)["Status"]["State"], "FAILED", "the same table")
    query = start(client, f'SELECT "key", CAST(size AS BIGINT) AS size, NULL AS nothing FROM {TABLE} ORDER BY 1'.replace("`", '"'))
    found = ended(client, query)
    expect(found["Status"]["State"], "SUCCEEDED", f"a query: {found['Status']}")
    expect(found["Statistics"]["DataScannedInBytes"], len(gzip.compress(lines.encode())), "scanned bytes")
    pages = list(client.get_paginator("get_query_results").paginate(QueryExecutionId=query))
    rows = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]]
    expect((len(pages), len(rows)), (2, 1501), "pages and rows, with the names of the columns")
    expect(rows[0], [{"VarCharValue": "key"}, {"VarCharValue": "size"}, {"VarCharValue": "nothing"}], "the first row")
    expect(rows[7], [{"VarCharValue": "k0006+%C3%BC"}, {"VarCharValue": "6"}, {}], "a row")
    file = s3.get_object(Bucket=OUTPUT, Key=f"a/{query}.csv")["Body"].read().decode().splitlines()
    expect(file[:2], ['"key","size","nothing"', '"k0000+%C3%BC","0",'], "the file of results")
    small = client.get_query_results(QueryExecutionId=query, MaxResults=2)
    expect((len(small["ResultSet"]["Rows"]), "NextToken" in small), (2, True), "a page that is asked for")
    failed = ran(client, 'SELECT * FROM "nowhere"')
    expect((failed["Status"]["State"], failed["Status"]["StateChangeReason"].split(":")[0]), ("FAILED", "TABLE_NOT_FOUND"), "a query that fails")
    expect(ran(client, f"DROP TABLE IF EXISTS {TABLE}")["Status"]["State"], "SUCCEEDED", "a table that is dropped")
    expect(ran(client, DDL)["Status"]["State"], "SUCCEEDED", "and made again")


def callers_need_what_they_use(s3):
    iam = session(SOURCE).client("iam", config=ONCE)
    trust = document({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:root"}, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName="asks", AssumeRolePolicyDocument=trust)
    client = athena("asks")

    def allow(*statements):
        policy = document(*[{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in statements])
        iam.put_role_policy(RoleName="asks", PolicyName="asks", PolicyDocument=policy)

    ask = f'SELECT count(*) FROM {TABLE}'.replace("`", '"')
    words = "You are not authorized to perform: athena:StartQueryExecution on the resource. After your AWS administrator or you have updated your permissions, please try again."
    refused(DENIED, words, start, client=client, query=ask)
    work = ("athena:*", f"arn:aws:athena:eu-west-1:{SOURCE}:workgroup/primary")
    allow(work)
    refused(BAD, f"Unable to verify/create output bucket {OUTPUT}", start, client=client, query=ask)
    output = ("s3:GetBucketLocation", f"arn:aws:s3:::{OUTPUT}")
    allow(work, output)
    found = ran(client, ask)["Status"]
    expect((found["State"], found["StateChangeReason"].split(".")[0]), ("FAILED", "Insufficient permissions to execute the query"), "without Glue")
    table = ("glue:GetTable", [f"arn:aws:glue:eu-west-1:{SOURCE}:{what}" for what in ("catalog", "database/default", "table/default/listed")])
    allow(work, output, table)
    found = ran(client, ask)["Status"]
    expect((found["State"], found["StateChangeReason"].split(":")[0]), ("FAILED", "PERMISSION_DENIED"), "without the lists")
    lists = [(["s3:GetBucketLocation", "s3:ListBucket"], f"arn:aws:s3:::{LISTS}"), ("s3:GetObject", f"arn:aws:s3:::{LISTS}/*")]
    allow(work, output, table, *lists)
    found = ran(client, ask)["Status"]
    expect((found["State"], found["StateChangeReason"].split(":")[0]), ("FAILED", "Access denied when writing output to url"), "without the output")
    allow(work, output, table, *lists, ("s3:PutObject", f"arn:aws:s3:::{OUTPUT}/*"))
    query = start(client, ask)
    expect(ended(client, query)["Status"]["State"], "SUCCEEDED", "with all of it")
    refused(BAD, None, client.get_query_results, QueryExecutionId=query)
    allow(work, output, table, *lists, (["s3:PutObject", "s3:GetObject"], f"arn:aws:s3:::{OUTPUT}/*"))
    expect(client.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"][1]["Data"], [{"VarCharValue": "1500"}], "a count")


def main():
    s3 = session(SOURCE).client("s3", config=ONCE)
    create_bucket(s3, LISTS, SOURCE)
    create_bucket(s3, OUTPUT, SOURCE)
    client = athena()
    what_nobody_executes_is_queued(client)
    what_is_wrong_is_refused(client)
    attach()
    a_table_is_made_read_and_dropped(client, s3)
    callers_need_what_they_use(s3)
    calls = {call["operation"] for call in control("GET", "calls") if call["service"] == "athena"}
    expect("StartQueryExecution" in calls and "StopQueryExecution" in calls, True, f"calls: {json.dumps(sorted(calls))}")


main()
