"""What the judges of CloudWatch share: a client in each of the protocols that AWS serves it in. Not a judge itself."""

import gzip
import json
import pathlib
import tempfile

import boto3
import botocore
from s3_world import ONCE, REGION, SOURCE, session

MODEL = "cloudwatch/2010-08-01/service-2.json"
PROTOCOLS = ["smithy-rpc-v2-cbor", "json", "query"]


def model():
    path = pathlib.Path(botocore.__file__).parent / "data" / MODEL
    if path.exists():
        return json.loads(path.read_text())
    return json.loads(gzip.decompress(pathlib.Path(f"{path}.gz").read_bytes()))


def client(protocol, account=SOURCE, role="sandbox", region=None):
    """Returns a client that speaks this protocol: boto3 itself takes the first of those that the model lists."""
    definition = model()
    if not set(PROTOCOLS) <= set(definition["metadata"]["protocols"]):
        raise SystemExit(f"AWS serves other protocols by now: {definition['metadata']}")
    definition["metadata"].update(protocol=protocol, protocols=[protocol])
    credentials = session(account, role).get_credentials()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, MODEL)
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(definition))
        inner = botocore.session.Session()
        inner.set_config_variable("data_path", folder)
        made = boto3.Session(
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret_key,
            aws_session_token=credentials.token,
            region_name=region or REGION[account],
            botocore_session=inner,
        )
        made = made.client("cloudwatch", config=ONCE)
    if made.meta.service_model.protocol != protocol:
        raise SystemExit(f"the client does not speak {protocol}")
    return made


def alarm(name, **more):
    """What PutMetricAlarm is given for an alarm on failed operations of a rule."""
    base = {
        "AlarmName": name,
        "Namespace": "AWS/S3",
        "MetricName": "OperationsFailedReplication",
        "Dimensions": [
            {"Name": "SourceBucket", "Value": "orders"},
            {"Name": "DestinationBucket", "Value": "archive"},
            {"Name": "RuleId", "Value": "all"},
        ],
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 0.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "ignore",
    }
    return {key: value for key, value in {**base, **more}.items() if value is not None}
