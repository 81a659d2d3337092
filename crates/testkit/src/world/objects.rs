//! Objects of the world in memory, and a simple model of replication.
//!
//! The replication configuration at the time of the put decides which destinations an object goes to; it arrives after the
//! world's lag. A destination that is gone or not versioned by then makes it FAILED.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use s3ferry_core::model::kinds::replication::{Rule, Status};
use s3ferry_core::model::{BucketPart, BucketRef, Document, Target};
use s3ferry_engine::ports::{Class, NewObject, ObjectHead, Replication};
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
}

#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) lag: Duration,
    pub(super) fates: VecDeque<Fate>,
    versions: BTreeMap<(BucketRef, String), Vec<Version>>,
    count: u64,
}

#[derive(Debug, Clone)]
struct Version {
    id: String,
    /// None for a delete marker.
    head: Option<ObjectHead>,
    on_its_way: Option<OnItsWay>,
}

#[derive(Debug, Clone)]
struct OnItsWay {
    due: Instant,
    fate: Fate,
    destinations: Vec<BucketRef>,
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
        self.add(
            bucket,
            key,
            Version {
                id: id.clone(),
                head: None,
                on_its_way: None,
            },
        );
        id
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
        let versions = self
            .objects
            .versions
            .get(&(bucket.clone(), key.to_owned()))?;
        let found = versions.iter().find(|other| other.id == version)?;
        found.head.clone()
    }

    /// The destinations of the enabled rules that take an object.
    fn destinations(&self, object: &NewObject) -> Vec<BucketRef> {
        let configuration = self.documents.get(&Target::Bucket(
            object.bucket.clone(),
            BucketPart::Replication,
        ));
        let Some(Document::Replication(configuration)) = configuration else {
            return Vec::new();
        };
        let taking = configuration
            .rules
            .iter()
            .filter(|rule| takes(rule, object));
        let arns: BTreeSet<&String> = taking
            .filter_map(|rule| Some(&rule.destination.as_ref()?.bucket))
            .collect();
        arns.into_iter()
            .filter_map(|arn| self.bucket_of_arn(arn))
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
            .all(|bucket| self.is_versioned(bucket));
        let arrives = fits && !matches!(way.fate, Fate::Fails | Fate::CompletesElsewhere);
        let failed = !fits || matches!(way.fate, Fate::Fails | Fate::FailsElsewhere);
        let size = if way.fate == Fate::ArrivesTorn {
            1
        } else {
            head.size
        };
        let arrived = if way.fate == Fate::ArrivesAsOriginal {
            Replication::NotEligible
        } else {
            Replication::Replica
        };
        if arrives {
            for bucket in &way.destinations {
                self.objects.add(
                    bucket,
                    &place.1,
                    Version {
                        id: version.id.clone(),
                        head: Some(ObjectHead {
                            replication: arrived.clone(),
                            size,
                            ..head.clone()
                        }),
                        on_its_way: None,
                    },
                );
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
    let (prefix, tags) = rule.selects();
    let tagged = tags
        .iter()
        .all(|(key, value)| object.tags.get(key) == Some(value));
    let encrypted = object.kms_key.is_none() || rule.meaning().sse_kms == Status::Enabled;
    rule.status == Status::Enabled && object.key.starts_with(&prefix) && tagged && encrypted
}

fn new_head(object: &NewObject, pending: bool) -> ObjectHead {
    ObjectHead {
        replication: if pending {
            Replication::Pending
        } else {
            Replication::NotEligible
        },
        metadata: object.metadata.clone(),
        etag: Some(format!("etag-of-{}-bytes", object.body.len())),
        size: object.body.len() as u64,
    }
}
