//! What lets the rules work: the replication role, its policy, and the destination policy's statements.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, finding};
use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::ids::{Arn, MigrationName};
use crate::live::LiveFacts;
use crate::model::kinds::{Document, Policy, Role};
use crate::model::{BucketPart, BucketRef, Observed, RolePart, RoleRef, Target};
use crate::phase::Part;
use crate::policy::PolicyDocument;
use crate::policy::deny::{Certainty, DenyHit, denials};
use crate::policy::generate::{
    self, BucketKeys, DestinationInput, KmsAccess, ReplicaAccess, RolePolicyInput, RuleAccess,
    key_policy_statement,
};
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::{Create, Encryption, Migration, Phase, ReplicaOwner};
use crate::wanted::{Items, Wanted};
use FindingLevel::{Blocked, Warning};

/// What a migration's rules need to be allowed to do.
pub(super) struct Access {
    /// The role that they run under.
    pub(super) role: Arn,
    /// Rule by rule.
    rules: Vec<RuleAccess>,
    /// Whether replicas change their owner.
    pub(super) owner_override: bool,
}

/// Both policies may deny, and the destination's is ours in part; Object Lock of the source adds to what the role must be
/// allowed, and only a locked source needs a locked destination. Whether versioning is on is found out first: no lock without.
pub(super) fn reads(route: &Route<'_>, seen: &Observed) -> Vec<Target> {
    let bucket = |bucket: &BucketRef, part| Target::Bucket(bucket.clone(), part);
    let lock = bucket(&route.source, BucketPart::ObjectLock);
    let mut targets = vec![
        bucket(&route.source, BucketPart::Policy),
        bucket(&route.destination, BucketPart::Policy),
    ];
    if seen.document(&lock).is_some() {
        targets.push(bucket(&route.destination, BucketPart::ObjectLock));
    }
    let knows_versioning = seen.knows(&bucket(&route.source, BucketPart::Versioning));
    targets.extend(knows_versioning.then_some(lock));
    targets.extend(role_targets(&route.role));
    targets
}

/// Everything of a role that a plan looks at.
pub(crate) fn role_targets(role: &RoleRef) -> Vec<Target> {
    RolePart::ALL
        .into_iter()
        .map(|part| Target::Role(role.clone(), part))
        .collect()
}

/// What the rules of a migration need, given what is live.
pub(super) fn of(scene: &Scene<'_>, route: &Route<'_>) -> Access {
    let Route {
        name: _,
        migration,
        source,
        destination,
        role,
    } = route;
    let facts = &scene.live;
    let owner_override = needs_owner_override(facts, migration, destination);
    let default = match &migration.destination.create {
        Create::Yes(Encryption::SseKms { key, bucket_key }) => Some((key.clone(), *bucket_key)),
        Create::Yes(Encryption::SseS3) => None,
        Create::No => facts.default_keys.get(destination).cloned(),
    };
    let bucket_keys = default.as_ref().is_some_and(|(_, bucket_key)| *bucket_key);
    let rules = migration.rules.iter().map(|rule| RuleAccess {
        source_bucket: source.bucket.clone(),
        source_region: source.region.clone(),
        source_object_lock: facts.object_locks.contains(source),
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
        role: facts.role_arn(role),
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

/// The destination policy's statements; also where the phase has none, so that those that are there go.
pub(super) fn wants(scene: &Scene<'_>, case: &Case<'_>, phase: Phase) -> Items {
    let Case { route, access } = case;
    let target = Target::Bucket(route.destination.clone(), BucketPart::Policy);
    if !Part::Access.is_in(phase) {
        return vec![(target, Wanted::BucketPolicy(Vec::new()))];
    }
    let statements = generate::destination_statements(&DestinationInput {
        sid: scene.markers.sid_prefix(route.name),
        role: access.role.clone(),
        bucket: route.destination.bucket.clone(),
        partition: route.destination.region.partition(),
        rules: access.rules.iter().map(replica_access).collect(),
    });
    let of_migration = |statement| (route.name.clone(), statement);
    let statements = statements.into_iter().map(of_migration).collect();
    vec![(target, Wanted::BucketPolicy(statements))]
}

fn replica_access(rule: &RuleAccess) -> ReplicaAccess {
    ReplicaAccess {
        prefix: rule.prefix.clone(),
        delete_markers: rule.delete_markers,
        owner_override: rule.owner_override,
    }
}

/// The replication roles and their policies, each with the migrations that use it and whose phase still has it: the smallest
/// that all of them can work with.
pub(super) fn roles<'a>(
    scene: &Scene<'_>,
    cases: &'a [Case<'a>],
) -> Vec<(Target, Wanted, Vec<&'a MigrationName>)> {
    let mut users: BTreeMap<&RoleRef, Vec<&Case<'_>>> = BTreeMap::new();
    let with_access = cases
        .iter()
        .filter(|case| Part::Access.is_in(case.route.migration.phase));
    for case in with_access {
        users.entry(&case.route.role).or_default().push(case);
    }
    let mut wanted = Vec::new();
    for (role, users) in users {
        let names: Vec<&MigrationName> = users.iter().map(|case| case.route.name).collect();
        let target = |part| Target::Role(role.clone(), part);
        let (of_role, of_policy) = role_items(scene, &users);
        wanted.push((target(RolePart::Itself), of_role, names.clone()));
        wanted.push((target(RolePart::Policy), of_policy, names));
    }
    wanted
}

fn role_items(scene: &Scene<'_>, users: &[&Case<'_>]) -> (Wanted, Wanted) {
    let sources: BTreeSet<&BucketRef> = users.iter().map(|case| &case.route.source).collect();
    let destinations: BTreeSet<&BucketRef> =
        users.iter().map(|case| &case.route.destination).collect();
    let rules = users.iter().flat_map(|case| case.access.rules.clone());
    let policy = generate::replication_role_policy(&RolePolicyInput {
        rules: rules.collect(),
    });
    let tags = scene
        .markers
        .role_tags(sources.into_iter(), destinations.into_iter());
    (
        Wanted::Role(Policy::from(generate::trust_for_s3()), tags),
        Wanted::RolePolicy(Policy::from(policy)),
    )
}

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(object_lock(scene, case));
    findings.extend(denies(scene, case, future));
    findings.extend(key_policy(case));
    findings.extend(role_limits(scene, case));
    findings
}

/// A locked source needs a locked destination (UG26:replication-requirements).
fn object_lock(scene: &Scene<'_>, case: &Case<'_>) -> Option<Finding> {
    let lock = |bucket: BucketRef| {
        scene
            .observed
            .document(&Target::Bucket(bucket, BucketPart::ObjectLock))
            .is_some()
    };
    let destination = case.route.destination.clone();
    (lock(case.route.source.clone()) && !lock(destination.clone())).then(|| {
        let help = match case.route.migration.destination.create {
            Create::Yes(_) => {
                "make the destination bucket with Object Lock yourself, then destination: { create: false }"
            }
            Create::No => "enable Object Lock on the destination bucket; it cannot be disabled again",
        };
        finding(
            "object-lock-mismatch",
            Blocked,
            scene.names.address(&Target::Bucket(destination, BucketPart::ObjectLock)),
            "the source bucket has Object Lock and the destination bucket has not: its objects would fail".to_owned(),
            help,
        )
    })
}

/// The destination key's policy is not ours to write yet, and AWS does not check it when rules are put (T3).
fn key_policy(case: &Case<'_>) -> Option<Finding> {
    let rules = &case.access.rules;
    let selected = rules.iter().find_map(|rule| rule.kms.as_ref());
    let default = || {
        rules
            .iter()
            .find_map(|rule| rule.destination_default_key.as_ref())
    };
    let key = selected.map(|kms| &kms.replica_key).or_else(default)?;
    let bucket_keys = rules.first()?.destination_bucket_keys;
    let statement = key_policy_statement(&case.access.role, bucket_keys);
    Some(finding(
        "key-policy-unchecked",
        Warning,
        key.to_string(),
        "s3ferry does not read or write key policies yet; without this statement in the key's policy every replica fails".to_owned(),
        statement.raw(),
    ))
}

/// What limits the role from outside its policy, and what widens it.
fn role_limits(scene: &Scene<'_>, case: &Case<'_>) -> Vec<Finding> {
    let part = |part| Target::Role(case.route.role.clone(), part);
    let live = |of| scene.observed.document(&part(of));
    let address = scene.names.address(&part(RolePart::Itself));
    let mut findings = Vec::new();
    if let Some(Document::Role(Role {
        boundary: Some(boundary),
        ..
    })) = live(RolePart::Itself)
    {
        findings.push(finding(
            "role-boundary",
            Warning,
            address.clone(),
            format!("a permissions boundary limits the role: {boundary}"),
            "check that the boundary allows what the role's policy grants; the canary shows it",
        ));
    }
    if let Some(Document::RolePolicies(policies)) = live(RolePart::Policies) {
        let foreign: Vec<&str> = policies.foreign().collect();
        if !foreign.is_empty() {
            findings.push(finding(
                "role-extra-policies",
                Warning,
                address,
                format!("the role has policies that s3ferry did not write: {}", foreign.join(", ")),
                "they grant more than replication needs; remove them unless you know why they are there",
            ));
        }
    }
    findings
}

/// An explicit Deny in either bucket's policy wins over everything that the role is granted
/// (UG26:replication-troubleshoot).
fn denies(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    let role = &case.route.role;
    let part = |part| future.document(&Target::Role(role.clone(), part));
    let (Some(Document::Role(live)), Some(Document::RolePolicy(granted))) =
        (part(RolePart::Itself), part(RolePart::Policy))
    else {
        return Vec::new();
    };
    let arn = role.arn(&live.path);
    let granted = granted
        .document()
        .map_or(&[][..], PolicyDocument::statements);
    let mut findings: Vec<Finding> = Vec::new();
    for bucket in [&case.route.source, &case.route.destination] {
        let target = Target::Bucket(bucket.clone(), BucketPart::Policy);
        let Some(Document::BucketPolicy(policy)) = scene.observed.document(&target) else {
            continue;
        };
        let Some(policy) = policy.document() else {
            continue;
        };
        let hits = granted
            .iter()
            .flat_map(|grant| denials(policy, &arn, grant));
        let address = scene.names.address(&target);
        findings.extend(hits.map(|hit| denied(&address, &hit)));
    }
    findings.dedup();
    findings
}

fn denied(address: &str, hit: &DenyHit) -> Finding {
    let name = hit.sid.clone().unwrap_or_else(|| format!("#{}", hit.index));
    let (level, when) = match &hit.certainty {
        Certainty::Always => (Blocked, String::new()),
        Certainty::Maybe(condition) => (Warning, format!(" if {condition}")),
    };
    finding(
        "policy-denies-replication",
        level,
        format!("{address}/statement/{name}"),
        format!(
            "this statement denies the replication role what it needs{when}: objects would fail"
        ),
        "exempt the role, e.g. with a condition ArnNotEquals on aws:PrincipalArn",
    )
}
