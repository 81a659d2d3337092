//! Finds in a live replication configuration what the SDK does not model and would drop without a word.
//!
//! The SDK's readers skip elements that they do not know (CRATE:aws-sdk-s3 `protocol_serde`, `_ => {}`). A
//! configuration that is read and written back by such a build loses them, so they are found here and the write is
//! refused. It knows nothing of the SDK, so that its fuzzer is built without it; what it knows is compared with the SDK beside it.

use crate::answer::elements::walk;

/// Every element that the SDK models below `ReplicationConfiguration`, by its path
/// (CRATE:aws-sdk-s3 1.157.0 `protocol_serde/shape_replication_*.rs`, `shape_destination.rs` and their parts).
/// When the SDK is updated, a test compares this list with what it writes.
pub(crate) const MODELLED: &[&str] = &[
    "Role",
    "Rule",
    "Rule/ID",
    "Rule/Priority",
    "Rule/Prefix",
    "Rule/Filter",
    "Rule/Filter/Prefix",
    "Rule/Filter/Tag",
    "Rule/Filter/Tag/Key",
    "Rule/Filter/Tag/Value",
    "Rule/Filter/And",
    "Rule/Filter/And/Prefix",
    "Rule/Filter/And/Tag",
    "Rule/Filter/And/Tag/Key",
    "Rule/Filter/And/Tag/Value",
    "Rule/Status",
    "Rule/SourceSelectionCriteria",
    "Rule/SourceSelectionCriteria/SseKmsEncryptedObjects",
    "Rule/SourceSelectionCriteria/SseKmsEncryptedObjects/Status",
    "Rule/SourceSelectionCriteria/ReplicaModifications",
    "Rule/SourceSelectionCriteria/ReplicaModifications/Status",
    "Rule/ExistingObjectReplication",
    "Rule/ExistingObjectReplication/Status",
    "Rule/Destination",
    "Rule/Destination/Bucket",
    "Rule/Destination/Account",
    "Rule/Destination/StorageClass",
    "Rule/Destination/AccessControlTranslation",
    "Rule/Destination/AccessControlTranslation/Owner",
    "Rule/Destination/EncryptionConfiguration",
    "Rule/Destination/EncryptionConfiguration/ReplicaKmsKeyID",
    "Rule/Destination/ReplicationTime",
    "Rule/Destination/ReplicationTime/Status",
    "Rule/Destination/ReplicationTime/Time",
    "Rule/Destination/ReplicationTime/Time/Minutes",
    "Rule/Destination/Metrics",
    "Rule/Destination/Metrics/Status",
    "Rule/Destination/Metrics/EventThreshold",
    "Rule/Destination/Metrics/EventThreshold/Minutes",
    "Rule/DeleteMarkerReplication",
    "Rule/DeleteMarkerReplication/Status",
];

/// The paths of elements that the SDK does not model, each once, the outermost only; sorted.
///
/// A text that is no document yields one more entry that says so: better a refusal than a silent loss.
pub(crate) fn unmodelled(xml: &[u8]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let walked = walk(xml, |path| {
        // What is inside of an unknown element comes right after it.
        let outer = found
            .last()
            .and_then(|outer| path.strip_prefix(outer.as_str()));
        let is_inside = outer.is_some_and(|rest| rest.starts_with('/'));
        if !is_inside && !MODELLED.contains(&path) {
            found.push(path.to_owned());
        }
    });
    if let Err(error) = walked {
        found.push(format!("(unreadable XML: {error})"));
    }
    found.sort();
    found.dedup();
    found
}
