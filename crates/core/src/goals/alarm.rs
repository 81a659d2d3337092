//! The proof of alarms: an object of ours fails on purpose, and an alarm on that is raised. A rule that replicates says nothing of
//! whether anybody hears when it does not.
//!
//! The object lies under a rule of its own on a prefix of its own. That it fails is certain whatever the role may do: for the
//! time of the proof its policy denies it `s3:ReplicateObject` on the prefix, and S3 gives such an object the status FAILED
//! (UG:replication-failure-codes, `DstPutObjectNotPermitted`). The rule has metrics, so that it counts as a failed
//! operation of that rule (UG:metrics-dimensions), and an alarm like those of the migration looks at it.

use serde_json::json;

use super::canary::{self, CanaryGoal, Probe, PutEncryption, Replica};
use super::proving::{Proving, exact};
use super::standing::{GoalWait, Standing};
use crate::digest::digest;
use crate::format::{Change, Gate, GateState, Risk, RiskLevel};
use crate::future::Future;
use crate::ids::{AlarmName, MigrationName, RuleName, SpecName};
use crate::migration::{self, Watched};
use crate::model::kinds::replication::Rule;
use crate::model::kinds::{Alarm, Document, StateValue};
use crate::model::target::ROLE_PATH;
use crate::model::{AlarmRef, BucketPart, RolePart, Target, fingerprint, same};
use crate::phase::Part;
use crate::policy::generate::literal;
use crate::policy::{Effect, Statement};
use crate::proof::{ProofSubject, mark};
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::{AlarmSpec, KmsSelection, MissingData};

/// The way out where a proof stands in the way.
pub(crate) const UNPROVEN_BY_DECISION: &str =
    "or leave the alarms unproven: monitoring: { prove: false }";

/// The alarms of a migration, to be proven by objects that fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmGoal {
    /// How the objects are put, followed and removed: as a canary's, under the rule of the proof.
    pub canary: CanaryGoal,
    /// How many must fail.
    pub objects: u32,
    /// Where the alarm of the proof is.
    pub at: AlarmRef,
    /// What it says.
    pub alarm: Alarm,
    /// Whether it is there and says so already: only then can it tell of what failed for an earlier run.
    pub is_up: bool,
    /// The rule of the proof; its priority is given where the others are known.
    pub rule: Rule,
    /// What the role's policy denies for the time of the proof.
    pub denial: Statement,
}

/// What a look at the alarm of a proof shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It is raised.
    Raised,
    /// It is not, and this is its state.
    Quiet(String),
    /// It is not there.
    Nothing,
    /// Its actions are switched off: whatever it says, nobody is told.
    Silenced,
    /// It is not the one that was put up: what it says proves nothing.
    Another,
}

/// Failed operations reach CloudWatch within minutes, and an alarm looks at whole periods; the objects themselves are given as
/// long as canaries are.
const WAIT: GoalWait = GoalWait {
    what: "the alarm of an object that fails on purpose",
    bound_seconds: 2 * canary::WAIT.bound_seconds,
};

/// The proof that a migration asks for.
pub(super) fn goal(scene: &Scene<'_>, route: &Route<'_>, future: &Future<'_>) -> Option<AlarmGoal> {
    let spec = route.alarms().filter(|spec| spec.prove)?;
    if !Part::AlarmGoal.is_in(route.migration.phase) || !stands(scene, route, future) {
        return None;
    }
    let subject = subject(scene, route, spec);
    let name = named(&subject);
    let denial = denial(scene, route, &name);
    let kms = selection(scene, route);
    let canary = objects(scene, route, future, (&name, kms.is_some(), subject));
    let prefix = format!("{}/", canary.stem);
    let rule = migration::rule_for_proof(&scene.markers, route, (&name, prefix), kms);
    let at = Watched::FailedOperations.at(&scene.markers, route, &name);
    let alarm = alarm(scene, route, &name, spec);
    let as_document = Document::Alarm(Box::new(alarm.clone()));
    let live = scene.observed.document(&Target::Alarm(at.clone()));
    Some(AlarmGoal {
        is_up: same(live, Some(&as_document)),
        objects: u32::try_from(spec.failed_operations.threshold)
            .unwrap_or(u32::MAX)
            .saturating_add(1),
        at,
        alarm,
        canary,
        rule,
        denial,
    })
}

/// Whether the rules and the policy will be there that the proof puts something beside: where they are in conflict with what
/// somebody else has, the plan says so.
fn stands(scene: &Scene<'_>, route: &Route<'_>, future: &Future<'_>) -> bool {
    let rules = Target::Bucket(route.source.clone(), BucketPart::Replication);
    let policy = Target::Role(route.role.clone(), RolePart::Policy);
    let is_ours = |rule: &Rule| {
        let named = rule.id.as_deref().and_then(|id| scene.markers.rule(id));
        named.is_some_and(|(migration, _)| migration == *route.name)
    };
    let has_rules = matches!(future.document(&rules), Some(Document::Replication(held)) if held.rules.iter().any(is_ours));
    let policy = future.document(&policy).and_then(Document::policy_document);
    has_rules && policy.is_some()
}

/// What the proof is of: from where to where, under which role, and which alarm, with whom it tells.
fn subject(scene: &Scene<'_>, route: &Route<'_>, spec: &AlarmSpec) -> ProofSubject {
    let any = RuleName::new(RuleName::OF_PROOFS).ok();
    let alarm = any.map(|any| alarm(scene, route, &any, spec));
    let alarm = alarm.map(|alarm| Document::Alarm(Box::new(alarm)));
    let place = Watched::FailedOperations.place(route);
    ProofSubject(digest(&json!({
        "proves": "alarms",
        "source": route.source.arn().as_str(),
        "destination": route.destination.arn().as_str(),
        "role": route.role.arn(ROLE_PATH).as_str(),
        "alarm": fingerprint(alarm.as_ref()),
        "alarm_in": [place.account.as_str(), place.region.as_str()],
    })))
}

/// The name of the rule of a proof. No two proofs share one, so that no alarm is raised by what failed for another.
fn named(subject: &ProofSubject) -> RuleName {
    let digits = subject.0.get(..8).unwrap_or_default();
    let name = format!("{}{digits}", RuleName::OF_PROOFS);
    RuleName::new(name).expect("a short name of letters, digits and hyphens")
}

/// Where the source encrypts with SSE-KMS by default, what applications write does; the rule selects such objects if those of
/// the migration do.
fn selection(scene: &Scene<'_>, route: &Route<'_>) -> Option<KmsSelection> {
    canary::source_key(scene, &route.source)?;
    let mut rules = route.migration.rules.iter();
    rules.find_map(|rule| rule.kms.clone())
}

fn objects(
    scene: &Scene<'_>,
    route: &Route<'_>,
    future: &Future<'_>,
    (name, is_kms, subject): (&RuleName, bool, ProofSubject),
) -> CanaryGoal {
    let object = route.migration.canary.object();
    let mark = mark(&scene.spec.name, route.name, name.as_str());
    let mut goal = CanaryGoal {
        spec: scene.spec.name.clone(),
        migration: route.name.clone(),
        rule: name.clone(),
        rule_id: scene.markers.rule_id(route.name, name),
        probe: Probe::Default,
        source: route.source.clone(),
        destination: route.destination.clone(),
        role: route.role.clone(),
        stem: format!("{object}/{mark}"),
        tags: std::collections::BTreeMap::new(),
        encryption: PutEncryption::BucketDefault,
        is_kms,
        replica: Replica::default(),
        mirrors: false,
        elsewhere: Vec::new(),
        earlier: Vec::new(),
        subject,
    };
    // Without a rule for SSE-KMS objects one under SSE-S3 is taken, whatever the bucket's default.
    goal.encryption = if !is_kms && canary::source_key(scene, &route.source).is_some() {
        PutEncryption::SseS3
    } else {
        canary::denials::encryption_of_put(scene, route, &goal)
    };
    let rules = future.document(&goal.carried_by());
    goal.elsewhere = canary::carriers::elsewhere(scene, &goal, rules);
    goal.earlier = canary::earlier(scene, &goal);
    goal
}

/// The alarm of the proof: as those of the migration's rules on failed operations, but that it says that nothing is wrong, and that
/// only datapoints move it. With `breaching` it would be raised where there is no metric, and proven; with `notBreaching` it
/// would have gone back by itself when the next run looks.
fn alarm(scene: &Scene<'_>, route: &Route<'_>, name: &RuleName, spec: &AlarmSpec) -> Alarm {
    let what = format!(
        "Nothing is wrong: s3ferry has an object fail on purpose to see that this alarm is raised. Migration {}, from {} to {}.",
        route.name, route.source.bucket, route.destination.bucket
    );
    Alarm {
        description: Some(scene.markers.alarm_description(&what)),
        missing_data: MissingData::Ignore.as_str().to_owned(),
        ..Watched::FailedOperations.alarm(&scene.markers, route, name, spec)
    }
}

fn denial(scene: &Scene<'_>, route: &Route<'_>, name: &RuleName) -> Statement {
    let object = route.migration.canary.object();
    let mark = mark(&scene.spec.name, route.name, name.as_str());
    let digits = name.as_str().trim_start_matches(RuleName::OF_PROOFS);
    let sid = format!("Prove{digits}{}", scene.markers.role_sid_end());
    let stem = literal(&format!("{object}/{mark}/"));
    let objects = format!("{}/{stem}*", route.destination.arn());
    Statement::builder(sid, Effect::Deny, ["s3:ReplicateObject"])
        .resources([objects])
        .build()
}

/// The migration of a spec whose proof a statement of a role's policy is there for.
pub(crate) fn denied_for(spec: &SpecName, statement: &Statement) -> Option<MigrationName> {
    let resources = statement.resources()?.listed();
    let mut path = resources.first()?.rsplit('/');
    let (_, name, migration) = (path.next()?, path.next()?, path.next()?);
    let is_ours = path.next() == Some(spec.as_str()) && name.starts_with(RuleName::OF_PROOFS);
    let is_denied = statement.effect() == Effect::Deny && is_ours;
    MigrationName::new(migration).ok().filter(|_| is_denied)
}

impl AlarmGoal {
    /// The address, also the identity of its step.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}/alarms/proof", self.canary.migration)
    }

    /// What is looked at.
    #[must_use]
    pub fn watched(&self) -> Target {
        Target::Alarm(self.at.clone())
    }

    /// What it shows.
    #[must_use]
    pub fn hears(&self, live: Option<&Document>) -> Heard {
        let Some(Document::Alarm(live)) = live else {
            return Heard::Nothing;
        };
        let document = |alarm: &Alarm| Document::Alarm(Box::new(alarm.clone()));
        if !live.actions_enabled {
            Heard::Silenced
        } else if !same(Some(&document(live)), Some(&document(&self.alarm))) {
            Heard::Another
        } else {
            let state = live.state.as_ref().map(|state| &state.value);
            match state.unwrap_or(&StateValue::NoData) {
                StateValue::Raised => Heard::Raised,
                other => Heard::Quiet(other.as_str().to_owned()),
            }
        }
    }

    /// The name of the alarm of the proof.
    #[must_use]
    pub const fn alarm_name(&self) -> &AlarmName {
        &self.at.name
    }

    pub(super) fn gate(&self, standing: Standing) -> Gate {
        let (state, why) = match standing {
            Standing::Met => (
                GateState::Met,
                "an object that failed on purpose raised an alarm like these",
            ),
            Standing::Blocked => (
                GateState::Blocked,
                "an apply is refused as things are; see the findings",
            ),
            Standing::Pending => (
                GateState::Pending,
                "an apply has an object fail and waits for its alarm",
            ),
        };
        Gate {
            name: "alarms".to_owned(),
            state,
            why: why.to_owned(),
        }
    }

    pub(super) fn change(&self, scene: &Scene<'_>) -> Change {
        let rules = self.canary.carried_by();
        let policy = Target::Role(self.canary.role.clone(), RolePart::Policy);
        let told: Vec<&str> = self
            .alarm
            .actions
            .alarm
            .iter()
            .map(String::as_str)
            .collect();
        let told = if told.is_empty() {
            "nobody is told".to_owned()
        } else {
            format!("{} hears of it", told.join(", "))
        };
        Proving {
            kind: "proof of alarms",
            address: self.address(),
            target: scene.names.address(&rules),
            after: json!({
                "objects": self.objects,
                "from": format!("{}/{}/…", self.canary.source.bucket, self.canary.stem),
                "rule": self.canary.rule_id,
                "alarm": scene.names.address(&Target::Alarm(self.at.clone())),
                "denied": format!("s3:ReplicateObject in {}", scene.names.address(&policy)),
            }),
            undo: exact(),
            risk: Risk {
                level: RiskLevel::Low,
                notes: vec![format!(
                    "An object fails on purpose, and {told}. The rule, the alarm and the Deny are there for the proof alone: they are put up before it and taken away after it."
                )],
            },
        }
        .change(&self.canary.migration)
    }

    /// Calls: those of its objects, and looks at the alarm.
    pub(super) fn calls(&self) -> u64 {
        self.canary.calls() * u64::from(self.objects) + 2
    }

    pub(super) const fn wait() -> GoalWait {
        WAIT
    }
}
