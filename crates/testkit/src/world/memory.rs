//! The ports over a map.
//!
//! It keeps the preconditions that order steps: parts need their bucket or role, a replication configuration needs
//! versioning on both sides, a role with a policy and a bucket with objects cannot be removed. It does not evaluate
//! policies; the sandbox does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use s3ferry_core::ids::{AccountId, BucketName, JobId};
use s3ferry_core::model::kinds::replication::ReplicationConfiguration;
use s3ferry_core::model::kinds::{
    Alarm, AlarmNames, AlarmState, BasicSelector, Bucket, BucketEncryption, BucketLogging, Buckets,
    EventSelectors, Grants, Notification, Notifications, ObjectOwnership, PublicAccessBlock,
    RequestPayment, Role, RolePolicies, RoleTexts, RuleMetrics, SeenTrail, SeenTrails, StateValue,
    Trail, Versioning, VersioningStatus,
};
use s3ferry_core::model::target::{ROLE_PATH, ROLE_POLICY_NAME};
use s3ferry_core::model::{
    AccountPart, AccountRef, BucketPart, BucketRef, Document, KeyPart, RegionPart, RegionRef,
    RolePart, Target, TrailPart, TrailRef,
};
use s3ferry_core::ownership::{described, description};
use s3ferry_core::plan::NewJob;
use s3ferry_engine::ports::{
    Class, Jobs, ListedVersion, NewObject, ObjectHead, Objects, Piece, Pieces, PortError, Read,
    Sample, Write, WriteChange,
};

use super::jobs::JobFate;
use super::objects::{Fate, Store};

/// A world in memory. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryWorld {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) documents: BTreeMap<Target, Document>,
    pub(super) objects: Store,
    pub(super) jobs: super::jobs::JobStore,
    roles_made: u64,
}

impl MemoryWorld {
    /// An empty world.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// This world with a bucket as AWS makes them, with versioning on.
    #[must_use]
    pub fn with_bucket(self, bucket: &BucketRef) -> Self {
        self.state().make_bucket(bucket, &BTreeMap::new());
        self.with(
            &Target::Bucket(bucket.clone(), BucketPart::Versioning),
            crate::build::versioned(),
        )
    }

    /// This world with a document.
    #[must_use]
    pub fn with(self, target: &Target, document: Document) -> Self {
        self.set(target, Some(document));
        self
    }

    /// Sets a document as somebody else would: without any check.
    pub fn set(&self, target: &Target, document: Option<Document>) {
        let mut state = self.state();
        let document = document.map(|document| match document {
            Document::Role(role) => {
                let id = Some(state.role_id(target));
                Document::Role(Role { id, ..role })
            }
            other => other,
        });
        match document {
            Some(document) => state.documents.insert(target.clone(), document),
            None => state.documents.remove(target),
        };
    }

    /// A world of its own that holds the same documents and no objects.
    #[must_use]
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        copy.state().documents = self.documents();
        copy
    }

    /// Writes as the port does, at once.
    ///
    /// # Errors
    /// AWS's code, where it refuses.
    pub fn change(&self, target: &Target, after: Option<&Document>) -> Result<(), &'static str> {
        let written = self.state().write(target, after);
        written.map_err(|Refusal(_, code)| code)
    }

    /// What a target holds.
    #[must_use]
    pub fn document(&self, target: &Target) -> Option<Document> {
        self.state().read(target)
    }

    /// Everything that was written or set.
    #[must_use]
    pub fn documents(&self) -> BTreeMap<Target, Document> {
        self.state().documents.clone()
    }

    /// How jobs go that are made from now on.
    pub fn set_job_fate(&self, fate: JobFate) {
        self.state().jobs.fate = fate;
    }

    /// What is found under a prefix of a bucket.
    pub fn set_sample(&self, prefix: &str, sample: Sample) {
        self.state().jobs.samples.insert(prefix.to_owned(), sample);
    }

    /// The jobs that were made, as they were asked for.
    #[must_use]
    pub fn jobs(&self) -> Vec<NewJob> {
        self.state().jobs.requests()
    }

    /// How long replicas take to arrive; nothing by default.
    pub fn set_lag(&self, lag: Duration) {
        self.state().objects.lag = lag;
    }

    /// What becomes of the next objects that are put, in order; afterwards the replication configuration decides.
    pub fn set_fates(&self, fates: impl IntoIterator<Item = Fate>) {
        self.state().objects.fates.extend(fates);
    }

    /// The version IDs of a key in a bucket, oldest first.
    #[must_use]
    pub fn versions_of(&self, bucket: &BucketRef, key: &str) -> Vec<String> {
        self.state().objects.versions(bucket, key)
    }

    /// Everything that is stored in a bucket: keys with their version IDs, oldest first.
    #[must_use]
    pub fn stored(&self, bucket: &BucketRef) -> Vec<(String, String)> {
        self.state().objects.stored(bucket)
    }

    /// Lets the next looks at versions answer that there is none, as S3 may for a while after a bucket was first versioned
    /// (BC:s3 PutBucketVersioning).
    pub fn set_unseen(&self, looks: u32) {
        self.state().objects.unseen = looks;
    }

    /// Puts a delete marker on a key, as somebody else; its version ID.
    pub fn put_delete_marker(&self, bucket: &BucketRef, key: &str) -> String {
        self.state().objects.put_delete_marker(bucket, key)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics inside the world")
    }
}

impl State {
    fn read(&self, target: &Target) -> Option<Document> {
        let stored = self.documents.get(target).cloned();
        match target {
            Target::Account(AccountRef { account, partition }, AccountPart::Roles) => {
                let ours = |(target, document): (&Target, &Document)| match (target, document) {
                    (
                        Target::Role(role, RolePart::Itself),
                        Document::Role(Role { path, tags, .. }),
                    ) => {
                        let here = role.account == *account && role.partition == *partition;
                        let says = description(tags).and_then(|text| described(&text));
                        let may_be_ours = path.starts_with(ROLE_PATH) || says.is_some();
                        (here && may_be_ours).then(|| (role.name.clone(), says))
                    }
                    _ => None,
                };
                Some(Document::Roles(
                    self.documents.iter().filter_map(ours).collect(),
                ))
            }
            Target::Account(AccountRef { account, .. }, AccountPart::Buckets) => {
                let own = self.documents.keys().filter_map(|target| match target {
                    Target::Bucket(of, BucketPart::Itself) if of.account == *account => {
                        Some((of.bucket.to_string(), Some(of.region.clone())))
                    }
                    _ => None,
                });
                Some(Document::Buckets(Buckets(own.collect())))
            }
            Target::Role(role, RolePart::Policies) => {
                let has = |part| {
                    self.documents
                        .contains_key(&Target::Role(role.clone(), part))
                };
                let mut policies = match stored {
                    Some(Document::RolePolicies(stored)) => stored,
                    _ => RolePolicies::default(),
                };
                let ours = has(RolePart::Policy).then(|| ROLE_POLICY_NAME.to_owned());
                policies.inline.extend(ours);
                has(RolePart::Itself).then_some(Document::RolePolicies(policies))
            }
            Target::Role(role, RolePart::Texts) => {
                let mut texts = match stored {
                    Some(Document::RoleTexts(stored)) => stored,
                    _ => RoleTexts::default(),
                };
                let part = |part| self.documents.get(&Target::Role(role.clone(), part));
                if let Some(Document::RolePolicy(policy)) = part(RolePart::Policy) {
                    let name = ROLE_POLICY_NAME.to_owned();
                    texts.inline.insert(name, policy.clone());
                }
                let exists = part(RolePart::Itself).is_some();
                exists.then_some(Document::RoleTexts(texts))
            }
            Target::Region(place, RegionPart::Alarms) => {
                let mut alarms = AlarmNames::default();
                for (target, document) in &self.documents {
                    if let (Target::Alarm(at), Document::Alarm(alarm)) = (target, document)
                        && at.place() == *place
                    {
                        alarms.add(at.name.clone(), alarm.sight());
                    }
                }
                Some(Document::AlarmNames(alarms))
            }
            Target::Key(key, KeyPart::Grants) => {
                let itself = Target::Key(key.clone(), KeyPart::Itself);
                let none = || Document::Grants(Grants::default());
                stored.or_else(|| self.documents.contains_key(&itself).then(none))
            }
            Target::Region(_, RegionPart::Metrics) => {
                stored.or_else(|| Some(Document::RuleMetrics(RuleMetrics::default())))
            }
            Target::Region(place, RegionPart::Jobs) => {
                Some(Document::Jobs(self.jobs.listed(place)))
            }
            Target::Region(place, RegionPart::Trails) => {
                let here = self.documents.iter();
                let here = here.filter_map(|(target, document)| match (target, document) {
                    (Target::Trail(trail, TrailPart::Itself), Document::Trail(of))
                        if trail.account == place.account
                            && (of.multi_region || trail.region == place.region) =>
                    {
                        Some(SeenTrail {
                            name: trail.name.to_string(),
                            home: trail.region.to_string(),
                            account: trail.account.to_string(),
                        })
                    }
                    _ => None,
                });
                let mut seen = SeenTrails(here.collect());
                if let Some(Document::Trails(others)) = stored {
                    seen.0.extend(others.0);
                }
                Some(Document::Trails(seen))
            }
            Target::Bucket(bucket, BucketPart::RequestPayment) => stored.or_else(|| {
                self.has_bucket(bucket)
                    .then_some(Document::RequestPayment(RequestPayment::BucketOwner))
            }),
            _ => stored,
        }
    }

    fn has_bucket(&self, bucket: &BucketRef) -> bool {
        self.documents
            .contains_key(&Target::Bucket(bucket.clone(), BucketPart::Itself))
    }

    /// Makes a bucket with all that AWS gives new ones since April 2023.
    fn make_bucket(&mut self, bucket: &BucketRef, tags: &BTreeMap<String, String>) {
        let of = |part: fn(BucketRef) -> Target| part(bucket.clone());
        let born = [
            (
                of(|of| Target::Bucket(of, BucketPart::Itself)),
                Document::Bucket(Bucket {
                    region: bucket.region.clone(),
                    created_with_tags: BTreeMap::new(),
                }),
            ),
            (
                of(|of| Target::Bucket(of, BucketPart::Tags)),
                Document::Tags(tags.clone()),
            ),
            (
                of(|of| Target::Bucket(of, BucketPart::Versioning)),
                Document::Versioning(Versioning {
                    status: VersioningStatus::Never,
                    mfa_delete: false,
                }),
            ),
            (
                of(|of| Target::Bucket(of, BucketPart::Encryption)),
                born_encryption(),
            ),
            (
                of(|of| Target::Bucket(of, BucketPart::Ownership)),
                Document::Ownership(ObjectOwnership::BucketOwnerEnforced),
            ),
            (
                of(|of| Target::Bucket(of, BucketPart::PublicAccess)),
                Document::PublicAccess(PublicAccessBlock::ALL),
            ),
        ];
        self.documents.extend(born);
    }

    fn write(&mut self, target: &Target, after: Option<&Document>) -> Result<(), Refusal> {
        if target.kind().facts().write.is_none()
            || after.is_some_and(|to| to.kind() != target.kind())
        {
            return Err(Refusal(Class::Rejected, "MalformedRequest"));
        }
        match after {
            Some(document) => self.put(target, document),
            None => self.remove(target),
        }
    }

    fn put(&mut self, target: &Target, document: &Document) -> Result<(), Refusal> {
        self.check_parent(target)?;
        match (target, document) {
            (
                Target::Bucket(bucket, BucketPart::Itself),
                Document::Bucket(Bucket {
                    created_with_tags, ..
                }),
            ) => {
                if !self.has_bucket(bucket) {
                    self.make_bucket(bucket, created_with_tags);
                }
                return Ok(());
            }
            (
                Target::Bucket(source, BucketPart::Replication),
                Document::Replication(configuration),
            ) => {
                self.check_versioning(source, configuration)?;
            }
            (Target::Alarm(_), Document::Alarm(alarm)) => {
                self.put_alarm(target, alarm);
                return Ok(());
            }
            (_, Document::Notifications(held)) => check_notifications(held)?,
            (Target::Trail(trail, TrailPart::Itself), Document::Trail(of)) => {
                self.check_trail_bucket(trail, of)?;
                // CloudTrail's own.
                let of = Trail {
                    delivery_error: None,
                    ..(**of).clone()
                };
                self.documents
                    .insert(target.clone(), Document::Trail(Box::new(of)));
                let selectors = Target::Trail(trail.clone(), TrailPart::Selectors);
                let never_told = EventSelectors::Basic(vec![BasicSelector::of_management()]);
                self.documents
                    .entry(selectors)
                    .or_insert(Document::Selectors(never_told));
                return Ok(());
            }
            (Target::Trail(_, TrailPart::Selectors), Document::Selectors(of)) if of.is_empty() => {
                return Err(Refusal(Class::Rejected, "InvalidEventSelectorsException"));
            }
            (Target::Bucket(of, BucketPart::Logging), Document::Logging(logging)) => {
                self.check_log_bucket(of, logging)?;
            }
            (Target::Role(_, RolePart::Itself), Document::Role(role)) => {
                self.check_path(target, role)?;
                let id = Some(self.role_id(target));
                let role = Role { id, ..role.clone() };
                self.documents.insert(target.clone(), Document::Role(role));
                return Ok(());
            }
            _ => {}
        }
        self.documents.insert(target.clone(), document.clone());
        Ok(())
    }

    /// An alarm keeps its state when it is put again, and a new one has no data (BC:cloudwatch PutMetricAlarm).
    fn put_alarm(&mut self, target: &Target, alarm: &Alarm) {
        let live = match self.documents.get(target) {
            Some(Document::Alarm(live)) => live.state.clone(),
            _ => None,
        };
        let new = || AlarmState {
            value: StateValue::NoData,
            reason: "Unchecked: Initial alarm creation".to_owned(),
            lasts: false,
        };
        let alarm = Alarm {
            state: Some(live.unwrap_or_else(new)),
            ..alarm.clone()
        };
        self.documents
            .insert(target.clone(), Document::Alarm(Box::new(alarm)));
    }

    fn remove(&mut self, target: &Target) -> Result<(), Refusal> {
        match target {
            // Nobody takes the policy of a key away.
            Target::Key(_, _) => return Err(Refusal(Class::Rejected, "UnsupportedOperation")),
            Target::Bucket(bucket, BucketPart::Itself) => {
                if self.objects.has_any(bucket) {
                    return Err(Refusal(Class::Rejected, "BucketNotEmpty"));
                }
                self.documents
                    .retain(|other, _| other.bucket() != Some(bucket));
            }
            Target::Role(role, RolePart::Itself) => {
                let policies = Target::Role(role.clone(), RolePart::Policies);
                if let Some(Document::RolePolicies(held)) = self.read(&policies)
                    && !(held.inline.is_empty() && held.attached.is_empty())
                {
                    return Err(Refusal(Class::Rejected, "DeleteConflict"));
                }
                self.documents.remove(&policies);
                self.documents.remove(target);
            }
            Target::Trail(trail, TrailPart::Itself) => {
                let selectors = Target::Trail(trail.clone(), TrailPart::Selectors);
                self.documents.remove(&selectors);
                self.documents.remove(target);
            }
            Target::Trail(_, TrailPart::Selectors) => {
                return Err(Refusal(Class::Rejected, "NotSupported"));
            }
            Target::Bucket(_, BucketPart::Versioning) => {
                return Err(Refusal(Class::Rejected, "MalformedXML"));
            }
            Target::Bucket(bucket, BucketPart::Tags) if self.has_bucket(bucket) => {
                self.documents
                    .insert(target.clone(), Document::Tags(BTreeMap::new()));
            }
            Target::Bucket(bucket, BucketPart::Encryption) if self.has_bucket(bucket) => {
                self.documents.insert(target.clone(), born_encryption());
            }
            _ => {
                self.documents.remove(target);
            }
        }
        Ok(())
    }

    fn check_parent(&self, target: &Target) -> Result<(), Refusal> {
        let is_bucket = matches!(target, Target::Bucket(_, BucketPart::Itself));
        if !is_bucket
            && target
                .bucket()
                .is_some_and(|bucket| !self.has_bucket(bucket))
        {
            return Err(Refusal(Class::Propagation, "NoSuchBucket"));
        }
        let parent = match target {
            Target::Role(role, RolePart::Policy | RolePart::Policies) => {
                Target::Role(role.clone(), RolePart::Itself)
            }
            Target::Key(key, KeyPart::Policy) => Target::Key(key.clone(), KeyPart::Itself),
            Target::Trail(trail, TrailPart::Selectors) => {
                Target::Trail(trail.clone(), TrailPart::Itself)
            }
            _ => return Ok(()),
        };
        if self.documents.contains_key(&parent) {
            Ok(())
        } else if target.key().is_some() {
            Err(Refusal(Class::Rejected, "NotFoundException"))
        } else {
            Err(Refusal(Class::Propagation, "NoSuchEntity"))
        }
    }

    /// CloudTrail asks the policy of the bucket when a trail is made or changed (BC:cloudtrail
    /// InsufficientS3BucketPolicyException).
    fn check_trail_bucket(&self, trail: &TrailRef, of: &Trail) -> Result<(), Refusal> {
        let bucket = of.to().map(|bucket| BucketRef {
            account: trail.account.clone(),
            region: trail.region.clone(),
            bucket,
        });
        let policy = bucket.map(|bucket| Target::Bucket(bucket, BucketPart::Policy));
        let policy = policy.and_then(|policy| self.documents.get(&policy));
        let lets_in = policy.is_some_and(|policy| {
            let text = policy.view().to_string();
            text.contains("cloudtrail.amazonaws.com") && text.contains(&trail.arn())
        });
        if lets_in {
            Ok(())
        } else {
            Err(Refusal(
                Class::Propagation,
                "InsufficientS3BucketPolicyException",
            ))
        }
    }

    /// Logs go to a bucket of the same account and Region (UG:troubleshooting-server-access-logging).
    fn check_log_bucket(&self, of: &BucketRef, logging: &BucketLogging) -> Result<(), Refusal> {
        let to = logging.to().map(|bucket| BucketRef {
            bucket,
            ..of.clone()
        });
        if to.is_some_and(|to| self.has_bucket(&to)) {
            Ok(())
        } else {
            Err(Refusal(Class::Rejected, "InvalidTargetBucketForLogging"))
        }
    }

    fn check_versioning(
        &self,
        source: &BucketRef,
        configuration: &ReplicationConfiguration,
    ) -> Result<(), Refusal> {
        let destinations = configuration.rules.iter().filter_map(|rule| {
            let to = rule.destination.as_ref()?;
            self.bucket_of_arn(&to.bucket)
        });
        let all_versioned = destinations
            .chain([source.clone()])
            .all(|bucket| self.is_versioned(&bucket));
        if all_versioned {
            Ok(())
        } else {
            Err(Refusal(Class::Propagation, "InvalidRequest"))
        }
    }

    /// The unique ID of a role: what it has, or for a new one an ID that no role had before.
    fn role_id(&mut self, target: &Target) -> String {
        let live = match self.documents.get(target) {
            Some(Document::Role(live)) => live.id.clone(),
            _ => None,
        };
        live.unwrap_or_else(|| {
            self.roles_made += 1;
            format!("AROA{}", self.roles_made)
        })
    }

    /// The path of a role cannot be changed (domain reference §9.3).
    fn check_path(&self, target: &Target, wanted: &Role) -> Result<(), Refusal> {
        match self.documents.get(target) {
            Some(Document::Role(role)) if role.path != wanted.path => {
                Err(Refusal(Class::Rejected, "EntityAlreadyExists"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn bucket_of_arn(&self, arn: &str) -> Option<BucketRef> {
        self.documents.keys().find_map(|target| match target {
            Target::Bucket(bucket, BucketPart::Itself) if bucket.arn().as_str() == arn => {
                Some(bucket.clone())
            }
            _ => None,
        })
    }

    pub(super) fn is_versioned(&self, bucket: &BucketRef) -> bool {
        let versioning = self
            .documents
            .get(&Target::Bucket(bucket.clone(), BucketPart::Versioning));
        matches!(
            versioning,
            Some(Document::Versioning(Versioning {
                status: VersioningStatus::Enabled,
                ..
            }))
        )
    }
}

fn born_encryption() -> Document {
    Document::Encryption(BucketEncryption {
        algorithm: "AES256".to_owned(),
        key: None,
        bucket_key: false,
        blocked: BTreeSet::from(["SSE-C".to_owned()]),
    })
}

/// Why a call is refused: its class and AWS's code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal(pub(super) Class, pub(super) &'static str);

impl Refusal {
    fn on(self, operation: &'static str, target: impl ToString) -> PortError {
        PortError {
            class: self.0,
            service: "memory",
            operation,
            target: target.to_string(),
            code: self.1.to_owned(),
            message: "refused by the world in memory".to_owned(),
            request_id: None,
            hint: None,
        }
    }
}

impl Read for MemoryWorld {
    async fn read(&self, target: &Target) -> Result<Option<Document>, PortError> {
        Ok(self.document(target))
    }

    async fn locate(&self, account: &AccountId, bucket: &BucketName) -> Option<BucketRef> {
        let found = self
            .state()
            .bucket_of_arn(&format!("arn:aws:s3:::{bucket}"));
        found.filter(|found| found.account == *account)
    }
}

impl Write for MemoryWorld {
    async fn write(&self, target: &Target, change: WriteChange<'_>) -> Result<(), PortError> {
        let written = self.state().write(target, change.after);
        written.map_err(|refusal| refusal.on("Write", target))
    }
}

impl Objects for MemoryWorld {
    async fn put(&self, object: &NewObject) -> Result<String, PortError> {
        let put = self.state().put_object(object);
        put.map_err(|refusal| {
            refusal.on(
                "PutObject",
                format!("{}/{}", object.bucket.bucket, object.key),
            )
        })
    }

    async fn head(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> Result<Option<ObjectHead>, PortError> {
        Ok(self.state().head(bucket, key, version))
    }

    async fn versions(
        &self,
        bucket: &BucketRef,
        key: &str,
    ) -> Result<Vec<ListedVersion>, PortError> {
        let mut state = self.state();
        state.replicate();
        Ok(state.objects.listed(bucket, key))
    }

    async fn tags(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> Result<BTreeMap<String, String>, PortError> {
        let mut state = self.state();
        state.replicate();
        Ok(state.objects.tags(bucket, key, version))
    }

    async fn put_delete_marker(&self, bucket: &BucketRef, key: &str) -> Result<String, PortError> {
        Ok(self.state().delete_object(bucket, key))
    }

    async fn delete(&self, bucket: &BucketRef, key: &str, version: &str) -> Result<(), PortError> {
        let mut state = self.state();
        state.replicate();
        state.objects.delete(bucket, key, version);
        Ok(())
    }
}
impl Pieces for MemoryWorld {
    async fn piece(&self, of: Piece<'_>) -> Result<Option<Vec<u8>>, PortError> {
        Ok(self.state().jobs.piece(of.bucket, of.key, of.from))
    }
}

impl Jobs for MemoryWorld {
    async fn create_job(&self, job: &NewJob) -> Result<JobId, PortError> {
        let made = self.state().jobs.create(job);
        made.map_err(|code| Refusal(Class::Rejected, code).on("CreateJob", &job.description))
    }

    async fn job(
        &self,
        at: &RegionRef,
        id: &JobId,
    ) -> Result<Option<s3ferry_core::model::kinds::Job>, PortError> {
        Ok(self.state().jobs.look(at, id))
    }

    async fn job_tags(
        &self,
        _at: &RegionRef,
        id: &JobId,
    ) -> Result<BTreeMap<String, String>, PortError> {
        Ok(self.state().jobs.tags(id))
    }

    async fn confirm_job(&self, _at: &RegionRef, id: &JobId) -> Result<(), PortError> {
        let confirmed = self.state().jobs.confirm(id);
        confirmed.map_err(|code| Refusal(Class::Rejected, code).on("UpdateJobStatus", id))
    }

    async fn sample(&self, _bucket: &BucketRef, prefix: &str) -> Result<Sample, PortError> {
        let state = self.state();
        Ok(state.jobs.samples.get(prefix).copied().unwrap_or_default())
    }
}

/// S3 tells one event of a key to one only (UG:notification-how-to-filtering).
fn check_notifications(held: &Notifications) -> Result<(), Refusal> {
    let all: Vec<&Notification> = held.by_id.values().collect();
    let mut pairs = all
        .iter()
        .enumerate()
        .flat_map(|(at, one)| all[at + 1..].iter().map(move |other| (one, other)));
    if pairs.any(|(one, other)| one.overlaps(other).is_some()) {
        return Err(Refusal(Class::Rejected, "InvalidArgument"));
    }
    Ok(())
}
