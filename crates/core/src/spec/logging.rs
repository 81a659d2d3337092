//! What is written down of a migration's buckets: access logs, CloudTrail data events and inventories.
//!
//! Invariants, kept by `s3ferry-spec`: nothing goes to a bucket that a migration is from or to, and what several migrations say
//! of one bucket is the same.

use crate::data_events::DataEvents;
use crate::ids::{Arn, BucketName, Region, TrailName};

/// What is written down of both buckets, as far as the spec says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Logging {
    /// Server access logs.
    pub access: AccessLogs,
    /// CloudTrail data events.
    pub cloudtrail: Trails,
    /// Inventories.
    pub inventory: Inventories,
}

/// Something for each side that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sides<T> {
    /// Of the source bucket.
    pub source: Option<T>,
    /// Of the destination bucket.
    pub destination: Option<T>,
}

impl<T> Default for Sides<T> {
    fn default() -> Self {
        Self {
            source: None,
            destination: None,
        }
    }
}

/// Where something is written: a bucket in the account and the Region of the one that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPlace {
    /// The bucket.
    pub bucket: BucketName,
    /// What the keys begin with; may be empty.
    pub prefix: String,
}

/// Server access logs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessLogs {
    /// Where they go.
    pub to: Sides<LogPlace>,
    /// How their keys go on.
    pub key_format: KeyFormat,
}

/// How the keys of access logs go on after the prefix.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyFormat {
    /// With the time of delivery, all in one place.
    #[default]
    Simple,
    /// By account, Region, bucket and the date of the events.
    EventTime,
    /// By account, Region, bucket and the date of delivery.
    DeliveryTime,
}

/// CloudTrail data events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trails {
    /// The trails that record them.
    pub to: Sides<TrailPlace>,
    /// Which of them are recorded.
    pub events: DataEvents,
}

/// A trail that records the data events of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailPlace {
    /// Its name.
    pub trail: TrailName,
    /// Its home Region, where that is another than the bucket's.
    pub home: Option<Region>,
    /// Where it writes, if it is s3ferry's; a trail of somebody else's is told what to record besides and left as it is.
    pub to: Option<LogPlace>,
}

/// Inventories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventories {
    /// Where they go.
    pub to: Sides<InventoryPlace>,
    /// The format of their lists.
    pub format: ListFormat,
    /// How often there is one.
    pub schedule: Schedule,
}

/// Where inventories go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryPlace {
    /// The bucket and the prefix, without the slash that S3 puts after it.
    pub place: LogPlace,
    /// How lists are encrypted; as the bucket says by default where it is not said.
    pub encryption: Option<ListEncryption>,
}

/// How the lists of an inventory are encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListEncryption {
    /// SSE-S3.
    SseS3,
    /// SSE-KMS with a key of the bucket's Region.
    SseKms(Arn),
}

/// The format of an inventory's lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ListFormat {
    /// CSV, compressed.
    #[default]
    Csv,
    /// Apache ORC.
    Orc,
    /// Apache Parquet.
    Parquet,
}

/// How often there is an inventory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Schedule {
    /// Every day.
    #[default]
    Daily,
    /// Every Sunday (UG:storage-inventory).
    Weekly,
}

impl KeyFormat {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Simple, Self::EventTime, Self::DeliveryTime];

    /// The format as the spec spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::EventTime => "event-time",
            Self::DeliveryTime => "delivery-time",
        }
    }
}

impl ListFormat {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Orc, Self::Parquet];

    /// The format as the spec spells it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Orc => "orc",
            Self::Parquet => "parquet",
        }
    }

    /// The format as S3 spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Orc => "ORC",
            Self::Parquet => "Parquet",
        }
    }
}

impl Schedule {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Daily, Self::Weekly];

    /// The schedule as the spec spells it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
        }
    }

    /// The schedule as S3 spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "Daily",
            Self::Weekly => "Weekly",
        }
    }
}
