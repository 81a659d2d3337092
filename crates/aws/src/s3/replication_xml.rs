//! Finds in a live replication configuration what the SDK does not model and would drop without a word.
//!
//! The SDK's readers skip elements that they do not know (CRATE:aws-sdk-s3 `protocol_serde`, `_ => {}`). A
//! configuration that is read and written back by such a build loses them, so they are found here and the write is
//! refused. It knows nothing of the SDK, so that its fuzzer is built without it; what it knows is compared with the SDK beside it.

use quick_xml::Reader;
use quick_xml::events::Event;

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
/// A document that is not well-formed yields one entry that says so: better a refusal than a silent loss.
pub(crate) fn unmodelled(xml: &[u8]) -> Vec<String> {
    let mut found = match scan(xml) {
        Ok(found) => found,
        Err(error) => vec![format!("(unreadable XML: {error})")],
    };
    found.sort();
    found.dedup();
    found
}

fn scan(xml: &[u8]) -> Result<Vec<String>, quick_xml::Error> {
    let mut reader = Reader::from_reader(xml);
    let mut path = Path::default();
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer)? {
            Event::Start(element) => path.enter(element.local_name().as_ref()),
            Event::Empty(element) => {
                path.enter(element.local_name().as_ref());
                path.leave();
            }
            Event::End(_) => path.leave(),
            Event::Eof => return Ok(path.end()),
            Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
        buffer.clear();
    }
}

/// Where the scan is; the first name is the document's own.
#[derive(Default)]
struct Path {
    names: Vec<String>,
    /// How many names deep the unknown element began that the scan is inside of.
    unknown_at: Option<usize>,
    found: Vec<String>,
}

impl Path {
    fn enter(&mut self, name: &[u8]) {
        self.names.push(String::from_utf8_lossy(name).into_owned());
        if self.unknown_at.is_some() {
            return;
        }
        let below = self.names.get(1..).unwrap_or_default().join("/");
        if !below.is_empty() && !MODELLED.contains(&below.as_str()) {
            self.unknown_at = Some(self.names.len());
            self.found.push(below);
        }
    }

    /// What was found; a document that ends too early may hold more.
    fn end(mut self) -> Vec<String> {
        if !self.names.is_empty() {
            self.found
                .push("(unreadable XML: it ends too early)".to_owned());
        }
        self.found
    }

    fn leave(&mut self) {
        if self.unknown_at == Some(self.names.len()) {
            self.unknown_at = None;
        }
        self.names.pop();
    }
}
