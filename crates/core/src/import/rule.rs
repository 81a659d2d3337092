//! One live rule as a rule of a spec: what it does, and what would be otherwise.

use super::keys::Keys;
use super::labels;
use super::live::key_in;
use crate::ids::Arn;
use crate::model::BucketRef;
use crate::model::kinds::replication::{Rule, RuleMeaning, Status};
use crate::spec::{DeleteMarkers, KmsSelection, RuleSpec, StorageClass};

/// What keys of objects are at most, in bytes (UG:object-keys).
const LONGEST_PREFIX: usize = 1_024;

/// What a rule is judged by.
pub(super) struct Ends<'a> {
    pub(super) source: &'a BucketRef,
    pub(super) destination: &'a BucketRef,
    /// Whether the destination bucket's owner owns every object in it.
    pub(super) enforced: bool,
    pub(super) keys: &'a Keys,
}

/// A live rule in a spec's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expressed {
    /// The rule, under the name that its ID suggests.
    pub(super) rule: RuleSpec,
    /// Whether replicas change their owner.
    pub(super) owner_override: bool,
    /// What would be otherwise, a sentence each.
    pub(super) differs: Vec<String>,
}

/// The rule in a spec's words, or why it cannot be said.
pub(super) fn express(live: &Rule, ends: &Ends<'_>) -> Result<Expressed, String> {
    let means = live.meaning();
    let delete_markers = if on(&means.delete_markers, "delete markers")? {
        DeleteMarkers::Mirror
    } else {
        DeleteMarkers::Keep
    };
    if delete_markers == DeleteMarkers::Mirror && !means.tags.is_empty() {
        return Err("it mirrors delete markers and filters by tags, which S3 refuses".to_owned());
    }
    selectable(&means)?;
    let rule = RuleSpec {
        name: labels::rule(live.id.as_deref().unwrap_or_default()),
        prefix: means.prefix.clone(),
        tags: means.tags.clone(),
        delete_markers,
        storage_class: storage_class(&means)?,
        time_control: on(&means.replication_time, "time control")?,
        kms: kms(&means, ends)?,
        replica_modifications: on(&means.replica_modifications, "replica modifications")?,
        enabled: on(&means.status, "its status")?,
    };
    Ok(Expressed {
        rule,
        owner_override: means.owner_override.is_some(),
        differs: differs(live, &means, ends),
    })
}

fn on(status: &Status, what: &str) -> Result<bool, String> {
    match status {
        Status::Enabled => Ok(true),
        Status::Disabled => Ok(false),
        Status::Other(word) => Err(format!(
            "S3 says {word:?} of {what}, which this version does not know"
        )),
    }
}

fn storage_class(means: &RuleMeaning) -> Result<Option<StorageClass>, String> {
    let Some(word) = means.storage_class.as_deref() else {
        return Ok(None);
    };
    let known = StorageClass::ALL.into_iter();
    let mut known = known.filter(|class| class.as_str() == word);
    let class = known.next().ok_or_else(|| {
        format!("its storage class {word:?} is none that this version replicates to")
    })?;
    Ok(Some(class))
}

/// Whether a spec takes the filter: what S3 answers was taken by S3, and a spec is stricter about what can only be a slip.
fn selectable(means: &RuleMeaning) -> Result<(), String> {
    let RuleMeaning { prefix, tags, .. } = means;
    let looks_like_an_address = prefix.starts_with("s3://") || prefix.starts_with("arn:");
    if prefix.len() > LONGEST_PREFIX
        || prefix.chars().any(char::is_control)
        || looks_like_an_address
    {
        return Err(format!("a spec does not take its prefix {prefix:?}"));
    }
    let letter = |letter: char| letter.is_alphanumeric() || " +-=._:/@".contains(letter);
    let fits = |(key, value): (&String, &String)| {
        let reserved = key.is_empty() || key.to_ascii_lowercase().starts_with("aws:");
        let long = key.chars().count() > 128 || value.chars().count() > 256;
        !reserved && !long && key.chars().chain(value.chars()).all(letter)
    };
    if tags.len() > 10 || !tags.iter().all(fits) {
        return Err("a spec does not take the tags of its filter".to_owned());
    }
    Ok(())
}

fn kms(means: &RuleMeaning, ends: &Ends<'_>) -> Result<Option<KmsSelection>, String> {
    if !on(&means.sse_kms, "SSE-KMS objects")? {
        return Ok(None);
    }
    let Some(text) = &means.replica_key else {
        return Err("it selects SSE-KMS objects and names no key for their replicas".to_owned());
    };
    let replica_key = replica_key(text, ends.destination)?;
    let source_keys = ends.keys.of_objects(ends.source, &means.prefix);
    if source_keys.is_empty() {
        return Err(
            "it selects SSE-KMS objects, and neither the source bucket's default encryption nor the role's policy s3ferry names the keys \
             that they are encrypted with: write it into the spec with source_kms: { keys: [...] }"
                .to_owned(),
        );
    }
    Ok(Some(KmsSelection {
        source_keys,
        replica_key,
    }))
}

fn replica_key(text: &str, destination: &BucketRef) -> Result<Arn, String> {
    let key = key_in(text, &destination.region).ok_or_else(|| {
        format!(
            "its replica key {text:?} is not the ARN of a key in {}, as a spec has it",
            destination.region
        )
    })?;
    if key.account() != destination.account.as_str() {
        return Err(format!(
            "its replica key {text} is not of account {}, which stores the replicas and could not read them",
            destination.account
        ));
    }
    Ok(key)
}

/// What of a rule would be otherwise once it is the spec's.
fn differs(live: &Rule, means: &RuleMeaning, ends: &Ends<'_>) -> Vec<String> {
    let mut differs = Vec::new();
    if means.legacy {
        differs.push(
            "it is written in S3's first schema (V1), which replicates every delete marker that a user makes and has no switch for it; \
             delete_markers: mirror goes on with that in the second schema (V2), where keep would end it, and where priorities decide \
             between rules"
                .to_owned(),
        );
    }
    if means.metrics != Status::Enabled {
        differs.push(
            "its replication metrics come on, which CloudWatch bills as custom metrics".to_owned(),
        );
    }
    let same_account = ends.source.account == ends.destination.account;
    match &means.owner_override {
        Some(_) if same_account => differs.push(
            "its owner override goes: within one account it changes no owner, and keeps ACLs from replicating"
                .to_owned(),
        ),
        Some(_) if ends.enforced => differs.push(
            "its owner override goes: the owner of the destination bucket owns every object in it already"
                .to_owned(),
        ),
        Some(_) | None => {}
    }
    if live.existing_objects.is_some() {
        differs.push("ExistingObjectReplication goes, which S3 takes no more".to_owned());
    }
    if means.replica_key.is_some() && means.sse_kms != Status::Enabled {
        differs.push("its replica key goes: it selects no SSE-KMS objects".to_owned());
    }
    let account = ends.destination.account.as_str();
    if let Some(other) = means.account.as_deref().filter(|of| *of != account) {
        differs.push(format!(
            "it names {other:?} as the owner of the destination bucket, which is {account}"
        ));
    }
    differs
}
