//! Order: which write comes before which, as laws.
//!
//! A law says: a step of this kind is settled before a step of that kind starts, where the two have to do with each other.
//! The order follows AWS: versioning, role, policies, then the replication configuration, then a canary; and back in reverse,
//! because objects whose role or grants go first fail and are never retried (domain reference §2.9, §12).

use std::collections::{BTreeMap, BTreeSet};

use crate::format::Edge;
use crate::model::document::Document;
use crate::model::replication::ReplicationConfiguration;
use crate::model::{BucketPart, Kind, RolePart, Target};
use crate::ownership::tagged_buckets;
use crate::plan::steps::{CanaryGoal, Stage, Step, StepId, Work, WriteStep};

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
    /// The one is a role's policy that grants the use of the default key of the other's bucket there.
    Grants,
    /// The first is a part of a bucket that the tags of the second, a role, lead to.
    LedTo,
}

/// A law of the order.
struct Law {
    first: &'static [Kind],
    first_stage: &'static [Stage],
    then: &'static [Kind],
    then_stage: &'static [Stage],
    relation: Relation,
    why: &'static str,
}

use Stage::{Remove, Set, Shrink};

const SETTINGS: &[Kind] = &[
    Kind::Bucket(BucketPart::Tags),
    Kind::Bucket(BucketPart::Versioning),
    Kind::Bucket(BucketPart::Encryption),
    Kind::Bucket(BucketPart::Ownership),
    Kind::Bucket(BucketPart::PublicAccess),
    Kind::Bucket(BucketPart::Policy),
    Kind::Bucket(BucketPart::Replication),
];

const LAWS: &[Law] = &[
    Law {
        first: &[Kind::Bucket(BucketPart::Itself)],
        first_stage: &[Set],
        then: SETTINGS,
        then_stage: &[Set],
        relation: Relation::SameBucket,
        why: "a bucket exists before its settings",
    },
    Law {
        first: &[
            Kind::Bucket(BucketPart::Ownership),
            Kind::Bucket(BucketPart::PublicAccess),
        ],
        first_stage: &[Set],
        then: &[Kind::Bucket(BucketPart::Policy)],
        then_stage: &[Set],
        relation: Relation::SameBucket,
        why: "a bucket is closed before its policy opens it to anybody",
    },
    Law {
        first: &[Kind::Role(RolePart::Itself)],
        first_stage: &[Set],
        then: &[Kind::Role(RolePart::Policy)],
        then_stage: &[Set],
        relation: Relation::SameRole,
        why: "a role exists before its policy",
    },
    Law {
        first: &[Kind::Role(RolePart::Itself)],
        first_stage: &[Set],
        then: &[Kind::Bucket(BucketPart::Policy)],
        then_stage: &[Set],
        relation: Relation::Names,
        why: "a principal exists before a bucket policy names it",
    },
    Law {
        first: &[
            Kind::Bucket(BucketPart::Versioning),
            Kind::Bucket(BucketPart::Encryption),
            Kind::Bucket(BucketPart::Ownership),
            Kind::Bucket(BucketPart::PublicAccess),
            Kind::Bucket(BucketPart::Policy),
            Kind::Role(RolePart::Itself),
            Kind::Role(RolePart::Policy),
        ],
        first_stage: &[Set],
        then: &[Kind::Bucket(BucketPart::Replication)],
        then_stage: &[Set, Remove],
        relation: Relation::UsedByRules,
        why: "rules start when everything they need is there, or their objects fail for good",
    },
    Law {
        first: &[Kind::Bucket(BucketPart::Replication)],
        first_stage: &[Set, Remove],
        then: &[
            Kind::Bucket(BucketPart::Policy),
            Kind::Role(RolePart::Policy),
            Kind::Role(RolePart::Itself),
        ],
        then_stage: &[Shrink, Remove],
        relation: Relation::RulesUse,
        why: "rules stop before what they need goes, or their objects fail for good",
    },
    Law {
        first: &[Kind::Role(RolePart::Policy)],
        first_stage: &[Set],
        then: &[Kind::Bucket(BucketPart::Encryption)],
        then_stage: &[Set],
        relation: Relation::Grants,
        why: "a role may use a key before a bucket encrypts replicas with it",
    },
    Law {
        first: &[Kind::Bucket(BucketPart::Encryption)],
        first_stage: &[Set],
        then: &[Kind::Role(RolePart::Policy)],
        then_stage: &[Shrink],
        relation: Relation::Grants,
        why: "a bucket stops encrypting replicas with a key before a role may no longer use it",
    },
    Law {
        first: &[Kind::Role(RolePart::Policy)],
        first_stage: &[Remove],
        then: &[Kind::Role(RolePart::Itself)],
        then_stage: &[Remove],
        relation: Relation::SameRole,
        why: "a role is deleted when its policies are",
    },
    Law {
        first: &[Kind::Bucket(BucketPart::Policy)],
        first_stage: &[Set, Shrink, Remove],
        then: &[Kind::Role(RolePart::Itself)],
        then_stage: &[Remove],
        relation: Relation::Names,
        why: "a bucket policy stops naming a principal before it is deleted",
    },
    Law {
        first: &[
            Kind::Bucket(BucketPart::Replication),
            Kind::Bucket(BucketPart::Policy),
        ],
        first_stage: &[Set, Shrink, Remove],
        then: &[Kind::Role(RolePart::Itself)],
        then_stage: &[Shrink, Remove],
        relation: Relation::LedTo,
        why: "what a role's tags lead to is cleaned before they go, or a run that stops between would not find it again",
    },
];

/// Adds to every step what it needs, and gives the edges with their reasons.
pub(crate) fn arrange(steps: &mut [Step]) -> Vec<Edge> {
    let mut edges = BTreeSet::new();
    let facts: Vec<Facts> = steps.iter().map(Facts::of).collect();
    let index = Index::of(&facts);
    for then in 0..steps.len() {
        let found = index.near(&facts[then]).into_iter();
        let needs: Vec<(StepId, &'static str)> = found
            .filter(|first| *first != then)
            .filter_map(|first| {
                let why = reason(&facts[first], &facts[then])?;
                Some((steps[first].id.clone(), why))
            })
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
/// the roles that a bucket policy may name, the buckets that a role's tags lead to or its policy grants something in, and the
/// keys of a role's policy or a bucket.
#[derive(Default)]
struct Linked {
    destinations: BTreeSet<String>,
    roles: BTreeSet<String>,
    named: BTreeSet<String>,
    places: BTreeSet<String>,
    granted: BTreeSet<String>,
    keys: BTreeSet<String>,
}

/// What two steps must share for any rule to join them. Names without accounts: too many steps found costs time, too few
/// would cost an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing<'a> {
    Bucket(&'a str),
    Role(&'a str),
}

/// The steps by what they are about and by what they speak of, so that a step is not held against every other one:
/// hundreds of migrations make thousands of steps that have nothing to do with each other.
#[derive(Default)]
struct Index<'a> {
    about: BTreeMap<Thing<'a>, Vec<usize>>,
    speaking_of: BTreeMap<Thing<'a>, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn of(facts: &'a [Facts]) -> Self {
        let mut index = Self::default();
        for (step, facts) in facts.iter().enumerate() {
            if let Some(thing) = facts.about() {
                index.about.entry(thing).or_default().push(step);
            }
            for thing in facts.speaks_of() {
                index.speaking_of.entry(thing).or_default().push(step);
            }
        }
        index
    }

    /// The steps that a rule may join with a step.
    fn near(&self, facts: &Facts) -> BTreeSet<usize> {
        let about = facts.about();
        let same = about.and_then(|thing| self.about.get(&thing));
        let speaking = about.and_then(|thing| self.speaking_of.get(&thing));
        let spoken_of = facts.speaks_of();
        let spoken_of = spoken_of.iter().filter_map(|thing| self.about.get(thing));
        let found = same.into_iter().chain(speaking).chain(spoken_of);
        found.flatten().copied().collect()
    }
}

impl Facts {
    fn of(step: &Step) -> Self {
        match &step.work {
            Work::Prove(goal) => Self::Prove((**goal).clone()),
            Work::Write(write) => {
                let WriteStep {
                    target,
                    stage,
                    before,
                    after,
                } = &**write;
                let rules = Linked::of([before.as_ref(), after.as_ref()].into_iter().flatten());
                Self::Write {
                    target: target.clone(),
                    stage: *stage,
                    rules,
                }
            }
        }
    }
}

impl Facts {
    /// The bucket or the role that a step writes a part of.
    fn about(&self) -> Option<Thing<'_>> {
        let Self::Write {
            target,
            stage: _,
            rules: _,
        } = self
        else {
            return None;
        };
        let bucket = target.bucket();
        let bucket = bucket.map(|bucket| Thing::Bucket(bucket.bucket.as_str()));
        bucket.or_else(|| Some(Thing::Role(target.role()?.name.as_str())))
    }

    /// What the step's documents or its goal name.
    fn speaks_of(&self) -> Vec<Thing<'_>> {
        match self {
            Self::Write {
                target: _,
                stage: _,
                rules:
                    Linked {
                        destinations,
                        roles,
                        named,
                        places,
                        granted,
                        keys: _, // A key joins only what its bucket joins already.
                    },
            } => {
                let buckets = destinations.iter().chain(places).chain(granted);
                let buckets = buckets.map(|name| Thing::Bucket(name));
                let roles = roles.iter().chain(named).map(|name| Thing::Role(name));
                buckets.chain(roles).collect()
            }
            Self::Prove(goal) => vec![
                Thing::Bucket(goal.source.bucket.as_str()),
                Thing::Bucket(goal.destination.bucket.as_str()),
                Thing::Role(goal.role.name.as_str()),
            ],
        }
    }
}

impl Linked {
    fn of<'a>(documents: impl Iterator<Item = &'a Document>) -> Self {
        let mut linked = Self::default();
        for document in documents {
            if let Document::BucketPolicy(policy) = document {
                linked.named.extend(last_words(&policy.0));
            }
            if let Document::RolePolicy(policy) = document {
                linked.granted.extend(buckets_of_objects(&policy.0));
                linked.keys.extend(keys(&policy.0));
            }
            if let Document::Encryption(encryption) = document {
                linked.keys.extend(encryption.key.clone());
            }
            if let Document::Role(role) = document {
                linked.places.extend(tagged_buckets(&role.tags));
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
    fn names(&self, target: &Target) -> bool {
        let role = target.role();
        role.is_some_and(|role| self.named.contains(role.name.as_str()))
    }

    /// Whether a role's policy, this, grants the use of the default key of a bucket's encryption there.
    fn grants_key_of(&self, target: &Target, encryption: &Self) -> bool {
        let bucket = target.bucket();
        bucket.is_some_and(|bucket| self.granted.contains(bucket.bucket.as_str()))
            && !self.keys.is_disjoint(&encryption.keys)
    }

    /// Whether the tags of a role lead to the bucket that this target is a part of.
    fn lead_to(&self, target: &Target) -> bool {
        let bucket = target.bucket();
        bucket.is_some_and(|bucket| self.places.contains(bucket.bucket.as_str()))
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

/// What follows the last slash of every string in JSON text: the names of the roles whose ARNs are in it, among others.
fn last_words(json: &str) -> impl Iterator<Item = String> {
    let strings = json.split('"');
    strings.filter_map(|text| Some(text.rsplit_once('/')?.1.to_owned()))
}

/// The buckets whose objects JSON text names by ARN.
fn buckets_of_objects(json: &str) -> impl Iterator<Item = String> {
    let names = json.split('"').filter_map(|text| text.split_once(":s3:::"));
    names.filter_map(|(_, rest)| Some(rest.split_once('/')?.0.to_owned()))
}

/// The keys that JSON text names by ARN.
fn keys(json: &str) -> impl Iterator<Item = String> {
    let strings = json.split('"').filter(|text| text.contains(":kms:"));
    strings.map(ToOwned::to_owned)
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
                return Some("what both grows and shrinks grows first");
            }
            let law = LAWS.iter().find(|law| {
                law.first.contains(&one.kind())
                    && law.first_stage.contains(one_stage)
                    && law.then.contains(&other.kind())
                    && law.then_stage.contains(other_stage)
                    && match law.relation {
                        Relation::SameBucket => one.bucket() == other.bucket(),
                        Relation::SameRole => one.role() == other.role(),
                        Relation::UsedByRules => other_rules.uses(other, one),
                        Relation::RulesUse => one_rules.uses(one, other),
                        Relation::Names => one_rules.names(other) || other_rules.names(one),
                        Relation::Grants => {
                            one_rules.grants_key_of(other, other_rules)
                                || other_rules.grants_key_of(one, one_rules)
                        }
                        Relation::LedTo => other_rules.lead_to(one),
                    }
            });
            law.map(|law| law.why)
        }
    }
}

/// Whether a canary says something about a target: its buckets' settings, or the role that replicates it.
fn concerns(target: &Target, goal: &CanaryGoal) -> bool {
    let bucket = target.bucket();
    bucket == Some(&goal.source)
        || bucket == Some(&goal.destination)
        || target.role() == Some(&goal.role)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AccountId, BucketName, MigrationName, Partition, Region, RoleName, RuleName};
    use crate::model::{BucketRef, RoleRef};
    use crate::plan::steps::ProofSubject;

    fn bucket(account: &str, name: &str) -> BucketRef {
        BucketRef {
            account: AccountId::new(account).unwrap(),
            region: Region::new("eu-west-1").unwrap(),
            bucket: BucketName::new(name).unwrap(),
        }
    }

    fn role(name: &str) -> RoleRef {
        RoleRef {
            account: AccountId::new("111111111111").unwrap(),
            partition: Partition::Commercial,
            name: RoleName::new(name).unwrap(),
        }
    }

    fn parts(of: &BucketRef) -> [Target; 7] {
        [
            Target::Bucket(of.clone(), BucketPart::Itself),
            Target::Bucket(of.clone(), BucketPart::Versioning),
            Target::Bucket(of.clone(), BucketPart::Encryption),
            Target::Bucket(of.clone(), BucketPart::Ownership),
            Target::Bucket(of.clone(), BucketPart::PublicAccess),
            Target::Bucket(of.clone(), BucketPart::Policy),
            Target::Bucket(of.clone(), BucketPart::Replication),
        ]
    }

    /// Every stage of every target of a migration from a bucket of its own to one that it shares.
    fn migration(number: usize) -> Vec<Facts> {
        let source = bucket("111111111111", &format!("source-{number}"));
        let destination = bucket("222222222222", "shared");
        let role = role(&format!("role-{number}"));
        let name = |of: &RoleRef| BTreeSet::from([of.name.to_string()]);
        let linked = |target: &Target| match target {
            Target::Bucket(of, BucketPart::Replication) if *of == source => Linked {
                destinations: BTreeSet::from(["shared".to_owned()]),
                roles: name(&role),
                ..Linked::default()
            },
            Target::Bucket(of, BucketPart::Policy) if *of == destination => Linked {
                named: name(&role),
                ..Linked::default()
            },
            Target::Bucket(of, BucketPart::Encryption) if *of == destination => Linked {
                keys: BTreeSet::from(["key".to_owned()]),
                ..Linked::default()
            },
            Target::Role(_, RolePart::Policy) => Linked {
                granted: BTreeSet::from(["shared".to_owned()]),
                keys: BTreeSet::from(["key".to_owned()]),
                ..Linked::default()
            },
            Target::Role(_, RolePart::Itself) => Linked {
                places: BTreeSet::from([source.bucket.to_string(), "shared".to_owned()]),
                ..Linked::default()
            },
            _ => Linked::default(),
        };
        let roles = [
            Target::Role(role.clone(), RolePart::Itself),
            Target::Role(role.clone(), RolePart::Policy),
        ];
        let targets = [parts(&source), parts(&destination)].into_iter();
        let write = |(target, stage): (Target, Stage)| Facts::Write {
            rules: linked(&target),
            target,
            stage,
        };
        let mut facts: Vec<Facts> = targets
            .flatten()
            .chain(roles)
            .flat_map(|target| [Set, Shrink, Remove].map(|stage| (target.clone(), stage)))
            .map(write)
            .collect();
        facts.push(Facts::Prove(CanaryGoal {
            migration: MigrationName::new(format!("m-{number}")).unwrap(),
            rule: RuleName::new("all").unwrap(),
            source,
            destination,
            role,
            key: String::new(),
            tags: std::collections::BTreeMap::new(),
            kms_key: None,
            subject: ProofSubject(String::new()),
        }));
        facts
    }

    #[test]
    fn no_pair_that_a_rule_joins_is_overlooked() {
        let facts: Vec<Facts> = (0..3).flat_map(migration).collect();
        let index = Index::of(&facts);
        let mut said = BTreeSet::new();
        for (place, then) in facts.iter().enumerate() {
            let near = index.near(then);
            for (first, of) in facts.iter().enumerate() {
                if let Some(why) = reason(of, then) {
                    said.insert(why);
                    assert!(near.contains(&first), "{first} before {place}: {why}");
                }
            }
        }
        let silent: Vec<&str> = LAWS.iter().map(|law| law.why).collect();
        assert!(silent.iter().all(|why| said.contains(why)), "{said:?}");
    }

    #[test]
    fn steps_that_share_nothing_are_not_held_against_each_other() {
        let facts: Vec<Facts> = (0..3).flat_map(migration).collect();
        let of_first_role = facts
            .iter()
            .find(|facts| facts.about() == Some(Thing::Role("role-0")));
        let near = Index::of(&facts).near(of_first_role.unwrap());
        let things: BTreeSet<Thing<'_>> = near.iter().filter_map(|n| facts[*n].about()).collect();
        let linked = [
            Thing::Bucket("shared"),
            Thing::Bucket("source-0"),
            Thing::Role("role-0"),
        ];
        assert_eq!(things, linked.into());
    }

    #[test]
    fn buckets_and_keys_are_found_in_the_text_of_a_policy() {
        let text = r#"{"Resource":["arn:aws:s3:::b/hot/*","arn:aws:s3:::c"],"x":"arn:aws:kms:eu-west-1:1:key/k"}"#;
        assert_eq!(buckets_of_objects(text).collect::<Vec<_>>(), ["b"]);
        assert_eq!(
            keys(text).collect::<Vec<_>>(),
            ["arn:aws:kms:eu-west-1:1:key/k"]
        );
    }

    #[test]
    fn roles_are_found_in_the_text_of_a_policy() {
        let text = r#"{"Principal":{"AWS":["arn:aws:iam::111111111111:role/s3ferry/team","AIDAX"]},"Resource":"arn:aws:s3:::b/*"}"#;
        assert_eq!(last_words(text).collect::<Vec<_>>(), ["team", "*"]);
    }
}
