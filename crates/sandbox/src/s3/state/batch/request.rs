//! A CreateJob request of S3 Control, parsed from its XML (BC:s3control CreateJobRequest). Parsing checks the schema only.

use std::collections::BTreeMap;

use super::filter::Filter;
use super::reading::{Parsed, Violation, flag, members};
use crate::s3::checksum::{Algorithm, Type};
use crate::s3::xml::Element;

/// Who assumes the role of a job (UG:batch-ops-iam-role-policies).
pub(crate) const SERVICE: &str = "batchoperations.s3.amazonaws.com";

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JobRequest {
    /// As it was sent: DescribeJob shows parts of it, and a request that is repeated must be the same.
    pub(crate) sent: Element,
    pub(crate) token: String,
    pub(crate) confirmation: bool,
    pub(crate) operation: Operation,
    pub(crate) objects: Objects,
    /// None where no report is wanted.
    pub(crate) report: Option<Report>,
    pub(crate) description: Option<String>,
    pub(crate) priority: i64,
    /// ARN.
    pub(crate) role: String,
    pub(crate) tags: BTreeMap<String, String>,
}

/// What is done with every object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operation {
    Replicate,
    Checksum {
        algorithm: Algorithm,
        kind: Type,
    },
    /// One that AWS has and the sandbox has not.
    Other(&'static str),
}

/// Where the list of the objects comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Objects {
    Manifest(Manifest),
    Generator(Box<Generator>),
}

/// A manifest that the caller has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) format: Format,
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) version: Option<String>,
    /// Without quotes.
    pub(crate) etag: String,
}

/// The format of a manifest that the caller has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// With its columns.
    Csv(Vec<Field>),
    Inventory,
}

/// What a column of a manifest holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Ignore,
    Bucket,
    Key,
    VersionId,
}

/// A manifest that S3 makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Generator {
    pub(crate) bucket: String,
    pub(crate) expected_owner: Option<String>,
    pub(crate) filter: Filter,
    /// Where it is written to, if anywhere.
    pub(crate) output: Option<Output>,
}

/// Where a generated manifest goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) bucket: String,
    pub(crate) expected_owner: Option<String>,
    pub(crate) prefix: Option<String>,
    /// The key of SSE-KMS; SSE-S3 without one.
    pub(crate) key: Option<String>,
}

/// The completion report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) bucket: String,
    pub(crate) expected_owner: Option<String>,
    pub(crate) prefix: Option<String>,
    pub(crate) failed_only: bool,
}

const ROOT: [&str; 11] = [
    "ConfirmationRequired",
    "Operation",
    "Report",
    "ClientRequestToken",
    "Manifest",
    "Description",
    "Priority",
    "RoleArn",
    "Tags",
    "ManifestGenerator",
    "AccountId",
];

/// BC:s3control JobOperation, without those that are here.
const OTHERS: [&str; 9] = [
    "LambdaInvoke",
    "S3PutObjectCopy",
    "S3PutObjectAcl",
    "S3PutObjectTagging",
    "S3DeleteObjectTagging",
    "S3InitiateRestoreObject",
    "S3PutObjectLegalHold",
    "S3PutObjectRetention",
    "S3UpdateObjectEncryption",
];

impl JobRequest {
    /// Reads a request.
    pub(crate) fn parse(sent: Element) -> Parsed<Self> {
        ensure(sent.has_only(&ROOT, &[]))?;
        let priority: i64 = text(&sent, "Priority", 10)?
            .parse()
            .map_err(|_| Violation::Schema)?;
        ensure((0..=i64::from(i32::MAX)).contains(&priority))?;
        let description = sent.child("Description");
        let description = description.map(|_| text(&sent, "Description", 256));
        Ok(Self {
            token: text(&sent, "ClientRequestToken", 64)?,
            // "ConfirmationRequired" that is left out counts as true (GH:aws/aws-sdk-go-v2#1814).
            confirmation: flag(&sent, "ConfirmationRequired")?.unwrap_or(true),
            operation: operation(sent.child("Operation").ok_or(Violation::Schema)?)?,
            objects: objects(&sent)?,
            report: report(sent.child("Report").ok_or(Violation::Schema)?)?,
            description: description.transpose()?,
            priority,
            role: text(&sent, "RoleArn", 2048)?,
            tags: tags(&sent)?,
            sent,
        })
    }
}

impl Operation {
    /// As the API names it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Replicate => "S3ReplicateObject",
            Self::Checksum { .. } => "S3ComputeObjectChecksum",
            Self::Other(name) => name,
        }
    }
}

/// Reads the tags of a request; a key that is there twice is none.
pub(crate) fn tags(element: &Element) -> Parsed<BTreeMap<String, String>> {
    let mut tags = BTreeMap::new();
    for member in members(element, "Tags") {
        let key = member.text_of("Key").ok_or(Violation::Schema)?;
        let value = member.text_of("Value").ok_or(Violation::Schema)?;
        ensure((1..=128).contains(&key.chars().count()) && value.chars().count() <= 256)?;
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(Violation::Contradiction);
        }
    }
    Ok(tags)
}

fn operation(element: &Element) -> Parsed<Operation> {
    let [one] = &element.children[..] else {
        return Err(Violation::Contradiction);
    };
    if let Some(name) = OTHERS.into_iter().find(|name| *name == one.name) {
        return Ok(Operation::Other(name));
    }
    match one.name.as_str() {
        "S3ReplicateObject" => Ok(Operation::Replicate),
        "S3ComputeObjectChecksum" => {
            ensure(one.has_only(&["ChecksumAlgorithm", "ChecksumType"], &[]))?;
            let algorithm = one.text_of("ChecksumAlgorithm");
            let kind = one.text_of("ChecksumType");
            Ok(Operation::Checksum {
                // What is left out has the values of S3's own checksums (unverified).
                algorithm: algorithm
                    .map_or(Some(Algorithm::Crc64Nvme), Algorithm::parse)
                    .ok_or(Violation::Schema)?,
                kind: kind
                    .map_or(Some(Type::FullObject), Type::parse)
                    .ok_or(Violation::Schema)?,
            })
        }
        _ => Err(Violation::Schema),
    }
}

/// "Jobs must be created with either a manifest file or a ManifestGenerator, but not both."
fn objects(sent: &Element) -> Parsed<Objects> {
    match (sent.child("Manifest"), sent.child("ManifestGenerator")) {
        (Some(one), None) => Ok(Objects::Manifest(manifest(one)?)),
        (None, Some(one)) => {
            let one = one
                .child("S3JobManifestGenerator")
                .ok_or(Violation::Schema)?;
            Ok(Objects::Generator(Box::new(generator(one)?)))
        }
        _ => Err(Violation::Contradiction),
    }
}

fn manifest(element: &Element) -> Parsed<Manifest> {
    let spec = element.child("Spec").ok_or(Violation::Schema)?;
    let location = element.child("Location").ok_or(Violation::Schema)?;
    let arn = text(location, "ObjectArn", 2000)?;
    let (bucket, key) = bucket_of(&arn)?.split_once('/').ok_or(Violation::Schema)?;
    Ok(Manifest {
        format: match spec.text_of("Format") {
            Some("S3BatchOperations_CSV_20180820") => Format::Csv(fields(spec)?),
            Some("S3InventoryReport_CSV_20161130") => Format::Inventory,
            _ => return Err(Violation::Schema),
        },
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        version: location.text_of("ObjectVersionId").map(str::to_owned),
        etag: text(location, "ETag", 1024)?.trim_matches('"').to_owned(),
    })
}

/// A manifest names bucket and key, each once.
fn fields(spec: &Element) -> Parsed<Vec<Field>> {
    let field = |member: &Element| match member.text.as_str() {
        "Ignore" => Ok(Field::Ignore),
        "Bucket" => Ok(Field::Bucket),
        "Key" => Ok(Field::Key),
        "VersionId" => Ok(Field::VersionId),
        _ => Err(Violation::Schema),
    };
    let fields: Vec<Field> = members(spec, "Fields").map(field).collect::<Parsed<_>>()?;
    let count = |wanted| fields.iter().filter(|field| **field == wanted).count();
    if count(Field::Bucket) == 1 && count(Field::Key) == 1 && count(Field::VersionId) <= 1 {
        Ok(fields)
    } else {
        Err(Violation::Contradiction)
    }
}

const GENERATOR: [&str; 5] = [
    "ExpectedBucketOwner",
    "SourceBucket",
    "ManifestOutputLocation",
    "Filter",
    "EnableManifestOutput",
];

fn generator(element: &Element) -> Parsed<Generator> {
    ensure(element.has_only(&GENERATOR, &[]))?;
    let written = flag(element, "EnableManifestOutput")?.ok_or(Violation::Schema)?;
    let output = element
        .child("ManifestOutputLocation")
        .map(output)
        .transpose()?;
    if written && output.is_none() {
        return Err(Violation::Contradiction);
    }
    let filter = element.child("Filter").map(Filter::parse).transpose()?;
    Ok(Generator {
        bucket: bucket(element, "SourceBucket")?,
        expected_owner: element.text_of("ExpectedBucketOwner").map(str::to_owned),
        filter: filter.unwrap_or_default(),
        output: output.filter(|_| written),
    })
}

fn output(element: &Element) -> Parsed<Output> {
    ensure(element.text_of("ManifestFormat") == Some("S3InventoryReport_CSV_20211130"))?;
    let encryption = element.child("ManifestEncryption");
    let kms = encryption.and_then(|encryption| encryption.child("SSE-KMS"));
    Ok(Output {
        bucket: bucket(element, "Bucket")?,
        expected_owner: element
            .text_of("ExpectedManifestBucketOwner")
            .map(str::to_owned),
        prefix: element.text_of("ManifestPrefix").map(str::to_owned),
        key: kms.map(|kms| text(kms, "KeyId", 2000)).transpose()?,
    })
}

const REPORT: [&str; 6] = [
    "Bucket",
    "Format",
    "Enabled",
    "Prefix",
    "ReportScope",
    "ExpectedBucketOwner",
];

fn report(element: &Element) -> Parsed<Option<Report>> {
    ensure(element.has_only(&REPORT, &[]))?;
    if flag(element, "Enabled")? != Some(true) {
        ensure(element.child("Enabled").is_some())?;
        return Ok(None);
    }
    // "If you request a job-completion report, you must also provide the parameters for the report" (UG:batch-ops-create-job).
    if element.text_of("Format") != Some("Report_CSV_20180820") {
        return Err(Violation::Contradiction);
    }
    Ok(Some(Report {
        bucket: bucket(element, "Bucket").map_err(|_| Violation::Contradiction)?,
        expected_owner: element.text_of("ExpectedBucketOwner").map(str::to_owned),
        prefix: element.text_of("Prefix").map(str::to_owned),
        failed_only: match element.text_of("ReportScope") {
            Some("AllTasks") => false,
            Some("FailedTasksOnly") => true,
            _ => return Err(Violation::Contradiction),
        },
    }))
}

fn bucket(element: &Element, name: &str) -> Parsed<String> {
    let arn = text(element, name, 128)?;
    bucket_of(&arn).map(str::to_owned)
}

fn bucket_of(arn: &str) -> Parsed<&str> {
    let (start, rest) = arn.split_once(":s3:::").ok_or(Violation::Schema)?;
    ensure(start.starts_with("arn:aws") && !rest.is_empty())?;
    Ok(rest)
}

fn text(element: &Element, name: &str, longest: usize) -> Parsed<String> {
    let text = element.text_of(name).ok_or(Violation::Schema)?;
    ensure((1..=longest).contains(&text.chars().count()))?;
    Ok(text.to_owned())
}

fn ensure(holds: bool) -> Parsed<()> {
    if holds {
        Ok(())
    } else {
        Err(Violation::Schema)
    }
}
