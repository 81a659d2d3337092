//! Desired state: what each target shall hold, from the spec and its phases alone.
//!
//! Nothing here looks at what is live, but for [`LiveFacts`]: settings of things that are not ours, which decide what
//! our own things must say. What is foreign in a document is merged in later, by `merge`.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{Arn, MigrationName};
use crate::model::document::{Document, ObjectOwnership, PolicyText};
use crate::model::replication::{Filter, Rule, RuleDestination, SourceSelection, Status, Timed};
use crate::model::target::ROLE_PATH;
use crate::model::{BucketPart, BucketRef, Observed, RolePart, RoleRef, Target};
use crate::ownership::Markers;
use crate::phase::{Part, Presence, presence};
use crate::policy::Statement;
use crate::policy::generate::{
    self, BucketKeys, DestinationInput, KmsAccess, ReplicaAccess, RolePolicyInput, RuleAccess,
};
use crate::spec::{Create, DeleteMarkers, Encryption, Migration, ReplicaOwner, RuleSpec, Spec};

/// S3 Replication Time Control takes 15 minutes and nothing else (UG:replication-add-config).
const TIME_CONTROL_MINUTES: i32 = 15;

/// What a target shall hold of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// A bucket that is made by us, with these tags.
    Bucket(BTreeMap<String, String>),
    /// A bucket that must be there and is not ours.
    Exists,
    /// These tags among others.
    Tags(BTreeMap<String, String>),
    /// Versioning on.
    Versioning,
    /// This default encryption.
    Encryption(Encryption),
    /// `BucketOwnerEnforced`.
    Ownership,
    /// All four blocks on.
    PublicAccess,
    /// These statements among others.
    BucketPolicy(Vec<(MigrationName, Statement)>),
    /// These rules among others, under this role; priorities are assigned when the live document is known.
    Replication(Vec<(MigrationName, Rule)>, Option<Arn>),
    /// A role with this trust policy and these tags.
    Role(PolicyText, BTreeMap<String, String>),
    /// This inline policy, whole.
    RolePolicy(PolicyText),
    /// Nothing: it is ours and left the spec.
    Absent,
}

/// What every target of a spec shall hold, and which migrations want it so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desired {
    /// By target.
    pub wants: BTreeMap<Target, Want>,
}

/// What a target shall hold, and who wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// What it shall hold.
    pub wanted: Wanted,
    /// The migrations that want it.
    pub migrations: BTreeSet<MigrationName>,
}

/// Live settings of things that are not ours to set but decide what ours must say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveFacts {
    /// The paths of replication roles that exist already (an adopted role keeps its path, which cannot be changed).
    pub role_paths: BTreeMap<RoleRef, String>,
    /// Destination buckets that encrypt with a KMS key by default, and whether they use S3 Bucket Keys.
    pub default_keys: BTreeMap<BucketRef, (Arn, bool)>,
    /// Buckets that have Object Lock.
    pub object_locks: BTreeSet<BucketRef>,
    /// Destination buckets whose owner owns every object, so that no owner override is needed
    /// (UG:replication-change-owner).
    pub owner_enforced: BTreeSet<BucketRef>,
}

impl LiveFacts {
    /// Reads the facts off what was observed.
    #[must_use]
    pub fn of(observed: &Observed) -> Self {
        let mut facts = Self::default();
        for (target, document) in observed.iter() {
            match (target, document) {
                (Target::Role(of, RolePart::Itself), Some(Document::Role(role))) => {
                    facts.role_paths.insert(of.clone(), role.path.clone());
                }
                (
                    Target::Bucket(of, BucketPart::Encryption),
                    Some(Document::Encryption(encryption)),
                ) => {
                    let key = encryption.key.clone().and_then(|key| Arn::new(key).ok());
                    let default = key.map(|key| (of.clone(), (key, encryption.bucket_key)));
                    facts.default_keys.extend(default);
                }
                (
                    Target::Bucket(of, BucketPart::Ownership),
                    Some(Document::Ownership(ownership)),
                ) if *ownership == ObjectOwnership::BucketOwnerEnforced => {
                    facts.owner_enforced.insert(of.clone());
                }
                (Target::Bucket(of, BucketPart::ObjectLock), Some(_)) => {
                    facts.object_locks.insert(of.clone());
                }
                _ => {}
            }
        }
        facts
    }

    /// The ARN of a replication role.
    #[must_use]
    pub fn role_arn(&self, role: &RoleRef) -> Arn {
        let path = self.role_paths.get(role).map_or(ROLE_PATH, String::as_str);
        role.arn(path)
    }
}

/// What a spec asks for, given the facts.
#[must_use]
pub fn desired(spec: &Spec, facts: &LiveFacts) -> Desired {
    let markers = Markers::of(&spec.name);
    let mut desired = Desired::default();
    for (name, migration) in &spec.migrations {
        for (target, wanted) in buckets(spec, &markers, migration) {
            desired.want(target, name, wanted);
        }
        let access = access(spec, facts, migration);
        for (target, wanted) in replication(spec, &markers, name, migration, &access) {
            desired.want(target, name, wanted);
        }
    }
    for (role, users) in roles(spec) {
        for (target, wanted) in role_items(spec, &markers, facts, &role, &users) {
            for (name, _) in &users {
                desired.want(target.clone(), name, wanted.clone());
            }
        }
    }
    desired
}

impl Desired {
    /// Adds what one migration wants; statements and rules of several migrations come together in one document.
    fn want(&mut self, target: Target, migration: &MigrationName, wanted: Wanted) {
        let entry = self.wants.entry(target).or_insert_with(|| Want {
            wanted: wanted.empty(),
            migrations: BTreeSet::new(),
        });
        entry.migrations.insert(migration.clone());
        entry.wanted.join(wanted);
    }

    /// Adds what nobody in the spec wants any more.
    pub fn abandon(&mut self, target: Target, wanted: Wanted) {
        let want = Want {
            wanted,
            migrations: BTreeSet::new(),
        };
        self.wants.entry(target).or_insert(want);
    }
}

impl Wanted {
    /// The same kind of wish with nothing in it yet.
    fn empty(&self) -> Self {
        match self {
            Self::BucketPolicy(_) => Self::BucketPolicy(Vec::new()),
            Self::Replication(_, role) => Self::Replication(Vec::new(), role.clone()),
            Self::Bucket(_)
            | Self::Exists
            | Self::Tags(_)
            | Self::Versioning
            | Self::Encryption(_)
            | Self::Ownership
            | Self::PublicAccess
            | Self::Role(_, _)
            | Self::RolePolicy(_)
            | Self::Absent => self.clone(),
        }
    }

    /// Joins another migration's wish for the same target; the spec's invariants make all but these two equal.
    /// A bucket that is both made by us and only needed elsewhere (a chain of migrations) is made by us.
    fn join(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::BucketPolicy(statements), Self::BucketPolicy(more)) => statements.extend(more),
            (Self::Replication(rules, role), Self::Replication(more, more_role)) => {
                rules.extend(more);
                *role = role.take().or(more_role);
            }
            (Self::Exists, made @ Self::Bucket(_)) => *self = made,
            (_, _) => {}
        }
    }
}

type Items = Vec<(Target, Wanted)>;

/// Both buckets and their settings.
fn buckets(spec: &Spec, markers: &Markers, migration: &Migration) -> Items {
    let (source, destination) = (spec.source(migration), spec.destination(migration));
    let mut items = vec![(
        Target::Bucket(source.clone(), BucketPart::Itself),
        Wanted::Exists,
    )];
    if presence(Part::DestinationBucket, migration.phase) == Presence::Present {
        items.extend(destination_bucket(
            markers,
            &migration.destination.create,
            &destination,
        ));
    }
    if presence(Part::Versioning, migration.phase) == Presence::Present {
        items.push((
            Target::Bucket(source, BucketPart::Versioning),
            Wanted::Versioning,
        ));
        items.push((
            Target::Bucket(destination, BucketPart::Versioning),
            Wanted::Versioning,
        ));
    }
    items
}

fn destination_bucket(markers: &Markers, create: &Create, bucket: &BucketRef) -> Items {
    let Create::Yes(encryption) = create else {
        return vec![(
            Target::Bucket(bucket.clone(), BucketPart::Itself),
            Wanted::Exists,
        )];
    };
    let tags = markers.bucket_tags();
    vec![
        (
            Target::Bucket(bucket.clone(), BucketPart::Itself),
            Wanted::Bucket(tags.clone()),
        ),
        (
            Target::Bucket(bucket.clone(), BucketPart::Tags),
            Wanted::Tags(tags),
        ),
        (
            Target::Bucket(bucket.clone(), BucketPart::Encryption),
            Wanted::Encryption(encryption.clone()),
        ),
        (
            Target::Bucket(bucket.clone(), BucketPart::Ownership),
            Wanted::Ownership,
        ),
        (
            Target::Bucket(bucket.clone(), BucketPart::PublicAccess),
            Wanted::PublicAccess,
        ),
    ]
}

/// What a migration's rules need to be allowed to do.
struct Access {
    role: Arn,
    rules: Vec<RuleAccess>,
    owner_override: bool,
}

fn access(spec: &Spec, facts: &LiveFacts, migration: &Migration) -> Access {
    let (source, destination) = (spec.source(migration), spec.destination(migration));
    let owner_override = needs_owner_override(facts, migration, &destination);
    let default = match &migration.destination.create {
        Create::Yes(Encryption::SseKms { key, bucket_key }) => Some((key.clone(), *bucket_key)),
        Create::Yes(Encryption::SseS3) => None,
        Create::No => facts.default_keys.get(&destination).cloned(),
    };
    let bucket_keys = default.as_ref().is_some_and(|(_, bucket_key)| *bucket_key);
    let rules = migration.rules.iter().map(|rule| RuleAccess {
        source_bucket: source.bucket.clone(),
        source_region: source.region.clone(),
        source_object_lock: facts.object_locks.contains(&source),
        destination_bucket: destination.bucket.clone(),
        destination_region: destination.region.clone(),
        prefix: rule.prefix.clone(),
        delete_markers: rule.delete_markers,
        owner_override,
        kms: rule.kms.as_ref().map(|kms| KmsAccess {
            source_keys: kms.source_keys.clone(),
            replica_key: kms.replica_key.clone(),
        }),
        destination_default_key: default.as_ref().map(|(key, _)| key.clone()),
        destination_bucket_keys: if bucket_keys {
            BucketKeys::Used
        } else {
            BucketKeys::Unused
        },
    });
    Access {
        role: facts.role_arn(&spec.role(migration)),
        rules: rules.collect(),
        owner_override,
    }
}

/// The override is needed where replicas shall belong to the destination account and the bucket does not see to it
/// (UG:replication-change-owner).
fn needs_owner_override(facts: &LiveFacts, migration: &Migration, destination: &BucketRef) -> bool {
    let enforced = match migration.destination.create {
        Create::Yes(_) => true,
        Create::No => facts.owner_enforced.contains(destination),
    };
    migration.owner == ReplicaOwner::Destination && !enforced
}

/// The destination policy's statements and the rules.
fn replication(
    spec: &Spec,
    markers: &Markers,
    name: &MigrationName,
    migration: &Migration,
    access: &Access,
) -> Items {
    let (source, destination) = (spec.source(migration), spec.destination(migration));
    let has = |part| presence(part, migration.phase) == Presence::Present;
    let statements = has(Part::Access).then(|| {
        generate::destination_statements(&DestinationInput {
            sid: markers.sid_prefix(name),
            role: access.role.clone(),
            bucket: destination.bucket.clone(),
            partition: destination.region.partition(),
            rules: access.rules.iter().map(replica_access).collect(),
        })
    });
    let statements = statements.into_iter().flatten();
    let rules = migration
        .rules
        .iter()
        .filter(|_| has(Part::Rules))
        .map(|rule| {
            let rule = wanted_rule(markers, name, rule, &destination, access.owner_override);
            (name.clone(), rule)
        });
    vec![
        (
            Target::Bucket(destination.clone(), BucketPart::Policy),
            Wanted::BucketPolicy(
                statements
                    .map(|statement| (name.clone(), statement))
                    .collect(),
            ),
        ),
        (
            Target::Bucket(source, BucketPart::Replication),
            Wanted::Replication(
                rules.collect(),
                has(Part::Rules).then(|| access.role.clone()),
            ),
        ),
    ]
}

fn replica_access(rule: &RuleAccess) -> ReplicaAccess {
    ReplicaAccess {
        prefix: rule.prefix.clone(),
        delete_markers: rule.delete_markers,
        owner_override: rule.owner_override,
    }
}

/// A rule of schema V2 in the one form that s3ferry writes; its priority is assigned by `merge`.
fn wanted_rule(
    markers: &Markers,
    migration: &MigrationName,
    rule: &RuleSpec,
    destination: &BucketRef,
    owner_override: bool,
) -> Rule {
    let RuleSpec {
        name,
        prefix,
        tags,
        delete_markers,
        storage_class,
        time_control,
        kms,
        replica_modifications,
        enabled,
    } = rule;
    let on = |wanted: bool| wanted.then_some(Status::Enabled);
    let selection = SourceSelection {
        sse_kms: on(kms.is_some()),
        replica_modifications: on(*replica_modifications),
    };
    let minutes = time_control.then_some(TIME_CONTROL_MINUTES);
    let timed = || Timed {
        status: Status::Enabled,
        minutes,
    };
    Rule {
        id: Some(markers.rule_id(migration, name)),
        priority: None,
        legacy_prefix: None,
        filter: Some(Filter::of(prefix, tags)),
        status: Status::of(*enabled),
        source_selection: (kms.is_some() || *replica_modifications).then_some(selection),
        existing_objects: None,
        destination: Some(RuleDestination {
            bucket: destination.arn().to_string(),
            account: Some(destination.account.to_string()),
            storage_class: storage_class.map(|class| class.as_str().to_owned()),
            owner_override: owner_override.then(|| "Destination".to_owned()),
            replica_key: kms.as_ref().map(|kms| Some(kms.replica_key.to_string())),
            replication_time: time_control.then(timed),
            // Metrics are always on: they are what the failed operations of a rule are seen by (UG26:repl-metrics).
            // Without time control a threshold is refused (domain reference §1.4).
            metrics: Some(timed()),
        }),
        delete_markers: Some(Some(Status::of(*delete_markers == DeleteMarkers::Mirror))),
    }
}

type Users<'a> = Vec<(&'a MigrationName, &'a Migration)>;

/// The replication roles, each with the migrations that use it and whose phase still has it.
fn roles(spec: &Spec) -> BTreeMap<RoleRef, Users<'_>> {
    let mut roles: BTreeMap<RoleRef, Users<'_>> = BTreeMap::new();
    let with_access = spec
        .migrations
        .iter()
        .filter(|(_, migration)| presence(Part::Access, migration.phase) == Presence::Present);
    for (name, migration) in with_access {
        roles
            .entry(spec.role(migration))
            .or_default()
            .push((name, migration));
    }
    roles
}

/// A role and its policy, for everything that its migrations replicate: the smallest that all of them can work with.
fn role_items(
    spec: &Spec,
    markers: &Markers,
    facts: &LiveFacts,
    role: &RoleRef,
    users: &Users<'_>,
) -> Items {
    let sources: BTreeSet<BucketRef> = users.iter().map(|(_, m)| spec.source(m)).collect();
    let destinations: BTreeSet<BucketRef> =
        users.iter().map(|(_, m)| spec.destination(m)).collect();
    let rules = users
        .iter()
        .flat_map(|(_, migration)| access(spec, facts, migration).rules);
    let policy = generate::replication_role_policy(&RolePolicyInput {
        rules: rules.collect(),
    });
    vec![
        (
            Target::Role(role.clone(), RolePart::Itself),
            Wanted::Role(
                PolicyText(generate::trust_for_s3().to_json()),
                markers.role_tags(sources.iter(), destinations.iter()),
            ),
        ),
        (
            Target::Role(role.clone(), RolePart::Policy),
            Wanted::RolePolicy(PolicyText(policy.to_json())),
        ),
    ]
}
