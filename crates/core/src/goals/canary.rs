//! The canary: an object of ours that is written under a rule and must arrive. AWS answers 200 OK to configurations whose
//! every object then fails (T3), so a rule counts when an object came through.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::standing::{GoalWait, Standing};
use crate::digest::digest;
use crate::format::{Action, Change, Gate, GateState, Reason, Risk, RiskLevel, Undo, UndoKind};
use crate::future::Future;
use crate::ids::{Arn, MigrationName, RuleName};
use crate::model::kinds::replication::Rule;
use crate::model::kinds::{BucketEncryption, Call, Document, Role};
use crate::model::{BucketPart, BucketRef, RolePart, RoleRef, Target, fingerprint};
use crate::ownership::marked_role_sid;
use crate::phase::Part;
use crate::policy::deny::{Certainty, DenyHit};
use crate::policy::{Effect, Statement};
use crate::proof::{Proof, ProofSubject};
use crate::refusals::{self, ObjectCall};
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::{Canary, DeleteMarkers, Migration, Phase, ReplicaOwner, RuleSpec, StorageClass};

/// A rule to be proven by an object that arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanaryGoal {
    /// The migration.
    pub migration: MigrationName,
    /// The rule's short name.
    pub rule: RuleName,
    /// Which of the rule's canaries it is.
    pub probe: Probe,
    /// The bucket to write to.
    pub source: BucketRef,
    /// The bucket to arrive in.
    pub destination: BucketRef,
    /// The role that replicates.
    pub role: RoleRef,
    /// The key.
    pub key: String,
    /// The tags that the rule's filter asks for.
    pub tags: BTreeMap<String, String>,
    /// What the put asks for.
    pub encryption: PutEncryption,
    /// What its replica must be.
    pub replica: Replica,
    /// Whether a delete marker must arrive after it.
    pub mirrors: bool,
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
    /// The key of the canary's object, `object` being the name that the spec gives to canaries.
    #[must_use]
    pub fn object_key(&self, rule: &RuleSpec, object: &str) -> String {
        match self {
            Self::Default => format!("{}{object}", rule.prefix),
            Self::Key(key) => format!("{}{object}-{}", rule.prefix, key_name(key)),
        }
    }
}

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
    Call::of("PutObject", &["s3:PutObject", "s3:PutObjectTagging"]),
    Call::of("HeadObject", &["s3:GetObjectVersion"]),
    Call::of("ListObjectVersions", &["s3:ListBucketVersions"]),
    Call::of("DeleteObject", &["s3:DeleteObjectVersion"]),
];

/// What a canary whose deletion is mirrored needs besides: a delete without a version.
const WITH_MARKER: Call = Call::of("DeleteObject", &["s3:DeleteObject"]);

/// What a canary that is encrypted with SSE-KMS needs on the key besides (BC:s3 PutObject).
const WITH_KEY: Call = Call::of("PutObject", &["kms:Decrypt", "kms:GenerateDataKey"]);

/// What a canary needs on the destination bucket.
const ON_DESTINATION: &[Call] = &[
    Call::of("HeadObject", &["s3:GetObjectVersion"]),
    Call::of("ListObjectVersions", &["s3:ListBucketVersions"]),
    Call::of("DeleteObject", &["s3:DeleteObjectVersion"]),
];

/// What a canary with tags needs on the destination bucket besides.
const WITH_TAGS: Call = Call::of("GetObjectTagging", &["s3:GetObjectVersionTagging"]);

/// S3 replicates most objects within 15 minutes (UG26:replication-requirements); what takes longer waits for the next run.
pub(super) const WAIT: GoalWait = GoalWait {
    what: "the canary's replica",
    bound_seconds: 900,
};

pub(super) fn all_calls() -> impl Iterator<Item = Call> {
    let all = ON_SOURCE.iter().chain(ON_DESTINATION).copied();
    all.chain([WITH_MARKER, WITH_TAGS])
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
        migration: route.name.clone(),
        rule: rule.name.clone(),
        source: route.source.clone(),
        destination: route.destination.clone(),
        role: route.role.clone(),
        key: probe.object_key(rule, object),
        tags: rule.tags.clone(),
        encryption: match &probe {
            Probe::Default => PutEncryption::BucketDefault,
            Probe::Key(key) => PutEncryption::SseKms(key.clone()),
        },
        replica: Replica {
            kms_key: replica_key.filter(|_| is_kms),
            storage_class: rule.storage_class,
            owned_by_destination: route.migration.owner == ReplicaOwner::Destination,
        },
        mirrors: probe == Probe::Default && rule.delete_markers == DeleteMarkers::Mirror,
        subject: subject(scene, route, (rule, &probe), future),
        probe,
    };
    goal.encryption = encryption_of_put(scene, route, &goal);
    goal
}

/// The name of a key: what its ARN ends with.
fn key_name(key: &Arn) -> &str {
    let arn = key.as_str();
    arn.rsplit('/').next().unwrap_or(arn)
}

/// What the put asks for: nothing, as most applications do, unless the bucket's policy refuses that; then what it asks for,
/// where that is the same encryption.
fn encryption_of_put(scene: &Scene<'_>, route: &Route<'_>, goal: &CanaryGoal) -> PutEncryption {
    let default = source_key(scene, &route.source);
    let named = match default.map(SourceKey::arn) {
        None => Some(PutEncryption::SseS3),
        Some(key) => key.map(PutEncryption::SseKms),
    };
    let is_refused = |encryption: &PutEncryption| {
        let hit = goal.put_refused(scene, route, encryption);
        hit.is_some_and(|(_, hit)| hit.certainty == Certainty::Always)
    };
    match named {
        Some(named)
            if goal.probe == Probe::Default
                && is_refused(&goal.encryption)
                && !is_refused(&named) =>
        {
            named
        }
        Some(_) | None => goal.encryption.clone(),
    }
}

/// The KMS key that a source bucket encrypts with by default.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SourceKey<'a> {
    /// As it was set: an ARN, an ID or an alias.
    Named(&'a str),
    /// The AWS managed key, of which the configuration names none.
    AwsManaged,
}

/// The KMS key that a source bucket encrypts with by default; none where that is SSE-S3.
pub(crate) fn source_key<'a>(scene: &Scene<'a>, source: &BucketRef) -> Option<SourceKey<'a>> {
    let target = Target::Bucket(source.clone(), BucketPart::Encryption);
    match scene.observed.document(&target)? {
        Document::Encryption(default) if default.algorithm.starts_with("aws:kms") => {
            let named = default.key.as_deref().map(SourceKey::Named);
            Some(named.unwrap_or(SourceKey::AwsManaged))
        }
        _ => None,
    }
}

impl SourceKey<'_> {
    /// Whether it is the key of this ARN. What an alias stands for only KMS knows.
    pub(crate) fn is(self, key: &Arn) -> bool {
        match self {
            Self::Named(named) => named == key.as_str() || named == key_name(key),
            Self::AwsManaged => false,
        }
    }

    /// Whether it can be told from the keys of a spec, which are ARNs of keys.
    pub(crate) fn is_known(self) -> bool {
        match self {
            Self::Named(named) => !named.contains("alias/"),
            Self::AwsManaged => false,
        }
    }

    fn arn(self) -> Option<Arn> {
        match self {
            Self::Named(named) => Arn::new(named).ok(),
            Self::AwsManaged => None,
        }
    }
}

/// The gate of a migration whose canaries were skipped by decision.
pub(super) fn skipped(migration: &Migration) -> Option<Gate> {
    match (&migration.canary, migration.phase) {
        (Canary::Skip { reason }, Phase::Replicate) => Some(Gate {
            name: "canary".to_owned(),
            state: GateState::Met,
            why: format!("skipped by decision: {reason}"),
        }),
        (Canary::Skip { .. } | Canary::Write { .. }, _) => None,
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
        match live? {
            Document::Role(role) => Some(Proof {
                subject: self.subject.clone(),
                role_id: role.id.clone()?,
            }),
            _ => None,
        }
    }

    /// Its name in the migration: the rule's, and the key's where it is for one.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.probe {
            Probe::Default => self.rule.to_string(),
            Probe::Key(key) => format!("{}/{}", self.rule, key_name(key)),
        }
    }

    /// The address, also the identity of its step.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}/canary/{}", self.migration, self.name())
    }

    /// What denies the put under an encryption, or may.
    pub(crate) fn put_refused(
        &self,
        scene: &Scene<'_>,
        route: &Route<'_>,
        encryption: &PutEncryption,
    ) -> Option<(Target, DenyHit)> {
        let mut keys: BTreeMap<String, String> = self
            .tags
            .iter()
            .map(|(key, value)| (format!("s3:requestobjecttag/{key}"), value.clone()))
            .collect();
        let header = "s3:x-amz-server-side-encryption";
        match encryption {
            PutEncryption::BucketDefault => {}
            PutEncryption::SseS3 => drop(keys.insert(header.to_owned(), "AES256".to_owned())),
            PutEncryption::SseKms(key) => {
                keys.insert(header.to_owned(), "aws:kms".to_owned());
                keys.insert(format!("{header}-aws-kms-key-id"), key.to_string());
            }
        }
        let call = ObjectCall {
            account: &route.migration.source.account,
            bucket: &self.source,
            key: Some(&self.key),
            action: "s3:PutObject",
            keys,
        };
        refusals::of_call(scene, &call)
    }

    /// What denies for sure what the canary needs of the source bucket, with the action.
    pub(crate) fn refused(
        &self,
        scene: &Scene<'_>,
        route: &Route<'_>,
    ) -> Option<(Target, DenyHit, &'static str)> {
        let is_sure = |hit: &DenyHit| hit.certainty == Certainty::Always;
        if let Some((policy, hit)) = self.put_refused(scene, route, &self.encryption)
            && is_sure(&hit)
        {
            return Some((policy, hit, "s3:PutObject"));
        }
        let key = Some(self.key.as_str());
        let tagged = (!self.tags.is_empty()).then_some((key, "s3:PutObjectTagging"));
        let mirrored = self.mirrors.then_some((key, "s3:DeleteObject"));
        let listed = Some((None, "s3:ListBucketVersions"));
        let needed = [tagged, mirrored, listed].into_iter().flatten();
        let mut refused = needed.filter_map(|(key, action)| {
            let call = ObjectCall {
                account: &route.migration.source.account,
                bucket: &self.source,
                key,
                action,
                keys: BTreeMap::new(),
            };
            let (policy, hit) = refusals::of_call(scene, &call)?;
            is_sure(&hit).then_some((policy, hit, action))
        });
        refused.next()
    }

    /// The buckets in which the canary will stay, each with why: what keeps versions from being removed.
    pub(crate) fn stays(
        &self,
        scene: &Scene<'_>,
        route: &Route<'_>,
        future: &Future<'_>,
    ) -> Vec<(BucketRef, &'static str)> {
        let sides = [
            (&self.source, &route.migration.source.account),
            (&self.destination, &route.migration.destination.account),
        ];
        let kept = sides.into_iter().filter_map(|(bucket, account)| {
            let part = |part| future.document(&Target::Bucket(bucket.clone(), part));
            let denied = || {
                let call = ObjectCall {
                    account,
                    bucket,
                    key: Some(&self.key),
                    action: "s3:DeleteObjectVersion",
                    keys: BTreeMap::new(),
                };
                let hit = refusals::of_call(scene, &call);
                hit.is_some_and(|(_, hit)| hit.certainty == Certainty::Always)
            };
            let why = match (part(BucketPart::ObjectLock), part(BucketPart::Versioning)) {
                (Some(Document::ObjectLock(lock)), _) if lock.default_retention => {
                    "its default retention locks every version"
                }
                (_, Some(Document::Versioning(versioning))) if versioning.mfa_delete => {
                    "MFA Delete is on: only the root user can remove versions"
                }
                (_, _) if denied() => "its policy denies s3:DeleteObjectVersion",
                (_, _) => return None,
            };
            Some((bucket.clone(), why))
        });
        kept.collect()
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
        Change {
            address: self.address(),
            target: scene.names.address(&rules),
            kind: "canary".to_owned(),
            migrations: vec![self.migration.to_string()],
            actions: vec![Action::Prove],
            reason: Reason::Unproven,
            before: Value::Null,
            after: self.view(),
            attributes: Vec::new(),
            access: None,
            undo: Undo {
                kind: UndoKind::Exact,
                why: String::new(),
            },
            risk: Risk {
                level: RiskLevel::Low,
                notes: vec![self.note(scene, future)],
            },
        }
    }

    fn view(&self) -> Value {
        let key = match &self.encryption {
            PutEncryption::SseKms(key) => Some(key.as_str()),
            PutEncryption::BucketDefault | PutEncryption::SseS3 => None,
        };
        json!({
            "rule": self.rule.as_str(),
            "from": format!("{}/{}", self.source.bucket, self.key),
            "to": self.destination.bucket.as_str(),
            "tags": self.tags,
            "kms_key": key,
        })
    }

    /// What is left behind, if anything.
    fn note(&self, scene: &Scene<'_>, future: &Future<'_>) -> String {
        let route = scene.route(&self.migration);
        let stays = route.map(|route| self.stays(scene, route, future));
        let stays = stays.unwrap_or_default();
        let written = "One small object is written";
        if stays.is_empty() {
            return format!("{written}, and removed by version on both sides when it has arrived.");
        }
        let places: Vec<String> = stays
            .iter()
            .map(|(bucket, why)| format!("in {}: {why}", bucket.bucket))
            .collect();
        format!("{written}. It stays {}.", places.join("; "))
    }

    pub(super) fn calls_on(&self) -> Vec<(&BucketRef, Vec<Call>)> {
        let mut on_source = ON_SOURCE.to_vec();
        let has_key = matches!(self.encryption, PutEncryption::SseKms(_));
        on_source.extend(has_key.then_some(WITH_KEY));
        on_source.extend(self.mirrors.then_some(WITH_MARKER));
        let mut on_destination = ON_DESTINATION.to_vec();
        on_destination.extend((!self.tags.is_empty()).then_some(WITH_TAGS));
        vec![
            (&self.source, on_source),
            (&self.destination, on_destination),
        ]
    }

    /// Calls of a canary that arrives at once: the role, put, head at both sides, list and delete at both sides; a delete
    /// marker is put, listed and removed at both sides.
    pub(super) const fn calls(&self) -> u64 {
        8 + if self.mirrors { 4 } else { 0 }
    }
}

/// What a proof is of: the rule and which rules go before it, the role and what it may do, what either bucket's policy grants
/// it and may deny it, and how the destination stores replicas. Who the role is besides its name, the receipt says.
fn subject(
    scene: &Scene<'_>,
    route: &Route<'_>,
    (rule, probe): (&RuleSpec, &Probe),
    future: &Future<'_>,
) -> ProofSubject {
    let at_source = |part| future.document(&Target::Bucket(route.source.clone(), part));
    let at_destination = |part| future.document(&Target::Bucket(route.destination.clone(), part));
    let of_role = |part| future.document(&Target::Role(route.role.clone(), part));
    let rule_id = scene.markers.rule_id(route.name, &rule.name);
    let sid_prefix = scene.markers.sid_prefix(route.name);
    let written = match probe {
        Probe::Default => json!({ "default": encryption(at_source(BucketPart::Encryption)) }),
        Probe::Key(key) => json!({ "key": key.as_str() }),
    };
    let value = json!({
        "source": route.source.arn().as_str(),
        "written": written,
        "rule": rule_and_role(scene, at_source(BucketPart::Replication), &rule_id),
        "role": role(of_role(RolePart::Itself)),
        "role_policy": role_policy(scene, of_role(RolePart::Policy)),
        "other_policies": other_policies(of_role(RolePart::Policies)),
        "statements": statements(at_destination(BucketPart::Policy), |statement| {
            statement.sid().is_some_and(|sid| sid.starts_with(&sid_prefix))
        }),
        "denials": denials(scene, route, future),
        "encryption": encryption(at_destination(BucketPart::Encryption)),
        "ownership": fingerprint(at_destination(BucketPart::Ownership)),
        "versioning": [
            fingerprint(at_source(BucketPart::Versioning)),
            fingerprint(at_destination(BucketPart::Versioning)),
        ],
    });
    ProofSubject(digest(&value))
}

/// The role without its tags, which let it do nothing more and nothing less: the tools of others put theirs there at any time.
fn role(live: Option<&Document>) -> Value {
    match live {
        Some(Document::Role(Role {
            id: _, // A role that is yet to be made has none; the receipt is for one.
            path,
            trust,
            tags: _,
            boundary,
            description: _,
        })) => json!({ "path": path, "trust": trust.canonical(), "boundary": boundary }),
        _ => Value::Null,
    }
}

/// What the role is allowed by us, and denied by anybody: what other specs that share it are allowed is their business.
fn role_policy(scene: &Scene<'_>, policy: Option<&Document>) -> Vec<String> {
    statements(policy, |statement| {
        let is_others = statement
            .sid()
            .is_some_and(|sid| marked_role_sid(sid).is_some() && !scene.markers.owns_role_sid(sid));
        !is_others || statement.effect() == Effect::Deny
    })
}

/// Policies of the role that are not ours: any of them may deny.
fn other_policies(live: Option<&Document>) -> Vec<&str> {
    match live {
        Some(Document::RolePolicies(policies)) => policies.foreign().collect(),
        _ => Vec::new(),
    }
}

/// The statements that deny the role something, or may: whether their conditions hold for S3 only an object shows.
fn denials(scene: &Scene<'_>, route: &Route<'_>, future: &Future<'_>) -> BTreeSet<String> {
    let found = refusals::of_role(scene, route, future).into_iter();
    found
        .map(|denial| format!("{} {}", denial.target, denial.statement))
        .collect()
}

/// What S3 refuses to new objects has no part in how it stores replicas, and is left out: a new bucket is born with some of
/// it (T16), which the plan that makes the bucket does not know.
fn encryption(live: Option<&Document>) -> String {
    match live {
        Some(Document::Encryption(live)) => {
            let stored = BucketEncryption {
                blocked: BTreeSet::new(),
                ..live.clone()
            };
            fingerprint(Some(&Document::Encryption(stored)))
        }
        other => fingerprint(other),
    }
}

/// The rule, and everybody else's rules that S3 applies before it to some of its objects. Its own priority is left out, and so
/// are our rules before it, of which the spec says the order: a rule that joins voids no proof.
fn rule_and_role(scene: &Scene<'_>, configuration: Option<&Document>, rule_id: &str) -> Value {
    let Some(Document::Replication(configuration)) = configuration else {
        return Value::Null;
    };
    let meaning = |rule: &Rule| {
        let mut meaning = rule.meaning();
        meaning.priority = None;
        meaning.to_json()
    };
    let rule = configuration.rule(rule_id);
    let before = rule.into_iter().flat_map(|rule| {
        let meeting = configuration.meeting(rule);
        meeting.filter(move |other| !scene.owns_rule(other) && other.outranks(rule))
    });
    let before: BTreeSet<String> = before.map(|other| meaning(other).to_string()).collect();
    json!({ "role": configuration.role, "rule": rule.map(meaning), "before": before })
}

fn statements(policy: Option<&Document>, counts: impl Fn(&Statement) -> bool) -> Vec<String> {
    let Some(policy) = policy.and_then(Document::policy) else {
        return Vec::new();
    };
    let Some(document) = policy.document() else {
        return vec![policy.text().to_owned()];
    };
    let ours = document.statements().iter().filter(|one| counts(one));
    let mut canonical: Vec<String> = ours
        .map(Statement::canonical)
        .map(|statement| statement.to_json())
        .collect();
    canonical.sort();
    canonical
}
