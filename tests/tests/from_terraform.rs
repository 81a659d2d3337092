//! A Terraform user's way over (`docs/from-terraform.md`): Terraform makes a pair, import writes the spec, an apply takes it over
//! while objects are written, Terraform forgets, and both plan no change.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use s3ferry_tests::terraform::Terraform;
use s3ferry_tests::world::World;

/// The buckets, which stay Terraform's.
const BUCKETS: &str = r#"
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
  alias                   = "archive"
  region                  = "eu-central-1"
  s3_use_path_style       = true
  skip_metadata_api_check = true
  assume_role { role_arn = "arn:aws:iam::222222222222:role/sandbox" }
}

resource "aws_s3_bucket" "orders" {
  bucket = "orders-prod"
  tags   = { team = "orders" }
}

resource "aws_s3_bucket" "archive" {
  provider = aws.archive
  bucket   = "orders-archive"
}

resource "aws_s3_bucket_versioning" "orders" {
  bucket = aws_s3_bucket.orders.id
  versioning_configuration { status = "Enabled" }
}

resource "aws_s3_bucket_versioning" "archive" {
  provider = aws.archive
  bucket   = aws_s3_bucket.archive.id
  versioning_configuration { status = "Enabled" }
}
"#;

/// What becomes s3ferry's.
const REPLICATION: &str = r#"
resource "aws_iam_role" "replication" {
  name = "orders-replication"
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
      { Effect = "Allow", Action = ["s3:GetReplicationConfiguration", "s3:ListBucket"], Resource = aws_s3_bucket.orders.arn },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"]
        Resource = "${aws_s3_bucket.orders.arn}/*"
      },
      {
        Effect   = "Allow"
        Action   = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]
        Resource = "${aws_s3_bucket.archive.arn}/*"
      },
    ]
  })
}

resource "aws_s3_bucket_policy" "archive" {
  provider = aws.archive
  bucket   = aws_s3_bucket.archive.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Replicas"
      Effect    = "Allow"
      Principal = { AWS = aws_iam_role.replication.arn }
      Action    = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]
      Resource  = "${aws_s3_bucket.archive.arn}/*"
    }]
  })
}

resource "aws_s3_bucket_replication_configuration" "orders" {
  role   = aws_iam_role.replication.arn
  bucket = aws_s3_bucket.orders.id
  rule {
    id       = "everything"
    priority = 1
    status   = "Enabled"
    filter {}
    delete_marker_replication { status = "Enabled" }
    destination { bucket = aws_s3_bucket.archive.arn }
  }
  depends_on = [aws_s3_bucket_versioning.orders, aws_s3_bucket_versioning.archive]
}
"#;

/// What takes the place of that in Terraform, as `docs/from-terraform.md` has it.
const REMOVED: &str = r#"
removed {
  from = aws_s3_bucket_replication_configuration.orders
  lifecycle { destroy = false }
}

removed {
  from = aws_iam_role.replication
  lifecycle { destroy = false }
}

removed {
  from = aws_iam_role_policy.replication
  lifecycle { destroy = false }
}

removed {
  from = aws_s3_bucket_policy.archive
  lifecycle { destroy = false }
}
"#;

/// Sees that a plan is empty: its status would be 2.
fn must_be_settled(terraform: &Terraform) {
    terraform.expect(0, &["plan", "-input=false", "-detailed-exitcode"]);
}

/// Writes objects until it is told to stop, and gives their keys.
fn write_objects(world: &World, stop: &AtomicBool) -> Vec<String> {
    let source = world.source();
    let mut keys = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let key = format!("{:04}", keys.len());
        source.put_object("orders-prod", &key, &[]);
        keys.push(key);
        std::thread::sleep(Duration::from_millis(50));
    }
    keys
}

#[test]
fn a_pair_of_terraforms_becomes_s3ferrys_without_an_object_that_fails() {
    let world = World::new("  {}\n");
    let configuration = [BUCKETS, REPLICATION].concat();
    let Some(terraform) = Terraform::new(&world, &configuration) else {
        return;
    };
    terraform.expect(0, &["apply", "-auto-approve", "-input=false"]);
    must_be_settled(&terraform);

    let import = [
        "import",
        "--source",
        "111111111111:orders-prod",
        "--assume-role",
        "111111111111=arn:aws:iam::111111111111:role/sandbox",
        "--assume-role",
        "222222222222=arn:aws:iam::222222222222:role/sandbox",
        "--out",
        "s3ferry.yaml",
    ];
    let imported = world.expect(0, &import);
    assert!(
        imported
            .err
            .contains("each by what guards.adopt takes over"),
        "{}",
        imported.said()
    );

    // Objects are written all the while.
    let stop = AtomicBool::new(false);
    let keys = std::thread::scope(|scope| {
        let writing = scope.spawn(|| write_objects(&world, &stop));
        world.expect(0, &["apply", "--yes", "s3ferry.yaml"]);
        stop.store(true, Ordering::Relaxed);
        writing.join().expect("objects can be written")
    });
    world.settle();
    assert!(keys.len() > 5, "{keys:?}");
    let replicas = world.buckets("/orders-archive/objects");
    let missing: Vec<&String> = keys
        .iter()
        .filter(|key| replicas.get(key.as_str()).is_none())
        .collect();
    assert!(
        missing.is_empty(),
        "{missing:?} of {} did not arrive",
        keys.len()
    );

    terraform.write(&[BUCKETS, REMOVED].concat());
    let forgotten = terraform.expect(0, &["apply", "-auto-approve", "-input=false"]);
    assert!(
        forgotten.contains("0 added, 0 changed, 0 destroyed"),
        "{forgotten}"
    );
    terraform.write(BUCKETS);
    must_be_settled(&terraform);

    // The line that handed things over has done its work.
    let path = world.folder().join("s3ferry.yaml");
    let spec = fs::read_to_string(&path).expect("the spec");
    let (before, rest) = spec.split_once("# - what the first apply").expect("guards");
    let (_, after) = rest.split_once("\nmigrations:").expect("migrations");
    fs::write(&path, format!("{before}migrations:{after}")).expect("the disk has room");
    world.expect(0, &["plan", "--detailed-exitcode", "s3ferry.yaml"]);
    must_be_settled(&terraform);
}
