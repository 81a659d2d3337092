# Bucket pairs that replicate from one account to another, as Terraform's AWS provider has them: the same things, field by
# field, as s3ferry makes of tests/bench/terraform.py's spec. `pairs = 0` leaves the start-up.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

variable "pairs" {
  type = number
}

# Whether the source buckets are there before ("given"), or are things of Terraform's, too ("made").
variable "sources" {
  type = string
}

provider "aws" {
  alias             = "prod"
  region            = "eu-west-1"
  s3_use_path_style = true
  assume_role {
    role_arn = "arn:aws:iam::111111111111:role/sandbox"
  }
}

provider "aws" {
  alias             = "archive"
  region            = "eu-central-1"
  s3_use_path_style = true
  assume_role {
    role_arn = "arn:aws:iam::222222222222:role/sandbox"
  }
}

locals {
  source      = [for number in range(var.pairs) : "terraform-${number}-prod"]
  destination = [for number in range(var.pairs) : "terraform-${number}-archive"]
  ours        = { "made-by" = "terraform" }
}

resource "aws_s3_bucket" "source" {
  provider = aws.prod
  count    = var.sources == "made" ? var.pairs : 0
  bucket   = local.source[count.index]
}

resource "aws_s3_bucket_versioning" "source" {
  provider   = aws.prod
  count      = var.pairs
  bucket     = local.source[count.index]
  depends_on = [aws_s3_bucket.source]
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket" "destination" {
  provider = aws.archive
  count    = var.pairs
  bucket   = local.destination[count.index]
  tags     = local.ours
}

resource "aws_s3_bucket_versioning" "destination" {
  provider = aws.archive
  count    = var.pairs
  bucket   = aws_s3_bucket.destination[count.index].id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_ownership_controls" "destination" {
  provider = aws.archive
  count    = var.pairs
  bucket   = aws_s3_bucket.destination[count.index].id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "destination" {
  provider                = aws.archive
  count                   = var.pairs
  bucket                  = aws_s3_bucket.destination[count.index].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "destination" {
  provider = aws.archive
  count    = var.pairs
  bucket   = aws_s3_bucket.destination[count.index].id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_iam_role" "replication" {
  provider    = aws.prod
  count       = var.pairs
  name        = "terraform-${count.index}"
  path        = "/terraform/"
  description = "Replicates ${local.source[count.index]}"
  tags = merge(local.ours, {
    "source:${local.source[count.index]}"           = "eu-west-1"
    "destination:${local.destination[count.index]}" = "222222222222/eu-central-1"
  })
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "s3.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "replication" {
  provider = aws.prod
  count    = var.pairs
  name     = "replication"
  role     = aws_iam_role.replication[count.index].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
        Resource = "arn:aws:s3:::${local.source[count.index]}"
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging", "s3:GetObjectVersionAnnotationForReplication"]
        Resource = "arn:aws:s3:::${local.source[count.index]}/*"
      },
      {
        Effect   = "Allow"
        Action   = ["s3:ReplicateObject", "s3:ReplicateTags"]
        Resource = "${aws_s3_bucket.destination[count.index].arn}/*"
      },
    ]
  })
}

resource "aws_s3_bucket_policy" "destination" {
  provider   = aws.archive
  count      = var.pairs
  bucket     = aws_s3_bucket.destination[count.index].id
  depends_on = [aws_s3_bucket_public_access_block.destination]
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Replicate"
      Effect    = "Allow"
      Principal = { AWS = aws_iam_role.replication[count.index].arn }
      Action    = ["s3:ReplicateObject", "s3:ReplicateTags"]
      Resource  = "${aws_s3_bucket.destination[count.index].arn}/*"
    }]
  })
}

resource "aws_s3_bucket_replication_configuration" "source" {
  provider   = aws.prod
  count      = var.pairs
  bucket     = local.source[count.index]
  role       = aws_iam_role.replication[count.index].arn
  depends_on = [aws_s3_bucket_versioning.source, aws_s3_bucket_versioning.destination, aws_s3_bucket_policy.destination, aws_iam_role_policy.replication]

  rule {
    id       = "everything"
    priority = 10
    status   = "Enabled"
    filter {
      prefix = ""
    }
    delete_marker_replication {
      status = "Disabled"
    }
    destination {
      bucket  = aws_s3_bucket.destination[count.index].arn
      account = "222222222222"
      metrics {
        status = "Enabled"
      }
    }
  }
}
