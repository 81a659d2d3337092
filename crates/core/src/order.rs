//! Order: which write comes before which, as rules.
//!
//! A rule says: a step of this kind is settled before a step of that kind starts, where the two have to do with each other.
//! The order follows AWS: versioning, role, policies, then the replication configuration, then a canary; and back in reverse,
//! because objects whose role or grants go first fail and are never retried (domain reference §2.9, §12).

use std::collections::BTreeSet;

use crate::model::document::Document;
use crate::model::replication::ReplicationConfiguration;
use crate::model::{Target, TargetKind};
use crate::plan::format::Edge;
use crate::plan::steps::{CanaryGoal, Step, StepId, Work, WriteStep};

/// What a step does to its target, as far as the order cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It makes the target, or changes it once.
    Set,
    /// It takes away what the configuration no longer needs.
    Shrink,
    /// It removes the target.
    Remove,
}

/// How two targets have to do with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// Parts of the same bucket.
    SameBucket,
    /// Parts of the same role.
    SameRole,
    /// The second is the replication configuration of a bucket that replicates with or to the first.
    UsedByRules,
    /// The first is such a configuration and the second what it replicates with or to.
    RulesUse,
    /// The first is a role and the second a policy that names it, or the other way about.
    Names,
}

/// A rule of the order.
struct Rule {
    first: &'static [TargetKind],
    first_stage: &'static [Stage],
    then: &'static [TargetKind],
    then_stage: &'static [Stage],
    relation: Relation,
    why: &'static str,
}

use Stage::{Remove, Set, Shrink};
use TargetKind as Kind;

const SETTINGS: &[TargetKind] = &[
    Kind::Tags,
    Kind::Versioning,
    Kind::Encryption,
    Kind::Ownership,
    Kind::PublicAccess,
    Kind::BucketPolicy,
    Kind::Replication,
];

const RULES: &[Rule] = &[
    Rule {
        first: &[Kind::Bucket],
        first_stage: &[Set],
        then: SETTINGS,
        then_stage: &[Set],
        relation: Relation::SameBucket,
        why: "a bucket exists before its settings",
    },
    Rule {
        first: &[Kind::Ownership, Kind::PublicAccess],
        first_stage: &[Set],
        then: &[Kind::BucketPolicy],
        then_stage: &[Set],
        relation: Relation::SameBucket,
        why: "a bucket is closed before its policy opens it to anybody",
    },
    Rule {
        first: &[Kind::Role],
        first_stage: &[Set],
        then: &[Kind::RolePolicy],
        then_stage: &[Set],
        relation: Relation::SameRole,
        why: "a role exists before its policy",
    },
    Rule {
        first: &[Kind::Role],
        first_stage: &[Set],
        then: &[Kind::BucketPolicy],
        then_stage: &[Set],
        relation: Relation::Names,
        why: "a principal exists before a bucket policy names it",
    },
    Rule {
        first: &[
            Kind::Versioning,
            Kind::Encryption,
            Kind::Ownership,
            Kind::PublicAccess,
            Kind::BucketPolicy,
            Kind::Role,
            Kind::RolePolicy,
        ],
        first_stage: &[Set],
        then: &[Kind::Replication],
        then_stage: &[Set, Remove],
        relation: Relation::UsedByRules,
        why: "rules start when everything they need is there, or their objects fail for good",
    },
    Rule {
        first: &[Kind::Replication],
        first_stage: &[Set, Remove],
        then: &[Kind::BucketPolicy, Kind::RolePolicy, Kind::Role],
        then_stage: &[Shrink, Remove],
        relation: Relation::RulesUse,
        why: "rules stop before what they need goes, or their objects fail for good",
    },
    Rule {
        first: &[Kind::RolePolicy],
        first_stage: &[Remove],
        then: &[Kind::Role],
        then_stage: &[Remove],
        relation: Relation::SameRole,
        why: "a role is deleted when its policies are",
    },
    Rule {
        first: &[Kind::BucketPolicy],
        first_stage: &[Set, Shrink, Remove],
        then: &[Kind::Role],
        then_stage: &[Remove],
        relation: Relation::Names,
        why: "a bucket policy stops naming a principal before it is deleted",
    },
];

/// Adds to every step what it needs, and gives the edges with their reasons.
pub(crate) fn arrange(steps: &mut [Step]) -> Vec<Edge> {
    let mut edges = BTreeSet::new();
    let facts: Vec<Facts> = steps.iter().map(Facts::of).collect();
    for then in 0..steps.len() {
        let found = facts.iter().enumerate().filter(|(first, _)| *first != then);
        let needs: Vec<(StepId, &'static str)> = found
            .filter_map(|(first, of)| Some((steps[first].id.clone(), reason(of, &facts[then])?)))
            .collect();
        for (first, why) in needs {
            edges.insert(Edge {
                first: first.to_string(),
                then: steps[then].id.to_string(),
                why: why.to_owned(),
            });
            steps[then].needs.insert(first);
        }
    }
    edges.into_iter().collect()
}

/// What the rules ask of a step.
enum Facts {
    Write {
        target: Target,
        stage: Stage,
        rules: Linked,
    },
    Prove(CanaryGoal),
}

/// What a document says about other targets, before and after: the roles and destinations of a replication configuration,
/// the text of a bucket policy.
#[derive(Default)]
struct Linked {
    destinations: BTreeSet<String>,
    roles: BTreeSet<String>,
    policies: Vec<String>,
}

impl Facts {
    fn of(step: &Step) -> Self {
        match &step.work {
            Work::Prove(goal) => Self::Prove((**goal).clone()),
            Work::Write(write) => {
                let WriteStep {
                    target,
                    before,
                    after,
                } = &**write;
                let stage = match after {
                    None => Remove,
                    Some(_) if step.id.0.ends_with(SHRINK) => Shrink,
                    Some(_) => Set,
                };
                let rules = Linked::of([before.as_ref(), after.as_ref()].into_iter().flatten());
                Self::Write {
                    target: target.clone(),
                    stage,
                    rules,
                }
            }
        }
    }
}

/// What the identity of a second, shrinking step of a target ends with.
pub(crate) const SHRINK: &str = "#shrink";

impl Linked {
    fn of<'a>(documents: impl Iterator<Item = &'a Document>) -> Self {
        let mut linked = Self::default();
        for document in documents {
            if let Document::BucketPolicy(policy) = document {
                linked.policies.push(policy.0.clone());
            }
            let Document::Replication(ReplicationConfiguration {
                role,
                rules,
                unmodelled: _,
            }) = document
            else {
                continue;
            };
            linked
                .roles
                .extend(role.rsplit('/').next().map(ToOwned::to_owned));
            let buckets = rules.iter().filter_map(|rule| rule.destination.as_ref());
            let names = buckets.filter_map(|to| to.bucket.rsplit(':').next());
            linked.destinations.extend(names.map(ToOwned::to_owned));
        }
        linked
    }

    /// Whether a policy names a role.
    fn names(&self, role: &Target) -> bool {
        let ending = role.role().map(|role| format!("/{}\"", role.name));
        ending.is_some_and(|ending| self.policies.iter().any(|policy| policy.contains(&ending)))
    }

    /// Whether a configuration on `source` replicates from, to or with this target.
    fn uses(&self, source: &Target, target: &Target) -> bool {
        match (target.bucket(), target.role()) {
            (Some(bucket), _) => {
                source.bucket() == Some(bucket)
                    || self.destinations.contains(bucket.bucket.as_str())
            }
            (None, Some(role)) => self.roles.contains(role.name.as_str()),
            (None, None) => false,
        }
    }
}

/// Why `first` comes before `then`; `None` where it need not.
fn reason(first: &Facts, then: &Facts) -> Option<&'static str> {
    match (first, then) {
        (Facts::Prove(_), _) => None,
        (
            Facts::Write {
                target,
                stage: _,
                rules: _,
            },
            Facts::Prove(goal),
        ) => concerns(target, goal)
            .then_some("a canary proves what is there, so everything of its rule comes first"),
        (
            Facts::Write {
                target: one,
                stage: one_stage,
                rules: one_rules,
            },
            Facts::Write {
                target: other,
                stage: other_stage,
                rules: other_rules,
            },
        ) => {
            if one == other && *other_stage == Shrink {
                return Some("a policy grows before it shrinks");
            }
            let rule = RULES.iter().find(|rule| {
                rule.first.contains(&one.kind())
                    && rule.first_stage.contains(one_stage)
                    && rule.then.contains(&other.kind())
                    && rule.then_stage.contains(other_stage)
                    && match rule.relation {
                        Relation::SameBucket => one.bucket() == other.bucket(),
                        Relation::SameRole => one.role() == other.role(),
                        Relation::UsedByRules => other_rules.uses(other, one),
                        Relation::RulesUse => one_rules.uses(one, other),
                        Relation::Names => one_rules.names(other) || other_rules.names(one),
                    }
            });
            rule.map(|rule| rule.why)
        }
    }
}

/// Whether a canary says something about a target: its buckets' settings, or any role of its source account.
fn concerns(target: &Target, goal: &CanaryGoal) -> bool {
    let bucket = target.bucket();
    let role_of_source = target
        .role()
        .is_some_and(|role| role.account == goal.source.account);
    bucket == Some(&goal.source) || bucket == Some(&goal.destination) || role_of_source
}
