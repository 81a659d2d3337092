//! Generators of documents of every kind, foreign rules and statements among them.

mod trails;

use std::collections::BTreeSet;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use s3ferry_core::ids::{AlarmName, Arn, JobId, Region, RoleName};
use s3ferry_core::model::kinds::replication::{
    Filter, ReplicationConfiguration, Rule, RuleDestination, SourceSelection, Status, Timed,
};
use s3ferry_core::model::kinds::{
    Alarm, AlarmActions, AlarmNames, AlarmState, Bucket, BucketEncryption, BucketLogging, Buckets,
    EventTarget, Grants, Inventory, InventoryEncryption, Job, JobFailure, JobStatus, Jobs, Key,
    Lifecycle, LogGrant, LogKeys, Notification, Notifications, ObjectLock, ObjectOwnership, Policy,
    PublicAccessBlock, RequestPayment, Role, RolePolicies, RoleTexts, RuleMetric, RuleMetrics,
    StateValue, Topic, Versioning, VersioningStatus,
};
use s3ferry_core::model::target::{ROLE_PATH, ROLE_POLICY_NAME};
use s3ferry_core::model::{
    AccountPart, AccountRef, BucketPart, Document, KeyPart, Kind, RegionPart, RegionRef, RolePart,
    Target, TopicRef, TrailPart,
};

use s3ferry_core::policy::Grant;

use crate::build;

/// Every kind of target.
pub const KINDS: [Kind; 32] = [
    Kind::Bucket(BucketPart::Itself),
    Kind::Bucket(BucketPart::Tags),
    Kind::Bucket(BucketPart::Versioning),
    Kind::Bucket(BucketPart::Encryption),
    Kind::Bucket(BucketPart::Ownership),
    Kind::Bucket(BucketPart::PublicAccess),
    Kind::Bucket(BucketPart::Policy),
    Kind::Bucket(BucketPart::Replication),
    Kind::Bucket(BucketPart::ObjectLock),
    Kind::Bucket(BucketPart::RequestPayment),
    Kind::Bucket(BucketPart::Lifecycle),
    Kind::Bucket(BucketPart::Logging),
    Kind::Bucket(BucketPart::Inventory),
    Kind::Bucket(BucketPart::Notifications),
    Kind::Account(AccountPart::Roles),
    Kind::Account(AccountPart::PublicAccess),
    Kind::Account(AccountPart::Buckets),
    Kind::Role(RolePart::Itself),
    Kind::Role(RolePart::Policy),
    Kind::Role(RolePart::Policies),
    Kind::Role(RolePart::Texts),
    Kind::Key(KeyPart::Itself),
    Kind::Key(KeyPart::Policy),
    Kind::Key(KeyPart::Grants),
    Kind::Region(RegionPart::Alarms),
    Kind::Region(RegionPart::Metrics),
    Kind::Alarm,
    Kind::Topic,
    Kind::Region(RegionPart::Trails),
    Kind::Region(RegionPart::Jobs),
    Kind::Trail(TrailPart::Itself),
    Kind::Trail(TrailPart::Selectors),
];

/// A document of any kind.
pub fn document() -> impl Strategy<Value = Document> {
    select(&KINDS[..]).prop_flat_map(document_of)
}

/// A target of the test buckets and roles, with a document of its kind.
pub fn target_and_document() -> impl Strategy<Value = (Target, Document)> {
    select(&KINDS[..]).prop_flat_map(|kind| (Just(target_of(kind)), document_of(kind)))
}

/// The target of a kind, of the test bucket or role.
#[must_use]
pub fn target_of(kind: Kind) -> Target {
    let bucket = build::destination();
    let role = build::role("s3ferry-orders-prod");
    match kind {
        Kind::Bucket(BucketPart::Itself) => Target::Bucket(bucket, BucketPart::Itself),
        Kind::Bucket(BucketPart::Tags) => Target::Bucket(bucket, BucketPart::Tags),
        Kind::Bucket(BucketPart::Versioning) => Target::Bucket(bucket, BucketPart::Versioning),
        Kind::Bucket(BucketPart::Encryption) => Target::Bucket(bucket, BucketPart::Encryption),
        Kind::Bucket(BucketPart::Ownership) => Target::Bucket(bucket, BucketPart::Ownership),
        Kind::Bucket(BucketPart::PublicAccess) => Target::Bucket(bucket, BucketPart::PublicAccess),
        Kind::Bucket(BucketPart::Policy) => Target::Bucket(bucket, BucketPart::Policy),
        Kind::Bucket(BucketPart::Replication) => {
            Target::Bucket(build::source(), BucketPart::Replication)
        }
        Kind::Bucket(BucketPart::ObjectLock) => Target::Bucket(bucket, BucketPart::ObjectLock),
        Kind::Bucket(BucketPart::RequestPayment) => {
            Target::Bucket(bucket, BucketPart::RequestPayment)
        }
        Kind::Bucket(BucketPart::Lifecycle) => Target::Bucket(bucket, BucketPart::Lifecycle),
        Kind::Bucket(BucketPart::Logging) => Target::Bucket(bucket, BucketPart::Logging),
        Kind::Bucket(BucketPart::Inventory) => Target::Bucket(bucket, BucketPart::Inventory),
        Kind::Bucket(BucketPart::Notifications) => {
            Target::Bucket(bucket, BucketPart::Notifications)
        }
        Kind::Account(part) => Target::Account(
            AccountRef {
                account: role.account,
                partition: role.partition,
            },
            part,
        ),
        Kind::Role(RolePart::Itself) => Target::Role(role, RolePart::Itself),
        Kind::Role(RolePart::Policy) => Target::Role(role, RolePart::Policy),
        Kind::Role(RolePart::Policies) => Target::Role(role, RolePart::Policies),
        Kind::Role(RolePart::Texts) => Target::Role(role, RolePart::Texts),
        Kind::Key(part) => Target::Key(
            build::key(build::DESTINATION_ACCOUNT, "eu-central-1", "1"),
            part,
        ),
        Kind::Region(part) => Target::Region(alarm_place(), part),
        Kind::Alarm => Target::Alarm(alarm_place().alarm(
            &AlarmName::new("s3ferry/default/orders/everything/latency").expect("a valid name"),
        )),
        Kind::Trail(part) => Target::Trail(build::trail_ref(), part),
        Kind::Topic => Target::Topic(
            TopicRef::of_arn(&Arn::new(TOPIC).expect("a valid ARN")).expect("a topic's"),
        ),
    }
}

/// A document of a kind.
pub fn document_of(kind: Kind) -> BoxedStrategy<Document> {
    match kind {
        Kind::Bucket(BucketPart::Itself) => bucket().boxed(),
        Kind::Bucket(BucketPart::Tags) => tags().prop_map(Document::Tags).boxed(),
        Kind::Bucket(BucketPart::Versioning) => versioning().boxed(),
        Kind::Bucket(BucketPart::Encryption) => encryption().boxed(),
        Kind::Bucket(BucketPart::Ownership) => ownership().boxed(),
        Kind::Bucket(BucketPart::PublicAccess) => {
            public_access().prop_map(Document::PublicAccess).boxed()
        }
        Kind::Bucket(BucketPart::Policy) => policy().prop_map(Document::BucketPolicy).boxed(),
        Kind::Bucket(BucketPart::Replication) => {
            replication().prop_map(Document::Replication).boxed()
        }
        Kind::Bucket(BucketPart::ObjectLock) => any::<bool>()
            .prop_map(|default_retention| Document::ObjectLock(ObjectLock { default_retention }))
            .boxed(),
        Kind::Bucket(BucketPart::RequestPayment) => {
            select(&[RequestPayment::BucketOwner, RequestPayment::Requester][..])
                .prop_map(Document::RequestPayment)
                .boxed()
        }
        Kind::Bucket(BucketPart::Lifecycle) => lifecycle().boxed(),
        Kind::Bucket(BucketPart::Logging) => logging().boxed(),
        Kind::Bucket(BucketPart::Inventory) => inventories().boxed(),
        Kind::Bucket(BucketPart::Notifications) => notifications().boxed(),
        Kind::Account(AccountPart::Roles) => btree_set(role_name(), 0..3)
            .prop_map(|names| names.into_iter().map(|name| (name, None)).collect())
            .prop_map(Document::Roles)
            .boxed(),
        Kind::Account(AccountPart::PublicAccess) => public_access()
            .prop_map(Document::AccountPublicAccess)
            .boxed(),
        Kind::Account(AccountPart::Buckets) => any::<bool>()
            .prop_map(|is_said| {
                let region = is_said.then(|| Region::new("eu-west-1").expect("a valid Region"));
                Document::Buckets(Buckets([("orders-prod".to_owned(), region)].into()))
            })
            .boxed(),
        Kind::Role(RolePart::Itself) => role().boxed(),
        Kind::Role(RolePart::Policy) => policy().prop_map(Document::RolePolicy).boxed(),
        Kind::Role(RolePart::Policies) => role_policies().boxed(),
        Kind::Role(RolePart::Texts) => role_texts().boxed(),
        Kind::Key(KeyPart::Itself) => key().boxed(),
        Kind::Key(KeyPart::Policy) => policy().prop_map(Document::KeyPolicy).boxed(),
        Kind::Key(KeyPart::Grants) => grants().boxed(),
        Kind::Region(RegionPart::Alarms) => alarm_names().boxed(),
        Kind::Region(RegionPart::Metrics) => vec(metric(), 0..3)
            .prop_map(|metrics| Document::RuleMetrics(RuleMetrics(metrics.into_iter().collect())))
            .boxed(),
        Kind::Alarm => alarm()
            .prop_map(|alarm| Document::Alarm(Box::new(alarm)))
            .boxed(),
        Kind::Topic => topic().boxed(),
        Kind::Region(RegionPart::Trails) => trails::seen().boxed(),
        Kind::Region(RegionPart::Jobs) => jobs().boxed(),
        Kind::Trail(TrailPart::Itself) => trails::itself().boxed(),
        Kind::Trail(TrailPart::Selectors) => trails::selectors().boxed(),
    }
}

fn jobs() -> impl Strategy<Value = Document> {
    let ids = [
        "00e123a4-c0d8-41f4-a0eb-b46f9ba5b07c",
        "10e123a4-c0d8-41f4-a0eb-b46f9ba5b07c",
    ];
    let id = select(ids.to_vec()).prop_map(|id| JobId::new(id).expect("a valid ID"));
    let status = select(
        &[
            "New",
            "Suspended",
            "Active",
            "Complete",
            "Failed",
            "Cancelled",
        ][..],
    );
    let reason = (word(), word()).prop_map(|(code, reason)| JobFailure { code, reason });
    let job = (word(), status, (0..9_u64, 0..9_u64), vec(reason, 0..2));
    let job = job.prop_map(|(description, status, (succeeded, failed), reasons)| Job {
        description: format!("s3ferry/{description}"),
        created: "2026-01-01T00:00:00Z".to_owned(),
        status: JobStatus::of(status),
        tasks: succeeded + failed,
        succeeded,
        failed,
        reasons,
    });
    btree_map(id, job, 0..2).prop_map(|jobs| Document::Jobs(Jobs(jobs)))
}

const TOPIC: &str = "arn:aws:sns:eu-central-1:111111111111:ops";

fn alarm_place() -> RegionRef {
    RegionRef {
        account: build::source().account,
        region: build::destination().region,
    }
}

fn alarm_name() -> impl Strategy<Value = AlarmName> {
    let names = [
        "s3ferry/default/orders/everything/latency",
        "s3ferry/other/orders/everything/latency",
        "s3ferry/odd",
    ];
    select(names.to_vec()).prop_map(|name| AlarmName::new(name).expect("a valid name"))
}

fn alarm_names() -> impl Strategy<Value = Document> {
    let others = vec((select(&["Theirs", "Late"]), alarm()), 0..3);
    (btree_set(alarm_name(), 0..3), others, any::<bool>()).prop_map(|(ours, others, has_more)| {
        let mut names = AlarmNames::of(ours);
        for (name, alarm) in others {
            names.add(AlarmName::new(name).expect("a valid name"), alarm.sight());
        }
        names.has_more = has_more;
        Document::AlarmNames(names)
    })
}

fn metric() -> impl Strategy<Value = RuleMetric> {
    (word(), word()).prop_map(|(source, rule)| RuleMetric {
        name: "ReplicationLatency".to_owned(),
        source,
        destination: "orders-archive".to_owned(),
        rule,
    })
}

/// An alarm, ours or somebody else's, of the sort that s3ferry writes or of another.
pub fn alarm() -> impl Strategy<Value = Alarm> {
    let description = option::of(select(
        &[
            "theirs",
            "Late. s3ferry spec: default.",
            "s3ferry spec: other.",
        ][..],
    ));
    let dimensions = btree_map(
        select(&["SourceBucket", "DestinationBucket", "RuleId", "BucketName"][..]),
        word(),
        0..4,
    );
    let actions = || btree_set(Just(TOPIC.to_owned()), 0..2);
    let numbers = (1..4_i32, 0..20_u32);
    let words = (
        select(&["ignore", "missing", "breaching"][..]),
        option::of(Just("Seconds".to_owned())),
    );
    let unmodelled = select(vec![Vec::new(), vec!["Metrics".to_owned()]]);
    let state = option::of((
        select(&["OK", "ALARM", "INSUFFICIENT_DATA", "NEW"][..]),
        any::<bool>(),
    ));
    (
        description,
        dimensions,
        (actions(), actions(), any::<bool>()),
        numbers,
        words,
        unmodelled,
        state,
    )
        .prop_map(
            |(
                description,
                dimensions,
                (alarm, ok, on),
                (periods, above),
                words,
                unmodelled,
                state,
            )| {
                Alarm {
                    description: description.map(str::to_owned),
                    namespace: "AWS/S3".to_owned(),
                    metric: "ReplicationLatency".to_owned(),
                    dimensions: dimensions
                        .into_iter()
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect(),
                    statistic: "Maximum".to_owned(),
                    period: 60 * periods,
                    evaluation_periods: periods,
                    datapoints: periods,
                    comparison: "GreaterThanThreshold".to_owned(),
                    threshold: above.to_string(),
                    missing_data: words.0.to_owned(),
                    unit: words.1,
                    actions_enabled: on,
                    actions: AlarmActions {
                        alarm,
                        ok,
                        insufficient_data: BTreeSet::new(),
                    },
                    unmodelled,
                    state: state.map(|(value, lasts)| AlarmState {
                        value: StateValue::parse(value),
                        reason: "a test".to_owned(),
                        lasts,
                    }),
                }
            },
        )
}

fn topic() -> impl Strategy<Value = Document> {
    let key = option::of(Just("alias/aws/sns".to_owned()));
    (policy(), 0..3_u32, 0..3_u32, key).prop_map(|(policy, confirmed, pending, key)| {
        Document::Topic(Topic {
            policy,
            confirmed,
            pending,
            key,
        })
    })
}

/// Words that are few, so that things meet: marked ones are s3ferry's, the others somebody else's.
fn word() -> impl Strategy<Value = String> {
    select(&["a", "b", "logs", "ürün", "with space"][..]).prop_map(str::to_owned)
}

fn tags() -> impl Strategy<Value = std::collections::BTreeMap<String, String>> {
    btree_map(word(), word(), 0..3)
}

fn role_name() -> impl Strategy<Value = RoleName> {
    select(&["s3ferry-orders-prod", "s3ferry-logs", "theirs"][..])
        .prop_map(|name| RoleName::new(name).expect("a valid name"))
}

fn bucket() -> impl Strategy<Value = Document> {
    let region = select(&["eu-west-1", "eu-central-1"][..]);
    (region, tags()).prop_map(|(region, created_with_tags)| {
        Document::Bucket(Bucket {
            region: Region::new(region).expect("a valid Region"),
            created_with_tags,
        })
    })
}

fn versioning() -> impl Strategy<Value = Document> {
    let states = [
        VersioningStatus::Never,
        VersioningStatus::Enabled,
        VersioningStatus::Suspended,
    ];
    (select(states.to_vec()), any::<bool>())
        .prop_map(|(status, mfa_delete)| Document::Versioning(Versioning { status, mfa_delete }))
}

fn encryption() -> impl Strategy<Value = Document> {
    let algorithm = select(&["AES256", "aws:kms", "aws:kms:dsse"][..]);
    let key = option::of(Just(
        "arn:aws:kms:eu-central-1:222222222222:key/1".to_owned(),
    ));
    let blocked = select(vec![BTreeSet::new(), BTreeSet::from(["SSE-C".to_owned()])]);
    (algorithm, key, any::<bool>(), blocked).prop_map(|(algorithm, key, bucket_key, blocked)| {
        Document::Encryption(BucketEncryption {
            algorithm: algorithm.to_owned(),
            key: key.filter(|_| algorithm != "AES256"),
            bucket_key,
            blocked,
        })
    })
}

fn ownership() -> impl Strategy<Value = Document> {
    let words = [
        "BucketOwnerEnforced",
        "BucketOwnerPreferred",
        "ObjectWriter",
        "SomethingNew",
    ];
    select(words.to_vec()).prop_map(|word| Document::Ownership(ObjectOwnership::parse(word)))
}

fn public_access() -> impl Strategy<Value = PublicAccessBlock> {
    any::<[bool; 4]>().prop_map(|[one, two, three, four]| PublicAccessBlock {
        block_public_acls: one,
        ignore_public_acls: two,
        block_public_policy: three,
        restrict_public_buckets: four,
    })
}

fn lifecycle() -> impl Strategy<Value = Document> {
    (0..3_u32, 0..3_u32).prop_map(|(expires_current, expires_noncurrent)| {
        Document::Lifecycle(Lifecycle {
            expires_current,
            expires_noncurrent,
        })
    })
}

fn logging() -> impl Strategy<Value = Document> {
    let date = option::of(select(&["EventTime", "DeliveryTime"][..]));
    let keys = prop_oneof![
        Just(LogKeys::Simple),
        date.prop_map(|date| LogKeys::Partitioned(date.map(str::to_owned))),
    ];
    let grant =
        (word(), select(&["READ", "FULL_CONTROL"][..])).prop_map(|(id, permission)| LogGrant {
            kind: "CanonicalUser".to_owned(),
            id: Some(id),
            uri: None,
            email: None,
            permission: Some(permission.to_owned()),
        });
    let bucket = select(&["archive-logs", "theirs"][..]);
    (bucket, word(), option::of(keys), btree_set(grant, 0..3)).prop_map(
        |(bucket, prefix, keys, grants)| {
            Document::Logging(BucketLogging {
                bucket: bucket.to_owned(),
                prefix,
                keys,
                grants,
            })
        },
    )
}

fn inventories() -> impl Strategy<Value = Document> {
    let id = select(&["s3ferry-default", "s3ferry-other", "theirs"][..]);
    btree_map(id.prop_map(str::to_owned), inventory(), 1..4).prop_map(Document::Inventories)
}

/// Each tells an event of its own, as S3 demands.
fn notifications() -> impl Strategy<Value = Document> {
    const EVENTS: [&str; 3] = [
        "s3:Replication:OperationFailedReplication",
        "s3:ObjectCreated:*",
        "s3:ObjectRemoved:Delete",
    ];
    const IDS: [&str; 3] = ["s3ferry-default", "s3ferry-other", "theirs"];
    let one = || {
        let ends = btree_map(select(&["prefix", "suffix"][..]), word(), 0..3);
        option::of((select(&EventTarget::ALL[..]), ends))
    };
    (one(), one(), one(), any::<bool>()).prop_map(|(first, second, third, event_bridge)| {
        let named = [first, second, third].into_iter().zip(IDS).zip(EVENTS);
        let by_id = named.filter_map(|((one, id), event)| {
            let (kind, ends) = one?;
            let notification = Notification {
                kind,
                target: format!("arn:aws:{}:eu-central-1:222222222222:ops", kind.service()),
                events: BTreeSet::from([event.to_owned()]),
                filter: ends
                    .into_iter()
                    .map(|(name, end)| (name.to_owned(), end))
                    .collect(),
            };
            Some((id.to_owned(), notification))
        });
        Document::Notifications(Notifications {
            by_id: by_id.collect(),
            event_bridge,
        })
    })
}

fn inventory() -> impl Strategy<Value = Inventory> {
    let encryption = prop_oneof![
        Just(InventoryEncryption::SseS3),
        Just(InventoryEncryption::SseKms(
            "arn:aws:kms:eu-central-1:222222222222:key/1".to_owned()
        )),
    ];
    let place = (
        select(&["arn:aws:s3:::archive-inventory", "arn:aws:s3:::theirs"][..]),
        option::of(Just(build::DESTINATION_ACCOUNT.to_owned())),
        option::of(word()),
        select(&["CSV", "ORC", "Parquet"][..]),
        option::of(encryption),
    );
    let fields = btree_set(select(&["Size", "ETag", "StorageClass"][..]), 0..4);
    (
        place,
        any::<bool>(),
        select(&["All", "Current"][..]),
        select(&["Daily", "Weekly"][..]),
        option::of(word()),
        fields,
    )
        .prop_map(|(place, enabled, versions, schedule, filter, fields)| {
            let (bucket, account, prefix, format, encryption) = place;
            Inventory {
                enabled,
                versions: versions.to_owned(),
                schedule: Some(schedule.to_owned()),
                filter,
                fields: fields.into_iter().map(str::to_owned).collect(),
                bucket: bucket.to_owned(),
                account,
                prefix,
                format: format.to_owned(),
                encryption,
            }
        })
}

fn role() -> impl Strategy<Value = Document> {
    let path = select(&[ROLE_PATH, "/", "/theirs/"][..]);
    let boundary = option::of(Just("arn:aws:iam::111111111111:policy/boundary".to_owned()));
    (path, policy(), tags(), boundary).prop_map(|(path, trust, tags, boundary)| {
        Document::Role(Role {
            id: None,
            path: path.to_owned(),
            trust,
            tags,
            boundary,
            description: None,
        })
    })
}

fn grants() -> impl Strategy<Value = Document> {
    let operations = btree_set(select(&["Decrypt", "Encrypt", "CreateGrant"][..]), 0..3);
    let grant =
        (word(), operations, option::of(word())).prop_map(|(role, operations, bucket)| Grant {
            grantee: format!("arn:aws:iam::111111111111:role/{role}"),
            operations: operations.into_iter().map(str::to_owned).collect(),
            context: bucket
                .map(|name| ("aws:s3:arn".to_owned(), format!("arn:aws:s3:::{name}")))
                .into_iter()
                .collect(),
        });
    (btree_set(grant, 0..3), any::<bool>())
        .prop_map(|(all, has_more)| Document::Grants(Grants { all, has_more }))
}

fn key() -> impl Strategy<Value = Document> {
    let state = select(&["Enabled", "Disabled", "PendingDeletion"][..]);
    let spec = select(&["SYMMETRIC_DEFAULT", "RSA_2048"][..]);
    let manager = select(&["CUSTOMER", "AWS"][..]);
    (state, spec, manager, any::<bool>()).prop_map(|(state, spec, manager, multi_region)| {
        Document::Key(Key {
            state: state.to_owned(),
            spec: spec.to_owned(),
            usage: "ENCRYPT_DECRYPT".to_owned(),
            manager: manager.to_owned(),
            multi_region,
        })
    })
}

fn role_texts() -> impl Strategy<Value = Document> {
    let policies = || proptest::collection::btree_map(word(), policy(), 0..3);
    let boundary = option::of((word(), option::of(policy())));
    (policies(), policies(), boundary).prop_map(|(inline, attached, boundary)| {
        Document::RoleTexts(RoleTexts {
            inline,
            attached,
            boundary,
        })
    })
}

fn role_policies() -> impl Strategy<Value = Document> {
    let inline = btree_set(select(&[ROLE_POLICY_NAME, "theirs"][..]), 0..3);
    let attached = btree_set(
        select(&["arn:aws:iam::aws:policy/ReadOnlyAccess"][..]),
        0..2,
    );
    (inline, attached).prop_map(|(inline, attached)| {
        let owned = |names: BTreeSet<&str>| names.into_iter().map(str::to_owned).collect();
        Document::RolePolicies(RolePolicies {
            inline: owned(inline),
            attached: owned(attached),
        })
    })
}

/// A policy of up to three statements, ours by Sid, others' by Sid or without one.
pub fn policy() -> impl Strategy<Value = Policy> {
    vec(statement(), 0..4).prop_map(|statements| {
        let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": statements });
        Policy::read(policy.to_string())
    })
}

fn statement() -> impl Strategy<Value = serde_json::Value> {
    let sid = option::of(select(&["S3FerryDefaultOrders", "Theirs", "Audit"][..]));
    let effect = select(&["Allow", "Deny"][..]);
    let actions = btree_set(
        select(
            &[
                "s3:ReplicateObject",
                "s3:ReplicateDelete",
                "s3:GetObject",
                "s3:*",
            ][..],
        ),
        1..3,
    );
    let resource = select(
        &[
            "arn:aws:s3:::orders-archive",
            "arn:aws:s3:::orders-archive/*",
        ][..],
    );
    (sid, effect, actions, resource).prop_map(|(sid, effect, actions, resource)| {
        let mut statement = serde_json::json!({
            "Effect": effect,
            "Principal": { "AWS": "arn:aws:iam::111111111111:root" },
            "Action": actions,
            "Resource": resource,
        });
        if let Some(sid) = sid {
            statement["Sid"] = sid.into();
        }
        statement
    })
}

/// A configuration of up to three rules with distinct IDs and priorities, V1 and V2, ours and others'.
pub fn replication() -> impl Strategy<Value = ReplicationConfiguration> {
    let ids = [
        Some("s3ferry/default/orders/everything"),
        Some("s3ferry/other/orders/everything"),
        Some("theirs"),
        None,
    ];
    let rules = ids.map(|id| option::of(rule(id)));
    (
        rules,
        select(&["s3ferry/s3ferry-orders-prod", "theirs"][..]),
    )
        .prop_map(|(rules, role)| {
            let numbered = |(rule, priority): (Rule, i32)| Rule {
                priority: rule.filter.is_some().then_some(priority),
                ..rule
            };
            ReplicationConfiguration {
                role: format!("arn:aws:iam::111111111111:role/{role}"),
                rules: rules.into_iter().flatten().zip(1..).map(numbered).collect(),
                unmodelled: Vec::new(),
            }
        })
}

fn status() -> impl Strategy<Value = Status> {
    select(vec![Status::Enabled, Status::Disabled])
}

fn rule(id: Option<&'static str>) -> impl Strategy<Value = Rule> {
    let selection = option::of((option::of(status()), option::of(status())).prop_map(
        |(sse_kms, replica_modifications)| SourceSelection {
            sse_kms,
            replica_modifications,
        },
    ));
    let existing = option::weighted(0.1, status());
    (
        option::weighted(0.8, filter()),
        word(),
        status(),
        selection,
        existing,
        rule_destination(),
        option::of(option::of(status())),
    )
        .prop_map(
            move |(filter, prefix, status, source_selection, existing_objects, to, markers)| Rule {
                id: id.map(str::to_owned),
                priority: None,
                legacy_prefix: filter.is_none().then_some(prefix),
                delete_markers: markers.filter(|_| filter.is_some()),
                filter,
                status,
                source_selection,
                existing_objects,
                destination: Some(to),
            },
        )
}

fn filter() -> impl Strategy<Value = Filter> {
    let pairs = btree_map(word(), word(), 1..3)
        .prop_map(|tags| tags.into_iter().collect::<Vec<(String, String)>>());
    prop_oneof![
        Just(Filter::Empty),
        word().prop_map(Filter::Prefix),
        (word(), word()).prop_map(|(key, value)| Filter::Tag(key, value)),
        (option::of(word()), pairs).prop_map(|(prefix, tags)| Filter::And { prefix, tags }),
    ]
}

fn rule_destination() -> impl Strategy<Value = RuleDestination> {
    let timed = |minutes| {
        option::of(status().prop_map(move |status| Timed {
            status,
            minutes: Some(minutes),
        }))
    };
    let bucket = select(&["arn:aws:s3:::orders-archive", "arn:aws:s3:::theirs"][..]);
    let account = option::of(Just(build::DESTINATION_ACCOUNT.to_owned()));
    let class = option::of(select(&["STANDARD", "STANDARD_IA", "DEEP_ARCHIVE"][..]));
    let key = option::of(option::of(Just(
        "arn:aws:kms:eu-central-1:222222222222:key/1".to_owned(),
    )));
    (
        bucket,
        account,
        class,
        any::<bool>(),
        key,
        timed(15),
        timed(15),
    )
        .prop_map(
            |(bucket, account, class, owned, replica_key, replication_time, metrics)| {
                RuleDestination {
                    bucket: bucket.to_owned(),
                    owner_override: (owned && account.is_some()).then(|| "Destination".to_owned()),
                    account,
                    storage_class: class.map(str::to_owned),
                    replica_key,
                    replication_time,
                    metrics,
                }
            },
        )
}
