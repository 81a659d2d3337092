# Bucket pairs that replicate from one account to another, as Terraform's AWS provider has them: what s3ferry makes of
# tests/bench/terraform.py's spec, without alarms. `count = 0` leaves the start-up.
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

resource "aws_s3_bucket" "source" {
  provider = aws.prod
  count    = var.pairs
  bucket   = "terraform-${count.index}-prod"
}

resource "aws_s3_bucket_versioning" "source" {
  provider = aws.prod
  count    = var.pairs
  bucket   = aws_s3_bucket.source[count.index].id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket" "destination" {
  provider = aws.archive
  count    = var.pairs
  bucket   = "terraform-${count.index}-archive"
}

resource "aws_s3_bucket_versioning" "destination" {
  provider = aws.archive
  count    = var.pairs
  bucket   = aws_s3_bucket.destination[count.index].id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_iam_role" "replication" {
  provider = aws.prod
  count    = var.pairs
  name     = "terraform-${count.index}"
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
        Resource = aws_s3_bucket.source[count.index].arn
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"]
        Resource = "${aws_s3_bucket.source[count.index].arn}/*"
      },
      {
        Effect   = "Allow"
        Action   = ["s3:ReplicateObject", "s3:ReplicateTags", "s3:ObjectOwnerOverrideToBucketOwner"]
        Resource = "${aws_s3_bucket.destination[count.index].arn}/*"
      },
    ]
  })
}

resource "aws_s3_bucket_policy" "destination" {
  provider = aws.archive
  count    = var.pairs
  bucket   = aws_s3_bucket.destination[count.index].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Replicate"
      Effect    = "Allow"
      Principal = { AWS = aws_iam_role.replication[count.index].arn }
      Action    = ["s3:ReplicateObject", "s3:ReplicateTags", "s3:ObjectOwnerOverrideToBucketOwner"]
      Resource  = "${aws_s3_bucket.destination[count.index].arn}/*"
    }]
  })
}

resource "aws_s3_bucket_replication_configuration" "source" {
  provider   = aws.prod
  count      = var.pairs
  bucket     = aws_s3_bucket.source[count.index].id
  role       = aws_iam_role.replication[count.index].arn
  depends_on = [aws_s3_bucket_versioning.source, aws_s3_bucket_versioning.destination, aws_s3_bucket_policy.destination, aws_iam_role_policy.replication]

  rule {
    id     = "everything"
    status = "Enabled"
    filter {
      prefix = ""
    }
    delete_marker_replication {
      status = "Disabled"
    }
    destination {
      bucket  = aws_s3_bucket.destination[count.index].arn
      account = "222222222222"
      access_control_translation {
        owner = "Destination"
      }
    }
  }
}
