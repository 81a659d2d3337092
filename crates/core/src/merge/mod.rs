//! Merge: what is ours is brought into the live document, and what is foreign stays in it as it is.
//!
//! AWS replaces whole documents (T2), so everything that is not ours is copied from the live one. Where that cannot be
//! done safely the answer is a [`Conflict`], never an overwrite.

pub(crate) mod advice;
mod alarm;
pub mod conflict;
mod limits;
mod logging;
mod notification;
mod policy;
mod priority;
mod replication;
mod settings;
mod trail;

pub use conflict::{Conflict, ConflictKind};
pub(crate) use limits::{RULE_LIMIT, fits_while_grown, fits_with_proof};
pub(crate) use priority::assign as with_priorities;

use crate::model::{Document, Target};
use crate::scene::Scene;
use crate::wanted::Wanted;

/// A document that a target shall hold, or a refusal.
type Merged = Result<Option<Document>, Box<Conflict>>;

/// A refusal to write a target.
pub(crate) fn refuse(scene: &Scene<'_>, target: &Target, kind: ConflictKind) -> Box<Conflict> {
    let address = scene.names.address(target);
    Box::new(Conflict {
        target: target.clone(),
        address,
        kind,
    })
}

/// The document that a target shall hold; `None` for nothing.
///
/// # Errors
/// [`Conflict`] where what is live belongs to somebody else or cannot be kept.
pub(crate) fn merge(
    scene: &Scene<'_>,
    target: &Target,
    wanted: &Wanted,
    live: Option<&Document>,
) -> Merged {
    match wanted {
        Wanted::Whole(document) => Ok(Some(document.clone())),
        Wanted::Bucket(tags) => settings::bucket(scene, target, tags, live),
        Wanted::Exists => settings::exists(scene, target, live),
        Wanted::Tags(tags) => settings::tags(scene, target, tags, live),
        Wanted::Versioning => settings::versioning(scene, target, live),
        Wanted::Encryption(encryption) => Ok(Some(settings::encryption(encryption, live))),
        Wanted::BucketPolicy(statements) => policy::bucket_policy(scene, target, statements, live),
        Wanted::KeyPolicy(statements) => policy::key_policy(scene, target, statements, live),
        Wanted::Replication(rules, role) => {
            replication::merge(scene, target, rules, role.as_ref(), live)
        }
        Wanted::Logging(logging) => logging::access(scene, target, logging, live),
        Wanted::Inventory(wanted) => Ok(logging::inventory(scene, wanted.as_deref(), live)),
        Wanted::Notification(wanted) => notification::merge(scene, target, wanted.as_deref(), live),
        Wanted::AsItIs => Ok(live.cloned()),
        Wanted::Role(trust, tags) => settings::role(scene, target, trust, tags, live),
        Wanted::RolePolicy(policy) => policy::role_policy(scene, target, policy, live),
        Wanted::OtherPolicies => settings::other_policies(scene, target, live),
        Wanted::Alarm(wanted) => alarm::alarm(scene, target, wanted, live),
        Wanted::Trail(wanted) => trail::trail(scene, target, wanted, live),
        Wanted::Selectors(wanted) => trail::selectors(scene, target, wanted, live),
        Wanted::Absent if matches!(target, Target::Alarm(_)) => Ok(alarm::absent(scene, live)),
        Wanted::Absent => settings::absent(scene, target, live),
    }
}
