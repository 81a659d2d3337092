//! An object as it could be looked at.

use std::collections::BTreeMap;

/// An object of the source, as far as it could be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveObject {
    /// Its key.
    pub key: String,
    /// What is known of it.
    pub sight: ObjectSight,
}

/// What is known of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectSight {
    /// Neither the object nor that version is there.
    Missing,
    /// Why it could not be looked at.
    Unread(String),
    /// A version.
    Version(Box<LiveVersion>),
}

/// A version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveVersion {
    /// Its ID.
    pub id: String,
    /// When it was written, as S3 says it.
    pub written: String,
    /// Whether it is a delete marker, of which S3 tells nothing else.
    pub is_marker: bool,
    /// Its status.
    pub status: Status,
    /// How it is encrypted; none where S3 does not say, as of what is under a key of the customer's (SSE-C).
    pub encryption: Option<String>,
    /// The KMS key.
    pub kms_key: Option<String>,
    /// Its storage class.
    pub class: String,
    /// Its tags as they are now; none where they could not be read.
    pub tags: Option<BTreeMap<String, String>>,
    /// Its replica.
    pub replica: ReplicaSight,
}

/// The replication status of a version, where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// None: no rule took it.
    None,
    /// On its way.
    Pending,
    /// At every destination.
    Completed,
    /// Given up.
    Failed,
    /// It is a replica itself.
    Replica,
    /// It could not be asked for.
    Unknown,
}

/// Whether the version is at the destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicaSight {
    /// It is.
    There,
    /// It is not.
    Missing,
    /// It could not be looked at.
    Unread,
}

impl LiveObject {
    /// The KMS key that it is under.
    #[must_use]
    pub fn kms_key(&self) -> Option<&str> {
        match &self.sight {
            ObjectSight::Version(version) => version.kms_key.as_deref(),
            ObjectSight::Missing | ObjectSight::Unread(_) => None,
        }
    }
}
