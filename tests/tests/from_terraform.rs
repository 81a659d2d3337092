//! A Terraform user's way over (`docs/from-terraform.md`): Terraform makes a pair, import writes the spec, an apply takes it over
//! while objects are written, Terraform forgets, and both plan no change.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use s3ferry_tests::world::World;

/// The provider's folder in a mirror: it belongs to the machine, and comes from no registry.
const PROVIDER: &str = "registry.terraform.io/hashicorp/aws";

/// The folder of providers that the machine may have.
fn mirror() -> Option<PathBuf> {
    let top = fs::read_dir("/").into_iter().flatten().flatten();
    let plugins = top.map(|folder| folder.path().join("tf-plugins"));
    let mut mirrors = plugins.chain([PathBuf::from("/usr/share/terraform/plugins")]);
    mirrors.find(|folder| folder.join(PROVIDER).is_dir())
}

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

/// Terraform in a folder, against the sandbox of a world.
struct Terraform<'a> {
    world: &'a World,
    folder: PathBuf,
}

impl<'a> Terraform<'a> {
    /// None where the machine has no Terraform, or not its AWS provider.
    fn new(world: &'a World) -> Option<Self> {
        let is_there = Command::new("terraform").arg("version").output().is_ok();
        let mirror = mirror().filter(|_| is_there)?;
        let folder = world.folder().join("terraform");
        fs::create_dir_all(&folder).expect("a folder");
        let rc =
            format!("provider_installation {{\n  filesystem_mirror {{ path = {mirror:?} }}\n}}\n");
        fs::write(folder.join("terraform.rc"), rc).expect("the disk has room");
        Some(Self { world, folder })
    }

    fn write(&self, parts: &[&str]) {
        fs::write(self.folder.join("main.tf"), parts.concat()).expect("the disk has room");
    }

    /// Runs a command, which must end well, and gives what it says.
    fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("terraform");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        let output = command
            .args(arguments)
            .arg("-no-color")
            .current_dir(&self.folder)
            .envs(self.world.sandbox().environment())
            .env("TF_CLI_CONFIG_FILE", self.folder.join("terraform.rc"))
            .env("CHECKPOINT_DISABLE", "1")
            .env("TF_IN_AUTOMATION", "1")
            .output()
            .expect("it was there before");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "terraform {arguments:?}\n{said}\n{errors}"
        );
        said
    }

    /// Sees that a plan is empty: its status would be 2.
    fn must_be_settled(&self) {
        self.run(&["plan", "-input=false", "-detailed-exitcode"]);
    }
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
    let Some(terraform) = Terraform::new(&world) else {
        let _nobody_reads = writeln!(
            std::io::stderr(),
            "skipped: terraform or its AWS provider is not on this machine"
        );
        return;
    };
    terraform.write(&[BUCKETS, REPLICATION]);
    terraform.run(&["init", "-input=false"]);
    terraform.run(&["apply", "-auto-approve", "-input=false"]);
    terraform.must_be_settled();

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

    terraform.write(&[BUCKETS, REMOVED]);
    let forgotten = terraform.run(&["apply", "-auto-approve", "-input=false"]);
    assert!(
        forgotten.contains("0 added, 0 changed, 0 destroyed"),
        "{forgotten}"
    );
    terraform.write(&[BUCKETS]);
    terraform.must_be_settled();

    // The line that handed things over has done its work.
    let path = world.folder().join("s3ferry.yaml");
    let spec = fs::read_to_string(&path).expect("the spec");
    let (before, rest) = spec.split_once("# - what the first apply").expect("guards");
    let (_, after) = rest.split_once("\nmigrations:").expect("migrations");
    fs::write(&path, format!("{before}migrations:{after}")).expect("the disk has room");
    world.expect(0, &["plan", "--detailed-exitcode", "s3ferry.yaml"]);
    terraform.must_be_settled();
}
