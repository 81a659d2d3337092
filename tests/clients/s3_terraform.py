"""Judges S3, IAM and KMS with Terraform's AWS provider: a pair is created, planned again without changes, destroyed.

Terraform and the provider belong to the machine, not to a registry: where they are missing, this says
"skipped" and ends with status 0. Takes endpoint and root credentials of account 111111111111 from the
environment; the sandbox also has account 222222222222.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

FOLDERS = [*pathlib.Path("/").glob("*/tf-plugins"), pathlib.Path("/usr/share/terraform/plugins")]
MIRRORS = [str(folder) for folder in [*FOLDERS, pathlib.Path.home() / ".terraform.d/plugins"]]
PROVIDER = "registry.terraform.io/hashicorp/aws"

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

provider "aws" {
  alias                   = "destination"
  region                  = "eu-central-1"
  s3_use_path_style       = true
  skip_metadata_api_check = true
  assume_role { role_arn = "arn:aws:iam::222222222222:role/sandbox" }
}

resource "aws_s3_bucket" "source" {
  bucket = "judge-terraform-source"
  tags   = { team = "x" }
}

resource "aws_s3_bucket" "destination" {
  provider = aws.destination
  bucket   = "judge-terraform-destination"
}

resource "aws_s3_bucket_versioning" "source" {
  bucket = aws_s3_bucket.source.id
  versioning_configuration { status = "Enabled" }
}

resource "aws_s3_bucket_versioning" "destination" {
  provider = aws.destination
  bucket   = aws_s3_bucket.destination.id
  versioning_configuration { status = "Enabled" }
}

resource "aws_iam_role" "replication" {
  name = "judge-terraform-replication"
  path = "/s3ferry/"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "s3.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "replication" {
  role = aws_iam_role.replication.id
  name = "replication"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["s3:GetReplicationConfiguration", "s3:ListBucket"], Resource = aws_s3_bucket.source.arn },
      { Effect = "Allow", Action = ["s3:ReplicateObject"], Resource = "${aws_s3_bucket.destination.arn}/*" },
    ]
  })
}

resource "aws_iam_policy" "reads" {
  name = "judge-terraform-reads"
  tags = { team = "x" }
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ACTIONS, Resource = "*" }]
  })
}

resource "aws_iam_role_policy_attachment" "reads" {
  role       = aws_iam_role.replication.name
  policy_arn = aws_iam_policy.reads.arn
}

resource "aws_iam_instance_profile" "profile" {
  name = "judge-terraform-profile"
  role = aws_iam_role.replication.name
  tags = { team = "x" }
}

resource "aws_iam_group" "readers" {
  name = "judge-terraform-readers"
}

resource "aws_iam_group_policy" "readers" {
  group  = aws_iam_group.readers.name
  name   = "reads"
  policy = aws_iam_policy.reads.policy
}

resource "aws_iam_group_policy_attachment" "readers" {
  group      = aws_iam_group.readers.name
  policy_arn = aws_iam_policy.reads.arn
}

resource "aws_iam_user" "reader" {
  name = "judge-terraform-reader"
}

resource "aws_iam_user_group_membership" "reader" {
  user   = aws_iam_user.reader.name
  groups = [aws_iam_group.readers.name]
}

resource "aws_s3_bucket_policy" "destination" {
  provider = aws.destination
  bucket   = aws_s3_bucket.destination.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = aws_iam_role.replication.arn }
      Action    = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]
      Resource  = "${aws_s3_bucket.destination.arn}/*"
    }]
  })
}

resource "aws_s3_bucket_replication_configuration" "pair" {
  role   = aws_iam_role.replication.arn
  bucket = aws_s3_bucket.source.id
  rule {
    id       = "everything"
    priority = 1
    status   = "Enabled"
    filter {}
    delete_marker_replication { status = "Enabled" }
    destination {
      bucket = aws_s3_bucket.destination.arn
      metrics { status = "Enabled" }
    }
  }
  depends_on = [aws_s3_bucket_versioning.source, aws_s3_bucket_versioning.destination]
}

resource "aws_kms_key" "destination" {
  provider                = aws.destination
  description             = "replicas"
  deletion_window_in_days = 7
  enable_key_rotation     = true
  tags                    = { team = "x" }
}

resource "aws_kms_alias" "destination" {
  provider      = aws.destination
  name          = "alias/judge-terraform"
  target_key_id = aws_kms_key.destination.key_id
}

resource "aws_kms_key_policy" "destination" {
  provider = aws.destination
  key_id   = aws_kms_key.destination.key_id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Account", Effect = "Allow", Principal = { AWS = "arn:aws:iam::222222222222:root" }, Action = "kms:*", Resource = "*" },
      {
        Sid       = "Replication"
        Effect    = "Allow"
        Principal = { AWS = aws_iam_role.replication.arn }
        Action    = ["kms:Encrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { StringLike = { "kms:ViaService" = "s3.eu-central-1.amazonaws.com" } }
      },
    ]
  })
}

resource "aws_kms_grant" "replication" {
  provider          = aws.destination
  name              = "judge-terraform"
  key_id            = aws_kms_key.destination.key_id
  grantee_principal = aws_iam_role.replication.arn
  operations        = ["Encrypt", "GenerateDataKey"]
  constraints {
    encryption_context_subset = { "aws:s3:arn" = aws_s3_bucket.destination.arn }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "source" {
  bucket = aws_s3_bucket.source.id
  rule {
    id     = "down"
    status = "Enabled"
    filter {}
    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }
    transition {
      days          = 60
      storage_class = "GLACIER"
    }
    noncurrent_version_expiration { noncurrent_days = 90 }
    abort_incomplete_multipart_upload { days_after_initiation = 7 }
  }
  rule {
    id     = "logs"
    status = "Enabled"
    filter {
      and {
        prefix = "logs/"
        tags   = { keep = "no" }
      }
    }
    expiration { days = 10 }
  }
  depends_on = [aws_s3_bucket_versioning.source]
}

resource "aws_s3_bucket_server_side_encryption_configuration" "destination" {
  provider = aws.destination
  bucket   = aws_s3_bucket.destination.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.destination.arn
    }
    bucket_key_enabled = true
  }
}

resource "aws_s3_bucket_public_access_block" "destination" {
  provider                = aws.destination
  bucket                  = aws_s3_bucket.destination.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "destination" {
  provider = aws.destination
  bucket   = aws_s3_bucket.destination.id
  rule { object_ownership = "BucketOwnerEnforced" }
}
"""


def mirror():
    """Returns the folder of providers that holds the AWS one, if there is one."""
    return next((folder for folder in MIRRORS if pathlib.Path(folder, PROVIDER).is_dir()), None)


def terraform(folder, environment, *arguments, status=0):
    command = ["terraform", f"-chdir={folder}", *arguments, "-no-color"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != status:
        raise SystemExit(f"{arguments}: status {done.returncode}, expected {status}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def main():
    providers = mirror()
    if shutil.which("terraform") is None or providers is None:
        print("skipped: terraform or its AWS provider is not on this machine")
        return
    with tempfile.TemporaryDirectory() as folder:
        def write(actions):
            text = CONFIGURATION.replace("ACTIONS", json.dumps(actions))
            pathlib.Path(folder, "main.tf").write_text(text)

        write(["s3:GetObject"])
        rc = pathlib.Path(folder, "terraform.rc")
        rc.write_text(f'provider_installation {{\n  filesystem_mirror {{ path = "{providers}" }}\n}}\n')
        environment = dict(os.environ, TF_CLI_CONFIG_FILE=str(rc), CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1")
        environment.pop("AWS_CA_BUNDLE", None)
        terraform(folder, environment, "init")
        applied = terraform(folder, environment, "apply", "-auto-approve")
        if "24 added" not in applied:
            raise SystemExit(f"not all was made:\n{applied}")
        # Status 0 of a detailed plan means no changes; 2 would be changes.
        terraform(folder, environment, "plan", "-detailed-exitcode")
        # A change of a managed policy is a new version of it.
        write(["s3:GetObject", "s3:PutObject"])
        changed = terraform(folder, environment, "apply", "-auto-approve")
        if "0 added, 2 changed, 0 destroyed" not in changed:
            raise SystemExit(f"policy and group policy were not changed in place:\n{changed}")
        terraform(folder, environment, "plan", "-detailed-exitcode")
        terraform(folder, environment, "destroy", "-auto-approve")


if __name__ == "__main__":
    main()
