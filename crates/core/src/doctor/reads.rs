//! What a diagnosis must know: first what the spec leads to, then the role that the live configuration names, then keys.

use std::collections::BTreeSet;

use super::case::Case;
use super::keys;
use super::sight::LiveObject;
use crate::migration::public_policy;
use crate::model::kinds::{Call, LIST_VERSIONS, Need, TAGS_OF_VERSION};
use crate::model::{BucketPart, KeyPart, KeyRef, Kind, Observed, RolePart, Target};
use crate::proof::Proofs;
use crate::route::Route;
use crate::scene::Scene;
use crate::scope::Scope;
use crate::spec::Spec;

/// What the object that is asked for needs at the source.
pub(crate) const ON_SOURCE: &[Call] = &[
    LIST_VERSIONS,
    Call::of("HeadObject", &[Need::objects("s3:GetObjectVersion")]),
    TAGS_OF_VERSION,
];

/// What its replica needs at the destination.
pub(crate) const ON_DESTINATION: &[Call] = &[LIST_VERSIONS];

/// What is read of roles and of keys. Live rules are whoever's, and so are the roles and keys that they name.
pub(crate) const OF_ROLES: [Kind; 2] = [Kind::Role(RolePart::Itself), Kind::Role(RolePart::Texts)];
pub(crate) const OF_KEYS: [Kind; 3] = [
    Kind::Key(KeyPart::Itself),
    Kind::Key(KeyPart::Policy),
    Kind::Key(KeyPart::Grants),
];

/// Of the bucket that is read.
const OF_SOURCE: [BucketPart; 5] = [
    BucketPart::Replication,
    BucketPart::Versioning,
    BucketPart::Encryption,
    BucketPart::Policy,
    BucketPart::ObjectLock,
];

/// Of the bucket that is written.
const OF_DESTINATION: [BucketPart; 6] = [
    BucketPart::Versioning,
    BucketPart::Encryption,
    BucketPart::Ownership,
    BucketPart::Policy,
    BucketPart::ObjectLock,
    BucketPart::RequestPayment,
];

/// What the spec leads to.
#[must_use]
pub fn first(route: &Route<'_>) -> BTreeSet<Target> {
    let of_source = OF_SOURCE.map(|part| Target::Bucket(route.source.clone(), part));
    let of_destination = OF_DESTINATION.map(|part| Target::Bucket(route.destination.clone(), part));
    let blocks = public_policy::blocks(&route.destination);
    of_source
        .into_iter()
        .chain(of_destination)
        .chain(blocks)
        .collect()
}

/// Whether a diagnosis goes on without a target that could not be looked at, and says so: but for the live rules, of everything.
#[must_use]
pub fn can_do_without(target: &Target) -> bool {
    target.kind() != Kind::Bucket(BucketPart::Replication)
}

/// What was read leads to, in accounts that the spec signs in to.
#[must_use]
pub fn following(
    spec: &Spec,
    route: &Route<'_>,
    observed: &Observed,
    object: Option<&LiveObject>,
) -> BTreeSet<Target> {
    let (proofs, scope) = (Proofs::default(), Scope::All);
    let scene = Scene::new(spec, observed, &proofs, &scope);
    let case = Case::of(&scene, route, object);
    let mut targets = first(route);
    if let Some((role, _)) = &case.role {
        let parts = [RolePart::Itself, RolePart::Texts];
        targets.extend(parts.map(|part| Target::Role(role.clone(), part)));
    }
    let asked = case.keys();
    for of in &asked {
        let Some(key) = KeyRef::of_arn(&of.key) else {
            continue;
        };
        targets.extend(KeyPart::LOOKED_AT.map(|part| Target::Key(key.clone(), part)));
        let open = keys::is_open(&case, of);
        targets.extend(open.then_some(Target::Key(key, KeyPart::Grants)));
    }
    targets.retain(|target| scene.names.knows(target.account()) && !observed.was_asked(target));
    targets
}
