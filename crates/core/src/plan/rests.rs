//! What rests on what when documents are given back: rules that stay must not lose their role or what it may do, and rules that come
//! back must find both. It is judged of the world as it would be, so that what is left counts as much as what comes.

use std::collections::{BTreeMap, BTreeSet};

use super::restore::GivenBack;
use crate::ids::{Arn, BucketName};
use crate::migration::named_keys;
use crate::model::kinds::replication::Rule;
use crate::model::kinds::{ReplicationConfiguration, Role, Trail};
use crate::model::{
    BucketPart, BucketRef, Document, KeyRef, Observed, RolePart, RoleRef, Target, TrailPart,
    TrailRef, same,
};
use crate::names::Names;
use crate::ownership::{Markers, tagged_destinations, tagged_sources};
use crate::policy::PolicyDocument;
use crate::policy::deny::{Certainty, denies};
use crate::policy::trust::{Trusted, trusts_s3};
use crate::route::Route;
use crate::spec::Spec;

/// Why a document must not come back as things are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hurt {
    /// What does harm when it comes back.
    pub of: Target,
    /// Which harm, as a clause.
    pub why: String,
    /// What must come back with it.
    pub wants: Target,
    /// Whether that is certain: what other policies of a role grant is not read.
    pub is_sure: bool,
}

/// The world when documents are given back.
struct World<'a> {
    observed: &'a Observed,
    given: BTreeMap<&'a Target, Option<&'a Document>>,
}

impl<'a> World<'a> {
    fn document(&self, target: &Target) -> Option<&'a Document> {
        match self.given.get(target) {
            Some(kept) => *kept,
            None => self.observed.document(target),
        }
    }

    fn is_gone(&self, target: &Target) -> bool {
        let known = self.given.contains_key(target) || self.observed.knows(target);
        known && self.document(target).is_none()
    }

    fn role(&self, role: &RoleRef) -> Option<&'a Role> {
        match self.document(&Target::Role(role.clone(), RolePart::Itself)) {
            Some(Document::Role(role)) => Some(role),
            Some(_) | None => None,
        }
    }

    /// What a part lets a rule do here.
    fn grants(&self, need: &Needs<'_>, part: &Target) -> Granted {
        let policy = self.document(part).and_then(Document::policy_document);
        match part {
            Target::Role(_, RolePart::Itself) => Granted {
                simple: self
                    .role(need.role)
                    .filter(|role| lets_s3_in(role))
                    .map(|_| ("sts:AssumeRole".to_owned(), String::new()))
                    .into_iter()
                    .collect(),
                open: true,
            },
            Target::Role(_, _) => need.of_role(policy),
            Target::Key(_, _) => need.of_key(policy),
            // Rules are no worse off for who watches them.
            Target::Region(_, _) | Target::Alarm(_) | Target::Topic(_) | Target::Trail(_, _) => {
                Granted {
                    simple: BTreeSet::new(),
                    open: true,
                }
            }
            Target::Bucket(_, _) | Target::Account(_, _) => {
                let path = self.role(need.role).map_or("/", |role| role.path.as_str());
                need.of_bucket(policy, &need.role.arn(path))
            }
        }
    }
}

/// What is granted of what a rule may need.
struct Granted {
    /// Actions, each with what it is granted on.
    simple: BTreeSet<(String, String)>,
    /// Whether no Deny is in the way.
    open: bool,
}

impl Granted {
    fn holds(&self, reference: &Self) -> bool {
        self.simple.is_superset(&reference.simple) && (self.open || !reference.open)
    }
}

/// A rule, and where it reads and writes.
struct Needs<'a> {
    rule: &'a Rule,
    role: &'a RoleRef,
    source: String,
    from: String,
    to: String,
}

/// What the role does at the source bucket, at its objects, and at the replicas.
const ON_SOURCE: [&str; 2] = ["s3:GetReplicationConfiguration", "s3:ListBucket"];
const ON_OBJECTS: [&str; 3] = [
    "s3:GetObjectVersionForReplication",
    "s3:GetObjectVersionAcl",
    "s3:GetObjectVersionTagging",
];
const ON_REPLICAS: [&str; 4] = [
    "s3:ReplicateObject",
    "s3:ReplicateDelete",
    "s3:ReplicateTags",
    "s3:ObjectOwnerOverrideToBucketOwner",
];

impl<'a> Needs<'a> {
    fn of(rule: &'a Rule, source: &BucketRef, role: &'a RoleRef) -> Option<Self> {
        let (prefix, _) = rule.selects();
        let source = source.arn();
        Some(Self {
            rule,
            role,
            from: format!("{source}/{prefix}*"),
            to: format!("{}/{prefix}*", rule.destination.as_ref()?.bucket),
            source: source.to_string(),
        })
    }

    fn of_role(&self, policy: Option<&PolicyDocument>) -> Granted {
        let mut simple = granted(policy, &ON_SOURCE, &self.source);
        simple.extend(granted(policy, &ON_OBJECTS, &self.from));
        simple.extend(granted(policy, &ON_REPLICAS, &self.to));
        for objects in [&self.from, &self.to] {
            simple.extend(policy.iter().flat_map(|policy| policy.key_grants(objects)));
        }
        Granted { simple, open: true }
    }

    /// What the policy of a key lets the role do with the key for the rule's objects and their replicas.
    fn of_key(&self, policy: Option<&PolicyDocument>) -> Granted {
        let ours = policy.map(|policy| policy.for_principal(|name| self.is_role(name)));
        let objects = [&self.from, &self.to].into_iter();
        let simple = objects.flat_map(|of| ours.iter().flat_map(|ours| ours.key_grants(of)));
        Granted {
            simple: simple.collect(),
            open: true,
        }
    }

    /// Whether a principal is the role, or lets it in with others.
    fn is_role(&self, name: &str) -> bool {
        RoleRef::of_arn(name).as_ref() == Some(self.role)
            || name == "*"
            || name == self.role.account.as_str()
            || name.ends_with(&format!("::{}:root", self.role.account))
    }

    fn of_bucket(&self, policy: Option<&PolicyDocument>, role: &Arn) -> Granted {
        let ours = policy.map(|policy| policy.for_principal(|name| self.is_role(name)));
        let hit = policy.and_then(|policy| denies(policy, role, ON_REPLICAS[0], &self.to));
        Granted {
            simple: granted(ours.as_ref(), &ON_REPLICAS, &self.to),
            open: hit.is_none_or(|hit| hit.certainty != Certainty::Always),
        }
    }

    /// The least that a rule of a spec writes its replicas with.
    fn least(&self, part: &Target) -> Granted {
        let replicas = (ON_REPLICAS[0].to_owned(), self.to.clone());
        let objects = (ON_OBJECTS[0].to_owned(), self.from.clone());
        let simple = match part {
            Target::Role(_, RolePart::Itself) => {
                BTreeSet::from([("sts:AssumeRole".to_owned(), String::new())])
            }
            Target::Role(_, _) => BTreeSet::from([objects, replicas]),
            Target::Key(_, _) => BTreeSet::new(),
            Target::Region(_, _) | Target::Alarm(_) | Target::Topic(_) | Target::Trail(_, _) => {
                BTreeSet::new()
            }
            Target::Bucket(_, _) | Target::Account(_, _) => BTreeSet::from([replicas]),
        };
        Granted { simple, open: true }
    }
}

fn granted(
    policy: Option<&PolicyDocument>,
    actions: &[&str],
    resource: &str,
) -> BTreeSet<(String, String)> {
    let held = actions
        .iter()
        .filter(|action| policy.is_some_and(|policy| policy.grants(action, resource)));
    held.map(|action| ((*action).to_owned(), resource.to_owned()))
        .collect()
}

fn lets_s3_in(role: &Role) -> bool {
    let trust = role.trust.document();
    trust.is_some_and(|trust| matches!(trusts_s3(trust), Trusted::Surely | Trusted::Perhaps(_)))
}

/// What must not come back of `given` as things are. `found` is what a run found, of all that it wrote.
#[must_use]
pub fn hurts(
    spec: &Spec,
    observed: &Observed,
    given: &[GivenBack],
    found: &BTreeMap<Target, Option<Document>>,
) -> Vec<Hurt> {
    let judge = Judge {
        names: Names::of(spec),
        markers: Markers::of(&spec.name),
        buckets: buckets(spec, observed.iter().chain(seen(given))),
        live: World {
            observed,
            given: BTreeMap::new(),
        },
        found: World {
            observed,
            given: found.iter().map(|(of, kept)| (of, kept.as_ref())).collect(),
        },
        after: World {
            observed,
            given: given
                .iter()
                .map(|of| (&of.target, of.kept.as_ref()))
                .collect(),
        },
    };
    let configurations = observed.iter().map(|(target, _)| target);
    let configurations: BTreeSet<&Target> = configurations
        .chain(given.iter().map(|of| &of.target))
        .collect();
    let mut hurts: Vec<Hurt> = Vec::new();
    for target in configurations {
        hurts.extend(judge.configuration(target));
    }
    hurts.extend(given.iter().filter_map(|of| judge.parts_of_role(of)));
    hurts.extend(given.iter().filter_map(|of| judge.parts_of_trail(of)));
    hurts
}

/// The targets and what they would hold.
fn seen(given: &[GivenBack]) -> impl Iterator<Item = (&Target, Option<&Document>)> {
    given.iter().map(|of| (&of.target, of.kept.as_ref()))
}

struct Judge<'a> {
    names: Names,
    markers: Markers,
    buckets: BTreeMap<BucketName, BucketRef>,
    live: World<'a>,
    found: World<'a>,
    after: World<'a>,
}

impl Judge<'_> {
    fn configuration(&self, target: &Target) -> Vec<Hurt> {
        let (Target::Bucket(source, _), Some(Document::Replication(after))) =
            (target, self.after.document(target))
        else {
            return Vec::new();
        };
        let Some(role) = after.runs_as() else {
            return Vec::new();
        };
        let live = match self.live.document(target) {
            Some(Document::Replication(live)) => Some(live),
            Some(_) | None => None,
        };
        let rules = after.rules.iter().filter(|rule| rule.is_enabled());
        let needs = rules.filter_map(|rule| Needs::of(rule, source, &role));
        needs
            .flat_map(|needs| {
                let stays = live.is_some_and(|live| stays(live, after, needs.rule));
                self.rule(target, &needs, stays)
            })
            .collect()
    }

    fn rule(&self, target: &Target, needs: &Needs<'_>, stays: bool) -> Vec<Hurt> {
        let part = |part| Target::Role(needs.role.clone(), part);
        let is_sure = match self.after.document(&part(RolePart::Policies)) {
            Some(Document::RolePolicies(policies)) => policies.foreign().next().is_none(),
            Some(_) | None => true,
        };
        let to = needs.rule.destination_bucket();
        let to = to.and_then(|bucket| self.buckets.get(&bucket));
        // Within one account a role's own policy is enough.
        let to = to.filter(|bucket| bucket.account != needs.role.account);
        let to = to.map(|bucket| Target::Bucket(bucket.clone(), BucketPart::Policy));
        let parts = [
            (part(RolePart::Itself), "the role that it runs under", true),
            (part(RolePart::Policy), "what its role may do", is_sure),
        ];
        let to = to.map(|policy| (policy, "what lets its role write replicas", true));
        let address = self.names.address(target);
        let id = needs.rule.id.as_deref().unwrap_or_default();
        let keys = self.after.given.keys().copied();
        let keys = keys.filter(|of| needs.rule.is_for_kms() && of.key().is_some());
        let keys = keys.map(|of| (of.clone(), "what lets its role use a key", true));
        let lacking = parts.into_iter().chain(to).chain(keys);
        let lacking = lacking.filter(|(part, _, _)| self.lacks(needs, part, stays));
        let hurts = lacking.map(|(part, what, is_sure)| {
            if stays {
                Hurt {
                    of: part,
                    why: format!("the rule {address}/rule/{id}, which stays, would lose {what}"),
                    wants: target.clone(),
                    is_sure,
                }
            } else {
                Hurt {
                    of: target.clone(),
                    why: format!("the rule {address}/rule/{id} would come back without {what}"),
                    wants: part,
                    is_sure,
                }
            }
        });
        // What does not come back at all does no harm by that.
        hurts
            .filter(|hurt| self.after.given.contains_key(&hurt.of))
            .collect()
    }

    /// Whether a part would not do for a rule: one that stays has what it has, and one that comes back had what the run found.
    fn lacks(&self, needs: &Needs<'_>, part: &Target, stays: bool) -> bool {
        let after = self.after.grants(needs, part);
        if stays {
            return !after.holds(&self.live.grants(needs, part));
        }
        if !after.holds(&self.found.grants(needs, part)) {
            return true;
        }
        let id = needs.rule.id.as_deref().unwrap_or_default();
        let is_as_found = self.found.given.contains_key(part)
            && same(self.found.document(part), self.after.document(part));
        let is_known = self.after.given.contains_key(part) || self.after.observed.knows(part);
        let is_ours = self.markers.rule(id).is_some();
        is_ours && is_known && !is_as_found && !after.holds(&needs.least(part))
    }

    /// The policy of a bucket or a key that names a role, and would name a principal that is gone.
    fn naming(&self, role: &RoleRef) -> Option<Target> {
        let targets = self.after.observed.iter().map(|(target, _)| target);
        let mut targets = targets.chain(self.after.given.keys().copied());
        let named = targets.find(|target| {
            let document = self.after.document(target);
            let policy = document
                .filter(|of| matches!(of, Document::BucketPolicy(_) | Document::KeyPolicy(_)));
            let policy = policy.and_then(Document::policy_document).into_iter();
            let mut statements = policy.flat_map(PolicyDocument::statements);
            statements.any(|statement| {
                let mut names = statement.aws_principals();
                names.any(|name| RoleRef::of_arn(name).as_ref() == Some(role))
            })
        });
        named.cloned()
    }

    /// A trail that comes back finds a bucket that takes its files, as CloudTrail asks when it is made, and is told what it recorded:
    /// one that was never told anything records management events.
    fn parts_of_trail(&self, of: &GivenBack) -> Option<Hurt> {
        let (Target::Trail(trail, TrailPart::Itself), None, Some(Document::Trail(kept))) =
            (&of.target, &of.live, &of.kept)
        else {
            return None;
        };
        let hurt = |why: &str, wants| Hurt {
            of: of.target.clone(),
            why: why.to_owned(),
            wants,
            is_sure: true,
        };
        let policy = let_in_by(trail, kept).filter(|policy| !self.lets_in(policy, trail));
        let records = Target::Trail(trail.clone(), TrailPart::Selectors);
        let is_told =
            self.after.document(&records).is_some() || !self.found.given.contains_key(&records);
        match policy {
            Some(policy) => Some(hurt(
                "CloudTrail makes no trail whose bucket does not take its files",
                policy,
            )),
            None if is_told => None,
            None => Some(hurt(
                "it would record management events, which are billed where another trail records them, and not what it recorded",
                records,
            )),
        }
    }

    /// Whether a policy lets a trail of ours in as much as what the run found did.
    fn lets_in(&self, policy: &Target, trail: &TrailRef) -> bool {
        let has = |world: &World<'_>, sid: &String| {
            let policy = world.document(policy).and_then(Document::policy_document);
            policy.is_some_and(|policy| policy.statement(sid).is_some())
        };
        let sids = self.markers.trail_sids(trail);
        sids.iter()
            .all(|sid| has(&self.after, sid) || !has(&self.found, sid))
    }

    /// A role goes after its policy and all that names it, and the policy needs its role.
    fn parts_of_role(&self, of: &GivenBack) -> Option<Hurt> {
        let Target::Role(role, part) = &of.target else {
            return None;
        };
        let other = |part| Target::Role(role.clone(), part);
        let (itself, policy) = (other(RolePart::Itself), other(RolePart::Policy));
        let (why, wants) = match (part, &of.kept) {
            (RolePart::Itself, None) if self.after.document(&policy).is_some() => {
                ("its policy s3ferry would still be on it", policy)
            }
            (RolePart::Itself, None) => (
                "a policy would name a principal that is gone, and AWS refuses every change of such a policy",
                self.naming(role)?,
            ),
            (RolePart::Policy, Some(_)) if self.after.is_gone(&itself) => {
                ("its role would not be there", itself)
            }
            (RolePart::Itself | RolePart::Policy | RolePart::Policies | RolePart::Texts, _) => {
                return None;
            }
        };
        Some(Hurt {
            of: of.target.clone(),
            why: why.to_owned(),
            wants,
            is_sure: true,
        })
    }
}

/// The policy that lets a trail of ours deliver: its bucket is where it is itself.
fn let_in_by(trail: &TrailRef, held: &Trail) -> Option<Target> {
    let bucket = BucketRef {
        account: trail.account.clone(),
        region: trail.region.clone(),
        bucket: held.to()?,
    };
    Some(Target::Bucket(bucket, BucketPart::Policy))
}

/// Whether a rule does now what it would do afterwards.
fn stays(live: &ReplicationConfiguration, after: &ReplicationConfiguration, rule: &Rule) -> bool {
    let now = rule.id.as_deref().and_then(|id| live.rule(id));
    live.role == after.role && now.is_some_and(|now| now.meaning() == rule.meaning())
}

/// The buckets that documents lead to, by name.
fn buckets<'a>(
    spec: &Spec,
    documents: impl Iterator<Item = (&'a Target, Option<&'a Document>)>,
) -> BTreeMap<BucketName, BucketRef> {
    let mut buckets: Vec<BucketRef> = Vec::new();
    for (target, document) in documents {
        buckets.extend(target.bucket().cloned());
        if let (Target::Role(role, _), Some(Document::Role(held))) = (target, document) {
            buckets.extend(tagged_sources(&role.account, &held.tags));
            buckets.extend(tagged_destinations(&held.tags));
        }
    }
    let routes = spec.routes();
    buckets.extend(routes.flat_map(|route| [route.source, route.destination]));
    let named = buckets.into_iter().map(|of| (of.bucket.clone(), of));
    named.collect()
}

/// What must be read to judge what rests on these documents, in accounts that the spec signs in to.
#[must_use]
pub fn linked(spec: &Spec, documents: &[(&Target, Option<&Document>)]) -> BTreeSet<Target> {
    let names = Names::of(spec);
    let buckets = buckets(spec, documents.iter().copied());
    let mut linked = BTreeSet::new();
    let role = |role: &RoleRef| RolePart::ALL.map(|part| Target::Role(role.clone(), part));
    let part = |bucket: &BucketRef, part| Target::Bucket(bucket.clone(), part);
    for (target, document) in documents {
        match (target, document) {
            (Target::Bucket(_, _), Some(Document::Replication(rules))) => {
                linked.extend(rules.runs_as().iter().flat_map(role));
                let to = rules.rules.iter().filter_map(Rule::destination_bucket);
                let to = to.filter_map(|name| buckets.get(&name));
                linked.extend(to.map(|bucket| part(bucket, BucketPart::Policy)));
            }
            (Target::Bucket(bucket, BucketPart::Policy), policy) => {
                let policy = policy.and_then(Document::policy_document).into_iter();
                let statements = policy.flat_map(PolicyDocument::statements);
                let named = statements.flat_map(|statement| statement.aws_principals());
                let roles = named.filter_map(RoleRef::of_arn);
                linked.extend(roles.map(|role| Target::Role(role, RolePart::Itself)));
                let sources = spec.routes().filter(|of| of.destination == *bucket);
                linked.extend(sources.map(|of| part(&of.source, BucketPart::Replication)));
            }
            (Target::Role(of, _), held) => {
                linked.extend(role(of));
                let sources = spec.routes().filter(|route| route.role == *of);
                linked.extend(sources.map(|of| part(&of.source, BucketPart::Replication)));
                if let Some(Document::Role(held)) = held {
                    let sources = tagged_sources(&of.account, &held.tags);
                    linked.extend(sources.iter().map(|of| part(of, BucketPart::Replication)));
                    let to = tagged_destinations(&held.tags);
                    linked.extend(to.iter().map(|of| part(of, BucketPart::Policy)));
                }
            }
            (Target::Key(of, _), policy) => {
                let policy = policy.and_then(Document::policy_document).into_iter();
                let statements = policy.flat_map(PolicyDocument::statements);
                let named = statements.flat_map(|statement| statement.aws_principals());
                let roles = named.filter_map(RoleRef::of_arn);
                linked.extend(roles.map(|role| Target::Role(role, RolePart::Itself)));
                let uses = |route: &Route<'_>| {
                    named_keys(route).any(|key| KeyRef::of_arn(key).as_ref() == Some(of))
                };
                let sources = spec.routes().filter(uses);
                linked.extend(sources.map(|of| part(&of.source, BucketPart::Replication)));
            }
            (Target::Bucket(_, _) | Target::Account(_, _), _) => {}
            (Target::Region(_, _) | Target::Alarm(_) | Target::Topic(_), _) => {}
            (Target::Trail(trail, _), Some(Document::Trail(held))) => {
                linked.extend(let_in_by(trail, held));
            }
            (Target::Trail(_, _), _) => {}
        }
    }
    linked.retain(|target| names.knows(target.account()));
    linked
}
