//! One object: which rules select it, what became of it, and what S3 would do with it.

use std::collections::{BTreeMap, BTreeSet};

use super::case::Case;
use super::rules::named;
use super::sight::{LiveObject, LiveVersion, ObjectSight, ReplicaSight, Status};
use crate::format::diagnosis::{DiagnosedObject, Level, Symptom};
use crate::model::BucketPart;
use crate::model::kinds::Document;
use crate::model::kinds::replication::{Rule, is_archived};
use crate::route::Side;

/// What becomes of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// There is none.
    Missing,
    /// It could not be looked at.
    Unread,
    /// It arrived.
    Replicated,
    /// It is on its way.
    Pending,
    /// It failed.
    Failed,
    /// A replica is not replicated on.
    Replica,
    /// It is archived.
    Archived,
    /// No enabled rule selects it.
    NoRule,
    /// The rule that counts selects no objects under KMS keys.
    KmsNotSelected,
    /// The rule that counts leaves delete markers.
    MarkerKept,
    /// A rule selects it, and it has no status: it was there before.
    BeforeRule,
    /// A delete marker whose status S3 does not tell.
    Marker,
}

impl Fate {
    /// The fate as a word.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unread => "unread",
            Self::Replicated => "replicated",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Replica => "replica",
            Self::Archived => "archived",
            Self::NoRule => "no-rule",
            Self::KmsNotSelected => "kms-not-selected",
            Self::MarkerKept => "marker-kept",
            Self::BeforeRule => "before-rule",
            Self::Marker => "marker",
        }
    }
}

/// What is told of an object.
pub(super) fn told(case: &Case<'_>, object: &LiveObject, found: &[Symptom]) -> DiagnosedObject {
    let mut told = DiagnosedObject {
        key: object.key.clone(),
        version: None,
        written: None,
        status: None,
        encryption: None,
        kms_key: None,
        class: None,
        rules: Vec::new(),
        at_destination: None,
        fate: Fate::Missing.as_str().to_owned(),
        says: String::new(),
        well: false,
    };
    let version = match &object.sight {
        ObjectSight::Missing => {
            told.says = "there is no such object, or no such version, at the source".to_owned();
            return told;
        }
        ObjectSight::Unread(why) => {
            told.fate = Fate::Unread.as_str().to_owned();
            told.says = format!("the object could not be looked at: {why}");
            return told;
        }
        ObjectSight::Version(version) => version,
    };
    let of = Followed {
        case,
        key: &object.key,
        version,
        found,
    };
    let rules = of.selecting();
    let fate = of.fate();
    told.version = Some(version.id.clone());
    told.written = Some(version.written.clone());
    told.status = status(version.status).map(str::to_owned);
    told.encryption.clone_from(&version.encryption);
    told.kms_key.clone_from(&version.kms_key);
    told.class = (!version.is_marker).then(|| version.class.clone());
    told.rules = rules.iter().map(|rule| named(rule)).collect();
    told.at_destination = match version.replica {
        ReplicaSight::There => Some(true),
        ReplicaSight::Missing => Some(false),
        ReplicaSight::Unread => None,
    };
    told.fate = fate.as_str().to_owned();
    told.says = of.says(fate);
    told.well = of.is_well(fate);
    told
}

const fn status(of: Status) -> Option<&'static str> {
    match of {
        Status::None | Status::Unknown => None,
        Status::Pending => Some("PENDING"),
        Status::Completed => Some("COMPLETED"),
        Status::Failed => Some("FAILED"),
        Status::Replica => Some("REPLICA"),
    }
}

/// A version that is followed.
struct Followed<'a> {
    case: &'a Case<'a>,
    key: &'a str,
    version: &'a LiveVersion,
    found: &'a [Symptom],
}

impl<'a> Followed<'a> {
    fn selects(&self, rule: &Rule) -> bool {
        if self.version.is_marker {
            // Rules with tags carry no delete markers (BC:s3 DeleteMarkerReplication).
            let (_, tags) = rule.selects();
            return tags.is_empty() && rule.selects_object(self.key, &tags);
        }
        let none = BTreeMap::new();
        rule.selects_object(self.key, self.version.tags.as_ref().unwrap_or(&none))
    }

    /// The rule that counts: of those that select it, the one of the highest priority.
    fn winner(&self) -> Option<&'a Rule> {
        let takers = self.case.live?.takers(|rule| self.selects(rule));
        takers.get(&self.case.route.destination.bucket).copied()
    }

    /// The enabled rules to the destination that select it, the one that counts first.
    fn selecting(&self) -> Vec<&'a Rule> {
        let winner = self.winner();
        let others = self.case.to_destination();
        let others = others.filter(|rule| rule.is_enabled() && self.selects(rule));
        let others = others.filter(|rule| Some(*rule) != winner);
        winner.into_iter().chain(others).collect()
    }

    fn is_kms(&self) -> bool {
        let encryption = self.version.encryption.as_deref();
        encryption.is_some_and(|of| of.starts_with("aws:kms"))
    }

    fn fate(&self) -> Fate {
        let LiveVersion {
            status,
            is_marker,
            class,
            replica,
            ..
        } = self.version;
        match status {
            Status::Replica => return Fate::Replica,
            Status::Completed => return Fate::Replicated,
            Status::Pending => return Fate::Pending,
            Status::Failed => return Fate::Failed,
            Status::None | Status::Unknown => {}
        }
        let Some(rule) = self.winner() else {
            return Fate::NoRule;
        };
        if *is_marker {
            return match (rule.meaning().delete_markers.as_str(), replica) {
                (_, ReplicaSight::There) => Fate::Replicated,
                ("Enabled", _) => Fate::Marker,
                _ => Fate::MarkerKept,
            };
        }
        if is_archived(class) {
            Fate::Archived
        } else if self.is_kms() && !rule.is_for_kms() {
            Fate::KmsNotSelected
        } else if *status == Status::Unknown {
            Fate::Unread
        } else {
            Fate::BeforeRule
        }
    }

    fn is_well(&self, fate: Fate) -> bool {
        match fate {
            Fate::Replicated => self.version.replica != ReplicaSight::Missing,
            Fate::Pending | Fate::Replica | Fate::MarkerKept => true,
            Fate::Marker => self.version.replica == ReplicaSight::Unread,
            Fate::Missing | Fate::Unread | Fate::Failed | Fate::Archived => false,
            Fate::NoRule | Fate::KmsNotSelected | Fate::BeforeRule => false,
        }
    }

    fn says(&self, fate: Fate) -> String {
        let to = &self.case.route.destination.bucket;
        let rule = self.winner().map(named).unwrap_or_default();
        match fate {
            Fate::Missing => "there is no such object".to_owned(),
            Fate::Unread => "its status cannot be read, as of what is under a key of the customer's (SSE-C): S3 replicates such objects where the destination does not block SSE-C".to_owned(),
            Fate::Replicated if self.version.replica == ReplicaSight::Missing => format!(
                "S3 has replicated it, and {to} no longer has that version: what is deleted there by version does not come back, copy the object onto itself at the source"
            ),
            Fate::Replicated => format!("S3 has replicated it to {to}"),
            Fate::Pending => format!("it is on its way to {to} under rule {rule}{}", self.would()),
            Fate::Failed => format!(
                "S3 tried under rule {rule}, gave up and does not try again{}; then write it again, or let S3 Batch Replication take what FAILED",
                self.because()
            ),
            Fate::Replica => "it is a replica itself, and S3 replicates no replicas on; S3 Batch Replication does".to_owned(),
            Fate::Archived => format!(
                "it is in {}, and S3 does not replicate archived objects: restore it and copy it onto itself",
                self.version.class
            ),
            Fate::NoRule => format!("S3 leaves it where it is: {}", self.unselected()),
            Fate::KmsNotSelected => format!(
                "S3 passes it over without a word: rule {rule} counts for it and selects no SSE-KMS objects (SseKmsEncryptedObjects)"
            ),
            Fate::MarkerKept => format!("it is a delete marker, and rule {rule} keeps those at the source"),
            Fate::Marker => format!(
                "it is a delete marker that rule {rule} carries; S3 tells no status of one, and {to} {} it{}",
                match self.version.replica {
                    ReplicaSight::There => "has",
                    ReplicaSight::Missing => "does not have",
                    ReplicaSight::Unread => "may have",
                },
                self.would()
            ),
            Fate::BeforeRule => format!(
                "rule {rule} selects it, and it has no status: it was there before the rule selected it (only tags and rules at the time of the put count), and needs S3 Batch Replication or to be written again{}",
                self.would()
            ),
        }
    }

    /// Why no rule selects it: those that nearly do.
    fn unselected(&self) -> String {
        let disabled = self
            .case
            .to_destination()
            .find(|rule| !rule.is_enabled() && self.selects(rule));
        if let Some(rule) = disabled {
            return format!("rule {} selects it and is disabled", named(rule));
        }
        let mut enabled = self.case.to_destination().filter(|rule| rule.is_enabled());
        let near = enabled.find(|rule| {
            let (prefix, tags) = rule.selects();
            self.key.starts_with(&prefix) && !tags.is_empty()
        });
        match near {
            Some(rule) if self.version.is_marker => format!(
                "it is a delete marker, and rule {} has tags in its filter",
                named(rule)
            ),
            Some(_) if self.version.tags.is_none() => {
                "its tags could not be read, and no rule selects it without".to_owned()
            }
            Some(rule) => format!(
                "rule {} wants {}, which its tags are not; tags that come later do not count",
                named(rule),
                rule.selection()
            ),
            None => "no enabled rule selects its key".to_owned(),
        }
    }

    /// The failure codes that it would get as things are.
    fn failures(&self) -> BTreeSet<&str> {
        let concerns = |of: &&Symptom| {
            let of_key = of.address.contains("/key/") || of.message.contains(":key/");
            of.level == Level::Wrong && (!of_key || self.is_kms())
        };
        let wrong = self.found.iter().filter(concerns);
        let mut all: BTreeSet<&str> = wrong
            .flat_map(|of| &of.failures)
            .map(String::as_str)
            .collect();
        let only = |codes: &[&str], all: &mut BTreeSet<&str>| {
            all.retain(|code| !codes.contains(code));
        };
        if self.version.is_marker {
            only(
                &["DstPutObjectNotPermitted", "SrcGetObjectNotPermitted"],
                &mut all,
            );
        } else {
            only(
                &["DstDelObjNotPermitted", "SrcHeadObjectNotPermitted"],
                &mut all,
            );
        }
        if self.version.tags.as_ref().is_none_or(BTreeMap::is_empty) {
            only(
                &["DstPutTaggingNotPermitted", "SrcGetTaggingNotPermitted"],
                &mut all,
            );
        }
        if self.version.encryption.is_none()
            && !self.version.is_marker
            && self.blocks_customer_keys()
        {
            all.insert("DstPutObjectNotPermitted");
        }
        all
    }

    /// A bucket may refuse what is under a key of the customer's (SSE-C), as new ones do.
    fn blocks_customer_keys(&self) -> bool {
        match self.case.setting(Side::Destination, BucketPart::Encryption) {
            Some(Document::Encryption(of)) => of.blocked.contains("SSE-C"),
            _ => false,
        }
    }

    fn because(&self) -> String {
        let failures: Vec<&str> = self.failures().into_iter().collect();
        if failures.is_empty() {
            "; as things are now nothing that is known is in its way".to_owned()
        } else {
            format!(
                "; as things are now it would fail with {}: mend what is found first",
                failures.join(" or ")
            )
        }
    }

    fn would(&self) -> String {
        let failures: Vec<&str> = self.failures().into_iter().collect();
        if failures.is_empty() {
            String::new()
        } else {
            format!(
                "; as things are now it would fail with {}",
                failures.join(" or ")
            )
        }
    }
}
