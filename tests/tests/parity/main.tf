# What the spec in ../parity.rs asks for, as Terraform says it; written by hand.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                  = "eu-west-1"
  s3_use_path_style       = true
  skip_metadata_api_check = true
  assume_role { role_arn = "arn:aws:iam::111111111111:role/sandbox" }
}

provider "aws" {
  alias                   = "there"
  region                  = "eu-central-1"
  s3_use_path_style       = true
  skip_metadata_api_check = true
  assume_role { role_arn = "arn:aws:iam::111111111111:role/sandbox" }
}

provider "aws" {
  alias                   = "archive"
  region                  = "eu-central-1"
  s3_use_path_style       = true
  skip_metadata_api_check = true
  assume_role { role_arn = "arn:aws:iam::222222222222:role/sandbox" }
}

locals {
  source      = "arn:aws:s3:::orders-prod"
  destination = "arn:aws:s3:::orders-archive"
  logs        = "arn:aws:s3:::prod-logs"
  role        = "arn:aws:iam::111111111111:role/s3ferry/s3ferry-orders-prod"
  # The SHA-256 of the names in quotes, 16 digits each: `test`, `orders`.
  spec  = "S3FerrySpec${substr(sha256("\"test\""), 0, 16)}"
  sid   = "${local.spec}${substr(sha256("\"orders\""), 0, 16)}Orders"
  rules = { hot = "hot", cold = "cold" }
  here = {
    for rule in keys(local.rules) : "s3ferry/test/orders/${rule}/failed-operations" => {
      rule = rule, metric = "OperationsFailedReplication", statistic = "Sum", periods = 1, above = 0
      says = "Operations failed to replicate, and S3 does not try them again"
    }
  }
  watched = [
    { word = "latency", metric = "ReplicationLatency", periods = 3, above = 600, says = "What is replicated is late" },
    { word = "pending-operations", metric = "OperationsPendingReplication", periods = 6, above = 10000, says = "Many operations wait to be replicated" },
    { word = "pending-bytes", metric = "BytesPendingReplication", periods = 6, above = 107374182400, says = "Many bytes wait to be replicated" },
  ]
  there = { for pair in setproduct(keys(local.rules), local.watched) : "s3ferry/test/orders/${pair[0]}/${pair[1].word}" => merge(pair[1], { rule = pair[0] }) }
}

import {
  to = aws_iam_role.replication
  id = "s3ferry-orders-prod"
}

resource "aws_iam_role" "replication" {
  name        = "s3ferry-orders-prod"
  path        = "/s3ferry/"
  description = "Assumed by S3 to replicate objects. s3ferry spec: test."
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "s3.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
  tags = {
    "s3ferry:spec"                       = "test"
    "s3ferry:source:orders-prod"         = "eu-west-1"
    "s3ferry:destination:orders-archive" = "222222222222/eu-central-1"
    "s3ferry:logs:prod-logs"             = "111111111111/eu-west-1"
    "s3ferry:events:orders-prod"         = "eu-west-1"
    "s3ferry:alarms:eu-west-1"           = "111111111111"
    "s3ferry:alarms:eu-central-1"        = "111111111111"
  }
}

import {
  to = aws_iam_role_policy.replication
  id = "s3ferry-orders-prod:s3ferry"
}

resource "aws_iam_role_policy" "replication" {
  role = aws_iam_role.replication.name
  name = "s3ferry"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "SourceBucket${local.spec}", Effect = "Allow", Action = ["s3:GetReplicationConfiguration", "s3:ListBucket"], Resource = local.source },
      {
        Sid    = "SourceObjects${local.spec}"
        Effect = "Allow"
        Action = [
          "s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging",
          "s3:GetObjectVersionAnnotationForReplication",
        ]
        Resource = ["${local.source}/cold/*", "${local.source}/hot/*"]
      },
      { Sid = "ReplicaObjects${local.spec}", Effect = "Allow", Action = ["s3:ReplicateObject", "s3:ReplicateTags"], Resource = "${local.destination}/hot/*" },
      {
        Sid      = "ReplicaObjectsDeletes${local.spec}"
        Effect   = "Allow"
        Action   = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]
        Resource = "${local.destination}/cold/*"
      },
    ]
  })
}

import {
  to = aws_s3_bucket_versioning.source
  id = "orders-prod"
}

resource "aws_s3_bucket_versioning" "source" {
  bucket = "orders-prod"
  versioning_configuration { status = "Enabled" }
}

import {
  to = aws_s3_bucket_replication_configuration.pair
  id = "orders-prod"
}

resource "aws_s3_bucket_replication_configuration" "pair" {
  bucket = "orders-prod"
  role   = local.role
  rule {
    id       = "s3ferry/test/orders/hot"
    priority = 20
    status   = "Enabled"
    filter {
      and {
        prefix = "hot/"
        tags   = { keep = "yes" }
      }
    }
    delete_marker_replication { status = "Disabled" }
    destination {
      bucket        = local.destination
      account       = "222222222222"
      storage_class = "STANDARD_IA"
      replication_time {
        status = "Enabled"
        time { minutes = 15 }
      }
      metrics {
        status = "Enabled"
        event_threshold { minutes = 15 }
      }
    }
  }
  rule {
    id       = "s3ferry/test/orders/cold"
    priority = 10
    status   = "Disabled"
    filter { prefix = "cold/" }
    delete_marker_replication { status = "Enabled" }
    destination {
      bucket  = local.destination
      account = "222222222222"
      metrics { status = "Enabled" }
    }
  }
}

import {
  to = aws_s3_bucket.archive
  id = "orders-archive"
}

resource "aws_s3_bucket" "archive" {
  provider = aws.archive
  bucket   = "orders-archive"
  tags     = { "s3ferry:spec" = "test" }
}

import {
  to = aws_s3_bucket_versioning.archive
  id = "orders-archive"
}

resource "aws_s3_bucket_versioning" "archive" {
  provider = aws.archive
  bucket   = "orders-archive"
  versioning_configuration { status = "Enabled" }
}

import {
  to = aws_s3_bucket_server_side_encryption_configuration.archive
  id = "orders-archive"
}

resource "aws_s3_bucket_server_side_encryption_configuration" "archive" {
  provider = aws.archive
  bucket   = "orders-archive"
  rule {
    apply_server_side_encryption_by_default { sse_algorithm = "AES256" }
    bucket_key_enabled = false
  }
}

import {
  to = aws_s3_bucket_ownership_controls.archive
  id = "orders-archive"
}

resource "aws_s3_bucket_ownership_controls" "archive" {
  provider = aws.archive
  bucket   = "orders-archive"
  rule { object_ownership = "BucketOwnerEnforced" }
}

import {
  to = aws_s3_bucket_public_access_block.archive
  id = "orders-archive"
}

resource "aws_s3_bucket_public_access_block" "archive" {
  provider                = aws.archive
  bucket                  = "orders-archive"
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

import {
  to = aws_s3_bucket_policy.archive
  id = "orders-archive"
}

resource "aws_s3_bucket_policy" "archive" {
  provider = aws.archive
  bucket   = "orders-archive"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "${local.sid}Objects", Effect = "Allow", Principal = { AWS = local.role }, Action = ["s3:ReplicateObject", "s3:ReplicateTags"], Resource = "${local.destination}/hot/*" },
      {
        Sid       = "${local.sid}ObjectsDeletes"
        Effect    = "Allow"
        Principal = { AWS = local.role }
        Action    = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]
        Resource  = "${local.destination}/cold/*"
      },
    ]
  })
}

import {
  for_each = local.here
  to       = aws_cloudwatch_metric_alarm.here[each.key]
  id       = each.key
}

resource "aws_cloudwatch_metric_alarm" "here" {
  for_each            = local.here
  alarm_name          = each.key
  alarm_description   = "${each.value.says}: rule ${each.value.rule} of migration orders, from orders-prod to orders-archive. s3ferry spec: test."
  namespace           = "AWS/S3"
  metric_name         = each.value.metric
  statistic           = each.value.statistic
  period              = 300
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.periods
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  treat_missing_data  = "ignore"
  alarm_actions       = ["arn:aws:sns:eu-west-1:111111111111:ops"]
  dimensions          = { SourceBucket = "orders-prod", DestinationBucket = "orders-archive", RuleId = "s3ferry/test/orders/${each.value.rule}" }
  tags                = { "s3ferry:spec" = "test" }
}

import {
  for_each = local.there
  provider = aws.there
  to       = aws_cloudwatch_metric_alarm.there[each.key]
  id       = each.key
}

resource "aws_cloudwatch_metric_alarm" "there" {
  provider            = aws.there
  for_each            = local.there
  alarm_name          = each.key
  alarm_description   = "${each.value.says}: rule ${each.value.rule} of migration orders, from orders-prod to orders-archive. s3ferry spec: test."
  namespace           = "AWS/S3"
  metric_name         = each.value.metric
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.periods
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  treat_missing_data  = "ignore"
  dimensions          = { SourceBucket = "orders-prod", DestinationBucket = "orders-archive", RuleId = "s3ferry/test/orders/${each.value.rule}" }
  tags                = { "s3ferry:spec" = "test" }
}

import {
  to = aws_s3_bucket_logging.source
  id = "orders-prod"
}

resource "aws_s3_bucket_logging" "source" {
  bucket        = "orders-prod"
  target_bucket = "prod-logs"
  target_prefix = "s3/orders/"
  target_object_key_format {
    simple_prefix {}
  }
}

import {
  to = aws_s3_bucket_inventory.source
  id = "orders-prod:s3ferry-test"
}

resource "aws_s3_bucket_inventory" "source" {
  bucket                   = "orders-prod"
  name                     = "s3ferry-test"
  included_object_versions = "All"
  optional_fields = [
    "BucketKeyStatus", "ChecksumAlgorithm", "ETag", "EncryptionStatus", "IsMultipartUploaded", "LastModifiedDate",
    "ObjectLockLegalHoldStatus", "ObjectLockMode", "ObjectLockRetainUntilDate", "ReplicationStatus", "Size", "StorageClass",
  ]
  schedule { frequency = "Daily" }
  destination {
    bucket {
      account_id = "111111111111"
      bucket_arn = local.logs
      format     = "CSV"
      prefix     = "lists"
    }
  }
}

import {
  to = aws_s3_bucket_policy.logs
  id = "prod-logs"
}

resource "aws_s3_bucket_policy" "logs" {
  bucket = "prod-logs"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "${local.sid}SourceAccessLogs"
        Effect    = "Allow"
        Principal = { Service = "logging.s3.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${local.logs}/s3/orders/*"
        Condition = { ArnLike = { "aws:SourceArn" = local.source }, StringEquals = { "aws:SourceAccount" = "111111111111" } }
      },
      {
        Sid       = "${local.sid}SourceInventory"
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${local.logs}/lists/orders-prod/s3ferry-test/*"
        Condition = {
          ArnLike      = { "aws:SourceArn" = local.source }
          StringEquals = { "aws:SourceAccount" = "111111111111", "s3:x-amz-acl" = "bucket-owner-full-control" }
        }
      },
    ]
  })
}

import {
  to = aws_s3_bucket_notification.source
  id = "orders-prod"
}

resource "aws_s3_bucket_notification" "source" {
  bucket = "orders-prod"
  queue {
    id        = "s3ferry-test"
    queue_arn = "arn:aws:sqs:eu-west-1:111111111111:failures"
    events    = ["s3:Replication:OperationFailedReplication"]
  }
}
