//! A spec as values: every field that a spec has, under its name in the table.

use s3ferry_core::ids::RoleName;
use s3ferry_core::spec::{
    Access, Account, Canary, Create, Destination, Encryption, Guards, KeyPolicies, KmsSelection,
    Ledger, Migration, ReplicaOwner, RuleSpec, Source, Spec, default_batch_role, default_role,
};
use serde_yaml::{Mapping, Value};

use super::records;
use crate::decode::CANARY;

/// A mapping of fields, without those that are not there.
pub(super) fn map<const N: usize>(fields: [(&str, Option<Value>); N]) -> Mapping {
    let there = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.into(), value?)));
    there.collect()
}

pub(super) fn text(text: impl ToString) -> Option<Value> {
    Some(Value::String(text.to_string()))
}

pub(super) fn list(items: impl IntoIterator<Item = impl ToString>) -> Option<Value> {
    let items = items.into_iter().map(|item| item.to_string().into());
    Some(Value::Sequence(items.collect()))
}

pub(super) fn spec(spec: &Spec) -> Mapping {
    let Spec {
        name,
        accounts,
        ledger: Ledger::Folder(ledger),
        migrations,
        guards,
    } = spec;
    let accounts = accounts
        .iter()
        .map(|(name, of)| (name.as_str().into(), account(of).into()));
    let migrations = migrations
        .iter()
        .map(|(name, of)| (name.as_str().into(), migration(of, guards).into()));
    let defaults = (*guards != Guards::default()).then(|| {
        let guards = self::guards(guards);
        map([("guards", Some(guards.into()))]).into()
    });
    map([
        ("version", Some(1.into())),
        ("name", text(name)),
        ("accounts", Some(Value::Mapping(accounts.collect()))),
        ("ledger", text(ledger)),
        ("defaults", defaults),
        ("migrations", Some(Value::Mapping(migrations.collect()))),
    ])
}

fn account(account: &Account) -> Mapping {
    let Account { id, region, access } = account;
    let (profile, role) = match access {
        Access::DefaultChain => (None, None),
        Access::Profile(profile) => (text(profile), None),
        Access::AssumeRole { arn, external_id } => {
            let external_id = external_id.as_ref().and_then(text);
            let role = map([("arn", text(arn)), ("external_id", external_id)]);
            (None, Some(role.into()))
        }
    };
    map([
        ("id", text(id)),
        ("region", text(region)),
        ("profile", profile),
        ("assume_role", role),
    ])
}

fn migration(migration: &Migration, of_all: &Guards) -> Mapping {
    let Migration {
        phase,
        source,
        destination,
        role,
        batch_role,
        destination_batch_role,
        rules,
        owner,
        canary,
        monitoring,
        logging,
        backfill,
        verify,
        guards,
    } = migration;
    let named = |role: &RoleName, default: &RoleName| {
        (role != default).then(|| Value::from(map([("name", text(role))])))
    };
    let roles = map([
        ("replication", named(role, &default_role(&source.bucket))),
        (
            "batch",
            named(batch_role, &default_batch_role(&source.bucket)),
        ),
        (
            "destination_batch",
            named(
                destination_batch_role,
                &default_batch_role(&destination.bucket),
            ),
        ),
    ]);
    let of_rule = |of| Value::Mapping(rule(of, &destination.create));
    map([
        ("phase", text(phase.as_str())),
        ("source", Some(self::source(source).into())),
        ("destination", Some(self::destination(destination).into())),
        ("roles", Some(roles.into())),
        (
            "rules",
            Some(Value::Sequence(rules.iter().map(of_rule).collect())),
        ),
        ("owner", text(self::owner(*owner))),
        ("canary", self::canary(canary)),
        ("monitoring", records::monitoring(monitoring)),
        (
            "guards",
            (guards != of_all).then(|| self::guards(guards).into()),
        ),
        ("backfill", Some(records::backfill(backfill).into())),
        ("logging", Some(records::logging(logging).into())),
        ("verify", Some(records::verify(verify).into())),
    ])
}

fn source(source: &Source) -> Mapping {
    let Source { account, bucket } = source;
    map([("account", text(account)), ("bucket", text(bucket))])
}

fn destination(destination: &Destination) -> Mapping {
    let Destination {
        account,
        bucket,
        create,
        key_policies,
    } = destination;
    let kms = map([(
        "write_policy",
        Some((*key_policies == KeyPolicies::Written).into()),
    )]);
    let (create, encryption) = match create {
        Create::No => (false, None),
        Create::Yes(Encryption::SseS3) => (true, text("sse-s3")),
        Create::Yes(Encryption::SseKms { key, bucket_key }) => {
            let key = map([
                ("kms_key", text(key)),
                ("bucket_key", Some((*bucket_key).into())),
            ]);
            (true, Some(key.into()))
        }
    };
    map([
        ("account", text(account)),
        ("bucket", text(bucket)),
        ("create", Some(create.into())),
        ("encryption", encryption),
        ("kms", Some(kms.into())),
    ])
}

fn rule(rule: &RuleSpec, create: &Create) -> Mapping {
    let RuleSpec {
        name,
        prefix,
        tags,
        delete_markers,
        storage_class,
        time_control,
        kms,
        replica_modifications,
        enabled,
    } = rule;
    let tags = tags
        .iter()
        .map(|(key, value)| (key.as_str().into(), value.as_str().into()));
    let kms = kms.as_ref().map(|kms| {
        let KmsSelection {
            source_keys,
            replica_key,
        } = kms;
        let of_bucket = match create {
            Create::Yes(Encryption::SseKms { key, .. }) => Some(key),
            Create::Yes(Encryption::SseS3) | Create::No => None,
        };
        let replica_key = (of_bucket != Some(replica_key)).then(|| text(replica_key));
        map([
            ("keys", list(source_keys)),
            ("replica_key", replica_key.flatten()),
        ])
        .into()
    });
    map([
        ("id", text(name)),
        ("prefix", text(prefix)),
        ("tags", Some(Value::Mapping(tags.collect()))),
        ("delete_markers", text(delete_markers.as_str())),
        (
            "storage_class",
            storage_class.and_then(|class| text(class.as_str())),
        ),
        ("time_control", Some((*time_control).into())),
        ("source_kms", kms),
        (
            "replica_modifications",
            Some((*replica_modifications).into()),
        ),
        ("enabled", Some((*enabled).into())),
    ])
}

const fn owner(owner: ReplicaOwner) -> &'static str {
    match owner {
        ReplicaOwner::Destination => "destination",
        ReplicaOwner::Source => "source",
    }
}

fn canary(canary: &Canary) -> Option<Value> {
    match canary {
        Canary::Write { name } if name == CANARY => None,
        Canary::Write { name } => Some(map([("name", text(name))]).into()),
        Canary::Skip { reason } => Some(map([("skip", text(reason))]).into()),
    }
}

fn guards(guards: &Guards) -> Mapping {
    let Guards {
        max_deletes,
        adopt,
        forget,
    } = guards;
    map([
        ("max_deletes", Some((*max_deletes).into())),
        ("adopt", list(adopt)),
        ("forget", list(forget)),
    ])
}
