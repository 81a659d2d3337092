//! What S3 does at both buckets in the role's name: whether the role's policies, its boundary and the buckets' policies allow it,
//! and which statements deny it. Across accounts both the role's policies and the bucket's must allow; within one, either
//! (IAMUG:reference_policies_evaluation-logic).

use std::collections::{BTreeMap, BTreeSet};

use super::case::{Case, Known};
use super::symptom::{Lacking, denied, lacking, symptom, unread};
use crate::format::diagnosis::{Level, Symptom};
use crate::ids::Arn;
use crate::model::kinds::{Document, Says};
use crate::model::{BucketPart, RolePart, Target};
use crate::policy::deny::DenyHit;
use crate::policy::generate::{
    DestinationInput, RolePolicyInput, RuleAccess, destination_statements, replication_role_policy,
};
use crate::policy::permits::{Permitted, RoleUse};
use crate::policy::{PolicyDocument, Statement};
use crate::route::Side;

pub(super) fn found(case: &Case<'_>) -> Vec<Symptom> {
    let Some((_, role)) = &case.role else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for side in [Side::Source, Side::Destination] {
        let site = match Site::of(case, role, side) {
            Ok(site) => site,
            Err(unread) => {
                found.push(*unread);
                continue;
            }
        };
        found.extend(site.found());
    }
    found
}

/// A bucket at which the role works.
struct Site<'a> {
    case: &'a Case<'a>,
    role: &'a Arn,
    side: Side,
    /// The address of the bucket's policy.
    at: String,
    policy: Option<&'a PolicyDocument>,
    /// What its statements name who is of its own account by.
    by_name: Option<PolicyDocument>,
}

/// Which document leaves something out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    Role,
    Boundary,
    Bucket,
}

/// What one document leaves out of one statement that is needed.
#[derive(Default)]
struct Gap {
    actions: BTreeSet<String>,
    resources: BTreeSet<String>,
    /// What is allowed of it, or what it depends on.
    texts: BTreeSet<String>,
    failures: BTreeSet<&'static str>,
    whats: BTreeSet<&'static str>,
}

/// The gaps of one statement, by document, by how bad they are, and by whether they are sure.
type Gaps = BTreeMap<(Left, Level, bool), Gap>;

impl<'a> Site<'a> {
    fn of(case: &'a Case<'a>, role: &'a Arn, side: Side) -> Result<Self, Box<Symptom>> {
        let target = case.part(side, BucketPart::Policy);
        let at = case.address(&target);
        let policy = match case.known(&target) {
            Known::Unread(why) => return Err(Box::new(unread(side, at, why))),
            Known::Held(Some(Document::BucketPolicy(policy))) => match policy.says() {
                Says::Readable(document) => Some(document),
                Says::Unreadable(_) => {
                    return Err(Box::new(unread(side, at, "its text is no policy")));
                }
            },
            Known::Held(_) => None,
        };
        let is_home = case.bucket(side).account.as_str() == role.account();
        let names = |name: &str| name == "*" || name == role.as_str();
        let by_name = policy.filter(|_| is_home);
        Ok(Self {
            by_name: by_name.map(|policy| policy.for_principal(names)),
            case,
            role,
            side,
            at,
            policy,
        })
    }

    fn is_home(&self) -> bool {
        self.case.bucket(self.side).account.as_str() == self.role.account()
    }

    /// What the rules need here, as the role's policy would say it.
    fn needed(&self) -> Vec<Statement> {
        let rules = self.case.rules.iter();
        let rules = rules.map(|(_, of)| RuleAccess {
            kms: None, // Keys are looked at one by one.
            ..of.clone()
        });
        let rules: Vec<RuleAccess> = rules.collect();
        match self.side {
            Side::Source => {
                let policy = replication_role_policy(&RolePolicyInput {
                    rules,
                    mark: String::new(),
                });
                let arn = self.case.route.source.arn();
                let statements = policy.statements().iter();
                let here = statements.filter(|statement| {
                    let resources = statement.resources().map(|scope| scope.listed());
                    let mut resources = resources.into_iter().flatten();
                    resources.all(|of| {
                        let rest = of.strip_prefix(arn.as_str());
                        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                    })
                });
                here.cloned().collect()
            }
            Side::Destination => destination_statements(&DestinationInput {
                sid: String::new(),
                role: self.role.clone(),
                bucket: self.case.route.destination.bucket.clone(),
                partition: self.case.route.destination.region.partition(),
                rules: rules.iter().map(RuleAccess::replica_access).collect(),
            }),
        }
    }

    fn found(&self) -> Vec<Symptom> {
        let needed = self.needed();
        let mut found: Vec<Symptom> = Vec::new();
        for statement in &needed {
            let gaps = self.gaps(statement).into_iter();
            found.extend(gaps.map(|(of, gap)| self.told(statement, of, &gap)));
        }
        found.extend(self.denials(&needed));
        found
    }

    /// What is left out of a statement.
    fn gaps(&self, statement: &Statement) -> Gaps {
        let mut gaps = Gaps::new();
        for (action, resource) in pairs(statement) {
            let Lacking {
                failure,
                level,
                what,
            } = lacking(action, self.case.mirrors());
            for (left, permitted) in self.judged(action, resource) {
                let (sure, text) = match permitted {
                    Permitted::Surely => continue,
                    Permitted::Not => (true, None),
                    Permitted::Partly(text) => (true, Some(format!("only where {text}"))),
                    Permitted::Perhaps(text) => (false, Some(format!("if {text}"))),
                };
                let level = if sure || level == Level::Note {
                    level
                } else {
                    Level::Unknown
                };
                let gap = gaps.entry((left, level, sure)).or_default();
                gap.actions.insert(action.to_owned());
                gap.resources.insert(resource.to_owned());
                gap.texts.extend(text);
                gap.failures.extend(failure);
                gap.whats.insert(what);
            }
        }
        gaps
    }

    /// What each document that has a say says.
    fn judged(&self, action: &str, resource: &str) -> Vec<(Left, Permitted)> {
        let of = |action| RoleUse {
            role: self.role,
            action,
            resource,
            key: None,
        };
        // GetObjectVersion does for objects that no KMS key protects (UG:replication-config-for-kms-objects).
        let also = (action == "s3:GetObjectVersionForReplication" && !self.case.is_for_kms())
            .then_some("s3:GetObjectVersion");
        let said = |policies: &[&PolicyDocument]| {
            let first = of(action).allowed_by(policies.iter().copied());
            match also {
                Some(also) if first != Permitted::Surely => {
                    match of(also).allowed_by(policies.iter().copied()) {
                        Permitted::Surely => Permitted::Surely,
                        _ => first,
                    }
                }
                _ => first,
            }
        };
        let mut all = Vec::new();
        let by_name = self.by_name.as_ref();
        let by_name = by_name.is_some_and(|policy| said(&[policy]) == Permitted::Surely);
        // What a role's policies say of a role that is not there, or not to be read, is told once.
        if self.case.texts().is_some() && !by_name {
            let own = self.case.own_policies();
            let own: Vec<&PolicyDocument> = own.iter().map(|(_, policy)| *policy).collect();
            all.push((Left::Role, said(&own)));
        }
        if let Some((_, boundary)) = self.case.boundary() {
            all.push((Left::Boundary, said(&[boundary])));
        }
        // A bucket that is not there has no policy to add to.
        if !self.is_home() && !self.case.is_gone(self.side) {
            let policy: Vec<&PolicyDocument> = self.policy.into_iter().collect();
            all.push((Left::Bucket, said(&policy)));
        }
        all
    }

    fn told(
        &self,
        statement: &Statement,
        (left, level, sure): (Left, Level, bool),
        gap: &Gap,
    ) -> Symptom {
        let (code, address, document) = self.document(left, sure);
        let actions = join(&gap.actions);
        let resources = join(&gap.resources);
        let texts: Vec<&str> = gap.texts.iter().map(String::as_str).collect();
        let how = match (sure, texts.is_empty()) {
            (true, true) => format!("{document} does not allow {actions} on {resources}"),
            (true, false) => format!(
                "{document} allows {actions} on {resources} {}",
                texts.join(", ")
            ),
            (false, _) => format!(
                "{document} allows {actions} on {resources} {}, which cannot be known here",
                texts.join(", ")
            ),
        };
        let what: Vec<&str> = gap.whats.iter().copied().collect();
        let message = format!("{how}: {}", what.join(", "));
        let sid = self.case.sid(&address, &actions);
        let principal = match left {
            Left::Bucket => statement.narrowed(sid, &gap.actions, &gap.resources),
            Left::Role | Left::Boundary => {
                Statement::builder(sid, statement.effect(), &gap.actions)
                    .resources(&gap.resources)
                    .build()
            }
        };
        let side = match left {
            Left::Role | Left::Boundary => Side::Source,
            Left::Bucket => Side::Destination,
        };
        symptom(code, level, side, address, message)
            .failing(gap.failures.iter().copied())
            .mended_by(format!("add this statement to {document}"))
            .adding(&principal)
    }

    /// A document: the code of what it leaves out, its address, and what it is called.
    fn document(&self, left: Left, sure: bool) -> (&'static str, String, String) {
        let role = || self.case.role.as_ref().map(|(role, _)| role.clone());
        let of_role = |part| {
            role().map_or_else(String::new, |role| {
                self.case.address(&Target::Role(role, part))
            })
        };
        match left {
            Left::Role => (
                if sure {
                    "role-grants-nothing"
                } else {
                    "role-grant-unsure"
                },
                of_role(RolePart::Policies),
                "a policy of the role".to_owned(),
            ),
            Left::Boundary => (
                "role-boundary",
                of_role(RolePart::Itself),
                format!(
                    "the role's permissions boundary {}",
                    self.case.boundary().map_or("", |(arn, _)| arn)
                ),
            ),
            Left::Bucket => (
                if sure {
                    "policy-grants-nothing"
                } else {
                    "policy-grant-unsure"
                },
                self.at.clone(),
                "the destination bucket's policy".to_owned(),
            ),
        }
    }

    /// The Denies of the role's policies, its boundary and the bucket's policy.
    fn denials(&self, needed: &[Statement]) -> Vec<Symptom> {
        let mut policies = self.case.own_policies();
        let boundary = self.case.boundary();
        policies.extend(boundary.map(|(arn, policy)| (arn.to_owned(), policy)));
        let of_role = policies
            .into_iter()
            .map(|(at, policy)| (Side::Source, at, policy));
        let of_bucket = self
            .policy
            .map(|policy| (self.side, self.at.clone(), policy));
        let all = of_role.chain(of_bucket);
        all.flat_map(|(side, at, policy)| self.denied_by(needed, side, &at, policy))
            .collect()
    }

    fn denied_by(
        &self,
        needed: &[Statement],
        side: Side,
        at: &str,
        policy: &PolicyDocument,
    ) -> Vec<Symptom> {
        let mut hits: BTreeMap<usize, (DenyHit, BTreeSet<String>)> = BTreeMap::new();
        for (action, resource) in needed.iter().flat_map(pairs) {
            let of = RoleUse {
                role: self.role,
                action,
                resource,
                key: None,
            };
            let Some(hit) = of.denied_by(policy) else {
                continue;
            };
            let (known, actions) = hits
                .entry(hit.index)
                .or_insert_with(|| (hit.clone(), BTreeSet::new()));
            if hit.certainty.is_surer_than(&known.certainty) {
                *known = hit;
            }
            actions.insert(action.to_owned());
        }
        let told = hits.into_values().map(|(hit, actions)| {
            let name = policy.name_at(hit.index);
            let mirrors = self.case.mirrors();
            let failures = actions
                .iter()
                .filter_map(|action| lacking(action, mirrors).failure);
            denied(
                side,
                format!("{at}/statement/{name}"),
                &hit,
                &join(&actions),
            )
            .failing(failures)
        });
        told.collect()
    }
}

/// Each action of a statement with each of its resources.
fn pairs(statement: &Statement) -> impl Iterator<Item = (&str, &str)> {
    let resources = statement
        .resources()
        .map_or(&[][..], |scope| scope.listed());
    let actions = statement.actions().listed().iter();
    actions.flat_map(move |action| {
        resources
            .iter()
            .map(move |of| (action.as_str(), of.as_str()))
    })
}

fn join(of: &BTreeSet<String>) -> String {
    let all: Vec<&str> = of.iter().map(String::as_str).collect();
    all.join(", ")
}
