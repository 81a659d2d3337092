//! Objects of the world in memory, and a simple model of replication.
//!
//! The replication configuration at the time of the put decides which destinations an object goes to; it arrives after the
//! world's lag. A destination that is gone or not versioned by then makes it FAILED.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use s3ferry_core::model::kinds::replication::{Rule, Status};
use s3ferry_core::model::{BucketPart, BucketRef, Document, Target};
use s3ferry_core::plan::PutEncryption;
use s3ferry_engine::ports::{Class, ListedVersion, NewObject, ObjectHead, Onto, Replication};
use tokio::time::Instant;

use super::memory::{Refusal, State};

/// What becomes of an object that is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// As the replication configuration says.
    ByRules,
    /// It FAILED.
    Fails,
    /// It FAILED, because of another destination; ours has it.
    FailsElsewhere,
    /// No rule takes it.
    Untaken,
    /// It has no status until it arrives.
    TakenLate,
    /// It is on its way forever.
    Pending,
    /// Its status says COMPLETED and there is no replica.
    CompletesElsewhere,
    /// Its replica is shorter than it is.
    ArrivesTorn,
    /// The destination has a version of its ID that is not a replica.
    ArrivesAsOriginal,
    /// It is gone at once.
    Vanishes,
    /// Its replica stays with the owner of the source.
    ArrivesUnowned,
    /// Its replica is encrypted as the bucket says, not as the rule does.
    ArrivesUnderOtherKey,
    /// Its replica is in another storage class than the rule asks for.
    ArrivesInOtherClass,
    /// Its replica has lost its tags.
    ArrivesUntagged,
}

#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) lag: Duration,
    pub(super) fates: VecDeque<Fate>,
    pub(super) unseen: u32,
    versions: BTreeMap<(BucketRef, String), Vec<Version>>,
    count: u64,
}

#[derive(Debug, Clone)]
struct Version {
    id: String,
    /// None for a delete marker.
    head: Option<ObjectHead>,
    tags: BTreeMap<String, String>,
    owner: String,
    on_its_way: Option<OnItsWay>,
}

#[derive(Debug, Clone)]
struct OnItsWay {
    due: Instant,
    fate: Fate,
    /// Each with the rule that leads there.
    destinations: Vec<(BucketRef, Rule)>,
}

impl Store {
    pub(super) fn versions(&self, bucket: &BucketRef, key: &str) -> Vec<String> {
        let versions = self.versions.get(&(bucket.clone(), key.to_owned()));
        let ids = versions
            .into_iter()
            .flatten()
            .map(|version| version.id.clone());
        ids.collect()
    }

    pub(super) fn stored(&self, bucket: &BucketRef) -> Vec<(String, String)> {
        let of_bucket = self.versions.iter().filter(|((of, _), _)| of == bucket);
        let named = of_bucket.flat_map(|((_, key), versions)| {
            versions
                .iter()
                .map(|version| (key.clone(), version.id.clone()))
        });
        named.collect()
    }

    pub(super) fn listed(&self, bucket: &BucketRef, key: &str) -> Vec<ListedVersion> {
        let versions = self.versions.get(&(bucket.clone(), key.to_owned()));
        let listed = versions.into_iter().flatten().map(|version| ListedVersion {
            version: version.id.clone(),
            is_delete_marker: version.head.is_none(),
            owner: Some(version.owner.clone()),
        });
        listed.collect()
    }

    pub(super) fn tags(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> BTreeMap<String, String> {
        let mut versions = self
            .versions
            .get(&(bucket.clone(), key.to_owned()))
            .into_iter()
            .flatten();
        let found = versions.find(|other| other.id == version);
        found.map(|found| found.tags.clone()).unwrap_or_default()
    }

    /// Whether the latest version of a key is an object.
    fn is_there(&self, bucket: &BucketRef, key: &str) -> bool {
        let versions = self.versions.get(&(bucket.clone(), key.to_owned()));
        let latest = versions.and_then(|versions| versions.last());
        latest.is_some_and(|latest| latest.head.is_some())
    }

    pub(super) fn has_any(&self, bucket: &BucketRef) -> bool {
        let mut stored = self.versions.iter();
        stored.any(|((of, _), versions)| of == bucket && !versions.is_empty())
    }

    pub(super) fn delete(&mut self, bucket: &BucketRef, key: &str, version: &str) {
        if let Some(versions) = self.versions.get_mut(&(bucket.clone(), key.to_owned())) {
            versions.retain(|other| other.id != version);
        }
    }

    pub(super) fn put_delete_marker(&mut self, bucket: &BucketRef, key: &str) -> String {
        let id = self.next_id();
        self.add_delete_marker(bucket, key, &id);
        id
    }

    fn add_delete_marker(&mut self, bucket: &BucketRef, key: &str, id: &str) {
        let marker = Version {
            id: id.to_owned(),
            head: None,
            tags: BTreeMap::new(),
            owner: bucket.account.to_string(),
            on_its_way: None,
        };
        self.add(bucket, key, marker);
    }

    fn next_id(&mut self) -> String {
        self.count += 1;
        format!("version-{}", self.count)
    }

    fn add(&mut self, bucket: &BucketRef, key: &str, version: Version) {
        let versions = self
            .versions
            .entry((bucket.clone(), key.to_owned()))
            .or_default();
        versions.push(version);
    }
}

impl State {
    pub(super) fn put_object(&mut self, object: &NewObject) -> Result<String, Refusal> {
        if !self
            .documents
            .contains_key(&Target::Bucket(object.bucket.clone(), BucketPart::Itself))
        {
            return Err(Refusal(Class::Propagation, "NoSuchBucket"));
        }
        if object.onto == Onto::Nothing && self.objects.is_there(&object.bucket, &object.key) {
            return Err(Refusal(Class::Rejected, "PreconditionFailed"));
        }
        let fate = self.objects.fates.pop_front().unwrap_or(Fate::ByRules);
        let destinations = self.destinations(object);
        let taken = !destinations.is_empty() && fate != Fate::Untaken;
        let on_its_way = taken.then(|| OnItsWay {
            due: Instant::now() + self.objects.lag,
            fate,
            destinations,
        });
        let id = self.objects.next_id();
        if fate != Fate::Vanishes {
            self.objects.add(
                &object.bucket,
                &object.key,
                Version {
                    id: id.clone(),
                    head: Some(new_head(object, taken && fate != Fate::TakenLate)),
                    tags: object.tags.clone(),
                    owner: object.bucket.account.to_string(),
                    on_its_way,
                },
            );
        }
        Ok(id)
    }

    pub(super) fn head(
        &mut self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> Option<ObjectHead> {
        self.replicate();
        if self.objects.unseen > 0 {
            self.objects.unseen -= 1;
            return None;
        }
        let versions = self
            .objects
            .versions
            .get(&(bucket.clone(), key.to_owned()))?;
        let found = versions.iter().find(|other| other.id == version)?;
        found.head.clone()
    }

    /// Deletes a key without a version; the delete marker goes where the rules that mirror such lead.
    pub(super) fn delete_object(&mut self, bucket: &BucketRef, key: &str) -> String {
        let id = self.objects.put_delete_marker(bucket, key);
        let mirrored = self.rules(bucket).into_iter().filter(|rule| {
            rule.meaning().delete_markers == Status::Enabled
                && rule.is_enabled()
                && rule.selects_object(key, &BTreeMap::new())
        });
        let arns: BTreeSet<String> = mirrored
            .filter_map(|rule| Some(rule.destination?.bucket))
            .collect();
        let buckets: Vec<BucketRef> = arns
            .iter()
            .filter_map(|arn| self.bucket_of_arn(arn))
            .collect();
        for bucket in buckets {
            self.objects.add_delete_marker(&bucket, key, &id);
        }
        id
    }

    fn rules(&self, bucket: &BucketRef) -> Vec<Rule> {
        let target = Target::Bucket(bucket.clone(), BucketPart::Replication);
        match self.documents.get(&target) {
            Some(Document::Replication(configuration)) => configuration.rules.clone(),
            _ => Vec::new(),
        }
    }

    /// The destinations of the enabled rules that take an object, each with the rule of the highest priority.
    fn destinations(&self, object: &NewObject) -> Vec<(BucketRef, Rule)> {
        let mut by_bucket: BTreeMap<String, Rule> = BTreeMap::new();
        let rules = self.rules(&object.bucket).into_iter();
        for rule in rules.filter(|rule| takes(rule, object)) {
            let Some(to) = rule.destination.as_ref().map(|to| to.bucket.clone()) else {
                continue;
            };
            match by_bucket.get(&to) {
                Some(other) if other.outranks(&rule) => {}
                Some(_) | None => drop(by_bucket.insert(to, rule)),
            }
        }
        by_bucket
            .into_iter()
            .filter_map(|(arn, rule)| Some((self.bucket_of_arn(&arn)?, rule)))
            .collect()
    }

    /// Lets everything arrive that is due.
    pub(super) fn replicate(&mut self) {
        let now = Instant::now();
        let keys: Vec<(BucketRef, String)> = self.objects.versions.keys().cloned().collect();
        for place in keys {
            let count = self.objects.versions[&place].len();
            for index in 0..count {
                self.arrive(&place, index, now);
            }
        }
    }

    fn arrive(&mut self, place: &(BucketRef, String), index: usize, now: Instant) {
        let version = self.objects.versions[place][index].clone();
        let (Some(way), Some(head)) = (version.on_its_way, version.head) else {
            return;
        };
        if way.due > now || way.fate == Fate::Pending {
            return;
        }
        let fits = way
            .destinations
            .iter()
            .all(|(bucket, _)| self.is_versioned(bucket));
        let arrives = fits && !matches!(way.fate, Fate::Fails | Fate::CompletesElsewhere);
        let failed = !fits || matches!(way.fate, Fate::Fails | Fate::FailsElsewhere);
        if arrives {
            for (bucket, rule) in &way.destinations {
                let replica = Version {
                    id: version.id.clone(),
                    head: Some(replica_head(&head, rule, way.fate)),
                    tags: if way.fate == Fate::ArrivesUntagged {
                        BTreeMap::new()
                    } else {
                        version.tags.clone()
                    },
                    owner: if way.fate == Fate::ArrivesUnowned {
                        version.owner.clone()
                    } else {
                        bucket.account.to_string()
                    },
                    on_its_way: None,
                };
                self.objects.add(bucket, &place.1, replica);
            }
        }
        if let Some(source) = self
            .objects
            .versions
            .get_mut(place)
            .and_then(|all| all.get_mut(index))
        {
            source.on_its_way = None;
            source.head = Some(ObjectHead {
                replication: if failed {
                    Replication::Failed
                } else {
                    Replication::Completed
                },
                ..head
            });
        }
    }
}

fn takes(rule: &Rule, object: &NewObject) -> bool {
    let is_kms = matches!(object.encryption, PutEncryption::SseKms(_));
    let encrypted = !is_kms || rule.meaning().sse_kms == Status::Enabled;
    rule.is_enabled() && rule.selects_object(&object.key, &object.tags) && encrypted
}

fn new_head(object: &NewObject, pending: bool) -> ObjectHead {
    let kms_key = match &object.encryption {
        PutEncryption::SseKms(key) => Some(key.to_string()),
        PutEncryption::BucketDefault | PutEncryption::SseS3 => None,
    };
    let algorithm = if kms_key.is_some() {
        "aws:kms"
    } else {
        "AES256"
    };
    ObjectHead {
        replication: if pending {
            Replication::Pending
        } else {
            Replication::NotEligible
        },
        metadata: object.metadata.clone(),
        etag: Some(format!("etag-of-{}-bytes", object.body.len())),
        size: object.body.len() as u64,
        encryption: Some(algorithm.to_owned()),
        kms_key,
        storage_class: "STANDARD".to_owned(),
    }
}

/// A replica as its rule and its fate make it.
fn replica_head(source: &ObjectHead, rule: &Rule, fate: Fate) -> ObjectHead {
    let meaning = rule.meaning();
    let is_kms = source.kms_key.is_some() && fate != Fate::ArrivesUnderOtherKey;
    ObjectHead {
        replication: if fate == Fate::ArrivesAsOriginal {
            Replication::NotEligible
        } else {
            Replication::Replica
        },
        size: if fate == Fate::ArrivesTorn {
            1
        } else {
            source.size
        },
        kms_key: meaning.replica_key.filter(|_| is_kms),
        storage_class: match meaning.storage_class {
            Some(class) if fate != Fate::ArrivesInOtherClass => class,
            Some(_) | None => source.storage_class.clone(),
        },
        ..source.clone()
    }
}
