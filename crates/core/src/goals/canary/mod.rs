//! The canary: an object of ours that is written under a rule and must arrive. AWS answers 200 OK to configurations whose
//! every object then fails (T3), so a rule counts when an object came through.

pub(super) mod carriers;
pub(super) mod denials;
mod source_key;
mod subject;

pub use carriers::{Carrier, Reach};
pub(crate) use source_key::{SourceKey, source_key};

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::proving::{Proving, exact};
use super::standing::{GoalWait, Standing};
use crate::format::{Change, Gate, GateState, Risk, RiskLevel};
use crate::future::Future;
use crate::ids::{Arn, MigrationName, RuleName, SpecName};
use crate::model::kinds::{Call, Document, Need, TAGS_OF_VERSION};
use crate::model::{BucketPart, BucketRef, RolePart, RoleRef, Target};
use crate::phase::Part;
use crate::proof::{PlacedCanary, Proof, ProofSubject, mark};
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::{Canary, DeleteMarkers, Migration, ReplicaOwner, RuleSpec, StorageClass};

/// A rule to be proven by an object that arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanaryGoal {
    /// The spec.
    pub spec: SpecName,
    /// The migration.
    pub migration: MigrationName,
    /// The rule's short name.
    pub rule: RuleName,
    /// The rule's ID in S3.
    pub rule_id: String,
    /// Which of the rule's canaries it is.
    pub probe: Probe,
    /// The bucket to write to.
    pub source: BucketRef,
    /// The bucket to arrive in.
    pub destination: BucketRef,
    /// The role that replicates.
    pub role: RoleRef,
    /// What the key begins with; the run follows, so that no two canaries and nobody's object have one key.
    pub stem: String,
    /// The tags that the rule's filter asks for.
    pub tags: BTreeMap<String, String>,
    /// What the put asks for.
    pub encryption: PutEncryption,
    /// Whether it is encrypted with a KMS key, its own or the bucket's.
    pub is_kms: bool,
    /// What its replica must be.
    pub replica: Replica,
    /// Whether a delete marker must arrive after it.
    pub mirrors: bool,
    /// Where other rules carry it.
    pub elsewhere: Vec<Carrier>,
    /// Canaries that earlier runs put for the same subject and that may be on their way still.
    pub earlier: Vec<PlacedCanary>,
    /// What the proof is of: rule, role, policies and destination settings as they will be. Anything of it that changes
    /// makes the proof void.
    pub subject: ProofSubject,
}

/// Which of a rule's canaries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Probe {
    /// It is written as applications write: under the bucket's default encryption.
    Default,
    /// It is encrypted with a key that the rule names.
    Key(Arn),
}

impl Probe {
    /// The canary's name in its migration: the rule's, and the key's where it is for one.
    fn name(&self, rule: &RuleName) -> String {
        match self {
            Self::Default => rule.to_string(),
            Self::Key(key) => format!("{rule}/{}", key_name(key)),
        }
    }

    /// What the key of the canary's object begins with, `object` being the name that the spec gives to canaries: under the
    /// rule's prefix, and then what nobody else names an object after.
    #[must_use]
    pub fn stem(
        &self,
        (spec, migration): (&SpecName, &MigrationName),
        rule: &RuleSpec,
        object: &str,
    ) -> String {
        let mark = mark(spec, migration, &self.name(&rule.name));
        format!("{}{object}/{mark}", rule.prefix)
    }
}

/// The longest that can follow a canary's stem in its key: a slash, the time, the process and the attempt.
pub const LONGEST_RUN: usize = 40;

/// What a put asks for in the way of encryption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutEncryption {
    /// Nothing: the bucket's default is applied.
    BucketDefault,
    /// SSE-S3.
    SseS3,
    /// SSE-KMS with this key.
    SseKms(Arn),
}

/// What a replica must be besides a copy: what the spec says of it, where it does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replica {
    /// The key that it is encrypted with. What is under SSE-S3 at the source stays so, whatever the destination's default
    /// (UG:replication-config-for-kms-objects).
    pub kms_key: Option<Arn>,
    /// Its storage class.
    pub storage_class: Option<StorageClass>,
    /// Whether it belongs to the account of the destination.
    pub owned_by_destination: bool,
}

/// What a canary needs on the source bucket.
const ON_SOURCE: &[Call] = &[
    Call::of("PutObject", &[Need::objects("s3:PutObject")]),
    Call::of("HeadObject", &[Need::objects("s3:GetObjectVersion")]),
    Call::of(
        "ListObjectVersions",
        &[Need::listing("s3:ListBucketVersions")],
    ),
    Call::of("DeleteObject", &[Need::objects("s3:DeleteObjectVersion")]),
];

/// What a canary whose deletion is mirrored needs besides: a delete without a version.
const WITH_MARKER: Call = Call::of("DeleteObject", &[Need::objects("s3:DeleteObject")]);

/// What a canary with tags needs besides: they are put with it.
const PUT_WITH_TAGS: Call = Call::of("PutObject", &[Need::objects("s3:PutObjectTagging")]);

/// What a canary that is encrypted with SSE-KMS needs on the key besides (BC:s3 PutObject).
const WITH_KEY: Call = Call::of(
    "PutObject",
    &[Need::key("kms:Decrypt"), Need::key("kms:GenerateDataKey")],
);

/// What removing one that lies in a bucket needs there.
pub(crate) const TO_REMOVE: &[Call] = ON_DESTINATION;

/// What a canary needs on the destination bucket.
const ON_DESTINATION: &[Call] = &[
    Call::of("HeadObject", &[Need::objects("s3:GetObjectVersion")]),
    Call::of(
        "ListObjectVersions",
        &[Need::listing("s3:ListBucketVersions")],
    ),
    Call::of("DeleteObject", &[Need::objects("s3:DeleteObjectVersion")]),
];

/// What a canary with tags needs on the destination bucket besides.
const WITH_TAGS: Call = TAGS_OF_VERSION;

/// S3 replicates most objects within 15 minutes (UG26:replication-requirements); what takes longer waits for the next run.
pub(super) const WAIT: GoalWait = GoalWait {
    what: "the canary's replica",
    bound_seconds: 900,
};

pub(super) fn all_calls() -> impl Iterator<Item = Call> {
    let all = ON_SOURCE.iter().chain(ON_DESTINATION).copied();
    all.chain([PUT_WITH_TAGS, WITH_MARKER, WITH_TAGS])
}

/// The canaries that a migration's phase asks for, under each enabled rule: one as applications write, and one for each key
/// that they may write with besides.
pub(super) fn goals(scene: &Scene<'_>, route: &Route<'_>, future: &Future<'_>) -> Vec<CanaryGoal> {
    let Canary::Write { name: object } = &route.migration.canary else {
        return Vec::new();
    };
    if !Part::CanaryGoal.is_in(route.migration.phase) {
        return Vec::new();
    }
    let enabled = route.migration.rules.iter().filter(|rule| rule.enabled);
    let goals = enabled.flat_map(|rule| {
        let probes = probes(scene, route, rule).into_iter();
        probes.map(|probe| goal(scene, route, future, (rule, probe), object))
    });
    goals.collect()
}

/// The canaries of a rule. The key that the source encrypts with by default is met by the first.
fn probes(scene: &Scene<'_>, route: &Route<'_>, rule: &RuleSpec) -> Vec<Probe> {
    let default = source_key(scene, &route.source);
    let keys = rule.kms.iter().flat_map(|kms| &kms.source_keys);
    let others = keys.filter(|key| !default.is_some_and(|default| default.is(key)));
    let keys = others.cloned().map(Probe::Key);
    std::iter::once(Probe::Default).chain(keys).collect()
}

fn goal(
    scene: &Scene<'_>,
    route: &Route<'_>,
    future: &Future<'_>,
    (rule, probe): (&RuleSpec, Probe),
    object: &str,
) -> CanaryGoal {
    let is_kms = match &probe {
        Probe::Default => source_key(scene, &route.source).is_some(),
        Probe::Key(_) => true,
    };
    let replica_key = rule.kms.as_ref().map(|kms| kms.replica_key.clone());
    let mut goal = CanaryGoal {
        spec: scene.spec.name.clone(),
        migration: route.name.clone(),
        rule: rule.name.clone(),
        rule_id: scene.markers.rule_id(route.name, &rule.name),
        source: route.source.clone(),
        destination: route.destination.clone(),
        role: route.role.clone(),
        stem: probe.stem((&scene.spec.name, route.name), rule, object),
        tags: rule.tags.clone(),
        encryption: match &probe {
            Probe::Default => PutEncryption::BucketDefault,
            Probe::Key(key) => PutEncryption::SseKms(key.clone()),
        },
        is_kms,
        replica: Replica {
            kms_key: replica_key.filter(|_| is_kms),
            storage_class: rule.storage_class,
            owned_by_destination: route.migration.owner == ReplicaOwner::Destination,
        },
        mirrors: probe == Probe::Default && rule.delete_markers == DeleteMarkers::Mirror,
        elsewhere: Vec::new(),
        earlier: Vec::new(),
        subject: subject::of(scene, route, (rule, &probe), future),
        probe,
    };
    goal.encryption = denials::encryption_of_put(scene, route, &goal);
    goal.elsewhere = carriers::elsewhere(scene, &goal, future.document(&goal.carried_by()));
    goal.earlier = earlier(scene, &goal);
    goal
}

/// What the ledger says that earlier runs left on its way to prove just this.
pub(super) fn earlier(scene: &Scene<'_>, goal: &CanaryGoal) -> Vec<PlacedCanary> {
    let mark = mark(&goal.spec, &goal.migration, &goal.name());
    let is_of = |placed: &&PlacedCanary| {
        placed.mark() == mark && placed.source == goal.source && placed.subject == goal.subject
    };
    scene.placed.iter().filter(is_of).cloned().collect()
}

/// The name of a key: what its ARN ends with.
fn key_name(key: &Arn) -> &str {
    let arn = key.as_str();
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The gate of a migration whose canaries were skipped by decision.
pub(super) fn skipped(migration: &Migration) -> Option<Gate> {
    match (&migration.canary, migration.phase) {
        (Canary::Skip { reason }, phase) if Part::CanaryGoal.is_in(phase) => Some(Gate {
            name: "canary".to_owned(),
            state: GateState::Met,
            why: format!("skipped by decision: {reason}"),
        }),
        (Canary::Skip { .. } | Canary::Write { .. }, _) => None,
    }
}

/// The proof of a subject for the role that is there; none where there is no role, or IAM gave no ID.
pub(super) fn proof_of(subject: &ProofSubject, live: Option<&Document>) -> Option<Proof> {
    match live? {
        Document::Role(role) => Some(Proof {
            subject: subject.clone(),
            role_id: role.id.clone()?,
        }),
        _ => None,
    }
}

impl CanaryGoal {
    /// The role: a proof is for the principal that it is now.
    #[must_use]
    pub fn proven_by(&self) -> Target {
        Target::Role(self.role.clone(), RolePart::Itself)
    }

    /// The proof that meets the goal, `live` being the role; none where there is no role, or IAM gave no ID.
    #[must_use]
    pub fn proof(&self, live: Option<&Document>) -> Option<Proof> {
        proof_of(&self.subject, live)
    }

    /// The canary that is about to be put: the `attempt`th of a run.
    #[must_use]
    pub fn placed(&self, run: &str, attempt: u32) -> PlacedCanary {
        let elsewhere = self.elsewhere.iter().filter_map(|of| of.to.place());
        PlacedCanary {
            spec: self.spec.clone(),
            migration: self.migration.clone(),
            name: self.name(),
            source: self.source.clone(),
            key: format!("{}/{run}-{attempt}", self.stem),
            subject: self.subject.clone(),
            carried_to: elsewhere.chain([&self.destination]).cloned().collect(),
            stays: None,
        }
    }

    /// Its name in the migration: the rule's, and the key's where it is for one.
    #[must_use]
    pub fn name(&self) -> String {
        self.probe.name(&self.rule)
    }

    /// What the keys of all canaries of its rule begin with, also of those for a key.
    pub(crate) fn rule_stem(&self) -> &str {
        match &self.probe {
            Probe::Default => &self.stem,
            Probe::Key(key) => self
                .stem
                .strip_suffix(key_name(key))
                .map_or(&self.stem, |stem| stem.trim_end_matches('/')),
        }
    }

    /// The address, also the identity of its step.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}/canary/{}", self.migration, self.name())
    }

    pub(super) fn gate(&self, standing: Standing) -> Gate {
        let (state, why) = match standing {
            Standing::Met => (
                GateState::Met,
                "an object arrived under exactly this configuration",
            ),
            Standing::Blocked => (
                GateState::Blocked,
                "an apply is refused as things are; see the findings",
            ),
            Standing::Pending => (
                GateState::Pending,
                "an apply sends an object and waits for its replica",
            ),
        };
        Gate {
            name: format!("canary {}", self.name()),
            state,
            why: why.to_owned(),
        }
    }

    pub(super) fn change(&self, scene: &Scene<'_>, future: &Future<'_>) -> Change {
        let rules = Target::Bucket(self.source.clone(), BucketPart::Replication);
        Proving {
            kind: "canary",
            address: self.address(),
            target: scene.names.address(&rules),
            after: self.view(),
            undo: exact(),
            risk: Risk {
                level: RiskLevel::Low,
                notes: vec![self.note(scene, future)],
            },
        }
        .change(&self.migration)
    }

    fn view(&self) -> Value {
        let key = match &self.encryption {
            PutEncryption::SseKms(key) => Some(key.as_str()),
            PutEncryption::BucketDefault | PutEncryption::SseS3 => None,
        };
        let mut view = json!({
            "rule": self.rule.as_str(),
            "from": format!("{}/{}/…", self.source.bucket, self.stem),
            "to": self.destination.bucket.as_str(),
            "tags": self.tags,
            "kms_key": key,
        });
        let others = self.others();
        if !others.is_empty() {
            view["also_to"] = json!(others);
        }
        view
    }

    /// What is left behind, if anything.
    fn note(&self, scene: &Scene<'_>, future: &Future<'_>) -> String {
        let route = scene.route(&self.migration);
        let stays = route.map(|route| self.stays(scene, route, future));
        let stays = stays.unwrap_or_default();
        let written = "One small object is written";
        if stays.is_empty() {
            let others = self.others();
            let sides = if others.is_empty() {
                "both sides".to_owned()
            } else {
                format!("both sides and in {}", others.join(", "))
            };
            return format!("{written}, and removed by version on {sides} when it has arrived.");
        }
        let places: Vec<String> = stays
            .iter()
            .map(|(bucket, why)| format!("in {}: {why}", bucket.bucket))
            .collect();
        format!("{written}. It stays {}.", places.join("; "))
    }

    /// The buckets that other rules carry it to.
    fn others(&self) -> Vec<&str> {
        let others = self.elsewhere.iter();
        others.map(|of| of.bucket.as_str()).collect()
    }

    pub(super) fn calls_on(&self) -> Vec<(&BucketRef, Vec<Call>)> {
        let mut on_source = ON_SOURCE.to_vec();
        on_source.extend((!self.tags.is_empty()).then_some(PUT_WITH_TAGS));
        on_source.extend(self.is_kms.then_some(WITH_KEY));
        on_source.extend(self.mirrors.then_some(WITH_MARKER));
        let mut on_destination = ON_DESTINATION.to_vec();
        on_destination.extend((!self.tags.is_empty()).then_some(WITH_TAGS));
        let elsewhere = self.elsewhere.iter().filter_map(|of| of.to.place());
        let elsewhere = elsewhere.map(|place| (place, ON_DESTINATION.to_vec()));
        let own = [
            (&self.source, on_source),
            (&self.destination, on_destination),
        ];
        own.into_iter().chain(elsewhere).collect()
    }

    /// Calls of a canary that arrives at once: the role, the rules, put, head at both sides, list and delete at both sides; a
    /// delete marker is put, listed and removed at both sides. Where another rule carries it, too: list, head and delete.
    pub(super) const fn calls(&self) -> u64 {
        let own = 9 + if self.mirrors { 4 } else { 0 };
        own + 3 * self.elsewhere.len() as u64
    }
}
