//! What lets the rules work: the replication role, its policy, and the destination policy's statements.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, Sight, finding, monitoring};
use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::goals::canary::{SourceKey, source_key};
use crate::ids::{Arn, MigrationName};
use crate::live::LiveFacts;
use crate::merge::advice::{guards_advice, guards_line, quoted};
use crate::model::kinds::replication::Rule;
use crate::model::kinds::{Document, Policy, Role, RolePolicies};
use crate::model::{BucketPart, BucketRef, RolePart, RoleRef, Target, same};
use crate::ownership::Leads;
use crate::phase::Part;
use crate::policy::deny::{Certainty, DenyHit};
use crate::policy::generate::{
    self, BucketKeys, DestinationInput, KmsAccess, ReplicaAccess, RolePolicyInput, RuleAccess,
};
use crate::refusals;
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::{Create, Encryption, Migration, Phase, ReplicaOwner, RuleSpec};
use crate::wanted::{Items, Wanted};
use FindingLevel::{Blocked, Warning};

/// What a migration's rules need to be allowed to do.
pub(super) struct Access {
    /// The role that they run under.
    pub(super) role: Arn,
    /// Rule by rule.
    pub(super) rules: Vec<RuleAccess>,
    /// Whether replicas change their owner.
    pub(super) owner_override: bool,
}

/// Both policies may deny, and the destination's is ours in part; what the source encrypts with by default, the role must be
/// able to decrypt; Object Lock of the source adds to what the role must be
/// allowed, and only a locked source needs a locked destination. It is read with the rest: a round of its own for all migrations
/// would cost more time than a look at sources that have no versioning yet.
pub(super) fn reads(route: &Route<'_>, seen: Sight<'_>) -> Vec<Target> {
    let bucket = |bucket: &BucketRef, part| Target::Bucket(bucket.clone(), part);
    let lock = bucket(&route.source, BucketPart::ObjectLock);
    let mut targets = vec![
        bucket(&route.source, BucketPart::Policy),
        bucket(&route.source, BucketPart::Encryption),
        bucket(&route.destination, BucketPart::Policy),
        lock.clone(),
    ];
    if seen.says(|seen| seen.document(&lock).is_some()) {
        targets.push(bucket(&route.destination, BucketPart::ObjectLock));
    }
    targets.extend(role_targets(&route.role));
    targets
}

/// Everything of a role that a plan looks at.
pub(crate) fn role_targets(role: &RoleRef) -> Vec<Target> {
    RolePart::LOOKED_AT
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
        batch_role: _, // It asks for copies; what copies is the other one.
        destination_batch_role: _,
        alarms_in: _, // Rules need nothing of who watches them.
        topics: _,
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
        wanted.push((target(RolePart::Policy), of_policy, names.clone()));
        wanted.push((target(RolePart::Policies), Wanted::OtherPolicies, names));
    }
    wanted
}

fn role_items(scene: &Scene<'_>, users: &[&Case<'_>]) -> (Wanted, Wanted) {
    let rules = users.iter().flat_map(|case| case.access.rules.clone());
    let policy = generate::replication_role_policy(&RolePolicyInput {
        rules: rules.collect(),
        mark: scene.markers.role_sid_end().to_owned(),
    });
    let logged = users.iter().map(|case| log_buckets(case));
    let logs: BTreeSet<BucketRef> = logged.flatten().collect();
    let tags = scene.markers.role_tags(&leads(users, &logs));
    (
        Wanted::Role(Policy::from(generate::trust_for_s3()), tags),
        Wanted::RolePolicy(Policy::from(policy)),
    )
}

/// The buckets that logs and inventories of a migration go to in its phase.
fn log_buckets(case: &Case<'_>) -> BTreeSet<BucketRef> {
    if Part::Logging.is_in(case.route.migration.phase) {
        case.route.log_buckets()
    } else {
        BTreeSet::new()
    }
}

/// Where the tags of a role lead.
fn leads<'a>(users: &[&'a Case<'_>], logs: &'a BTreeSet<BucketRef>) -> Leads<'a> {
    let routes = || users.iter().map(|case| case.route);
    let watched = || routes().filter(|route| monitoring::has_alarms(route));
    let told = watched().filter(|route| route.events().is_some());
    Leads {
        sources: routes().map(|route| &route.source).collect(),
        destinations: routes().map(|route| &route.destination).collect(),
        logs: logs.iter().collect(),
        events: told.map(|route| &route.source).collect(),
        alarms: watched().flat_map(Route::watched_in).collect(),
        trails: routes()
            .filter(|route| Part::Logging.is_in(route.migration.phase))
            .flat_map(Route::trails)
            .map(|of| of.trail)
            .collect(),
    }
}

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(object_lock(scene, case));
    findings.extend(denies(scene, case, future));
    findings.extend(source_encryption(scene, case));
    findings.extend(default_key(scene, case));
    let policy = Target::Bucket(case.route.destination.clone(), BucketPart::Policy);
    findings.extend(dangling(scene, &policy, future));
    findings.extend(taken_from_others(scene, case, future));
    findings.extend(role_limits(scene, case, future));
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

/// What applications write without a header is encrypted as the source bucket says: where that is with KMS, a rule must select
/// such objects and the role must be allowed to decrypt with the key, or every one of them fails, or is skipped without a word
/// (UG:replication-config-for-kms-objects).
fn source_encryption(scene: &Scene<'_>, case: &Case<'_>) -> Vec<Finding> {
    let route = case.route;
    let Some(default) = source_key(scene, &route.source) else {
        return Vec::new();
    };
    if !Part::Access.is_in(route.migration.phase) {
        return Vec::new();
    }
    let target = Target::Bucket(route.source.clone(), BucketPart::Encryption);
    let address = scene.names.address(&target);
    let key = match default {
        SourceKey::Named(named) => named,
        SourceKey::AwsManaged => "the AWS managed key aws/s3",
    };
    let rules = route.migration.rules.iter().filter(|rule| rule.enabled);
    let told = |rule: &RuleSpec| {
        let keys = rule.kms.iter().flat_map(|kms| &kms.source_keys);
        let names = keys.clone().map(ToString::to_string);
        let write =
            |keys: String| format!("in rule {}: source_kms: {{ keys: [{keys}] }}", rule.name);
        let (level, message, help) = match &rule.kms {
            None => (
                Blocked,
                format!("the source bucket encrypts with {key} by default, and rule {} selects no SSE-KMS objects: what is written without a header would not replicate", rule.name),
                format!("{}, and replica_key with the ARN of a key in the destination's account and Region", write(shown(default))),
            ),
            Some(_) if keys.clone().any(|key| default.is(key)) => return None,
            Some(_) if default.is_known() => (
                Blocked,
                format!("the source bucket encrypts with {key} by default, which is not among the keys of rule {}: what is written without a header would fail", rule.name),
                write(names.chain([shown(default)]).collect::<Vec<_>>().join(", ")),
            ),
            Some(_) => (
                Warning,
                format!("the source bucket encrypts with {key} by default; that it is among the keys of rule {} cannot be told from its name", rule.name),
                "see that source_kms.keys has the ARN of that key; the canary, which is written without a header, shows it".to_owned(),
            ),
        };
        Some(finding(
            "source-default-key",
            level,
            address.clone(),
            message,
            &help,
        ))
    };
    rules.filter_map(told).collect()
}

/// The key for the list of a spec, which takes ARNs.
fn shown(key: SourceKey<'_>) -> String {
    match key {
        SourceKey::Named(named) if named.starts_with("arn:") && !named.contains("alias/") => {
            format!("\"{named}\"")
        }
        SourceKey::Named(_) | SourceKey::AwsManaged => "ARN of that key".to_owned(),
    }
}

/// Rules of others under the role that can write their replicas today because of what the role's policy grants to ours, and could
/// not any more: their objects would fail for good.
fn taken_from_others(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    let role = &case.route.role;
    let policy = Target::Role(role.clone(), RolePart::Policy);
    let grants = |document: Option<&Document>, rule: &Rule| {
        let bucket = rule.destination.as_ref().map(|to| to.bucket.as_str());
        let (prefix, _) = rule.selects();
        let pattern = format!("{}/{prefix}*", bucket.unwrap_or_default());
        let policy = document.and_then(Document::policy_document);
        policy.is_some_and(|policy| policy.grants("s3:ReplicateObject", &pattern))
    };
    let stays = |target: &Target, rule: &Rule| match future.document(target) {
        Some(Document::Replication(after)) => {
            let id = rule.id.as_deref().unwrap_or_default();
            after.rule(id).is_some()
        }
        _ => false,
    };
    let (live, after) = (scene.observed.document(&policy), future.document(&policy));
    let lost = scene.others_under(role).filter(|(target, rule, _)| {
        let acts = rule.is_enabled() && stays(target, rule);
        acts && grants(live, rule) && !grants(after, rule)
    });
    // What other policies of the role grant is not read.
    let others = match future.document(&Target::Role(role.clone(), RolePart::Policies)) {
        Some(Document::RolePolicies(policies)) => policies.foreign().next().is_some(),
        _ => false,
    };
    let (level, unless) = if others {
        (Warning, " unless another policy of the role grants it, too")
    } else {
        (Blocked, "")
    };
    let told = lost.map(|(_, _, address)| {
        finding(
            "rule-loses-grants",
            level,
            address,
            format!(
                "this rule is not the spec's, runs under the role {} and writes its replicas on what the role's policy grants to the spec's rules: the plan takes that away{unless}, and its objects would fail for good",
                role.name
            ),
            "put what this rule needs into a policy of its own on the role, of another name than s3ferry, then plan again\n\
             or write a rule for what it carries into the spec",
        )
    });
    told.collect()
}

/// Statements of others that name a principal that was deleted: they grant nothing, and the next change of the policy will be
/// refused for them (T13). Where this plan changes it, that is said as a conflict.
pub(super) fn dangling(scene: &Scene<'_>, target: &Target, future: &Future<'_>) -> Vec<Finding> {
    let live = scene.observed.document(target);
    let document = live.and_then(Document::policy_document);
    let Some(document) = document.filter(|_| same(live, future.document(target))) else {
        return Vec::new();
    };
    let address = scene.names.address(target);
    let named = document.named().into_iter();
    let broken = named.filter(|(_, statement)| {
        let is_ours = statement
            .sid()
            .is_some_and(|sid| scene.markers.owns_sid(sid));
        !is_ours && statement.has_broken_principal()
    });
    let told = broken.map(|(name, statement)| {
        let address = format!("{address}/statement/{name}");
        let adopt = guards_line(&[("adopt", quoted([address.as_str()]))]);
        let (says, help) = if statement.grants_to_nobody() {
            (
                "it grants nothing, and AWS will refuse the next change of the policy",
                format!("correct or remove it by hand\nto let s3ferry remove it, {adopt}"),
            )
        } else {
            (
                "AWS will refuse the next change of the policy; what it says of others still holds",
                "take the deleted principal out of it by hand".to_owned(),
            )
        };
        let message = format!(
            "this statement is not this spec's and names a principal that was deleted: {says}"
        );
        finding("policy-dangling", Warning, address, message, &help)
    });
    told.collect()
}

/// A default key at the destination says nothing of objects that come under SSE-S3.
fn default_key(scene: &Scene<'_>, case: &Case<'_>) -> Option<Finding> {
    let plain: Vec<&str> = case
        .route
        .migration
        .rules
        .iter()
        .filter(|rule| rule.enabled && rule.kms.is_none())
        .map(|rule| rule.name.as_str())
        .collect();
    let asked = matches!(
        case.route.migration.destination.create,
        Create::Yes(Encryption::SseKms { .. })
    );
    (asked && !plain.is_empty()).then(|| {
        let target = Target::Bucket(case.route.destination.clone(), BucketPart::Encryption);
        finding(
            "replicas-not-under-key",
            Warning,
            scene.names.address(&target),
            format!(
                "replicas under {} will not be encrypted with the bucket's key: replicas of SSE-S3 objects stay SSE-S3, and SSE-KMS objects are not selected",
                plain.join(", ")
            ),
            "encrypt the source's objects with SSE-KMS and select them with source_kms; or take kms_key out of destination.encryption",
        )
    })
}

/// What limits the role from outside its policy, and what widens it.
fn role_limits(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
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
    let after = future.document(&part(RolePart::Policies));
    if let Some(Document::RolePolicies(policies)) = after {
        findings.extend(extra_policies(scene, case, address, policies));
    }
    findings
}

/// What may grant the role more than the spec asks for, or deny what it needs: needed where rules of others run under it.
fn extra_policies(
    scene: &Scene<'_>,
    case: &Case<'_>,
    address: String,
    policies: &RolePolicies,
) -> Option<Finding> {
    let role = &case.route.role;
    let names: Vec<&str> = policies.foreign().collect();
    let others = scene.foreign_rules_under(role);
    let found = format!(
        "the role has policies that s3ferry did not write: {}",
        names.join(", ")
    );
    let (message, help) = if others.is_empty() {
        let policies_at = scene
            .names
            .address(&Target::Role(role.clone(), RolePart::Policies));
        let at = policies
            .placed()
            .map(|(path, _)| format!("{policies_at}{path}"));
        let guards = [
            ("adopt", quoted(at)),
            ("max_deletes", names.len().to_string()),
        ];
        let adopt = guards_advice(&scene.spec.guards, &guards);
        let help = format!(
            "they may grant more than the rules of the spec need, or deny what these need: remove them unless something else assumes the role\n\
             to let s3ferry remove them, {adopt}"
        );
        (found, help)
    } else {
        let message = format!(
            "{found}; rules that are not this spec's run under this role and probably need them: {}",
            others.join(", ")
        );
        let help = "leave them as they are: without them the objects of those rules would fail, and failed objects are not tried again";
        (message, help.to_owned())
    };
    (!names.is_empty()).then(|| finding("role-extra-policies", Warning, address, message, &help))
}

/// What denies the role something, or may.
fn denies(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    let found = refusals::of_role(scene, case.route, future).into_iter();
    let told = found.map(|denial| {
        let name = refusals::statement(scene, &denial.target, &denial.hit);
        let policy = scene.names.address(&denial.target);
        denied(format!("{policy}/statement/{name}"), &denial.hit)
    });
    let mut findings: Vec<Finding> = told.collect();
    findings.dedup();
    findings
}

pub(super) fn denied(address: String, hit: &DenyHit) -> Finding {
    let (level, when) = match &hit.certainty {
        Certainty::Always => (Blocked, String::new()),
        Certainty::Partly(part) => (Blocked, format!(" where {part}")),
        Certainty::Maybe(condition) => (Warning, format!(" if {condition}")),
    };
    finding(
        "policy-denies-replication",
        level,
        address,
        format!(
            "this statement denies the replication role what it needs{when}: objects would fail"
        ),
        match &hit.certainty {
            Certainty::Partly(_) => {
                "exempt the role, e.g. with a condition ArnNotEquals on aws:PrincipalArn\n\
                 or give the rules narrower prefixes, beside what is denied"
            }
            Certainty::Always | Certainty::Maybe(_) => {
                "exempt the role, e.g. with a condition ArnNotEquals on aws:PrincipalArn"
            }
        },
    )
}
