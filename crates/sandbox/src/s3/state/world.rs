//! The state of S3: buckets with their configuration documents and objects.
//!
//! One lock holds it all. Nothing here asks whether a caller may act; see [`crate::s3::rules::target`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use s3s::S3Result;

use super::batch::jobs::Jobs;
use super::computed::Computed;
use super::deliveries::Deliveries;
use super::metering::Metering;
use super::pace::Pace;
use super::queue::Queue;
use super::upload::Upload;
use super::version::{Version, VersionId, Versions};
use crate::environment::Environment;
use crate::history::History;
use crate::ids::Ids;
use crate::s3::errors::no_such_bucket;
use crate::s3::xml::{self, Element};

/// What the S3 service and the replication worker share.
pub(crate) struct Store {
    pub(crate) environment: Environment,
    pub(crate) ids: Ids,
    pub(crate) queue: Queue,
    pub(crate) jobs: Jobs,
    ageing: Ageing,
    pub(crate) deliveries: Deliveries,
    metering: Mutex<Metering>,
    pace: Mutex<Pace>,
    world: Mutex<World>,
}

/// Does what lifecycle has to do by an instant; new markers get ids of the last.
pub(crate) type Ageing = fn(&mut World, SystemTime, &dyn Fn() -> VersionId);

impl Store {
    /// Starts with no buckets.
    pub(crate) fn new(environment: Environment, ageing: Ageing) -> Self {
        Self {
            ids: Ids::new(environment.seed, "s3"),
            queue: Queue::default(),
            jobs: Jobs::new(environment.seed),
            ageing,
            deliveries: Deliveries::new(environment.seed),
            metering: Mutex::default(),
            pace: Mutex::default(),
            world: Mutex::new(World::default()),
            environment,
        }
    }

    /// Locks the state. Hold it shortly and never over an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.environment.clock.now();
        if world.ages_at.is_some_and(|at| at <= now) {
            (self.ageing)(&mut world, now, &|| self.version_id());
        }
        world
    }

    /// Locks what is measured of replication; nothing else may be locked while it is.
    pub(crate) fn metering(&self) -> MutexGuard<'_, Metering> {
        self.metering.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks how fast prefixes are read.
    pub(crate) fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the sandbox's time in whole seconds, as S3 keeps it.
    pub(crate) fn now(&self) -> SystemTime {
        let now = self.environment.clock.now();
        let since = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())
    }

    /// Returns the instant as of which written policies and rules have taken effect.
    pub(crate) fn effective_instant(&self) -> SystemTime {
        self.environment
            .switches
            .effective(self.environment.clock.now())
    }

    /// Returns the instant a configuration read answers from.
    pub(crate) fn read_instant(&self) -> SystemTime {
        self.environment
            .switches
            .read_instant(self.environment.clock.now())
    }

    /// Returns a new version id in the form S3 gives them.
    pub(crate) fn version_id(&self) -> VersionId {
        self.ids.mixed(32).as_str().into()
    }
}

/// Every bucket of every account.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) buckets: BTreeMap<String, Bucket>,
    /// What accounts block for all of their buckets, by account; see [`crate::s3::rules::public_access`].
    pub(crate) public_access_blocks: BTreeMap<String, Element>,
    /// When lifecycle has to look again; never where no bucket has a configuration of it.
    pub(crate) ages_at: Option<SystemTime>,
    sequence: u64,
}

impl World {
    /// Returns the bucket or NoSuchBucket.
    pub(crate) fn bucket(&self, name: &str) -> S3Result<&Bucket> {
        self.buckets.get(name).ok_or_else(|| no_such_bucket(name))
    }

    /// Returns the bucket for change or NoSuchBucket.
    pub(crate) fn bucket_mut(&mut self, name: &str) -> S3Result<&mut Bucket> {
        self.buckets
            .get_mut(name)
            .ok_or_else(|| no_such_bucket(name))
    }

    /// Has lifecycle look again at once where a document of it changes.
    pub(crate) fn ages_anew(&mut self, subresource: &str, now: SystemTime) {
        if subresource == "lifecycle" {
            self.ages_at = Some(now);
        }
    }

    /// Returns the next place in the order of creation.
    pub(crate) fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

/// Names a configuration document: its subresource and, where a bucket holds many, its id.
pub(crate) type DocumentKey = (&'static str, String);

/// Where the setting of a lifecycle configuration that travels as a header is kept, beside the document.
pub(crate) fn minimum_size_key() -> DocumentKey {
    ("lifecycle", "minimum-size".to_owned())
}

/// A bucket.
pub(crate) struct Bucket {
    pub(crate) owner: Arc<str>,
    pub(crate) region: Arc<str>,
    pub(crate) created: SystemTime,
    pub(crate) documents: BTreeMap<DocumentKey, History<Option<Arc<str>>>>,
    pub(crate) objects: BTreeMap<Box<str>, Versions>,
    /// What is in the bucket, where nothing of it is kept; then there are no `objects`.
    pub(crate) computed: Option<Computed>,
    pub(crate) uploads: BTreeMap<String, Upload>,
    /// Replicas, by key and id, that were deleted for good: Batch Replication does not bring them back
    /// (UG:s3-batch-replication-batch).
    erased: BTreeSet<(Box<str>, Box<str>)>,
    /// When versioning was enabled for the first time.
    first_versioned: Option<SystemTime>,
    /// The newest documents as trees: every write of an object asks for several settings.
    trees: BTreeMap<&'static str, Element>,
}

/// The versioning state of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Versioning {
    Never,
    Enabled,
    Suspended,
}

impl Bucket {
    /// Makes an empty bucket without any configuration.
    pub(crate) fn new(owner: &str, region: &str, created: SystemTime) -> Self {
        Self {
            owner: owner.into(),
            region: region.into(),
            created,
            documents: BTreeMap::new(),
            objects: BTreeMap::new(),
            computed: None,
            uploads: BTreeMap::new(),
            erased: BTreeSet::new(),
            first_versioned: None,
            trees: BTreeMap::new(),
        }
    }

    /// Returns the newest document of a subresource.
    pub(crate) fn document(&self, subresource: &'static str) -> Option<Arc<str>> {
        let history = self.documents.get(&(subresource, String::new()))?;
        history.latest().as_ref().clone()
    }

    /// Returns a document as it was at an instant.
    pub(crate) fn document_as_of(&self, key: &DocumentKey, at: SystemTime) -> Option<Arc<str>> {
        self.documents.get(key)?.as_of(at).as_ref().clone()
    }

    /// Stores or removes a document.
    pub(crate) fn set_document(&mut self, key: DocumentKey, now: SystemTime, text: Option<&str>) {
        if key.1.is_empty() {
            match text.and_then(|text| xml::parse(text.as_bytes()).ok()) {
                Some(tree) => self.trees.insert(key.0, tree),
                None => self.trees.remove(key.0),
            };
        }
        if self.versioning() == Versioning::Enabled {
            self.first_versioned.get_or_insert(now);
        }
        let history = self
            .documents
            .entry(key)
            .or_insert_with(|| History::new(None));
        let written: Result<(), std::convert::Infallible> = history.write(now, |document| {
            *document = text.map(Arc::from);
            Ok(())
        });
        match written {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }

    /// Returns the newest document of a subresource as a tree.
    pub(crate) fn tree(&self, subresource: &'static str) -> Option<&Element> {
        self.trees.get(subresource)
    }

    /// Says whether small objects go to the archives, too (BC:s3 TransitionDefaultMinimumObjectSize).
    pub(crate) fn transitions_vary(&self) -> bool {
        let history = self.documents.get(&minimum_size_key());
        let value = history.and_then(|history| history.latest().as_ref().clone());
        value.as_deref() == Some("varies_by_storage_class")
    }

    /// Returns the text at a path below the root of a document.
    pub(crate) fn setting(&self, subresource: &'static str, path: &[&str]) -> Option<&str> {
        let root = self.trees.get(subresource)?;
        let leaf = path
            .iter()
            .try_fold(root, |element, name| element.child(name))?;
        Some(&leaf.text)
    }

    /// Returns the versioning state.
    pub(crate) fn versioning(&self) -> Versioning {
        match self.setting("versioning", &["Status"]) {
            Some("Enabled") => Versioning::Enabled,
            Some("Suspended") => Versioning::Suspended,
            _ => Versioning::Never,
        }
    }

    /// Says whether versioning was enabled for the first time less than this long ago.
    pub(crate) fn is_newly_versioned(&self, now: SystemTime, lag: Duration) -> bool {
        self.first_versioned.is_some_and(|first| now < first + lag)
    }

    /// Says whether versions are deleted with a code of a device only.
    pub(crate) fn mfa_delete(&self) -> bool {
        self.setting("versioning", &["MfaDelete"]) == Some("Enabled")
    }

    /// Says whether ACLs are off and every object belongs to the bucket's owner.
    pub(crate) fn owner_enforced(&self) -> bool {
        let ownership = self.setting("ownershipControls", &["Rule", "ObjectOwnership"]);
        ownership == Some("BucketOwnerEnforced")
    }

    /// Says whether Object Lock is on.
    pub(crate) fn object_lock(&self) -> bool {
        self.document("object-lock").is_some()
    }

    /// Returns a version by id, or the current one.
    pub(crate) fn version(&self, key: &str, id: Option<&str>) -> Option<&Version> {
        let versions = self.objects.get(key)?;
        match id {
            Some(id) => versions.by_id(id),
            None => versions.latest(),
        }
    }

    /// Returns a version as [`Bucket::version`] does, also one that is computed.
    pub(crate) fn read(&self, key: &str, id: Option<&str>) -> Option<Version> {
        match &self.computed {
            Some(computed) => computed.version(key, id),
            None => self.version(key, id).cloned(),
        }
    }

    /// Returns a version by id for change.
    pub(crate) fn version_mut(&mut self, key: &str, id: &str) -> Option<&mut Version> {
        self.objects.get_mut(key)?.by_id_mut(id)
    }

    /// Adds a version of a key.
    pub(crate) fn put_version(&mut self, key: &str, version: Version) {
        match self.objects.get_mut(key) {
            Some(versions) => versions.put(version),
            None => self.objects.entry(key.into()).or_default().put(version),
        }
    }

    /// Removes a version of a key, and the key with its last version.
    pub(crate) fn remove_version(&mut self, key: &str, id: &str) -> Option<Version> {
        let versions = self.objects.get_mut(key)?;
        let removed = versions.remove(id);
        if versions.is_empty() {
            self.objects.remove(key);
        }
        if removed.as_ref().is_some_and(|version| version.replica) {
            self.erased.insert((key.into(), id.into()));
        }
        removed
    }

    /// Says whether a replica was here and was deleted for good.
    pub(crate) fn erased(&self, key: &str, id: &str) -> bool {
        !self.erased.is_empty() && self.erased.contains(&(key.into(), id.into()))
    }
}
