//! A replication configuration as S3 stores it, parsed from its XML.
//!
//! Parsing checks the schema only; [`crate::s3::replication::admission`] checks what S3 admits.

use crate::s3::xml::Element;

/// A bucket's replication configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Configuration {
    pub(crate) role: String,
    pub(crate) rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) id: Option<String>,
    pub(crate) priority: Option<i64>,
    /// V1 only.
    pub(crate) prefix: Option<String>,
    /// V2 only.
    pub(crate) filter: Option<Filter>,
    pub(crate) enabled: bool,
    pub(crate) delete_markers: Option<bool>,
    pub(crate) criteria: Option<Criteria>,
    pub(crate) destination: Destination,
}

/// Which objects a V2 rule covers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) prefix: String,
    pub(crate) tags: Vec<(String, String)>,
}

/// `SourceSelectionCriteria`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Criteria {
    pub(crate) kms: Option<bool>,
    pub(crate) replica_modifications: Option<bool>,
}

/// Where replicas go and how they are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Destination {
    /// ARN.
    pub(crate) bucket: String,
    pub(crate) account: Option<String>,
    pub(crate) storage_class: Option<String>,
    /// `AccessControlTranslation.Owner` is `Destination`.
    pub(crate) owner_override: bool,
    /// `EncryptionConfiguration`, with its key where named.
    pub(crate) encryption: Option<Option<String>>,
    pub(crate) time: Option<TimeControl>,
    pub(crate) metrics: Option<Metrics>,
}

/// `ReplicationTime`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeControl {
    pub(crate) enabled: bool,
    pub(crate) minutes: Option<i64>,
}

/// `Metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Metrics {
    pub(crate) enabled: bool,
    /// `EventThreshold`, with its minutes where given.
    pub(crate) threshold: Option<Option<i64>>,
}

/// The document does not follow the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SchemaViolation;

type Parsed<T> = Result<T, SchemaViolation>;

impl Configuration {
    /// Reads a configuration.
    pub(crate) fn parse(root: &Element) -> Parsed<Self> {
        ensure(root.name == "ReplicationConfiguration" && root.has_only(&["Role"], &["Rule"]))?;
        let role = root.text_of("Role").ok_or(SchemaViolation)?.to_owned();
        let rules: Vec<Rule> = root
            .children_named("Rule")
            .map(rule)
            .collect::<Parsed<_>>()?;
        ensure(!rules.is_empty() && rules.len() <= 1000)?;
        Ok(Self { role, rules })
    }

    /// Says whether S3 treats it as the first schema version: a rule lacks `Filter`
    /// (UG:replication-add-config "Backward compatibility"; mixed ones: EMU-A, unverified).
    pub(crate) fn is_v1(&self) -> bool {
        self.rules.iter().any(|rule| rule.filter.is_none())
    }
}

impl Rule {
    /// Returns the prefix it covers; empty for all.
    pub(crate) fn covered_prefix(&self) -> &str {
        let filter = self.filter.as_ref().map(|filter| filter.prefix.as_str());
        filter.or(self.prefix.as_deref()).unwrap_or_default()
    }

    /// Returns the name of the destination bucket.
    pub(crate) fn destination_bucket(&self) -> &str {
        self.destination
            .bucket
            .rsplit(":::")
            .next()
            .unwrap_or_default()
    }
}

const RULE: [&str; 8] = [
    "ID",
    "Priority",
    "Prefix",
    "Filter",
    "Status",
    "SourceSelectionCriteria",
    // `ExistingObjectReplication` is not here: S3 answers MalformedXML to it
    // (GH:hashicorp/terraform-provider-aws#43746).
    "Destination",
    "DeleteMarkerReplication",
];

fn rule(element: &Element) -> Parsed<Rule> {
    ensure(element.has_only(&RULE, &[]))?;
    let destination = element.child("Destination").ok_or(SchemaViolation)?;
    let markers = element.child("DeleteMarkerReplication").map(|markers| {
        ensure(markers.has_only(&["Status"], &[]))?;
        status(markers)
    });
    Ok(Rule {
        id: element.text_of("ID").map(str::to_owned),
        priority: element.text_of("Priority").map(number).transpose()?,
        prefix: element.text_of("Prefix").map(str::to_owned),
        filter: element.child("Filter").map(filter).transpose()?,
        enabled: status(element)?,
        delete_markers: markers.transpose()?,
        criteria: element
            .child("SourceSelectionCriteria")
            .map(criteria)
            .transpose()?,
        destination: self::destination(destination)?,
    })
}

/// "A Filter must specify exactly one Prefix, Tag, or And child element" (BC:s3); an empty one
/// is taken and means all objects (UG:replication-add-config).
fn filter(element: &Element) -> Parsed<Filter> {
    ensure(element.has_only(&["Prefix", "Tag", "And"], &[]) && element.children.len() <= 1)?;
    let mut filter = Filter {
        prefix: element.text_of("Prefix").unwrap_or_default().to_owned(),
        tags: element
            .children_named("Tag")
            .map(tag)
            .collect::<Parsed<_>>()?,
    };
    if let Some(and) = element.child("And") {
        ensure(and.has_only(&["Prefix"], &["Tag"]) && and.children.len() >= 2)?;
        filter.prefix = and.text_of("Prefix").unwrap_or_default().to_owned();
        filter.tags = and.children_named("Tag").map(tag).collect::<Parsed<_>>()?;
    }
    Ok(filter)
}

fn tag(element: &Element) -> Parsed<(String, String)> {
    ensure(element.has_only(&["Key", "Value"], &[]))?;
    let part = |name| {
        element
            .text_of(name)
            .map(str::to_owned)
            .ok_or(SchemaViolation)
    };
    Ok((part("Key")?, part("Value")?))
}

fn criteria(element: &Element) -> Parsed<Criteria> {
    ensure(element.has_only(&["SseKmsEncryptedObjects", "ReplicaModifications"], &[]))?;
    Ok(Criteria {
        kms: element
            .child("SseKmsEncryptedObjects")
            .map(status)
            .transpose()?,
        replica_modifications: element
            .child("ReplicaModifications")
            .map(status)
            .transpose()?,
    })
}

const DESTINATION: [&str; 7] = [
    "Bucket",
    "Account",
    "StorageClass",
    "AccessControlTranslation",
    "EncryptionConfiguration",
    "ReplicationTime",
    "Metrics",
];

fn destination(element: &Element) -> Parsed<Destination> {
    ensure(element.has_only(&DESTINATION, &[]))?;
    let text = |name| element.text_of(name).map(str::to_owned);
    let translation = element.child("AccessControlTranslation");
    if let Some(translation) = translation {
        ensure(translation.text_of("Owner") == Some("Destination"))?;
    }
    let encryption = element.child("EncryptionConfiguration");
    let key = |encryption: &Element| encryption.text_of("ReplicaKmsKeyID").map(str::to_owned);
    Ok(Destination {
        bucket: text("Bucket").ok_or(SchemaViolation)?,
        account: text("Account"),
        storage_class: text("StorageClass"),
        owner_override: translation.is_some(),
        encryption: encryption.map(key),
        time: element.child("ReplicationTime").map(time).transpose()?,
        metrics: element.child("Metrics").map(metrics).transpose()?,
    })
}

fn time(element: &Element) -> Parsed<TimeControl> {
    ensure(element.has_only(&["Status", "Time"], &[]))?;
    let time = element.child("Time").ok_or(SchemaViolation)?;
    Ok(TimeControl {
        enabled: status(element)?,
        minutes: minutes(time)?,
    })
}

fn metrics(element: &Element) -> Parsed<Metrics> {
    ensure(element.has_only(&["Status", "EventThreshold"], &[]))?;
    let threshold = element.child("EventThreshold").map(minutes).transpose()?;
    Ok(Metrics {
        enabled: status(element)?,
        threshold,
    })
}

fn minutes(element: &Element) -> Parsed<Option<i64>> {
    ensure(element.has_only(&["Minutes"], &[]))?;
    element.text_of("Minutes").map(number).transpose()
}

fn status(element: &Element) -> Parsed<bool> {
    match element.text_of("Status") {
        Some("Enabled") => Ok(true),
        Some("Disabled") => Ok(false),
        _ => Err(SchemaViolation),
    }
}

fn number(text: &str) -> Parsed<i64> {
    text.trim().parse().map_err(|_| SchemaViolation)
}

fn ensure(holds: bool) -> Parsed<()> {
    if holds { Ok(()) } else { Err(SchemaViolation) }
}
