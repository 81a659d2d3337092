//! Buckets, their settings, and roles.

use std::collections::BTreeMap;

use super::Context;
use super::conflict::{Conflict, ConflictKind};
use crate::model::document::{
    Bucket, BucketEncryption, Document, ObjectOwnership, PolicyText, PublicAccessBlock, Role,
    Versioning, VersioningStatus,
};
use crate::model::target::{ROLE_PATH, ROLE_POLICY_NAME};
use crate::model::{BucketPart, RolePart, RoleRef, Target};
use crate::ownership::TAG_PREFIX;
use crate::spec::Encryption;

type Merged = Result<Option<Document>, Box<Conflict>>;

pub(super) fn bucket(
    context: &Context<'_>,
    target: &Target,
    tags: &BTreeMap<String, String>,
    live: Option<&Document>,
) -> Merged {
    let Some(bucket) = target.bucket() else {
        return Ok(live.cloned());
    };
    let Some(live) = live else {
        let made = Bucket {
            region: bucket.region.clone(),
            created_with_tags: tags.clone(),
        };
        return Ok(Some(Document::Bucket(made)));
    };
    let live_tags = context
        .observed
        .document(&Target::Bucket(bucket.clone(), BucketPart::Tags));
    let ours = matches!(live_tags, Some(Document::Tags(tags)) if context.markers.owns_tags(tags));
    if ours || context.adopts(&context.names.address(target)) {
        Ok(Some(live.clone()))
    } else {
        Err(context.refuse(target, ConflictKind::UnmarkedBucket))
    }
}

pub(super) fn exists(context: &Context<'_>, target: &Target, live: Option<&Document>) -> Merged {
    let missing = || context.refuse(target, ConflictKind::MissingBucket);
    live.cloned().map(Some).ok_or_else(missing)
}

pub(super) fn tags(ours: &BTreeMap<String, String>, live: Option<&Document>) -> Document {
    let mut tags = match live {
        Some(Document::Tags(tags)) => tags.clone(),
        _ => BTreeMap::new(),
    };
    tags.extend(ours.clone());
    Document::Tags(tags)
}

pub(super) fn versioning(
    context: &Context<'_>,
    target: &Target,
    live: Option<&Document>,
) -> Merged {
    let mfa_delete =
        matches!(live, Some(Document::Versioning(versioning)) if versioning.mfa_delete);
    let enabled = matches!(
        live,
        Some(Document::Versioning(Versioning {
            status: VersioningStatus::Enabled,
            ..
        }))
    );
    if mfa_delete && !enabled {
        return Err(context.refuse(target, ConflictKind::MfaDelete));
    }
    let after = Versioning {
        status: VersioningStatus::Enabled,
        mfa_delete,
    };
    Ok(Some(Document::Versioning(after)))
}

/// Blocked encryption types are not ours to set and stay as they are.
pub(super) fn encryption(wanted: &Encryption, live: Option<&Document>) -> Document {
    let blocked = match live {
        Some(Document::Encryption(encryption)) => encryption.blocked.clone(),
        _ => std::collections::BTreeSet::new(),
    };
    Document::Encryption(match wanted {
        Encryption::SseS3 => BucketEncryption {
            algorithm: "AES256".to_owned(),
            key: None,
            bucket_key: false,
            blocked,
        },
        Encryption::SseKms { key, bucket_key } => BucketEncryption {
            algorithm: "aws:kms".to_owned(),
            key: Some(key.to_string()),
            bucket_key: *bucket_key,
            blocked,
        },
    })
}

pub(super) fn ownership() -> Document {
    Document::Ownership(ObjectOwnership::BucketOwnerEnforced)
}

pub(super) fn public_access() -> Document {
    Document::PublicAccess(PublicAccessBlock::ALL)
}

/// Tags that a role may have (BC:iam CreateRole).
const ROLE_TAG_LIMIT: usize = 50;

/// A role's trust policy is ours whole; other people's tags and the permissions boundary stay.
pub(super) fn role(
    context: &Context<'_>,
    target: &Target,
    trust: &PolicyText,
    ours: &BTreeMap<String, String>,
    live: Option<&Document>,
) -> Merged {
    let role = match live {
        Some(Document::Role(live)) => {
            let owned = context.markers.owns_tags(&live.tags);
            if !owned && !context.adopts(&context.names.address(target)) {
                return Err(context.refuse(target, ConflictKind::UnmarkedRole));
            }
            let foreign = live
                .tags
                .iter()
                .filter(|(key, _)| !key.starts_with(TAG_PREFIX));
            let mut tags: BTreeMap<String, String> = foreign
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            tags.extend(ours.clone());
            Role {
                trust: trust.clone(),
                tags,
                ..live.clone()
            }
        }
        _ => Role {
            path: ROLE_PATH.to_owned(),
            trust: trust.clone(),
            tags: ours.clone(),
            boundary: None,
        },
    };
    if role.tags.len() > ROLE_TAG_LIMIT {
        let (size, limit) = (role.tags.len(), ROLE_TAG_LIMIT);
        return Err(context.refuse(
            target,
            ConflictKind::TooLarge {
                unit: "tags",
                size,
                limit,
            },
        ));
    }
    Ok(Some(Document::Role(role)))
}

/// A role that left the spec goes, unless it has policies of somebody else.
pub(super) fn absent(context: &Context<'_>, target: &Target, live: Option<&Document>) -> Merged {
    let (Some(role), Some(_)) = (target.role(), live) else {
        return Ok(None);
    };
    let rules = foreign_rules_under(context, role);
    if !rules.is_empty() {
        return Err(context.refuse(target, ConflictKind::ForeignRules(rules)));
    }
    let policies = context
        .observed
        .document(&Target::Role(role.clone(), RolePart::Policies));
    let Some(Document::RolePolicies(policies)) = policies else {
        return Ok(None);
    };
    let inline = policies
        .inline
        .iter()
        .filter(|name| *name != ROLE_POLICY_NAME);
    let foreign: Vec<String> = inline.chain(&policies.attached).cloned().collect();
    if foreign.is_empty() {
        Ok(None)
    } else {
        Err(context.refuse(target, ConflictKind::ForeignPolicies(foreign)))
    }
}

/// The foreign rules, of configurations that were read, that run under a role: their objects would fail without it.
fn foreign_rules_under(context: &Context<'_>, role: &RoleRef) -> Vec<String> {
    let named = format!(":{}:role/", role.account);
    let ending = format!("/{}", role.name);
    let configurations = context.observed.iter().filter_map(|(target, document)| {
        let Some(Document::Replication(live)) = document else {
            return None;
        };
        let under = live.role.contains(&named) && live.role.ends_with(&ending);
        under.then(|| (context.names.address(target), live))
    });
    configurations
        .flat_map(|(address, live)| {
            let ids = live
                .rules
                .iter()
                .map(|rule| rule.id.clone().unwrap_or_default());
            ids.filter(|id| context.markers.rule(id).is_none())
                .map(|id| format!("{address}/rule/{id}"))
                .filter(|address| !context.adopts(address))
                .collect::<Vec<_>>()
        })
        .collect()
}
