//! Which rules apply to a version, decided when it is written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::s3::rules::acl_access::owner_reads;
use crate::s3::state::lifecycle::ARCHIVED;
use crate::s3::state::metering::Operation;
use crate::s3::state::queue::{Job, Work};
use crate::s3::state::replication::{Configuration, Rule};
use crate::s3::state::version::{Encryption, Object, Status, Version};
use crate::s3::state::world::{Bucket, Store, Versioning};

/// Marks a new version as PENDING and queues it, if a rule applies. Versions that no rule covers
/// keep no status at all, as in S3.
pub(crate) fn plan(
    store: &Store,
    (name, bucket): (&str, &Bucket),
    key: &str,
    version: &mut Version,
) {
    if bucket.versioning() != Versioning::Enabled {
        return;
    }
    let Some(configuration) = configuration(store, name, bucket) else {
        return;
    };
    let rules = covering(&configuration, bucket, key, version);
    if rules.is_empty() {
        return;
    }
    version.replication = Some(Status::Pending);
    let work = Work::of(version);
    let object = version.object.as_ref();
    let bytes = object.map_or(0, |object| object.content.body.size());
    let about = (name, key, &*version.id, bytes);
    enqueue(store, about, work, configuration, rules);
}

/// Queues a tag change of a version that was replicated, or of a replica whose bucket sends
/// modifications back (UG:replication-for-metadata-changes).
pub(crate) fn plan_metadata(
    store: &Store,
    (name, bucket): (&str, &mut Bucket),
    key: &str,
    id: &str,
) {
    let Some(configuration) = configuration(store, name, bucket) else {
        return;
    };
    let Some(version) = bucket.version_mut(key, id) else {
        return;
    };
    let Some(object) = &version.object else {
        return;
    };
    let mut rules = for_object(&configuration, key, object);
    if version.replica {
        rules.retain(|rule| {
            let criteria = configuration.rules[*rule].criteria.as_ref();
            criteria.is_some_and(|criteria| criteria.replica_modifications == Some(true))
        });
    }
    match version.replication {
        Some(Status::Completed | Status::Replica) => {}
        // A change that did not go back leaves the replica as it is; the next change is another (unverified).
        Some(Status::Failed) if version.replica => {}
        // Not yet copied: the copy will carry the new tags. Failed or never covered: no retry.
        Some(Status::Pending | Status::Failed) | None => return,
    }
    if rules.is_empty() {
        return;
    }
    version.replication = Some(Status::Pending);
    enqueue(
        store,
        (name, key, id, 0),
        Work::Metadata,
        configuration,
        rules,
    );
}

fn enqueue(
    store: &Store,
    (bucket, key, version_id, bytes): (&str, &str, &str, u64),
    work: Work,
    configuration: Arc<Configuration>,
    rules: Vec<usize>,
) {
    let delay = Duration::from_millis(store.environment.switches.delays().replication_delay_ms);
    let came = store.environment.clock.now();
    let due = came + delay;
    let mut metering = store.metering();
    for rule in rules
        .iter()
        .filter_map(|rule| configuration.rules.get(*rule))
    {
        metering.queued(bucket, rule, Operation { came, due, bytes });
    }
    drop(metering);
    let job = Job {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        version_id: version_id.to_owned(),
        work,
        configuration,
        rules,
        due,
    };
    store.queue.add(job);
}

/// Returns the configuration in effect.
pub(super) fn configuration(
    store: &Store,
    name: &str,
    bucket: &Bucket,
) -> Option<Arc<Configuration>> {
    let key = ("replication", String::new());
    let text = bucket.document_as_of(&key, store.effective_instant())?;
    store.queue.parsed(name, &text)
}

/// Returns the rules that a version goes by, as it is now; none where the bucket's owner may not read it.
pub(super) fn covering(
    configuration: &Configuration,
    bucket: &Bucket,
    key: &str,
    version: &Version,
) -> Vec<usize> {
    if !owner_reads(bucket, version) {
        return Vec::new();
    }
    match &version.object {
        Some(object) => for_object(configuration, key, object),
        None => for_marker(configuration, key),
    }
}

/// Returns the rules for an object: of those that match, the one with the highest priority for
/// each destination bucket (BC:s3 ReplicationRule.Priority).
fn for_object(configuration: &Configuration, key: &str, object: &Object) -> Vec<usize> {
    // Not replicated: UG:replication-what-is-isnot-replicated.
    if ARCHIVED.contains(&&*object.storage_class) {
        return Vec::new();
    }
    let has = |(key, value): &(String, String)| {
        object
            .tags
            .iter()
            .any(|(k, v)| **k == **key && **v == **value)
    };
    let matches = |rule: &Rule| {
        let tags = rule.filter.as_ref().map_or(&[][..], |filter| &filter.tags);
        key.starts_with(rule.covered_prefix()) && tags.iter().all(has)
    };
    let mut rules = highest(configuration, matches);
    // Objects under KMS keys replicate only with the opt-in; without it they are passed over in
    // silence (UG:replication-config-for-kms-objects).
    if matches!(object.encryption, Encryption::Kms { .. }) {
        rules.retain(|rule| {
            let criteria = configuration.rules[*rule].criteria.as_ref();
            criteria.is_some_and(|criteria| criteria.kms == Some(true))
        });
    }
    rules
}

/// V1 replicates the delete markers that users make, always; V2 where the rule says so
/// (UG:replication-what-is-isnot-replicated).
fn for_marker(configuration: &Configuration, key: &str) -> Vec<usize> {
    let v1 = configuration.is_v1();
    let matches = |rule: &Rule| {
        let tagged = rule
            .filter
            .as_ref()
            .is_some_and(|filter| !filter.tags.is_empty());
        key.starts_with(rule.covered_prefix()) && !tagged
    };
    let mut rules = highest(configuration, matches);
    rules.retain(|rule| v1 || configuration.rules[*rule].delete_markers == Some(true));
    rules
}

fn highest(configuration: &Configuration, matches: impl Fn(&Rule) -> bool) -> Vec<usize> {
    let mut best: BTreeMap<&str, (i64, usize)> = BTreeMap::new();
    for (at, rule) in configuration.rules.iter().enumerate() {
        if !rule.enabled || !matches(rule) {
            continue;
        }
        let priority = rule.priority.unwrap_or_default();
        let entry = best
            .entry(rule.destination_bucket())
            .or_insert((priority, at));
        if priority > entry.0 {
            *entry = (priority, at);
        }
    }
    best.into_values().map(|(_, at)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::state::version::{Content, More, Tags};
    use crate::s3::xml;

    fn configuration(rules: &str) -> Configuration {
        let text =
            format!("<ReplicationConfiguration><Role>r</Role>{rules}</ReplicationConfiguration>");
        Configuration::parse(&xml::parse(text.as_bytes()).unwrap()).unwrap()
    }

    fn rule(priority: i32, filter: &str, markers: &str, destination: &str, more: &str) -> String {
        format!(
            "<Rule><Status>Enabled</Status><Priority>{priority}</Priority><Filter>{filter}</Filter>\
             <DeleteMarkerReplication><Status>{markers}</Status></DeleteMarkerReplication>{more}\
             <Destination><Bucket>arn:aws:s3:::{destination}</Bucket></Destination></Rule>"
        )
    }

    fn object(tags: &[(&str, &str)]) -> Object {
        let tags: Tags = tags
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()))
            .collect();
        let more = More {
            tags,
            ..More::default()
        };
        Object::new(Arc::new(Content::default()), more)
    }

    #[test]
    fn the_highest_priority_wins_for_each_destination() {
        let config = configuration(
            &[
                rule(1, "", "Disabled", "one", ""),
                rule(2, "<Prefix>a/</Prefix>", "Enabled", "one", ""),
                rule(3, "", "Disabled", "two", ""),
            ]
            .concat(),
        );
        assert_eq!(for_object(&config, "a/x", &object(&[])), [1, 2]);
        assert_eq!(for_object(&config, "b", &object(&[])), [0, 2]);
        assert_eq!(for_marker(&config, "a/x"), [1]);
        assert_eq!(for_marker(&config, "b"), Vec::<usize>::new());
    }

    #[test]
    fn tags_must_all_match_when_the_object_is_written() {
        let filter = "<And><Prefix>a</Prefix><Tag><Key>k</Key><Value>v</Value></Tag>\
                      <Tag><Key>l</Key><Value>w</Value></Tag></And>";
        let config = configuration(&rule(1, filter, "Disabled", "one", ""));
        assert_eq!(
            for_object(&config, "a", &object(&[("k", "v"), ("l", "w")])),
            [0]
        );
        assert!(for_object(&config, "a", &object(&[("k", "v")])).is_empty());
        assert!(for_object(&config, "b", &object(&[("k", "v"), ("l", "w")])).is_empty());
    }

    #[test]
    fn kms_objects_need_the_opt_in_of_the_rule_that_wins() {
        let opt_in = "<SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status>\
                      </SseKmsEncryptedObjects></SourceSelectionCriteria>";
        let mut secret = object(&[]);
        secret.encryption = Encryption::Kms {
            key: "k".into(),
            bucket_key: false,
            dual: false,
        };
        let config = configuration(&rule(1, "", "Disabled", "one", opt_in));
        assert_eq!(for_object(&config, "a", &secret), [0]);
        let shadowed = configuration(
            &[
                rule(1, "", "Disabled", "one", opt_in),
                rule(2, "", "Disabled", "one", ""),
            ]
            .concat(),
        );
        assert!(for_object(&shadowed, "a", &secret).is_empty());
    }

    #[test]
    fn v1_always_replicates_markers() {
        let config = configuration(
            "<Rule><Status>Enabled</Status><Prefix>a</Prefix><Destination>\
             <Bucket>arn:aws:s3:::one</Bucket></Destination></Rule>",
        );
        assert_eq!(for_marker(&config, "a/x"), [0]);
        assert!(for_marker(&config, "b").is_empty());
    }
}
