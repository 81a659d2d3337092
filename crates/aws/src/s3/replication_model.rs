//! The replication configuration between the SDK's types and the model, element for element.
//!
//! Absent stays absent and empty stays empty in both directions: S3 echoes what was sent, and a foreign rule must be
//! written back as it was (domain reference §1.5).

use aws_sdk_s3::types as sdk;
use aws_smithy_types::error::operation::BuildError;
use s3ferry_core::model::kinds::replication::{
    Filter, ReplicationConfiguration, Rule, RuleDestination, SourceSelection, Status, Timed,
};

/// Shapes that the model cannot hold are named in `unmodelled`, so that they are never written back changed.
pub(crate) fn from_sdk(configuration: &sdk::ReplicationConfiguration) -> ReplicationConfiguration {
    let mut unmodelled = Vec::new();
    let rules = configuration
        .rules()
        .iter()
        .map(|rule| from_rule(rule, &mut unmodelled))
        .collect();
    ReplicationConfiguration {
        role: configuration.role().to_owned(),
        rules,
        unmodelled,
    }
}

fn from_rule(rule: &sdk::ReplicationRule, unmodelled: &mut Vec<String>) -> Rule {
    #[expect(deprecated, reason = "V1 rules carry their prefix here")]
    let legacy_prefix = rule.prefix().map(str::to_owned);
    let existing = rule.existing_object_replication();
    Rule {
        id: rule.id().map(str::to_owned),
        priority: rule.priority(),
        legacy_prefix,
        filter: rule.filter().map(|filter| from_filter(filter, unmodelled)),
        status: Status::parse(rule.status().as_str()),
        source_selection: rule
            .source_selection_criteria()
            .map(|criteria| SourceSelection {
                sse_kms: criteria
                    .sse_kms_encrypted_objects()
                    .map(|objects| Status::parse(objects.status().as_str())),
                replica_modifications: criteria
                    .replica_modifications()
                    .map(|modifications| Status::parse(modifications.status().as_str())),
            }),
        existing_objects: existing.map(|existing| Status::parse(existing.status().as_str())),
        destination: rule.destination().map(from_destination),
        delete_markers: rule.delete_marker_replication().map(|markers| {
            markers
                .status()
                .map(|status| Status::parse(status.as_str()))
        }),
    }
}

/// S3 takes one of prefix, tag and `And` only (BC:s3 ReplicationRuleFilter); anything more is named, not guessed.
fn from_filter(filter: &sdk::ReplicationRuleFilter, unmodelled: &mut Vec<String>) -> Filter {
    match (filter.prefix(), filter.tag(), filter.and()) {
        (None, None, None) => Filter::Empty,
        (Some(prefix), None, None) => Filter::Prefix(prefix.to_owned()),
        (None, Some(tag), None) => Filter::Tag(tag.key().to_owned(), tag.value().to_owned()),
        (None, None, Some(and)) => from_and(and),
        (prefix, tag, and) => {
            unmodelled.push("Rule/Filter with more than one of Prefix, Tag and And".to_owned());
            let tags = tag
                .into_iter()
                .chain(and.into_iter().flat_map(|and| and.tags()));
            Filter::And {
                prefix: prefix
                    .or(and.and_then(|and| and.prefix()))
                    .map(str::to_owned),
                tags: pairs(tags),
            }
        }
    }
}

fn from_and(and: &sdk::ReplicationRuleAndOperator) -> Filter {
    Filter::And {
        prefix: and.prefix().map(str::to_owned),
        tags: pairs(and.tags().iter()),
    }
}

fn pairs<'a>(tags: impl Iterator<Item = &'a sdk::Tag>) -> Vec<(String, String)> {
    tags.map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
        .collect()
}

fn from_destination(destination: &sdk::Destination) -> RuleDestination {
    RuleDestination {
        bucket: destination.bucket().to_owned(),
        account: destination.account().map(str::to_owned),
        storage_class: destination
            .storage_class()
            .map(|class| class.as_str().to_owned()),
        owner_override: destination
            .access_control_translation()
            .map(|translation| translation.owner().as_str().to_owned()),
        replica_key: destination
            .encryption_configuration()
            .map(|configuration| configuration.replica_kms_key_id().map(str::to_owned)),
        replication_time: destination.replication_time().map(|time| Timed {
            status: Status::parse(time.status().as_str()),
            minutes: time.time().and_then(sdk::ReplicationTimeValue::minutes),
        }),
        metrics: destination.metrics().map(|metrics| Timed {
            status: Status::parse(metrics.status().as_str()),
            minutes: metrics
                .event_threshold()
                .and_then(sdk::ReplicationTimeValue::minutes),
        }),
    }
}

pub(crate) fn to_sdk(
    configuration: &ReplicationConfiguration,
) -> Result<sdk::ReplicationConfiguration, BuildError> {
    let ReplicationConfiguration {
        role,
        rules,
        unmodelled: _,
    } = configuration;
    let rules = rules.iter().map(to_rule).collect::<Result<_, _>>()?;
    sdk::ReplicationConfiguration::builder()
        .role(role)
        .set_rules(Some(rules))
        .build()
}

fn to_rule(rule: &Rule) -> Result<sdk::ReplicationRule, BuildError> {
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
    let builder = sdk::ReplicationRule::builder()
        .set_id(id.clone())
        .set_priority(*priority)
        .set_filter(filter.as_ref().map(to_filter).transpose()?)
        .status(status.as_str().into())
        .set_source_selection_criteria(source_selection.as_ref().map(to_selection).transpose()?)
        .set_existing_object_replication(existing_objects.as_ref().map(to_existing).transpose()?)
        .set_destination(destination.as_ref().map(to_destination).transpose()?)
        .set_delete_marker_replication(
            delete_markers
                .as_ref()
                .map(|status| to_delete_markers(status.as_ref())),
        );
    #[expect(deprecated, reason = "V1 rules carry their prefix here")]
    builder.set_prefix(legacy_prefix.clone()).build()
}

fn to_filter(filter: &Filter) -> Result<sdk::ReplicationRuleFilter, BuildError> {
    let builder = sdk::ReplicationRuleFilter::builder();
    Ok(match filter {
        Filter::Empty => builder.build(),
        Filter::Prefix(prefix) => builder.prefix(prefix).build(),
        Filter::Tag(key, value) => builder.tag(to_tag(key, value)?).build(),
        Filter::And { prefix, tags } => {
            let tags: Vec<_> = tags
                .iter()
                .map(|(key, value)| to_tag(key, value))
                .collect::<Result<_, _>>()?;
            let and = sdk::ReplicationRuleAndOperator::builder()
                .set_prefix(prefix.clone())
                .set_tags(Some(tags).filter(|tags| !tags.is_empty()));
            builder.and(and.build()).build()
        }
    })
}

fn to_tag(key: &str, value: &str) -> Result<sdk::Tag, BuildError> {
    sdk::Tag::builder().key(key).value(value).build()
}

fn to_selection(selection: &SourceSelection) -> Result<sdk::SourceSelectionCriteria, BuildError> {
    let SourceSelection {
        sse_kms,
        replica_modifications,
    } = selection;
    let sse_kms = sse_kms.as_ref().map(|status| {
        sdk::SseKmsEncryptedObjects::builder()
            .status(status.as_str().into())
            .build()
    });
    let modifications = replica_modifications.as_ref().map(|status| {
        sdk::ReplicaModifications::builder()
            .status(status.as_str().into())
            .build()
    });
    Ok(sdk::SourceSelectionCriteria::builder()
        .set_sse_kms_encrypted_objects(sse_kms.transpose()?)
        .set_replica_modifications(modifications.transpose()?)
        .build())
}

fn to_existing(status: &Status) -> Result<sdk::ExistingObjectReplication, BuildError> {
    sdk::ExistingObjectReplication::builder()
        .status(status.as_str().into())
        .build()
}

fn to_delete_markers(status: Option<&Status>) -> sdk::DeleteMarkerReplication {
    let status = status.map(|status| status.as_str().into());
    sdk::DeleteMarkerReplication::builder()
        .set_status(status)
        .build()
}

fn to_destination(destination: &RuleDestination) -> Result<sdk::Destination, BuildError> {
    let RuleDestination {
        bucket,
        account,
        storage_class,
        owner_override,
        replica_key,
        replication_time,
        metrics,
    } = destination;
    let owner = owner_override.as_ref().map(|owner| {
        sdk::AccessControlTranslation::builder()
            .owner(owner.as_str().into())
            .build()
    });
    let key = replica_key.as_ref().map(|key| {
        sdk::EncryptionConfiguration::builder()
            .set_replica_kms_key_id(key.clone())
            .build()
    });
    sdk::Destination::builder()
        .bucket(bucket)
        .set_account(account.clone())
        .set_storage_class(storage_class.as_deref().map(Into::into))
        .set_access_control_translation(owner.transpose()?)
        .set_encryption_configuration(key)
        .set_replication_time(
            replication_time
                .as_ref()
                .map(to_replication_time)
                .transpose()?,
        )
        .set_metrics(metrics.as_ref().map(to_metrics).transpose()?)
        .build()
}

fn to_replication_time(time: &Timed) -> Result<sdk::ReplicationTime, BuildError> {
    let Timed { status, minutes } = time;
    sdk::ReplicationTime::builder()
        .status(status.as_str().into())
        .set_time(minutes.map(to_minutes))
        .build()
}

fn to_metrics(metrics: &Timed) -> Result<sdk::Metrics, BuildError> {
    let Timed { status, minutes } = metrics;
    sdk::Metrics::builder()
        .status(status.as_str().into())
        .set_event_threshold(minutes.map(to_minutes))
        .build()
}

fn to_minutes(minutes: i32) -> sdk::ReplicationTimeValue {
    sdk::ReplicationTimeValue::builder()
        .minutes(minutes)
        .build()
}
