//! Buckets, their settings, and roles.

use std::collections::BTreeMap;

use super::conflict::ConflictKind;
use super::limits::tags_fit;
use super::{Merged, policy, refuse};
use crate::marked::is_marked_role;
use crate::model::kinds::{
    Bucket, BucketEncryption, Document, Policy, Role, RolePolicyName, Versioning, VersioningStatus,
};
use crate::model::target::ROLE_PATH;
use crate::model::{BucketPart, RolePart, Target};
use crate::ownership::{SPEC_TAG, TAG_PREFIX, adopted_description};
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::Encryption;

pub(super) fn bucket(
    scene: &Scene<'_>,
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
    let live_tags = scene
        .observed
        .document(&Target::Bucket(bucket.clone(), BucketPart::Tags));
    let ours = matches!(live_tags, Some(Document::Tags(tags)) if scene.markers.owns_tags(tags));
    if ours || scene.adopts(&scene.names.address(target)) {
        Ok(Some(live.clone()))
    } else {
        Err(refuse(scene, target, ConflictKind::UnmarkedBucket))
    }
}

pub(super) fn exists(scene: &Scene<'_>, target: &Target, live: Option<&Document>) -> Merged {
    let missing = || {
        let is_here = |route: &Route<'_>| Some(&route.destination) == target.bucket();
        let can_be_made = scene.routes.iter().any(is_here);
        refuse(scene, target, ConflictKind::MissingBucket { can_be_made })
    };
    live.cloned().map(Some).ok_or_else(missing)
}

pub(super) fn tags(
    scene: &Scene<'_>,
    target: &Target,
    ours: &BTreeMap<String, String>,
    live: Option<&Document>,
) -> Merged {
    let mut tags = match live {
        Some(Document::Tags(tags)) => tags.clone(),
        _ => BTreeMap::new(),
    };
    tags.extend(ours.clone());
    let (size, limit) = (tags.len(), BUCKET_TAG_LIMIT);
    if size > limit {
        let unit = "tags";
        return Err(refuse(
            scene,
            target,
            ConflictKind::TooLarge { unit, size, limit },
        ));
    }
    Ok(Some(Document::Tags(tags)))
}

pub(super) fn versioning(scene: &Scene<'_>, target: &Target, live: Option<&Document>) -> Merged {
    let live = match live {
        Some(Document::Versioning(live)) => Some(live),
        _ => None,
    };
    let mfa_delete = live.is_some_and(|live| live.mfa_delete);
    let enabled = live.is_some_and(Versioning::is_enabled);
    if mfa_delete && !enabled {
        return Err(refuse(scene, target, ConflictKind::MfaDelete));
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

/// Characters that the value of a tag of a role may have (BC:iam Tag).
const ROLE_TAG_CHARACTERS: usize = 256;

/// Characters that the description of a role may have (BC:iam roleDescriptionType).
const ROLE_DESCRIPTION_CHARACTERS: usize = 1_000;

/// The description of a live role that shall carry these tags; that of a role under our path follows from its tags.
fn description_of(live: &Role, tags: &BTreeMap<String, String>) -> Option<String> {
    if live.path == ROLE_PATH {
        return live.description.clone();
    }
    adopted_description(live.description.as_deref(), tags)
}

/// Tags that a bucket may have (BC:s3 PutBucketTagging).
const BUCKET_TAG_LIMIT: usize = 50;

/// Whether IAM takes the tag that names the specs of a role.
fn names_fit(scene: &Scene<'_>, tags: &BTreeMap<String, String>) -> Result<(), ConflictKind> {
    let size = tags.get(SPEC_TAG).map_or(0, |names| names.chars().count());
    if size <= ROLE_TAG_CHARACTERS {
        return Ok(());
    }
    let others = scene.markers.other_specs(tags);
    Err(ConflictKind::TooManySpecs {
        specs: others.into_iter().map(str::to_owned).collect(),
        size,
        limit: ROLE_TAG_CHARACTERS,
    })
}

/// A role's trust policy is ours whole; other people's tags and the permissions boundary stay.
pub(super) fn role(
    scene: &Scene<'_>,
    target: &Target,
    trust: &Policy,
    ours: &BTreeMap<String, String>,
    live: Option<&Document>,
) -> Merged {
    let role = match live {
        Some(Document::Role(live)) => {
            let owned = scene.markers.owns_tags(&live.tags);
            if !owned && !scene.adopts(&scene.names.address(target)) {
                return Err(refuse(scene, target, ConflictKind::UnmarkedRole));
            }
            let tags = if scene.markers.other_specs(&live.tags).is_empty() {
                let foreign = live.tags.iter();
                let foreign = foreign.filter(|(key, _)| !key.starts_with(TAG_PREFIX));
                let foreign = foreign.map(|(key, value)| (key.clone(), value.clone()));
                foreign.chain(ours.clone()).collect()
            } else {
                scene.markers.shared_tags(&live.tags, ours)
            };
            Role {
                trust: trust.clone(),
                description: description_of(live, &tags),
                tags,
                ..live.clone()
            }
        }
        _ => Role {
            id: None,
            path: ROLE_PATH.to_owned(),
            trust: trust.clone(),
            tags: ours.clone(),
            boundary: None,
            description: None,
        },
    };
    tags_fit("tags", &role.tags).map_err(|kind| refuse(scene, target, kind))?;
    let size = role
        .description
        .as_ref()
        .map_or(0, |text| text.chars().count());
    if size > ROLE_DESCRIPTION_CHARACTERS {
        let (unit, limit) = ("characters of description", ROLE_DESCRIPTION_CHARACTERS);
        let kind = ConflictKind::TooLarge { unit, size, limit };
        return Err(refuse(scene, target, kind));
    }
    names_fit(scene, &role.tags).map_err(|kind| refuse(scene, target, kind))?;
    Ok(Some(Document::Role(role)))
}

/// A role that left the spec goes, unless it has policies of somebody else. One that other specs share is left to them, and one
/// that was there before s3ferry, which its path tells, is released: what we put on it goes.
pub(super) fn absent(scene: &Scene<'_>, target: &Target, live: Option<&Document>) -> Merged {
    let (Some(of), Some(live)) = (target.role(), live) else {
        return Ok(None);
    };
    let itself = Target::Role(of.clone(), RolePart::Itself);
    let Some(Document::Role(role)) = scene.observed.document(&itself) else {
        return Ok(None);
    };
    let is_shared = !scene.markers.other_specs(&role.tags).is_empty();
    if is_shared || !is_marked_role(of, role, scene.observed, &scene.markers) {
        return left_to_others(scene, target, live);
    }
    let rules = scene.foreign_rules_under(of);
    if !rules.is_empty() && role.path == ROLE_PATH {
        return Err(refuse(scene, target, ConflictKind::ForeignRules(rules)));
    }
    if role.path != ROLE_PATH {
        return Ok(released(live));
    }
    let policies = scene
        .observed
        .document(&Target::Role(of.clone(), RolePart::Policies));
    let Some(Document::RolePolicies(policies)) = policies else {
        return Ok(None);
    };
    let address = scene
        .names
        .address(&Target::Role(of.clone(), RolePart::Policies));
    let addresses = policies
        .placed()
        .map(|(path, _)| format!("{address}{path}"));
    let foreign: Vec<String> = addresses.filter(|at| !scene.adopts(at)).collect();
    if foreign.is_empty() {
        Ok(None)
    } else {
        Err(refuse(
            scene,
            target,
            ConflictKind::ForeignPolicies(foreign),
        ))
    }
}

/// A role's policies without those of others that were handed over; refused where rules of others run under the role, which may
/// need them.
pub(super) fn other_policies(
    scene: &Scene<'_>,
    target: &Target,
    live: Option<&Document>,
) -> Merged {
    let (Some(of), Some(Document::RolePolicies(live))) = (target.role(), live) else {
        return Ok(live.cloned());
    };
    let address = scene.names.address(target);
    let adopted: Vec<(String, RolePolicyName)> = live
        .placed()
        .filter(|(path, _)| scene.adopts(&format!("{address}{path}")))
        .collect();
    let rules = scene.foreign_rules_under(of);
    if !adopted.is_empty() && !rules.is_empty() {
        let policies = adopted.into_iter();
        let policies = policies.map(|(path, _)| format!("{address}{path}"));
        let policies = policies.collect();
        return Err(refuse(
            scene,
            target,
            ConflictKind::PoliciesOfRules { policies, rules },
        ));
    }
    let left = live.without(adopted.iter().map(|(_, name)| name));
    Ok(Some(Document::RolePolicies(left)))
}

/// A role, or its policy, without what is this spec's.
fn left_to_others(scene: &Scene<'_>, target: &Target, live: &Document) -> Merged {
    match live {
        Document::Role(role) => {
            let tags = scene.markers.shared_tags(&role.tags, &BTreeMap::new());
            let role = Role {
                description: description_of(role, &tags),
                tags,
                ..role.clone()
            };
            Ok(Some(Document::Role(role)))
        }
        live => policy::role_policy(scene, target, &Policy::nothing(), Some(live)),
    }
}

/// A role without our tags and our words in its description; its policy under our name goes.
fn released(live: &Document) -> Option<Document> {
    let Document::Role(role) = live else {
        return None;
    };
    let foreign = role.tags.iter();
    let foreign = foreign.filter(|(key, _)| !key.starts_with(TAG_PREFIX));
    let foreign = foreign.map(|(key, value)| (key.clone(), value.clone()));
    let tags = foreign.collect();
    Some(Document::Role(Role {
        description: description_of(role, &tags),
        tags,
        ..role.clone()
    }))
}
