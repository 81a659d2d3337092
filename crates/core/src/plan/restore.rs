//! Giving back what a run wrote over: the steps to it, by the stages and laws of every plan, what a reviewer reads of it, and what
//! can never come back.

use std::collections::{BTreeMap, BTreeSet};

use super::steps::{Stage, Step, StepId, Work, WriteStep};
use super::{changes, order, stages};
use crate::format::Change;
use crate::marked::marked;
use crate::migration;
use crate::model::kinds::{Born, Document, VersioningStatus};
use crate::model::{
    BucketPart, BucketRef, KeyRef, Observed, RolePart, RoleRef, Target, TrailPart, TrailRef, same,
};
use crate::names::Names;
use crate::ownership::{Markers, tagged_destinations, tagged_logs, tagged_sources, tagged_trails};
use crate::spec::{KeyPolicies, Spec};

/// A document to be given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenBack {
    /// Of what.
    pub target: Target,
    /// What is there now.
    pub live: Option<Document>,
    /// What shall be there.
    pub kept: Option<Document>,
}

/// Why a document cannot come back, and what to do instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// Why, as a clause.
    pub why: &'static str,
    /// What to do.
    pub way_out: String,
}

/// The steps that give documents back, and what changes by them.
#[derive(Debug, Clone, PartialEq)]
pub struct Restoration {
    /// What an apply does.
    pub steps: Vec<Step>,
    /// What changes, in the order of the addresses.
    pub changes: Vec<Change>,
}

/// The steps to what documents shall be. A document that is so already has none.
#[must_use]
pub fn give_back(spec: &Spec, documents: &[GivenBack]) -> Restoration {
    let (names, markers) = (Names::of(spec), Markers::of(&spec.name));
    let mut steps = Vec::new();
    let mut told = Vec::new();
    let differ = |of: &&GivenBack| !same(of.live.as_ref(), of.kept.as_ref());
    for of in documents
        .iter()
        .filter(differ)
        .filter(|of| !goes_along(of, documents))
    {
        let (live, kept) = (of.live.as_ref(), of.kept.as_ref());
        let address = names.address(&of.target);
        let writes = stages::staged(&of.target, live, kept, &markers);
        steps.extend(writes.into_iter().map(|write| Step {
            id: StepId(format!("{address}{}", write.stage.suffix())),
            work: Work::Write(Box::new(write)),
            needs: BTreeSet::new(),
        }));
        told.extend(changes::restored(&names, &of.target, live, kept));
    }
    order::arrange(&mut steps);
    told.sort_by(|one, other| one.address.cmp(&other.address));
    Restoration {
        steps,
        changes: told,
    }
}

/// Whether a document goes with what it is a part of.
fn goes_along(of: &GivenBack, documents: &[GivenBack]) -> bool {
    let is_whole = |other: &&GivenBack| Some(&other.target) == of.target.whole().as_ref();
    let goes = |whole: &&GivenBack| whole.live.is_some() && whole.kept.is_none();
    let mut wholes = documents.iter().filter(is_whole).filter(goes);
    let is_of_a_trail = matches!(of.target, Target::Trail(_, TrailPart::Selectors));
    is_of_a_trail && wholes.next().is_some()
}

/// What a document holds when what somebody did to it is done to it again: they made `seen` of `was`. What came since stays, where it
/// is not the very same; else, and for documents of one piece, it is what they had made.
#[must_use]
pub fn done_again(target: &Target, [was, seen, live]: [Option<&Document>; 3]) -> Option<Document> {
    if same(live, was) {
        return seen.cloned();
    }
    let theirs = WriteStep {
        target: target.clone(),
        stage: Stage::Set,
        before: was.cloned(),
        after: seen.cloned(),
        led: Vec::new(),
    };
    match theirs.over(live) {
        Some(over) => over.after,
        None => seen.cloned(),
    }
}

/// Whether a policy, or a role's trust policy, names a principal that was deleted.
fn names_nobody(kept: &Document) -> bool {
    let policy = match kept {
        Document::Role(role) => role.trust.document(),
        kept => kept.policy_document(),
    };
    policy.is_some_and(|policy| !policy.broken_principals().is_empty())
}

/// Where runs of a spec write: what it names, and what carries its mark. A journal that says more was written by somebody else.
#[derive(Debug)]
pub struct Places {
    spec_roles: BTreeSet<RoleRef>,
    destinations: BTreeSet<BucketRef>,
    buckets: BTreeSet<BucketRef>,
    marked: BTreeSet<RoleRef>,
    keys: BTreeSet<KeyRef>,
    trails: BTreeSet<TrailRef>,
    markers: Markers,
}

impl Places {
    /// The places of a spec, and those that what is there, or was there, leads to.
    #[must_use]
    pub fn of(
        spec: &Spec,
        observed: &Observed,
        found: &BTreeMap<Target, Option<Document>>,
    ) -> Self {
        let markers = Markers::of(&spec.name);
        let mut places = Self {
            spec_roles: spec.routes().flat_map(|route| route.roles()).collect(),
            destinations: spec
                .routes()
                .flat_map(|route| {
                    let logs = route.log_buckets().into_iter();
                    logs.chain([route.destination]).collect::<Vec<_>>()
                })
                .collect(),
            buckets: spec.routes().map(|route| route.source).collect(),
            marked: BTreeSet::new(),
            keys: written_keys(spec),
            trails: spec
                .routes()
                .flat_map(|route| {
                    route
                        .trails()
                        .into_iter()
                        .map(|of| of.trail)
                        .collect::<Vec<_>>()
                })
                .collect(),
            markers,
        };
        let found_ones = found.iter().map(|(of, kept)| (of, kept.as_ref()));
        for (target, document) in observed.iter().chain(found_ones) {
            let Some(document) = document.filter(|of| is_marked(of, &places.markers)) else {
                continue;
            };
            match (target, document) {
                (Target::Role(role, _), Document::Role(held)) => {
                    // What is kept says nothing of a role that is there and carries no mark.
                    let live = observed.document(target);
                    if live.is_none_or(|live| is_marked(live, &places.markers)) {
                        places.destinations.extend(tagged_destinations(&held.tags));
                        places.destinations.extend(tagged_logs(&held.tags));
                        places.trails.extend(tagged_trails(&held.tags));
                        let sources = tagged_sources(&role.account, &held.tags);
                        places.buckets.extend(sources);
                        places.marked.insert(role.clone());
                    }
                }
                (Target::Bucket(bucket, BucketPart::Policy), _) => {
                    places.destinations.insert(bucket.clone());
                }
                (Target::Bucket(bucket, _), _) => drop(places.buckets.insert(bucket.clone())),
                (Target::Key(key, _), _) => drop(places.keys.insert(key.clone())),
                (Target::Role(_, _) | Target::Account(_, _), _) => {}
                // Its name says whose it is.
                (Target::Region(_, _) | Target::Alarm(_) | Target::Topic(_), _) => {}
                (Target::Trail(trail, _), _) => drop(places.trails.insert(trail.clone())),
            }
        }
        places.buckets.extend(places.destinations.iter().cloned());
        places
    }

    /// Whether the target is a part of one of the places.
    fn are_named(&self, target: &Target) -> bool {
        match target {
            Target::Bucket(of, _) => self.buckets.contains(of),
            Target::Role(of, _) => self.spec_roles.contains(of),
            Target::Key(of, _) => self.keys.contains(of),
            Target::Trail(of, _) => self.trails.contains(of),
            // An alarm comes and goes with a rule.
            Target::Account(_, _) | Target::Region(_, _) | Target::Alarm(_) | Target::Topic(_) => {
                true
            }
        }
    }

    /// Whether a run of the spec may have written the document, so that a restore may.
    #[must_use]
    pub fn are_written(&self, of: &GivenBack) -> bool {
        match &of.target {
            // What carries no mark now was not made by the spec, whatever else is said of it.
            Target::Role(role, RolePart::Itself) if of.kept.is_none() => {
                let live = of.live.as_ref();
                self.marked.contains(role) && live.is_some_and(|of| is_marked(of, &self.markers))
            }
            Target::Role(role, _) => self.marked.contains(role) || self.spec_roles.contains(role),
            Target::Bucket(bucket, BucketPart::Policy) => self.destinations.contains(bucket),
            Target::Bucket(bucket, _) => self.buckets.contains(bucket),
            Target::Key(key, _) => self.keys.contains(key),
            // What does not say that it is the spec's was not made by it, whatever it is called.
            Target::Alarm(at) => {
                let seen = of.live.as_ref().or(of.kept.as_ref());
                self.markers.alarm(&at.name).is_some()
                    && seen.is_some_and(|of| is_marked(of, &self.markers))
            }
            Target::Trail(_, TrailPart::Itself) => {
                let seen = of.live.as_ref().or(of.kept.as_ref());
                seen.is_some_and(|of| is_marked(of, &self.markers))
            }
            Target::Trail(trail, TrailPart::Selectors) => self.trails.contains(trail),
            Target::Account(_, _) | Target::Region(_, _) | Target::Topic(_) => false,
        }
    }
}

/// What comes back and is of a spec that no longer asks for anything there: its next apply takes it away again.
#[must_use]
pub fn left_the_spec<'a>(spec: &Spec, documents: &'a [GivenBack]) -> Vec<&'a Target> {
    let named = Places::of(spec, &Observed::default(), &BTreeMap::new());
    let is_left = |of: &&GivenBack| {
        let is_ours = of
            .kept
            .as_ref()
            .is_some_and(|kept| is_marked(kept, &named.markers));
        is_ours && !named.are_named(&of.target)
    };
    let left = documents.iter().filter(is_left);
    left.map(|of| &of.target).collect()
}

/// The keys whose policies a spec asks to be written.
fn written_keys(spec: &Spec) -> BTreeSet<KeyRef> {
    let routes = spec.routes();
    let writing = routes.filter(|of| of.migration.destination.key_policies == KeyPolicies::Written);
    let keys = writing.flat_map(|route| migration::named_keys(&route).collect::<Vec<_>>());
    keys.filter_map(KeyRef::of_arn).collect()
}

/// Whether a document carries the mark of a spec.
fn is_marked(document: &Document, markers: &Markers) -> bool {
    match document {
        Document::Role(role) => markers.owns_tags(&role.tags),
        Document::Tags(tags) => markers.owns_tags(tags),
        Document::Replication(_)
        | Document::BucketPolicy(_)
        | Document::KeyPolicy(_)
        | Document::Inventories(_)
        | Document::Notifications(_)
        | Document::Selectors(_) => !marked(document, markers).is_empty(),
        Document::Alarm(alarm) => markers.describes_alarm(alarm.description.as_deref()),
        Document::Trail(trail) => markers.owns_tags(&trail.tags),
        Document::Bucket(_)
        | Document::Versioning(_)
        | Document::Encryption(_)
        | Document::Ownership(_)
        | Document::PublicAccess(_)
        | Document::ObjectLock(_)
        | Document::RequestPayment(_)
        | Document::Lifecycle(_)
        | Document::Logging(_)
        | Document::Roles(_)
        | Document::AccountPublicAccess(_)
        | Document::Buckets(_)
        | Document::RolePolicy(_)
        | Document::RolePolicies(_)
        | Document::RoleTexts(_)
        | Document::Key(_)
        | Document::Grants(_)
        | Document::AlarmNames(_)
        | Document::RuleMetrics(_)
        | Document::Topic(_)
        | Document::Trails(_)
        | Document::Jobs(_) => false,
    }
}

impl GivenBack {
    /// Why the document cannot come back, if it cannot. `has_whole` tells whether what it is a part of is there, or will be.
    #[must_use]
    pub fn obstacle(&self, has_whole: bool) -> Option<Obstacle> {
        let obstacle = |why, way_out: String| Some(Obstacle { why, way_out });
        let of = &self.target;
        if of.kind().facts().write.is_none() {
            return obstacle(
                "s3ferry only reads it",
                "nothing of it was written".to_owned(),
            );
        }
        match (of, &self.kept) {
            (Target::Bucket(bucket, BucketPart::Itself), None) => obstacle(
                "s3ferry does not delete buckets",
                format!(
                    "while it is empty: aws s3api delete-bucket --bucket {}",
                    bucket.bucket
                ),
            ),
            (Target::Bucket(bucket, BucketPart::Itself), Some(_)) => obstacle(
                "a bucket that is gone has lost its objects, and only an apply makes one",
                format!(
                    "make it (aws s3api create-bucket --bucket {} ...), and give its settings back then",
                    bucket.bucket
                ),
            ),
            (Target::Bucket(bucket, BucketPart::Versioning), kept) => {
                let is_on = matches!(kept, Some(Document::Versioning(kept)) if kept.is_enabled());
                let was_set = matches!(
                    kept,
                    Some(Document::Versioning(kept)) if kept.status != VersioningStatus::Never
                );
                match (is_on, was_set) {
                    (true, _) => self.missing_whole(has_whole),
                    (false, true) => obstacle(
                        "s3ferry does not suspend versioning",
                        format!(
                            "where no rule needs it: aws s3api put-bucket-versioning --bucket {} --versioning-configuration Status=Suspended",
                            bucket.bucket
                        ),
                    ),
                    (false, false) => obstacle(
                        "versioning can be suspended but never removed from a bucket (UG:Versioning)",
                        "leave it".to_owned(),
                    ),
                }
            }
            (Target::Role(role, RolePart::Policies), _) => obstacle(
                "only the names of a role's other policies were read",
                format!(
                    "attach what is missing by hand: aws iam attach-role-policy --role-name {} --policy-arn ...",
                    role.name
                ),
            ),
            (Target::Trail(_, TrailPart::Selectors), None) => obstacle(
                "every trail records something",
                "give the trail itself back, which it goes with".to_owned(),
            ),
            (Target::Bucket(_, _), None) if of.kind().facts().born != Born::Nothing => obstacle(
                "every bucket has it, and this one was made by the run",
                "leave it, or delete the bucket by hand while it is empty".to_owned(),
            ),
            (Target::Key(_, _), None) => obstacle(
                "every key has a policy",
                "leave it, or write another one by hand: aws kms put-key-policy".to_owned(),
            ),
            (_, Some(kept)) => self
                .cannot_be_written(kept)
                .or_else(|| self.missing_whole(has_whole)),
            (_, None) => None,
        }
    }

    fn cannot_be_written(&self, kept: &Document) -> Option<Obstacle> {
        let why = match (kept, &self.live) {
            (Document::Replication(kept), _) if !kept.unmodelled.is_empty() => {
                "it holds elements that this version of s3ferry would lose"
            }
            (Document::Alarm(kept), _) if !kept.unmodelled.is_empty() => {
                "it is another sort of alarm than s3ferry writes"
            }
            (Document::Role(kept), Some(Document::Role(live))) if kept.path != live.path => {
                "the path of a role cannot be changed"
            }
            (kept, _) if names_nobody(kept) => {
                return Some(Obstacle {
                    why: "it names a principal that was deleted, and AWS refuses such a policy",
                    way_out: "an apply writes what is of a spec anew; give the rest back by hand from the ledger's documents, without that principal".to_owned(),
                });
            }
            (_, _) => return None,
        };
        Some(Obstacle {
            why,
            way_out: "give it back by hand from the ledger's documents".to_owned(),
        })
    }

    fn missing_whole(&self, has_whole: bool) -> Option<Obstacle> {
        if has_whole || self.kept.is_none() {
            return None;
        }
        let (why, way_out) = match &self.target {
            Target::Bucket(of, _) => (
                "the bucket is not there any more",
                format!(
                    "make it (aws s3api create-bucket --bucket {} ...) and run this again",
                    of.bucket
                ),
            ),
            Target::Role(_, _) => (
                "the role is not there any more",
                "an apply of a spec that asks for the role makes one".to_owned(),
            ),
            Target::Key(_, _) => (
                "the key is not there any more",
                "a key that was deleted does not come back".to_owned(),
            ),
            Target::Account(_, _) | Target::Region(_, _) => return None,
            Target::Trail(_, _) => (
                "the trail is not there any more",
                "an apply of a spec that asks for the trail makes one".to_owned(),
            ),
            Target::Alarm(_) | Target::Topic(_) => return None,
        };
        Some(Obstacle { why, way_out })
    }

    /// What does not come back with the document.
    #[must_use]
    pub fn caveat(&self) -> Option<&'static str> {
        match (&self.target, &self.live, &self.kept) {
            (Target::Role(_, RolePart::Itself), None, Some(_)) => Some(
                "a role made again under the same name is another principal: bucket policies that name it show an ID in its place until an apply of a spec that asks for it \
                 has written them anew, its rules must be proven again, and policies of others that it had do not come back",
            ),
            (Target::Trail(_, TrailPart::Itself), None, Some(_)) => {
                Some("what happened while it was gone was not recorded")
            }
            (Target::Role(_, RolePart::Itself), Some(_), None) => Some(
                "a role that is deleted can be made again, as another principal; policies of others on it keep it from being deleted",
            ),
            (_, _, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AccountId, BucketName, Region};
    use crate::model::kinds::Policy;

    #[test]
    fn a_policy_that_names_a_principal_which_was_deleted_does_not_come_back() {
        let bucket = BucketRef {
            account: AccountId::new("111122223333").unwrap(),
            region: Region::new("eu-west-1").unwrap(),
            bucket: BucketName::new("lake").unwrap(),
        };
        let obstacle = |principal: &str| {
            let text = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/*"}}]}}"#
            );
            let of = GivenBack {
                target: Target::Bucket(bucket.clone(), BucketPart::Policy),
                live: None,
                kept: Some(Document::BucketPolicy(Policy::read(text))),
            };
            of.obstacle(true)
        };
        assert!(obstacle("AROAEXAMPLEIDOFAROLE1").is_some_and(|of| of.why.contains("deleted")));
        assert_eq!(obstacle("arn:aws:iam::111122223333:role/there"), None);
    }
}
