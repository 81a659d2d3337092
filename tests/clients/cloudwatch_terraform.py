"""Judges CloudWatch and SNS with Terraform's AWS provider: made, planned without changes, changed, planned without changes, destroyed.

Where Terraform or its provider is missing, this says "skipped" and ends with status 0. Takes endpoint and root credentials of account
111111111111 from the environment.
"""

import os
import pathlib
import shutil
import tempfile

from s3_terraform import mirror, terraform

CONFIGURATION = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                  = "eu-west-1"
  skip_metadata_api_check = true
  assume_role { role_arn = "arn:aws:iam::111111111111:role/sandbox" }
}

resource "aws_kms_key" "alerts" {
  deletion_window_in_days = 7
}

resource "aws_sns_topic" "alerts" {
  name              = "judge-terraform"
  display_name      = "DISPLAY"
  kms_master_key_id = aws_kms_key.alerts.arn
  tags              = { team = "TEAM" }
}

resource "aws_sns_topic_policy" "alerts" {
  arn = aws_sns_topic.alerts.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Alarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alerts.arn
        Condition = { StringEquals = { "aws:SourceAccount" = "111111111111" } }
      },
      {
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111111111111:root" }
        Action    = ["sns:Subscribe", "sns:GetTopicAttributes"]
        Resource  = aws_sns_topic.alerts.arn
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "alerts" {
  topic_arn            = aws_sns_topic.alerts.arn
  protocol             = "sqs"
  endpoint             = "arn:aws:sqs:eu-west-1:111111111111:judge"
  raw_message_delivery = RAW
}

resource "aws_cloudwatch_metric_alarm" "failed" {
  alarm_name          = "judge-terraform-failed"
  alarm_description   = "replication fails"
  namespace           = "AWS/S3"
  metric_name         = "OperationsFailedReplication"
  dimensions          = { SourceBucket = "orders", DestinationBucket = "archive", RuleId = "all" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = THRESHOLD
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "ignore"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
  tags                = { team = "TEAM" }
}

resource "aws_cloudwatch_metric_alarm" "late" {
  alarm_name          = "judge-terraform-late"
  namespace           = "AWS/S3"
  metric_name         = "ReplicationLatency"
  dimensions          = { SourceBucket = "orders", DestinationBucket = "archive", RuleId = "all" }
  extended_statistic  = "p90"
  period              = 60
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  threshold           = 900.5
  comparison_operator = "GreaterThanOrEqualToThreshold"
  actions_enabled     = false
}

resource "aws_cloudwatch_metric_alarm" "share" {
  alarm_name          = "judge-terraform-share"
  evaluation_periods  = 2
  threshold           = 10
  comparison_operator = "GreaterThanThreshold"
  metric_query {
    id          = "e1"
    expression  = "m1 * 100"
    label       = "share"
    return_data = true
  }
  metric_query {
    id = "m1"
    metric {
      namespace   = "AWS/S3"
      metric_name = "OperationsFailedReplication"
      period      = 300
      stat        = "Average"
      dimensions  = { SourceBucket = "orders", DestinationBucket = "archive", RuleId = "all" }
    }
  }
}
"""

FIRST = {"DISPLAY": "Alerts", "TEAM": "x", "RAW": "false", "THRESHOLD": "0"}
SECOND = {"DISPLAY": "Alarms", "TEAM": "y", "RAW": "true", "THRESHOLD": "2.5"}


def main():
    providers = mirror()
    if shutil.which("terraform") is None or providers is None:
        print("skipped: terraform or its AWS provider is not on this machine")
        return
    with tempfile.TemporaryDirectory() as folder:

        def write(values):
            text = CONFIGURATION
            for name, value in values.items():
                text = text.replace(name, value)
            pathlib.Path(folder, "main.tf").write_text(text)

        rc = pathlib.Path(folder, "terraform.rc")
        rc.write_text(f'provider_installation {{\n  filesystem_mirror {{ path = "{providers}" }}\n}}\n')
        environment = dict(os.environ, TF_CLI_CONFIG_FILE=str(rc), CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1")
        environment.pop("AWS_CA_BUNDLE", None)
        write(FIRST)
        terraform(folder, environment, "init")
        applied = terraform(folder, environment, "apply", "-auto-approve")
        if "7 added" not in applied:
            raise SystemExit(f"not all was made:\n{applied}")
        # Status 0 of a detailed plan means no changes; 2 would be changes.
        terraform(folder, environment, "plan", "-detailed-exitcode")
        write(SECOND)
        changed = terraform(folder, environment, "apply", "-auto-approve")
        if "0 added, 3 changed, 0 destroyed" not in changed:
            raise SystemExit(f"not all was changed in place:\n{changed}")
        terraform(folder, environment, "plan", "-detailed-exitcode")
        terraform(folder, environment, "destroy", "-auto-approve")


if __name__ == "__main__":
    main()
