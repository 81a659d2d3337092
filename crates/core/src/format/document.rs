//! Format 1.0 of a kept document: what a target held, by itself, so that it can be given back.
//!
//! These are wire types, apart from the model that decisions are taken with. Every kind is matched and every field taken apart,
//! so that a new kind, or a new element of one, is an error of the compiler and nothing of a document is lost unsaid. What was
//! read by this version is read back equal, element by element. Which target it was of, and when, the journal says.

mod grant;
mod job;
mod logging;
mod notification;
mod texts;
mod trail;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use self::grant::{HeldGrant, grant, held_grant};
use self::job::{HeldJob, held_jobs, jobs};
use self::logging::{HeldInventory, HeldLogging, held_inventory, held_logging, inventory, logging};
use self::notification::{HeldNotifications, held_notifications, notifications};
use self::texts::{HeldTexts, held_texts, texts};
use self::trail::{
    HeldSeen, HeldSelectors, HeldTrail, held_seen, held_selectors, held_trail, seen, selectors,
    trail,
};
use super::alarm::{self, HeldAlarm, HeldAlarms, HeldMetric, HeldTopic};
use super::reading::{Read, ReadError, read};
use crate::ids::{InvalidName, Region, RoleName, SpecName};
use crate::model::Document;
use crate::model::kinds::replication::{
    Filter, ReplicationConfiguration, Rule, RuleDestination, SourceSelection, Status, Timed,
};
use crate::model::kinds::{
    Bucket, BucketEncryption, Buckets, Grants, Key, Lifecycle, ObjectLock, ObjectOwnership, Policy,
    PublicAccessBlock, RequestPayment, Role, RolePolicies, Versioning, VersioningStatus,
};

/// The version of the format that this build writes.
pub const DOCUMENT_FORMAT: &str = "1.0";

/// Why a file holds no document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Not such a file, or one of a version that this one cannot rely on.
    #[error("it is not a kept document that can be read")]
    Unreadable(#[from] ReadError),
    /// A name in it is none.
    #[error("it names what cannot be")]
    Name(#[from] InvalidName),
}

#[derive(Debug, Serialize, Deserialize)]
struct File {
    format: String,
    s3ferry: String,
    document: Held,
}

/// A document by its kind. The kind is the one key, and not one among others: what reads those does not tell which it passed over.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Held {
    Bucket {
        region: String,
        created_with_tags: BTreeMap<String, String>,
    },
    Tags(BTreeMap<String, String>),
    Versioning {
        status: VersioningWord,
        mfa_delete: bool,
    },
    Encryption {
        algorithm: String,
        key: Option<String>,
        bucket_key: bool,
        blocked: BTreeSet<String>,
    },
    Ownership(String),
    PublicAccess(Blocks),
    BucketPolicy(String),
    Replication {
        role: String,
        rules: Vec<HeldRule>,
        unmodelled: Vec<String>,
    },
    ObjectLock {
        default_retention: bool,
    },
    RequestPayment(Payer),
    Lifecycle {
        expires_current: u32,
        expires_noncurrent: u32,
    },
    Logging(HeldLogging),
    Inventories(BTreeMap<String, HeldInventory>),
    Notifications(HeldNotifications),
    Roles(BTreeMap<String, Option<BTreeSet<String>>>),
    AccountPublicAccess(Blocks),
    Buckets(BTreeMap<String, Option<String>>),
    Role {
        id: Option<String>,
        path: String,
        trust: String,
        tags: BTreeMap<String, String>,
        boundary: Option<String>,
        description: Option<String>,
    },
    RolePolicy(String),
    RolePolicies {
        inline: BTreeSet<String>,
        attached: BTreeSet<String>,
    },
    Key {
        state: String,
        spec: String,
        usage: String,
        manager: String,
        multi_region: bool,
    },
    KeyPolicy(String),
    RoleTexts(HeldTexts),
    Grants {
        all: Vec<HeldGrant>,
        has_more: bool,
    },
    AlarmNames(HeldAlarms),
    RuleMetrics(Vec<HeldMetric>),
    Alarm(Box<HeldAlarm>),
    Topic(HeldTopic),
    Trail(HeldTrail),
    Selectors(HeldSelectors),
    Trails(Vec<HeldSeen>),
    Jobs(BTreeMap<String, HeldJob>),
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum VersioningWord {
    Never,
    Enabled,
    Suspended,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Payer {
    BucketOwner,
    Requester,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Blocks {
    block_public_acls: bool,
    ignore_public_acls: bool,
    block_public_policy: bool,
    restrict_public_buckets: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct HeldRule {
    id: Option<String>,
    priority: Option<i32>,
    legacy_prefix: Option<String>,
    filter: Option<HeldFilter>,
    status: String,
    source_selection: Option<HeldSelection>,
    existing_objects: Option<String>,
    destination: Option<HeldDestination>,
    delete_markers: Option<HeldMarkers>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HeldFilter {
    Empty,
    Prefix(String),
    Tag(String, String),
    And {
        prefix: Option<String>,
        tags: Vec<(String, String)>,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct HeldSelection {
    sse_kms: Option<String>,
    replica_modifications: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct HeldMarkers {
    status: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct HeldDestination {
    bucket: String,
    account: Option<String>,
    storage_class: Option<String>,
    owner_override: Option<String>,
    replica_key: Option<HeldKey>,
    replication_time: Option<HeldTimed>,
    metrics: Option<HeldTimed>,
}

#[derive(Debug, Serialize, Deserialize)]
struct HeldKey {
    id: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct HeldTimed {
    status: String,
    minutes: Option<i32>,
}

/// The content of the file of a document: the same document gives the same bytes.
///
/// # Panics
/// Never: every key is a string.
#[must_use]
pub fn encode(document: &Document) -> Vec<u8> {
    let file = File {
        format: DOCUMENT_FORMAT.to_owned(),
        s3ferry: env!("CARGO_PKG_VERSION").to_owned(),
        document: held(document),
    };
    let mut content = serde_json::to_vec_pretty(&file).expect("a document has string keys only");
    content.push(b'\n');
    content
}

/// Reads the content of the file of a document.
///
/// # Errors
/// [`DocumentError`]
pub fn decode(content: &[u8]) -> Result<Document, DocumentError> {
    let Read { value, newer: _ } = read::<File>(content, DOCUMENT_FORMAT)?;
    let File {
        format: _,  // It was looked at before.
        s3ferry: _, // For people.
        document,
    } = value;
    Ok(document_of(document)?)
}

fn held(document: &Document) -> Held {
    match document {
        Document::Bucket(Bucket {
            region,
            created_with_tags,
        }) => Held::Bucket {
            region: region.to_string(),
            created_with_tags: created_with_tags.clone(),
        },
        Document::Tags(tags) => Held::Tags(tags.clone()),
        Document::Versioning(Versioning { status, mfa_delete }) => Held::Versioning {
            status: match status {
                VersioningStatus::Never => VersioningWord::Never,
                VersioningStatus::Enabled => VersioningWord::Enabled,
                VersioningStatus::Suspended => VersioningWord::Suspended,
            },
            mfa_delete: *mfa_delete,
        },
        Document::Encryption(BucketEncryption {
            algorithm,
            key,
            bucket_key,
            blocked,
        }) => Held::Encryption {
            algorithm: algorithm.clone(),
            key: key.clone(),
            bucket_key: *bucket_key,
            blocked: blocked.clone(),
        },
        Document::Ownership(ownership) => Held::Ownership(ownership.as_str().to_owned()),
        Document::PublicAccess(block) => Held::PublicAccess(blocks(*block)),
        Document::BucketPolicy(policy) => Held::BucketPolicy(policy.text().to_owned()),
        Document::Replication(ReplicationConfiguration {
            role,
            rules,
            unmodelled,
        }) => Held::Replication {
            role: role.clone(),
            rules: rules.iter().map(held_rule).collect(),
            unmodelled: unmodelled.clone(),
        },
        Document::ObjectLock(ObjectLock { default_retention }) => Held::ObjectLock {
            default_retention: *default_retention,
        },
        Document::RequestPayment(payer) => Held::RequestPayment(match payer {
            RequestPayment::BucketOwner => Payer::BucketOwner,
            RequestPayment::Requester => Payer::Requester,
        }),
        Document::Lifecycle(Lifecycle {
            expires_current,
            expires_noncurrent,
        }) => Held::Lifecycle {
            expires_current: *expires_current,
            expires_noncurrent: *expires_noncurrent,
        },
        Document::Logging(of) => Held::Logging(held_logging(of)),
        Document::Inventories(inventories) => Held::Inventories(
            inventories
                .iter()
                .map(|(id, of)| (id.clone(), held_inventory(of)))
                .collect(),
        ),
        Document::Notifications(of) => Held::Notifications(held_notifications(of)),
        Document::Roles(roles) => Held::Roles(
            roles
                .iter()
                .map(|(name, specs)| (name.to_string(), specs.as_ref().map(names)))
                .collect(),
        ),
        Document::AccountPublicAccess(block) => Held::AccountPublicAccess(blocks(*block)),
        Document::Buckets(Buckets(of)) => {
            let place = |region: &Option<Region>| region.as_ref().map(ToString::to_string);
            Held::Buckets(
                of.iter()
                    .map(|(name, at)| (name.clone(), place(at)))
                    .collect(),
            )
        }
        Document::Role(Role {
            id,
            path,
            trust,
            tags,
            boundary,
            description,
        }) => Held::Role {
            id: id.clone(),
            path: path.clone(),
            trust: trust.text().to_owned(),
            tags: tags.clone(),
            boundary: boundary.clone(),
            description: description.clone(),
        },
        Document::RolePolicy(policy) => Held::RolePolicy(policy.text().to_owned()),
        Document::RolePolicies(RolePolicies { inline, attached }) => Held::RolePolicies {
            inline: inline.clone(),
            attached: attached.clone(),
        },
        Document::Key(Key {
            state,
            spec,
            usage,
            manager,
            multi_region,
        }) => Held::Key {
            state: state.clone(),
            spec: spec.clone(),
            usage: usage.clone(),
            manager: manager.clone(),
            multi_region: *multi_region,
        },
        Document::KeyPolicy(policy) => Held::KeyPolicy(policy.text().to_owned()),
        Document::RoleTexts(of) => Held::RoleTexts(held_texts(of)),
        Document::Grants(Grants { all, has_more }) => Held::Grants {
            all: all.iter().map(held_grant).collect(),
            has_more: *has_more,
        },
        Document::AlarmNames(names) => Held::AlarmNames(alarm::held_names(names)),
        Document::RuleMetrics(metrics) => Held::RuleMetrics(alarm::held_metrics(metrics)),
        Document::Alarm(of) => Held::Alarm(Box::new(alarm::held_alarm(of))),
        Document::Topic(topic) => Held::Topic(alarm::held_topic(topic)),
        Document::Trail(of) => Held::Trail(held_trail(of)),
        Document::Selectors(of) => Held::Selectors(held_selectors(of)),
        Document::Trails(of) => Held::Trails(held_seen(of)),
        Document::Jobs(of) => Held::Jobs(held_jobs(of)),
    }
}

fn document_of(held: Held) -> Result<Document, InvalidName> {
    Ok(match held {
        Held::Bucket {
            region,
            created_with_tags,
        } => Document::Bucket(Bucket {
            region: Region::new(region)?,
            created_with_tags,
        }),
        Held::Tags(tags) => Document::Tags(tags),
        Held::Versioning { status, mfa_delete } => Document::Versioning(Versioning {
            status: match status {
                VersioningWord::Never => VersioningStatus::Never,
                VersioningWord::Enabled => VersioningStatus::Enabled,
                VersioningWord::Suspended => VersioningStatus::Suspended,
            },
            mfa_delete,
        }),
        Held::Encryption {
            algorithm,
            key,
            bucket_key,
            blocked,
        } => Document::Encryption(BucketEncryption {
            algorithm,
            key,
            bucket_key,
            blocked,
        }),
        Held::Ownership(word) => Document::Ownership(ObjectOwnership::parse(&word)),
        Held::PublicAccess(of) => Document::PublicAccess(block(of)),
        Held::BucketPolicy(text) => Document::BucketPolicy(Policy::read(text)),
        Held::Replication {
            role,
            rules,
            unmodelled,
        } => Document::Replication(ReplicationConfiguration {
            role,
            rules: rules.into_iter().map(rule).collect(),
            unmodelled,
        }),
        Held::ObjectLock { default_retention } => {
            Document::ObjectLock(ObjectLock { default_retention })
        }
        Held::RequestPayment(payer) => Document::RequestPayment(match payer {
            Payer::BucketOwner => RequestPayment::BucketOwner,
            Payer::Requester => RequestPayment::Requester,
        }),
        Held::Lifecycle {
            expires_current,
            expires_noncurrent,
        } => Document::Lifecycle(Lifecycle {
            expires_current,
            expires_noncurrent,
        }),
        Held::Logging(of) => Document::Logging(logging(of)),
        Held::Inventories(of) => Document::Inventories(
            of.into_iter()
                .map(|(id, held)| (id, inventory(held)))
                .collect(),
        ),
        Held::Notifications(of) => Document::Notifications(notifications(of)),
        Held::Roles(of) => Document::Roles(roles(of)?),
        Held::AccountPublicAccess(of) => Document::AccountPublicAccess(block(of)),
        Held::Buckets(of) => {
            let place = |(name, region): (String, Option<String>)| {
                Ok((name, region.map(Region::new).transpose()?))
            };
            let buckets: Result<_, InvalidName> = of.into_iter().map(place).collect();
            Document::Buckets(Buckets(buckets?))
        }
        Held::Role {
            id,
            path,
            trust,
            tags,
            boundary,
            description,
        } => Document::Role(Role {
            id,
            path,
            trust: Policy::read(trust),
            tags,
            boundary,
            description,
        }),
        Held::RolePolicy(text) => Document::RolePolicy(Policy::read(text)),
        Held::RolePolicies { inline, attached } => {
            Document::RolePolicies(RolePolicies { inline, attached })
        }
        Held::Key {
            state,
            spec,
            usage,
            manager,
            multi_region,
        } => Document::Key(Key {
            state,
            spec,
            usage,
            manager,
            multi_region,
        }),
        Held::KeyPolicy(text) => Document::KeyPolicy(Policy::read(text)),
        Held::RoleTexts(held) => Document::RoleTexts(texts(held)),
        Held::Grants { all, has_more } => Document::Grants(Grants {
            all: all.into_iter().map(grant).collect(),
            has_more,
        }),
        Held::AlarmNames(names) => Document::AlarmNames(alarm::names(names)?),
        Held::RuleMetrics(metrics) => Document::RuleMetrics(alarm::metrics(metrics)),
        Held::Alarm(held) => Document::Alarm(Box::new(alarm::alarm(*held))),
        Held::Topic(topic) => Document::Topic(alarm::topic(topic)),
        Held::Trail(held) => Document::Trail(Box::new(trail(held))),
        Held::Selectors(held) => Document::Selectors(selectors(held)),
        Held::Trails(held) => Document::Trails(seen(held)),
        Held::Jobs(held) => Document::Jobs(jobs(held)?),
    })
}

fn names(specs: &BTreeSet<SpecName>) -> BTreeSet<String> {
    specs.iter().map(ToString::to_string).collect()
}

fn roles(
    held: BTreeMap<String, Option<BTreeSet<String>>>,
) -> Result<BTreeMap<RoleName, Option<BTreeSet<SpecName>>>, InvalidName> {
    let specs = |names: BTreeSet<String>| names.into_iter().map(SpecName::new).collect();
    let role = |(name, says): (String, Option<BTreeSet<String>>)| {
        Ok((RoleName::new(name)?, says.map(specs).transpose()?))
    };
    held.into_iter().map(role).collect()
}

const fn blocks(block: PublicAccessBlock) -> Blocks {
    let PublicAccessBlock {
        block_public_acls,
        ignore_public_acls,
        block_public_policy,
        restrict_public_buckets,
    } = block;
    Blocks {
        block_public_acls,
        ignore_public_acls,
        block_public_policy,
        restrict_public_buckets,
    }
}

const fn block(blocks: Blocks) -> PublicAccessBlock {
    let Blocks {
        block_public_acls,
        ignore_public_acls,
        block_public_policy,
        restrict_public_buckets,
    } = blocks;
    PublicAccessBlock {
        block_public_acls,
        ignore_public_acls,
        block_public_policy,
        restrict_public_buckets,
    }
}

fn word(status: &Status) -> String {
    status.as_str().to_owned()
}

fn status(word: Option<String>) -> Option<Status> {
    word.map(|word| Status::parse(&word))
}

fn held_rule(rule: &Rule) -> HeldRule {
    let Rule {
        id,
        priority,
        legacy_prefix,
        filter,
        status,
        source_selection,
        existing_objects,
        destination,
        delete_markers,
    } = rule;
    HeldRule {
        id: id.clone(),
        priority: *priority,
        legacy_prefix: legacy_prefix.clone(),
        filter: filter.as_ref().map(held_filter),
        status: word(status),
        source_selection: source_selection.as_ref().map(held_selection),
        existing_objects: existing_objects.as_ref().map(word),
        destination: destination.as_ref().map(held_destination),
        delete_markers: delete_markers.as_ref().map(|status| HeldMarkers {
            status: status.as_ref().map(word),
        }),
    }
}

fn rule(held: HeldRule) -> Rule {
    let HeldRule {
        id,
        priority,
        legacy_prefix,
        filter,
        status: says,
        source_selection,
        existing_objects,
        destination,
        delete_markers,
    } = held;
    Rule {
        id,
        priority,
        legacy_prefix,
        filter: filter.map(filter_of),
        status: Status::parse(&says),
        source_selection: source_selection.map(selection),
        existing_objects: status(existing_objects),
        destination: destination.map(destination_of),
        delete_markers: delete_markers.map(|markers| status(markers.status)),
    }
}

fn held_filter(filter: &Filter) -> HeldFilter {
    match filter {
        Filter::Empty => HeldFilter::Empty,
        Filter::Prefix(prefix) => HeldFilter::Prefix(prefix.clone()),
        Filter::Tag(key, value) => HeldFilter::Tag(key.clone(), value.clone()),
        Filter::And { prefix, tags } => HeldFilter::And {
            prefix: prefix.clone(),
            tags: tags.clone(),
        },
    }
}

fn filter_of(held: HeldFilter) -> Filter {
    match held {
        HeldFilter::Empty => Filter::Empty,
        HeldFilter::Prefix(prefix) => Filter::Prefix(prefix),
        HeldFilter::Tag(key, value) => Filter::Tag(key, value),
        HeldFilter::And { prefix, tags } => Filter::And { prefix, tags },
    }
}

fn held_selection(selection: &SourceSelection) -> HeldSelection {
    let SourceSelection {
        sse_kms,
        replica_modifications,
    } = selection;
    HeldSelection {
        sse_kms: sse_kms.as_ref().map(word),
        replica_modifications: replica_modifications.as_ref().map(word),
    }
}

fn selection(held: HeldSelection) -> SourceSelection {
    let HeldSelection {
        sse_kms,
        replica_modifications,
    } = held;
    SourceSelection {
        sse_kms: status(sse_kms),
        replica_modifications: status(replica_modifications),
    }
}

fn held_destination(destination: &RuleDestination) -> HeldDestination {
    let RuleDestination {
        bucket,
        account,
        storage_class,
        owner_override,
        replica_key,
        replication_time,
        metrics,
    } = destination;
    HeldDestination {
        bucket: bucket.clone(),
        account: account.clone(),
        storage_class: storage_class.clone(),
        owner_override: owner_override.clone(),
        replica_key: replica_key.as_ref().map(|id| HeldKey { id: id.clone() }),
        replication_time: replication_time.as_ref().map(held_timed),
        metrics: metrics.as_ref().map(held_timed),
    }
}

fn destination_of(held: HeldDestination) -> RuleDestination {
    let HeldDestination {
        bucket,
        account,
        storage_class,
        owner_override,
        replica_key,
        replication_time,
        metrics,
    } = held;
    RuleDestination {
        bucket,
        account,
        storage_class,
        owner_override,
        replica_key: replica_key.map(|key| key.id),
        replication_time: replication_time.map(timed),
        metrics: metrics.map(timed),
    }
}

fn held_timed(timed: &Timed) -> HeldTimed {
    let Timed { status, minutes } = timed;
    HeldTimed {
        status: word(status),
        minutes: *minutes,
    }
}

fn timed(held: HeldTimed) -> Timed {
    let HeldTimed { status, minutes } = held;
    Timed {
        status: Status::parse(&status),
        minutes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Document {
        Document::BucketPolicy(Policy::read(
            r#"{ "Version":"2012-10-17", "Statement": [ ] }"#,
        ))
    }

    #[test]
    fn a_key_that_no_version_writes_is_refused_wherever_it_stands() {
        let content = String::from_utf8(encode(&policy())).unwrap();
        for (from, to) in [
            (r#""format""#, r#""more": 1, "format""#),
            (r#""bucket_policy""#, r#""tags": {}, "bucket_policy""#),
        ] {
            assert!(decode(content.replace(from, to).as_bytes()).is_err());
        }
        let versioning = Document::Versioning(Versioning {
            status: VersioningStatus::Enabled,
            mfa_delete: false,
        });
        let content = String::from_utf8(encode(&versioning)).unwrap();
        let content = content.replace(r#""mfa_delete""#, r#""more": 1, "mfa_delete""#);
        assert!(decode(content.as_bytes()).is_err());
    }

    #[test]
    fn another_version_and_another_thing_are_refused() {
        let content = String::from_utf8(encode(&policy())).unwrap();
        let newer = content.replace(r#""format": "1.0""#, r#""format": "2.0""#);
        for bad in [newer.as_str(), "", "{}", "[]", "null"] {
            assert!(decode(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_that_cannot_be_is_refused() {
        let bucket = Document::Bucket(Bucket {
            region: Region::new("eu-west-1").unwrap(),
            created_with_tags: BTreeMap::new(),
        });
        let content = String::from_utf8(encode(&bucket)).unwrap();
        let bad = content.replace("eu-west-1", "nowhere at all");
        assert!(matches!(
            decode(bad.as_bytes()),
            Err(DocumentError::Name(_))
        ));
    }

    #[test]
    fn a_policy_that_cannot_be_read_is_kept_as_the_text_that_it_is() {
        let odd = Document::RolePolicy(Policy::read("{ \u{fc} not a policy"));
        assert_eq!(decode(&encode(&odd)).unwrap(), odd);
    }
}
