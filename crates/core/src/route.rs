//! Routes: where a migration's data comes from, where it goes, and under which role.

use std::collections::BTreeSet;

use crate::ids::{AccountId, AccountName, Arn, BucketName, MigrationName};
use crate::model::{BucketRef, RegionRef, RoleRef, TopicRef, TrailRef};
use crate::phase::Part;
use crate::spec::{
    AlarmSpec, BackfillScope, Create, Depth, Encryption, InventoryPlace, LogPlace, Migration,
    Monitoring, Sides, Spec, TrailPlace, VerifySpec,
};

/// A migration with its places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route<'a> {
    /// The migration's name.
    pub name: &'a MigrationName,
    /// What the spec says of it.
    pub migration: &'a Migration,
    /// The bucket that data comes from.
    pub source: BucketRef,
    /// The bucket that data goes to.
    pub destination: BucketRef,
    /// The role that replicates.
    pub role: RoleRef,
    /// The role that jobs on the source bucket act as.
    pub batch_role: RoleRef,
    /// The role that jobs on the destination bucket act as.
    pub destination_batch_role: RoleRef,
    /// The account whose CloudWatch has the metrics of the rules, and so their alarms.
    pub alarms_in: AccountId,
    /// The topics that alarms and events are told to, in accounts of the spec: others are not looked at.
    pub topics: Vec<TopicRef>,
}

impl Route<'_> {
    /// What the spec says of alarms, where it asks for any.
    #[must_use]
    pub fn alarms(&self) -> Option<&AlarmSpec> {
        match &self.migration.monitoring {
            Monitoring::Alarms(alarms) => Some(alarms),
            Monitoring::Unset | Monitoring::None { .. } => None,
        }
    }

    /// Who hears of each object that failed.
    #[must_use]
    pub fn events(&self) -> Option<&Arn> {
        self.alarms()?.events.as_ref()
    }

    /// Where the metrics of the source Region are, and where those of the destination Region.
    #[must_use]
    pub fn watched_in(&self) -> [RegionRef; 2] {
        [&self.source, &self.destination].map(|bucket| RegionRef {
            account: self.alarms_in.clone(),
            region: bucket.region.clone(),
        })
    }
}

/// A side of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Where the data is.
    Source,
    /// Where the data goes.
    Destination,
}

/// A bucket that something is written down of, and where it goes: to another bucket of its account and Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded<'a, T> {
    /// The side of the migration.
    pub side: Side,
    /// The bucket that it is about.
    pub of: &'a BucketRef,
    /// The bucket that it goes to.
    pub to: BucketRef,
    /// What the spec says of that place.
    pub place: &'a T,
}

/// A bucket whose objects checksums are computed of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computed<'a> {
    /// The side of the migration.
    pub side: Side,
    /// The bucket.
    pub of: &'a BucketRef,
    /// The role that jobs on it act as.
    pub role: &'a RoleRef,
    /// Where their reports go: the bucket, and the prefix.
    pub report: (BucketRef, &'a str),
}

/// A bucket whose data events a trail records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced<'a> {
    /// The side of the migration.
    pub side: Side,
    /// The bucket.
    pub of: &'a BucketRef,
    /// The trail.
    pub trail: TrailRef,
    /// Where the trail writes, if it is s3ferry's: a bucket in the account and the Region of the other, and the prefix.
    pub to: Option<(BucketRef, &'a str)>,
}

impl Route<'_> {
    /// The buckets of the migration whose data events the spec says something of.
    #[must_use]
    pub fn trails(&self) -> Vec<Traced<'_>> {
        let to = &self.migration.logging.cloudtrail.to;
        let sides = [
            (Side::Source, &self.source, &to.source),
            (Side::Destination, &self.destination, &to.destination),
        ];
        let traced = sides.into_iter().filter_map(|(side, of, place)| {
            let TrailPlace { trail, home, to } = place.as_ref()?;
            let to = to.as_ref().map(|to| {
                let bucket = BucketRef {
                    bucket: to.bucket.clone(),
                    ..of.clone()
                };
                (bucket, to.prefix.as_str())
            });
            Some(Traced {
                side,
                of,
                trail: TrailRef {
                    account: of.account.clone(),
                    region: home.clone().unwrap_or_else(|| of.region.clone()),
                    name: trail.clone(),
                },
                to,
            })
        });
        traced.collect()
    }

    /// The buckets of the migration whose access logs the spec says something of.
    #[must_use]
    pub fn access_logs(&self) -> Vec<Recorded<'_, LogPlace>> {
        self.recorded(&self.migration.logging.access.to, |place| &place.bucket)
    }

    /// The buckets of the migration whose inventories the spec says something of.
    #[must_use]
    pub fn inventories(&self) -> Vec<Recorded<'_, InventoryPlace>> {
        let to = &self.migration.logging.inventory.to;
        self.recorded(to, |place| &place.place.bucket)
    }

    /// The buckets that logs, inventories and files of trails of the migration go to.
    #[must_use]
    pub fn log_buckets(&self) -> BTreeSet<BucketRef> {
        let logs = self.access_logs().into_iter().map(|of| of.to);
        let lists = self.inventories().into_iter().map(|of| of.to);
        let files = self.trails().into_iter().filter_map(|of| of.to);
        let files = files.map(|(to, _)| to);
        logs.chain(lists).chain(files).collect()
    }

    /// Whether the phase has existing objects copied.
    #[must_use]
    pub fn copies(&self) -> bool {
        let scope = self.migration.backfill.scope;
        Part::Backfill.is_in(self.migration.phase) && scope != BackfillScope::None
    }

    /// The buckets whose objects the phase and the depth of the comparison have checksums computed of.
    #[must_use]
    pub fn computed(&self) -> Vec<Computed<'_>> {
        let VerifySpec { depth, reports, .. } = &self.migration.verify;
        if !Part::Checksums.is_in(self.migration.phase) || *depth != Depth::Computed {
            return Vec::new();
        }
        let sides = [
            (Side::Source, &reports.source, &self.batch_role),
            (
                Side::Destination,
                &reports.destination,
                &self.destination_batch_role,
            ),
        ];
        let computed = sides.into_iter().filter_map(|(side, place, role)| {
            let LogPlace { bucket, prefix } = place.as_ref()?;
            let of = self.bucket(side);
            let bucket = BucketRef {
                bucket: bucket.clone(),
                ..of.clone()
            };
            Some(Computed {
                side,
                of,
                role,
                report: (bucket, prefix.as_str()),
            })
        });
        computed.collect()
    }

    /// The bucket of a side.
    #[must_use]
    pub const fn bucket(&self, side: Side) -> &BucketRef {
        match side {
            Side::Source => &self.source,
            Side::Destination => &self.destination,
        }
    }

    /// The keys that objects at a side are encrypted with, as far as the spec says.
    #[must_use]
    pub fn keys(&self, side: Side) -> BTreeSet<&Arn> {
        let rules = self.migration.rules.iter();
        let rules = rules.filter_map(|rule| rule.kms.as_ref());
        match (side, &self.migration.destination.create) {
            (Side::Source, _) => rules.flat_map(|kms| &kms.source_keys).collect(),
            (Side::Destination, create) => {
                let mut keys: BTreeSet<&Arn> = rules.map(|kms| &kms.replica_key).collect();
                if let Create::Yes(Encryption::SseKms { key, .. }) = create {
                    keys.insert(key);
                }
                keys
            }
        }
    }

    /// The roles that the migration has in its phase.
    #[must_use]
    pub fn roles(&self) -> BTreeSet<RoleRef> {
        let of_jobs = self.copies().then(|| self.batch_role.clone());
        let computed = self.computed().into_iter().map(|of| of.role.clone());
        [self.role.clone()]
            .into_iter()
            .chain(of_jobs)
            .chain(computed)
            .collect()
    }

    /// Where jobs on the source bucket are.
    #[must_use]
    pub fn jobs_in(&self) -> RegionRef {
        RegionRef::of(&self.source)
    }

    /// Where the report of a job goes: the bucket and the prefix. None where the spec does not say.
    #[must_use]
    pub fn job_report(&self) -> Option<(BucketRef, &str)> {
        self.job_place(self.migration.backfill.report.as_ref())
    }

    /// Where the list of a job is kept, likewise.
    #[must_use]
    pub fn job_manifest(&self) -> Option<(BucketRef, &str)> {
        self.job_place(self.migration.backfill.manifest.as_ref())
    }

    fn job_place<'a>(&self, place: Option<&'a LogPlace>) -> Option<(BucketRef, &'a str)> {
        let LogPlace { bucket, prefix } = place?;
        let bucket = BucketRef {
            bucket: bucket.clone(),
            ..self.source.clone()
        };
        Some((bucket, prefix))
    }

    /// Every bucket that the spec names for the migration.
    #[must_use]
    pub fn buckets(&self) -> BTreeSet<BucketRef> {
        let mut all = self.log_buckets();
        all.extend([self.source.clone(), self.destination.clone()]);
        if self.copies() {
            let places = [self.job_report(), self.job_manifest()];
            all.extend(places.into_iter().flatten().map(|(bucket, _)| bucket));
        }
        all.extend(self.computed().into_iter().map(|of| of.report.0));
        all
    }

    fn recorded<'a, T>(
        &'a self,
        to: &'a Sides<T>,
        bucket: impl Fn(&'a T) -> &'a BucketName,
    ) -> Vec<Recorded<'a, T>> {
        let sides = [
            (Side::Source, &self.source, &to.source),
            (Side::Destination, &self.destination, &to.destination),
        ];
        let recorded = sides.into_iter().filter_map(|(side, of, place)| {
            let place = place.as_ref()?;
            let to = BucketRef {
                bucket: bucket(place).clone(),
                ..of.clone()
            };
            Some(Recorded {
                side,
                of,
                to,
                place,
            })
        });
        recorded.collect()
    }
}

impl Side {
    /// The side as the spec writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
        }
    }
}

impl Spec {
    /// The routes of all migrations, by name.
    pub fn routes(&self) -> impl Iterator<Item = Route<'_>> {
        self.migrations.iter().map(|(name, migration)| Route {
            name,
            migration,
            source: self.source(migration),
            destination: self.destination(migration),
            role: self.role(migration),
            batch_role: RoleRef {
                name: migration.batch_role.clone(),
                ..self.role(migration)
            },
            destination_batch_role: self.destination_batch_role(migration),
            alarms_in: self.alarms_in(migration),
            topics: self.topics(migration),
        })
    }

    /// Replication metrics are shown with the source bucket, so they are taken to be in its account (UG26:repl-metrics, in
    /// the source bucket's Metrics tab; of two accounts AWS says no more), unless the spec says otherwise.
    fn alarms_in(&self, migration: &Migration) -> AccountId {
        let named = match &migration.monitoring {
            Monitoring::Alarms(alarms) => alarms.account.as_ref(),
            Monitoring::Unset | Monitoring::None { .. } => None,
        };
        let account = named.and_then(|name| self.accounts.get(name));
        account.map_or_else(|| self.source(migration).account, |of| of.id.clone())
    }

    fn topics(&self, migration: &Migration) -> Vec<TopicRef> {
        let Monitoring::Alarms(alarms) = &migration.monitoring else {
            return Vec::new();
        };
        let AlarmSpec {
            notify_source,
            notify_destination,
            events,
            ..
        } = &**alarms;
        let named = notify_source.iter().chain(notify_destination).chain(events);
        let topics = named.filter_map(TopicRef::of_arn);
        let is_known = |topic: &TopicRef| self.accounts.values().any(|of| of.id == topic.account);
        topics.filter(is_known).collect()
    }

    /// The source bucket of a migration.
    ///
    /// # Panics
    /// Never for a spec from `s3ferry-spec`, which checks that the account exists.
    #[must_use]
    pub fn source(&self, migration: &Migration) -> BucketRef {
        self.bucket_ref(&migration.source.account, &migration.source.bucket)
    }

    /// The destination bucket of a migration.
    ///
    /// # Panics
    /// Never for a spec from `s3ferry-spec`, which checks that the account exists.
    #[must_use]
    pub fn destination(&self, migration: &Migration) -> BucketRef {
        self.bucket_ref(
            &migration.destination.account,
            &migration.destination.bucket,
        )
    }

    /// The replication role of a migration: in the source account, because `iam:PassRole` never crosses accounts
    /// (IAMUG:id_roles_use_passrole, T5).
    ///
    /// # Panics
    /// Never for a spec from `s3ferry-spec`, which checks that the account exists.
    #[must_use]
    pub fn role(&self, migration: &Migration) -> RoleRef {
        let source = self.source(migration);
        RoleRef {
            account: source.account,
            partition: source.region.partition(),
            name: migration.role.clone(),
        }
    }

    /// The role that jobs on the destination bucket act as: in the destination account, where they are made.
    fn destination_batch_role(&self, migration: &Migration) -> RoleRef {
        let destination = self.destination(migration);
        RoleRef {
            account: destination.account,
            partition: destination.region.partition(),
            name: migration.destination_batch_role.clone(),
        }
    }

    fn bucket_ref(&self, account: &AccountName, bucket: &BucketName) -> BucketRef {
        let account = self
            .accounts
            .get(account)
            .expect("a spec names only accounts it declares");
        BucketRef {
            account: account.id.clone(),
            region: account.region.clone(),
            bucket: bucket.clone(),
        }
    }
}
