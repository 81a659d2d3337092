"""Judges the sandbox's IAM and STS with boto3. Takes the endpoint from AWS_ENDPOINT_URL."""

import boto3

sts = boto3.client("sts")
identity = sts.get_caller_identity()
assert identity["Account"] == "111111111111", identity
assert identity["Arn"] == "arn:aws:iam::111111111111:root", identity
print("ok")
