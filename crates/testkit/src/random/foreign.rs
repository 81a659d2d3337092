//! Everything in a world that is not s3ferry's, to be compared before and after.

use std::collections::BTreeMap;

use s3ferry_core::model::kinds::replication::Rule;
use s3ferry_core::model::kinds::{BucketLogging, Inventories, Notifications, Role};
use s3ferry_core::model::{Document, Target};

use super::policies::{is_theirs, parts};
use super::shape::{DESTINATIONS, LOGS, ROLES, SOURCES};
use super::trails::{is_new, of_others};
use crate::world::MemoryWorld;

/// What other people have in a world. Equal where nothing of theirs was touched, byte for byte.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Foreign {
    /// Their rules in the order of the document, with the role that they run under.
    pub rules: BTreeMap<Target, (String, Vec<Rule>)>,
    /// Their statements as text, in order.
    pub statements: BTreeMap<Target, Vec<String>>,
    /// Their tags on buckets and roles that live.
    pub tags: BTreeMap<Target, BTreeMap<String, String>>,
    /// Permissions boundaries and paths of roles.
    pub roles: BTreeMap<Target, (String, Option<String>)>,
    /// Their access logging.
    pub logging: BTreeMap<Target, BucketLogging>,
    /// Their inventories.
    pub inventories: BTreeMap<Target, Inventories>,
    /// What they have told to them.
    pub notifications: BTreeMap<Target, Notifications>,
    /// What their trails are, and what trails record that is not ours.
    pub trails: BTreeMap<Target, Document>,
    /// Documents of buckets and roles that no spec names.
    pub rest: BTreeMap<Target, Document>,
}

/// What other people have.
#[must_use]
pub fn foreign(world: &MemoryWorld) -> Foreign {
    let mut foreign = Foreign::default();
    for (target, document) in world.documents() {
        if is_our_alarm(&document) {
            continue;
        }
        if !is_of_specs(&target) {
            foreign.rest.insert(target, document);
            continue;
        }
        foreign.take(target, document);
    }
    foreign
}

impl Foreign {
    fn take(&mut self, target: Target, document: Document) {
        match document {
            Document::Replication(live) => {
                let theirs: Vec<Rule> = live.rules.into_iter().filter(is_their_rule).collect();
                if !theirs.is_empty() {
                    self.rules.insert(target, (live.role, theirs));
                }
            }
            Document::BucketPolicy(policy) | Document::KeyPolicy(policy) => {
                let mut statements = parts(policy.text()).statements;
                statements.retain(|statement| is_theirs(statement));
                if !statements.is_empty() {
                    self.statements.insert(target, statements);
                }
            }
            Document::Logging(logging) if is_theirs(&logging.prefix) => {
                self.logging.insert(target, logging);
            }
            Document::Inventories(mut held) => {
                held.retain(|id, _| is_theirs(id));
                if !held.is_empty() {
                    self.inventories.insert(target, held);
                }
            }
            Document::Notifications(mut held) => {
                held.by_id.retain(|id, _| is_theirs(id));
                if let Some(held) = held.unless_empty() {
                    self.notifications.insert(target, held);
                }
            }
            Document::Trail(trail) if !trail.tags.contains_key("s3ferry:spec") => {
                self.trails.insert(target, Document::Trail(trail));
            }
            // Nobody asked of a new trail of ours what it records.
            Document::Selectors(records)
                if !is_new(&target, Some(&Document::Selectors(records.clone()))) =>
            {
                let records = of_others(records);
                if !records.is_empty() {
                    self.trails.insert(target, Document::Selectors(records));
                }
            }
            Document::Tags(tags) => self.tag(target, tags),
            Document::Role(Role {
                id: _,
                path,
                trust: _, // A role that a spec names is s3ferry's whole but for these.
                tags,
                boundary,
                description: _, // Somebody's words in it are kept; see the planner's tests.
            }) => {
                self.tag(target.clone(), tags);
                self.roles.insert(target, (path, boundary));
            }
            _ => {}
        }
    }

    fn tag(&mut self, target: Target, mut tags: BTreeMap<String, String>) {
        tags.retain(|key, _| !key.starts_with("s3ferry:"));
        if !tags.is_empty() {
            self.tags.insert(target, tags);
        }
    }

    /// The same without what goes with roles that are not in `other`: a role of ours that left the spec goes with its tags.
    #[must_use]
    pub fn without_roles_gone_in(mut self, world: &MemoryWorld) -> Self {
        let lives = |target: &Target| target.role().is_none() || world.document(target).is_some();
        self.tags.retain(|target, _| lives(target));
        self.roles.retain(|target, _| lives(target));
        self
    }

    /// The same without roles that were made since.
    #[must_use]
    pub fn without_roles_not_in(mut self, before: &Self) -> Self {
        self.roles
            .retain(|target, _| before.roles.contains_key(target));
        self
    }
}

/// Whether a rule is planted as somebody else's.
#[must_use]
pub fn is_their_rule(rule: &Rule) -> bool {
    is_theirs(&format!("{rule:?}"))
}

/// Whether an alarm says that it is this spec's.
fn is_our_alarm(document: &Document) -> bool {
    match document {
        Document::Alarm(alarm) => alarm
            .description
            .as_deref()
            .is_some_and(|text| text.ends_with("s3ferry spec: default.")),
        _ => false,
    }
}

fn is_of_specs(target: &Target) -> bool {
    let bucket = target.bucket().map(|bucket| bucket.bucket.as_str());
    if target.key().is_some() || matches!(target, Target::Trail(..)) {
        return true; // Specs name every key and trail of a world.
    }
    let role = target.role().map(|role| role.name.as_str());
    let named = |name: &str| {
        let of_specs: [&[&str]; 4] = [&SOURCES, &DESTINATIONS, &ROLES, &LOGS];
        of_specs.iter().any(|names| names.contains(&name))
    };
    bucket.or(role).is_some_and(named)
}
