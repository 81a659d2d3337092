//! One replication rule as S3 holds it, element by element, and what it means.
//!
//! Presence and absence of every element is kept (BC:s3 ReplicationRule); what two rules *mean* is compared by
//! [`Rule::meaning`], which knows the defaults of domain reference §1.5.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::ids::{BucketName, in_line};

/// `Enabled`, `Disabled`, or a word that this build does not know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// `Enabled`.
    Enabled,
    /// `Disabled`.
    Disabled,
    /// Anything else, kept as it is.
    Other(String),
}

impl Status {
    /// The status as S3 spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::Other(word) => word,
        }
    }

    /// Reads S3's word.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "Enabled" => Self::Enabled,
            "Disabled" => Self::Disabled,
            other => Self::Other(other.to_owned()),
        }
    }

    /// `Enabled` for true.
    #[must_use]
    pub const fn of(enabled: bool) -> Self {
        if enabled {
            Self::Enabled
        } else {
            Self::Disabled
        }
    }
}

/// One rule, element by element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// `ID`; also the `RuleId` dimension of the rule's metrics.
    pub id: Option<String>,
    /// `Priority`: the higher wins among rules with the same destination bucket.
    pub priority: Option<i32>,
    /// `Prefix` directly under the rule: the rule is of schema V1, which replicates delete markers.
    pub legacy_prefix: Option<String>,
    /// `Filter`; present makes the rule V2.
    pub filter: Option<Filter>,
    /// `Status`.
    pub status: Status,
    /// `SourceSelectionCriteria`.
    pub source_selection: Option<SourceSelection>,
    /// `ExistingObjectReplication`, a dead element that S3 no longer takes (domain reference §1.2).
    pub existing_objects: Option<Status>,
    /// `Destination`.
    pub destination: Option<RuleDestination>,
    /// `DeleteMarkerReplication`, with its status where it has one.
    pub delete_markers: Option<Option<Status>>,
}

/// `Filter`: which objects a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// `<Filter/>`: all objects.
    Empty,
    /// `Prefix` alone.
    Prefix(String),
    /// `Tag` alone: key and value.
    Tag(String, String),
    /// `And`.
    And {
        /// `Prefix`.
        prefix: Option<String>,
        /// `Tag`s in the order of the document: key and value.
        tags: Vec<(String, String)>,
    },
}

/// `SourceSelectionCriteria`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSelection {
    /// `SseKmsEncryptedObjects.Status`.
    pub sse_kms: Option<Status>,
    /// `ReplicaModifications.Status`.
    pub replica_modifications: Option<Status>,
}

/// `Destination`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleDestination {
    /// `Bucket`: the ARN.
    pub bucket: String,
    /// `Account`.
    pub account: Option<String>,
    /// `StorageClass`; absent means as in the source.
    pub storage_class: Option<String>,
    /// `AccessControlTranslation.Owner`.
    pub owner_override: Option<String>,
    /// `EncryptionConfiguration`, with its `ReplicaKmsKeyID` where it has one.
    pub replica_key: Option<Option<String>>,
    /// `ReplicationTime`: status and minutes.
    pub replication_time: Option<Timed>,
    /// `Metrics`: status and the event threshold's minutes.
    pub metrics: Option<Timed>,
}

/// A switch with minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed {
    /// `Status`.
    pub status: Status,
    /// `Time.Minutes` or `EventThreshold.Minutes`.
    pub minutes: Option<i32>,
}

/// What a rule does, whatever way it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleMeaning {
    /// Whether the rule is of schema V1.
    pub legacy: bool,
    /// The priority; none under V1.
    pub priority: Option<i32>,
    /// Keys begin with this.
    pub prefix: String,
    /// Objects carry these tags.
    pub tags: BTreeMap<String, String>,
    /// Whether the rule is enabled.
    pub status: Status,
    /// Whether user-made delete markers replicate.
    pub delete_markers: Status,
    /// Whether SSE-KMS objects replicate.
    pub sse_kms: Status,
    /// Whether replica modifications replicate back.
    pub replica_modifications: Status,
    /// The destination; account, class, owner and key matter only where present.
    pub bucket: String,
    /// The destination account as submitted.
    pub account: Option<String>,
    /// The storage class; none means as in the source.
    pub storage_class: Option<String>,
    /// The owner override.
    pub owner_override: Option<String>,
    /// The replica key.
    pub replica_key: Option<String>,
    /// Replication Time Control.
    pub replication_time: Status,
    /// Replication metrics.
    pub metrics: Status,
}

impl Rule {
    /// Whether the rule is of schema V1: a prefix without a filter (UG:replication-add-config).
    #[must_use]
    pub const fn is_legacy(&self) -> bool {
        self.filter.is_none()
    }

    /// What the rule does; two rules with the same meaning are no diff.
    ///
    /// Absent equals `Disabled` for metrics, time control, KMS selection and replica modifications; an absent storage
    /// class stays "as in the source"; tag order and an `And` of one do not matter (domain reference §1.5).
    /// Under V1, delete markers always replicate.
    #[must_use]
    pub fn meaning(&self) -> RuleMeaning {
        let legacy = self.is_legacy();
        let (prefix, tags) = self.selects();
        let switch = |status: Option<&Status>| status.cloned().unwrap_or(Status::Disabled);
        let selection = self.source_selection.as_ref();
        let destination = self.destination.as_ref();
        RuleMeaning {
            legacy,
            priority: self.priority,
            prefix,
            tags,
            status: self.status.clone(),
            delete_markers: if legacy {
                Status::Enabled
            } else {
                switch(self.delete_markers.as_ref().and_then(Option::as_ref))
            },
            sse_kms: switch(selection.and_then(|criteria| criteria.sse_kms.as_ref())),
            replica_modifications: switch(
                selection.and_then(|criteria| criteria.replica_modifications.as_ref()),
            ),
            bucket: destination.map(|to| to.bucket.clone()).unwrap_or_default(),
            account: destination.and_then(|to| to.account.clone()),
            storage_class: destination.and_then(|to| to.storage_class.clone()),
            owner_override: destination.and_then(|to| to.owner_override.clone()),
            replica_key: destination.and_then(|to| to.replica_key.clone().flatten()),
            replication_time: switch(
                destination
                    .and_then(|to| to.replication_time.as_ref())
                    .map(|time| &time.status),
            ),
            metrics: switch(
                destination
                    .and_then(|to| to.metrics.as_ref())
                    .map(|metrics| &metrics.status),
            ),
        }
    }

    /// The bucket that the rule writes to.
    #[must_use]
    pub fn destination_bucket(&self) -> Option<BucketName> {
        let arn = &self.destination.as_ref()?.bucket;
        BucketName::new(arn.rsplit(':').next()?).ok()
    }

    /// The prefix and the tags that an object must have.
    #[must_use]
    pub fn selects(&self) -> (String, BTreeMap<String, String>) {
        match &self.filter {
            None => (
                self.legacy_prefix.clone().unwrap_or_default(),
                BTreeMap::new(),
            ),
            Some(Filter::Empty) => (String::new(), BTreeMap::new()),
            Some(Filter::Prefix(prefix)) => (prefix.clone(), BTreeMap::new()),
            Some(Filter::Tag(key, value)) => (
                String::new(),
                BTreeMap::from([(key.clone(), value.clone())]),
            ),
            Some(Filter::And { prefix, tags }) => (
                prefix.clone().unwrap_or_default(),
                tags.iter().cloned().collect(),
            ),
        }
    }

    /// Whether the rule is enabled.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.status == Status::Enabled
    }

    /// Whether the rule selects objects that are encrypted with KMS keys.
    #[must_use]
    pub fn is_for_kms(&self) -> bool {
        let selection = self.source_selection.as_ref();
        selection.is_some_and(|selection| selection.sse_kms == Some(Status::Enabled))
    }

    /// Whether the rule selects an object of this key and these tags.
    #[must_use]
    pub fn selects_object(&self, key: &str, tags: &BTreeMap<String, String>) -> bool {
        let (prefix, asked) = self.selects();
        key.starts_with(&prefix)
            && asked
                .iter()
                .all(|(key, value)| tags.get(key) == Some(value))
    }

    /// Whether both write to the same bucket.
    #[must_use]
    pub fn is_to(&self, other: &Self) -> bool {
        let bucket = |rule: &Self| rule.destination.as_ref().map(|to| to.bucket.clone());
        bucket(self) == bucket(other)
    }

    /// Whether S3 applies this rule, and not the other, to what both send to one bucket: the higher number wins (BC:s3
    /// ReplicationRule.Priority). Rules of schema V1 have none.
    #[must_use]
    pub fn outranks(&self, other: &Self) -> bool {
        self.priority > other.priority
    }

    /// Whether some object can be selected by both rules.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let ((prefix, tags), (other_prefix, other_tags)) = (self.selects(), other.selects());
        let nested = prefix.starts_with(&other_prefix) || other_prefix.starts_with(&prefix);
        let agrees = |(key, value): (&String, &String)| {
            other_tags.get(key).is_none_or(|other| other == value)
        };
        nested && tags.iter().all(agrees)
    }

    /// Whether every object that the other rule selects is selected by this one, too.
    #[must_use]
    pub fn selects_all_of(&self, other: &Self) -> bool {
        let ((prefix, tags), (narrow, narrow_tags)) = (self.selects(), other.selects());
        let asks_no_more = |(key, value): (&String, &String)| narrow_tags.get(key) == Some(value);
        narrow.starts_with(&prefix) && tags.iter().all(asks_no_more)
    }

    /// Whether both do the same to the objects that they select.
    #[must_use]
    pub fn treats_alike(&self, other: &Self) -> bool {
        let treatment = |rule: &Self| RuleMeaning {
            legacy: false,
            priority: None,
            prefix: String::new(),
            tags: BTreeMap::new(),
            ..rule.meaning()
        };
        treatment(self) == treatment(other)
    }

    /// What the rule selects, in words: `all objects`, `prefix logs/ and tag a=b`.
    #[must_use]
    pub fn selection(&self) -> String {
        let (prefix, tags) = self.selects();
        selection(&prefix, &tags)
    }

    /// The rule for reviewers and fingerprints: elements in a fixed order of keys, absent ones left out.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Self {
            id,
            priority,
            legacy_prefix,
            filter,
            status,
            source_selection,
            existing_objects,
            destination,
            delete_markers,
        } = self;
        let mut map = Map::new();
        put(&mut map, "id", id.as_ref().map(|id| json!(id)));
        put(
            &mut map,
            "priority",
            priority.map(|priority| json!(priority)),
        );
        put(
            &mut map,
            "prefix_v1",
            legacy_prefix.as_ref().map(|prefix| json!(prefix)),
        );
        put(&mut map, "filter", filter.as_ref().map(Filter::to_json));
        put(&mut map, "status", Some(json!(status.as_str())));
        put(
            &mut map,
            "source_selection",
            source_selection.as_ref().map(SourceSelection::to_json),
        );
        put(
            &mut map,
            "existing_objects",
            existing_objects.as_ref().map(|s| json!(s.as_str())),
        );
        put(
            &mut map,
            "destination",
            destination.as_ref().map(RuleDestination::to_json),
        );
        put(
            &mut map,
            "delete_markers",
            delete_markers
                .as_ref()
                .map(|s| json!(s.as_ref().map(Status::as_str))),
        );
        Value::Object(map)
    }
}

impl RuleMeaning {
    /// The meaning as JSON, every field present.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Self {
            legacy,
            priority,
            prefix,
            tags,
            status,
            delete_markers,
            sse_kms,
            replica_modifications,
            bucket,
            account,
            storage_class,
            owner_override,
            replica_key,
            replication_time,
            metrics,
        } = self;
        json!({
            "schema": if *legacy { "V1" } else { "V2" },
            "priority": priority,
            "prefix": prefix,
            "tags": tags,
            "status": status.as_str(),
            "delete_markers": delete_markers.as_str(),
            "sse_kms_objects": sse_kms.as_str(),
            "replica_modifications": replica_modifications.as_str(),
            "destination": {
                "bucket": bucket,
                "account": account,
                "storage_class": storage_class,
                "owner_override": owner_override,
                "replica_kms_key": replica_key,
                "replication_time": replication_time.as_str(),
                "metrics": metrics.as_str(),
            },
        })
    }
}

fn put(map: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value);
    }
}

impl Filter {
    /// The filter of a prefix and tags in the one form that s3ferry writes: `And` only where S3 needs it, tags by key.
    #[must_use]
    pub fn of(prefix: &str, tags: &BTreeMap<String, String>) -> Self {
        let mut pairs: Vec<(String, String)> = tags
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        match (prefix.is_empty(), pairs.len()) {
            (_, 0) => Self::Prefix(prefix.to_owned()),
            (true, 1) => {
                let (key, value) = pairs.remove(0);
                Self::Tag(key, value)
            }
            (true, _) => Self::And {
                prefix: None,
                tags: pairs,
            },
            (false, _) => Self::And {
                prefix: Some(prefix.to_owned()),
                tags: pairs,
            },
        }
    }

    fn to_json(&self) -> Value {
        let tags = |tags: &[(String, String)]| {
            let map: Map<String, Value> = tags
                .iter()
                .map(|(key, value)| (key.clone(), json!(value)))
                .collect();
            Value::Object(map)
        };
        match self {
            Self::Empty => json!({}),
            Self::Prefix(prefix) => json!({ "prefix": prefix }),
            Self::Tag(key, value) => json!({ "tags": { key: value } }),
            Self::And {
                prefix,
                tags: pairs,
            } => match prefix {
                Some(prefix) => json!({ "prefix": prefix, "tags": tags(pairs) }),
                None => json!({ "tags": tags(pairs) }),
            },
        }
    }
}

/// What a prefix and tags select, in words.
pub(crate) fn selection(prefix: &str, tags: &BTreeMap<String, String>) -> String {
    let prefix = (!prefix.is_empty()).then(|| format!("prefix {prefix}"));
    let tags = tags.iter().map(|(key, value)| format!("tag {key}={value}"));
    let said: Vec<String> = prefix.into_iter().chain(tags).collect();
    if said.is_empty() {
        "all objects".to_owned()
    } else {
        in_line(&said.join(" and "))
    }
}

impl SourceSelection {
    fn to_json(&self) -> Value {
        let Self {
            sse_kms,
            replica_modifications,
        } = self;
        let mut map = Map::new();
        put(
            &mut map,
            "sse_kms",
            sse_kms.as_ref().map(|s| json!(s.as_str())),
        );
        put(
            &mut map,
            "replica_modifications",
            replica_modifications.as_ref().map(|s| json!(s.as_str())),
        );
        Value::Object(map)
    }
}

impl RuleDestination {
    fn to_json(&self) -> Value {
        let Self {
            bucket,
            account,
            storage_class,
            owner_override,
            replica_key,
            replication_time,
            metrics,
        } = self;
        let mut map = Map::new();
        put(&mut map, "bucket", Some(json!(bucket)));
        put(
            &mut map,
            "account",
            account.as_ref().map(|account| json!(account)),
        );
        put(
            &mut map,
            "storage_class",
            storage_class.as_ref().map(|class| json!(class)),
        );
        put(
            &mut map,
            "owner_override",
            owner_override.as_ref().map(|owner| json!(owner)),
        );
        put(
            &mut map,
            "replica_kms_key",
            replica_key.as_ref().map(|key| json!(key)),
        );
        put(
            &mut map,
            "replication_time",
            replication_time.as_ref().map(Timed::to_json),
        );
        put(&mut map, "metrics", metrics.as_ref().map(Timed::to_json));
        Value::Object(map)
    }
}

impl Timed {
    fn to_json(&self) -> Value {
        let Self { status, minutes } = self;
        match minutes {
            Some(minutes) => json!({ "status": status.as_str(), "minutes": minutes }),
            None => json!({ "status": status.as_str() }),
        }
    }
}
