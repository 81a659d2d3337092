"""Judges trails, access logging, inventories and notifications with Terraform's AWS provider: made, planned again without
changes, changed, planned again, destroyed. Skipped, loudly, where Terraform or the provider is missing.
"""

import os
import pathlib
import shutil
import tempfile

from s3_terraform import mirror, terraform

CONFIGURATION = """
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region                  = "eu-west-1"
  s3_use_path_style       = true
  skip_metadata_api_check = true
  assume_role { role_arn = "arn:aws:iam::111111111111:role/sandbox" }
}

locals {
  trails = ["judge-terraform-basic", "judge-terraform-advanced"]
}

resource "aws_s3_bucket" "source" {
  bucket = "judge-terraform-told"
}

resource "aws_s3_bucket" "reports" {
  bucket = "judge-terraform-reports"
}

resource "aws_s3_bucket_policy" "reports" {
  bucket = aws_s3_bucket.reports.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        { Effect = "Allow", Principal = { Service = "cloudtrail.amazonaws.com" }, Action = "s3:GetBucketAcl", Resource = aws_s3_bucket.reports.arn },
        {
          Effect    = "Allow"
          Principal = { Service = "logging.s3.amazonaws.com" }
          Action    = "s3:PutObject"
          Resource  = "${aws_s3_bucket.reports.arn}/log/*"
          Condition = { ArnLike = { "aws:SourceArn" = aws_s3_bucket.source.arn } }
        },
      ],
      [for name in local.trails : {
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.reports.arn}/trail/AWSLogs/111111111111/*"
        Condition = { StringEquals = {
          "aws:SourceArn" = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/${name}"
          "s3:x-amz-acl"  = "bucket-owner-full-control"
        } }
      }],
    )
  })
}

resource "aws_cloudtrail" "basic" {
  name                  = local.trails[0]
  s3_bucket_name        = aws_s3_bucket.reports.id
  s3_key_prefix         = "trail"
  is_multi_region_trail = MULTI
  tags                  = { team = "x" }
  event_selector {
    read_write_type           = "SELECTED"
    include_management_events = true
    data_resource {
      type   = "AWS::S3::Object"
      values = ["${aws_s3_bucket.source.arn}/"]
    }
  }
  depends_on = [aws_s3_bucket_policy.reports]
}

resource "aws_cloudtrail" "advanced" {
  name           = local.trails[1]
  s3_bucket_name = aws_s3_bucket.reports.id
  s3_key_prefix  = "trail"
  advanced_event_selector {
    name = "writes"
    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }
    field_selector {
      field  = "resources.type"
      equals = ["AWS::S3::Object"]
    }
    field_selector {
      field       = "resources.ARN"
      starts_with = ["${aws_s3_bucket.source.arn}/PREFIX"]
    }
    field_selector {
      field  = "readOnly"
      equals = ["false"]
    }
  }
  depends_on = [aws_s3_bucket_policy.reports]
}

resource "aws_s3_bucket_logging" "source" {
  bucket        = aws_s3_bucket.source.id
  target_bucket = aws_s3_bucket.reports.id
  target_prefix = "log/PREFIX"
  target_object_key_format {
    partitioned_prefix { partition_date_source = "EventTime" }
  }
}

resource "aws_s3_bucket_inventory" "source" {
  bucket                   = aws_s3_bucket.source.id
  name                     = "all"
  included_object_versions = "All"
  optional_fields          = ["Size", "ETag", "ReplicationStatus"]
  schedule { frequency = "FREQUENCY" }
  destination {
    bucket {
      format     = "CSV"
      bucket_arn = aws_s3_bucket.reports.arn
      account_id = "111111111111"
      prefix     = "inventory"
    }
  }
}

resource "aws_s3_bucket_notification" "source" {
  bucket = aws_s3_bucket.source.id
  queue {
    queue_arn     = "arn:aws:sqs:eu-west-1:111111111111:judge"
    events        = ["s3:Replication:*", "s3:ObjectCreated:*"]
    filter_prefix = "PREFIX"
  }
}
"""

FIRST = {"MULTI": "false", "SELECTED": "WriteOnly", "PREFIX": "a/", "FREQUENCY": "Daily"}
THEN = {"MULTI": "true", "SELECTED": "All", "PREFIX": "b/", "FREQUENCY": "Weekly"}


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

        def run(*arguments):
            return terraform(folder, environment, *arguments)

        rc = pathlib.Path(folder, "terraform.rc")
        rc.write_text(f'provider_installation {{\n  filesystem_mirror {{ path = "{providers}" }}\n}}\n')
        environment = dict(os.environ, TF_CLI_CONFIG_FILE=str(rc), CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1")
        environment.pop("AWS_CA_BUNDLE", None)
        write(FIRST)
        run("init")
        made = run("apply", "-auto-approve")
        if "8 added" not in made:
            raise SystemExit(f"not all was made:\n{made}")
        # Status 0 of a detailed plan means no changes; 2 would be changes.
        run("plan", "-detailed-exitcode")
        write(THEN)
        changed = run("apply", "-auto-approve")
        if "0 added, 5 changed, 0 destroyed" not in changed:
            raise SystemExit(f"not all was changed in place:\n{changed}")
        run("plan", "-detailed-exitcode")
        run("destroy", "-auto-approve")


if __name__ == "__main__":
    main()
