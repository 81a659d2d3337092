//! A bucket's replication configuration as S3 holds it, faithful enough to write foreign rules back as they were.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::{Call, Need};
use super::kind::{
    Born, Change, Consequences, Facts, Grows, Holding, Implied, Loss, Marked, Parts, Settled, Size,
    Writes,
};
use super::part::Part;
pub(crate) use super::rule::selection;
pub use super::rule::{Filter, Rule, RuleDestination, RuleMeaning, SourceSelection, Status, Timed};
use crate::format::{Action, RiskLevel, UndoKind};
use crate::ids::BucketName;
use crate::model::links::{Link, Thing};
use crate::model::target::{BucketPart, RolePart, RoleRef, Service, Target};

/// Whether objects of a storage class are archived, which S3 does not replicate (UG:replication-what-is-isnot-replicated).
#[must_use]
pub fn is_archived(class: &str) -> bool {
    matches!(class, "GLACIER" | "DEEP_ARCHIVE")
}

/// A bucket's replication configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicationConfiguration {
    /// The ARN of the one role that S3 assumes for every rule, as S3 answered it.
    pub role: String,
    /// The rules in the order of the document.
    pub rules: Vec<Rule>,
    /// Names of XML elements in the live document that the SDK does not model; writing would lose them.
    pub unmodelled: Vec<String>,
}

impl ReplicationConfiguration {
    /// The role that the rules run under; none where S3 answered something else than a role's ARN.
    #[must_use]
    pub fn runs_as(&self) -> Option<RoleRef> {
        RoleRef::of_arn(&self.role)
    }

    /// Whether an enabled rule sends everything that this one sends to the same bucket.
    #[must_use]
    pub fn carries_on(&self, gone: &Rule) -> bool {
        let mut rules = self.rules.iter();
        rules.any(|rule| rule.is_enabled() && rule.is_to(gone) && rule.selects_all_of(gone))
    }

    /// The rule of an ID.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        let mut rules = self.rules.iter();
        rules.find(|rule| rule.id.as_deref() == Some(id))
    }

    /// The rules that act on something, by the bucket that each sends it to: of several enabled ones to one bucket that select it, the
    /// one of the highest priority (BC:s3 ReplicationRule.Priority).
    pub fn takers(&self, selects: impl Fn(&Rule) -> bool) -> BTreeMap<BucketName, &Rule> {
        let mut takers: BTreeMap<BucketName, &Rule> = BTreeMap::new();
        let acting = self.rules.iter();
        for rule in acting.filter(|rule| rule.is_enabled() && selects(rule)) {
            let Some(to) = rule.destination_bucket() else {
                continue;
            };
            match takers.get(&to) {
                Some(other) if other.outranks(rule) => {}
                Some(_) | None => drop(takers.insert(to, rule)),
            }
        }
        takers
    }

    /// The other enabled rules that send some of a rule's objects to the same bucket.
    pub fn meeting<'a>(&'a self, rule: &'a Rule) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().filter(|other| {
            other.id != rule.id && other.is_enabled() && other.is_to(rule) && other.meets(rule)
        })
    }
}

pub(super) const REPLICATION: Facts = Facts {
    name: "replication configuration",
    path: "/replication",
    service: Service::S3,
    read: &[Call::of(
        "GetBucketReplication",
        &[Need::place("s3:GetReplicationConfiguration")],
    )],
    write: Some(Writes {
        create: PUT,
        update: PUT,
        delete: &[Call::of(
            "DeleteBucketReplication",
            &[Need::place("s3:PutReplicationConfiguration")],
        )],
    }),
    guarded: false,
    marked: Marked::ByItem,
    always_there: false,
    // S3 takes a configuration only on a versioned bucket, and refuses to suspend versioning while one is there
    // (UG26:replication-requirements, BC:s3 PutBucketVersioning).
    implies: Implied::Versioned,
    born: Born::Nothing,
    grows: Grows::Never,
    size: Size::Free,
    // "A get request soon after put or delete can return a wrong result" (BC:s3 PutBucketReplication). unverified: two reads
    // are enough; the canary is the proof.
    settled: Settled {
        reads_in_a_row: 2,
        wait: Some("S3 to answer the new configuration twice in a row"),
    },
    consequences: of_replication,
};

const PUT: &[Call] = &[Call::of(
    "PutBucketReplication",
    &[
        Need::passed_role("iam:PassRole"),
        Need::place("s3:PutReplicationConfiguration"),
    ],
)];

/// What rules need of the bucket that they read and of the buckets that they write.
const USED: [BucketPart; 5] = [
    BucketPart::Versioning,
    BucketPart::Encryption,
    BucketPart::Ownership,
    BucketPart::PublicAccess,
    BucketPart::Policy,
];

impl Holding for ReplicationConfiguration {
    /// Rules are a map by ID: their order means nothing (domain reference §1.5).
    fn canonical(&self) -> Value {
        let Self {
            role,
            rules,
            unmodelled,
        } = self;
        let mut rules: Vec<Value> = rules
            .iter()
            .map(|rule| json!({ "id": rule.id, "meaning": rule.meaning().to_json() }))
            .collect();
        rules.sort_by_key(Value::to_string);
        json!({ "role": role, "rules": rules, "unmodelled": unmodelled })
    }

    fn view(&self) -> Value {
        self.canonical()
    }

    fn parts(&self) -> Option<Parts> {
        let Self {
            role,
            rules,
            unmodelled: _, // A configuration that holds such elements is never written.
        } = self;
        let role = ("/role".to_owned(), Part::ReplicationRole(role.clone()));
        let rules = rules.iter().enumerate().map(|(place, rule)| {
            let id = rule.id.clone().unwrap_or_else(|| format!("#{place}"));
            (format!("/rule/{id}"), Part::Rule(Box::new(rule.clone())))
        });
        Some(std::iter::once(role).chain(rules).collect())
    }

    fn links(&self, at: &Target) -> Vec<Link> {
        let source = at.bucket().map(|bucket| bucket.bucket.clone());
        let destinations = self.rules.iter().filter_map(Rule::destination_bucket);
        let buckets = source.into_iter().chain(destinations);
        let buckets_of_keys = buckets.clone();
        let settings =
            buckets.flat_map(|bucket| USED.map(|part| Thing::Bucket(bucket.clone(), part)));
        let encrypted = self.rules.iter().any(Rule::is_for_kms);
        let keys = buckets_of_keys.filter(|_| encrypted).map(Thing::KeyGrants);
        let role = self.runs_as().into_iter();
        let role =
            role.flat_map(|role| RolePart::LOOKED_AT.map(|part| Thing::Role(role.clone(), part)));
        let used = settings.chain(role).chain(keys).flat_map(|thing| {
            [
                Link::Uses(
                    thing.clone(),
                    "rules start when everything they need is there, or their objects fail for good",
                ),
                Link::HoldsTillLess(
                    thing,
                    "rules stop before what they need goes, or their objects fail for good",
                ),
            ]
        });
        used.collect()
    }
}

fn of_replication(change: &Change<'_>) -> Consequences {
    match change.action {
        Action::Delete if change.loss == Loss::OfAProof => Consequences::of(
            UndoKind::Exact,
            "",
            RiskLevel::Low,
            &["It was put up for a proof of alarms and carries nobody's objects."],
        ),
        Action::Delete if change.loss == Loss::CarriedOn => Consequences::of(
            UndoKind::Partial,
            "objects written in between are replicated as the other rule says",
            RiskLevel::Medium,
            &["Another rule of the same configuration carries its objects from now on."],
        ),
        Action::Delete => Consequences::of(
            UndoKind::Partial,
            "objects written while the rule is gone are not replicated when it comes back; they \
             need S3 Batch Replication",
            RiskLevel::High,
            &["New objects stop replicating."],
        ),
        Action::Create => Consequences::of(
            UndoKind::Partial,
            "removing it stops replication; replicas that have arrived stay",
            RiskLevel::Medium,
            &created_notes(change),
        ),
        Action::Update | Action::Prove => Consequences::of(
            UndoKind::Partial,
            "objects written in between keep what the rule did at the time",
            RiskLevel::Medium,
            &updated_notes(change),
        ),
    }
}

fn rule(part: Option<&Part>) -> Option<&Rule> {
    match part? {
        Part::Rule(rule) => Some(rule),
        Part::ReplicationRole(_)
        | Part::Statement(_, _)
        | Part::RolePolicy(_)
        | Part::Inventory(_, _)
        | Part::Notification(_, _)
        | Part::EventBridge
        | Part::Selector(_) => None,
    }
}

/// What a rule says of delete markers, if anything.
fn deletes(part: Option<&Part>) -> Option<&str> {
    let status = rule(part)?.delete_markers.as_ref()?;
    status.as_ref().map(Status::as_str)
}

fn created_notes(change: &Change<'_>) -> Vec<&'static str> {
    let mut notes = vec![
        "Objects written from now on are copied; each replica is billed as a PUT and as storage.",
    ];
    if deletes(change.after) == Some("Enabled") {
        notes.push(
            "Deletes at the source hide the objects at the destination too: delete markers replicate.",
        );
    }
    notes
}

fn updated_notes(change: &Change<'_>) -> Vec<&'static str> {
    let mut notes = vec!["The rule as changed applies to objects written from now on."];
    if rule(change.before).is_some_and(|rule| rule.legacy_prefix.is_some()) {
        notes
            .push("Behaviour changes with the schema: a V1 rule always replicates delete markers.");
    }
    match (deletes(change.before), deletes(change.after)) {
        (Some("Enabled"), Some("Disabled")) => notes.push("Delete markers no longer replicate."),
        (Some("Disabled") | None, Some("Enabled")) => {
            notes.push("Delete markers replicate from now on.");
        }
        (_, _) => {}
    }
    notes
}
